// Loading rows: from everything that holds some, with an answer for each row that cannot be taken.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

import { Column, ConfigError, Index, NotFoundError, RecordError, XanoError } from 'xano-metadata'

import { emulate, failure, spoil } from './helper.mjs'
import { makeTable } from './records-helper.mjs'

async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), 'xano-test-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

/** A table of goods: `sku` is unique and required, `price` a whole number. */
async function goods(t) {
  const emulator = await emulate(t)
  const columns = [
    Column.text('sku', { required: true }),
    Column.int('price', { nullable: true }),
    Column.json('meta', { nullable: true }),
  ]
  const table = await makeTable(emulator, columns)
  await table.indexes.add(Index.unique('sku'))
  await emulator.forgetRequests()
  return { emulator, table, records: table.records }
}

const ROWS = [
  { sku: 'a', price: 1, meta: { x: [1, null, 'é'] } },
  { sku: 'b', price: -(2n ** 63n), meta: null },
  { sku: 'c', price: null, meta: 'text' },
]
const STORED = [
  { id: 1, sku: 'a', price: 1, meta: { x: [1, null, 'é'] } },
  { id: 2, sku: 'b', price: -(2n ** 63n), meta: null },
  { id: 3, sku: 'c', price: null, meta: 'text' },
]

function* generator(rows = ROWS) {
  yield* rows
}

async function* asyncGenerator(rows = ROWS) {
  for (const row of rows) yield await Promise.resolve(row)
}

test('rows come from anything that can be looped over, and from files', async (t) => {
  const { table, records } = await goods(t)
  const path = await folder(t)
  const json = (value) =>
    JSON.stringify(value, (_, field) => (typeof field === 'bigint' ? '@big' : field)).replace(
      '"@big"',
      String(-(2n ** 63n)),
    )
  const lines = `${ROWS.map(json).join('\n')}\n`
  await writeFile(join(path, 'rows.ndjson'), lines)
  await writeFile(join(path, 'rows.jsonl'), lines)
  const csv = `sku,price,meta\na,1,"{""x"":[1,null,""é""]}"\nb,${-(2n ** 63n)},\nc,,"""text"""\n`
  await writeFile(join(path, 'rows.csv'), csv)
  await writeFile(join(path, 'rows.txt'), csv)
  class Row {
    constructor(fields) {
      Object.assign(this, fields)
    }
  }
  for (const [name, rows, options] of [
    ['an array', ROWS],
    ['a set', new Set(ROWS)],
    ['a generator', generator()],
    ['an iterator', ROWS[Symbol.iterator]()],
    ['an async generator', asyncGenerator()],
    ['a web stream', ReadableStream.from(ROWS)],
    ['a stream of Node', Readable.from(ROWS)],
    ['objects of a class', ROWS.map((row) => new Row(row))],
    ['objects with toJSON', ROWS.map((row) => ({ toJSON: () => row }))],
    ['undefined for nothing', ROWS.map((row) => ({ ...row, price: row.price ?? undefined, nonsense: undefined }))],
    ['NDJSON', join(path, 'rows.ndjson')],
    ['JSON lines, by a URL', pathToFileURL(join(path, 'rows.jsonl'))],
    ['CSV', join(path, 'rows.csv')],
    ['CSV by another name', join(path, 'rows.txt'), { format: 'csv' }],
  ]) {
    await table.truncate({ reset: true })
    const report = await records.insert(rows, options)
    assert.deepEqual(await records.toArray(), STORED, name)
    const { read, sent, inserted, failed, failures, seconds, bytes } = report
    assert.deepEqual([read, sent, inserted, failed, failures], [3, 3, 3, 0, []], name)
    assert.ok(seconds > 0 && bytes > 0)
  }
})

test('dates are stored as the moments they are', async (t) => {
  const emulator = await emulate(t)
  const columns = [Column.timestamp('at'), Column.date('day'), Column.text('note')]
  const { records } = await makeTable(emulator, columns)
  const at = new Date('2024-02-29T23:59:59.999Z')
  const midnight = new Date('2024-02-29T00:00:00Z')
  await records.insert([{ at, day: midnight, note: at }])
  const [row] = await records.toArray()
  assert.deepEqual([row.at, row.day, row.note], [at.getTime(), '2024-02-29', at.toISOString()])
  const error = await failure(records.insert([{ at, day: at }]))
  assert.deepEqual([error.row, error.column], [1, 'day'])
})

