//! Records as they are sent: names with values that are still JSON text.
//!
//! Values are not parsed into a tree first, because a tree rounds: a decimal of twenty digits and a
//! large number inside a JSON column reach the store exactly as the client wrote them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON object in the order it was sent. Of two equal names the last counts, as everywhere in JSON.
#[derive(Debug, Clone, Default)]
pub struct Fields<'a>(pub Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Reads one object.
    pub fn parse(json: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(json)
    }

    /// A field's value.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(map.size_hint().unwrap_or(8));
                while let Some(entry) = map.next_entry::<String, &'de RawValue>()? {
                    fields.push(entry);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// Whether a value is the word null.
pub fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// JSON text without the spaces between its parts; numbers and texts stay as they were written.
pub fn minified(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut in_text, mut escaped) = (false, false);
    for c in json.chars() {
        if in_text {
            out.push(c);
            (in_text, escaped) = match (escaped, c) {
                (false, '\\') => (true, true),
                (false, '"') => (false, false),
                _ => (true, false),
            };
        } else if !c.is_ascii_whitespace() {
            in_text = c == '"';
            out.push(c);
        }
    }
    out
}

/// Appends a text as JSON.
pub fn write_text(text: &str, out: &mut String) {
    let plain = text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\');
    if plain {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        // Writing a text into memory cannot fail.
        out.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_digits_and_names_their_order() {
        let fields =
            Fields::parse(r#"{"b": 0.1234567890123456789012, "a\u00e4": [1 , 2], "b": 2}"#).expect("an object");
        assert_eq!(fields.0[0].1.get(), "0.1234567890123456789012");
        assert_eq!(fields.0[1].0, "aä");
        assert_eq!(fields.get("b").map(RawValue::get), Some("2"));
        assert!(Fields::parse("[1]").is_err());
    }

    #[test]
    fn texts_are_written_as_json_reads_them() {
        for text in ["", "plain ü 😀", "\"", "\\", "\n\u{0}\u{1f}", "\u{7f}\u{2028}"] {
            let mut out = String::new();
            write_text(text, &mut out);
            assert_eq!(serde_json::from_str::<String>(&out).expect("JSON"), text);
        }
    }

    #[test]
    fn spaces_go_only_between_the_parts() {
        assert_eq!(
            minified("{ \"a b\" : [ 1 , \" \\\" \" ] ,\n\t\"c\": 1e400 }"),
            r#"{"a b":[1," \" "],"c":1e400}"#
        );
    }
}
