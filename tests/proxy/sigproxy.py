#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""sigproxy: a SigV4-verifying, fault-injecting HTTP/1.1 proxy in front of a DynamoDB endpoint.

  sigproxy.py --listen 127.0.0.1:0 --admin 127.0.0.1:0 --backend http://127.0.0.1:8110 \
     --cred AKID:SECRET[:SESSIONTOKEN[:EXPIRES_UNIX]] [--region us-east-1] [--skew SECONDS] [--plan FILE]
     [--tls DIR [--tls-cert ok|expired|wronghost|selfsigned|rogue]] [--idle-close-ms N] [--auth-status 400]

Prints `sigproxy PORT ADMINPORT` once it listens (port 0: any free one).
Admin (JSON): GET /stats /log /plan /health /ca.pem ; POST /plan (list of rules; replaces) /reset
  /creds {"access_key","secret","token","expires"} /clock {"skew_seconds":n} /config {...}
Rule: {"name":str, "match":{"op":"GetItem"|"*"|[..], "table":str, "nth":[1,2], "every":n, "after":n, "prob":p, "contains":str},
       "times":n, "fault":{"type":..., "delay_ms":n, ...}}     the first matching rule with uses left applies.
Fault types: see FAULTS.md. Python stdlib only (certs.py needs python3-cryptography). Data are never trusted."""
import argparse, socket, socketserver, ssl, threading, time, json, re, zlib, gzip, struct, random, hashlib, os, sys, calendar
import http.client, http.server
from urllib.parse import urlsplit
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sigv4

P = 'com.amazonaws.dynamodb.v20120810#'; CS = 'com.amazon.coral.service#'; CV = 'com.amazon.coral.validate#'
TYPES = {'ProvisionedThroughputExceededException': (400, P, 'The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.'),
 'ThrottlingException': (400, 'com.amazon.coral.availability#', 'Rate of requests exceeds the allowed throughput.'),
 'RequestLimitExceeded': (400, P, 'Throughput exceeds the current throughput limit for your account. Please contact AWS Support at https://aws.amazon.com/support request a limit increase'),
 'InternalServerError': (500, P, 'Internal server error'), 'InternalFailure': (500, CS, None),
 'ServiceUnavailable': (503, CS, 'The service is currently unavailable or busy.'),
 'ServiceUnavailableException': (503, CS, None),
 'TransactionInProgressException': (400, P, 'Transaction with the given idempotency token is already in progress'),
 'ReplicatedWriteConflictException': (400, P, 'One or more items in this request are being modified by a request in another Region.'),
 'TransactionConflictException': (400, P, 'Transaction is ongoing for the item'),
 'LimitExceededException': (400, P, 'Too many operations for a given subscriber.'),
 'ItemCollectionSizeLimitExceededException': (400, P, 'Collection size exceeded.'),
 'ResourceNotFoundException': (400, P, 'Requested resource not found'),
 'ConditionalCheckFailedException': (400, P, 'The conditional request failed'),
 'ValidationException': (400, CV, 'validation failed'), 'AccessDeniedException': (400, CS, 'User is not authorized to perform this action'),
 'ExpiredTokenException': (400, CS, 'The security token included in the request is expired'),
 'UnrecognizedClientException': (400, CS, 'The security token included in the request is invalid.'),
 'InvalidSignatureException': (400, CS, 'signature mismatch'), 'SerializationException': (400, CS, 'bad')}

class Abort(Exception):
    """end the connection; rst=True sends RST"""
    def __init__(self, rst=False): self.rst = rst

class State:
    def __init__(self, a):
        self.a = a; self.lock = threading.RLock(); self.creds = {}; self.skew = a.skew; self.plan = []; self.rng = random.Random(a.seed)
        self.nconn = 0; self.open_conns = 0; self.max_open = 0; self.empty_marks = 0; self.reset()
        for c in a.cred or ['AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY']:
            x = c.split(':', 3)
            self.creds[x[0]] = {'secret': x[1], 'token': x[2] if len(x) > 2 and x[2] else None, 'expires': float(x[3]) if len(x) > 3 else None}
    def reset(self):
        self.log = []; self.op_count = {}; self.headers = {}; self.handshake_failures = 0; self.t0 = time.time(); self.conn_at_reset = self.nconn; self.max_open = self.open_conns
        for r in self.plan: r['_used'] = 0; r['_seen'] = 0
    def set_plan(self, p):
        for r in p: r['_used'] = 0; r['_seen'] = 0
        with self.lock: self.plan = p
    def now(self): return time.time() + self.skew
    def pick(self, op, table, body):
        with self.lock:
            for r in self.plan:
                m = r.get('match', {}); o = m.get('op', '*')
                if o != '*' and op not in ([o] if isinstance(o, str) else o): continue
                if 'table' in m and m['table'] != table: continue
                if 'contains' in m and m['contains'].encode() not in body: continue
                if r.get('times') is not None and r['_used'] >= r['times']: continue
                r['_seen'] += 1; n = r['_seen']
                if 'nth' in m and n not in (m['nth'] if isinstance(m['nth'], list) else [m['nth']]): continue
                if 'every' in m and n % m['every']: continue
                if 'after' in m and n <= m['after']: continue
                if 'prob' in m and self.rng.random() >= m['prob']: continue
                r['_used'] += 1; return r
        return None
    def stats(self):
        with self.lock:
            log = list(self.log); ops = {}; retries = []; last = {}
            for e in log:
                o = ops.setdefault(e['op'] or '-', {'requests': 0, 'ok': 0, 'errors': 0, 'faults': 0, 'auth_rejected': 0})
                o['requests'] += 1; o['ok'] += e['status'] == 200; o['errors'] += e['status'] != 200; o['faults'] += bool(e['fault']); o['auth_rejected'] += bool(e['auth'])
                k = (e['op'], e['body_sha'])
                if k in last and (last[k]['status'] != 200 or last[k]['fault']):
                    retries.append({'op': e['op'], 'after': last[k]['fault'] or last[k]['auth'] or last[k]['status'], 'delay_ms': round((e['t'] - last[k]['t_end']) * 1000, 1), 'same_connection': e['conn'] == last[k]['conn'], 'resigned': e['amz_date'] != last[k]['amz_date'] or e['sig'] != last[k]['sig']})
                last[k] = e
            return {'since': self.t0, 'requests': len(log), 'connections_opened': self.nconn - self.conn_at_reset, 'connections_open': self.open_conns, 'max_concurrent': self.max_open,
                    'tls_handshake_failures': self.handshake_failures, 'ops': ops, 'retries': retries, 'retry_count': len(retries),
                    'faults': {k: sum(1 for e in log if e['fault'] == k) for k in {e['fault'] for e in log if e['fault']}},
                    'headers_seen': self.headers, 'rules': [{k: v for k, v in r.items()} for r in self.plan]}

def err_body(typ, msg=None, prefix=None):
    st, pf, dm = TYPES.get(typ, (400, P, None)); m = dm if msg is None else msg
    b = {'__type': (pf if prefix is None else prefix) + typ}
    if m is not None: b['message'] = m
    return st, json.dumps(b).encode()

def iso(t): return time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(t))

def verify(S, req):
    """-> None if good, else (type, message)"""
    a = S.a; H = req['hmap']; auth = H.get('authorization', [])
    if not auth: return 'MissingAuthenticationTokenException', 'Request is missing Authentication Token'
    if len(auth) > 1: return 'IncompleteSignatureException', 'more than one Authorization header'
    if not auth[0].startswith('AWS4-HMAC-SHA256'): return 'MissingAuthenticationTokenException', 'Request is missing Authentication Token'
    p = sigv4.parse_authorization(auth[0])
    if not p: return 'IncompleteSignatureException', "Authorization header requires 'Credential', 'Signature', 'SignedHeaders' parameters. Authorization=" + auth[0]
    xd = H.get('x-amz-date', [])
    if not xd: return 'IncompleteSignatureException', "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=" + auth[0]
    if len(xd) > 1 or not re.match(r'^\d{8}T\d{6}Z$', xd[0]): return 'IncompleteSignatureException', 'Date must be in ISO-8601 \'basic format\'. Got \'%s\'.' % xd[0]
    date = xd[0]; c = p['Credential'].split('/')
    if len(c) != 5: return 'IncompleteSignatureException', "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'" % p['Credential']
    ak, d, region, service, term = c
    names = p['SignedHeaders'].split(';')
    if names != sorted(names) or len(set(names)) != len(names) or any(n != n.lower() for n in names): return 'IncompleteSignatureException', 'SignedHeaders must be lower-case, sorted and unique: ' + p['SignedHeaders']
    must = {'host'} | {n for n in H if n in ('x-amz-date', 'x-amz-target', 'x-amz-security-token')}
    if a.strict: must |= {n for n in H if n.startswith('x-amz-')}
    miss = sorted(must - set(names))
    if miss: return 'InvalidSignatureException', "'%s' must be a signed header in the Authorization header." % miss[0]
    absent = [n for n in names if n not in H]
    if absent: return 'InvalidSignatureException', 'The request signature we calculated does not match the signature you provided. (signed header absent: %s)' % absent[0]
    if region != a.region: return 'InvalidSignatureException', "Credential should be scoped to a valid region. "
    if service != a.service: return 'InvalidSignatureException', "Credential should be scoped to correct service: '%s'. " % a.service
    if term != 'aws4_request': return 'InvalidSignatureException', "Credential should be scoped with a valid terminator: 'aws4_request', not '%s'." % term
    if d != date[:8]: return 'InvalidSignatureException', "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'." % (d, date[:8], date)
    cr = S.creds.get(ak)
    if not cr: return 'UnrecognizedClientException', None
    tok = H.get('x-amz-security-token', [None])[0]
    if (cr['token'] or None) != (tok or None): return 'UnrecognizedClientException', None
    if cr['expires'] and S.now() > cr['expires']: return 'ExpiredTokenException', None
    now = S.now(); t = calendar.timegm(time.strptime(date, '%Y%m%dT%H%M%SZ')); w = a.window
    if t < now - w: return 'InvalidSignatureException', 'Signature expired: %s is now earlier than %s (%s - %d min.)' % (date, iso(now - w), iso(now), w // 60)
    if t > now + w: return 'InvalidSignatureException', 'Signature not yet current: %s is still later than %s (%s + %d min.)' % (date, iso(now + w), iso(now), w // 60)
    ph = sigv4.sha256_hex(req['body'])
    if 'x-amz-content-sha256' in H and H['x-amz-content-sha256'][0] not in (ph,): return 'InvalidSignatureException', 'The provided x-amz-content-sha256 header does not match what was computed.'
    creq = sigv4.canonical_request(req['method'], req['path'], req['query'], req['headers'], names, ph)
    sts = sigv4.string_to_sign(creq, date, '/'.join(c[1:])); sig = sigv4.signature(cr['secret'], d, region, service, sts)
    if sig != p['Signature']:
        return 'InvalidSignatureException', ('The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'
            "\n\nThe Canonical String for this request should have been\n'%s'\n\nThe String-to-Sign should have been\n'%s'\n" % (creq, sts))
    return None

class Conn:
    def __init__(self, S, sock, cid): self.S = S; self.s = sock; self.id = cid; self.buf = b''; self.be = None
    def recv(self):
        d = self.s.recv(65536)
        return d
    def line_block(self, idle=None):
        if idle and not self.buf:
            self.s.settimeout(idle)
        else: self.s.settimeout(self.S.a.timeout)
        try:
            while b'\r\n\r\n' not in self.buf:
                d = self.recv()
                if not d: return None
                self.buf += d; self.s.settimeout(self.S.a.timeout)
                if len(self.buf) > 1 << 20 and b'\r\n\r\n' not in self.buf: raise Abort()
        except socket.timeout: return None
        h, _, self.buf = self.buf.partition(b'\r\n\r\n'); return h
    def need(self, n):
        while len(self.buf) < n:
            d = self.recv()
            if not d: raise Abort()
            self.buf += d
        r, self.buf = self.buf[:n], self.buf[n:]; return r
    def until(self, mark):
        while mark not in self.buf:
            d = self.recv()
            if not d: raise Abort()
            self.buf += d
        r, _, self.buf = self.buf.partition(mark); return r
    def read_request(self, idle):
        h = self.line_block(idle)
        if h is None: return None
        t_start = time.time()
        lines = h.decode('latin-1').split('\r\n'); m = re.match(r'^([A-Z]+) (\S+) HTTP/1\.[01]$', lines[0])
        if not m: self.send(b'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'); raise Abort()
        hdr = []
        for l in lines[1:]:
            n, c, v = l.partition(':')
            if not c or not re.match(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", n): self.send(b'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'); raise Abort()
            hdr.append((n, v.strip(' \t')))
        hm = {}
        for n, v in hdr: hm.setdefault(n.lower(), []).append(v)
        cl = hm.get('content-length', ['0'])
        if len(set(cl)) != 1 or not re.match(r'^\d+$', cl[0]) or ('content-length' in hm and 'transfer-encoding' in hm): self.send(b'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'); raise Abort()
        if 'expect' in hm: self.send(b'HTTP/1.1 100 Continue\r\n\r\n')
        if hm.get('transfer-encoding', [''])[0].lower() == 'chunked':
            body = b''
            while True:
                n = int(self.until(b'\r\n').split(b';')[0], 16)
                if n == 0:
                    while self.until(b'\r\n'): pass
                    break
                body += self.need(n); self.need(2)
        else: body = self.need(int(cl[0]))
        path, _, q = m.group(2).partition('?')
        return {'method': m.group(1), 'path': path, 'query': q, 'headers': hdr, 'hmap': hm, 'body': body, 't': t_start}
    def send(self, b): self.s.sendall(b)
    def forward(self, req, body):
        u = self.S.backend
        hs = [(n, v) for n, v in req['headers'] if n.lower() not in ('content-length', 'transfer-encoding', 'connection', 'expect', 'accept-encoding')]
        for attempt in (0, 1):
            fresh = self.be is None
            if fresh: self.be = http.client.HTTPConnection(u.hostname, u.port or 80, timeout=self.S.a.timeout)
            try:
                self.be.putrequest(req['method'], req['path'] + ('?' + req['query'] if req['query'] else ''), skip_host=True, skip_accept_encoding=True)
                for n, v in hs: self.be.putheader(n, v)
                self.be.putheader('Content-Length', str(len(body))); self.be.endheaders(body)
                r = self.be.getresponse(); b = r.read(); return r.status, r.getheaders(), b
            except (OSError, http.client.HTTPException):
                self.be.close(); self.be = None
                if fresh or attempt: return 503, [('Content-Type', 'application/x-amz-json-1.0')], err_body('ServiceUnavailable', 'sigproxy: backend unreachable')[1]

def pause(ms):
    if ms: time.sleep(ms / 1000.0)

REASON = http.client.responses
def respond(c, status, body, headers=(), crc=True, extra_head=b'', close=False, cl=True, version='HTTP/1.1', ctype='application/x-amz-json-1.0', reqid=None):
    S = c.S
    h = '%s %d %s\r\n' % (version, status, REASON.get(status, 'X'))
    hs = [('Server', 'sigproxy'), ('Date', time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime(S.now())))]
    if ctype: hs.append(('Content-Type', ctype))
    if cl is True: hs.append(('Content-Length', str(len(body))))
    elif cl not in (None, False): hs.append(('Content-Length', str(cl)))
    hs.append(('Connection', 'close' if close else 'keep-alive')); hs.append(('x-amzn-RequestId', reqid or ''.join(random.choice('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ') for _ in range(52))))
    if crc is True: hs.append(('x-amz-crc32', str(zlib.crc32(body) & 0xffffffff)))
    elif crc not in (None, False): hs.append(('x-amz-crc32', str(crc)))
    hs += list(headers)
    c.send(h.encode() + b''.join(('%s: %s\r\n' % x).encode('latin-1') for x in hs) + extra_head + b'\r\n' + body)
    if close: raise Abort()
    return status

MARK = '__sigproxy_empty_page'
def handle(c, req):
    S = c.S; body = req['body']; tgt = req['hmap'].get('x-amz-target', [''])[0]; op = tgt.rpartition('.')[2] or None
    e = {'t': req['t'], 't_end': 0, 'conn': c.id, 'op': op, 'table': None, 'auth': None, 'fault': None, 'rule': None, 'status': 0, 'bytes_in': len(body), 'bytes_out': 0,
         'body_sha': hashlib.sha256(body).hexdigest()[:16], 'amz_date': req['hmap'].get('x-amz-date', [None])[0], 'sig': (req['hmap'].get('authorization', [''])[0][-16:]),
         'sdk_request': req['hmap'].get('amz-sdk-request', [None])[0], 'sdk_invocation': req['hmap'].get('amz-sdk-invocation-id', [None])[0]}
    with S.lock:
        S.log.append(e)
        if len(S.log) > 200000: del S.log[:100000]
        S.op_count[op] = S.op_count.get(op, 0) + 1
        for n, v in req['headers']: S.headers.setdefault(n, v if n.lower() != 'authorization' else re.sub('Signature=.*', 'Signature=…', v))
    try:
        js = None
        try: js = json.loads(body); e['table'] = js.get('TableName') if isinstance(js, dict) else None
        except Exception: pass
        if not S.a.no_verify:
            bad = verify(S, req)
            if bad:
                e['auth'] = bad[0]; st, b = err_body(bad[0], bad[1], CS)
                e['status'] = S.a.auth_status; return respond(c, S.a.auth_status, b)
        r = S.pick(op, e['table'], body); f = (r or {}).get('fault', {}); ty = f.get('type')
        if r: e['fault'] = ty; e['rule'] = r.get('name')
        pause(f.get('delay_ms', 0))
        # ---- faults before forwarding
        if ty in TYPES or ty == 'error':
            st, b = err_body(ty if ty in TYPES else f['error'], f.get('message'), f.get('prefix')); st = f.get('status', st)
            e['status'] = st; return respond(c, st, b, headers=[tuple(x) for x in f.get('headers', [])])
        if ty == 'status':
            b = f.get('body', '').encode(); e['status'] = f.get('status', 500); return respond(c, e['status'], b, headers=[tuple(x) for x in f.get('headers', [])], ctype=f.get('content_type', 'application/x-amz-json-1.0'), crc=f.get('crc', False))
        if ty == 'html': e['status'] = f.get('status', 503); return respond(c, e['status'], b'<html><body><b>Http/1.1 Service Unavailable</b></body></html>', ctype='text/html', crc=False)
        if ty == 'reset_before': raise Abort(True)
        if ty == 'close_before': raise Abort(False)
        if ty == 'stall': time.sleep(f.get('seconds', 60)); raise Abort(False)
        if ty == 'redirect': e['status'] = f.get('status', 301); return respond(c, e['status'], b'', headers=[('Location', f['location'])], crc=False)
        if ty == 'garbage':
            e['status'] = 200; b = f['body'].encode('latin-1') if 'body' in f else b'\x00\xff{"Item": {"p": {"S": '; return respond(c, f.get('status', 200), b)
        if ty == 'deep':
            n = f.get('depth', 100000); k = f.get('kind', '[')
            b = (b'[' * n + b']' * n) if k == '[' and f.get('closed') else b'[' * n if k == '[' else b'{"Item":{"p":' + b'{"L":[' * n + (b'{"S":"x"}' + b']}' * n + b'}}' if f.get('closed') else b'')
            e['status'] = 200; e['bytes_out'] = len(b); return respond(c, 200, b)
        if ty == 'huge':
            mb = f.get('mb', 200); pre, post = b'{"Item":{"p":{"S":"x"},"v":{"S":"', b'"}}}'; tot = mb << 20; chunk = b'A' * 65536; e['status'] = 200
            ck = f.get('chunked', False)
            c.send(b'HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n' + (b'Transfer-Encoding: chunked\r\n\r\n' if ck else b'Content-Length: %d\r\n\r\n' % (len(pre) + tot + len(post))))
            def w(b):
                c.send((b'%x\r\n' % len(b) + b + b'\r\n') if ck else b); e['bytes_out'] += len(b)
            w(pre)
            for _ in range(tot // 65536): w(chunk)
            w(post)
            if ck: c.send(b'0\r\n\r\n')
            return 200
        if ty == 'header_flood':
            n, sz = f.get('count', 10000), f.get('size', 100); st, hs, b = c.forward(req, body); e['status'] = st
            return respond(c, st, b, extra_head=b''.join(b'X-Flood-%d: %s\r\n' % (i, b'h' * sz) for i in range(n)))
        if ty == 'bad_status_line': c.send(f.get('line', 'HTTP/9.9 banana\r\n\r\n').encode()); raise Abort()
        if ty == 'tls_garbage': c.send(os.urandom(256)); raise Abort()
        if ty == 'clock_skew':
            k = f.get('seconds', 3600); d = iso(time.time() + k); e['status'] = 400
            b = err_body('InvalidSignatureException', 'Signature expired: %s is now earlier than %s (%s - 5 min.)' % (e['amz_date'], iso(time.time() + k - 300), d), CS)[1]
            h = [('Server', 'sigproxy')]; S2 = S.skew
            with S.lock: S.skew = k        # from now on the server's clock IS ahead by k
            return respond(c, 400, b)
        if ty == 'empty_page':
            with S.lock: S.empty_marks += 1; m = S.empty_marks
            k = {n: v for n, v in (js.get('ExclusiveStartKey') or {}).items()}; k[MARK] = {'S': str(m)}
            S_keys = getattr(S, 'marks', None)
            b = json.dumps({'Items': [], 'Count': 0, 'ScannedCount': f.get('scanned', 0), 'LastEvaluatedKey': k}).encode(); e['status'] = 200; return respond(c, 200, b)
        # ---- faults that change the request or the answer
        fwd = body; post = None
        if isinstance(js, dict) and MARK in (js.get('ExclusiveStartKey') or {}):
            js = json.loads(body); del js['ExclusiveStartKey'][MARK]
            if not js['ExclusiveStartKey']: del js['ExclusiveStartKey']
            fwd = json.dumps(js).encode()
        if ty == 'page' and isinstance(js, dict): js = dict(js); js['Limit'] = min(f.get('limit', 1), js.get('Limit', 1 << 30)); fwd = json.dumps(js).encode()
        if ty == 'unprocessed' and isinstance(js, dict):
            un = {}; js = json.loads(fwd); frac = f.get('fraction', 0.5); ri = js.get('RequestItems', {})
            for t in list(ri):
                if op == 'BatchWriteItem': l = ri[t]
                else: l = ri[t].get('Keys', [])
                n = len(l) if f.get('all') else int(len(l) * frac + 0.999); keep, drop = l[:len(l) - n], l[len(l) - n:]
                if drop:
                    if op == 'BatchWriteItem': un[t] = drop
                    else: un[t] = dict(ri[t], Keys=drop)
                if op == 'BatchWriteItem': ri[t] = keep
                else: ri[t]['Keys'] = keep
                if not keep: del ri[t]
            key = 'UnprocessedItems' if op == 'BatchWriteItem' else 'UnprocessedKeys'
            if ri:
                st, hs, b = c.forward(req, json.dumps(js).encode())
                if st == 200:
                    o = json.loads(b); uu = o.setdefault(key, {})
                    for t, v in un.items():
                        if op == 'BatchWriteItem': uu[t] = uu.get(t, []) + v
                        elif t in uu: uu[t]['Keys'] += v['Keys']
                        else: uu[t] = v
                    b = json.dumps(o).encode()
            else: st, b = 200, json.dumps({key: un, **({'Responses': {}} if op != 'BatchWriteItem' else {})}).encode()
            e['status'] = st; e['bytes_out'] = len(b); return respond(c, st, b)
        st, hs, b = c.forward(req, fwd); e['status'] = st; e['bytes_out'] = len(b)
        ct = dict((n.lower(), v) for n, v in hs).get('content-type', 'application/x-amz-json-1.0'); rid = dict((n.lower(), v) for n, v in hs).get('x-amzn-requestid')
        if ty == 'reset_after': raise Abort(True)
        if ty == 'close_after': raise Abort(False)
        if ty == 'error_after':      # the write happened, the answer says it did not
            st, b = err_body(f.get('error', 'InternalServerError')); e['status'] = st; return respond(c, f.get('status', st), b)
        if ty == 'truncate':
            n = f.get('bytes', int(len(b) * f.get('fraction', 0.5)))
            ch = b'' if f.get('no_crc') else b'x-amz-crc32: %d\r\n' % (zlib.crc32(b) & 0xffffffff)
            c.send(b'HTTP/1.1 %d OK\r\nContent-Type: application/x-amz-json-1.0\r\n%sContent-Length: %d\r\n\r\n' % (st, ch, len(b)) + b[:n]); raise Abort(f.get('rst', False))
        if ty == 'bad_crc': return respond(c, st, b, crc=(zlib.crc32(b) ^ 0x5a5a5a5a) & 0xffffffff, ctype=ct, reqid=rid)
        if ty == 'corrupt':          # flip one byte of the body, keep the true crc
            i = len(b) // 2; bb = b[:i] + bytes([b[i] ^ 1]) + b[i + 1:]; return respond(c, st, bb, crc=zlib.crc32(b) & 0xffffffff, ctype=ct)
        if ty == 'no_crc': return respond(c, st, b, crc=False, ctype=ct)
        if ty == 'drip':
            d = f.get('seconds_per_byte', 1.0); head = b'HTTP/1.1 %d OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n' % (st, len(b))
            if not f.get('headers'): c.send(head); data = b
            else: data = head + b
            for i in range(len(data)): c.send(data[i:i + 1]); time.sleep(d)
            return st
        if ty == 'chunked':
            c.send(b'HTTP/1.1 %d OK\r\nContent-Type: application/x-amz-json-1.0\r\nx-amz-crc32: %d\r\nTransfer-Encoding: chunked\r\n\r\n' % (st, zlib.crc32(b) & 0xffffffff)); n = f.get('size', 7)
            for i in range(0, len(b), n): x = b[i:i + n]; c.send(b'%x%s\r\n' % (len(x), b';ext=1' if f.get('ext') else b'') + x + b'\r\n')
            c.send(b'0\r\n' + (b'X-Trailer: 1\r\n' if f.get('trailer') else b'') + b'\r\n'); return st
        if ty == 'gzip' and (f.get('force') or 'gzip' in ','.join(req['hmap'].get('accept-encoding', []))):
            z = gzip.compress(b)
            if f.get('bad'): z = z[:-8] + b'\0' * 8
            return respond(c, st, z, headers=[('Content-Encoding', 'gzip')], ctype=ct, reqid=rid)
        if ty == 'continue': c.send(b'HTTP/1.1 100 Continue\r\n\r\n' * f.get('count', 1)); return respond(c, st, b, ctype=ct, reqid=rid)
        if ty == 'early_hints': c.send(b'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'); return respond(c, st, b, ctype=ct, reqid=rid)
        if ty == 'eof_body': return respond(c, st, b, cl=None, close=True, ctype=ct)
        if ty == 'http10': return respond(c, st, b, cl=None, close=True, version='HTTP/1.0', ctype=ct)
        if ty == 'wrong_length':
            v = f.get('value'); v = len(b) + f.get('delta', 10) if v is None else v; respond(c, st, b, cl=v, ctype=ct); raise Abort()
        if ty == 'junk_after': respond(c, st, b, ctype=ct); c.send(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}' if f.get('response') else b'\x00junk\x00'); return st
        if ty == 'close_idle':       # a good answer, keep-alive promised, then closed after ms
            respond(c, st, b, ctype=ct, reqid=rid); pause(f.get('ms', 50)); raise Abort(f.get('rst', False))
        if ty == 'conn_close': return respond(c, st, b, ctype=ct, reqid=rid, close=True)
        return respond(c, st, b, ctype=ct, reqid=rid)
    finally: e['t_end'] = time.time()

class Srv(socketserver.ThreadingTCPServer): allow_reuse_address = True; daemon_threads = True; request_queue_size = 512
class Hnd(socketserver.BaseRequestHandler):
    def handle(self):
        S = self.server.S; sock = self.request; rst = False
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with S.lock: S.nconn += 1; cid = S.nconn; S.open_conns += 1; S.max_open = max(S.max_open, S.open_conns)
        try:
            if S.ctx:
                sock.settimeout(30)
                try: sock = S.ctx.wrap_socket(sock, server_side=True)
                except (OSError, ssl.SSLError):
                    with S.lock: S.handshake_failures += 1
                    return
            c = Conn(S, sock, cid); idle = None
            while True:
                req = c.read_request(idle)
                if req is None: break
                handle(c, req)
                if 'close' in req['hmap'].get('connection', [''])[0].lower(): break
                idle = S.a.idle_close_ms / 1000.0 if S.a.idle_close_ms else None
        except Abort as x: rst = x.rst
        except (OSError, ValueError): pass
        finally:
            with S.lock: S.open_conns -= 1
            try:
                if rst: sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                elif not S.ctx: sock.shutdown(socket.SHUT_RDWR)
                sock.close()
            except OSError: pass

class Admin(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def log_message(self, *a): pass
    def out(self, o, st=200):
        b = o if isinstance(o, bytes) else json.dumps(o, indent=1, default=str).encode()
        self.send_response(st); self.send_header('Content-Type', 'application/json'); self.send_header('Content-Length', str(len(b))); self.end_headers(); self.wfile.write(b)
    def do_GET(self):
        S = self.server.S; p = self.path.split('?')[0]
        if p == '/stats': self.out(S.stats())
        elif p == '/log':
            with S.lock: self.out(list(S.log))
        elif p == '/plan': self.out(S.plan)
        elif p == '/health': self.out({'ok': True})
        elif p == '/ca.pem' and S.a.tls: self.out(open(S.a.tls + '/ca.pem', 'rb').read())
        else: self.out({'error': 'no such path'}, 404)
    def do_POST(self):
        S = self.server.S; n = int(self.headers.get('Content-Length') or 0); raw = self.rfile.read(n)
        try:
            j = json.loads(raw) if raw.strip() else None
            if self.path == '/plan': S.set_plan(j or [])
            elif self.path == '/reset':
                with S.lock: S.reset()
            elif self.path == '/creds':
                with S.lock: S.creds[j['access_key']] = {'secret': j['secret'], 'token': j.get('token'), 'expires': j.get('expires')}
            elif self.path == '/clock': S.skew = float(j['skew_seconds'])
            elif self.path == '/config':
                for k, v in j.items():
                    if k in ('idle_close_ms', 'no_verify', 'strict', 'auth_status', 'region', 'service', 'window'): setattr(S.a, k, v)
            else: return self.out({'error': 'no such path'}, 404)
            self.out({'ok': True})
        except (ValueError, KeyError, TypeError) as x: self.out({'error': repr(x)}, 400)

def main():
    ap = argparse.ArgumentParser(); A = ap.add_argument
    A('--listen', default='127.0.0.1:0'); A('--admin', default='127.0.0.1:0'); A('--backend', default='http://127.0.0.1:8110'); A('--cred', action='append')
    A('--region', default='us-east-1'); A('--service', default='dynamodb'); A('--skew', type=float, default=0); A('--window', type=int, default=300); A('--plan'); A('--tls'); A('--tls-cert', default='ok'); A('--tls-max')
    A('--idle-close-ms', type=int, default=0); A('--auth-status', type=int, default=400); A('--no-verify', action='store_true'); A('--strict', action='store_true', help='every x-amz-* header must be signed'); A('--seed', type=int, default=1); A('--timeout', type=float, default=300)
    a = ap.parse_args(); S = State(a); S.backend = urlsplit(a.backend); S.ctx = None
    if a.plan: S.set_plan(json.load(open(a.plan)))
    if a.tls:
        import certs; certs.make(a.tls); S.ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); S.ctx.load_cert_chain(f'{a.tls}/server-{a.tls_cert}.pem', f'{a.tls}/server-{a.tls_cert}.key')
        if a.tls_max == '1.2': S.ctx.maximum_version = ssl.TLSVersion.TLSv1_2
    h, _, p = a.listen.rpartition(':'); srv = Srv((h, int(p)), Hnd); srv.S = S
    h, _, p = a.admin.rpartition(':'); adm = http.server.ThreadingHTTPServer((h, int(p)), Admin); adm.daemon_threads = True; adm.S = S
    threading.Thread(target=adm.serve_forever, daemon=True).start()
    print('sigproxy %d %d' % (srv.server_address[1], adm.server_address[1]), flush=True)
    try: srv.serve_forever()
    except KeyboardInterrupt: pass
if __name__ == '__main__':
    main()
