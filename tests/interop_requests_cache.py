# SPDX-License-Identifier: MIT
"""requests-cache and the store share a cache: each reads what the other has
written, entries of ours are hits of a session of theirs, and both take the
same ones for expired.

Run by tests/with-server with a Python that has it, of before 1.0 (namespaces
and keys) or later (keys alone); no argument tells, the release does."""
import base64
import gzip
import http.server
import json
import os
import threading
import time
from importlib.metadata import version

import boto3
from botocore.config import Config
from requests import Request
from requests_cache import CachedSession
from requests_cache.backends.dynamodb import DynamoDbCache, DynamoDbDict

from peer_store import Ours, check, report

OLD = version('requests-cache').startswith('0.')
TABLE = 'requests_%d' % os.getpid()
FUTURE = 4102444800
PICTURE = bytes(range(256)) * 64
resource = boto3.resource('dynamodb', config=Config(proxies={}),
                          endpoint_url=os.environ['DDB_TEST_ENDPOINT'])


# ---- What is cached ---------------------------------------------------------

class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    asked = []
    # Without numbers in JSON: those are Decimals when they come back, which
    # requests-cache 1.x takes for no JSON.
    pages = {
        '/json': ('application/json', b'{"a": [null, true, "\xc3\xa9"]}'),
        '/list': ('application/json', b'["1", {"b": {}}]'),
        '/text': ('text/plain; charset=utf-8', 'äöü 日本語 😀\n'.encode()),
        '/html': ('text/html', b'<p>' + b'x' * 100000),
        '/picture': ('image/png', PICTURE),
        '/empty': ('text/plain', b''),
        '/gzip': ('application/octet-stream', PICTURE),
        '/end': ('text/plain', b'the end'),
    }

    def do_GET(self):
        self.asked.append(self.path)
        if self.path == '/redirect':
            self.send_response(302)
            self.send_header('Location', '/end')
            kind, body = 'text/plain', b''
        else:
            kind, body = self.pages[self.path]
            self.send_response(200)
        if self.path == '/gzip':
            body = gzip.compress(body)
            self.send_header('Content-Encoding', 'gzip')
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Pages)
threading.Thread(target=server.serve_forever, daemon=True).start()
BASE = 'http://127.0.0.1:%d' % server.server_port


def session(table, **more):
    s = CachedSession(backend=DynamoDbCache(table, connection=resource,
                                            **more), expire_after=3600)
    s.trust_env = False
    return s


def dictionary(table, name, **more):
    """One of their dicts."""
    if OLD:
        return DynamoDbDict(table, name, connection=resource, **more)
    return DynamoDbDict(table, connection=resource, **more)


def open_ours(table, name):
    return Ours('requests-cache', table, *([name] if OLD else []))


def key_of(s, path):
    return s.cache.create_key(Request('GET', BASE + path).prepare())


def check_hit(s, path, want_hit):
    """A look-up is a hit or not, and gives the same in any case."""
    Pages.asked.clear()
    got = s.get(BASE + path)
    what = 'hit' if want_hit else 'miss'
    check('%s is a %s' % (path, what), getattr(got, 'from_cache', False),
          want_hit)
    check('%s: asked' % path, bool(Pages.asked), not want_hit)
    if path != '/redirect':
        check('%s: bytes' % path, got.content, Pages.pages[path][1])
    check('%s: status' % path, got.status_code, 200)
    return got


def same_bytes(s):
    """Text is kept decoded by later releases, and JSON is written anew."""
    for path in Pages.pages:
        got = s.get(BASE + path)
        check('%s from the cache' % path, got.from_cache, True)
        if path in ('/json', '/list'):
            check(path, got.json(), json.loads(Pages.pages[path][1]))
        else:
            check(path, got.content, Pages.pages[path][1])


# ---- Their entries ----------------------------------------------------------

