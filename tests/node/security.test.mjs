// What an attacker would try on the Node face: where the token could lie about, bombs, depth, files, other hosts.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

import { ConfigError, DecodeError, Xano, XanoError } from 'xano-metadata'

import { emulate, failure, node, received } from './helper.mjs'

const SECRET = 'eyJhbGciOiJSUzI1NiJ9.of-security-tests.0123456789abcdef'
const DEPTH = 100_000

async function serve(t, body, headers = {}) {
  const seen = []
  const server = createServer((request, response) => {
    seen.push({ url: request.url, headers: request.headers })
    response.writeHead(200, { 'content-type': 'application/json', ...headers })
    response.end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { seen, url: `http://127.0.0.1:${server.address().port}` }
}

function client(url, options = {}) {
  return new Xano({ token: SECRET, accountUrl: url, ambientCredentials: false, maxRetries: 0, ...options })
}

async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), 'xano-security-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

test('the token is in no argument, environment, file or child', async (t) => {
  const emulator = await emulate(t, { token: SECRET })
  const place = await folder(t)
  const script = `
    import { execFileSync } from 'node:child_process'
    import { readFileSync } from 'node:fs'
    import { Xano } from 'xano-metadata'
    const token = Buffer.from('${Buffer.from(SECRET).toString('base64')}', 'base64').toString()
    const xano = new Xano({ token, accountUrl: ${JSON.stringify(emulator.accountUrl)}, ambientCredentials: false })
    await xano.me()
    for await (const _ of xano.snippets.list());
    const seen = [JSON.stringify(process.env), execFileSync('env').toString(), process.argv.join(' '), process.title]
    if (process.platform === 'linux')
      seen.push(readFileSync('/proc/self/cmdline', 'utf8'), readFileSync('/proc/self/environ', 'utf8'))
    console.log(seen.some((text) => text.includes(token)) ? 'leaked' : 'clean')
  `
  const { stdout, stderr } = await node(script, { env: { TMPDIR: place } })
  assert.equal(stdout, 'clean\n')
  assert.ok(!stderr.includes(SECRET))
  for (const name of await readdir(place, { recursive: true })) {
    const path = join(place, name)
    if ((await stat(path)).isFile()) assert.ok(!(await readFile(path)).includes(SECRET), name)
  }
})

test('a request id that echoes the token is in no event', async (t) => {
  const { url } = await serve(t, '{}', { 'x-request-id': `for ${SECRET}` })
  const events = []
  const xano = client(url, { onEvent: (event) => events.push(event) })
  await xano.me()
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok(events.length > 0)
  assert.ok(!JSON.stringify(events).includes(SECRET), JSON.stringify(events))
})

test('a few bytes that unpack to gigabytes are a clear error', async (t) => {
  const much = Buffer.alloc(64 << 20, ' ')
  const { url, seen } = await serve(t, gzipSync(much), { 'content-encoding': 'gzip' })
  const error = await failure(client(url, { maxAnswerBytes: 1 << 20 }).me())
  assert.ok(error instanceof DecodeError, error.stack)
  assert.match(error.message, /max_answer_bytes/)
  assert.equal(seen.length, 1)
})

test('JSON without a bottom neither crashes nor hangs', async (t) => {
  for (const text of [
    '['.repeat(DEPTH) + ']'.repeat(DEPTH),
    '{"a":'.repeat(DEPTH) + '1' + '}'.repeat(DEPTH),
    '['.repeat(DEPTH),
    '['.repeat(DEPTH) + '12345678901234567890' + ']'.repeat(DEPTH),
  ]) {
    const { url } = await serve(t, text)
    const xano = client(url)
    for (const call of [
      () => xano.request('GET', '/x'),
      () => xano.me(),
      () => xano.snippets.list().all(),
      async () => xano.instances.list(),
    ]) {
      try {
        await call()
      } catch (error) {
        // V8 reads any depth; what is no JSON, or no page, is an error of ours.
        assert.ok(error instanceof XanoError, error.stack)
        assert.ok(error.message.length < 1000)
      }
    }
  }
})

test('a body without a bottom is a clear error', async (t) => {
  const emulator = await emulate(t)
  let deep = []
  for (let n = 0; n < DEPTH; n += 1) deep = [deep]
  let objects = {}
  for (let n = 0; n < DEPTH; n += 1) objects = { a: objects }
  for (const json of [deep, objects]) {
    const error = await failure(Promise.resolve().then(() => emulator.client().request('POST', '/x', { json })))
    assert.ok(error instanceof ConfigError, error.stack)
    assert.match(error.message, /nested too deeply/)
  }
  assert.deepEqual(await received(emulator), [])
})

test('limits without end mean no limit', async (t) => {
  const emulator = await emulate(t)
  const names = [
    'timeout',
    'connectTimeout',
    'readTimeout',
    'longReadTimeout',
    'deadline',
    'maxBackoff',
    'maxRetryAfter',
  ]
  const xano = emulator.client(Object.fromEntries(names.map((name) => [name, Number.MAX_VALUE])))
  const call = Object.fromEntries(['timeout', 'readTimeout', 'deadline'].map((name) => [name, Number.MAX_VALUE]))
  assert.ok((await xano.me(call)).email)
})

test('what is saved can be read by its owner only', { skip: process.platform === 'win32' }, async (t) => {
  const { url, seen } = await serve(t, 'archive')
  const place = join(await folder(t), 'saved')
  const before = process.umask(0)
  try {
    await client(url).fetch(`${url}/file`).saveTo(place)
  } finally {
    process.umask(before)
  }
  assert.equal((await stat(place)).mode & 0o777, 0o600)
  assert.equal(await readFile(place, 'utf8'), 'archive')
  assert.equal(seen[0].headers.authorization, undefined)
})

test('a credentials file that others can read is warned about', { skip: process.platform === 'win32' }, async (t) => {
  const file = join(await folder(t), 'credentials.yaml')
  await writeFile(file, `profiles:\n  default:\n    access_token: ${SECRET}\n`)
  const script = `
    import { chmodSync } from 'node:fs'
    import { Xano } from 'xano-metadata'
    for (const mode of [0o644, 0o604, 0o640, 0o600]) {
      chmodSync(${JSON.stringify(file)}, mode)
      const told = []
      const onEvent = (event) => told.push(JSON.stringify(event))
      const xano = new Xano({ credentialsFile: ${JSON.stringify(file)}, accountUrl: 'https://x0.example.invalid', onEvent })
      await new Promise((resolve) => setTimeout(resolve, 50))
      console.log(mode.toString(8), told.some((text) => text.includes('chmod 600')), told.join().includes('eyJ'))
      xano.close()
    }
  `
  const { stdout } = await node(script, { env: { XANO_TOKEN: '' } })
  assert.equal(stdout, '644 true false\n604 true false\n640 true false\n600 false false\n')
})

test('a proxy of the environment never sees calls to this machine', async (t) => {
  const emulator = await emulate(t)
  const proxy = await serve(t, '{}')
  const script = `
    import { Xano } from 'xano-metadata'
    const options = ${JSON.stringify({ token: emulator.token, accountUrl: emulator.accountUrl })}
    console.log((await new Xano(options).me()).email)
  `
  const env = {
    HTTP_PROXY: proxy.url,
    HTTPS_PROXY: proxy.url,
    ALL_PROXY: proxy.url,
    http_proxy: proxy.url,
    NO_PROXY: '',
  }
  const { stdout } = await node(script, { env })
  assert.equal(stdout, 'robin@example.com\n')
  assert.deepEqual(proxy.seen, [])
})
