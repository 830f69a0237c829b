//! Whether a record that the server answers can be a row that was sent.
//!
//! Only columns that were given are compared, and only where it is known how the server spells what it was given
//! ([`canonical`]). Should the server be seen to store something else than it was sent (a trigger, a filter that the schema
//! does not tell), the column is no evidence from then on.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::check::canonical;
use super::super::check::scan::Cursor;
use super::super::schema::{Column, Kind, Schema};
use super::fate::Print;

/// What rows and records are compared by.
#[derive(Debug)]
pub(super) struct Evidence {
    schema: Arc<Schema>,
    /// By column: whether the server was seen to store something else than it was sent.
    changed: Vec<AtomicBool>,
}

/// A record as a search answers it.
#[derive(Debug)]
pub(super) struct Record {
    /// Its id in one spelling, as JSON text.
    pub(super) id: String,
    /// The value in the column that was asked for, in one spelling.
    pub(super) value: Option<String>,
    pub(super) print: Print,
}

impl Evidence {
    pub(super) fn new(schema: Arc<Schema>) -> Self {
        let changed = schema.columns().iter().map(|_| AtomicBool::new(false)).collect();
        Self { schema, changed }
    }

    /// Reads a row that was sent.
    pub(super) fn row(&self, json: &str) -> Print {
        self.read(json, |_, _| ())
    }

    /// Reads a record with its value in the column at this place. None when it is no object with an id.
    pub(super) fn record(&self, json: &str, wanted: Option<usize>) -> Option<Record> {
        let (mut id, mut value) = (None, None);
        let print = self.read(json, |place, raw| {
            let column = &self.schema.columns()[place];
            if column.name == "id" {
                id = Some(one_spelling(column, raw));
            }
            if wanted == Some(place) {
                value = Some(one_spelling(column, raw));
            }
        });
        Some(Record { id: id?, value, print })
    }

    /// The value of a row or record in the column at this place, in one spelling. None when it has none, or null.
    pub(super) fn value(&self, json: &str, wanted: usize) -> Option<String> {
        let mut value = None;
        self.read(json, |place, raw| {
            if place == wanted && raw != "null" {
                let text = canonical(&self.schema.columns()[place], raw.as_bytes());
                value = text.and_then(|text| String::from_utf8(text).ok());
            }
        });
        value
    }

    /// A value of the column at this place in one spelling, as far as that can be told.
    pub(super) fn spelling(&self, place: usize, json: &str) -> String {
        one_spelling(&self.schema.columns()[place], json)
    }

    /// Takes a row and the record it became: columns that differ are no evidence any more.
    pub(super) fn learn(&self, sent: &Print, stored: &Print) {
        for ((sent, stored), changed) in sent.iter().zip(stored).zip(&self.changed) {
            if *sent != 0 && sent != stored {
                changed.store(true, Ordering::Relaxed);
            }
        }
    }

    fn read(&self, json: &str, mut each: impl FnMut(usize, &str)) -> Print {
        let columns = self.schema.columns();
        let mut print: Print = vec![0; columns.len()].into();
        let mut cursor = Cursor::new(json);
        cursor.space();
        if cursor.expect(b'{', "an object").is_err() {
            return print;
        }
        let mut first = true;
        while let Ok(Some(name)) = cursor.key(first) {
            first = false;
            let Ok(raw) = cursor.value() else { break };
            let name = name.text();
            let Some(place) = columns.iter().position(|column| column.name == name) else {
                continue;
            };
            each(place, raw.json);
            if !self.changed[place].load(Ordering::Relaxed) {
                print[place] = hash(&columns[place], raw.json);
            }
        }
        print
    }
}

/// A value's hash, 0 where it is no evidence. Null in a column that stores none becomes whatever the server likes.
fn hash(column: &Column, raw: &str) -> u64 {
    if column.name == "id" || (raw == "null" && !column.nullable) {
        return 0;
    }
    canonical(column, raw.as_bytes()).map_or(0, |text| {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        hasher.finish().max(1)
    })
}

/// One text for all spellings of a value, as far as that can be told.
fn one_spelling(column: &Column, raw: &str) -> String {
    let text = canonical(column, raw.as_bytes()).and_then(|text| String::from_utf8(text).ok());
    text.unwrap_or_else(|| raw.to_owned())
}

/// Whether one value stands for one record, so that a search for it finds rows again.
pub(super) const fn identifies(column: &Column) -> bool {
    !column.list
        && matches!(
            column.kind,
            Kind::Int | Kind::Text | Kind::Email | Kind::Enum | Kind::Uuid | Kind::Date | Kind::Timestamp
        )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fate::likeness;
    use super::*;

    fn evidence() -> Evidence {
        let columns = json!([
            {"name": "id", "type": "int"},
            {"name": "name", "type": "text", "nullable": true},
            {"name": "price", "type": "decimal"},
            {"name": "secret", "type": "password"},
        ]);
        let columns = columns.as_array().expect("a list").clone();
        Evidence::new(Arc::new(Schema::of(columns).expect("columns")))
    }

    #[test]
    fn a_row_is_known_by_what_was_given() {
        let evidence = evidence();
        let record = |text: &str| evidence.record(text, Some(1)).expect("a record");
        let stored = record(r#"{"id": 7, "name": "\u00fc", "price": 2.50, "extra": []}"#);
        assert_eq!((stored.id.as_str(), stored.value.as_deref()), ("7", Some("\"ü\"")));
        for (row, is_same) in [
            (r#"{"name":"ü","price":2.5}"#, true),
            (r#"{"price":25e-1}"#, true),
            (r#"{"name":"ü","secret":"x"}"#, true),
            (r#"{"name":"u"}"#, false),
            (r#"{"name":null}"#, false),
            // Null where none is stored: the server may have put a zero, or this.
            (r#"{"name":"ü","price":null}"#, true),
        ] {
            assert_eq!(likeness(&evidence.row(row), &stored.print).is_some(), is_same, "{row}");
        }
        assert!(evidence.row(r#"{"secret":"x"}"#).iter().all(|hash| *hash == 0));
        assert!(evidence.record("[]", None).is_none());
    }

    #[test]
    fn a_column_that_the_server_changes_is_no_evidence() {
        let evidence = evidence();
        let (sent, stored) = (r#"{"name":"a","price":1}"#, r#"{"id":1,"name":"A","price":1}"#);
        let print = |json| evidence.record(json, None).expect("a record").print;
        assert_eq!(likeness(&evidence.row(sent), &print(stored)), None);
        evidence.learn(&evidence.row(sent), &print(stored));
        assert_eq!(likeness(&evidence.row(sent), &print(stored)), Some(1));
        assert_eq!(
            likeness(&evidence.row(sent), &print(r#"{"id":2,"name":"A","price":2}"#)),
            None
        );
    }

    #[test]
    fn values_are_looked_up_in_one_spelling() {
        let evidence = evidence();
        assert_eq!(evidence.value(r#"{"name":"\u0041"}"#, 1).as_deref(), Some("\"A\""));
        assert_eq!(evidence.value(r#"{"name":null}"#, 1), None);
        assert_eq!(evidence.value("{}", 1), None);
    }
}
