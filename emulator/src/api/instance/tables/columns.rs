//! Columns of a table: the whole schema, one column at a time, and one route for each kind.

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::{data, of_path};
use crate::api::instance::record;
use crate::api::{Call, Outcome, Reply, Route};
use crate::data::{Column, Kind, Table};
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::store::workspaces::Workspace;

pub fn routes() -> Vec<Route> {
    let scoped = |method, path, right, run| Route::scoped(method, path, Scope::Database, right, run);
    vec![
        scoped(
            MethodFilter::GET,
            "/workspace/{workspace_id}/table/{table_id}/schema",
            Right::Read,
            list,
        ),
        scoped(
            MethodFilter::PUT,
            "/workspace/{workspace_id}/table/{table_id}/schema",
            Right::Update,
            put,
        ),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/table/{table_id}/schema/rename",
            Right::Update,
            rename,
        ),
        scoped(
            MethodFilter::GET,
            "/workspace/{workspace_id}/table/{table_id}/schema/{schema_name}",
            Right::Read,
            get,
        ),
        scoped(
            MethodFilter::DELETE,
            "/workspace/{workspace_id}/table/{table_id}/schema/{schema_name}",
            Right::Delete,
            delete,
        ),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/table/{table_id}/schema/type/{kind}",
            Right::Create,
            add,
        ),
    ]
}

fn log(call: &Call<'_>, workspace: &Workspace, table: &Table, what: String) -> Result<(), ApiError> {
    record(call, Some(workspace), "table.schema", ("table", table.id), what)
}

fn list(call: &mut Call<'_>) -> Outcome {
    let (_, table) = of_path(call)?;
    Ok(Reply::Json(Value::Array(
        table.columns().iter().map(Column::to_json).collect(),
    )))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (_, table) = of_path(call)?;
    Ok(Reply::Json(table.column(call.param("schema_name"))?.to_json()))
}

/// Replaces every column.
fn put(call: &mut Call<'_>) -> Outcome {
    let (workspace, mut table) = of_path(call)?;
    let wanted = Column::list_from_json(&Value::Array(call.input.list("schema")?), "schema")?;
    data(call).replace_columns(&mut table, wanted)?;
    log(
        call,
        &workspace,
        &table,
        format!("Schema of table {:?} replaced", table.name),
    )?;
    list(call)
}

fn rename(call: &mut Call<'_>) -> Outcome {
    let (workspace, mut table) = of_path(call)?;
    let (old, new) = (call.input.text("old_name")?, call.input.text("new_name")?);
    data(call).rename_column(&mut table, old, new)?;
    let what = format!("Column {old:?} of table {:?} renamed to {new:?}", table.name);
    log(call, &workspace, &table, what)?;
    Ok(Reply::Json(json!({})))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (workspace, mut table) = of_path(call)?;
    let name = call.param("schema_name");
    data(call).delete_column(&mut table, name)?;
    log(
        call,
        &workspace,
        &table,
        format!("Column {name:?} of table {:?} deleted", table.name),
    )?;
    Ok(Reply::Json(json!({})))
}

/// Adds a column of the kind in the path. References are whole numbers or UUIDs with a table.
fn add(call: &mut Call<'_>) -> Outcome {
    let (workspace, mut table) = of_path(call)?;
    let asked = call.param("kind");
    let kind = Kind::find(asked).ok_or_else(|| ApiError::not_found(format!("There is no column type {asked:?}.")))?;
    let mut fields = call.input.fields().clone();
    if asked.starts_with("tableref") {
        let other = call.input.count("tableref_id")?;
        if data(call).table(workspace.key, other).is_err() {
            return Err(ApiError::input(
                "tableref_id",
                format!("Invalid value for param: tableref_id. There is no table {other}."),
            ));
        }
    } else {
        // The other kinds have no such field.
        fields.remove("tableref_id");
    }
    let column = Column::from_json(&fields, Some(kind), None)?;
    let name = column.name.clone();
    data(call).add_column(&mut table, column)?;
    log(
        call,
        &workspace,
        &table,
        format!("Column {name:?} added to table {:?}", table.name),
    )?;
    Ok(Reply::Json(json!({"name": name})))
}
