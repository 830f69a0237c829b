//! Making a table like another one.
//!
//! The listed columns and indexes of a table are what makes one: they go into one request, so that there is no table with
//! half its columns. Left out is what belongs to the one table alone (ids of indexes) or to its workspace (references), and
//! indexes on what is no column, which the server makes for itself.

use serde_json::{Map, Value as Json, json};

use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::names;
use crate::records::Records;
use crate::records::schema::{Column, Schema};
use crate::request::{Request, Value};

/// A table that was made.
#[derive(Debug)]
pub(super) struct Twin {
    pub(super) records: Records,
    name: String,
    id: i64,
}

impl Twin {
    /// Makes the target like the source. `missing` is the error that says that it does not exist.
    pub(super) async fn make(
        source: &Records,
        target: &Records,
        schema: &Schema,
        missing: Error,
    ) -> Result<Self, Error> {
        let name = match &target.table {
            Value::String(name) if name.parse::<i64>().is_err() => name.clone(),
            _ => return Err(missing.with_hint("A table can be made by a name only; numbers are given by the server.")),
        };
        let indexes = source.connection.call(source.about_table("indexes.list")?).await?;
        let indexes =
            listed(indexes.json()?).ok_or_else(|| indexes.decode_error("The answer should be a list of indexes."))?;
        let at_home = is_same_workspace(source, target).await?;
        let (columns, loosened) = definitions(schema.columns(), at_home);
        let body = Body::json(&json!({
            "name": name,
            "schema": columns,
            "index": indexes.into_iter().filter_map(|index| own_index(index, schema)).collect::<Vec<_>>(),
        }))?;
        let request = Request::new("instance.workspace.tables.create")?;
        let reply = target
            .connection
            .call(request.path_value(target.workspace.clone()).body(body))
            .await
            .map_err(|error| {
                let hint = if error.outcome_unknown() {
                    format!("The table {name:?} may have been made: look, and delete it before trying again.")
                } else {
                    format!("The table {name:?} was not made.")
                };
                error.with_hint(format!("{hint} No row was copied."))
            })?;
        let made: Json = reply.json()?;
        let id = made.get("id").and_then(Json::as_i64).ok_or_else(|| {
            reply
                .decode_error("The answer does not say the number of the new table.")
                .with_hint(format!("The table {name:?} was made; no row was copied."))
        })?;
        if !loosened.is_empty() {
            target.connection.client().inner.events.warn(format!(
                "the new table {name:?} is in another workspace than the one it was made from, so its references to tables \
                 are plain values: {}",
                loosened.join(", ")
            ));
        }
        let records = Records {
            table: Value::Int(id),
            ..target.clone()
        };
        let twin = Self { records, name, id };
        match twin.lacks(schema).await {
            Ok(lacking) if lacking.is_empty() => Ok(twin),
            Ok(lacking) => Err(twin.told(Error::new(
                ErrorKind::Config,
                format!("The new table lacks columns of its model: {}.", lacking.join(", ")),
            ))),
            Err(error) => Err(twin.told(error)),
        }
    }

    /// Columns that the server did not take over.
    async fn lacks(&self, schema: &Schema) -> Result<Vec<String>, Error> {
        let made = self.records.schema().await?;
        let names = schema.columns().iter().map(|column| &column.name);
        Ok(names.filter(|name| made.column(name).is_none()).cloned().collect())
    }

    /// An error behind the making of the table, with the words that it is there.
    pub(super) fn told(&self, error: Error) -> Error {
        let rows = error.report().map_or(0, |report| report.inserted);
        let (name, id) = (&self.name, self.id);
        error.with_hint(format!(
            "The table {name:?}, number {id}, was made for the copy and stays, with {rows} rows known to be in it. Delete it \
             before copying again from the beginning."
        ))
    }
}

async fn is_same_workspace(one: &Records, other: &Records) -> Result<bool, Error> {
    let (base, other_base) = (one.connection.resolve().await?, other.connection.resolve().await?);
    if base != other_base {
        return Ok(false);
    }
    Ok(one.workspace == other.workspace || workspace(one, &base).await? == workspace(other, &base).await?)
}

/// The workspace by its number, whatever it was called by.
async fn workspace(records: &Records, base: &str) -> Result<Option<Value>, Error> {
    let mut request = Request::new("instance.workspace.tables.list")?.path_value(records.workspace.clone());
    names::resolve(&records.connection, base, &mut request).await?;
    Ok(request.path.pop())
}

