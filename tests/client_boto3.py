#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""boto3, as a program of somebody else uses it, against DDB_TEST_ENDPOINT:
tables, items, queries, pages, batches, transactions, expiry, and errors by
their classes.  Any boto3 from Debian 12's on; what an old one does not know is
asked of newer ones alone.  Run by tests/with-server."""
import os
import sys
import time
from decimal import Decimal

import boto3
import botocore.exceptions
from boto3.dynamodb.conditions import Attr, Key
from botocore.config import Config

NAME = 'boto3_%d' % os.getpid()
CONFIG = Config(proxies={}, retries={'max_attempts': 0})
passed = failed = 0


def check(what, got, want):
    global passed, failed
    if got == want:
        passed += 1
    else:
        failed += 1
        print('FAILED: %s: %.400r, not %.400r' % (what, got, want))


def raises(what, error, call, message=None, **arguments):
    """The call fails with this class of the client's exceptions."""
    try:
        answer = call(**arguments)
    except error as e:
        check(what, message in (None, e.response['Error']['Message']), True)
        check(what + ': status', e.response['ResponseMetadata'][
            'HTTPStatusCode'], 400)
        return e.response
    except Exception as e:  # another class: tell which
        check(what, repr(e), error.__name__)
    else:
        check(what, answer, error.__name__)
    return {}


def knows(client, action, member):
    shape = client.meta.service_model.operation_model(action).input_shape
    return member in shape.members


def tables(client):
    answer = client.create_table(
        TableName=NAME, BillingMode='PAY_PER_REQUEST',
        AttributeDefinitions=[
            {'AttributeName': n, 'AttributeType': t}
            for n, t in (('who', 'S'), ('at', 'N'), ('size', 'N'),
                         ('kind', 'S'))],
        KeySchema=[{'AttributeName': 'who', 'KeyType': 'HASH'},
                   {'AttributeName': 'at', 'KeyType': 'RANGE'}],
        LocalSecondaryIndexes=[
            {'IndexName': 'by_size', 'Projection': {'ProjectionType': 'ALL'},
             'KeySchema': [{'AttributeName': 'who', 'KeyType': 'HASH'},
                           {'AttributeName': 'size', 'KeyType': 'RANGE'}]}],
        GlobalSecondaryIndexes=[
            {'IndexName': 'by_kind',
             'Projection': {'ProjectionType': 'INCLUDE',
                            'NonKeyAttributes': ['size']},
             'KeySchema': [{'AttributeName': 'kind', 'KeyType': 'HASH'}]}],
        Tags=[{'Key': 'owner', 'Value': 'tests'}])
    arn = answer['TableDescription']['TableArn']
    client.get_waiter('table_exists').wait(
        TableName=NAME, WaiterConfig={'Delay': 1, 'MaxAttempts': 20})
    table = client.describe_table(TableName=NAME)['Table']
    check('status', table['TableStatus'], 'ACTIVE')
    check('billing', table['BillingModeSummary']['BillingMode'],
          'PAY_PER_REQUEST')
    check('local index', table['LocalSecondaryIndexes'][0]['IndexName'],
          'by_size')
    check('global index', table['GlobalSecondaryIndexes'][0]['Projection'],
          {'ProjectionType': 'INCLUDE', 'NonKeyAttributes': ['size']})
    check('created now', abs(table['CreationDateTime'].timestamp() -
                             time.time()) < 600, True)
    check('listed', NAME in client.list_tables()['TableNames'], True)
    pages = client.get_paginator('list_tables').paginate(
        PaginationConfig={'PageSize': 1})
    check('listed page by page',
          [n for p in pages for n in p['TableNames']].count(NAME), 1)
    check('tags', client.list_tags_of_resource(ResourceArn=arn)['Tags'],
          [{'Key': 'owner', 'Value': 'tests'}])
    client.tag_resource(ResourceArn=arn, Tags=[{'Key': 'more', 'Value': ''}])
    client.untag_resource(ResourceArn=arn, TagKeys=['owner'])
    check('tags changed', client.list_tags_of_resource(ResourceArn=arn)['Tags'],
          [{'Key': 'more', 'Value': ''}])
    check('limits', client.describe_limits()['TableMaxReadCapacityUnits'] > 0,
          True)
    check('endpoints', len(client.describe_endpoints()['Endpoints']), 1)
    raises('made twice', client.exceptions.ResourceInUseException,
           client.create_table, 'Table already exists: ' + NAME,
           TableName=NAME, BillingMode='PAY_PER_REQUEST',
           AttributeDefinitions=[{'AttributeName': 'k', 'AttributeType': 'S'}],
           KeySchema=[{'AttributeName': 'k', 'KeyType': 'HASH'}])
    raises('not there', client.exceptions.ResourceNotFoundException,
           client.describe_table,
           'Requested resource not found: Table: nowhere not found',
           TableName='nowhere')


