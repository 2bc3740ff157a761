#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ddb-local as its users see it: options and exit codes, HTTP, signatures,
TLS, its file, its end, its log.

DDB_LOCAL is the program.  Debian's python3, which has Debian's boto3."""
import contextlib
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

import boto3
from botocore.auth import SigV4QueryAuth

sys.dont_write_bytecode = True  # the source tree is only read
import served  # noqa: E402
from served import (KEY, SECRET, TABLE, TARGET, TYPE, Server, call, coral, get,
                    http_date, make_table, matches, ok, put, read_all, refusal,
                    run, same, send, server, signed)

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'proxy'))
import certs  # noqa: E402


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

    done = subprocess.run(['sh', '-c', '%s --port 0 --file "$0" >&-' % shlex.join(
        served.DDB_LOCAL), os.path.join(work, 'closed')], text=True,
        stderr=subprocess.PIPE)
    same('standard output closed: exit status', done.returncode, 6)
    matches('standard output closed', done.stderr,
            'ddb-local: standard output: [^\n]+\n')

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
            # Nor by a name of its own that leads here: such a page need not
            # ask before, but it tells whose it is.
            path, body, head = signed(s.port)
            status, h, text = send(c, 'POST', path, body,
                                   {**head, 'Origin': origin})
            same('%s gets nothing' % origin,
                 (status, json.loads(text).get('__type')),
                 (400, coral('AccessDeniedException')))
        path, body, head = signed(s.port)
        status, h, text = send(c, 'POST', path, body,
                               {**head, 'Origin': 'http://[::1]:80'})
        same('its own origin', (status, text), (200, '{"TableNames":[]}'))


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
        ok('nothing waits for a delayed acknowledgement', slow < 50, slow)

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
        for _ in range(500):
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

def check_framing():
    """A request that is told to end in two places is not answered as if it
    ended in one of them."""
    with server() as s:
        for lines, body, status in (
                ('Content-Length: 2\r\nContent-Length: 3', '{}', 400),
                ('Content-Length: 2\r\nTransfer-Encoding: chunked',
                 '2\r\n{}\r\n0\r\n\r\n', 400),
                ('Transfer-Encoding: gzip, chunked',
                 '2\r\n{}\r\n0\r\n\r\n', 501),
                ('Content-Length: 2\r\nContent-Length: 2', '{}', 200),
                ('Transfer-Encoding: chunked', '2\r\n{}\r\n0\r\n\r\n', 200)):
            path, _, head = signed(s.port)
            k = s.raw()
            k.settimeout(5)
            k.sendall(('POST / HTTP/1.1\r\n%s%s\r\n\r\n%s' % (''.join(
                '%s: %s\r\n' % pair for pair in head.items()), lines,
                body)).encode())
            try:
                got = k.recv(65536).decode()
            except OSError as e:
                got = repr(e)
            same(lines, got[:12], 'HTTP/1.1 %d' % status)
            if status != 200:
                ok('%s: it closes' % lines,
                   '\r\nConnection: close\r\n' in got, got)
            k.close()


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
                            ('X-Amz-Date', head['X-Amz-Date'][:-2] +
                             ('1Z' if head['X-Amz-Date'][-2] == '0' else '0Z')),
                            ('Host', 'localhost')):
            status, _, text = send(c, 'POST', '/', body, {**head, name: value})
            want = (coral('UnknownOperationException'), None) \
                if value.endswith('X') else mismatch
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
        for version, good in (('1.1', False), ('1.2', True)):
            done = subprocess.run([
                'curl', '-s', '--tlsv1.0', '--tls-max', version, '--ciphers',
                'DEFAULT@SECLEVEL=0', '--cacert', work + '/ca.pem', s.url],
                stdout=subprocess.PIPE)
            same('TLS %s' % version, done.stdout[:8] == b'healthy:', good)
        with s.raw() as k:
            k.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
            ok('no plain HTTP there', b'200' not in read_all(k))
    status, out, err = run('--port', 0, '--tls-cert', work + '/server-ok.pem',
                           '--tls-key', work + '/server-expired.key')
    same('a key of another certificate', (status, out), (2, ''))
    matches('it says so', err, 'ddb-local: [^\n]*certificate[^\n]*\n')


# ---- The file, and the end --------------------------------------------------

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
        s = Server('--latency', 1500)
        busy, idle = s.connect(), s.connect()
        send(idle, 'GET', '/')
        later(0.7, s.process.send_signal, number)
        start = time.monotonic()
        path, body, head = signed(s.port)
        status, h, text = send(busy, 'POST', path, body, head)
        same('what runs is answered', (status, text),
             (200, '{"TableNames":[]}'))
        same('and then it closes', h.get('connection'), 'close')
        out, err = s.process.communicate(timeout=20)
        same('it ends well', (s.process.returncode, out, err), (0, '', ''))
        ok('at once', time.monotonic() - start < 20, time.monotonic() - start)
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
    ok('at once', time.monotonic() - start < 20)
    s.stop()

    # Who does not read its answer is not waited for much longer.
    s = Server()
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    deaf.connect(('127.0.0.1', s.port))
    long = json.dumps({'TableName': 'a' * 60000})
    path, body, head = signed(s.port, 'DescribeTable', long)
    lines = ''.join('%s: %s\r\n' % pair for pair in head.items())
    request = 'POST / HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s' % (
        lines, len(body), body)
    deaf.settimeout(0.5)
    try:
        for _ in range(1000):
            deaf.sendall(request.encode())
        ok('an answer that is not read', False)
    except OSError:
        pass
    start = time.monotonic()
    s.process.send_signal(signal.SIGTERM)
    try:
        same('it ends all the same', s.process.wait(20), 0)
    except subprocess.TimeoutExpired:
        ok('it ends all the same', False, 'not within 20 s')
        s.process.kill()
    ok('with time to read', time.monotonic() - start > 2)
    deaf.close()
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


def main():
    with tempfile.TemporaryDirectory() as work:
        for check in (check_options, check_signatures, check_tls, check_file,
                      check_end_under_load, check_log):
            check(work)
    for check in (check_front, check_wire, check_framing, check_end):
        check()
    served.report()


if __name__ == '__main__':
    main()
