// Prisma's own schema engine as WebAssembly, which decides everything and writes all SQL, on a connection like the
// native engine's: one session, search_path from ?schema=, a script in one message.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(new URL('../../.node-prisma/package.json', import.meta.url))
const requireOfAdapter = createRequire(require.resolve('@prisma/adapter-pg'))
const { PrismaPg } = require('@prisma/adapter-pg')
const { Client } = requireOfAdapter('pg')
const { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } = requireOfAdapter('@prisma/driver-adapter-utils')

const CHAR_OID = 18, TEXT_OID = 25
const ABSENT = '3D000'
const UNREACHABLE = ['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH']
const REFUSED = ['28P01', '28000']

// The place that DATABASE_URL names; pg would take Prisma's own parameters for settings of the server.
export function placeOf(databaseUrl) {
  const url = new URL(databaseUrl)
  const schema = url.searchParams.get('schema') ?? 'public'
  url.search = ''
  return { url, schema, database: decodeURIComponent(url.pathname.slice(1)), server: `${url.hostname}:${url.port || 5432}` }
}

export async function connect({ url, schema }) {
  const client = new Client({ connectionString: String(url) })
  client.on('error', () => {}) // a connection that is cut fails the query that runs, and not the process
  await client.connect()
  await client.query(`SET search_path = "${schema}"`)
  return client
}

export async function withSession(place, use) {
  const session = await connect(place)
  try { return await use(session) } finally { await session.end() }
}

// What the native engine says of a connection that it cannot have. The words are ours, after its source.
export function connectionError(place, error) {
  const code = error.cause?.originalCode ?? error.code
  if (code === ABSENT) return { error_code: 'P1003', message: `Database \`${place.database}\` does not exist on the database server at \`${place.server}\`.` }
  if (REFUSED.includes(code)) return { error_code: 'P1000', message: `Authentication failed against database server, the provided database credentials for \`${place.url.username}\` are not valid.` }
  if (UNREACHABLE.includes(code)) return { error_code: 'P1001', message: `Can't reach database server at \`${place.server}\`` }
  return { message: String(error.cause?.originalMessage ?? error.message) }
}

// What the native engine says of a script that failed: the code of the error, and its words after its source.
const failedScript = (migration, error) =>
  'A migration failed to apply. New migrations cannot be applied before the error is recovered from. ' +
  'Read more about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve\n\n' +
  `Migration name: ${migration}\n\nDatabase error code: ${error.code}\n\nDatabase error:\nERROR: ${error.message}\n`

// A schema of 6 names its URL, which this engine no longer takes, and does not need.
const withoutUrl = ({ files, ...target }) =>
  files ? { ...target, files: files.map(({ path, content }) => ({ path, content: content.replace(/^ *url *=.*$/m, '') })) } : target

// The sessions of one engine, and what became of the last script that failed.
class OneSession extends PrismaPg {
  constructor(place) {
    super({ connectionString: String(place.url) }, { schema: place.schema })
    this.place = place
    this.sessions = []
    this.forget()
  }

  forget() {
    this.failed = null // in the words above
    this.recorded = false // the failure stands in the history
  }

  async connect() {
    return this.adapted(await super.connect(), this.place)
  }

  async connectToShadowDb() {
    const database = `prisma_migrate_shadow_db_${crypto.randomUUID()}`
    const url = new URL(this.place.url)
    url.pathname = `/${database}`
    await withSession(this.place, (session) => session.query(`CREATE DATABASE "${database}"`))
    const adapter = await this.adapted(await super.connect(), { ...this.place, url, database })
    const close = adapter.dispose
    adapter.dispose = async () => {
      await close()
      await withSession(this.place, (session) => session.query(`DROP DATABASE "${database}"`))
    }
    return adapter
  }

