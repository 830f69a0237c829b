/**
 * Many instances as one: those of an account, of several, or of a file.
 *
 * What a fleet can do lives in rooms of its own, `fleet-estate.ts` (members, inventory, health), `fleet-backup.ts` and so on.
 * Here is only what makes a fleet, narrows it and hands on.
 */

import type { Instance } from './client.js'
import { ConfigError } from './errors.js'
import type { FleetBackup, FleetBackupOptions } from './fleet-backup.js'
import * as estate from './fleet-estate.js'
import type { Health, HealthChange, HealthOptions, Inventory, InventoryOptions, WatchOptions } from './fleet-estate.js'
import { guarded } from './hub.js'
import type { NativeClient, NativeConnection, NativeFleet } from './native.js'
import type { ClientOptions } from './options.js'
import { run } from './tasks.js'

/** An environment, such as `prod`. */
export interface FleetEnvironment {
  /** Its name. */
  name: string
  /** Whether changes to it are always asked for. */
  protected: boolean
  /** Patterns on the name or the display name of its instances. */
  match: string[]
  /** Names or display names of its instances, as the configuration has them. */
  instances: string[]
}

/** One instance of a fleet, with what is known of it without asking it. */
export interface FleetMember {
  /** Its name; for one that was given by URL, its key in the file. */
  name: string
  /** Its display name; the name when it has none. */
  display: string
  /** The environment it belongs to. */
  environment: string | null
  /** Whether that is protected: changes to it are always asked for. */
  protected: boolean
  /** Base of its API. */
  url: string | null
  /** Its instance API, with the token that the fleet has for it. */
  instance: Instance
}

/**
 * What a fleet is made of besides its client's account; the same as `fleet.toml`. Tokens come from the environment variables
 * that it names, and never stand in it.
 */
export interface FleetConfig {
  /** Further accounts, by a name of your own. */
  accounts?: Record<string, { token_env: string; url?: string }>
  /** Instances by name or display name; or, with a URL, by any name. */
  instances?: Record<string, { url?: string; token_env?: string; environment?: string; display?: string }>
  /** Environments, by name. */
  environments?: Record<string, { protected?: boolean; match?: string | string[]; instances?: string | string[] }>
  /** Patterns of instances that are none of the fleet's. */
  ignore?: string | string[]
}

/** Options for the clients of a fleet's accounts and instances. */
export type FleetOptions = Omit<
  ClientOptions,
  'token' | 'instanceUrl' | 'profile' | 'credentialsFile' | 'ambientCredentials'
>

/** @internal How `client.ts` lends what only it can make. */
export interface Lender {
  /** Makes the native fleet. */
  fleet(client: NativeClient | undefined, config: string, options: FleetOptions): NativeFleet
  /** Ends it. */
  close(fleet: NativeFleet): void
  /** Makes an instance of a client and a connection. */
  instance(client: NativeClient, connection: NativeConnection): Instance
}

/** The lender, loaded when it is first needed: each of the two modules would otherwise have to be there before the other. */
function lender(): Lender {
  return (require('./client.js') as typeof import('./client.js')).LENDER
}

/** @internal Natives, by their fleet, for the other rooms. */
export const NATIVE = Symbol('native')

/** Hands a native fleet to a constructor that users call with a configuration. */
class Derived {
  constructor(readonly fleet: NativeFleet) {}
}

/** Many instances as one. */
export class Fleet {
  /** @internal */
  readonly [NATIVE]: NativeFleet

  /**
   * Makes a fleet of the accounts and instances that a configuration names; `xano.fleet()` makes one of an account.
   *
   * @param config - Path of a file such as `fleet.toml`, or the same as an object.
   * @param options - Options for the clients of its accounts and instances.
   * @throws {@link ConfigError} when the configuration cannot be used; the message names line and key.
   */
  constructor(config: string | URL | FleetConfig, options: FleetOptions = {}) {
    const given: unknown = config
    this[NATIVE] = given instanceof Derived ? given.fleet : make(undefined, config, options)
  }

