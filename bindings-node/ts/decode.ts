/**
 * Reads what the native side delivers. Bodies arrive as strings made in one step from the bytes, so that V8's own parser,
 * which nothing beats, builds the objects.
 */

import { DecodeError } from './errors.js'
import type { Delivery } from './native.js'

const SHOWN = 500

/** The JSON of a delivery; null when the body is empty. */
export function decode<T>([, , body]: Delivery, operation: string): T {
  const text = typeof body === 'string' ? body : (body?.toString('utf8') ?? '')
  try {
    return JSON.parse(text) as T
  } catch (error) {
    if (text.trim() === '') return null as T
    const detail = `The answer is not JSON: ${error instanceof Error ? error.message : String(error)}`
    const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
    const fields = { detail, operation: operation || null, body: shown, attempts: 1 }
    throw new DecodeError(
      `${operation ? `${operation}: ` : ''}${detail}. It starts with ${JSON.stringify(shown)}.`,
      fields,
    )
  }
}
