//! Realtime settings of a workspace: one document, kept and shown. Nothing is broadcast.

use axum::routing::MethodFilter;
use serde_json::{Map, Value, json};

use super::{place_of, record, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::store::documents::{self, Document};
use crate::store::random_text;
use crate::store::workspaces::Workspace;

const KIND: &str = "realtime";

/// The switches of a channel; all off unless set, but `enabled`.
const SWITCHES: [&str; 8] = [
    "anonymous_clients",
    "client_authenticated_messaging",
    "client_private_messaging",
    "client_private_messaging_authenticated_only",
    "client_public_messaging",
    "client_public_messaging_authenticated_only",
    "presence",
    "wildcard",
];

pub fn routes() -> Vec<Route> {
    vec![
        Route::open(MethodFilter::GET, "/workspace/{workspace_id}/realtime", get),
        Route::open(MethodFilter::PUT, "/workspace/{workspace_id}/realtime", put),
    ]
}

fn settings(call: &Call<'_>, workspace: &Workspace) -> Result<Document, ApiError> {
    let place = place_of(workspace);
    let kept = documents::list(call.db, workspace.instance_id, &place, KIND)?.pop();
    if let Some(kept) = kept {
        return Ok(kept);
    }
    let mut fresh = Document {
        instance_id: workspace.instance_id,
        place,
        kind: KIND.to_owned(),
        body: json!({"enabled": false, "hash": random_text(24), "channels": []}),
        created_at: call.now_ms,
        ..Document::default()
    };
    documents::add(call.db, &mut fresh, None)?;
    Ok(fresh)
}

fn get(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    Ok(Reply::Json(settings(call, &workspace)?.body))
}

fn put(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let mut kept = settings(call, &workspace)?;
    if let Some(enabled) = call.input.flag("enabled")? {
        kept.body["enabled"] = json!(enabled);
    }
    if let Some(hash) = call.input.optional_text("hash")? {
        kept.body["hash"] = json!(hash);
    }
    if call.input.has("channels") {
        let channels = call.input.list("channels")?;
        kept.body["channels"] = (1_i64..)
            .zip(&channels)
            .map(|(id, given)| channel(id, given))
            .collect::<Result<_, _>>()?;
    }
    documents::save(call.db, &kept)?;
    record(
        call,
        Some(&workspace),
        "realtime.update",
        ("realtime", kept.id),
        "Realtime settings changed".to_owned(),
    )?;
    Ok(Reply::Json(kept.body))
}

/// `history` is taken and not shown, as on the real service.
fn channel(id: i64, given: &Value) -> Result<Value, ApiError> {
    let wrong = |what: &str| ApiError::input("channels", format!("Invalid value for param: channels. {what}"));
    let pattern = given["pattern"]
        .as_str()
        .ok_or_else(|| wrong("Each channel needs a pattern."))?;
    let mut shown = Map::new();
    shown.insert("id".to_owned(), json!(given["id"].as_i64().unwrap_or(id)));
    shown.insert("pattern".to_owned(), json!(pattern));
    shown.insert(
        "description".to_owned(),
        json!(given["description"].as_str().unwrap_or_default()),
    );
    shown.insert("enabled".to_owned(), json!(given["enabled"].as_bool().unwrap_or(true)));
    for switch in SWITCHES {
        let on = match &given[switch] {
            Value::Null => false,
            Value::Bool(on) => *on,
            _ => return Err(wrong(&format!("{switch} must be true or false."))),
        };
        shown.insert(switch.to_owned(), json!(on));
    }
    Ok(Value::Object(shown))
}
