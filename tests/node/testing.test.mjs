// The emulator's handle in Node: what tests of other people's programs stand on.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { AuthenticationError, ConfigError, RateLimitError } from 'xano-metadata'
import { Emulator } from 'xano-metadata/testing'

import { emulate, failure } from './helper.mjs'

test('it installs snippets, and refuses at the limit', async (t) => {
  const emulator = await emulate(t)
  await emulator.addSnippets({ canonical: 'shop', name: 'Shop', install_access: 'token' })
  const snippet = emulator.client().snippet('shop')
  const { token } = await snippet.tokens.create({ max_installs: 1 })
  await emulator.install('shop', token)
  for (const again of [() => emulator.install('shop', token), () => emulator.install('shop')]) {
    const error = await failure(again())
    assert.ok(error instanceof ConfigError)
    assert.match(error.message, /refuses POST \/install/)
  }
  assert.deepEqual(
    (await snippet.tokens.list().all()).map((one) => one.current_installs),
    [1],
  )
})

test('tokens expire when the clock is advanced', async (t) => {
  const emulator = await emulate(t)
  const { token } = await emulator.createToken({ expires_in: 3600 })
  const xano = emulator.client({ token: String(token) })
  await xano.me()
  await emulator.advanceClock(3_601_000)
  assert.ok((await failure(xano.me())) instanceof AuthenticationError)
})

test('limits can be set and lifted', async (t) => {
  const emulator = await emulate(t)
  const xano = emulator.client({ maxRetries: 0, rateLimit: false })
  await emulator.limits({ origin: 'account', requests: 1, per: 60, retry_after: 'seconds' })
  await xano.me()
  const error = await failure(xano.me())
  assert.ok(error instanceof RateLimitError)
  assert.ok(error.retryAfter > 50_000 && error.retryAfter <= 60_000, String(error.retryAfter))
  await emulator.limits({ origin: 'account', requests: null })
  await xano.me()
})

test('the journal says what was received, without the token', async (t) => {
  const emulator = await emulate(t)
  await emulator.client().me({ headers: { 'X-Trace': 'abc' } })
  const [request] = await emulator.requests()
  assert.deepEqual([request.method, request.path, request.status], ['GET', '/api:meta/auth/me', 200])
  assert.equal(request.headers['x-trace'], 'abc')
  assert.match(request.headers['user-agent'], /^xano-metadata-node\/\d+\.\d+\.\d+ \(Node \d+\.\d+\.\d+; \w+ \w+\)$/)
  assert.ok(!JSON.stringify(request).includes(emulator.token))
  assert.ok(!inspect(emulator, { showHidden: true }).includes(emulator.token))
})

test('it starts over, adds demonstration data, and keeps its state in a file', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'xano-test-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'state.db')
  const first = await Emulator.start({ file })
  await first.seed()
  const names = await first.client().snippets.list().all()
  assert.ok(names.length > 50)
  await first.stop()
  await first.stop()
  assert.ok((await failure(first.client({ maxRetries: 0 }).me())).code === 'connection_error')
  const second = await emulate(t, { file })
  assert.equal(second.token, first.token)
  assert.equal((await second.client().snippets.list().all()).length, names.length)
  await second.reset()
  assert.deepEqual(await second.client().snippets.list().all(), [])
})

test('options that make no sense are refused', async () => {
  for (const [name, options] of [
    ['host', { host: '8.8.8.8' }],
    ['host', { host: 'here' }],
    ['port', { port: -1 }],
    ['port', { port: 70000 }],
    ['rateLimit', { rateLimit: { requests: 0, per: 1 } }],
    ['retryAfter', { rateLimit: { requests: 1, per: 1, retryAfter: 'soon' } }],
    ['sedDemo', { sedDemo: true }],
    ['extras', { extras: 'other' }],
    ['token', { token: '' }],
  ]) {
    const error = await failure(Emulator.start(options))
    assert.ok(error instanceof ConfigError, `${JSON.stringify(options)}: ${error.stack}`)
    assert.ok(error.message.includes(name), error.message)
  }
})

test('it stops at the end of an `await using` block', async () => {
  const emulator = await Emulator.start()
  const xano = emulator.client({ maxRetries: 0 })
  await xano.me()
  await emulator[Symbol.asyncDispose]()
  assert.equal((await failure(xano.me())).code, 'connection_error')
})
