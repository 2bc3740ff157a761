# SPDX-License-Identifier: MIT
"""Random attribute values, from small pools, so that what is written is found
again, compared with, and changed."""
import base64

STRINGS = ('a', 'b', 'ab', 'abc', 'B', 'z', 'a/1', 'a/2', '0', '10', '9', ' ',
           'ä', 'é', 'e\u0301', '日本', '~', '"\\', '\n', 'Straße', 'x' * 300)
NUMBERS = ('0', '1', '2', '3', '-1', '-2', '10', '9', '100', '1.5', '-1.5',
           '0.1', '0.001', '-0.001', '1e2', '1E-3', '+7', '007', '3.0', '-0',
           '12345678901234567890123456789012345678', '1E125', '-9.9E125',
           '1E-130', '0.1234567890123456789012345678901234567')
WRONG_NUMBERS = ('', 'x', '1.', '.5', '1e', '--1', '1 ', ' 1', '0x1', 'NaN',
                 'Infinity', '1E126', '-1E126', '1E-131', '1,5', '1_0',
                 '123456789012345678901234567890123456789')
BYTES = (b'\0', b'\1', b'\xff', b'a', b'ab', b'\0\1\2', b'\xff\xfe', b'x' * 99)

# Names of attributes, each with the type that it mostly has.
ATTRIBUTES = {'a': 'S', 'b': 'S', 'n': 'N', 'm': 'M', 'l': 'L', 'ss': 'SS',
              'ns': 'NS', 'bs': 'BS', 'bin': 'B', 'flag': 'BOOL',
              'nothing': 'NULL', 'name': 'S', 'size': 'N', 'a.b': 'S',
              'total cost': 'N', 'ä': 'S', 'count': 'N', 'deep': 'M',
              'list2': 'L', 'num2': 'N'}
TYPES = ('S', 'N', 'B', 'BOOL', 'NULL', 'L', 'M', 'SS', 'NS', 'BS')


def b64(raw):
    return base64.b64encode(raw).decode()


def scalar(r, kind):
    """The JSON inside of a S, N or B."""
    if kind == 'S':
        return r.choice(STRINGS)
    if kind == 'N':
        if r.random() < .4:
            return str(r.randrange(-20, 20))
        return r.choice(NUMBERS)
    return b64(r.choice(BYTES))


def value(r, kind=None, depth=0):
    """An attribute value that the service takes."""
    kind = kind or r.choice(TYPES)
    if kind in ('S', 'N', 'B'):
        return {kind: scalar(r, kind)}
    if kind == 'BOOL':
        return {kind: r.random() < .5}
    if kind == 'NULL':
        return {kind: True}
    if kind in ('L', 'M') and depth > 3:
        return {kind: [] if kind == 'L' else {}}
    if kind == 'L':
        return {kind: [value(r, None, depth + 1)
                       for _ in range(r.randrange(5))]}
    if kind == 'M':
        return {kind: {r.choice(('a', 'b', 'n', 'm', 'l', 'ss')):
                       value(r, None, depth + 1)
                       for _ in range(r.randrange(4))}}
    return {kind: members(r, kind)}


def members(r, kind):
    """Of a set: different ones, as the service sees them."""
    seen = {}
    for _ in range(r.randrange(1, 5)):
        one = scalar(r, kind[0])
        seen[float(one) if kind == 'NS' else one] = one
    return list(seen.values())


def wrong_value(r):
    """One that the service refuses, or one at the edge of that."""
    return r.choice((
        lambda: {'N': r.choice(WRONG_NUMBERS)},
        lambda: {'SS': []},
        lambda: {'NS': []},
        lambda: {'BS': []},
        lambda: {'SS': ['a', 'b', 'a']},
        lambda: {'NS': ['1', '2', '1.0']},
        lambda: {'BS': ['AA==', 'AQ==', 'AA==']},
        lambda: {'NS': ['1', r.choice(WRONG_NUMBERS)]},
        lambda: {'NULL': False},
        lambda: {'NULL': 'no'},
        lambda: {'BOOL': 'true'},
        lambda: {'S': 'a', 'N': '1'},
        lambda: {'N': '1', 'BOOL': False, 'S': 'x'},
        lambda: {},
        lambda: {'X': 'a'},
        lambda: {'S': 5},
        lambda: {'S': None},
        lambda: {'S': ['a']},
        lambda: {'S': {}},
        lambda: {'N': 5},
        lambda: {'N': 5.5},
        lambda: {'N': True},
        lambda: {'B': 'AAA'},
        lambda: {'B': 'A===='},
        lambda: {'B': 'AB=='},
        lambda: {'B': '!!!!'},
        lambda: {'B': 7},
        lambda: {'SS': 'a'},
        lambda: {'SS': {}},
        lambda: {'SS': [1]},
        lambda: {'SS': [None]},
        lambda: {'L': {}},
        lambda: {'L': 'a'},
        lambda: {'L': ['a']},
        lambda: {'L': [{}]},
        lambda: {'L': [{'N': r.choice(WRONG_NUMBERS)}]},
        lambda: {'L': [{'SS': []}]},
        lambda: {'M': []},
        lambda: {'M': 'a'},
        lambda: {'M': {'a': 'b'}},
        lambda: {'M': {'a': {}}},
        lambda: {'M': {'a': {'S': 'x', 'N': '1'}}},
        lambda: {'M': {'': {'S': 'a'}}},
        lambda: 'a',
        lambda: 5,
        lambda: None,
        lambda: [],
        lambda: {'S': ''},
        lambda: {'B': ''},
        lambda: {'L': [{'S': ''}]},
        lambda: {'SS': ['']},
        lambda: {'SS': ['a', '']},
        lambda: {'BS': ['']},
        lambda: nested(r.choice((30, 31, 32, 33))),
    ))()


def nested(depth):
    v = {'S': 'deep'}
    for i in range(depth):
        v = {'L': [v]} if i % 2 else {'M': {'a': v}}
    return v


def item(r, wrong=0.0):
    """Attributes beside a key."""
    it = {}
    for name in r.sample(list(ATTRIBUTES), r.randrange(1, 9)):
        kind = ATTRIBUTES[name] if r.random() < .85 else None
        it[name] = value(r, kind)
    if r.random() < wrong:
        it[r.choice(list(ATTRIBUTES))] = wrong_value(r)
    return it
