//! The course of a job: batches go out side by side, are looked for when their answer got lost, and are settled.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::super::options::Action;
use super::super::report::{Failure, Report};
use super::batch::Batch;
use super::ledger::{Ledger, Note, Tally};
use super::lost::Lost;
use super::part::Part;
use super::ranges::in_words;
use super::shared::{End, Load, Work};
use super::supply::Supply;
use crate::error::Error;

/// How the work on a batch ended for now.
type Outcome = (Work, Result<End, Error>);

pub(super) struct Course {
    load: Arc<Load>,
    /// Batches under way; dropping them gives them up.
    tasks: JoinSet<Outcome>,
    /// Batches to go out, before anything new is taken.
    ready: VecDeque<Work>,
    /// What can only be looked for when nothing is under way.
    lost: Vec<Lost>,
    /// Ids and keys that are under way.
    claimed: HashMap<u64, usize>,
    /// An earlier run's batches are still coming by; nothing goes out before the source is known to be the same.
    catching_up: bool,
    ended: bool,
    /// Why the job is to stop, with the row where it is about one.
    stop: Option<(Option<u64>, Error)>,
    /// What batches have counted that are not settled.
    unsettled: Tally,
    /// Rows of which it is not known what became.
    doubtful: Vec<u64>,
}

impl Course {
    pub(super) fn new(load: Arc<Load>) -> Self {
        let catching_up = load.book.with(|ledger| ledger.mark > 0 || !ledger.spans().is_empty());
        Self {
            load,
            tasks: JoinSet::new(),
            ready: VecDeque::new(),
            lost: Vec::new(),
            claimed: HashMap::new(),
            catching_up,
            ended: false,
            stop: None,
            unsettled: Tally::default(),
            doubtful: Vec::new(),
        }
    }

    /// Works until the source has ended and everything is settled, or until the job has to stop.
    pub(super) async fn run(mut self, mut supply: mpsc::Receiver<Supply>) -> Result<Report, Error> {
        loop {
            if !self.lost.is_empty() && self.tasks.is_empty() {
                // Also when the job has to stop: its report is to be true.
                self.find_lost().await;
            }
            self.launch();
            let is_over = self.stop.is_some() || (self.ended && self.ready.is_empty() && self.lost.is_empty());
            if is_over && self.tasks.is_empty() {
                break;
            }
            let wants_more = !self.ended && self.stop.is_none() && (self.catching_up || self.has_room());
            tokio::select! {
                Some(outcome) = self.tasks.join_next(), if !self.tasks.is_empty() => match outcome {
                    Ok((work, end)) => self.ended_one(work, end),
                    Err(panic) => self.halt(None, Error::internal(format!("A batch ended badly: {panic}"))),
                },
                next = supply.recv(), if wants_more => self.take(next.unwrap_or(Supply::End)),
            }
        }
        self.finish().await
    }

    fn has_room(&self) -> bool {
        self.ready.is_empty() && self.lost.is_empty() && self.tasks.len() < self.room()
    }

    /// How many may be under way. The first one goes alone where the server numbers the rows: its answer shows how.
    fn room(&self) -> usize {
        let alone = self
            .load
            .book
            .with(|ledger: &mut Ledger| ledger.top.is_some() && !ledger.proven);
        if alone { 1 } else { self.load.options.concurrency }
    }

    fn take(&mut self, supply: Supply) {
        match supply {
            Supply::Batch(batch) => {
                let note = Note::default();
                let places = (0..batch.rows.len()).collect();
                self.open(batch, note, places, false);
            }
            Supply::Resumed(batch) => {
                let note = self
                    .load
                    .book
                    .with(|ledger| ledger.note(batch.first).cloned())
                    .unwrap_or_default();
                let is_open = |place: &usize| {
                    i64::try_from(batch.rows[*place].number).is_ok_and(|number| !note.done.contains(number))
                };
                let places = (0..batch.rows.len()).filter(is_open).collect();
                let doubt = note.doubt;
                self.open(batch, note, places, doubt);
            }
            Supply::CaughtUp => self.catching_up = false,
            Supply::Bad(failure) => {
                let error = refusal(&failure, None);
                let row = failure.row;
                self.unsettled.failures.push(failure);
                self.halt(Some(row), error);
            }
            Supply::Failed(error) => self.halt(None, error),
            Supply::End => (self.ended, self.catching_up) = (true, false),
        }
    }

