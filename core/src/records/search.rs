//! Searches that people can read, and what the reader has to do with any search.
//!
//! [`Search`] compiles to the API's expression list: one-key maps whose key is a column, an operator and, where the
//! condition is joined by OR, a third part. Every language has the same names for the operators:
//!
//! | name | expression | meaning | documented by Xano |
//! | --- | --- | --- | --- |
//! | `eq` | `{"column": value}` | equal; null finds nulls | yes |
//! | `gt` | `{"column\|>": value}` | greater | yes |
//! | `lt` | `{"column\|<": value}` | less | yes |
//! | `in` | `{"column\|in": [value, …]}` | one of them | yes |
//! | `not_in` | `{"column\|not in": [value, …]}` | none of them | yes |
//! | `gte` | `{"column\|>=": value}` | greater or equal | in use, not documented; the server may refuse |
//! | `lte` | `{"column\|<=": value}` | less or equal | in use, not documented; the server may refuse |
//! | `ne` | `{"column\|!=": value}` | not equal | in use, not documented; the server may refuse |
//!
//! Joined by OR the keys are `column||or` and `column|>|or`. Conditions are sent in the order in which they were given.
//! Null cannot be compared by order, and a column's name holds no `|`. What people write as the API has it, an object or a
//! list of objects, is passed on to the letter.
//!
//! ```
//! use xano_metadata::records::Search;
//!
//! let search = Search::new().gt("price", 70).is_in("status", ["new", "paid"]).or().eq("vip", true);
//! assert_eq!(
//!     serde_json::to_string(&search)?,
//!     r#"[{"price|>":70},{"status|in":["new","paid"]},{"vip||or":true}]"#
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod expression;
mod sort;

use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::typed::finite;
use crate::error::Error;

pub(crate) use expression::Expression;
pub use sort::Sort;

/// Conditions that records must meet. Without any, every record does.
///
/// What cannot be sent (a column whose name holds `|`, an order compared with null, `or` without conditions on both sides)
/// is told when the search is used.
#[derive(Clone, Debug, Default)]
#[must_use = "a search does nothing by itself"]
pub struct Search {
    conditions: Vec<Condition>,
    /// Whether the next condition is joined by OR.
    or: bool,
    fault: Option<String>,
}

#[derive(Clone, Debug)]
struct Condition {
    key: String,
    value: Box<RawValue>,
}

impl Search {
    /// No conditions yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The column equals the value; `None` finds nulls. A list column equals a value that it holds.
    pub fn eq(self, column: &str, value: impl Serialize) -> Self {
        self.with(column, "", &value)
    }

    /// The column is greater than the value.
    pub fn gt(self, column: &str, value: impl Serialize) -> Self {
        self.with(column, ">", &value)
    }

    /// The column is less than the value.
    pub fn lt(self, column: &str, value: impl Serialize) -> Self {
        self.with(column, "<", &value)
    }

    /// The column is one of the values.
    pub fn is_in<V: Serialize>(self, column: &str, values: impl IntoIterator<Item = V>) -> Self {
        self.with(column, "in", &values.into_iter().collect::<Vec<_>>())
    }

    /// The column is none of the values.
    pub fn not_in<V: Serialize>(self, column: &str, values: impl IntoIterator<Item = V>) -> Self {
        self.with(column, "not in", &values.into_iter().collect::<Vec<_>>())
    }

    /// The column is greater than the value, or equal. In use, not documented by Xano; the server may refuse it.
    pub fn gte(self, column: &str, value: impl Serialize) -> Self {
        self.with(column, ">=", &value)
    }

    /// The column is less than the value, or equal. In use, not documented by Xano; the server may refuse it.
    pub fn lte(self, column: &str, value: impl Serialize) -> Self {
        self.with(column, "<=", &value)
    }

    /// The column does not equal the value. In use, not documented by Xano; the server may refuse it. `not_in` with one
    /// value is documented.
    pub fn ne(self, column: &str, value: impl Serialize) -> Self {
        self.with(column, "!=", &value)
    }

    /// Joins the next condition by OR to what stands before it; otherwise conditions are joined by AND. Xano does not say
    /// which of the two binds tighter, so a search with both is best kept to one OR at its end, or made two searches.
    pub fn or(mut self) -> Self {
        if self.conditions.is_empty() || self.or {
            self.refuse("or() joins two conditions, and here it has none before it".to_owned());
        }
        self.or = true;
        self
    }

