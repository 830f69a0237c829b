//! From the JSON of a page to columns, in one pass and without a tree in between.
//!
//! Every column has a builder that takes its value straight from the JSON text. What does not fit is an error that names
//! the record and the column; nothing is bent, cut or left out, with two exceptions that are asked for: columns that the
//! read does not want, and passwords.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringBuilder};
use arrow_array::types::TimestampMillisecondType;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use jiter::{Jiter, JiterError, NumberAny, NumberInt, Peek};

use super::nested::{Fields, ListBuilder, ObjectBuilder};
use super::types::{Plan, Shape};
use crate::error::{Error, ErrorKind};
use crate::records::check::time;

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

fn shown(json: &[u8]) -> String {
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

/// The values of one column.
#[derive(Debug)]
pub(super) enum Builder {
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Digits(StringBuilder),
    Text(StringBuilder),
    Json(StringBuilder),
    Millis(Int64Builder),
    Moment(Int64Builder),
    Day(Date32Builder),
    List(Box<ListBuilder>),
    Object(Box<ObjectBuilder>),
}

impl Builder {
    pub(super) fn new(shape: &Shape) -> Self {
        match shape {
            Shape::Bool => Self::Bool(BooleanBuilder::new()),
            Shape::Int => Self::Int(Int64Builder::new()),
            Shape::Float => Self::Float(Float64Builder::new()),
            Shape::Digits => Self::Digits(StringBuilder::new()),
            Shape::Text => Self::Text(StringBuilder::new()),
            Shape::Json => Self::Json(StringBuilder::new()),
            Shape::Millis => Self::Millis(Int64Builder::new()),
            Shape::Moment => Self::Moment(Int64Builder::new()),
            Shape::Day => Self::Day(Date32Builder::new()),
            Shape::List(item) => Self::List(Box::new(ListBuilder::new(item))),
            Shape::Object(members) => Self::Object(Box::new(ObjectBuilder::new(members))),
        }
    }

    /// Takes the value that comes next.
    pub(super) fn append(&mut self, jiter: &mut Jiter<'_>, peek: Peek) -> Result<(), Misfit> {
        if peek == Peek::Null {
            jiter.known_null()?;
            self.append_null();
            return Ok(());
        }
        match self {
            Self::Bool(builder) => match peek {
                Peek::True | Peek::False => builder.append_value(jiter.known_bool(peek)?),
                _ => return Err(Misfit::expected("true or false", jiter, peek)),
            },
            Self::Int(builder) => builder.append_value(int(jiter, peek)?),
            Self::Float(builder) => builder.append_value(float(jiter, peek)?),
            Self::Digits(builder) => {
                let text = digits(jiter, peek)?;
                append_text(builder, text)?;
            }
            Self::Text(builder) => match peek {
                Peek::String => append_text(builder, jiter.known_str()?)?,
                _ => return Err(Misfit::expected("text", jiter, peek)),
            },
            Self::Json(builder) => {
                let start = jiter.current_index();
                jiter.known_skip(peek)?;
                let text = std::str::from_utf8(jiter.slice_to_current(start))
                    .map_err(|_| Misfit::because("is not valid UTF-8"))?;
                append_text(builder, text)?;
            }
            Self::Millis(builder) | Self::Moment(builder) => builder.append_value(millis(jiter, peek)?),
            Self::Day(builder) => builder.append_value(day(jiter, peek)?),
            Self::List(builder) => builder.append(jiter, peek)?,
            Self::Object(builder) => builder.append(jiter, peek)?,
        }
        Ok(())
    }

    pub(super) fn append_null(&mut self) {
        match self {
            Self::Bool(builder) => builder.append_null(),
            Self::Int(builder) | Self::Millis(builder) | Self::Moment(builder) => builder.append_null(),
            Self::Float(builder) => builder.append_null(),
            Self::Digits(builder) | Self::Text(builder) | Self::Json(builder) => builder.append_null(),
            Self::Day(builder) => builder.append_null(),
            Self::List(builder) => builder.append_null(),
            Self::Object(builder) => builder.append_null(),
        }
    }

    /// The column so far, leaving the builder empty.
    pub(super) fn finish(&mut self) -> Result<ArrayRef, Misfit> {
        Ok(match self {
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Int(builder) | Self::Millis(builder) => Arc::new(builder.finish()),
            Self::Moment(builder) => {
                let moments = builder.finish().reinterpret_cast::<TimestampMillisecondType>();
                Arc::new(moments.with_timezone("UTC"))
            }
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Digits(builder) | Self::Text(builder) | Self::Json(builder) => Arc::new(builder.finish()),
            Self::Day(builder) => Arc::new(builder.finish()),
            Self::List(builder) => builder.finish()?,
            Self::Object(builder) => builder.finish()?,
        })
    }
}

fn append_text(builder: &mut StringBuilder, text: &str) -> Result<(), Misfit> {
    // The builder would panic.
    if builder.values_slice().len() + text.len() > i32::MAX as usize {
        return Err(Misfit::because("is longer than 2 GiB"));
    }
    builder.append_value(text);
    Ok(())
}

fn int(jiter: &mut Jiter<'_>, peek: Peek) -> Result<i64, Misfit> {
    const WHAT: &str = "a whole number from -2^63 to 2^63-1";
    if !peek.is_num() {
        return Err(Misfit::expected(WHAT, jiter, peek));
    }
    let start = jiter.current_index();
    match jiter.known_number(peek)? {
        NumberAny::Int(NumberInt::Int(number)) => Ok(number),
        // 5.0 is a whole number in other clothes; beyond 2^53 a double no longer tells which one.
        #[expect(clippy::cast_possible_truncation, reason = "whole and small enough to be exact")]
        NumberAny::Float(number) if number.fract() == 0.0 && number.abs() < 9.0e15 => Ok(number as i64),
        _ => {
            let text = shown(jiter.slice_to_current(start));
            Err(Misfit::because(format!("should be {WHAT}, but is {text}")))
        }
    }
}

fn float(jiter: &mut Jiter<'_>, peek: Peek) -> Result<f64, Misfit> {
    let start = jiter.current_index();
    let number = match peek {
        Peek::String => match jiter.known_str()?.parse::<f64>() {
            Ok(number) => number,
            Err(_) => f64::NAN,
        },
        _ if peek.is_num() => jiter.known_float(peek)?,
        _ => return Err(Misfit::expected("a number", jiter, peek)),
    };
    if number.is_finite() {
        return Ok(number);
    }
    let text = shown(jiter.slice_to_current(start));
    Err(Misfit::because(format!(
        "should be a number that a double can hold, but is {text}"
    )))
}

/// The digits of a number, also of one in quotes, as a database with exact decimals writes them.
fn digits<'a>(jiter: &'a mut Jiter<'_>, peek: Peek) -> Result<&'a str, Misfit> {
    let start = jiter.current_index();
    let quoted = peek == Peek::String;
    if !quoted && !peek.is_num() {
        return Err(Misfit::expected("a number", jiter, peek));
    }
    jiter.known_skip(peek)?;
    let json = jiter.slice_to_current(start);
    let number = if quoted { &json[1..json.len() - 1] } else { json };
    match std::str::from_utf8(number) {
        Ok(number) if !quoted || is_number(number.as_bytes()) => Ok(number),
        _ => Err(Misfit::because(format!("should be a number, but is {}", shown(json)))),
    }
}

/// Whether the text is a number as JSON writes them.
pub(super) fn is_number(text: &[u8]) -> bool {
    let mut jiter = Jiter::new(text);
    let trimmed = text
        .first()
        .is_some_and(|first| *first == b'-' || first.is_ascii_digit())
        && text.last().is_some_and(u8::is_ascii_digit);
    trimmed && jiter.next_number_bytes().is_ok() && jiter.finish().is_ok()
}

fn millis(jiter: &mut Jiter<'_>, peek: Peek) -> Result<i64, Misfit> {
    const WHAT: &str = "milliseconds since 1970 or a date and time";
    if peek != Peek::String {
        return if peek.is_num() {
            int(jiter, peek)
        } else {
            Err(Misfit::expected(WHAT, jiter, peek))
        };
    }
    let start = jiter.current_index();
    let moment = time::moment(jiter.known_str()?);
    moment.map_err(|_| {
        let text = shown(jiter.slice_to_current(start));
        Misfit::because(format!("should be {WHAT}, but is {text}"))
    })
}

fn day(jiter: &mut Jiter<'_>, peek: Peek) -> Result<i32, Misfit> {
    const WHAT: &str = "a day such as 2023-04-12";
    if peek != Peek::String {
        return Err(Misfit::expected(WHAT, jiter, peek));
    }
    let start = jiter.current_index();
    let day = time::day(jiter.known_str()?).and_then(|day| i32::try_from(day).ok());
    day.ok_or_else(|| {
        let text = shown(jiter.slice_to_current(start));
        Misfit::because(format!("should be {WHAT}, but is {text}"))
    })
}
