// Columns and indexes made by their constructors, added one by one or given in a list; and edit: read, change, replace.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Column, ConfigError, Index } from 'xano-metadata'

import { emulate, failure, spoil } from './helper.mjs'

/** A workspace of an emulator as new. */
async function workspace(t) {
  const emulator = await emulate(t)
  const instance = emulator.instance()
  const [first] = await instance.workspaces.list()
  return { emulator, space: instance.workspace(first.id) }
}

/** What was posted below a table, by the last two parts of its path. */
async function posted(emulator) {
  const requests = await emulator.requests()
  return requests
    .filter((request) => request.method === 'POST' && request.path.includes('/table/'))
    .map((request) => [request.path.split('/').slice(-2).join('/'), JSON.parse(request.body)])
}

/** A fault rule that answers one request with this. */
function reply(body) {
  const headers = { 'content-type': 'application/json' }
  return { kind: 'reply', status: 200, headers, body: JSON.stringify(body), times: 1 }
}

test('adding a column leaves the others and the records alone', async (t) => {
  const { emulator, space } = await workspace(t)
  const { id } = await space.tables.create({ name: 'things', schema: [Column.int('id'), Column.text('title')] })
  const table = space.table(id)
  const record = await table.records.create({ title: 'kept' })
  const before = await table.columns.list().all()
  const created = await table.columns.add(Column.text('sku', { required: true, filters: { trim: true } }))
  assert.equal(created.name, 'sku')
  const after = await table.columns.list().all()
  assert.deepEqual(after.slice(0, before.length), before)
  assert.deepEqual(
    after.slice(before.length).map((column) => [column.name, column.required]),
    [['sku', true]],
  )
  assert.equal((await table.record(record.id).get()).title, 'kept')
  assert.deepEqual((await posted(emulator)).at(-1), [
    'type/text',
    { name: 'sku', nullable: false, required: true, filters: { trim: true } },
  ])
  assert.ok((await emulator.requests()).every((request) => request.method !== 'PUT'))
})

test('a table is created from constructors', async (t) => {
  const { space } = await workspace(t)
  const other = await space.tables.create({ name: 'others' })
  const schema = [
    Column.int('id'),
    Column.enum('size', { values: ['s', 'm'], default: 's', required: true }),
    Column.tableref('other', { tableref_id: other.id }),
    Column.vector('meaning', { vector: { size: 4 } }),
    Column.object('box', { children: [Column.decimal('width'), Column.bool('open')] }),
  ]
  const primary = { type: 'primary', fields: [{ name: 'id' }] }
  const { id } = await space.tables.create({ name: 'things', schema, index: [primary, Index.unique('size')] })
  const read = Object.fromEntries((await space.table(id).columns.list().all()).map((column) => [column.name, column]))
  for (const { name, type, nullable, required } of schema.slice(1)) {
    assert.deepEqual([read[name].type, read[name].nullable, read[name].required], [type, nullable, required], name)
  }
  assert.deepEqual(read.size.values, ['s', 'm'])
  assert.equal(read.other.tableref_id, other.id)
  assert.equal(read.meaning.vector.size, 4)
  assert.deepEqual(
    read.box.children.map((column) => column.name),
    ['width', 'open'],
  )
  assert.deepEqual(
    (await space.table(id).indexes.list().all()).map((index) => index.type),
    ['primary', 'btree|unique'],
  )
})

test('every kind of column is added by its own operation', async (t) => {
  const { emulator, space } = await workspace(t)
  const table = space.table((await space.tables.create({ name: 'things' })).id)
  const other = await space.tables.create({ name: 'others' })
  const needed = {
    tableref: { tableref_id: other.id },
    tablerefuuid: { tableref_id: other.id },
    vector: { vector: { size: 2 } },
    enum: { values: ['a'] },
  }
  const kinds = Object.keys(Column)
  assert.equal(kinds.length, 25)
  for (const kind of kinds) await table.columns.add(Column[kind](`c_${kind.toLowerCase()}`, needed[kind]))
  assert.deepEqual(
    (await posted(emulator)).map(([path]) => path.replace('_', '')),
    kinds.map((kind) => `type/${kind.toLowerCase()}`),
  )
})

