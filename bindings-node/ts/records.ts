/**
 * Whole tables as data: what the generated `records` collections have besides their operations.
 *
 * @example
 * ```ts
 * const orders = instance.workspace(1).table('orders').records
 * for await (const order of orders.iter({ search: where({ price: { gt: 70 } }) })) …
 * const report = await orders.insert('orders.csv', { onError: 'collect', checkpoint: 'orders.checkpoint' })
 * await orders.copyTo(dev.workspace(1).table('orders').records, { keepIds: true })
 * ```
 */

import { ConfigError } from './errors.js'
import { guarded } from './hub.js'
import { run, type RowSource } from './jobs.js'
import { toJson } from './json.js'
import type { NativeRecords } from './native.js'
import { RecordReader } from './reader.js'
import {
  copyJson,
  exportJson,
  filePath,
  loadJson,
  readJson,
  type ArrowOptions,
  type CopyOptions,
  type ExportOptions,
  type LoadOptions,
  type ReadOptions,
} from './record-options.js'
import type { LoadReport } from './report.js'
import { BOUND, LINK, Resource } from './resource.js'

/**
 * Rows to load: an array or anything else that can be looped over, with or without `await` (generators, streams of
 * objects, an Arrow table of apache-arrow), or the path of a file, `.csv`, `.ndjson` or `.jsonl`. A row is an object of
 * values by column; dates and bigints are written exactly, and a property that is undefined counts as not given.
 */
export type Rows<Row = object> = Iterable<Row> | AsyncIterable<Row> | ReadableStream<Row> | string | URL

/** Reading, loading and moving the records of a table. */
export class RecordsResource extends Resource {
  /**
   * Reads the records of the table lazily, several pages ahead. By default no record that exists throughout the read is
   * missed or repeated, whatever others insert and delete meanwhile.
   *
   * Token scope: Workspace Content: Read.
   *
   * @param options - Which records, in what order, how far ahead.
   * @returns Records to loop over with `for await`, to collect, or to have as Arrow. Nothing is sent before that.
   */
  iter<Row = Record<string, unknown>>(options: ReadOptions<Row> = {}): RecordReader<Row> {
    const json = readJson(options)
    return new RecordReader<Row>(native(this, options.dataSource), json, options.signal)
  }

  /**
   * Reads records into an array; see {@link RecordsResource.iter}.
   *
   * @param options - Which records, in what order, how far ahead.
   */
  async toArray<Row = Record<string, unknown>>(options?: ReadOptions<Row>): Promise<Row[]> {
    return this.iter(options).toArray()
  }

  /**
   * Reads records as the bytes of an Arrow stream; see {@link RecordReader.toArrow}.
   *
   * @param options - Which records, and what columns become.
   */
  async toArrow(options: ReadOptions & ArrowOptions = {}): Promise<Uint8Array> {
    const { columns, datetimes, nested, decimals, ...read } = options
    return this.iter(read).toArrow({ columns, datetimes, nested, decimals })
  }

  /**
   * Adds rows in batches, several at once, within the rate limit and in little memory. Values are checked and converted by
   * the table's columns before they are sent. A batch whose answer got lost is looked up before it is sent again.
   *
   * Token scope: Workspace Content: Create and Read; Workspace Database: Read.
   *
   * @param rows - The rows.
   * @param options - What to do with ids and refused rows, how much at once, how to watch and resume.
   * @returns What became of the rows.
   * @throws {@link RecordError} when a row is refused, or it cannot be known what became of some; other errors as for
   * calls. Each has a `report`.
   */
  insert(rows: Rows, options: LoadOptions = {}): Promise<LoadReport> {
    return load(this, 'insert', rows, options)
  }

  /**
   * Changes the record with each row's `id`, or with its value in the `key` column. Columns left out keep their values;
   * rows without a record are skipped.
   *
   * Token scope: Workspace Content: Update and Read; Workspace Database: Read.
   *
   * @param rows - The rows.
   * @param options - As for {@link RecordsResource.insert}.
   * @returns What became of the rows.
   * @throws As {@link RecordsResource.insert} does.
   */
  update(rows: Rows, options: LoadOptions = {}): Promise<LoadReport> {
    return load(this, 'update', rows, options)
  }

