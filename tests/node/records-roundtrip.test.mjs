// Random tables with random records: what goes in comes out, by every way. A seed makes each table; it is in the name of
// its test.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { tableFromIPC } from 'apache-arrow'
import { Column } from 'xano-metadata'

import { emulate } from './helper.mjs'
import { makeTable, seeded } from './records-helper.mjs'

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]
const ROWS = 120

const TEXTS = [
  '',
  ' ',
  'é',
  '😀👩‍👩‍👧',
  'a,b',
  'say "so"',
  "it's",
  'two\nlines',
  'two\r\nlines',
  '\t',
  '\\',
  '\u2028',
  '\u0001',
  'null',
  'NaN',
  '007',
  '1e5',
  '#',
  '=1+1',
  'ﷺ',
  '\u{10ffff}',
  '\ufeff',
  'x'.repeat(3000),
]
const INTS = [
  0,
  1,
  -1,
  2 ** 53 - 1,
  2n ** 53n,
  2n ** 53n + 1n,
  -(2n ** 53n) - 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  10n ** 18n,
]
const DECIMALS = [0, 0.1, -0.1, 1e-7, 1e15, 123456789.123456, 0.1 + 0.2, 5e-324, -1.5, 99.99]
const DAYS = ['0001-01-01', '1969-12-31', '2000-02-29', '2024-02-29', '9999-12-31']
const TIMES = [0, -1, 1, 1681336838123, -62135596800000, 253402300799999]
const WORDS = ['new', 'paid', 'sent, but late', 'ü']

function uuid(random) {
  const hex = Array.from({ length: 32 }, () => '0123456789abcdef'[random.whole(0, 15)]).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function text(random) {
  if (random.chance(0.5)) return random.pick(TEXTS)
  return Array.from({ length: random.whole(1, 12) }, () =>
    String.fromCodePoint(
      random.pick([random.whole(32, 126), random.whole(0xa0, 0x24f), random.whole(0x1f300, 0x1f5ff)]),
    ),
  ).join('')
}

function json(random, depth = 0) {
  const list = (make) => Array.from({ length: random.whole(0, 3) }, make)
  switch (random.whole(depth > 2 ? 2 : 0, 6)) {
    case 0:
      return list(() => json(random, depth + 1))
    case 1:
      return Object.fromEntries(list((_, n) => [`${String(n)}${text(random)}`, json(random, depth + 1)]))
    case 2:
      return text(random)
    case 3:
      return random.pick([...INTS, ...DECIMALS])
    case 4:
      return random.chance(0.5)
    default:
      return depth ? null : text(random)
  }
}

/** Each kind of column with a way to make its values. */
const KINDS = {
  int: (random) => random.pick([...INTS, random.whole(-1e9, 1e9)]),
  decimal: (random) => random.pick([...DECIMALS, random.next(), (random.next() - 0.5) * 1e9]),
  text,
  bool: (random) => random.chance(0.5),
  enum: (random) => random.pick(WORDS),
  uuid,
  date: (random) => random.pick(DAYS),
  timestamp: (random) => random.pick([...TIMES, random.whole(-1e12, 2e12)]),
  json,
  object: (random) => ({
    width: random.pick(DECIMALS),
    label: random.chance(0.2) ? null : text(random),
    sizes: [1, 2].slice(random.whole(0, 2)),
  }),
  texts: (random) => Array.from({ length: random.whole(0, 3) }, () => text(random)),
  ints: (random) => Array.from({ length: random.whole(0, 3) }, () => random.pick(INTS)),
}

function column(kind, name, nullable) {
  if (kind === 'texts') return Column.text(name, { style: 'list', nullable })
  if (kind === 'ints') return Column.int(name, { style: 'list', nullable })
  if (kind === 'enum') return Column.enum(name, { values: WORDS, nullable })
  if (kind === 'object') {
    const children = [
      Column.decimal('width'),
      Column.text('label', { nullable: true }),
      Column.int('sizes', { style: 'list' }),
    ]
    return Column.object(name, { children, nullable })
  }
  return Column[kind](name, { nullable })
}

/** Columns in random order, and records for them. */
function table(random) {
  const fields = Object.keys(KINDS).flatMap((kind) =>
    (random.chance(0.75) ? [kind, kind] : [kind]).map((one, n) => ({
      kind: one,
      name: `${one}_${n}${random.pick(['', 'é', ' x'])}`.replaceAll(' ', '_'),
      nullable: n === 0,
    })),
  )
  fields.sort(() => random.next() - 0.5)
  const rows = Array.from({ length: ROWS }, () =>
    Object.fromEntries(
      fields.map(({ kind, name, nullable }) => [name, nullable && random.chance(0.2) ? null : KINDS[kind](random)]),
    ),
  )
  return { fields, columns: fields.map(({ kind, name, nullable }) => column(kind, name, nullable)), rows }
}

/** JSON with bigints as digits, for comparing columns that hold JSON as text. */
function parse(text) {
  const big = (part) => (/^-?\d+$/.test(part) && !Number.isSafeInteger(Number(part)) ? `"big ${part}"` : part)
  return JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, big), (_, value) =>
    typeof value === 'string' && value.startsWith('big ') ? BigInt(value.slice(4)) : value,
  )
}

