# SPDX-License-Identifier: MIT
"""Random expressions from DynamoDB's grammar, with the names and values that
they use; some are then spoilt.  Values fit what values.py puts into items, so
that conditions hold about as often as not."""
import base64
from decimal import Decimal

import values

WORDS = ('size', 'name', 'count', 'a.b', 'total cost', 'ä')  # want a "#name"
COMPARE = ('=', '=', '=', '<>', '<', '<=', '>', '>=')


class Scope:
    """Names and values of one request, shared by its expressions."""

    def __init__(self, r, keys=()):
        self.r = r
        self.keys = keys
        self.names = {}
        self.values = {}

    def name(self, attribute):
        """As it stands in an expression."""
        r = self.r
        plain = attribute.isidentifier() and attribute.isascii()
        if plain and attribute not in WORDS and r.random() < .7:
            return attribute
        if r.random() < .01:
            return attribute
        for known, whole in self.names.items():
            if whole == attribute:
                return known
        placeholder = '#' + r.choice('abnkxyz') + str(len(self.names))
        self.names[placeholder] = attribute
        return placeholder

    def value(self, v):
        for known, whole in self.values.items():
            if whole == v and self.r.random() < .9:
                return known
        placeholder = ':' + self.r.choice('vwxyz') + str(len(self.values))
        self.values[placeholder] = v
        return placeholder

    def of(self, kind):
        return self.value(values.value(self.r, kind))

    def put_into(self, request):
        if self.names:
            request['ExpressionAttributeNames'] = self.names
        if self.values:
            request['ExpressionAttributeValues'] = self.values
        r = self.r
        if r.random() < .02:  # one that no expression uses
            request.setdefault('ExpressionAttributeNames', {})['#unused'] = 'a'
        if r.random() < .02:
            request.setdefault('ExpressionAttributeValues', {})[':unused'] = \
                values.value(r)
        if r.random() < .01 and self.names:
            request['ExpressionAttributeNames'].pop(r.choice(list(self.names)))
        if r.random() < .01 and self.values:
            request['ExpressionAttributeValues'].pop(
                r.choice(list(self.values)))
        if r.random() < .01:
            request['ExpressionAttributeNames'] = r.choice((
                {}, {'#a': ''}, {'a': 'a'}, {'#': 'a'}, {'#a b': 'a'}, 'x', []))
        if r.random() < .01:
            request['ExpressionAttributeValues'] = r.choice((
                {}, {':a': values.wrong_value(r)}, {'a': {'S': 'a'}},
                {':': {'S': 'a'}}, {':a-b': {'S': 'a'}}, 'x', []))


def attribute(s, keys=.15):
    if s.keys and s.r.random() < keys:
        return s.r.choice(s.keys)
    return s.r.choice(list(values.ATTRIBUTES))


def path(s, start=None):
    r = s.r
    name = start or attribute(s)
    text = s.name(name)
    kind = values.ATTRIBUTES.get(name)
    steps = r.choice((0, 1, 1, 2, 3)) if kind in ('M', 'L') else \
        r.random() < .05
    for _ in range(int(steps)):
        if (kind == 'L') != (r.random() < .1):
            text += '[%d]' % r.choice((0, 0, 1, 1, 2, 3, 7))
        else:
            text += '.' + s.name(r.choice(('a', 'b', 'n', 'm', 'l', 'ss')))
        kind = r.choice('ML')
    return text


def operand(s, kind=None):
    """Something to compare with: a value mostly of that type."""
    r = s.r
    if r.random() < .1:
        return path(s)
    if r.random() < .08:
        return 'size(%s)' % path(s)
    return s.of(kind if r.random() < .9 else None)


def bounds(s, low, high):
    """Of a BETWEEN, mostly the lower one first."""
    (kind, a), (other, b) = *low.items(), *high.items()
    if kind == other and kind in ('S', 'N', 'B') and s.r.random() < .9:
        order = {'S': str.encode, 'N': Decimal, 'B': base64.b64decode}[kind]
        if order(a) > order(b):
            low, high = high, low
    return s.value(low), s.value(high)


def comparison(s):
    r = s.r
    name = attribute(s)
    kind = values.ATTRIBUTES.get(name, 'S')
    left = path(s, name)
    if '[' in left or '.' in left:
        kind = r.choice(values.TYPES)
    if r.random() < .12:
        left, kind = 'size(%s)' % left, 'N'
    what = r.random()
    if what < .6:
        return '%s %s %s' % (left, r.choice(COMPARE), operand(s, kind))
    if what < .8:
        if r.random() < .7:
            return '%s BETWEEN %s AND %s' % ((left,) + bounds(
                s, values.value(r, kind), values.value(r, kind)))
        return '%s BETWEEN %s AND %s' % (left, operand(s, kind),
                                         operand(s, kind))
    return '%s IN (%s)' % (left, ', '.join(
        operand(s, kind) for _ in range(r.randrange(1, 5))))


def function(s):
    r = s.r
    what = r.randrange(5)
    if what == 0:
        return 'attribute_exists(%s)' % path(s)
    if what == 1:
        return 'attribute_not_exists(%s)' % path(s)
    if what == 2:
        kind = r.choice(values.TYPES) if r.random() < .95 else \
            r.choice(('X', '', 's', 'STRING'))
        return 'attribute_type(%s, %s)' % (path(s), s.value({'S': kind}))
    if what == 3:
        return 'begins_with(%s, %s)' % (path(s), operand(s, r.choice('SSB')))
    return 'contains(%s, %s)' % (path(s), operand(s, r.choice('SSNB')))