EVERYTHING = {
    'text': 'gr\u00fc\u00df dich \U0001f600', 'empty': '', 'flag': True,
    'nothing': None, 'number': Decimal('-1.5'), 'zero': Decimal(0),
    'large': Decimal('9' * 38), 'bytes': b'\0\xff', 'no bytes': b'',
    'list': [Decimal(1), 'a', [None], {'b': False}], 'map': {'k': {'l': []}},
    'texts': {'a', 'b'}, 'numbers': {Decimal(1), Decimal('2.5')},
    'many bytes': {b'\1', b'\2'}}


def same(value):
    """boto3's own wrapping of bytes taken off."""
    if isinstance(value, boto3.dynamodb.types.Binary):
        return value.value
    if isinstance(value, dict):
        return {k: same(v) for k, v in value.items()}
    if isinstance(value, (list, set)):
        return type(value)(same(v) for v in value)
    return value


def items(client, table):
    first = dict(EVERYTHING, who='items', at=Decimal(1))
    table.put_item(Item=first)
    key = {'who': 'items', 'at': 1}
    check('get', same(table.get_item(Key=key)['Item']), first)
    check('get of nobody', 'Item' in table.get_item(
        Key={'who': 'nobody', 'at': 1}), False)
    check('projection', table.get_item(
        Key=key, ProjectionExpression='#l[1], #m.k',
        ExpressionAttributeNames={'#l': 'list', '#m': 'map'})['Item'],
        {'list': ['a'], 'map': {'k': {'l': []}}})
    answer = table.update_item(
        Key=key, ReturnValues='UPDATED_NEW',
        UpdateExpression='SET #n = #n + :n, fresh = if_not_exists(fresh, :f) '
        'REMOVE #t ADD numbers :s DELETE texts :d',
        ExpressionAttributeNames={'#n': 'number', '#t': 'text'},
        ExpressionAttributeValues={':n': Decimal('0.5'), ':f': 'new',
                                   ':s': {Decimal(7)}, ':d': {'a'}},
        ConditionExpression=Attr('who').exists() & Attr('number').lt(0))
    check('updated', answer['Attributes'],
          {'number': Decimal(-1), 'fresh': 'new', 'texts': {'b'},
           'numbers': {Decimal(1), Decimal('2.5'), Decimal(7)}})
    answer = table.put_item(Item={'who': 'items', 'at': 1, 'x': 1},
                            ReturnValues='ALL_OLD',
                            ReturnConsumedCapacity='TOTAL')
    check('old', answer['Attributes']['fresh'], 'new')
    check('cost', answer['ConsumedCapacity']['CapacityUnits'] >= 1, True)
    answer = table.delete_item(Key=key, ReturnValues='ALL_OLD')
    check('deleted', answer['Attributes'],
          {'who': 'items', 'at': Decimal(1), 'x': Decimal(1)})

    failure = client.exceptions.ConditionalCheckFailedException
    raises('condition', failure, table.put_item, 'The conditional request '
           'failed', Item=key, ConditionExpression=Attr('who').exists())
    if knows(client, 'PutItem', 'ReturnValuesOnConditionCheckFailure'):
        table.put_item(Item=dict(key, x=5))
        response = raises('condition', failure, table.put_item, Item=key,
                          ConditionExpression=Attr('who').not_exists(),
                          ReturnValuesOnConditionCheckFailure='ALL_OLD')
        check('the item in the way', response.get('Item'),
              {'who': {'S': 'items'}, 'at': {'N': '1'}, 'x': {'N': '5'}})
    error = botocore.exceptions.ClientError
    for what, arguments in (
            ('no sort key', {'Key': {'who': 'items'}}),
            ('a sort key of another type', {'Key': {'who': 'a', 'at': 'b'}})):
        response = raises(what, error, table.get_item, 'The provided key '
                          'element does not match the schema', **arguments)
        check(what, response['Error']['Code'], 'ValidationException')
    raises('an empty key', error, table.put_item, 'One or more parameter '
           'values are not valid. The AttributeValue for a key attribute '
           'cannot contain an empty string value. Key: who',
           Item={'who': '', 'at': 1})
    raises('too large', error, table.put_item,
           'Item size has exceeded the maximum allowed size',
           Item={'who': 'a', 'at': 1, 'x': 'x' * 409600})
    raises('a reserved word', error, table.update_item,
           'Invalid UpdateExpression: Attribute name is a reserved keyword; '
           'reserved keyword: name', Key=key, UpdateExpression='SET name = :v',
           ExpressionAttributeValues={':v': 1})


