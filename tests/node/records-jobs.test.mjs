// Long work: told how far it is, ended at any moment, taken up again, and gone with its program.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

import { Cancelled, Column, ConfigError } from 'xano-metadata'

import { emulate, failure, node, spoil } from './helper.mjs'
import { makeTable } from './records-helper.mjs'

async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), 'xano-test-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

async function numbered(t) {
  const emulator = await emulate(t)
  const table = await makeTable(emulator, [Column.int('n')])
  return { emulator, table, records: table.records, path: await folder(t) }
}

const upTo = (count) => Array.from({ length: count }, (_, n) => ({ n }))

async function* slowly(rows) {
  for (const row of rows) {
    if (row.n % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    yield row
  }
}

/** The numbers in a table, in their order. */
async function numbers(records) {
  return (await records.toArray()).map(({ n }) => n).sort((a, b) => a - b)
}

test('progress is told now and then, and at the end', async (t) => {
  const { emulator, records, path } = await numbered(t)
  await spoil(emulator, { kind: 'latency', ms: 20 })
  const told = []
  const began = performance.now()
  const report = await records.insert(slowly(upTo(20_000)), { total: 20_000, onProgress: (p) => told.push(p) })
  const took = performance.now() - began
  assert.ok(told.length >= 2 && told.length <= 2 + took / 100, `${told.length} times in ${took} ms`)
  for (let n = 1; n < told.length; n += 1) {
    assert.ok(told[n].rows >= told[n - 1].rows && told[n].bytes >= told[n - 1].bytes)
    assert.ok(told[n].seconds > told[n - 1].seconds)
  }
  const last = told.at(-1)
  assert.deepEqual([last.rows, last.total, last.remaining], [20_000, 20_000, 0])
  assert.deepEqual(Object.keys(last), ['rows', 'bytes', 'total', 'seconds', 'rate', 'remaining'])
  assert.equal(last.bytes, report.bytes)
  await emulator.clearFaults()
  let progress
  await records.insert(upTo(10), { onProgress: (p) => (progress = p) })
  assert.equal(progress.total, 10, 'an array knows how many rows it has')
  await records.export(join(path, 'out.ndjson'), { onProgress: (p) => (progress = p) })
  assert.deepEqual([progress.rows, progress.total], [20_010, 20_010])
  const error = await failure(records.insert([{ n: 'x' }], { onProgress: (p) => (progress = p) }))
  assert.deepEqual([error.row, progress.rows], [1, 0], 'a job that fails tells its end too')
})

test('a callback that throws is a warning', async (t) => {
  const { records } = await numbered(t)
  const onProgress = () => {
    throw new Error('oops')
  }
  const [warning, report] = await Promise.all([once(process, 'warning'), records.insert(upTo(3), { onProgress })])
  assert.match(warning[0].message, /oops/)
  assert.equal(report.inserted, 3)
})

test('an aborted signal ends a load, and the checkpoint goes on from there', { timeout: 60_000 }, async (t) => {
  const { emulator, records, path } = await numbered(t)
  const checkpoint = join(path, 'load.checkpoint')
  const rows = upTo(12_000)
  await spoil(emulator, { kind: 'latency', ms: 10 })
  for (const end of [4000, 6500, 9000]) {
    const controller = new AbortController()
    const reason = new Error('enough')
    function* ending() {
      for (const row of rows) {
        if (row.n === end) controller.abort(reason)
        yield row
      }
    }
    const options = { checkpoint, signal: controller.signal, concurrency: 2, settle: 20 }
    const error = await failure(records.insert(ending(), options))
    assert.ok(error instanceof Cancelled && error.cause === reason, error.stack)
    assert.ok(existsSync(checkpoint))
  }
  const report = await records.insert(rows, { checkpoint: pathToFileURL(checkpoint), settle: 20 })
  assert.deepEqual([report.read, report.inserted], [12_000, 12_000])
  assert.deepEqual(
    await numbers(records),
    rows.map(({ n }) => n),
  )
  assert.ok(!existsSync(checkpoint), 'it goes when the job is done')
})

test('a signal that is aborted already begins nothing', async (t) => {
  const { emulator, records, path } = await numbered(t)
  await emulator.forgetRequests()
  const signal = AbortSignal.abort()
  let asked = false
  const rows = {
    *[Symbol.iterator]() {
      asked = true
      yield { n: 1 }
    },
  }
  const checkpoint = join(path, 'x.checkpoint')
  assert.ok((await failure(records.insert(rows, { signal, checkpoint }))) instanceof Cancelled)
  assert.ok((await failure(records.export(join(path, 'x.csv'), { signal }))) instanceof Cancelled)
  assert.deepEqual([asked, await emulator.requests(), await readdir(path)], [false, [], []])
})

test('a load that waits for the server or for its source can be given up at once', { timeout: 20_000 }, async (t) => {
  const { emulator, records } = await numbered(t)
  await spoil(emulator, { kind: 'hang', path: '/workspace/*/table/*/content/bulk' })
  const waiting = failure(records.insert(upTo(5000), { signal: AbortSignal.timeout(200) }))
  assert.ok((await waiting) instanceof Cancelled)
  assert.ok((await emulator.requests()).some(({ fault }) => fault?.kind === 'hang'))
  await emulator.clearFaults()
  let closed = false
  const silent = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => undefined),
      return: () => ((closed = true), Promise.resolve({ value: undefined, done: true })),
    }),
  }
  const error = await failure(records.insert(silent, { signal: AbortSignal.timeout(50) }))
  assert.ok(error instanceof Cancelled)
  assert.equal(error.cause.name, 'TimeoutError')
  assert.ok(closed)
  const hung = await failure(records.insert(silentGenerator(), { signal: AbortSignal.timeout(50) }))
  assert.ok(hung instanceof Cancelled)
  const stream = new ReadableStream({ pull: () => new Promise(() => undefined) })
  assert.ok((await failure(records.insert(stream, { signal: AbortSignal.timeout(50) }))) instanceof Cancelled)
})

