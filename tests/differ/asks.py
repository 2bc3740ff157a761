# SPDX-License-Identifier: MIT
"""Random requests about a few random tables: (action, body) pairs, most of
them right, some spoilt."""
import copy
import json

import expressions
import values

KEYS = {'S': ('a', 'b', 'ab', 'a/1', 'ä', '~', 'Z', '日本'),
        'N': ('0', '1', '-1', '2', '10', '9', '1.5', '-0.001', '1e2', '1E100',
              '-1E-100', '100'),
        'B': ('AA==', 'AQ==', '/w==', 'YQ==', 'YWI=', 'AAEC')}


class Table:
    def __init__(self, r, name):
        self.name = name
        self.pk = ('pk', r.choice('SSSNB'))
        self.sk = ('sk', r.choice('SSNNB')) if r.random() < .7 else None
        self.indexes = {}  # name: (pk, sk, is it global?)
        if self.sk is not None and r.random() < .6:
            for name in r.sample(('a', 'n', 'bin'), r.choice((1, 1, 2))):
                key = (name, values.ATTRIBUTES[name])
                self.indexes['local_' + name] = (self.pk, key, False)
        if r.random() < .6:
            for name in r.sample(('b', 'num2', 'sk'), r.choice((1, 1, 2))):
                if name == 'sk' and self.sk is None:
                    continue
                key = self.sk if name == 'sk' else \
                    (name, values.ATTRIBUTES[name])
                sort = r.choice((None, self.pk, ('n', 'N'), ('a', 'S')))
                self.indexes['global_' + name] = (key, sort, True)
        self.projections = {}
        for name in self.indexes:
            kind = r.choice(('ALL', 'KEYS_ONLY', 'INCLUDE'))
            self.projections[name] = {'ProjectionType': kind}
            if kind == 'INCLUDE':
                self.projections[name]['NonKeyAttributes'] = \
                    r.sample(('l', 'm', 'ss', 'flag', 'name'), 2)
        self.provisioned = r.random() < .3

    def create(self):
        keys = {self.pk} | ({self.sk} if self.sk else set())
        body = {'TableName': self.name, 'KeySchema': schema(self.pk, self.sk)}
        for name, (pk, sk, is_global) in self.indexes.items():
            keys |= {pk} | ({sk} if sk else set())
            index = {'IndexName': name, 'KeySchema': schema(pk, sk),
                     'Projection': self.projections[name]}
            if is_global and self.provisioned:
                index['ProvisionedThroughput'] = units(4, 3)
            body.setdefault(('Global' if is_global else 'Local') +
                            'SecondaryIndexes', []).append(index)
        body['AttributeDefinitions'] = [
            {'AttributeName': name, 'AttributeType': kind}
            for name, kind in sorted(keys)]
        if self.provisioned:
            body['ProvisionedThroughput'] = units(9, 8)
        else:
            body['BillingMode'] = 'PAY_PER_REQUEST'
        return body

    def keys(self, index=None):
        pk, sk = (self.pk, self.sk) if index is None else \
            self.indexes[index][:2]
        return [k for k in (pk, sk) if k]

    def key_of(self, item):
        return {name: item[name] for name, _ in self.keys() if name in item}


def schema(pk, sk):
    out = [{'AttributeName': pk[0], 'KeyType': 'HASH'}]
    if sk:
        out.append({'AttributeName': sk[0], 'KeyType': 'RANGE'})
    return out


def units(read, write):
    return {'ReadCapacityUnits': read, 'WriteCapacityUnits': write}


def key_value(r, kind):
    return {kind: r.choice(KEYS[kind])}


def key(r, table):
    k = {name: key_value(r, kind) for name, kind in table.keys()}
    what = r.random()
    if what < .01:
        k.pop(r.choice(list(k)))
    elif what < .02:
        k['more'] = {'S': 'a'}
    elif what < .04:
        k[r.choice(list(k))] = values.value(r)
    elif what < .05:
        k[r.choice(list(k))] = values.wrong_value(r)
    elif what < .055:
        k[r.choice(list(k))] = r.choice(({'S': ''}, {'B': ''}))
    return k


