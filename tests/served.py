# SPDX-License-Identifier: MIT
"""A ddb-local that runs, requests to it, and claims about what comes back:
what local_server.py and local_bad_day.py have in common.  DDB_LOCAL is the
program."""
import contextlib
import datetime
import http.client
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.parse
import zlib

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

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

for name in list(os.environ):
    if name.startswith('AWS_') or name.lower().endswith('_proxy'):
        del os.environ[name]


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


def report():
    """Ends the program."""
    print('%d passed, %d failed' % (passed, failed))
    sys.exit(failed != 0 or passed == 0)
