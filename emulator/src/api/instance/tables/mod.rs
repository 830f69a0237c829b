//! Tables: definitions, their columns and indexes.

mod columns;
mod indexes;

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::listing::{LARGEST_PAGE, Order, Traits, Window};
use super::{record, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::data::{Changes, Column, Data, Index, NewTable, Table};
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::script::table as script;
use crate::store::workspaces::{Workspace, next_id};

pub fn routes() -> Vec<Route> {
    let scoped = |method, path, right, run| Route::scoped(method, path, Scope::Database, right, run);
    let own = vec![
        scoped(MethodFilter::GET, "/workspace/{workspace_id}/table", Right::Read, list),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/table",
            Right::Create,
            create,
        ),
        scoped(
            MethodFilter::GET,
            "/workspace/{workspace_id}/table/{table_id}",
            Right::Read,
            get,
        ),
        scoped(
            MethodFilter::PUT,
            "/workspace/{workspace_id}/table/{table_id}",
            Right::Update,
            update,
        ),
        scoped(
            MethodFilter::DELETE,
            "/workspace/{workspace_id}/table/{table_id}",
            Right::Delete,
            delete,
        ),
        scoped(
            MethodFilter::PUT,
            "/workspace/{workspace_id}/table/{table_id}/meta",
            Right::Update,
            meta,
        ),
        scoped(
            MethodFilter::PUT,
            "/workspace/{workspace_id}/table/{table_id}/security",
            Right::Update,
            security,
        ),
        scoped(
            MethodFilter::PUT,
            "/workspace/{workspace_id}/table/{table_id}/autocomplete",
            Right::Update,
            autocomplete,
        ),
    ];
    [own, columns::routes(), indexes::routes()].concat()
}

/// The database of the workspaces, as this call sees it.
fn data<'a>(call: &Call<'a>) -> Data<'a> {
    Data::new(call.db, call.now_ms)
}

/// The table named in the path, with its workspace.
pub fn of_path(call: &Call<'_>) -> Result<(Workspace, Table), ApiError> {
    let workspace = workspace(call)?;
    let table = data(call).table(workspace.key, call.number("table_id")?)?;
    Ok((workspace, table))
}

fn wants_script(call: &Call<'_>) -> Result<bool, ApiError> {
    Ok(call.query.flag("include_xanoscript")? || call.input.flag("include_xanoscript")?.unwrap_or(false))
}

