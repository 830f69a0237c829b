/**
 * Turns the arguments of a generated method into what the native side takes, as the operation's row says. Anything that
 * could not be sent as it was meant is refused here or in the core, before a byte leaves.
 */

import { ConfigError } from './errors.js'
import type { Progress } from './events.js'
import type { FormField } from './files.js'
import { listen } from './hub.js'
import { toJson } from './json.js'
import type { NativeBody } from './native.js'
import { callOptions, type CallOptions } from './options.js'

/** Where an argument travels, and what is known about it. */
export interface OperationField {
  readonly in: 'query' | 'header' | 'body' | 'whole' | 'script'
  /** The name on the wire, where it differs. */
  readonly wire?: string
  readonly required?: true
  readonly nullable?: true
  /** A list: in a query its items are sent one by one under the same name. */
  readonly list?: true
  /** A query parameter that a body with fields repeats. */
  readonly alsoInBody?: true
  /** A file, or a list of files. */
  readonly file?: true
}

/** What a generated method knows about its operation. */
export interface Operation {
  readonly id: string
  /** Names of the path parameters, in the order of the path. */
  readonly path?: readonly string[]
  readonly fields?: Readonly<Record<string, OperationField>>
  /** The body goes as a multipart form. */
  readonly form?: true
}

/** A request for the native side. */
export interface Packed {
  readonly operation: string
  readonly parameters: string | null
  readonly body: NativeBody
  /** The fields of a form, whose files are still to be prepared. */
  readonly form: FormField[] | null
  /** The listener that is told the progress of an upload, 0 for none. */
  readonly listener: number
}

type Wire = string | number | bigint | boolean | null | { json: string }

/** Packs a call of an operation in the table. */
export function pack(
  operation: Operation,
  bound: Readonly<Record<string, unknown>>,
  args: Readonly<Record<string, unknown>>,
  params: object | undefined,
  options: CallOptions | undefined,
): Packed {
  const path = operation.path?.map((name) =>
    pathValue(operation, name, Object.hasOwn(args, name) ? args[name] : bound[name]),
  )
  if (!operation.fields && !operation.form && params === undefined) {
    const { set, listener } = withListener(options)
    return { operation: operation.id, parameters: parametersJson(path, [], [], set), body: null, form: null, listener }
  }
  const fields = collect(operation, args, params)
  const query: [string, Wire][] = []
  const headers: [string, Wire][] = []
  const body: Record<string, unknown> = {}
  const form: FormField[] = []
  let packed: NativeBody | undefined
  let hasBody = false
  for (const [name, field] of Object.entries(operation.fields ?? {})) {
    if (field.in === 'body') hasBody = true
    if (!fields.has(name)) continue
    const value = fields.get(name)
    const wire = field.wire ?? name
    if (field.in === 'query' || field.in === 'header') {
      const to = field.in === 'query' ? query : headers
      if (field.list && Array.isArray(value))
        for (const item of value) to.push([wire, wireValue(operation, name, item)])
      else to.push([wire, wireValue(operation, name, value)])
      if (field.alsoInBody) body[wire] = value
    } else if (field.in === 'script') packed = { script: scriptValue(operation, value) }
    else if (field.in === 'whole') packed = { json: toJson(value, name) }
    else if (operation.form) form.push({ name: wire, value, file: field.file === true })
    else body[wire] = value
  }
  if (operation.form) for (const [name, value] of Object.entries(body)) form.push({ name, value, file: false })
  else if (packed === undefined && hasBody) packed = { json: toJson(body, 'params') }
  const { set, listener } = withListener(options)
  return {
    operation: operation.id,
    parameters: parametersJson(path, query, headers, set),
    body: packed ?? null,
    form: operation.form ? form : null,
    listener,
  }
}

/** Call options for the native side, which knows a callback by its number. */
function withListener(options: CallOptions | undefined): {
  set: Record<string, unknown> | undefined
  listener: number
} {
  const set = callOptions(options)
  const onProgress = options?.onProgress
  if (!onProgress) return { set, listener: 0 }
  const listener = listen((json) => {
    onProgress(JSON.parse(json) as Progress)
  })
  return { set: { ...set, progress: listener }, listener }
}

