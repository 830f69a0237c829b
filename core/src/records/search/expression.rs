//! A search as somebody gave it, taken apart no further than needed: nothing in it is rounded or put in another order.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::Search;
use crate::error::Error;

/// A search in the API's own notation, whoever wrote it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expression {
    /// Its objects, joined by AND unless a key says otherwise; none = every record.
    parts: Vec<Box<RawValue>>,
    has_or: bool,
    has_groups: bool,
}

impl Expression {
    /// Reads an object or a list of objects. Null, an empty text and empty brackets mean every record, as for the API.
    pub(crate) fn read(search: Option<&RawValue>) -> Result<Self, Error> {
        let Some(text) = search.map(|raw| raw.get().trim()) else {
            return Ok(Self::default());
        };
        let parts: Vec<Box<RawValue>> = match text.as_bytes().first() {
            Some(b'[') => serde_json::from_str(text).map_err(|_| refused(text))?,
            Some(b'{') => vec![RawValue::from_string(text.to_owned()).map_err(|_| refused(text))?],
            _ if matches!(text, "null" | "\"\"") => return Ok(Self::default()),
            _ => return Err(refused(text)),
        };
        let mut expression = Self::default();
        for part in parts {
            let Ok(fields) = serde_json::from_str::<HashMap<Cow<'_, str>, &RawValue>>(part.get()) else {
                return Err(refused(part.get()));
            };
            expression.has_or |= fields.keys().any(|key| joins_by_or(key));
            expression.has_groups |= is_statement(&fields);
            if !fields.is_empty() {
                expression.parts.push(part);
            }
        }
        Ok(expression)
    }

    /// Whether conditions behind it apply to all of it. They do not where parts are joined by OR, since it is not documented
    /// which of AND and OR binds tighter, nor in the notation of statements and groups, which is another one.
    pub(crate) const fn can_be_narrowed(&self) -> bool {
        !self.has_or && !self.has_groups
    }

    /// Whether every record meets it.
    pub(crate) fn is_everything(&self) -> bool {
        self.parts.is_empty()
    }

    /// The expression with further conditions, which must hold as well. It has to be one that can be narrowed.
    pub(crate) fn and_also(&self, conditions: &Search) -> Result<Box<RawValue>, Error> {
        let conditions = conditions.to_raw()?;
        let more: Vec<&RawValue> = serde_json::from_str(conditions.get())
            .map_err(|cause| Error::internal(format!("A search is no list of conditions: {cause}.")))?;
        list(self.parts.iter().map(|part| &**part).chain(more))
    }
}

fn list<'s>(parts: impl Iterator<Item = &'s RawValue>) -> Result<Box<RawValue>, Error> {
    serde_json::value::to_raw_value(&parts.collect::<Vec<_>>())
        .map_err(|cause| Error::config(format!("The search cannot be sent: {cause}.")))
}

/// Whether a key's second or third part is `or`.
fn joins_by_or(key: &str) -> bool {
    key.split('|')
        .skip(1)
        .any(|part| part.trim().eq_ignore_ascii_case("or"))
}

/// Whether it is `{"type": "statement", "left": …}` or `{"type": "group", …}` and no condition on a column named `type`.
fn is_statement(fields: &HashMap<Cow<'_, str>, &RawValue>) -> bool {
    fields.len() > 1
        && fields
            .get("type")
            .is_some_and(|kind| matches!(kind.get(), "\"statement\"" | "\"group\""))
}

fn refused(text: &str) -> Error {
    let begins: String = text.chars().take(60).collect();
    Error::config(format!(
        "A search is an object such as {{\"price|>\": 70}} or a list of such objects, and this is {begins}."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Expression, Error> {
        let raw = RawValue::from_string(text.to_owned()).expect("JSON");
        Expression::read(Some(&raw))
    }

    #[test]
    fn a_raw_search_keeps_every_letter_when_it_is_narrowed() {
        let extra = Search::new().gt("id", 5).lt("id", 9);
        let rows = [
            (
                r#"{"price|>": 1.10000000000000000001}"#,
                r#"[{"price|>": 1.10000000000000000001},{"id|>":5},{"id|<":9}]"#,
            ),
            (
                r#"[ {"a":12345678901234567890123}, {"b":1,"c":2} ]"#,
                r#"[{"a":12345678901234567890123},{"b":1,"c":2},{"id|>":5},{"id|<":9}]"#,
            ),
            ("{}", r#"[{"id|>":5},{"id|<":9}]"#),
        ];
        for (text, narrowed) in rows {
            let expression = read(text).expect("a search");
            assert!(expression.can_be_narrowed());
            assert_eq!(expression.and_also(&extra).expect("a search").get(), narrowed);
        }
    }

    #[test]
    fn every_spelling_of_or_is_seen() {
        for text in [
            r#"[{"a":1},{"b|>|or":1}]"#,
            r#"[{"a":1},{"b|or":1}]"#,
            r#"{"a":1,"b|| OR ":1}"#,
            r#"[{"a":1},{"b|in|\u006fr":[1]}]"#,
        ] {
            assert!(!read(text).expect("a search").can_be_narrowed(), "{text}");
        }
        for text in [
            r#"[{"or":1}]"#,
            r#"[{"a|>|":1}]"#,
            r#"[{"a|in":["or"]}]"#,
            r#"{"b|>|and":1}"#,
        ] {
            assert!(read(text).expect("a search").can_be_narrowed(), "{text}");
        }
    }

    #[test]
    fn statements_are_not_narrowed() {
        let text = r#"[{"type":"statement","left":{"tag":"col","operand":"id"},"op":">","right":{"operand":1}}]"#;
        let expression = read(text).expect("a search");
        assert!(!expression.can_be_narrowed());
        assert!(
            read(r#"{"type":"statement"}"#)
                .expect("a condition on a column")
                .can_be_narrowed()
        );
    }

    #[test]
    fn nothing_means_every_record_and_anything_else_is_refused() {
        assert!(Expression::read(None).expect("none").is_everything());
        for text in ["null", "\"\"", "{}", "[]", "[{}]", " [ ] "] {
            assert!(read(text).expect("everything").is_everything(), "{text}");
        }
        for text in ["3", "\"price > 70\"", "[1]", "[[]]", "true"] {
            let error = read(text).expect_err(text);
            assert_eq!(error.code(), "config_error", "{text}");
        }
    }
}
