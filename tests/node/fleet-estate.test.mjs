// A fleet in Node: what there is, how it is, what changes.
import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

import { AuthenticationError, Cancelled, ConfigError, Fleet, Xano } from 'xano-metadata'

import { emulate, failure, received } from './helper.mjs'

const NOWHERE = 'http://127.0.0.1:1'

/** An emulator with 24 instances: 12 in prod, 8 in staging, 4 in dev. */
async function many(t) {
  const emulator = await emulate(t)
  const { instances } = await emulator.control('GET', '/instances')
  for (const { name } of instances) await emulator.control('DELETE', `/instances/${name}`)
  for (const [kind, number] of [
    ['prod', 12],
    ['stage', 8],
    ['dev', 3],
  ]) {
    for (let index = 0; index < number; index++) {
      await emulator.control('POST', '/instances', { name: `${kind}-${index}`, display: `${kind} ${index}` })
    }
  }
  await emulator.control('POST', '/instances', { name: 'dev-limited', rate_limit: true })
  return emulator
}

const CONFIG = {
  environments: {
    prod: { match: 'prod-*', protected: true },
    staging: { match: ['stage-*'] },
    dev: { match: ['dev-*'] },
  },
  instances: { elsewhere: { url: NOWHERE, environment: 'dev' } },
}

function client(emulator) {
  return emulator.client({ backoff: 1 })
}

test('25 instances in three environments, one down, one unauthorised, one limited', async (t) => {
  const emulator = await many(t)
  const xano = client(emulator)
  const fleet = xano.fleet(CONFIG)
  await emulator.faults([{ kind: 'token_expired', origin: 'stage-7', times: 'always' }])
  assert.deepEqual(
    fleet.environments.map(({ name, protected: guarded, match }) => [name, guarded, match]),
    [
      ['prod', true, ['prod-*']],
      ['staging', false, ['stage-*']],
      ['dev', false, ['dev-*']],
    ],
  )
  const done = []
  const inventory = await fleet.inventory({ branches: true, onProgress: (progress) => done.push(progress.done) })
  assert.equal(done.at(-1), 25)
  assert.equal(inventory.ok, false)
  assert.deepEqual(
    inventory.failures.map(({ at }) => at),
    ['stage-7', 'elsewhere'],
  )
  assert.ok(inventory.failures[0].error instanceof AuthenticationError)
  const rows = inventory.rows()
  assert.equal(rows.length, 25)
  const [first] = rows
  assert.deepEqual(
    [first.instance, first.display, first.environment, first.protected, first.liveBranch, first.branches],
    ['prod-0', 'prod 0', 'prod', true, 'v1', 1],
  )
  assert.deepEqual(
    rows.filter(({ problem }) => problem).map(({ instance, workspace }) => [instance, workspace]),
    [
      ['stage-7', null],
      ['elsewhere', null],
    ],
  )
  assert.ok(rows.every((row) => Object.keys(row).join() === Object.keys(first).join()))

  const health = await fleet.health()
  assert.deepEqual(
    health.instances
      .filter(({ state }) => state !== 'up')
      .map(({ name, state, authorised }) => [name, state, authorised]),
    [
      ['stage-7', 'unauthorised', false],
      ['elsewhere', 'down', null],
    ],
  )
  assert.deepEqual(
    health.instances.filter(({ rateLimited }) => rateLimited).map(({ name }) => name),
    ['dev-limited'],
  )
  assert.ok(health.instances.every(({ state, p50Ms }) => state !== 'up' || p50Ms > 0))
  assert.deepEqual(
    health.changes.map(({ name }) => name),
    ['stage-7', 'elsewhere'],
  )
  assert.equal((await fleet.health()).changes.length, 0)
  const prod = fleet.environment('prod')
  assert.equal((await prod.health()).ok, true)
  const members = await prod.members()
  assert.equal(members.length, 12)
  assert.ok(members.every((member) => member.protected))
  assert.ok((await members[3].instance.me()).email)
  assert.throws(() => fleet.environment('production'), /it has "prod", "staging", "dev"/)
  const { rate_limited } = await emulator.control('GET', '/requests')
  assert.equal(rate_limited, 0)
})