/** The arguments that were given, after a look at their names, at null, and at what is missing. */
function collect(
  operation: Operation,
  args: Readonly<Record<string, unknown>>,
  params: object | undefined,
): Map<string, unknown> {
  const known = operation.fields ?? {}
  const given = new Map<string, unknown>()
  if (
    params !== undefined &&
    (typeof params !== 'object' || (params as object | null) === null || Array.isArray(params))
  ) {
    throw new ConfigError(
      `${operation.id}: the parameters must be one object, such as { ${Object.keys(known).join(', ')} }.`,
    )
  }
  for (const [name, value] of [...Object.entries(args), ...Object.entries(params ?? {})] as [string, unknown][]) {
    const field = Object.hasOwn(known, name) ? known[name] : undefined
    if (!field) {
      if (Object.hasOwn(args, name)) continue
      const names = Object.keys(known).join(', ') || 'none'
      throw new ConfigError(`${operation.id} has no parameter ${JSON.stringify(name)}. Its parameters: ${names}.`)
    }
    if (value === undefined) continue
    if (value === null && !field.nullable && field.in !== 'whole') {
      throw new ConfigError(
        `${operation.id}: ${name} cannot be null. Leave it out (undefined) when there is nothing to send.`,
      )
    }
    given.set(name, value)
  }
  const script = given.has('xanoscript') && known.xanoscript?.in === 'script'
  for (const [name, field] of Object.entries(known)) {
    const body = field.in === 'body' || field.in === 'whole'
    if (script && body && given.has(name)) {
      throw new ConfigError(`${operation.id}: xanoscript is sent alone; ${name} cannot go with it.`)
    }
    if (field.required && !given.has(name) && !(script && body)) {
      throw new ConfigError(`${operation.id}: ${name} is missing.`)
    }
  }
  return given
}

function pathValue(operation: Operation, name: string, value: unknown): string | number | bigint {
  if (typeof value === 'string' || typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  const found = value === undefined ? 'missing' : value === null ? 'null' : `of the type ${typeof value}`
  throw new ConfigError(`${operation.id}: ${name} is ${found}. Give a text or a number.`)
}

function wireValue(operation: { id: string }, name: string, value: unknown): Wire {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'bigint':
      if (BigInt.asIntN(64, value) === value) return value
      break
    case 'number':
      if (Number.isFinite(value)) return value
      break
    case 'object':
      if (value === null) return null
      if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
      return { json: toJson(value, name) }
  }
  throw new ConfigError(`${operation.id}: ${name} is ${String(value)}, which cannot be sent.`)
}

function scriptValue(operation: Operation, value: unknown): string {
  if (typeof value === 'string') return value
  throw new ConfigError(`${operation.id}: xanoscript must be text.`)
}

function parametersJson(
  path: readonly Wire[] | undefined,
  query: [string, Wire][],
  headers: [string, Wire][],
  options: Record<string, unknown> | undefined,
  raw?: [string, string],
): string | null {
  if (!path && !query.length && !headers.length && !options && !raw) return null
  return toJson({ path, query, headers, options, raw }, 'parameters')
}

/** Parameters and body of a request that the table does not know. */
export interface RawParams {
  /** Query parameters; an array is sent item by item, an object as JSON. */
  query?: Readonly<Record<string, unknown>> | undefined
  /** A JSON body. */
  json?: unknown
  /** XanoScript, sent raw. */
  xanoscript?: string | undefined
  /** Any bytes, with {@link RawParams.contentType}. */
  body?: Uint8Array | string | undefined
  /** The media type of {@link RawParams.body}. Default: `application/octet-stream`. */
  contentType?: string | undefined
}

const RAW = ['query', 'json', 'xanoscript', 'body', 'contentType']

/** Packs a call of any path. */
export function packRaw(method: string, path: string, params: RawParams, options: CallOptions | undefined): Packed {
  if (typeof method !== 'string' || typeof path !== 'string') {
    throw new ConfigError("request takes a method and a path, such as request('GET', '/workspace/1').")
  }
  for (const name of Object.keys(params)) {
    if (!RAW.includes(name))
      throw new ConfigError(`request has no ${JSON.stringify(name)}. Known are ${RAW.join(', ')}.`)
  }
  const bodies = [params.json, params.xanoscript, params.body].filter((body) => body !== undefined)
  if (bodies.length > 1) throw new ConfigError('request takes one of json, xanoscript and body, not several.')
  const query: [string, Wire][] = []
  for (const [name, value] of Object.entries(params.query ?? {})) {
    if (value === undefined) continue
    for (const item of (Array.isArray(value) ? value : [value]) as unknown[]) {
      query.push([name, wireValue({ id: 'request' }, name, item)])
    }
  }
  let body: NativeBody = null
  if (params.json !== undefined) body = { json: toJson(params.json, 'json') }
  else if (params.xanoscript !== undefined) body = { script: params.xanoscript }
  else if (params.body !== undefined) {
    body = {
      bytes: Buffer.from(params.body as Uint8Array),
      contentType: params.contentType ?? 'application/octet-stream',
    }
  }
  const { set, listener } = withListener(options)
  const parameters = parametersJson(undefined, query, [], set, [method, path])
  return { operation: '', parameters, body, form: null, listener }
}
