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


def member(case, name):
    """A member of the request that is a text; '' when it is none."""
    value = case.body.get(name) if isinstance(case.body, dict) else None
    return value if isinstance(value, str) else ''


def find(case):
    for entry in KNOWN:
        if entry.applies(case):
            return entry
    return None


# ---- What dynalite cannot do ------------------------------------------------

@known('it falls over', OURS, 'what it throws by mistake is a status of 500')
def _(case):
    return case.peer.status == 500 or 'InternalServerError' in case.what


messages('spellings of numbers', OURS,
         'big.js, which it reads numbers with, takes no plus sign, no bare '
         'point; the service reads them as Java does',
         'cannot be converted to a numeric value: ([+]|[-]?[.]|[-+]?[0-9]+[.]'
         '($|[eE ]))', None)

messages('numbers of a JSON exponent', OURS,
         '1e30 is a decimal to the parser of the service, whatever its value',
         'NUMBER_VALUE cannot', 'DECIMAL_VALUE cannot')


# Something but a value on the right side of a comparison.
PATHS = re.compile(r'(<>|[<>]=?|=|BETWEEN|AND|IN \(|,) *(?!attribute_|contains|'
                   r'begins_with|NOT)(size ?\(|[#a-zä])')


@known('attributes that are not there', OURS,
       'to it two of them are equal, and one is no other; to the service a '
       'comparison needs both sides')
def _(case):
    condition = member(case, 'ConditionExpression')
    if condition:
        return bool(PATHS.search(condition)) and \
            case.peer.ok() != case.ours.ok() and 'The conditional request ' \
            'failed' in (case.peer.message, case.ours.message)
    return bool(PATHS.search(member(case, 'FilterExpression'))) and \
        re.match('[.]Count|counted|scanned|other items|[.]Items', case.what) \
        is not None


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
    return re.match('[.]Table(Description)?[.]DeletionProtectionEnabled',
                    case.what) is not None


@known('answers without content', OURS, 'it writes an empty text as JSON')
def _(case):
    return case.peer.raw == b'""' and case.ours.raw == b''


messages('resources that are not there', NOBODY_KNOWS,
         'ResourcArn, it says, which the service may have mended since',
         'Requested resource not found(: ResourcArn|$)',
         'Requested resource not found: ResourceArn')

messages('ARNs that are none', NOBODY_KNOWS, 'it has nobody else to refuse for',
         'is not authorized to perform: dynamodb:',
         'One or more parameter values were invalid: ARNs must start with')

messages('what UpdateTable can do', OURS, 'the service can do more today',
         'At least one of ProvisionedThroughput, BillingMode',
         'At least one of ProvisionedThroughput, BillingMode')

messages('updates of local indexes', OURS, 'it looks for the name alone', '^$',
         'Cannot update an index that is not a GlobalSecondaryIndex|'
         'Requested resource not found: Index')


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


# ---- What of an index can be asked for --------------------------------------

messages('what an index projects', OURS,
         'it does not look whether filter and projection can be had',
         '', '(Secondary|Global secondary) index [^ ]* does not project')


@known('items behind a local index', OURS,
       'it never reads what a local index does not project from the table')
def _(case):
    return case.peer.ok() and case.ours.ok() and \
        member(case, 'IndexName').startswith('local_') and \
        member(case, 'ProjectionExpression') != ''


messages('consistent reads of a global index', OURS,
         'it lets a Scan have them', '',
         'Consistent reads are not supported on global secondary indexes')


@known('a read that finds nothing', NOBODY_KNOWS,
       'to it nothing costs nothing; the engine takes half a unit, as for an '
       'item that is not there')
def _(case):
    return '.ConsumedCapacity' in case.what and ': 0, ours' in case.what


# ---- Expressions ------------------------------------------------------------

messages('operands of an order', OURS,
         'only S, N and B have an order: the service says so before it looks '
         'at an item', None,
         'operator or function: (<|<=|>|>=|BETWEEN), operand type: '
         '(BOOL|NULL|M|L|SS|NS|BS)')

