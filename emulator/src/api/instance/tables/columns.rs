//! Columns of a table: the whole schema, one column at a time, and one route for each kind.

use axum::routing::MethodFilter;
use serde_json::{Map, Value, json};

use super::{column, of_path};
use crate::api::instance::record;
use crate::api::{Call, Outcome, Reply, Route};
use crate::columns::{Column, KINDS};
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::store::tables::{self, Table};

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

/// SQLite's own refusals of a schema or index, as refusals of the input.
pub fn refused(error: rusqlite::Error) -> ApiError {
    let text = error.to_string();
    if text.contains("UNIQUE constraint failed") {
        return ApiError::bad_request("The records that exist are not unique in these columns; change them first.");
    }
    if text.contains("duplicate column name") {
        return ApiError::input(
            "name",
            "Invalid value for param: name. Two columns cannot share a name, whatever the case.",
        );
    }
    error.into()
}

/// Reads a whole schema.
pub fn read_schema(value: &Value) -> Result<Vec<Column>, ApiError> {
    let list = value.as_array().ok_or_else(|| {
        ApiError::input(
            "schema",
            "Invalid value for param: schema. It must be a list of columns.",
        )
    })?;
    let columns = list.iter().map(Column::read).collect::<Result<Vec<_>, _>>()?;
    check_schema(&columns)?;
    Ok(columns)
}

/// A schema starts with `id`, a number or a UUID, and no name comes twice.
pub fn check_schema(columns: &[Column]) -> Result<(), ApiError> {
    let first = columns
        .first()
        .is_some_and(|column| column.name == "id" && ["int", "uuid"].contains(&column.kind.as_str()));
    if !first {
        return Err(ApiError::input(
            "schema",
            "Invalid value for param: schema. The first column must be id, an int or a uuid.",
        ));
    }
    for (at, column) in columns.iter().enumerate() {
        if columns[..at]
            .iter()
            .any(|other| other.name.eq_ignore_ascii_case(&column.name))
        {
            return Err(ApiError::input(
                "schema",
                format!("Invalid value for param: schema. Column {:?} comes twice.", column.name),
            ));
        }
    }
    Ok(())
}

/// Gives a table another set of columns. A column of the same name keeps its values; the kind of
/// `id` cannot change, because records are addressed by it.
pub fn replace(call: &Call<'_>, table: &mut Table, wanted: Vec<Column>) -> Result<(), ApiError> {
    check_schema(&wanted)?;
    if table.columns.first().map(|id| &id.kind) != wanted.first().map(|id| &id.kind) {
        return Err(ApiError::input(
            "schema",
            "Invalid value for param: schema. The type of id cannot change.",
        ));
    }
    let gone: Vec<_> = table
        .columns
        .iter()
        .filter(|old| !wanted.iter().any(|new| new.name == old.name))
        .cloned()
        .collect();
    for old in gone {
        drop_one(call, table, &old.name)?;
    }
    for new in &wanted {
        if table.column(&new.name).is_none() {
            tables::add_column(call.db, table, new, &new.default_value(call.now_ms)).map_err(refused)?;
        }
    }
    table.columns = wanted;
    Ok(())
}

/// Drops a column with the indexes it is part of.
fn drop_one(call: &Call<'_>, table: &mut Table, name: &str) -> Result<(), ApiError> {
    let covers = |index: &tables::Index| index.names().any(|field| field == name);
    for index in table.indexes.iter().filter(|index| covers(index)) {
        for source in tables::source_ids(call.db, table.workspace_key)? {
            tables::drop_index(call.db, table, source, index)?;
        }
    }
    table.indexes.retain(|index| !covers(index));
    tables::drop_column(call.db, table, name)?;
    table.columns.retain(|column| column.name != name);
    Ok(())
}

fn list(call: &mut Call<'_>) -> Outcome {
    let (_, table) = of_path(call)?;
    Ok(Reply::Json(Value::Array(
        table.columns.iter().map(Column::to_json).collect(),
    )))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (_, table) = of_path(call)?;
    Ok(Reply::Json(column(&table, call.param("schema_name"))?.to_json()))
}

