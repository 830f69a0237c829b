/**
 * A Xano that runs on loopback, in this process: real HTTP, a real database, real rules, and faults on demand. For trying
 * things without an account, and for tests.
 *
 * @example
 * ```ts
 * import { Emulator } from 'xano-metadata/testing'
 *
 * await using emulator = await Emulator.start({ seedDemo: true })
 * console.log(await emulator.client().me())
 * ```
 *
 * @packageDocumentation
 */

import { inspect, type InspectOptions } from 'node:util'

import { Instance, Xano, type InstanceOptions } from './client.js'
import { ConfigError } from './errors.js'
import { nativeHub, submit } from './hub.js'
import { toJson } from './json.js'
import type { NativeEmulator } from './native.js'
import { collect, type ClientOptions, type Kind, type RateLimit } from './options.js'

/** What an emulator is started with. */
export interface EmulatorOptions {
  /** Address to listen on; loopback only, because control needs no token. Default: 127.0.0.1. */
  host?: string
  /** Port of the account API. Default: 0, any that is free. */
  port?: number
  /** SQLite file that keeps the state. Default: none, everything lives in memory. */
  file?: string
  /** Adds demonstration data: several instances, pages of snippets, install tokens. Default: false. */
  seedDemo?: boolean
  /** Limit of the account API and of every instance; `retryAfter` says how a 429 announces the wait. Default: none. */
  rateLimit?: RateLimit & { readonly retryAfter?: 'none' | 'seconds' | 'date' }
  /** The first token. Default: a new one that never expires. */
  token?: string
  /** Form of `extras` in `GET /auth/me`. Default: object. */
  extras?: 'object' | 'text'
  /** How many requests the journal keeps. Default: 10,000. */
  journalSize?: number
}

const OPTIONS: Record<keyof EmulatorOptions, Kind> = {
  host: 'text',
  port: 'count',
  file: 'text',
  seedDemo: 'flag',
  rateLimit: 'limit',
  token: 'text',
  extras: 'text',
  journalSize: 'count',
}

/** What a control operation answers, and takes. */
export type Json = Record<string, unknown>

/** A request that the emulator received. */
export interface ReceivedRequest extends Json {
  method: string
  path: string
  status: number
}

interface Started {
  accountUrl: string
  instanceUrl: string
  controlUrl: string
  token: string
}

/** A running emulator. It ends with {@link Emulator.stop}, with `await using`, or with the process. */
export class Emulator {
  /** Base of the account API. */
  readonly accountUrl: string
  /** Base of the first instance's API. */
  readonly instanceUrl: string
  /** Base of the control path, for other programs. */
  readonly controlUrl: string
  readonly #native: NativeEmulator
  readonly #token: string

  private constructor(native: NativeEmulator, { accountUrl, instanceUrl, controlUrl, token }: Started) {
    this.accountUrl = accountUrl
    this.instanceUrl = instanceUrl
    this.controlUrl = controlUrl
    this.#native = native
    this.#token = token
  }

  /**
   * Starts an emulator and waits until it listens.
   *
   * @param options - Where, with what in it, and how limited.
   * @throws {@link ConfigError} when an option makes no sense or the port is taken.
   */
  static async start(options: EmulatorOptions = {}): Promise<Emulator> {
    const native = nativeHub().emulator()
    const json = JSON.stringify(collect(options, OPTIONS, 'The emulator options'))
    const [, , , meta] = await submit((call) => {
      native.start(call, json)
    })
    return new Emulator(native, JSON.parse(meta ?? '{}') as Started)
  }

  /** The first token, good for everything. */
  get token(): string {
    return this.#token
  }

