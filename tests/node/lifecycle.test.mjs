// Ends: aborted signals, closed clients, exits with calls in flight, worker threads. None may hang or crash.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

import { Cancelled, ConfigError, Xano } from 'xano-metadata'

import { emulate, failure, node, received, spoil } from './helper.mjs'

/** Waits until the emulator's journal says so; it is told by a poll of its own, in the same process. */
async function until(emulator, holds) {
  for (;;) {
    const requests = await received(emulator)
    if (holds(requests)) return requests
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('an aborted signal rejects at once and drops the request', { timeout: 10_000 }, async (t) => {
  const emulator = await emulate(t)
  await spoil(emulator, { kind: 'hang' })
  const xano = emulator.client()
  const controller = new AbortController()
  const call = failure(xano.me({ signal: controller.signal }))
  await until(emulator, (requests) => requests.length === 1)
  const reason = new Error('enough')
  const began = performance.now()
  controller.abort(reason)
  const error = await call
  assert.ok(performance.now() - began < 100)
  assert.ok(error instanceof Cancelled, error.stack)
  assert.deepEqual([error.code, error.cause, error.operation], ['cancelled', reason, 'account.me'])
  const [request] = await until(emulator, ([one]) => one.outcome !== 'open' && one.outcome !== 'fault')
  assert.equal(request.outcome, 'client_gone')
})

test('a signal that is aborted already sends nothing, and listeners are taken back', async (t) => {
  const emulator = await emulate(t)
  const xano = emulator.client()
  assert.ok((await failure(xano.me({ signal: AbortSignal.abort() }))) instanceof Cancelled)
  assert.deepEqual(await received(emulator), [])
  const controller = new AbortController()
  const own = () => undefined
  controller.signal.onabort = own
  let listening = 0
  const { addEventListener, removeEventListener } = controller.signal
  controller.signal.addEventListener = (...args) => ((listening += 1), addEventListener.apply(controller.signal, args))
  controller.signal.removeEventListener = (...args) => (
    (listening -= 1),
    removeEventListener.apply(controller.signal, args)
  )
  await xano.me({ signal: controller.signal })
  await xano.snippets.list({}, { signal: controller.signal }).all()
  assert.equal(listening, 0)
  assert.equal(controller.signal.onabort, own, "the signal's own handler is left alone")
})

test('AbortSignal.timeout works as users expect', async (t) => {
  const emulator = await emulate(t)
  await spoil(emulator, { kind: 'hang' })
  const error = await failure(emulator.client().me({ signal: AbortSignal.timeout(50) }))
  assert.ok(error instanceof Cancelled)
  assert.equal(error.cause.name, 'TimeoutError')
})

test('a closed client fails what is in flight and refuses what comes later', async (t) => {
  const emulator = await emulate(t)
  await spoil(emulator, { kind: 'hang' })
  const xano = emulator.client()
  const call = failure(xano.me())
  await until(emulator, (requests) => requests.length === 1)
  xano.close()
  assert.ok((await call) instanceof Cancelled)
  const late = await failure(xano.me())
  assert.ok(late instanceof ConfigError, late.stack)
  xano.close()
})

test('a client can be used with `using`', async (t) => {
  const emulator = await emulate(t)
  const xano = emulator.client()
  await xano[Symbol.asyncDispose]()
  assert.ok((await failure(xano.me())) instanceof ConfigError)
  const other = emulator.client()
  other[Symbol.dispose]()
  assert.ok((await failure(other.me())) instanceof ConfigError)
})

test('a program ends by itself when nothing is in flight, and not before', { timeout: 30_000 }, async (t) => {
  const emulator = await emulate(t)
  await spoil(emulator, { kind: 'latency', ms: 200 })
  const options = JSON.stringify({ token: emulator.token, accountUrl: emulator.accountUrl })
  const { stdout } = await node(`
    import { Xano } from 'xano-metadata'
    const xano = new Xano({ ...${options}, onEvent: () => undefined })
    void xano.me().then((me) => console.log(me.email))
  `)
  assert.equal(stdout, 'robin@example.com\n')
})

test('100 exits with calls in flight', { timeout: 240_000 }, async (t) => {
  const emulator = await emulate(t)
  await spoil(emulator, { kind: 'slow', bytes_per_second: 500 })
  const options = JSON.stringify({ token: emulator.token, accountUrl: emulator.accountUrl })
  const ways = [
    'setTimeout(() => process.exit(0), Math.random() * 30)',
    'process.exitCode = 0; await new Promise((r) => setTimeout(r, 5)); process.exit()',
    'await Promise.race(calls); process.exit(0)',
    "process.on('exit', () => { void xano.me().catch(() => undefined) }); setImmediate(() => process.exit(0))",
  ]
  const run = async (n) => {
    await node(
      `
      import { Xano } from 'xano-metadata'
      const xano = new Xano({ ...${options}, onEvent: () => undefined })
      const calls = Array.from({ length: 8 }, () => xano.me().catch(() => undefined))
      ${ways[n % ways.length]}
    `,
    ).catch((error) => assert.fail(`exit ${n}: code ${error.code}, signal ${error.signal}\n${error.stderr}`))
  }
  for (let n = 0; n < 100; n += 4) await Promise.all([run(n), run(n + 1), run(n + 2), run(n + 3)])
})

test('an unhandled rejection ends the program as any other does', async (t) => {
  const emulator = await emulate(t)
  const options = JSON.stringify({ token: 'wrong', accountUrl: emulator.accountUrl })
  const error = await failure(node(`import { Xano } from 'xano-metadata'; void new Xano(${options}).me()`))
  assert.deepEqual([error.code, error.signal], [1, null])
  assert.match(error.stderr, /AuthenticationError: account\.me: 401/)
})

test('a callback that throws is a warning, not a crash', async (t) => {
  const emulator = await emulate(t)
  const xano = emulator.client({
    onEvent() {
      throw new Error('oops')
    },
  })
  const [warning] = await Promise.all([once(process, 'warning'), xano.me()])
  assert.match(warning[0].message, /oops/)
})

test('worker threads share nothing and end cleanly, also with calls in flight', { timeout: 60_000 }, async (t) => {
  const emulator = await emulate(t)
  await spoil(emulator, { kind: 'latency', ms: 20 })
  const script = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { Xano } = require('xano-metadata')
    const xano = new Xano(workerData)
    for (let n = 0; n < 8; n += 1) xano.me().then((me) => parentPort.postMessage(me.email), () => undefined)
  `
  const workerData = { token: emulator.token, accountUrl: emulator.accountUrl }
  for (let round = 0; round < 8; round += 1) {
    const workers = Array.from({ length: 4 }, () => new Worker(script, { eval: true, workerData }))
    if (round % 2) {
      // Ended while calls are in flight.
      await Promise.all(workers.map((worker) => once(worker, 'online')))
      await new Promise((resolve) => setTimeout(resolve, round * 10))
      await Promise.all(workers.map((worker) => worker.terminate()))
    } else {
      const exits = workers.map((worker) => once(worker, 'exit'))
      const [[first]] = await Promise.all(workers.map((worker) => once(worker, 'message')))
      assert.equal(first, 'robin@example.com')
      await Promise.all(exits)
    }
  }
  assert.equal((await emulator.client().me()).email, 'robin@example.com', 'the main thread goes on')
})

test('a program may leave while only its worker threads use the package', { timeout: 60_000 }, async (t) => {
  const emulator = await emulate(t)
  await spoil(emulator, { kind: 'slow', bytes_per_second: 500 })
  const workerData = { token: emulator.token, accountUrl: emulator.accountUrl }
  const inside = `
    import { parentPort, workerData } from 'node:worker_threads'
    import { Xano } from 'xano-metadata'
    const xano = new Xano(workerData)
    for (let n = 0; n < 8; n += 1) xano.me().catch(() => undefined)
    parentPort.postMessage('started')
  `
  const script = `
    import { once } from 'node:events'
    import { Worker } from 'node:worker_threads'
    const options = { eval: true, workerData: ${JSON.stringify(workerData)} }
    const workers = [0, 1, 2].map(() => new Worker(${JSON.stringify(inside)}, options))
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    process.exit(0)
  `
  for (let n = 0; n < 5; n += 1) await node(script)
})

test('garbage collected clients and pagers take nothing with them', async (t) => {
  const emulator = await emulate(t)
  const { stdout } = await node(
    `
    import { Xano } from 'xano-metadata'
    const options = ${JSON.stringify({ token: emulator.token, accountUrl: emulator.accountUrl })}
    for (let n = 0; n < 200; n += 1) {
      const xano = new Xano(options)
      void xano.me().catch(() => undefined)
      void xano.snippets.list()
      if (n % 20 === 0) { gc(); await new Promise((r) => setImmediate(r)) }
    }
    gc()
    console.log((await new Xano(options).me()).email)
  `,
    { flags: ['--expose-gc'] },
  )
  assert.equal(stdout, 'robin@example.com\n')
})

test('Xano is a class one can extend', async (t) => {
  const emulator = await emulate(t)
  class Mine extends Xano {
    async email() {
      return (await this.me()).email
    }
  }
  const mine = new Mine({ token: emulator.token, accountUrl: emulator.accountUrl, ambientCredentials: false })
  assert.equal(await mine.email(), 'robin@example.com')
})
