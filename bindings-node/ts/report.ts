/**
 * What long work on records tells: how far it is, and what became of the rows.
 */

/** How far a job is. */
export interface JobProgress {
  /** Rows that are done with: stored, written, skipped or refused. */
  rows: number
  /** Bytes of rows that were sent or written. */
  bytes: number
  /** Rows in all; null where not known. */
  total: number | null
  /** Seconds since the job began. */
  seconds: number
  /** Rows a second, over the whole time of this run. */
  rate: number
  /** Seconds left, by the rate so far; null where the total is not known. */
  remaining: number | null
}

/** One row that was refused. */
export interface RowFailure {
  /** Its place in the source, counted from 1; for CSV the header is not counted. */
  row: number
  /** The column at fault, where it is one. */
  column: string | null
  /** Why. */
  reason: string
  /** The row as JSON text, where it could be written as such; shortened when it is very long. */
  record: string | null
}

/** The result of a job. Counts are of rows, over all runs of a job that was resumed. */
export interface LoadReport {
  /** Rows that were taken from the source. */
  read: number
  /** Rows that were sent, each counted once, however often its batch went out. */
  sent: number
  /** Rows that are new. */
  inserted: number
  /** Rows that were changed. */
  updated: number
  /** Rows that were deleted. */
  deleted: number
  /** Rows that needed nothing: to be deleted or updated, but not there. */
  skipped: number
  /** Rows that were refused, here or by the server. */
  failed: number
  /** Rows written to a file, for an export. */
  written: number
  /** Requests that were sent again. */
  retried: number
  /** Bytes of rows that were sent or written. */
  bytes: number
  /** Seconds, over all runs. */
  seconds: number
  /** The rows that were refused, in their order; at most `maxFailures`. */
  failures: RowFailure[]
}
