//! Many records in one call. A call is one transaction: it happens as a whole or not at all.

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::place;
use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::store::records::{id_json, id_text};

pub fn routes() -> Vec<Route> {
    let scoped = |path, right, run| Route::scoped(MethodFilter::POST, path, Scope::Content, right, run);
    vec![
        scoped(
            "/workspace/{workspace_id}/table/{table_id}/content/bulk",
            Right::Create,
            create,
        ),
        scoped(
            "/workspace/{workspace_id}/table/{table_id}/content/bulk/patch",
            Right::Update,
            patch,
        ),
        scoped(
            "/workspace/{workspace_id}/table/{table_id}/content/bulk/delete",
            Right::Delete,
            delete,
        ),
    ]
}

fn at(index: usize, mut error: ApiError) -> ApiError {
    error.message = format!("Item {index}: {}", error.message);
    error
}

fn create(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Create)?;
    let records = place.records(call);
    let choose_id = call.input.flag("allow_id_field")?.unwrap_or(false);
    let mut ids = Vec::new();
    for (index, item) in call.input.list("items")?.iter().enumerate() {
        let fields = item.as_object().ok_or_else(|| {
            ApiError::input(
                "items",
                format!("Invalid value for param: items. Item {index} is no record."),
            )
        })?;
        ids.push(id_json(
            &records.insert(fields, choose_id).map_err(|error| at(index, error))?,
        ));
    }
    place.note(
        call,
        "record.bulk_create",
        &format!("{} records were created", ids.len()),
    )?;
    Ok(Reply::Json(Value::Array(ids)))
}

/// Rows that do not exist are left out of `success`.
fn patch(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Update)?;
    let records = place.records(call);
    let mut success = Vec::new();
    for (index, item) in call.input.list("items")?.iter().enumerate() {
        let (Some(row), Some(updates)) = (item.get("row_id"), item.get("updates").and_then(Value::as_object)) else {
            return Err(ApiError::input(
                "items",
                format!("Invalid value for param: items. Item {index} is not {{row_id, updates}}."),
            ));
        };
        if let Some(id) = records.id(row)
            && records.update(&id, updates).map_err(|error| at(index, error))?
        {
            success.push(id_text(&id));
        }
    }
    place.note(
        call,
        "record.bulk_update",
        &format!("{} records were updated", success.len()),
    )?;
    Ok(Reply::Json(json!({"success_total": success.len(), "success": success})))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Delete)?;
    let records = place.records(call);
    let mut success = Vec::new();
    let mut error = Vec::new();
    for row in call.input.list("row_ids")? {
        match records.id(&row) {
            Some(id) if records.delete(&id)? => success.push(id_text(&id)),
            _ => error.push(json!(row.as_str().map_or_else(|| row.to_string(), str::to_owned))),
        }
    }
    place.note(
        call,
        "record.bulk_delete",
        &format!("{} records were deleted", success.len()),
    )?;
    Ok(Reply::Json(
        json!({"success_total": success.len(), "success": success, "error": error}),
    ))
}
