/**
 * Moving changes through environments: {@link deploy}, {@link resume}, {@link revert}, {@link deployment}. Field names are those
 * of the other languages in JavaScript's spelling; times of results are RFC 3339 text in UTC.
 */

import { ConfigError, errorFromNative, type XanoError } from './errors.js'
import { NATIVE, type Fleet } from './fleet.js'
import type { BranchHandle, WorkspaceHandle } from './generated/index.js'
import { collect, type Kind } from './options.js'
import { Places, run, type Decision, type Driving, type Question, type TaskOptions } from './tasks.js'

/** A workspace that gets the new version. */
export interface Stage {
  /** What it is called: `dev`, `staging`, `prod`. */
  name: string
  /** The workspace. A branch of it means that this one has to be live when the deployment begins. */
  place: WorkspaceHandle | BranchHandle
  /** Whether somebody has to say yes before anything is written to it, and again before it goes live. Default: false. */
  protected?: boolean | undefined
}

/**
 * Where the new version comes from: a branch, a workspace (its live branch), a folder of `*.xs` files, or the text of
 * XanoScript documents with a line `---` between them.
 */
export type DeploySource = WorkspaceHandle | BranchHandle | { folder: string } | { text: string }

/** Decides something; it may take its time. */
export type Decide = (question: Question) => Decision | Promise<Decision>

/** What a deployment asks and tells, and where it looks for protection. */
interface Common extends TaskOptions {
  /** Asked before a stage goes live; of protected stages also before anything is written. Without one the answer is no. */
  gate?: Decide | false | undefined
  /** A fleet whose protected environments make the stages on their instances protected. */
  fleet?: Fleet | undefined
  /** Milliseconds after which a lost answer is looked for a second time. Default: 1,000. */
  settle?: number | undefined
}

/** How to go on with a deployment. */
export interface ResumeOptions extends Common {
  /**
   * Your own test of each new branch; `about` of the question says where it is. What it throws is a reason why the branch is
   * not as it should be.
   */
  check?: Decide | undefined
  /** What encrypts the safety backups. It is not kept: resuming needs it again. */
  backupPassword?: string | undefined
  /** Called with each step when it begins and when it ends. */
  onStep?: ((step: DeploymentStepTold) => unknown) | undefined
}

/** How to take a deployment back. */
export interface RevertOptions extends Common {
  /** Whether the new branches stay. Default: as the deployment was told. */
  keepBranch?: boolean | undefined
}

/** How to deploy. */
export interface DeployOptions extends ResumeOptions {
  /** Only say what would be done. Default: true; nothing is written to any server. */
  dryRun?: boolean | undefined
  /** The journal's file, in a folder that exists. Default: the deployment's label with `.json`, in the current folder. */
  journal?: string | undefined
  /** Whether the unit tests and workflow tests of the new branch are run. Default: true. What they do is real. */
  tests?: boolean | undefined
  /** Whether a stage whose tests did not run, or that has none, fails. Default: false. */
  requireTests?: boolean | undefined
  /** The folder of the safety backups; false: none are made. Default: `backups`. */
  backups?: string | false | undefined
  /** Whether objects that the source lacks are deleted, apart from tables. Default: true. */
  delete?: boolean | undefined
  /** Whether tables that the source lacks are deleted as well, with their records. Default: false. */
  dropTables?: boolean | undefined
  /** Whether it may go on although records would lose values. Default: false. */
  allowLoss?: boolean | undefined
  /** Whether a source that is a place is compared with each stage thing by thing as well. Default: true. */
  compare?: boolean | undefined
  /** Whether the new branch stays when its stage failed, so that it can be looked at. Default: true. */
  keepBranch?: boolean | undefined
}

/** A step of a stage, in their order. */
export type DeploymentStepName =
  'preview' | 'approve' | 'backup' | 'branch' | 'push' | 'test' | 'check' | 'gate' | 'live' | 'verify'

/** How far a step is; `unknown`: it was begun, and it is not known whether it happened. */
export type DeploymentState = 'not_done' | 'unknown' | 'done' | 'skipped' | 'failed' | 'undone'