test('update, upsert and delete find records by id, or by a unique column', async (t) => {
  const { records } = await goods(t)
  const rows = async () => (await records.toArray()).map(({ id, sku, price }) => `${id}${sku}${price}`).join(' ')
  await records.insert(['a', 'b', 'c'].map((sku) => ({ sku, price: 0 })))
  let report = await records.update([
    { id: 1, price: 5 },
    { id: 77, price: 5 },
  ])
  assert.deepEqual([report.updated, report.skipped], [1, 1])
  report = await records.update([{ sku: 'b', price: 6 }], { key: 'sku' })
  assert.equal(await rows(), '1a5 2b6 3c0')
  report = await records.upsert(
    [
      { sku: 'c', price: 7 },
      { sku: 'd', price: 8 },
    ],
    { key: 'sku' },
  )
  assert.deepEqual([report.updated, report.inserted], [1, 1])
  assert.equal(await rows(), '1a5 2b6 3c7 4d8')
  report = await records.delete([1, 2n, 99])
  assert.deepEqual([report.deleted, report.skipped], [2, 1])
  report = await records.delete([{ sku: 'c' }, 'd'], { key: 'sku' })
  assert.equal(report.deleted, 2)
  assert.equal(await rows(), '')
  await records.insert([{ id: 50, sku: 'x' }], { keepIds: true })
  assert.equal(await rows(), '50xnull')
})

/** What is wrong with the second of three rows, and what the error says. */
const BAD = [
  ['a wrong column', { sku: 'b', prize: 1 }, 'prize', /no such column.*"price"/],
  ['text in a column of numbers', { sku: 'b', price: 'cheap' }, 'price', /whole number.*"cheap"/],
  ['a missing value', { price: 1 }, 'sku', /missing/],
  ['a number beyond 64 bits', { sku: 'b', price: 2n ** 63n }, 'price', /9223372036854775808/],
  ['NaN', { sku: 'b', price: Number.NaN }, 'price', /It is NaN, which JSON cannot carry/],
  ['NaN inside', { sku: 'b', meta: { a: [Infinity] } }, 'meta', /At meta\.a\[0\]: It is Infinity/],
  ['a function', { sku: 'b', meta: () => 1 }, 'meta', /It is a function/],
  ['an invalid date', { sku: 'b', price: new Date(Number.NaN) }, 'price', /It is an invalid date/],
  ['a map', { sku: 'b', meta: new Map() }, 'meta', /It is a Map/],
  ['half a character', { sku: '\ud800' }, 'sku', /surrogate/],
  ['a cell of 50 MB', { sku: 'b'.repeat(50_000_000) }, 'sku', /MiB/],
  ['an id that nobody asked for', { id: 9, sku: 'b' }, 'id', /say keepIds true to keep it/],
  ['no row', undefined, null, /The row is undefined/],
  ['a number for a row', 5, null, /row/],
  ['a list for a row', ['b'], null, /row/],
]

for (const [name, bad, column, words] of BAD) {
  test(`${name}: the error names the row and the column, and good rows can go on`, async (t) => {
    const { records } = await goods(t)
    const rows = () => [{ sku: 'a' }, bad, { sku: 'c' }]
    const error = await failure(records.insert(rows()))
    assert.ok(error instanceof RecordError, error.stack)
    assert.deepEqual([error.row, error.column, error.code], [2, column, 'record_error'])
    assert.match(error.message, words)
    assert.ok(error.message.length < 500, 'a value is shown shortened')
    const { read, sent, inserted } = error.report
    assert.ok(read >= inserted && sent === inserted, 'the report tells what was sent')
    assert.equal((await records.toArray()).length, inserted)
    await records.delete(await records.toArray())
    const report = await records.insert(rows(), { onError: 'collect' })
    assert.deepEqual([report.inserted, report.failed, report.failures.length], [2, 1, 1])
    const [only] = report.failures
    assert.deepEqual([only.row, only.column], [2, column])
    assert.match(only.reason, words)
    assert.deepEqual(
      (await records.toArray()).map(({ sku }) => sku),
      ['a', 'c'],
    )
  })
}

