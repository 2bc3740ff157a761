// SPDX-License-Identifier: MIT
// The AWS SDK for JavaScript v3 as a program of somebody else uses it, against
// DDB_TEST_ENDPOINT: tables, items, queries, pages, batches, transactions,
// expiry, and errors by their classes.  Run by tests/with-server; the SDK is
// in DDB_PEERS.
'use strict'

const assert = require('assert')
const path = require('path')
const load = name =>
  require(path.resolve(process.env.DDB_PEERS, 'node_modules/@aws-sdk', name))
const db = load('client-dynamodb')
const doc = load('lib-dynamodb')

const NAME = 'javascript_' + process.pid
const options = {endpoint: process.env.DDB_TEST_ENDPOINT, maxAttempts: 1}
const client = new db.DynamoDBClient(options)
const documents = doc.DynamoDBDocumentClient.from(client)
const send = (command, input) =>
  documents.send(new (doc[command] || db[command])(input))
// The same, of our table if the input names no other one.
const one = (command, input) =>
  send(command, Object.assign({TableName: NAME}, input))

let passed = 0
let failed = 0

function check (what, got, want) {
  try {
    assert.deepStrictEqual(got, want)
    passed++
  } catch (e) {
    failed++
    console.log('FAILED:', what, got, 'not', want)
  }
}

// The command fails with this class, and this message if one is given.
async function raises (what, type, command, input, message) {
  try {
    check(what, await one(command, input), type)
  } catch (e) {
    check(what, e.name, type)
    if (db[type]) check(what + ': class', e instanceof db[type], true)
    if (message) check(what + ': message', e.message, message)
    return e
  }
}

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

async function tables () {
  await one('CreateTableCommand', {
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [['who', 'S'], ['at', 'N'], ['kind', 'S']].map(
      ([n, t]) => ({AttributeName: n, AttributeType: t})),
    KeySchema: [{AttributeName: 'who', KeyType: 'HASH'},
      {AttributeName: 'at', KeyType: 'RANGE'}],
    GlobalSecondaryIndexes: [{
      IndexName: 'by_kind', Projection: {ProjectionType: 'KEYS_ONLY'},
      KeySchema: [{AttributeName: 'kind', KeyType: 'HASH'}]}]})
  await db.waitUntilTableExists({client, maxWaitTime: 20, minDelay: 1},
    {TableName: NAME})
  const {Table} = await one('DescribeTableCommand', {})
  check('status', Table.TableStatus, 'ACTIVE')
  check('a date', Table.CreationDateTime instanceof Date &&
    Math.abs(Table.CreationDateTime - Date.now()) < 600000, true)
  const names = []
  for await (const page of db.paginateListTables({client, pageSize: 1}, {})) {
    names.push(...page.TableNames)
  }
  check('listed', names.includes(NAME), true)
  await raises('made twice', 'ResourceInUseException', 'CreateTableCommand', {
    AttributeDefinitions: [{AttributeName: 'k', AttributeType: 'S'}],
    KeySchema: [{AttributeName: 'k', KeyType: 'HASH'}],
    BillingMode: 'PAY_PER_REQUEST'})
  await raises('not there', 'ResourceNotFoundException',
    'DescribeTableCommand', {TableName: 'nowhere'},
    'Requested resource not found: Table: nowhere not found')
}

async function items () {
  const key = {who: 'items', at: 1}
  const item = Object.assign({
    text: 'gr\u00fc\u00df dich \u{1f600}', empty: '', flag: false,
    nothing: null, number: -1.5, list: [1, 'a', [null], {b: true}],
    map: {k: {l: []}}, bytes: new Uint8Array([0, 255]),
    texts: new Set(['a', 'b']), numbers: new Set([1, 2.5])}, key)
  await one('PutCommand', {Item: item})
  const back = (await one('GetCommand', {Key: key, ConsistentRead: true})).Item
  check('get', back, item)
  check('nobody', (await one('GetCommand', {Key: {who: 'x', at: 1}})).Item,
    undefined)
  check('projection', (await one('GetCommand', {
    Key: key, ProjectionExpression: '#l[1], #m.k',
    ExpressionAttributeNames: {'#l': 'list', '#m': 'map'}})).Item,
  {list: ['a'], map: {k: {l: []}}})
  check('update', (await one('UpdateCommand', {
    Key: key, ReturnValues: 'UPDATED_NEW',
    UpdateExpression: 'SET #n = #n - :n, #l[0] = :f REMOVE #t',
    ConditionExpression: 'attribute_exists(who) AND size(#t) > :n',
    ExpressionAttributeNames: {'#n': 'number', '#l': 'list', '#t': 'text'},
    ExpressionAttributeValues: {':n': 1, ':f': 'first'}})).Attributes,
  {number: -2.5, list: ['first']})
  check('old', (await one('DeleteCommand', {
    Key: key, ReturnValues: 'ALL_OLD'})).Attributes.number, -2.5)
  await raises('condition', 'ConditionalCheckFailedException', 'PutCommand',
    {Item: key, ConditionExpression: 'attribute_exists(who)'},
    'The conditional request failed')
  await one('PutCommand', {Item: Object.assign({x: 5}, key)})
  const e = await raises('condition', 'ConditionalCheckFailedException',
    'PutCommand', {Item: key,
      ConditionExpression: 'attribute_not_exists(who)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD'})
  check('the item in the way', e.Item && e.Item.x,
    {N: '5'})
  await raises('no sort key', 'ValidationException', 'GetCommand',
    {Key: {who: 'a'}}, 'The provided key element does not match the schema')
  await raises('a reserved word', 'ValidationException', 'UpdateCommand',
    {Key: key, UpdateExpression: 'REMOVE #a, name',
      ExpressionAttributeNames: {'#a': 'a'}},
    'Invalid UpdateExpression: Attribute name is a reserved keyword; ' +
    'reserved keyword: name')
  await raises('no table', 'ResourceNotFoundException', 'GetCommand',
    {TableName: 'nowhere', Key: key}, 'Requested resource not found')
}

