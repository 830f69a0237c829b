//! Values that are sent just as they are written, told by a look at sixteen bytes at once.
//!
//! Nearly all values of nearly all rows are such, so that a row is mostly passed over and copied as one piece. What is not
//! told here is no trouble yet: it is looked at again by [`super::value`], which knows every spelling and has the words for
//! what does not fit.

use super::rule::Rule;
use super::time::day;
use crate::masks::{digits, lane, small_hex, special_and_ascii};
use crate::records::schema::{Column, Kind};

/// What the values of a column look like that are sent as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    /// None is told here.
    Never,
    Text,
    /// One of the column's values.
    Choice,
    Whole,
    Number,
    Flag,
    /// In small letters.
    Uuid,
    Day,
}

impl Plain {
    pub(super) fn of(column: &Column) -> Self {
        if column.list {
            return Self::Never;
        }
        match column.kind {
            Kind::Bool => Self::Flag,
            Kind::Int | Kind::Timestamp => Self::Whole,
            Kind::Decimal => Self::Number,
            Kind::Text | Kind::Email | Kind::Password => Self::Text,
            Kind::Enum if column.values.is_empty() => Self::Text,
            Kind::Enum => Self::Choice,
            Kind::Uuid => Self::Uuid,
            Kind::Date => Self::Day,
            Kind::Json | Kind::Object | Kind::Vector | Kind::Geometry | Kind::File | Kind::Unknown => Self::Never,
        }
    }
}

/// Where the value that begins a text ends, if it fits its column and is sent as it is written.
#[inline]
pub(super) fn end(rule: &Rule, text: &[u8]) -> Option<usize> {
    if text.first() == Some(&b'n') {
        return (rule.plain != Plain::Never && rule.takes_null && text.starts_with(b"null")).then_some(4);
    }
    match rule.plain {
        Plain::Never => None,
        Plain::Text => Some(inside(text)?.len() + 2),
        Plain::Choice => {
            let inside = inside(text)?;
            let is_one = rule.values.iter().any(|value| value.as_bytes() == inside);
            is_one.then_some(inside.len() + 2)
        }
        Plain::Whole => whole(text),
        Plain::Number => number(text),
        Plain::Flag if text.starts_with(b"true") => Some(4),
        Plain::Flag => text.starts_with(b"false").then_some(5),
        Plain::Uuid => uuid(text),
        Plain::Day => short_day(text),
    }
}

/// The text of a string without escapes.
#[inline(never)]
fn inside(text: &[u8]) -> Option<&[u8]> {
    let (b'"', behind) = text.split_first()? else {
        return None;
    };
    let (length, is_ascii) = special_and_ascii(behind)?;
    let (inside, behind) = behind.split_at(length);
    (behind.first() == Some(&b'"') && (is_ascii || std::str::from_utf8(inside).is_ok())).then_some(inside)
}

/// A whole number of so few digits that it fits, in its only spelling.
#[inline(never)]
fn whole(text: &[u8]) -> Option<usize> {
    let sign = usize::from(text.first() == Some(&b'-'));
    let digits = digits_without_zero(&text[sign..])?;
    let is_usual = digits <= 18 && (sign == 0 || text[sign] != b'0');
    (is_usual && is_behind(text, sign + digits)).then_some(sign + digits)
}

/// A number without an exponent.
#[inline(never)]
fn number(text: &[u8]) -> Option<usize> {
    let sign = usize::from(text.first() == Some(&b'-'));
    let mut end = sign + digits_without_zero(&text[sign..])?;
    if text.get(end) == Some(&b'.') {
        let fraction = digits(&text[end + 1..]);
        if fraction == 0 {
            return None;
        }
        end += 1 + fraction;
    }
    is_behind(text, end).then_some(end)
}

/// How many digits there are, if there are some, without a zero in front.
#[inline]
fn digits_without_zero(text: &[u8]) -> Option<usize> {
    let count = digits(text);
    (count == 1 || (count > 1 && text[0] != b'0')).then_some(count)
}

/// Whether what can only stand behind a whole value stands there.
#[inline]
fn is_behind(text: &[u8], end: usize) -> bool {
    matches!(text.get(end), Some(b',' | b'}'))
}

/// A UUID in small letters.
#[inline(never)]
fn uuid(text: &[u8]) -> Option<usize> {
    // Where digits are among bytes 1 to 16, 17 to 32 and 21 to 36.
    const DIGITS: [u32; 3] = [0b1101_1110_1111_1111, 0b1111_1111_0111_1011, 0b1111_1111_1111_0111];
    let text: &[u8; 38] = text.first_chunk()?;
    let is_one = [0, 37].iter().all(|place| text[*place] == b'"')
        && [9, 14, 19, 24].iter().all(|place| text[*place] == b'-')
        && [1, 17, 21].map(|start| small_hex(lane(&text[start..]))) == DIGITS;
    is_one.then_some(text.len())
}

/// A day without a time of day.
#[inline(never)]
fn short_day(text: &[u8]) -> Option<usize> {
    let text: &[u8; 12] = text.first_chunk()?;
    let [b'"', inside @ .., b'"'] = text else {
        return None;
    };
    day(inside).map(|_| text.len())
}