/** A step of a stage. */
export interface DeploymentStep {
  /** Which. */
  step: DeploymentStepName
  /** How far it is. */
  state: DeploymentState
  /** When that was written down. */
  at: string | null
  /** More about it: who said yes, why it failed, where the backup is. */
  note: string | null
}

/** A step as it is told while it happens. */
export interface DeploymentStepTold {
  /** The stage. */
  stage: string
  /** Which. */
  step: DeploymentStepName
  /** `begun`, or how it ended. */
  state: DeploymentState | 'begun'
  /** More about it. */
  note: string | null
}

/** A document that differs between the source and what is live. */
export interface DeploymentChange {
  /** `added`: the source has it, the stage has not. */
  change: 'added' | 'removed' | 'changed'
  /** The word its document begins with: `function`, `table`, `query`, … */
  kind: string
  /** Its name; endpoints with verb and group: `GET shop/product`. */
  name: string
}

/** What a stage would get, or got. */
export interface DeploymentPreview {
  /** Nothing differs: the stage has it all already. */
  equal: boolean
  /** What differs between the source and the live branch. */
  changes: DeploymentChange[]
  /** What the server's own dry run says it would do; null when it offers none. */
  server: { action: string; kind: string; name: string; details: string | null }[] | null
  /** The comparison thing by thing, as it is; null for other sources than a workspace or a branch. */
  comparison: Record<string, unknown> | null
  /** Tables that change for all branches at once, as soon as the source is pushed. */
  shared: string[]
  /** Tables that the source lacks and that stay. */
  kept: string[]
  /** What records would lose. */
  losses: string[]
}

/** A test that did not pass, or could not be run. */
export interface DeploymentTest {
  /** Which sort of test. */
  kind: 'unit' | 'workflow'
  /** Its name, or `all` where they could not even be listed. */
  name: string
  /** Why. */
  message: string
}

/** How the tests of a new branch went. */
export interface DeploymentTests {
  /** `none`: there are no tests. `not_run`: at least one could not be run here. */
  verdict: 'passed' | 'failed' | 'none' | 'not_run'
  /** How many passed. */
  passed: number
  /** Those that did not. */
  failed: DeploymentTest[]
  /** Those that could not be run, or listed. */
  notRun: DeploymentTest[]
}

/** A stage of a deployment. */
export interface DeploymentStage {
  /** Its name. */
  name: string
  /** The base URL of its instance. */
  instance: string
  /** The number of its workspace. */
  workspace: number
  /** The name of its workspace. */
  workspaceName: string
  /** Whether somebody is asked before anything is written to it. */
  protected: boolean
  /** The branch that was live before. */
  previous: string | null
  /** The new branch. */
  branch: string
  /** Whether the new branch is still there. */
  branchLeft: boolean
  /** Which of them is live; `other`: somebody else made a third one live. */
  live: 'previous' | 'new' | 'unknown' | 'other'
  /** What would change, and what did. */
  preview: DeploymentPreview | null
  /** The file of the safety backup. */
  backup: string | null
  /** How the tests went. */
  tests: DeploymentTests | null
  /** Its steps, in their order. */
  steps: DeploymentStep[]
}

/** A deployment: exactly what was done, and what was not. */
export interface Deployment {
  /** It is complete, or reverted, or was only to be planned and can be done. */
  ok: boolean
  /** How it ended; `interrupted`: its process was killed, or is still at work. */
  outcome: 'planned' | 'complete' | 'failed' | 'refused' | 'reverted' | 'interrupted'
  /** Its label, which is that of its branches. */
  label: string
  /** The journal's file; null for a dry run. */
  journal: string | null
  /** Whether a process is at work with it. */
  running: boolean
  /** How often it was gone on with. */
  resumed: number
  /** When it was begun. */
  createdAt: string
  /** When it was last written down. */
  updatedAt: string
  /** Where the new version comes from. */
  source: { kind: 'place' | 'text' | 'folder'; at: string; documents: number; sha256: string }
  /** The stages, in their order. */
  stages: DeploymentStage[]
  /** Why it did not go on. */
  trouble: { stage: string; step: DeploymentStepName; message: string; error: XanoError } | null
  /** What should be known besides. */
  warnings: string[]
  /** What was done: `prod: push`. */
  done: string[]
  /** What was not done, failed steps and those that were not wanted included. */
  notDone: string[]
  /** What was done and taken back. */
  undone: string[]
  /** What was begun and of which it is not known whether it happened. */
  unknown: string[]
  /** All of it for people, some lines a stage. */
  text: string
}

