// All ten operations of the account API, typed answers, and what survives in them.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { NotFoundError, Page, parseTime } from 'xano-metadata'

import { emulate } from './helper.mjs'

test('all ten operations of the account API', async (t) => {
  const emulator = await emulate(t, { seedDemo: true })
  const xano = emulator.client()

  const me = await xano.me()
  assert.equal(me.email, 'robin@example.com')

  const instances = await xano.instances.list().all()
  const [first] = instances
  assert.ok(instances.length >= 4)
  for (const field of ['name', 'display', 'xano_domain', 'custom_domain', 'rate_limit', 'meta_api', 'meta_swagger']) {
    assert.ok(field in first, `the reference's field ${field}`)
  }
  for (const field of ['id', 'domain', 'swagger_spec', 'plan', 'status', 'created_at', 'updated_at']) {
    assert.ok(field in first, `the guide's field ${field}`)
  }
  assert.equal((await xano.instances.get(first.name)).meta_api, first.meta_api)

  const pages = []
  for await (const page of xano.snippets.list().pages()) pages.push(page)
  assert.deepEqual(
    pages.map((page) => [page.page, page.length, page.nextPage, page.previousPage]),
    [
      [1, 25, 2, null],
      [2, 25, 3, 1],
      [3, 10, null, 2],
    ],
  )
  assert.ok(pages[0] instanceof Page)
  const { canonical } = pages[0].items[0]
  const snippet = xano.snippet(canonical)
  const got = await snippet.get()
  assert.equal(got.canonical, canonical)
  assert.ok(parseTime(got.created_at) instanceof Date)

  const updated = await snippet.update({ install_access: 'token', install_access_description: 'Ask us' })
  assert.equal(updated.install_access, 'token')
  assert.equal(updated.install_access_description, 'Ask us')

  const made = await snippet.tokens.create({ max_installs: 3 })
  assert.deepEqual([made.max_installs, made.current_installs], [3, 0])
  await emulator.install(canonical, made.token)
  const listed = (await snippet.tokens.list().all()).find((token) => token.token === made.token)
  assert.equal(listed?.current_installs, 1)

  const token = snippet.token(made.token)
  const raised = await token.update({ max_installs: 9, current_installs: 2 })
  assert.deepEqual([raised.max_installs, raised.current_installs], [9, 2])
  assert.equal(await token.delete(), undefined)
  await assert.rejects(token.update({ max_installs: 1, current_installs: 0 }), NotFoundError)
})

test('fields that this version does not know survive', async (t) => {
  const emulator = await emulate(t)
  const made = await emulator.addInstance({ name: 'xodd-1', extra: { region: { city: 'Ulm' }, tags: [1, null] } })
  assert.ok(made)
  const info = await emulator.client().instances.get('xodd-1')
  assert.deepEqual(info.region, { city: 'Ulm' })
  assert.deepEqual(info.tags, [1, null])
})

test('extras come as an object or as text', async (t) => {
  const asObject = await emulate(t)
  const asText = await emulate(t, { extras: 'text' })
  const one = (await asObject.client().me()).extras
  const other = (await asText.client().me()).extras
  assert.equal(typeof one, 'object')
  assert.equal(typeof other, 'string')
  assert.deepEqual(Object.keys(JSON.parse(other)), Object.keys(one))
})

test('an instance is reached by name, by row, and by URL', async (t) => {
  const emulator = await emulate(t)
  const xano = emulator.client()
  const [info] = (await xano.instances.list()).items
  await emulator.forgetRequests()
  const named = xano.instance(info.name)
  assert.equal((await emulator.requests()).length, 0, 'making a handle sends nothing')
  await Promise.all([named.me(), named.me()])
  assert.equal(await named.baseUrl(), info.meta_api)
  const lookups = (await emulator.requests()).filter((request) => request.path.includes('/instance/'))
  assert.equal(lookups.length, 1, 'the name is looked up once')
  assert.equal((await xano.instance(info).me()).email, 'robin@example.com')
  for (const url of [info.meta_api, `${info.meta_api}/`, info.meta_api.replace('/api:meta', '')]) {
    const { Instance } = await import('xano-metadata')
    const instance = new Instance(url, { token: emulator.token, ambientCredentials: false })
    assert.equal((await instance.me()).email, 'robin@example.com')
  }
})

test('a list can be awaited, walked page by page, and left early', async (t) => {
  const emulator = await emulate(t, { seedDemo: true })
  const xano = emulator.client()
  await emulator.forgetRequests()
  const page = await xano.snippets.list()
  assert.equal(page.length, 25)
  assert.equal((await emulator.requests()).length, 1, 'awaiting a list asks for one page')
  const pager = xano.snippets.list({ page: 3 })
  const [first, again] = await Promise.all([pager, pager])
  assert.equal(first, again)
  await emulator.faults({ kind: 'status', status: 400, times: 1 })
  const shaky = xano.snippets.list()
  await assert.rejects(shaky.then())
  assert.equal((await shaky).length, 25, 'a failure is not remembered')
  assert.equal((await pager.all()).length, 10)
  let seen = 0
  for await (const snippet of xano.snippets.list()) {
    assert.ok(snippet.canonical)
    if (++seen === 30) break
  }
  assert.equal(seen, 30)
  assert.deepEqual([...page].length, page.items.length)
  assert.equal(page.at(-1), page.items[24])
})
