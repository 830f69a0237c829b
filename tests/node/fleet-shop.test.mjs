// The snippet shop in Node.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { ConfigError, RefusedError } from 'xano-metadata'

import { emulate, failure, QUICK, spoil } from './helper.mjs'

const SNIPPET = 'kRG3t_-i'

/** A shop with a tier of 7 installs. */
async function open(t) {
  const emulator = await emulate(t)
  await emulator.control('POST', '/snippets', { canonical: SNIPPET, name: 'Mailer', install_access: 'token' })
  const folder = await mkdtemp(join(tmpdir(), 'xano-shop-'))
  t.after(() => rm(folder, { recursive: true }))
  const xano = emulator.client({ ...QUICK, rateLimit: false })
  const ledger = join(folder, 'shop.db')
  const shop = xano.shop(ledger)
  const tier = await shop.tier('team', { snippet: SNIPPET, installs: 7, price: '29 EUR', priceMinor: 2900 })
  assert.deepEqual([tier.title, tier.installAccess, tier.ready, tier.priceMinor], ['Mailer', 'token', 0, 2900])
  const counts = async () => {
    const tokens = await xano.snippet(SNIPPET).tokens.list().all()
    return Object.fromEntries(tokens.map((token) => [token.token, [token.max_installs, token.current_installs]]))
  }
  return { emulator, xano, shop, ledger, counts }
}

test('a sale from the tier to the refund', async (t) => {
  const { emulator, shop, ledger, counts } = await open(t)
  const heard = []
  const issued = await shop.issue('team', 3, { onProgress: ({ done }) => heard.push(done) })
  assert.deepEqual([issued.ok, issued.issued, issued.ready, heard.at(-1)], [true, 3, 3, 3])
  const sale = await shop.sell('team', { buyer: 'ada@example.com', order: 'invoice-1' })
  assert.deepEqual([sale.state, sale.installs, sale.price, sale.again], ['sold', 7, '29 EUR', false])
  assert.deepEqual((await counts())[sale.token], [7, 0])
  assert.match(sale.instructions, new RegExp(`paste this token: ${sale.token}`))
  const again = await shop.sell('team', { buyer: 'ada@example.com', order: 'invoice-1' })
  assert.deepEqual([again.id, again.token, again.again], [sale.id, sale.token, true])
  await emulator.control('POST', '/install', { canonical: SNIPPET, token: sale.token })
  const usage = await shop.usage()
  assert.deepEqual([usage.installs, usage.used, usage.left, usage.ok], [7, 1, 6, true])
  assert.deepEqual([usage.sales[0].left, usage.sales[0].onServer, 'token' in usage.sales[0]], [6, true, false])
  assert.equal((await shop.topUp(sale, { installs: 3, order: 'invoice-2' })).installs, 10)
  assert.equal((await shop.topUp(sale.id, { installs: 3, order: 'invoice-2' })).installs, 10)
  assert.deepEqual((await counts())[sale.token], [10, 1])
  assert.equal(await shop.instructions(sale), sale.instructions.replace('installs: 7', 'installs: 10'))
  const refunded = await shop.refund('invoice-1', { reason: 'asked for' })
  assert.deepEqual([refunded.state, refunded.used, refunded.note], ['refunded', 1, 'asked for'])
  assert.equal((await counts())[sale.token], undefined)
  assert.equal((await shop.journal(sale)).at(-1).state, 'refunded')
  assert.deepEqual(
    (await shop.tiers()).map(({ name, ready, setAside, sold }) => [name, ready, setAside, sold]),
    [['team', 2, 0, 0]],
  )
  const order = await shop.reconcile({ alone: true })
  assert.deepEqual([order.ok, order.setAside, order.failures], [true, 0, []])
  assert.equal((await stat(ledger)).mode & 0o777, 0o600)
})

