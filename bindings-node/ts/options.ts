/**
 * What a client and a single call may be told. Times are milliseconds. What is left out takes its default; a name that
 * does not exist is refused, so a typing error does not pass for a setting.
 */

import { ConfigError } from './errors.js'
import type { ClientEvent, Progress } from './events.js'

/** How many requests a server takes in any stretch of `per` milliseconds. */
export interface RateLimit {
  /** Number of requests. */
  readonly requests: number
  /** Length of the sliding window, in milliseconds. */
  readonly per: number
}

/** Ways to spell a rate limit. */
export const RateLimit = {
  /** The free plan's limit: 10 requests in any 20 seconds. */
  freePlan: { requests: 10, per: 20_000 } as RateLimit,

  /**
   * So many requests in any minute.
   *
   * @param requests - Number of requests.
   */
  perMinute(requests: number): RateLimit {
    return { requests, per: 60_000 }
  },

  /**
   * So many requests in any second.
   *
   * @param requests - Number of requests.
   */
  perSecond(requests: number): RateLimit {
    return { requests, per: 1000 }
  },
} as const

/** How a client finds its credentials, talks, waits and retries. */
export interface ClientOptions {
  /** The access token. Default: `XANO_TOKEN`, then the profile file of the official CLI. */
  token?: string | undefined
  /** Base of the account API, with or without `/api:meta`. Default: `XANO_ACCOUNT_URL`, the profile, `https://app.xano.com`. */
  accountUrl?: string | undefined
  /** Base of one instance, for an `Instance` made without URL. Default: `XANO_INSTANCE_URL`, then the profile. */
  instanceUrl?: string | undefined
  /** Name of the profile to read. Default: `XANO_PROFILE`, then the file's own default. */
  profile?: string | undefined
  /** The profile file. Default: `XANO_CONFIG`, then `~/.xano/credentials.yaml`. */
  credentialsFile?: string | undefined
  /** Whether environment and profile file are consulted at all. Default: true. */
  ambientCredentials?: boolean | undefined
  /** Longest time for one attempt, in ms; 0 is no limit. Default: 60,000. Long operations have no such limit. */
  timeout?: number | undefined
  /** Longest wait for DNS, TCP and TLS together, in ms. Default: 5,000. */
  connectTimeout?: number | undefined
  /** Longest silence while an answer is awaited or comes, in ms. Default: 30,000. */
  readTimeout?: number | undefined
  /** The silence allowed to long operations such as exports, in ms. Default: 900,000. */
  longReadTimeout?: number | undefined
  /** Longest time for a call with its waits and retries, in ms. Default: no limit. */
  deadline?: number | undefined
  /** Retries after the first attempt. Default: 3. */
  maxRetries?: number | undefined
  /** First pause before a retry, in ms; doubles each time. Default: 500. */
  backoff?: number | undefined
  /** Longest pause that we choose ourselves, in ms. Default: 8,000. */
  maxBackoff?: number | undefined
  /** Longest `Retry-After` that is obeyed, in ms; above it the call fails at once. Default: 120,000. */
  maxRetryAfter?: number | undefined
  /** The rate limit; false for none. Default: none until the API tells of one, or answers 429. */
  rateLimit?: RateLimit | false | undefined
  /**
   * Most bytes of one answer that are held, once it is unpacked; a larger one is a `DecodeError`. Default: 512 MiB. Files
   * are not held, and have no limit.
   */
  maxAnswerBytes?: number | undefined
  /** Most requests in flight to one host. Default: 16. */
  concurrency?: number | undefined
  /** Pages fetched ahead of the reader. Default: 1. */
  prefetch?: number | undefined
  /** A proxy for every request. Default: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`. */
  proxy?: string | undefined
  /** Hosts that bypass the proxy, separated by commas. Default: `NO_PROXY`. */
  noProxy?: string | undefined
  /** A PEM file with certificate authorities to trust besides the platform's. */
  caFile?: string | undefined
  /** Whether plain `http` may be used off loopback, where anyone on the way can read the token. Default: false. */
  allowHttp?: boolean | undefined
  /** Refuse every operation that writes, before anything is sent. Default: false. */
  readOnly?: boolean | undefined
  /** Headers sent with every request. */
  headers?: Readonly<Record<string, string>> | undefined
  /** Called for each event: an answer, a retry, a wait. Runs on the event loop, after the fact. */
  onEvent?: ((event: ClientEvent) => void) | undefined
}