messages('functions in an update', NOBODY_KNOWS,
         'that size has no place there is said in two ways',
         'Invalid function name; function: size',
         'The function is not allowed in an update expression; function: size')

messages('NOT NOT', OURS, 'its grammar takes one NOT',
         'Expected "\\(" but "N" found', '')


messages('one operand twice', OURS, 'it does not see it', None,
         'The first operand must be distinct from the remaining operands')


# Alternator is ScyllaDB's; its suite is run against the service too.
@known('removing from an item that is not there', OURS,
       'nothing is made of it, Alternator says; dynalite makes an item')
def _(case):
    return re.match('[.]Attributes is only in the peer|stored', case.what) \
        is not None and re.match(' *(REMOVE|DELETE)',
                                 member(case, 'UpdateExpression'),
                                 re.I) is not None


messages('paths of an item that is not there', OURS,
         'removing one of them is no mistake, Alternator says',
         'document path provided in the update expression is invalid', '^$')


messages('long sums', OURS, 'it has numbers of any length', '',
         'Number overflow')


@known('UPDATED_NEW of what was removed', OURS,
       'there are no Attributes then, Alternator says; dynalite gives {}')
def _(case):
    return case.what == ".Attributes is only in the peer's" and \
        case.peer.body['Attributes'] == {}


messages('keys of an index by paths', OURS,
         'it looks at keys of the table alone', None,
         'Key attributes must be scalars;.*IndexKey')

messages('words of empty keys', OURS, 'the service has new words for it',
         'invalid: The AttributeValue for a key',
         'not valid. The AttributeValue for a key')



@known('sizes of text', OURS, 'it counts characters, the service bytes')
def _(case):
    step = re.search(r'CapacityUnits: ([.\d]+), ours ([.\d]+)$', case.what)
    return step is not None and case.action in ('Query', 'Scan') and \
        0 < float(step.group(2)) - float(step.group(1)) <= 1


@known('the type of false', OURS, 'it takes a BOOL that is false for no value')
def _(case):
    return 'attribute_type' in member(case, 'FilterExpression') + \
        member(case, 'ConditionExpression') and 'BOOL' in text(case)


messages('binaries in messages', OURS, 'the service shows them as Java does',
         'operand: AttributeValue: {B:', 'java.nio.HeapByteBuffer')

messages('short names of tables', OURS,
         'one byte is enough since names may be ARNs; CreateTable alone wants 3',
         'Member must have length greater than or equal to 3',
         '^(?!.*greater than or equal to 3)')

messages('a body that is a text', OURS, 'it reads it as an empty request',
         "Value null at '", 'SerializationException: None')

messages('what a key is compared with', NOBODY_KNOWS,
         'that it is of a wrong type is said in the words of KeyConditions, or '
         'of the expression',
         'ComparisonOperator [A-Z_]* is not valid for [A-Z]* AttributeValue',
         'parameter type does not match schema type|key schema element|'
         'Incorrect operand type')

messages('the beginning of messages about keys', OURS,
         'the service tells in which expression today',
         'KeyConditionExpressions (must|cannot)',
         'Invalid KeyConditionExpression: KeyConditionExpressions (must|cannot)')

messages('empty names', OURS, 'it does not look at the names that are given',
         None, '(Empty attribute name for key|An attribute name may not be '
         'empty)')

messages('null in a set', OURS, 'it passes over it', None,
         'A set may not have a null as a member')

messages('reserved words that are operators', OURS,
         'AND, IN and the like are no names to the parser of the service',
         'reserved keyword: (AND|OR|NOT|IN|BETWEEN)', 'Syntax error; token: ')

messages('keywords of updates', OURS,
         'SET, ADD, REMOVE and DELETE are words of the grammar in all '
         'expressions', '', 'Syntax error; token: "(SET|ADD|REMOVE|DELETE)"')

