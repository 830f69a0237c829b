//! Install tokens of a snippet: how many installs each one still allows.

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::snippets::own_snippet;
use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::store::snippets::{self, InstallToken};
use crate::store::uuid;

pub fn routes() -> Vec<Route> {
    vec![
        Route::open(MethodFilter::GET, "/snippet/{canonical}/token", list),
        Route::open(MethodFilter::POST, "/snippet/{canonical}/token", create),
        Route::open(MethodFilter::POST, "/snippet/{canonical}/token/{token}", update),
        Route::open(MethodFilter::DELETE, "/snippet/{canonical}/token/{token}", delete),
    ]
}

fn named(call: &Call<'_>, snippet_id: i64, token: &str) -> Result<InstallToken, ApiError> {
    snippets::token(call.db, snippet_id, token)?
        .ok_or_else(|| ApiError::not_found(format!("This snippet has no install token {token:?}.")))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let snippet = own_snippet(call)?;
    let tokens = snippets::tokens(call.db, snippet.id)?;
    Ok(Reply::Json(Value::Array(
        tokens.iter().map(InstallToken::to_json).collect(),
    )))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let snippet = own_snippet(call)?;
    let max = call.input.count("max_installs")?;
    let text = uuid();
    snippets::add_token(call.db, snippet.id, &text, max, 0, call.now_ms)?;
    Ok(Reply::Json(named(call, snippet.id, &text)?.to_json()))
}

/// An update done with POST: there is no PUT. Both numbers are required; lowering the limit below
/// what is used is allowed and simply closes the token.
fn update(call: &mut Call<'_>) -> Outcome {
    let snippet = own_snippet(call)?;
    let token = named(call, snippet.id, call.param("token"))?;
    let max = call.input.count("max_installs")?;
    let current = call.input.count("current_installs")?;
    snippets::set_token(call.db, token.id, max, current, call.now_ms)?;
    Ok(Reply::Json(named(call, snippet.id, &token.token)?.to_json()))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let snippet = own_snippet(call)?;
    let token = named(call, snippet.id, call.param("token"))?;
    snippets::remove_token(call.db, token.id)?;
    Ok(Reply::Json(json!({})))
}
