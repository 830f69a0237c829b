//! Workspaces.

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::{instance_id, record, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::store::workspaces::{self, Workspace};

pub fn routes() -> Vec<Route> {
    let scoped = |method, path, right, run| Route::scoped(method, path, Scope::Workspace, right, run);
    vec![
        Route::open(MethodFilter::GET, "/workspace", list),
        scoped(MethodFilter::POST, "/workspace", Right::Create, create),
        scoped(MethodFilter::GET, "/workspace/{workspace_id}", Right::Read, get),
        scoped(MethodFilter::PUT, "/workspace/{workspace_id}", Right::Update, update),
        scoped(MethodFilter::DELETE, "/workspace/{workspace_id}", Right::Delete, delete),
    ]
}

fn show(call: &Call<'_>, workspace: &Workspace) -> Result<Value, ApiError> {
    let live = workspaces::branch(call.db, workspace.key, "")?;
    Ok(workspace.to_json(live.as_ref().map_or("", |branch| &branch.label)))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let all = workspaces::list(call.db, instance_id(call))?;
    let shown = all
        .iter()
        .map(|workspace| show(call, workspace))
        .collect::<Result<_, _>>()?;
    Ok(Reply::Json(Value::Array(shown)))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let name = call.input.text("name")?;
    if name.trim().is_empty() {
        return Err(ApiError::input(
            "name",
            "Invalid value for param: name. A workspace needs a name.",
        ));
    }
    let description = call.input.optional_text("description")?.unwrap_or_default();
    let made = workspaces::add(call.db, instance_id(call), name, description, call.now_ms)?;
    record(
        call,
        Some(&made),
        "workspace.create",
        ("workspace", made.id),
        format!("Workspace {name:?} created"),
    )?;
    Ok(Reply::Json(show(call, &made)?))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    Ok(Reply::Json(show(call, &workspace)?))
}

/// A partial update: what is left out keeps its value.
fn update(call: &mut Call<'_>) -> Outcome {
    let mut workspace = workspace(call)?;
    if let Some(name) = call.input.optional_text("name")? {
        name.clone_into(&mut workspace.name);
    }
    if let Some(description) = call.input.optional_text("description")? {
        description.clone_into(&mut workspace.description);
    }
    if let Some(swagger) = call.input.flag("swagger")? {
        workspace.swagger = swagger;
    }
    let inner = |group: &str, name: &str| -> Result<Option<bool>, ApiError> {
        match call.input.structure(group)?.as_ref().and_then(|map| map.get(name)) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(*truth)),
            Some(_) => Err(ApiError::input(
                group,
                format!("Invalid value for param: {group}.{name}. It must be true or false."),
            )),
        }
    };
    if let Some(truth) = inner("documentation", "require_token")? {
        workspace.require_token = truth;
    }
    if let Some(truth) = inner("preferences", "allow_push")? {
        workspace.allow_push = truth;
    }
    workspaces::save(call.db, &workspace, call.now_ms)?;
    record(
        call,
        Some(&workspace),
        "workspace.update",
        ("workspace", workspace.id),
        format!("Workspace {:?} updated", workspace.name),
    )?;
    get(call)
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    record(
        call,
        Some(&workspace),
        "workspace.delete",
        ("workspace", workspace.id),
        format!("Workspace {:?} deleted", workspace.name),
    )?;
    workspaces::remove(call.db, &workspace)?;
    Ok(Reply::Json(json!({})))
}
