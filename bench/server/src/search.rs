//! Which ids a search means. The ids have no gaps, so a page of a search by id is arithmetic.

use serde::Deserialize;
use serde_json::Value;

/// The body of `POST …/content/search`.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    search: Value,
    #[serde(default)]
    sort: Value,
    #[serde(default)]
    page: Option<u64>,
    #[serde(default)]
    per_page: Option<u64>,
}

/// A page: ids `low..=high` match, and these of them are on it.
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted {
    pub low: u64,
    /// Below `low` when nothing matches.
    pub high: u64,
    pub descending: bool,
    pub page: u64,
    pub per_page: u64,
}

impl Wanted {
    /// A page of `GET …/content` by its query.
    pub fn listed(query: &str, rows: u64) -> Self {
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name)?.1.parse().ok()
        };
        Self {
            low: 1,
            high: rows,
            descending: false,
            page: value("page").unwrap_or(1).max(1),
            per_page: value("per_page").unwrap_or(50).max(1),
        }
    }

    /// The ids on the page, lowest first.
    pub fn ids(&self) -> std::ops::RangeInclusive<u64> {
        let skip = (self.page - 1).saturating_mul(self.per_page);
        if self.descending {
            let high = self.high.saturating_sub(skip);
            (high.saturating_sub(self.per_page) + 1).max(self.low)..=high
        } else {
            let low = self.low.saturating_add(skip);
            low..=self.high.min(low.saturating_add(self.per_page - 1))
        }
    }

    pub const fn total(&self) -> u64 {
        (self.high + 1).saturating_sub(self.low)
    }
}

impl Asked {
    /// What it means in a table of `rows` rows; `None` when it asks for what this server cannot do.
    pub fn wanted(&self, rows: u64) -> Option<Wanted> {
        let mut wanted = Wanted {
            low: 1,
            high: rows,
            descending: false,
            page: self.page.unwrap_or(1).max(1),
            per_page: self.per_page.unwrap_or(50).max(1),
        };
        for condition in flat(&self.search) {
            for (key, value) in condition.as_object()? {
                narrow(&mut wanted, key, value)?;
            }
        }
        for order in flat(&self.sort) {
            for (column, direction) in order.as_object()? {
                if column != "id" {
                    return None;
                }
                wanted.descending = direction == "desc";
            }
        }
        Some(wanted)
    }
}

fn flat(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

fn narrow(wanted: &mut Wanted, key: &str, value: &Value) -> Option<()> {
    let (column, operator) = key.split_once('|').unwrap_or((key, "="));
    if column != "id" {
        return None;
    }
    if operator == "in" {
        // Clients ask for ids by a list only where they are neighbours.
        let ids: Vec<u64> = value.as_array()?.iter().filter_map(Value::as_u64).collect();
        wanted.low = wanted.low.max(*ids.iter().min()?);
        wanted.high = wanted.high.min(*ids.iter().max()?);
        return Some(());
    }
    let number = value.as_i64()?;
    let at = u64::try_from(number).unwrap_or(0);
    match operator.trim_end_matches('|') {
        ">" => wanted.low = wanted.low.max(u64::try_from(number + 1).unwrap_or(0)),
        ">=" => wanted.low = wanted.low.max(at),
        "<" => wanted.high = wanted.high.min(u64::try_from(number - 1).unwrap_or(0)),
        "<=" => wanted.high = wanted.high.min(at),
        "=" | "" => {
            wanted.low = wanted.low.max(at);
            wanted.high = wanted.high.min(at);
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(text: &str) -> Option<Wanted> {
        serde_json::from_str::<Asked>(text).expect("a search").wanted(100)
    }

    #[test]
    fn a_walk_by_id_finds_its_ranges() {
        let range = wanted(r#"{"search":[{"id|>":10},{"id|<":21}],"sort":{"id":"asc"},"per_page":5,"page":2}"#);
        let range = range.expect("understood");
        assert_eq!((range.ids(), range.total()), (16..=20, 10));
        let last = wanted(r#"{"sort":[{"id":"desc"}],"per_page":1}"#).expect("understood");
        assert_eq!((last.ids(), last.descending), (100..=100, true));
        let none = wanted(r#"{"search":{"id|>":100}}"#).expect("understood");
        assert!(none.ids().is_empty());
        assert_eq!(none.total(), 0);
        assert!(wanted(r#"{"search":{"price|>":1}}"#).is_none());
    }

    #[test]
    fn pages_of_a_list_end_where_the_table_does() {
        assert_eq!(Wanted::listed("page=3&per_page=40", 100).ids(), 81..=100);
        assert!(Wanted::listed("page=4&per_page=40", 100).ids().is_empty());
    }
}
