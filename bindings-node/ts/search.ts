/**
 * Searches that people can read. They compile to the API's own list of expressions, so that they go wherever a search
 * does, and so that raw expressions and these can stand side by side in one list.
 *
 * | operator | expression | documented by Xano |
 * | --- | --- | --- |
 * | `eq`, or the value itself | `{ column: value }` | yes |
 * | `gt`, `lt` | `{ 'column|>': value }` | yes |
 * | `in`, `notIn` | `{ 'column|not in': [value, …] }` | yes |
 * | `gte`, `lte`, `ne` | `{ 'column|>=': value }` | in use, not documented: a server may refuse them |
 *
 * @example
 * ```ts
 * const dear = where<Order>({ price: { gt: 70 }, status: { in: ['new', 'paid'] } })
 * for await (const order of records.iter<Order>({ search: dear.or({ vip: true }) })) …
 * await records.deleteWhere({ search: field('status').eq('void') })
 * ```
 */

import { ConfigError } from './errors.js'

/** One condition as the API has it, such as `{ 'price|>': 70 }`. */
export type Expression = Readonly<Record<string, unknown>>

/** A row of any table. */
export type AnyRow = Record<string, unknown>

/** The name of a column, or a place inside a JSON column: `address.city`. */
export type ColumnName<Row> = (keyof Row & string) | `${keyof Row & string}.${string}`

/** What a column's values can be compared with: timestamps with dates as well, a list with a value that it holds. */
export type Comparable<V> = V extends number | bigint
  ? number | bigint | Date
  : V extends readonly (infer Item)[]
    ? V | Comparable<Item>
    : V

/** Comparisons of one column; all of them must hold. */
export interface Operators<V> {
  /** Equal; null finds nulls. A list column equals a value that it holds. */
  readonly eq?: Comparable<V>
  /** Greater. */
  readonly gt?: NonNullable<Comparable<V>>
  /** Less. */
  readonly lt?: NonNullable<Comparable<V>>
  /** One of these. */
  readonly in?: readonly Comparable<V>[]
  /** None of these. */
  readonly notIn?: readonly Comparable<V>[]
  /** Greater or equal. In use, not documented by Xano: a server may refuse it. */
  readonly gte?: NonNullable<Comparable<V>>
  /** Less or equal. In use, not documented by Xano: a server may refuse it. */
  readonly lte?: NonNullable<Comparable<V>>
  /** Not equal. In use, not documented by Xano: a server may refuse it; `notIn` with one value is documented. */
  readonly ne?: Comparable<V>
}

type Plain<V> = unknown extends V
  ? V
  : Extract<Comparable<V>, Date | readonly unknown[] | bigint | number | string | boolean | null>

/** Conditions by column: a value to be equal to, or {@link Operators}. An object is compared by `{ eq: { … } }`. */
export type Conditions<Row> = {
  readonly [C in keyof Row & string]?: Plain<Row[C]> | Operators<Row[C]>
} & Readonly<Record<`${string}.${string}`, unknown>>

const SPELLING: Record<keyof Operators<unknown>, string> = {
  eq: '',
  gt: '>',
  lt: '<',
  in: 'in',
  notIn: 'not in',
  gte: '>=',
  lte: '<=',
  ne: '!=',
}

type Operator = keyof typeof SPELLING

interface Condition {
  readonly column: string
  readonly operator: string
  readonly value: unknown
}

/** Conditions joined by AND, and single ones behind them that are joined by OR. */
interface Parts {
  readonly all: readonly Condition[]
  readonly any: readonly Condition[]
}

/**
 * Conditions that records must meet: an array of the API's expressions that can be joined with others. It takes the place
 * of a search in `iter`, `search`, `updateWhere` and `deleteWhere`.
 */
export class Search<Row = AnyRow> extends Array<Expression> {
  readonly #parts: Parts

  /** @internal */
  constructor(parts: Parts) {
    super()
    this.#parts = parts
    for (const one of parts.all) this.push(expression(one, false))
    for (const one of parts.any) this.push(expression(one, true))
    Object.freeze(this)
  }

