// A small shop: every buyer gets an install token of their own, and no token is sold twice.
//
//   node snippet-shop.mjs CANONICAL TIER BUYER [ORDER]    for instance: node snippet-shop.mjs kRG3t_-i team ada@example.com invoice-17
//
// With an order, running it again shows the same token. The ledger is shop.db, or the file that SHOP_LEDGER names.
// @ts-check
import { Xano } from 'xano-metadata'

/** Installs that a buyer gets. @type {Record<string, number>} */
const TIERS = { single: 1, team: 5, agency: 50 }

const INSTRUCTIONS = `Hello {buyer},
thank you for buying "{name}" ({tier}, installs: {installs}).
1. Open {link}
2. Choose "Install" and paste this token: {token}
It allows {left} more installs.`

const [canonical, tier, buyer, order] = process.argv.slice(2)
if (!canonical || !tier || !buyer || !(tier in TIERS)) {
  console.error(`usage: snippet-shop.mjs CANONICAL ${Object.keys(TIERS).join('|')} BUYER [ORDER]`)
  process.exit(1)
}

const shop = new Xano().shop(process.env['SHOP_LEDGER'] ?? 'shop.db')
const name = `${canonical} ${tier}`
await shop.tier(name, { snippet: canonical, installs: TIERS[tier] ?? 1, instructions: INSTRUCTIONS })
try {
  const sale = await shop.sell(name, { buyer, order })
  console.log(sale.instructions || `the order ${order} was ${sale.state}`)
} catch (error) {
  console.error(`nothing was sold, run it again: ${error}`)
  process.exitCode = 1
}
