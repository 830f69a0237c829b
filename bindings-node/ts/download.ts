/**
 * Answers that are files or event streams: read as they come, never held whole.
 *
 * @example
 * ```ts
 * const size = await instance.workspace(1).export().saveTo('backup.tar.gz')
 * ```
 */

import { resolve } from 'node:path'
import { inspect } from 'node:util'

import { DecodeError } from './errors.js'
import type { Progress } from './events.js'
import { listen, submit, unlisten } from './hub.js'
import type { NativeDownload } from './native.js'

/** @internal How a download starts. */
export interface Opening {
  readonly operation: string
  readonly signal: AbortSignal | undefined
  open(): Promise<NativeDownload>
}

/** Characters of one event that are held: a server that never ends one must not fill the memory. */
const LARGEST = 8 << 20

/** A file that the server sends. Nothing is sent before one of its methods is called; each call asks anew. */
export class Download {
  readonly #opening: Opening

  /** @internal */
  constructor(opening: Opening) {
    this.#opening = opening
  }

  /**
   * Saves the file. It appears whole or not at all: it is written beside its place and renamed at the end.
   *
   * @param path - Where to.
   * @param options - `onProgress` is told how far the transfer is.
   * @returns The number of bytes.
   */
  async saveTo(path: string, options: { onProgress?: (progress: Progress) => void } = {}): Promise<number> {
    const { operation, signal } = this.#opening
    const download = await this.#opening.open()
    const { onProgress } = options
    const listener = onProgress
      ? listen((json) => {
          onProgress(JSON.parse(json) as Progress)
        })
      : 0
    try {
      const delivery = await submit(
        (call) => {
          download.save(call, resolve(path), listener)
        },
        signal,
        operation,
      )
      return Number(delivery[3])
    } finally {
      unlisten(listener)
    }
  }

  /** The content as a web stream. Cancelling it drops the request. */
  stream(): ReadableStream<Uint8Array> {
    const chunks = this.chunks()
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await chunks.return()
      },
    })
  }

  /** The content piece by piece. */
  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    const { operation, signal } = this.#opening
    const download = await this.#opening.open()
    try {
      for (;;) {
        const [, , chunk] = await submit(
          (call) => {
            download.next(call)
          },
          signal,
          operation,
        )
        if (chunk === undefined) return
        yield chunk as Buffer
      }
    } finally {
      download.close()
    }
  }

  /** The whole content in memory. */
  async bytes(): Promise<Buffer> {
    const chunks: Buffer[] = []
    for await (const chunk of this.chunks()) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  /** @internal The operation that answers it. */
  get operation(): string {
    return this.#opening.operation
  }

  /** What `console.log` shows. */
  [inspect.custom](): string {
    return `Download { operation: '${this.#opening.operation}' }`
  }
}

/** One event of a server-sent stream. */
export interface ServerEvent<T> {
  /** Its type; `message` when the server gives none. */
  event: string
  /** Its data, parsed when it is JSON, else the text. */
  data: T
  /** Its id, where the server gives one. */
  id: string | null
}

/** Events as the server sends them: loop over it with `for await`. Leaving the loop drops the request. */
export class EventStream<T> implements AsyncIterable<ServerEvent<T>> {
  readonly #download: Download

  /** @internal */
  constructor(opening: Opening) {
    this.#download = new Download(opening)
  }

  /** The events, one after the other. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ServerEvent<T>, void, undefined> {
    const decoder = new TextDecoder()
    let rest = ''
    let id: string | null = null
    for await (const chunk of this.#download.chunks()) {
      rest += decoder.decode(chunk, { stream: true })
      // A lone CR at the end may be the first half of CRLF: leave it for the next piece.
      const blocks = rest.split(/(?:\r\n|\n|\r(?!$)){2}/)
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const event: ReturnType<typeof readBlock<T>> = readBlock<T>(block, id)
        id = event.id
        if (event.data !== undefined) yield event as ServerEvent<T>
      }
      if (rest.length > LARGEST) {
        const { operation } = this.#download
        const detail = `An event of the stream has more than ${String(LARGEST >> 20)} MiB, which is more than is held.`
        throw new DecodeError(`${operation}: ${detail}`, { detail, operation, attempts: 1 })
      }
    }
  }
}

function readBlock<T>(block: string, lastId: string | null): Omit<ServerEvent<T>, 'data'> & { data: T | undefined } {
  const data: string[] = []
  let event = 'message'
  let id = lastId
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, field, value = ''] = /^([^:]*)(?::\u0020?([^]*))?$/.exec(line) ?? []
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
    else if (field === 'id') id = value
  }
  if (!data.length) return { event, id, data: undefined }
  const text = data.join('\n')
  try {
    return { event, id, data: JSON.parse(text) as T }
  } catch {
    return { event, id, data: text as T }
  }
}
