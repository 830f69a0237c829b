//! Records, one at a time and in pages. `x-data-source` says which set of them is meant.
//!
//! Bodies and answers stay JSON text all the way to the columns, so that no number is rounded.

mod bulk;
mod search;

use axum::routing::MethodFilter;
use serde_json::Value;

use super::listing::{LARGEST_PAGE, Window};
use super::{note, tables};
use crate::api::{Call, Outcome, Reply, Route};
use crate::data::{self, Data, Fields, Paging, Records, Table};
use crate::error::ApiError;
use crate::scope::{Need, Right, Scope};
use crate::store::workspaces::{self, LIVE, Workspace};

pub fn routes() -> Vec<Route> {
    let scoped = |method, path, right, run| Route::scoped(method, path, Scope::Content, right, run);
    let own = vec![
        scoped(
            MethodFilter::GET,
            "/workspace/{workspace_id}/table/{table_id}/content",
            Right::Read,
            list,
        ),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/table/{table_id}/content",
            Right::Create,
            create,
        ),
        scoped(
            MethodFilter::GET,
            "/workspace/{workspace_id}/table/{table_id}/content/{content_id}",
            Right::Read,
            get,
        ),
        scoped(
            MethodFilter::PUT,
            "/workspace/{workspace_id}/table/{table_id}/content/{content_id}",
            Right::Update,
            update,
        ),
        scoped(
            MethodFilter::DELETE,
            "/workspace/{workspace_id}/table/{table_id}/content/{content_id}",
            Right::Delete,
            delete,
        ),
        scoped(
            MethodFilter::DELETE,
            "/workspace/{workspace_id}/table/{table_id}/truncate",
            Right::Delete,
            truncate,
        ),
    ];
    [own, bulk::routes(), search::routes()].concat()
}

/// What a record operation works on.
struct Place {
    workspace: Workspace,
    table: Table,
    source: String,
}

/// The table of the path and the data source of the header. Records of the live data source ask for a
/// scope of their own on top.
fn place(call: &Call<'_>, right: Right) -> Result<Place, ApiError> {
    let (workspace, table) = tables::of_path(call)?;
    let header = call
        .headers
        .get("x-data-source")
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    let label = header.as_deref().filter(|label| !label.is_empty()).unwrap_or(LIVE);
    if label == LIVE {
        call.demand(Need(Scope::LiveDataSource, right))?;
    }
    let source = workspaces::source(call.db, workspace.key, label)?.ok_or_else(|| {
        ApiError::input(
            "x-data-source",
            format!("Invalid value for param: x-data-source. There is no data source {label:?}."),
        )
    })?;
    Ok(Place {
        workspace,
        table,
        source: source.label,
    })
}

impl Place {
    fn records<'a>(&'a self, call: &Call<'a>) -> Result<Records<'a>, ApiError> {
        Data::new(call.db, call.now_ms).records(&self.table, &self.source)
    }

    fn note(&self, call: &Call<'_>, kind: &str, what: &str) -> Result<(), ApiError> {
        let message = format!("{what} in table {:?}", self.table.name);
        note(call, Some(&self.workspace), kind, ("table", self.table.id), message)
    }
}

fn paging(window: Window) -> Result<Paging, ApiError> {
    Paging::new(window.page, window.per_page)
}

/// What a body of many records must be, when it is not.
fn unreadable(param: &str, error: &serde_json::Error) -> ApiError {
    ApiError::input(
        param,
        format!("Invalid value for param: {param}. It cannot be read: {error}."),
    )
}

fn list(call: &mut Call<'_>) -> Outcome {
    let window = Window::from_query(call, LARGEST_PAGE)?;
    let place = place(call, Right::Read)?;
    let page = place.records(call)?.page(None, None, paging(window)?)?;
    Ok(Reply::Raw(page.to_json()))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Create)?;
    let body = call.input.text_of_record();
    let fields = Fields::parse(&body).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let made = place.records(call)?.create(&fields)?;
    place.note(call, "record.create", "A record was created")?;
    Ok(Reply::Raw(made))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Read)?;
    place.records(call)?.get(call.param("content_id")).map(Reply::Raw)
}

/// A partial update: columns that are left out keep their values.
fn update(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Update)?;
    let body = call.input.text_of_record();
    let fields = Fields::parse(&body).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let changed = place.records(call)?.update(call.param("content_id"), &fields)?;
    place.note(call, "record.update", "A record was updated")?;
    Ok(Reply::Raw(changed))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Delete)?;
    place.records(call)?.delete(call.param("content_id"))?;
    place.note(call, "record.delete", "A record was deleted")?;
    Ok(Reply::Json(Value::Null))
}

fn truncate(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Delete)?;
    let reset = call
        .input
        .flag("reset")?
        .ok_or_else(|| ApiError::input("reset", "Missing param: reset"))?;
    place.records(call)?.truncate(reset)?;
    place.note(call, "record.truncate", "All records were deleted")?;
    Ok(Reply::Json(Value::Null))
}

/// The answer of a bulk call, with an entry in the audit log.
fn done(call: &Call<'_>, place: &Place, kind: &str, word: &str, done: &data::Done) -> Outcome {
    place.note(call, kind, &format!("{} records were {word}", done.success.len()))?;
    Ok(Reply::Json(done.to_json()))
}
