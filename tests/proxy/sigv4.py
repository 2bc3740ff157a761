# SPDX-License-Identifier: MIT
"""Independent SigV4 (header signing) in plain Python stdlib. No AWS code.

Written from the public description of the algorithm; used (a) to check the
vector file, (b) by sigproxy.py to verify what arrives on the wire."""
import hashlib, hmac, re
from urllib.parse import unquote_to_bytes

_UNRES = frozenset(b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~')
_UNRES_SLASH = _UNRES | {0x2f}

def uri_encode(data, keep=_UNRES):
    if isinstance(data, str): data = data.encode('utf-8')
    return ''.join(chr(b) if b in keep else '%%%02X' % b for b in data)

def canonical_path(path, normalize=True):
    """path: as on the wire, no query. Every byte outside unreserved and '/' is
    encoded once more (so '%20' on the wire gives '%2520'), after dot-segment
    removal and '//' collapsing when normalize."""
    if normalize:
        out = []
        for seg in path.split('/'):
            if seg in ('', '.'): continue
            if seg == '..':
                if out: out.pop()
                continue
            out.append(seg)
        p = '/' + '/'.join(out)
        if out and (path.endswith('/') or path.endswith('/.') or path.endswith('/..')): p += '/'
        path = p
    return uri_encode(path or '/', _UNRES_SLASH)

def canonical_query(query):
    if not query: return ''
    pairs = []
    for part in query.split('&'):
        if part == '': continue
        k, _, v = part.partition('=')
        pairs.append((uri_encode(unquote_to_bytes(k.encode('utf-8') if isinstance(k, str) else k)),
                      uri_encode(unquote_to_bytes(v.encode('utf-8') if isinstance(v, str) else v))))
    pairs.sort()
    return '&'.join(k + '=' + v for k, v in pairs)

def trim(v):
    return re.sub(r'[ \t\r\n]+', ' ', v).strip(' ')

def canonical_headers(headers, names):
    """headers: list of (name, value); names: lower-case names to sign, sorted."""
    by = {}
    for n, v in headers: by.setdefault(n.lower(), []).append(trim(v))
    return ''.join('%s:%s\n' % (n, ','.join(by.get(n, ['']))) for n in names)

def canonical_request(method, path, query, headers, names, payload_hash, normalize=True):
    return '\n'.join([method, canonical_path(path, normalize), canonical_query(query),
                      canonical_headers(headers, names), ';'.join(names), payload_hash])

def string_to_sign(creq, amz_date, scope):
    return '\n'.join(['AWS4-HMAC-SHA256', amz_date, scope, hashlib.sha256(creq.encode('utf-8')).hexdigest()])

def signing_key(secret, date, region, service):
    k = ('AWS4' + secret).encode('utf-8')
    for part in (date, region, service, 'aws4_request'):
        k = hmac.new(k, part.encode('utf-8'), hashlib.sha256).digest()
    return k

def signature(secret, date, region, service, sts):
    return hmac.new(signing_key(secret, date, region, service), sts.encode('utf-8'), hashlib.sha256).hexdigest()

def sha256_hex(b):
    return hashlib.sha256(b).hexdigest()

_AUTH = re.compile(r'^AWS4-HMAC-SHA256[ \t]+(.*)$', re.S)
def parse_authorization(value):
    """-> dict(Credential, SignedHeaders, Signature) or None"""
    m = _AUTH.match(value)
    if not m: return None
    d = {}
    for part in re.split(r'[, \t]+', m.group(1).strip()):
        k, eq, v = part.partition('=')
        if not eq: return None
        d[k] = v
    return d if {'Credential', 'SignedHeaders', 'Signature'} <= set(d) else None