  /** @internal What `map` and its like make. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array
  }

  /**
   * Records that meet these conditions and the others.
   *
   * @param others - More conditions.
   * @throws {@link ConfigError} when one of the two has an `or`: Xano does not say which of the two binds tighter.
   */
  and(others: Search<Row> | Conditions<Row>): Search<Row> {
    const [mine, theirs] = [this.#parts, partsOf(others)]
    if (mine.any.length || theirs.any.length) {
      throw new ConfigError(
        'A search cannot ask for (a or b) and c: Xano does not say which of the two binds tighter. For several values ' +
          "of one column use in, as in where({ status: { in: ['a', 'b'] } }); otherwise make two searches.",
      )
    }
    return new Search({ all: [...mine.all, ...theirs.all], any: [] })
  }

  /**
   * Records that meet these conditions, or the others, or both.
   *
   * @param others - The alternative.
   * @throws {@link ConfigError} when both sides have several conditions: Xano does not say which of AND and OR binds
   * tighter, so they might find other records than meant.
   */
  or(others: Search<Row> | Conditions<Row>): Search<Row> {
    // The side with conditions joined by AND comes first: an OR behind them reads the same either way.
    const [first, second] = [this.#parts, partsOf(others)].sort((a, b) => b.all.length - a.all.length) as [Parts, Parts]
    if (second.all.length > 1) {
      throw new ConfigError(
        'A search cannot ask for (a and b) or (c and d): Xano does not say which of the two binds tighter. ' +
          'Make two searches.',
      )
    }
    return new Search({ all: first.all, any: [...first.any, ...second.all, ...second.any] })
  }

  /** @internal */
  static parts<Row>(search: Search<Row>): Parts {
    return search.#parts
  }
}

/** One column, to be compared. */
export interface Field<Row, V> {
  /** Equal; null finds nulls. A list column equals a value that it holds. */
  eq(value: Comparable<V>): Search<Row>
  /** Greater. */
  gt(value: NonNullable<Comparable<V>>): Search<Row>
  /** Less. */
  lt(value: NonNullable<Comparable<V>>): Search<Row>
  /** One of these. */
  in(values: readonly Comparable<V>[]): Search<Row>
  /** None of these. */
  notIn(values: readonly Comparable<V>[]): Search<Row>
  /** Greater or equal. In use, not documented by Xano: a server may refuse it. */
  gte(value: NonNullable<Comparable<V>>): Search<Row>
  /** Less or equal. In use, not documented by Xano: a server may refuse it. */
  lte(value: NonNullable<Comparable<V>>): Search<Row>
  /** Not equal. In use, not documented by Xano: a server may refuse it; `notIn` with one value is documented. */
  ne(value: Comparable<V>): Search<Row>
}

/**
 * Conditions on columns, joined by AND: `where({ price: { gt: 70 }, status: 'new' })`. With the type of a row, names and
 * values are checked: `where<Order>({ … })`.
 *
 * @param conditions - By column. A property that is undefined is refused: left out, it would find every record.
 * @throws {@link ConfigError} when a condition cannot be sent, or there is none.
 */
export function where<Row extends object = AnyRow>(conditions: Conditions<NoInfer<Row>>): Search<Row> {
  return new Search<Row>(partsOf(conditions))
}

/**
 * One column, to be compared: `field('price').gt(70)`. With the type of a row its name is checked: `field<Order>('price')`.
 *
 * @param column - Its name, or a place inside a JSON column: `address.city`.
 */
export function field<Row extends object = AnyRow, C extends ColumnName<Row> = ColumnName<Row>>(
  column: C,
): Field<Row, C extends keyof Row ? Row[C] : unknown> {
  const compare = (operator: Operator) => (value: unknown) =>
    new Search<Row>({ all: [condition(column, operator, value)], any: [] })
  const methods = (Object.keys(SPELLING) as Operator[]).map((operator) => [operator, compare(operator)])
  return Object.fromEntries(methods) as Field<Row, C extends keyof Row ? Row[C] : unknown>
}

function partsOf(given: object): Parts {
  if (given instanceof Search) return Search.parts(given as Search)
  if (!isPlain(given)) throw new ConfigError('A condition is an object such as { price: { gt: 70 } }.')
  const all = Object.entries(given).flatMap(([column, wanted]: [string, unknown]) => {
    if (!isPlain(wanted)) return [condition(column, 'eq', wanted)]
    const comparisons = Object.entries(wanted)
    if (!comparisons.length) throw new ConfigError(`${column} is compared with nothing: its operators are missing.`)
    return comparisons.map(([operator, value]) => condition(column, operator, value))
  })
  if (all.length) return { all, any: [] }
  throw new ConfigError('There is no condition. For every record, leave the search out.')
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function condition(column: string, operator: string, value: unknown): Condition {
  if (column === '' || column.includes('|')) throw new ConfigError(`${JSON.stringify(column)} is no name of a column.`)
  if (!Object.hasOwn(SPELLING, operator)) {
    const names = Object.keys(SPELLING).join(', ')
    throw new ConfigError(
      `${column}: there is no operator ${operator}. There are ${names}; an object is compared by eq.`,
    )
  }
  const list = operator === 'in' || operator === 'notIn'
  if (list && !Array.isArray(value)) throw new ConfigError(`${column}: ${operator} takes an array of values.`)
  const sent = list ? (value as unknown[]).map((item) => sendable(column, item)) : sendable(column, value)
  if (sent === null && operator !== 'eq' && operator !== 'ne') {
    throw new ConfigError(
      `${column}: nothing is ${SPELLING[operator as Operator]} null. Give a number, a text or a date.`,
    )
  }
  return { column, operator: SPELLING[operator as Operator], value: sent }
}

/** Times are compared as the milliseconds that the server stores. */
function sendable(column: string, value: unknown): unknown {
  const sent = value instanceof Date ? value.getTime() : value
  const odd =
    typeof sent === 'number' ? !Number.isFinite(sent) : ['undefined', 'function', 'symbol'].includes(typeof sent)
  if (odd) throw new ConfigError(`${column} cannot be compared with ${String(value)}.`)
  return sent
}

function expression({ column, operator, value }: Condition, or: boolean): Expression {
  const key = or ? `${column}|${operator}|or` : operator ? `${column}|${operator}` : column
  return { [key]: value }
}
