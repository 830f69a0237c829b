/**
 * Jobs: long work that the engine does by itself, fed with rows where it takes some, watched, and ended early on request.
 *
 * Whatever ends a job before its time (an error of its own, of the source, or an aborted signal), the engine has let go of
 * it when the promise settles: the checkpoint is as it was left, and the source's iterator is closed.
 */

import { Cancelled, readReport } from './errors.js'
import { cancelled, guarded, submit } from './hub.js'
import type { NativeJob } from './native.js'
import type { JobOptions } from './record-options.js'
import type { JobProgress, LoadReport } from './report.js'
import { RowWriter } from './rows.js'

/** Rows as the language has them. */
export type RowSource = Iterable<unknown> | AsyncIterable<unknown>

const TELL_EVERY = 100

/**
 * Runs a job to its end.
 *
 * @param operation - What to call it in errors.
 * @param begin - Starts it.
 * @param options - How to watch it and to end it early.
 * @param source - The rows to feed it with, if it takes some.
 */
export async function run(
  operation: string,
  begin: () => NativeJob,
  { signal, onProgress }: JobOptions,
  source?: RowSource,
): Promise<LoadReport> {
  if (signal?.aborted) throw cancelled(signal, operation, 0)
  const job = guarded(begin)
  const stop = (): void => {
    job.cancel()
  }
  const tell = (): void => {
    if (onProgress) tellProgress(onProgress, job)
  }
  const timer = onProgress && setInterval(tell, TELL_EVERY).unref()
  signal?.addEventListener('abort', stop, { once: true })
  const outcome = submit(
    (call) => {
      job.wait(call)
    },
    undefined,
    operation,
  )
  // It is awaited below; until then its failure is known to the feeding alone.
  outcome.catch(() => undefined)
  try {
    if (source) await feed(job, source, outcome)
    return readReport(JSON.parse((await outcome)[3] ?? '{}') as LoadReport)
  } catch (error) {
    stop()
    await outcome.catch(() => undefined)
    const given = signal?.aborted && (error instanceof Cancelled || error === signal.reason)
    if (!given) throw error
    throw cancelled(signal, operation, 0, error instanceof Cancelled ? error.report : null)
  } finally {
    clearInterval(timer)
    signal?.removeEventListener('abort', stop)
    tell()
  }
}

function tellProgress(onProgress: (progress: JobProgress) => void, job: NativeJob): void {
  try {
    onProgress(JSON.parse(job.progress()) as JobProgress)
  } catch (error) {
    process.emitWarning(`A callback given to xano-metadata threw: ${String(error)}`, 'XanoMetadataWarning')
  }
}

/** Hands the rows over until the source or the job ends. */
async function feed(job: NativeJob, source: RowSource, outcome: Promise<unknown>): Promise<void> {
  const writer = new RowWriter()
  const flush = async (): Promise<boolean> => {
    if (writer.empty) return true
    const { text, refused } = writer.take()
    const delivery = await submit((call) => {
      job.feed(call, text, refused)
    })
    return delivery[3] === 'true'
  }
  const all =
    Symbol.asyncIterator in source
      ? await feedAsync(source, outcome, writer, flush)
      : await feedSync(source, writer, flush)
  if (all && (await flush())) job.endFeed()
}

async function feedSync(source: Iterable<unknown>, writer: RowWriter, flush: () => Promise<boolean>): Promise<boolean> {
  for (const row of source) {
    writer.add(row)
    // Leaving the loop closes the iterator.
    if (writer.full && !(await flush())) return false
  }
  return true
}

/**
 * The same for rows that are waited for. A job that ends while a row is waited for ends the waiting too: the source may
 * never give another one.
 */
async function feedAsync(
  source: AsyncIterable<unknown>,
  outcome: Promise<unknown>,
  writer: RowWriter,
  flush: () => Promise<boolean>,
): Promise<boolean> {
  const iterator = source[Symbol.asyncIterator]()
  let wake: ((over: null) => void) | undefined
  let over = false
  const end = (): void => {
    over = true
    wake?.(null)
  }
  outcome.then(end, end)
  for (;;) {
    const step = await new Promise<IteratorResult<unknown> | null>((resolve, reject) => {
      wake = resolve
      if (over) resolve(null)
      else Promise.resolve(iterator.next()).then(resolve, reject)
    })
    if (step?.done) return true
    if (step) writer.add(step.value)
    if (!step || (writer.full && !(await flush()))) {
      // One that is still being waited for closes when it can.
      const closed = Promise.resolve(iterator.return?.())
      if (step) await closed
      else closed.catch(() => undefined)
      return false
    }
  }
}
