/**
 * What a fleet can be asked: its members, what there is, how it is, what changes. Field names are those of the other
 * languages in JavaScript's spelling; times of results are RFC 3339 text in UTC.
 */

import { errorFromNative, type XanoError } from './errors.js'
import type { NativeFleet } from './native.js'
import { collect, type Kind } from './options.js'
import { found, run, type TaskOptions, type TaskProgress } from './tasks.js'

/** What went wrong in one place, while the others went on. */
export interface FleetFailure {
  /** Where: an instance, `instance/workspace`, a part of one, or an account. */
  at: string
  /** The error. */
  error: XanoError
}

/** A branch in an inventory. */
export interface InventoryBranch {
  /** Its label. */
  label: string
  /** Whether it is the live one. */
  live: boolean
  /** Whether the server made it as a backup. */
  backup: boolean
}

/** A table in an inventory. */
export interface InventoryTable {
  /** Its number. */
  id: number
  /** Its name. */
  name: string
  /** Whether users who log in are kept in it. */
  auth: boolean
  /** Its records in the live data source; null when they were not asked for or could not be counted. */
  records: number | null
}

/** A workspace in an inventory. */
export interface InventoryWorkspace {
  /** Its number. */
  id: number
  /** Its name. */
  name: string
  /** Its description. */
  description: string | null
  /** Label of its live branch, where the server says. */
  liveBranch: string | null
  /** Its branches; null when they were not asked for or could not be listed. */
  branches: InventoryBranch[] | null
  /** Its tables; null when they were not asked for or could not be listed. */
  tables: InventoryTable[] | null
}

/** An instance in an inventory. */
export interface InventoryInstance {
  /** Its name. */
  name: string
  /** Its display name. */
  display: string
  /** The environment it belongs to. */
  environment: string | null
  /** Whether that is protected. */
  protected: boolean
  /** Base of its API. */
  url: string | null
  /** Its plan, where the account says. */
  plan: string | null
  /** Whether a rate limit is known. */
  rateLimited: boolean
  /** Its workspaces; null when they could not be listed, which is not the same as there being none. */
  workspaces: InventoryWorkspace[] | null
}

/** A flat row of an inventory: a workspace, or a table where tables were asked for. */
export interface InventoryRow {
  /** Name of the instance. */
  instance: string
  /** Its display name. */
  display: string
  /** The environment it belongs to. */
  environment: string | null
  /** Whether that is protected. */
  protected: boolean
  /** Base of its API. */
  url: string | null
  /** Its plan, where the account says. */
  plan: string | null
  /** Whether a rate limit is known. */
  rateLimited: boolean
  /** Number of the workspace. */
  workspaceId: number | null
  /** Name of the workspace. */
  workspace: string | null
  /** Label of its live branch. */
  liveBranch: string | null
  /** How many branches it has, where they were listed. */
  branches: number | null
  /** Number of the table. */
  tableId: number | null
  /** Name of the table. */
  table: string | null
  /** Records of the table. */
  records: number | null
  /** What is missing here, and why. */
  problem: string | null
}

/** What there is in a fleet. */
export class Inventory {
  /** When it was begun. */
  readonly at: string
  /** How many seconds it took. */
  readonly seconds: number
  /** Whether nothing is missing. */
  readonly ok: boolean
  /** The instances, in the order of the fleet. One that could not be asked is there all the same. */
  readonly instances: InventoryInstance[]
  /** What is missing, where and why. */
  readonly failures: FleetFailure[]

  /** @internal Made by `Fleet.inventory`. */
  constructor(told: Told) {
    this.at = told.at
    this.seconds = told.seconds
    this.ok = told.ok
    this.instances = respelled(told.instances) as InventoryInstance[]
    this.failures = told.failures.map(readFailure)
  }

  /**
   * Flat rows with the same fields always. An instance without workspaces, and a workspace without tables, has a row as well,
   * so that nothing is missing.
   */
  rows(): InventoryRow[] {
    const problems = new Map(this.failures.map(({ at, error }) => [at, error.detail]))
    return this.instances.flatMap((instance) => rowsOf(instance, problems))
  }
}

