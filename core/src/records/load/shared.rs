//! What the parts of one job share, and how a request is made and its answer understood.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OnceCell;

use super::super::Records;
use super::super::check::Checker;
use super::super::job::Meter;
use super::super::options::{Action, LoadOptions};
use super::super::report::Failure;
use super::super::schema::Schema;
use super::batch::{Batch, claims};
use super::book::Book;
use super::evidence::Evidence;
use super::ledger::{Ledger, Tally};
use super::part::Part;
use super::split::Habits;
use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::request::Reply;

/// Requests for the same rows, after which a job gives up.
const ROUNDS: u32 = 10;

/// One job.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) records: Records,
    pub(super) options: LoadOptions,
    pub(super) schema: Arc<Schema>,
    pub(super) checker: Checker,
    pub(super) evidence: Evidence,
    pub(super) book: Book,
    pub(super) meter: Arc<Meter>,
    pub(super) identified: Identified,
    pub(super) habits: Habits,
    /// Rows taken from the source.
    pub(super) read: AtomicU64,
    /// Bytes in one request at most; less than asked for when the server takes less.
    pub(super) batch_bytes: AtomicUsize,
    /// Places of columns of which the server says that their values are unique. Asked for when first needed.
    pub(super) unique: OnceCell<Vec<usize>>,
    /// A few of the first rows that were stored with their ids, until what they became is looked at.
    pub(super) sample: Mutex<Option<Sample>>,
}

/// Rows with the ids they were given, as JSON texts.
pub(super) type Sample = Vec<(String, String)>;

/// By what an inserted row is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identified {
    /// Its id, which it brings.
    ByIds,
    /// Its id, which the loader makes: a UUID.
    ByMadeIds,
    /// A key, or the numbers that the server gives.
    Otherwise,
}

/// How a request ended that is not the end of the job.
#[derive(Debug)]
pub(super) enum Answer {
    Done(Box<Reply>),
    /// The server refuses the content; nothing was changed, as far as servers keep to that.
    Refused(Error),
    /// The server may have done it.
    Unknown(Error),
}

/// A batch with what is still to be done for it.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) batch: Batch,
    /// The next one is the last.
    pub(super) parts: Vec<Part>,
    /// What it has counted, apart from rows that were refused before they were sent.
    pub(super) tally: Tally,
    /// It went out in an earlier run, and nobody knows what became of it.
    pub(super) resumed: bool,
    /// The row at which a job that stops at bad rows has to stop, with the server's words where it was the server's.
    pub(super) bad: Option<(Failure, Option<Error>)>,
    /// Ids of the records that the rows mean, as JSON texts, as far as they were looked up.
    pub(super) targets: HashMap<usize, String>,
    /// Rows of an upsert that were to be added by a request that was not answered.
    pub(super) maybe_added: HashSet<usize>,
}

impl Work {
    /// What must not be under way twice, as hashes.
    pub(super) fn claims(&self) -> impl Iterator<Item = u64> {
        self.batch.rows.iter().flat_map(|row| claims(&row.checked))
    }
}

/// How far a batch came.
#[derive(Debug)]
pub(super) enum End {
    Done,
    /// What became of a part can only be found out when nothing is under way.
    Lost(Part),
    /// The job is to stop at a row.
    Bad,
}

impl Load {
    /// Makes a call that changes records. An error ends the job.
    pub(super) async fn post(&self, operation: &str, body: Vec<u8>) -> Result<Answer, Error> {
        let request = self.records.request(operation)?.body(Body::Json(Bytes::from(body)));
        match self.records.connection.call(request).await {
            Ok(reply) => {
                self.count_retries(reply.attempts.saturating_sub(1));
                Ok(Answer::Done(Box::new(reply)))
            }
            Err(error) => {
                self.count_retries(error.attempts().saturating_sub(1));
                if error.kind() == ErrorKind::Cancelled {
                    Err(error)
                } else if error.outcome_unknown() {
                    Ok(Answer::Unknown(error))
                } else if self.speaks_of_rows(&error) {
                    Ok(Answer::Refused(error))
                } else {
                    Err(error)
                }
            }
        }
    }

