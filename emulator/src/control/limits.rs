//! Rate limits of the account origin and of instances, changed while the emulator runs.

use serde_json::{Value, json};

use super::body::Fields;
use super::{Outcome, Server};
use crate::error::ApiError;
use crate::limit::{RateLimit, RetryAfter};
use crate::server::{Origin, lock};
use crate::store::instances;

/// The limits in force, by origin.
pub fn list(server: &Server) -> Value {
    let shown = server.origins().iter().map(|origin| show(origin)).collect::<Vec<_>>();
    json!({"limits": shown})
}

fn show(origin: &Origin) -> Value {
    let limit = lock(&origin.limiter).limit();
    json!({"origin": origin.name, "limit": limit.map(RateLimit::to_json)})
}

/// Reads `{requests, per, retry_after}`; `requests: null` means no limit.
pub fn read(fields: &Fields) -> Result<Option<RateLimit>, ApiError> {
    if fields.raw("requests").is_some_and(Value::is_null) {
        return Ok(None);
    }
    let requests = fields
        .count("requests")?
        .ok_or_else(|| ApiError::input("requests", "Missing param: requests (a number, or null for no limit)"))?;
    let word = match fields.given("retry_after") {
        None | Some(Value::Bool(false)) => "none",
        Some(Value::Bool(true)) => "seconds",
        Some(value) => value.as_str().unwrap_or_default(),
    };
    let retry_after = RetryAfter::parse(word)
        .ok_or_else(|| ApiError::input("retry_after", "retry_after must be none, seconds or date."))?;
    let limit = RateLimit {
        requests: u32::try_from(requests).unwrap_or(u32::MAX),
        per: fields.number("per")?.unwrap_or(20.0),
        retry_after,
    };
    if limit.is_valid() {
        return Ok(Some(limit));
    }
    let param = if limit.requests == 0 { "requests" } else { "per" };
    Err(ApiError::input(
        param,
        "A limit admits at least one request in a window longer than nothing.",
    ))
}

/// Sets or lifts a limit, and empties the window. An instance's `rate_limit` flag follows unless
/// `advertise` says otherwise, so that a limit nobody announced can be tried too.
pub fn set(server: &Server, fields: &Fields) -> Outcome {
    fields.only(&["origin", "requests", "per", "retry_after", "advertise"])?;
    let limit = read(fields)?;
    let advertise = fields.flag("advertise")?.unwrap_or(limit.is_some());
    let origins = match fields.text("origin")?.unwrap_or("*") {
        "*" => server.origins(),
        name => vec![server.origin(name).ok_or_else(|| {
            ApiError::input(
                "origin",
                format!("No origin is called {name:?}; give \"account\", an instance's name, or \"*\"."),
            )
        })?],
    };
    for origin in &origins {
        lock(&origin.limiter).set(limit);
        if origin.instance_id.is_some() {
            instances::set_limit(&server.db(), &origin.name, limit, advertise)?;
        }
    }
    Ok(json!({"limits": origins.iter().map(|origin| show(origin)).collect::<Vec<_>>()}))
}
