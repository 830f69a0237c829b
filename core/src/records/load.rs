//! Loading: rows in, each of them once.
//!
//! Rows are checked, packed into batches and sent, several batches side by side. Writing is not idempotent, so what makes
//! the difference is what happens when something goes wrong:
//!
//! - **An answer got lost** (timeout, cut connection, a gateway's page, a killed process). The rows are looked for before
//!   they are sent again: by the ids they brought, or that the loader made (UUIDs); by the key column, or a unique index
//!   that every row fills; otherwise among the ids that came up since (`fate.rs`). Where looking cannot tell, the job stops
//!   and says which rows it is about.
//! - **The server refuses a batch.** It is split until the bad rows are known (`split.rs`). With `on_error` "collect" the
//!   good ones are stored and the bad ones told. With "stop" no further batch is
//!   begun; what was under way ends, and the report says what is stored. A row that is found bad here stops the job before
//!   its batch is sent.
//! - **The process dies.** The checkpoint says what was done and what was under way (`ledger.rs`, `checkpoint.rs`); the next
//!   run passes over the one and looks for the other.
//!
//! The parts: `supply.rs` makes batches of the source, `course.rs` sends them and settles what became of them, `insert.rs`,
//! `change.rs` and `upsert.rs` know the requests, `look.rs` the searches.

mod batch;
mod book;
mod change;
mod checkpoint;
mod course;
mod evidence;
mod fate;
mod insert;
mod ledger;
mod lock;
mod look;
mod lost;
mod made_id;
mod part;
mod ranges;
mod shared;
mod shown;
mod split;
mod supply;
mod trail;
mod upsert;

use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex};

use serde_json::Value as Json;
use tokio::sync::{OnceCell, mpsc};

use super::Records;
use super::check::Checker;
use super::job::{Job, Meter};
use super::options::{Action, LoadOptions};
use super::report::Report;
use super::schema::{Kind, Schema};
use super::source::Source;
use crate::error::Error;
use crate::runtime;
use book::Book;
#[cfg(feature = "fuzzing")]
pub use checkpoint::checkpoint_for_fuzzing;
use checkpoint::{Checkpoint, Identity, Left};
use course::Course;
use evidence::Evidence;
use ledger::Ledger;
use made_id::job_name;
use shared::{Identified, Load};
use split::Habits;
use supply::supply;

impl Records {
    /// Loads rows that are handed over by [`Job::feed`] until [`Job::end_feed`].
    ///
    /// Scope: Workspace Content: Create, Update or Delete, by the action; Read, to look up records and what became of rows;
    /// Workspace Database: Read for the columns.
    ///
    /// # Errors
    /// `config_error` when the options cannot be used. Everything else comes from [`Job::wait`].
    pub fn load(&self, options: LoadOptions) -> Result<Job, Error> {
        check(&options)?;
        let records = self.clone();
        Job::start(|feed, meter| {
            meter.set_total(options.total);
            run(records, options, feed, meter)
        })
    }
}

/// Loads the rows of a source and says what became of them. Dropping it gives the job up; a checkpoint stays usable.
pub(crate) async fn run(
    records: Records,
    options: LoadOptions,
    source: impl Source,
    meter: Arc<Meter>,
) -> Result<Report, Error> {
    check(&options)?;
    meter.set_total(options.total);
    let load = match prepare(records, options, meter).await {
        Ok(load) => Arc::new(load),
        Err(error) => return Err(error.with_report(Report::default())),
    };
    let report = {
        let (sender, receiver) = mpsc::channel(1);
        let course = Course::new(Arc::clone(&load)).run(receiver);
        let supplying = supply(&load, source, sender);
        let (mut course, mut supplying) = (std::pin::pin!(course), std::pin::pin!(supplying));
        let mut supplied = false;
        loop {
            tokio::select! {
                biased;
                report = &mut course => break report?,
                () = &mut supplying, if !supplied => supplied = true,
            }
        }
    };
    match Arc::into_inner(load) {
        Some(load) => load.book.close().map_err(|error| error.with_report(report.clone()))?,
        None => return Err(Error::internal("A batch is still under way after the end.").with_report(report)),
    }
    Ok(report)
}

/// Refuses options that make no sense.
pub(super) fn check(options: &LoadOptions) -> Result<(), Error> {
    let wrong = |what: &str| Err(Error::config(format!("{what} Nothing was sent.")));
    match options {
        LoadOptions { batch_rows: 0, .. } => wrong("batch_rows must be at least 1."),
        LoadOptions { batch_bytes: 0, .. } => wrong("batch_bytes must be at least 1."),
        LoadOptions { concurrency: 0, .. } => wrong("concurrency must be at least 1."),
        LoadOptions { settle, .. } if !(0.0..=3600.0).contains(settle) => {
            wrong("settle must be a number of seconds from 0 to 3600.")
        }
        _ => Ok(()),
    }
}

/// Reads what has to be known before the first row: columns, the checkpoint, the highest id.
async fn prepare(records: Records, options: LoadOptions, meter: Arc<Meter>) -> Result<Load, Error> {
    let schema = Arc::new(records.schema().await?);
    let checker = Checker::new(Arc::clone(&schema), &options)?;
    let identified = identified(&schema, &options);
    let (file, left) = take_checkpoint(&records, &options).await?;
    let (job, mut ledger) = match left {
        Some(Left { job, ledger }) => (job, ledger),
        None => (job_name()?, Ledger::default()),
    };
    meter.resume_at(ledger.rows());
    let needs_top = options.action == Action::Insert && identified == Identified::Otherwise && ledger.top.is_none();
    let load = Load {
        evidence: Evidence::new(Arc::clone(&schema)),
        batch_bytes: AtomicUsize::new(options.batch_bytes),
        book: Book::new(std::mem::take(&mut ledger), job, file),
        habits: Habits::default(),
        read: AtomicU64::new(0),
        unique: OnceCell::new(),
        sample: Mutex::new(None),
        records,
        options,
        schema,
        checker,
        meter,
        identified,
    };
    if needs_top {
        let top = load.highest_id().await?;
        load.book.with(|ledger| ledger.top = Some(top));
    }
    // That the file can be written is better known before anything is sent.
    load.book.save().await?;
    Ok(load)
}

fn identified(schema: &Schema, options: &LoadOptions) -> Identified {
    let makes_ids = schema.column("id").is_some_and(|id| id.kind == Kind::Uuid);
    match (options.action, options.keep_ids) {
        (Action::Insert, Some(true)) => Identified::ByIds,
        (Action::Insert, _) if makes_ids => Identified::ByMadeIds,
        _ => Identified::Otherwise,
    }
}

async fn take_checkpoint(
    records: &Records,
    options: &LoadOptions,
) -> Result<(Option<Checkpoint>, Option<Left>), Error> {
    let Some(path) = options.checkpoint.clone() else {
        return Ok((None, None));
    };
    let reply = records.connection.call(records.about_table("get")?).await?;
    let table: Json = reply.json()?;
    let text = |value: Option<&Json>| match value {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let identity = Identity {
        origin: records.connection.resolve().await?,
        table: text(table.get("id")),
        table_name: text(table.get("name")),
        data_source: records.data_source().to_owned(),
        action: options.action.name().to_owned(),
        key: options.key.clone(),
        keep_ids: options.keep_ids,
    };
    let taking = runtime::blocking(move || Checkpoint::take(&path, identity));
    let taken = taking.await.map_err(|panic| Error::internal(panic.to_string()))?;
    taken.map(|(checkpoint, left)| (Some(checkpoint), left))
}