def new_item(r, table, wrong=.05):
    it = values.item(r, wrong)
    it.update(key(r, table))
    # Keys of indexes are mostly there, and of the right type.
    for pk, sk, _ in table.indexes.values():
        for name, kind in (k for k in (pk, sk) if k):
            if (name, kind) not in table.keys() and r.random() < .8:
                it[name] = key_value(r, kind)
            elif isinstance(it.get(name), dict) and kind not in it[name] and \
                    r.random() < .9:
                del it[name]
    return it


def returns(r, body, choices):
    if r.random() < .5:
        body['ReturnValues'] = r.choice(choices)
    if r.random() < .2:
        body['ReturnConsumedCapacity'] = r.choice(('TOTAL', 'INDEXES', 'NONE'))
    if r.random() < .1:
        body['ReturnItemCollectionMetrics'] = r.choice(('SIZE', 'NONE'))


def scope(r, table):
    return expressions.Scope(r, [name for name, _ in table.keys()])


def put_item(r, table):
    body = {'TableName': table.name, 'Item': new_item(r, table)}
    returns(r, body, ('ALL_OLD', 'NONE', 'ALL_OLD', 'ALL_OLD', 'ALL_OLD',
                      'ALL_OLD', 'ALL_OLD', 'ALL_NEW', 'UPDATED_OLD'))
    if r.random() < .35:
        s = scope(r, table)
        body['ConditionExpression'] = expressions.maybe_spoilt(
            r, expressions.condition(s))
        s.put_into(body)
    return 'PutItem', body


def delete_item(r, table):
    body = {'TableName': table.name, 'Key': key(r, table)}
    returns(r, body, ('ALL_OLD', 'ALL_OLD', 'ALL_OLD', 'ALL_OLD', 'NONE',
                      'ALL_NEW'))
    if r.random() < .5:
        s = scope(r, table)
        body['ConditionExpression'] = expressions.maybe_spoilt(
            r, expressions.condition(s))
        s.put_into(body)
    return 'DeleteItem', body


def update_item(r, table):
    body = {'TableName': table.name, 'Key': key(r, table)}
    returns(r, body, ('ALL_OLD', 'ALL_NEW', 'UPDATED_OLD', 'UPDATED_NEW',
                      'NONE'))
    s = scope(r, table)
    if r.random() < .97:
        body['UpdateExpression'] = expressions.maybe_spoilt(
            r, expressions.update(s))
    if r.random() < .35:
        body['ConditionExpression'] = expressions.maybe_spoilt(
            r, expressions.condition(s))
    s.put_into(body)
    return 'UpdateItem', body


def project(r, body, s):
    if r.random() < .3:
        body['ProjectionExpression'] = expressions.maybe_spoilt(
            r, expressions.projection(s))


def get_item(r, table):
    body = {'TableName': table.name, 'Key': key(r, table)}
    s = scope(r, table)
    project(r, body, s)
    if r.random() < .3:
        body['ConsistentRead'] = r.random() < .7
    if r.random() < .2:
        body['ReturnConsumedCapacity'] = r.choice(('TOTAL', 'INDEXES'))
    s.put_into(body)
    return 'GetItem', body


def read_options(r, table, body, s, index):
    project(r, body, s)
    if r.random() < .4:
        body['FilterExpression'] = expressions.maybe_spoilt(
            r, expressions.condition(s))
    if r.random() < .3:
        body['Limit'] = r.choice((1, 1, 2, 3, 5, 100))
    if r.random() < .15:
        body['Select'] = r.choice((
            'COUNT', 'COUNT', 'ALL_ATTRIBUTES', 'ALL_PROJECTED_ATTRIBUTES',
            'SPECIFIC_ATTRIBUTES'))
    if r.random() < .15:
        body['ConsistentRead'] = r.random() < .6
    if r.random() < .2:
        body['ReturnConsumedCapacity'] = r.choice(('TOTAL', 'INDEXES'))
    if r.random() < .06:
        body['ExclusiveStartKey'] = key(r, table)
        if index and r.random() < .8:
            for name, kind in table.keys(index):
                body['ExclusiveStartKey'].setdefault(name,
                                                     key_value(r, kind))
    s.put_into(body)


def some_index(r, table, body):
    if table.indexes and r.random() < .45:
        body['IndexName'] = r.choice(list(table.indexes))
        return body['IndexName']
    if r.random() < .01:
        body['IndexName'] = 'nowhere'
    return None


