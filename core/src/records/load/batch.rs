//! Rows on their way to the server together.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::super::check::Checked;
use super::super::report::Failure;
use super::super::rows::{Row, Trouble};
use super::super::schema::Schema;
use super::ledger::{Note, Span};
use super::shown::shown;
use super::trail::{Digest, Trail};

/// Some rows of the source, one behind the other: those to be sent and those that were refused.
#[derive(Debug)]
pub(super) struct Batch {
    /// Its first row's place in the source, counted from 1.
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) text: Vec<u8>,
    pub(super) rows: Vec<Sendable>,
    pub(super) refused: Vec<Failure>,
    trace: Option<Trace>,
}

/// One row as it is sent.
#[derive(Debug)]
pub(super) struct Sendable {
    /// Where it ends in the batch's text.
    pub(super) end: usize,
    /// Its place in the source.
    pub(super) number: u64,
    pub(super) checked: Checked,
}

/// For a checkpoint: the hash over the source before the batch, and those of its rows.
#[derive(Debug)]
struct Trace {
    before: Trail,
    rows: Vec<Digest>,
}

impl Batch {
    /// A batch that begins with row `first`. With a trail, its rows are to be known again.
    pub(super) fn new(first: u64, trail: Option<&Trail>) -> Self {
        Self {
            first,
            last: first - 1,
            text: Vec::new(),
            rows: Vec::new(),
            refused: Vec::new(),
            trace: trail.map(|trail| Trace {
                before: trail.clone(),
                rows: Vec::new(),
            }),
        }
    }

    /// The batch that begins with row `first`, right behind this one.
    pub(super) fn next(&self, first: u64) -> Self {
        let trail = self
            .trace
            .as_ref()
            .map(|trace| trace.before.clone().behind(&trace.rows));
        Self::new(first, trail.as_ref())
    }

    /// Makes room for as much as another batch has.
    pub(super) fn make_room(&mut self, like: &Self) {
        self.text.reserve(like.text.len() + like.text.len() / 8);
        self.rows.reserve(like.rows.len());
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.refused.is_empty()
    }

    /// Counts a row of the source in.
    pub(super) fn pass(&mut self, number: u64, hash: Option<Digest>) {
        self.last = number;
        if let (Some(trace), Some(hash)) = (&mut self.trace, hash) {
            trace.rows.push(hash);
        }
    }

    /// The bytes of a row that is sent.
    pub(super) fn raw(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.rows[before].end);
        &self.text[start..self.rows[place].end]
    }

    /// The same as text, which whatever has passed the check is.
    pub(super) fn row(&self, place: usize) -> &str {
        std::str::from_utf8(self.raw(place)).unwrap_or_default()
    }

    /// Bytes of some rows.
    pub(super) fn bytes(&self, places: &[usize]) -> u64 {
        places.iter().map(|place| self.raw(*place).len() as u64).sum()
    }

    /// Places of source rows in the source.
    pub(super) fn numbers(&self, places: &[usize]) -> Vec<i64> {
        let number = |place: &usize| i64::try_from(self.rows[*place].number).unwrap_or(i64::MAX);
        places.iter().map(number).collect()
    }

    /// The hashes up to row `last`: over the batch alone, and over the source.
    pub(super) fn digests(&self, last: u64) -> (Digest, Digest) {
        let Some(trace) = &self.trace else {
            return <(Digest, Digest)>::default();
        };
        let length = usize::try_from((last + 1).saturating_sub(self.first)).unwrap_or(usize::MAX);
        let rows = &trace.rows[..length.min(trace.rows.len())];
        (Digest::of_all(rows), trace.before.clone().behind(rows).here())
    }

    /// As the ledger takes it.
    pub(super) fn span(&self, note: Note) -> Span {
        let (own, whole) = self.digests(self.last);
        Span {
            first: self.first,
            last: self.last,
            own,
            whole,
            open: Some(note),
        }
    }

    /// Why a row that went out, or was to, is refused.
    pub(super) fn failure(&self, place: usize, trouble: Trouble, schema: &Schema) -> Failure {
        let Sendable { number, checked, .. } = &self.rows[place];
        let row = self.row(place);
        let record = match &checked.id {
            Some(id) if row.starts_with('{') && !row.starts_with("{\"id\":") => with_id(id, row),
            _ => row.to_owned(),
        };
        failure(*number, trouble, shown(schema, record.as_bytes()))
    }
}

