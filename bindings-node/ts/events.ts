/**
 * What a client tells about its work, in the spelling of JavaScript. No event carries the token, a body, or a value of a
 * path.
 */

/** Something that happened. Fields beyond the first three depend on the event; times are milliseconds. */
export interface ClientEvent {
  /** What: `answered`, `retrying`, `failed`, `waited`, `limit_learned`, `instance_resolved`, `token_expiring`, `warning`. */
  event: string
  /** How loud: `debug`, `info` or `warn`. */
  level: string
  /** One line for people. */
  message: string
  /** The operation, such as `account.snippets.list`. */
  operation?: string
  /** The host. */
  host?: string
  /** The status of an answer. */
  status?: number
  /** Which attempt it was, from 1. */
  attempt?: number
  /** Attempts made, when a call failed for good. */
  attempts?: number
  /** The code of what went wrong. */
  code?: string
  /** From sending to the last byte, in ms. */
  elapsed?: number
  /** How long was or will be waited, in ms. */
  wait?: number
  /** The server's name for the request. */
  requestId?: string | null
  /** Requests in the window, when a rate limit became known. */
  requests?: number
  /** Length of the window, in ms. */
  per?: number
  /** How a limit became known: `instance` or `429`. */
  how?: string
  /** Name of an instance that was resolved. */
  name?: string
  /** Its base URL. */
  baseUrl?: string
  /** When the token expires. */
  at?: string
  /** Time left until then, in ms. */
  left?: number
}

/** How far a transfer is. */
export interface Progress {
  /** Bytes so far. */
  done: number
  /** Bytes in all; null where nobody says. */
  total: number | null
}

/** What a client has done since it was made. */
export interface Stats {
  /** Requests sent, each attempt counted. */
  requests: number
  /** Attempts that followed a failed one. */
  retries: number
  /** Requests that had to wait for the rate limit or a free place. */
  limiterWaits: number
  /** The time they waited, summed, in ms. */
  limiterWait: number
  /** Bytes of answer bodies, decompressed. */
  bytesIn: number
  /** Bytes of request bodies. */
  bytesOut: number
  /** Connections opened. */
  connections: number
}

const SECONDS = new Set(['elapsed', 'wait', 'per', 'left', 'limiter_wait_seconds'])

/** Fields in camelCase, seconds as milliseconds. */
function respell(json: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(JSON.parse(json) as Record<string, unknown>)) {
    const spelled = name.replace(/_seconds$/, '').replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    fields[spelled] = SECONDS.has(name) && typeof value === 'number' ? value * 1000 : value
  }
  return fields
}

/** An event from the native side. */
export function readEvent(json: string): ClientEvent {
  return respell(json) as unknown as ClientEvent
}

/** Counters from the native side. */
export function readStats(json: string): Stats {
  return respell(json) as unknown as Stats
}