messages('paths into keys', OURS, 'it does not look whether a key is a scalar',
         None, 'Key attributes must be scalars;')

messages('ConsistentRead of a Scan', OURS, 'it does not know the member', None,
         'SerializationException: (Unexpected token received from parser|'
         '.*java.lang.Boolean|.*converted to Boolean)')

messages('tables of tables', OURS, 'it says it of the map as of any other',
         'Member must have length greater than or equal to 1',
         'The requestItems parameter is required')

messages('values of 33 levels in a batch', OURS, 'it lets them pass', '^$',
         'Nesting Levels have exceeded')

messages('a hash or a colon alone', OURS,
         'the service wants a letter behind it',
         'attribute (name: #|value: :)$', 'Syntax error; token: "[#:]"')

messages('26 writes to several tables', OURS, 'it counts table by table', '^$',
         'Too many items requested')


@known('operands that the same update changes', OURS,
       'every operand is what was there before, the service says')
def _(case):
    return case.what.startswith('stored') and 'ADD' in text(case) and \
        'SET' in text(case)


@known('where a segment begins', NOBODY_KNOWS,
       'each has its own hash, so that a starting key lies in another one')
def _(case):
    return 'use ExclusiveStartKey with correct Segment' in (
        str(case.peer.message) + str(case.ours.message))

messages('null in a list of names', NOBODY_KNOWS,
         'it is a name that is null, or none', '^$',
         "Value '\\[\\]' at 'attributesToGet'")

messages('legacy parameters', PEER,
         'the engine has not what expressions have replaced, and says so', None,
         'is not supported by the local engine')

messages('segments', OURS, 'it takes a Segment alone', '',
         'The TotalSegments parameter is required')

# ---- Of two mistakes, which is told -----------------------------------------

JSON_TYPES = 'SerializationException: (?!None)'


@known('two mistakes in JSON', OURS,
       'the service reads a request from its beginning; dynalite reads all of '
       'it first, and then goes by its own order of members')
def _(case):
    return bool(re.match('SerializationException: ', said(case.peer)) and
                re.match(JSON_TYPES, said(case.ours)))


def pair(name, peer, ours):
    messages('two mistakes: ' + name, NOBODY_KNOWS, 'both are there; dynalite '
             'and the engine look in another order', peer, ours)


pair('in the paths and values of an update',
     'expression (refers to an attribute that|is invalid for update)|'
     'An operand in the update expression has an incorrect data type',
     'document path provided in the update expression is invalid|'
     'The conditional request failed|has an incorrect data type')
pair('a condition and an update', 'The conditional request failed',
     'in the update expression')
pair('values that are not defined',
     'attribute value used in expression is not defined',
     'attribute value used in expression is not defined|Incorrect operand type|'
     'document paths overlap')
pair('an index of a list and the rest', 'ValidationException|'
     'The conditional request failed', 'List index is not within')
pair('operands of an update', 'Invalid UpdateExpression: Incorrect operand',
     'Invalid UpdateExpression: Incorrect operand')
pair('values too deep', 'Exception', 'Nesting Levels have exceeded')
pair('types of JSON and the rest', 'ValidationException',
     'SerializationException: [A-Z]*_VALUE cannot be')
pair('missing parameters and a table of no name', "The parameter '",
     'ValidationException|SerializationException')
pair('a batch and its keys',
     'item keys contains duplicates|does not match the schema',
     'Too many items requested|Nesting Levels|Invalid ProjectionExpression|'
     'does not match the schema|are not valid')
pair('a table that is there and its description',
     'ResourceInUseException', 'ValidationException')
pair('members that are missing, too short or too long',
     'ValidationException', 'validation errors? detected: Value ')
pair('key conditions and what is unused', 'unused in expressions',
     'Invalid KeyConditionExpression')
pair('functions and sections of an update', 'Invalid function name',
     'section can only be used once')