/// The columns as they are sent to make a table, and the names of those that were references and no longer are.
fn definitions(columns: &[Column], at_home: bool) -> (Vec<Json>, Vec<String>) {
    let mut loosened = Vec::new();
    let definitions = columns
        .iter()
        .map(|column| {
            let mut definition = column.definition.clone();
            plain(&mut definition, at_home, &column.name, &mut loosened);
            definition
        })
        .collect();
    (definitions, loosened)
}

/// A listing may name a reference by a kind of its own, which is not one that a column can be made of.
fn plain(definition: &mut Json, at_home: bool, path: &str, loosened: &mut Vec<String>) {
    let Some(fields) = definition.as_object_mut() else {
        return;
    };
    match fields.get("type").and_then(Json::as_str) {
        Some("tableref") => drop(fields.insert("type".to_owned(), json!("int"))),
        Some("tablerefuuid") => drop(fields.insert("type".to_owned(), json!("uuid"))),
        _ => {}
    }
    let refers = fields.get("tableref_id").is_some_and(|id| !id.is_null());
    if refers && !at_home {
        fields.remove("tableref_id");
        loosened.push(path.to_owned());
    }
    for child in fields
        .get_mut("children")
        .and_then(Json::as_array_mut)
        .into_iter()
        .flatten()
    {
        let name = child.get("name").and_then(Json::as_str).unwrap_or_default();
        let path = format!("{path}.{name}");
        plain(child, at_home, &path, loosened);
    }
}

/// A list, or an object that holds one.
fn listed(answer: Json) -> Option<Vec<Json>> {
    match answer {
        Json::Array(list) => Some(list),
        Json::Object(mut map) => match map.remove("index").or_else(|| map.remove("items")) {
            Some(Json::Array(list)) => Some(list),
            _ => None,
        },
        _ => None,
    }
}

/// An index as it is sent to make one like it; none where it is on something that is no column.
fn own_index(index: Json, schema: &Schema) -> Option<Map<String, Json>> {
    let Json::Object(mut index) = index else {
        return None;
    };
    let fields = index.get("fields")?.as_array()?;
    let mut names = fields.iter().map(|field| field.get("name").and_then(Json::as_str));
    if !names.all(|name| name.is_some_and(|name| schema.column(name).is_some())) {
        return None;
    }
    index.remove("id");
    Some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(definitions: Json) -> Schema {
        let Json::Array(list) = definitions else {
            panic!("a list of columns")
        };
        Schema::of(list).expect("columns")
    }

    #[test]
    fn references_are_kept_at_home_and_plain_abroad() {
        let schema = schema(json!([
            {"name": "id", "type": "int"},
            {"name": "customer", "type": "tableref", "tableref_id": 5},
            {"name": "owner", "type": "tablerefuuid", "tableref_id": 6},
            {"name": "free", "type": "int", "tableref_id": null},
            {"name": "box", "type": "object", "children": [{"name": "maker", "type": "int", "tableref_id": 7}]},
        ]));
        let (home, loosened) = definitions(schema.columns(), true);
        assert_eq!(home[1], json!({"name": "customer", "type": "int", "tableref_id": 5}));
        assert_eq!(home[2]["type"], "uuid");
        assert_eq!((&home[4], loosened.len()), (&schema.columns()[4].definition, 0));
        let (abroad, loosened) = definitions(schema.columns(), false);
        assert_eq!(abroad[1], json!({"name": "customer", "type": "int"}));
        assert_eq!(abroad[2], json!({"name": "owner", "type": "uuid"}));
        assert_eq!(abroad[4]["children"][0], json!({"name": "maker", "type": "int"}));
        assert_eq!(loosened, ["customer", "owner", "box.maker"]);
    }

    #[test]
    fn indexes_lose_their_ids_and_those_on_no_column_are_left_out() {
        let schema = schema(json!([{"name": "id", "type": "int"}, {"name": "sku", "type": "text"}]));
        let index = json!({"id": "0a1b2c3d", "type": "btree|unique", "fields": [{"name": "sku", "op": "asc"}]});
        let own = own_index(index, &schema).expect("an index on a column");
        assert_eq!(
            Json::Object(own),
            json!({"type": "btree|unique", "fields": [{"name": "sku", "op": "asc"}]})
        );
        for index in [
            json!({"type": "gin", "fields": [{"name": "xdo", "op": "jsonb_path_op"}]}),
            json!({"type": "btree"}),
            json!(7),
        ] {
            assert_eq!(own_index(index, &schema), None);
        }
    }
}