fn show(call: &Call<'_>, table: &Table, with_script: bool) -> Value {
    let mut shown = table.to_json();
    if with_script {
        shown["xanoscript"] = json!({"status": "ok", "value": script::write(table, data(call))});
    }
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let window = Window::from_query(call, LARGEST_PAGE)?;
    let order = Order::from_query(call, "name", false)?;
    let with_script = wants_script(call)?;
    let found = order.apply(data(call).tables(workspace.key)?, |table| Traits {
        name: &table.name,
        description: &table.definition.description,
        created_at: table.created_at,
        updated_at: table.updated_at,
        id: table.id,
    });
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let items = window
        .slice(found)
        .iter()
        .map(|table| show(call, table, with_script))
        .collect();
    Ok(Reply::Json(window.envelope(items, total)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (_, table) = of_path(call)?;
    Ok(Reply::Json(show(call, &table, wants_script(call)?)))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let mut new = match &call.input.script {
        Some(text) => script::read(text, workspace.key, data(call))?.into_new(),
        None => NewTable {
            columns: columns_sent(call)?,
            indexes: indexes_sent(call)?,
            changes: changes(call)?,
            ..NewTable::named(call.input.text("name")?)
        },
    };
    new.id = Some(next_id(call.db, workspace.instance_id, "table")?);
    let table = data(call).create_table(workspace.key, new)?;
    log(call, &workspace, &table, "create", "created")?;
    Ok(Reply::Json(show(call, &table, wants_script(call)?)))
}

fn columns_sent(call: &Call<'_>) -> Result<Option<Vec<Column>>, ApiError> {
    let schema = call.input.structure("schema")?;
    schema
        .map(|schema| Column::list_from_json(&schema, "schema"))
        .transpose()
}

fn indexes_sent(call: &Call<'_>) -> Result<Option<Vec<Index>>, ApiError> {
    let list = call.input.structure("index")?;
    list.map(|list| Index::list_from_json(&list, "index")).transpose()
}

/// The plain fields that came.
fn changes(call: &Call<'_>) -> Result<Changes, ApiError> {
    let text = |name| Ok::<_, ApiError>(call.input.optional_text(name)?.map(str::to_owned));
    let list = |name| {
        call.input.structure(name)?.map_or(Ok(None), |value| match value {
            Value::Array(list) => Ok(Some(list)),
            _ => Err(not_a_list(name)),
        })
    };
    let tag = list("tag")?.map(|tags| {
        let texts = tags.into_iter().map(|tag| match tag {
            Value::String(text) => Some(text),
            _ => None,
        });
        texts.collect::<Option<Vec<_>>>().ok_or_else(|| not_a_list("tag"))
    });
    Ok(Changes {
        name: text("name")?,
        description: text("description")?,
        docs: text("docs")?,
        guid: text("guid")?,
        auth: call.input.flag("auth")?,
        tag: tag.transpose()?,
        autocomplete: list("autocomplete")?,
        security: None,
    })
}

fn not_a_list(name: &str) -> ApiError {
    let of = if name == "tag" { " of texts" } else { "" };
    ApiError::input(name, format!("Invalid value for param: {name}. It must be a list{of}."))
}

fn log(call: &Call<'_>, workspace: &Workspace, table: &Table, kind: &str, word: &str) -> Result<(), ApiError> {
    record(
        call,
        Some(workspace),
        &format!("table.{kind}"),
        ("table", table.id),
        format!("Table {:?} {word}", table.name),
    )
}

fn save(call: &Call<'_>, workspace: &Workspace, table: Table, changes: Changes) -> Result<Table, ApiError> {
    let table = data(call).change_table(table, changes)?;
    log(call, workspace, &table, "update", "updated")?;
    Ok(table)
}

/// Columns first: indexes and autocomplete name them.
fn change(call: &Call<'_>) -> Result<Table, ApiError> {
    let (workspace, mut table) = of_path(call)?;
    let (columns, indexes, changes) = match &call.input.script {
        Some(text) => script::read(text, workspace.key, data(call))?.into_changes(),
        None => (columns_sent(call)?, indexes_sent(call)?, changes(call)?),
    };
    if let Some(columns) = columns {
        data(call).replace_columns(&mut table, columns)?;
    }
    if let Some(indexes) = indexes {
        data(call).replace_indexes(&mut table, indexes)?;
    }
    save(call, &workspace, table, changes)
}

fn update(call: &mut Call<'_>) -> Outcome {
    let table = change(call)?;
    Ok(Reply::Json(show(call, &table, wants_script(call)?)))
}

fn meta(call: &mut Call<'_>) -> Outcome {
    change(call)?;
    Ok(Reply::Json(json!({})))
}

fn security(call: &mut Call<'_>) -> Outcome {
    let (workspace, table) = of_path(call)?;
    if call.input.get("guid").is_none() {
        return Err(ApiError::input(
            "guid",
            "Missing param: guid (an API group's, or null to lift the restriction)",
        ));
    }
    let guid = call.input.optional_text("guid")?.filter(|guid| !guid.is_empty());
    let changes = Changes {
        security: Some(guid.map(str::to_owned)),
        ..Changes::default()
    };
    let table = save(call, &workspace, table, changes)?;
    Ok(Reply::Json(show(call, &table, wants_script(call)?)))
}

fn autocomplete(call: &mut Call<'_>) -> Outcome {
    let (workspace, table) = of_path(call)?;
    let changes = Changes {
        autocomplete: changes(call)?.autocomplete,
        ..Changes::default()
    };
    let table = save(call, &workspace, table, changes)?;
    let shown = Value::Array(table.definition.autocomplete).to_string();
    Ok(Reply::Json(json!({"id": table.id.to_string(), "autocomplete": shown})))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (workspace, table) = of_path(call)?;
    data(call).delete_table(&table)?;
    log(call, &workspace, &table, "delete", "deleted")?;
    Ok(Reply::Json(json!({})))
}
