// Prisma's engine in a process that goes on: `node live_engine.mjs SOCKET`. Each connection is what a process of the
// engine is otherwise, with a session of its own: its first line says which database and which datamodels, the others
// are requests of JSON-RPC. Ends with its standard input, so that it never outlives the tests.
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { Engine } from './native.mjs'

// In the order in which the CLI hands migrations over.
function inOrder(request) {
  request.params?.migrationsList?.migrationDirectories.sort((a, b) => a.path.localeCompare(b.path))
  return request
}

const server = createServer({ allowHalfOpen: true }, async (socket) => {
  let engine
  socket.on('error', () => {}) // who asked has gone
  try {
    for await (const line of createInterface({ input: socket })) {
      const request = inOrder(JSON.parse(line))
      if (!engine) engine = new Engine(request.databaseUrl, request.datamodels)
      else for (const message of await engine.answer(request)) socket.write(JSON.stringify(message) + '\n')
    }
    await engine?.close()
  } catch (error) {
    console.error(error) // who asked gets no answer, the others do
  }
  socket.end()
})
server.listen(process.argv[2], () => process.stdout.write('listening\n'))
process.stdin.on('end', () => process.exit()).resume()
