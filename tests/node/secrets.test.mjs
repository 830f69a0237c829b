// The token: where it must not show, and where it must not go.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { ConfigError, Instance, Xano } from 'xano-metadata'

import { QUICK, emulate, failure, node, received, spoil } from './helper.mjs'

const SECRET = 'eyJ.very-secret.token'

/** Everything that something may show of itself. */
function shown(thing) {
  const deep = { depth: 20, showHidden: true, getters: true }
  return [inspect(thing, deep), String(thing), JSON.stringify(thing) ?? '', inspect(thing)].join('\n')
}

test('nothing shows the token', async (t) => {
  const emulator = await emulate(t, { token: SECRET })
  const events = []
  const xano = emulator.client({ ...QUICK, onEvent: (event) => events.push(event) })
  const snippet = xano.snippet('abc')
  const things = [
    xano,
    snippet,
    snippet.token(SECRET),
    xano.snippets,
    xano.snippets.list(),
    emulator,
    emulator.instance(),
  ]
  await spoil(emulator, {
    kind: 'reply',
    status: 401,
    body: { code: 'X', message: `bad ${SECRET}`, payload: SECRET },
    times: 1,
  })
  things.push(await failure(xano.me()))
  await spoil(emulator, { kind: 'reply', status: 502, body: `<p>${SECRET}</p>`, headers: { 'X-Echo': SECRET } })
  things.push(await failure(xano.me()))
  await spoil(emulator, { kind: 'reply', status: 200, body: `not json ${SECRET}` })
  things.push(await failure(xano.me()))
  things.push(await failure(xano.snippet(`a/../${SECRET}\n`).get()))
  await spoil(emulator)
  things.push(await failure(Promise.resolve().then(() => new Xano({ token: `${SECRET}\nX-Evil: 1` }))))
  things.push(await failure(Promise.resolve().then(() => new Xano({ token: SECRET, proxy: 'not a proxy' }))))
  things.push(await failure(Promise.resolve().then(() => new Xano({ token: SECRET, maxRetries: -1 }))))
  things.push(await xano.me(), xano.stats(), ...events)
  assert.ok(events.length > 3)
  for (const thing of things) {
    const text = shown(thing) + (thing instanceof Error ? `${thing.stack}${inspect(thing.cause)}` : '')
    assert.ok(!text.includes(SECRET), `shown in ${inspect(thing).slice(0, 300)}`)
  }
})

test('an uncaught error does not print the token either', async (t) => {
  const emulator = await emulate(t, { token: SECRET })
  await spoil(emulator, { kind: 'reply', status: 401, body: { code: 'X', message: `bad ${SECRET}` } })
  const options = JSON.stringify({ token: SECRET, accountUrl: emulator.accountUrl })
  const script = `import { Xano } from 'xano-metadata'; const o = ${options}; await new Xano(o).me()`
  const error = await failure(node(script))
  assert.ok(!error.stderr.includes(SECRET), error.stderr)
})

test('plain http is refused off loopback, unless allowed', async () => {
  for (const make of [
    () => new Xano({ token: SECRET, accountUrl: 'http://xano.example.com' }),
    () => new Instance('http://xano.example.com', { token: SECRET }),
  ]) {
    const error = await failure(Promise.resolve().then(make))
    assert.ok(error instanceof ConfigError, error.stack)
    assert.match(error.message, /https/)
  }
  assert.ok(new Xano({ token: SECRET, accountUrl: 'http://xano.example.com', allowHttp: true }))
})

test('the token goes to no host that was not named', async (t) => {
  const seen = []
  const other = createServer((request, response) => {
    seen.push(request.headers.authorization ?? 'none')
    response.end('{}')
  })
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const { port } = other.address()
  const emulator = await emulate(t)
  await spoil(emulator, { kind: 'reply', status: 302, headers: { Location: `http://127.0.0.1:${port}/x` } })
  const error = await failure(emulator.client().me())
  assert.deepEqual([error.name, error.status], ['ApiError', 302])
  assert.deepEqual(seen, [], 'a redirect is not followed')
  await spoil(emulator)
  const bytes = await emulator.client().fetch(`http://127.0.0.1:${port}/archive`).bytes()
  assert.equal(bytes.toString(), '{}')
  assert.deepEqual(seen, ['none'], 'a download carries no token')
})

