// The rate limit: our own traffic never reaches it.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ConfigError, RateLimit } from 'xano-metadata'

import { emulate, failure } from './helper.mjs'

const LIMIT = { requests: 10, per: 2000 }

/** Thirty calls from eight promises, each taking the next number. */
async function thirty(work) {
  let next = 0
  const worker = async () => {
    while (next < 30) {
      next += 1
      await work()
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}

test('30 calls under 10 per 2 s from 8 promises: no 429 at the emulator', async (t) => {
  const emulator = await emulate(t, { rateLimit: LIMIT })
  const xano = emulator.client({ rateLimit: LIMIT })
  const began = Date.now()
  await thirty(() => xano.me())
  const took = Date.now() - began
  const { rate_limited: limited, total } = await emulator.control('GET', '/requests')
  assert.deepEqual([limited, total], [0, 30])
  assert.ok(took >= 4000, `${took} ms is faster than the limit allows`)
  assert.ok(took < 5500, `${took} ms wastes the window`)
  assert.ok(xano.stats().limiterWaits > 0)
})

test('clients of one process share the limit of a host', async (t) => {
  const emulator = await emulate(t, { rateLimit: { requests: 4, per: 500 } })
  const clients = Array.from({ length: 3 }, () => emulator.client({ rateLimit: { requests: 4, per: 500 } }))
  await Promise.all(clients.flatMap((xano) => [xano.me(), xano.me(), xano.me(), xano.me()]))
  assert.equal((await emulator.control('GET', '/requests')).rate_limited, 0)
})

test('a limit is spelled in words or numbers, and nonsense is refused', async (t) => {
  assert.deepEqual(RateLimit.perMinute(60), { requests: 60, per: 60_000 })
  assert.deepEqual(RateLimit.perSecond(5), { requests: 5, per: 1000 })
  assert.deepEqual(RateLimit.freePlan, { requests: 10, per: 20_000 })
  const emulator = await emulate(t)
  for (const rateLimit of [{ requests: 0, per: 1 }, { requests: 1, per: 0 }, { requests: 1 }, true, 'fast', null]) {
    const error = await failure(Promise.resolve().then(() => emulator.client({ rateLimit })))
    assert.ok(error instanceof ConfigError && error.message.includes('rateLimit'), error.stack)
  }
})
