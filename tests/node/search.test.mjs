// Searches that people can read: what they compile to, what is refused, and that the server finds the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Column, ConfigError, field, where } from 'xano-metadata'

import { emulate } from './helper.mjs'
import { makeTable } from './records-helper.mjs'

const plain = (search) => JSON.parse(JSON.stringify(search))

test('every operator has its expression', () => {
  const rows = [
    [where({ a: 'x' }), [{ a: 'x' }]],
    [where({ a: null }), [{ a: null }]],
    [where({ a: { eq: { b: 1 } } }), [{ a: { b: 1 } }]],
    [where({ a: ['x', 'y'] }), [{ a: ['x', 'y'] }]],
    [where({ price: { gt: 70, lt: 90 }, open: true }), [{ 'price|>': 70 }, { 'price|<': 90 }, { open: true }]],
    [where({ s: { in: ['a', 'b'] }, t: { notIn: [] } }), [{ 's|in': ['a', 'b'] }, { 't|not in': [] }]],
    [where({ a: { gte: 1 }, b: { lte: 2 }, c: { ne: null } }), [{ 'a|>=': 1 }, { 'b|<=': 2 }, { 'c|!=': null }]],
    [where({ at: { gt: new Date(1000) }, 'meta.b': 1 }), [{ 'at|>': 1000 }, { 'meta.b': 1 }]],
    [field('price').gt(70), [{ 'price|>': 70 }]],
    [field('s').in(['a']), [{ 's|in': ['a'] }]],
    [field('at').in([new Date(5)]), [{ 'at|in': [5] }]],
    [
      field('a')
        .eq(1)
        .and({ b: 2, c: { lt: 3 } }),
      [{ a: 1 }, { b: 2 }, { 'c|<': 3 }],
    ],
    [field('a').eq(1).or(field('b').gt(2)), [{ a: 1 }, { 'b|>|or': 2 }]],
    [field('a').eq(1).or({ b: 2 }).or({ c: null }), [{ a: 1 }, { 'b||or': 2 }, { 'c||or': null }]],
    [where({ a: 1, b: 2 }).or({ c: 3 }), [{ a: 1 }, { b: 2 }, { 'c||or': 3 }]],
    // The side with several conditions comes first, where an OR behind it means the same either way.
    [where({ c: 3 }).or({ a: 1, b: 2 }), [{ a: 1 }, { b: 2 }, { 'c||or': 3 }]],
  ]
  for (const [search, expected] of rows) assert.deepEqual(plain(search), expected)
  const mixed = [...where({ a: 1 }), { 'b|like': '%x' }]
  assert.deepEqual(mixed, [{ a: 1 }, { 'b|like': '%x' }], 'made and raw expressions stand side by side')
  assert.equal(where({ a: 1 }).map(Object.keys).constructor, Array)
  assert.throws(() => where({ a: 1 }).push({}), TypeError)
})

test('what cannot be sent, or would not mean what it says, is refused', () => {
  const one = where({ a: 1 })
  for (const [make, words] of [
    [() => where({}), /no condition. For every record, leave the search out/],
    [() => where({ a: undefined }), /a cannot be compared with undefined/],
    [() => where({ a: { gt: undefined } }), /a cannot be compared with undefined/],
    [() => where({ a: {} }), /a is compared with nothing/],
    [() => where({ a: { gt: null } }), /a: nothing is > null/],
    [() => where({ a: { gtt: 1 } }), /a: there is no operator gtt. There are eq, gt, lt, in, notIn, gte, lte, ne/],
    [() => where({ a: { toString: 1 } }), /no operator toString/],
    [() => where({ a: { in: 'abc' } }), /a: in takes an array/],
    [() => where({ a: { in: [1, Number.NaN] } }), /a cannot be compared with NaN/],
    [() => where({ a: new Date(Number.NaN) }), /a cannot be compared with Invalid Date/],
    [() => where({ a: () => 1 }), /a cannot be compared with/],
    [() => where({ 'a|>': 1 }), /"a\|>" is no name of a column/],
    [() => field('').eq(1), /"" is no name of a column/],
    [() => where([{ a: 1 }]), /A condition is an object/],
    [() => where('a > 1'), /A condition is an object/],
    [() => one.or({ b: 1 }).and({ c: 1 }), /cannot ask for \(a or b\) and c/],
    [() => one.and(one.or(one)), /cannot ask for \(a or b\) and c/],
    [() => one.and(one).or({ b: 1, c: 2 }), /cannot ask for \(a and b\) or \(c and d\)/],
    [() => one.or({}), /no condition/],
  ]) {
    assert.throws(make, (error) => error instanceof ConfigError && words.test(error.message), String(words))
  }
})

test('a search finds the same records by every way', async (t) => {
  const emulator = await emulate(t)
  const { records } = await makeTable(emulator, [
    Column.text('name'),
    Column.int('price'),
    Column.text('tags', { style: 'list' }),
    Column.timestamp('at'),
    Column.json('meta'),
  ])
  const at = new Date('2024-02-29T12:00:00Z')
  await records.createMany({
    items: [
      { name: 'a', price: 10, tags: ['x', 'y'], at: at.getTime(), meta: { size: 1 } },
      { name: 'b', price: 20, tags: ['y'], at: at.getTime() + 1, meta: { size: 2 } },
      { name: 'c', price: 30, tags: [], at: at.getTime() + 2, meta: { size: 3 } },
    ],
  })
  for (const [search, names] of [
    [where({ price: { gt: 10, lt: 30 } }), 'b'],
    [where({ price: { gte: 20 }, name: { ne: 'c' } }), 'b'],
    [where({ name: { in: ['a', 'c', 'z'] } }), 'ac'],
    [where({ name: { notIn: ['a', 'c'] } }), 'b'],
    [where({ tags: 'y' }), 'ab'],
    [where({ at: { gt: at } }), 'bc'],
    [where({ at }), 'a'],
    [field('meta.size').eq(3), 'c'],
    [field('name').eq('a').or(field('price').gt(20)), 'ac'],
    [where({ price: { gt: 10 }, name: 'b' }).or({ name: 'a' }), 'ab'],
    [[...where({ price: { lt: 30 } }), { 'name|!=': 'a' }], 'b'],
    [{ 'price|>': 10 }, 'bc'],
  ]) {
    const found = [
      await records.toArray({ search }),
      await records.toArray({ search, order: 'pages', sort: { name: 'asc' } }),
      await records.search({ search }).all(),
    ]
    for (const rows of found) assert.equal(rows.map(({ name }) => name).join(''), names, JSON.stringify(search))
  }
  await records.updateWhere({ search: where({ price: { gt: 10 } }), updates: { name: 'z' } })
  assert.deepEqual(
    (await records.toArray()).map(({ name }) => name),
    ['a', 'z', 'z'],
  )
  await records.deleteWhere({ search: field('name').eq('z') })
  assert.deepEqual(
    (await records.toArray()).map(({ name }) => name),
    ['a'],
  )
})
