/**
 * The way into the native side and back. A call gets a number; outcomes arrive in batches, one wake of the event loop
 * for all that are ready, and settle the promises waiting under their numbers.
 *
 * Nothing here keeps a process alive except calls in flight: while there are some, a timer that never fires is
 * referenced. An aborted signal rejects its call at once and drops the request on the native side.
 */

import { Cancelled, XanoError, errorFromNative } from './errors.js'
import { native, type Delivery, type NativeHub } from './native.js'
import type { LoadReport } from './report.js'

const LONG = 2 ** 30

/** The fields of a delivery among what {@link deliver} is told. */
const FIELDS = 5

let hub: NativeHub | undefined
let last = 0
let inFlight = 0
let keeper: NodeJS.Timeout | undefined
const waiting = new Map<number, (delivery: Delivery) => void>()
const listeners = new Map<number, (json: string) => void>()

/** The native side of this thread, made at first use. */
export function nativeHub(): NativeHub {
  if (!hub) {
    const addon = native()
    hub = new addon.NativeHub(deliver)
    // Loaded here, because it is the dearest part of a cold start that only imports the package.
    const { isMainThread } = require('node:worker_threads') as typeof import('node:worker_threads')
    if (isMainThread) {
      // Threads of the engine must be gone before the process tears its libraries down.
      process.once('exit', () => {
        addon.shutdown()
      })
    }
  }
  return hub
}

/** Runs a native function that does not wait; its complaints become errors of our classes. */
export function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw fromThrown(error)
  }
}

function fromThrown(error: unknown): Error {
  if (!(error instanceof Error)) return new XanoError(String(error))
  if (error instanceof XanoError) return error
  return error.message.startsWith('{') ? errorFromNative(error.message) : error
}

/**
 * Starts something that is answered later.
 *
 * @param begin - Starts it under the number it is given.
 * @param signal - Gives it up when aborted.
 * @param operation - What to call it in the error then.
 */
export async function submit(
  begin: (call: number) => void,
  signal?: AbortSignal,
  operation: string | null = null,
): Promise<Delivery> {
  if (signal?.aborted) throw cancelled(signal, operation, 0)
  const delivery = await outcome(begin, signal, operation)
  // Made here, after an await, the error's stack leads to the code that made the call.
  if (!delivery[1]) throw errorFromNative(delivery[3] ?? '{}')
  return delivery
}

function outcome(
  begin: (call: number) => void,
  signal: AbortSignal | undefined,
  operation: string | null,
): Promise<Delivery> {
  return new Promise((resolve, reject) => {
    last += 1
    const call = last
    try {
      begin(call)
    } catch (error) {
      reject(fromThrown(error))
      return
    }
    holdOpen(1)
    if (!signal) {
      waiting.set(call, resolve)
      return
    }
    const onAbort = (): void => {
      if (waiting.delete(call)) {
        hub?.cancel(call)
        reject(cancelled(signal, operation, 1))
      }
    }
    waiting.set(call, (delivery) => {
      signal.removeEventListener('abort', onAbort)
      resolve(delivery)
    })
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** The error of what ended because its signal was aborted. */
export function cancelled(
  signal: AbortSignal,
  operation: string | null,
  attempts: number,
  report: LoadReport | null = null,
): Cancelled {
  const where = operation === null ? '' : `${operation}: `
  const reason: unknown = signal.reason
  const detail = 'The call was given up because its signal was aborted.'
  return new Cancelled(`${where}${detail}`, { detail, operation, attempts, report }, reason)
}

function holdOpen(change: number): void {
  const before = inFlight
  inFlight += change
  if (before > 0 && inFlight > 0) return
  keeper ??= setInterval(() => undefined, LONG).unref()
  if (inFlight > 0) keeper.ref()
  else keeper.unref()
}

/** Takes the fields of one delivery after the other: as arguments they need no arrays, which are dear to make natively. */
function deliver(...told: Delivery[number][]): void {
  let ended = 0
  for (let at = 0; at < told.length; at += FIELDS) {
    const call = told[at] as number
    if (call <= 0) {
      tell(-call, told[at + 3] as string)
      continue
    }
    ended += 1
    const resolve = waiting.get(call)
    if (!resolve) continue
    waiting.delete(call)
    resolve(told.slice(at, at + FIELDS) as unknown as Delivery)
  }
  if (ended) holdOpen(-ended)
}

function tell(listener: number, json: string): void {
  try {
    listeners.get(listener)?.(json)
  } catch (error) {
    process.emitWarning(`A callback given to xano-metadata threw: ${String(error)}`, 'XanoMetadataWarning')
  }
}

/** Registers a callback for things that come without being asked for, such as events; returns its number. */
export function listen(callback: (json: string) => void): number {
  last += 1
  listeners.set(last, callback)
  return last
}

/** Takes a callback back. */
export function unlisten(listener: number): void {
  listeners.delete(listener)
}
