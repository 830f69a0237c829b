// Comparing from Node: branches, workspaces, instances.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Cancelled, Comparison, ConfigError, PermissionError, compare } from 'xano-metadata'

import { QUICK, emulate, failure } from './helper.mjs'

async function demo(t) {
  const emulator = await emulate(t, { seedDemo: true })
  const instance = emulator.instance({ ...QUICK, rateLimit: false })
  return { emulator, instance, main: instance.workspace('Main') }
}

test('two branches differ in what was changed in one of them', async (t) => {
  const { main } = await demo(t)
  const units = new Set()
  const difference = await main.compare(main.branch('next'), { onProgress: ({ unit }) => units.add(unit) })
  assert.ok(difference instanceof Comparison)
  assert.equal(difference.equal, false)
  const [{ diff, ...change }, ...others] = difference.changes
  assert.deepEqual(others, [])
  assert.deepEqual(change, {
    workspace: null,
    family: 'functions',
    name: 'order_total',
    was: null,
    change: 'changed',
    fields: ['description', 'xanoscript'],
    records: null,
  })
  assert.match(diff, /^\+ {2}description = "Price times quantity, rounded to cents"$/m)
  assert.deepEqual(difference.compared.endpoints, { left: 2, right: 2 })
  assert.equal(difference.right.branch, 'next')
  assert.ok(difference.skipped.some(({ family }) => family === 'tables'))
  assert.match(String(difference), /^Main \(/)
  assert.match(difference.toHtml(), /^<div/)
  assert.deepEqual(difference.rows()[0].fields, 'description, xanoscript')
  assert.deepEqual([...units], ['families'])
  assert.ok((await main.branch('next').compare(main.branch('next'))).equal)
})

test('records are counted or read', async (t) => {
  const { main, instance } = await demo(t)
  const copy = instance.workspace((await instance.workspaces.create({ name: 'Copy' })).id)
  for (const table of ['customer', 'product', 'order']) {
    await main.table(table).records.copyTo(copy.table(table).records, { create: true, keepIds: true })
  }
  for await (const { id, name } of copy.tables.list()) await copy.table(id).update({ name, tag: ['demo'] })
  const families = ['tables']
  assert.deepEqual((await main.compare(copy, { families, records: 'content' })).changes, [])
  await copy.table('customer').record(1).delete()
  const [row] = (await main.compare(copy, { families, records: 'counts' })).rows()
  assert.deepEqual([row.name, row.recordsLeft, row.recordsRight], ['customer (live)', 24, 23])
  const [change] = (await main.compare(copy, { families, records: 'content' })).changes
  assert.deepEqual(change.records, { left: 24, right: 23, added: 0, removed: 1, changed: 0 })
  assert.equal((await main.compare(copy, { families, records: false })).changes.length, 0)
})

test('instances are compared workspace by workspace', async (t) => {
  const { emulator, instance } = await demo(t)
  await emulator.addInstance({ name: 'other' })
  const there = emulator.client({ rateLimit: false }).instance('other')
  await there.workspaces.create({ name: 'Only here' })
  const difference = await instance.compare(there, { families: ['functions'] })
  assert.ok(difference.changes.some(({ family, workspace }) => family === 'workspaces' && workspace === 'Only here'))
  assert.ok((await compare(there, there)).equal)
  const error = await failure(compare(instance, there.workspace(1)))
  assert.ok(error instanceof ConfigError)
  assert.match(error.message, /compared with another instance/)
})

test('what cannot be compared is an error or a failure', async (t) => {
  const { emulator, main } = await demo(t)
  assert.match((await failure(main.compare(main.branch('nowhere')))).message, /no branch "nowhere"; it has v1, next/)
  assert.match((await failure(main.compare(main, { families: ['fnuctions'] }))).message, /unknown variant `fnuctions`/)
  assert.match((await failure(main.compare(main, { families: 'functions' }))).message, /must be a list/)
  assert.match((await failure(main.compare(main, { recrods: 'counts' }))).message, /has no "recrods"/)
  assert.match((await failure(main.compare({}))).message, /takes a workspace such as/)
  const stopped = await failure(main.compare(main, { signal: AbortSignal.abort() }))
  assert.ok(stopped instanceof Cancelled)
  await emulator.faults({ kind: 'status', status: 403, path: '/workspace/*/task', times: 'always' })
  const difference = await main.compare(main.branch('next'))
  assert.deepEqual(
    difference.failures.map(({ at }) => at),
    ['left/tasks', 'right/tasks'],
  )
  assert.ok(difference.failures[0].error instanceof PermissionError)
  assert.equal(difference.equal, false)
})
