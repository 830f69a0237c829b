//! The six histories. Requests are true ones: every call that reached the workspace. Functions, tasks,
//! triggers, tools and middleware are never run here, so their histories are empty, which is true too.

use axum::routing::MethodFilter;
use serde_json::Value;

use super::listing::{Window, sort_items, sort_pairs};
use super::workspace;
use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::search::Search;
use crate::store::history;

/// The largest page of a history.
const LARGEST: i64 = 500;

pub fn routes() -> Vec<Route> {
    let scoped = |method, path, run| Route::scoped(method, path, Scope::RequestHistory, Right::Read, run);
    vec![
        scoped(MethodFilter::GET, "/workspace/{workspace_id}/request_history", requests),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/request_history/search",
            search_requests,
        ),
        scoped(MethodFilter::GET, "/workspace/{workspace_id}/function_history", nothing),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/function_history/search",
            search_nothing,
        ),
        scoped(
            MethodFilter::GET,
            "/workspace/{workspace_id}/middleware_history",
            nothing,
        ),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/middleware_history/search",
            search_nothing,
        ),
        scoped(MethodFilter::GET, "/workspace/{workspace_id}/task_history", nothing),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/task_history/search",
            search_nothing,
        ),
        scoped(MethodFilter::GET, "/workspace/{workspace_id}/trigger_history", nothing),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/trigger_history/search",
            search_nothing,
        ),
        scoped(MethodFilter::GET, "/workspace/{workspace_id}/tool_history", nothing),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/tool_history/search",
            search_nothing,
        ),
    ]
}

fn entries(call: &Call<'_>) -> Result<Vec<Value>, ApiError> {
    let workspace = workspace(call)?;
    Ok(history::list(call.db, workspace.instance_id, workspace.id)?)
}

fn show(window: Window, found: Vec<Value>) -> Reply {
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    Reply::Json(window.envelope(window.slice(found), total))
}

/// Calls of the Metadata API belong to no API group and no endpoint, so naming one finds nothing.
fn requests(call: &mut Call<'_>) -> Outcome {
    let window = Window::from_query(call, LARGEST)?;
    let narrowed = ["apigroup_id", "query_id"]
        .iter()
        .any(|name| call.query.text(name).is_some_and(|id| !matches!(id, "" | "0")));
    let found = if narrowed { Vec::new() } else { entries(call)? };
    Ok(show(window, found))
}

fn search_requests(call: &mut Call<'_>) -> Outcome {
    let window = Window::from_body(call, LARGEST)?;
    let search = Search::parse(call.input.structure("search")?.as_ref())?;
    let sort = sort_pairs(call.input.structure("sort")?.as_ref())?;
    let mut found = entries(call)?;
    for name in ["apigroup_id", "query_id"] {
        if call.input.has(name) && call.input.count(name)? != 0 {
            found.clear();
        }
    }
    found.retain(|entry| search.finds(entry));
    sort_items(&mut found, &sort);
    Ok(show(window, found))
}

fn nothing(call: &mut Call<'_>) -> Outcome {
    workspace(call)?;
    Ok(show(Window::from_query(call, LARGEST)?, Vec::new()))
}

fn search_nothing(call: &mut Call<'_>) -> Outcome {
    workspace(call)?;
    Search::parse(call.input.structure("search")?.as_ref())?;
    sort_pairs(call.input.structure("sort")?.as_ref())?;
    Ok(show(Window::from_body(call, LARGEST)?, Vec::new()))
}
