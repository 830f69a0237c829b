// What goes in and out: JSON bodies, times, options, files, untyped requests.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { openAsBlob } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'

import { ConfigError, DecodeError, NotFoundError, parseTime, scriptText } from 'xano-metadata'

import { QUICK, emulate, failure, received, spoil } from './helper.mjs'

const ECHO = { kind: 'reply', status: 200, headers: { 'Content-Type': 'application/json' }, body: 'null' }

test('bodies are written exactly, and what JSON cannot carry is refused with its place', async (t) => {
  const emulator = await emulate(t)
  await spoil(emulator, ECHO)
  const xano = emulator.client()
  const send = async (json) => {
    await emulator.forgetRequests()
    await xano.request('POST', '/x', { json })
    return (await received(emulator))[0].body
  }
  const shared = { n: 1 }
  for (const [value, text] of [
    [{ a: undefined, b: null, c: [1, 'é', '\u2028'] }, '{"b":null,"c":[1,"é","\u2028"]}'],
    [{ big: 2n ** 70n, list: [1n], keep: undefined }, '{"big":1180591620717411303424,"list":[1]}'],
    [{ at: new Date(0), n: -0.5 }, '{"at":"1970-01-01T00:00:00.000Z","n":-0.5}'],
    [{ at: new Date(0), n: 1n }, '{"at":"1970-01-01T00:00:00.000Z","n":1}'],
    [{ one: shared, two: shared }, '{"one":{"n":1},"two":{"n":1}}'],
    [{ '\ud83d\ude00': '\ud83d\ude00' }, '{"😀":"😀"}'],
    [null, 'null'],
  ]) {
    assert.equal(await send(value), text)
  }
  const ring = { list: [] }
  ring.list.push(ring)
  for (const [value, place] of [
    [{ a: [{ b: Number.NaN }] }, 'json.a[0].b is NaN'],
    [{ a: Infinity, b: 1n }, 'json.a is Infinity'],
    [ring, 'json.list[0] contains itself'],
    [[1, undefined], 'json[1] is undefined'],
    [{ f: () => 1 }, 'json.f is a function'],
    [{ m: new Map() }, 'json.m is a Map'],
    [{ b: Buffer.from('x') }, 'json.b is bytes'],
    [{ d: new Date(Number.NaN) }, 'json.d is an invalid date'],
  ]) {
    const error = await failure(xano.request('POST', '/x', { json: value }))
    assert.ok(error instanceof ConfigError, error.stack)
    assert.ok(error.message.startsWith(place), error.message)
  }
})

test('untyped requests come back as what the server calls them', async (t) => {
  const emulator = await emulate(t)
  const xano = emulator.client(QUICK)
  const answer = async (body, type, status = 200) => {
    await spoil(emulator, { kind: 'reply', status, headers: { 'Content-Type': type }, body })
    return xano.request('GET', '/any/thing', { query: { a: [1, 2], b: { c: true }, d: undefined, e: 'x y' } })
  }
  assert.deepEqual(await answer('{"a":1}', 'application/json'), { a: 1 })
  assert.equal(await answer('hällo', 'text/plain; charset=utf-8'), 'hällo')
  assert.deepEqual(await answer('abc', 'application/octet-stream'), Buffer.from('abc'))
  assert.equal(await answer('', 'application/json'), null)
  assert.ok((await failure(answer('{', 'application/json'))) instanceof DecodeError)
  const [request] = await received(emulator)
  assert.deepEqual(
    [...new URLSearchParams(request.query)],
    [
      ['a', '1'],
      ['a', '2'],
      ['b', '{"c":true}'],
      ['e', 'x y'],
    ],
  )
  await spoil(emulator)
  assert.ok((await failure(xano.request('GET', '/no/such'))) instanceof NotFoundError)
  for (const [method, path, params] of [
    ['GET', '/a/../b'],
    ['BAD METHOD', '/a'],
    ['GET'],
    ['POST', '/a', { json: 1, body: 'x' }],
    ['POST', '/a', { jsno: 1 }],
  ]) {
    assert.ok((await failure(xano.request(method, path, params))) instanceof ConfigError, `${method} ${path}`)
  }
})

test('misspelt options and parameters are refused', async (t) => {
  const emulator = await emulate(t)
  const xano = emulator.client()
  for (const make of [
    () => emulator.client({ maxRetrys: 1 }),
    () => emulator.client({ timeout: '5s' }),
    () => emulator.client({ headers: { a: 1 } }),
    () => emulator.client({ onEvent: 'x' }),
    () => xano.me({ timeOut: 5 }),
    () => xano.me({ signal: 'x' }),
    () => xano.snippets.list({ pag: 2 }).all(),
    () => xano.snippets.list('x').all(),
    () => xano.snippet('a').tokens.create({}),
    () => xano.snippet('a').tokens.create({ max_installs: null }),
    () => xano.snippet(undefined).get(),
    () => xano.instance(5),
  ]) {
    const error = await failure(Promise.resolve().then(make))
    assert.ok(error instanceof ConfigError, error.stack)
  }
  assert.deepEqual(await received(emulator), [])
})

