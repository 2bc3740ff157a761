#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sends the same random requests to two DynamoDB-compatible servers and
compares status, error type, message and answer.  What is known to differ is
in known.py, each with the reason; any other difference fails.  An entry that
was never met is told: it may have become needless.

usage: differ.py [--seed N] [--count N] [--kinds] PEER OURS

Both are http://host:port.  A run is repeated by its seed, which is printed;
--kinds counts the kinds of differences that are not known.  The last line is
"N passed, N failed"."""
import argparse
import collections
import http.client
import json
import os
import random
import sys
import time
from urllib.parse import urlsplit

import asks
import compare
import known

EPOCH = 300  # requests, then new tables; or when the peer fell over, as it
# may hold locks on items for ever


class Server:
    def __init__(self, url):
        parts = urlsplit(url)
        self.address = parts.hostname, parts.port
        self.connection = None

    def post(self, action, body):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(*self.address,
                                                         timeout=60)
        text = body if isinstance(body, str) else \
            json.dumps(body, ensure_ascii=False)
        now = time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())
        self.connection.request('POST', '/', text.encode(), {
            'Content-Type': 'application/x-amz-json-1.0',
            'X-Amz-Target': 'DynamoDB_20120810.' + action,
            'X-Amz-Date': now,
            'Authorization': 'AWS4-HMAC-SHA256 Credential=a/%s/us-east-1/'
            'dynamodb/aws4_request, SignedHeaders=host, Signature=%s'
            % (now[:8], '0' * 64)})
        answer = self.connection.getresponse()
        out = compare.Answer(answer.status, answer.read())
        if answer.getheader('Connection') == 'close':
            self.connection.close()
        return out

    def call(self, action, body):
        """What the run itself needs: it must not fail."""
        answer = self.post(action, body)
        if not answer.ok():
            sys.exit('differ: %s %s: %s' % (action, body, answer))
        return answer.body

    def wait(self, table, there=True):
        for _ in range(600):
            answer = self.post('DescribeTable', {'TableName': table})
            if not there and answer.status == 400:
                return
            if there and answer.ok():
                t = answer.body['Table']
                if {t['TableStatus']} | {
                        i['IndexStatus']
                        for i in t.get('GlobalSecondaryIndexes', [])
                        } == {'ACTIVE'}:
                    return
            time.sleep(.01)
        sys.exit('differ: %s does not become ready' % table)

    def pages(self, action, body, first):
        """Items and what was looked at, of all pages."""
        items, scanned, count, answer = [], 0, 0, first
        for _ in range(400):
            if not answer.ok():
                return answer, items, scanned, count
            items += answer.body.get('Items', [])
            scanned += answer.body['ScannedCount']
            count += answer.body['Count']
            last = answer.body.get('LastEvaluatedKey')
            if last is None:
                return None, items, scanned, count
            answer = self.post(action, dict(body, ExclusiveStartKey=last))
        sys.exit('differ: endless pages of %s %s' % (action, body))


class Run:
    def __init__(self, options):
        self.options = options
        self.peer = Server(options.peer)
        self.ours = Server(options.ours)
        self.both = self.peer, self.ours
        self.tables = []
        self.passed = self.failed = 0
        self.stuck = False  # the peer fell over
        self.seen = collections.Counter()
        self.kinds = collections.Counter()
        self.actions = collections.Counter()

    def make_tables(self, index):
        r = random.Random('%d tables %d' % (self.options.seed, index))
        self.tables = [asks.Table(r, 'differ_%d_%d_%d' % (os.getpid(), index, i))
                       for i in range(3)]
        for server in self.both:
            for table in self.tables:
                server.call('CreateTable', table.create())
            for table in self.tables:
                server.wait(table.name)

    def drop_tables(self):
        for server in self.both[self.stuck:]:
            for table in self.tables:
                server.call('DeleteTable', {'TableName': table.name})
            for table in self.tables:
                server.wait(table.name, False)

    # ---- One request --------------------------------------------------------

    def difference(self, action, body, a, b):
        """None, or what differs in words."""
        if not a.ok() or not b.ok():
            return None if compare.same_error(a, b) else 'answers'
        if action in ('Query', 'Scan'):
            return self.different_pages(action, body, a, b)
        if not compare.same_answer(action, a, b):
            return compare.where(compare.plain(a.body), compare.plain(b.body))
        if action in ('PutItem', 'UpdateItem', 'DeleteItem'):
            return self.different_items(body)
        return None

    def different_items(self, body):
        """What a write has made of its item."""
        table, = (t for t in self.tables if t.name == body['TableName'])
        key = {'TableName': table.name, 'ConsistentRead': True,
               'Key': body.get('Key') or table.key_of(body['Item'])}
        a, b = (compare.plain(server.call('GetItem', key))
                for server in self.both)
        return None if a == b else 'stored' + compare.where(a, b)

    def different_pages(self, action, body, a, b):
        """Pages of a Query of a table are alike one by one; those of a Scan,
        and of equal keys in an index, only all together, and segments too."""
        if 'TotalSegments' in body:
            sums = [compare.bag(i for n in range(int(body['TotalSegments']))
                                for i in self.segment(server, body, n))
                    for server in self.both]
            return None if sums[0] == sums[1] else 'other items in segments'
        if action == 'Query' and 'IndexName' not in body or \
                'Limit' not in body and 'ExclusiveStartKey' not in body:
            x, y = compare.plain(a.body), compare.plain(b.body)
            if action == 'Scan' or 'IndexName' in body:
                for side, answer in (x, a), (y, b):
                    if 'Items' in side:
                        side['Items'] = compare.bag(answer.body['Items'])
            return None if x == y else compare.where(x, y)
        if 'ExclusiveStartKey' in body:
            return None  # where it begins is each server's own matter
        e, items, scanned, count = self.peer.pages(action, body, a)
        f, items2, scanned2, count2 = self.ours.pages(action, body, b)
        if e is not None or f is not None:
            return 'on a later page: %s, ours %s' % (e, f)
        if (scanned, count) != (scanned2, count2):
            return 'scanned %d, counted %d; ours %d, %d' % (
                scanned, count, scanned2, count2)
        if compare.bag(items) != compare.bag(items2):
            return 'other items on all pages'
        return None

    @staticmethod
    def segment(server, body, n):
        body = {k: v for k, v in body.items() if k != 'ExclusiveStartKey'}
        body['Segment'] = n
        return server.pages('Scan', body, server.post('Scan', body))[1]

    def align(self, action, body):
        """After a write that came out differently: the keys it names hold the
        same again, nothing."""
        if action == 'CreateTable':
            name = body.get('TableName') if isinstance(body, dict) else None
            for server in self.both:
                if name not in [t.name for t in self.tables] and \
                        server.post('DescribeTable', {'TableName': name}).ok():
                    server.wait(name)
                    server.call('DeleteTable', {'TableName': name})
                    server.wait(name, False)
            return
        if action not in ('PutItem', 'UpdateItem', 'DeleteItem',
                          'BatchWriteItem'):
            return
        for table in self.tables:
            rows = [{compare.bag([table.key_of(i)])[0]: (table.key_of(i), i)
                     for i in self.everything(server, table)}
                    for server in self.both]
            for k in set(rows[0]) | set(rows[1]):
                if k in rows[0] and k in rows[1] and \
                        compare.plain(rows[0][k][1]) == \
                        compare.plain(rows[1][k][1]):
                    continue
                for server, row in zip(self.both, rows):
                    if k in row:
                        server.call('DeleteItem', {'TableName': table.name,
                                                   'Key': row[k][0]})

    def everything(self, server, table):
        body = {'TableName': table.name}
        return server.pages('Scan', body, server.post('Scan', body))[1]

    def one(self, index, action, body):
        a, b = self.peer.post(action, body), self.ours.post(action, body)
        self.actions[action, a.ok()] += 1
        self.stuck = a.status == 500
        what = self.difference(action, body, a, b)
        if what is None:
            self.passed += 1
        else:
            self.judge(index, action, body, a, b, what)
        if not self.stuck and (what is not None or action == 'CreateTable'):
            self.align(action, body)
        if action == 'UpdateTable' and (a.ok() or b.ok()):
            for server in self.both:
                server.wait(body['TableName'])

    def judge(self, index, action, body, a, b, what):
        entry = known.find(known.Case(action, body, a, b, what))
        if entry is not None:
            self.seen[entry.name] += 1
            self.passed += 1
            return
        self.failed += 1
        kind = (action, what if what == 'answers' else compare.simple(what),
                a.ok(), compare.simple(a.message), b.ok(),
                compare.simple(b.message))
        self.kinds[kind] += 1
        if self.kinds[kind] > (1 if self.options.kinds else 3):
            return
        text = body if isinstance(body, str) else \
            json.dumps(body, ensure_ascii=False)
        print('DIFFERS (request %d): %s %s' % (index, action, text[:3000]))
        if what != 'answers':
            print('    ' + what)
        print('    peer: %s\n    ours: %s' % (a, b), flush=True)

    def run(self):
        o = self.options
        for index in range(o.count):
            r = random.Random('%d %d' % (o.seed, index))
            if index % EPOCH == 0 or self.stuck:
                self.drop_tables()
                self.make_tables(index)
                self.stuck = False
            self.one(index, *asks.ask(r, self.tables))
        self.drop_tables()
        return self.report()

    def report(self):
        print('seed %d, %d requests:' % (self.options.seed, self.options.count))
        for (action, ok), n in sorted(self.actions.items()):
            print('  %-20s %-8s %6d' % (action, 'done' if ok else 'refused', n))
        print('known differences, how often they were met:')
        for entry in known.KNOWN:
            n = self.seen[entry.name]
            print('  %6s %s; right: %s' % (n or 'never', entry.name,
                                           entry.right))
        if self.options.kinds:
            for kind, n in self.kinds.most_common():
                print('%6d %s' % (n, kind))
        print('%d passed, %d failed' % (self.passed, self.failed))
        return self.failed != 0


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--count', type=int, default=3000)
    p.add_argument('--kinds', action='store_true')
    p.add_argument('peer')
    p.add_argument('ours')
    return Run(p.parse_args()).run()


sys.exit(main())
