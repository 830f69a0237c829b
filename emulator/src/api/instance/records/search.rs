//! Finding records, and changing or deleting what is found.

use axum::routing::MethodFilter;

use super::{done, paging, place, unreadable};
use crate::api::instance::listing::{LARGEST_PAGE, Window};
use crate::api::{Call, Outcome, Reply, Route};
use crate::data::Fields;
use crate::error::ApiError;
use crate::scope::{Right, Scope};

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

fn search(call: &mut Call<'_>) -> Outcome {
    let window = Window::from_body(call, LARGEST_PAGE)?;
    let place = place(call, Right::Read)?;
    let (search, sort) = (call.input.raw("search")?, call.input.raw("sort")?);
    let page = place.records(call)?.page(search, sort, paging(window)?)?;
    Ok(Reply::Raw(page.to_json()))
}

fn patch(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Update)?;
    let updates = call
        .input
        .raw("updates")?
        .ok_or_else(|| ApiError::input("updates", "Missing param: updates"))?;
    let fields = Fields::parse(updates.get()).map_err(|error| unreadable("updates", &error))?;
    let changed = place.records(call)?.update_where(call.input.raw("search")?, &fields)?;
    done(call, &place, "record.search_update", "updated", &changed)
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let place = place(call, Right::Delete)?;
    let gone = place.records(call)?.delete_where(call.input.raw("search")?)?;
    done(call, &place, "record.search_delete", "deleted", &gone)
}
