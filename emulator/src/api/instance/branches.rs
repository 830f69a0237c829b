//! Branches: versions of a workspace's logic. Tables and records belong to all of them.

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::{record, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::store::objects;
use crate::store::workspaces::{self, Branch, FIRST_BRANCH, Workspace};

pub fn routes() -> Vec<Route> {
    let scoped = |method, path, right, run| Route::scoped(method, path, Scope::Workspace, right, run);
    vec![
        Route::open(MethodFilter::GET, "/workspace/{workspace_id}/branch", list),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/branch",
            Right::Update,
            create,
        ),
        scoped(
            MethodFilter::GET,
            "/workspace/{workspace_id}/branch/{branch_label}",
            Right::Read,
            get,
        ),
        scoped(
            MethodFilter::PUT,
            "/workspace/{workspace_id}/branch/{branch_label}",
            Right::Update,
            update,
        ),
        // The reference really asks for Update to delete a branch.
        scoped(
            MethodFilter::DELETE,
            "/workspace/{workspace_id}/branch/{branch_label}",
            Right::Update,
            delete,
        ),
        Route::open(
            MethodFilter::POST,
            "/workspace/{workspace_id}/branch/{branch_label}/live",
            set_live,
        ),
    ]
}

fn find(call: &Call<'_>, workspace: &Workspace, label: &str) -> Result<Branch, ApiError> {
    workspaces::branch(call.db, workspace.key, label)?
        .ok_or_else(|| ApiError::not_found(format!("Workspace {} has no branch {label:?}.", workspace.id)))
}

fn of_path(call: &Call<'_>) -> Result<(Workspace, Branch), ApiError> {
    let workspace = workspace(call)?;
    let branch = find(call, &workspace, call.param("branch_label"))?;
    Ok((workspace, branch))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let all = workspaces::branches(call.db, workspace.key)?;
    Ok(Reply::Json(Value::Array(all.iter().map(Branch::to_json).collect())))
}

fn free_label(call: &Call<'_>, workspace: &Workspace) -> Result<String, ApiError> {
    let label = call.input.text("label")?.trim();
    let taken = label.is_empty() || workspaces::branch(call.db, workspace.key, label)?.is_some();
    if taken {
        let reason = if label.is_empty() {
            "A branch needs a label."
        } else {
            "There is a branch with this label already."
        };
        return Err(ApiError::input(
            "label",
            format!("Invalid value for param: label. {reason}"),
        ));
    }
    Ok(label.to_owned())
}

/// A new branch is a clone of another one; `v1` when nothing is said.
fn create(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let label = free_label(call, &workspace)?;
    let source = call.input.optional_text("source_branch")?.unwrap_or(FIRST_BRANCH);
    let origin = workspaces::branch(call.db, workspace.key, source)?.ok_or_else(|| {
        ApiError::input(
            "source_branch",
            format!("Invalid value for param: source_branch. There is no branch {source:?}."),
        )
    })?;
    let description = call.input.optional_text("description")?.unwrap_or_default();
    let color = call.input.optional_text("color")?.unwrap_or_default();
    let id = workspaces::add_branch(call.db, workspace.key, &label, description, color, call.now_ms)?;
    objects::clone_branch(call.db, origin.id, id)?;
    record(
        call,
        Some(&workspace),
        "branch.create",
        ("branch", id),
        format!("Branch {label:?} created from {source:?}"),
    )?;
    Ok(Reply::Json(find(call, &workspace, &label)?.to_json()))
}

fn get(call: &mut Call<'_>) -> Outcome {
    Ok(Reply::Json(of_path(call)?.1.to_json()))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let (workspace, mut branch) = of_path(call)?;
    if call.input.has("label") && call.input.text("label")? != branch.label {
        if branch.label == FIRST_BRANCH {
            return Err(ApiError::input(
                "label",
                "Invalid value for param: label. The label of v1 cannot change.",
            ));
        }
        branch.label = free_label(call, &workspace)?;
    }
    if let Some(description) = call.input.optional_text("description")? {
        description.clone_into(&mut branch.description);
    }
    if let Some(color) = call.input.optional_text("color")? {
        color.clone_into(&mut branch.color);
    }
    workspaces::save_branch(call.db, &branch, call.now_ms)?;
    record(
        call,
        Some(&workspace),
        "branch.update",
        ("branch", branch.id),
        format!("Branch {:?} updated", branch.label),
    )?;
    Ok(Reply::Json(find(call, &workspace, &branch.label)?.to_json()))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (workspace, branch) = of_path(call)?;
    if branch.label == FIRST_BRANCH || branch.live {
        let which = if branch.live { "The live branch" } else { "Branch v1" };
        return Err(ApiError::bad_request(format!(
            "{which} cannot be deleted; set another branch live, or keep it."
        )));
    }
    workspaces::remove_branch(call.db, branch.id)?;
    record(
        call,
        Some(&workspace),
        "branch.delete",
        ("branch", branch.id),
        format!("Branch {:?} deleted", branch.label),
    )?;
    Ok(Reply::Json(json!({})))
}

fn set_live(call: &mut Call<'_>) -> Outcome {
    let (workspace, branch) = of_path(call)?;
    workspaces::set_live(call.db, workspace.key, branch.id)?;
    record(
        call,
        Some(&workspace),
        "branch.live",
        ("branch", branch.id),
        format!("Branch {:?} set live", branch.label),
    )?;
    get(call)
}
