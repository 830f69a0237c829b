/**
 * Selling install tokens of snippets, and never one twice: `xano.shop('shop.db')`. Field names are those of the other languages
 * in JavaScript's spelling; times of results are RFC 3339 text in UTC.
 */

import { ConfigError } from './errors.js'
import { readFailure, respelled, type FleetFailure } from './fleet-estate.js'
import type { NativeClient } from './native.js'
import { collect, type Kind } from './options.js'
import { run, type TaskOptions } from './tasks.js'

/** How a shop works. */
export interface ShopOptions {
  /** Milliseconds for which a sale under way holds its token. Default: 60,000. */
  hold?: number | undefined
  /** Milliseconds after which a request without an answer counts as left behind. Default: 600,000. */
  stale?: number | undefined
}

/** What is for sale. */
export interface TierOptions {
  /** Last part of the snippet's public address. */
  snippet: string
  /** Installs that a buyer gets, at least 1. */
  installs: number
  /** The price in words, such as `29 EUR`. */
  price?: string | undefined
  /** The price in the smallest unit of its currency, for sums. */
  priceMinor?: number | undefined
  /** What a buyer is told, with `{buyer}`, `{token}` and other names in braces. Default: a short text with link and token. */
  instructions?: string | undefined
  /** Gives it up when aborted. */
  signal?: AbortSignal | undefined
}

/** A tier, and what there is of it. */
export interface ShopTier {
  /** Its name. */
  name: string
  /** Last part of the snippet's public address. */
  snippet: string
  /** Installs that a buyer gets. */
  installs: number
  /** The price in words. */
  price: string | null
  /** The price in the smallest unit of its currency. */
  priceMinor: number | null
  /** What a buyer is told; null for the usual text. */
  instructions: string | null
  /** The snippet's name, as the server told when the tier was set. */
  title: string
  /** Who could install the snippet then; tokens only count where it is `token`. */
  installAccess: string
  /** Tokens that can be sold at once. Tiers with the same snippet and as many installs share them. */
  ready: number
  /** Tokens that are held for sales under way. */
  reserved: number
  /** Tokens that cannot be sold: somebody used or changed them before they were. */
  setAside: number
  /** Sales that stand. */
  sold: number
}

/** What came of issuing tokens ahead. */
export interface ShopIssued {
  /** The tier. */
  tier: string
  /** Whether as many were made as were asked for. */
  ok: boolean
  /** How many were made. */
  issued: number
  /** How many of the tier are ready now. */
  ready: number
  /** What went wrong. */
  failures: FleetFailure[]
}

/** A purchase. */
export interface SellOptions {
  /** Who buys, in your words, at most 500 characters. */
  buyer: string
  /** Your own id of the purchase, such as an invoice or a payment: the same order again returns the same sale. */
  order?: string | undefined
  /** Whether a token is made when none is ready. Default: true. */
  issue?: boolean | undefined
  /** Gives it up when aborted. */
  signal?: AbortSignal | undefined
}

/** Where a sale is in its life: under way, sold, taken back, or come to nothing. */
export type SaleState = 'pending' | 'sold' | 'revoked' | 'refunded' | 'abandoned'

/** Which sales. */
export interface SalesOptions {
  /** Only this one, by its id or its order. */
  sale?: ShopSale | string | undefined
  /** Only those of this tier. */
  tier?: string | undefined
  /** Only those to this buyer. */
  buyer?: string | undefined
  /** Only those in this state. */
  state?: SaleState | undefined
  /** Gives it up when aborted. */
  signal?: AbortSignal | undefined
}

/** The fields of a sale that may be shown to anybody. */
export interface ShopSaleFields {
  /** Its id, made by the shop. */
  id: string
  /** The seller's own id of the purchase. */
  order: string | null
  /** The name of its tier. */
  tier: string
  /** Last part of the snippet's public address. */
  snippet: string
  /** Who bought it. */
  buyer: string
  /** Installs that it allows, with what was added later. */
  installs: number
  /** Installs used when the shop last looked. */
  used: number
  /** The price when it was sold, in words. */
  price: string | null
  /** The price when it was sold, in the smallest unit. */
  priceMinor: number | null
  /** Where it is in its life. */
  state: SaleState
  /** First characters of its token, to tell tokens apart. */
  masked: string | null
  /** When it was begun. */
  begunAt: string
  /** Until when a pending sale holds its token. */
  heldUntil: string
  /** When the server last said that nobody had used the token before it was sold. */
  checkedAt: string | null
  /** When it was sold. */
  soldAt: string | null
  /** When it was revoked, refunded or abandoned. */
  endedAt: string | null
  /** Why it ended, when that was said. */
  note: string | null
  /** The errand that is changing it right now, by its id. */
  errand: string | null
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging, @typescript-eslint/no-empty-object-type -- the constructor sets these
export interface ShopSale extends ShopSaleFields {}

/**
 * A sale. Printed, or written as JSON, it shows its token masked; `token` and `instructions` are for the buyer, and never part of
 * what is printed.
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- as above
export class ShopSale {
  /** Whether the order had been sold before, and nothing was sold now. Told by `sell`. */
  readonly again?: boolean
  readonly #token: string | null
  readonly #instructions: string | null

