//! Export and import: a branch of a workspace as an archive, and back.
//!
//! An archive has a member `workspace.json`, whose `payload` lists what the branch holds by family, and
//! for a full export one member for the records of each table in each data source, a record a line.
//! Drafts stay at home. An import puts everything in place of what the workspace held; importing a
//! schema adds a branch with the logic, and the tables that the workspace lacks.

mod read;
mod write;

use axum::routing::MethodFilter;
use serde_json::json;

use super::{note, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::archive;
use crate::clock;
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::store::workspaces::{self, Branch, Workspace};

/// The member that says what an archive holds.
const DOCUMENT: &str = "workspace.json";

/// What this emulator writes into `workspace.json`, and expects there.
const FORMAT: &str = "xano-emulator-1";

pub fn routes() -> Vec<Route> {
    let scoped = |path, right, run| Route::scoped(MethodFilter::POST, path, Scope::Workspace, right, run);
    vec![
        scoped("/workspace/{workspace_id}/export", Right::Read, |call| {
            export(call, true)
        }),
        scoped("/workspace/{workspace_id}/export-schema", Right::Read, |call| {
            export(call, false)
        }),
        scoped("/workspace/{workspace_id}/import", Right::Update, import),
        // The reference really asks for Read to add a branch.
        scoped("/workspace/{workspace_id}/import-schema", Right::Read, import_schema),
    ]
}

fn export(call: &mut Call<'_>, with_records: bool) -> Outcome {
    let workspace = workspace(call)?;
    let label = call.input.optional_text("branch")?.unwrap_or_default();
    let password = call.input.optional_text("password")?.unwrap_or_default();
    let branch = workspaces::branch(call.db, workspace.key, label)?
        .ok_or_else(|| ApiError::not_found(format!("Workspace {} has no branch {label:?}.", workspace.id)))?;
    let members = write::members(call, &workspace, &branch, with_records)?;
    let bytes = archive::pack(&members, password, call.now_ms)?;
    let (kind, what) = if with_records {
        ("export", "exported")
    } else {
        ("export-schema", "exported without records")
    };
    log(call, &workspace, kind, &format!("Branch {:?} {what}", branch.label))?;
    let day = &clock::timestamptz(call.now_ms)[..10];
    Ok(Reply::File(
        format!("{}-{}-{day}.tar.gz", workspace.name, branch.label),
        bytes,
    ))
}

/// A branch with its records as an archive, for releases and backups.
pub fn of_branch(call: &Call<'_>, workspace: &Workspace, branch: &Branch) -> Result<Vec<u8>, ApiError> {
    archive::pack(&write::members(call, workspace, branch, true)?, "", call.now_ms)
}

/// The label of the branch in an archive, if it is one of ours.
pub fn check(bytes: &[u8]) -> Result<String, ApiError> {
    Ok(read::Archive::open(bytes, "")?.label().to_owned())
}

/// Adds an archive's logic as a new branch, and the tables that are missing.
pub fn unpack_branch(call: &Call<'_>, workspace: &Workspace, bytes: &[u8], label: &str) -> Result<i64, ApiError> {
    read::Archive::open(bytes, "")?.add_branch(call, workspace, label)
}

fn log(call: &Call<'_>, workspace: &Workspace, kind: &str, message: &str) -> Result<(), ApiError> {
    let kind = format!("workspace.{kind}");
    note(
        call,
        Some(workspace),
        &kind,
        ("workspace", workspace.id),
        message.to_owned(),
    )
}

fn sent(call: &Call<'_>) -> Result<read::Archive, ApiError> {
    let password = call.input.optional_text("password")?.unwrap_or_default();
    read::Archive::open(&call.input.file("file")?.bytes, password)
}

fn import(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let archive = sent(call)?;
    let branch = archive.replace(call, &workspace)?;
    log(
        call,
        &workspace,
        "import",
        &format!("Branch {:?} imported over everything", branch.label),
    )?;
    Ok(Reply::Json(json!({
        "id": workspace.id,
        "name": workspace.name,
        "description": workspace.description,
        "branch": {
            "id": branch.id,
            "created_at": clock::timestamptz(branch.created_at),
            "updated_at": clock::timestamptz(call.now_ms),
            "description": branch.description,
            "label": branch.label,
            "backup": branch.backup,
            "color": branch.color,
            "workspace": {"id": workspace.id},
            "user": {"id": call.user.id, "name": call.user.name, "email": call.user.email},
            "defaults": {"db_primary_key": "int"},
        },
    })))
}

fn import_schema(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let label = call.input.text("newbranch")?.trim();
    if label.is_empty() || workspaces::branch(call.db, workspace.key, label)?.is_some() {
        return Err(ApiError::input(
            "newbranch",
            "Invalid value for param: newbranch. It must be the label of a branch that does not exist yet.",
        ));
    }
    let live = call.input.flag("setlive")?.unwrap_or(false);
    let archive = sent(call)?;
    let branch = archive.add_branch(call, &workspace, label)?;
    if live {
        workspaces::set_live(call.db, workspace.key, branch)?;
    }
    log(
        call,
        &workspace,
        "import-schema",
        &format!("Schema imported as branch {label:?}"),
    )?;
    let branch = workspaces::branch(call.db, workspace.key, label)?
        .as_ref()
        .map(Branch::to_json);
    Ok(Reply::Json(json!(branch)))
}

/// Where an archive lists a family: under Xano's old names where there are any.
fn place(kind: &str) -> &str {
    match kind {
        "apigroup" => "app",
        "api" => "query",
        kind if kind.ends_with("_trigger") => "trigger",
        kind => kind,
    }
}
