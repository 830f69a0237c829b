// A day of calls in some minutes: memory, file descriptors and threads at the start, in the middle and at the end.
//
//   node --expose-gc tests/soak/soak.mjs calls|clients URL TOKEN COUNT
//
// `calls` makes COUNT calls, 64 at a time, on one client; `clients` makes and drops COUNT clients, of which every tenth makes
// a call. It prints one JSON line and fails when something grows; see soak.py for what may.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'

import { Xano } from 'xano-metadata'

const AT_ONCE = 64
const [mode, accountUrl, token, total] = process.argv.slice(2)
const count = Number(total)
const options = { accountUrl, token, ambientCredentials: false, rateLimit: false }

/** Resident memory in KiB, open descriptors, threads. */
async function state() {
  for (let n = 0; n < 5; n += 1) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const status = readFileSync('/proc/self/status', 'utf8')
  const number = (name) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)[1])
  return { memory: number('VmRSS'), descriptors: readdirSync('/proc/self/fd').length, threads: number('Threads') }
}

let shared

const MODES = {
  async calls(many) {
    shared ??= new Xano(options)
    const some = async () => {
      for (let n = 0; n < Math.floor(many / AT_ONCE); n += 1) {
        if (n % 2) assert.ok((await shared.me()).email)
        else assert.ok((await shared.snippet('demo-001').get()).name)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, some))
  },
  async clients(many) {
    for (let n = 0; n < many; n += 1) {
      const xano = new Xano(options)
      if (n % 10 === 0) assert.ok((await xano.me()).email)
      if (n % 500 === 499) await state()
    }
  },
}

const began = performance.now()
await MODES[mode](Math.floor(count / 10))
const start = await state()
await MODES[mode](Math.floor((count * 4) / 10))
const middle = await state()
await MODES[mode](Math.floor(count / 2))
const end = await state()
const flat =
  end.memory <= start.memory * 1.1 + 8192 &&
  end.descriptors <= start.descriptors + 8 &&
  end.threads <= start.threads + 2
const seconds = Math.round((performance.now() - began) / 100) / 10
console.log(JSON.stringify({ face: `node ${mode}`, count, seconds, start, middle, end, flat }))
process.exitCode = flat ? 0 : 1