  /** @internal Made by a shop. */
  constructor(told: ToldSale) {
    const { token, instructions, ...fields } = told
    Object.assign(this, respelled(fields))
    this.#token = token ?? null
    this.#instructions = instructions ?? null
  }

  /** The install token: what the buyer gets. Told by `sell`, and by `sales({ reveal: true })`; null elsewhere. */
  get token(): string | null {
    return this.#token
  }

  /** What to tell the buyer, with the token. Told by `sell`; empty when the sale does not stand any more. */
  get instructions(): string | null {
    return this.#instructions
  }
}

/** The usage of a sale. */
export interface ShopUse extends ShopSaleFields {
  /** Installs that are left. */
  left: number
  /** Whether the token is on the server; null when it could not be asked. */
  onServer: boolean | null
}

/** How far buyers have used what they bought. */
export interface ShopUsage {
  /** Whether every snippet could be asked. */
  ok: boolean
  /** Each sale. */
  sales: ShopUse[]
  /** Installs that were sold. */
  installs: number
  /** Installs that were used. */
  used: number
  /** Installs that are left. */
  left: number
  /** The snippets that could not be asked; their sales show what was last known. */
  failures: FleetFailure[]
}

/** What was put in order between the ledger and the server. */
export interface ShopReconciled {
  /** Whether everything could be looked at and settled. */
  ok: boolean
  /** Pending sales that were ended because their seller did not come back; what they held is for sale again. */
  released: number
  /** Tokens that were found on the server after their answers had been lost. */
  found: number
  /** Revocations, refunds and top ups that were left behind, and were brought to their end. */
  settled: number
  /** Tokens that were ready and are not fit to be sold: used, changed or deleted on the server. */
  setAside: number
  /** Tokens on the server that this shop did not make, and leaves alone. */
  foreign: number
  /** What the owner should look at: sales whose token is gone or was changed on the server. */
  notes: string[]
  /** What could not be looked at or settled. */
  failures: FleetFailure[]
}

/** A line of the journal: what became of what, and when. */
export interface ShopEntry {
  /** When. */
  at: string
  /** What kind of thing. */
  about: 'tier' | 'token' | 'sale' | 'errand'
  /** Its name or id; of a token the first characters. */
  id: string
  /** Its state from then on. */
  state: string
  /** The sale it belongs to. */
  sale: string | null
  /** What else is to be said. */
  note: string | null
}

interface ToldSale extends Record<string, unknown> {
  token?: string | null
  instructions?: string
}
interface Failures {
  failures: { at: string; error: unknown }[]
}

const SHOP: Record<keyof ShopOptions, Kind> = { hold: 'ms', stale: 'ms' }
const TIER: Record<keyof TierOptions, Kind> = {
  snippet: 'text',
  installs: 'count',
  price: 'text',
  priceMinor: 'count',
  instructions: 'text',
  signal: 'signal',
}
const SELL: Record<keyof SellOptions, Kind> = { buyer: 'text', order: 'text', issue: 'flag', signal: 'signal' }
const SALES: Record<Exclude<keyof SalesOptions, 'sale'>, Kind> = {
  tier: 'text',
  buyer: 'text',
  state: 'text',
  signal: 'signal',
}

/**
 * A shop that sells install tokens of snippets, and never one twice. Its ledger is a SQLite file that any number of programs may
 * share, made for its owner alone, because install tokens are in it.
 */
export class Shop {
  readonly #client: NativeClient
  readonly #shop: object

  /** @internal Made by `xano.shop`. */
  constructor(client: NativeClient, ledger: string, options: ShopOptions) {
    if (typeof ledger !== 'string' || !ledger) throw new ConfigError('A shop takes the path of its ledger.')
    const spans = Object.entries(collect(options, SHOP, 'The shop options'))
    this.#client = client
    this.#shop = { ledger, ...Object.fromEntries(spans.map(([name, value]) => [name, (value as number) / 1000])) }
  }

