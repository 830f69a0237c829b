//! Many records in one call. A call is one transaction: it happens as a whole or not at all.

use axum::routing::MethodFilter;
use serde::de::Deserialize;
use serde_json::value::RawValue;

use super::{done, place, unreadable};
use crate::api::{Call, Outcome, Reply, Route};
use crate::data::{Fields, Patch, ids_to_json};
use crate::error::ApiError;
use crate::scope::{Right, Scope};

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

/// A list that must be there, read from the text of the body.
fn items<'a, T: Deserialize<'a>>(call: &'a Call<'_>, name: &str) -> Result<Vec<T>, ApiError> {
    let raw = call
        .input
        .raw(name)?
        .filter(|raw| raw.get() != "null")
        .ok_or_else(|| ApiError::input(name, format!("Missing param: {name}")))?;
    serde_json::from_str(raw.get()).map_err(|error| unreadable(name, &error))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Create)?;
    let allow_id = call.input.raw("allow_id_field")?.map_or("false", RawValue::get);
    let allow_id = match allow_id {
        "true" | "1" => true,
        "false" | "0" | "null" => false,
        _ => {
            return Err(ApiError::input(
                "allow_id_field",
                "Invalid value for param: allow_id_field. It must be true or false.",
            ));
        }
    };
    let items: Vec<Fields<'_>> = items(call, "items")?;
    let ids = place.records(call)?.create_many(&items, allow_id)?;
    place.note(
        call,
        "record.bulk_create",
        &format!("{} records were created", ids.len()),
    )?;
    Ok(Reply::Json(ids_to_json(&ids)))
}

/// Rows that do not exist are left out of `success`.
fn patch(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Update)?;
    let items: Vec<Patch<'_>> = items(call, "items")?;
    let changed = place.records(call)?.update_many(&items)?;
    done(call, &place, "record.bulk_update", "updated", &changed)
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Delete)?;
    let ids: Vec<&RawValue> = items(call, "row_ids")?;
    let gone = place.records(call)?.delete_many(&ids)?;
    done(call, &place, "record.bulk_delete", "deleted", &gone)
}