type Kinds<Options> = Record<keyof Options, Kind>

/** `fleet` and `gate` are looked at where they are used: they are no plain values. */
const COMMON: Kinds<Common> = {
  gate: 'data',
  fleet: 'data',
  settle: 'ms',
  signal: 'signal',
  onProgress: 'function',
}
const RESUME: Kinds<ResumeOptions> = { ...COMMON, check: 'function', backupPassword: 'text', onStep: 'function' }
const REVERT: Kinds<RevertOptions> = { ...COMMON, keepBranch: 'flag' }
const DEPLOY: Kinds<DeployOptions> = {
  ...RESUME,
  dryRun: 'flag',
  journal: 'text',
  tests: 'flag',
  requireTests: 'flag',
  backups: 'data',
  delete: 'flag',
  dropTables: 'flag',
  allowLoss: 'flag',
  compare: 'flag',
  keepBranch: 'flag',
}

/** Which options the engine takes as rules of the deployment. */
const RULES = ['tests', 'requireTests', 'backups', 'delete', 'dropTables', 'allowLoss', 'compare', 'keepBranch']

/**
 * Moves a version through stages, one after the other; unless told otherwise it only says what it would do.
 *
 * In every stage: a preview, a safety backup, a new branch (a clone of the live one) over which the source is written, tests,
 * your check, the gate, going live, and a last look. What fails puts the stage back to the version from before and ends the
 * deployment. A journal is written before and after every step, so a deployment that was killed is resumed or reverted.
 *
 * @example
 * ```ts
 * const plan = await deploy(dev.branch('next'), [{ name: 'prod', place: main, protected: true }])
 * console.log(plan.text)
 * ```
 *
 * @param source - A branch, a workspace, `{ folder }` or `{ text }`.
 * @param stages - Where it goes, in this order.
 * @param options - What it keeps to, whom it asks.
 * @returns What it came to. What fails on the way is in it and not thrown: look at `ok`.
 * @throws {@link ConfigError} when the source or a stage cannot be used; {@link RefusedError} when there is a journal with this
 * name already; other errors when a stage cannot be reached.
 */
export async function deploy(source: DeploySource, stages: Stage[], options: DeployOptions = {}): Promise<Deployment> {
  const set = collect(options, DEPLOY, 'The deploy options')
  const places = new Places()
  const rules: Record<string, unknown> = { check: options.check !== undefined, gate: options.gate !== false }
  const plain: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(set)) {
    if (RULES.includes(name)) rules[spelled(name)] = name === 'backups' && value === false ? null : value
    else if (!(name in COMMON)) plain[spelled(name)] = value
  }
  if (typeof rules.backups !== 'string' && rules.backups !== undefined && rules.backups !== null) {
    throw new ConfigError('The deploy options: backups must be a path, or false.')
  }
  const args = {
    source: spelledSource(source, places),
    stages: spelledStages(stages, places),
    options: { ...plain, ...settled(options), rules },
  }
  return read(await run('deploy.run', args, driving(places, options)))
}

/**
 * Goes on with a deployment that was killed, refused, or failed, from the step it had come to. What became of a step that was in
 * flight is looked up at the server. What the deployment keeps to and its source are those it was begun with.
 *
 * @param journal - The journal's file.
 * @param stages - The stages it was begun with, which bring the ways to their servers.
 * @param options - Whom it asks.
 * @throws {@link RefusedError} when the journal is in use, is of other stages, or of a deployment that was reverted.
 */
export async function resume(journal: string, stages: Stage[], options: ResumeOptions = {}): Promise<Deployment> {
  const { backupPassword } = collect(options, RESUME, 'The resume options')
  return again('deploy.resume', journal, stages, options, { backup_password: backupPassword })
}

/**
 * Takes a deployment back, however it ended: every stage runs the version from before again, the last stage first. What a push
 * did to tables stays, as tables belong to all branches; the deployment says so and names the backup.
 *
 * @param journal - The journal's file.
 * @param stages - The stages it was begun with.
 * @param options - Whom it asks of protected stages.
 * @throws {@link RefusedError} when the journal is in use, or is of other stages.
 */
