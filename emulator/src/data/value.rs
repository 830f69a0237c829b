//! From JSON to what is stored: type checks, conversions, defaults.
//!
//! A value that does not fit its column is refused with the column's name, never bent. Conversions are
//! those that lose nothing: digits in quotes for a number, a date and time for a timestamp, `1` for
//! true.

use rusqlite::types::Value as Cell;
use serde_json::value::RawValue;

use super::column::Column;
use super::decimal;
use super::fields::{Fields, is_null, minified, write_text};
use super::kind::{Kind, Storage};
use super::password;
use super::time;
use crate::clock;
use crate::error::ApiError;
use crate::store::uuid;

/// Why a value is refused, and where inside it.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    path: String,
    reason: String,
}

impl Refusal {
    fn inside(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }

    /// The refusal as the API answers it: it points at the column.
    pub fn into_error(self, column: &str) -> ApiError {
        let place = if self.path.is_empty() {
            String::new()
        } else {
            format!(" At {column}{}:", self.path)
        };
        ApiError::input(
            column,
            format!("Invalid value for param: {column}.{place} {}", self.reason),
        )
    }

    /// The reason as one sentence, for places that name the column themselves.
    pub fn sentence(&self) -> String {
        if self.path.is_empty() {
            self.reason.clone()
        } else {
            format!("At {}: {}", self.path, self.reason)
        }
    }
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        let path = String::new();
        Self { path, reason }
    }
}

impl From<&str> for Refusal {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}

/// What goes into a column for a given value.
pub fn cell(column: &Column, raw: &RawValue, now_ms: i64) -> Result<Cell, Refusal> {
    if is_null(raw) {
        return if column.takes_null() {
            Ok(Cell::Null)
        } else {
            Err("It must not be null.".into())
        };
    }
    if column.list {
        let mut out = String::new();
        write_list(column, raw, now_ms, &mut out)?;
        return Ok(Cell::Text(out));
    }
    single(column, raw, now_ms)
}

/// One value, whether or not the column holds a list of them.
pub fn single(column: &Column, raw: &RawValue, now_ms: i64) -> Result<Cell, Refusal> {
    let json = raw.get();
    match column.kind {
        Kind::Int => {
            let number = integer(json).ok_or("It must be a whole number from -2^63 to 2^63-1.")?;
            in_range(column, number)?;
            Ok(Cell::Integer(number))
        }
        Kind::Timestamp => moment(json, now_ms).map(Cell::Integer),
        Kind::Bool => boolean(json).map(|flag| Cell::Integer(flag.into())),
        Kind::Decimal => number(column, json),
        Kind::Json => Ok(Cell::Text(minified(json))),
        Kind::Object => {
            let mut out = String::new();
            write_object(column, json, now_ms, &mut out)?;
            Ok(Cell::Text(out))
        }
        kind if kind.storage() == Storage::Text => text(column, json, now_ms).map(Cell::Text),
        _ => structure(column, json).map(Cell::Text),
    }
}

fn quoted(json: &str) -> Result<String, Refusal> {
    if !json.starts_with('"') {
        return Err("It must be text.".into());
    }
    serde_json::from_str(json).map_err(|_| "It is not valid Unicode text.".into())
}

/// The characters between the quotes, for words that need no unescaping.
fn bare(json: &str) -> &str {
    json.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(json)
}

fn integer(json: &str) -> Option<i64> {
    let text = bare(json).trim();
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    // 5.0 and 1e3 are whole numbers in other clothes.
    match decimal::cell(text)? {
        #[allow(clippy::cast_possible_truncation)]
        Cell::Real(double) if double.fract() == 0.0 && double.abs() < 9.0e15 => Some(double as i64),
        Cell::Text(digits) => digits.parse().ok(),
        _ => None,
    }
}

#[allow(clippy::cast_precision_loss)]
fn in_range(column: &Column, number: i64) -> Result<(), Refusal> {
    column.filters.number(number as f64).map_err(Refusal::from)
}

fn boolean(json: &str) -> Result<bool, Refusal> {
    match bare(json) {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("It must be true or false.".into()),
    }
}

fn moment(json: &str, now_ms: i64) -> Result<i64, Refusal> {
    let found = if json.starts_with('"') {
        let text = quoted(json)?;
        if text == "now" {
            Some(now_ms)
        } else {
            time::timestamp(&text)
        }
    } else {
        integer(json)
    };
    found.ok_or_else(|| {
        "It must be milliseconds since 1970, a date and time such as 2023-04-12T22:00:38Z, or now.".into()
    })
}

