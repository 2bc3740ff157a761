#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A little HTTP server for examples/fetch: it prints its address, and each
page says how often it was asked for.  It ends with its standard input."""
import http.server
import sys
import threading
import time
from email.utils import formatdate

OLD = 1e9


def kept(seconds):
    return {'Cache-Control': 'max-age=%d' % seconds}


# Status, and headers as they are at the time.
PAGES = {
    '/page': lambda: (200, kept(600)),
    '/quoted': lambda: (200, {'Cache-Control': 'x="no-store, a", Max-Age=600'}),
    '/expires': lambda: (200, {'Expires': formatdate(time.time() + 600)}),
    '/shared': lambda: (200, {'Cache-Control': 'max-age=0, s-maxage=600'}),
    '/short': lambda: (200, kept(1)),
    '/empty': lambda: (200, kept(600)),
    '/large': lambda: (200, kept(600)),
    '/no-store': lambda: (200, {'Cache-Control': 'max-age=600, no-store'}),
    '/no-cache': lambda: (200, {'Cache-Control': 'No-Cache, max-age=600'}),
    '/private': lambda: (200, {'Cache-Control': 'private="a", max-age=600'}),
    '/aged': lambda: (200, {'Age': '600', **kept(600)}),
    '/dated': lambda: (200, {'Date': formatdate(OLD, usegmt=True),
                             **kept(600)}),
    '/over': lambda: (200, {'Expires': formatdate(OLD, usegmt=True)}),
    '/over-0': lambda: (200, {'Expires': '0'}),
    '/varies': lambda: (200, {'Vary': '*', **kept(600)}),
    '/silent': lambda: (200, {}),
    '/wrong': lambda: (200, {'Cache-Control': 'max-age=soon'}),
    '/missing': lambda: (404, kept(600)),
    '/moved': lambda: (301, {'Location': '/moved-again', **kept(600)}),
    '/moved-again': lambda: (302, {'Location': '/page', **kept(600)}),
    '/moved-for-now': lambda: (307, {'Location': '/page'}),
    '/circle': lambda: (301, {'Location': '/circle', **kept(600)}),
    '/away': lambda: (302, {'Location': 'file:///etc/passwd'}),
}


class Handler(http.server.BaseHTTPRequestHandler):
    asked = {}

    def do_GET(self):
        n = self.asked[self.path] = self.asked.get(self.path, 0) + 1
        status, headers = PAGES[self.path]()
        body = b'' if self.path == '/empty' else \
            b'%s, %d\n' % (self.path.encode(), n)
        if self.path == '/large':  # than an item can be
            body += b'0123456\n' * 100000
        headers.setdefault('Date', formatdate(usegmt=True))
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def main():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    print('http://127.0.0.1:%d' % server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


main()