function rowsOf({ name, workspaces, ...same }: InventoryInstance, problems: Map<string, string>): InventoryRow[] {
  const bare: InventoryRow = {
    instance: name,
    ...same,
    workspaceId: null,
    workspace: null,
    liveBranch: null,
    branches: null,
    tableId: null,
    table: null,
    records: null,
    problem: problems.get(name) ?? null,
  }
  const rows = (workspaces ?? []).flatMap((workspace): InventoryRow[] => {
    const place = `${name}/${workspace.name}`
    const parts = ['branches', 'tables', 'records'].map((part) => problems.get(`${place}/${part}`))
    const whole: InventoryRow = {
      ...bare,
      workspaceId: workspace.id,
      workspace: workspace.name,
      liveBranch: workspace.liveBranch,
      branches: workspace.branches?.length ?? null,
      problem: parts.filter((part) => part !== undefined).join(' ') || null,
    }
    const tables = (workspace.tables ?? []).map((table) => ({
      ...whole,
      tableId: table.id,
      table: table.name,
      records: table.records,
      problem: whole.problem ?? problems.get(`${place}/${table.name}`) ?? null,
    }))
    return tables.length ? tables : [whole]
  })
  return rows.length ? rows : [bare]
}

/** `up`; `slow` (it answers, but late, or not everybody); `unauthorised` (it does not take the token); `down`. */
export type InstanceState = 'up' | 'slow' | 'unauthorised' | 'down'

/** How an instance is. */
export interface InstanceHealth {
  /** Its name. */
  name: string
  /** Its display name. */
  display: string
  /** The environment it belongs to. */
  environment: string | null
  /** Whether that is protected. */
  protected: boolean
  /** Base of its API. */
  url: string | null
  /** How it is. */
  state: InstanceState
  /** Why it is not up. */
  reason: string | null
  /** Since when it is so, as far as this fleet has looked. */
  since: string
  /** When it was probed last. */
  checkedAt: string
  /** Whether something answered. */
  reachable: boolean
  /** Whether it takes the token; null when that could not be found out. */
  authorised: boolean | null
  /** Milliseconds that the last probe took, if it was answered well. */
  latencyMs: number | null
  /** Half of the latest probes (60 at most) took no longer than this. */
  p50Ms: number | null
  /** 95 in 100 of them took no longer than this. */
  p95Ms: number | null
  /** How many probes these numbers are of. */
  probes: number
  /** Whether a rate limit is known. */
  rateLimited: boolean
  /** Whether that limit slowed the probing: it waited for room, or was left out to spare it. */
  slowed: boolean
  /** When the token expires; null when it does not tell. */
  tokenExpiresAt: string | null
  /** Days until then; negative afterwards. */
  tokenDaysLeft: number | null
}

/** Something that changed between two looks. */
export interface HealthChange {
  /** When it was seen. */
  at: string
  /** What changed: an instance's state, whether a rate limit is known, how long the token is good for, which instances there
   * are, whether an account can be asked. */
  what: 'state' | 'rate_limit' | 'token' | 'appeared' | 'gone' | 'account'
  /** The instance's name; of an account, `account` or `account NAME`. */
  name: string
  /** The instance's display name. */
  display: string
  /** The environment that it belongs to. */
  environment: string | null
  /** What it was; null at the first look. */
  from: string | null
  /** What it is now. */
  to: string | null
  /** Why. */
  reason: string | null
  /** A line for people. */
  text: string
}

/** How the instances of a fleet are. */
export interface Health {
  /** When it was looked. */
  at: string
  /** How many seconds looking took. */
  seconds: number
  /** Whether every instance can be worked with: none is down or unauthorised, and nothing stood in the way of looking. */
  ok: boolean
  /** The instances, in the order of the fleet. */
  instances: InstanceHealth[]
  /** What changed since the last look with the same fleet. At the first look: every instance that is not up. */
  changes: HealthChange[]
  /** Accounts that could not be asked, and instances that no account lists. */
  failures: FleetFailure[]
}

