//! From the source to batches: check each row, close a batch when it is full, hand it over.
//!
//! One finished batch waits at most, so a source is asked for no more than the network takes. A job that goes on reads its
//! source from the beginning: what is done is only hashed, what was open is built again exactly as it was.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;

use super::super::options::OnError;
use super::super::report::Failure;
use super::super::rows::{Row, Trouble};
use super::super::source::Source;
use super::batch::{Batch, Sendable, claims, refused};
use super::ledger::Span;
use super::made_id::made_id;
use super::shared::{Identified, Load};
use super::trail::{Digest, Trail};
use crate::error::Error;

/// What comes out.
#[derive(Debug)]
pub(super) enum Supply {
    Batch(Batch),
    /// A batch of an earlier run of which it is not known what became.
    Resumed(Batch),
    /// Everything that an earlier run had begun has come by.
    CaughtUp,
    /// A row that ends the job.
    Bad(Failure),
    Failed(Error),
    End,
}

/// Nobody takes batches any more.
struct Gone;

enum Ending {
    End,
    Bad(Failure),
    Gone,
    Failed(Error),
}

impl From<Gone> for Ending {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// Reads the source to its end, or as long as somebody takes what comes out.
pub(super) async fn supply(load: &Load, mut source: impl Source, out: mpsc::Sender<Supply>) {
    let mut supplier = Supplier::new(load, &out);
    let ending = supplier.run(&mut source).await.err().unwrap_or(Ending::End);
    let last = match ending {
        Ending::End => Supply::End,
        Ending::Bad(failure) => Supply::Bad(failure),
        Ending::Failed(error) => Supply::Failed(error),
        Ending::Gone => return,
    };
    // Nobody may be there any more.
    let _ = out.send(last).await;
}

struct Supplier<'l> {
    load: &'l Load,
    out: &'l mpsc::Sender<Supply>,
    /// The row that was read last.
    number: u64,
    building: Batch,
    /// Ids and keys in it.
    claimed: HashSet<u64>,
    /// The hash over the source, for a checkpoint.
    trail: Option<Trail>,
    /// The hash over the rows of a span that is passed over.
    passed: Trail,
    /// Rows that an earlier run had done from the beginning, with the hash over them.
    mark: (u64, Digest),
    /// What an earlier run had begun beyond.
    spans: VecDeque<Span>,
    catching_up: bool,
}

impl<'l> Supplier<'l> {
    fn new(load: &'l Load, out: &'l mpsc::Sender<Supply>) -> Self {
        let trail = load.book.has_file().then(Trail::new);
        let (mark, spans) = load.book.with(|ledger| {
            let spans: VecDeque<Span> = ledger.spans().iter().cloned().collect();
            ((ledger.mark, ledger.digest), spans)
        });
        Self {
            load,
            out,
            number: 0,
            building: Batch::new(1, trail.as_ref()),
            claimed: HashSet::new(),
            trail,
            passed: Trail::new(),
            catching_up: mark.0 > 0 || !spans.is_empty(),
            mark,
            spans,
        }
    }

    async fn run(&mut self, source: &mut impl Source) -> Result<(), Ending> {
        self.notice_frontier().await?;
        while let Some(rows) = source.next(&self.load.schema).await.map_err(Ending::Failed)? {
            for row in rows.iter() {
                self.number += 1;
                self.load.read.store(self.number, Ordering::Relaxed);
                self.row(&row).await?;
            }
        }
        let wanted = self.spans.back().map_or(self.mark.0, |span| span.last);
        if self.number < wanted {
            return Err(Ending::Failed(other_source(&format!(
                "it has {} rows, but {wanted} were read from it before",
                self.number
            ))));
        }
        Ok(self.hand_over(false).await?)
    }

    async fn row(&mut self, row: &Row<'_>) -> Result<(), Ending> {
        let hash = self.trail.is_some().then(|| Digest::of_row(row));
        if let (Some(trail), Some(hash)) = (&mut self.trail, &hash) {
            trail.add(hash);
        }
        if self.number <= self.mark.0 {
            return self.pass_marked().await;
        }
        let Some(span) = self.spans.front().filter(|span| span.first <= self.number) else {
            self.take(row, hash, false).await?;
            if self.spans.front().is_some_and(|next| next.first == self.number + 1) {
                self.hand_over(false).await?;
            }
            return Ok(());
        };
        let (first, last, own) = (span.first, span.last, span.own);
        let is_open = span
            .open
            .as_ref()
            .is_some_and(|note| note.doubt || !note.done.is_empty());
        let is_done = span.open.is_none();
        if is_done {
            self.passed.add(&hash.unwrap_or_default());
        } else {
            self.take(row, hash, true).await?;
        }
        if self.number < last {
            return Ok(());
        }
        let here = if is_done {
            std::mem::replace(&mut self.passed, Trail::new()).here()
        } else {
            self.building.digests(last).0
        };
        if here != own {
            return Err(Ending::Failed(other_source(&format!(
                "rows {first} to {last} are not what they were"
            ))));
        }
        self.spans.pop_front();
        if is_done {
            let whole = self.trail.as_ref().map(Trail::here).unwrap_or_default();
            self.load.book.with(|ledger| ledger.refresh(first, whole));
            self.building = Batch::new(self.number + 1, self.trail.as_ref());
        } else {
            self.hand_over(is_open).await?;
        }
        self.notice_frontier().await
    }

