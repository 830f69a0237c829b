// Reading tables: lazily, in every form, with an end at any moment.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Cancelled, Column, ConfigError, NotFoundError, Page } from 'xano-metadata'

import { emulate, failure, node, spoil } from './helper.mjs'
import { makeTable } from './records-helper.mjs'

/** A table of rows with a number each, and nothing in the journal. */
async function numbered(t, count, options) {
  const emulator = await emulate(t, options)
  const table = await makeTable(emulator, [Column.int('n')])
  const items = Array.from({ length: count }, (_, n) => ({ n }))
  if (count) await table.records.createMany({ items })
  await emulator.forgetRequests()
  return { emulator, table, records: table.records }
}

const numbers = (rows) => rows.map(({ n }) => n)
const upTo = (count) => Array.from({ length: count }, (_, n) => n)

test('every form gives every record once, in the order of ids', async (t) => {
  const { records } = await numbered(t, 2500)
  const reader = records.iter({ pageSize: 300 })
  const seen = []
  for await (const row of reader) seen.push(row)
  assert.deepEqual(numbers(seen), upTo(2500))
  assert.deepEqual(Object.keys(seen[0]), ['id', 'n'])
  assert.deepEqual(await reader.toArray(), seen, 'a reader can be used again')
  const pages = []
  for await (const page of reader.pages()) pages.push(page)
  assert.ok(
    pages.length > 5 && pages.every((page) => page instanceof Page && page.length <= 300 && page.total === 2500),
  )
  assert.deepEqual(
    pages.flatMap(({ items }) => items),
    seen,
  )
  const streamed = []
  for await (const row of reader.toReadableStream()) streamed.push(row)
  assert.deepEqual(streamed, seen)
  assert.deepEqual(numbers(await records.toArray({ limit: 7 })), upTo(7))
  assert.deepEqual(numbers(await records.toArray({ search: { 'n|>': 2497 } })), [2498, 2499])
  const sorted = records.iter({ order: 'pages', sort: { n: 'desc' }, pageSize: 2, limit: 5 })
  assert.deepEqual(numbers(await sorted.toArray()), [2499, 2498, 2497, 2496, 2495])
})

test('an empty table and a limit of nothing give nothing', async (t) => {
  const { records } = await numbered(t, 0)
  assert.deepEqual(await records.toArray(), [])
  assert.deepEqual(await records.toArray({ limit: 0 }), [])
  for await (const _ of records.iter().toReadableStream()) assert.fail('there is no record')
})

test('nothing is sent before it is used, and little after it is left', async (t) => {
  const { emulator, records } = await numbered(t, 3000)
  const reader = records.iter({ pageSize: 10, prefetch: 2 })
  records.iter().toReadableStream()
  assert.deepEqual(await emulator.requests(), [])
  for await (const row of reader) {
    assert.equal(row.n, 0)
    break
  }
  const stream = reader.toReadableStream().getReader()
  assert.equal((await stream.read()).value.n, 0)
  await stream.cancel()
  assert.ok((await emulator.requests()).length < 30, 'of 300 pages')
})

test('the data source that is named is read', async (t) => {
  const { emulator, table, records } = await numbered(t, 3)
  await emulator.instance().workspace(1).dataSources.create({ label: 'test', color: '#123456' })
  await table.records.create({ n: 99 }, { data_source: 'test' })
  assert.deepEqual(numbers(await records.toArray({ dataSource: 'test' })), [99])
  assert.deepEqual(numbers(await records.toArray()), [0, 1, 2])
})

test('wrong options are refused before anything is sent', async (t) => {
  const { emulator, records } = await numbered(t, 1)
  for (const [options, words] of [
    [{ pagesize: 1 }, /has no "pagesize". Known are search, order, sort, pageSize/],
    [{ order: 'random' }, /order must be "stable" or "pages"/],
    [{ pageSize: 0 }, /pageSize is 0; it must be 1 to 10000/],
    [{ pageSize: 2.5 }, /pageSize must be a whole number/],
    [{ prefetch: 0 }, /prefetch is 0/],
    [{ sort: { n: 'asc' } }, /takes no sort/],
    [{ search: 'n > 1' }, /A search is an object/],
    [{ search: { n: Number.NaN } }, /search.n is NaN/],
    [{ dataSource: 5 }, /dataSource must be a text/],
  ]) {
    const error = await failure(records.toArray(options))
    assert.ok(error instanceof ConfigError && words.test(error.message), error.stack)
  }
  assert.deepEqual(await emulator.requests(), [])
})

test('errors of the server end the read where they occur', async (t) => {
  const { emulator, records } = await numbered(t, 50)
  const missing = emulator.instance().workspace(1).table('nowhere').records
  assert.ok((await failure(missing.toArray())) instanceof NotFoundError)
  await spoil(emulator, { kind: 'status', status: 403, after: 2 })
  const seen = []
  const error = await failure(
    (async () => {
      for await (const row of records.iter({ pageSize: 10, prefetch: 1 })) seen.push(row.n)
    })(),
  )
  assert.equal(error.status, 403)
  assert.deepEqual(seen, upTo(seen.length))
  assert.ok(seen.length > 0 && seen.length < 50)
})

test('an aborted signal ends a read at once', async (t) => {
  const { emulator, records } = await numbered(t, 50)
  const reason = new Error('enough')
  const before = await failure(records.toArray({ signal: AbortSignal.abort(reason) }))
  assert.ok(before instanceof Cancelled && before.cause === reason)
  const controller = new AbortController()
  const reader = records.iter({ pageSize: 10, prefetch: 1, signal: controller.signal })
  const rows = reader[Symbol.asyncIterator]()
  assert.equal((await rows.next()).value.n, 0)
  for (let n = 1; n < 10; n += 1) await rows.next()
  await spoil(emulator, { kind: 'hang' })
  const hanging = failure(
    (async () => {
      for (;;) if ((await rows.next()).done) return
    })(),
  )
  controller.abort(reason)
  const error = await hanging
  assert.ok(error instanceof Cancelled, error.stack)
  assert.equal(error.cause, reason)
  assert.deepEqual(await rows.next(), { value: undefined, done: true })
})

test('a program ends while a read is left open, and a worker too', { timeout: 30_000 }, async (t) => {
  const { emulator, table } = await numbered(t, 2000)
  const { id } = await table.get()
  const options = JSON.stringify({ token: emulator.token })
  const script = `
    import { Worker, isMainThread } from 'node:worker_threads'
    import { Instance } from 'xano-metadata'
    const { records } = new Instance(${JSON.stringify(emulator.instanceUrl)}, ${options}).workspace(1).table(${String(id)})
    const rows = records.iter({ pageSize: 5 })[Symbol.asyncIterator]()
    await rows.next()
  `
  await node(`${script}\nconsole.log('end')`)
  await node(`${script}\nvoid rows.next(); process.exit(0)`)
  const inside = JSON.stringify(`${script}\nvoid rows.next()`)
  await node(`
    import { once } from 'node:events'
    import { Worker } from 'node:worker_threads'
    const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(${inside}.replaceAll("'xano-metadata'", JSON.stringify(import.meta.resolve('xano-metadata'))))))
    const [code] = await once(worker, 'exit')
    process.exitCode = code
  `)
})