fn number(column: &Column, json: &str) -> Result<Cell, Refusal> {
    let cell = decimal::cell(bare(json).trim()).ok_or("It must be a number of at most 1000 digits.")?;
    let double = match &cell {
        Cell::Real(double) => *double,
        Cell::Text(digits) => digits.parse().unwrap_or(f64::NAN),
        _ => 0.0,
    };
    column.filters.number(double)?;
    Ok(cell)
}

fn text(column: &Column, json: &str, now_ms: i64) -> Result<String, Refusal> {
    let text = quoted(json)?;
    match column.kind {
        Kind::Password => {
            column.filters.password(&text)?;
            Ok(password::hash(&text, column.filters.salt.as_deref()))
        }
        Kind::Enum if column.values.contains(&text) => Ok(text),
        Kind::Enum => Err(format!("It must be one of: {}.", column.values.join(", ")).into()),
        Kind::Uuid => uuid_text(&text).ok_or_else(|| "It must be a UUID.".into()),
        Kind::Date if text == "now" => Ok(today(now_ms)),
        Kind::Date if time::is_date(&text) => Ok(text),
        Kind::Date => Err("It must be a day such as 2023-04-12.".into()),
        Kind::Email => {
            let text = column.filters.text(text)?;
            if text.is_empty() || is_email(&text) {
                Ok(text)
            } else {
                Err("It must be an email address.".into())
            }
        }
        _ => column.filters.text(text).map_err(Refusal::from),
    }
}

fn is_email(text: &str) -> bool {
    text.rsplit_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace))
}

/// A UUID in lower case; none when the text is not one.
pub fn uuid_text(text: &str) -> Option<String> {
    let fits = text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
    fits.then(|| text.to_ascii_lowercase())
}

fn today(now_ms: i64) -> String {
    clock::timestamptz(now_ms)[..10].to_owned()
}

/// Vectors, geometries, files: JSON of a certain form.
fn structure(column: &Column, json: &str) -> Result<String, Refusal> {
    if column.kind == Kind::Vector {
        let numbers: Vec<f64> = serde_json::from_str(json).map_err(|_| "It must be a list of numbers.")?;
        if let Some(size) = column.size.filter(|size| *size != numbers.len()) {
            return Err(format!("It must have {size} numbers and not {}.", numbers.len()).into());
        }
        for number in numbers {
            column.filters.number(number)?;
        }
        return Ok(minified(json));
    }
    if !json.starts_with('{') {
        return Err("It must be an object.".into());
    }
    if let Some(shape) = column.kind.geometry() {
        let fields = Fields::parse(json).map_err(|_| "It must be an object.")?;
        let named = fields.get("type").map(|raw| bare(raw.get()).to_ascii_lowercase());
        let fits = named.is_some_and(|named| named == shape || named == column.kind.name());
        if !fits || (fields.get("data").is_none() && fields.get("coordinates").is_none()) {
            return Err(format!("It must be an object with the type \"{shape}\" and data.").into());
        }
    }
    Ok(minified(json))
}

fn write_list(column: &Column, raw: &RawValue, now_ms: i64, out: &mut String) -> Result<(), Refusal> {
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| "It must be a list.")?;
    out.push('[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        if is_null(item) {
            return Err(Refusal::from("It must not be null.").inside(&format!("[{at}]")));
        }
        let cell = single(column, item, now_ms).map_err(|refusal| refusal.inside(&format!("[{at}]")))?;
        write_cell(column.kind, &cell, out);
    }
    out.push(']');
    Ok(())
}

fn write_object(column: &Column, json: &str, now_ms: i64, out: &mut String) -> Result<(), Refusal> {
    let fields = Fields::parse(json).map_err(|_| "It must be an object.")?;
    if column.children.is_empty() {
        out.push_str(&minified(json));
        return Ok(());
    }
    if let Some((name, _)) = fields
        .0
        .iter()
        .find(|(name, _)| column.children.iter().all(|child| child.name != *name))
    {
        return Err(Refusal::from("There is no such field.").inside(&format!(".{name}")));
    }
    out.push('{');
    for (at, child) in column.children.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        let cell = match fields.get(&child.name) {
            Some(raw) => cell(child, raw, now_ms),
            None => filler(child).and_then(|filler| filler.cell(now_ms).ok_or_else(|| "It is missing.".into())),
        };
        let cell = cell.map_err(|refusal| refusal.inside(&format!(".{}", child.name)))?;
        write_text(&child.name, out);
        out.push(':');
        let kind = if child.list { Kind::Json } else { child.kind };
        write_cell(kind, &cell, out);
    }
    out.push('}');
    Ok(())
}

