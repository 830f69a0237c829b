//! Which thing on one side is which on the other: by name, then by `guid`.

use std::collections::{HashMap, VecDeque};

use super::snapshot::Item;

/// How an item is recognised, given its parent's mark.
type Marking = fn(&Item, Option<String>) -> Option<Mark>;

/// What belongs together, and what is left.
pub(super) struct Matched<'i> {
    pub pairs: Vec<(&'i Item, &'i Item)>,
    pub removed: Vec<&'i Item>,
    pub added: Vec<&'i Item>,
}

impl Matched<'_> {
    /// The ids on the left by those on the right.
    pub(super) fn ids(&self) -> HashMap<String, String> {
        let pairs = self.pairs.iter();
        pairs.map(|(left, right)| (right.id.clone(), left.id.clone())).collect()
    }
}

/// What two things have in common when they are the same.
#[derive(PartialEq, Eq, Hash)]
enum Mark {
    /// The parent, the key, and the guid, which tells apart what has the same name.
    Exact(Option<String>, String, String),
    Key(Option<String>, String),
    Kin(Option<String>, String),
    /// The parent may be another: it was moved.
    Guid(String),
}

/// Matches things. `parents` tells which parent on the left a parent on the right is.
pub(super) fn matched<'i>(left: &'i [Item], right: &'i [Item], parents: &HashMap<String, String>) -> Matched<'i> {
    // A parent that only the right side has is none that the left side knows.
    let translated = |item: &Item| {
        let parent = item.parent.as_ref()?;
        Some(
            parents
                .get(parent)
                .map_or_else(|| format!("right {parent}"), |id| format!("left {id}")),
        )
    };
    let own = |item: &Item| item.parent.as_ref().map(|parent| format!("left {parent}"));
    let mut pairs = Vec::new();
    let mut lefts: Vec<&Item> = left.iter().collect();
    let mut rights: Vec<&Item> = right.iter().collect();
    let marks: [Marking; 4] = [
        |item, parent| Some(Mark::Exact(parent, item.key.clone(), item.guid.clone()?)),
        |item, parent| Some(Mark::Key(parent, item.key.clone())),
        |item, parent| Some(Mark::Kin(parent, item.kin.clone()?)),
        |item, _| item.guid.clone().map(Mark::Guid),
    ];
    for mark in marks {
        let mut waiting: HashMap<Mark, VecDeque<usize>> = HashMap::new();
        for (place, item) in lefts.iter().enumerate() {
            if let Some(mark) = mark(item, own(item)) {
                waiting.entry(mark).or_default().push_back(place);
            }
        }
        let mut taken = vec![false; lefts.len()];
        rights.retain(|item| {
            let found = mark(item, translated(item)).and_then(|mark| waiting.get_mut(&mark)?.pop_front());
            let Some(place) = found else { return true };
            taken[place] = true;
            pairs.push((lefts[place], *item));
            false
        });
        let mut taken = taken.into_iter();
        lefts.retain(|_| !taken.next().unwrap_or(false));
    }
    Matched {
        pairs,
        removed: lefts,
        added: rights,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(id: &str, name: &str, guid: &str, parent: Option<&str>) -> Item {
        let answer = json!({"id": id, "name": name, "guid": guid});
        let mut item = Item::new(answer.as_object().expect("an object"), "name", 0);
        item.parent = parent.map(str::to_owned);
        item
    }

    fn shown(matched: &Matched<'_>) -> String {
        let mut pairs: Vec<String> = matched
            .pairs
            .iter()
            .map(|(l, r)| format!("{}={}", l.id, r.id))
            .collect();
        pairs.sort();
        let ids = |items: &[&Item]| items.iter().map(|item| item.id.as_str()).collect::<Vec<_>>().join(",");
        format!(
            "{} -{} +{}",
            pairs.join(" "),
            ids(&matched.removed),
            ids(&matched.added)
        )
    }

    #[test]
    fn names_come_before_guids() {
        let none = HashMap::new();
        let left = [
            item("1", "a", "ga", None),
            item("2", "b", "gb", None),
            item("3", "c", "gc", None),
        ];
        let right = [
            item("7", "new c", "gc", None),
            item("8", "b", "other", None),
            item("9", "d", "gd", None),
        ];
        assert_eq!(shown(&matched(&left, &right, &none)), "2=8 3=7 -1 +9");
    }

    #[test]
    fn the_same_name_twice_is_told_apart_by_guid_and_else_by_order() {
        let none = HashMap::new();
        let left = [
            item("1", "a", "g1", None),
            item("2", "a", "g2", None),
            item("3", "a", "", None),
        ];
        let right = [item("8", "a", "g2", None), item("9", "a", "g9", None)];
        assert_eq!(shown(&matched(&left, &right, &none)), "1=9 2=8 -3 +");
    }

    #[test]
    fn names_count_within_what_they_belong_to() {
        let groups = HashMap::from([("90".to_owned(), "10".to_owned())]);
        let left = [item("1", "x", "g1", Some("10")), item("2", "x", "g2", Some("20"))];
        let right = [item("7", "x", "h1", Some("90")), item("8", "x", "h2", Some("20"))];
        assert_eq!(
            shown(&matched(&left, &right, &groups)),
            "1=7 -2 +8",
            "20 on the right is another group"
        );
        let moved = [item("8", "x", "g2", Some("90"))];
        assert_eq!(shown(&matched(&left[1..], &moved, &groups)), "2=8 - +", "it was moved");
    }
}