    /// A row up to the mark.
    async fn pass_marked(&mut self) -> Result<(), Ending> {
        if self.number < self.mark.0 {
            return Ok(());
        }
        let here = self.trail.as_ref().map(Trail::here).unwrap_or_default();
        if here != self.mark.1 {
            return Err(Ending::Failed(other_source(&format!(
                "its first {} rows are not what they were",
                self.mark.0
            ))));
        }
        self.building = Batch::new(self.number + 1, self.trail.as_ref());
        self.notice_frontier().await
    }

    async fn notice_frontier(&mut self) -> Result<(), Ending> {
        if self.catching_up && self.spans.is_empty() && self.number >= self.mark.0 {
            self.catching_up = false;
            self.send(Supply::CaughtUp).await?;
        }
        Ok(())
    }

    /// Takes a row into the batch. With `exact`, the batch is to be what it was, however large.
    async fn take(&mut self, row: &Row<'_>, hash: Option<Digest>, exact: bool) -> Result<(), Ending> {
        let start = self.building.text.len();
        let load = self.load;
        let checked = match row {
            Row::Json(text) => load.checker.check(text, &mut self.building.text),
            Row::Refused(trouble) => Err((*trouble).clone()),
        };
        let mut checked = match checked {
            Ok(checked) => checked,
            Err(trouble) => return self.refuse(row, hash, trouble, exact).await,
        };
        if load.identified == Identified::ByMadeIds {
            let id = made_id(load.book.job(), self.number);
            let front = format!(
                "\"id\":{id}{}",
                if self.building.text.len() - start > 2 { "," } else { "" }
            );
            self.building.text.splice(start + 1..=start, front.bytes());
            checked.id = Some(id);
        }
        let claims: Vec<u64> = claims(&checked).collect();
        let most = load.batch_bytes.load(Ordering::Relaxed);
        let is_over = self.building.text.len() > most || claims.iter().any(|claim| self.claimed.contains(claim));
        if is_over && !exact && !self.building.rows.is_empty() {
            let text = self.building.text.split_off(start);
            self.hand_over_before(self.number).await?;
            self.building.text.extend_from_slice(&text);
        }
        self.claimed.extend(claims);
        let end = self.building.text.len();
        let number = self.number;
        self.building.rows.push(Sendable { end, number, checked });
        self.building.pass(number, hash);
        let is_full = self.building.rows.len() >= load.options.batch_rows || end >= most;
        if is_full && !exact {
            self.hand_over(false).await?;
        }
        Ok(())
    }

    async fn refuse(
        &mut self,
        row: &Row<'_>,
        hash: Option<Digest>,
        trouble: Trouble,
        exact: bool,
    ) -> Result<(), Ending> {
        let failure = refused(self.number, row, trouble, &self.load.schema);
        if self.load.options.on_error == OnError::Stop {
            return Err(Ending::Bad(failure));
        }
        self.building.refused.push(failure);
        self.building.pass(self.number, hash);
        if self.building.refused.len() >= self.load.options.batch_rows && !exact {
            self.hand_over(false).await?;
        }
        Ok(())
    }

    async fn hand_over(&mut self, resumed: bool) -> Result<(), Gone> {
        let next = Batch::new(self.number + 1, self.trail.as_ref());
        self.send_built(next, resumed).await
    }

    /// Hands over what came before row `number`, whose hash is in the trail already.
    async fn hand_over_before(&mut self, number: u64) -> Result<(), Gone> {
        let next = self.building.next(number);
        self.send_built(next, false).await
    }

    async fn send_built(&mut self, mut next: Batch, resumed: bool) -> Result<(), Gone> {
        // Batches of one source are about as large as each other.
        next.make_room(&self.building);
        let built = std::mem::replace(&mut self.building, next);
        self.claimed.clear();
        if built.is_empty() {
            return Ok(());
        }
        self.send(if resumed {
            Supply::Resumed(built)
        } else {
            Supply::Batch(built)
        })
        .await
    }

    async fn send(&self, supply: Supply) -> Result<(), Gone> {
        self.out.send(supply).await.map_err(|_| Gone)
    }
}

fn other_source(what: &str) -> Error {
    Error::config(format!(
        "The source is not the one that the checkpoint belongs to: {what}. Nothing of it was sent in this run. Give the source \
         of the first run, or remove the checkpoint to load this one from its beginning."
    ))
}