/// The row with its id in front.
pub(super) fn with_id(id: &str, row: &str) -> String {
    match row {
        "{}" => format!("{{\"id\":{id}}}"),
        _ => format!("{{\"id\":{id},{}", &row[1..]),
    }
}

/// Why a row of the source is refused before it is sent.
pub(super) fn refused(number: u64, row: &Row<'_>, trouble: Trouble, schema: &Schema) -> Failure {
    match row {
        Row::Json(text) => failure(number, trouble, shown(schema, text)),
        Row::Refused(_) => failure(number, trouble, None),
    }
}

fn failure(row: u64, trouble: Trouble, record: Option<String>) -> Failure {
    Failure {
        row,
        column: trouble.column,
        reason: trouble.reason,
        record,
    }
}

/// What must not be on its way twice at once: the row's id and key, as hashes. A clash of hashes only makes a batch wait.
#[inline]
pub(super) fn claims(checked: &Checked) -> impl Iterator<Item = u64> {
    // Most rows that are inserted have neither.
    let claims = match (&checked.id, &checked.key) {
        (None, None) => [None, None],
        (id, key) => hashes(id.as_ref(), key.as_ref()),
    };
    claims.into_iter().flatten()
}

fn hashes(id: Option<&String>, key: Option<&String>) -> [Option<u64>; 2] {
    let hash = |sort: u8, text: &String| {
        let mut hasher = DefaultHasher::new();
        (sort, text).hash(&mut hasher);
        hasher.finish()
    };
    [id.map(|id| hash(0, id)), key.map(|key| hash(1, key))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(rows: &[&str]) -> Batch {
        let mut batch = Batch::new(1, Some(&Trail::new()));
        for (place, row) in rows.iter().enumerate() {
            let number = place as u64 + 1;
            batch.text.extend_from_slice(row.as_bytes());
            let end = batch.text.len();
            let checked = Checked::default();
            batch.rows.push(Sendable { end, number, checked });
            batch.pass(number, Some(Digest::of_row(&Row::Json(row.as_bytes()))));
        }
        batch
    }

    #[test]
    fn rows_and_their_hashes_are_found_by_place() {
        let batch = batch(&["{}", "{\"a\":1}", "{\"b\":2}"]);
        assert_eq!(
            [batch.row(0), batch.row(1), batch.row(2)],
            ["{}", "{\"a\":1}", "{\"b\":2}"]
        );
        assert_eq!((batch.bytes(&[0, 2]), batch.last), (9, 3));
        // A part that is read anew gives the same hashes.
        let part = self::batch(&["{}", "{\"a\":1}"]);
        assert_eq!(batch.digests(2), part.digests(2));
        assert_ne!(batch.digests(3), part.digests(2));
    }

    #[test]
    fn a_failure_shows_the_row_with_its_id() {
        let mut batch = batch(&["{\"a\":1}", "{}"]);
        batch.rows[0].checked.id = Some("7".to_owned());
        batch.rows[1].checked.id = Some("8".to_owned());
        let schema = Schema::default();
        let shown = |place| batch.failure(place, Trouble::of_row("no"), &schema).record;
        assert_eq!(shown(0).as_deref(), Some("{\"id\":7,\"a\":1}"));
        assert_eq!(shown(1).as_deref(), Some("{\"id\":8}"));
        let trouble = Trouble::of_row("no");
        assert_eq!(
            refused(1, &Row::Refused(&trouble), trouble.clone(), &schema).record,
            None
        );
    }
}
