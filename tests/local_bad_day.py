#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every way in which ddb-local makes a day bad, and that it does so again with
the same seed.

DDB_LOCAL is the program, DDB the tool.  Debian's python3, which has Debian's
boto3."""
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import time

from botocore.exceptions import ClientError

sys.dont_write_bytecode = True  # the source tree is only read
import served  # noqa: E402
from served import (KEY, SECRET, TABLE, Server, call, get, http_date,
                    make_table, matches, ok, put, read_all, refusal, same,
                    send, server)


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
        ok('80 ms', all(80 <= t < 5000 for t in times), times)
    with server('--latency', '1000') as s:
        start = time.monotonic()
        threads = [threading.Thread(target=s.boto().list_tables)
                   for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        ok('all at once', 1 <= time.monotonic() - start < 7,
           time.monotonic() - start)
    with server('--latency', '0-200', '--seed', 5) as s:
        times = timed(s.boto(), 12)
        ok('within the range', all(t < 5000 for t in times), times)
        ok('not all the same', max(times) > 100 > min(times), times)


def until_throttled(client, act, most=2000):
    """How many go through, within how many seconds, and the refusal."""
    start = time.monotonic()
    for i in range(most):
        try:
            act(client, i)
        except ClientError as e:
            return i, time.monotonic() - start, e.response
    return most, time.monotonic() - start, None


def throttles(what, client, act, kept, rate):
    """So many are kept, and so many come with each second."""
    n, took, answer = until_throttled(client, act)
    ok(what, kept <= n <= kept + rate * took + 1, (n, took))
    return answer


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
        answer = throttles('a hot partition', client, put_one, 5, 5)
        same('its error', answer and answer['Error']['Code'],
             'ThrottlingException')
        throttles('reads have their own', client, get_one, 7, 7)
        same('other partitions', until_throttled(client, put_any, 50)[0], 50)
        time.sleep(1.5)
        throttles('a second later', client, put_one, 5, 5)
    with server('--throttle=wcu=1000,burst=2') as s:
        client = s.boto()
        make_table(client, BillingMode='PROVISIONED', ProvisionedThroughput={
            'ReadCapacityUnits': 2, 'WriteCapacityUnits': 3})
        answer = throttles('a provisioned table, with burst', client, put_any,
                           9, 3)
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
        for _ in range(400):
            if get(client, 'now') is None:
                break
            time.sleep(0.05)
        same('what expires goes, without a write', get(client, 'now'), None)
        ok('the rest stays', get(client, 'soon') and get(client, 'later'))
    with server('--file', path, '--clock-offset', 3600) as s:
        c = s.connect()
        for _ in range(400):
            status, text = call(c, 'Scan', {'TableName': 'ttt'},
                                now=time.time() + 3600)
            there = [i['k']['S'] for i in json.loads(text)['Items']]
            if len(there) < 2:
                break
            time.sleep(0.05)
        same('an hour on', there, ['later'])


def check_idle():
    with server('--close-idle', 700) as s:
        k = s.raw()
        k.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        k.recv(4096)
        start = time.monotonic()
        same('closed', k.recv(10), b'')
        took = time.monotonic() - start
        ok('in time', 0.5 < took < 30, took)
        k = s.raw()
        for _ in range(15):
            k.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
            ok('not while in use', k.recv(4096).startswith(b'HTTP/1.1 200'))
            time.sleep(0.07)
        k.close()
    with server('--close-idle', '100', '--latency', '300') as s:
        same('not while it is answered', call(s.connect(), 'ListTables',
             {})[0], 200)
    with server('--close-idle', '600,late') as s:
        k = s.raw()
        request = b'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
        k.sendall(request)
        ok('at first', k.recv(4096).startswith(b'HTTP/1.1 200'))
        k.sendall(request)
        ok('soon again', k.recv(4096).startswith(b'HTTP/1.1 200'))
        time.sleep(0.8)
        k.settimeout(0.05)
        try:
            same('not closed yet', k.recv(10), 'nothing')
        except socket.timeout:
            ok('not closed yet', True)
        k.settimeout(20)
        k.sendall(request)
        same('but under the next request', read_all(k), b'')


def main():
    with tempfile.TemporaryDirectory() as work:
        check_clock(work)
    for check in (check_failures, check_latency, check_throttle,
                  check_unprocessed, check_idle):
        check()
    served.report()


if __name__ == '__main__':
    main()