async function* silentGenerator() {
  await new Promise(() => undefined)
}

test('a checkpoint of something else is refused', async (t) => {
  const { emulator, records, path } = await numbered(t)
  const checkpoint = join(path, 'load.checkpoint')
  await spoil(emulator, { kind: 'latency', ms: 10 })
  const controller = new AbortController()
  const onProgress = ({ rows }) => rows > 0 && controller.abort()
  await failure(records.insert(upTo(9000), { checkpoint, signal: controller.signal, onProgress, concurrency: 1 }))
  await emulator.clearFaults()
  const other = await makeTable(emulator, [Column.int('n')])
  const changed = upTo(9000).map(({ n }) => ({ n: n + 1 }))
  const refused = async (target, rows) => {
    const error = await failure(target.insert(rows, { checkpoint, settle: 10 }))
    assert.ok(error instanceof ConfigError && /checkpoint/.test(error.message), error.stack)
  }
  await refused(other.records, upTo(9000))
  await refused(records, changed)
  assert.deepEqual(await other.records.toArray(), [])
  await records.insert(upTo(9000), { checkpoint, settle: 10 })
  assert.equal((await records.toArray()).length, 9000)
})

test('files appear whole or not at all', async (t) => {
  const { emulator, records, path } = await numbered(t)
  await records.insert(upTo(3000), { concurrency: 1 })
  for (const name of ['out.ndjson', 'out.jsonl', 'out.csv']) {
    const report = await records.export(pathToFileURL(join(path, name)), { pageSize: 500 })
    assert.equal(report.written, 3000)
    const text = await readFile(join(path, name), 'utf8')
    assert.equal(text.trimEnd().split('\n').length, name.endsWith('csv') ? 3001 : 3000)
    assert.equal(report.bytes, text.length)
  }
  const some = await records.export(join(path, 'some.txt'), { format: 'csv', search: { 'n|<': 2 } })
  assert.deepEqual([some.written, await readFile(join(path, 'some.txt'), 'utf8')], [2, 'id,n\n1,0\n2,1\n'])
  await writeFile(join(path, 'old.csv'), 'precious')
  await spoil(emulator, { kind: 'status', status: 403, after: 3 })
  const error = await failure(records.export(join(path, 'old.csv'), { pageSize: 100, prefetch: 1 }))
  assert.equal(error.status, 403)
  assert.equal(await readFile(join(path, 'old.csv'), 'utf8'), 'precious')
  await spoil(emulator, { kind: 'latency', ms: 100 })
  const controller = new AbortController()
  const options = { pageSize: 100, prefetch: 1, signal: controller.signal, onProgress: () => controller.abort() }
  assert.ok((await failure(records.export(join(path, 'old.csv'), options))) instanceof Cancelled)
  assert.equal(await readFile(join(path, 'old.csv'), 'utf8'), 'precious')
  assert.deepEqual((await readdir(path)).sort(), ['old.csv', 'out.csv', 'out.jsonl', 'out.ndjson', 'some.txt'])
  for (const [name, options, words] of [
    ['out.parquet', {}, /parquet/],
    ['out.csv', { order: 'x' }, /order must be/],
    ['out.csv', { onprogress: () => 1 }, /has no "onprogress"/],
  ]) {
    const refused = await failure(records.export(join(path, name), options))
    assert.ok(refused instanceof ConfigError && words.test(refused.message), refused.stack)
  }
})

test('programs and workers end with a job under way', { timeout: 60_000 }, async (t) => {
  const { emulator, table } = await numbered(t)
  await spoil(emulator, { kind: 'latency', ms: 20 })
  const { id } = await table.get()
  const begin = (from) => `
    import { Instance } from ${JSON.stringify(from)}
    const instance = new Instance(${JSON.stringify(emulator.instanceUrl)}, { token: ${JSON.stringify(emulator.token)} })
    const { records } = instance.workspace(1).table(${String(id)})
    function* endless() { for (let n = 0; ; n += 1) yield { n } }
    async function* silent() { yield { n: 1 }; await new Promise(() => undefined) }
  `
  const here = begin('xano-metadata')
  const { stdout } = await node(
    `${here} void records.insert([{ n: -1 }]).then(({ inserted }) => console.log(inserted))`,
  )
  assert.equal(stdout, '1\n', 'a program waits for its jobs')
  for (const source of ['endless()', 'silent()']) {
    await node(`${here} void records.insert(${source}); setTimeout(() => process.exit(0), 150)`)
    await node(`${here} records.insert(${source}, { onProgress() { process.exit(0) } }).catch(() => undefined)`)
  }
  const dead = await failure(node(`${here} void records.insert([{ n: 'x' }])`))
  assert.equal(dead.code, 1)
  assert.match(dead.stderr, /RecordError: .*column n/i)
  const inside = `${begin(import.meta.resolve('xano-metadata'))} records.insert(endless(), { onProgress() {} })`
  await node(`
    import { once } from 'node:events'
    import { Worker } from 'node:worker_threads'
    const url = new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(inside)}))
    const workers = [0, 1, 2].map(() => new Worker(url))
    await Promise.all(workers.map((worker) => once(worker, 'online')))
    await new Promise((resolve) => setTimeout(resolve, 200))
    await Promise.all(workers.slice(1).map((worker) => worker.terminate()))
    process.exit(0)
  `)
})
