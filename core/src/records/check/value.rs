//! One value: whether it fits its column, and how it is sent.
//!
//! Conversions are only those that lose nothing: `5.0` for a whole number, a date and time for milliseconds, capitals in a
//! UUID. Everything else is copied as it is written or refused.

use super::number::{Whole, whole};
use super::refusal::{Refusal, shorten};
use super::rule::{Names, Rule, Seen};
use super::scan::{Cursor, Quoted};
use super::time::{NoMoment, day_or_midnight, moment};
use crate::records::schema::Kind;

/// Passes over a value and appends it as it will be sent.
pub(super) fn write(rule: &Rule, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    if cursor.peek() == Some(b'n') {
        cursor.word("null")?;
        if rule.takes_null {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        return Err(Refusal::value("It must not be null."));
    }
    if !rule.list {
        return single(rule, cursor, out);
    }
    if cursor.peek() != Some(b'[') {
        return Err(wrong(rule, cursor, "a list"));
    }
    cursor.at += 1;
    out.push(b'[');
    let mut index = 0;
    while cursor.item(index == 0)? {
        if index > 0 {
            out.push(b',');
        }
        let written = if cursor.peek() == Some(b'n') && !matches!(rule.kind, Kind::Json | Kind::Unknown) {
            Err(Refusal::value("It must not be null."))
        } else {
            single(rule, cursor, out)
        };
        written.map_err(|refusal| refusal.inside(|| format!("[{index}]")))?;
        index += 1;
    }
    out.push(b']');
    Ok(())
}

/// A value that is not null and no list of the column's.
fn single(rule: &Rule, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    match rule.kind {
        Kind::Bool => boolean(rule, cursor, out),
        Kind::Int => whole_number(rule, cursor, out, "a whole number"),
        Kind::Decimal => number(rule, cursor, out),
        Kind::Timestamp => timestamp(rule, cursor, out),
        Kind::Text | Kind::Email | Kind::Password => {
            let quoted = text(rule, cursor, "text")?;
            out.extend_from_slice(quoted.json.as_bytes());
            Ok(())
        }
        Kind::Enum => one_of(rule, cursor, out),
        Kind::Uuid => uuid(rule, cursor, out),
        Kind::Date => date(rule, cursor, out),
        Kind::Vector => vector(rule, cursor, out),
        Kind::Object => match &rule.fields {
            Some(fields) if cursor.peek() == Some(b'{') => object(fields, cursor, out),
            _ => any_object(rule, cursor, out),
        },
        Kind::Geometry | Kind::File => any_object(rule, cursor, out),
        Kind::Json | Kind::Unknown => {
            cursor.value()?.write_minified(out);
            Ok(())
        }
    }
}

/// Passes over a value of the wrong sort and says so.
fn wrong(rule: &Rule, cursor: &mut Cursor<'_>, wanted: &str) -> Refusal {
    match cursor.value() {
        Ok(raw) => unfit(rule, wanted, raw.json),
        Err(broken) => broken.into(),
    }
}

fn unfit(rule: &Rule, wanted: &str, json: &str) -> Refusal {
    Refusal::value(if rule.shown {
        format!("It must be {wanted}, but is {}.", shorten(json))
    } else {
        format!("It must be {wanted}.")
    })
}

fn text<'t>(rule: &Rule, cursor: &mut Cursor<'t>, wanted: &str) -> Result<Quoted<'t>, Refusal> {
    if cursor.peek() != Some(b'"') {
        return Err(wrong(rule, cursor, wanted));
    }
    Ok(cursor.string()?)
}

const fn begins_number(byte: Option<u8>) -> bool {
    matches!(byte, Some(b'-' | b'0'..=b'9'))
}

fn boolean(rule: &Rule, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let word = match cursor.peek() {
        Some(b't') => "true",
        Some(b'f') => "false",
        _ => return Err(wrong(rule, cursor, "true or false")),
    };
    cursor.word(word)?;
    out.extend_from_slice(word.as_bytes());
    Ok(())
}

fn whole_number(rule: &Rule, cursor: &mut Cursor<'_>, out: &mut Vec<u8>, wanted: &str) -> Result<(), Refusal> {
    if !begins_number(cursor.peek()) {
        return Err(wrong(rule, cursor, wanted));
    }
    let json = cursor.number()?;
    // Eighteen digits always fit; a minus may stand before a zero that is spelt as one.
    if json.len() <= 18 && json.bytes().all(|byte| byte.is_ascii_digit()) {
        out.extend_from_slice(json.as_bytes());
        return Ok(());
    }
    match whole(json) {
        Whole::Number(number) => {
            out.extend_from_slice(number.to_string().as_bytes());
            Ok(())
        }
        Whole::Beyond => Err(unfit(rule, "a whole number from -2^63 to 2^63-1", json)),
        Whole::Broken => Err(unfit(rule, wanted, json)),
    }
}

