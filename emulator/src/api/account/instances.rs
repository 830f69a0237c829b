//! The instances linked to the owner of the token.

use axum::routing::MethodFilter;
use serde_json::Value;

use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::store::instances;

pub fn routes() -> Vec<Route> {
    vec![
        Route::open(MethodFilter::GET, "/instance", list),
        Route::open(MethodFilter::GET, "/instance/{name}", get),
    ]
}

fn list(call: &mut Call<'_>) -> Outcome {
    let host = call.server.host();
    let linked = instances::of_user(call.db, call.user.id)?;
    let shown = linked.iter().map(|(instance, _)| instance.to_json(&host));
    Ok(Reply::Json(Value::Array(shown.collect())))
}

/// An instance of somebody else is as unknown as one that does not exist.
fn get(call: &mut Call<'_>) -> Outcome {
    let name = call.param("name");
    let linked = instances::of_user(call.db, call.user.id)?;
    match linked.into_iter().find(|(instance, _)| instance.name == name) {
        Some((instance, _)) => Ok(Reply::Json(instance.to_json(&call.server.host()))),
        None => Err(ApiError::not_found(format!("No instance of yours is called {name:?}."))),
    }
}