def they_write(s, ours, kind):
    """A session fills its cache, we read and move what is in it."""
    for path in Pages.pages:
        got = s.get(BASE + path)
        check('%s is new' % path, got.from_cache, False)
    responses = s.cache.responses
    keys = sorted(responses.keys())
    check('keys', sorted(ours.keys()), keys)
    check('count', ours.number('count'), len(Pages.pages))
    check('prefix', ours.keys(keys[0]), [keys[0]])
    for path in Pages.pages:
        key = key_of(s, path)
        got = ours.ask('get', key)
        check('get %s' % path, (got['code'], got.get('kind')),
              ('DDB_OK', kind))
        if kind == 'document':
            value = json.loads(got['value'])['M']
            check('url', value['url'], {'S': BASE + path})
            check('status', value['status_code'], {'N': '200'})
            check('expires', got['expires_at'], responses[key].expires_unix)
        elif kind == 'text':
            check('url', json.loads(got['value'])['url'], BASE + path)
        check('copy', ours.code('copy', key, to='copy of ' + path), 'DDB_OK')
        theirs, copied = responses[key], responses['copy of ' + path]
        check('their copy of %s' % path, copied.content, theirs.content)
        check('headers', dict(copied.headers), dict(theirs.headers))
        # In its own place, of our version now.
        check('over', ours.code('copy', 'copy of ' + path, to=key), 'DDB_OK')
        check('delete', ours.code('delete', 'copy of ' + path), 'DDB_OK')
        check('they see it gone', 'copy of ' + path in responses, False)
    same_bytes(s)
    key = key_of(s, '/text')
    check('we delete', ours.code('delete', key), 'DDB_OK')
    check_hit(s, '/text', False)
    check_hit(s, '/text', True)
    del responses[key]
    check('they delete', ours.code('get', key), 'DDB_NOT_FOUND')
    check('twice', ours.code('delete', key), 'DDB_NOT_FOUND')
    try:
        responses[key]
        check('KeyError', False, True)
    except KeyError:
        check('KeyError', True, True)


# ---- Our entries ------------------------------------------------------------

def stamp(at):
    return time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(at)) + (
        '' if OLD else '+00:00')


def document(value):
    """DynamoDB JSON of it."""
    if isinstance(value, dict):
        return {'M': {k: document(v) for k, v in value.items()}}
    if isinstance(value, list):
        return {'L': [document(v) for v in value]}
    if isinstance(value, bytes):
        return {'B': base64.b64encode(value).decode()}
    if isinstance(value, int):
        return {'N': str(value)}
    return {'S': value}


def answer(path, body, expires):
    """An answer as they keep it, but for its coding."""
    now = time.time()
    return {'url': BASE + path, 'status_code': 200, 'reason': 'OK',
            'encoding': 'utf-8', 'created_at': stamp(now),
            'expires': stamp(expires), 'elapsed': 1, 'cookies': {},
            'history': [], 'headers': {'Content-Type': 'text/plain'},
            '_content': body,
            'request': {'method': 'GET', 'url': BASE + path, 'body': b'',
                        'headers': {}, 'cookies': {}}}


def we_write_documents(s, ours):
    """Made by us from the first byte to the last: a hit of theirs."""
    key = key_of(s, '/made')
    text = json.dumps(document(answer('/made', b'made in C',
                                      time.time() + 100))).encode()
    check('put', ours.code('put', key, kind='document', value=text, ttl=100),
          'DDB_OK')
    Pages.asked.clear()
    got = s.get(BASE + '/made')
    check('a hit', (got.from_cache, got.content, Pages.asked),
          (True, b'made in C', []))
    check('not expired', got.is_expired, False)
    check('expires', abs(got.expires_delta - 100) < 10, True)
    check('add', ours.code('add', key, kind='document', value=text),
          'DDB_CONDITION_FAILED')
    check('delete', ours.code('delete', key), 'DDB_OK')
    check('bad document', ours.code('put', key, kind='document',
                                    value=b'{"M":{"a":1}}'), 'DDB_INVALID')


def we_write_json(s, ours):
    """The same as their JSON."""
    key = key_of(s, '/made')
    made = answer('/made', '', time.time() + 100)
    made['_content'] = (base64.b85encode if OLD else base64.b64encode)(
        b'made in C').decode()
    made['request']['body'] = ''
    made['elapsed'] = 1.0
    text = json.dumps(made).encode()
    check('put', ours.code('put', key, kind='text', value=text), 'DDB_OK')
    Pages.asked.clear()
    got = s.get(BASE + '/made')
    check('a hit', (got.from_cache, got.content, Pages.asked),
          (True, b'made in C', []))
    check('delete', ours.code('delete', key), 'DDB_OK')


# ---- Expiry -----------------------------------------------------------------

