// Replays the language-neutral cases of tests/cases through this face; their README says what they mean.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { Pager, XanoError } from 'xano-metadata'

import { ROOT, emulate, failure } from './helper.mjs'

const FOLDER = join(ROOT, 'tests', 'cases')
const CASES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .sort()
  .flatMap((file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')).map((one) => ({ file, ...one })))

/** Fails on what this runner does not know, so that no expectation is skipped in silence. */
function known(mapping, keys) {
  const odd = Object.keys(mapping).filter((key) => !keys.split(' ').includes(key))
  assert.deepEqual(odd, [], 'keys this runner does not know')
}

const camel = (name) => name.replace(/[_-]([a-z])/g, (_, letter) => letter.toUpperCase())

/** A fault rule that gives one answer. */
function rule(reply) {
  if ('fault' in reply) {
    const { fault, ...settings } = reply
    return { kind: fault, times: 1, ...settings }
  }
  known(reply, 'status headers json text')
  const { status = 200, headers = {}, json, text = '' } = reply
  if (json === undefined) return { kind: 'reply', times: 1, status, headers, body: text }
  const typed = { 'content-type': 'application/json', ...headers }
  return { kind: 'reply', times: 1, status, headers: typed, body: JSON.stringify(json) }
}

/** Options of the case in the spelling of this face. */
function options({ client = {} }) {
  known(client, 'max_retries read_only timeout token')
  const set = Object.fromEntries(Object.entries(client).map(([name, value]) => [camel(name), value]))
  if (set.timeout !== undefined) set.timeout *= 1000
  return { backoff: 1, rateLimit: false, prefetch: 0, ...set }
}

/** Makes the call that the case describes. */
function call(root, { api: _api, chain = [], method, args = {}, raw, ...odd }) {
  known(odd, '')
  if (raw) {
    known(raw, 'method path query json')
    const { method: verb, path, ...params } = raw
    return root.request(verb, path, params)
  }
  let node = root
  for (const [name, binds] of chain) {
    const step = camel(name)
    node = Object.keys(binds).length ? node[step](...Object.values(binds)) : node[step]
  }
  // What a method takes by position is told by its own parameters; the rest goes into one object.
  const target = node[camel(method)]
  const names = /^[^(]*\(([^)]*)\)/.exec(target.toString())[1].split(/,\s*/).filter(Boolean)
  const rest = { ...args }
  const given = names.map((name) => {
    if (name === 'params') return rest
    const key = Object.keys(rest).find((wire) => camel(wire) === name.replace(/_$/, ''))
    const value = key === undefined ? undefined : rest[key]
    if (key !== undefined) delete rest[key]
    return value
  })
  // A method without parameters of its own is given them all the same: refusing them is its business.
  const extra = !names.includes('params') && Object.keys(rest).length ? [rest] : []
  return target.apply(node, extra.length ? [...given.slice(0, names.indexOf('options')), ...extra] : given)
}

async function outcome(root, one) {
  const answer = call(root, one.call)
  return answer instanceof Pager ? answer.all() : answer
}

function checkRequests(seen, wanted) {
  assert.deepEqual(
    seen.map(({ method, path }) => `${method} ${path.replace('/api:meta', '')}`),
    wanted.map(({ method, path }) => `${method} ${path}`),
  )
  const pairs = (query) => (query ? query.split('&').sort() : [])
  for (const [n, want] of wanted.entries()) {
    known(want, 'method path query headers json text')
    assert.deepEqual(pairs(seen[n].query), pairs(want.query))
    for (const [name, value] of Object.entries(want.headers ?? {})) assert.equal(seen[n].headers[name], value, name)
    if ('json' in want) assert.deepEqual(JSON.parse(seen[n].body), want.json)
    if ('text' in want) assert.equal(seen[n].body, want.text)
  }
}

function checkError(error, { class: name, message_contains: texts = [], ...want }) {
  known(want, 'code status attempts param operation outcome_unknown retry_after')
  assert.ok(error instanceof XanoError, error.stack)
  assert.equal(error.name, name, error.stack)
  for (const [field, value] of Object.entries(want)) {
    const wanted = field === 'retry_after' && value !== null ? value * 1000 : value
    assert.equal(error[camel(field)], wanted, `${field} of ${error.stack}`)
  }
  for (const text of texts) assert.ok(error.message.includes(text), `${text} is not in: ${error.message}`)
}

test(`${CASES.length} cases`, async (t) => {
  assert.ok(CASES.length >= 30)
  const emulator = await emulate(t)
  for (const one of CASES) {
    await t.test(`${one.file}: ${one.name}`, async () => {
      const { file: _file, name: _name, rust: _rust, ...rest } = one
      known(rest, 'call client replies requests value error')
      await emulator.clearFaults()
      await emulator.faults(one.replies.map(rule))
      await emulator.forgetRequests()
      const root = one.call.api === 'account' ? emulator.client(options(one)) : emulator.instance(options(one))
      if (one.error) checkError(await failure(outcome(root, one)), one.error)
      else assert.deepEqual((await outcome(root, one)) ?? null, one.value)
      checkRequests(await emulator.requests(), one.requests)
      root.close()
    })
  }
})
