//! Which tables of a backup become which tables of a workspace.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use xano_metadata::Error;

use crate::backup::contents::Document;

/// A table that is to be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// Its place in the document.
    pub(super) place: usize,
    /// The name it gets.
    pub(super) name: String,
    /// Its number where it exists, and so will be overwritten.
    pub(super) existing: Option<i64>,
}

/// Everything that is to be done about tables.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) chosen: Vec<Chosen>,
    /// What numbers of tables in the backup mean in the workspace, as far as that is known beforehand.
    pub(super) numbers: HashMap<i64, i64>,
    pub(super) left_alone: Vec<String>,
}

impl Plan {
    /// `living` are the tables that there are, by name. `wanted` not given means all, under their own names.
    pub(super) fn new(
        document: &Document,
        living: &BTreeMap<String, i64>,
        wanted: Option<&BTreeMap<String, String>>,
    ) -> Result<Self, Error> {
        let mut by_name = BTreeMap::new();
        for (place, table) in document.tables.iter().enumerate() {
            if by_name.insert(table.name.as_str(), place).is_some() {
                return Err(Error::damaged(format!(
                    "The backup holds the table {:?} twice.",
                    table.name
                )));
            }
        }
        let all: BTreeMap<String, String> = by_name
            .keys()
            .map(|name| ((*name).to_owned(), (*name).to_owned()))
            .collect();
        let mut chosen = Vec::new();
        let mut taken = BTreeSet::new();
        for (name, becomes) in wanted.unwrap_or(&all) {
            let Some(place) = by_name.get(name.as_str()) else {
                let names: Vec<&str> = by_name.keys().copied().collect();
                return Err(Error::config(format!(
                    "The backup holds no table {name:?}; it has {}.",
                    names.join(", ")
                )));
            };
            if becomes.trim().is_empty() || !taken.insert(becomes.clone()) {
                return Err(Error::config(format!(
                    "The table {name:?} cannot become {becomes:?}: a new name must not be empty, and be there once."
                )));
            }
            let existing = living.get(becomes).copied();
            if existing.is_some() && name != becomes {
                return Err(Error::refused(format!(
                    "There is a table {becomes:?} already, so {name:?} is not restored under that name. Nothing was done."
                ))
                .with_hint("Give a name that no table has, or its own to overwrite it."));
            }
            chosen.push(Chosen {
                place: *place,
                name: becomes.clone(),
                existing,
            });
        }
        // In the order of the backup, which is that of its records.
        chosen.sort_by_key(|table| table.place);
        let numbers = document
            .tables
            .iter()
            .filter(|table| {
                // A table that is overwritten keeps its number; one that is not restored at all is the living one.
                let own = chosen
                    .iter()
                    .find(|chosen| document.tables[chosen.place].id == table.id);
                own.is_none_or(|chosen| chosen.existing.is_some())
            })
            .filter_map(|table| living.get(&table.name).map(|number| (table.id, *number)))
            .collect();
        let left_alone = match wanted {
            Some(_) => Vec::new(),
            None => living.keys().filter(|name| !taken.contains(*name)).cloned().collect(),
        };
        Ok(Self {
            chosen,
            numbers,
            left_alone,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::contents::{FORMAT, Table};

    fn document(names: &[&str]) -> Document {
        let table = |(place, name): (usize, &&str)| Table {
            id: 10 + i64::try_from(place).expect("few"),
            name: (*name).to_owned(),
            description: None,
            docs: None,
            guid: None,
            auth: None,
            tag: None,
            columns: Vec::new(),
            indexes: Vec::new(),
        };
        Document {
            format: FORMAT.to_owned(),
            name: "Main".to_owned(),
            description: None,
            branch: None,
            data_sources: Vec::new(),
            tables: names.iter().enumerate().map(table).collect(),
        }
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let own = |(one, other): &(&str, &str)| ((*one).to_owned(), (*other).to_owned());
        pairs.iter().map(own).collect()
    }

    #[test]
    fn all_tables_or_the_wanted_ones() {
        let document = document(&["a", "b"]);
        let living = BTreeMap::from([("b".to_owned(), 5), ("other".to_owned(), 6)]);
        let plan = Plan::new(&document, &living, None).expect("a plan");
        let existing: Vec<_> = plan
            .chosen
            .iter()
            .map(|table| (table.name.as_str(), table.existing))
            .collect();
        assert_eq!(existing, [("a", None), ("b", Some(5))]);
        assert_eq!(
            (plan.numbers, plan.left_alone),
            (HashMap::from([(11, 5)]), vec!["other".to_owned()])
        );

        let plan = Plan::new(&document, &living, Some(&map(&[("a", "a2")]))).expect("a plan");
        assert_eq!((plan.chosen.len(), plan.chosen[0].name.as_str()), (1, "a2"));
        assert_eq!(plan.numbers, HashMap::from([(11, 5)]), "references go to the living b");
        assert!(plan.left_alone.is_empty());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let both = document(&["a", "b"]);
        let living = BTreeMap::from([("b".to_owned(), 5)]);
        for (wanted, code) in [
            (map(&[("c", "c")]), "config_error"),
            (map(&[("a", " ")]), "config_error"),
            (map(&[("a", "x"), ("b", "x")]), "config_error"),
            (map(&[("a", "b")]), "refused"),
        ] {
            assert_eq!(
                Plan::new(&both, &living, Some(&wanted)).expect_err("refused").code(),
                code,
                "{wanted:?}"
            );
        }
        assert_eq!(
            Plan::new(&document(&["a", "a"]), &living, None)
                .expect_err("twice")
                .code(),
            "decode_error"
        );
    }
}