def queries(client, table):
    with table.batch_writer() as batch:
        for i in range(60):
            batch.put_item(Item={'who': 'q', 'at': i, 'size': 100 - i,
                                 'kind': 'odd' if i % 2 else 'even',
                                 'text': 'x' * 100})
    found = table.query(KeyConditionExpression=Key('who').eq('q'))
    check('query', [int(i['at']) for i in found['Items']], list(range(60)))
    found = table.query(KeyConditionExpression=Key('who').eq('q') &
                        Key('at').between(10, 12), ScanIndexForward=False)
    check('backward', [int(i['at']) for i in found['Items']], [12, 11, 10])
    found = table.query(KeyConditionExpression=Key('who').eq('q'),
                        FilterExpression=Attr('kind').begins_with('o') &
                        Attr('size').lte(50), Select='COUNT')
    check('filtered', (found['Count'], found['ScannedCount']), (5, 60))
    found = table.query(IndexName='by_size', ConsistentRead=True,
                        KeyConditionExpression=Key('who').eq('q') &
                        Key('size').lt(43))
    check('local index', [int(i['size']) for i in found['Items']], [41, 42])
    found = table.query(IndexName='by_kind', Limit=1,
                        KeyConditionExpression=Key('kind').eq('odd'))
    check('global index', sorted(found['Items'][0]),
          ['at', 'kind', 'size', 'who'])
    check('its last key', sorted(found['LastEvaluatedKey']),
          ['at', 'kind', 'who'])
    for action, more in (('query', {
            'KeyConditionExpression': 'who = :q',
            'ExpressionAttributeValues': {':q': {'S': 'q'}}}), ('scan', {})):
        pages = list(client.get_paginator(action).paginate(
            TableName=NAME, PaginationConfig={'PageSize': 7}, **more))
        seen = [i['at']['N'] for p in pages for i in p['Items']
                if i['who']['S'] == 'q']
        check(action + ' by pages', sorted(seen, key=int),
              [str(i) for i in range(60)])
        check(action + ': pages', len(pages) >= 9, True)
    seen = []
    for segment in range(3):
        seen += [i['at'] for i in table.scan(
            TotalSegments=3, Segment=segment,
            FilterExpression=Attr('who').eq('q'))['Items']]
    check('segments', sorted(seen), list(range(60)))
    raises('consistent read of a global index',
           botocore.exceptions.ClientError, table.query,
           'Consistent reads are not supported on global secondary indexes',
           IndexName='by_kind', ConsistentRead=True,
           KeyConditionExpression=Key('kind').eq('odd'))