  /**
   * Changes records as {@link RecordsResource.update} does, and adds the rows that have no record yet.
   *
   * Token scope: Workspace Content: Create, Update and Read; Workspace Database: Read.
   *
   * @param rows - The rows.
   * @param options - As for {@link RecordsResource.insert}.
   * @returns What became of the rows.
   * @throws As {@link RecordsResource.insert} does.
   */
  upsert(rows: Rows, options: LoadOptions = {}): Promise<LoadReport> {
    return load(this, 'upsert', rows, options)
  }

  /**
   * Deletes the record with each row's `id`, or with its value in the `key` column; the other columns are not looked at.
   * Rows without a record are skipped.
   *
   * **This cannot be undone.**
   *
   * Token scope: Workspace Content: Delete and Read; Workspace Database: Read.
   *
   * @param rows - The rows, or just their ids (their keys, with `key`).
   * @param options - As for {@link RecordsResource.insert}.
   * @returns What became of the rows.
   * @throws As {@link RecordsResource.insert} does.
   */
  delete(rows: Rows<object | string | number | bigint>, options: LoadOptions = {}): Promise<LoadReport> {
    return load(this, 'delete', rows, options)
  }

  /**
   * Writes records to a file, which appears whole or not at all. Importing it again gives equal records.
   *
   * Token scope: Workspace Content: Read; Workspace Database: Read.
   *
   * @param path - Where to: `.ndjson`, `.jsonl` or `.csv`, unless `format` says which.
   * @param options - Which records, and how to watch.
   * @returns How much was written.
   */
  async export<Row = Record<string, unknown>>(
    path: string | URL,
    options: ExportOptions<Row> = {},
  ): Promise<LoadReport> {
    const json = exportJson(options)
    return run('records.export', () => native(this, options.dataSource).export(filePath(path), json), options)
  }

  /**
   * Copies records to another table: of this or another data source, branch, workspace or instance.
   *
   * Token scope: Workspace Content: Read here, Create and Read there; Workspace Database: Read, and Create for `create`.
   *
   * @param target - The records of the other table, or these with `toDataSource`.
   * @param options - Which records, whether they keep their ids, whether the table is made.
   * @returns What became of the rows.
   * @throws As {@link RecordsResource.insert} does.
   */
  async copyTo<Row = Record<string, unknown>>(
    target: RecordsResource,
    options: CopyOptions<Row> = {},
  ): Promise<LoadReport> {
    if (!(target instanceof RecordsResource)) {
      throw new ConfigError("copyTo takes the records of a table, such as workspace.table('orders').records.")
    }
    const json = copyJson(options)
    const to = native(target, options.toDataSource)
    return run('records.copyTo', () => native(this, options.dataSource).copyTo(to, json), options)
  }
}

function native(records: RecordsResource, dataSource: string | undefined): NativeRecords {
  const { workspace_id, table_id } = records[BOUND]
  const table = toJson([workspace_id, table_id], 'workspace and table')
  return guarded(() => records[LINK].records(table, dataSource))
}

async function load(
  records: RecordsResource,
  action: string,
  rows: Rows<unknown>,
  options: LoadOptions,
): Promise<LoadReport> {
  const json = loadJson(action, options, Array.isArray(rows) ? rows.length : undefined)
  const target = native(records, options.dataSource)
  const operation = `records.${action}`
  if (typeof rows === 'string' || rows instanceof URL) {
    return run(operation, () => target.import(filePath(rows), options.format, json), options)
  }
  return run(operation, () => target.load(json), options, sourceOf(rows, operation))
}

function sourceOf(rows: unknown, operation: string): RowSource {
  if (ArrayBuffer.isView(rows) || rows instanceof ArrayBuffer) {
    throw new ConfigError(
      `${operation} takes no bytes. Read Arrow bytes with apache-arrow first, as in insert(tableFromIPC(bytes)).`,
    )
  }
  if (typeof rows === 'object' && rows !== null && (Symbol.iterator in rows || Symbol.asyncIterator in rows)) {
    return rows as RowSource
  }
  throw new ConfigError(
    `${operation} takes rows: an array, anything else to loop over, a stream of objects, or the path of a file.`,
  )
}