test('a duplicate of a unique key and a broken line of CSV are found among good rows', async (t) => {
  const { records } = await goods(t)
  // Equal to a row in everything that the row gives, and still not this row.
  await records.create({ sku: 'sku17' })
  const rows = Array.from({ length: 40 }, (_, n) => ({ sku: `sku${n}` }))
  const report = await records.insert(rows, { onError: 'collect' })
  assert.deepEqual([report.inserted, report.failed], [39, 1])
  const [failed] = report.failures
  assert.deepEqual([failed.row, failed.column, failed.record], [18, 'sku', '{"sku":"sku17"}'])
  const error = await failure(records.insert([{ sku: 'new' }, { sku: 'sku3' }]))
  assert.ok(error instanceof RecordError, error.stack)
  assert.deepEqual([error.row, error.column], [2, 'sku'])
  const path = join(await folder(t), 'bad.csv')
  await writeFile(path, 'sku,price\nx1,1\nx2,2,3\nx3,3\n')
  const broken = await failure(records.insert(path))
  assert.ok(broken instanceof RecordError, broken.stack)
  assert.equal(broken.row, 2)
  const collected = await records.insert(path, { onError: 'collect' })
  assert.equal(collected.failures[0].row, 2)
})

test('arguments that cannot be meant are refused before anything is sent', async (t) => {
  const { emulator, records } = await goods(t)
  for (const [rows, options, words] of [
    [undefined, {}, /takes rows: an array/],
    [{ sku: 'a' }, {}, /takes rows: an array/],
    [Buffer.from('x'), {}, /takes no bytes\. Read Arrow bytes with apache-arrow/],
    [[], { batchrows: 1 }, /has no "batchrows"/],
    [[], { onError: 'ignore' }, /onError must be "stop" or "collect"/],
    [[], { settle: -1 }, /settle must be a number of milliseconds/],
    [[], { checkpoint: 5 }, /checkpoint must be a path/],
    ['rows.parquet', {}, /rows\.parquet/],
  ]) {
    const error = await failure(records.insert(rows, options))
    assert.ok(error instanceof ConfigError && words.test(error.message), error.stack)
  }
  assert.deepEqual(await emulator.requests(), [])
  const missing = await failure(records.insert(join(await folder(t), 'no.csv')))
  assert.ok(missing instanceof XanoError)
  assert.match(missing.message, /no\.csv/)
  const nowhere = emulator.instance().workspace(1).table('nowhere').records
  assert.ok((await failure(nowhere.insert([{ a: 1 }]))) instanceof NotFoundError)
  const noKey = await failure(records.update([{ sku: 'a' }], { key: 'nothing' }))
  assert.ok(noKey instanceof ConfigError && /nothing/.test(noKey.message), noKey.stack)
})

test('what the source throws is thrown, and sources are closed when the job ends first', async (t) => {
  const { emulator, table, records } = await goods(t)
  const broken = new Error('the source broke')
  const closed = []
  function* throwing() {
    yield { sku: 'a' }
    throw broken
  }
  async function* throwingAsync() {
    yield { sku: 'a' }
    throw broken
  }
  for (const source of [throwing(), throwingAsync()]) assert.equal(await failure(records.insert(source)), broken)
  assert.equal(
    await failure(records.insert({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(broken) }) })),
    broken,
  )
  function* endless() {
    try {
      for (let n = 0; ; n += 1) yield { sku: `s${n}`, price: n < 600 ? n : 'x' }
    } finally {
      closed.push('sync')
    }
  }
  async function* endlessAsync() {
    try {
      yield* endless()
    } finally {
      closed.push('async')
    }
  }
  for (const source of [endless(), endlessAsync()]) {
    await table.truncate({ reset: true })
    const error = await failure(records.insert(source))
    assert.deepEqual([error.row, error.column], [601, 'price'])
  }
  assert.deepEqual(closed, ['sync', 'sync', 'async'])
  // A job that fails while its source is silent does not wait for another row.
  await spoil(emulator, { kind: 'status', status: 403 })
  let left = false
  const silent = {
    count: 0,
    [Symbol.asyncIterator]() {
      return this
    },
    next() {
      this.count += 1
      return this.count > 500 ? new Promise(() => undefined) : Promise.resolve({ value: { sku: 'a' }, done: false })
    },
    return() {
      left = true
      return Promise.resolve({ value: undefined, done: true })
    },
  }
  assert.equal((await failure(records.insert(silent))).status, 403)
  assert.ok(left)
})
