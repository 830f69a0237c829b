/**
 * Rows on their way to the native side: the JSON texts of many, one in each line, so that crossing over costs little.
 *
 * A row that JSON cannot carry (a NaN, a function) keeps its place as an empty line with the reason beside it: whether
 * it ends the job or is reported with the others is for the job to say.
 */

import { Unwritable, shown, stringify } from './json.js'

/** Rows that cross over together. */
export interface Chunk {
  /** The rows, a line each. */
  readonly text: Buffer
  /** What was refused: its place among the lines, the column at fault, the reason; JSON text, null for nothing. */
  readonly refused: string | null
}

type Refused = readonly [place: number, column: string | null, reason: string]

/** Rows in one chunk; enough to make the crossing cheap. */
const ROWS = 500

/** UTF-16 units in one chunk, after which no further row is added. */
const LENGTH = 1 << 18

/** Gathers rows into chunks. */
export class RowWriter {
  #lines: string[] = []
  #refused: Refused[] = []
  #length = 0

  /** Adds a row, which may be anything. */
  add(row: unknown): void {
    let line = ''
    try {
      line = stringify(row)
    } catch (error) {
      if (!(error instanceof Unwritable)) throw error
      this.#refused.push([this.#lines.length, ...complaint(error)])
    }
    this.#lines.push(line)
    this.#length += line.length
  }

  /** Whether it is time to take a chunk. */
  get full(): boolean {
    return this.#lines.length >= ROWS || this.#length >= LENGTH
  }

  /** Whether there is nothing to take. */
  get empty(): boolean {
    return this.#lines.length === 0
  }

  /** The rows added since the last time. */
  take(): Chunk {
    const chunk = {
      text: Buffer.from(`${this.#lines.join('\n')}\n`),
      refused: this.#refused.length ? JSON.stringify(this.#refused) : null,
    }
    this.#lines = []
    this.#refused = []
    this.#length = 0
    return chunk
  }
}

/** The column and the reason, in the words of the core. */
function complaint({ path, message }: Unwritable): [column: string | null, reason: string] {
  const [column, ...inside] = path
  if (typeof column !== 'string') return [null, `The row ${message}`]
  return [column, inside.length ? `At ${column}${shown(inside)}: It ${message}` : `It ${message}`]
}
