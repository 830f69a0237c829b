//! Data sources: separate sets of records behind the same tables.

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::{record, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::store::workspaces::{self, DEFAULT_COLOR, DataSource, LIVE, Workspace};

pub fn routes() -> Vec<Route> {
    let scoped = |method, path, right, run| Route::scoped(method, path, Scope::Workspace, right, run);
    vec![
        scoped(
            MethodFilter::GET,
            "/workspace/{workspace_id}/datasource",
            Right::Read,
            list,
        ),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/datasource",
            Right::Create,
            create,
        ),
        scoped(
            MethodFilter::PUT,
            "/workspace/{workspace_id}/datasource/{label}",
            Right::Update,
            update,
        ),
        scoped(
            MethodFilter::DELETE,
            "/workspace/{workspace_id}/datasource/{label}",
            Right::Delete,
            delete,
        ),
    ]
}

fn of_path(call: &Call<'_>) -> Result<(Workspace, DataSource), ApiError> {
    let workspace = workspace(call)?;
    let label = call.param("label");
    let source = workspaces::source(call.db, workspace.key, label)?
        .ok_or_else(|| ApiError::not_found(format!("Workspace {} has no data source {label:?}.", workspace.id)))?;
    Ok((workspace, source))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let all = workspaces::sources(call.db, workspace.key)?;
    Ok(Reply::Json(Value::Array(all.iter().map(DataSource::to_json).collect())))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let label = call.input.text("label")?.trim();
    if label.is_empty() || workspaces::source(call.db, workspace.key, label)?.is_some() {
        return Err(ApiError::input(
            "label",
            "Invalid value for param: label. It must be new and not empty.",
        ));
    }
    let color = call.input.optional_text("color")?.unwrap_or(DEFAULT_COLOR);
    let made = workspaces::add_source(call.db, workspace.key, label, color)?;
    record(
        call,
        Some(&workspace),
        "datasource.create",
        ("datasource", made.id),
        format!("Data source {label:?} created"),
    )?;
    Ok(Reply::Json(made.to_json()))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let (workspace, source) = of_path(call)?;
    if let Some(color) = call.input.optional_text("color")? {
        workspaces::paint_source(call.db, source.id, color)?;
    }
    record(
        call,
        Some(&workspace),
        "datasource.update",
        ("datasource", source.id),
        format!("Data source {:?} updated", source.label),
    )?;
    Ok(Reply::Json(of_path(call)?.1.to_json()))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (workspace, source) = of_path(call)?;
    if source.label == LIVE {
        return Err(ApiError::bad_request("The data source live cannot be deleted."));
    }
    workspaces::remove_source(call.db, workspace.key, &source)?;
    record(
        call,
        Some(&workspace),
        "datasource.delete",
        ("datasource", source.id),
        format!("Data source {:?} deleted", source.label),
    )?;
    Ok(Reply::Json(json!({})))
}