def batches(client, resource):
    keys = [{'who': 'q', 'at': i} for i in range(0, 120, 2)]
    found = resource.batch_get_item(RequestItems={NAME: {
        'Keys': keys, 'ProjectionExpression': '#a',
        'ExpressionAttributeNames': {'#a': 'at'}}})
    check('batch get', sorted(int(i['at']) for i in found['Responses'][NAME]),
          list(range(0, 60, 2)))
    check('nothing unprocessed', found['UnprocessedKeys'], {})
    # 60 items of 300 KB in 4 requests, and in more answers than one.
    big = [{'who': {'S': 'big'}, 'at': {'N': str(i)}} for i in range(60)]
    for start in range(0, 60, 15):
        client.batch_write_item(RequestItems={NAME: [
            {'PutRequest': {'Item': dict(k, x={'S': 'x' * 300000})}}
            for k in big[start:start + 15]]})
    left, got = {NAME: {'Keys': big}}, []
    while left:
        answer = client.batch_get_item(RequestItems=left)
        got.append(len(answer['Responses'][NAME]))
        left = answer['UnprocessedKeys']
    check('batch get of 18 MB', (sum(got), max(got) <= 55, min(got) > 0),
          (60, True, True))
    pages = list(client.get_paginator('query').paginate(
        TableName=NAME, KeyConditionExpression='who = :b',
        ExpressionAttributeValues={':b': {'S': 'big'}}))
    check('pages of 1 MB', [len(p['Items']) for p in pages[:3]], [4, 4, 4])
    error = botocore.exceptions.ClientError
    raises('26 writes', error, client.batch_write_item, RequestItems={
        NAME: [{'DeleteRequest': {'Key': {'who': {'S': 'a'}, 'at': {
            'N': str(i)}}}} for i in range(26)]})
    raises('one twice', error, client.batch_write_item,
           'Provided list of item keys contains duplicates', RequestItems={
               NAME: [{'DeleteRequest': {'Key': {'who': {'S': 'a'},
                                                 'at': {'N': '1'}}}}] * 2})


def transactions(client):
    def key(at):
        return {'who': {'S': 't'}, 'at': {'N': str(at)}}

    client.transact_write_items(ClientRequestToken='token-1', TransactItems=[
        {'Put': {'TableName': NAME, 'Item': dict(key(1), n={'N': '1'})}},
        {'Put': {'TableName': NAME, 'Item': dict(key(2), n={'N': '2'})}}])
    client.transact_write_items(TransactItems=[
        {'Update': {'TableName': NAME, 'Key': key(1),
                    'UpdateExpression': 'ADD n :n',
                    'ExpressionAttributeValues': {':n': {'N': '10'}}}},
        {'ConditionCheck': {'TableName': NAME, 'Key': key(2),
                            'ConditionExpression': 'n = :n',
                            'ExpressionAttributeValues': {':n': {'N': '2'}}}},
        {'Delete': {'TableName': NAME, 'Key': key(3)}}])
    answer = client.transact_get_items(TransactItems=[
        {'Get': {'TableName': NAME, 'Key': key(i)}} for i in (1, 2, 3)])
    check('transaction', [r.get('Item', {}).get('n')
                          for r in answer['Responses']],
          [{'N': '11'}, {'N': '2'}, None])
    cancelled = client.exceptions.TransactionCanceledException
    response = raises('cancelled', cancelled, client.transact_write_items,
                      'Transaction cancelled, please refer cancellation '
                      'reasons for specific reasons [None, '
                      'ConditionalCheckFailed]', TransactItems=[
                          {'Delete': {'TableName': NAME, 'Key': key(1)}},
                          {'Delete': {'TableName': NAME, 'Key': key(2),
                                      'ConditionExpression': 'n = :n',
                                      'ExpressionAttributeValues':
                                      {':n': {'N': '3'}},
                                      'ReturnValuesOnConditionCheckFailure':
                                      'ALL_OLD'}}])
    reasons = response.get('CancellationReasons', [{}, {}])
    check('reasons', [r.get('Code') for r in reasons],
          ['None', 'ConditionalCheckFailed'])
    check('the item of a reason', reasons[1].get('Item'),
          dict(key(2), n={'N': '2'}))
    check('nothing of it was done', 'Item' in client.get_item(
        TableName=NAME, Key=key(1)), True)
    again = dict(ClientRequestToken='token-2', TransactItems=[
        {'Update': {'TableName': NAME, 'Key': key(2),
                    'UpdateExpression': 'ADD n :n',
                    'ExpressionAttributeValues': {':n': {'N': '1'}}}}])
    client.transact_write_items(**again)
    client.transact_write_items(**again)
    check('a token once', client.get_item(
        TableName=NAME, Key=key(2))['Item']['n'], {'N': '3'})
    again['TransactItems'][0]['Update']['UpdateExpression'] = 'SET n = :n'
    raises('a token for something else',
           client.exceptions.IdempotentParameterMismatchException,
           client.transact_write_items, **again)
    raises('an item twice', botocore.exceptions.ClientError,
           client.transact_write_items, 'Transaction request cannot include '
           'multiple operations on one item', TransactItems=[
               {'Delete': {'TableName': NAME, 'Key': key(1)}}] * 2)


