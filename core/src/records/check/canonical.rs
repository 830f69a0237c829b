//! Values in one spelling each, to find out whether a record that the server answers is the row that was sent.

use std::collections::BTreeMap;

use super::number::{self, whole};
use super::scan::Cursor;
use super::time::moment;
use crate::records::schema::{Column, Kind};

/// A value as the server would answer it, in one spelling for all that are equal; none where that cannot be told, so that
/// the column is no evidence either way: passwords, files, geometries, `now`, text whose change by the server cannot be
/// foreseen, objects of which the server fills in the rest, numbers that a double does not say exactly.
///
/// Two values may be compared where there is one for both.
pub(crate) fn canonical(column: &Column, value: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(value).ok()?;
    let mut cursor = Cursor::new(text);
    cursor.space();
    let mut out = String::new();
    of_column(column, &mut cursor, &mut out)?;
    cursor.end().ok()?;
    Some(out.into_bytes())
}

fn of_column(column: &Column, cursor: &mut Cursor<'_>, out: &mut String) -> Option<()> {
    if matches!(column.kind, Kind::Password | Kind::File | Kind::Geometry) {
        return None;
    }
    if cursor.peek() == Some(b'n') {
        return any(cursor, out);
    }
    if !column.list {
        return single(column, cursor, out);
    }
    list(cursor, out, |cursor, out| single(column, cursor, out))
}

fn single(column: &Column, cursor: &mut Cursor<'_>, out: &mut String) -> Option<()> {
    match (column.kind, cursor.peek()?) {
        (Kind::Int | Kind::Timestamp, b'-' | b'0'..=b'9') => whole_number(cursor, out),
        (Kind::Timestamp, b'"') => {
            let ms = moment(&cursor.string().ok()?.text()).ok()?;
            out.push_str(&ms.to_string());
            Some(())
        }
        (Kind::Date, b'"') => {
            let quoted = cursor.string().ok()?;
            let text = quoted.text();
            write_text(super::time::day_or_midnight(&text)?, out);
            Some(())
        }
        (Kind::Uuid, b'"') => {
            write_text(&cursor.string().ok()?.text().to_ascii_lowercase(), out);
            Some(())
        }
        (Kind::Text | Kind::Email | Kind::Enum, b'"') => {
            write_text(&filtered(column, &cursor.string().ok()?.text())?, out);
            Some(())
        }
        (Kind::Object, b'{') if !column.children.is_empty() => object(&column.children, cursor, out),
        _ => any(cursor, out),
    }
}

fn whole_number(cursor: &mut Cursor<'_>, out: &mut String) -> Option<()> {
    match whole(cursor.number().ok()?) {
        number::Whole::Number(number) => out.push_str(&number.to_string()),
        _ => return None,
    }
    Some(())
}

/// An object of known fields; none where some are not given, since the server adds those.
fn object(children: &[Column], cursor: &mut Cursor<'_>, out: &mut String) -> Option<()> {
    let fields = fields(cursor, |name, cursor| {
        let mut out = String::new();
        let child = children.iter().find(|child| child.name == name)?;
        of_column(child, cursor, &mut out)?;
        Some(out)
    })?;
    if fields.len() != children.len() {
        return None;
    }
    write_fields(&fields, out);
    Some(())
}

fn any(cursor: &mut Cursor<'_>, out: &mut String) -> Option<()> {
    // Bounds the nesting of what follows.
    cursor.clone().value().ok()?;
    unbounded(cursor, out)
}

fn unbounded(cursor: &mut Cursor<'_>, out: &mut String) -> Option<()> {
    match cursor.peek()? {
        b'"' => write_text(&cursor.string().ok()?.text(), out),
        b'-' | b'0'..=b'9' => out.push_str(&number::canonical(cursor.number().ok()?)?),
        b'[' => return list(cursor, out, unbounded),
        b'{' => {
            let fields = fields(cursor, |_, cursor| {
                let mut out = String::new();
                unbounded(cursor, &mut out)?;
                Some(out)
            })?;
            write_fields(&fields, out);
        }
        _ => out.push_str(cursor.value().ok()?.json),
    }
    Some(())
}

fn list(
    cursor: &mut Cursor<'_>,
    out: &mut String,
    item: impl Fn(&mut Cursor<'_>, &mut String) -> Option<()>,
) -> Option<()> {
    cursor.expect(b'[', "a list").ok()?;
    out.push('[');
    let mut first = true;
    while cursor.item(first).ok()? {
        if !first {
            out.push(',');
        }
        item(cursor, out)?;
        first = false;
    }
    out.push(']');
    Some(())
}

/// Of two equal names the last counts, as everywhere in JSON.
fn fields<'t>(
    cursor: &mut Cursor<'t>,
    value: impl Fn(&str, &mut Cursor<'t>) -> Option<String>,
) -> Option<BTreeMap<String, String>> {
    cursor.expect(b'{', "an object").ok()?;
    let mut fields = BTreeMap::new();
    let mut first = true;
    while let Some(key) = cursor.key(first).ok()? {
        let name = key.text();
        let value = value(&name, cursor)?;
        fields.insert(name.into_owned(), value);
        first = false;
    }
    Some(fields)
}

fn write_fields(fields: &BTreeMap<String, String>, out: &mut String) {
    out.push('{');
    for (place, (name, value)) in fields.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_text(name, out);
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
}

fn write_text(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// The JSON text of a value that identifies a record, as the server stores it; none where that cannot be told.
pub(super) fn stored(column: &Column, json: &str) -> Option<String> {
    if !column.altered || !json.starts_with('"') {
        return Some(json.to_owned());
    }
    let text = Cursor::new(json).string().ok()?.text().into_owned();
    let mut out = String::new();
    write_text(&filtered(column, &text)?, &mut out);
    Some(out)
}

/// What trim, lower and upper make of a text. Certain for printable ASCII, and for text that stays as it is by the widest
/// notion of space and case.
fn filtered(column: &Column, text: &str) -> Option<String> {
    if !column.altered {
        return Some(text.to_owned());
    }
    let set = |filter: &str| {
        ["validators", "filters"].iter().any(|place| {
            let said = column.definition.get(place).and_then(|filters| filters.get(filter));
            said.is_some_and(|said| said == true)
        })
    };
    let mut changed = text.to_owned();
    if set("trim") {
        changed.truncate(changed.trim_end().len());
        changed.drain(..changed.len() - changed.trim_start().len());
    }
    if set("lower") {
        changed = changed.to_lowercase();
    }
    if set("upper") {
        changed = changed.to_uppercase();
    }
    let is_certain = changed == text || text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    is_certain.then_some(changed)
}
