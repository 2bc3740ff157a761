#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ddb-local as its users see it: options and exit codes, HTTP, signatures,
TLS, its file, its end, its log, and every way in which a day can be bad.

DDB_LOCAL is the program.  Debian's python3, which has Debian's boto3."""
import contextlib
import datetime
import hashlib
import http.client
import json
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import zlib

import boto3
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'proxy'))
import certs  # noqa: E402

DDB_LOCAL = shlex.split(os.environ['DDB_LOCAL'])
KEY, SECRET = 'AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
TYPE = 'application/x-amz-json-1.0'
TARGET = 'DynamoDB_20120810.'
TABLE = {'TableName': 'ttt',
         'KeySchema': [{'AttributeName': 'k', 'KeyType': 'HASH'}],
         'AttributeDefinitions': [{'AttributeName': 'k',
                                   'AttributeType': 'S'}],
         'BillingMode': 'PAY_PER_REQUEST'}
passed = failed = 0


def ok(what, good, got=''):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print('FAILED: %s: %.300r' % (what, got))


def same(what, got, want):
    ok(what, got == want, '%.250r, not %.250r' % (got, want))


def matches(what, got, pattern):
    ok(what, re.fullmatch(pattern, got, re.S) is not None, got)


class Server:
    """One that runs, on a free port."""

    def __init__(self, *options, port=0):
        self.process = subprocess.Popen(
            [*DDB_LOCAL, '--port', str(port), *map(str, options)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.line = self.process.stdout.readline()
        self.url = self.line.strip()
        if not self.url:
            self.process.wait()
            raise RuntimeError(self.process.stderr.read())
        self.port = int(self.url.rsplit(':', 1)[1])

    def connect(self):
        c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=20)
        c.connect()
        return c

    def raw(self):
        return socket.create_connection(('127.0.0.1', self.port), timeout=20)

    def boto(self, **config):
        config.setdefault('retries', {'total_max_attempts': 1})
        return boto3.client(
            'dynamodb', endpoint_url=self.url, region_name='eu-west-1',
            aws_access_key_id=KEY, aws_secret_access_key=SECRET,
            config=Config(**config))

    def stop(self):
        """Exit status, and what it wrote since the address and on stderr."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@contextlib.contextmanager
def server(*options, status=0, **more):
    s = Server(*options, **more)
    try:
        yield s
    except BaseException:
        s.process.kill()
        raise
    same('%s: exit status' % (options,), s.stop()[0], status)


