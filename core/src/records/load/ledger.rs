//! What is done and what is under way, by rows of the source.
//!
//! Everything up to the mark is done. Beyond it stand spans: batches that are done while an earlier one is not, and batches
//! that are open. What a batch counted joins the whole when it is done, so that at any moment the ledger says the truth
//! about a job that ends there. It is what a checkpoint keeps.

use serde::{Deserialize, Serialize};

use super::super::report::{Failure, Report};
use super::ranges::Ranges;
use super::trail::Digest;

/// Counts of rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tally {
    pub(super) sent: u64,
    pub(super) inserted: u64,
    pub(super) updated: u64,
    pub(super) deleted: u64,
    pub(super) skipped: u64,
    pub(super) bytes: u64,
    pub(super) failures: Vec<Failure>,
}

impl Tally {
    pub(super) fn absorb(&mut self, other: &Self) {
        self.sent += other.sent;
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.deleted += other.deleted;
        self.skipped += other.skipped;
        self.bytes += other.bytes;
        self.failures.extend_from_slice(&other.failures);
    }
}

/// What is known of a batch that is under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Note {
    /// Whether a request went out whose effect is not known. Without it, rows that are not done are not stored.
    pub(super) doubt: bool,
    /// The highest id from before its rows went out, where the server numbers them.
    pub(super) after: Option<i64>,
    /// Rows that are done, where it went out in parts.
    pub(super) done: Ranges,
    /// What those counted.
    pub(super) tally: Tally,
    /// Rows that no record had been there for, of an upsert.
    pub(super) absent: Ranges,
}

/// The rows of one batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    pub(super) first: u64,
    pub(super) last: u64,
    /// The hash over its rows alone.
    pub(super) own: Digest,
    /// The hash over the source up to its end.
    pub(super) whole: Digest,
    /// None = done.
    pub(super) open: Option<Note>,
}

/// The whole job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ledger {
    /// Rows up to this one are done.
    pub(super) mark: u64,
    /// The hash over them.
    pub(super) digest: Digest,
    spans: Vec<Span>,
    /// What is done has counted so much.
    pub(super) tally: Tally,
    /// Requests that were sent again.
    pub(super) retried: u64,
    /// Seconds of earlier runs.
    pub(super) seconds: f64,
    /// The highest id that is known, where the server numbers rows.
    pub(super) top: Option<i64>,
    /// Whether the server was seen to number new rows above what was there.
    pub(super) proven: bool,
    /// Ids that answers told of, as far as an open batch may be looked for among them.
    pub(super) owned: Ranges,
}

impl Ledger {
    fn place(&self, first: u64) -> Result<usize, usize> {
        self.spans.binary_search_by_key(&first, |span| span.first)
    }

    /// Takes a batch in.
    pub(super) fn open(&mut self, span: Span) {
        match self.place(span.first) {
            Ok(place) => self.spans[place] = span,
            Err(place) => self.spans.insert(place, span),
        }
    }

    /// What is known of an open batch.
    pub(super) fn note(&mut self, first: u64) -> Option<&mut Note> {
        let place = self.place(first).ok()?;
        self.spans[place].open.as_mut()
    }

    /// A batch is done.
    pub(super) fn settle(&mut self, first: u64, tally: &Tally) {
        let Ok(place) = self.place(first) else { return };
        self.spans[place].open = None;
        self.tally.absorb(tally);
        self.advance();
    }

    /// A batch ends at an earlier row than it was to, and up to there it is done.
    pub(super) fn cut(&mut self, first: u64, last: u64, own: Digest, whole: Digest, tally: &Tally) {
        let Ok(place) = self.place(first) else { return };
        let span = &mut self.spans[place];
        (span.last, span.own, span.whole) = (last, own, whole);
        self.settle(first, tally);
    }

    /// A batch that left no trace is as if it had not been.
    pub(super) fn withdraw(&mut self, first: u64) {
        if let Ok(place) = self.place(first) {
            self.spans.remove(place);
            self.forget_ids();
        }
    }

    fn advance(&mut self) {
        let is_next = |mark: u64, span: &Span| span.open.is_none() && span.first == mark + 1;
        let mut passed = 0;
        while let Some(span) = self.spans.get(passed).filter(|span| is_next(self.mark, span)) {
            (self.mark, self.digest) = (span.last, span.whole);
            passed += 1;
        }
        self.spans.drain(..passed);
        self.forget_ids();
    }

    /// Notes ids that an answer told of, of rows sent when `after` was the highest known.
    pub(super) fn own(&mut self, ids: &[i64], after: Option<i64>) {
        let (Some(lowest), Some(highest)) = (ids.iter().min(), ids.iter().max()) else {
            return;
        };
        self.owned.extend(ids);
        if after.is_some_and(|after| after < *lowest) || self.proven {
            self.top = Some(self.top.map_or(*highest, |top| top.max(*highest)));
        } else {
            // Somebody has used higher numbers than the server had come to: only its own count.
            self.top = Some(*highest);
        }
        self.proven = true;
        self.forget_ids();
    }

    /// Only open batches are looked for among ids, and only above those they began with.
    fn forget_ids(&mut self) {
        let open = self.spans.iter().filter_map(|span| span.open.as_ref()?.after);
        match open.min() {
            Some(lowest) => self.owned.forget_up_to(lowest),
            None => self.owned.clear(),
        }
    }

