/**
 * Finds and loads the native addon, at the first client and not before: a program that only imports types or errors
 * should not pay for it.
 *
 * The addon comes as a package per platform (`xano-metadata-linux-x64-gnu`, …), which npm picks by `os`, `cpu` and
 * `libc`. A build of the repository puts it beside this file, and that one wins.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { ConfigError } from './errors.js'

/** What the addon offers. Calls carry a number under which their outcome is delivered to the hub's callback. */
export interface NativeModule {
  /** Hands over the fields of one delivery after the other. */
  readonly NativeHub: new (deliver: (...told: Delivery[number][]) => void) => NativeHub
  shutdown(): void
  /** Runs the command line on this thread; the first argument is the program's name. */
  commandLine(args: string[]): number
}

/**
 * One result: the call's number (0 for an event), whether it is good, a body, what is known about it as JSON, and for JSON
 * with whole numbers beyond 2^53 the marker of the texts that hold them.
 */
export type Delivery = [
  call: number,
  good: boolean,
  body: string | Buffer | undefined,
  meta: string | undefined,
  marker?: string,
]

/** Carries calls out and outcomes back, one for each thread of JavaScript. */
export interface NativeHub {
  client(options: string, runtime: string, events: number): NativeClient
  emulator(): NativeEmulator
  /** `config` is JSON: `{ path }`, `{ value }` or `"none"`. Options are for the clients that it makes without an account. */
  fleet(
    client: NativeClient | null,
    config: string,
    options: string | null,
    runtime: string,
    events: number,
  ): NativeFleet
  task(): NativeTask
  cancel(call: number): void
}

/** A client of the core. */
export interface NativeClient {
  account(): NativeConnection
  instance(name: string): NativeConnection
  instanceInfo(metaApi: string, rateLimited: boolean): NativeConnection
  instanceAt(url: string, token: string | undefined): NativeConnection
  defaultInstance(): NativeConnection
  stats(): string
  close(): void
}

/** A field of a form: exactly one of `text`, `data` and `path` is there. */
export interface NativePart {
  name: string
  fileName?: string
  contentType?: string
  text?: string
  data?: Buffer
  path?: string
}

/** The body of a request, by its encoding; null for none. */
export type NativeBody =
  { json: string } | { script: string } | { form: NativePart[] } | { bytes: Buffer; contentType: string } | null

/** One API behind one base URL. */
export interface NativeConnection {
  call(call: number, operation: string, parameters: string | null, body: NativeBody, full: boolean): void
  pages(operation: string, parameters: string | null, body: NativeBody): NativePages
  open(call: number, operation: string, parameters: string | null, body: NativeBody): NativeDownload
  records(table: string, dataSource: string | undefined): NativeRecords
  resolve(call: number): void
  fetch(call: number, src: string): NativeDownload
  baseUrl(): string | null
}

/** A list that is being walked. */
export interface NativePages {
  next(call: number): void
}

/** The records of one table in one data source; options are JSON. */
export interface NativeRecords {
  read(options: string): NativeReader
  arrow(options: string, arrow: string): NativeReader
  load(options: string): NativeJob
  import(path: string, format: string | undefined, options: string): NativeJob
  export(path: string, options: string): NativeJob
  copyTo(target: NativeRecords, options: string): NativeJob
}

/** Records, or bytes of Arrow, that are being read. */
export interface NativeReader {
  next(call: number): void
  close(): void
}

/** Work on records under way. */
export interface NativeJob {
  /** Takes rows, a line each; `refused` is JSON. Delivers whether the job goes on. */
  feed(call: number, text: Buffer, refused: string | null): void
  endFeed(): void
  progress(): string
  wait(call: number): void
  cancel(): void
}

/** Many instances as one. */
export interface NativeFleet {
  environment(name: string): NativeFleet
  /** The environments, as JSON. */
  environments(): string
  client(name: string): NativeClient | null
  connection(name: string): NativeConnection | null
  close(): void
}

/** Long work across instances: made, given its handles, started, and then driven by its steps. */
export interface NativeTask {
  withClient(client: NativeClient): void
  withFleet(fleet: NativeFleet): void
  withConnection(connection: NativeConnection): void
  /** `args` is JSON. */
  start(name: string, args: string): void
  /** Delivers a step as JSON. */
  next(call: number): void
  answer(number: number, yes: boolean, reason: string | null): boolean
  /** Gives it up, and delivers when its work is gone. */
  cancel(call: number): void
}

/** An answer that is read as it comes. */
export interface NativeDownload {
  next(call: number): void
  save(call: number, path: string, progress: number): void
  close(): void
}

/** An emulator in this process. */
export interface NativeEmulator {
  start(call: number, options: string): void
  control(call: number, method: string, path: string, body: string | null): void
  stop(call: number): void
}

let loaded: NativeModule | undefined

/** The addon. */
export function native(): NativeModule {
  loaded ??= load()
  return loaded
}

function load(): NativeModule {
  const platforms = candidates()
  for (const platform of platforms) {
    const built = join(__dirname, '..', `xano-metadata.${platform}.node`)
    if (existsSync(built)) return require(built) as NativeModule
  }
  for (const platform of platforms) {
    try {
      return require(`xano-metadata-${platform}`) as NativeModule
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') {
        throw new ConfigError(`The addon of xano-metadata for ${platform} does not load: ${String(error)}`, {}, error)
      }
    }
  }
  const here = `${process.platform}-${process.arch}`
  const names = platforms.map((platform) => `xano-metadata-${platform}`)
  throw new ConfigError(
    names.length
      ? `The addon of xano-metadata for ${here} is not installed: ${names.join(' or ')} is missing. Install again ` +
          'without leaving out optional dependencies (npm install --include=optional), on the platform it is to run on.'
      : `xano-metadata has no addon for ${here}. It runs on Linux, macOS and Windows on x64, and on ARM64 except on Windows.`,
  )
}

/** The platform packages that may fit; on Linux npm has installed the one for this C library. */
function candidates(): string[] {
  const here = `${process.platform}-${process.arch}`
  if (here === 'linux-x64' || here === 'linux-arm64') return [`${here}-gnu`, `${here}-musl`]
  if (here === 'darwin-x64' || here === 'darwin-arm64') return [here]
  return here === 'win32-x64' ? [`${here}-msvc`] : []
}
