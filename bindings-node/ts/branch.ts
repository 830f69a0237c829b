/**
 * What a branch can do beyond its operations: jobs that take many calls. The generated `BranchHandle` extends this.
 *
 * Each method hands on to the room of its job (`fleet-compare.ts`, …), which is loaded when it is first called.
 */

import type { Backup, BackupOptions } from './fleet-backup.js'
import type { CompareOptions, Comparison } from './fleet-compare.js'
import { Resource } from './resource.js'

/** The jobs of a branch. */
export class BranchResource extends Resource {
  /**
   * What differs on the way from this to `other`: what it has more, what it lacks, and what is not the same. A workspace
   * stands for its live branch.
   *
   * @param other - A workspace, or a branch of one.
   * @param options - What is compared, and how much of a diff is kept.
   * @throws {@link ConfigError} when a place does not exist, or options do not go together.
   */
  async compare(other: Resource, options?: CompareOptions): Promise<Comparison> {
    const room = await import('./fleet-compare.js')
    return room.compare(this, other, options)
  }

  /**
   * Backs up the workspace: the logic of one branch, all tables, all records of all data sources. The file and its manifest
   * appear whole and checked or not at all. Where the server exports no archive, as on free plans, a logical backup is made,
   * and a warning tells.
   *
   * @param options - The folder, the password, and how it is made.
   * @throws {@link DecodeError} when what the server sent is no good archive. In no case is there a file after an error.
   */
  async backup(options?: BackupOptions): Promise<Backup> {
    const room = await import('./fleet-backup.js')
    return room.create(this, options)
  }
}
