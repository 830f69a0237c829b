//! What is asked of a column's values, worked out once from its description.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value as Json;

use super::plain::Plain;
use crate::masks::lane;
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
    /// Which values may be sent without a closer look.
    pub(super) plain: Plain,
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
            plain: Plain::of(column),
        }
    }
}

/// A name with the comma before it and the colon behind: `,"name":`.
#[derive(Debug)]
struct Spelled {
    text: Box<[u8]>,
    /// The first sixteen bytes, which are compared at once, and which of them there are.
    start: u128,
    mask: u128,
}

impl Spelled {
    fn of(rule: &Rule) -> Self {
        let text = [b",", &*rule.lead].concat();
        Self {
            start: u128::from_le_bytes(lane(&text)),
            mask: u128::MAX >> (8 * 16_usize.saturating_sub(text.len())),
            text: text.into(),
        }
    }

    /// Whether a text begins with it.
    #[inline]
    fn begins(&self, text: &[u8]) -> bool {
        match text.first_chunk() {
            Some(start) if u128::from_le_bytes(*start) & self.mask != self.start => false,
            Some(_) if self.text.len() <= 16 => true,
            _ => text.starts_with(&self.text),
        }
    }
}

/// Rules by name, with a memory for the order in which names come: rows of one source nearly always have the same, so that
/// the next name is guessed and only compared.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) rules: Vec<Rule>,
    places: HashMap<String, usize>,
    /// Each name as it is usually written behind a value.
    spelled: Vec<Spelled>,
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
            spelled: rules.iter().map(Spelled::of).collect(),
            following: (0..=rules.len()).map(AtomicUsize::new).collect(),
            rules,
        }
    }

    /// The name that came last behind the one before, if it is the next one of the text again, as it is usually written:
    /// its place, and the bytes that it takes with the comma and the colon.
    #[inline]
    pub(super) fn again(&self, text: &[u8], behind: usize) -> Option<(usize, usize)> {
        let guess = self.following[behind].load(Ordering::Relaxed);
        let spelled = self.spelled.get(guess)?;
        if behind > 0 {
            return spelled.begins(text).then_some((guess, spelled.text.len()));
        }
        // Before the first name there is no comma.
        let lead = &spelled.text[1..];
        text.starts_with(lead).then_some((guess, lead.len()))
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
    first: [u64; 2],
    /// For tables of more than 128 columns.
    rest: Vec<bool>,
}

impl Seen {
    /// Notes a place; false when it was noted before.
    #[inline]
    pub(super) fn note(&mut self, place: usize) -> bool {
        if let Some(places) = self.first.get_mut(place / 64) {
            let before = *places;
            *places |= 1 << (place % 64);
            return *places != before;
        }
        let place = place - 128;
        if self.rest.len() <= place {
            self.rest.resize(place + 1, false);
        }
        !std::mem::replace(&mut self.rest[place], true)
    }

    #[inline]
    pub(super) fn has(&self, place: usize) -> bool {
        match self.first.get(place / 64) {
            Some(places) => places >> (place % 64) & 1 == 1,
            None => self.rest.get(place - 128).is_some_and(|seen| *seen),
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
