/**
 * Long work across instances, a step at a time: the engine works by itself and here its steps are taken, so that callbacks
 * run in JavaScript. Each room of the fleet (`fleet-backup.ts`, …) starts its tasks with {@link run} or {@link found}.
 *
 * Whatever ends a task before its time (an error of its own, of a callback, or an aborted signal), the engine has let go of
 * it when the promise settles: files are whole, and a journal can be taken up.
 */

import { decode } from './decode.js'
import { ConfigError } from './errors.js'
import { cancelled, guarded, nativeHub, submit } from './hub.js'
import { toJson } from './json.js'
import type { NativeClient, NativeConnection, NativeFleet, NativeTask } from './native.js'
import { BOUND, LINK, Resource } from './resource.js'

/** How far something is. */
export interface TaskProgress {
  /** What is being worked on, for people. */
  what: string
  /** Units that are done. */
  done: number
  /** Units in all; null where not known. */
  total: number | null
  /** What is counted, in the plural: `bytes`, `rows`, `tables`. */
  unit: string
}

/** Something that only the user can decide. */
export interface Question {
  /** `gate` (may it go on), `check` (the user's own test), or `confirm` (may something be overwritten). */
  kind: 'gate' | 'check' | 'confirm'
  /** The question as a sentence. */
  text: string
  /** What it is about, for programs. */
  about: Record<string, unknown>
}

/** A decision: whether to go on, and perhaps why not, or who said yes. */
export type Decision = boolean | { yes: boolean; reason?: string }

/** What a caller may give to long work. */
export interface TaskOptions {
  /** Gives the work up when aborted. */
  signal?: AbortSignal | undefined
  /** Called with how far it is; what it throws ends the work. */
  onProgress?: ((progress: TaskProgress) => unknown) | undefined
}

/** @internal What a room gives to its tasks. */
export interface Driving<Found = unknown> extends TaskOptions {
  client?: NativeClient | undefined
  fleet?: NativeFleet | undefined
  /** The places of the arguments. */
  places?: Places | undefined
  /** Called with each part of the result that is known already. */
  onFound?: ((found: Found) => unknown) | undefined
  /** Decides what is asked; without it every answer is no. */
  ask?: ((question: Question) => Decision | Promise<Decision>) | undefined
}

type Step =
  | ({ step: 'progress' } & TaskProgress)
  | { step: 'found'; found: unknown }
  | { step: 'warning'; message: string }
  | ({ step: 'ask'; number: number } & Question)
  | { step: 'done'; result: unknown }

/** @internal Collects the instances that the arguments of a task refer to by number. */
export class Places {
  readonly connections: NativeConnection[] = []

  /**
   * How arguments spell a workspace, or a branch of one.
   *
   * @param what - The name of the argument, for the error.
   */
  of(resource: Resource, what: string): { at: number; workspace: unknown; branch?: unknown } {
    const bound = resource instanceof Resource ? resource[BOUND] : {}
    const names = Object.keys(bound)
    const fits =
      names[0] === 'workspace_id' && (names.length === 1 || (names.length === 2 && names[1] === 'branch_label'))
    if (!fits) {
      throw new ConfigError(`${what} takes a workspace such as instance.workspace(1), or a branch of one.`)
    }
    const { workspace_id: workspace, branch_label: branch } = bound
    return { at: this.at(resource), workspace, ...(branch === undefined ? {} : { branch }) }
  }

  /** The number of a resource's connection. */
  at(resource: Resource): number {
    const known = this.connections.indexOf(resource[LINK])
    return known < 0 ? this.connections.push(resource[LINK]) - 1 : known
  }
}

/**
 * @internal Runs a task to its end.
 *
 * @param name - Its name, such as `backup.create`.
 * @param args - Its arguments, as the room reads them; what is undefined is left out.
 * @param driving - Handles, callbacks and signal.
 */
export async function run<Result>(name: string, args: object, driving: Driving = {}): Promise<Result> {
  const steps = drive(name, args, driving)
  for (;;) {
    const step = await steps.next()
    if (step.done) return step.value as Result
    await settled(driving.onFound?.(step.value), name, driving.signal)
  }
}

/**
 * @internal Loops over what a task finds, as it comes; leaving the loop gives the task up.
 *
 * @param read - Makes of each what the loop gives.
 */
export async function* found<Found>(
  name: string,
  args: object,
  driving: Driving,
  read: (found: unknown) => Found,
): AsyncGenerator<Found, void, undefined> {
  for await (const item of drive(name, args, driving)) yield read(item)
}

/** Yields what is found, returns the result, and gives the task up when it is left in any other way. */
async function* drive(name: string, args: object, driving: Driving): AsyncGenerator<unknown, unknown, undefined> {
  const { signal } = driving
  if (signal?.aborted) throw cancelled(signal, name, 0)
  const task = begin(name, args, driving)
  let ended = false
  try {
    for (;;) {
      const step = await next(task, name, signal)
      if (step.step === 'done') {
        ended = true
        return step.result
      }
      if (step.step === 'found') yield step.found
      else await settled(take(task, step, driving), name, signal)
    }
  } finally {
    if (!ended) {
      // An engine that was shut down has let go of it already.
      await submit((call) => {
        task.cancel(call)
      }).catch(() => undefined)
    }
  }
}

/** Waits for what a callback gave, but not longer than until the signal is aborted. */
async function settled(given: unknown, name: string, signal: AbortSignal | undefined): Promise<void> {
  if (!signal || !(given instanceof Promise)) {
    await given
    return
  }
  let stop: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(cancelled(signal, name, 0))
    }
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
  })
  try {
    await Promise.race([given, aborted])
  } finally {
    if (stop) signal.removeEventListener('abort', stop)
  }
}

function begin(name: string, args: object, { client, fleet, places }: Driving): NativeTask {
  const json = toJson(args, name)
  return guarded(() => {
    const task = nativeHub().task()
    if (client) task.withClient(client)
    if (fleet) task.withFleet(fleet)
    for (const connection of places?.connections ?? []) task.withConnection(connection)
    task.start(name, json)
    return task
  })
}

async function next(task: NativeTask, name: string, signal: AbortSignal | undefined): Promise<Step> {
  const delivery = await submit(
    (call) => {
      task.next(call)
    },
    signal,
    name,
  )
  return decode<Step>(delivery, name)
}

async function take(
  task: NativeTask,
  step: Exclude<Step, { step: 'found' | 'done' }>,
  driving: Driving,
): Promise<void> {
  if (step.step === 'warning') {
    process.emitWarning(step.message, 'XanoMetadataWarning')
  } else if (step.step === 'progress') {
    const { what, done, total, unit } = step
    await driving.onProgress?.({ what, done, total, unit })
  } else {
    const { number, kind, text, about } = step
    const given: unknown = await driving.ask?.({ kind, text, about })
    const { yes, reason } = decided(given)
    guarded(() => task.answer(number, yes, reason ?? null))
  }
}

function decided(given: unknown): { yes: boolean; reason?: string } {
  if (given === undefined) return { yes: false, reason: 'nobody was there to decide' }
  if (typeof given === 'boolean') return { yes: given }
  if (typeof given !== 'object' || given === null || !('yes' in given) || typeof given.yes !== 'boolean') {
    throw new ConfigError('A decision is true, false, or { yes, reason }.')
  }
  return given as { yes: boolean; reason?: string }
}