  // The adapter's pool connects when it is used, and it is not.
  async adapted(adapter, place) {
    const session = (adapter.client = await connect(place).catch((error) => adapter.onError(error)))
    this.sessions.push(session)
    adapter.dispose = () => session.end()
    adapter.executeScript = async (script) => { // the adapter's own splits it at every `;`
      try { await session.query(script) } catch (error) {
        this.failed = failedScript(this.migration, error)
        adapter.onError(error)
      }
    }
    let chars = [] // the columns of type "char", which introspection reads and the adapter does not know
    const perform = adapter.performIO.bind(adapter)
    adapter.performIO = async (query) => {
      const result = await perform(query)
      chars = (result.fields ?? []).filter((field) => field.dataTypeID === CHAR_OID)
      for (const field of chars) field.dataTypeID = TEXT_OID
      return result
    }
    const queryRaw = adapter.queryRaw.bind(adapter)
    adapter.queryRaw = async (query) => {
      const result = await queryRaw(query)
      for (const { name } of chars) result.columnTypes[result.columnNames.indexOf(name)] = ColumnTypeEnum.Character
      return result
    }
    this.watch(adapter)
    return adapter
  }

  // The engine as WebAssembly words a failed script otherwise than the native one; what is recorded is to be alike.
  watch(adapter) {
    for (const method of ['queryRaw', 'executeRaw']) {
      const run = adapter[method].bind(adapter)
      adapter[method] = async (query) => {
        if (/^INSERT INTO .*"_prisma_migrations"/s.test(query.sql)) this.migration = String(query.args.at(-1))
        const records = this.failed !== null && /^UPDATE .*SET "logs" = \$1/s.test(query.sql)
        if (records) query.args[0] = this.failed
        const result = await run(query)
        if (records) this.recorded = true
        return result
      }
    }
  }

  async close() {
    await Promise.all(this.sessions.map((session) => session.end()))
  }
}

globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (text) => console.error(text) } // what the engine ends with

async function loadBindings() {
  const path = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const bindings = await import(pathToFileURL(path))
  const binary = readFileSync(path.replace(/\.js$/, '.wasm'))
  const { instance } = await WebAssembly.instantiate(binary, { './schema_engine_bg.js': bindings })
  bindings.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
  return bindings
}
let bindings

// One engine with its session, as a process of the native one: `answer` takes a request of JSON-RPC and gives the
// messages to print; `close` ends the session, and with it the advisory lock.
export class Engine {
  constructor(databaseUrl, datamodels = []) {
    this.factory = new OneSession(placeOf(databaseUrl))
    this.datamodels = datamodels.length ? datamodels : undefined
  }

  async open() {
    const { SchemaEngine } = await (bindings ??= loadBindings())
    this.bound = bindMigrationAwareSqlAdapterFactory(this.factory)
    return SchemaEngine.new({ datamodels: this.datamodels }, () => {}, this.bound)
  }

  async answer({ id, method, params }) {
    this.factory.forget()
    if (method === 'diff') params = { ...params, from: withoutUrl(params.from), to: withoutUrl(params.to) }
    try {
      this.engine ??= await this.open()
      const result = (await this.engine[method === 'getDatabaseVersion' ? 'version' : method](params ?? {})) ?? null
      const printed = method === 'diff' && result?.stdout ? [{ jsonrpc: '2.0', id: 0, method: 'print', params: { content: result.stdout } }] : []
      return [...printed, { jsonrpc: '2.0', id, result }]
    } catch (error) {
      const data = { is_panic: error?.name === 'RuntimeError', meta: {}, ...this.failure(error) }
      return [{ jsonrpc: '2.0', id, error: { code: 4466, message: 'An error happened. Check the data field for details.', data } }]
    }
  }

  failure(error) {
    if (this.factory.recorded) return { message: this.factory.failed, error_code: 'P3018' }
    const external = /^External error id#(\d+)/.exec(String(error?.message))
    const thrown = external && this.bound.errorRegistry.consumeError(Number(external[1]))?.error
    if (!thrown) return { message: String(error.message), error_code: error.code, meta: error.meta ?? {} }
    return connectionError(this.factory.place, thrown)
  }

  close() {
    return this.factory.close()
  }
}
