//! Search expressions: `{"column|op": value}`, one object or a list of them.
//!
//! Conditions are joined with AND; a trailing `|or` joins a condition to the one before it with OR.
//! AND binds tighter, as in SQL. Histories and logs, which are answers already, are searched here;
//! records are searched by the database (see `data`).

use std::cmp::Ordering;

use serde_json::Value;

use crate::error::ApiError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    AtLeast,
    AtMost,
    In,
    NotIn,
}

impl Operator {
    fn parse(word: &str) -> Option<Self> {
        Some(match word.trim() {
            "" | "=" | "==" => Self::Equal,
            "!=" | "<>" => Self::NotEqual,
            ">" => Self::Greater,
            "<" => Self::Less,
            ">=" => Self::AtLeast,
            "<=" => Self::AtMost,
            "in" => Self::In,
            "not in" => Self::NotIn,
            _ => return None,
        })
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Condition {
    column: String,
    operator: Operator,
    value: Value,
    or: bool,
}

/// A parsed expression; an empty one finds everything.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Search(Vec<Condition>);

fn wrong(message: impl std::fmt::Display) -> ApiError {
    ApiError::input("search", format!("Invalid value for param: search. {message}"))
}

impl Search {
    /// Reads an expression.
    pub fn parse(value: Option<&Value>) -> Result<Self, ApiError> {
        let entries: Vec<&Value> = match value {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) => list.iter().collect(),
            Some(one) => vec![one],
        };
        let mut conditions = Vec::new();
        for entry in entries {
            let map = entry
                .as_object()
                .ok_or_else(|| wrong("Each condition is an object such as {\"price|>\": 70}."))?;
            for (key, value) in map {
                conditions.push(condition(key, value)?);
            }
        }
        Ok(Self(conditions))
    }

    /// Whether an answer is found; `user.email` looks inside.
    pub fn finds(&self, item: &Value) -> bool {
        let mut any = self.0.is_empty();
        let mut all = true;
        for condition in &self.0 {
            if condition.or {
                any |= all;
                all = true;
            }
            all &= condition.holds(item);
        }
        any || all
    }
}

fn condition(key: &str, value: &Value) -> Result<Condition, ApiError> {
    let mut parts = key.split('|');
    let column = parts.next().unwrap_or_default().trim().to_owned();
    let word = parts.next().unwrap_or_default();
    let operator = Operator::parse(word).ok_or_else(|| {
        wrong(format!(
            "No operator is called {word:?}; known are =, !=, >, <, >=, <=, in, not in."
        ))
    })?;
    let or = match parts.next().map(str::trim) {
        None | Some("" | "and") => false,
        Some("or") => true,
        Some(other) => return Err(wrong(format!("{key:?} ends in {other:?}; only or is known there."))),
    };
    if column.is_empty() || parts.next().is_some() {
        return Err(wrong(format!("{key:?} is not column|operator|or.")));
    }
    Ok(Condition {
        column,
        operator,
        value: value.clone(),
        or,
    })
}

/// The right-hand side of `in`: a list, or text with commas.
fn listed(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.clone(),
        Value::String(text) => text
            .split(',')
            .map(|part| Value::String(part.trim().to_owned()))
            .collect(),
        other => vec![other.clone()],
    }
}

impl Condition {
    fn holds(&self, item: &Value) -> bool {
        let found = self
            .column
            .split('.')
            .try_fold(item, |value, part| value.get(part))
            .unwrap_or(&Value::Null);
        let order = compare(found, &self.value);
        match self.operator {
            Operator::Equal => order == Some(Ordering::Equal),
            Operator::NotEqual => order != Some(Ordering::Equal),
            Operator::Greater => order == Some(Ordering::Greater),
            Operator::Less => order == Some(Ordering::Less),
            Operator::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Operator::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Operator::In => listed(&self.value)
                .iter()
                .any(|value| compare(found, value) == Some(Ordering::Equal)),
            Operator::NotIn => listed(&self.value)
                .iter()
                .all(|value| compare(found, value) != Some(Ordering::Equal)),
        }
    }
}

/// The order of two answers' values, where they have one.
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (a, b) => (a == b).then_some(Ordering::Equal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn finds(search: &Value, item: &Value) -> bool {
        Search::parse(Some(search)).expect("an expression").finds(item)
    }

    #[test]
    fn conditions_join_with_and_unless_told_or() {
        let item = json!({"price": 80, "name": "b", "user": {"email": "x@y.z"}});
        for (search, expected) in [
            (json!([]), true),
            (json!({}), true),
            (json!({"price|>": 70}), true),
            (json!({"price|>|": 70}), true),
            (json!({"price": 80, "name": "b"}), true),
            (json!([{"price": 80}, {"name": "c"}]), false),
            (json!([{"price": 1}, {"name|=|or": "b"}]), true),
            (json!([{"price": 80}, {"name|=|or": "c"}, {"name": "d"}]), true),
            (json!({"price|in": [1, 80]}), true),
            (json!({"price|not in": [1, 80]}), false),
            (json!({"name|in": "a, b"}), true),
            (json!({"name|!=": "a"}), true),
            (json!({"price|<=": 80}), true),
            (json!({"user.email": "x@y.z"}), true),
            (json!({"absent": null}), true),
        ] {
            assert_eq!(finds(&search, &item), expected, "{search}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for search in [
            json!("price"),
            json!([7]),
            json!({"price|~": 1}),
            json!({"price|>|xor": 1}),
            json!({"|>": 1}),
            json!({"a|>|or|x": 1}),
        ] {
            let error = Search::parse(Some(&search)).expect_err("refused");
            assert_eq!(error.payload["param"], "search", "{search}");
        }
    }
}
