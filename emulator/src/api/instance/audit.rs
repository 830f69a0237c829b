//! The audit log, of the instance and of one workspace.

use axum::routing::MethodFilter;
use serde_json::Value;

use super::listing::{LARGEST_PAGE, Window, sort_items, sort_pairs};
use super::{instance_id, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::search::Search;
use crate::store::audit;

pub fn routes() -> Vec<Route> {
    vec![
        Route::open(MethodFilter::GET, "/audit_log", list),
        Route::open(MethodFilter::POST, "/audit_log/search", search),
        Route::scoped(
            MethodFilter::GET,
            "/workspace/{workspace_id}/audit_log",
            Scope::Log,
            Right::Read,
            list,
        ),
        Route::scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/audit_log/search",
            Scope::Log,
            Right::Read,
            search,
        ),
    ]
}

fn list(call: &mut Call<'_>) -> Outcome {
    let window = Window::from_query(call, LARGEST_PAGE)?;
    let with_data = call.query.flag("include_data")?;
    Ok(show(window, with_data, entries(call)?))
}

fn search(call: &mut Call<'_>) -> Outcome {
    let window = Window::from_body(call, LARGEST_PAGE)?;
    let with_data = call.input.flag("include_data")?.unwrap_or(false);
    let search = Search::parse(call.input.structure("search")?.as_ref())?;
    let sort = sort_pairs(call.input.structure("sort")?.as_ref())?;
    let mut found = entries(call)?;
    found.retain(|entry| search.finds(entry));
    sort_items(&mut found, &sort);
    Ok(show(window, with_data, found))
}

fn entries(call: &Call<'_>) -> Result<Vec<Value>, ApiError> {
    let scope = if call.param("workspace_id").is_empty() {
        None
    } else {
        Some(workspace(call)?.key)
    };
    Ok(audit::list(call.db, instance_id(call), scope)?)
}

fn show(window: Window, with_data: bool, found: Vec<Value>) -> Reply {
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let mut items = window.slice(found);
    if !with_data {
        for item in &mut items {
            item["data"] = Value::Null;
        }
    }
    Reply::Json(window.full_envelope(items, total))
}
