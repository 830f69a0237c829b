/**
 * Whole tables as data: what the generated `records` collections have besides their operations.
 */

import { Resource } from './resource.js'

/** Reading, loading and moving the records of a table. */
export class RecordsResource extends Resource {}