def both_expire(s, ours):
    """Releases from 1.0 on tell it in ttl, and switch the table's TTL on,
    which would have ddb-local delete what has expired."""
    resource.meta.client.update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification={'AttributeName': 'ttl',
                                                  'Enabled': False})
    s.cache.responses.bulk_delete(
        [key_of(s, path) for path in ('/text', '/list', '/end')])
    s.get(BASE + '/text', expire_after=1)
    s.get(BASE + '/list', expire_after=-1)  # never
    s.get(BASE + '/end', expire_after=100)
    text, never, end = (key_of(s, p) for p in ('/text', '/list', '/end'))
    check('never', ours.ask('get', never)['expires_at'], 0)
    check('later', ours.ask('get', end)['expires_at'],
          s.cache.responses[end].expires_unix)
    check('put', ours.code('put', 'ours', value=b'v', ttl=1), 'DDB_OK')
    item = s.cache.responses._table.get_item(Key={'key': 'ours'})['Item']
    check('ttl', abs(int(item['ttl']) - time.time()) < 10, True)
    n = ours.number('count')
    time.sleep(2.6)  # they round to the nearest second
    check('over for them', s.cache.responses[text].is_expired, True)
    check('over for us', ours.code('get', text), 'DDB_NOT_FOUND')
    check('not there', ours.code('has', text), 'DDB_NOT_FOUND')
    check('not deleted', ours.code('delete', text), 'DDB_NOT_FOUND')
    check('not listed', text in ours.keys(), False)
    check('not counted', ours.number('count'), n - 2)
    check('clear_expired', ours.number('clear_expired'), 2)
    check('it is gone', text in s.cache.responses, False)
    check('the rest is not', {never, end} <= set(s.cache.responses.keys()),
          True)
    check('add', ours.code('add', text, value=b'v', ttl=1), 'DDB_OK')
    time.sleep(2.1)
    check('add over it', ours.code('add', text, value=b'w'), 'DDB_OK')
    check('delete', ours.code('delete', text), 'DDB_OK')


# ---- Both releases ----------------------------------------------------------

def old_release():
    s = session(TABLE)
    ours = open_ours(TABLE, 'responses')
    redirects = open_ours(TABLE, 'redirects')
    they_write(s, ours, 'bytes')
    s.get(BASE + '/redirect')
    check('redirects', redirects.keys(), list(s.cache.redirects.keys()))
    (key,) = s.cache.redirects.keys()
    Pages.asked.clear()
    check('a redirect', s.get(BASE + '/redirect').content, b'the end')
    check('copy', redirects.code('copy', key, to='another'), 'DDB_OK')
    check('their copy', s.cache.redirects['another'],
          s.cache.redirects[key])
    check('put with ttl', ours.code('put', 'gone', value=b'v', ttl=1),
          'DDB_OK')
    time.sleep(2.1)
    check('is over', ours.code('has', 'gone'), 'DDB_NOT_FOUND')
    check('clear_expired', ours.number('clear_expired'), 1)
    n = len(s.cache.responses)
    check('clear', ours.number('clear'), n)
    check('is empty', len(s.cache.responses), 0)
    check('redirects stay', len(s.cache.redirects), 2)
    s.cache.clear()
    check('they clear', redirects.number('count'), 0)
    with_json = session(TABLE, serializer='json')
    they_write(with_json, ours, 'text')
    we_write_json(with_json, ours)
    s = with_json
    s.cache.redirects[key] = key_of(s, '/end')
    check('as JSON', json.loads(redirects.ask('get', key)['value']),
          s.cache.redirects[key])
    check('we redirect', redirects.code(
        'put', key_of(s, '/elsewhere'), kind='text',
        value=json.dumps(key_of(s, '/html')).encode()), 'DDB_OK')
    got = s.get(BASE + '/elsewhere')
    check('they follow', (got.from_cache, got.url), (True, BASE + '/html'))
    ours.close()
    redirects.close()


def new_release():
    s = session(TABLE)
    ours = open_ours(TABLE, None)
    they_write(s, ours, 'document')
    we_write_documents(s, ours)
    both_expire(s, ours)
    n = sum(1 for _ in s.cache.responses)
    check('clear', ours.number('clear'), n)
    check('is empty', list(s.cache.responses), [])
    for serializer, kind in ('json', 'text'), ('pickle', 'bytes'):
        other = session(TABLE, serializer=serializer)
        they_write(other, ours, kind)
        if kind == 'text':
            we_write_json(other, ours)
        s.cache.clear()
        check('they clear', ours.number('count'), 0)
    plain = dictionary(TABLE, None, serializer=None)
    plain['redirect'] = 'to another'
    got = ours.ask('get', 'redirect')
    check('plain text', (got['kind'], got['value']), ('text', b'to another'))
    check('put', ours.code('put', 'ours', kind='text', value='é'.encode()),
          'DDB_OK')
    check('plain text of ours', plain['ours'], 'é')
    plain['list'] = ['a', 1]
    check('a list', json.loads(ours.ask('get', 'list')['value']),
          {'L': [{'S': 'a'}, {'N': '1'}]})
    check('number', ours.code('put', 'n', kind='number', value=b'42'),
          'DDB_OK')
    check('number of ours', plain['n'], 42)
    ours.close()
    # A table that we have made, with its TTL on.
    ours = open_ours(TABLE + '_ours', None)
    theirs = session(TABLE + '_ours')
    theirs.get(BASE + '/end')
    check('in our table', ours.number('count'), 1)
    ours.close()


if OLD:
    old_release()
else:
    new_release()
server.shutdown()
report()