  /**
   * A client of the account API that uses nothing but what it is given: no environment, no profile file.
   *
   * @param options - What differs.
   */
  client(options: ClientOptions = {}): Xano {
    return new Xano({ token: this.#token, accountUrl: this.accountUrl, ambientCredentials: false, ...options })
  }

  /**
   * A client of the first instance.
   *
   * @param options - What differs.
   */
  instance(options: InstanceOptions = {}): Instance {
    return new Instance(this.instanceUrl, { token: this.#token, ambientCredentials: false, ...options })
  }

  /**
   * Carries out any control operation; `docs/emulator.md` lists them.
   *
   * @param method - The HTTP method.
   * @param path - The path below `/_emulator`.
   * @param body - What it takes.
   * @throws {@link ConfigError} with the emulator's own words when it refuses.
   */
  async control<T = Json>(method: string, path: string, body?: unknown): Promise<T> {
    const json = body === undefined ? null : toJson(body, 'body')
    const [, , answer, meta] = await submit((call) => {
      this.#native.control(call, method, path, json)
    })
    const { status } = JSON.parse(meta ?? '{}') as { status: number }
    const value = JSON.parse(String(answer)) as T & { message?: string }
    if (status >= 400)
      throw new ConfigError(`The emulator refuses ${method} ${path}: ${value.message ?? String(status)}`)
    return value
  }

  /**
   * Installs a snippet, as a visitor of its page would: counts, and refuses at the limit.
   *
   * @param canonical - The snippet.
   * @param token - The install token, when the snippet asks for one.
   */
  install(canonical: string, token?: string): Promise<Json> {
    return this.control('POST', '/install', token === undefined ? { canonical } : { canonical, token })
  }

  /**
   * Makes requests go wrong.
   *
   * @param rules - One rule or several; see `docs/emulator.md`.
   */
  faults(rules: Json | readonly Json[]): Promise<Json> {
    return this.control('POST', '/faults', rules)
  }

  /** Ends all faults. */
  clearFaults(): Promise<Json> {
    return this.control('DELETE', '/faults')
  }

  /** The requests received so far, oldest first. */
  async requests(): Promise<ReceivedRequest[]> {
    return (await this.control<{ requests: ReceivedRequest[] }>('GET', '/requests')).requests
  }

  /** Forgets the requests received so far. */
  forgetRequests(): Promise<Json> {
    return this.control('DELETE', '/requests')
  }

  /**
   * Lets time pass for tokens and rate limits.
   *
   * @param ms - How much, in milliseconds.
   */
  advanceClock(ms: number): Promise<Json> {
    return this.control('POST', '/clock', { advance: ms / 1000 })
  }

  /**
   * Makes another token.
   *
   * @param fields - Its scopes, life and owner; see `docs/emulator.md`. Default: good for everything.
   */
  createToken(fields: Json = {}): Promise<Json> {
    return this.control('POST', '/tokens', fields)
  }

  /**
   * Revokes a token.
   *
   * @param token - The token itself.
   */
  revokeToken(token: string): Promise<Json> {
    return this.control('POST', '/tokens/revoke', { token })
  }

  /**
   * Adds snippets.
   *
   * @param fields - One snippet, or `{ count }`; see `docs/emulator.md`.
   */
  addSnippets(fields: Json): Promise<Json> {
    return this.control('POST', '/snippets', fields)
  }

  /**
   * Adds an instance.
   *
   * @param fields - Its name and what is known about it.
   */
  addInstance(fields: Json = {}): Promise<Json> {
    return this.control('POST', '/instances', fields)
  }

  /**
   * Limits an origin.
   *
   * @param fields - `origin`, `requests`, `per` (seconds), `retry_after`; see `docs/emulator.md`.
   */
  limits(fields: Json): Promise<Json> {
    return this.control('POST', '/limits', fields)
  }

  /** Adds the demonstration data. */
  seed(): Promise<Json> {
    return this.control('POST', '/seed')
  }

  /** Back to the state of a new emulator; ports and first token stay. */
  reset(): Promise<Json> {
    return this.control('POST', '/reset')
  }

  /** Stops it: connections end and ports are free when this resolves. Stopping twice is fine. */
  async stop(): Promise<void> {
    await submit((call) => {
      this.#native.stop(call)
    })
  }

  /** Stops it at the end of an `await using` block. */
  declare [Symbol.asyncDispose]: () => Promise<void>;

  /** What `console.log` shows. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { accountUrl, instanceUrl } = this
    return `Emulator ${inspect({ accountUrl, instanceUrl }, options)}`
  }
}

if (typeof Symbol.asyncDispose === 'symbol') {
  Object.defineProperty(Emulator.prototype, Symbol.asyncDispose, {
    value(this: Emulator) {
      return this.stop()
    },
  })
}
