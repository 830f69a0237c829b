// Records as Arrow: the bytes are what readers of Arrow expect, the values those of the table; and a table of Arrow is rows.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RecordBatchReader, tableFromIPC } from 'apache-arrow'
import { Cancelled, Column, ConfigError, NotFoundError } from 'xano-metadata'

import { emulate, failure, spoil } from './helper.mjs'
import { makeTable } from './records-helper.mjs'

const COLUMNS = [
  Column.int('n', { nullable: true }),
  Column.decimal('d', { nullable: true }),
  Column.text('name'),
  Column.bool('open'),
  Column.timestamp('at', { nullable: true }),
  Column.date('day', { nullable: true }),
  Column.text('tags', { style: 'list' }),
  Column.json('meta', { nullable: true }),
]

const ROWS = [
  { n: 2n ** 53n + 1n, d: 1.5, name: 'é😀', open: true, at: 0, day: '2024-02-29', tags: ['x', ''], meta: { a: [1] } },
  { n: -(2n ** 63n), d: -0.1, name: '', open: false, at: 1681336838123, day: '0001-01-01', tags: [], meta: 'text' },
  { n: null, d: null, name: 'c', open: false, at: null, day: null, tags: ['y'], meta: null },
]

async function filled(t, rows = ROWS) {
  const emulator = await emulate(t)
  const table = await makeTable(emulator, COLUMNS)
  // One batch at a time, so that ids follow the order of the rows.
  await table.records.insert(rows, { concurrency: 1 })
  await emulator.forgetRequests()
  return { emulator, table, records: table.records }
}

const types = (table) => Object.fromEntries(table.schema.fields.map((field) => [field.name, String(field.type)]))
const columns = (table) => Object.fromEntries(table.schema.fields.map(({ name }) => [name, [...table.getChild(name)]]))

test('the bytes hold the columns of the table and the values of the records', async (t) => {
  const { records } = await filled(t)
  const table = tableFromIPC(await records.toArrow())
  assert.deepEqual(types(table), {
    id: 'Int64',
    n: 'Int64',
    d: 'Float64',
    name: 'Utf8',
    open: 'Bool',
    at: 'Int64',
    day: 'Utf8',
    tags: 'Utf8',
    meta: 'Utf8',
  })
  assert.deepEqual(columns(table), {
    id: [1n, 2n, 3n],
    n: [2n ** 53n + 1n, -(2n ** 63n), null],
    d: [1.5, -0.1, null],
    name: ['é😀', '', 'c'],
    open: [true, false, false],
    at: [0n, 1681336838123n, null],
    day: ['2024-02-29', '0001-01-01', null],
    tags: ['["x",""]', '[]', '["y"]'],
    meta: ['{"a":[1]}', '"text"', null],
  })
})

test('options choose columns and their types', async (t) => {
  const { records } = await filled(t)
  const options = { columns: ['tags', 'at', 'd'], datetimes: true, nested: 'native', decimals: 'text' }
  const table = tableFromIPC(await records.toArrow({ ...options, search: { n: null } }))
  assert.deepEqual(types(table), { tags: 'List<Utf8>', at: 'Timestamp<MILLISECOND, UTC>', d: 'Utf8' })
  assert.equal(table.numRows, 1)
  const native = tableFromIPC(await records.iter().toArrow(options))
  assert.deepEqual(
    [...native.getChild('tags')].map((list) => [...list]),
    [['x', ''], [], ['y']],
  )
  assert.deepEqual([...native.getChild('at')], [0, 1681336838123, null])
  assert.deepEqual([...native.getChild('d')], ['1.5', '-0.1', null])
})

test('pieces make one stream, which is read as it comes', async (t) => {
  const rows = Array.from({ length: 2500 }, (_, n) => ({ n, name: `row ${n}` }))
  const { emulator, records } = await filled(t, rows)
  const chunks = []
  for await (const chunk of records.iter({ pageSize: 500 }).arrowChunks()) chunks.push(chunk)
  assert.ok(chunks.length >= 7, `${chunks.length} pieces`)
  const whole = tableFromIPC(Buffer.concat(chunks))
  assert.deepEqual(
    [...whole.getChild('n')],
    rows.map(({ n }) => BigInt(n)),
  )
  let seen = 0
  for await (const batch of await RecordBatchReader.from(records.iter({ pageSize: 500 }).arrowChunks()))
    seen += batch.numRows
  assert.equal(seen, 2500)
  await emulator.forgetRequests()
  for await (const _ of records.iter({ pageSize: 10, prefetch: 1 }).arrowChunks()) break
  assert.ok((await emulator.requests()).length < 10, 'a stream that is left asks for no more')
})

test('an empty table has its columns all the same', async (t) => {
  const { records } = await filled(t, [])
  const table = tableFromIPC(await records.toArrow())
  assert.deepEqual([table.numRows, table.numCols], [0, 9])
})

test('an Arrow table is rows for a load', async (t) => {
  const { table, records } = await filled(t)
  const arrow = tableFromIPC(
    await records.toArrow({ nested: 'native', columns: ['n', 'd', 'name', 'open', 'at', 'day'] }),
  )
  const before = await records.toArray()
  await table.truncate({ reset: true })
  await records.insert(arrow)
  const bare = (rows) => rows.map(({ tags: _tags, meta: _meta, ...row }) => row)
  assert.deepEqual(bare(await records.toArray()), bare(before))
  const report = await records.delete(arrow, { key: 'n', onError: 'collect' })
  assert.deepEqual([report.deleted, report.failures.map(({ row, column }) => [row, column])], [2, [[3, 'n']]])
})

test('errors and signals end it', async (t) => {
  const { emulator, records } = await filled(t)
  const wrong = await failure(records.toArrow({ columns: ['id', 'nothing'] }))
  assert.ok(wrong instanceof ConfigError && /nothing/.test(wrong.message), wrong.stack)
  const odd = await failure(records.toArrow({ nested: 'deep' }))
  assert.ok(odd instanceof ConfigError && /nested must be "json" or "native"/.test(odd.message), odd.stack)
  const nowhere = emulator.instance().workspace(1).table('nowhere').records
  assert.ok((await failure(nowhere.toArrow())) instanceof NotFoundError)
  await spoil(emulator, { kind: 'hang' })
  const hanging = failure(records.iter({ signal: AbortSignal.timeout(50) }).toArrow())
  assert.ok((await hanging) instanceof Cancelled)
})
