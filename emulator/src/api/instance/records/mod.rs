//! Records, one at a time and in pages. `x-data-source` says which set of them is meant.

mod bulk;
mod search;

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::listing::{LARGEST_PAGE, Window};
use super::{note, tables};
use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::scope::{Need, Right, Scope};
use crate::search::Search;
use crate::store::records::Records;
use crate::store::tables::Table;
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
    source: i64,
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
        source: source.id,
    })
}

impl Place {
    fn records<'a>(&'a self, call: &Call<'a>) -> Records<'a> {
        Records {
            db: call.db,
            table: &self.table,
            name: self.table.records(self.source),
            now_ms: call.now_ms,
        }
    }

    fn note(&self, call: &Call<'_>, kind: &str, what: &str) -> Result<(), ApiError> {
        let message = format!("{what} in table {:?}", self.table.name);
        note(call, Some(&self.workspace), kind, ("table", self.table.id), message)
    }
}

/// The envelope of a page of records, around items that are JSON text already.
fn envelope(window: Window, (items, received): &(String, usize), total: i64) -> Reply {
    let head = json!({
        "itemsReceived": received,
        "curPage": window.page,
        "nextPage": window.next(total),
        "prevPage": window.previous(),
        "offset": window.offset(),
        "perPage": window.per_page,
        "itemsTotal": total,
        "pageTotal": window.pages(total),
    })
    .to_string();
    Reply::Raw(format!("{},\"items\":{items}}}", head.trim_end_matches('}')))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let window = Window::from_query(call, LARGEST_PAGE)?;
    let place = place(call, Right::Read)?;
    let records = place.records(call);
    let all = Search::default();
    let page = records.page(&all, "id", window.offset(), window.per_page)?;
    Ok(envelope(window, &page, records.count(&all)?))
}

fn missing(place: &Place, id: &str) -> ApiError {
    ApiError::not_found(format!("Table {:?} has no record {id:?}.", place.table.name))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Create)?;
    let records = place.records(call);
    let id = records.insert(call.input.fields(), false)?;
    place.note(call, "record.create", "A record was created")?;
    let made = records
        .get(&id)?
        .ok_or_else(|| ApiError::fatal("The new record cannot be read back."))?;
    Ok(Reply::Raw(made))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Read)?;
    let records = place.records(call);
    let id = call.param("content_id");
    let found = records.id(&json!(id)).map(|id| records.get(&id)).transpose()?.flatten();
    found.map(Reply::Raw).ok_or_else(|| missing(&place, id))
}

/// A partial update: columns that are left out keep their values.
fn update(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Update)?;
    let records = place.records(call);
    let text = call.param("content_id");
    let id = records.id(&json!(text)).ok_or_else(|| missing(&place, text))?;
    if !records.update(&id, call.input.fields())? {
        return Err(missing(&place, text));
    }
    place.note(call, "record.update", "A record was updated")?;
    records.get(&id)?.map(Reply::Raw).ok_or_else(|| missing(&place, text))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Delete)?;
    let records = place.records(call);
    let text = call.param("content_id");
    let id = records.id(&json!(text)).ok_or_else(|| missing(&place, text))?;
    if !records.delete(&id)? {
        return Err(missing(&place, text));
    }
    place.note(call, "record.delete", "A record was deleted")?;
    Ok(Reply::Json(Value::Null))
}

fn truncate(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Delete)?;
    let reset = call
        .input
        .flag("reset")?
        .ok_or_else(|| ApiError::input("reset", "Missing param: reset"))?;
    place.records(call).truncate(reset)?;
    place.note(call, "record.truncate", "All records were deleted")?;
    Ok(Reply::Json(Value::Null))
}
