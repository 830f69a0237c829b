// Copies: to another data source, table, workspace and instance; with new ids or the same; given up and taken up again.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { Cancelled, Column, ConfigError, Index, Instance, NotFoundError } from 'xano-metadata'

import { emulate, failure, spoil } from './helper.mjs'
import { makeTable } from './records-helper.mjs'

const COLUMNS = [
  Column.text('sku', { required: true }),
  Column.decimal('price', { nullable: true }),
  Column.text('tags', { style: 'list' }),
]

/** A table of 30 goods whose ids have gaps. */
async function goods(t) {
  const emulator = await emulate(t)
  const table = await makeTable(emulator, COLUMNS)
  await table.indexes.add(Index.unique('sku'))
  const rows = Array.from({ length: 30 }, (_, n) => ({
    id: n * 3 + 1,
    sku: `s${n}`,
    price: n / 4,
    tags: ['x', `${n}`],
  }))
  await table.records.insert(rows, { keepIds: true })
  return { emulator, table, records: table.records, rows }
}

const bare = (rows) => rows.map(({ id: _id, ...row }) => row)

test('to another data source of the same table', async (t) => {
  const { emulator, records, rows } = await goods(t)
  await emulator.instance().workspace(1).dataSources.create({ label: 'test', color: '#123456' })
  const report = await records.copyTo(records, { toDataSource: 'test', keepIds: true })
  assert.deepEqual([report.read, report.inserted], [30, 30])
  assert.deepEqual(await records.toArray({ dataSource: 'test' }), rows)
  await records.delete([1])
  await records.copyTo(records, { dataSource: 'test', search: { id: 1 }, keepIds: true })
  assert.deepEqual(await records.toArray(), rows)
})

test('to another table, workspace and instance, which may be made for it', async (t) => {
  const { emulator, records, rows } = await goods(t)
  const instance = emulator.instance()
  const other = await instance.workspaces.create({ name: 'Other' })
  const second = await emulator.addInstance({ name: 'x-second' })
  const far = new Instance(second.meta_api, { token: emulator.token, ambientCredentials: false })
  const [first] = await far.workspaces.list()
  for (const workspace of [instance.workspace(1), instance.workspace(other.id), far.workspace(first.id)]) {
    const target = workspace.table('goods').records
    assert.ok((await failure(records.copyTo(target))) instanceof NotFoundError)
    const report = await records.copyTo(target, { create: true })
    assert.equal(report.inserted, 30)
    const found = await target.toArray()
    assert.deepEqual(
      bare(found).sort((a, b) => a.price - b.price),
      bare(rows),
      'new ids',
    )
    await records.update([{ id: 1, price: 99 }])
    const again = await records.copyTo(target, { action: 'upsert', key: 'sku' })
    assert.deepEqual([again.inserted, again.updated + again.skipped], [0, 30])
    assert.equal((await target.toArray({ search: { sku: 's0' } }))[0].price, 99)
    await records.update([rows[0]])
    const types = async (table) =>
      (await table.columns.list().all()).map(({ name, type, style }) => [name, type, style])
    assert.deepEqual(await types(workspace.table('goods')), await types(instance.workspace(1).table('goods')))
  }
})

test('what cannot be copied is refused', async (t) => {
  const { emulator, records } = await goods(t)
  await emulator.forgetRequests()
  for (const [target, options, words] of [
    [records, {}, /copied to itself/],
    ['orders', {}, /copyTo takes the records of a table/],
    [undefined, {}, /copyTo takes the records of a table/],
    [records, { toDataSource: 'test', action: 'delete' }, /action must be "insert" or "upsert"/],
    [records, { toDataSource: 'test', keepids: true }, /has no "keepids"/],
    [records, { toDataSource: 'test', prefetch: 0 }, /prefetch is 0/],
  ]) {
    const error = await failure(records.copyTo(target, options))
    assert.ok(error instanceof ConfigError && words.test(error.message), error.stack)
  }
  assert.deepEqual(await emulator.requests(), [])
})

test('a copy that was given up goes on where it was', { timeout: 60_000 }, async (t) => {
  const emulator = await emulate(t)
  const source = await makeTable(emulator, [Column.int('n')])
  const target = await makeTable(emulator, [Column.int('n')])
  await source.records.insert(Array.from({ length: 8000 }, (_, n) => ({ n })))
  const folder = await mkdtemp(join(tmpdir(), 'xano-test-'))
  t.after(() => rm(folder, { recursive: true }))
  const options = { checkpoint: join(folder, 'copy.checkpoint'), keepIds: true, pageSize: 500, settle: 20 }
  await spoil(emulator, { kind: 'latency', ms: 40 })
  const controller = new AbortController()
  const slow = { ...options, batchRows: 100, concurrency: 1, prefetch: 1 }
  let told
  const error = await failure(
    source.records.copyTo(target.records, {
      ...slow,
      signal: controller.signal,
      onProgress: (progress) => {
        told = progress
        if (progress.rows > 0) controller.abort()
      },
    }),
  )
  assert.ok(error instanceof Cancelled, error.stack)
  assert.ok(told.rows > 0 && told.rows < 8000 && told.total === 8000)
  await emulator.clearFaults()
  const report = await source.records.copyTo(target.records, options)
  assert.deepEqual([report.read, report.inserted, report.failed], [8000, 8000, 0])
  assert.deepEqual(await target.records.toArray(), await source.records.toArray())
})
