//! From the JSON of a page to columns, in one pass and without a tree in between.
//!
//! Every column has a [builder](super::column) that takes its value straight from the JSON text. What does not fit is an
//! error that names the record and the column; nothing is bent, cut or left out, with two exceptions that are asked for:
//! columns that the read does not want, and passwords.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use jiter::{Jiter, JiterError, Peek};

use super::nested::Fields;
use super::types::Plan;
use crate::compact::Scan;
use crate::error::{Error, ErrorKind};

/// Bytes of JSON after which a batch is closed, within a page if need be. Text columns count bytes in 32 bits, so that a
/// batch must stay below 2 GiB; decoded text is never longer than its JSON.
const BATCH_BYTES: usize = 256 << 20;

/// Characters of a value that an error shows.
const SHOWN: usize = 60;

/// Why a page cannot be taken.
#[derive(Debug)]
pub(super) enum Misfit {
    /// It is no JSON.
    Syntax(JiterError),
    /// A value is not what its column holds.
    Value {
        /// The column, and the way to the value within it: `lines[2].price`.
        path: String,
        /// Goes on behind the path: `should be a number, but is "abc"`.
        reason: String,
    },
}

impl From<JiterError> for Misfit {
    fn from(error: JiterError) -> Self {
        Self::Syntax(error)
    }
}

impl Misfit {
    /// The value that comes next is not what it should be.
    #[cold]
    pub(super) fn expected(what: &str, jiter: &mut Jiter<'_>, peek: Peek) -> Self {
        let start = jiter.current_index();
        match jiter.known_skip(peek) {
            Ok(()) => Self::because(format!(
                "should be {what}, but is {}",
                shown(jiter.slice_to_current(start))
            )),
            Err(error) => Self::Syntax(error),
        }
    }

    #[cold]
    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self::Value {
            path: String::new(),
            reason: reason.into(),
        }
    }

    #[cold]
    pub(super) fn inside(mut self, step: &str) -> Self {
        if let Self::Value { path, .. } = &mut self {
            path.insert_str(0, step);
        }
        self
    }

    /// Sets off the path within an object from the object's own name.
    #[cold]
    pub(super) fn below(mut self) -> Self {
        if let Self::Value { path, .. } = &mut self
            && !path.is_empty()
        {
            path.insert(0, '.');
        }
        self
    }
}

/// A value as errors show it.
pub(super) fn shown(json: &[u8]) -> String {
    let text = String::from_utf8_lossy(json);
    let mut short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Turns pages into batches.
#[derive(Debug)]
pub(crate) struct Decoder {
    schema: SchemaRef,
    fields: Fields,
    /// Bytes of JSON after which a batch is closed.
    pub(super) batch_bytes: usize,
    /// Decoded strings with escapes, kept from page to page.
    tape: Vec<u8>,
}

impl Decoder {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            schema: Arc::clone(&plan.schema),
            fields: Fields::new(
                plan.keys.iter().map(|(name, place)| (name.as_str(), *place)),
                &plan.members,
            ),
            batch_bytes: BATCH_BYTES,
            tape: Vec::new(),
        }
    }

    /// The records of a page, which is the text of a JSON array: usually one batch, also where there are no records.
    ///
    /// # Errors
    /// `decode_error` when the page is no JSON, or a record is not what the table's columns promise.
    pub(crate) fn decode(&mut self, page: &[u8]) -> Result<Vec<RecordBatch>, Error> {
        if let Some(batches) = self.decode_alike(page) {
            return Ok(batches);
        }
        // Half a page is in the builders.
        let _ = self.fields.finish();
        self.decode_any(page)
    }

    /// The quick way. None when something is wrong with the page, which the usual way then explains.
    pub(super) fn decode_alike(&mut self, page: &[u8]) -> Option<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        let mut begun = 0;
        let mut scan = Scan::new(page);
        scan.space();
        scan.pass(b"[")?;
        scan.space();
        let mut more = scan.peek()? != b']';
        while more {
            self.fields.append_alike(&mut scan, &mut self.tape)?;
            scan.space();
            more = scan.pass(b",").is_some();
            scan.space();
            if more && scan.at - begun >= self.batch_bytes {
                begun = scan.at;
                batches.push(self.finish().ok()?);
            }
        }
        scan.pass(b"]")?;
        scan.space();
        if !scan.is_over() {
            return None;
        }
        batches.push(self.finish().ok()?);
        Some(batches)
    }

    /// The usual way, for any page.
    pub(super) fn decode_any(&mut self, page: &[u8]) -> Result<Vec<RecordBatch>, Error> {
        let mut jiter = Jiter::with_tape(page, std::mem::take(&mut self.tape));
        let mut place = Place::default();
        let outcome = self.batches(&mut jiter, &mut place);
        self.tape = jiter.into_tape();
        outcome.map_err(|misfit| {
            // Half a record is in the builders.
            let _ = self.fields.finish();
            explain(&misfit, page, &place)
        })
    }

    fn batches(&mut self, jiter: &mut Jiter<'_>, place: &mut Place) -> Result<Vec<RecordBatch>, Misfit> {
        let mut batches = Vec::new();
        let mut begun = 0;
        let mut next = jiter.next_array()?;
        while let Some(peek) = next {
            place.start = jiter.current_index();
            if peek != Peek::Object {
                return Err(Misfit::expected("an object", jiter, peek));
            }
            self.fields.append(jiter)?;
            place.index += 1;
            next = jiter.array_step()?;
            let end = jiter.current_index();
            if next.is_some() && end - begun >= self.batch_bytes {
                begun = end;
                batches.push(self.finish()?);
            }
        }
        jiter.finish()?;
        batches.push(self.finish()?);
        Ok(batches)
    }

    fn finish(&mut self) -> Result<RecordBatch, Misfit> {
        let rows = self.fields.rows();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let arrays = self.fields.finish()?;
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
            .map_err(|cause| Misfit::because(format!("does not make a batch: {cause}")))
    }
}

/// Which record is being read.
#[derive(Debug, Default)]
struct Place {
    /// Where its text begins.
    start: usize,
    /// Its place in the page, counted from 0.
    index: usize,
}

#[cold]
fn explain(misfit: &Misfit, page: &[u8], place: &Place) -> Error {
    match misfit {
        Misfit::Syntax(error) => Error::decode(
            format!(
                "A page of records is not valid JSON: {} at byte {}.",
                error.error_type, error.index
            ),
            page,
        ),
        Misfit::Value { path, reason } => {
            let mut message = match id_of(page, place.start) {
                Some(id) => format!("The record with the id {id}"),
                None => format!("Record {} of a page", place.index + 1),
            };
            if !path.is_empty() {
                let _ = write!(message, ": column {path}");
            }
            let _ = write!(message, " {reason}.");
            Error::new(ErrorKind::Decode, message)
                .with_hint("Read other columns, or read the records as they are, without Arrow, to see what it holds.")
        }
    }
}

/// The id of the record whose text begins there, as JSON.
fn id_of(page: &[u8], start: usize) -> Option<String> {
    let mut jiter = Jiter::new(page.get(start..)?);
    let mut key = jiter.next_object().ok()?.map(str::to_owned);
    while let Some(name) = key {
        let peek = jiter.peek().ok()?;
        let begin = jiter.current_index();
        jiter.known_skip(peek).ok()?;
        if name == "id" {
            return Some(shown(jiter.slice_to_current(begin)));
        }
        key = jiter.next_key().ok()?.map(str::to_owned);
    }
    None
}
