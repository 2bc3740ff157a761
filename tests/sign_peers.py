#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Random requests, signed by us, by botocore and by libcurl: the same.

usage: sign_peers.py SIGN_CLI [SEED [COUNT]]

Debian's python3, which has Debian's botocore.  The last line is
"N passed, N failed".

botocore takes Unicode's white space (a no-break space) for white space, so no
request has any.  What libcurl 7.88 signs in a way of its own goes to botocore
alone, after the COUNT that all three sign: headers of one name, which it does
not join; a name that is the beginning of another one, which it sorts behind;
and empty values, whose name gets a semicolon.
"""
import base64
import calendar
import json
import random
import subprocess
import sys
import time

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, HTTPHeaders
from botocore.credentials import Credentials

REGIONS = ('us-east-1', 'eu-central-1', 'ap-southeast-2', 'cn-north-1',
           'us-gov-west-1', 'local', 'x')
SERVICES = ('dynamodb', 'dynamodb', 'dynamodb', 'sts', 'execute-api')
TARGETS = ('GetItem', 'PutItem', 'Query', 'BatchWriteItem', 'ListTables')
HOSTS = ('dynamodb.us-east-1.amazonaws.com', 'localhost:8000', 'localhost',
         '127.0.0.1:4567', '[::1]:8000', 'db.example.com:443', 'a')
NAMES = ('A-b', 'ab', 'x-custom-1', 'X-Amz-Meta-Z', 'Zz', 'Accept-Language',
         'X_Under', 'x.dot', 'x-!#$%&*+^`|~')
HARD_NAMES = NAMES + ('a', 'X-Custom', 'x-amz', 'Content')
WORDS = ('a', 'B', 'value', '"quoted  text"', 'x=y;z', '\u00e9\u00df',
         '\u65e5\u672c', '\U0001f600', '%20', '1,2', '~', '\\', ':')
GAPS = (' ', '  ', '\t', ' \t ', '     ')


def random_value(r, least):
    """A header's value; odd gaps at its ends and between its words."""
    words = r.choices(WORDS, k=r.randrange(least, 5))
    value = ''
    for word in words:
        value += (r.choice(GAPS) if value or r.random() < .3 else '') + word
    if words and r.random() < .3:
        value += r.choice(GAPS)
    return value


def random_body(r):
    kind = r.random()
    if kind < .1:
        return b''
    if kind < .5:
        return json.dumps({'TableName': 't', 'Key': {'k': {
            'S': ''.join(r.choices(WORDS, k=r.randrange(30)))}}},
            ensure_ascii=r.random() < .5).encode()
    if kind < .98:
        return r.randbytes(r.randrange(1, 300))
    return r.randbytes(r.randrange(1000, 400000))


def random_case(text, r):
    return ''.join(c.upper() if r.random() < .5 else c.lower() for c in text)


def random_request(r, hard):
    now = r.choice((r.randrange(0, 1 << 31), r.randrange(0, 1 << 34),
                    86400 * r.randrange(1, 40000) - r.randrange(2)))
    headers = [
        ['Host', r.choice(HOSTS)],
        ['X-Amz-Date', time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now))],
        ['Content-Type', r.choice(('application/x-amz-json-1.0',
                                   'application/x-www-form-urlencoded'))],
    ]
    if r.random() < .8:
        headers.append(['X-Amz-Target',
                        'DynamoDB_20120810.' + r.choice(TARGETS)])
    if r.random() < .4:
        token = base64.b64encode(r.randbytes(r.randrange(1, 1000))).decode()
        headers.append(['X-Amz-Security-Token', token])
    for name in r.sample(HARD_NAMES if hard else NAMES, r.randrange(0, 6)):
        for _ in range(r.randrange(1, 4) if hard else 1):
            headers.append([name, random_value(r, 0 if hard else 1)])
    if r.random() < .5:
        headers = [[random_case(name, r), value] for name, value in headers]
    r.shuffle(headers)
    alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' \
        '0123456789/+='
    return {
        'access_key_id': 'AKID' + ''.join(r.choices(alphabet[:26], k=16)),
        'secret_access_key': ''.join(r.choices(
            alphabet, k=r.choice((1, 40, 40, 40, 64, 65, 128)))),
        'region': r.choice(REGIONS),
        'service': r.choice(SERVICES),
        'now': now,
        'headers': headers,
        'body': base64.b64encode(random_body(r)).decode(),
        'curl': not hard,
    }


def sign_by_botocore(request):
    """Its stages one by one, as add_auth() takes the present time."""
    auth = SigV4Auth(Credentials(request['access_key_id'],
                                 request['secret_access_key']),
                     request['service'], request['region'])
    aws = AWSRequest('POST', 'http://host/',
                     data=base64.b64decode(request['body']))
    aws.headers = HTTPHeaders()
    for name, value in request['headers']:
        aws.headers.add_header(name, value)
    aws.context['timestamp'] = time.strftime('%Y%m%dT%H%M%SZ',
                                             time.gmtime(request['now']))
    canonical = auth.canonical_request(aws)
    string = auth.string_to_sign(aws, canonical)
    auth._inject_signature_to_request(aws, auth.signature(string, aws))
    return aws.headers['Authorization']


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20121018
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 3000
    r = random.Random(seed)
    requests = [random_request(r, i >= count)
                for i in range(count + count // 4)]
    lines = ''.join(json.dumps(q) + '\n' for q in requests)
    out = subprocess.run([sys.argv[1]], input=lines, stdout=subprocess.PIPE,
                         check=True, encoding='utf-8').stdout.splitlines()
    failed = abs(len(out) - len(requests))
    for request, line in zip(requests, out):
        ours, _, curl = line.partition('\t')
        botocore = sign_by_botocore(request)
        wrong = [name for name, theirs in (('botocore', botocore),
                                           ('curl', curl))
                 if theirs != ours and (name != 'curl' or request['curl'])]
        if wrong:
            failed += 1
            if failed <= 5:
                print('seed', seed, 'differs from', *wrong)
                print(json.dumps(request)[:4000])
                print('ours    ', ours)
                print('botocore', botocore)
                print('curl    ', curl)
    print('%d passed, %d failed' % (len(requests) - failed, failed))
    return failed != 0


sys.exit(main())