/** How far an inventory goes. */
export interface InventoryOptions extends TaskOptions {
  /** Whether to list branches: one call a workspace. Default: false. */
  branches?: boolean | undefined
  /** Whether to list tables: one call a workspace and page. Default: false. */
  tables?: boolean | undefined
  /**
   * Whether to count records: one call a table, for which tables are listed too. Default: false. With the free plan's limit 30
   * tables take a minute. It needs the token scope `Workspace Content: Read`.
   */
  counts?: boolean | undefined
  /** Instances asked at once. Default: 16. */
  concurrency?: number | undefined
  /** Called with how many instances are done. */
  onProgress?: ((progress: TaskProgress) => unknown) | undefined
}

/** How instances are looked at. */
export interface HealthOptions {
  /** Gives it up when aborted. */
  signal?: AbortSignal | undefined
  /** Milliseconds from which on, as median of the last three answers, an instance counts as slow. Default: 2,000. */
  slow?: number | undefined
  /** Longest time for a probe, in ms. Default: 10,000. Waiting for the rate limit comes on top, 25 s at most. */
  timeout?: number | undefined
  /** Instances looked at at once. Default: 16. */
  concurrency?: number | undefined
}

/** How a fleet is watched. */
export interface WatchOptions extends HealthOptions {
  /** Milliseconds between looks. Default: 60,000. */
  every?: number | undefined
}

const INVENTORY: Record<keyof InventoryOptions, Kind> = {
  branches: 'flag',
  tables: 'flag',
  counts: 'flag',
  concurrency: 'count',
  onProgress: 'function',
  signal: 'signal',
}
const HEALTH: Record<keyof HealthOptions, Kind> = {
  slow: 'ms',
  timeout: 'ms',
  concurrency: 'count',
  signal: 'signal',
}
const WATCH: Record<keyof WatchOptions, Kind> = { ...HEALTH, every: 'ms' }

/** What the engine tells. */
interface Told {
  at: string
  seconds: number
  ok: boolean
  instances: unknown[]
  changes: HealthChange[]
  failures: { at: string; error: unknown }[]
}

/** @internal Takes stock. */
export async function inventory(fleet: NativeFleet, options: InventoryOptions = {}): Promise<Inventory> {
  const args = collect(options, INVENTORY, 'The inventory options')
  return new Inventory(await run<Told>('fleet.inventory', args, { ...options, fleet }))
}

/** @internal Looks once. */
export async function health(fleet: NativeFleet, options: HealthOptions = {}): Promise<Health> {
  const args = inSeconds(collect(options, HEALTH, 'The health options'))
  const told = await run<Told>('fleet.health', args, { ...options, fleet })
  return {
    ...told,
    instances: respelled(told.instances) as InstanceHealth[],
    failures: told.failures.map(readFailure),
  }
}

/** @internal Looks again and again. */
export function watch(fleet: NativeFleet, options: WatchOptions = {}): AsyncGenerator<HealthChange, void, undefined> {
  const args = inSeconds(collect(options, WATCH, 'The watch options'))
  return found('fleet.watch', args, { ...options, fleet }, (change) => change as HealthChange)
}

/** @internal A failure with a real error. */
export function readFailure({ at, error }: { at: string; error: unknown }): FleetFailure {
  return { at, error: errorFromNative(JSON.stringify(error)) }
}

/** The engine counts in seconds. */
function inSeconds(args: Record<string, unknown>): Record<string, unknown> {
  const times = ['every', 'slow', 'timeout']
  const entries = Object.entries(args)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, times.includes(name) ? (value as number) / 1000 : value]),
  )
}

/** @internal `live_branch` as `liveBranch`, all the way down; the fields are the engine's own, not a user's. */
export function respelled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(respelled)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([name, inner]) => [
      name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      respelled(inner),
    ]),
  )
}
