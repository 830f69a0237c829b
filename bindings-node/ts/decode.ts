/**
 * Reads what the native side delivers. Bodies arrive as strings made in one step from the bytes, so that V8's own parser,
 * which nothing beats, builds the objects.
 *
 * Whole numbers that V8 would round arrive as marked texts and become `bigint` here; a body that has none is not looked
 * at again.
 */

import { DecodeError } from './errors.js'
import type { Delivery } from './native.js'

/** The JSON of a delivery; null when the body is empty. */
export function decode<T>(delivery: Delivery, operation: string): T {
  const body = delivery[2]
  const marker = delivery[4]
  try {
    const text = typeof body === 'string' ? body : (body?.toString('utf8') ?? '')
    const value: unknown = text.trim() === '' ? null : JSON.parse(text)
    return (marker === undefined ? value : revive(value, marker)) as T
  } catch (error) {
    // The native side has looked already, so this is a body that only V8 refuses: one that is too long for it. The cause
    // stays out, because V8 quotes the text.
    const detail = error instanceof RangeError ? error.message : 'The answer does not read as JSON.'
    throw new DecodeError(`${operation}: ${detail}`, { detail, operation, attempts: 1 })
  }
}

/** The same value with a bigint in the place of each marked text. */
function revive(value: unknown, marker: string): unknown {
  const root: Record<string, unknown> = { value }
  // A list of what is still to be looked into, because an answer may be nested deeper than functions may.
  const open = [root]
  for (let fields = open.pop(); fields; fields = open.pop()) {
    for (const name of Object.keys(fields)) {
      const field = fields[name]
      if (typeof field === 'string') {
        if (field.startsWith(marker)) fields[name] = BigInt(field.slice(marker.length))
      } else if (typeof field === 'object' && field !== null) open.push(field as Record<string, unknown>)
    }
  }
  return root.value
}
