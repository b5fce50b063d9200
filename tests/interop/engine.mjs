#!/usr/bin/env node
// Stands in for Prisma's native schema engine, which the CLI starts as PRISMA_SCHEMA_ENGINE_BINARY and talks to in
// lines of JSON-RPC. Inside is the same engine as WebAssembly: it decides everything and writes all SQL. Only the
// connection is ours, and it is the native engine's: one session, search_path from ?schema=, a script in one message.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const require = createRequire(new URL('../../.node-prisma/package.json', import.meta.url))
const requireOfAdapter = createRequire(require.resolve('@prisma/adapter-pg'))
const { PrismaPg } = require('@prisma/adapter-pg')
const { Client } = requireOfAdapter('pg')
const { bindMigrationAwareSqlAdapterFactory } = requireOfAdapter('@prisma/driver-adapter-utils')

const url = new URL(process.env.DATABASE_URL)
const schema = url.searchParams.get('schema') ?? 'public'
url.search = '' // pg would take Prisma's own parameters for settings of the server

async function connect() {
  const client = new Client({ connectionString: String(url) })
  client.on('error', () => {}) // a connection that is cut fails the query that runs, and not the process
  await client.connect()
  await client.query(`SET search_path = "${schema}"`)
  return client
}

class OneSession extends PrismaPg {
  async connect() {
    const adapter = await super.connect() // its pool connects when it is used, and it is not
    const client = (adapter.client = await connect())
    adapter.dispose = () => client.end()
    adapter.executeScript = async (script) => {
      await client.query(script).catch((error) => adapter.onError(error)) // the adapter's own splits it at every `;`
    }
    return adapter
  }
}

async function loadEngine() {
  const path = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const bindings = await import(pathToFileURL(path))
  const binary = readFileSync(path.replace(/\.js$/, '.wasm'))
  const { instance } = await WebAssembly.instantiate(binary, { './schema_engine_bg.js': bindings })
  bindings.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
  const adapter = bindMigrationAwareSqlAdapterFactory(new OneSession({ connectionString: String(url) }, { schema }))
  return bindings.SchemaEngine.new({}, () => {}, adapter)
}

async function answer(engine, { id, method, params }) {
  let outcome
  try {
    const name = method === 'getDatabaseVersion' ? 'version' : method
    outcome = { result: (await engine[name](params ?? {})) ?? null }
  } catch (error) {
    const data = { is_panic: false, message: String(error.message), error_code: error.code, meta: error.meta ?? {} }
    outcome = { error: { code: 4466, message: 'An error happened. Check the data field for details.', data } }
  }
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, ...outcome }) + '\n')
}

if (process.argv.includes('can-connect-to-database')) {
  await (await connect()).end()
} else {
  const engine = await loadEngine()
  for await (const line of createInterface({ input: process.stdin })) await answer(engine, JSON.parse(line))
  process.exit() // the session is still open
}
