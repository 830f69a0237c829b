/**
 * What reading, loading, exporting and copying records can be told, and how the core is told of it. Times are
 * milliseconds, as everywhere in this package; a name that does not exist is refused.
 */

import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { RecordSearch, RecordSort } from './generated/types.js'
import { toJson } from './json.js'
import { collect, type Kind } from './options.js'
import type { JobProgress } from './report.js'
import type { Search } from './search.js'

/** How to read records. */
export interface ReadOptions<Row = Record<string, unknown>> {
  /** Conditions: of `where` and `field`, or as the API has them. Default: every record. */
  search?: Search<Row> | RecordSearch | undefined
  /**
   * In what order the table is walked. `stable` goes by id: a record that exists throughout the read comes exactly once,
   * whatever others insert and delete meanwhile. `pages` goes in the order of `sort`, which others' changes may shift.
   * Default: `stable`.
   */
  order?: 'stable' | 'pages' | undefined
  /** Order as the API has it, such as `{ price: 'desc' }`; only with `order: 'pages'`. */
  sort?: RecordSort | undefined
  /** Records in one request, 1 to 10,000. Default: 1,000. */
  pageSize?: number | undefined
  /** Pages on their way or waiting to be looked at, at least 1. Default: 12. */
  prefetch?: number | undefined
  /** Ends the read after so many records. Default: no limit. */
  limit?: number | undefined
  /** Label of the data source. Default: `live`. */
  dataSource?: string | undefined
  /** Gives the read up when aborted. */
  signal?: AbortSignal | undefined
}

/** What columns become in Arrow. */
export interface ArrowOptions {
  /** Only these columns, in this order. Default: all, in the order of the table. */
  columns?: readonly string[] | undefined
  /** Whether dates and timestamps get Arrow's types for them. Default: false; text and milliseconds since 1970. */
  datetimes?: boolean | undefined
  /** What becomes of lists and objects: the text of their JSON, or Arrow's lists and structs. Default: `json`. */
  nested?: 'json' | 'native' | undefined
  /** What becomes of decimals: doubles, or text with every digit. Default: `float`. */
  decimals?: 'float' | 'text' | undefined
}

/** How to watch long work, and to end it early. */
export interface JobOptions {
  /** Told how far the work is, at most ten times a second and once at the end. */
  onProgress?: ((progress: JobProgress) => void) | undefined
  /** Gives the work up when aborted. What is in flight may still arrive; a checkpoint knows of it. */
  signal?: AbortSignal | undefined
}

/** How records are written. */
export interface WriteOptions extends JobOptions {
  /**
   * A column with unique values by which records are found, instead of `id`. An insert uses it to find out what became of
   * rows whose answer got lost; a unique index that every row fills is used for that unasked.
   */
  key?: string | undefined
  /** Whether inserted rows keep the `id` they bring. Default: not said; then a row with an `id` is refused. */
  keepIds?: boolean | undefined
  /** What a refused row does: end the job, or come back in the report while the others go on. Default: `stop`. */
  onError?: 'stop' | 'collect' | undefined
  /** Refused rows after which a collecting job stops as well. Default: 1,000. */
  maxFailures?: number | undefined
  /** A file that lets a killed job go on where it was, given the same rows again. Removed when the job is done. */
  checkpoint?: string | URL | undefined
  /** Rows in one request at most. Default: 500. */
  batchRows?: number | undefined
  /** Bytes of rows in one request at most. Default: 1 MiB. */
  batchBytes?: number | undefined
  /** Bytes of one row at most. Default: 10 MiB. */
  maxRowBytes?: number | undefined
  /** Requests under way at once. Default: 8. */
  concurrency?: number | undefined
  /** How long to wait before looking up what became of a request whose answer got lost, in ms. Default: 1,000. */
  settle?: number | undefined
}

/** How to load rows into a table. */
export interface LoadOptions extends WriteOptions {
  /** Rows the source is expected to have, for progress. Default: those of an array; otherwise not known. */
  total?: number | undefined
  /** Format of a file. Default: by the end of its name. */
  format?: 'ndjson' | 'csv' | undefined
  /** Label of the data source. Default: `live`. */
  dataSource?: string | undefined
}