test('times are read in every form the API uses', () => {
  const moment = new Date('2023-04-12T22:00:38Z')
  for (const form of [
    1681336838000,
    1681336838,
    '1681336838000',
    '2023-04-12 22:00:38+0000',
    '2023-04-12T22:00:38Z',
    '2023-04-13 00:00:38+02:00',
    '2023-04-13T00:00:38+02',
    '2023-04-12 22:00:38',
  ]) {
    assert.deepEqual(parseTime(form), moment, String(form))
  }
  assert.deepEqual(parseTime('2023-04-12'), new Date('2023-04-12T00:00:00Z'))
  for (const nothing of [null, undefined, '']) assert.equal(parseTime(nothing), null)
  for (const odd of ['yesterday', Number.NaN, '2023-13-45', '12/04/2023'])
    assert.throws(() => parseTime(odd), ConfigError)
})

test('XanoScript is read whichever shape it has', () => {
  assert.equal(scriptText('a'), 'a')
  assert.equal(scriptText({ status: 'ok', value: 'b' }), 'b')
  assert.equal(scriptText({ status: 'error', message: 'no' }), null)
  assert.equal(scriptText(undefined), null)
})

test('files go up from wherever they are, and down whole or not at all', async (t) => {
  const emulator = await emulate(t)
  const folder = await mkdtemp(join(tmpdir(), 'xano-test-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'note.txt')
  const text = 'x'.repeat(3_000_000)
  await writeFile(path, text)
  const instance = emulator.instance(QUICK)
  const files = instance.workspace(1).files
  await spoil(emulator, { ...ECHO, body: '{"path":"/vault/x"}' })
  const left = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('xano-metadata-')).length
  const before = await left()
  for (const [content, name] of [
    [path, 'note.txt'],
    [new URL(`file://${path}`), 'note.txt'],
    [Buffer.from(text), 'content'],
    [new File([text], 'f.txt', { type: 'text/plain' }), 'f.txt'],
    [await openAsBlob(path), 'content'],
    [{ content: Readable.from([Buffer.from(text)]), name: 's.txt', type: 'text/plain' }, 's.txt'],
  ]) {
    await emulator.forgetRequests()
    const progress = []
    await files.upload({ content, type: 'image' }, { onProgress: (step) => progress.push(step.done) })
    const [request] = await received(emulator)
    assert.match(request.headers['content-type'] ?? '', /^multipart\/form-data/)
    assert.ok(request.body_bytes > text.length && request.body_bytes < text.length + 1000, String(request.body_bytes))
    assert.ok(request.body.includes(`filename="${name}"`), request.body.slice(0, 300))
    assert.ok(progress.at(-1) > 0)
  }
  assert.equal(await left(), before, 'temporary files are gone')
  assert.ok((await failure(files.upload({ content: join(folder, 'none') }))) instanceof ConfigError)
  assert.ok((await failure(files.upload({ content: 5 }))) instanceof ConfigError)

  const archive = join(folder, 'backup.tar.gz')
  await spoil(emulator, { ...ECHO, headers: { 'Content-Type': 'application/gzip' }, body: text })
  const steps = []
  const download = instance.workspace(1).export({ branch: '' })
  assert.equal(await download.saveTo(archive, { onProgress: (step) => steps.push(step) }), text.length)
  assert.equal(await readFile(archive, 'utf8'), text)
  assert.deepEqual(steps.at(-1), { done: text.length, total: text.length })
  assert.equal((await download.bytes()).length, text.length)
  let streamed = 0
  for await (const chunk of download.stream()) streamed += chunk.length
  assert.equal(streamed, text.length)
  await rm(archive)
  for (const rule of [
    { kind: 'cut_body', reply: { status: 200, body: text, headers: { 'Content-Type': 'application/gzip' } } },
    { ...ECHO, status: 403, body: '{"code":"ERROR_CODE_ACCESS_DENIED","message":"No."}' },
  ]) {
    await spoil(emulator, rule)
    await assert.rejects(download.saveTo(archive), undefined, JSON.stringify(rule).slice(0, 60))
    await assert.rejects(stat(archive), { code: 'ENOENT' })
  }
  assert.deepEqual(await readdir(folder), ['note.txt'])
})