/** What Arrow holds, as the rows it was made of. */
function fromArrow(bytes, fields) {
  const table = tableFromIPC(bytes)
  const kinds = { id: 'int', ...Object.fromEntries(fields.map(({ name, kind }) => [name, kind])) }
  const read = (kind, value) => {
    if (value === null) return null
    if (kind === 'int' || kind === 'timestamp') return Number.isSafeInteger(Number(value)) ? Number(value) : value
    if (kind === 'decimal') return Number(value)
    return ['json', 'object', 'texts', 'ints'].includes(kind) ? parse(value) : value
  }
  return [...table].map((row) => Object.fromEntries([...row].map(([name, value]) => [name, read(kinds[name], value)])))
}

for (const seed of SEEDS) {
  test(`table ${String(seed)} comes out as it went in`, async (t) => {
    const random = seeded(seed)
    const folder = await mkdtemp(join(tmpdir(), 'xano-test-'))
    t.after(() => rm(folder, { recursive: true }))
    const emulator = await emulate(t)
    const { fields, columns, rows } = table(random)
    const source = await makeTable(emulator, columns)
    const size = { batchRows: random.whole(1, 50), concurrency: 1 }
    const report = await source.records.insert(rows, size)
    assert.equal(report.inserted, ROWS)
    const expected = rows.map((row, n) => ({ id: n + 1, ...row }))
    const reading = { pageSize: random.whole(7, 60) }
    const same = (found, way, wanted = expected) => {
      assert.equal(found.length, ROWS, way)
      found.forEach((row, n) => assert.deepEqual(row, wanted[n], `${way}, row ${String(n + 1)}`))
    }
    same(await source.records.toArray(reading), 'iter')
    // The decoder that apache-arrow uses takes a byte order mark off the start of a text.
    const unmarked = (row) =>
      Object.entries(row).map(([name, value]) => [
        name,
        typeof value === 'string' && !/^json/.test(name) ? value.replace(/^\ufeff/, '') : value,
      ])
    const arrow = fromArrow(await source.records.toArrow({ ...reading, decimals: 'text' }), fields)
    same(
      arrow,
      'arrow',
      expected.map((row) => Object.fromEntries(unmarked(row))),
    )
    for (const name of ['rows.ndjson', 'rows.csv']) {
      const path = join(folder, name)
      await source.records.export(path, reading)
      const target = await makeTable(emulator, columns)
      const loaded = await target.records.insert(path, { ...size, keepIds: true })
      assert.equal(loaded.inserted, ROWS, name)
      same(await target.records.toArray(), name)
      const again = join(folder, `again.${name}`)
      await target.records.export(again)
      assert.ok((await readFile(path)).equals(await readFile(again)), `${name} is written the same again`)
    }
    const workspace = emulator.instance().workspace(1)
    const copied = await source.records.copyTo(workspace.table(`copy of ${String(seed)}`).records, {
      create: true,
      keepIds: true,
      ...reading,
    })
    assert.equal(copied.inserted, ROWS)
    same(await workspace.table(`copy of ${String(seed)}`).records.toArray(), 'copy')
  })
}
