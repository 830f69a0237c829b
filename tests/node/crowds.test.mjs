// Many callers, many instances, many calls that wait: everyone is served in turn, memory stays bounded, closing ends all.
// No limit of time here is closer than ten times of what is needed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { Cancelled, ConfigError } from 'xano-metadata'

import { emulate } from './helper.mjs'

const CALLERS = 256
const INSTANCES = 500
const QUEUED = 10_000
/** Requests in flight to one origin; the default. */
const PLACES = 16

const numbers = (count) => Array.from({ length: count }, (_, n) => n)
const received = async (emulator) => (await emulator.control('GET', '/requests')).total

test('no caller of 256 starves', { timeout: 120_000 }, async (t) => {
  const emulator = await emulate(t, { journalSize: 1 })
  const xano = emulator.client()
  const each = 10
  let done = 0
  const shares = await Promise.all(
    numbers(CALLERS).map(async () => {
      let mine = 0
      // Whoever is served more often than others takes it from them.
      while (done < CALLERS * each) {
        await xano.me()
        done += 1
        mine += 1
      }
      return mine
    }),
  )
  assert.ok(Math.min(...shares) >= each / 2 && Math.max(...shares) <= each * 2, shares.join(' '))
  assert.ok(xano.stats().connections <= PLACES + 1)
})

test('10,000 calls that wait are served in their order and weigh little', { timeout: 120_000 }, async (t) => {
  const emulator = await emulate(t, { journalSize: 1 })
  const xano = emulator.client()
  await xano.me()
  const before = process.memoryUsage().rss
  const served = []
  const calls = numbers(QUEUED).map(async (n) => {
    await xano.me()
    served.push(n)
  })
  while (served.length < QUEUED / 10) await sleep(1)
  const waiting = process.memoryUsage().rss
  await Promise.all(calls)
  assert.equal(new Set(served).size, QUEUED)
  const latest = served.findLastIndex((n) => n < QUEUED / 10)
  assert.ok(latest < QUEUED / 2, `a call of the first tenth was served as number ${latest}`)
  const weight = (waiting - before) / QUEUED
  assert.ok(weight < 48 * 1024, `${weight} bytes a waiting call, its promises included`)
})

test('closing ends all that wait, and nothing is sent afterwards', { timeout: 120_000 }, async (t) => {
  const emulator = await emulate(t, { journalSize: 1 })
  await emulator.faults({ kind: 'hang' })
  const xano = emulator.client()
  const calls = numbers(QUEUED).map(() => xano.me())
  const ends = Promise.allSettled(calls)
  while ((await received(emulator)) < PLACES) await sleep(5)
  xano.close()
  const reasons = (await ends).map(({ reason }) => reason)
  assert.ok(reasons.every((reason) => reason instanceof Cancelled || reason instanceof ConfigError))
  await sleep(200)
  assert.equal(await received(emulator), PLACES)
})

test('500 instances are served alike', { timeout: 120_000 }, async (t) => {
  const emulator = await emulate(t, { journalSize: 1 })
  for (const n of numbers(INSTANCES - 1)) await emulator.addInstance({ name: `i${n}` })
  const xano = emulator.client()
  const infos = await xano.instances.list().all()
  assert.equal(infos.length, INSTANCES)
  const instances = infos.map((info) => xano.instance(info))
  const served = new Uint8Array(INSTANCES)
  await Promise.all(
    numbers(CALLERS).map(async (first) => {
      for (let n = first; n < INSTANCES * 4; n += CALLERS) {
        await instances[n % INSTANCES].me()
        served[n % INSTANCES] += 1
      }
    }),
  )
  assert.ok(served.every((times) => times === 4))
})
