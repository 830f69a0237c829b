// Generated values on the Node boundary: bodies out, answers in, searches, times. What comes back is what was given, and what
// cannot be carried is refused with an error of ours.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { test } from 'node:test'

import fc from 'fast-check'

import { ConfigError, DecodeError, Xano, XanoError, field, parseTime, where } from 'xano-metadata'

const RUNS = { numRuns: 200 }

/** A server that answers what it is told, and keeps what it was asked. */
async function serve(t) {
  const state = { answer: '{}', seen: [] }
  const server = createServer((request, response) => {
    const pieces = []
    request.on('data', (piece) => pieces.push(piece))
    request.on('end', () => {
      state.seen.push({ url: request.url, headers: request.headers, body: Buffer.concat(pieces) })
      response.setHeader('content-type', 'application/json')
      response.end(state.answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const xano = new Xano({
    token: 'of.the.tests',
    accountUrl: `http://127.0.0.1:${server.address().port}`,
    ambientCredentials: false,
    maxRetries: 0,
  })
  t.after(() => xano.close())
  return { state, xano }
}

/** JSON as users have it: no __proto__, which an object literal cannot carry either, and no -0, which JSON writes as 0. */
const number = fc
  .oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .map((n) => n + 0 || 0)
  // Whole numbers beyond this come back as bigints; they have a test of their own.
  .filter((n) => !Number.isInteger(n) || Number.isSafeInteger(n) || Math.abs(n) >= 1e21)
const text = fc.string({ unit: 'binary', maxLength: 20 })
const leaf = fc.oneof(fc.constant(null), fc.boolean(), number, text)
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value

test('bodies go out as they are, and answers come in as they are', async (t) => {
  const { state, xano } = await serve(t)
  await fc.assert(
    fc.asyncProperty(json, async (value) => {
      state.seen.length = 0
      state.answer = JSON.stringify(value)
      const back = await xano.request('POST', '/echo', { json: value })
      assert.deepEqual(JSON.parse(state.seen[0].body.toString('utf8')), value)
      assert.deepEqual(back, value)
    }),
    RUNS,
  )
})

test('whole numbers of any size go out and come in exactly', async (t) => {
  const { state, xano } = await serve(t)
  const big = fc.bigInt({ min: -(2n ** 90n), max: 2n ** 90n })
  await fc.assert(
    fc.asyncProperty(fc.array(big, { maxLength: 6 }), text, async (numbers, word) => {
      state.seen.length = 0
      state.answer = `{"numbers":[${numbers.join(',')}],"word":${JSON.stringify(word)}}`
      const back = await xano.request('POST', '/echo', { json: { numbers, word } })
      assert.equal(state.seen[0].body.toString('utf8'), state.answer)
      assert.deepEqual(back.numbers.map(BigInt), numbers)
      for (const [place, value] of back.numbers.entries()) {
        assert.equal(typeof value, Number.isSafeInteger(Number(numbers[place])) ? 'number' : 'bigint')
      }
      assert.equal(back.word, word)
    }),
    RUNS,
  )
})

test('any answer is read or refused by an error of ours', async (t) => {
  const { state, xano } = await serve(t)
  const broken = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.tuple(json, fc.nat(), fc.nat({ max: 255 })).map(([value, at, byte]) => {
      const bytes = Buffer.from(JSON.stringify(value))
      bytes[at % bytes.length] = byte
      return bytes
    }),
    fc.tuple(json, fc.nat()).map(([value, at]) => {
      const bytes = Buffer.from(JSON.stringify(value))
      return bytes.subarray(0, at % bytes.length)
    }),
  )
  await fc.assert(
    fc.asyncProperty(broken, async (bytes) => {
      state.answer = bytes
      let expected
      try {
        expected = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
      } catch {
        expected = undefined
      }
      let got
      try {
        got = await xano.request('GET', '/x')
      } catch (error) {
        assert.ok(error instanceof DecodeError, error.stack)
        assert.ok(!error.message.includes('of.the.tests'))
      }
      // Numbers beyond what a double holds exactly come as bigints, so they are compared as texts.
      const shown = (value) => JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? Number(one) : one))
      if (expected !== undefined && got !== undefined) assert.equal(shown(got), shown(expected))
      for (const page of [xano.snippets.list(), xano.instances.list()]) {
        try {
          await page
        } catch (error) {
          assert.ok(error instanceof XanoError, error.stack)
        }
      }
    }),
    RUNS,
  )
})

test('texts stay where they are put', async (t) => {
  const { state, xano } = await serve(t)
  const odd = fc.oneof(
    text,
    fc.constantFrom(
      '..',
      '.',
      'a\r\nX-Evil: 1',
      '\u2028',
      '\u202e',
      'a/b',
      '%2e%2e',
      '//evil',
      '\u0085',
      '?',
      '#',
      '&=+;',
      '\ud800',
    ),
  )
  await fc.assert(
    fc.asyncProperty(odd, odd, odd, async (segment, value, header) => {
      for (const call of [
        () => xano.snippet(segment).get(),
        () => xano.request('GET', '/x', { query: { q: value } }, { headers: { 'x-odd': header } }),
      ]) {
        state.seen.length = 0
        try {
          await call()
        } catch (error) {
          assert.ok(error instanceof ConfigError, error.stack)
          assert.deepEqual(state.seen, [])
          continue
        }
        const [{ url, headers }] = state.seen
        assert.equal(headers['x-evil'], undefined)
        const read = new URL(url, 'http://x')
        if (read.pathname.startsWith('/api:meta/snippet/')) {
          assert.equal(decodeURIComponent(read.pathname.slice('/api:meta/snippet/'.length)), segment.toWellFormed())
        } else {
          assert.equal(read.pathname, '/api:meta/x')
          assert.deepEqual([...read.searchParams], [['q', value.toWellFormed()]])
        }
      }
    }),
    RUNS,
  )
})

test('searches hold what they were given', () => {
  const column = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }).filter((name) => !name.includes('|'))
  const signs = { gt: '>', lt: '<', gte: '>=', lte: '<=', ne: '!=' }
  fc.assert(
    fc.property(
      column.filter((name) => name !== '__proto__'),
      fc.constantFrom(...Object.keys(signs)),
      fc.oneof(number, text, fc.boolean()),
      (name, operator, value) => {
        const made = JSON.parse(JSON.stringify(where({ [name]: { [operator]: value } })))
        assert.deepEqual(made, [{ [`${name}|${signs[operator]}`]: value }])
        assert.deepEqual(JSON.parse(JSON.stringify(field(name)[operator](value))), made)
      },
    ),
    RUNS,
  )
  fc.assert(
    fc.property(fc.anything(), (given) => {
      try {
        assert.ok(JSON.stringify(where(given)).startsWith('['))
      } catch (error) {
        assert.ok(error instanceof ConfigError || error instanceof TypeError, error.stack)
      }
    }),
    RUNS,
  )
})

test('times are read or refused', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(1e11), max: new Date(253402300799999), noInvalidDate: true }), (date) => {
      assert.equal(parseTime(date.getTime()).getTime(), date.getTime())
      assert.equal(parseTime(date.toISOString()).getTime(), date.getTime())
    }),
    RUNS,
  )
  fc.assert(
    fc.property(fc.oneof(text, fc.double()), (value) => {
      try {
        const read = parseTime(value)
        assert.ok(read === null || !Number.isNaN(read.getTime()))
      } catch (error) {
        assert.ok(error instanceof ConfigError, error.stack)
      }
    }),
    RUNS,
  )
})
