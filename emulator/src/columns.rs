//! Columns: the kinds there are, how values are checked, stored and shown.
//!
//! Scalars are stored as SQLite's own types so that sorting, comparing and uniqueness are the
//! database's; everything with an inside (objects, lists, geometry, vectors, files) is stored as JSON
//! text. Booleans are 0 and 1, timestamps are epoch milliseconds.

use rusqlite::types::{Value as Sql, ValueRef};
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::store::{random_text, uuid};

/// The kinds of column that a schema may name.
pub const KINDS: [&str; 23] = [
    "attachment",
    "audio",
    "bool",
    "date",
    "decimal",
    "email",
    "enum",
    "geo_linestring",
    "geo_multilinestring",
    "geo_multipoint",
    "geo_multipolygon",
    "geo_point",
    "geo_polygon",
    "image",
    "int",
    "json",
    "object",
    "password",
    "text",
    "timestamp",
    "uuid",
    "vector",
    "video",
];

/// How the values of a kind are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Storage {
    Integer,
    Real,
    Bool,
    Text,
    Json,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Unique in its table, whatever the case.
    pub name: String,
    /// One of [`KINDS`].
    pub kind: String,
    /// Null is a value.
    pub nullable: bool,
    /// A new record must bring a value.
    pub required: bool,
    /// A list of values instead of one.
    pub list: bool,
    /// The value of a new record that brings none, as text.
    pub default: String,
    /// The whole definition as it is shown.
    shown: Map<String, Value>,
}

