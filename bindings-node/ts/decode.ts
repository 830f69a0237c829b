/**
 * Reads what the native side delivers. Bodies arrive as strings made in one step from the bytes, so that V8's own parser,
 * which nothing beats, builds the objects.
 */

import { DecodeError } from './errors.js'
import type { Delivery } from './native.js'

/** The JSON of a delivery; null when the body is empty. */
export function decode<T>([, , body]: Delivery, operation: string): T {
  try {
    const text = typeof body === 'string' ? body : (body?.toString('utf8') ?? '')
    return (text.trim() === '' ? null : JSON.parse(text)) as T
  } catch (error) {
    // The native side has looked already, so this is a body that only V8 refuses: one that is too long for it. The cause
    // stays out, because V8 quotes the text.
    const detail = error instanceof RangeError ? error.message : 'The answer does not read as JSON.'
    throw new DecodeError(`${operation}: ${detail}`, { detail, operation, attempts: 1 })
  }
}