    /// Takes a batch into the ledger and puts it in line.
    fn open(&mut self, batch: Batch, note: Note, places: Vec<usize>, resumed: bool) {
        let maybe_added =
            |place: &usize| i64::try_from(batch.rows[*place].number).is_ok_and(|number| note.absent.contains(number));
        let mut part = Part::of(places);
        (part.after, part.doubted) = (note.after, resumed);
        let maybe_added = part.places.iter().copied().filter(maybe_added).collect();
        let work = Work {
            maybe_added,
            parts: Some(part).filter(|part| !part.places.is_empty()).into_iter().collect(),
            tally: note.tally.clone(),
            targets: HashMap::new(),
            bad: None,
            resumed,
            batch,
        };
        self.load.book.with(|ledger| ledger.open(work.batch.span(note)));
        if work.parts.is_empty() {
            // All of it was refused before it was sent, or done in an earlier run.
            self.settle(work);
        } else {
            self.ready.push_back(work);
        }
    }

    /// Sends off what may go out.
    fn launch(&mut self) {
        while self.stop.is_none() && !self.catching_up && self.lost.is_empty() && self.tasks.len() < self.room() {
            // Rows that mean the same record go out in their order.
            let waits = |work: &Work| work.claims().any(|claim| self.claimed.contains_key(&claim));
            if self.ready.front().is_none_or(waits) {
                return;
            }
            if let Some(work) = self.ready.pop_front() {
                self.start(work);
            }
        }
    }

    fn start(&mut self, mut work: Work) {
        for claim in work.claims() {
            *self.claimed.entry(claim).or_default() += 1;
        }
        let load = Arc::clone(&self.load);
        self.tasks.spawn(async move {
            let end = match load.options.action {
                Action::Insert => load.insert(&mut work).await,
                Action::Update | Action::Delete => load.change(&mut work).await,
                Action::Upsert => load.upsert(&mut work).await,
            };
            (work, end)
        });
    }

    fn ended_one(&mut self, work: Work, end: Result<End, Error>) {
        for claim in work.claims() {
            if let Some(count) = self.claimed.get_mut(&claim) {
                *count -= 1;
                if *count == 0 {
                    self.claimed.remove(&claim);
                }
            }
        }
        match end {
            Ok(End::Done) => self.settle(work),
            Ok(End::Lost(part)) => {
                let since = Instant::now();
                self.lost.push(Lost { work, part, since });
            }
            Ok(End::Bad) => self.stop_at_row(work),
            Err(error) => {
                self.leave(&work);
                self.halt(None, error);
            }
        }
    }

    fn settle(&mut self, work: Work) {
        let Work { batch, mut tally, .. } = work;
        self.load.meter.add(batch.refused.len() as u64, 0);
        tally.failures.extend(batch.refused);
        let failed = self.load.book.with(|ledger| {
            ledger.settle(batch.first, &tally);
            ledger.tally.failures.len()
        });
        let most = self.load.options.max_failures;
        if failed > most && self.stop.is_none() {
            let message = format!("More than {most} rows were refused (max_failures).");
            let hint = "The report names the first of them. Mend the source, or raise max_failures.";
            self.halt(None, Error::record(message, None, None).with_hint(hint));
        }
    }

    /// Leaves a batch to a later run.
    fn leave(&mut self, work: &Work) {
        self.unsettled.absorb(&work.tally);
        self.load.book.with(|ledger| {
            if ledger
                .note(work.batch.first)
                .is_some_and(|note| !note.doubt && note.done.is_empty())
            {
                ledger.withdraw(work.batch.first);
            }
        });
    }

