// Runs a plan through the Node face: every call once; prints what went wrong as JSON.
//
//   node runner.mjs PLAN ACCOUNT_URL INSTANCE_URL
import { readFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Instance, Xano } from 'xano-metadata'

const [file, accountUrl, instanceUrl] = process.argv.slice(2)
const token = 'conformance'
const options = { token, maxRetries: 0 }
const roots = { account: new Xano({ ...options, accountUrl }), instance: new Instance(instanceUrl, options) }
const folder = mkdtempSync(join(tmpdir(), 'conformance-'))

const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase())
const value = (v) =>
  v !== null && typeof v === 'object' && '$file' in v ? { content: Buffer.from(v.text), name: v.$file } : v
const values = (given) => Object.fromEntries(Object.entries(given).map(([name, v]) => [name, value(v)]))

async function run(call) {
  let node = roots[call.api]
  for (const [name, params] of call.chain) {
    const bound = Object.values(params)
    node = bound.length ? node[camel(name)](...bound) : node[camel(name)]
  }
  const args = Object.values(values(call.positional))
  if (Object.keys(call.args).length) args.push(values(call.args))
  const result = node[camel(call.method)](...args)
  if (call.answer === 'stream') await result.saveTo(join(folder, 'download'))
  else if (call.answer === 'events') for await (const _ of result) break
  else await result
}

const violations = []
for (const call of JSON.parse(readFileSync(file, 'utf8'))) {
  try {
    await run(call)
  } catch (error) {
    violations.push([call.id, `${error.name}: ${error.message}`])
  }
}
rmSync(folder, { recursive: true, force: true })
console.log(JSON.stringify(violations))
