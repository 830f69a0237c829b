/**
 * What a branch can do beyond its operations: jobs that take many calls. The generated `BranchHandle` extends this.
 *
 * Each method hands on to the room of its job (`fleet-compare.ts`, …), which is loaded when it is first called.
 */

import { Resource } from './resource.js'

/** The jobs of a branch. */
export class BranchResource extends Resource {}
