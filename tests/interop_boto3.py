#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""boto3 and the store share a table: boto3 writes items of the schema of
ddb_schema(7), which ddb reads, and reads what ddb has written.

Run by tests/with-server; DDB is the tool, DDB_TEST_ENDPOINT the server."""
import json
import os
import random
import shlex
import subprocess
import sys
import time

import boto3
from botocore.config import Config
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from decimal import Decimal

TABLE = 'interop_%d' % os.getpid()
DDB = shlex.split(os.environ['DDB'])
FUTURE = 4102444800
rng = random.Random(11)
passed = failed = 0


def check(what, got, want):
    global passed, failed
    if got == want:
        passed += 1
    else:
        failed += 1
        print('FAILED: %s: %.200r, not %.200r' % (what, got, want))


def ddb(namespace, *arguments, stdin=b''):
    """Exit status and what it wrote."""
    done = subprocess.run(DDB + ['-t', TABLE, '-n', namespace, *arguments],
                          input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    return done.returncode, done.stdout


def text(n):
    """n bytes of UTF-8, of characters of all lengths."""
    out, size = [], 0
    while size < n - 3:
        out.append(chr(rng.choice([rng.randrange(1, 0x80),
                                   rng.randrange(0x80, 0x800),
                                   rng.randrange(0x800, 0xd800),
                                   rng.randrange(0x10000, 0x110000)])))
        size += len(out[-1].encode())
    return ''.join(out) + 'x' * (n - size)


KEYS = ['k', ' ', 'with space', 'a/b?c=d#e%20', '"\\', '\n\t\x01\x7f',
        'äöüß', '日本語', '😀🏽', 'שלום', 'e\u0301', '\u00e9', '\ufeff', '\uffff',
        '\U0010ffff', 'x' * 1024, '😀' * 256, 'ttl', '#k', ':v', '-dash']

# name: value for boto3, how ddb is told, the bytes of ddb get
VALUES = {}
for size in 1, 100, 409000:
    t = text(size)
    b = bytes(rng.randrange(256) for _ in range(size - 1)) + b'\xff'
    VALUES['text%d' % size] = (t, t.encode())
    VALUES['binary%d' % size] = (b, b)
VALUES['empty text'] = ('', b'')
VALUES['number'] = (Decimal('-12.5'), b'-12.5')
VALUES['large number'] = (Decimal('9' * 38), b'9' * 38)


def same(item_value):
    """boto3 gives binaries in a wrapping of its own."""
    return item_value.value if isinstance(item_value, Binary) else item_value


def they_write(table):
    """boto3 puts, ddb reads."""
    for key in KEYS:
        table.put_item(Item={'namespace': 'theirs', 'key': key,
                             'value': key + '!'})
        check('get %r' % key, ddb('theirs', 'get', '--', key),
              (0, (key + '!').encode()))
        check('has %r' % key, ddb('theirs', 'has', '--', key)[0], 0)
    listed = ddb('theirs', 'keys', '-0')[1].split(b'\0')[:-1]
    check('keys', listed, sorted(k.encode() for k in KEYS))
    check('count', ddb('theirs', 'count'), (0, b'%d\n' % len(KEYS)))

    for name, (value, want) in VALUES.items():
        table.put_item(Item={'namespace': 'values', 'key': name,
                             'value': value})
        check('get of %s' % name, ddb('values', 'get', name), (0, want))
    for line in ddb('values', 'export')[1].splitlines():
        entry = json.loads(line)
        kind = ('number' if 'number' in entry['key'] else
                'base64' if 'binary' in entry['key'] else 'value')
        check('kind of %s' % entry['key'], kind in entry, True)

    now = int(time.time())
    ttls = {'past': now - 1, 'long past': 1, 'future': now + 1000,
            'millis': now * 1000, 'text': str(now - 1),
            'fraction': Decimal(now) - Decimal('0.5')}
    for key, ttl in ttls.items():
        table.put_item(Item={'namespace': 'ttl', 'key': key, 'value': 'v',
                             'ttl': ttl})
    gone = {'past', 'long past', 'fraction'}
    for key in ttls:
        check('expiry %s' % key, ddb('ttl', 'has', key)[0],
              1 if key in gone else 0)
    check('count of what lives', ddb('ttl', 'count'),
          (0, b'%d\n' % (len(ttls) - len(gone))))

    # Of more attributes than ours, and of an unknown coding.
    table.put_item(Item={'namespace': 'more', 'key': 'k', 'value': 'v',
                         'created': 5, 'tags': {'a', 'b'}, 'list': [1, {}]})
    check('item with more in it', ddb('more', 'get', 'k'), (0, b'v'))
    table.put_item(Item={'namespace': 'more', 'key': 'coded', 'value': b'v',
                         'encoding': 'zstd'})
    check('coded item', ddb('more', 'get', 'coded'), (4, b''))
    check('delete', ddb('theirs', 'del', KEYS[0])[0], 0)
    check('deleted', 'Item' in table.get_item(
        Key={'namespace': 'theirs', 'key': KEYS[0]}), False)


def we_write(table):
    """ddb puts, boto3 reads."""
    for key in KEYS:
        check('put %r' % key, ddb('ours', 'put', '--', key, key + '!')[0], 0)
        item = table.get_item(Key={'namespace': 'ours', 'key': key},
                              ConsistentRead=True)['Item']
        check('value of %r' % key, item['value'], key + '!')
    found = table.query(KeyConditionExpression=Key('namespace').eq('ours'))
    check('order', [i['key'].encode() for i in found['Items']],
          sorted(k.encode() for k in KEYS))

    for name, (value, raw) in VALUES.items():
        if isinstance(value, Decimal):
            line = json.dumps({'key': name, 'number': str(value)}).encode()
            status, _ = ddb('ours2', 'import', stdin=line)
        else:
            more = ['--binary'] if isinstance(value, bytes) else []
            status, _ = ddb('ours2', 'put', name, '-', *more, stdin=raw)
        check('put of %s' % name, status, 0)
        item = table.get_item(Key={'namespace': 'ours2', 'key': name},
                              ConsistentRead=True)['Item']
        check('value of %s' % name, same(item['value']), value)
        check('attributes', sorted(item),
              ['key', 'namespace', 'updated', 'value', 'version'])
        check('updated', abs(int(item['updated']) - time.time()) < 60, True)
        check('version', len(same(item['version'])), 16)

    check('put with ttl', ddb('ours3', 'put', 'k', 'v', '--ttl', '500')[0], 0)
    item = table.get_item(Key={'namespace': 'ours3', 'key': 'k'})['Item']
    check('ttl', abs(int(item['ttl']) - time.time() - 500) < 60, True)
    check('no encoding', 'encoding' in item, False)

    lines = b''.join(b'{"key":"k%03d","value":"v"}\n' % i for i in range(130))
    check('import', ddb('ours4', 'import', stdin=lines)[0], 0)
    found = table.query(KeyConditionExpression=Key('namespace').eq('ours4'),
                        FilterExpression=Attr('version').exists())
    check('batch', found['Count'], 130)
    versions = {bytes(i['version'].value) for i in found['Items']}
    check('versions', len(versions), 130)


def main():
    resource = boto3.resource(
        'dynamodb', endpoint_url=os.environ['DDB_TEST_ENDPOINT'],
        config=Config(proxies={}))
    status, _ = ddb('x', 'table', 'create')
    check('table create', status, 0)
    table = resource.Table(TABLE)
    check('key schema', table.key_schema,
          [{'AttributeName': 'namespace', 'KeyType': 'HASH'},
           {'AttributeName': 'key', 'KeyType': 'RANGE'}])
    they_write(table)
    we_write(table)
    check('clear', ddb('ours', 'clear', '--yes')[0], 0)
    found = table.query(KeyConditionExpression=Key('namespace').eq('ours'))
    check('cleared', found['Count'], 0)
    found = table.query(KeyConditionExpression=Key('namespace').eq('ours2'),
                        Select='COUNT')
    check('others are left', found['Count'] > 0, True)
    check('table delete', ddb('x', 'table', 'delete')[0], 0)
    print('%d passed, %d failed' % (passed, failed))
    return failed != 0


sys.exit(main())