/// An SQL identifier.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Column {
    /// Reads a definition, filling in what it leaves out.
    pub fn read(value: &Value) -> Result<Self, ApiError> {
        let wrong = |message: String| ApiError::input("schema", message);
        let given = value
            .as_object()
            .ok_or_else(|| wrong("A column is an object with name and type.".to_owned()))?;
        let name = given.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if name.is_empty() || name.contains('\0') {
            return Err(wrong("A column needs a name.".to_owned()));
        }
        let kind = given.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !KINDS.contains(&kind.as_str()) {
            return Err(wrong(format!(
                "Column {name:?} has no known type {kind:?}; known are {}.",
                KINDS.join(", ")
            )));
        }
        let flag = |field: &str, default: bool| given.get(field).and_then(Value::as_bool).unwrap_or(default);
        let default = match given.get("default") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let text = |field: &str, default: &str| given.get(field).and_then(Value::as_str).unwrap_or(default).to_owned();
        let mut column = Self {
            nullable: flag("nullable", false),
            required: flag("required", false),
            list: text("style", "single") == "list",
            default,
            shown: Map::new(),
            name,
            kind,
        };
        let mut shown = given.clone();
        shown.insert("description".to_owned(), json!(text("description", "")));
        shown.insert("nullable".to_owned(), json!(column.nullable));
        shown.insert("default".to_owned(), json!(column.default));
        shown.insert("required".to_owned(), json!(column.required));
        shown.insert("access".to_owned(), json!(text("access", "public")));
        shown.insert("sensitive".to_owned(), json!(flag("sensitive", false)));
        shown.insert("style".to_owned(), json!(if column.list { "list" } else { "single" }));
        column.shown = shown;
        Ok(column)
    }

    /// The definition as it is shown and stored.
    pub fn to_json(&self) -> Value {
        Value::Object(self.shown.clone())
    }

    /// Gives the column another name.
    pub fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.name);
        self.shown.insert("name".to_owned(), json!(name));
    }

    /// A part of the definition.
    pub fn detail(&self, name: &str) -> Option<&Value> {
        self.shown.get(name).filter(|value| !value.is_null())
    }

    fn storage(&self) -> Storage {
        if self.list {
            return Storage::Json;
        }
        match self.kind.as_str() {
            "int" | "timestamp" => Storage::Integer,
            "decimal" => Storage::Real,
            "bool" => Storage::Bool,
            "date" | "email" | "enum" | "password" | "text" | "uuid" => Storage::Text,
            _ => Storage::Json,
        }
    }

    /// The column in `CREATE TABLE`. AUTOINCREMENT: an id is never given twice.
    pub fn declaration(&self) -> String {
        let name = quote(&self.name);
        if self.name == "id" {
            let kind = if self.kind == "uuid" {
                "TEXT PRIMARY KEY"
            } else {
                "INTEGER PRIMARY KEY AUTOINCREMENT"
            };
            return format!("{name} {kind}");
        }
        let kind = match self.storage() {
            Storage::Integer | Storage::Bool => "INTEGER",
            Storage::Real => "REAL",
            Storage::Text | Storage::Json => "TEXT",
        };
        format!("{name} {kind}")
    }

    /// The value of a new record that brings none.
    pub fn default_value(&self, now_ms: i64) -> Sql {
        let text = self.default.as_str();
        match (self.storage(), text) {
            (Storage::Integer, "now") => Sql::Integer(now_ms),
            (_, "" | "null") if self.nullable => Sql::Null,
            (Storage::Json, "") => Sql::Text(if self.list { "[]" } else { "null" }.to_owned()),
            (Storage::Json, _) => Sql::Text(text.to_owned()),
            (Storage::Text, "") if self.kind == "uuid" => Sql::Text(uuid()),
            (Storage::Text, _) => Sql::Text(text.to_owned()),
            (Storage::Bool, _) => Sql::Integer(i64::from(text == "true" || text == "1")),
            // Timestamps have no zero: nothing said means nothing known.
            (Storage::Integer, "") if self.kind == "timestamp" => Sql::Null,
            (Storage::Integer, _) => Sql::Integer(text.parse().unwrap_or(0)),
            (Storage::Real, _) => Sql::Real(text.parse().unwrap_or(0.0)),
        }
    }

    /// Checks a value and turns it into what is stored.
    pub fn store(&self, value: &Value, now_ms: i64) -> Result<Sql, ApiError> {
        if value.is_null() {
            return if self.nullable || self.storage() == Storage::Json && !self.list {
                Ok(if self.nullable {
                    Sql::Null
                } else {
                    Sql::Text("null".to_owned())
                })
            } else {
                Err(self.wrong("It is not nullable."))
            };
        }
        if self.list {
            let list = value.as_array().ok_or_else(|| self.wrong("It must be a list."))?;
            for entry in list {
                self.scalar(entry, now_ms)?;
            }
            return Ok(Sql::Text(value.to_string()));
        }
        self.scalar(value, now_ms)
    }

    fn wrong(&self, what: &str) -> ApiError {
        ApiError::input(&self.name, format!("Invalid value for param: {}. {what}", self.name))
    }

    fn scalar(&self, value: &Value, now_ms: i64) -> Result<Sql, ApiError> {
        let text = value.as_str().map(str::trim);
        match self.kind.as_str() {
            "int" => integer(value)
                .map(Sql::Integer)
                .ok_or_else(|| self.wrong("It must be a whole number.")),
            "decimal" => value
                .as_f64()
                .or_else(|| text?.parse().ok())
                .map(Sql::Real)
                .ok_or_else(|| self.wrong("It must be a number.")),
            "bool" => match (value, text) {
                (Value::Bool(truth), _) => Ok(Sql::Integer(i64::from(*truth))),
                (_, Some("true" | "1")) => Ok(Sql::Integer(1)),
                (_, Some("false" | "0" | "")) => Ok(Sql::Integer(0)),
                _ if matches!(integer(value), Some(0 | 1)) => Ok(Sql::Integer(integer(value).unwrap_or(0))),
                _ => Err(self.wrong("It must be true or false.")),
            },
            "timestamp" => match text {
                Some("now") => Ok(Sql::Integer(now_ms)),
                _ => integer(value)
                    .or_else(|| crate::clock::parse(text?))
                    .map(Sql::Integer)
                    .ok_or_else(|| self.wrong("It must be epoch milliseconds, an ISO 8601 time or \"now\".")),
            },
            "date" => match text {
                Some(day) if crate::clock::is_date(day) => Ok(Sql::Text(day.to_owned())),
                _ => Err(self.wrong("It must be a date such as 2025-01-31.")),
            },
            "uuid" => match text {
                Some(id) if is_uuid(id) => Ok(Sql::Text(id.to_ascii_lowercase())),
                _ => Err(self.wrong("It must be a UUID.")),
            },
            "enum" => {
                let allowed = self.detail("values").and_then(Value::as_array);
                let known = allowed.is_none_or(|list| {
                    list.iter()
                        .any(|entry| entry == value || entry.get("value") == Some(value))
                });
                if known {
                    self.text(value)
                } else {
                    Err(self.wrong("It is none of the column's values."))
                }
            }
            "email" => match text {
                Some(address) if address.is_empty() || address.contains('@') => Ok(Sql::Text(address.to_lowercase())),
                _ => Err(self.wrong("It must be an e-mail address.")),
            },
            // A stored password is never shown in clear; nothing here ever checks one.
            "password" => self
                .text(value)
                .map(|_| Sql::Text(format!("{}.{}", random_text(16), random_text(64)))),
            "text" => self.text(value),
            "vector" => {
                let size = self.detail("vector").and_then(|v| v["size"].as_u64()).unwrap_or(3);
                let fits = |list: &Vec<Value>| list.len() as u64 == size && list.iter().all(Value::is_number);
                match value.as_array() {
                    Some(list) if fits(list) => Ok(Sql::Text(value.to_string())),
                    _ => Err(self.wrong(&format!("It must be a list of {size} numbers."))),
                }
            }
            "object"
            | "geo_linestring"
            | "geo_multilinestring"
            | "geo_multipoint"
            | "geo_multipolygon"
            | "geo_point"
            | "geo_polygon"
            | "attachment"
            | "audio"
            | "image"
            | "video" => match value {
                Value::Object(_) => Ok(Sql::Text(value.to_string())),
                _ => Err(self.wrong("It must be an object.")),
            },
            _ => Ok(Sql::Text(value.to_string())),
        }
    }

    fn text(&self, value: &Value) -> Result<Sql, ApiError> {
        let mut text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(self.wrong("It must be text.")),
        };
        let rule = |name: &str| {
            ["validators", "filters"]
                .iter()
                .any(|group| self.detail(group).is_some_and(|g| g[name] == json!(true)))
        };
        if rule("trim") {
            text = text.trim().to_owned();
        }
        if rule("lower") {
            text = text.to_lowercase();
        }
        Ok(Sql::Text(text))
    }

    /// A value to compare with, in the form that is stored; a comparison accepts any scalar.
    pub fn operand(&self, value: &Value, now_ms: i64) -> Sql {
        match (self.storage(), value) {
            (_, Value::Null) => Sql::Null,
            (Storage::Text, Value::String(text)) => Sql::Text(text.clone()),
            (Storage::Json, _) => Sql::Text(value.to_string()),
            _ => self.scalar(value, now_ms).unwrap_or_else(|_| match value {
                Value::String(text) => Sql::Text(text.clone()),
                other => Sql::Text(other.to_string()),
            }),
        }
    }

    /// Writes a stored value as JSON. Text is escaped here because a tree for every value would make
    /// large pages several times slower.
    pub fn show(&self, value: ValueRef<'_>, out: &mut String) {
        use std::fmt::Write as _;
        let written = match value {
            ValueRef::Null => write!(out, "null"),
            ValueRef::Integer(n) if self.storage() == Storage::Bool => write!(out, "{}", n != 0),
            ValueRef::Integer(n) => write!(out, "{n}"),
            ValueRef::Real(x) => write!(out, "{}", json!(x)),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                let text = String::from_utf8_lossy(bytes);
                if self.storage() == Storage::Json {
                    write!(out, "{text}")
                } else {
                    write!(out, "{}", json!(text))
                }
            }
        };
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            #[allow(clippy::cast_possible_truncation)]
            number
                .as_f64()
                .filter(|x| x.fract() == 0.0 && x.abs() < 9e15)
                .map(|x| x as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Whether a text has the shape of a UUID.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The two columns that a table has when nothing is said.
pub fn standard() -> Vec<Column> {
    let columns = [
        json!({"name": "id", "type": "int", "required": true}),
        json!({"name": "created_at", "type": "timestamp", "default": "now", "access": "private"}),
    ];
    columns.iter().filter_map(|column| Column::read(column).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(definition: &Value) -> Column {
        Column::read(definition).expect("a column")
    }

    #[test]
    fn each_kind_takes_its_own_values_and_refuses_others() {
        let text = |t: &str| Sql::Text(t.to_owned());
        for (kind, good, stored, bad) in [
            ("int", json!(5), Sql::Integer(5), json!(5.5)),
            ("int", json!("7"), Sql::Integer(7), json!("x")),
            ("decimal", json!(1.5), Sql::Real(1.5), json!([])),
            ("bool", json!(true), Sql::Integer(1), json!(2)),
            ("text", json!("a"), text("a"), json!({})),
            ("email", json!("A@B.c"), text("a@b.c"), json!("nobody")),
            ("date", json!("2024-02-29"), text("2024-02-29"), json!("2023-02-29")),
            (
                "timestamp",
                json!("2023-04-12T22:00:38Z"),
                Sql::Integer(1_681_336_838_000),
                json!("soon"),
            ),
            (
                "uuid",
                json!("0190A0B0-0000-4000-8000-000000000000"),
                text("0190a0b0-0000-4000-8000-000000000000"),
                json!("7"),
            ),
            ("object", json!({"a": 1}), text("{\"a\":1}"), json!("a")),
            ("json", json!([1]), text("[1]"), json!(null)),
            ("vector", json!([1, 2, 3]), text("[1,2,3]"), json!([1, 2])),
            (
                "image",
                json!({"path": "/vault/x"}),
                text("{\"path\":\"/vault/x\"}"),
                json!(7),
            ),
        ] {
            let column = column(&json!({"name": "c", "type": kind}));
            assert_eq!(column.store(&good, 0).expect(kind), stored, "{kind}");
            if kind != "json" {
                let error = column.store(&bad, 0).expect_err(kind);
                assert_eq!(error.payload["param"], "c", "{kind}");
            }
        }
    }

    #[test]
    fn null_needs_a_nullable_column() {
        assert!(
            column(&json!({"name": "c", "type": "int"}))
                .store(&Value::Null, 0)
                .is_err()
        );
        assert_eq!(
            column(&json!({"name": "c", "type": "int", "nullable": true}))
                .store(&Value::Null, 0)
                .expect("null"),
            Sql::Null
        );
    }

    #[test]
    fn lists_hold_values_of_their_kind() {
        let column = column(&json!({"name": "c", "type": "int", "style": "list"}));
        assert_eq!(
            column.store(&json!([1, 2]), 0).expect("a list"),
            Sql::Text("[1,2]".to_owned())
        );
        assert!(column.store(&json!([1, "x"]), 0).is_err());
        assert!(column.store(&json!(1), 0).is_err());
    }

    #[test]
    fn enums_know_their_values_and_text_its_validators() {
        let status = column(&json!({"name": "c", "type": "enum", "values": ["a", "b"]}));
        assert!(status.store(&json!("a"), 0).is_ok());
        assert!(status.store(&json!("z"), 0).is_err());
        let tidy = column(&json!({"name": "c", "type": "text", "validators": {"trim": true, "lower": true}}));
        assert_eq!(
            tidy.store(&json!(" AbC "), 0).expect("text"),
            Sql::Text("abc".to_owned())
        );
    }

    #[test]
    fn defaults_fit_the_kind() {
        for (definition, expected) in [
            (json!({"name": "c", "type": "int"}), Sql::Integer(0)),
            (json!({"name": "c", "type": "int", "default": "7"}), Sql::Integer(7)),
            (json!({"name": "c", "type": "int", "nullable": true}), Sql::Null),
            (json!({"name": "c", "type": "bool", "default": true}), Sql::Integer(1)),
            (
                json!({"name": "c", "type": "timestamp", "default": "now"}),
                Sql::Integer(99),
            ),
            (json!({"name": "c", "type": "text"}), Sql::Text(String::new())),
            (
                json!({"name": "c", "type": "text", "style": "list"}),
                Sql::Text("[]".to_owned()),
            ),
        ] {
            assert_eq!(column(&definition).default_value(99), expected, "{definition}");
        }
    }

    #[test]
    fn a_definition_without_sense_is_refused() {
        for definition in [
            json!("c"),
            json!({"type": "int"}),
            json!({"name": "c"}),
            json!({"name": "c", "type": "integer"}),
        ] {
            assert!(Column::read(&definition).is_err(), "{definition}");
        }
    }
}
