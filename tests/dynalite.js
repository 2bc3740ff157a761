// SPDX-License-Identifier: MIT
// dynalite on a free port of the loopback interface: its own command listens
// everywhere and cannot be asked for a free port.  Prints the URL and ends
// when its standard input does, so it never outlives who started it.  What it
// throws by mistake is answered with status 500 instead of ending it.
// usage: node dynalite.js FOLDER-OF-DYNALITE
'use strict'

const dynalite = require(require('path').resolve(process.argv[2]))
const server = dynalite({createTableMs: 0, deleteTableMs: 0, updateTableMs: 0})
let last = null

server.prependListener('request', (request, response) => { last = response })
process.on('uncaughtException', error => {
  if (error.code === 'ECONNRESET') return // a client died in its request
  console.error(error)
  if (last === null || last.headersSent) process.exit(1)
  last.statusCode = 500
  last.end(JSON.stringify({__type: 'InternalServerError',
    message: String(error)}))
})
server.listen(0, '127.0.0.1', () => {
  console.log('http://127.0.0.1:' + server.address().port)
})
process.stdin.on('end', () => process.exit(0))
process.stdin.resume()
