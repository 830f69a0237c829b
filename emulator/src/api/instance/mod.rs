//! The instance API: what an instance's own origin answers, one file a family.

mod archives;
mod audit;
mod branches;
mod clusters;
mod datasources;
mod environment;
pub mod files;
mod history;
mod hosts;
mod knowledge;
mod listing;
mod multidoc;
pub mod objects;
mod openapi;
mod policies;
mod realtime;
mod records;
mod refused;
pub mod releases;
mod sandbox;
mod shelf;
mod tables;
mod tenants;
mod workspaces;

use serde_json::Value;

use super::account::identity_routes;
use super::{Call, Route};
use crate::error::ApiError;
use crate::store::audit::{self as log, Change};
use crate::store::workspaces::{self as store, Workspace};

/// The operations of every instance origin.
pub fn routes() -> Vec<Route> {
    [
        identity_routes(),
        workspaces::routes(),
        branches::routes(),
        datasources::routes(),
        tables::routes(),
        records::routes(),
        objects::routes(),
        archives::routes(),
        multidoc::routes(),
        openapi::routes(),
        files::routes(),
        realtime::routes(),
        history::routes(),
        hosts::routes(),
        releases::routes(),
        tenants::routes(),
        clusters::routes(),
        environment::routes(),
        sandbox::routes(),
        knowledge::routes(),
        policies::routes(),
        refused::routes(),
        audit::routes(),
    ]
    .concat()
}

/// The instance that is asked. Instance routes are served on instance origins only.
fn instance_id(call: &Call<'_>) -> i64 {
    call.origin.instance_id.unwrap_or(0)
}

/// The workspace named in the path.
fn workspace(call: &Call<'_>) -> Result<Workspace, ApiError> {
    let id = call.number("workspace_id")?;
    store::get(call.db, instance_id(call), id)?
        .ok_or_else(|| ApiError::not_found(format!("This instance has no workspace {id}.")))
}

/// Where the documents of a workspace are.
fn place_of(workspace: &Workspace) -> String {
    format!("workspace/{}", workspace.key)
}

/// Writes a change to the audit log, with what was sent.
fn record(
    call: &Call<'_>,
    workspace: Option<&Workspace>,
    kind: &str,
    object: (&str, i64),
    message: String,
) -> Result<(), ApiError> {
    write(
        call,
        workspace,
        kind,
        object,
        message,
        Value::Object(call.input.fields().clone()),
    )
}

/// Writes a change to the audit log without what was sent: records are data, and may be many.
fn note(
    call: &Call<'_>,
    workspace: Option<&Workspace>,
    kind: &str,
    object: (&str, i64),
    message: String,
) -> Result<(), ApiError> {
    write(call, workspace, kind, object, message, Value::Null)
}

fn write(
    call: &Call<'_>,
    workspace: Option<&Workspace>,
    kind: &str,
    (object, object_id): (&str, i64),
    message: String,
    data: Value,
) -> Result<(), ApiError> {
    let change = Change {
        kind,
        message,
        object,
        object_id,
        data,
    };
    log::add(call.db, instance_id(call), workspace, &call.user, &change, call.now_ms)?;
    Ok(())
}