test('a fleet of a file alone, with tokens from the environment', async (t) => {
  const emulator = await many(t)
  const folder = await mkdtemp(join(tmpdir(), 'fleet-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'fleet.toml')
  process.env.FLEET_TEST_TOKEN = emulator.token
  t.after(() => delete process.env.FLEET_TEST_TOKEN)
  await writeFile(path, `[accounts.ours]\ntoken_env = "FLEET_TEST_TOKEN"\nurl = "${emulator.accountUrl}"\n`)
  await chmod(path, 0o644)
  const events = []
  const fleet = new Fleet(pathToFileURL(path), { timeout: 30_000, onEvent: (event) => events.push(event) })
  assert.equal((await fleet.members()).length, 24)
  if (process.platform !== 'win32') {
    assert.ok(events.some(({ message }) => message.includes('can be read by other users')))
  }
  fleet.close()
  assert.ok((await failure(fleet.members())) instanceof ConfigError)

  await writeFile(path, `[instances.a]\ntoken = "${emulator.token}"\n`)
  const refused = await failure((async () => new Fleet(path))())
  assert.ok(refused instanceof ConfigError)
  assert.match(refused.message, /line 2, instances\.a\.token: A token must not stand/)
  assert.ok(!refused.message.includes(emulator.token))
  for (const wrong of [7, null, ['fleet.toml'], new URL('https://example.com/fleet.toml')]) {
    assert.throws(() => new Fleet(wrong), ConfigError)
  }
  assert.throws(() => new Fleet({}), /needs an account/)
  assert.throws(() => client(emulator).fleet({ environments: { a: { protect: true } } }), /environments\.a\.protect/)
  assert.ok(client(emulator) instanceof Xano)
})

test('watching gives changes and ends with its loop, or with its signal', async (t) => {
  const emulator = await many(t)
  const fleet = client(emulator).fleet({ ignore: ['stage-*', 'dev-*'] })
  await emulator.faults([{ kind: 'token_expired', origin: 'prod-3', times: 'always' }])
  const seen = []
  for await (const { what, name, from, to } of fleet.watch({ every: 50 })) {
    if (name === 'prod-5' && to === 'down') continue // it was listed, and gone before it was probed
    seen.push([what, name, from, to])
    if (seen.length === 1) await emulator.clearFaults()
    else if (seen.length === 2) await emulator.control('DELETE', '/instances/prod-5')
    else break
  }
  assert.deepEqual(seen, [
    ['state', 'prod-3', null, 'unauthorised'],
    ['state', 'prod-3', 'unauthorised', 'up'],
    ['gone', 'prod-5', null, null],
  ])
  await quiet(emulator)

  const abort = new AbortController()
  setTimeout(() => abort.abort(), 200)
  const changes = []
  const error = await failure(
    (async () => {
      for await (const change of fleet.watch({ every: 50, signal: abort.signal })) changes.push(change)
    })(),
  )
  assert.ok(error instanceof Cancelled || error === abort.signal.reason, String(error))
  assert.deepEqual(changes, [])
  await quiet(emulator)

  assert.ok((await failure(fleet.health({ slow: -1 }))) instanceof ConfigError)
  assert.ok((await failure(fleet.health({ sloow: 1 }))) instanceof ConfigError)
  assert.ok((await failure(fleet.inventory({ concurrency: 0 }))) instanceof ConfigError)
})

/** Nobody asks any more, once what was on its way has arrived. */
async function quiet(emulator) {
  await new Promise((resolve) => setTimeout(resolve, 300))
  await emulator.forgetRequests()
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.equal((await received(emulator)).length, 0)
}