def condition(s, depth=0):
    r = s.r
    what = r.random()
    if depth > 4 or what < .5:
        return comparison(s)
    if what < .72:
        return function(s)
    if what < .82:
        return '%s AND %s' % (condition(s, depth + 1), condition(s, depth + 1))
    if what < .9:
        return '%s OR %s' % (condition(s, depth + 1), condition(s, depth + 1))
    if what < .95:
        return 'NOT %s' % condition(s, depth + 1)
    return '(%s)' % condition(s, depth + 1)


def fresh(s, taken, keys=.15):
    """An attribute, mostly none that was taken before."""
    name = attribute(s, keys)
    while name in taken and s.r.random() < .97:
        name = attribute(s, keys)
    taken.append(name)
    return name


def projection(s):
    taken = []
    return ', '.join(path(s, fresh(s, taken))
                     for _ in range(s.r.randrange(1, 5)))


def set_value(s, kind, target):
    r = s.r
    what = r.random()
    if what < .55:
        return s.of(kind)
    if what < .65:
        return path(s)
    if what < .75:
        return 'if_not_exists(%s, %s)' % (path(s), s.of(kind))
    if what < .85:
        first = target if r.random() < .5 else operand(s, 'L')
        return 'list_append(%s, %s)' % (first, operand(s, 'L'))
    first = target if r.random() < .6 else operand(s, 'N')
    return '%s %s %s' % (first, r.choice('+-'), operand(s, 'N'))


def update(s):
    r = s.r
    sections, taken = [], []
    for section in r.sample(('SET', 'REMOVE', 'ADD', 'DELETE'),
                            r.choice((1, 1, 1, 2, 2, 3))):
        clauses = []
        for _ in range(r.choice((1, 1, 2, 3))):
            name = fresh(s, taken, .01)
            usual = {'ADD': ('n', 'num2', 'ss', 'ns', 'bs'),
                     'DELETE': ('ss', 'ns', 'bs')}.get(section)
            if usual and r.random() < .85:
                free = [u for u in usual if u not in taken] or usual
                taken[-1] = name = r.choice(free)
            kind = values.ATTRIBUTES.get(name, 'S')
            target = path(s, name)
            if section == 'SET':
                clauses.append('%s = %s' % (target,
                                            set_value(s, kind, target)))
            elif section == 'REMOVE':
                clauses.append(target)
            else:
                clauses.append('%s %s' % (target, s.of(kind)))
        sections.append(section + ' ' + ', '.join(clauses))
    if r.random() < .02:
        sections.append(r.choice(sections))
    return ' '.join(sections)


def key_condition(s, pk, sk, pk_value, sk_values):
    """pk and sk: name and type; sk None: there is none."""
    r = s.r
    text = '%s = %s' % (s.name(pk[0]), s.value(pk_value))
    if r.random() < .03:
        text = '%s %s %s' % (s.name(pk[0]), r.choice(('<', '<>', '>=')),
                             s.value(pk_value))
    if sk is None or r.random() < .35:
        return text if r.random() < .98 else comparison(s)
    name = s.name(sk[0])
    what = r.random()
    if what < .55:
        second = '%s %s %s' % (name, r.choice(('=', '<', '<=', '>', '>=')),
                               s.value(sk_values[0]))
    elif what < .8:
        second = '%s BETWEEN %s AND %s' % ((name,) +
                                           bounds(s, *sk_values))
    elif what < .95:
        second = 'begins_with(%s, %s)' % (name, s.value(sk_values[0]))
    else:
        second = r.choice((comparison, function))(s)
    if r.random() < .05:
        second = '(%s)' % second
    both = (text, second) if r.random() < .7 else (second, text)
    return '%s %s %s' % (both[0], 'AND' if r.random() < .97 else 'OR', both[1])


JUNK = ('AND', 'OR', 'NOT', '(', ')', ',', '=', '<', '.', '[0]', '[', ']', '+',
        '#', ':', ':none', '#none', 'name', 'size', 'foo(a)', 'size(a)', 'SET',
        'REMOVE', 'BETWEEN', 'IN', '1', '"a"', "'a'", '%', 'ä', 'a.', '.a',
        'contains', 'attribute_exists', 'begins_with(a, a)', '[99999999999]')


def spoil(r, text):
    """Change a word or two of it."""
    words = text.replace('(', ' ( ').replace(')', ' ) ').replace(
        ',', ' , ').split()
    for _ in range(r.choice((1, 1, 2))):
        if not words:
            return ''
        i = r.randrange(len(words))
        what = r.randrange(5)
        if what == 0:
            del words[i]
        elif what == 1:
            words.insert(i, r.choice(JUNK))
        elif what == 2:
            words[i] = r.choice(JUNK)
        elif what == 3:
            words.insert(i, words[r.randrange(len(words))])
        else:
            k = r.randrange(len(words))
            words[i], words[k] = words[k], words[i]
    return ' '.join(words)


def maybe_spoilt(r, text):
    what = r.random()
    if what < .06:
        return spoil(r, text)
    if what < .08:
        return r.choice(('', ' ', text + ')', '(' + text, text[:-1], text + ',',
                         text.lower(), text.upper(),
                         text.replace(' ', '  '), ' ' + text + '\n'))
    return text
