//! Finding records, and changing or deleting what is found.

use std::cmp::Ordering;

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::{Place, envelope, place};
use crate::api::instance::listing::{LARGEST_PAGE, Window, sort_pairs};
use crate::api::{Call, Outcome, Reply, Route};
use crate::columns::quote;
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::search::Search;
use crate::store::records::id_text;

pub fn routes() -> Vec<Route> {
    let scoped = |path, right, run| Route::scoped(MethodFilter::POST, path, Scope::Content, right, run);
    vec![
        scoped(
            "/workspace/{workspace_id}/table/{table_id}/content/search",
            Right::Read,
            search,
        ),
        scoped(
            "/workspace/{workspace_id}/table/{table_id}/content/search/patch",
            Right::Update,
            patch,
        ),
        scoped(
            "/workspace/{workspace_id}/table/{table_id}/content/search/delete",
            Right::Delete,
            delete,
        ),
    ]
}

fn expression(call: &Call<'_>) -> Result<Search, ApiError> {
    Search::parse(call.input.structure("search")?.as_ref())
}

/// `ORDER BY`, with the id last so that pages never overlap.
fn order(call: &Call<'_>, place: &Place) -> Result<String, ApiError> {
    let mut terms = Vec::new();
    for (column, direction) in sort_pairs(call.input.structure("sort")?.as_ref())? {
        if place.table.column(&column).is_none() {
            return Err(ApiError::input(
                "sort",
                format!(
                    "Invalid value for param: sort. Table {:?} has no column {column:?}.",
                    place.table.name
                ),
            ));
        }
        let word = if direction == Ordering::Greater { "DESC" } else { "ASC" };
        terms.push(format!("{} {word}", quote(&column)));
    }
    terms.push("id".to_owned());
    Ok(terms.join(", "))
}

fn search(call: &mut Call<'_>) -> Outcome {
    let window = Window::from_body(call, LARGEST_PAGE)?;
    let place = place(call, Right::Read)?;
    let search = expression(call)?;
    let order = order(call, &place)?;
    let records = place.records(call);
    let page = records.page(&search, &order, window.offset(), window.per_page)?;
    Ok(envelope(window, &page, records.count(&search)?))
}

fn patch(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Update)?;
    let records = place.records(call);
    let updates = call.input.structure("updates")?.unwrap_or_else(|| json!({}));
    let fields = updates
        .as_object()
        .ok_or_else(|| ApiError::input("updates", "Invalid value for param: updates. It must be an object."))?;
    let mut success = Vec::new();
    for id in records.ids(&expression(call)?)? {
        records.update(&id, fields)?;
        success.push(id_text(&id));
    }
    done(call, &place, "record.search_update", "updated", &success)
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Delete)?;
    let records = place.records(call);
    let mut success = Vec::new();
    for id in records.ids(&expression(call)?)? {
        records.delete(&id)?;
        success.push(id_text(&id));
    }
    done(call, &place, "record.search_delete", "deleted", &success)
}

fn done(call: &Call<'_>, place: &Place, kind: &str, word: &str, success: &[Value]) -> Outcome {
    place.note(call, kind, &format!("{} records were {word}", success.len()))?;
    Ok(Reply::Json(json!({"success_total": success.len(), "success": success})))
}