/** How to write records to a file. */
export interface ExportOptions<Row = Record<string, unknown>> extends ReadOptions<Row>, JobOptions {
  /** Format of the file. Default: by the end of its name. */
  format?: 'ndjson' | 'csv' | undefined
}

/** How to copy records to another table. */
export interface CopyOptions<Row = Record<string, unknown>> extends ReadOptions<Row>, WriteOptions {
  /** Whether a record that is there already is an error or changed. Default: `insert`. */
  action?: 'insert' | 'upsert' | undefined
  /** Whether the table is made, by the schema and the indexes of the source, when it does not exist. Default: false. */
  create?: boolean | undefined
  /** Label of the data source that is read. Default: `live`. */
  dataSource?: string | undefined
  /** Label of the data source that is written to. Default: `live`. */
  toDataSource?: string | undefined
}

type Known<O> = Record<keyof O, Kind>

const READ: Known<Omit<ReadOptions, 'dataSource' | 'signal'>> = {
  search: 'data',
  order: ['stable', 'pages'],
  sort: 'data',
  pageSize: 'count',
  prefetch: 'count',
  limit: 'count',
}

const ARROW: Known<ArrowOptions> = {
  columns: 'data',
  datetimes: 'flag',
  nested: ['json', 'native'],
  decimals: ['float', 'text'],
}

const JOB: Known<JobOptions> = { onProgress: 'function', signal: 'signal' }

const WRITE: Known<Omit<WriteOptions, keyof JobOptions>> = {
  key: 'text',
  keepIds: 'flag',
  onError: ['stop', 'collect'],
  maxFailures: 'count',
  checkpoint: 'path',
  batchRows: 'count',
  batchBytes: 'count',
  maxRowBytes: 'count',
  concurrency: 'count',
  settle: 'ms',
}

const FORMAT: Kind = ['ndjson', 'csv']

/** The options of a read, as JSON for the core. */
export function readJson(options: object): string {
  const set = collect(options, { ...READ, dataSource: 'text', signal: 'signal' }, 'The options of a read')
  return toJson(pick(set, READ), 'options')
}

/** The options of a conversion to Arrow, as JSON for the core. */
export function arrowJson(options: object): string {
  return toJson(pick(collect(options, ARROW, 'The options of an Arrow read'), ARROW), 'options')
}

/** The options of a load, as JSON for the core. */
export function loadJson(action: string, options: object, total: number | undefined): string {
  const known = { ...WRITE, ...JOB, total: 'count', format: FORMAT, dataSource: 'text' } as const
  const set = collect(options, known, 'The options of a load')
  return toJson({ total, ...pick(set, { ...WRITE, total: 'count' }), action }, 'options')
}

/** The options of an export, as JSON for the core. */
export function exportJson(options: object): string {
  const known = { ...READ, ...JOB, format: FORMAT, dataSource: 'text' } as const
  const { format, ...set } = collect(options, known, 'The options of an export')
  return toJson({ read: pick(set, READ), format }, 'options')
}

/** The options of a copy, as JSON for the core. */
export function copyJson(options: object): string {
  const write = { ...WRITE, action: ['insert', 'upsert'] } as const
  const known = { ...READ, ...write, ...JOB, create: 'flag', dataSource: 'text', toDataSource: 'text' } as const
  const { create, ...set } = collect(options, known, 'The options of a copy')
  return toJson({ read: pick(set, READ), load: pick(set, write), create }, 'options')
}

/** A path as the core takes it. */
export function filePath(path: string | URL): string {
  return resolve(path instanceof URL ? fileURLToPath(path) : path)
}

/** Those of `set` that are known here, in the core's spelling and units. */
function pick(set: Record<string, unknown>, known: Record<string, Kind>): Record<string, unknown> {
  const picked: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(set)) {
    if (!Object.hasOwn(known, name)) continue
    const wire = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    const kind = known[name]
    picked[wire] = kind === 'ms' ? (value as number) / 1000 : kind === 'path' ? filePath(value as string | URL) : value
  }
  return picked
}
