// What goes wrong, as the server's side of the wire has it: the class, the code, the attempts, and what was sent.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as xm from 'xano-metadata'

import { QUICK, emulate, failure, received, spoil } from './helper.mjs'

/** A read with two retries and a write, under a fault; what each comes to. */
const TABLE = [
  {
    name: '429 with Retry-After 0 is obeyed and given up in the end',
    rule: {
      kind: 'status',
      status: 429,
      headers: { 'Retry-After': '0' },
      body: { code: 'ERROR_CODE_TOO_MANY_REQUESTS', message: 'Slow' },
    },
    error: { class: 'RateLimitError', code: 'ERROR_CODE_TOO_MANY_REQUESTS', status: 429 },
    read: 3,
    write: 3,
  },
  {
    name: 'a 500 that is a definite refusal is final',
    rule: { kind: 'reply', status: 500, body: { code: 'ERROR_FATAL', message: 'Access Denied.', payload: '' } },
    error: { class: 'ServerError', code: 'ERROR_FATAL', status: 500 },
    read: 1,
    write: 1,
    unknown: false,
  },
  {
    name: 'a 500 of another kind is repeated for a read',
    rule: { kind: 'reply', status: 500, body: { code: 'ERROR_FATAL', message: 'Out of cheese', payload: null } },
    error: { class: 'ServerError', code: 'ERROR_FATAL', status: 500 },
    read: 3,
    write: 1,
  },
  {
    name: "a gateway's page",
    rule: { kind: 'html', status: 502 },
    error: { class: 'ServerError', code: 'server_error', status: 502 },
    read: 3,
    write: 1,
  },
  {
    name: 'a cut body',
    rule: { kind: 'cut_body' },
    error: { class: 'ConnectionError', code: 'connection_error' },
    read: 3,
    write: 1,
  },
  {
    name: 'a socket that is dropped after the request was read',
    rule: { kind: 'reset_after' },
    error: { class: 'ConnectionError', code: 'connection_error' },
    read: 3,
    write: 1,
  },
  {
    name: 'an answer that is not JSON',
    rule: { kind: 'reply', body: '<p>hello', headers: { 'Content-Type': 'text/html' } },
    error: { class: 'DecodeError', code: 'decode_error' },
    read: 1,
    write: 1,
    unknown: null,
  },
  {
    name: 'a server that says nothing',
    rule: { kind: 'hang' },
    options: { timeout: 100 },
    error: { class: 'TimeoutError', code: 'timeout' },
    read: 3,
    write: 1,
  },
]

test('the fault table', async (t) => {
  const emulator = await emulate(t, { seedDemo: true })
  const [{ canonical }] = (await emulator.client().snippets.list()).items
  for (const { name, rule, error: wanted, read, write, options, unknown = true } of TABLE) {
    await t.test(name, async () => {
      const xano = emulator.client({ ...QUICK, maxRetries: 2, ...options })
      for (const [kind, attempts, begin] of [
        ['read', read, () => xano.me()],
        ['write', write, () => xano.snippet(canonical).tokens.create({ max_installs: 1 })],
      ]) {
        await spoil(emulator, rule)
        const error = await failure(begin())
        const shown = `${kind}: ${error.stack}`
        assert.equal(error.name, wanted.class, shown)
        assert.ok(error instanceof xm[wanted.class], shown)
        assert.ok(error instanceof xm.XanoError && error instanceof Error, shown)
        assert.equal(error.code, wanted.code, shown)
        if (wanted.status) assert.equal(error.status, wanted.status, shown)
        assert.equal(error.attempts, attempts, shown)
        assert.equal((await received(emulator)).length, attempts, shown)
        // Only a write that may have arrived leaves a doubt; a 429 was certainly not carried out.
        const doubt = kind === 'write' && unknown === true && wanted.status !== 429
        if (unknown !== null) assert.equal(error.outcomeUnknown, doubt, shown)
        assert.equal(JSON.parse(JSON.stringify(error)).code, wanted.code)
      }
    })
  }
})

