//! The normal form of what the API answers about a thing.
//!
//! Left out is what differs between any two copies (numbers, guids, times, addresses of the instance) and what says nothing
//! (null, empty text, empty lists), since servers of different versions leave out different things. Lists without an order
//! are sorted. Numbers of tables become their names once both sides are known ([`with_table_names`]).

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

/// Fields that differ between any two copies, wherever they stand.
const VOLATILE: &[&str] = &["id", "guid", "created_at", "updated_at", "deleted_at"];

/// Fields of a thing as a whole that are no property of its own.
const SURROUNDINGS: &[&str] = &[
    "branch",
    "branch_id",
    "draft",
    "xanoscript",
    "workspace",
    "workspace_id",
    "user",
    "user_id",
    "apigroup_id",
    "link",
    "locked",
    "latest_run",
    "version",
];

/// Lists in which order means nothing.
const UNORDERED: &[&str] = &[
    "tag",
    "tags",
    "datasources",
    "headers",
    "env",
    "values",
    "references",
    "files",
];

/// Fields that hold the number of a table.
const TABLE_NUMBERS: &[&str] = &["tableref_id", "dbo_id", "table_id"];

pub(super) type Fields = Map<String, Json>;

/// The fields of a thing.
pub(super) fn fields(item: &Fields) -> Fields {
    let own = item
        .iter()
        .filter(|(name, _)| !SURROUNDINGS.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()));
    object(own)
}

fn object(entries: impl Iterator<Item = (String, Json)>) -> Fields {
    let mut kept: Vec<(String, Json)> = entries
        .filter(|(name, _)| !VOLATILE.contains(&name.as_str()))
        // Where documentation is served is an address of the instance.
        .filter(|(name, value)| !(name == "link" && value.is_string()))
        .map(|(name, value)| {
            let value = normal(value, UNORDERED.contains(&name.as_str()));
            (name, value)
        })
        .filter(|(_, value)| !says_nothing(value))
        .collect();
    kept.sort_by(|(one, _), (other, _)| one.cmp(other));
    kept.into_iter().collect()
}

fn normal(value: Json, unordered: bool) -> Json {
    match value {
        Json::Object(entries) => Json::Object(object(entries.into_iter())),
        Json::Array(items) => {
            let mut items: Vec<Json> = items.into_iter().map(|item| normal(item, false)).collect();
            if unordered {
                items.sort_by_cached_key(Json::to_string);
            }
            Json::Array(items)
        }
        other => other,
    }
}

fn says_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

/// What the numbers of tables stand for on one side.
#[derive(Debug)]
pub(super) enum TableNames {
    /// Names by number.
    Known(HashMap<i64, String>),
    /// Both sides have the same tables.
    Shared,
    /// Tables were not read: numbers say nothing about the other side.
    Unknown,
}

/// The fields with tables by name.
pub(super) fn with_table_names(fields: &Fields, names: &TableNames) -> Fields {
    let named = |(name, value): (&String, &Json)| {
        let value = match value {
            Json::Number(number) if TABLE_NUMBERS.contains(&name.as_str()) => match names {
                TableNames::Known(names) => match number.as_i64().and_then(|number| names.get(&number)) {
                    Some(table) => Json::from(table.as_str()),
                    None => value.clone(),
                },
                TableNames::Shared => value.clone(),
                TableNames::Unknown => return None,
            },
            Json::Object(inner) => Json::Object(with_table_names(inner, names)),
            Json::Array(items) => items
                .iter()
                .map(|item| match item {
                    Json::Object(inner) => Json::Object(with_table_names(inner, names)),
                    other => other.clone(),
                })
                .collect(),
            other => other.clone(),
        };
        Some((name.clone(), value))
    };
    fields.iter().filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: &Json) -> Json {
        Json::Object(fields(value.as_object().expect("an object")))
    }

    #[test]
    fn copies_of_a_thing_look_the_same() {
        let one = json!({
            "id": 1, "guid": "a", "created_at": 5, "updated_at": "now", "branch": "v1", "draft": null, "name": "n",
            "tag": ["b", "a"], "description": "", "docs": null, "cache": {"headers": ["y", "x"], "ttl": 5, "env": []},
            "documentation": {"link": "https://one"}, "input": [{"name": "b", "id": 1}, {"name": "a"}],
        });
        let other = json!({
            "input": [{"name": "b", "id": 2}, {"name": "a"}], "name": "n", "cache": {"ttl": 5, "headers": ["x", "y"]},
            "tag": ["a", "b"], "id": 9, "guid": "b", "branch": "next", "documentation": {"link": "https://two"},
        });
        assert_eq!(of(&one).to_string(), of(&other).to_string());
    }

    #[test]
    fn what_says_something_is_kept() {
        let value = json!({"auth": false, "ttl": 0, "input": [{"name": "b"}, {"name": "a"}], "default": "0"});
        assert_eq!(of(&value), value);
        assert_ne!(
            of(&json!({"input": [1, 2]})),
            of(&json!({"input": [2, 1]})),
            "inputs have an order"
        );
    }

    #[test]
    fn tables_are_known_by_name() {
        let fields = json!({"tableref_id": 3, "children": [{"tableref_id": 4}], "size": 3});
        let fields = fields.as_object().expect("an object");
        let names = TableNames::Known(HashMap::from([(3, "order".to_owned())]));
        let named = json!({"tableref_id": "order", "children": [{"tableref_id": 4}], "size": 3});
        assert_eq!(Json::Object(with_table_names(fields, &names)), named);
        let unknown = json!({"children": [{}], "size": 3});
        assert_eq!(Json::Object(with_table_names(fields, &TableNames::Unknown)), unknown);
        assert_eq!(with_table_names(fields, &TableNames::Shared), *fields);
    }
}
