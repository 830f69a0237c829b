/**
 * Writes request bodies as JSON, strictly: what JSON cannot carry is refused with the place it stands at, instead of
 * being dropped or turned into null on the way to someone's database.
 *
 * Whole numbers beyond 2^53 are given as `bigint` and written digit by digit.
 */

import { ConfigError } from './errors.js'

/**
 * `value` as JSON text. Properties that are undefined are left out; dates are written as ISO 8601.
 *
 * @param value - Plain data: objects, arrays, text, numbers, bigints, booleans, null, dates, or anything with `toJSON`.
 * @param name - What to call it in a complaint.
 * @throws {@link ConfigError} naming the path of what cannot be written.
 */
export function toJson(value: unknown, name: string): string {
  // JSON.stringify is several times faster than anything written here, so a look comes first and decides.
  const plain = check(value, name, [])
  return plain ? JSON.stringify(value) : write(value, name)
}

/** Refuses what JSON cannot carry; false when the native writer would not do (a bigint). */
function check(value: unknown, path: string, above: object[]): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      if (Number.isFinite(value)) return true
      throw new ConfigError(`${path} is ${String(value)}, which JSON cannot carry. Give a number, or null.`)
    case 'bigint':
      return false
    case 'object':
      return value === null || checkObject(value, path, above)
    default:
      throw new ConfigError(
        `${path} is ${typeof value === 'undefined' ? '' : 'a '}${typeof value}, which JSON cannot carry.`,
      )
  }
}

function checkObject(value: object, path: string, above: object[]): boolean {
  if (above.includes(value)) throw new ConfigError(`${path} contains itself, which JSON cannot carry.`)
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    if (value instanceof Date && Number.isNaN(value.getTime())) throw new ConfigError(`${path} is an invalid date.`)
    if (ArrayBuffer.isView(value)) throw refusal(path, 'bytes')
    above.push(value)
    const plain = check((value.toJSON as (key: string) => unknown)(''), path, above)
    above.pop()
    return plain
  }
  let plain = true
  above.push(value)
  if (Array.isArray(value)) {
    for (let n = 0; n < value.length; n += 1) plain = check(value[n], `${path}[${String(n)}]`, above) && plain
  } else {
    if (value instanceof Map || value instanceof Set) throw refusal(path, value instanceof Map ? 'a Map' : 'a Set')
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) throw refusal(path, 'bytes')
    for (const key of Object.keys(value)) {
      const field = (value as Record<string, unknown>)[key]
      if (field !== undefined) plain = check(field, `${path}.${key}`, above) && plain
    }
  }
  above.pop()
  return plain
}

function refusal(path: string, what: string): ConfigError {
  return new ConfigError(`${path} is ${what}, which JSON cannot carry. Give an array, an object or text instead.`)
}

/** Writes what was checked and holds a bigint somewhere. */
function write(value: unknown, path: string): string {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return write((value.toJSON as (key: string) => unknown)(''), path)
  }
  if (Array.isArray(value)) return `[${value.map((item) => write(item, path)).join(',')}]`
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${write(field, path)}`).join(',')}}`
}
