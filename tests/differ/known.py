# SPDX-License-Identifier: MIT
"""Where the engine and dynalite 3.2 are known to differ, who is right, and
why.  dynalite's answers were recorded from the service of some years ago; where
nothing tells what the service does today, the entry says so."""
import collections
import json
import re

# What one request brought: action, body (a dict, or text that is no JSON),
# the peer's answer and ours, and what differs.
Case = collections.namedtuple('Case', 'action body peer ours what')

# name; who is right: OURS, PEER, or NOBODY_KNOWS, as only DynamoDB could tell;
# why; and whether a Case is one of it.
Entry = collections.namedtuple('Entry', 'name right why applies')

OURS = 'the engine'
PEER = 'dynalite'
NOBODY_KNOWS = 'only DynamoDB could tell'
KNOWN = []


def known(name, right, why):
    """Decorates what tells whether a case is one of this difference."""
    def add(applies):
        KNOWN.append(Entry(name, right, why, applies))
        return applies
    return add


def messages(name, right, why, peer, ours):
    """A difference that both answers show.  Patterns are of the message, which
    is '' when the request was answered; None: whatever it is."""
    def applies(case):
        return all(pattern is None or re.search(pattern, said(answer), re.S)
                   for pattern, answer in ((peer, case.peer),
                                           (ours, case.ours)))
    known(name, right, why)(applies)


def said(answer):
    return '' if answer.ok() else '%s: %s' % (answer.type.split('#')[-1],
                                              answer.message)


def text(case):
    """The request as text."""
    return case.body if isinstance(case.body, str) else json.dumps(case.body)


def find(case):
    for entry in KNOWN:
        if entry.applies(case):
            return entry
    return None


# ---- What dynalite cannot do ------------------------------------------------

@known('it falls over', OURS, 'what it throws by mistake is a status of 500')
def _(case):
    return case.peer.status == 500


messages('spellings of numbers', OURS,
         'big.js, which it reads numbers with, takes no plus sign, no bare '
         'point; the service reads them as Java does',
         'cannot be converted to a numeric value: ([+]|[-]?[.]|[-+]?[0-9]+[.]'
         '($|[eE ]))', None)

messages('numbers of a JSON exponent', OURS,
         '1e30 is a decimal to the parser of the service, whatever its value',
         'NUMBER_VALUE cannot', 'DECIMAL_VALUE cannot')


@known('attributes that are not there', OURS,
       'to it two of them are equal, and one is no other; to the service a '
       'comparison needs both sides')
def _(case):
    return 'answers' == case.what and (
        re.search('=|<|>', text(case)) is not None) and (
        case.peer.ok() != case.ours.ok()) and (
        'The conditional request failed' in (case.peer.message,
                                             case.ours.message))


# ---- What is newer than dynalite --------------------------------------------

messages('syntax errors', OURS,
         'the service says token and near; it says what its parser expected',
         'Syntax error; Expected', 'Syntax error; token: ')

messages('the type set of ADD and DELETE', OURS,
         'the service names it today',
         'operand type: [A-Z]+$', 'typeSet: ALLOWED_FOR_')

messages('names of tables', OURS,
         'the service checks them with the other members today',
         'TableName must be at least 3 characters long', 'tableName')

messages('a table that is there', OURS,
         'it says nothing with ResourceInUseException',
         'ResourceInUseException: (None)?$', 'Table already exists: ')


@known('deletion protection', OURS, 'it is older than that (2023)')
def _(case):
    return case.what.startswith('.Table.DeletionProtectionEnabled')


@known('metrics of item collections', OURS, 'it never gives any')
def _(case):
    return case.what.startswith('.ItemCollectionMetrics')


@known('index writes cost', OURS, 'it charges for the table alone')
def _(case):
    return '.ConsumedCapacity' in case.what and case.action in (
        'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem')


messages('ReturnValues of DeleteItem', OURS, 'it takes all of them',
         '', 'ReturnValues can only be ALL_OLD or NONE')

messages('Select', OURS, 'it checks little of it',
         None, '(specify the (AttributesToGet or )?ProjectionExpression when '
         'choosing|ALL_PROJECTED_ATTRIBUTES can be used only when Querying)')