fn number(rule: &Rule, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    if !begins_number(cursor.peek()) {
        return Err(wrong(rule, cursor, "a number"));
    }
    out.extend_from_slice(cursor.number()?.as_bytes());
    Ok(())
}

fn timestamp(rule: &Rule, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    const WANTED: &str = "whole milliseconds since 1970, a date and time such as \"2023-04-12T22:00:38Z\", or \"now\"";
    if cursor.peek() != Some(b'"') {
        return whole_number(rule, cursor, out, WANTED);
    }
    let quoted = cursor.string()?;
    let text = quoted.text();
    if text == "now" {
        out.extend_from_slice(quoted.json.as_bytes());
        return Ok(());
    }
    match moment(&text) {
        Ok(ms) => {
            out.extend_from_slice(ms.to_string().as_bytes());
            Ok(())
        }
        Err(NoMoment::Unreadable) => Err(unfit(rule, WANTED, quoted.json)),
        Err(NoMoment::TooFine) => Err(unfit(
            rule,
            "a moment in milliseconds, as finer digits would be lost (round it first)",
            quoted.json,
        )),
    }
}

fn date(rule: &Rule, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    const WANTED: &str = "a day such as \"2023-04-12\"";
    let quoted = text(rule, cursor, WANTED)?;
    let text = quoted.text();
    let day = day_or_midnight(&text).ok_or_else(|| unfit(rule, WANTED, quoted.json))?;
    write_plain(day, out);
    Ok(())
}

fn one_of(rule: &Rule, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let quoted = text(rule, cursor, "text")?;
    let text = quoted.text();
    // Where the server named no values, it must judge itself.
    if rule.values.is_empty() || rule.values.iter().any(|value| *value == text) {
        out.extend_from_slice(quoted.json.as_bytes());
        return Ok(());
    }
    let values: Vec<String> = rule.values.iter().map(|value| format!("{value:?}")).collect();
    let wanted = format!("one of {}", values.join(", "));
    Err(unfit(rule, &wanted, quoted.json))
}

fn uuid(rule: &Rule, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    const WANTED: &str = "a UUID such as \"0b3cf5d6-1c2e-4f0a-9d8e-7a6b5c4d3e2f\"";
    let quoted = text(rule, cursor, WANTED)?;
    let text = quoted.text();
    let fits = text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if !fits {
        return Err(unfit(rule, WANTED, quoted.json));
    }
    write_plain(&text.to_ascii_lowercase(), out);
    Ok(())
}

/// Appends text that needs no escapes.
fn write_plain(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn vector(rule: &Rule, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    if cursor.peek() != Some(b'[') {
        return Err(wrong(rule, cursor, "a list of numbers"));
    }
    cursor.at += 1;
    out.push(b'[');
    let mut count = 0;
    while cursor.item(count == 0)? {
        if count > 0 {
            out.push(b',');
        }
        number(rule, cursor, out).map_err(|refusal| refusal.inside(|| format!("[{count}]")))?;
        count += 1;
    }
    out.push(b']');
    match rule.size {
        Some(size) if size != count => Err(Refusal::value(format!("It must have {size} numbers, but has {count}."))),
        _ => Ok(()),
    }
}

fn any_object(rule: &Rule, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    if cursor.peek() != Some(b'{') {
        return Err(wrong(rule, cursor, "an object"));
    }
    cursor.value()?.write_minified(out);
    Ok(())
}

/// An object whose fields are known. It is stored as a whole, so what must be given must be given on updates as well.
fn object(fields: &Names, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    cursor.at += 1;
    out.push(b'{');
    let mut seen = Seen::default();
    let mut behind = 0;
    while let Some(key) = cursor.key(behind == 0)? {
        let name = key.text();
        let at_field = || format!(".{name}");
        let Some(place) = fields.find(&name, behind) else {
            return Err(Refusal::value(fields.unknown(&name, "field")).inside(at_field));
        };
        if !seen.note(place) {
            return Err(Refusal::value("It is given twice.").inside(at_field));
        }
        if behind > 0 {
            out.push(b',');
        }
        let rule = &fields.rules[place];
        out.extend_from_slice(&rule.lead);
        write(rule, cursor, out).map_err(|refusal| refusal.inside(at_field))?;
        behind = place + 1;
    }
    let mut rules = fields.rules.iter().enumerate();
    if let Some((_, rule)) = rules.find(|(place, rule)| rule.must_be_given && !seen.has(*place)) {
        return Err(Refusal::value("It is missing.").inside(|| format!(".{}", rule.name)));
    }
    out.push(b'}');
    Ok(())
}
