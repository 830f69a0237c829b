// Xano's own client for Node drives the emulator: nothing of ours is on the client's side.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { XanoFile, XanoNodeClient } from '@xano/js-sdk'
import { Emulator } from 'xano-metadata/testing'

describe('@xano/js-sdk on the emulator', () => {
  let emulator, sdk, workspace, table

  before(async () => {
    emulator = await Emulator.start()
    sdk = new XanoNodeClient({ instanceBaseUrl: emulator.instanceUrl, authToken: emulator.token })
    workspace = (await sdk.post('/workspace', { name: 'Judged' })).getBody().id
    table = (await sdk.post(`/workspace/${workspace}/table`, { name: 'orders' })).getBody().id
    await sdk.post(`/workspace/${workspace}/table/${table}/schema/type/text`, { name: 'sku', required: true })
    await sdk.post(`/workspace/${workspace}/table/${table}/schema/type/int`, { name: 'price' })
  })

  after(() => emulator.stop())

  const content = (rest = '') => `/workspace/${workspace}/table/${table}/content${rest}`

  test('says who it is', async () => {
    const me = (await sdk.get('/auth/me')).getBody()
    assert.match(me.email, /@/)
  })

  test('bulk-inserts and reads page by page', async () => {
    const items = Array.from({ length: 120 }, (_, n) => ({ sku: `sku-${n}`, price: n }))
    const ids = (await sdk.post(content('/bulk'), { items })).getBody()
    assert.equal(ids.length, 120)

    const seen = []
    for (let page = 1; page !== null; ) {
      const body = (await sdk.get(content(), { page, per_page: 50 })).getBody()
      assert.equal(body.itemsTotal, 120)
      seen.push(...body.items.map((row) => row.sku))
      page = body.nextPage
    }
    assert.deepEqual(seen.sort(), items.map((row) => row.sku).sort())
  })

  test('searches with expressions and sorts', async () => {
    const body = (await sdk.post(content('/search'), { search: [{ 'price|>': 110 }], sort: { price: 'desc' }, per_page: 100 })).getBody()
    assert.deepEqual(body.items.map((row) => row.price), [119, 118, 117, 116, 115, 114, 113, 112, 111])
  })

  test('changes a part of a record', async () => {
    const { items } = (await sdk.get(content(), { per_page: 1 })).getBody()
    const changed = (await sdk.put(content(`/${items[0].id}`), { price: 1000 })).getBody()
    assert.equal(changed.price, 1000)
    assert.equal(changed.sku, items[0].sku)
  })

  test('uploads a file as multipart', async () => {
    const file = new XanoFile('hello.txt', Buffer.from('hello'))
    const stored = (await sdk.post(`/workspace/${workspace}/file`, { content: file, access: 'public' })).getBody()
    assert.match(stored.path, /^\/vault\//)
    assert.equal(stored.size, 5)
  })

  test('sends a body with DELETE', async () => {
    const answer = await sdk.delete(`/workspace/${workspace}/table/${table}/truncate`, { reset: true })
    assert.equal(answer.getStatusCode(), 200)
    assert.equal((await sdk.get(content())).getBody().itemsTotal, 0)
    const first = (await sdk.post(content(), { sku: 'again' })).getBody()
    assert.equal(first.id, 1)
  })

  test('gets errors in the shape it knows', async () => {
    const failure = await sdk.get('/workspace/999999').then(assert.fail, (error) => error)
    // Its XanoRequestError is compiled for ES5, where a subclass of Error is no instance of itself.
    assert.equal(failure.message, 'There was an error with your request')
    assert.equal(failure.getResponse().getStatusCode(), 404)
    assert.equal(failure.getResponse().getBody().code, 'ERROR_CODE_NOT_FOUND')

    const input = await sdk.post(content(), { price: 'not a number', sku: 'x' }).then(assert.fail, (error) => error)
    assert.equal(input.getResponse().getStatusCode(), 400)
    assert.equal(input.getResponse().getBody().payload.param, 'price')

    const stranger = new XanoNodeClient({ instanceBaseUrl: emulator.instanceUrl, authToken: 'nobody' })
    const refused = await stranger.get('/workspace').then(assert.fail, (error) => error)
    assert.equal(refused.getResponse().getStatusCode(), 401)
  })
})
