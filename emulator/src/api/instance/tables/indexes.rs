//! Indexes of a table.

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::{data, of_path};
use crate::api::instance::record;
use crate::api::{Call, Outcome, Reply, Route};
use crate::data::{Index, Table};
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::store::workspaces::Workspace;

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
        table.indexes().iter().map(Index::to_json).collect(),
    )))
}

fn log(call: &Call<'_>, workspace: &Workspace, table: &Table, what: String) -> Result<(), ApiError> {
    record(call, Some(workspace), "table.index", ("table", table.id), what)
}

/// Replaces the whole set.
fn put(call: &mut Call<'_>) -> Outcome {
    let (workspace, mut table) = of_path(call)?;
    let wanted = Index::list_from_json(&Value::Array(call.input.list("index")?), "index")?;
    data(call).replace_indexes(&mut table, wanted)?;
    log(
        call,
        &workspace,
        &table,
        format!("Indexes of table {:?} replaced", table.name),
    )?;
    list(call)
}

fn add(call: &mut Call<'_>, kind: &str) -> Outcome {
    let (workspace, mut table) = of_path(call)?;
    let index = Index::from_json(call.input.fields(), Some(kind), None)?;
    let id = data(call).add_index(&mut table, index)?;
    let what = format!("Index {id} ({kind}) added to table {:?}", table.name);
    log(call, &workspace, &table, what)?;
    Ok(Reply::Json(json!({"id": id})))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (workspace, mut table) = of_path(call)?;
    let id = call.param("index_id");
    data(call).delete_index(&mut table, id)?;
    log(
        call,
        &workspace,
        &table,
        format!("Index {id} of table {:?} deleted", table.name),
    )?;
    Ok(Reply::Json(json!({})))
}
