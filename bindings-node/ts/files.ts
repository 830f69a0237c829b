/**
 * Files to upload: whatever the caller holds becomes a form field the engine can send more than once.
 *
 * Paths and bytes are handed over as they are. A stream can be read only once, and a large `Blob` would fill memory, so
 * both are written to a temporary file first: then the length is known, a retry is possible, and memory stays flat.
 */

import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'

import { ConfigError } from './errors.js'
import { toJson } from './json.js'
import type { NativePart } from './native.js'
import type { FileInput, FileSource } from './values.js'

/** A field of a form before its file is prepared. */
export interface FormField {
  readonly name: string
  readonly value: unknown
  readonly file: boolean
}

/** Up to here a Blob is sent from memory. */
const SMALL = 1 << 20

/** A form that is ready to be sent, and the cleaning up after it. */
export interface PreparedForm {
  readonly parts: NativePart[]
  readonly dispose: () => Promise<void>
}

/** Makes the fields of a form ready. */
export async function prepareForm(fields: readonly FormField[]): Promise<PreparedForm> {
  const folders: string[] = []
  const dispose = async (): Promise<void> => {
    await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })))
  }
  try {
    const parts: NativePart[] = []
    for (const { name, value, file } of fields) {
      if (!file) parts.push({ name, text: fieldText(name, value) })
      else if (Array.isArray(value))
        for (const one of value) parts.push(await filePart(name, one as FileInput, folders))
      else parts.push(await filePart(name, value as FileInput, folders))
    }
    return { parts, dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

function fieldText(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
  return toJson(value, name)
}

async function filePart(name: string, input: FileInput, folders: string[]): Promise<NativePart> {
  const source: FileSource = isSource(input) ? input : { content: input }
  const { content } = source
  const part: NativePart = { name, fileName: source.name ?? name }
  if (source.type !== undefined) part.contentType = source.type
  if (typeof content === 'string' || content instanceof URL) {
    part.path = content instanceof URL ? fileURLToPath(content) : content
    part.fileName = source.name ?? basename(part.path)
  } else if (content instanceof Uint8Array) {
    part.data = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  } else if (content instanceof Blob) {
    if (source.type === undefined && content.type) part.contentType = content.type
    const named = (content as Blob & { name?: unknown }).name
    if (source.name === undefined && typeof named === 'string' && named) part.fileName = named
    if (content.size <= SMALL) part.data = Buffer.from(await content.arrayBuffer())
    else part.path = await spool(content.stream(), folders)
  } else if (isStream(content)) {
    part.path = await spool(content, folders)
  } else {
    throw new ConfigError(
      `${name} must be a path, bytes (Buffer or Uint8Array), a Blob, a stream, or { content, name, type }.`,
    )
  }
  return part
}

function isSource(input: FileInput): input is FileSource {
  return typeof input === 'object' && (input as object | null) !== null && 'content' in input
}

function isStream(content: unknown): content is AsyncIterable<Uint8Array> {
  return typeof content === 'object' && content !== null && Symbol.asyncIterator in content
}

async function spool(stream: AsyncIterable<Uint8Array>, folders: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'xano-metadata-'))
  folders.push(folder)
  const path = join(folder, 'upload')
  await pipeline(Readable.from(stream, { objectMode: false }), createWriteStream(path, { mode: 0o600 }))
  return path
}
