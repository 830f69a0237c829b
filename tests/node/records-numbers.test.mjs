// Whole numbers beyond 2^53 arrive exactly, whatever surrounds them, and everything else as it always did.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Column } from 'xano-metadata'

import { emulate, spoil } from './helper.mjs'
import { makeTable, seeded } from './records-helper.mjs'

/** What the client makes of a JSON text that a server answers. */
async function reader(t) {
  const emulator = await emulate(t)
  const xano = emulator.client()
  return async (body) => {
    await spoil(emulator, { kind: 'reply', headers: { 'Content-Type': 'application/json' }, body })
    return xano.request('GET', '/any')
  }
}

test('whole numbers are bigints where a number would round them, and only there', async (t) => {
  const read = await reader(t)
  for (const [text, value] of [
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['-9007199254740993', -9007199254740993n],
    ['[9007199254740993]', [9007199254740993n]],
    ['{"a":9223372036854775807}', { a: 9223372036854775807n }],
    ['{"a" : -9223372036854775808 }', { a: -9223372036854775808n }],
    ['[1,\n18446744073709551616\t,2]', [1, 18446744073709551616n, 2]],
    [`{"n":${'9'.repeat(60)}}`, { n: BigInt('9'.repeat(60)) }],
    // Decimals and exponents are numbers, however many digits they have.
    [
      '[12345678901234567.5,0.12345678901234567,1234567890123456789e3]',
      [12345678901234567.5, 0.12345678901234567, 1234567890123456789e3],
    ],
    ['[12345678901234567E0,1.0000000000000000000,-12345678901234567.0]', [12345678901234567, 1, -12345678901234567]],
    // Texts keep their digits.
    [
      '["9007199254740993","a 9007199254740993,",",9007199254740993",9007199254740993]',
      ['9007199254740993', 'a 9007199254740993,', ',9007199254740993', 9007199254740993n],
    ],
    [
      '{"x, 12345678901234567890 ":"\\" ,12345678901234567890, \\\\","y":1}',
      { 'x, 12345678901234567890 ': '" ,12345678901234567890, \\', y: 1 },
    ],
    [
      '{"é😀":12345678901234567890,"s":"é,12345678901234567890"}',
      { 'é😀': 12345678901234567890n, s: 'é,12345678901234567890' },
    ],
    [
      '{"__proto__":12345678901234567890}',
      JSON.parse('{"__proto__":1}', (key, field) => (key === '__proto__' ? 12345678901234567890n : field)),
    ],
  ]) {
    assert.deepEqual(await read(text), value, text)
  }
  const depth = 5000
  let deep = await read(`${'['.repeat(depth)}12345678901234567890${']'.repeat(depth)}`)
  for (let level = 0; level < depth; level += 1) [deep] = deep
  assert.equal(deep, 12345678901234567890n)
})

const PUNCTUATION = ['"', '\\', ',', ':', ' ', '{', '[', '-', '\n', 'é', '😀', '\u2028', 'n']

/** A random value, and the text a server might write for it. */
function document(random, depth) {
  const digits = (count) => Array.from({ length: count }, (_, at) => random.whole(at ? 0 : 1, 9)).join('')
  const text = () =>
    Array.from({ length: random.whole(0, 4) }, () =>
      random.chance(0.5) ? digits(random.whole(1, 24)) : random.pick(PUNCTUATION),
    ).join('')
  const space = () => (random.chance(0.2) ? random.pick([' ', '\n', '\t']) : '')
  switch (random.whole(depth > 3 ? 3 : 0, 8)) {
    case 0:
    case 1: {
      const items = Array.from({ length: random.whole(0, 5) }, () => document(random, depth + 1))
      return [items.map(([value]) => value), `[${items.map(([, json]) => space() + json + space()).join(',')}]`]
    }
    case 2: {
      const fields = Array.from({ length: random.whole(0, 5) }, (_, at) => [
        `${at}${text()}`,
        ...document(random, depth + 1),
      ])
      const json = fields.map(([name, , one]) => `${JSON.stringify(name)}${space()}:${space()}${one}`)
      return [Object.fromEntries(fields.map(([name, value]) => [name, value])), `{${json.join(',')}}`]
    }
    case 3: {
      const value = text()
      return [value, JSON.stringify(value)]
    }
    case 4: {
      const json = `${random.pick(['', '-'])}${digits(random.whole(1, 20))}.${digits(random.whole(1, 20))}`
      return [Number(json), json]
    }
    case 5:
      return random.pick([
        [true, 'true'],
        [null, 'null'],
        [0, '0'],
      ])
    default: {
      const json = `${random.pick(['', '-'])}${digits(random.whole(1, 24))}`
      return [Number.isSafeInteger(Number(json)) ? Number(json) : BigInt(json), json]
    }
  }
}

test('random answers are read as what they say', async (t) => {
  const read = await reader(t)
  const random = seeded(20_240)
  let big = 0
  for (let round = 0; round < 300; round += 1) {
    const [value, text] = document(random, 0)
    assert.deepEqual(await read(text), value, text)
    if (/(?<![."\d])\d{17}/.test(text)) big += 1
  }
  assert.ok(big > 50, `${big} answers had long numbers`)
})

test('lists and typed calls carry them as well', async (t) => {
  const emulator = await emulate(t)
  const handle = await makeTable(emulator, [Column.int('n')])
  const given = [2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n, 7]
  for (const n of given) assert.equal((await handle.records.create({ n })).n, n)
  assert.deepEqual(
    (await handle.records.list().all()).map(({ n }) => n),
    given,
  )
  const found = await handle.records.search({ search: { n: 2n ** 53n + 1n } }).all()
  assert.deepEqual(
    found.map(({ id }) => id),
    [1],
  )
  assert.equal((await handle.record(2).get()).n, given[1])
})