    /// Whether a refusal is about what was sent, and not about the call as such.
    fn speaks_of_rows(&self, error: &Error) -> bool {
        let about_rows = match error.param() {
            None => matches!(error.status(), Some(400 | 409 | 413 | 422)),
            Some(param) => {
                let is_ours = ["items", "row_ids", "updates"]
                    .iter()
                    .any(|ours| param.starts_with(ours));
                let first = param.split(['.', '[']).next().unwrap_or(param);
                let is_column = |name: &str| self.schema.column(name).is_some();
                is_ours || is_column(first) || param.split(", ").all(is_column)
            }
        };
        about_rows && matches!(error.status(), Some(400 | 409 | 413 | 422 | 500..))
    }

    pub(super) fn count_retries(&self, retries: u32) {
        if retries > 0 {
            self.book.with(|ledger| ledger.retried += u64::from(retries));
        }
    }

    /// Waits before a part goes out again, longer each time.
    ///
    /// # Errors
    /// `last`, when it was tried often enough.
    pub(super) async fn pause(&self, part: &Part, last: impl FnOnce() -> Error) -> Result<(), Error> {
        if part.rounds >= ROUNDS {
            return Err(last().with_hint(format!(
                "The same rows were sent {ROUNDS} times. Try again later, or with smaller batches."
            )));
        }
        self.count_retries(1);
        let pause = self.records.connection.client().inner.backoff.pause(part.rounds);
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Gives the server time for what it may still be at.
    pub(super) async fn settle(&self) {
        tokio::time::sleep(self.settling()).await;
    }

    pub(super) fn settling(&self) -> Duration {
        Duration::from_secs_f64(self.options.settle)
    }

    /// Notes that rows go out, in the file if there is one. Answers the highest id from before they first did.
    pub(super) async fn intend(&self, work: &Work, before: Option<i64>) -> Result<Option<i64>, Error> {
        let after = self.book.with(|ledger| {
            let after = before.or(ledger.top);
            if let Some(note) = ledger.note(work.batch.first) {
                note.doubt = true;
                note.after = after;
            }
            after
        });
        self.book.save().await?;
        Ok(after)
    }

    /// Nothing of what went out is in doubt any more.
    pub(super) fn certain(&self, work: &Work) {
        self.book.with(|ledger| {
            if let Some(note) = ledger.note(work.batch.first) {
                note.doubt = false;
            }
        });
    }

    /// Counts rows that are done: `count` says as what. Sent rows are those that went to the server.
    pub(super) fn done(&self, work: &mut Work, places: &[usize], sent: bool, count: impl FnOnce(&mut Tally, u64)) {
        self.done_and(work, places, sent, count, |_| ());
    }

    /// The same with something else that the ledger is to learn at the same moment, so that no checkpoint has only one of it.
    pub(super) fn done_and(
        &self,
        work: &mut Work,
        places: &[usize],
        sent: bool,
        count: impl FnOnce(&mut Tally, u64),
        note: impl FnOnce(&mut Ledger),
    ) {
        let rows = places.len() as u64;
        let bytes = if sent { work.batch.bytes(places) } else { 0 };
        if sent {
            work.tally.sent += rows;
            work.tally.bytes += bytes;
        }
        count(&mut work.tally, rows);
        self.meter.add(rows, bytes);
        let numbers = work.batch.numbers(places);
        self.book.with(|ledger| {
            if let Some(note) = ledger.note(work.batch.first) {
                note.done.extend(&numbers);
                note.tally.clone_from(&work.tally);
            }
            note(ledger);
        });
    }

    /// Whether records are found by a key column.
    pub(super) fn key_place(&self) -> Option<usize> {
        let key = self.checker.key()?;
        self.schema.columns().iter().position(|column| column.name == key.name)
    }

    pub(super) fn is(&self, action: Action) -> bool {
        self.options.action == action
    }
}
