/**
 * Writes request bodies as JSON, strictly: what JSON cannot carry is refused with the place it stands at, instead of
 * being dropped or turned into null on the way to someone's database.
 *
 * Whole numbers beyond 2^53 are given as `bigint` and written digit by digit.
 */

import { ConfigError } from './errors.js'

/** How deep a body may be, as in the other languages: no server reads deeper ones, and the call stack ends somewhere. */
const DEPTH = 180

/** What JSON cannot carry, and where it is. */
export class Unwritable extends Error {
  /** The way to it, from outside to inside: names of properties, places in arrays. */
  readonly path: (string | number)[] = []
}

/**
 * `value` as JSON text. Properties that are undefined are left out; dates are written as ISO 8601.
 *
 * @param value - Plain data: objects, arrays, text, numbers, bigints, booleans, null, dates, or anything with `toJSON`.
 * @param name - What to call it in a complaint.
 * @throws {@link ConfigError} naming the path of what cannot be written.
 */
export function toJson(value: unknown, name: string): string {
  try {
    return stringify(value)
  } catch (error) {
    if (!(error instanceof Unwritable)) throw error
    throw new ConfigError(`${name}${shown(error.path)} ${error.message}`)
  }
}

/** A path as it would be written in a program: `.list[0].name`. */
export function shown(path: readonly (string | number)[]): string {
  return path.map((step) => (typeof step === 'number' ? `[${String(step)}]` : `.${step}`)).join('')
}

/**
 * As {@link toJson}, for callers with words of their own.
 *
 * @throws {@link Unwritable} whose message goes on where a sentence has named the value: "is NaN, …".
 */
export function stringify(value: unknown): string {
  // JSON.stringify is several times faster than anything written here, so a look comes first and decides.
  return check(value, []) ? JSON.stringify(value) : write(value)
}

/** Refuses what JSON cannot carry; false when the native writer would not do (a bigint). */
function check(value: unknown, above: object[]): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      if (Number.isFinite(value)) return true
      throw new Unwritable(`is ${String(value)}, which JSON cannot carry. Give a number, or null.`)
    case 'bigint':
      return false
    case 'object':
      return value === null || checkObject(value, above)
    default:
      throw new Unwritable(`is ${typeof value === 'undefined' ? '' : 'a '}${typeof value}, which JSON cannot carry.`)
  }
}

/** The usual values, looked at without a call for each. */
function isSimple(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value) || value === null
}

function checkObject(value: object, above: object[]): boolean {
  if (above.includes(value)) throw new Unwritable('contains itself, which JSON cannot carry.')
  if (above.length > DEPTH) throw new Unwritable('is nested too deeply.')
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new Unwritable('is an invalid date.')
    return true
  }
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) throw refusal('bytes')
  above.push(value)
  let plain = true
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    plain = check((value.toJSON as (key: string) => unknown)(''), above)
  } else if (Array.isArray(value)) {
    for (let n = 0; n < value.length; n += 1) {
      if (!isSimple(value[n])) plain = checkAt(n, value[n], above) && plain
    }
  } else {
    if (value instanceof Map || value instanceof Set) throw refusal(value instanceof Map ? 'a Map' : 'a Set')
    for (const key of Object.keys(value)) {
      const field = (value as Record<string, unknown>)[key]
      if (!isSimple(field) && field !== undefined) plain = checkAt(key, field, above) && plain
    }
  }
  above.pop()
  return plain
}

function checkAt(step: string | number, value: unknown, above: object[]): boolean {
  try {
    return check(value, above)
  } catch (error) {
    if (error instanceof Unwritable) error.path.unshift(step)
    throw error
  }
}

function refusal(what: string): Unwritable {
  return new Unwritable(`is ${what}, which JSON cannot carry. Give an array, an object or text instead.`)
}

/** Writes what was checked and holds a bigint somewhere. */
function write(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return write((value.toJSON as (key: string) => unknown)(''))
  }
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${write(field)}`).join(',')}}`
}
