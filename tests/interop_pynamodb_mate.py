# SPDX-License-Identifier: MIT
"""pynamodb_mate and the store share a cache: each reads what the other has
written, and both take the same entries for expired.

Run by tests/with-server with a Python that has it."""
import json
import os
import time
from datetime import datetime, timezone
from importlib.metadata import version

os.environ['AWS_ENDPOINT_URL_DYNAMODB'] = os.environ['DDB_TEST_ENDPOINT']

from pynamodb_mate.patterns.cache.abstract import CacheRecord
from pynamodb_mate.patterns.cache.api import (
    JsonDictDynamodbCache, JsonListDynamodbCache)

from peer_store import Ours, check, report

REGION = os.environ['AWS_REGION']
STORE = 'pynamodb-mate'
if version('pynamodb_mate').startswith('5.'):
    STORE += '-5'  # which keeps values as base64
KEYS = ['k', 'a/b?c=d#e', 'äöüß', '日本語', '😀' * 256, 'x' * 1024]
DICTS = [{}, {'a': 1, 'b': [True, None, 1.5, 'é😀']},
         {'long': 'x' * 250000}]
LISTS = [[], [1, 'two', {'three': 3}], list(range(40000))]


def now():
    return datetime.now(timezone.utc).timestamp()


def theirs_to_us(cache, ours, values):
    for i, value in enumerate(values):
        cache.set('theirs%d' % i, value)
        got = ours.ask('get', 'theirs%d' % i)
        check('code', got['code'], 'DDB_OK')
        check('kind', got['kind'], 'bytes')
        check('value', json.loads(got['value']), value)
        check('never expires', got['expires_at'], 0)
        check('updated', abs(got['updated_at'] - now()) < 60, True)
    for key in KEYS:
        cache.set(key, values[0])
        check('has %.20r' % key, ours.code('has', key), 'DDB_OK')
    check('keys', sorted(ours.keys()),
          sorted(KEYS + ['theirs%d' % i for i in range(len(values))]))
    check('prefix', sorted(ours.keys('theirs')),
          ['theirs%d' % i for i in range(len(values))])
    check('count', ours.number('count'), len(KEYS) + len(values))
    check('delete', ours.code('delete', KEYS[0]), 'DDB_OK')
    check('deleted', cache.get(KEYS[0]), None)
    check('delete again', ours.code('delete', KEYS[0]), 'DDB_NOT_FOUND')


def ours_to_them(cache, ours, values):
    for i, value in enumerate(values):
        for kind in 'text', 'bytes':
            key = 'ours-%s-%d' % (kind, i)
            check('put', ours.code('put', key, kind=kind,
                                   value=json.dumps(value).encode()),
                  'DDB_OK')
            check('their get', cache.get(key), value)
    for key in KEYS:
        check('put', ours.code('put', key, value=b'[7]'), 'DDB_OK')
        item = cache.Table.get(key)
        check('record', (item.value, item.expire), (b'[7]', 0))
        check('time', abs(item.update_ts - now()) < 60, True)
    cache.set(KEYS[0], values[0])
    check('they replace', json.loads(ours.ask('get', KEYS[0])['value']),
          values[0])
    check('add', ours.code('add', KEYS[0], value=b'[1]'),
          'DDB_CONDITION_FAILED')
    check('their delete', ours.code('has', KEYS[1]), 'DDB_OK')
    cache.Table(KEYS[1]).delete()
    check('is seen', ours.code('has', KEYS[1]), 'DDB_NOT_FOUND')


def set_at(cache, key, expire, update_ts):
    """As their set() does it, at another time."""
    cache._set_record_to_backend(key, CacheRecord(
        value=b'{"v":1}', expire=expire, update_ts=update_ts))


def both_expire(cache, ours):
    """By their rule: now - update_ts < expire lives, 0 is never."""
    t = now()
    cases = {'never': (0, t - 1e9), 'live': (100, t - 50),
             'fraction': (100.5, t - 50), 'over': (40, t - 50),
             'just over': (50, t - 50), 'negative': (-1, t),
             'long over': (1, 1000), 'future': (10, t + 1000)}
    for name, (expire, update_ts) in cases.items():
        set_at(cache, name, expire, update_ts)
    time.sleep(1.1)  # which ends the second that 'just over' is in
    alive = {name for name in cases if cache.get(name) is not None}
    check('they say', alive, {'never', 'live', 'fraction', 'future'})
    check('we list', set(ours.keys()), alive)
    check('we count', ours.number('count'), len(alive))
    for name in cases:
        want = 'DDB_OK' if name in alive else 'DDB_NOT_FOUND'
        check('get %s' % name, ours.code('get', name), want)
        check('has %s' % name, ours.code('has', name), want)
    check('when', ours.ask('get', 'live')['expires_at'] - (t + 50) < 1, True)
    check('delete of an expired one', ours.code('delete', 'just over'),
          'DDB_NOT_FOUND')
    check('add over a live one', ours.code('add', 'live', value=b'{}'),
          'DDB_CONDITION_FAILED')
    check('add over an expired one',
          ours.code('add', 'negative', value=b'{"new":1}', ttl=100), 'DDB_OK')
    check('is theirs too', cache.get('negative'), {'new': 1})
    alive.add('negative')

    check('put', ours.code('put', 'short', value=b'{}', ttl=1), 'DDB_OK')
    check('put', ours.code('put', 'longer', value=b'{}', ttl=60), 'DDB_OK')
    item = cache.Table.get('longer')
    check('expire is seconds', item.expire, 60)
    check('lives for them', cache.get('longer'), {})
    time.sleep(2.1)
    check('over for them', cache.get('short'), None)
    check('over for us', ours.code('get', 'short'), 'DDB_NOT_FOUND')
    check('clear_expired', ours.number('clear_expired'), 3)
    check('is exact', {i.key for i in cache.Table.scan()}, alive | {'longer'})
    check('again', ours.number('clear_expired'), 0)


def make(cache_class, name, theirs_first):
    """A table that one of the two has made."""
    if theirs_first:
        cache = cache_class(table_name=name, region=REGION)
        ours = Ours(STORE, name)
    else:
        ours = Ours(STORE, name)
        check('made', ours.number('count'), 0)
        cache = cache_class(table_name=name, region=REGION, create=True)
    return cache, ours


for first in True, False:
    name = 'mate_%d_%d' % (os.getpid(), first)
    cache, ours = make(JsonDictDynamodbCache, name, first)
    theirs_to_us(cache, ours, DICTS)
    ours_to_them(cache, ours, DICTS)
    n = sum(1 for _ in cache.Table.scan())
    check('clear', ours.number('clear'), n)
    check('is empty for them', sum(1 for _ in cache.Table.scan()), 0)
    both_expire(cache, ours)
    cache.clear_all()
    check('their clear', ours.number('count'), 0)
    ours.close()
    cache.Table.delete_table()
lists, ours = make(JsonListDynamodbCache, 'mate_%d_list' % os.getpid(), True)
theirs_to_us(lists, ours, LISTS)
ours_to_them(lists, ours, LISTS)
ours.close()
lists.Table.delete_table()
report()