  /** The environments, in the order of the configuration; of a fleet narrowed to one, that one. */
  get environments(): FleetEnvironment[] {
    return JSON.parse(guarded(() => this[NATIVE].environments())) as FleetEnvironment[]
  }

  /**
   * The instances of one environment, as a fleet that shares what was learnt with this one. Nothing is sent.
   *
   * @param name - The environment's name.
   * @throws {@link ConfigError} when there is no such environment; the message names those there are.
   */
  environment(name: string): Fleet {
    if (typeof name !== 'string') throw new ConfigError('environment() takes the name of an environment.')
    return over(guarded(() => this[NATIVE].environment(name)))
  }

  /**
   * The instances, asked for once a call.
   *
   * @throws {@link ConfigError} when rules disagree, or the configuration names an instance that no account lists.
   */
  async members(options: { signal?: AbortSignal | undefined } = {}): Promise<FleetMember[]> {
    const fleet = this[NATIVE]
    const told = await run<Omit<FleetMember, 'instance'>[]>('fleet.members', {}, { ...options, fleet })
    return told.flatMap((entry) => {
      const client = fleet.client(entry.name)
      const connection = fleet.connection(entry.name)
      return client && connection ? [{ ...entry, instance: lender().instance(client, connection) }] : []
    })
  }

  /**
   * What there is: instances and workspaces, and if asked for branches, tables and numbers of records. An instance that is
   * down, or a workspace that the token may not see, hides nothing else: it is in `failures`.
   *
   * @param options - How far it goes.
   */
  inventory(options?: InventoryOptions): Promise<Inventory> {
    return estate.inventory(this[NATIVE], options)
  }

  /**
   * Probes every instance once, and says how it is. A probe is one attempt of `GET /auth/me`, without retries.
   *
   * @param options - What counts as slow, and how long a probe may take.
   */
  health(options?: HealthOptions): Promise<Health> {
    return estate.health(this[NATIVE], options)
  }

  /**
   * Looks at the fleet again and again, and gives only what changes, for ever: leave the loop, or abort the signal, to end it.
   * The first look tells every instance that is not up, unless this fleet was looked at before. An instance with a rate limit
   * is probed more seldom where probing would take more than a tenth of what it allows.
   *
   * @example
   * ```ts
   * for await (const change of fleet.watch({ every: 60_000 })) console.log(change.text)
   * ```
   */
  watch(options?: WatchOptions): AsyncGenerator<HealthChange, void, undefined> {
    return estate.watch(this[NATIVE], options)
  }

  /**
   * Backs up every workspace of every instance; one that fails does not keep the others from theirs.
   *
   * @param options - The folder, in which each instance gets one of its own; which older backups stay; how many at once.
   * @throws {@link ConfigError} when options cannot be met, or the fleet's rules disagree. Everything else is in the report.
   */
  async backup(options?: FleetBackupOptions): Promise<FleetBackup> {
    const room = await import('./fleet-backup.js')
    return room.createAll(this[NATIVE], options)
  }

  /** Ends the clients that the fleet made for accounts and instances of its configuration, not the one it came from. */
  close(): void {
    lender().close(this[NATIVE])
  }
}

/** @internal The fleet of an account. */
export function fleetOf(client: NativeClient, config?: string | URL | FleetConfig): Fleet {
  return over(make(client, config, {}))
}

function over(fleet: NativeFleet): Fleet {
  return new Fleet(new Derived(fleet) as unknown as string)
}

function make(
  client: NativeClient | undefined,
  config: string | URL | FleetConfig | undefined,
  options: FleetOptions,
): NativeFleet {
  return lender().fleet(client, configJson(config), options)
}

function configJson(config: unknown): string {
  if (config === undefined) return '"none"'
  if (typeof config === 'string') return JSON.stringify({ path: config })
  if (config instanceof URL && config.protocol === 'file:') {
    return JSON.stringify({ path: decodeURIComponent(config.pathname) })
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config) || config instanceof URL) {
    throw new ConfigError('A fleet takes the path of a file such as fleet.toml, or an object.')
  }
  return JSON.stringify({ value: config })
}
