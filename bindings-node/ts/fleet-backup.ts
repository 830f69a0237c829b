/**
 * Backups that are checked before they count: making, verifying, keeping and restoring them.
 */

import { fileURLToPath } from 'node:url'

import { ConfigError } from './errors.js'
import { readFailure, type FleetFailure } from './fleet-estate.js'
import type { NativeFleet } from './native.js'
import { collect, type Kind } from './options.js'
import type { Resource } from './resource.js'
import { Places, run, type TaskOptions } from './tasks.js'

/** How a backup is made: an archive that the server exports, or a logical one of schemas, records and scripts. */
export type BackupKind = 'archive' | 'logical'

/** How to make a backup. */
export interface BackupOptions extends TaskOptions {
  /** The folder, made when it does not exist. Default: `backups`. */
  to?: string | URL | undefined
  /** Encrypts it: an archive by the server, a logical backup here. Default: not encrypted. */
  password?: string | undefined
  /** Default: an archive where the server exports one, and a logical backup where it refuses to. */
  kind?: BackupKind | 'auto' | undefined
}

/** Which backups of a workspace stay once a new good one exists. The newest always does; one number has to be above 0. */
export interface Keep {
  /** The newest so many. */
  last?: number | undefined
  /** Of each of the latest so many days (UTC) that have any, the newest. */
  daily?: number | undefined
  /** Of each of the latest so many weeks (UTC, from Monday) that have any, the newest. */
  weekly?: number | undefined
}

/** How to back up a fleet. */
export interface FleetBackupOptions extends BackupOptions {
  /** Which older backups stay. Default: all. What this library did not make, or is no longer good, is never removed. */
  keep?: Keep | undefined
  /** Workspaces at once. Default: 4. */
  concurrency?: number | undefined
  /** Called with each backup as it is done. */
  onBackup?: ((backup: Backup) => unknown) | undefined
}

/** What the manifest of a backup says of it. */
export interface BackupManifest {
  /** The name of the file. */
  file: string
  /** How it was made. */
  kind: BackupKind
  /** When it was begun, RFC 3339 in UTC. */
  created_at: string
  /** The name of the instance. */
  instance: string
  /** Base of the instance's API. */
  base_url: string
  /** The workspace. */
  workspace: { id: number; name: string }
  /** The branch whose logic is in it; null where the server did not say which one is live. */
  branch: string | null
  /** Bytes of the file. */
  size: number
  /** The hash of the file. */
  sha256: string
  /** Whether it is encrypted. */
  encrypted: boolean
  /** What was looked at before it counted: all of it, or the length alone where the server encrypted it. */
  checked: 'contents' | 'size'
  /** The tables of a logical backup, with their records by data source. */
  tables: { name: string; records: Record<string, number> }[] | null
  /** Whether a logical backup holds the scripts. */
  scripts: boolean | null
  /** What is not in it, or why it is of this kind. */
  warnings: string[]
  /** The version of the library that made it. */
  tool: string
  /** Files in it, bytes that it unpacks to, and the hash of their names and sizes; null where it could not be looked into. */
  members: { count: number; bytes: number; sha256: string } | null
}

/** A backup that is whole, checked and on the disk. */
export interface Backup extends BackupManifest {
  /** Its file. */
  path: string
  /** Its manifest. */
  manifest_path: string
  /** How long it took. */
  seconds: number
}

/** What can be wrong with a backup. */
export type BackupTrouble =
  | 'truncated'
  | 'changed'
  | 'not_an_archive'
  | 'encrypted'
  | 'not_encrypted'
  | 'wrong_password'
  | 'unsafe'
  | 'contents'
  | 'manifest_missing'
  | 'manifest_damaged'
  | 'file_missing'
  | 'unreadable'

/** A file that was looked at. */
export interface BackupFile {
  /** The file; the manifest where there is only that. */
  path: string
  /** How it is; `encrypted` is what was stored byte for byte, but not looked into, and `stray` is no backup. */
  state: 'good' | 'encrypted' | 'bad' | 'stray'
  /** What is wrong, for programs. */
  trouble: BackupTrouble | null
  /** What is wrong, or what was not looked at, as a sentence. */
  reason: string | null
  /** Its manifest, where it has one that reads. */
  manifest: BackupManifest | null
}

