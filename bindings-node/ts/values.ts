/**
 * Values that the API writes in more than one way, and how to read them.
 *
 * Answers are handed out as the server wrote them, because a guess that is wrong loses data. The helpers here read the
 * forms that occur.
 *
 * @example
 * ```ts
 * parseTime(1681336838000) // from a list
 * parseTime('2023-04-12 22:00:38+0000') // the same moment, from a snippet
 * ```
 */

import { ConfigError } from './errors.js'

/** A moment as the server wrote it: epoch milliseconds or seconds, or text. See {@link parseTime}. */
export type Time = number | string

/** XanoScript as answers carry it: text, or an object with its state. See {@link scriptText}. */
export type Script = string | { status?: string; value?: string | null; message?: string | null } | null

/** A file in memory or elsewhere, with what the server should be told about it. */
export interface FileSource {
  /** The content: a path, bytes, a `Blob`, or a stream, which is kept in a temporary file until it is sent. */
  content: string | URL | Uint8Array | Blob | AsyncIterable<Uint8Array>
  /** The file name the server sees. Default: the path's last part, the `File`'s name, or the field's name. */
  name?: string
  /** The media type. Default: the `Blob`'s, else `application/octet-stream`. */
  type?: string
}

/** A file to upload: a path (text or `file:` URL), bytes, a `Blob` or `File`, a stream, or one of these with a name. */
export type FileInput = FileSource['content'] | FileSource

/** Below this, a number of epoch time is in seconds: as milliseconds it would lie before 5 March 1973. */
const SECONDS_BELOW = 1e11

/**
 * Reads a moment in any of the forms the API uses: epoch milliseconds or seconds (as number or digits), ISO 8601, and
 * `2023-04-12 22:00:38+0000`. Text without a zone is UTC.
 *
 * @param value - What the answer holds.
 * @returns The moment, or null for null, undefined and empty text.
 * @throws {@link ConfigError} when it is none of these forms.
 */
export function parseTime(value: Time | null | undefined): Date | null {
  if (value === null || value === undefined || value === '') return null
  const number = typeof value === 'number' ? value : /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined
  if (number !== undefined) {
    const date = new Date(Math.abs(number) < SECONDS_BELOW ? number * 1000 : number)
    if (!Number.isNaN(date.getTime())) return date
  } else if (typeof value === 'string') {
    const form = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$/i.exec(
      value.trim(),
    )
    if (form) {
      const zone = (form[3] ?? 'Z')
        .toUpperCase()
        .replace(/^([+-]\d\d):?(\d\d)?$/, (_, h: string, m?: string) => `${h}:${m ?? '00'}`)
      const date = new Date(`${form[1] ?? ''}T${form[2] ?? '00:00'}${zone}`)
      if (!Number.isNaN(date.getTime())) return date
    }
  }
  throw new ConfigError(`${JSON.stringify(value)} is not a time in a form that the API uses.`)
}

/**
 * The XanoScript source in an answer, whichever shape it has.
 *
 * @param script - The `xanoscript` of an answer.
 * @returns The source, or null when the answer holds none (its `message` then says why).
 */
export function scriptText(script: Script | undefined): string | null {
  if (typeof script === 'string') return script
  return script?.value ?? null
}
