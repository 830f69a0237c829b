//! What reading, loading, exporting and copying can be told. All of it has defaults, and all of it can be read from JSON,
//! which is how the language faces hand it over; a name that does not exist is refused.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::value::RawValue;

/// In what order a read goes through a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By id, in ranges side by side: no row that exists throughout the read is missed or repeated, whatever others do.
    /// Where ids are UUIDs: page by page with a check on totals, read again where they disagree.
    #[default]
    Stable,
    /// By page, in the order of `sort`: what others insert and delete meanwhile shifts the pages.
    Pages,
}

/// How to read.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadOptions {
    /// Conditions as the API has them. Default: every record.
    pub search: Option<Box<RawValue>>,
    /// Order as the API has it; only with [`Order::Pages`].
    pub sort: Option<Box<RawValue>>,
    /// Default: stable.
    pub order: Order,
    /// Records in one request, 1 to 10,000. Default: 1,000, a few hundred kilobytes of JSON; larger pages spend fewer
    /// requests where those are rationed.
    pub page_size: u32,
    /// Pages on their way or waiting to be looked at. Default: 12, which hides a round trip of 60 ms and holds a few
    /// megabytes; 1 reads one after the other.
    pub prefetch: usize,
    /// Ends the read after so many records. Default: none.
    pub limit: Option<u64>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            search: None,
            sort: None,
            order: Order::Stable,
            page_size: 1000,
            prefetch: 12,
            limit: None,
        }
    }
}

/// What a load does with each row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Adds it.
    #[default]
    Insert,
    /// Changes the record with its id, or with its value in the key column; columns left out keep their values.
    Update,
    /// Changes it where it exists, adds it where it does not.
    Upsert,
    /// Deletes the record with its id, or with its value in the key column.
    Delete,
}

impl Action {
    /// Its name as options have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Upsert => "upsert",
            Self::Delete => "delete",
        }
    }
}

/// What a refused row does to the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// Ends the job with an error that names it. What was sent before stays.
    #[default]
    Stop,
    /// Good rows go on; refused ones come back in the report.
    Collect,
}

/// How to load.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoadOptions {
    /// Default: insert.
    pub action: Action,
    /// A column with unique values by which records are found, instead of `id`. An insert uses it to find out what became
    /// of rows whose answer got lost; a unique index that every row fills is used for that unasked.
    pub key: Option<String>,
    /// Whether inserted rows keep the `id` they bring. Default: not said; then a row with an `id` is refused.
    pub keep_ids: Option<bool>,
    /// Rows in one request at most. Default: 500.
    pub batch_rows: usize,
    /// Bytes of rows in one request at most. Default: 1 MiB. A single row may be larger, up to `max_row_bytes`.
    pub batch_bytes: usize,
    /// Bytes of one row at most. Default: 10 MiB.
    pub max_row_bytes: usize,
    /// Requests under way at once. Default: 8.
    pub concurrency: usize,
    /// Default: stop.
    pub on_error: OnError,
    /// Refused rows after which a collecting job stops as well. Default: 1,000.
    pub max_failures: usize,
    /// A file that lets a killed job go on where it was. Default: none. Removed when the job is done.
    pub checkpoint: Option<PathBuf>,
    /// Seconds to wait before looking up what became of a request whose answer got lost, since the server may still be at
    /// it. Default: 1.
    pub settle: f64,
    /// Rows the source is expected to have, for progress. Default: not known.
    pub total: Option<u64>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            action: Action::Insert,
            key: None,
            keep_ids: None,
            batch_rows: 500,
            batch_bytes: 1 << 20,
            max_row_bytes: 10 << 20,
            concurrency: 8,
            on_error: OnError::Stop,
            max_failures: 1000,
            checkpoint: None,
            settle: 1.0,
            total: None,
        }
    }
}

/// The format of a file of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A JSON object on each line; `.ndjson`, `.jsonl`.
    Ndjson,
    /// Comma-separated values with a header, UTF-8; `.csv`. Null is an empty field, empty text a pair of quotation marks,
    /// lists and objects are JSON text.
    Csv,
}

/// How to write a file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExportOptions {
    /// What is read, and how.
    pub read: ReadOptions,
    /// Default: by the end of the file's name.
    pub format: Option<Format>,
}

/// How to copy a table's records to another.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CopyOptions {
    /// What is read, and how.
    pub read: ReadOptions,
    /// How it is written. `keep_ids` not said means: new ids.
    pub load: LoadOptions,
    /// Whether the table is made, by the schema and the indexes of the source, when it does not exist. Default: no.
    pub create: bool,
}
