# SPDX-License-Identifier: MIT
"""Two servers' answers, brought into one form: items as maps without an order,
numbers as numbers, sets as sets, and nothing that tells time and place."""
import json
import re
from decimal import Context, Decimal, InvalidOperation

# Of a description: when, where, how much of it.
FLEETING = {'CreationDateTime', 'TableId', 'LastIncreaseDateTime', 'LastDecreaseDateTime', 'TableSizeBytes',
            'IndexSizeBytes', 'ItemCount', 'LastUpdateToPayPerRequestDateTime',
            'NumberOfDecreasesToday', 'SizeEstimateRangeGB'}
STATUS = {'CREATING', 'UPDATING', 'DELETING', 'ACTIVE'}
NAMED = {'AttributeDefinitions', 'GlobalSecondaryIndexes', 'NonKeyAttributes',
         'LocalSecondaryIndexes', 'ConsumedCapacity', 'Tags'}


DIGITS = Context(prec=60)


def number(text):
    """The same text for the same number."""
    try:
        return str((Decimal(text) + 0 if Decimal(text) == 0 else
                    Decimal(text)).normalize(DIGITS))
    except InvalidOperation:
        return text


def as_text(node):
    return json.dumps(node, sort_keys=True, default=str)


def plain(node, name=None):
    """Comparable: what has no order is sorted."""
    if isinstance(node, dict):
        if len(node) == 1:
            (kind, inner), = node.items()
            if kind == 'N' and isinstance(inner, str):
                return {'N': number(inner)}
            if kind == 'NS' and isinstance(inner, list):
                return {'NS': sorted(map(number, inner), key=repr)}
            if kind in ('SS', 'BS') and isinstance(inner, list):
                return {kind: sorted(inner, key=repr)}
        return {k: plain(v, k) for k, v in node.items() if k not in FLEETING}
    if isinstance(node, list):
        node = [plain(v) for v in node]
        return sorted(node, key=as_text) if name in NAMED else node
    if isinstance(node, float):
        return int(node) if node == int(node) else node
    if name in ('TableStatus', 'IndexStatus') and node in STATUS:
        return 'a status'
    return node


class Answer:
    def __init__(self, status, raw):
        self.status = status
        self.raw = raw
        try:
            self.body = json.loads(raw)
        except ValueError:
            self.body = None
        self.type = self.message = None
        if status != 200 and isinstance(self.body, dict):
            self.type = self.body.get('__type')
            self.message = self.body.get('message', self.body.get('Message'))

    def ok(self):
        return self.status == 200

    def __str__(self):
        if self.ok():
            return '200 ' + self.raw.decode('utf-8', 'replace')[:1500]
        return '%d %s: %s' % (self.status, self.type, self.message)


def bag(items):
    """Items without an order."""
    return sorted(as_text(plain(i)) for i in items)


def same_error(a, b):
    return (a.status, a.type, a.message) == (b.status, b.type, b.message)


def same_answer(action, a, b):
    """Of two successes."""
    x, y = plain(a.body), plain(b.body)
    if action == 'BatchGetItem' and isinstance(x, dict):
        for side in (x, y):
            for table, items in side.get('Responses', {}).items():
                side['Responses'][table] = bag(items)
    if action == 'ListTables':
        return True  # other runs may have tables too
    return x == y


def where(a, b, path=''):
    """The first place where two plain values differ, for the reader."""
    if isinstance(a, dict) and isinstance(b, dict):
        for k in sorted(set(a) | set(b), key=str):
            if k not in a or k not in b:
                return '%s.%s is only in %s' % (path, k,
                                                'ours' if k in b else 'the peer\'s')
            if a[k] != b[k]:
                return where(a[k], b[k], '%s.%s' % (path, k))
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (v, w) in enumerate(zip(a, b)):
            if v != w:
                return where(v, w, '%s[%d]' % (path, i))
    return '%s: %.300s, ours %.300s' % (path, a, b)


def simple(message):
    """A message without what varies, to count kinds of differences."""
    text = re.sub(r'\{[^{}]*\}', '{}', message or '')
    text = re.sub(r"'[^']*'", "''", text)
    text = re.sub(r'"[^"]*"', '""', text)
    text = re.sub(r'(operand|name|path|token|near|operator|type)s?: [^;,]*',
                  r'\1: ', text)
    return re.sub(r'[-+.\d]+', '0', text)[:160]
