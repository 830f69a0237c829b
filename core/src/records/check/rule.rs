//! What is asked of a column's values, worked out once from its description.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value as Json;

use crate::records::schema::{Column, Kind};

/// One column, or one field of an object.
#[derive(Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a thing of its own that a column says"
)]
pub(super) struct Rule {
    pub(super) name: String,
    /// The name as JSON text with a colon.
    pub(super) lead: Box<[u8]>,
    pub(super) kind: Kind,
    pub(super) list: bool,
    pub(super) takes_null: bool,
    /// Whether the server refuses a new record without it: there is no default to stand in.
    pub(super) must_be_given: bool,
    /// Whether its values may be shown in a message.
    pub(super) shown: bool,
    pub(super) values: Vec<String>,
    pub(super) size: Option<usize>,
    /// The fields of an object; none where they are not known.
    pub(super) fields: Option<Names>,
}

impl Rule {
    pub(super) fn of(column: &Column) -> Self {
        // What the server stores where it is given nothing; null is another way to give nothing where there is no such.
        let has_empty = matches!(
            column.kind,
            Kind::Int | Kind::Decimal | Kind::Bool | Kind::Text | Kind::Email
        );
        let fields = (column.kind == Kind::Object && !column.children.is_empty()).then(|| Names::of(&column.children));
        Self {
            lead: format!("{}:", Json::from(column.name.as_str())).into_bytes().into(),
            name: column.name.clone(),
            kind: column.kind,
            list: column.list,
            takes_null: column.nullable
                || column.kind == Kind::Unknown
                || (!column.required && !column.list && !has_empty),
            must_be_given: column.must_be_given(),
            shown: column.may_be_shown(),
            values: column.values.clone(),
            size: column.size,
            fields,
        }
    }
}

/// Rules by name, with a memory for the order in which names come: rows of one source nearly always have the same, so that
/// the next name is guessed and only compared.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) rules: Vec<Rule>,
    places: HashMap<String, usize>,
    /// Each name as it is usually written behind a value: `,"name":`.
    spelled: Vec<String>,
    /// Which came last behind each; the first stands for the beginning.
    following: Vec<AtomicUsize>,
}

impl Names {
    pub(super) fn of(columns: &[Column]) -> Self {
        let rules: Vec<Rule> = columns.iter().map(Rule::of).collect();
        Self {
            places: columns
                .iter()
                .enumerate()
                .map(|(place, column)| (column.name.clone(), place))
                .collect(),
            spelled: rules
                .iter()
                .map(|rule| format!(",{}:", serde_json::Value::from(rule.name.as_str())))
                .collect(),
            following: (0..=rules.len()).map(AtomicUsize::new).collect(),
            rules,
        }
    }

    /// The name that came last behind the one before, if it is the next one of the text again, as it is usually written:
    /// its place, and the bytes that it takes with the comma and the colon.
    pub(super) fn again(&self, text: &[u8], behind: usize) -> Option<(usize, usize)> {
        let guess = self.following[behind].load(Ordering::Relaxed);
        let spelled = self.spelled.get(guess)?.as_bytes();
        // Before the first name there is no comma.
        let spelled = if behind == 0 { &spelled[1..] } else { spelled };
        text.starts_with(spelled).then_some((guess, spelled.len()))
    }

    /// The place of the rule with this name. `behind` is the place of the one before, plus one.
    pub(super) fn find(&self, name: &str, behind: usize) -> Option<usize> {
        let guess = self.following[behind].load(Ordering::Relaxed);
        if self.rules.get(guess).is_some_and(|rule| rule.name == name) {
            return Some(guess);
        }
        let place = *self.places.get(name)?;
        self.following[behind].store(place, Ordering::Relaxed);
        Some(place)
    }

    /// A sentence for a name that there is not.
    pub(super) fn unknown(&self, name: &str, what: &str) -> String {
        let near = crate::names::near(name, self.rules.iter().map(|rule| rule.name.as_str()));
        match near.as_slice() {
            [] => format!("There is no such {what}."),
            near => format!("There is no such {what}; near to it are {}.", near.join(", ")),
        }
    }
}

/// Which places have been met.
#[derive(Debug, Default)]
pub(super) struct Seen {
    first: u128,
    /// For tables of more than 128 columns.
    rest: Vec<bool>,
}

impl Seen {
    /// Notes a place; false when it was noted before.
    pub(super) fn note(&mut self, place: usize) -> bool {
        if place < 128 {
            let fresh = !self.has(place);
            self.first |= 1 << place;
            return fresh;
        }
        let place = place - 128;
        if self.rest.len() <= place {
            self.rest.resize(place + 1, false);
        }
        !std::mem::replace(&mut self.rest[place], true)
    }

    pub(super) fn has(&self, place: usize) -> bool {
        match place.checked_sub(128) {
            None => self.first >> place & 1 == 1,
            Some(place) => self.rest.get(place).is_some_and(|seen| *seen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_fresh_once() {
        let mut seen = Seen::default();
        for place in [0, 127, 128, 1599, 130] {
            assert!(!seen.has(place));
            assert!(seen.note(place), "{place}");
            assert!(!seen.note(place), "{place}");
            assert!(seen.has(place));
        }
        assert!(!seen.has(129) && !seen.has(1));
    }
}
