// The examples for homes without code do what they say: in n8n's way of running code, over HTTP, and in a browser.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'

import { serve } from '../../examples/no-code/agency-page.mjs'
import { endpoint } from '../../examples/no-code/endpoint.mjs'
import { open } from './browser.mjs'
import { QUICK, ROOT, emulate } from './helper.mjs'

const EXAMPLES = join(ROOT, 'examples', 'no-code')

async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), 'xano-no-code-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

async function listen(t, server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${server.address().port}`
}

/** Runs a Code node as n8n does: the text inside an async function, in a context of its own, with a `require` that is fenced. */
async function runCodeNode(code, items, env) {
  const load = createRequire(join(EXAMPLES, 'n8n.cjs'))
  const allowed = (name) => {
    if (name !== 'xano-metadata') throw new Error(`Module '${name}' is disallowed`)
    return load(name)
  }
  const module = {}
  const $input = { all: () => items, first: () => items[0], last: () => items.at(-1) }
  const context = { module, require: allowed, console, $input, items, $env: env, $json: items[0]?.json }
  const wrapped = `module.exports = async function VmCodeWrapper() {${code}\n}()`
  return await runInNewContext(wrapped, context, { timeout: 10_000 })
}

test('the n8n node writes items into a table and says what became of each', async (t) => {
  const emulator = await emulate(t, { seedDemo: true })
  const main = emulator.instance({ ...QUICK, rateLimit: false }).workspace('Main')
  const code = await readFile(join(EXAMPLES, 'n8n-upsert.js'), 'utf8')
  const items = [
    { json: { sku: 'CH-001', title: 'Chair from n8n', price: 12.5 } },
    { json: { sku: 'NEW-1', title: 'New', price: 'cheap' } },
    { json: { sku: 'NEW-2', title: 'Newer', price: 3 } },
  ]
  const env = { XANO_INSTANCE_URL: emulator.instanceUrl, XANO_TOKEN: emulator.token }
  const out = await runCodeNode(code, items, env)
  // n8n takes an array of items with `json`.
  assert.equal(out.length, 3)
  assert.deepEqual(
    Array.from(out, ({ json, pairedItem }) => [json.sku, json.ok, json.column ?? null, pairedItem]),
    [
      ['CH-001', true, null, 0],
      ['NEW-1', false, 'price', 1],
      ['NEW-2', true, null, 2],
    ],
  )
  assert.match(out[1].json.reason, /must be a number/)
  const titles = []
  for await (const row of main.table('product').records.iter()) titles.push(row.title)
  assert.ok(titles.includes('Chair from n8n') && titles.includes('Newer') && !titles.includes('New'))
  assert.equal(titles.length, 37)
  const again = await runCodeNode(code, items, env)
  assert.equal(again.filter(({ json }) => json.ok).length, 2)
  assert.equal((await main.table('product').records.list().all()).length, 37, 'what was added before is changed now')
  assert.ok(!JSON.stringify(again).includes(emulator.token))
})

async function shopEndpoint(t, limit) {
  const emulator = await emulate(t, { seedDemo: true })
  const xano = emulator.client({ ...QUICK, rateLimit: false })
  await xano.snippet('demo-001').update({ install_access: 'token', install_access_description: 'For buyers' })
  const shop = xano.shop(join(await folder(t), 'shop.db'))
  await shop.tier('team', { snippet: 'demo-001', installs: 5 })
  const keys = ['key-of-make', 'key-of-weweb']
  const url = await listen(t, createServer(endpoint({ shop, keys, limit })))
  const call = async (method, path, { key = keys[0], body } = {}) => {
    const headers = { ...(key && { 'x-api-key': key }), 'content-type': 'application/json' }
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(`${url}${path}`, { method, headers, body: text })
    return { status: response.status, headers: response.headers, json: await response.json() }
  }
  return { emulator, xano, shop, call }
}

test('the endpoint sells once an order, and tells usage', async (t) => {
  const { emulator, call } = await shopEndpoint(t)
  const purchase = { tier: 'team', buyer: 'ada@example.com', order: 'inv-17' }
  const sold = await call('POST', '/sales', { body: purchase })
  assert.equal(sold.status, 201, JSON.stringify(sold.json))
  assert.equal(sold.json.installs, 5)
  assert.ok(sold.json.instructions.includes(sold.json.token))
  assert.equal(sold.headers.get('cache-control'), 'no-store')
  const repeated = await call('POST', '/sales', { body: purchase, key: 'key-of-weweb' })
  assert.deepEqual([repeated.status, repeated.json.token], [200, sold.json.token])
  await emulator.install('demo-001', sold.json.token)
  const { json } = await call('GET', '/usage')
  assert.deepEqual(json.sales, [
    { order: 'inv-17', tier: 'team', buyer: 'ada@example.com', state: 'sold', installs: 5, used: 1 },
  ])
  assert.ok(!JSON.stringify(json).includes(sold.json.token), 'usage shows no tokens')
})

test('the endpoint keeps strangers, nonsense and floods out, and its own troubles to itself', async (t) => {
  const { emulator, call } = await shopEndpoint(t, { requests: 8, per: 60_000 })
  const purchase = { tier: 'team', buyer: 'ada@example.com', order: 'inv-1' }
  await emulator.forgetRequests()
  for (const key of ['', 'key-of-makE', 'key-of-make ', emulator.token]) {
    assert.equal((await call('POST', '/sales', { key, body: purchase })).status, key === 'key-of-make ' ? 201 : 401)
  }
  const refused = async (path, body) => {
    const { status, json } = await call('POST', path, { body })
    return [status, json.error]
  }
  assert.deepEqual(await refused('/sales', '{'), [400, 'The body must be a JSON object.'])
  const needed = 'A sale needs the texts tier, buyer and order, of 200 characters at most.'
  assert.deepEqual(await refused('/sales', { tier: 'team' }), [400, needed])
  const other = { ...purchase, order: 'inv-2', tier: 'none' }
  assert.deepEqual(await refused('/sales', other), [400, 'There is no such tier.'])
  assert.equal((await refused('/sales', { ...purchase, buyer: 'x'.repeat(20_000) }))[0], 413)
  assert.equal((await refused('/elsewhere', {}))[0], 404)
  const logged = t.mock.method(console, 'error', () => {})
  await emulator.faults({ kind: 'status', status: 403, path: '/snippet/**', times: 'always' })
  assert.deepEqual(await refused('/sales', { ...purchase, order: 'inv-3' }), [502, 'Try again later.'])
  assert.equal(logged.mock.callCount(), 1)
  await emulator.clearFaults()
  assert.equal((await call('GET', '/usage')).status, 200)
  const flooded = await call('GET', '/usage')
  assert.equal(flooded.status, 429)
  assert.ok(Number(flooded.headers.get('retry-after')) > 0)
  assert.equal((await call('GET', '/usage', { key: 'key-of-weweb' })).status, 200, 'each key has its own limit')
  assert.throws(() => endpoint({ shop: {}, keys: [''] }), /no API keys/)
})

test('the agency page shows in a browser what there is', async (t) => {
  const emulator = await emulate(t, { seedDemo: true })
  const backups = await folder(t)
  const xano = emulator.client({ ...QUICK, rateLimit: false })
  const names = []
  for await (const { name, display } of xano.instances.list()) names.push([name, display])
  // One client is down, and one backup has gone bad.
  const down = await emulator.addInstance({ name: 'broken', display: 'Broken' })
  const environments = {
    prod: { match: ['*production*', 'Broken'] },
    staging: { match: '*staging*' },
    dev: { match: '*dev*' },
  }
  await emulator.faults({ kind: 'status', status: 500, origin: down.name, times: 'always' })
  const workspace = emulator.instance({ rateLimit: false }).workspace('Main')
  const good = await workspace.backup({ to: backups })
  const { path } = await workspace.backup({ to: backups })
  await writeFile(path, (await readFile(path)).subarray(0, -100))
  await xano.snippet('demo-002').update({ install_access: 'token', install_access_description: 'For buyers' })
  const { token } = await xano.snippet('demo-002').tokens.create({ max_installs: 10 })
  for (let install = 0; install < 3; install += 1) await emulator.install('demo-002', token)

  const url = await listen(t, serve(xano, backups, { environments }))
  const page = await open(t, url)
  const count = async (id) => Number(await page.read(`document.getElementById(${JSON.stringify(id)}).textContent`))
  const rows = (id) =>
    page.read(
      `[...document.querySelectorAll('#${id} tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))`,
    )

  assert.equal(await count('instances'), names.length + 1)
  assert.equal(await count('up'), names.length)
  assert.equal(await count('backups'), 1)
  const fleet = new Map((await rows('fleet')).map(([display, ...columns]) => [display, columns]))
  for (const [, display] of names) assert.equal(fleet.get(display)[0], 'up', display)
  assert.deepEqual(fleet.get('Broken').slice(0, 3), ['down', 'prod', '–'])
  const files = await rows('files')
  assert.deepEqual(files.map(([, state]) => state).sort(), ['bad', 'good'])
  assert.ok(
    files.every(([of]) => of.endsWith('/ Main')),
    JSON.stringify(files),
  )
  assert.ok(good.path.startsWith(backups))
  let installs = 0
  for await (const snippet of xano.snippets.list()) {
    if (snippet.install_access !== 'token') continue
    for await (const each of xano.snippet(snippet.canonical).tokens.list()) installs += each.current_installs
  }
  assert.ok(installs >= 3)
  assert.equal(await count('installs'), installs)
  const usage = await rows('usage')
  assert.equal(
    usage.reduce((sum, [, , installed]) => sum + Number(installed), 0),
    installs,
  )
  assert.ok(!(await page.read('document.documentElement.outerHTML')).includes(token), 'no token is on the page')

  const picture = await page.screenshot()
  assert.deepEqual([...picture.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47])
  assert.equal(picture.readUInt32BE(16), 1000, 'as wide as the window')
  assert.ok(picture.readUInt32BE(20) > 400, 'with everything below each other')
  assert.ok(picture.length > 10_000)
  const kept = join(ROOT, 'docs', 'images', 'agency-page.png')
  // XANO_SCREENSHOT=keep renews the picture of the docs.
  if (process.env.XANO_SCREENSHOT === 'keep') await writeFile(kept, picture)
  assert.equal((await readFile(kept)).readUInt32BE(16), 1000)

  // A name that means harm is shown as it is, and nothing else comes of it.
  const hostile = '<script>document.title = "taken"</script>'
  await emulator.addInstance({ name: 'hostile', display: hostile })
  await page.visit(url)
  assert.ok((await rows('fleet')).some(([display]) => display === hostile))
  assert.equal(await page.read('document.title'), 'Agency')
  assert.equal(await page.read('document.scripts.length'), 0)

  const trouble = t.mock.method(console, 'error', () => {})
  await emulator.faults({ kind: 'status', status: 403, path: '/snippet', times: 'always' })
  const response = await fetch(url)
  assert.equal(response.status, 502)
  assert.ok(!(await response.text()).includes('403'))
  assert.equal(trouble.mock.callCount(), 1)
  assert.equal((await fetch(`${url}/favicon.ico`)).status, 404)
})
