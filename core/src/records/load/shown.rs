//! What a report shows of a refused row: enough to find it again, and nothing that is nobody's business.
//!
//! Reports are printed, logged and kept in checkpoints. So values of passwords and of columns that are marked as sensitive
//! do not go into them, and a row of which that cannot be made sure is not shown at all.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::schema::Schema;

/// Bytes of a row that a report shows.
const SHOWN: usize = 2048;

/// What stands in place of a value that is not shown.
const HIDDEN: &str = "…";

/// A row as a report shows it.
pub(super) fn shown(schema: &Schema, row: &[u8]) -> Option<String> {
    let hidden: Vec<&str> = schema
        .columns()
        .iter()
        .filter(|column| !column.may_be_shown())
        .map(|column| column.name.as_str())
        .collect();
    if hidden.is_empty() {
        // Half a character more at the cut does not matter.
        return Some(shorten(&String::from_utf8_lossy(&row[..row.len().min(2 * SHOWN)])));
    }
    let fields: Fields<'_> = serde_json::from_slice(row).ok()?;
    let masked = Masked { fields, hidden };
    serde_json::to_string(&masked).ok().map(|text| shorten(&text))
}

fn shorten(text: &str) -> String {
    if text.len() <= SHOWN {
        return text.to_owned();
    }
    let end = (0..=SHOWN).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// The fields of a row in their order, values as they stand.
struct Fields<'r>(Vec<(String, &'r RawValue)>);

impl<'de: 'r, 'r> Deserialize<'de> for Fields<'r> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Reading)
    }
}

struct Masked<'r> {
    fields: Fields<'r>,
    hidden: Vec<&'r str>,
}

impl Serialize for Masked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.0.len()))?;
        for (name, value) in &self.fields.0 {
            if self.hidden.contains(&name.as_str()) {
                map.serialize_entry(name, HIDDEN)?;
            } else {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(columns: serde_json::Value) -> Schema {
        let serde_json::Value::Array(columns) = columns else {
            unreachable!("a list is written below");
        };
        Schema::of(columns).expect("columns")
    }

    #[test]
    fn passwords_and_sensitive_values_are_hidden_wherever_they_stand() {
        let schema = schema(json!([
            {"name": "id", "type": "int"},
            {"name": "key", "type": "password"},
            {"name": "iban", "type": "text", "sensitive": true},
            {"name": "owner", "type": "object", "children": [{"name": "pin", "type": "int", "sensitive": true}]},
        ]));
        let row = br#"{"key":"hunter2", "id":9007199254740993, "iban": ["DE1"], "owner":{"pin":1234}, "x":1.50}"#;
        let text = shown(&schema, row).expect("a row");
        assert_eq!(
            text,
            r#"{"key":"…","id":9007199254740993,"iban":"…","owner":"…","x":1.50}"#
        );
        assert_eq!(
            shown(&schema, br#"{"key":"hunter2""#),
            None,
            "what cannot be read cannot be masked"
        );
    }

    #[test]
    fn long_rows_are_cut_between_characters() {
        let schema = schema(json!([{"name": "id", "type": "int"}]));
        let long = "ü".repeat(5000);
        let text = shown(&schema, long.as_bytes()).expect("text");
        assert!(text.len() < SHOWN + 8 && text.ends_with("ü…"), "{}", text.len());
        assert_eq!(shown(&schema, b"{\"id\":"), Some("{\"id\":".to_owned()));
    }
}
