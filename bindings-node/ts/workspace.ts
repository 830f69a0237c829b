/**
 * What a workspace can do beyond its operations: jobs that take many calls. The generated `WorkspaceHandle` extends this.
 *
 * Each method hands on to the room of its job (`fleet-backup.ts`, …), which is loaded when it is first called.
 */

import { Resource } from './resource.js'

/** The jobs of a workspace. */
export class WorkspaceResource extends Resource {}
