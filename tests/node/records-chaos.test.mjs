// The promise itself: a tenth of the requests goes wrong before, during or after the answer, the program is killed five
// times, and in the end every row is there once. The seed in a test's name repeats its faults and its kills.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { Column, Index } from 'xano-metadata'

import { ROOT, emulate, spoil } from './helper.mjs'
import { makeTable, seeded } from './records-helper.mjs'

const ROWS = 100_000
const KILLS = 5

/** A tenth of the requests: before anything is done, while the answer comes, and when all was done. */
const faults = (seed) =>
  ['reset', 'html', 'reset_mid_body', 'cut_body', 'reset_after'].map((kind, n) => ({
    kind,
    seed: seed * 10 + n,
    probability: 0.02,
  }))

/** Loads rows until it is done, or kills itself when it is asked for the row `end`, whatever its threads are at then. */
const PROGRAM = `
  import { Instance } from 'xano-metadata'
  const { url, token, table, action, rows, options, end } = JSON.parse(process.env.TASK)
  const { records } = new Instance(url, { token, backoff: 1, maxBackoff: 5 }).workspace(1).table(table)
  function* source() {
    for (let n = 0; n < rows; n += 1) {
      if (n === end) process.kill(process.pid, 'SIGKILL')
      yield action === 'delete' ? { id: n + 1 } : { n, name: 'row ' + n }
    }
  }
  console.log(JSON.stringify(await records[action](source(), options)))
`

/** Runs the program. Answers its report, or null when it was killed. */
async function run(task) {
  const env = { ...process.env, TASK: JSON.stringify(task) }
  const args = ['--input-type=module', '-e', PROGRAM]
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env })
    return JSON.parse(stdout)
  } catch (error) {
    if (error.signal === 'SIGKILL') return null
    throw error
  }
}

/** Loads with kills at places that the seed says, until it is done. */
async function survive(t, { emulator, table, action, seed, options }) {
  const folder = await mkdtemp(join(tmpdir(), 'xano-test-'))
  t.after(() => rm(folder, { recursive: true }))
  const checkpoint = join(folder, 'load.checkpoint')
  const task = {
    url: emulator.instanceUrl,
    token: emulator.token,
    table: (await table.get()).id,
    action,
    rows: ROWS,
    options: { checkpoint, settle: 20, ...options },
  }
  const random = seeded(seed)
  const ends = Array.from({ length: KILLS }, () => random.whole(ROWS * 0.05, ROWS * 0.95)).sort((a, b) => a - b)
  await spoil(emulator, ...faults(seed))
  for (const end of ends) assert.equal(await run({ ...task, end }), null, 'it was killed')
  assert.ok(existsSync(checkpoint))
  const report = await run(task)
  const { requests } = await emulator.control('GET', '/requests')
  const struck = requests.filter(({ fault }) => fault).length
  assert.ok(struck > requests.length * 0.04, `${String(struck)} of ${String(requests.length)} requests went wrong`)
  await emulator.clearFaults()
  assert.ok(!existsSync(checkpoint))
  assert.deepEqual([report.read, report.failed, report.failures], [ROWS, 0, []])
  assert.ok(report.retried > 0)
  return report
}

/** Fails unless the table holds each row once, with the name it was given. */
async function complete({ records }) {
  const seen = new Uint8Array(ROWS)
  let count = 0
  for await (const page of records.iter({ pageSize: 10_000 }).pages()) {
    for (const { n, name } of page) {
      assert.equal(name, `row ${String(n)}`)
      seen[n] += 1
      count += 1
    }
  }
  assert.equal(count, ROWS)
  assert.ok(seen.every((times) => times === 1))
}

const COLUMNS = [Column.int('n'), Column.text('name')]

test('seed 1: an insert of 100,000 rows', { timeout: 600_000 }, async (t) => {
  const emulator = await emulate(t)
  const table = await makeTable(emulator, COLUMNS)
  const report = await survive(t, { emulator, table, action: 'insert', seed: 1 })
  assert.equal(report.inserted, ROWS)
  await complete(table)
})

test('seed 2: an upsert of 100,000 rows, half of which are there', { timeout: 600_000 }, async (t) => {
  const emulator = await emulate(t)
  const table = await makeTable(emulator, COLUMNS)
  await table.indexes.add(Index.unique('n'))
  await table.records.insert(Array.from({ length: ROWS / 2 }, (_, n) => ({ n: n * 2, name: 'old' })))
  const report = await survive(t, { emulator, table, action: 'upsert', seed: 2, options: { key: 'n' } })
  assert.equal(report.inserted + report.updated + report.skipped, ROWS)
  await complete(table)
})

test('seed 3: a delete of 100,000 rows among others', { timeout: 600_000 }, async (t) => {
  const emulator = await emulate(t)
  const table = await makeTable(emulator, COLUMNS)
  const rows = Array.from({ length: ROWS + 50 }, (_, n) => ({ id: n + 1, n, name: 'old' }))
  await table.records.insert(rows, { keepIds: true })
  const report = await survive(t, { emulator, table, action: 'delete', seed: 3 })
  assert.equal(report.deleted + report.skipped, ROWS)
  assert.deepEqual(await table.records.toArray(), rows.slice(ROWS))
})
