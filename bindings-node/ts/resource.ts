/**
 * The heart of the generated classes: every method of theirs is one call of a function in this file.
 */

import { inspect, type InspectOptions } from 'node:util'

import { decode } from './decode.js'
import type { Download, EventStream } from './download.js'
import { guarded, submit, unlisten } from './hub.js'
import type { Delivery, NativeBody, NativeConnection, NativeDownload } from './native.js'
import type { CallOptions } from './options.js'
import { pack, type Operation, type Packed } from './pack.js'
import { Pager } from './pager.js'

export type { CallOptions } from './options.js'
export type { Operation } from './pack.js'
export { Download, EventStream } from './download.js'
export { Pager } from './pager.js'

type Values = Readonly<Record<string, unknown>>

/** @internal The connection of a resource; a symbol, so that no name of the API can clash with it. */
export const LINK = Symbol('link')
/** @internal What the handles up to here have bound. */
export const BOUND = Symbol('bound')

const NONE: Values = {}

/** A part of the API: a root, a collection or a handle. Making one sends nothing. */
export class Resource {
  /** @internal */
  declare readonly [LINK]: NativeConnection
  /** @internal */
  declare readonly [BOUND]: Values

  /** @internal */
  constructor(link: NativeConnection, bound: Values = NONE) {
    Object.defineProperty(this, LINK, { value: link })
    Object.defineProperty(this, BOUND, { value: bound })
  }

  /** What `console.log` shows: what is bound and where it leads, without anything secret. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    // An install token is a key: whoever reads it in a log could use it.
    const bound = Object.entries(this[BOUND]).map(([name, value]) => [name, name === 'token' ? '…' : value])
    const at = this[LINK].baseUrl() ?? 'not resolved yet'
    return `${this.constructor.name} ${inspect({ ...Object.fromEntries(bound), at }, options)}`
  }
}

/** A resource below another one. */
export function child<R>(
  class_: new (link: NativeConnection, bound: Values) => R,
  parent: Resource,
  values?: Values,
): R {
  return new class_(parent[LINK], values ? { ...parent[BOUND], ...values } : parent[BOUND])
}

/** Sends what was packed, files and all, and waits for what `begin` starts. */
export function send(
  packed: Packed,
  options: CallOptions | undefined,
  begin: (call: number, body: NativeBody) => void,
): Promise<Delivery> {
  if (packed.form || packed.listener) return sendAndTidy(packed, options, begin)
  return submit(
    (call) => {
      begin(call, packed.body)
    },
    options?.signal,
    packed.operation || 'request',
  )
}

/** The same for what leaves something behind: files that were written for it, and a listener. */
async function sendAndTidy(
  packed: Packed,
  options: CallOptions | undefined,
  begin: (call: number, body: NativeBody) => void,
): Promise<Delivery> {
  let body = packed.body
  let dispose: (() => Promise<void>) | undefined
  try {
    if (packed.form) {
      const { prepareForm } = require('./files.js') as typeof import('./files.js')
      const form = await prepareForm(packed.form)
      body = { form: form.parts }
      dispose = form.dispose
    }
    return await submit(
      (call) => {
        begin(call, body)
      },
      options?.signal,
      packed.operation || 'request',
    )
  } finally {
    if (packed.listener) unlisten(packed.listener)
    await dispose?.()
  }
}

// Not an async function: each on the way is a promise more, and turns of the queue of microtasks, for every call.
function run(
  resource: Resource,
  operation: Operation,
  args: Values,
  params: object | undefined,
  options: CallOptions | undefined,
): Promise<Delivery> {
  const packed = pack(operation, resource[BOUND], args, params, options)
  return send(packed, options, (call, body) => {
    resource[LINK].call(call, packed.operation, packed.parameters, body, false)
  })
}

/** Calls an operation that answers JSON. */
export async function call<T>(
  resource: Resource,
  operation: Operation,
  args: Values,
  params: object | undefined,
  options: CallOptions | undefined,
): Promise<T> {
  return decode<T>(await run(resource, operation, args, params, options), operation.id)
}

/** Calls an operation that answers text. */
export async function callText(
  resource: Resource,
  operation: Operation,
  args: Values,
  params: object | undefined,
  options: CallOptions | undefined,
): Promise<string> {
  const [, , body] = await run(resource, operation, args, params, options)
  return typeof body === 'string' ? body : (body?.toString('utf8') ?? '')
}

/** Calls an operation whose answer holds nothing. */
export async function callVoid(
  resource: Resource,
  operation: Operation,
  args: Values,
  params: object | undefined,
  options: CallOptions | undefined,
): Promise<void> {
  await run(resource, operation, args, params, options)
}

/** A pager over an operation that answers a list. */
export function list<T>(
  resource: Resource,
  operation: Operation,
  args: Values,
  params: object | undefined,
  options: CallOptions | undefined,
): Pager<T> {
  return new Pager<T>({
    operation: operation.id,
    signal: options?.signal,
    open(onlyFirst) {
      // Progress is that of an upload, which a list has not.
      const ahead = { ...options, onProgress: undefined, ...(onlyFirst ? { prefetch: 0 } : {}) }
      const packed = pack(operation, resource[BOUND], args, params, ahead)
      return guarded(() => resource[LINK].pages(packed.operation, packed.parameters, packed.body))
    },
  })
}

function opening(
  resource: Resource,
  operation: Operation,
  args: Values,
  params: object | undefined,
  options: CallOptions | undefined,
): ConstructorParameters<typeof Download>[0] {
  return {
    operation: operation.id,
    signal: options?.signal,
    async open() {
      const packed = pack(operation, resource[BOUND], args, params, options)
      let opened: NativeDownload | undefined
      await send(packed, options, (call, body) => {
        opened = resource[LINK].open(call, packed.operation, packed.parameters, body)
      })
      // Set before anything can be delivered; the compiler does not see into the callback.
      return opened as unknown as NativeDownload
    },
  }
}

/** A file that an operation answers. */
export function download(
  resource: Resource,
  operation: Operation,
  args: Values,
  params: object | undefined,
  options: CallOptions | undefined,
): Download {
  const room = require('./download.js') as typeof import('./download.js')
  return new room.Download(opening(resource, operation, args, params, options))
}

/** The events that an operation answers. */
export function events<T>(
  resource: Resource,
  operation: Operation,
  args: Values,
  params: object | undefined,
  options: CallOptions | undefined,
): EventStream<T> {
  const room = require('./download.js') as typeof import('./download.js')
  return new room.EventStream<T>(opening(resource, operation, args, params, options))
}
