// A real Express mounts the endpoint of the no-code examples, as docs/no-code.md says.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import express from 'express'
import { Emulator } from 'xano-metadata/testing'

import { endpoint } from '../../examples/no-code/endpoint.mjs'

test('the endpoint is a middleware of Express', async (t) => {
  const emulator = await Emulator.start({ seedDemo: true })
  t.after(() => emulator.stop())
  const folder = await mkdtemp(join(tmpdir(), 'xano-express-'))
  t.after(() => rm(folder, { recursive: true }))
  const xano = emulator.client({ rateLimit: false })
  await xano.snippet('demo-001').update({ install_access: 'token', install_access_description: 'For buyers' })
  const shop = xano.shop(join(folder, 'shop.db'))
  await shop.tier('team', { snippet: 'demo-001', installs: 5 })

  const app = express()
  app.get('/', (_, response) => response.send('the site'))
  app.use('/shop', endpoint({ shop, keys: ['secret'] }))
  const server = await new Promise((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening))
  })
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${server.address().port}`

  assert.equal(await (await fetch(url)).text(), 'the site')
  assert.equal((await fetch(`${url}/shop/usage`)).status, 401)
  const headers = { 'x-api-key': 'secret', 'content-type': 'application/json' }
  const body = JSON.stringify({ tier: 'team', buyer: 'ada@example.com', order: 'inv-1' })
  const sold = await fetch(`${url}/shop/sales`, { method: 'POST', headers, body })
  assert.equal(sold.status, 201)
  const { token } = await sold.json()
  assert.ok((await xano.snippet('demo-001').tokens.list().all()).some((each) => each.token === token))
  const { sales } = await (await fetch(`${url}/shop/usage`, { headers })).json()
  assert.deepEqual(
    sales.map(({ order }) => order),
    ['inv-1'],
  )
})