def run(*options):
    done = subprocess.run([*DDB_LOCAL, *map(str, options)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


# ---- Requests ---------------------------------------------------------------

def signed(port, action='ListTables', body='{}', key=KEY, secret=SECRET,
           token=None, now=None, headers=(), region='us-east-1',
           service='dynamodb', query='', auth=SigV4Auth, host=None):
    """A request of botocore's: path, body and headers."""
    request = AWSRequest(
        'POST', 'http://%s/%s' % (host or '127.0.0.1:%d' % port, query), data=body,
        headers={'Content-Type': TYPE, 'X-Amz-Target': TARGET + action,
                 **dict(headers)})
    signer = auth(Credentials(key, secret, token), service, region)
    with clock(now):
        signer.add_auth(request)
    url = urllib.parse.urlsplit(request.prepare().url)
    head = dict(request.headers.items())
    head['Host'] = url.netloc
    return url.path + ('?' + url.query if url.query else ''), body, head


@contextlib.contextmanager
def clock(now):
    """botocore's idea of time."""
    import botocore.auth
    import botocore.compat
    if now is None:
        yield
        return

    class Fake(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return datetime.datetime.utcfromtimestamp(now)

    real = botocore.auth.datetime.datetime \
        if hasattr(botocore.auth.datetime, 'datetime') else None
    if real is not None:
        botocore.auth.datetime.datetime = Fake
    else:
        botocore.auth.datetime = Fake
    try:
        yield
    finally:
        if real is not None:
            botocore.auth.datetime.datetime = real
        else:
            botocore.auth.datetime = datetime.datetime


def send(c, method, path, body=None, headers=()):
    """Status, headers in lower case, and body; the checksum is looked at."""
    c.putrequest(method, path, skip_host='Host' in dict(headers),
                 skip_accept_encoding=True)
    for name, value in dict(headers).items():
        c.putheader(name, value)
    data = body.encode() if isinstance(body, str) else body
    if data is not None:
        c.putheader('Content-Length', str(len(data)))
    c.endheaders(data)
    answer = c.getresponse()
    text = answer.read()
    head = {k.lower(): v for k, v in answer.getheaders()}
    if method != 'HEAD':
        same('%s %s: checksum' % (method, path), head.get('x-amz-crc32'),
             str(zlib.crc32(text)))
        same('%s %s: length' % (method, path), head.get('content-length'),
             str(len(text)))
    return answer.status, head, text.decode()


def call(c, action, body, **more):
    path, body, head = signed(c.port, action, body if isinstance(body, str)
                              else json.dumps(body), **more)
    status, _, text = send(c, 'POST', path, body, head)
    return status, text


def refusal(text):
    """Type and message of an error's JSON."""
    answer = json.loads(text)
    return answer['__type'], answer.get('message')


def coral(name):
    return 'com.amazon.coral.service#' + name


# ---- Options ----------------------------------------------------------------

def check_options(work):
    for words in (['--frobnicate'], ['operand'], ['--port'], ['--port', 'x'],
                  ['--port', '65536'], ['--memory', '--file', 'x'],
                  ['--fail-rate', '2'], ['--latency', '5-2'],
                  ['--bind', 'example.com'], ['--bind', ''],
                  ['--tls-cert', 'x'], ['--sync', 'x'],
                  ['--credentials', '/nonexistent'],
                  ['--credentials', '/'],
                  ['--access-log', '/nonexistent/log'],
                  ['--tls-cert', '/nonexistent', '--tls-key', '/dev/null'],
                  ['--tls-cert', '/dev/null', '--tls-key', '/dev/null'],
                  ['--throttle', 'x'], ['--close-idle', '0']):
        status, out, err = run('--port', 0, *words) \
            if words[0] != '--port' else run(*words)
        same('%s: exit status' % words, status, 2)
        same('%s: standard output' % words, out, '')
        matches('%s: one line' % words, err, 'ddb-local: [^\n]+\n')
    status, out, err = run('--help', '--port', 1)
    same('--help', (status, err), (0, ''))
    ok('--help: usage', out.startswith('usage: ddb-local ['), out)
    ok('--help: lines of 80', max(map(len, out.split('\n'))) <= 80, out)
    status, out, err = run('--version')
    same('--version', (status, out, err),
         (0, 'ddb-local %s\n' % os.environ['VERSION'], ''))

    empty = os.path.join(work, 'empty')
    open(empty, 'w').close()
    status, out, err = run('--port', 0, '--credentials', empty)
    same('no keys: exit status', status, 5)
    matches('no keys', err, 'ddb-local: [^\n]+ aws_access_key_id[^\n]*\n')
    bad = os.path.join(work, 'bad')
    with open(bad, 'w') as f:
        f.write('[default]\naws_secret_access_key = %s\n' % SECRET)
    status, out, err = run('--port', 0, '--credentials', bad)
    same('half a pair: exit status', status, 2)
    ok('half a pair: no secret in the error', SECRET not in err, err)
    with open(bad, 'w') as f:
        f.write('not a database, for sure\n' * 100)
    status, out, err = run('--port', 0, '--file', bad)
    same('no database: exit status', status, 6)
    matches('no database', err, 'ddb-local: [^\n]+\n')
    status, out, err = run('--port', 0, '--file', '/nonexistent/x')
    same('no folder: exit status', status, 6)

    with server() as s:
        matches('the address', s.line, 'http://127\\.0\\.0\\.1:[0-9]+\n')
        status, out, err = run('--port', s.port)
        same('port in use: exit status', status, 4)
        matches('port in use', err, 'ddb-local: port %d of 127.0.0.1 is in '
                'use[^\n]+\n' % s.port)
    with server('--bind', '::1') as s:
        matches('the address of IPv6', s.line, 'http://\\[::1\\]:[0-9]+\n')
        same('IPv6', subprocess.run(['curl', '-s', s.url],
             stdout=subprocess.PIPE, text=True).stdout[:8], 'healthy:')
    s = Server('--bind', '0.0.0.0')
    matches('open to all: warning', s.stop()[2],
            'ddb-local: [^\n]*--credentials[^\n]*\n')
    s = Server('--bind', '0.0.0.0', '--quiet')
    same('open to all, quiet', s.stop(), (0, '', ''))
    # Two programs' ports must not be taken while closed connections linger.
    s = Server()
    c = s.connect()
    send(c, 'GET', '/')
    s.stop()
    with server(port=s.port) as t:
        same('the port is free at once', t.port, s.port)


# ---- HTTP -------------------------------------------------------------------

def check_front():
    with server('--region', 'eu-north-1') as s:
        c = s.connect()
        status, head, text = send(c, 'GET', '/')
        same('health', (status, text),
             (200, 'healthy: dynamodb.eu-north-1.amazonaws.com '))
        matches('request id', head['x-amzn-requestid'], '[0-9A-Z]{52}')
        same('server', head['server'], 'Server')
        ok('date', abs(time.time() - http_date(head['date'])) < 10, head)
        ok('no type', 'content-type' not in head, head)
        ids = {send(c, 'GET', '/x')[1]['x-amzn-requestid'] for _ in range(50)}
        same('each request has its own id', len(ids), 50)

        unknown = '<UnknownOperationException/>\n'
        for method, headers, body in (
                ('PUT', {}, None), ('DELETE', {}, None), ('OPTIONS', {}, None),
                ('PATCH', {}, 'x'), ('POST', {}, 'hi'),
                ('POST', {'Content-Type': 'whatever'}, '{}'),
                ('POST', {'Content-Type': 'text/plain; a=application/json'},
                 '{}')):
            status, head, text = send(c, method, '/', body, headers)
            same('%s %s' % (method, headers), (status, text), (404, unknown))
            same('its checksum', head['x-amz-crc32'], '3552371480')
        status, head, text = send(c, 'HEAD', '/')
        same('HEAD', (status, text), (404, ''))

        json_types = ('application/json', TYPE)
        for kind in (*json_types, TYPE + '; charset=utf-8'):
            answer = send(c, 'POST', '/', 'hi', {'Content-Type': kind})
            same('no JSON as %s' % kind, (answer[0], answer[2]),
                 (400, '{"__type":"%s"}' % coral('SerializationException')))
            same('its type', answer[1]['content-type'], kind.split(';')[0])
            for target in (None, 'whatever', TARGET, TARGET + 'ListTable',
                           TARGET + 'ListTablesX', 'ListTables',
                           'DynamoDB_20111205.ListTables',
                           TARGET + 'L' * 100, TARGET + 'listTables'):
                head = {'Content-Type': kind}
                if target is not None:
                    head['X-Amz-Target'] = target
                answer = send(c, 'POST', '/', '{}', head)
                same('target %s' % target, (answer[0], answer[2]), (
                    400, '{"__type":"%s"}' %
                    coral('UnknownOperationException')))
        status, head, text = send(c, 'POST', '/')
        same('neither type nor body', (status, head['content-type'], text),
             (400, 'application/json',
              '{"__type":"%s"}' % coral('UnknownOperationException')))

        path, body, head = signed(s.port, 'ListTables', '')
        status, _, text = send(c, 'POST', path, body, head)
        same('an empty body', (status, refusal(text)[0]),
             (400, coral('SerializationException')))
        status, _, text = send(c, 'POST', path, '[', head)
        same('half an array', (status, refusal(text)[0]),
             (400, coral('SerializationException')))
        same('a good one', call(c, 'ListTables', {}),
             (200, '{"TableNames":[]}'))
        same('its own endpoint', json.loads(call(
            c, 'DescribeEndpoints', {})[1])['Endpoints'][0]['Address'],
            '127.0.0.1:%d' % s.port)
        status, text = call(c, 'ExecuteStatement', {'Statement': 'x'})
        same('an action that it has not', (status, json.loads(text)), (400, {
            '__type': coral('UnknownOperationException'), 'Message':
            'ExecuteStatement is not supported by the local engine'}))

        head = {'Origin': 'http://localhost:3000',
                'Access-Control-Request-Headers': 'a, b, c',
                'Access-Control-Request-Method': 'POST'}
        status, h, text = send(c, 'OPTIONS', '/', headers=head)
        same('preflight', (status, text, h.get('access-control-allow-origin'),
                           h.get('access-control-allow-headers'),
                           h.get('access-control-allow-methods'),
                           h.get('access-control-max-age')),
             (200, '', '*', 'a, b, c', 'POST', '172800'))
        status, h, text = send(c, 'POST', '/', '{}', {
            'Origin': 'https://127.0.0.1', 'Content-Type': TYPE})
        same('CORS', h.get('access-control-allow-origin'), '*')
        for origin in ('http://example.com', 'http://localhost.example.com',
                       'null', 'http://127.0.0.1.example.com:80', 'localhost',
                       'http://', 'file://localhost'):
            status, h, text = send(c, 'OPTIONS', '/', headers={
                'Origin': origin})
            same('%s is not let in' % origin,
                 (status, h.get('access-control-allow-origin')), (404, None))


def http_date(text):
    return datetime.datetime.strptime(
        text, '%a, %d %b %Y %H:%M:%S GMT').replace(
            tzinfo=datetime.timezone.utc).timestamp()


def read_all(k):
    data = b''
    with contextlib.suppress(ConnectionResetError):
        while True:
            more = k.recv(65536)
            if not more:
                break
            data += more
    return data


def check_wire():
    with server('--max-request', '64K') as s:
        c = s.connect()
        local = c.sock.getsockname()
        slow = 0
        for size in [10, 1400, 1500, 4000, 9000, 30000, 60000] * 15:
            path, body, head = signed(s.port, 'ListTables', json.dumps(
                {'ExclusiveStartTableName': 'x' * size}))
            start = time.monotonic()
            status, _, text = send(c, 'POST', path, body, head)
            slow += time.monotonic() - start > 0.035
        same('one connection for all', c.sock.getsockname(), local)
        ok('nothing waits for a delayed acknowledgement', slow < 10, slow)

        for length in (64 * 1024 - 30, 64 * 1024 + 1, 200 * 1024):
            c = s.connect()
            body = '{}' + ' ' * (length - 2)
            path, body, head = signed(s.port, 'ListTables', body)
            status, h, text = send(c, 'POST', path, body, head)
            same('%d bytes' % length, status, 200 if length < 65536 else 413)
            if status == 413:
                same('it says no more', text, '')
                same('it goes on', send(c, 'GET', '/')[0], 200)
        # So much is not read.
        k = s.raw()
        k.sendall(b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n'
                  b'\r\n')
        ok('far too much', k.recv(100).startswith(b'HTTP/1.1 413 '))
        k.close()
        k = s.raw()
        k.sendall(b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n'
                  b'Expect: 100-continue\r\n\r\n')
        ok('too much, not sent', k.recv(100).startswith(b'HTTP/1.1 413 '))
        k.close()

        path, body, head = signed(s.port)
        lines = ''.join('%s: %s\r\n' % pair for pair in head.items())
        k = s.raw()
        k.sendall(('POST / HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n'
                   '1\r\n{\r\n' % lines).encode())
        time.sleep(0.02)
        k.sendall(b'1;x=y\r\n}\r\n0\r\n\r\n')
        ok('chunks', k.recv(4096).startswith(b'HTTP/1.1 200 '))
        k.sendall(('POST / HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n'
                   % lines).encode())
        for _ in range(9):
            k.sendall(b'2000\r\n' + b' ' * 8192 + b'\r\n')
        k.sendall(b'0\r\n\r\n')
        ok('too many chunks', k.recv(4096).startswith(b'HTTP/1.1 413 '))
        k.close()
        k = s.raw()
        k.sendall(('POST / HTTP/1.1\r\n%sContent-Length: 2\r\n'
                   'Expect: 100-continue\r\n\r\n' % lines).encode())
        same('100-continue', k.recv(4096),
             b'HTTP/1.1 100 Continue\r\n\r\n')
        k.sendall(b'{}')
        ok('and then', k.recv(4096).startswith(b'HTTP/1.1 200 '))
        k.close()
        # Byte by byte, two requests in one piece, and HTTP/1.0.
        request = ('POST / HTTP/1.1\r\n%sContent-Length: 2\r\n\r\n{}' %
                   lines).encode()
        k = s.raw()
        for i in range(len(request)):
            k.sendall(request[i:i + 1])
        ok('byte by byte', k.recv(4096).startswith(b'HTTP/1.1 200 '))
        k.sendall(request * 2 + request.replace(b'1.1', b'1.0', 1))
        same('pipelined', read_all(k).count(b'{"TableNames":[]}'), 3)
        for bad in (b'\r\n' * 3 + b'nonsense\r\n\r\n', b'\x16\x03\x01\x00\xa5',
                    b'POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n',
                    b'POST / HTTP/1.1\r\n' + b'a: b\r\n' * 200 + b'\r\n',
                    b'GET /' + b'x' * 100000 + b' HTTP/1.1\r\n\r\n'):
            k = s.raw()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                k.sendall(bad)
                k.shutdown(socket.SHUT_WR)
            ok('bad HTTP', b' 200 ' not in read_all(k), bad)
            k.close()
        same('it still answers', call(s.connect(), 'ListTables', {})[0], 200)

    with server('--threads', 2) as s:
        first, second = s.connect(), s.connect()
        same('first', send(first, 'GET', '/')[0], 200)
        same('second', send(second, 'GET', '/')[0], 200)
        same('a third is closed', read_all(s.raw()), b'')
        first.close()
        for _ in range(100):
            k = s.raw()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                k.sendall(b'GET / HTTP/1.0\r\n\r\n')
                answer = read_all(k)
            k.close()
            if answer:
                break
            time.sleep(0.02)
        ok('until one leaves', answer.startswith(b'HTTP/1.0 200 ') or
           answer.startswith(b'HTTP/1.1 200 '), answer)


# ---- Signatures -------------------------------------------------------------

def check_signatures(work):
    path = os.path.join(work, 'credentials')
    with open(path, 'w') as f:
        f.write('# those of the tests\n[default]\n'
                'aws_access_key_id = %s\naws_secret_access_key=%s\n\n'
                '[temporary]\naws_access_key_id = ASIA\n'
                'aws_secret_access_key = s/e+c=\naws_session_token = tok==\n'
                % (KEY, SECRET))
    mismatch = (coral('InvalidSignatureException'),
                'The request signature we calculated does not match the '
                'signature you provided. Check your AWS Secret Access Key and '
                'signing method. Consult the service documentation for '
                'details.')
    unknown = (coral('UnrecognizedClientException'),
               'The security token included in the request is invalid.')
    temporary = {'key': 'ASIA', 'secret': 's/e+c=', 'token': 'tok=='}
    with server('--credentials', path) as s:
        same('boto3', s.boto().list_tables()['TableNames'], [])
        c = s.connect()

        def answer(*args, **more):
            status, text = call(c, 'ListTables', *args, **more)
            return 'ok' if status == 200 else refusal(text)
        same('a good one', answer({}), 'ok')
        same('any region', answer({}, region='mars-north-7'), 'ok')
        same('headers of all kinds', answer({}, headers={
            'X-Amz-Meta': '  a   b ', 'X-Other': 'a, "b  c" ;=%',
            'x-amz-user-agent': 'x/1'}), 'ok')
        same('a long body', answer({'ExclusiveStartTableName': 'x' * 200}),
             'ok')
        same('a query', answer({}, query='?b=%20x&a=1&a=0'), 'ok')
        same('temporary', answer({}, **temporary), 'ok')
        same('a wrong secret', answer({}, secret=SECRET[:-1] + 'Z'), mismatch)
        same('a wrong key', answer({}, key='AKIDUNKNOWN'), unknown)
        same('no token', answer({}, **{**temporary, 'token': None}), unknown)
        same('a wrong token', answer({}, **{**temporary, 'token': 'tok='}),
             unknown)
        same('a token too many', answer({}, token='x'), unknown)
        same('another service', answer({}, service='sts'), (
            coral('InvalidSignatureException'),
            "Credential should be scoped to correct service: 'dynamodb'. "))

        _, body, head = signed(s.port)
        for name, value in (('X-Amz-Target', TARGET + 'ListTablesX'),
                            ('X-Amz-Target', TARGET + 'DescribeLimits'),
                            ('X-Amz-Date', head['X-Amz-Date'][:-2] + '0Z'),
                            ('Host', 'localhost')):
            status, _, text = send(c, 'POST', '/', body, {**head, name: value})
            want = (coral('UnknownOperationException'), None) \
                if value.endswith('X') else mismatch
            if head[name] != value:
                same('another %s' % name, refusal(text), want)
        status, _, text = send(c, 'POST', '/', '{ }', head)
        same('another body', refusal(text), mismatch)
        status, _, text = send(c, 'POST', '/', '{', head)
        same('a body that is none comes first', refusal(text)[0],
             coral('SerializationException'))
        status, _, text = send(c, 'POST', '/other', body, head)
        same('another path', refusal(text), mismatch)
        status, _, text = send(c, 'POST', '/', body, {
            **head, 'X-Amz-Extra': '1'})
        same('a header that is not signed', refusal(text), (
            coral('InvalidSignatureException'), "'X-Amz-Extra' must be a "
            "'SignedHeader' in the AWS Authorization."))
        status, _, text = send(c, 'POST', '/', body, {
            k: v for k, v in head.items() if k != 'Authorization'})
        same('no signature', refusal(text), (
            coral('MissingAuthenticationTokenException'),
            'Request is missing Authentication Token'))
        status, _, text = send(c, 'POST', '/', body, {
            **head, 'Authorization': b'AWS4-\xff"'})
        ok('a signature that is no text', refusal(text)[1].endswith(
            'Authorization=AWS4-?"'), text)

        class Presign(SigV4QueryAuth):
            def payload(self, request):
                return hashlib.sha256(b'{}').hexdigest()
        for more, want in (({}, 'ok'), (temporary, 'ok'),
                           ({'secret': 'x'}, mismatch)):
            path, _, head = signed(s.port, body=None, auth=Presign, **more)
            status, _, text = send(c, 'POST', path, '{}', head)
            same('presigned', 'ok' if status == 200 else refusal(text), want)

        now = time.time()
        for offset, good in ((-290, 1), (290, 1), (-310, 0), (310, 0)):
            got = answer({}, now=now + offset)
            if good:
                same('%d s off' % offset, got, 'ok')
            else:
                matches('%d s off' % offset, ' '.join(got), re.escape(
                    coral('InvalidSignatureException')) +
                    (' Signature expired: \\S+Z is now earlier than \\S+Z '
                     '\\(\\S+Z - 5 min\\.\\)' if offset < 0 else
                     ' Signature not yet current: \\S+Z is still later than '
                     '\\S+Z \\(\\S+Z \\+ 5 min\\.\\)'))
        done = subprocess.run(
            ['curl', '-s', '--aws-sigv4', 'aws:amz:eu-west-1:dynamodb',
             '-u', KEY + ':' + SECRET, '-H', 'Content-Type: ' + TYPE,
             '-H', 'X-Amz-Target: ' + TARGET + 'ListTables', '-d', '{}',
             s.url], stdout=subprocess.PIPE, text=True)
        same("curl's signature", done.stdout, '{"TableNames":[]}')
        status, h, _ = send(c, 'OPTIONS', '/', headers={
            'Origin': 'http://example.com'})
        same('with keys pages of others may ask',
             (status, h.get('access-control-allow-origin')), (200, '*'))
    with server() as s:
        c = s.connect()
        same('without keys: any secret', call(c, 'ListTables', {},
             secret='x', key='y', token='z')[0], 200)
        same('and any time', call(c, 'ListTables', {}, now=86400)[0], 200)
        status, _, text = send(c, 'POST', '/', '{}', {
            'X-Amz-Target': TARGET + 'ListTables', 'Content-Type': TYPE,
            'Authorization': 'AWS4-HMAC-SHA256 Credential=a'})
        matches('but the form must be right', refusal(text)[1],
                "Authorization header requires 'Signature' parameter\\. .*")


def check_tls(work):
    certs.make(work)
    with server('--tls-cert', work + '/server-ok.pem', '--tls-key',
                work + '/server-ok.key') as s:
        matches('the address', s.line, 'https://127\\.0\\.0\\.1:[0-9]+\n')
        client = boto3.client(
            'dynamodb', endpoint_url=s.url, region_name='eu-west-1',
            aws_access_key_id=KEY, aws_secret_access_key=SECRET,
            verify=work + '/ca.pem')
        same('boto3 over TLS', client.list_tables()['TableNames'], [])
        same('and on', client.list_tables()['TableNames'], [])
        context = ssl.create_default_context(cafile=work + '/ca.pem')
        with s.raw() as k, context.wrap_socket(
                k, server_hostname='127.0.0.1') as t:
            ok('TLS 1.2 or 1.3', t.version() in ('TLSv1.2', 'TLSv1.3'),
               t.version())
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.load_verify_locations(work + '/ca.pem')
        old.set_ciphers('ALL:@SECLEVEL=0')
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        try:
            with s.raw() as k, old.wrap_socket(
                    k, server_hostname='127.0.0.1') as t:
                ok('TLS 1.1', False, t.version())
        except (ssl.SSLError, OSError):
            ok('TLS 1.1', True)
        with s.raw() as k:
            k.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
            ok('no plain HTTP there', b'200' not in read_all(k))
    status, out, err = run('--port', 0, '--tls-cert', work + '/server-ok.pem',
                           '--tls-key', work + '/server-expired.key')
    same('a key of another certificate', (status, out), (2, ''))
    matches('it says so', err, 'ddb-local: [^\n]*certificate[^\n]*\n')


# ---- The file, and the end --------------------------------------------------

def make_table(client, **more):
    client.create_table(**{**TABLE, **more})
    client.get_waiter('table_exists').wait(
        TableName=more.get('TableName', 'ttt'),
        WaiterConfig={'Delay': 1, 'MaxAttempts': 20})


def put(client, k, **more):
    return client.put_item(TableName='ttt', Item={'k': {'S': k}, **more})


def get(client, k):
    return client.get_item(TableName='ttt', Key={'k': {'S': k}},
                           ConsistentRead=True).get('Item')


def check_file(work):
    path = os.path.join(work, 'data')
    for sync in ('full', 'normal', 'off'):
        with server('--file', path + sync, '--sync', sync) as s:
            client = s.boto()
            make_table(client)
            put(client, 'a', v={'N': '1.50'})
        ok('%s: nothing is left beside the file' % sync,
           not os.path.exists(path + sync + '-wal') or
           os.path.getsize(path + sync + '-wal') == 0)
        with server('--file', path + sync) as s, \
                server('--file', path + sync) as t:
            one, two = s.boto(), t.boto()
            same('%s: it is still there' % sync, get(one, 'a'),
                 {'k': {'S': 'a'}, 'v': {'N': '1.5'}})
            put(two, 'b')
            same('two servers, one file', get(one, 'b'), {'k': {'S': 'b'}})
            errors = []

            def write(client, name):
                try:
                    for i in range(40):
                        put(client, '%s%d' % (name, i))
                except Exception as e:
                    errors.append(e)
            threads = [threading.Thread(target=write, args=pair)
                       for pair in ((one, 'x'), (two, 'y'))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            same('both write at once', errors, [])
            same('and both have all', [c.scan(
                TableName='ttt', Select='COUNT')['Count'] for c in (one, two)],
                 [82, 82])
        s = Server('--file', path + sync)
        client = s.boto()
        put(client, 'last')
        s.process.kill()
        s.stop()
        with server('--file', path + sync) as s:
            same('%s: killed, and nothing is lost' % sync,
                 get(s.boto(), 'last'), {'k': {'S': 'last'}})
    with server('--memory') as s:
        make_table(s.boto())
    with server() as s:
        same('memory forgets', s.boto().list_tables()['TableNames'], [])


def later(seconds, what, *args):
    timer = threading.Timer(seconds, what, args)
    timer.start()
    return timer


def check_end():
    for number in (signal.SIGTERM, signal.SIGINT):
        s = Server('--latency', 400)
        busy, idle = s.connect(), s.connect()
        send(idle, 'GET', '/')
        later(0.15, s.process.send_signal, number)
        start = time.monotonic()
        path, body, head = signed(s.port)
        status, h, text = send(busy, 'POST', path, body, head)
        same('what runs is answered', (status, text),
             (200, '{"TableNames":[]}'))
        same('and then it closes', h.get('connection'), 'close')
        out, err = s.process.communicate(timeout=20)
        same('it ends well', (s.process.returncode, out, err), (0, '', ''))
        ok('at once', time.monotonic() - start < 2, time.monotonic() - start)
    s = Server('--latency', 60000)
    busy = s.raw()
    path, body, head = signed(s.port)
    lines = ''.join('%s: %s\r\n' % pair for pair in head.items())
    busy.sendall(('POST / HTTP/1.1\r\n%sContent-Length: 2\r\n\r\n{}' %
                  lines).encode())
    time.sleep(0.2)
    s.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    same('it waits for what runs', s.process.poll(), None)
    try:
        s.raw().close()
        ok('it takes no more connections', False)
    except OSError:
        ok('it takes no more connections', True)
    start = time.monotonic()
    s.process.send_signal(signal.SIGTERM)
    same('a second signal ends it', s.process.wait(10), -signal.SIGTERM)
    ok('at once', time.monotonic() - start < 1)
    s.stop()


def check_end_under_load(work):
    """What was acknowledged is there; an answer is whole or there is none."""
    path = os.path.join(work, 'load')
    with server('--file', path) as s:
        make_table(s.boto())
    for round in range(4):
        s = Server('--file', path)
        acknowledged, torn, others = [], [], []

        def write(name, port):
            i = 0
            try:
                while True:
                    c = http.client.HTTPConnection('127.0.0.1', port,
                                                   timeout=20)
                    c.connect()
                    for _ in range(10 if name % 2 else 1000000):
                        key = '%d-%d-%d' % (round, name, i)
                        status, text = call(c, 'PutItem', {
                            'TableName': 'ttt', 'Item': {'k': {'S': key}}})
                        i += 1
                        (acknowledged if status == 200 else others).append(key)
                        if c.sock is None:
                            return
            except http.client.RemoteDisconnected:
                pass
            except http.client.HTTPException as e:
                torn.append(e)
            except OSError:
                pass
        threads = [threading.Thread(target=write, args=(n, s.port))
                   for n in range(6)]
        for t in threads:
            t.start()
        time.sleep(0.3)
        s.process.terminate()
        for t in threads:
            t.join()
        same('no answer is torn, none is bad', (torn, others), ([], []))
        same('it ends well', s.process.wait(20), 0)
        s.stop()
        ok('they got somewhere', len(acknowledged) > 20, len(acknowledged))
        with server('--file', path) as s:
            there, start = set(), {}
            while True:
                page = s.boto().scan(TableName='ttt', **start)
                there |= {i['k']['S'] for i in page['Items']}
                if 'LastEvaluatedKey' not in page:
                    break
                start = {'ExclusiveStartKey': page['LastEvaluatedKey']}
            same('all that was acknowledged is there',
                 set(acknowledged) - there, set())


def check_log(work):
    path = os.path.join(work, 'log')
    with open(path, 'w') as f:
        f.write('before\n')
    with server('--access-log', path) as s:
        client = s.boto()
        make_table(client)
        put(client, 'SECRETKEY', v={'S': 'SECRETVALUE'})
        c = s.connect()
        send(c, 'GET', '/?SECRETQUERY')
        send(c, 'POST', '/', '{}', {'X-Amz-Target': 'x\ty', 'Content-Type': TYPE})
        status, text = call(c, 'GetItem', {'TableName': 'SECRETTABLE', 'Key': {}})
        port = c.sock.getsockname()[1]
        ids = send(c, 'GET', '/')[1]['x-amzn-requestid']
    lines = open(path).read().split('\n')
    same('it is appended to', lines[0], 'before')
    same('and ends with a newline', lines.pop(), '')
    for line in lines[1:]:
        matches('a line', line, '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.'
                '\\d{3}Z 127\\.0\\.0\\.1:\\d+ (-|[A-Z]\\w+) \\d{3} \\d+ \\d+ '
                '[0-9A-V]{52}')
    fields = [line.split(' ') for line in lines[1:]]
    ok('actions', [f[2] for f in fields][:2] == ['CreateTable',
       'DescribeTable'] and 'PutItem' in [f[2] for f in fields], fields)
    last = [f for f in fields if f[1].endswith(':%d' % port)]
    same('client, action, status, bytes', [f[2:5] for f in last],
         [['-', '200', '38'], ['-', '400', '63'],
          ['GetItem', '400', str(len(text))], ['-', '200', '38']])
    same('the id is the answer\'s', last[-1][6], ids)
    ok('no names, keys, values', 'SECRET' not in ''.join(lines), lines)
    s = Server('--access-log', '-')
    send(s.connect(), 'GET', '/')
    time.sleep(0.05)
    ok('to standard output', ' - 200 ' in s.stop()[1])


# ---- A bad day --------------------------------------------------------------

def outcomes(n, *options):
    """What n puts meet: status, and whether they were done."""
    with server(*options) as s:
        client = s.boto()
        met = []
        done = 0
        while done == 0: # creating the table may fail too
            try:
                client.create_table(**TABLE)
                done = 1
            except ClientError as e:
                if e.response['Error']['Code'] == 'ResourceInUseException':
                    done = 1
        for i in range(n):
            try:
                put(client, 'k%d' % i)
                met.append(200)
            except ClientError as e:
                met.append(e.response['ResponseMetadata']['HTTPStatusCode'])
                ok('a failure\'s type', e.response['Error']['Code'] in (
                    'InternalServerError', 'ServiceUnavailable'), e)
        there = None
        while there is None:
            try:
                there = client.scan(TableName='ttt')
            except ClientError:
                pass
        keys = {i['k']['S'] for i in there['Items']}
        return [(m, 'k%d' % i in keys) for i, m in enumerate(met)]


def check_failures():
    one = outcomes(200, '--fail-rate', '0.3', '--seed', 7)
    same('the same seed, the same day',
         outcomes(200, '--fail-rate', '30%', '--seed', 7), one)
    two = outcomes(200, '--fail-rate', '0.3', '--seed', 8)
    ok('another seed, another day', two != one)
    failures = [o for o in one + two if o[0] != 200]
    ok('about the share', 80 < len(failures) < 160, len(failures))
    ok('successes are done', all(o[1] for o in one if o[0] == 200))
    ok('half of the failures are done',
       25 < sum(o[1] for o in failures) < 95, failures)
    same('in both ways', {o[0] for o in failures}, {500, 503})
    s = Server('--fail-rate', '0.5')
    matches('the seed is told', s.stop()[2], 'ddb-local: --seed [0-9]+\n')
    s = Server('--latency', '5')
    same('no seed needed', s.stop()[2], '')


def timed(client, n):
    times = []
    for _ in range(n):
        start = time.monotonic()
        client.list_tables()
        times.append(round((time.monotonic() - start) * 1000))
    return times


def check_latency():
    with server('--latency', '80') as s:
        times = timed(s.boto(), 3)
        ok('80 ms', all(80 <= t < 200 for t in times), times)
        start = time.monotonic()
        threads = [threading.Thread(target=s.boto().list_tables)
                   for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        ok('all at once', time.monotonic() - start < 0.6,
           time.monotonic() - start)
    days = []
    for _ in range(2):
        with server('--latency', '0-120', '--seed', 5) as s:
            client = s.boto()
            days.append(timed(client, 12))
    ok('within the range', all(t < 250 for d in days for t in d), days)
    ok('not all the same', max(days[0]) - min(days[0]) > 30, days)
    ok('the same seed', all(abs(a - b) < 40 for a, b in zip(*days)), days)


def until_throttled(client, act, most=2000):
    """How many go through at once, and the first refusal."""
    for i in range(most):
        try:
            act(client, i)
        except ClientError as e:
            return i, e.response
    return most, None


def reasons(response):
    return [r['reason'] for r in response.get(
        'ThrottlingReasons', response.get('throttlingReasons', []))]


def check_throttle():
    def put_one(client, i):
        put(client, 'hot', n={'N': str(i)})

    def put_any(client, i):
        put(client, 'k%d' % i)

    def get_one(client, i):
        get(client, 'hot')
    with server('--throttle', 'wcu=5,rcu=7') as s:
        client = s.boto()
        make_table(client)
        n, answer = until_throttled(client, put_one)
        ok('a hot partition', 5 <= n <= 7, n)
        same('its error', answer and answer['Error']['Code'],
             'ThrottlingException')
        n, answer = until_throttled(client, get_one)
        ok('reads have their own', 7 <= n <= 9, n)
        same('other partitions', until_throttled(client, put_any, 50)[0], 50)
        time.sleep(1.1)
        n, answer = until_throttled(client, put_one)
        ok('a second later', 5 <= n <= 7, n)
    with server('--throttle=wcu=1000,burst=2') as s:
        client = s.boto()
        make_table(client, BillingMode='PROVISIONED', ProvisionedThroughput={
            'ReadCapacityUnits': 2, 'WriteCapacityUnits': 3})
        n, answer = until_throttled(client, put_any)
        ok('a provisioned table, with burst', 9 <= n <= 11, n)
        same('its error', answer and answer['Error']['Code'],
             'ProvisionedThroughputExceededException')
    with server('--throttle', 'rcu=1,wcu=1') as s:
        client = s.boto()
        make_table(client)
        big = {'v': {'S': 'x' * 100000}}
        put(client, 'large', **big)
        try:
            put(client, 'large', **big)
            ok('a large item, again', False)
        except ClientError as e:
            ok('a large item, again', True)
        c = s.connect()
        status, text = call(c, 'PutItem', {
            'TableName': 'ttt', 'Item': {'k': {'S': 'large'}}})
        same('the reason', (status, reasons(json.loads(text))),
             (400, ['TableWriteKeyRangeThroughputExceeded']))


def check_unprocessed():
    def day(seed):
        with server('--unprocessed-rate', '0.4', '--seed', seed) as s:
            client = s.boto()
            make_table(client)
            left = []
            for i in range(8):
                items = [{'PutRequest': {'Item': {'k': {'S': '%d-%d' % (
                    i, j)}}}} for j in range(25)]
                back = client.batch_write_item(RequestItems={'ttt': items})
                left.append(sorted(p['PutRequest']['Item']['k']['S'] for p in
                            back['UnprocessedItems'].get('ttt', [])))
            there = {i['k']['S'] for i in client.scan(
                TableName='ttt')['Items']}
            same('what came back was not done, the rest was',
                 there, {'%d-%d' % (i, j) for i in range(8)
                         for j in range(25)} - {k for b in left for k in b})
            keys = [{'k': {'S': k}} for k in sorted(there)[:50]]
            got = client.batch_get_item(RequestItems={'ttt': {'Keys': keys}})
            missing = got['UnprocessedKeys'].get('ttt', {}).get('Keys', [])
            same('keys too', len(missing) + len(got['Responses']['ttt']), 50)
            ok('some of them', 5 < len(missing) < 40, len(missing))
            return left, missing
    local = {'KeySchema': [{'AttributeName': 'k', 'KeyType': 'HASH'},
                           {'AttributeName': 's', 'KeyType': 'RANGE'}]}
    with server('--unprocessed-rate', '0.2', '--seed', 1) as s:
        client = s.boto()
        make_table(client, **local, AttributeDefinitions=[
            {'AttributeName': n, 'AttributeType': 'S'} for n in 'ksabc'],
            LocalSecondaryIndexes=[{
                'IndexName': 'by_' + n, 'KeySchema': [
                    {'AttributeName': 'k', 'KeyType': 'HASH'},
                    {'AttributeName': n, 'KeyType': 'RANGE'}],
                'Projection': {'ProjectionType': 'ALL'}} for n in 'abc'])
        n = 0
        for i in range(12):
            back = client.batch_write_item(RequestItems={'ttt': [
                {'PutRequest': {'Item': {a: {'S': '%d-%d' % (i, j)} for a in
                                         'ksabc'}}} for j in range(25)]})
            n += len(back['UnprocessedItems'].get('ttt', []))
        ok('local indexes do not make it more', 35 < n < 90, n)
    with server('--unprocessed-rate', '1', '--seed', 1) as s:
        client = s.boto()
        make_table(client)
        item = {'k': {'S': 'a'}}
        same('transactions are not batches', client.transact_write_items(
            TransactItems=[{'Put': {'TableName': 'ttt', 'Item': item}}])[
                'ResponseMetadata']['HTTPStatusCode'], 200)
        try:
            client.batch_write_item(RequestItems={'ttt': [
                {'PutRequest': {'Item': item}}]})
            ok('all of a batch', False)
        except ClientError as e:
            ok('all of a batch', e.response['Error']['Code'] in (
                'ThrottlingException',
                'ProvisionedThroughputExceededException'), e)
    one = day(3)
    same('the same seed', day(3), one)
    ok('another seed', day(4) != one)
    n = sum(map(len, one[0]))
    ok('about the share', 50 < n < 110, n)


def check_clock(work):
    with server('--clock-offset', 3600) as s:
        c = s.connect()
        _, head, _ = send(c, 'GET', '/')
        ok('the date', 3590 < http_date(head['date']) - time.time() < 3610,
           head['date'])
        status, text = call(c, 'ListTables', {})
        matches('a signature of now', refusal(text)[1],
                'Signature expired: .*5 min\\.\\)')
        same('one of then', call(c, 'ListTables', {},
             now=time.time() + 3600)[0], 200)
        same("ddb finds the server's clock", subprocess.run(
            [*shlex.split(os.environ['DDB']), '-e', s.url, 'call',
             'ListTables'], env={**os.environ, 'AWS_REGION': 'eu-west-1',
                                 'AWS_ACCESS_KEY_ID': KEY,
                                 'AWS_SECRET_ACCESS_KEY': SECRET},
            stdout=subprocess.PIPE).returncode, 0)
    path = os.path.join(work, 'expiry')
    with server('--file', path) as s:
        client = s.boto()
        make_table(client)
        client.update_time_to_live(TableName='ttt', TimeToLiveSpecification={
            'AttributeName': 'ttl', 'Enabled': True})
        put(client, 'soon', ttl={'N': str(int(time.time()) + 1800)})
        put(client, 'later', ttl={'N': str(int(time.time()) + 7200)})
        put(client, 'now', ttl={'N': str(int(time.time()))})
        for _ in range(80):
            if get(client, 'now') is None:
                break
            time.sleep(0.05)
        same('what expires goes, without a write', get(client, 'now'), None)
        ok('the rest stays', get(client, 'soon') and get(client, 'later'))
    with server('--file', path, '--clock-offset', 3600) as s:
        time.sleep(1.3)
        now = time.time() + 3600
        c = s.connect()
        status, text = call(c, 'Scan', {'TableName': 'ttt'}, now=now)
        same('an hour on', [i['k']['S'] for i in json.loads(text)['Items']],
             ['later'])


def check_idle():
    with server('--close-idle', 150) as s:
        k = s.raw()
        k.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        k.recv(4096)
        start = time.monotonic()
        same('closed', k.recv(10), b'')
        took = time.monotonic() - start
        ok('in time', 0.1 < took < 1, took)
        k = s.raw()
        for _ in range(4):
            k.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
            ok('not while in use', k.recv(4096).startswith(b'HTTP/1.1 200'))
            time.sleep(0.05)
        k.close()
    with server('--close-idle', '100', '--latency', '300') as s:
        same('not while it is answered', call(s.connect(), 'ListTables',
             {})[0], 200)
    with server('--close-idle', '100,late') as s:
        k = s.raw()
        request = b'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
        k.sendall(request)
        ok('at first', k.recv(4096).startswith(b'HTTP/1.1 200'))
        k.sendall(request)
        ok('soon again', k.recv(4096).startswith(b'HTTP/1.1 200'))
        time.sleep(0.2)
        k.settimeout(0.05)
        try:
            same('not closed yet', k.recv(10), 'nothing')
        except socket.timeout:
            ok('not closed yet', True)
        k.settimeout(20)
        k.sendall(request)
        same('but under the next request', read_all(k), b'')


def main():
    os.environ.pop('AWS_PROFILE', None)
    with tempfile.TemporaryDirectory() as work:
        for check in (check_options, check_signatures, check_tls, check_file,
                      check_end_under_load, check_log, check_clock):
            check(work)
        for check in (check_front, check_wire, check_end, check_failures,
                      check_latency, check_throttle, check_unprocessed,
                      check_idle):
            check()
    print('%d passed, %d failed' % (passed, failed))
    sys.exit(failed != 0 or passed == 0)


if __name__ == '__main__':
    main()
