//! Indexes of a table.

use axum::routing::MethodFilter;
use serde_json::{Map, Value, json};

use super::{columns::refused, of_path, primary};
use crate::api::instance::record;
use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::store::tables::{self, Index, Table, index_id};

pub fn routes() -> Vec<Route> {
    let scoped = |method, path, right, run| Route::scoped(method, path, Scope::Database, right, run);
    vec![
        scoped(
            MethodFilter::GET,
            "/workspace/{workspace_id}/table/{table_id}/index",
            Right::Read,
            list,
        ),
        scoped(
            MethodFilter::PUT,
            "/workspace/{workspace_id}/table/{table_id}/index",
            Right::Update,
            put,
        ),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/table/{table_id}/index/btree",
            Right::Create,
            |call| add(call, "btree"),
        ),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/table/{table_id}/index/unique",
            Right::Create,
            |call| add(call, "unique"),
        ),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/table/{table_id}/index/search",
            Right::Create,
            |call| add(call, "search"),
        ),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/table/{table_id}/index/spatial",
            Right::Create,
            |call| add(call, "spatial"),
        ),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/table/{table_id}/index/vector",
            Right::Create,
            |call| add(call, "vector"),
        ),
        scoped(
            MethodFilter::DELETE,
            "/workspace/{workspace_id}/table/{table_id}/index/{index_id}",
            Right::Delete,
            delete,
        ),
    ]
}

fn list(call: &mut Call<'_>) -> Outcome {
    let (_, table) = of_path(call)?;
    Ok(Reply::Json(Value::Array(
        table.indexes.iter().map(Index::to_json).collect(),
    )))
}

/// Reads a whole set; the primary one is added when it was left out.
pub fn read_list(table: &Table, value: &Value) -> Result<Vec<Index>, ApiError> {
    let wrong = || {
        ApiError::input(
            "index",
            "Invalid value for param: index. It must be a list of {type, fields: [{name, op}]}.",
        )
    };
    let mut indexes = Vec::new();
    for entry in value.as_array().ok_or_else(wrong)? {
        let index = Index::from_json(entry).ok_or_else(wrong)?;
        check(table, &index)?;
        indexes.push(index);
    }
    if !indexes.iter().any(|index| index.kind == "primary") {
        indexes.insert(
            0,
            table
                .indexes
                .iter()
                .find(|index| index.kind == "primary")
                .cloned()
                .unwrap_or_else(primary),
        );
    }
    Ok(indexes)
}

fn check(table: &Table, index: &Index) -> Result<(), ApiError> {
    let wrong = |reason: String| {
        Err(ApiError::input(
            "fields",
            format!("Invalid value for param: fields. {reason}"),
        ))
    };
    if index.fields.is_empty() || index.names().count() != index.fields.len() {
        return wrong("An index covers at least one column, each given as {name}.".to_owned());
    }
    match index.names().find(|name| table.column(name).is_none()) {
        Some(name) => wrong(format!("Table {:?} has no column {name:?}.", table.name)),
        None => Ok(()),
    }
}

fn each_source(call: &Call<'_>, table: &Table, act: impl Fn(i64) -> rusqlite::Result<()>) -> Result<(), ApiError> {
    for source in tables::source_ids(call.db, table.workspace_key)? {
        act(source).map_err(refused)?;
    }
    Ok(())
}

/// Replaces the whole set.
pub fn replace(call: &Call<'_>, table: &mut Table, value: &Value) -> Result<(), ApiError> {
    let wanted = read_list(table, value)?;
    for index in &table.indexes {
        each_source(call, table, |source| tables::drop_index(call.db, table, source, index))?;
    }
    for index in &wanted {
        each_source(call, table, |source| {
            tables::create_index(call.db, table, source, index)
        })?;
    }
    table.indexes = wanted;
    Ok(())
}

fn save(call: &Call<'_>, table: &Table, what: String) -> Result<(), ApiError> {
    let (workspace, _) = of_path(call)?;
    tables::save(call.db, table, call.now_ms)?;
    record(call, Some(&workspace), "table.index", ("table", table.id), what)
}

fn put(call: &mut Call<'_>) -> Outcome {
    let (_, mut table) = of_path(call)?;
    replace(call, &mut table, &Value::Array(call.input.list("index")?))?;
    save(call, &table, format!("Indexes of table {:?} replaced", table.name))?;
    list(call)
}

fn add(call: &mut Call<'_>, kind: &str) -> Outcome {
    let (_, mut table) = of_path(call)?;
    let mut extra = Map::new();
    if kind == "search" {
        for field in ["name", "lang"] {
            extra.insert(field.to_owned(), json!(call.input.text(field)?));
        }
    }
    let fields = call.input.list("fields")?;
    for field in &fields {
        check_operator(kind, field)?;
    }
    let index = Index {
        id: index_id(),
        kind: kind.to_owned(),
        fields,
        extra,
    };
    check(&table, &index)?;
    each_source(call, &table, |source| {
        tables::create_index(call.db, &table, source, &index)
    })?;
    let id = index.id.clone();
    table.indexes.push(index);
    save(
        call,
        &table,
        format!("Index {id} ({kind}) added to table {:?}", table.name),
    )?;
    Ok(Reply::Json(json!({"id": id})))
}

/// Each kind of index has operators of its own.
fn check_operator(kind: &str, field: &Value) -> Result<(), ApiError> {
    let known: &[&str] = match kind {
        "spatial" => &["gist_geometry_ops_2d"],
        "vector" => &["vector_ip_ops", "vector_cosine_ops", "vector_l1_ops", "vector_l2_ops"],
        "search" if field["priority"].is_i64() => return Ok(()),
        "search" => &[],
        _ => &["asc", "desc"],
    };
    if known.iter().any(|word| field["op"] == *word) {
        return Ok(());
    }
    let wanted = if kind == "search" {
        "{name, priority}".to_owned()
    } else {
        format!("{{name, op}} with op one of {}", known.join(", "))
    };
    Err(ApiError::input(
        "fields",
        format!("Invalid value for param: fields. A {kind} index takes {wanted}."),
    ))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (_, mut table) = of_path(call)?;
    let id = call.param("index_id").to_owned();
    let Some(index) = table.indexes.iter().find(|index| index.id == id).cloned() else {
        return Err(ApiError::not_found(format!(
            "Table {:?} has no index {id:?}.",
            table.name
        )));
    };
    if index.kind == "primary" {
        return Err(ApiError::bad_request("The primary index cannot be deleted."));
    }
    each_source(call, &table, |source| {
        tables::drop_index(call.db, &table, source, &index)
    })?;
    table.indexes.retain(|other| other.id != id);
    save(call, &table, format!("Index {id} of table {:?} deleted", table.name))?;
    Ok(Reply::Json(json!({})))
}