def query(r, table):
    body = {'TableName': table.name}
    index = some_index(r, table, body)
    keys = table.keys(index)
    s = scope(r, table)
    pk, sk = keys[0], keys[1] if len(keys) > 1 else None
    sort = [key_value(r, sk[1]) if sk and r.random() < .95 else
            values.value(r) for _ in range(2)]
    if r.random() < .99:
        value = key_value(r, pk[1]) if r.random() < .97 else values.value(r)
        body['KeyConditionExpression'] = expressions.maybe_spoilt(
            r, expressions.key_condition(s, pk, sk, value, sort))
    if r.random() < .4:
        body['ScanIndexForward'] = r.random() < .3
    read_options(r, table, body, s, index)
    return 'Query', body


def scan(r, table):
    body = {'TableName': table.name}
    index = some_index(r, table, body)
    s = scope(r, table)
    if r.random() < .2:
        body['TotalSegments'] = r.choice((1, 2, 3))
        body['Segment'] = r.choice((0, 0, 1, 1, 2))
        if r.random() < .1:
            body.pop(r.choice(('TotalSegments', 'Segment')))
    read_options(r, table, body, s, index)
    return 'Scan', body


def batch_write(r, tables):
    items = {}
    for table in r.sample(tables, r.randrange(1, len(tables) + 1)):
        writes = items.setdefault(table.name, [])
        seen = []
        for _ in range(r.choice((1, 2, 3, 5, 8)) if r.random() < .97 else 26):
            it = new_item(r, table, .01)
            k = table.key_of(it)
            if k in seen and r.random() < .97:
                continue
            seen.append(k)
            writes.append({'PutRequest': {'Item': it}} if r.random() < .75
                          else {'DeleteRequest': {'Key': k}})
    body = {'RequestItems': items}
    if r.random() < .3:
        body['ReturnConsumedCapacity'] = r.choice(('TOTAL', 'INDEXES'))
    return 'BatchWriteItem', body


def batch_get(r, tables):
    items = {}
    for table in r.sample(tables, r.randrange(1, len(tables) + 1)):
        keys = []
        for _ in range(r.choice((1, 2, 3, 5, 8)) if r.random() < .97 else 101):
            k = key(r, table)
            if k not in keys or r.random() < .05:
                keys.append(k)
        one = items[table.name] = {'Keys': keys}
        s = scope(r, table)
        project(r, one, s)
        if r.random() < .3:
            one['ConsistentRead'] = r.random() < .7
        if s.names:
            one['ExpressionAttributeNames'] = s.names
    body = {'RequestItems': items}
    if r.random() < .3:
        body['ReturnConsumedCapacity'] = r.choice(('TOTAL', 'INDEXES'))
    return 'BatchGetItem', body


def arn(r, table):
    name = table.name if r.random() < .95 else 'nowhere'
    region = 'us-east-1' if r.random() < .97 else 'nowhere'
    return 'arn:aws:dynamodb:%s:000000000000:table/%s' % (region, name)


def tags(r, table):
    body = {'ResourceArn': arn(r, table)}
    what = r.randrange(3)
    keys = r.sample(('a', 'b', 'c', 'owner', ' ', 'x' * 128),
                    r.randrange(1, 4))
    if what == 0:
        body['Tags'] = [{'Key': k, 'Value': r.choice(('', 'v', 'ä', 'x' * 256))}
                        for k in keys]
        return 'TagResource', body
    if what == 1:
        body['TagKeys'] = keys
        return 'UntagResource', body
    return 'ListTagsOfResource', body


def list_tables(r, table):
    body = {}
    if r.random() < .5:
        body['Limit'] = r.choice((1, 2, 100, 0, 101))
    if r.random() < .5:
        body['ExclusiveStartTableName'] = r.choice(
            (table.name, 'aaa', 'zzz', 'd', '/'))
    return 'ListTables', body


def update_table(r, table):
    body = {'TableName': table.name}
    if r.random() < .7:
        body['ProvisionedThroughput'] = units(r.randrange(12),
                                              r.randrange(12))
    if r.random() < .2:
        body['BillingMode'] = r.choice(('PROVISIONED', 'PAY_PER_REQUEST'))
    if r.random() < .3:
        body['GlobalSecondaryIndexUpdates'] = [{'Update': {
            'IndexName': r.choice(list(table.indexes) + ['nowhere']),
            'ProvisionedThroughput': units(r.randrange(5), r.randrange(5))}}]
    # Neither side's tables may become others than the table knows.
    return 'UpdateTable', body if table.provisioned and \
        'BillingMode' not in body else spoil_body(r, body)


