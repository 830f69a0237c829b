// A table as data: what each city spent, and the orders as a file for whatever reads Arrow.
//
//   node records-orders.mjs INSTANCE [orders.arrows]
// @ts-check
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

import { Xano, where } from 'xano-metadata'

const [instance, file] = process.argv.slice(2)
if (!instance) {
  console.error('node records-orders.mjs INSTANCE [orders.arrows]')
  process.exit(1)
}
const main = new Xano().instance(instance).workspace('Main')
const orders = main.table('order').records.iter({ search: where({ status: { in: ['paid', 'sent'] } }) })

const cities = new Map()
for await (const { id, city } of main.table('customer').records.iter()) cities.set(id, city)

// Pages are fetched ahead while the loop runs; no row is missed, whatever others do to the table meanwhile.
const spent = new Map()
for await (const { customer, total } of orders) {
  const city = cities.get(customer)
  if (city) spent.set(city, (spent.get(city) ?? 0) + Number(total))
}
for (const [city, total] of [...spent].sort(([, a], [, b]) => b - a)) {
  console.log(city.padEnd(8), total.toFixed(2).padStart(10))
}

if (file) {
  // Piece by piece: the table is never in memory.
  await pipeline(orders.arrowChunks({ datetimes: true }), createWriteStream(file))
  console.log(`wrote ${file}`)
}