/// Writes a stored value as JSON.
pub fn write_cell(kind: Kind, cell: &Cell, out: &mut String) {
    match (kind.storage(), cell) {
        (Storage::Boolean, Cell::Integer(flag)) => out.push_str(if *flag == 0 { "false" } else { "true" }),
        (_, Cell::Integer(number)) => out.push_str(&number.to_string()),
        (_, Cell::Real(double)) => decimal::write_double(*double, out),
        (Storage::Decimal | Storage::Json, Cell::Text(json)) => out.push_str(json),
        (_, Cell::Text(text)) => write_text(text, out),
        (_, Cell::Null | Cell::Blob(_)) => out.push_str("null"),
    }
}

/// What a column holds when a new record says nothing about it.
#[derive(Debug, Clone)]
pub enum Filler {
    /// Always this.
    Fixed(Cell),
    /// The moment of creation.
    Now,
    /// The day of creation.
    Today,
    /// A new UUID.
    Uuid,
    /// Nothing: the record is refused.
    Required,
}

impl Filler {
    /// The value for one record; none where a value is required.
    pub fn cell(&self, now_ms: i64) -> Option<Cell> {
        match self {
            Self::Fixed(cell) => Some(cell.clone()),
            Self::Now => Some(Cell::Integer(now_ms)),
            Self::Today => Some(Cell::Text(today(now_ms))),
            Self::Uuid => Some(Cell::Text(uuid())),
            Self::Required => None,
        }
    }
}

/// Finds out what stands in for a missing value.
pub fn filler(column: &Column) -> Result<Filler, Refusal> {
    if let Some(text) = &column.default {
        return default(column, text);
    }
    if column.required {
        return Ok(Filler::Required);
    }
    empty(column)
}

/// What existing records get when a column is added: a default even where new ones must give a value.
pub fn backfill(column: &Column) -> Result<Filler, Refusal> {
    match &column.default {
        Some(text) => default(column, text),
        None => empty(column),
    }
}

fn empty(column: &Column) -> Result<Filler, Refusal> {
    let stands_in = if column.list { Some("[]") } else { column.kind.empty() };
    match stands_in.filter(|_| !column.nullable) {
        // Straight to the stored form: constraints are for values that somebody gave.
        Some(json) => {
            let free = Column {
                list: column.list,
                ..Column::new(&column.name, column.kind)
            };
            let raw = RawValue::from_string(json.to_owned()).map_err(|error| error.to_string())?;
            cell(&free, &raw, 0).map(Filler::Fixed)
        }
        None => Ok(Filler::Fixed(Cell::Null)),
    }
}

fn default(column: &Column, text: &str) -> Result<Filler, Refusal> {
    if !column.list {
        match (column.kind, text) {
            (Kind::Timestamp, "now") => return Ok(Filler::Now),
            (Kind::Date, "now") => return Ok(Filler::Today),
            (Kind::Uuid, "uuid" | "now" | "1") => return Ok(Filler::Uuid),
            (_, "null") if column.takes_null() => return Ok(Filler::Fixed(Cell::Null)),
            _ => {}
        }
    }
    let json = if column.kind.storage() == Storage::Text && !column.list {
        let mut json = String::new();
        write_text(text, &mut json);
        json
    } else {
        text.to_owned()
    };
    let raw = RawValue::from_string(json.clone())
        // A date and time is no JSON by itself.
        .or_else(|_| RawValue::from_string(serde_json::to_string(&json)?))
        .map_err(|error| error.to_string())?;
    cell(column, &raw, 0).map(Filler::Fixed)
}

/// Whether a default fits its column.
pub fn check_default(column: &Column, text: &str) -> Result<(), String> {
    default(column, text)
        .map(drop)
        .map_err(|refusal| format!("the default {text:?} does not fit: {}", refusal.sentence()))
}
