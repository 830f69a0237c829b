//! What became of the rows.

use serde::{Deserialize, Serialize};

/// The result of a job. Counts are of rows, over all runs of a job that was resumed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct Report {
    /// Rows that were taken from the source.
    pub read: u64,
    /// Rows that were sent, each counted once, however often its batch went out.
    pub sent: u64,
    /// Rows that are new.
    pub inserted: u64,
    /// Rows that were changed.
    pub updated: u64,
    /// Rows that were deleted.
    pub deleted: u64,
    /// Rows that needed nothing: to be deleted or updated, but not there.
    pub skipped: u64,
    /// Rows that were refused, here or by the server.
    pub failed: u64,
    /// Rows written to a file, for an export.
    pub written: u64,
    /// Requests that were sent again.
    pub retried: u64,
    /// Bytes of rows that were sent or written.
    pub bytes: u64,
    /// Seconds, over all runs.
    pub seconds: f64,
    /// The rows that were refused, in their order; at most [`LoadOptions::max_failures`](super::LoadOptions).
    pub failures: Vec<Failure>,
}

/// One row that was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// Its place in the source, counted from 1; for CSV the header is not counted.
    pub row: u64,
    /// The column at fault, where it is one.
    pub column: Option<String>,
    /// Why.
    pub reason: String,
    /// The row as JSON text, where it could be written as such; shortened when it is very long, and with `…` in place of
    /// passwords and of values of sensitive columns.
    pub record: Option<String>,
}
