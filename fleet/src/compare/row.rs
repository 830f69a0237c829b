//! Records in one spelling each, without rounding a number.
//!
//! Records stay the text that the server wrote. Two of the same text are the same; otherwise names may stand in another order
//! and numbers and letters may be spelled in another way, so both are written anew: names sorted, numbers as digits and
//! exponent, text as itself.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Lists and objects in each other at most. Whoever nests deeper has records that are the same when their text is.
const DEEPEST: usize = 128;

/// The id of a record, in the order in which a stable read gives them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Id {
    Number(i64),
    Text(String),
}

impl std::fmt::Display for Id {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Text(text) => text.fmt(formatter),
        }
    }
}

/// The id of a record; none when it has none.
pub(super) fn id(row: &RawValue) -> Option<Id> {
    #[derive(Deserialize)]
    struct Row<'r> {
        #[serde(borrow)]
        id: &'r RawValue,
    }
    let row: Row<'_> = serde_json::from_str(row.get()).ok()?;
    if let Ok(number) = row.id.get().parse() {
        return Some(Id::Number(number));
    }
    serde_json::from_str(row.id.get()).ok().map(Id::Text)
}

/// The columns of a record, each in one spelling; none when it is no object.
pub(super) fn columns(row: &RawValue) -> Option<BTreeMap<String, String>> {
    let columns: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(row.get()).ok()?;
    let mut spelled = BTreeMap::new();
    for (name, value) in columns {
        let mut text = String::new();
        spell(value.get(), DEEPEST, &mut text)?;
        spelled.insert(name.into_owned(), text);
    }
    Some(spelled)
}

/// Writes a value in its one spelling; none when it is nested deeper than `depth`.
fn spell(json: &str, depth: usize, out: &mut String) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    match json.trim_start().as_bytes().first()? {
        b'{' => {
            let fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(json).ok()?;
            out.push('{');
            for (place, (name, value)) in fields.into_iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(&name).ok()?);
                out.push(':');
                spell(value.get(), depth, out)?;
            }
            out.push('}');
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            out.push('[');
            for (place, item) in items.into_iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                spell(item.get(), depth, out)?;
            }
            out.push(']');
        }
        b'"' => {
            let text: Cow<'_, str> = serde_json::from_str(json).ok()?;
            out.push_str(&serde_json::to_string(&text).ok()?);
        }
        b'-' | b'0'..=b'9' => out.push_str(&number(json.trim())),
        _ => out.push_str(json.trim()),
    }
    Some(())
}

/// A number as its digits without zeros around them, and the power of ten: `1.50` and `15e-1` are both `15e-1`.
fn number(text: &str) -> Cow<'_, str> {
    // Most numbers are whole and short, and have one spelling.
    if !text.ends_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Cow::Borrowed(text);
    }
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (digits, power) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let Ok(power) = power.trim_start_matches('+').parse::<i64>() else {
        return Cow::Borrowed(text);
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let trimmed = all.trim_end_matches('0');
    let zeros = all.len() - trimmed.len();
    let significant = trimmed.trim_start_matches('0');
    if significant.is_empty() {
        return Cow::Borrowed("0");
    }
    let places = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let power = power
        .saturating_sub(places(fraction.len()))
        .saturating_add(places(zeros));
    Cow::Owned(match power.cmp(&0) {
        Ordering::Equal => format!("{sign}{significant}"),
        _ => format!("{sign}{significant}e{power}"),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).expect("JSON")
    }

    fn same(one: &str, other: &str) -> bool {
        columns(&raw(one)).expect("an object") == columns(&raw(other)).expect("an object")
    }

    #[test]
    fn spelling_and_order_make_no_difference() {
        assert!(same(
            r#"{"a": 1.50, "b": {"x": [1e2, -0.0], "y": "\u00e4\/"}}"#,
            r#"{"b":{"y":"ä/","x":[100,0]},"a":15E-1}"#
        ));
        assert!(!same(r#"{"a": [1, 2]}"#, r#"{"a": [2, 1]}"#));
        assert!(!same(r#"{"a": null}"#, r#"{"a": ""}"#));
        assert!(!same(r#"{"a": 1}"#, r#"{"a": "1"}"#));
        assert!(!same(r#"{"a": 10}"#, r#"{"a": 100}"#));
    }

    #[test]
    fn no_digit_is_lost() {
        assert!(!same(
            r#"{"a": 0.1000000000000000055}"#,
            r#"{"a": 0.1000000000000000056}"#
        ));
        assert!(!same(r#"{"a": 9007199254740993}"#, r#"{"a": 9007199254740992}"#));
        assert!(!same(r#"{"a": 1e400}"#, r#"{"a": 1e401}"#));
    }

    #[test]
    fn what_is_nested_without_end_does_no_harm() {
        let nested = |depth: usize| raw(&format!(r#"{{"a": {}{}}}"#, "[".repeat(depth), "]".repeat(depth)));
        assert!(columns(&nested(100)).is_some());
        assert!(columns(&nested(100_000)).is_none());
    }

    #[test]
    fn ids_are_numbers_or_texts() {
        assert_eq!(id(&raw(r#"{"a": 1, "id": 17}"#)), Some(Id::Number(17)));
        assert_eq!(id(&raw(r#"{"id": "a-b"}"#)), Some(Id::Text("a-b".to_owned())));
        assert_eq!(id(&raw(r#"{"a": 1}"#)), None);
        assert!(Id::Number(9) < Id::Number(10));
    }

    proptest! {
        #[test]
        fn a_number_is_what_it_was(mantissa in any::<i32>(), power in -6_i32..6) {
            let text = format!("{mantissa}e{power}");
            let spelled = number(&text).into_owned();
            let value: f64 = text.parse().expect("a number");
            prop_assert_eq!(spelled.parse::<f64>().expect("a number").to_bits(), value.to_bits());
            prop_assert_eq!(number(&spelled).into_owned(), spelled.clone());
            // Written with a point instead of a power.
            let plain = format!("{value:.6}");
            prop_assert_eq!(number(&plain).into_owned(), spelled);
        }
    }
}
