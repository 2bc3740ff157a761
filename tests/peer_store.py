# SPDX-License-Identifier: MIT
"""Our store beside the one of a Python program, for interop_*.py: a kv_peer
process, and claims.  O is the folder of programs."""
import base64
import json
import os
import shlex
import subprocess
import sys

passed = failed = 0


def check(what, got, want):
    global passed, failed
    if got == want:
        passed += 1
    else:
        failed += 1
        print('FAILED: %s: %.300r, not %.300r' % (what, got, want))


def report():
    print('%d passed, %d failed' % (passed, failed))
    sys.exit(failed != 0)


class Ours:
    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            shlex.split(os.environ.get('TEST_WRAPPER', '')) +
            [os.environ.get('O', 'build') + '/tests/kv_peer', *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, do, key=None, **more):
        """The answer, whose value is bytes."""
        if 'value' in more:
            more['value'] = base64.b64encode(more['value']).decode()
        line = json.dumps({'do': do, 'key': key, **more})
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if 'value' in answer:
            answer['value'] = base64.b64decode(answer['value'])
        return answer

    def code(self, do, key=None, **more):
        return self.ask(do, key, **more)['code']

    def number(self, do):
        answer = self.ask(do)
        check(do, answer['code'], 'DDB_OK')
        return answer['n']

    def keys(self, prefix=''):
        answer = self.ask('list', prefix)
        check('list', answer['code'], 'DDB_OK')
        return answer['keys']

    def close(self):
        self.process.stdin.close()
        check('kv_peer ends well', self.process.wait(), 0)
