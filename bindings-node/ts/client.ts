/**
 * The two ways in: `Xano`, the account API, and `Instance`, the API of one instance. Both share one engine per client:
 * credentials, connections, retries and the rate limit.
 *
 * @example
 * ```ts
 * const xano = new Xano() // token from XANO_TOKEN or the CLI's credentials file
 * for await (const info of xano.instances.list()) console.log(info.name, info.meta_api)
 * await xano.snippet('kRG3t_-i').tokens.create({ max_installs: 50 })
 * ```
 */

import { decode } from './decode.js'
import type { Download } from './download.js'
import { ConfigError } from './errors.js'
import { readEvent, readStats, type Stats } from './events.js'
import type { CompareOptions, Comparison } from './fleet-compare.js'
import type { Shop, ShopOptions } from './fleet-shop.js'
import type { Fleet, FleetConfig, Lender } from './fleet.js'
import { AccountApi } from './generated/account.js'
import { InstanceApi } from './generated/instance.js'
import type { InstanceInfo } from './generated/types.js'
import { guarded, listen, nativeHub, submit, unlisten } from './hub.js'
import type { Delivery, NativeClient, NativeConnection, NativeDownload, NativeFleet } from './native.js'
import { clientOptionsJson, type CallOptions, type ClientOptions } from './options.js'
import { packRaw, type RawParams } from './pack.js'
import { LINK, send, type Resource } from './resource.js'

/** A client of the core with what JavaScript keeps beside it. */
interface Engine {
  readonly client: NativeClient
  readonly listener: number
}

/** Options of an `Instance` of its own. */
export type InstanceOptions = Omit<ClientOptions, 'accountUrl' | 'instanceUrl'>

const engines = new WeakMap<Resource, Engine>()

/** Hands a connection to a constructor that users call with options. */
class Derived {
  constructor(
    readonly connection: NativeConnection,
    readonly engine: Engine,
  ) {}
}

const RUNTIME = `Node ${process.versions.node}; ${process.platform} ${process.arch}`

/** Lets the user's callback, if there is one, hear events; the number of its listener. */
function listener({ onEvent }: ClientOptions): number {
  if (!onEvent) return 0
  return listen((event) => {
    onEvent(readEvent(event))
  })
}

function start(options: ClientOptions): Engine {
  const json = clientOptionsJson(options)
  const number = listener(options)
  try {
    return { client: guarded(() => nativeHub().client(json, RUNTIME, number)), listener: number }
  } catch (error) {
    unlisten(number)
    throw error
  }
}

function engineOf(resource: Resource): Engine {
  const engine = engines.get(resource)
  if (!engine) throw new ConfigError('This object was not made by its constructor.')
  return engine
}

async function request<T>(
  resource: Resource,
  method: string,
  path: string,
  params: RawParams = {},
  options?: CallOptions,
): Promise<T> {
  const packed = packRaw(method, path, params, options)
  const delivery = await send(packed, options, (call, body) => {
    resource[LINK].call(call, packed.operation, packed.parameters, body, true)
  })
  return readAny(delivery) as T
}

/** An answer of unknown form: JSON where the server says so, else text, else bytes. */
function readAny(delivery: Delivery): unknown {
  const body = delivery[2]
  const bytes = typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.alloc(0))
  const { content_type: type = '' } = JSON.parse(delivery[3] ?? '{}') as { content_type?: string }
  if (/[/+]json\s*(;|$)/.test(type)) return decode(delivery, 'request')
  if (!bytes.length) return null
  if (/^text\/|xml|yaml|javascript/i.test(type)) return bytes.toString('utf8')
  return bytes
}

function fetchSrc(resource: Resource, src: string, options?: Pick<CallOptions, 'signal'>): Download {
  const room = require('./download.js') as typeof import('./download.js')
  return new room.Download({
    operation: 'fetch',
    signal: options?.signal,
    async open() {
      let download: NativeDownload | undefined
      await submit(
        (call) => {
          download = resource[LINK].fetch(call, src)
        },
        options?.signal,
        'fetch',
      )
      return download as unknown as NativeDownload
    },
  })
}

