//! Sets of ids as ranges: what batches were answered is mostly one number behind the other.

use serde::{Deserialize, Serialize};

/// Numbers, as ranges from first to last in rising order that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Ranges(Vec<(i64, i64)>);

impl Ranges {
    /// Adds numbers in any order.
    pub(super) fn extend(&mut self, ids: &[i64]) {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        let mut ids = ids.into_iter();
        let Some(id) = ids.next() else { return };
        let (mut first, mut last) = (id, id);
        for id in ids {
            if id > last.saturating_add(1) {
                self.add(first, last);
                first = id;
            }
            last = id;
        }
        self.add(first, last);
    }

    fn add(&mut self, first: i64, last: i64) {
        let start = self.0.partition_point(|(_, end)| end.saturating_add(1) < first);
        let end = self.0.partition_point(|(begin, _)| *begin <= last.saturating_add(1));
        let touched = &self.0[start..end];
        let joined = touched
            .iter()
            .fold((first, last), |(low, high), (a, b)| (low.min(*a), high.max(*b)));
        self.0.splice(start..end, [joined]);
    }

    /// Whether the number is among them.
    pub(super) fn contains(&self, id: i64) -> bool {
        let place = self.0.partition_point(|(_, last)| *last < id);
        self.0.get(place).is_some_and(|(first, _)| *first <= id)
    }

    /// The last number that can be reached from `id` without a gap.
    pub(super) fn reach(&self, id: i64) -> i64 {
        let next = id.saturating_add(1);
        let place = self.0.partition_point(|(_, last)| *last < next);
        match self.0.get(place) {
            Some((first, last)) if *first <= next => *last,
            _ => id,
        }
    }

    /// Forgets what nobody will ask for: everything up to `id`.
    pub(super) fn forget_up_to(&mut self, id: i64) {
        let gone = self.0.partition_point(|(_, last)| *last <= id);
        self.0.drain(..gone);
    }

    /// How many numbers there are.
    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|(first, last)| last.abs_diff(*first) + 1).sum()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    #[cfg(test)]
    pub(super) fn pairs(&self) -> &[(i64, i64)] {
        &self.0
    }
}

/// Numbers in words: `1–3, 7, 9–12`, and how many more when they are many.
pub(super) fn in_words(ids: impl IntoIterator<Item = u64>) -> String {
    const SHOWN: usize = 8;
    let mut parts: Vec<(u64, u64)> = Vec::new();
    for id in ids {
        match parts.last_mut() {
            Some((_, last)) if id == *last + 1 => *last = id,
            _ => parts.push((id, id)),
        }
    }
    let words = parts.iter().take(SHOWN).map(|(first, last)| match last - first {
        0 => first.to_string(),
        _ => format!("{first}–{last}"),
    });
    let words = words.collect::<Vec<_>>().join(", ");
    let rest: u64 = parts.iter().skip(SHOWN).map(|(first, last)| last - first + 1).sum();
    match rest {
        0 => words,
        _ => format!("{words} and {rest} more"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_a_set(groups in prop::collection::vec(prop::collection::vec(-40_i64..40, 0..12), 0..12), cut in -40_i64..40) {
            let mut ranges = Ranges::default();
            let mut set = BTreeSet::new();
            for group in &groups {
                ranges.extend(group);
                set.extend(group.iter().copied());
            }
            for id in -42..42 {
                prop_assert_eq!(ranges.contains(id), set.contains(&id));
                let reach = (id + 1..50).take_while(|next| set.contains(next)).last().unwrap_or(id);
                prop_assert_eq!(ranges.reach(id), reach);
            }
            for pair in ranges.pairs().windows(2) {
                prop_assert!(pair[0].1 + 1 < pair[1].0);
            }
            prop_assert_eq!(ranges.count(), set.len() as u64);
            ranges.forget_up_to(cut);
            for id in cut + 1..42 {
                prop_assert_eq!(ranges.contains(id), set.contains(&id));
            }
        }
    }

    #[test]
    fn the_largest_numbers_are_numbers_too() {
        let mut ranges = Ranges::default();
        ranges.extend(&[i64::MAX, i64::MAX - 1, i64::MIN]);
        assert_eq!(ranges.pairs(), [(i64::MIN, i64::MIN), (i64::MAX - 1, i64::MAX)]);
        assert_eq!(ranges.reach(i64::MAX), i64::MAX);
    }

    #[test]
    fn rows_are_named_shortly() {
        assert_eq!(in_words([1, 2, 3, 7, 9, 10]), "1–3, 7, 9–10");
        assert_eq!(in_words((1..=40).step_by(2)), "1, 3, 5, 7, 9, 11, 13, 15 and 12 more");
        assert_eq!(in_words([]), "");
    }
}
