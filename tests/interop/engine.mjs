#!/usr/bin/env node
// Stands in for Prisma's native schema engine, which the CLI starts as PRISMA_SCHEMA_ENGINE_BINARY and talks to in lines
// of JSON-RPC.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const words = process.argv.slice(2)
const datamodels = words.flatMap((word, i) => (['-d', '--datamodels'].includes(word) ? [[words[i + 1], readFileSync(words[i + 1], 'utf8')]] : []))
const databaseUrl = process.env.DATABASE_URL

// What the CLI reads of a command that fails: a line of the engine's log.
const log = (level, fields, target) => process.stderr.write(JSON.stringify({ timestamp: new Date().toISOString(), level, fields, target }) + '\n')

async function database(command) {
  const { connect, connectionError, placeOf, withSession } = await import('./native.mjs')
  const place = placeOf(databaseUrl)
  const others = { ...place, url: Object.assign(new URL(place.url), { pathname: '/postgres' }) }
  log('INFO', { message: 'Starting schema engine CLI', git_hash: 'WebAssembly' }, 'schema_engine')
  try {
    if (command === 'create-database') await withSession(others, (session) => session.query(`CREATE DATABASE "${place.database}"`))
    await (await connect(place)).end()
  } catch (error) {
    log('ERROR', { is_panic: false, error_code: '', ...connectionError(place, error) }, 'schema_engine::logger')
    process.exit(1)
  }
}

async function serve() {
  const { Engine } = await import('./native.mjs')
  const engine = new Engine(databaseUrl, datamodels)
  for await (const line of createInterface({ input: process.stdin })) {
    for (const message of await engine.answer(JSON.parse(line))) process.stdout.write(JSON.stringify(message) + '\n')
  }
  process.exit() // the session is still open
}

const command = words.find((word) => word.endsWith('-database'))
if (command) await database(command)
else await serve()