test('401 for a token that is missing, unknown, expired or revoked', async (t) => {
  const emulator = await emulate(t)
  const expired = await emulator.createToken({ expired: true })
  const revoked = await emulator.createToken({})
  await emulator.revokeToken(revoked.token)
  for (const token of ['unknown-token', expired.token, revoked.token]) {
    const error = await failure(emulator.client({ token }).me())
    assert.ok(error instanceof xm.AuthenticationError, error.stack)
    assert.equal(error.code, 'ERROR_CODE_UNAUTHORIZED')
    assert.equal(error.attempts, 1)
    assert.ok(!JSON.stringify(error).includes(token))
  }
  const missing = await failure(Promise.resolve().then(() => emulator.client({ token: undefined })))
  assert.ok(missing instanceof xm.ConfigError)
  for (const way of ['token', 'XANO_TOKEN', 'credentials.yaml']) assert.match(missing.message, new RegExp(way))
})

test('403 names what is missing', async (t) => {
  const emulator = await emulate(t)
  await spoil(emulator, {
    kind: 'reply',
    status: 403,
    body: { code: 'ERROR_CODE_ACCESS_DENIED', message: 'Access denied.', payload: '' },
  })
  const error = await failure(emulator.instance().workspaces.create({ name: 'x' }))
  assert.ok(error instanceof xm.PermissionError, error.stack)
  assert.equal(error.scope, 'Instance Workspace: Create')
  assert.match(error.message, /Instance Workspace: Create/)
})

test('404 and 400 with the parameter', async (t) => {
  const emulator = await emulate(t, { seedDemo: true })
  const xano = emulator.client()
  const missing = await failure(xano.snippet('no-such').get())
  assert.ok(missing instanceof xm.NotFoundError)
  assert.deepEqual([missing.code, missing.status, missing.attempts], ['ERROR_CODE_NOT_FOUND', 404, 1])
  assert.equal(missing.operation, 'account.snippet.get')
  assert.match(missing.stack, /errors\.test\.mjs/, 'the stack leads to the caller')
  const [{ canonical }] = (await xano.snippets.list()).items
  const bad = await failure(xano.snippet(canonical).tokens.create({ max_installs: 'many' }))
  assert.ok(bad instanceof xm.BadRequestError, bad.stack)
  assert.equal(bad.param, 'max_installs')
  assert.match(bad.message, /max_installs/)
})

test('a 429 without Retry-After is waited out', async (t) => {
  const emulator = await emulate(t)
  await spoil(emulator, { kind: 'status', status: 429, times: 1 })
  const error = await failure(emulator.client({ ...QUICK, maxRetries: 0 }).me())
  assert.deepEqual([error.name, error.retryAfter], ['RateLimitError', null])
})

test('a Retry-After that is too long fails at once and tells the wait', async (t) => {
  const emulator = await emulate(t)
  await spoil(emulator, { kind: 'status', status: 429, headers: { 'Retry-After': '600' } })
  const error = await failure(emulator.client().me())
  assert.deepEqual([error.name, error.retryAfter, error.attempts], ['RateLimitError', 600_000, 1])
})

test('a short interruption is not noticed, only counted', async (t) => {
  const emulator = await emulate(t)
  const events = []
  const xano = emulator.client({ ...QUICK, onEvent: (event) => events.push(event) })
  await spoil(emulator, { kind: 'html', status: 502, times: 1 }, { kind: 'reset_after', times: 1 })
  assert.equal((await xano.me()).email, 'robin@example.com')
  const stats = xano.stats()
  assert.deepEqual([stats.requests, stats.retries], [3, 2])
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(
    events.filter(({ event }) => event === 'retrying').map(({ code, attempt }) => [code, attempt]),
    [
      ['server_error', 1],
      ['connection_error', 2],
    ],
  )
})

test('a body that is slow but keeps coming is no timeout', async (t) => {
  const emulator = await emulate(t)
  await spoil(emulator, { kind: 'slow', bytes_per_second: 2000 })
  assert.equal((await emulator.client({ readTimeout: 1000 }).me()).email, 'robin@example.com')
})

test('readOnly refuses every write before it is sent', async (t) => {
  const emulator = await emulate(t, { seedDemo: true })
  const xano = emulator.client({ readOnly: true })
  const { items } = await xano.snippets.list()
  await emulator.forgetRequests()
  const error = await failure(xano.snippet(items[0].canonical).tokens.create({ max_installs: 1 }))
  assert.ok(error instanceof xm.ConfigError)
  assert.deepEqual(await received(emulator), [])
})