    /// A row was refused and the job is to stop there. What stands before it in its batch is done.
    fn stop_at_row(&mut self, mut work: Work) {
        let Some((failure, cause)) = work.bad.take() else {
            return;
        };
        let Work { batch, tally, .. } = &work;
        let before = |row: &u64| *row < failure.row;
        let good: Vec<u64> = batch.rows.iter().map(|row| row.number).filter(before).collect();
        let is_cut = self.load.book.with(|ledger| {
            let Some(note) = ledger.note(batch.first) else {
                return false;
            };
            let done = |row: u64| i64::try_from(row).is_ok_and(|row| note.done.contains(row));
            let behind = batch
                .rows
                .iter()
                .any(|row| row.number > failure.row && done(row.number));
            if behind || good.is_empty() || !good.iter().all(|row| done(*row)) {
                note.doubt &= !note.done.is_empty();
                return false;
            }
            let (own, whole) = batch.digests(failure.row - 1);
            ledger.cut(batch.first, failure.row - 1, own, whole, tally);
            true
        });
        if !is_cut {
            self.leave(&work);
        }
        if cause.is_some() {
            self.unsettled.sent += 1;
        }
        let error = refusal(&failure, cause);
        let row = failure.row;
        self.unsettled.failures.push(failure);
        self.halt(Some(row), error);
    }

    /// Stops the job. Of several reasons the first row's counts, and a row's more than none.
    pub(super) fn halt(&mut self, row: Option<u64>, error: Error) {
        let is_first = match (&self.stop, row) {
            (None, _) | (Some((None, _)), Some(_)) => true,
            (Some((Some(known), _)), Some(row)) => row < *known,
            (Some(_), None) => false,
        };
        if is_first {
            self.stop = Some((row, error));
        }
    }

    /// Looks what became of lost batches, and puts them in line again or settles them.
    async fn find_lost(&mut self) {
        let lost = std::mem::take(&mut self.lost);
        match self.load.find(lost).await {
            Ok(found) => {
                for work in found.works {
                    if work.parts.is_empty() && work.bad.is_none() {
                        self.settle(work);
                    } else if work.bad.is_some() {
                        self.stop_at_row(work);
                    } else {
                        self.ready.push_front(work);
                    }
                }
                if let Some(error) = found.undecided {
                    for one in &found.left {
                        self.leave_doubtful(one);
                    }
                    self.halt(None, error);
                }
            }
            Err((lost, error)) => {
                for one in &lost {
                    self.leave_doubtful(one);
                }
                self.halt(None, error);
            }
        }
    }

    fn leave_doubtful(&mut self, lost: &Lost) {
        self.doubtful.extend(lost.numbers());
        self.leave(&lost.work);
    }

    async fn finish(mut self) -> Result<Report, Error> {
        for work in std::mem::take(&mut self.ready) {
            self.leave(&work);
        }
        let load = &self.load;
        let most = load.options.max_failures;
        let report = Report {
            read: load.read.load(Ordering::Relaxed),
            seconds: load.book.seconds(),
            ..load.book.with(|ledger| ledger.report(&self.unsettled, most))
        };
        match self.stop.take() {
            None => Ok(report),
            Some((_, mut error)) => {
                if !self.doubtful.is_empty() && !error.outcome_unknown() {
                    self.doubtful.sort_unstable();
                    let rows = in_words(self.doubtful.iter().copied());
                    let hint = format!("Besides, it is not known whether rows {rows} were stored.");
                    error = error.with_outcome_unknown(true).with_hint(hint);
                }
                // The reason to stop is worth more than that its state could not be written.
                let _ = load.book.save().await;
                Err(error.with_report(report))
            }
        }
    }
}

/// The error that names a refused row.
fn refusal(failure: &Failure, cause: Option<Error>) -> Error {
    let place = match &failure.column {
        Some(column) => format!("Row {}, column {column}: ", failure.row),
        None => format!("Row {}: ", failure.row),
    };
    let by = if cause.is_some() { "The server refused it: " } else { "" };
    let message = format!("{place}{by}{}", failure.reason);
    let error = Error::record(message, Some(failure.row), failure.column.clone());
    let error = error.with_hint(
        "No batch was begun after that; the report says what is stored. Mend the row, or say on_error \"collect\" to have the \
         good rows stored and the others told.",
    );
    match cause {
        Some(cause) => error.with_source(cause),
        None => error,
    }
}