test('what is printed holds no token', async (t) => {
  const { shop } = await open(t)
  const sale = await shop.sell('team', { buyer: 'ada' })
  const [shown] = await shop.sales()
  const [revealed] = await shop.sales({ reveal: true, sale, state: 'sold' })
  assert.equal(shown.token, null)
  assert.equal(revealed.token, sale.token)
  assert.equal(shown.masked, `${sale.token.slice(0, 4)}…`)
  for (const one of [sale, shown, revealed, await shop.usage(), await shop.journal()]) {
    const printed = `${inspect(one, { depth: 9, showHidden: true })} ${JSON.stringify(one)} ${String(one)}`
    assert.ok(!printed.includes(sale.token), printed)
  }
})

test('lost answers neither lose nor double a token', async (t) => {
  const { emulator, shop, counts } = await open(t)
  for (const kind of ['reset_after', 'cut_body', 'reset']) {
    await spoil(emulator, { kind, method: 'POST', path: `/snippet/${SNIPPET}/token`, times: 1 })
    await shop.sell('team', { buyer: kind })
  }
  const tokens = (await shop.sales({ reveal: true })).map(({ token }) => token)
  assert.deepEqual(tokens.sort(), Object.keys(await counts()).sort())
})

test('sellers at once sell each token once', async (t) => {
  const { xano, shop, ledger, counts } = await open(t)
  await shop.issue('team', 10)
  const sales = Array.from({ length: 24 }, (_, number) =>
    xano.shop(ledger).sell('team', { buyer: 'somebody', order: `order-${number % 20}` }),
  )
  const tokens = new Set((await Promise.all(sales)).map(({ token }) => token))
  assert.equal(tokens.size, 20)
  assert.equal(Object.keys(await counts()).length, 20)
})

test('the samples of the guide run', async (t) => {
  const { xano } = await open(t)
  const text = await readFile(new URL('../../docs/shop.md', import.meta.url), 'utf8')
  const samples = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, sample]) => sample)
  assert.equal(samples.length, 2)
  const folder = await mkdtemp(join(tmpdir(), 'xano-shop-'))
  t.after(() => rm(folder, { recursive: true }))
  const told = []
  const console = { log: (...words) => told.push(words.map((word) => inspect(word)).join(' ')) }
  const body = `${samples.join('\n').replace("'shop.db'", 'ledger')}\nreturn { sale, mail, revoked }`
  const { sale, mail, revoked } = await new Function('xano', 'ledger', 'console', `return (async () => {${body}})()`)(
    xano,
    join(folder, 'shop.db'),
    console,
  )
  assert.ok(mail.includes(sale.token) && !told.join().includes(sale.token))
  assert.deepEqual([revoked.state, revoked.installs], ['revoked', 12])
})

test('bad input and what is refused have their classes', async (t) => {
  const { xano, shop, ledger } = await open(t)
  const nothing = await failure(shop.sell('team', { buyer: 'ada', issue: false }))
  assert.ok(nothing instanceof RefusedError && nothing.code === 'refused', String(nothing))
  for (const [attempt, told] of [
    [() => shop.sell('gold', { buyer: 'ada' }), /no tier "gold"; it has team/],
    [() => shop.sell('team', { buyer: ' ' }), /The buyer is empty/],
    [() => shop.sell('team', { buyer: 'ada', tier: 'x' }), /The purchase has no "tier"/],
    [() => shop.sales({ state: 'lost' }), /no state "lost"/],
    [() => shop.tier('a', { snippet: SNIPPET, installs: 1.5 }), /installs must be/],
    [() => shop.revoke(7), /by its id or its order/],
    [() => xano.shop(ledger, { hold: 0 }).tiers(), /hold is 0/],
  ]) {
    const error = await failure(attempt())
    assert.ok(error instanceof ConfigError, String(error))
    assert.match(error.message, told)
  }
  assert.throws(() => xano.shop(''), ConfigError)
  const controller = new AbortController()
  controller.abort()
  assert.equal((await failure(shop.issue('team', 1, { signal: controller.signal }))).code, 'cancelled')
})