export async function revert(journal: string, stages: Stage[], options: RevertOptions = {}): Promise<Deployment> {
  const { keepBranch } = collect(options, REVERT, 'The revert options')
  return again('deploy.revert', journal, stages, options, { keep_branch: keepBranch })
}

/**
 * How far a deployment is, from its journal alone; no server is asked.
 *
 * @param journal - The journal's file.
 * @throws {@link ConfigError} when there is no such file; {@link DecodeError} when it is no journal of a deployment.
 */
export async function deployment(journal: string): Promise<Deployment> {
  return read(await run('deploy.status', { journal: path(journal) }))
}

async function again(
  name: string,
  journal: string,
  stages: Stage[],
  options: ResumeOptions,
  own: Record<string, unknown>,
): Promise<Deployment> {
  const places = new Places()
  const args = {
    journal: path(journal),
    stages: spelledStages(stages, places),
    options: { ...own, ...settled(options) },
  }
  return read(await run(name, args, driving(places, options)))
}

/** The engine counts in seconds. */
function settled({ settle }: Common): { settle?: number } {
  return settle === undefined ? {} : { settle: settle / 1000 }
}

function path(journal: unknown): string {
  if (typeof journal !== 'string') throw new ConfigError('journal takes the path of a file.')
  return journal
}

function spelledSource(source: DeploySource, places: Places): Record<string, unknown> {
  const { folder, text } = source as { folder?: unknown; text?: unknown }
  if (typeof folder === 'string') return { folder }
  if (typeof text === 'string') return { text }
  return { place: places.of(source as WorkspaceHandle, 'source') }
}

function spelledStages(stages: Stage[], places: Places): unknown[] {
  if (!Array.isArray(stages)) throw new ConfigError('stages takes a list of { name, place }.')
  return stages.map((stage: Partial<Stage>) => {
    if (typeof stage.name !== 'string') throw new ConfigError('A stage takes a name, such as { name: "prod", place }.')
    if (stage.protected !== undefined && typeof stage.protected !== 'boolean') {
      throw new ConfigError(`Stage ${stage.name}: protected must be true or false.`)
    }
    const place = places.of(stage.place as WorkspaceHandle, `Stage ${stage.name}`)
    return { name: stage.name, place, protected: stage.protected ?? false }
  })
}

function driving(places: Places, options: ResumeOptions): Driving {
  const { check, gate, fleet, onStep } = options
  if (gate !== undefined && gate !== false && typeof gate !== 'function') {
    throw new ConfigError('gate must be a function, or false.')
  }
  return {
    places,
    signal: options.signal,
    onProgress: options.onProgress,
    fleet: fleet?.[NATIVE],
    onFound: (found) => {
      const { event, stage, step, state, note } = found as DeploymentStepTold & { event?: string }
      return event === 'step' ? onStep?.({ stage, step, state, note }) : undefined
    },
    ask: (question) => {
      if (question.kind === 'check' && check) return checked(check, question)
      if (question.kind === 'gate' && gate) return gate(question)
      return { yes: false, reason: `nobody was there to decide: no ${question.kind} was given` }
    },
  }
}

/** A test fails by throwing as well as by answering. */
async function checked(check: Decide, question: Question): Promise<Decision> {
  try {
    const answer: unknown = await check(question)
    if (answer === undefined)
      return { yes: false, reason: 'the check returned undefined, which is neither true nor false' }
    return answer as Decision
  } catch (error) {
    return { yes: false, reason: String(error) }
  }
}

/** `branch_left` as `branchLeft`; what other rooms made (a comparison, an error) stays as it is. */
function read(told: unknown): Deployment {
  const deployment = respelled(told) as Deployment
  const { trouble } = told as { trouble: { error: unknown } | null }
  if (deployment.trouble && trouble) {
    deployment.trouble.error = errorFromNative(JSON.stringify(trouble.error))
  }
  return deployment
}

function respelled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(respelled)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([name]) => name !== 'cloned' && name !== 'pushed')
  return Object.fromEntries(
    entries.map(([name, inner]) => [
      name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      name === 'comparison' ? inner : respelled(inner),
    ]),
  )
}

/** `requireTests` as `require_tests`. */
function spelled(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