async function queries () {
  for (let start = 0; start < 50; start += 25) {
    const writes = [...Array(25).keys()].map(i => ({PutRequest: {Item: {
      who: 'q', at: start + i, kind: i % 2 ? 'odd' : 'even', x: 'x'}}}))
    const answer = await send('BatchWriteCommand',
      {RequestItems: {[NAME]: writes}})
    check('nothing unprocessed', answer.UnprocessedItems, {})
  }
  const input = {KeyConditionExpression: 'who = :q',
    ExpressionAttributeValues: {':q': 'q'}}
  check('query', (await one('QueryCommand', input)).Items.map(i => i.at),
    [...Array(50).keys()])
  let pages = 0
  let seen = []
  for await (const page of doc.paginateQuery({client: documents, pageSize: 7},
    Object.assign({TableName: NAME, ScanIndexForward: false}, input))) {
    seen.push(...page.Items.map(i => i.at))
    pages++
  }
  check('pages backward', seen, [...Array(50).keys()].reverse())
  check('number of pages', pages, 8)
  seen = []
  for (const Segment of [0, 1]) {
    for await (const page of doc.paginateScan(
      {client: documents, pageSize: 5},
      {TableName: NAME, Segment, TotalSegments: 2,
        FilterExpression: 'who = :q', ExpressionAttributeValues: {':q': 'q'}}
    )) seen.push(...page.Items.map(i => i.at))
  }
  check('scan by segments and pages', seen.sort((a, b) => a - b),
    [...Array(50).keys()])
  const found = await one('QueryCommand', {IndexName: 'by_kind', Limit: 3,
    KeyConditionExpression: 'kind = :k',
    ExpressionAttributeValues: {':k': 'odd'}})
  check('index', [found.Count, Object.keys(found.LastEvaluatedKey).sort()],
    [3, ['at', 'kind', 'who']])
  const Keys = [...Array(60).keys()].map(at => ({who: 'q', at}))
  const got = await send('BatchGetCommand', {RequestItems: {[NAME]: {Keys}}})
  check('batch get', got.Responses[NAME].length, 50)
}

async function transactions () {
  const put = (at, n) => ({Put: {TableName: NAME, Item: {who: 't', at, n}}})
  const TableName = NAME
  await send('TransactWriteCommand', {TransactItems: [put(1, 1), put(2, 2)]})
  const got = await send('TransactGetCommand', {TransactItems: [1, 2, 3].map(
    at => ({Get: {TableName, Key: {who: 't', at}}}))})
  check('transaction', got.Responses.map(r => r.Item && r.Item.n),
    [1, 2, undefined])
  try {
    await send('TransactWriteCommand', {TransactItems: [put(1, 5), {
      ConditionCheck: {TableName, Key: {who: 't', at: 2},
        ConditionExpression: 'n > :n', ExpressionAttributeValues: {':n': 2},
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD'}}]})
    check('cancelled', 'done', 'cancelled')
  } catch (e) {
    check('cancelled', e instanceof db.TransactionCanceledException, true)
    check('reasons', e.CancellationReasons.map(r => r.Code),
      ['None', 'ConditionalCheckFailed'])
    check('its item', e.CancellationReasons[1].Item.n, {N: '2'})
  }
  check('nothing was done', (await one('GetCommand',
    {Key: {who: 't', at: 1}})).Item.n, 1)
}

async function expiry () {
  await one('UpdateTimeToLiveCommand', {
    TimeToLiveSpecification: {AttributeName: 'gone', Enabled: true}})
  const {TimeToLiveDescription} = await one('DescribeTimeToLiveCommand', {})
  check('expiry', TimeToLiveDescription.AttributeName, 'gone')
  const now = Math.floor(Date.now() / 1000)
  await one('PutCommand', {Item: {who: 'ttl', at: 1, gone: now - 60}})
  await one('PutCommand', {Item: {who: 'ttl', at: 2, gone: now + 600}})
  let found
  for (let i = 0; i < 100; i++) {
    found = await one('QueryCommand', {KeyConditionExpression: 'who = :w',
      ExpressionAttributeValues: {':w': 'ttl'}})
    if (found.Count < 2) break
    await sleep(200)
  }
  check('what has expired goes', found.Items.map(i => i.at), [2])
}

async function wrongKeys () {
  for (const [accessKeyId, name] of [
    ['AKIDEXAMPLE', 'InvalidSignatureException'],
    ['NOBODY', 'UnrecognizedClientException']]) {
    const other = new db.DynamoDBClient(Object.assign({
      credentials: {accessKeyId, secretAccessKey: 'wrong'}}, options))
    try {
      check('wrong keys', await other.send(new db.ListTablesCommand({})), name)
    } catch (e) {
      check('wrong keys', e.name, name)
    }
    other.destroy()
  }
}

async function main () {
  await tables()
  await items()
  await queries()
  await transactions()
  await expiry()
  await wrongKeys()
  await one('DeleteTableCommand', {})
  await db.waitUntilTableNotExists({client, maxWaitTime: 20, minDelay: 1},
    {TableName: NAME})
  await raises('gone', 'ResourceNotFoundException', 'DeleteTableCommand', {})
  client.destroy()
  console.log(passed + ' passed, ' + failed + ' failed')
  process.exitCode = failed ? 1 : 0
}

main()
