/**
 * Lists, page by page. A pager sends nothing until it is used; the engine finds the end of the list and fetches ahead.
 *
 * @example
 * ```ts
 * for await (const snippet of xano.snippets.list()) console.log(snippet.name) // every page
 * const first = await xano.snippets.list() // the first page
 * const all = await xano.snippets.list().all() // an array
 * ```
 */

import { inspect, type InspectOptions } from 'node:util'

import { decode } from './decode.js'
import { submit } from './hub.js'
import type { NativePages } from './native.js'

/** What the server says about a page; null where it does not say. */
interface PageMeta {
  page: number | null
  nextPage: number | null
  previousPage: number | null
  perPage: number | null
  total: number | null
  totalPages: number | null
}

/** One page of a list. It can be looped over, and has `length` and `at`. */
export class Page<T> implements Iterable<T>, PageMeta {
  /** The items. */
  readonly items: T[]
  /** The page's number. */
  readonly page: number | null
  /** The next page's number; null at the end, or where the server does not say. */
  readonly nextPage: number | null
  /** The previous page's number. */
  readonly previousPage: number | null
  /** The page size. */
  readonly perPage: number | null
  /** Items in the whole list. */
  readonly total: number | null
  /** Pages in the whole list. */
  readonly totalPages: number | null

  /** @internal */
  constructor(items: T[], meta: Partial<PageMeta>) {
    this.items = items
    this.page = meta.page ?? null
    this.nextPage = meta.nextPage ?? null
    this.previousPage = meta.previousPage ?? null
    this.perPage = meta.perPage ?? null
    this.total = meta.total ?? null
    this.totalPages = meta.totalPages ?? null
  }

  /** How many items are on this page. */
  get length(): number {
    return this.items.length
  }

  /**
   * The item at a place, counted from the end when negative.
   *
   * @param index - Its place, from 0.
   */
  at(index: number): T | undefined {
    return this.items.at(index)
  }

  /** The items, one after the other. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.items[Symbol.iterator]()
  }
}

/** @internal How a pager starts a walk. */
export interface Walk {
  readonly operation: string
  readonly signal: AbortSignal | undefined
  open(onlyFirst: boolean): NativePages
}

/**
 * A list that is fetched as far as it is used. `await` gives the first {@link Page}, `for await` every item. Each use
 * walks anew.
 */
export class Pager<T> implements PromiseLike<Page<T>>, AsyncIterable<T> {
  readonly #walk: Walk
  #first: Promise<Page<T>> | undefined

  /** @internal */
  constructor(walk: Walk) {
    this.#walk = walk
  }

  /** Makes `await pager` the first page. A pager asks for it once, however often it is awaited, until it has it. */
  then<A = Page<T>, B = never>(
    onFulfilled?: ((page: Page<T>) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#first ??= this.#firstPage().catch((error: unknown) => {
      this.#first = undefined
      throw error
    })
    return this.#first.then(onFulfilled, onRejected)
  }

  /** Handles the failure of the first page, as with a promise. */
  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<Page<T> | B> {
    return this.then(undefined, onRejected)
  }

  /** Runs when the first page is there or has failed, as with a promise. */
  finally(onFinally?: (() => void) | null): Promise<Page<T>> {
    return this.then().finally(onFinally)
  }

  /** Every page, fetched ahead of the loop. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    const pages = await this.#open(false)
    for (;;) {
      const page = await this.#next(pages)
      if (!page) return
      yield page
    }
  }

  /** Every item, in an array. */
  async all(): Promise<T[]> {
    const items: T[] = []
    for await (const page of this.pages()) for (const item of page.items) items.push(item)
    return items
  }

  /** Every item of every page. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) yield* page.items
  }

  /** What `console.log` shows; it does not ask the server. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Pager ${inspect({ operation: this.#walk.operation }, options)}`
  }

  async #firstPage(): Promise<Page<T>> {
    return (await this.#next(await this.#open(true))) ?? new Page<T>([], {})
  }

  #open(onlyFirst: boolean): Promise<NativePages> {
    return new Promise((resolve) => {
      resolve(this.#walk.open(onlyFirst))
    })
  }

  async #next(pages: NativePages): Promise<Page<T> | null> {
    const { operation, signal } = this.#walk
    const delivery = await submit(
      (call) => {
        pages.next(call)
      },
      signal,
      operation,
    )
    const meta = delivery[3]
    if (meta === undefined) return null
    return new Page(decode<T[]>(delivery, operation), JSON.parse(meta) as Partial<PageMeta>)
  }
}