/** What came of looking at backups. */
export interface BackupVerification {
  /** Whether every backup is good, and there is one at least. */
  ok: boolean
  /** What was looked at. */
  path: string
  /** Every file, by its name. */
  files: BackupFile[]
  /** Backups that are good, those included that are encrypted. */
  good: number
  /** Backups that are not. */
  bad: number
  /** Files that are no backups. */
  stray: number
  /** How long it took. */
  seconds: number
}

/** What became of the backups of a fleet. */
export interface FleetBackup {
  /** Whether every workspace has a new good backup and nothing else went wrong. */
  ok: boolean
  /** The new backups. */
  done: Backup[]
  /** What failed: `at` is an instance, `instance/workspace`, or the path of an old backup that is no longer good. */
  failures: FleetFailure[]
  /** Old backups that the rule let go. */
  removed: { path: string; instance: string; workspace: string }[]
  /** How long it took. */
  seconds: number
}

/** How to restore a backup. */
export interface RestoreOptions extends TaskOptions {
  /** The exact name of the workspace that is overwritten. Without it nothing is done. */
  confirm: string
  /** The folder for the backup of what is there. Default: where the file is. null: none is made, and what is overwritten is gone. */
  safety?: string | URL | null | undefined
  /** What the backup was encrypted with. The safety backup is encrypted with it too. */
  password?: string | undefined
  /**
   * For a logical backup, only these tables, each with the name that it gets: `{ order: 'orders_old' }` puts it beside the
   * living one, `{ order: 'order' }` goes over it.
   */
  tables?: Record<string, string> | undefined
}

/** A table that was restored. */
export interface RestoredTable {
  /** Its name in the backup. */
  name: string
  /** Its name in the workspace. */
  restored_as: string
  /** Whether it was made; otherwise it was there and was overwritten. */
  made: boolean
  /** Records that were restored, by data source; empty for an archive, which the server unpacks unseen. */
  records: Record<string, number>
  /** Records that were refused. */
  failed: number
  /** The first of them. */
  failures: { row: number; column: string | null; reason: string; record: string | null }[]
}

/** What was restored, and what was not. */
export interface BackupRestored {
  /** Whether everything that the backup holds was restored: every row, and the scripts where it has them. */
  ok: boolean
  /** The backup. */
  path: string
  /** How it was made. */
  kind: BackupKind
  /** The instance that it was restored into. */
  instance: string
  /** The name of the workspace that it was restored into. */
  workspace: string
  /** The branch that the logic went into. */
  branch: string | null
  /** The backups of what was there before. */
  safety: string[]
  /** The tables. */
  tables: RestoredTable[]
  /** Whether the logic was restored; null where it was not to be. */
  scripts: boolean | null
  /** What the backup does not hold or the server did not take, as sentences. */
  not_restored: string[]
  /** Tables of the workspace that the backup does not hold; they are as they were. */
  left_alone: string[]
  /** What else there is to know. */
  warnings: string[]
  /** How long it took, safety backup included. */
  seconds: number
}

const MAKING = {
  to: 'path',
  password: 'text',
  kind: ['auto', 'archive', 'logical'],
  signal: 'signal',
  onProgress: 'function',
} satisfies Record<keyof BackupOptions, Kind>

const ALL = {
  ...MAKING,
  keep: 'data',
  concurrency: 'count',
  onBackup: 'function',
} satisfies Record<keyof FleetBackupOptions, Kind>

const KEEP = { last: 'count', daily: 'count', weekly: 'count' } satisfies Record<keyof Keep, Kind>

const VERIFYING = { password: 'text', signal: 'signal', onProgress: 'function' } as const

const RESTORING = {
  confirm: 'text',
  safety: 'path',
  password: 'text',
  tables: 'data',
  signal: 'signal',
  onProgress: 'function',
} satisfies Record<keyof RestoreOptions, Kind>

