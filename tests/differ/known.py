# SPDX-License-Identifier: MIT
"""Where the engine and dynalite 3.2 are known to differ, and who is right."""
import collections

# What one request brought: action, body (a dict, or text that is no JSON),
# the peer's answer and ours, and what differs.
Case = collections.namedtuple('Case', 'action body peer ours what')

# name; who is right: 'ours', 'dynalite', or 'only DynamoDB could tell'; why;
# and whether a Case is one of it.
Entry = collections.namedtuple('Entry', 'name right why applies')

KNOWN = []


def find(case):
    for entry in KNOWN:
        if entry.applies(case):
            return entry
    return None