/** What one call does differently from its client. */
export interface CallOptions {
  /** Gives the call up when aborted: the request is dropped and the promise rejects with `Cancelled`. */
  signal?: AbortSignal | undefined
  /** Longest time for one attempt, in ms. */
  timeout?: number | undefined
  /** Longest wait for DNS, TCP and TLS together, in ms. */
  connectTimeout?: number | undefined
  /** Longest silence while an answer is awaited or comes, in ms. */
  readTimeout?: number | undefined
  /** Longest time for the call with its waits and retries, in ms. */
  deadline?: number | undefined
  /** Retries after the first attempt. */
  maxRetries?: number | undefined
  /** Whether the call may be repeated although the server may have done it. Default: what is known of the operation. */
  idempotent?: boolean | undefined
  /** Pages fetched ahead, for a list. */
  prefetch?: number | undefined
  /** Told how far an upload is. After a failed attempt it starts again from zero. */
  onProgress?: ((progress: Progress) => void) | undefined
  /** Headers of this call, over those of the client. */
  headers?: Readonly<Record<string, string>> | undefined
}

/** What an option's value has to be; `data` is looked at when it is written as JSON. */
type Sort = 'text' | 'ms' | 'count' | 'flag' | 'headers' | 'limit' | 'function' | 'signal' | 'path' | 'data'

/** What an option's value has to be: of a sort, or one of some words. */
export type Kind = Sort | readonly string[]

const CLIENT: Record<keyof ClientOptions, Kind> = {
  token: 'text',
  accountUrl: 'text',
  instanceUrl: 'text',
  profile: 'text',
  credentialsFile: 'text',
  ambientCredentials: 'flag',
  timeout: 'ms',
  connectTimeout: 'ms',
  readTimeout: 'ms',
  longReadTimeout: 'ms',
  deadline: 'ms',
  maxRetries: 'count',
  backoff: 'ms',
  maxBackoff: 'ms',
  maxRetryAfter: 'ms',
  rateLimit: 'limit',
  maxAnswerBytes: 'count',
  concurrency: 'count',
  prefetch: 'count',
  proxy: 'text',
  noProxy: 'text',
  caFile: 'text',
  allowHttp: 'flag',
  readOnly: 'flag',
  headers: 'headers',
  onEvent: 'function',
}

const CALL: Record<keyof CallOptions, Kind> = {
  signal: 'signal',
  timeout: 'ms',
  connectTimeout: 'ms',
  readTimeout: 'ms',
  deadline: 'ms',
  maxRetries: 'count',
  idempotent: 'flag',
  prefetch: 'count',
  onProgress: 'function',
  headers: 'headers',
}

const WANTED: Record<Sort, string> = {
  text: 'a text',
  ms: 'a number of milliseconds, 0 or more',
  count: 'a whole number, 0 or more',
  flag: 'true or false',
  headers: 'an object of texts',
  limit: 'false or { requests, per } with both above 0, per in milliseconds',
  function: 'a function',
  signal: 'an AbortSignal',
  path: 'a path or a file: URL',
  data: 'data',
}

function wanted(kind: Kind): string {
  return typeof kind === 'string' ? WANTED[kind] : kind.map((word) => JSON.stringify(word)).join(' or ')
}

function fits(kind: Kind, value: unknown): boolean {
  if (typeof kind !== 'string') return kind.includes(value as string)
  switch (kind) {
    case 'text':
      return typeof value === 'string'
    case 'path':
      return typeof value === 'string' || value instanceof URL
    case 'data':
      return true
    case 'ms':
      return typeof value === 'number' && Number.isFinite(value) && value >= 0
    case 'count':
      return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31
    case 'flag':
      return typeof value === 'boolean'
    case 'headers':
      return isObject(value) && Object.values(value).every((text) => typeof text === 'string')
    case 'limit':
      return value === false || (isObject(value) && fitsLimit(value))
    case 'function':
      return typeof value === 'function'
    case 'signal':
      return isObject(value) && 'aborted' in value && 'addEventListener' in value
  }
}

function fitsLimit({ requests, per }: Partial<RateLimit>): boolean {
  return fits('count', requests) && requests !== 0 && fits('ms', per) && per !== 0
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The options that are set, without those JavaScript must keep to itself, for the native side. */
export function collect(options: object, known: Record<string, Kind>, what: string): Record<string, unknown> {
  if (!isObject(options)) throw new ConfigError(`${what} must be an object.`)
  const set: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(known, name) ? known[name] : undefined
    if (kind === undefined) {
      throw new ConfigError(`${what} has no ${JSON.stringify(name)}. Known are ${Object.keys(known).join(', ')}.`)
    }
    if (value === undefined) continue
    if (!fits(kind, value)) throw new ConfigError(`${what}: ${name} must be ${wanted(kind)}.`)
    if (kind !== 'function' && kind !== 'signal')
      set[name] = kind === 'headers' ? Object.entries(value as object) : value
  }
  return set
}

/** Client options as JSON for the native side. */
export function clientOptionsJson(options: ClientOptions): string {
  return JSON.stringify(collect(options, CLIENT, 'The client options'))
}

/** Call options for the native side; undefined when nothing is set. */
export function callOptions(options: CallOptions | undefined): Record<string, unknown> | undefined {
  if (options === undefined) return undefined
  const set = collect(options, CALL, 'The call options')
  return Object.keys(set).length ? set : undefined
}
