//! Tables: definitions, their columns and indexes.

mod columns;
mod indexes;

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::listing::{LARGEST_PAGE, Order, Traits, Window};
use super::{record, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::columns::{Column, standard};
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::script;
use crate::store::tables::{self, Index, Table, index_id};
use crate::store::uuid;
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

/// The table named in the path, with its workspace.
pub fn of_path(call: &Call<'_>) -> Result<(Workspace, Table), ApiError> {
    let workspace = workspace(call)?;
    let id = call.number("table_id")?;
    let table = tables::get(call.db, workspace.key, id)?
        .ok_or_else(|| ApiError::not_found(format!("Workspace {} has no table {id}.", workspace.id)))?;
    Ok((workspace, table))
}

fn wants_script(call: &Call<'_>) -> Result<bool, ApiError> {
    Ok(call.query.flag("include_xanoscript")? || call.input.flag("include_xanoscript")?.unwrap_or(false))
}

fn show(table: &Table, with_script: bool) -> Value {
    let mut shown = table.to_json();
    if with_script {
        let indexes: Vec<_> = table.indexes.iter().map(Index::to_json).collect();
        let text = script::table(&table.name, table.auth, &table.columns, &indexes);
        shown["xanoscript"] = json!({"status": "ok", "value": text});
    }
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let window = Window::from_query(call, LARGEST_PAGE)?;
    let order = Order::from_query(call, "name", false)?;
    let with_script = wants_script(call)?;
    let found = order.apply(tables::list(call.db, workspace.key)?, |table| Traits {
        name: &table.name,
        description: &table.description,
        created_at: table.created_at,
        updated_at: table.updated_at,
        id: table.id,
    });
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let items = window
        .slice(found)
        .iter()
        .map(|table| show(table, with_script))
        .collect();
    Ok(Reply::Json(window.envelope(items, total)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (_, table) = of_path(call)?;
    Ok(Reply::Json(show(&table, wants_script(call)?)))
}

fn free_name(call: &Call<'_>, workspace: &Workspace, name: &str, own: Option<i64>) -> Result<(), ApiError> {
    let reason = if name.trim().is_empty() {
        "A table needs a name."
    } else if tables::by_name(call.db, workspace.key, name)?.is_some_and(|other| Some(other.id) != own) {
        "There is a table with this name already."
    } else {
        return Ok(());
    };
    Err(ApiError::input(
        "name",
        format!("Invalid value for param: name. {reason}"),
    ))
}

/// The primary index that every table has.
fn primary() -> Index {
    Index {
        id: index_id(),
        kind: "primary".to_owned(),
        fields: vec![json!({"name": "id"})],
        extra: serde_json::Map::new(),
    }
}

fn create(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let mut table = Table {
        key: 0,
        workspace_key: workspace.key,
        instance_id: workspace.instance_id,
        id: 0,
        name: String::new(),
        description: String::new(),
        docs: String::new(),
        guid: uuid(),
        auth: false,
        tag: json!([]),
        autocomplete: json!([]),
        columns: standard(),
        indexes: vec![primary()],
        created_at: call.now_ms,
        updated_at: call.now_ms,
    };
    if call.input.script.is_none() {
        call.input.text("name")?.clone_into(&mut table.name);
        if let Some(schema) = call.input.structure("schema")? {
            table.columns = columns::read_schema(&schema)?;
        }
        if let Some(list) = call.input.structure("index")? {
            table.indexes = indexes::read_list(&table, &list)?;
        }
        fill(call, &mut table)?;
    } else {
        read_script(call, &mut table)?;
    }
    free_name(call, &workspace, &table.name, None)?;
    table.id = next_id(call.db, workspace.instance_id, "table")?;
    tables::add(call.db, &mut table).map_err(columns::refused)?;
    record(
        call,
        Some(&workspace),
        "table.create",
        ("table", table.id),
        format!("Table {:?} created", table.name),
    )?;
    Ok(Reply::Json(show(&table, wants_script(call)?)))
}

/// Takes what a script says; the indexes of a script are kept by the table, so only the schema counts.
fn read_script(call: &Call<'_>, table: &mut Table) -> Result<(), ApiError> {
    let text = call.input.script.as_deref().unwrap_or_default();
    let header = script::header(text)?;
    if header.keyword != "table" {
        return Err(ApiError::bad_request(format!(
            "A table is defined with \"table\", not with {:?}.",
            header.keyword
        )));
    }
    table.name = header.name;
    table.auth = script::setting(text, "auth").as_deref() == Some("true");
    if let Some(description) = script::setting(text, "description") {
        table.description = description;
    }
    if let Some(columns) = script::columns(text)? {
        columns::check_schema(&columns)?;
        table.columns = columns;
    }
    Ok(())
}

/// Takes the plain fields that came.
fn fill(call: &Call<'_>, table: &mut Table) -> Result<(), ApiError> {
    for (field, target) in [
        ("description", &mut table.description),
        ("docs", &mut table.docs),
        ("guid", &mut table.guid),
    ] {
        if let Some(text) = call.input.optional_text(field)? {
            text.clone_into(target);
        }
    }
    if let Some(auth) = call.input.flag("auth")? {
        table.auth = auth;
    }
    if let Some(tag) = call.input.structure("tag")? {
        table.tag = tag;
    }
    if let Some(autocomplete) = call.input.structure("autocomplete")? {
        table.autocomplete = autocomplete;
    }
    Ok(())
}

fn save(call: &Call<'_>, workspace: &Workspace, mut table: Table) -> Outcome {
    tables::save(call.db, &table, call.now_ms)?;
    table.updated_at = call.now_ms;
    record(
        call,
        Some(workspace),
        "table.update",
        ("table", table.id),
        format!("Table {:?} updated", table.name),
    )?;
    Ok(Reply::Json(show(&table, wants_script(call)?)))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let (workspace, mut table) = of_path(call)?;
    if call.input.script.is_some() {
        let mut wanted = table.clone();
        read_script(call, &mut wanted)?;
        free_name(call, &workspace, &wanted.name, Some(table.id))?;
        let columns = std::mem::replace(&mut wanted.columns, table.columns);
        columns::replace(call, &mut wanted, columns)?;
        return save(call, &workspace, wanted);
    }
    if let Some(name) = call.input.optional_text("name")? {
        free_name(call, &workspace, name, Some(table.id))?;
        name.clone_into(&mut table.name);
    }
    fill(call, &mut table)?;
    if let Some(schema) = call.input.structure("schema")? {
        columns::replace(call, &mut table, columns::read_schema(&schema)?)?;
    }
    if let Some(list) = call.input.structure("index")? {
        indexes::replace(call, &mut table, &list)?;
    }
    save(call, &workspace, table)
}

fn meta(call: &mut Call<'_>) -> Outcome {
    update(call)?;
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
    call.input.optional_text("guid")?;
    save(call, &workspace, table)
}

fn autocomplete(call: &mut Call<'_>) -> Outcome {
    let (workspace, mut table) = of_path(call)?;
    fill(call, &mut table)?;
    let shown = json!({"id": table.id.to_string(), "autocomplete": table.autocomplete.to_string()});
    save(call, &workspace, table)?;
    Ok(Reply::Json(shown))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (workspace, table) = of_path(call)?;
    tables::remove(call.db, &table)?;
    record(
        call,
        Some(&workspace),
        "table.delete",
        ("table", table.id),
        format!("Table {:?} deleted", table.name),
    )?;
    Ok(Reply::Json(json!({})))
}

/// The column of that name, or 404.
fn column<'a>(table: &'a Table, name: &str) -> Result<&'a Column, ApiError> {
    table
        .column(name)
        .ok_or_else(|| ApiError::not_found(format!("Table {:?} has no column {name:?}.", table.name)))
}