test('indexes are made in short and added', async (t) => {
  const { emulator, space } = await workspace(t)
  const schema = [
    Column.int('id'),
    Column.text('sku'),
    Column.geoPoint('at'),
    Column.vector('v', { vector: { size: 2 } }),
  ]
  const table = space.table((await space.tables.create({ name: 'things', schema })).id)
  const before = (await table.indexes.list().all()).length
  const made = [
    Index.unique('sku'),
    Index.btree('sku', ['id', 'desc']),
    Index.search('words', { lang: 'english', fields: ['sku'] }),
    Index.spatial('at'),
    Index.vector(['v', 'vector_cosine_ops']),
  ]
  for (const index of made) await table.indexes.add(index)
  assert.equal((await table.indexes.list().all()).length, before + made.length)
  assert.deepEqual(await posted(emulator), [
    ['index/unique', { fields: [{ name: 'sku', op: 'asc' }] }],
    [
      'index/btree',
      {
        fields: [
          { name: 'sku', op: 'asc' },
          { name: 'id', op: 'desc' },
        ],
      },
    ],
    ['index/search', { name: 'words', lang: 'english', fields: [{ name: 'sku', priority: 1 }] }],
    ['index/spatial', { fields: [{ name: 'at', op: 'gist_geometry_ops_2d' }] }],
    ['index/vector', { fields: [{ name: 'v', op: 'vector_cosine_ops' }] }],
  ])
})

test('a column that was read can be added elsewhere', async (t) => {
  const emulator = await emulate(t)
  const row = {
    name: 'owner',
    type: 'int',
    tableref_id: 7,
    nullable: false,
    required: true,
    default: null,
    values: [],
    validators: { min: 1 },
    format: '',
  }
  await spoil(emulator, reply([row]), reply({ name: 'owner' }))
  const space = emulator.instance().workspace(1)
  const [column] = await space.table(1).columns.list()
  await space.table(2).columns.add(column)
  assert.deepEqual(await posted(emulator), [
    ['type/tableref', { name: 'owner', tableref_id: 7, nullable: false, required: true, filters: { min: 1 } }],
  ])
})

test('what no operation adds is refused before anything is sent', async (t) => {
  const emulator = await emulate(t)
  const { columns } = emulator.instance().workspace(1).table(1)
  for (const [value, message] of [
    [{ name: 'a', type: 'colour' }, /knows no type "colour"/],
    [{ name: 'a', type: 'vector' }, /vector is missing for Column\.vector/],
    [{ name: 'a', type: 'bool', values: [1] }, /Column\.bool has no values/],
    ['sku', /takes an object such as Column\.attachment/],
  ]) {
    const error = await failure(columns.add(value))
    assert.ok(error instanceof ConfigError, String(error))
    assert.match(error.message, message)
  }
  assert.throws(() => Index.vector('v'), /"v" needs its op too/)
  assert.deepEqual(await emulator.requests(), [])
})

test('edit keeps what was not touched', async (t) => {
  const { space } = await workspace(t)
  const schema = [Column.int('id'), Column.text('a', { description: 'A' }), Column.text('b')]
  const table = space.table((await space.tables.create({ name: 'things', schema })).id)
  const record = await table.records.create({ a: '1', b: '2' })
  const before = await table.columns.list().all()
  await table.columns.edit((draft) => {
    draft.push(Column.decimal('price'))
  })
  const after = await table.columns.list().all()
  assert.deepEqual(after.slice(0, -1), before)
  assert.equal(after.at(-1).name, 'price')
  const kept = await table.record(record.id).get()
  assert.deepEqual([kept.a, kept.b], ['1', '2'])
  await table.columns.edit((draft) => draft.filter((column) => column.name !== 'b'))
  assert.deepEqual(
    (await table.columns.list().all()).map((column) => column.name),
    ['id', 'a', 'price'],
  )
})

test('edit sends the fields that are replaced together, and nothing when the change fails', async (t) => {
  const emulator = await emulate(t)
  const settings = {
    display: 'T',
    description: 'd',
    domain: '',
    ingress: true,
    proxy: '',
    rbac: {},
    tag: [],
    tasks: true,
  }
  const tenant = { id: 7, name: 't1', state: 'ok', ...settings }
  await spoil(emulator, reply(tenant), reply({ ...tenant, display: 'New' }), reply(tenant))
  const handle = emulator.instance().workspace(1).tenant('t1')
  const changed = await handle.edit((draft) => {
    draft.display = 'New'
  })
  assert.equal(changed.display, 'New')
  const fail = () => {
    throw new RangeError('no')
  }
  assert.ok((await failure(handle.edit(fail))) instanceof RangeError)
  const puts = (await emulator.requests()).filter((request) => request.method === 'PUT')
  assert.deepEqual(
    puts.map((request) => JSON.parse(request.body)),
    [{ ...settings, display: 'New' }],
  )
})