    /// The spans beyond the mark, in their order.
    pub(super) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Puts the hash up to the end of a span right, which differs when rows before it were mended.
    pub(super) fn refresh(&mut self, first: u64, whole: Digest) {
        if let Ok(place) = self.place(first) {
            self.spans[place].whole = whole;
        }
    }

    /// Rows that are done, those of open batches among them.
    pub(super) fn rows(&self) -> u64 {
        let beyond = self.spans.iter().map(|span| match &span.open {
            None => span.last + 1 - span.first,
            Some(note) => note.done.count(),
        });
        self.mark + beyond.sum::<u64>()
    }

    /// The report so far, with what unfinished batches have counted on top.
    pub(super) fn report(&self, unfinished: &Tally, most_failures: usize) -> Report {
        let mut all = self.tally.clone();
        all.absorb(unfinished);
        let failed = all.failures.len() as u64;
        all.failures.sort_by_key(|failure| failure.row);
        all.failures.truncate(most_failures);
        Report {
            sent: all.sent,
            inserted: all.inserted,
            updated: all.updated,
            deleted: all.deleted,
            skipped: all.skipped,
            failed,
            retried: self.retried,
            bytes: all.bytes,
            failures: all.failures,
            ..Report::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(first: u64, last: u64, after: Option<i64>) -> Span {
        let note = Note {
            after,
            ..Note::default()
        };
        Span {
            first,
            last,
            own: Digest::default(),
            whole: Digest::default(),
            open: Some(note),
        }
    }

    fn inserted(rows: u64) -> Tally {
        Tally {
            sent: rows,
            inserted: rows,
            ..Tally::default()
        }
    }

    #[test]
    fn the_mark_waits_for_the_slowest() {
        let mut ledger = Ledger::default();
        for first in [1, 11, 21] {
            ledger.open(span(first, first + 9, None));
        }
        ledger.settle(21, &inserted(10));
        ledger.settle(11, &inserted(10));
        assert_eq!((ledger.mark, ledger.rows(), ledger.spans().len()), (0, 20, 3));
        ledger.note(1).expect("it is open").done.extend(&[3, 4]);
        assert_eq!(ledger.rows(), 22);
        ledger.settle(1, &inserted(9));
        assert_eq!((ledger.mark, ledger.rows(), ledger.spans().len()), (30, 30, 0));
        assert_eq!(ledger.report(&Tally::default(), 10).inserted, 29);
    }

    #[test]
    fn a_batch_that_stopped_midway_is_done_up_to_there() {
        let mut ledger = Ledger::default();
        ledger.open(span(1, 10, None));
        ledger.open(span(11, 20, None));
        ledger.settle(11, &inserted(10));
        ledger.cut(1, 4, Digest::default(), Digest::default(), &inserted(4));
        assert_eq!((ledger.mark, ledger.rows(), ledger.spans().len()), (4, 14, 1));
        // The rest comes again as another batch.
        ledger.open(span(5, 10, None));
        ledger.settle(5, &inserted(6));
        assert_eq!((ledger.mark, ledger.rows()), (20, 20));
    }

    #[test]
    fn ids_are_kept_as_long_as_somebody_may_be_looked_for_among_them() {
        let mut ledger = Ledger {
            top: Some(5),
            ..Ledger::default()
        };
        ledger.open(span(1, 2, Some(5)));
        ledger.open(span(3, 4, Some(5)));
        ledger.own(&[8, 9], Some(5));
        ledger.settle(1, &inserted(2));
        assert_eq!(ledger.owned.pairs(), [(8, 9)]);
        ledger.open(span(5, 6, Some(9)));
        ledger.own(&[6, 7], Some(5));
        ledger.settle(3, &inserted(2));
        assert_eq!((ledger.owned.pairs(), ledger.top), (&[][..], Some(9)));
    }

    #[test]
    fn numbers_that_strangers_chose_do_not_count() {
        let mut ledger = Ledger {
            top: Some(1_000_000),
            ..Ledger::default()
        };
        ledger.open(span(1, 2, Some(1_000_000)));
        ledger.own(&[6, 7], Some(1_000_000));
        assert_eq!((ledger.top, ledger.proven), (Some(7), true));
    }

    proptest! {
        /// However batches end, rows are counted once and the ledger survives being written and read.
        #[test]
        fn every_row_is_counted_once(lengths in prop::collection::vec(1_u64..20, 1..20), seed in any::<u64>()) {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut ledger = Ledger::default();
            let mut waiting = Vec::new();
            let mut row = 0;
            for length in &lengths {
                ledger.open(span(row + 1, row + length, Some(0)));
                waiting.push((row + 1, *length));
                row += length;
            }
            let mut done = 0;
            random.shuffle(&mut waiting);
            for (first, length) in waiting {
                ledger.settle(first, &inserted(length));
                done += length;
                prop_assert_eq!(ledger.rows(), done);
                prop_assert_eq!(ledger.report(&Tally::default(), 0).inserted, done);
                let text = serde_json::to_string(&ledger).expect("text");
                prop_assert_eq!(&serde_json::from_str::<Ledger>(&text).expect("a ledger"), &ledger);
            }
            prop_assert_eq!((ledger.mark, ledger.spans().len()), (row, 0));
        }
    }
}