function close(resource: Resource): void {
  const { client, listener } = engineOf(resource)
  client.close()
  unlisten(listener)
}

/** The account API: who you are, your instances, your snippets. */
export class Xano extends AccountApi {
  /**
   * Makes a client. No network is touched; the credentials file is read when no token is given.
   *
   * @param options - How to find credentials, talk, wait and retry. A text is short for `{ token }`.
   * @throws {@link ConfigError} when an option cannot be used, or no token is found.
   */
  constructor(options: ClientOptions | string = {}) {
    const engine = start(typeof options === 'string' ? { token: options } : options)
    super(engine.client.account())
    engines.set(this, engine)
  }

  /**
   * The API of one instance. Nothing is sent: where a named instance lives is asked once, by its first call.
   *
   * @param instance - Its name, such as `x1234-5678-9012`, or a row of `instances.list()`.
   */
  instance(instance: string | Pick<InstanceInfo, 'meta_api'>): Instance {
    const engine = engineOf(this)
    const { client } = engine
    const connection = guarded(() => {
      if (typeof instance === 'string') return client.instance(instance)
      const { meta_api, rate_limit }: Partial<InstanceInfo> = instance
      if (typeof meta_api !== 'string') throw new ConfigError('instance() takes a name, or a row of instances.list().')
      return client.instanceInfo(meta_api, rate_limit ?? false)
    })
    return new Instance(new Derived(connection, engine) as unknown as string)
  }

  /**
   * Every instance of the account as one: what there is, how it is, backups of all. Nothing is sent.
   *
   * @param config - Path of a file such as `fleet.toml`, or the same as an object: environments by rule, further accounts, and
   * instances with a URL or a token of their own. Default: none.
   * @throws {@link ConfigError} when the configuration cannot be used; the message names line and key.
   */
  fleet(config?: string | URL | FleetConfig): Fleet {
    const { fleetOf } = require('./fleet.js') as typeof import('./fleet.js')
    return fleetOf(engineOf(this).client, config)
  }

  /**
   * A shop that sells install tokens of your snippets, and never one twice. Nothing is sent, and the ledger is not opened yet.
   *
   * @param ledger - Path of its ledger, a SQLite file; made when there is none, for its owner alone.
   */
  shop(ledger: string, options: ShopOptions = {}): Shop {
    const room = require('./fleet-shop.js') as typeof import('./fleet-shop.js')
    return new room.Shop(engineOf(this).client, ledger, options)
  }

  /**
   * Calls any path below the base, untyped, through the same engine.
   *
   * @param method - The HTTP method.
   * @param path - The path, such as `/auth/me`.
   * @param params - Query and body.
   * @param options - Signal, limits and headers of this call alone.
   * @returns Parsed JSON, text or bytes, as the server labels it; null for an empty answer.
   */
  request<T = unknown>(method: string, path: string, params?: RawParams, options?: CallOptions): Promise<T> {
    return request<T>(this, method, path, params, options)
  }

  /**
   * Fetches an address that an answer gave as `src`. The token is not sent along.
   *
   * @param src - The address.
   * @param options - Its `signal` gives the download up.
   */
  fetch(src: string, options?: Pick<CallOptions, 'signal'>): Download {
    return fetchSrc(this, src, options)
  }

  /** Counters since the client was made. */
  stats(): Stats {
    return readStats(engineOf(this).client.stats())
  }

  /** Ends the client: calls in flight fail with `Cancelled`, connections are closed. Not needed before a program ends. */
  close(): void {
    close(this)
  }

  /** Closes the client at the end of a `using` block. */
  declare [Symbol.dispose]: () => void;
  /** Closes the client at the end of an `await using` block. */
  declare [Symbol.asyncDispose]: () => Promise<void>
}

