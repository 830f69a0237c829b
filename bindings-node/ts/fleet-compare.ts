/**
 * What differs between two branches, workspaces or instances.
 */

import { ConfigError } from './errors.js'
import { readFailure, type FleetFailure } from './fleet-estate.js'
import { collect, type Kind } from './options.js'
import { BOUND, Resource } from './resource.js'
import { Places, run, type TaskOptions } from './tasks.js'

/** A kind of things that are compared. */
export type ComparedFamily =
  | 'data_sources'
  | 'tables'
  | 'columns'
  | 'indexes'
  | 'table_triggers'
  | 'api_groups'
  | 'endpoints'
  | 'functions'
  | 'tasks'
  | 'middlewares'
  | 'addons'
  | 'agents'
  | 'agent_triggers'
  | 'mcp_servers'
  | 'mcp_server_triggers'
  | 'tools'
  | 'triggers'
  | 'realtime_channels'
  | 'realtime_triggers'
  | 'workflow_tests'
  | 'knowledge'
  | 'policies'

/** How to compare. */
export interface CompareOptions extends TaskOptions {
  /**
   * Whether records are compared too: `counts` tells how many there are, `content` reads every one on both sides.
   * Default: false.
   */
  records?: false | 'counts' | 'content' | undefined
  /** What is compared. Default: everything but `policies`. */
  families?: readonly ComparedFamily[] | undefined
  /** Whether the public addresses of API groups count. Default: between branches of one workspace. */
  addresses?: boolean | undefined
  /** Lines of each diff at most. Default: 200. */
  diffLines?: number | undefined
}

/** One of the two sides. */
export interface ComparisonSide {
  /** The host of the instance. */
  instance: string
  /** The name of the workspace; null when whole instances are compared. */
  workspace: string | null
  /** The label of the branch, where it is known. */
  branch: string | null
}

/** How many records there are, and how many differ. */
export interface ComparedRecords {
  /** Records on the left side. */
  left: number
  /** Records on the right side. */
  right: number
  /** Records whose id only the right side has; null when they were only counted. */
  added: number | null
  /** Records whose id only the left side has. */
  removed: number | null
  /** Records that are not the same on both sides. */
  changed: number | null
}

/** One difference. */
export interface ComparisonChange {
  /** The workspace, when whole instances are compared. */
  workspace: string | null
  /** What sort of thing it is. */
  family: ComparedFamily | 'workspaces' | 'records'
  /** Its name, such as `order_total`, `GET shop/product` or `order.total`. */
  name: string
  /** Its name on the left side, where that is another. */
  was: string | null
  /** Whether only the right side has it, only the left side, or both and it is not the same. */
  change: 'added' | 'removed' | 'changed'
  /** What is not the same, when it was changed: fields of the API, `xanoscript`, `records`, `count`. */
  fields: string[]
  /** The difference as lines that begin with `-` for the left side and `+` for the right one; its length is bounded. */
  diff: string
  /** For records: how many there are, and how many differ. */
  records: ComparedRecords | null
}

/** What was not compared, without anything having gone wrong. */
export interface ComparisonSkip {
  /** The family. */
  family: string
  /** The side that it is about; null for both. */
  side: 'left' | 'right' | null
  /** Why, as a sentence. */
  reason: string
}

/** A flat row of a comparison. */
export interface ComparisonRow {
  /** The workspace, when whole instances are compared. */
  workspace: string | null
  /** What sort of thing it is. */
  family: string
  /** Its name. */
  name: string
  /** Its name on the left side, where that is another. */
  was: string | null
  /** What became of it. */
  change: string
  /** What is not the same, separated by commas. */
  fields: string
  /** Records on the left side. */
  recordsLeft: number | null
  /** Records on the right side. */
  recordsRight: number | null
}

/** What the engine tells. */
interface Told {
  left: ComparisonSide
  right: ComparisonSide
  equal: boolean
  changes: ComparisonChange[]
  compared: Record<string, { left: number; right: number }>
  failures: { at: string; error: unknown }[]
  skipped: ComparisonSkip[]
  text: string
  html: string
}

/** What differs between a left side and a right one. */
export class Comparison {
  /** Where things are compared from. */
  readonly left: ComparisonSide
  /** What they are compared with. */
  readonly right: ComparisonSide
  /** Whether nothing differs and everything that was asked for could be read. */
  readonly equal: boolean
  /** The differences, by family and name. */
  readonly changes: ComparisonChange[]
  /** How many things of each family were looked at. */
  readonly compared: Record<string, { left: number; right: number }>
  /** What could not be read, and was not compared for that; `left/functions` says where. */
  readonly failures: FleetFailure[]
  /** What was not compared for another reason. */
  readonly skipped: ComparisonSkip[]
  readonly #text: string
  readonly #html: string

  /** @internal */
  constructor(told: Told) {
    this.left = told.left
    this.right = told.right
    this.equal = told.equal
    this.changes = told.changes
    this.compared = told.compared
    this.failures = told.failures.map(readFailure)
    this.skipped = told.skipped
    this.#text = told.text
    this.#html = told.html
  }

  /** A flat row for each difference, without the diff. */
  rows(): ComparisonRow[] {
    return this.changes.map(({ workspace, family, name, was, change, fields, records }) => ({
      workspace,
      family,
      name,
      was,
      change,
      fields: fields.join(', '),
      recordsLeft: records?.left ?? null,
      recordsRight: records?.right ?? null,
    }))
  }

  /** The comparison as text for people, with diffs. Control characters are shown by their codes. */
  toString(): string {
    return this.#text
  }

  /** The comparison as a piece of HTML without scripts, in which everything that came from outside is escaped. */
  toHtml(): string {
    return this.#html
  }
}

const OPTIONS: Record<Exclude<keyof CompareOptions, 'families'>, Kind> = {
  records: ['counts', 'content'],
  addresses: 'flag',
  diffLines: 'count',
  onProgress: 'function',
  signal: 'signal',
}

/**
 * Compares two workspaces (their live branches), branches or instances: what differs on the way from `left` to `right`.
 *
 * @param left - Where things are compared from.
 * @param right - What they are compared with: the same sort of thing.
 * @param options - What is compared, and how much of a diff is kept.
 * @throws {@link ConfigError} when a place does not exist, or options do not go together.
 *
 * @example
 * ```ts
 * const difference = await compare(main, main.branch('next'))
 * if (!difference.equal) console.log(String(difference))
 * ```
 */
export async function compare(left: Resource, right: Resource, options: CompareOptions = {}): Promise<Comparison> {
  const { families, ...others } = options
  if (others.records === false) delete others.records
  const args = collect(others, OPTIONS, 'The compare options')
  if (families !== undefined && !Array.isArray(families)) {
    throw new ConfigError('The compare options: families must be a list of names.')
  }
  const { diffLines: diff_lines, ...given } = args
  const places = new Places()
  const instances = [left, right].filter(isInstance).length
  if (instances === 1) {
    throw new ConfigError('An instance is compared with another instance, not with a workspace or a branch of one.')
  }
  const spell = (side: Resource) => (instances ? places.at(side) : places.of(side, 'compare()'))
  const sides = { left: spell(left), right: spell(right) }
  const name = instances ? 'compare.instances' : 'compare.places'
  return new Comparison(await run<Told>(name, { ...given, diff_lines, families, ...sides }, { ...options, places }))
}

/** Whether nothing but the connection is bound. What is no resource at all is left to the places. */
function isInstance(side: Resource): boolean {
  return side instanceof Resource && Object.keys(side[BOUND]).length === 0
}
