//! The values of one column, taken from JSON as they come.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::BooleanBuilder;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMillisecondType};
use jiter::{Jiter, Peek};

use super::build::{Misfit, shown};
use super::nested::{ListBuilder, ObjectBuilder};
use super::types::Shape;
use super::vectors::{Numbers, Texts};
use crate::compact::{Number, Scan};
use crate::records::check::time;

/// The values of one column.
#[derive(Debug)]
pub(super) enum Builder {
    Bool(BooleanBuilder),
    Int(Numbers<Int64Type>),
    Float(Numbers<Float64Type>),
    Digits(Texts),
    Text(Texts),
    Json(Texts),
    Millis(Numbers<Int64Type>),
    Moment(Numbers<TimestampMillisecondType>),
    Day(Numbers<Date32Type>),
    List(Box<ListBuilder>),
    Object(Box<ObjectBuilder>),
}

impl Builder {
    pub(super) fn new(shape: &Shape) -> Self {
        match shape {
            Shape::Bool => Self::Bool(BooleanBuilder::new()),
            Shape::Int => Self::Int(Numbers::new()),
            Shape::Float => Self::Float(Numbers::new()),
            Shape::Digits => Self::Digits(Texts::new()),
            Shape::Text => Self::Text(Texts::new()),
            Shape::Json => Self::Json(Texts::new()),
            Shape::Millis => Self::Millis(Numbers::new()),
            Shape::Moment => Self::Moment(Numbers::new()),
            Shape::Day => Self::Day(Numbers::new()),
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
            Self::Int(builder) => builder.append(int(jiter, peek)?),
            Self::Float(builder) => builder.append(float(jiter, peek)?),
            Self::Digits(builder) => {
                let text = digits(jiter, peek)?;
                builder.append(text)?;
            }
            Self::Text(builder) => match peek {
                Peek::String => builder.append(jiter.known_str()?)?,
                _ => return Err(Misfit::expected("text", jiter, peek)),
            },
            Self::Json(builder) => {
                let start = jiter.current_index();
                jiter.known_skip(peek)?;
                let text = std::str::from_utf8(jiter.slice_to_current(start))
                    .map_err(|_| Misfit::because("is not valid UTF-8"))?;
                builder.append(text)?;
            }
            Self::Millis(builder) => builder.append(millis(jiter, peek)?),
            Self::Moment(builder) => builder.append(millis(jiter, peek)?),
            Self::Day(builder) => builder.append(day(jiter, peek)?),
            Self::List(builder) => builder.append(jiter, peek)?,
            Self::Object(builder) => builder.append(jiter, peek)?,
        }
        Ok(())
    }

    /// The same for what most values are, without a parser. None when it is something else; then nothing was taken.
    // Within the loop that calls it, there would be too few registers for either.
    #[inline(never)]
    pub(super) fn append_plain(&mut self, scan: &mut Scan<'_>) -> Option<()> {
        let start = scan.at;
        let taken = self.take_plain(scan);
        if taken.is_none() {
            scan.at = start;
        }
        taken
    }

    #[inline]
    fn take_plain(&mut self, scan: &mut Scan<'_>) -> Option<()> {
        if scan.peek() == Some(b'n') {
            scan.pass(b"null")?;
            self.append_null();
            return Some(());
        }
        match self {
            Self::Int(builder) | Self::Millis(builder) => builder.append(scan.whole()?),
            Self::Moment(builder) => builder.append(scan.whole()?),
            Self::Float(builder) => builder.append(scan.number()?.decimal()?),
            Self::Text(builder) => builder.append_json(scan)?,
            Self::Day(builder) => {
                let day = time::day(std::str::from_utf8(scan.plain_string()?).ok()?)?;
                builder.append(i32::try_from(day).ok()?);
            }
            Self::Bool(builder) => {
                let flag = scan.peek() == Some(b't');
                scan.pass(if flag { b"true" } else { b"false" })?;
                builder.append_value(flag);
            }
            Self::Digits(builder) => {
                let number = scan.number().filter(Number::is_short)?;
                builder.append(std::str::from_utf8(number.text).ok()?).ok()?;
            }
            Self::Json(_) | Self::List(_) | Self::Object(_) => return None,
        }
        Some(())
    }

    pub(super) fn append_null(&mut self) {
        match self {
            Self::Bool(builder) => builder.append_null(),
            Self::Int(builder) | Self::Millis(builder) => builder.append_null(),
            Self::Moment(builder) => builder.append_null(),
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
            Self::Int(builder) | Self::Millis(builder) => Arc::new(builder.finish()?),
            Self::Moment(builder) => Arc::new(builder.finish()?.with_timezone("UTC")),
            Self::Float(builder) => Arc::new(builder.finish()?),
            Self::Digits(builder) | Self::Text(builder) | Self::Json(builder) => Arc::new(builder.finish()?),
            Self::Day(builder) => Arc::new(builder.finish()?),
            Self::List(builder) => builder.finish()?,
            Self::Object(builder) => builder.finish()?,
        })
    }
}

fn int(jiter: &mut Jiter<'_>, peek: Peek) -> Result<i64, Misfit> {
    const WHAT: &str = "a whole number from -2^63 to 2^63-1";
    if !peek.is_num() {
        return Err(Misfit::expected(WHAT, jiter, peek));
    }
    // By hand, as the parser would bring a library for whole numbers of any size along.
    let text = jiter.known_number_bytes(peek)?;
    whole(text).ok_or_else(|| Misfit::because(format!("should be {WHAT}, but is {}", shown(text))))
}

/// A number of JSON, if it is a whole one of 64 bits.
fn whole(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let mut number = 0_i64;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return whole_double(text);
        }
        let digit = i64::from(byte - b'0');
        number = number.checked_mul(10)?;
        // Towards the sign, because there is one more number below zero than above.
        number = if negative {
            number.checked_sub(digit)?
        } else {
            number.checked_add(digit)?
        };
    }
    Some(number)
}

/// 5.0 is a whole number in other clothes; beyond 2^53 a double no longer tells which one.
#[cold]
fn whole_double(text: &[u8]) -> Option<i64> {
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "whole and small enough to be exact")]
    (number.fract() == 0.0 && number.abs() < 9.0e15).then_some(number as i64)
}

fn float(jiter: &mut Jiter<'_>, peek: Peek) -> Result<f64, Misfit> {
    let start = jiter.current_index();
    let number = match peek {
        Peek::String => jiter.known_str()?.parse().unwrap_or(f64::NAN),
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
fn is_number(text: &[u8]) -> bool {
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