/** The API of one instance: everything inside it. */
export class Instance extends InstanceApi {
  /**
   * Connects to one instance directly, without the account API.
   *
   * @param url - Its base, with or without `/api:meta`. Default: `XANO_INSTANCE_URL`, then the profile file.
   * @param options - How to find credentials, talk, wait and retry.
   * @throws {@link ConfigError} when an option cannot be used, or no token or no URL is found.
   */
  constructor(url?: string, options: InstanceOptions = {}) {
    const given: unknown = url
    if (given instanceof Derived) {
      super(given.connection)
      engines.set(this, given.engine)
    } else {
      const engine = start(options)
      super(
        guarded(() => {
          if (given === undefined) return engine.client.defaultInstance()
          if (typeof given !== 'string') throw new ConfigError('The first argument of Instance is its URL, a text.')
          return engine.client.instanceAt(given, undefined)
        }),
      )
      engines.set(this, engine)
    }
  }

  /**
   * Calls any path below the base, untyped, through the same engine.
   *
   * @param method - The HTTP method.
   * @param path - The path, such as `/workspace/1/anything/new`.
   * @param params - Query and body.
   * @param options - Signal, limits and headers of this call alone.
   * @returns Parsed JSON, text or bytes, as the server labels it; null for an empty answer.
   */
  request<T = unknown>(method: string, path: string, params?: RawParams, options?: CallOptions): Promise<T> {
    return request<T>(this, method, path, params, options)
  }

  /**
   * What differs on the way from this to `other`: what it has more, what it lacks, and what is not the same. Workspaces are
   * matched by name, and their live branches are compared.
   *
   * @param other - Another instance.
   * @param options - What is compared, and how much of a diff is kept.
   * @throws {@link ConfigError} when options do not go together.
   */
  async compare(other: Instance, options?: CompareOptions): Promise<Comparison> {
    const room = await import('./fleet-compare.js')
    return room.compare(this, other, options)
  }

  /**
   * The base URL, asking the account API for it if need be.
   *
   * @param options - Its `signal` gives the call up.
   */
  async baseUrl(options?: Pick<CallOptions, 'signal'>): Promise<string> {
    const [, , url] = await submit(
      (call) => {
        this[LINK].resolve(call)
      },
      options?.signal,
      'account.instances.get',
    )
    return String(url)
  }

  /**
   * Fetches an address that an answer gave as `src`. The token is not sent along.
   *
   * @param src - The address.
   * @param options - Its `signal` gives the download up.
   */
  fetch(src: string, options?: Pick<CallOptions, 'signal'>): Download {
    return fetchSrc(this, src, options)
  }

  /** Counters of the client behind it, which an instance made by `xano.instance()` shares. */
  stats(): Stats {
    return readStats(engineOf(this).client.stats())
  }

  /** Ends the client behind it, which an instance made by `xano.instance()` shares. */
  close(): void {
    close(this)
  }

  /** Closes the client at the end of a `using` block. */
  declare [Symbol.dispose]: () => void;
  /** Closes the client at the end of an `await using` block. */
  declare [Symbol.asyncDispose]: () => Promise<void>
}

/** Listeners of fleets that have clients of their own. */
const listeners = new WeakMap<NativeFleet, number>()

/** @internal What fleets need of this module. */
export const LENDER: Lender = {
  fleet(client, config, options) {
    if (client) return guarded(() => nativeHub().fleet(client, config, null, RUNTIME, 0))
    const json = clientOptionsJson(options)
    const number = listener(options)
    try {
      const fleet = guarded(() => nativeHub().fleet(null, config, json, RUNTIME, number))
      listeners.set(fleet, number)
      return fleet
    } catch (error) {
      unlisten(number)
      throw error
    }
  },
  close(fleet) {
    fleet.close()
    unlisten(listeners.get(fleet) ?? 0)
  },
  instance: (client, connection) => new Instance(new Derived(connection, { client, listener: 0 }) as unknown as string),
}

// Node 20 has these symbols only from some release on; where they are missing there is no syntax to use them either.
for (const class_ of [Xano, Instance]) {
  const { prototype } = class_
  if (typeof Symbol.dispose === 'symbol') {
    Object.defineProperty(prototype, Symbol.dispose, {
      value(this: Xano | Instance) {
        this.close()
      },
    })
  }
  if (typeof Symbol.asyncDispose === 'symbol') {
    Object.defineProperty(prototype, Symbol.asyncDispose, {
      value(this: Xano | Instance) {
        this.close()
        return Promise.resolve()
      },
    })
  }
}
