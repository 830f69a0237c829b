// What several scenarios need.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { Emulator } from 'xano-metadata/testing'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Starts an emulator that ends with the test. */
export async function emulate(t, options = {}) {
  const emulator = await Emulator.start(options)
  t.after(() => emulator.stop())
  return emulator
}

/** Requests that the API (not the control path) received. */
export async function received(emulator) {
  return emulator.requests()
}

/** Makes the next requests go wrong as the rules say, and forgets what was received before. */
export async function spoil(emulator, ...rules) {
  await emulator.clearFaults()
  await emulator.forgetRequests()
  if (rules.length) await emulator.faults(rules)
}

/** The error that a promise rejects with. */
export async function failure(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

/** Runs a script in a process of its own and returns what it printed. */
export async function node(script, { env = {}, flags = [] } = {}) {
  const { XANO_TOKEN: _token, XANO_CONFIG: _config, XANO_PROFILE: _profile, ...clean } = process.env
  const args = [...flags, '--input-type=module', '-e', script]
  return promisify(execFile)(process.execPath, args, { cwd: ROOT, env: { ...clean, ...env }, timeout: 60_000 })
}

/** Client options under which retries do not make a test slow. */
export const QUICK = { backoff: 1, maxBackoff: 2 }
