//! Columns and indexes of a backup as they are sent to make or change a table.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

/// Columns for a table of the workspace, and what is not as in the backup.
#[derive(Debug, PartialEq)]
pub(super) struct Columns {
    pub(super) list: Vec<Json>,
    /// Columns that refer to tables which are not there (yet), so that they are plain values.
    pub(super) loosened: Vec<String>,
    /// Passwords that every new record would have to bring, although no backup holds them.
    pub(super) passwords: Vec<String>,
}

/// `numbers` say what the numbers of referenced tables are. With `open_passwords`, no password is required.
pub(super) fn columns(definitions: &[Json], numbers: &HashMap<i64, i64>, open_passwords: bool) -> Columns {
    let mut columns = Columns {
        list: definitions.to_vec(),
        loosened: Vec::new(),
        passwords: Vec::new(),
    };
    let Columns {
        list,
        loosened,
        passwords,
    } = &mut columns;
    for definition in list {
        let name = name(definition);
        refer(definition, numbers, &name, loosened);
        if must_be_given(definition) {
            passwords.push(name);
            if open_passwords {
                definition["required"] = json!(false);
            }
        }
    }
    columns
}

fn name(definition: &Json) -> String {
    definition
        .get("name")
        .and_then(Json::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// Whether a record without a value for this password is refused.
fn must_be_given(definition: &Json) -> bool {
    let default = definition.get("default");
    definition.get("type").and_then(Json::as_str) == Some("password")
        && definition.get("required") == Some(&Json::Bool(true))
        && !default.is_some_and(|default| !default.is_null() && default != "")
}

/// Lets references follow to the numbers that tables have now. A listing may name a reference by a kind of its own, which is
/// not one that a column can be made of.
fn refer(definition: &mut Json, numbers: &HashMap<i64, i64>, path: &str, loosened: &mut Vec<String>) {
    let Some(fields) = definition.as_object_mut() else {
        return;
    };
    match fields.get("type").and_then(Json::as_str) {
        Some("tableref") => drop(fields.insert("type".to_owned(), json!("int"))),
        Some("tablerefuuid") => drop(fields.insert("type".to_owned(), json!("uuid"))),
        _ => {}
    }
    if let Some(old) = fields.get("tableref_id").and_then(Json::as_i64) {
        if let Some(new) = numbers.get(&old) {
            fields.insert("tableref_id".to_owned(), json!(new));
        } else {
            fields.remove("tableref_id");
            loosened.push(path.to_owned());
        }
    }
    let children = fields.get_mut("children").and_then(Json::as_array_mut);
    for child in children.into_iter().flatten() {
        let path = format!("{path}.{}", name(child));
        refer(child, numbers, &path, loosened);
    }
}

/// The numbers of the tables that columns refer to.
pub(super) fn referred(definitions: &[Json]) -> Vec<i64> {
    let mut found = Vec::new();
    for definition in definitions {
        found.extend(definition.get("tableref_id").and_then(Json::as_i64));
        if let Some(children) = definition.get("children").and_then(Json::as_array) {
            found.extend(referred(children));
        }
    }
    found
}

/// Indexes as they are sent: without the ids of the table they were on, and without those on what is no column, which the
/// server makes for itself.
pub(super) fn indexes(definitions: &[Json], columns: &[Json]) -> Vec<Map<String, Json>> {
    let names: Vec<String> = columns.iter().map(name).collect();
    let own = |index: &Json| {
        let mut index = index.as_object()?.clone();
        let fields = index.get("fields")?.as_array()?;
        if !fields.iter().all(|field| names.contains(&name(field))) {
            return None;
        }
        index.remove("id");
        Some(index)
    };
    definitions.iter().filter_map(own).collect()
}

/// Whether there are the same indexes, in whatever order.
pub(super) fn same_indexes(one: &[Map<String, Json>], other: &[Map<String, Json>]) -> bool {
    let sorted = |list: &[Map<String, Json>]| {
        let mut texts: Vec<String> = list
            .iter()
            .map(|index| Json::Object(index.clone()).to_string())
            .collect();
        texts.sort_unstable();
        texts
    };
    sorted(one) == sorted(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_follow_and_passwords_open() {
        let definitions = [
            json!({"name": "id", "type": "int"}),
            json!({"name": "customer", "type": "tableref", "tableref_id": 5}),
            json!({"name": "box", "type": "object", "children": [{"name": "maker", "type": "int", "tableref_id": 7}]}),
            json!({"name": "pw", "type": "password", "required": true}),
            json!({"name": "pin", "type": "password", "required": true, "default": "0000"}),
        ];
        assert_eq!(referred(&definitions), [5, 7]);
        let numbers = HashMap::from([(5, 50)]);
        let sent = columns(&definitions, &numbers, true);
        assert_eq!(
            sent.list[1],
            json!({"name": "customer", "type": "int", "tableref_id": 50})
        );
        assert_eq!(sent.list[2]["children"][0], json!({"name": "maker", "type": "int"}));
        assert_eq!(
            (sent.loosened, sent.passwords),
            (vec!["box.maker".to_owned()], vec!["pw".to_owned()])
        );
        assert_eq!(
            (&sent.list[3]["required"], &sent.list[4]["required"]),
            (&json!(false), &json!(true))
        );
        assert_eq!(columns(&definitions, &numbers, false).list[3]["required"], json!(true));
    }

    #[test]
    fn indexes_are_compared_without_ids_and_order() {
        let columns = [json!({"name": "id"}), json!({"name": "sku"})];
        let sku = json!({"id": "1a", "type": "btree|unique", "fields": [{"name": "sku", "op": "asc"}]});
        let id = json!({"id": "2b", "type": "primary", "fields": [{"name": "id"}]});
        let hidden = json!({"type": "gin", "fields": [{"name": "xdo", "op": "jsonb_path_op"}]});
        let one = indexes(&[sku.clone(), id.clone(), hidden], &columns);
        assert_eq!(one.len(), 2);
        assert!(same_indexes(&one, &indexes(&[id.clone(), sku], &columns)));
        assert!(!same_indexes(&one, &indexes(&[id], &columns)));
    }
}