    /// The search as JSON text, for [`ReadOptions::search`](super::ReadOptions).
    ///
    /// # Errors
    /// `config_error` when it holds what cannot be sent.
    pub fn to_raw(&self) -> Result<Box<RawValue>, Error> {
        serde_json::value::to_raw_value(self)
            .map_err(|cause| Error::config(format!("The search cannot be sent: {cause}.")))
    }

    fn with(mut self, column: &str, operator: &str, value: &impl Serialize) -> Self {
        let key = match (operator, self.or) {
            ("", false) => column.to_owned(),
            (_, false) => format!("{column}|{operator}"),
            (_, true) => format!("{column}|{operator}|or"),
        };
        self.or = false;
        if column.contains('|') || column.is_empty() {
            self.refuse(format!("{column:?} is no name of a column"));
        }
        if let Err(trouble) = finite::check(value) {
            self.refuse(format!(
                "the value for {column} cannot be sent: {}",
                trouble.reason.trim_end_matches('.')
            ));
        }
        match serde_json::value::to_raw_value(value) {
            Ok(value) if value.get() == "null" && !matches!(operator, "" | "!=") => {
                self.refuse(format!(
                    "{column} {operator} null finds nothing; give a number, a text or a time"
                ));
            }
            Ok(value) => self.conditions.push(Condition { key, value }),
            Err(cause) => self.refuse(format!("the value for {column} has no form in JSON: {cause}")),
        }
        self
    }

    /// The first fault is the one that is told.
    fn refuse(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }
}

impl Serialize for Search {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(fault) = &self.fault {
            return Err(S::Error::custom(fault));
        }
        if self.or {
            return Err(S::Error::custom("or() joins two conditions, and here none follows it"));
        }
        let mut list = serializer.serialize_seq(Some(self.conditions.len()))?;
        for condition in &self.conditions {
            list.serialize_element(&OneKey(&condition.key, &*condition.value))?;
        }
        list.end()
    }
}

/// A map with one key.
struct OneKey<'s, V>(&'s str, V);

impl<V: Serialize> Serialize for OneKey<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, &self.1)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(search: &Search) -> String {
        search.to_raw().expect("a search").get().to_owned()
    }

    #[test]
    fn every_name_has_its_expression() {
        let search = Search::new()
            .eq("a", "x")
            .gt("b", 1)
            .lt("c", 1.5)
            .is_in("d", [1, 2])
            .not_in("e", Vec::<i64>::new())
            .gte("f", i64::MAX)
            .lte("g", "2024-01-01")
            .ne("h", true);
        let expected = r#"[{"a":"x"},{"b|>":1},{"c|<":1.5},{"d|in":[1,2]},{"e|not in":[]},{"f|>=":9223372036854775807},{"g|<=":"2024-01-01"},{"h|!=":true}]"#;
        assert_eq!(text(&search), expected);
    }

    #[test]
    fn or_marks_the_condition_behind_it() {
        let search = Search::new().eq("a", 1).or().eq("a", 2).gt("b", 3).or().lt("b", 0);
        assert_eq!(text(&search), r#"[{"a":1},{"a||or":2},{"b|>":3},{"b|<|or":0}]"#);
        assert_eq!(text(&Search::new()), "[]");
    }

    #[test]
    fn nulls_are_equal_or_not_and_nothing_else() {
        let search = Search::new().eq("a", None::<i64>).ne("b", ());
        assert_eq!(text(&search), r#"[{"a":null},{"b|!=":null}]"#);
    }

    #[test]
    fn what_cannot_be_sent_is_refused_by_its_first_fault() {
        let rows = [
            (Search::new().gt("price", None::<f64>), "price > null finds nothing"),
            (
                Search::new().eq("price", f64::NAN),
                "the value for price cannot be sent: It is NaN",
            ),
            (Search::new().eq("a|b", 1).gt("c", ()), r#""a|b" is no name"#),
            (Search::new().eq("", 1), r#""" is no name"#),
            (Search::new().or().eq("a", 1), "none before it"),
            (Search::new().eq("a", 1).or().or().eq("b", 1), "none before it"),
            (Search::new().eq("a", 1).or(), "none follows it"),
            (
                Search::new().eq("a", std::collections::HashMap::from([([1], 2)])),
                "has no form in JSON",
            ),
        ];
        for (search, words) in rows {
            let error = search.to_raw().expect_err(words);
            assert_eq!(error.code(), "config_error");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
