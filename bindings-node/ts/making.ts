/**
 * Behind the typed constructors (`Column.text('sku')`), `add`, which finds the operation for what they made, and `edit`.
 *
 * What was made is plain data like what was read, so it can be sent in a list of all columns, and `add` takes a column
 * that a listing gave as well. The rows that say which operation adds which kind are generated.
 */

import { ConfigError } from './errors.js'
import type { CallOptions } from './options.js'
import type { Operation } from './pack.js'
import { call, type Pager, type Resource } from './resource.js'

type Values = Record<string, unknown>

/**
 * Changes a draft in place, or returns another.
 *
 * @param draft - What was read, as far as it can be sent back.
 */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- most changes are made in place and return nothing
export type Change<D> = (draft: D) => D | undefined | void

/** An operation that adds a thing of a kind. */
export interface Maker {
  readonly operation: Operation
  /** The constructor, such as `Column.text`. */
  readonly name: string
  /** What `type` may say in a thing that this one adds. */
  readonly kinds: readonly string[]
  /** Fields of the thing whose parameter has another name. */
  readonly renamed?: Readonly<Record<string, string>>
}

/** A thing of fixed fields and what was given for the others. */
export function made<T>(base: Values, given: object = {}, renamed: Readonly<Record<string, string>> = {}): T {
  const value = { ...base }
  for (const [name, field] of Object.entries(given)) {
    if (field !== undefined) value[renamed[name] ?? name] = field
  }
  return value as T
}

/** Objects for items given in short: the first field alone as text, or both as a pair. */
export function items(given: readonly unknown[], first: string, second: string, usual?: unknown): unknown[] {
  return given.map((entry) => {
    if (typeof entry === 'string') {
      if (usual !== undefined) return { [first]: entry, [second]: usual }
      const shown = JSON.stringify(entry)
      throw new ConfigError(`${shown} needs its ${second} too: give a pair, [${shown}, …].`)
    }
    if (!Array.isArray(entry)) return entry
    if (entry.length !== 2) throw new ConfigError(`${JSON.stringify(entry)} is no pair of ${first} and ${second}.`)
    return { [first]: entry[0] as unknown, [second]: entry[1] as unknown }
  })
}

/** Adds a thing by the operation of its kind. */
export async function add<T>(
  resource: Resource,
  makers: readonly Maker[],
  value: object,
  options: CallOptions | undefined,
): Promise<T> {
  const [operation, params] = chosen(makers, value as Values)
  return call<T>(resource, operation, {}, params, options)
}

/** Reads a list, lets the caller change it, and sends it back whole. */
export async function editList<D, T>(
  read: Pager<unknown>,
  change: Change<D[]>,
  replace: (list: D[]) => Promise<T>,
): Promise<T> {
  const draft = (await read.all()) as D[]
  return replace(change(draft) ?? draft)
}

/** Reads the fields that an operation replaces together, lets the caller change them, and sends them back. */
export async function editFields<D extends object, T>(
  read: Promise<object>,
  fields: readonly string[],
  change: Change<D>,
  replace: (fields: D) => Promise<T>,
): Promise<T> {
  const found = await read
  const draft = Object.fromEntries(Object.entries(found).filter(([name]) => fields.includes(name))) as D
  return replace(change(draft) ?? draft)
}

function chosen(makers: readonly Maker[], value: Values): [Operation, Values] {
  if (typeof value !== 'object' || (value as object | null) === null || Array.isArray(value)) {
    throw new ConfigError(`add takes an object such as ${makers[0]?.name ?? ''}(…) makes.`)
  }
  const fitting = makers.filter((maker) => maker.kinds.includes(String(value.type)))
  const [kind] = fitting
  if (!kind) {
    const names = makers.map((maker) => maker.name).join(', ')
    throw new ConfigError(`add knows no type ${JSON.stringify(value.type)}. There are ${names}.`)
  }
  const lacking = (maker: Maker) => needed(maker).filter((name) => isNothing(value[name]))
  const [maker] = fitting
    .filter((candidate) => !lacking(candidate).length)
    .sort((a, b) => needed(b).length - needed(a).length)
  if (!maker) throw new ConfigError(`add: ${lacking(kind).join(', ')} is missing for ${kind.name}.`)
  const params: Values = {}
  for (const [name, given] of Object.entries(value)) {
    const parameter = maker.renamed?.[name] ?? name
    const field = maker.operation.fields?.[parameter]
    if (field) {
      if (!isNothing(given) || (given === null && field.nullable)) params[parameter] = given
    } else if (name !== 'type' && !saysNothing(given)) {
      throw new ConfigError(`add: ${maker.name} has no ${name}, so it cannot be added with it. Leave it out.`)
    }
  }
  return [maker.operation, params]
}

/** The fields of a thing that its operation needs. */
function needed(maker: Maker): string[] {
  const wires = Object.fromEntries(Object.entries(maker.renamed ?? {}).map(([field, name]) => [name, field]))
  return Object.entries(maker.operation.fields ?? {})
    .filter(([, field]) => field.required)
    .map(([name]) => wires[name] ?? name)
}

function isNothing(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

/** A listing has such values for fields that are not of the kind. */
function saysNothing(value: unknown): boolean {
  if (isNothing(value) || value === '' || value === false) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
