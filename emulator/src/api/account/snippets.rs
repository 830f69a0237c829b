//! Snippets: listed in pages of a fixed size, read, and opened or closed for installing.

use axum::routing::MethodFilter;
use serde_json::json;

use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::store::snippets::{self, Snippet};

/// The page size is the server's; `page` is the only parameter.
pub const PAGE_SIZE: i64 = 25;

/// Who may install a snippet.
pub const ACCESS: [&str; 3] = ["public", "link", "token"];

pub fn routes() -> Vec<Route> {
    vec![
        Route::open(MethodFilter::GET, "/snippet", list),
        Route::open(MethodFilter::GET, "/snippet/{canonical}", get),
        Route::open(MethodFilter::POST, "/snippet/{canonical}", update),
    ]
}

/// The snippet named in the path, if it is the caller's.
pub fn own_snippet(call: &Call<'_>) -> Result<Snippet, ApiError> {
    let canonical = call.param("canonical");
    let snippet = snippets::by_canonical(call.db, canonical)?
        .ok_or_else(|| ApiError::not_found(format!("No snippet has the canonical {canonical:?}.")))?;
    if snippet.user_id != call.user.id {
        return Err(ApiError::denied(format!(
            "Access Denied. Snippet {canonical:?} belongs to another user."
        )));
    }
    Ok(snippet)
}

fn list(call: &mut Call<'_>) -> Outcome {
    let page = call.query.at_least_one("page", 1)?;
    let total = snippets::count(call.db, call.user.id)?;
    let offset = (page - 1).saturating_mul(PAGE_SIZE);
    let items = snippets::page(call.db, call.user.id, offset, PAGE_SIZE)?;
    let more = offset.saturating_add(PAGE_SIZE) < total;
    Ok(Reply::Json(json!({
        "curPage": page,
        "nextPage": more.then(|| page + 1),
        "prevPage": (page > 1).then_some(page - 1),
        "items": items.iter().map(Snippet::to_json).collect::<Vec<_>>(),
    })))
}

fn get(call: &mut Call<'_>) -> Outcome {
    Ok(Reply::Json(own_snippet(call)?.to_json()))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let snippet = own_snippet(call)?;
    let access = call.input.choice("install_access", &ACCESS)?;
    let description = call.input.text("install_access_description")?;
    snippets::set_access(call.db, snippet.id, access, description, call.now_ms)?;
    Ok(Reply::Json(own_snippet(call)?.to_json()))
}