  /**
   * Sets a tier: adds it, or changes the one of that name. What was sold stays as it was sold. When nothing changes, nothing is asked
   * of the server. Otherwise the snippet is read; a warning is emitted when it can be installed without a token.
   */
  async tier(name: string, options: TierOptions): Promise<ShopTier> {
    const { priceMinor, ...rest } = collect(options, TIER, 'The tier')
    return respelled(await this.#run('tier', { name, ...rest, price_minor: priceMinor }, options)) as ShopTier
  }

  /** The tiers, and what is ready and sold of each. Asks the ledger only. */
  async tiers(): Promise<ShopTier[]> {
    return respelled(await this.#run('tiers', {})) as ShopTier[]
  }

  /**
   * Makes install tokens ahead, so that a sale need not wait for the server to make one. A lost answer is settled by looking at the
   * server: a token is neither lost nor made twice.
   */
  async issue(tier: string, count: number, options: TaskOptions = {}): Promise<ShopIssued> {
    return read(await this.#run<Omit<ShopIssued, 'failures'> & Failures>('issue', { tier, count }, options))
  }

  /**
   * Sells one token of a tier, which is then this buyer's and nobody else's. The sale is in the ledger before the promise resolves.
   *
   * @throws {@link RefusedError} when no token is ready and none may be made, or the order was another purchase.
   * @throws {@link XanoError} when the server could not be asked. Nothing is sold then; try again with the same order.
   */
  async sell(tier: string, options: SellOptions): Promise<ShopSale> {
    const rest = collect(options, SELL, 'The purchase')
    return new ShopSale(await this.#run('sell', { tier, ...rest }, options))
  }

  /** What to tell the buyer of a sale that stands, with the token. */
  async instructions(sale: ShopSale | string): Promise<string> {
    return this.#run('instructions', { sale: which(sale) })
  }

  /** Sales, in the order in which they were begun; with `reveal` with their tokens. Asks the ledger only. */
  async sales(options: SalesOptions & { reveal?: boolean | undefined } = {}): Promise<ShopSale[]> {
    const told = await this.#run<ToldSale[]>('sales', filter(options, { reveal: 'flag' }), options)
    return told.map((sale) => new ShopSale(sale))
  }

  /** Asks the server how many installs of each sale are used and left. Without `state`, of the sales that stand. */
  async usage(options: SalesOptions = {}): Promise<ShopUsage> {
    const told = await this.#run<Omit<ShopUsage, 'failures'> & Failures>('usage', filter(options), options)
    const sales = told.sales.map((sale) => {
      const fields: Record<string, unknown> = { ...sale }
      delete fields.token
      return respelled(fields) as ShopUse
    })
    return { ...read(told), sales }
  }

  /** Revokes a sale: deletes its token. Installs that were made stay; `used` says how many. */
  async revoke(sale: ShopSale | string, options: { reason?: string } = {}): Promise<ShopSale> {
    return new ShopSale(
      await this.#run('revoke', { sale: which(sale), ...collect(options, { reason: 'text' }, 'Revoking') }),
    )
  }

  /** Refunds a sale: revokes it, and marks that the money is to be given back, which is your matter. */
  async refund(sale: ShopSale | string, options: { reason?: string } = {}): Promise<ShopSale> {
    return new ShopSale(
      await this.#run('refund', { sale: which(sale), ...collect(options, { reason: 'text' }, 'Refunding') }),
    )
  }

  /**
   * Adds installs to a sale that stands. A lost answer is settled by reading the token. The same `order` again adds nothing. An
   * install that is made within the few milliseconds of it is not counted; while a token is used up, none can be made.
   */
  async topUp(sale: ShopSale | string, options: { installs: number; order?: string }): Promise<ShopSale> {
    const rest = collect(options, { installs: 'count', order: 'text' }, 'The top up')
    return new ShopSale(await this.#run('top_up', { sale: which(sale), ...rest }))
  }

  /**
   * Compares the ledger with the server, and settles what was left behind by a crash or a lost answer. `alone` says that nobody else
   * is selling right now: whatever is under way was left behind, and is not waited for.
   */
  async reconcile(options: { alone?: boolean } = {}): Promise<ShopReconciled> {
    const args = collect(options, { alone: 'flag' }, 'Reconciling')
    return read(await this.#run<Omit<ShopReconciled, 'failures'> & Failures>('reconcile', args))
  }

  /** What happened, in its order; or what belongs to one sale. */
  async journal(sale?: ShopSale | string): Promise<ShopEntry[]> {
    return this.#run('journal', sale === undefined ? {} : { sale: which(sale) })
  }

  async #run<Result>(verb: string, args: object, { signal, onProgress }: TaskOptions = {}): Promise<Result> {
    return run<Result>(`shop.${verb}`, { shop: this.#shop, do: args }, { client: this.#client, signal, onProgress })
  }
}

function filter({ sale, ...rest }: SalesOptions, more: Record<string, Kind> = {}): object {
  const args = collect(rest, { ...SALES, ...more }, 'The choice of sales')
  return sale === undefined ? args : { sale: which(sale), ...args }
}

/** A sale as arguments spell it. */
function which(sale: ShopSale | string): string {
  if (typeof sale === 'string') return sale
  if (sale instanceof ShopSale) return sale.id
  throw new ConfigError('A sale is given by its id or its order, or as it was told.')
}

function read<Told extends Failures>(told: Told): Omit<Told, 'failures'> & { failures: FleetFailure[] } {
  const { failures, ...rest } = told
  return { ...(respelled(rest) as Omit<Told, 'failures'>), failures: failures.map(readFailure) }
}