/** @internal Backs up a workspace, or one branch of its logic. */
export function create(place: Resource, options: BackupOptions = {}): Promise<Backup> {
  const { to, ...args } = collect(options, MAKING, 'The backup options')
  const places = new Places()
  return run<Backup>(
    'backup.create',
    { ...args, to: to === undefined ? undefined : path(to, 'to'), place: places.of(place, 'backup()') },
    { ...options, places },
  )
}

/** @internal Backs up every workspace of a fleet. */
export async function createAll(fleet: NativeFleet, options: FleetBackupOptions = {}): Promise<FleetBackup> {
  const { to, keep, ...args } = collect(options, ALL, 'The backup options')
  const rule = keep === undefined ? undefined : collect(keep as object, KEEP, 'keep')
  const { onBackup } = options
  const report = await run<FleetBackup & { failures: { at: string; error: unknown }[] }>(
    'backup.fleet',
    { ...args, to: to === undefined ? undefined : path(to, 'to'), keep: rule },
    { ...options, fleet, onFound: onBackup && ((found) => onBackup(found as Backup)) },
  )
  return { ...report, failures: report.failures.map(readFailure) }
}

/**
 * Looks at every backup in a folder and in the folders in it, or at one: is it still what was stored? Each is looked at against
 * its manifest (size, hash, members) and inside: the gzip stream to its trailer, the archive to its end, every row of a logical
 * backup. Nothing is changed, and nothing is sent.
 *
 * @param of - A folder, or the file or manifest of one backup.
 * @param options - The password opens logical backups that are encrypted; what a server encrypted is looked at from outside.
 * @throws {@link ConfigError} when there is nothing there, or it cannot be read.
 *
 * @example
 * ```ts
 * const found = await verify('backups')
 * if (!found.ok) console.error(found.files.filter((file) => file.state === 'bad'))
 * ```
 */
export function verify(
  of: string | URL,
  options: TaskOptions & { password?: string | undefined } = {},
): Promise<BackupVerification> {
  const args = collect(options, VERIFYING, 'The verify options')
  return run<BackupVerification>('backup.verify', { ...args, path: path(of, 'verify()') }, options)
}

/**
 * Restores a backup into a workspace, over what is there. Nothing happens before the name of the workspace was given, the backup
 * was found good, and what is there was backed up. An archive replaces everything in the workspace, every branch of it; a
 * logical backup replaces the tables that it holds, with their records and ids, and pushes the scripts.
 *
 * @param file - The file of the backup, or what `backup()` gave.
 * @param options - `into` is the workspace; with a branch of one, the scripts of a logical backup go there.
 * @throws {@link RefusedError} when the name is missing or wrong; {@link DecodeError} when the backup is not good. Nothing was
 *   done then. Other errors say what was done, what was not, and where the safety backup is.
 */
export function restore(
  file: string | URL | Backup,
  options: RestoreOptions & { into: Resource },
): Promise<BackupRestored> {
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw new ConfigError('restore() takes { into, confirm }.')
  }
  const { into, ...others } = options
  return restoreInto(into, file, others)
}

/** @internal The same, for a workspace. */
export function restoreInto(
  into: Resource,
  file: string | URL | Backup,
  options: RestoreOptions,
): Promise<BackupRestored> {
  const { safety, ...others } = options
  const { confirm = '', tables, ...args } = collect(others, RESTORING, 'The restore options')
  const fits = typeof tables === 'object' && tables !== null && !Array.isArray(tables)
  if (tables !== undefined && !(fits && Object.values(tables).every((name) => typeof name === 'string'))) {
    throw new ConfigError('The restore options: tables must be an object of texts.')
  }
  const places = new Places()
  const given: unknown = file instanceof URL || typeof file === 'string' ? file : (file as Backup | undefined)?.path
  return run<BackupRestored>(
    'backup.restore',
    {
      ...args,
      confirm,
      tables,
      // What is not said means beside the backup; null means that there be none.
      safety: safety === undefined ? undefined : safety === null ? false : path(safety, 'safety'),
      file: path(given, 'restore()'),
      into: places.of(into, 'restore()'),
    },
    { ...options, places },
  )
}

function path(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  if (value instanceof URL && value.protocol === 'file:') return fileURLToPath(value)
  throw new ConfigError(`${name} takes a path or a file: URL.`)
}