test('names stay in their place in the path, and headers cannot be made of them', async (t) => {
  const emulator = await emulate(t)
  const xano = emulator.client()
  for (const odd of ['', '.', '..', 'a\nb', 'a\r\nX-Evil: 1', '\u0000', 'a\u007f']) {
    for (const call of [
      () => xano.snippet(odd).get(),
      () => xano.instances.get(odd),
      () => xano.snippet('a').token(odd).delete(),
      () => xano.instance(odd).me(),
    ]) {
      const error = await failure(Promise.resolve().then(call))
      assert.ok(error instanceof ConfigError, `${JSON.stringify(odd)}: ${error.stack}`)
    }
  }
  assert.deepEqual(await received(emulator), [])
  for (const [odd, path] of [
    ['a/b', '/snippet/a%2Fb'],
    ['../instance', '/snippet/..%2Finstance'],
    ['a?b#c', '/snippet/a%3Fb%23c'],
    ['%2e%2e', '/snippet/%252e%252e'],
    ['ü "x" 😀', '/snippet/%C3%BC%20%22x%22%20%F0%9F%98%80'],
  ]) {
    await emulator.forgetRequests()
    await failure(xano.snippet(odd).get())
    const [request] = await received(emulator)
    assert.ok(request.path.endsWith(path), `${odd} became ${request.path}`)
  }
  for (const headers of [{ 'X-A': 'a\r\nb' }, { 'a b': 'c' }, { Authorization: 'x' }]) {
    assert.ok((await failure(xano.me({ headers }))) instanceof ConfigError)
  }
})

test("the official CLI's credentials file", async (t) => {
  const emulator = await emulate(t)
  const folder = await mkdtemp(join(tmpdir(), 'xano-test-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'credentials.yaml')
  const origin = emulator.accountUrl.replace('/api:meta', '')
  const instance = emulator.instanceUrl.replace('/api:meta', '')
  const profile = (token) =>
    `    access_token: ${token}\n    account_origin: ${origin}\n    instance_origin: ${instance}\n    workspace: 1\n`
  await writeFile(file, `profiles:\n  good:\n${profile(emulator.token)}  bad:\n${profile('nope')}default: good\n`)
  const script = `
    import { Xano, Instance } from 'xano-metadata'
    const who = async (work) => { try { return (await work()).email } catch (error) { return error.code } }
    console.log(await who(() => new Xano().me()), await who(() => new Instance().me()))
    console.log(await who(() => new Xano({ profile: 'bad' }).me()), await who(() => new Xano({ profile: 'none' }).me()))
  `
  const env = { XANO_CONFIG: file, HOME: folder }
  const good = 'robin@example.com'
  assert.equal((await node(script, { env })).stdout, `${good} ${good}\nERROR_CODE_UNAUTHORIZED config_error\n`)
  const other = await node(script, { env: { ...env, XANO_PROFILE: 'bad' } })
  assert.match(other.stdout, /^ERROR_CODE_UNAUTHORIZED ERROR_CODE_UNAUTHORIZED\n/)
  const variables = { XANO_TOKEN: emulator.token, XANO_ACCOUNT_URL: `${origin}/`, XANO_INSTANCE_URL: instance }
  const third = await node(script, { env: { HOME: folder, XANO_CONFIG: join(folder, 'none'), ...variables } })
  assert.match(third.stdout, new RegExp(`^${good} ${good}\n`))
})

test('a missing credential names the three ways to give one', async () => {
  const script = `import { Xano } from 'xano-metadata'
    try { new Xano() } catch (error) { console.log(error.name, error.message) }`
  const { stdout } = await node(script, { env: { HOME: join(tmpdir(), 'nobody') } })
  for (const way of [/^ConfigError/, /token/, /XANO_TOKEN/, /credentials\.yaml/]) assert.match(stdout, way)
})
