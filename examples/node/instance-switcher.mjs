// Which instances do I have, which is production, and how do I reach it?
//
//   node instance-switcher.mjs            list them with the environment their names suggest
//   node instance-switcher.mjs staging    pick that one and ask its instance API who you are
// @ts-check
import { Xano } from 'xano-metadata'

// Looked for in this order: "preprod" is staging, although it contains "prod".
const HINTS = {
  staging: ['staging', 'preprod', 'uat'],
  dev: ['dev', 'sandbox', 'test'],
  prod: ['prod', 'live'],
}

/**
 * Guesses from the names that people gave.
 * @param {import('xano-metadata').InstanceInfo} instance
 */
function environment(instance) {
  const names = `${instance.display} ${instance.name}`.toLowerCase()
  return Object.entries(HINTS).find(([, hints]) => hints.some((hint) => names.includes(hint)))?.[0] ?? 'unknown'
}

const wanted = process.argv[2]
const xano = new Xano()
const instances = (await xano.instances.list().all()).map((instance) => ({ env: environment(instance), instance }))
instances.sort((a, b) => a.env.localeCompare(b.env))

for (const { env, instance } of instances) {
  const limited = instance.rate_limit ? 'limited' : 'unlimited'
  console.log(env.padEnd(8), instance.name?.padEnd(18), instance.display?.padEnd(22), limited)
}

if (wanted) {
  const candidates = instances.filter(({ env }) => env === wanted)
  if (candidates.length !== 1) {
    console.error(`${candidates.length} instances look like ${wanted}`)
    process.exit(1)
  }
  const [{ instance }] = candidates
  const me = await xano.instance(instance).me()
  console.log(`\n${wanted} is ${instance.meta_api}, where you are ${me.name}`)
}