def expiry(client, table):
    check('no expiry', client.describe_time_to_live(TableName=NAME)[
        'TimeToLiveDescription']['TimeToLiveStatus'], 'DISABLED')
    answer = client.update_time_to_live(
        TableName=NAME, TimeToLiveSpecification={'AttributeName': 'gone',
                                                 'Enabled': True})
    check('switched on', answer['TimeToLiveSpecification'],
          {'AttributeName': 'gone', 'Enabled': True})
    check('expiry', client.describe_time_to_live(TableName=NAME)[
        'TimeToLiveDescription']['AttributeName'], 'gone')
    now = int(time.time())
    for at, gone in enumerate((now - 60, now + 600, str(now - 60))):
        table.put_item(Item={'who': 'ttl', 'at': at, 'gone': gone})
    until = time.time() + 20
    while time.time() < until:
        left = table.query(KeyConditionExpression=Key('who').eq('ttl'))
        if left['Count'] < 3:
            break
        time.sleep(.2)
    check('what has expired goes', [int(i['at']) for i in left['Items']],
          [1, 2])


def wrong_keys(endpoint):
    """A signature that is not right is refused; DDB_TEST_SERVER checks them."""
    for keys, code in ((('AKIDEXAMPLE', 'wrong'),
                        'InvalidSignatureException'),
                       (('NOBODY', 'wrong'), 'UnrecognizedClientException')):
        other = boto3.client('dynamodb', endpoint_url=endpoint, config=CONFIG,
                             aws_access_key_id=keys[0],
                             aws_secret_access_key=keys[1])
        response = raises('wrong keys', botocore.exceptions.ClientError,
                          other.list_tables)
        check('wrong keys', response['Error']['Code'], code)


def change(client):
    client.update_table(TableName=NAME, BillingMode='PROVISIONED',
                        ProvisionedThroughput={'ReadCapacityUnits': 5,
                                               'WriteCapacityUnits': 4},
                        GlobalSecondaryIndexUpdates=[
                            {'Update': {'IndexName': 'by_kind',
                                        'ProvisionedThroughput': {
                                            'ReadCapacityUnits': 3,
                                            'WriteCapacityUnits': 2}}}])
    client.get_waiter('table_exists').wait(
        TableName=NAME, WaiterConfig={'Delay': 1, 'MaxAttempts': 20})
    table = client.describe_table(TableName=NAME)['Table']
    check('provisioned', table['ProvisionedThroughput']['ReadCapacityUnits'],
          5)
    client.delete_table(TableName=NAME)
    client.get_waiter('table_not_exists').wait(
        TableName=NAME, WaiterConfig={'Delay': 1, 'MaxAttempts': 20})
    raises('gone', client.exceptions.ResourceNotFoundException,
           client.delete_table, TableName=NAME)


def main():
    endpoint = os.environ['DDB_TEST_ENDPOINT']
    client = boto3.client('dynamodb', endpoint_url=endpoint, config=CONFIG)
    resource = boto3.resource('dynamodb', endpoint_url=endpoint, config=CONFIG)
    table = resource.Table(NAME)
    print('boto3', boto3.__version__)
    tables(client)
    items(client, table)
    queries(client, table)
    batches(client, resource)
    transactions(client)
    expiry(client, table)
    wrong_keys(endpoint)
    change(client)
    print('%d passed, %d failed' % (passed, failed))
    return failed != 0


sys.exit(main())
