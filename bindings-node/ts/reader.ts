/**
 * Records of a table as they come: lazily, ahead of the reader, and as often as asked for.
 *
 * @example
 * ```ts
 * for await (const order of records.iter({ search: where({ price: { gt: 70 } }) })) console.log(order.id)
 * const all = await records.iter<Order>().toArray()
 * ```
 */

import { inspect, type InspectOptions } from 'node:util'

import { decode } from './decode.js'
import { guarded, submit } from './hub.js'
import type { Delivery, NativeReader, NativeRecords } from './native.js'
import { Page } from './pager.js'
import { arrowJson, type ArrowOptions } from './record-options.js'

const OPERATION = 'records.iter'

/** A read that begins when it is used. Each use reads anew. */
export class RecordReader<Row = Record<string, unknown>> implements AsyncIterable<Row> {
  readonly #records: NativeRecords
  readonly #options: string
  readonly #signal: AbortSignal | undefined

  /** @internal */
  constructor(records: NativeRecords, options: string, signal: AbortSignal | undefined) {
    this.#records = records
    this.#options = options
    this.#signal = signal
  }

  /** The records, one after the other. Whole numbers beyond 2^53 are bigints. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, undefined> {
    for await (const page of this.pages()) yield* page.items
  }

  /** The records as they came, page by page. `total` tells the records of the whole read, where the server says. */
  async *pages(): AsyncGenerator<Page<Row>, void, undefined> {
    const reader = guarded(() => this.#records.read(this.#options))
    for await (const delivery of this.#walk(reader)) {
      const { total } = JSON.parse(delivery[3] ?? '{}') as { total: number | null }
      yield new Page(decode<Row[]>(delivery, OPERATION), { total })
    }
  }

  /** Every record, in an array. */
  async toArray(): Promise<Row[]> {
    const rows: Row[] = []
    for await (const page of this.pages()) for (const row of page.items) rows.push(row)
    return rows
  }

  /** The records as a web stream, which reads no further than it is read. Cancelling it ends the read. */
  toReadableStream(): ReadableStream<Row> {
    const rows = this[Symbol.asyncIterator]()
    return new ReadableStream<Row>(
      {
        async pull(controller) {
          const { done, value } = await rows.next()
          if (done) controller.close()
          else controller.enqueue(value)
        },
        async cancel() {
          await rows.return()
        },
      },
      // Nothing waits in the stream itself: rows are read ahead of it, and only once it is read.
      { highWaterMark: 0 },
    )
  }

  /**
   * The records as the bytes of an Arrow stream (IPC), typed by the table's columns: what `tableFromIPC` of apache-arrow,
   * DuckDB and others read.
   *
   * @param options - What columns become.
   */
  async toArrow(options: ArrowOptions = {}): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    for await (const chunk of this.arrowChunks(options)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  /**
   * The same bytes piece by piece: first the columns, then the records of a page at a time, at last the end mark.
   *
   * @param options - What columns become.
   */
  async *arrowChunks(options: ArrowOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const reader = guarded(() => this.#records.arrow(this.#options, arrowJson(options)))
    for await (const [, , chunk] of this.#walk(reader)) yield chunk as Buffer
  }

  /** What `console.log` shows; it does not ask the server. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `RecordReader ${inspect(JSON.parse(this.#options), options)}`
  }

  async *#walk(reader: NativeReader): AsyncGenerator<Delivery, void, undefined> {
    try {
      for (;;) {
        const delivery = await submit(
          (call) => {
            reader.next(call)
          },
          this.#signal,
          OPERATION,
        )
        if (delivery[2] === undefined) return
        yield delivery
      }
    } finally {
      reader.close()
    }
  }
}
