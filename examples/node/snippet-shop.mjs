// A small shop: one install token per price tier, handed over while it has installs left.
//
//   node snippet-shop.mjs CANONICAL TIER BUYER    for instance: node snippet-shop.mjs kRG3t_-i team ada@example.com
// @ts-check
import { Xano } from 'xano-metadata'

/** Installs that a buyer gets. @type {Record<string, number>} */
const TIERS = { single: 1, team: 5, agency: 50 }

const [canonical, tier, buyer] = process.argv.slice(2)
if (!canonical || !tier || !buyer || !(tier in TIERS)) {
  console.error(`usage: snippet-shop.mjs CANONICAL ${Object.keys(TIERS).join('|')} BUYER`)
  process.exit(1)
}

const xano = new Xano()
const snippet = xano.snippet(canonical)

/** A token of the tier with room left; a new one when there is none. @param {number} installs */
async function tokenFor(installs) {
  for await (const token of snippet.tokens.list()) {
    if (token.max_installs === installs && token.current_installs < token.max_installs) return token
  }
  return snippet.tokens.create({ max_installs: installs })
}

const { name } = await snippet.get()
const token = await tokenFor(TIERS[tier])

console.log(`Hello ${buyer},
thank you for buying "${name}" (${tier}: ${TIERS[tier]} installs).
1. Open https://www.xano.com/snippet/${canonical}
2. Choose "Install" and paste this token: ${token.token}
It allows ${token.max_installs - token.current_installs} more installs.`)