fn save(call: &Call<'_>, table: &Table, what: String) -> Result<(), ApiError> {
    let (workspace, _) = of_path(call)?;
    tables::save(call.db, table, call.now_ms)?;
    record(call, Some(&workspace), "table.schema", ("table", table.id), what)
}

/// Replaces every column.
fn put(call: &mut Call<'_>) -> Outcome {
    let (_, mut table) = of_path(call)?;
    let wanted = read_schema(&Value::Array(call.input.list("schema")?))?;
    replace(call, &mut table, wanted)?;
    save(call, &table, format!("Schema of table {:?} replaced", table.name))?;
    list(call)
}

fn rename(call: &mut Call<'_>) -> Outcome {
    let (_, mut table) = of_path(call)?;
    let (old, new) = (call.input.text("old_name")?, call.input.text("new_name")?);
    column(&table, old)?;
    let taken = table
        .columns
        .iter()
        .any(|other| other.name != old && other.name.eq_ignore_ascii_case(new));
    if new.is_empty() || taken || old == "id" {
        let param = if old == "id" { "old_name" } else { "new_name" };
        return Err(ApiError::input(
            param,
            format!("Invalid value for param: {param}. The name must be new, and id keeps its own."),
        ));
    }
    tables::rename_column(call.db, &table, old, new)?;
    for column in table.columns.iter_mut().filter(|column| column.name == old) {
        column.rename(new);
    }
    for field in table.indexes.iter_mut().flat_map(|index| &mut index.fields) {
        if field["name"] == old {
            field["name"] = json!(new);
        }
    }
    save(
        call,
        &table,
        format!("Column {old:?} of table {:?} renamed to {new:?}", table.name),
    )?;
    Ok(Reply::Json(json!({})))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (_, mut table) = of_path(call)?;
    let name = column(&table, call.param("schema_name"))?.name.clone();
    if name == "id" {
        return Err(ApiError::bad_request("The column id cannot be deleted."));
    }
    drop_one(call, &mut table, &name)?;
    save(
        call,
        &table,
        format!("Column {name:?} of table {:?} deleted", table.name),
    )?;
    Ok(Reply::Json(json!({})))
}

/// Adds a column of the kind in the path. References are whole numbers or UUIDs with a table.
fn add(call: &mut Call<'_>) -> Outcome {
    let (_, mut table) = of_path(call)?;
    let asked = call.param("kind");
    let kind = match asked {
        "tableref" => "int",
        "tablerefuuid" => "uuid",
        kind if KINDS.contains(&kind) => kind,
        _ => return Err(ApiError::not_found(format!("There is no column type {asked:?}."))),
    };
    let name = call.input.text("name")?.to_owned();
    if asked.starts_with("tableref") {
        let other = call.input.count("tableref_id")?;
        if tables::get(call.db, table.workspace_key, other)?.is_none() {
            return Err(ApiError::input(
                "tableref_id",
                format!("Invalid value for param: tableref_id. There is no table {other}."),
            ));
        }
    }
    let mut definition: Map<String, Value> = call.input.fields().clone();
    for field in ["nullable", "required", "sensitive"] {
        if let Some(truth) = call.input.flag(field)? {
            definition.insert(field.to_owned(), json!(truth));
        }
    }
    for field in ["values", "filters", "vector", "children"] {
        if let Some(inner) = call.input.structure(field)? {
            definition.insert(field.to_owned(), inner);
        }
    }
    for (field, words) in [
        ("access", &["public", "private", "internal"][..]),
        ("style", &["single", "list"]),
    ] {
        if call.input.has(field) {
            call.input.choice(field, words)?;
        }
    }
    if kind == "vector" && !call.input.has("vector") {
        return Err(ApiError::input("vector", "Missing param: vector"));
    }
    definition.insert("type".to_owned(), json!(kind));
    let column = Column::read(&Value::Object(definition))?;
    if name.is_empty() || table.columns.iter().any(|other| other.name.eq_ignore_ascii_case(&name)) {
        return Err(ApiError::input(
            "name",
            "Invalid value for param: name. It must be new in the table.",
        ));
    }
    tables::add_column(call.db, &table, &column, &column.default_value(call.now_ms)).map_err(refused)?;
    table.columns.push(column);
    save(call, &table, format!("Column {name:?} added to table {:?}", table.name))?;
    Ok(Reply::Json(json!({"name": name})))
}
