// The end of a program in every state, each several times. `XANO_EXIT_RUNS` says how often (default: 4; before a release 200).
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { ROOT, emulate, node, spoil } from './helper.mjs'

const RUNS = Number(process.env.XANO_EXIT_RUNS ?? 4)
const AT_ONCE = 4

/** What a program does, and the code it ends with. It has `xano`, and `calls` that never reject. */
const EXITS = {
  'made and never used': ['', 0],
  'used and not closed': ['await xano.me()', 0],
  'process.exit with calls in flight': ['begin(); await xano.me(); process.exit(3)', 3],
  'process.exit at once': ['begin(); process.exit(3)', 3],
  'process.exit in a callback': ['void xano.me().then(() => process.exit(4)); begin()', 4],
  'process.exit in an event': [
    'const other = new Xano({ ...options, onEvent: () => process.exit(5) }); void other.me(); begin()',
    5,
  ],
  'process.exit on an abort': [
    'const stop = new AbortController(); begin({ signal: stop.signal }); await xano.me(); stop.abort(); process.exit(0)',
    0,
  ],
  'process.abort is not ours to stop, process.kill is clean': [
    "begin(); await xano.me(); process.kill(process.pid, 'SIGTERM')",
    'SIGTERM',
  ],
  'an exception outside of everything': ["begin(); setTimeout(() => { throw new Error('own') }, 5)", 1],
  'an unhandled rejection': ["begin(); await xano.me(); void Promise.reject(new Error('own'))", 1],
  'an unhandled rejection of ours': ["void new Xano({ ...options, token: 'wrong' }).me(); begin()", 1],
  'half a list': ['for await (const _ of xano.instances.list({}, { prefetch: 3 })) break', 0],
  'half a download': [
    'const chunks = xano.fetch(`${options.accountUrl}/auth/me`).chunks(); void chunks.next().catch(() => undefined); begin(); process.exit(0)',
    0,
  ],
  'a worker with calls in flight': [
    `const { Worker } = await import('node:worker_threads')
     const inside = "import { workerData } from 'node:worker_threads'; import { Xano } from 'xano-metadata';" +
       'const xano = new Xano(workerData); for (;;) { xano.me().catch(() => undefined); if (Math.random() < 0.1) break }'
     new Worker(inside, { eval: true, workerData: options })
     await xano.me(); begin(); process.exit(0)`,
    0,
  ],
  'a worker that exits by itself': [
    `const { Worker } = await import('node:worker_threads')
     const inside = "import { workerData } from 'node:worker_threads'; import { Xano } from 'xano-metadata';" +
       'const xano = new Xano(workerData); for (let n = 0; n < 8; n += 1) xano.me().catch(() => undefined); process.exit(0)'
     const worker = new Worker(inside, { eval: true, workerData: options })
     await new Promise((resolve) => worker.on('exit', resolve)); await xano.me()`,
    0,
  ],
  'closed while calls are in flight': ['begin(); await xano.me(); xano.close()', 0],
  'a call in an exit handler': [
    "process.on('exit', () => { void xano.me().catch(() => undefined) }); begin(); await xano.me(); process.exit(0)",
    0,
  ],
  'a call before the exit': [
    "let last = false; process.on('beforeExit', async () => { if (last) return; last = true; await xano.me() })",
    0,
  ],
  "a fleet's inventory under way": [
    'void xano.fleet().inventory().catch(() => undefined); await xano.me(); process.exit(0)',
    0,
  ],
}

for (const [name, [code, expected]] of Object.entries(EXITS)) {
  test(`a program ends: ${name}`, { timeout: 60_000 + RUNS * 2000 }, async (t) => {
    const emulator = await emulate(t)
    await spoil(emulator, { kind: 'slow', bytes_per_second: 4000 })
    const options = JSON.stringify({
      token: emulator.token,
      accountUrl: emulator.accountUrl,
      ambientCredentials: false,
    })
    const script = `
      import { Xano } from 'xano-metadata'
      const options = ${options}
      const xano = new Xano(options)
      const begin = (call) => { for (let n = 0; n < 8; n += 1) void xano.me(call).catch(() => undefined) }
      ${code}
    `
    const run = async () => {
      let outcome = { code: 0, signal: null, stderr: '' }
      try {
        outcome.stderr = (await node(script)).stderr
      } catch (error) {
        outcome = error
      }
      assert.equal(outcome.signal ?? outcome.code, expected, outcome.stderr)
      for (const word of ['panicked', 'FATAL', 'core dumped']) assert.ok(!outcome.stderr.includes(word), outcome.stderr)
    }
    for (let n = 0; n < RUNS; n += AT_ONCE) await Promise.all(Array.from({ length: Math.min(AT_ONCE, RUNS - n) }, run))
  })
}

for (const [mode, count] of [
  ['calls', 4096],
  ['clients', 1000],
]) {
  test(`a short soak is flat: ${mode}`, { timeout: 180_000, skip: process.platform !== 'linux' }, async (t) => {
    const emulator = await emulate(t)
    await spoil(emulator, { kind: 'reply', status: 200, body: '{"id":1,"name":"x","email":"x@y"}' })
    const soak = join(ROOT, 'tests', 'soak', 'soak.mjs')
    const args = ['--expose-gc', soak, mode, emulator.accountUrl, emulator.token, String(count)]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, timeout: 170_000 })
    assert.equal(JSON.parse(stdout).flat, true, stdout)
  })
}