def create_table(r, table):
    # Never a table that is made by it.
    body = Table(r, table.name).create()
    return 'CreateTable', spoil_body(r, body) if r.random() < .8 else body


def about_tables(r, tables):
    table = r.choice(tables)
    what = r.randrange(12)
    if what < 2:
        return 'DescribeTable', {'TableName': table.name}
    if what == 2:
        return 'DescribeTimeToLive', {'TableName': table.name}
    if what == 3:
        return 'DeleteTable', {'TableName': r.choice(('nowhere', 'no', '',
                                                      'a b'))}
    return r.choice((list_tables, tags, tags, create_table, create_table,
                     update_table))(r, table)


# ---- Spoiling ---------------------------------------------------------------

WRONG = (None, '', 'x', 'a' * 300, 0, -1, 1.5, 1e30, True, [], {}, ['a'], [1],
         [None], [[]], {'a': 1}, {'S': 'a'}, {'a': {'S': 'a'}}, 'a b', '1')


def places(node, found):
    """Every member and element: (container, key)."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for k, v in list(pairs):
        found.append((node, k))
        if isinstance(v, (dict, list)):
            places(v, found)
    return found


MEMBERS = {  # what an action knows beside what its maker puts in
    'GetItem': ('AttributesToGet',),
    'PutItem': ('Expected', 'ConditionalOperator', 'ReturnValues',
                'ReturnConsumedCapacity', 'ReturnItemCollectionMetrics'),
    'DeleteItem': ('Expected', 'ConditionalOperator', 'ReturnValues'),
    'UpdateItem': ('Expected', 'ConditionalOperator', 'AttributeUpdates',
                   'ReturnValues'),
    'Query': ('AttributesToGet', 'KeyConditions', 'QueryFilter', 'Select',
              'Limit', 'ConditionalOperator'),
    'Scan': ('AttributesToGet', 'ScanFilter', 'Select', 'Limit', 'Segment',
             'TotalSegments'),
}


def spoil_body(r, body, action=None):
    body = copy.deepcopy(body)
    for _ in range(r.choice((1, 1, 1, 2, 3))):
        what = r.random()
        if what < .1:
            body[r.choice(MEMBERS.get(action, ('Unknown', 'tableName')))] = \
                copy.deepcopy(r.choice(WRONG))
            continue
        found = places(body, [])
        # Half of them near the top, where most rules are.
        near = [p for p in found if p[0] is body]
        if not found:
            break
        where, k = r.choice(near if r.random() < .5 else found)
        if what < .45:
            del where[k]
        else:
            where[k] = copy.deepcopy(r.choice(WRONG))
    return body


def broken_text(r, body):
    text = json.dumps(body, ensure_ascii=False)
    what = r.randrange(6)
    if what == 0:
        return text[:r.randrange(len(text))]
    if what == 1:
        return text + r.choice(('}', ' x', '{}', ']'))
    if what == 2:
        return r.choice(('', ' ', 'null', '[]', '"a"', '5', 'true', '{', 'x'))
    if what == 3:
        return text.replace('"', "'", 2)
    if what == 4:
        return text.replace(':', '', 1)
    return text.replace(',', ',,', 1)


MAKERS = ((put_item, 20), (update_item, 24), (delete_item, 7), (get_item, 9),
          (query, 18), (scan, 9))


def ask(r, tables):
    """One request: action and body, which is a dict, or text that is none."""
    what = r.random()
    if what < .06:
        action, body = about_tables(r, tables)
    elif what < .12:
        action, body = batch_write(r, tables)
    elif what < .17:
        action, body = batch_get(r, tables)
    else:
        maker = r.choices([m for m, _ in MAKERS],
                          [weight for _, weight in MAKERS])[0]
        action, body = maker(r, r.choice(tables))
    what = r.random()
    if what < .1 and action != 'CreateTable':
        body = spoil_body(r, body, action)
    elif what < .105:
        body = broken_text(r, body)
    return action, body
