//! Request history as it comes about: every call that names a workspace is written down with its
//! outcome. It is written outside the call's own transaction, which a refusal rolls back.

use std::time::Instant;

use bytes::Bytes;
use http::StatusCode;
use http::header::{AUTHORIZATION, COOKIE};
use http::request::Parts;
use serde_json::{Map, Value, json};

use super::Context;
use super::input::Query;
use crate::clock;
use crate::store::history;

/// The largest body that is kept as input.
const INPUT_KEPT: usize = 4 * 1024;

/// A call under way.
pub struct Visit(Option<Open>);

struct Open {
    context: Context,
    instance_id: i64,
    workspace_id: i64,
    begun: Instant,
    body: Value,
}

impl Visit {
    /// Notes the beginning of a call; calls that name no workspace are not kept.
    pub fn begin(context: &Context, parts: &Parts, path: &[(String, String)], bytes: &Bytes) -> Self {
        let workspace = path
            .iter()
            .find(|(name, _)| name == "workspace_id")
            .and_then(|(_, id)| id.parse().ok());
        let (Some(instance_id), Some(workspace_id)) = (context.origin.instance_id, workspace) else {
            return Self(None);
        };
        let shown = parts
            .headers
            .iter()
            .filter(|(name, _)| **name != AUTHORIZATION && **name != COOKIE);
        let headers: Vec<_> = shown
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        let body = json!({
            "created_at": clock::timestamptz(context.server.clock.now_ms()),
            "verb": parts.method.as_str(),
            "uri": parts.uri.to_string(),
            "input": input(&Query::read(&parts.uri), bytes),
            "request_headers": headers,
            "response_headers": ["content-type: application/json"],
            "workspace_id": workspace_id,
            "branch_id": 0,
            "api_id": 0,
            "query_id": 0,
        });
        Self(Some(Open {
            context: context.clone(),
            instance_id,
            workspace_id,
            begun: Instant::now(),
            body,
        }))
    }

    /// Notes the outcome. A history that cannot be written is no reason to fail the call.
    pub fn end(self, status: StatusCode) {
        let Some(mut open) = self.0 else {
            return;
        };
        open.body["status"] = json!(status.as_u16());
        open.body["duration"] = json!(open.begun.elapsed().as_secs_f64());
        let db = open.context.server.db();
        if let Err(error) = history::add(&db, open.instance_id, open.workspace_id, &open.body) {
            tracing::warn!(%error, "a request is missing from the history");
        }
    }
}

fn input(query: &Query, bytes: &Bytes) -> Value {
    let mut fields: Map<String, Value> = query
        .pairs()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    if bytes.len() <= INPUT_KEPT
        && let Ok(Value::Object(body)) = serde_json::from_slice(bytes)
    {
        fields.extend(body);
    }
    Value::Object(fields)
}
