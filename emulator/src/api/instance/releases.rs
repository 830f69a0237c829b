//! Releases: a branch at a moment, kept as the archive that an export makes.

use axum::body::Body;
use axum::response::Response;
use axum::routing::MethodFilter;
use http::Request;
use serde_json::{Value, json};

use super::shelf::{Shelf, bare_page, show};
use super::{archives, multidoc, objects, record, workspace};
use crate::api::{Call, Context, Outcome, Reply, Route, file_response, refuse};
use crate::data::Data;
use crate::error::ApiError;
use crate::store::documents::{self, Document};
use crate::store::random_text;
use crate::store::workspaces::{self, Branch, Workspace};

const KIND: &str = "release";

pub fn routes() -> Vec<Route> {
    vec![
        Route::open(MethodFilter::GET, "/workspace/{workspace_id}/release", list),
        Route::open(MethodFilter::POST, "/workspace/{workspace_id}/release", create),
        Route::open(MethodFilter::POST, "/workspace/{workspace_id}/release/import", import),
        Route::open(
            MethodFilter::POST,
            "/workspace/{workspace_id}/release/multidoc",
            from_text,
        ),
        Route::open(MethodFilter::GET, "/workspace/{workspace_id}/release/{release_id}", get),
        Route::open(
            MethodFilter::PUT,
            "/workspace/{workspace_id}/release/{release_id}",
            update,
        ),
        Route::open(
            MethodFilter::DELETE,
            "/workspace/{workspace_id}/release/{release_id}",
            delete,
        ),
        Route::open(
            MethodFilter::GET,
            "/workspace/{workspace_id}/release/{release_id}/export",
            export,
        ),
        Route::open(
            MethodFilter::GET,
            "/workspace/{workspace_id}/release/{release_id}/multidoc",
            text,
        ),
        // The same place in the path holds a name here, and a number everywhere else.
        Route::open(
            MethodFilter::POST,
            "/workspace/{workspace_id}/release/{release_id}/deploy",
            deploy,
        ),
    ]
}

/// What is kept but not shown with the rest.
const HIDDEN: [&str; 3] = ["tables", "text", "link"];

fn shown(release: &Document) -> Value {
    let mut shown = show(release);
    if let Value::Object(map) = &mut shown {
        map.retain(|name, _| !HIDDEN.contains(&name.as_str()));
    }
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let all = Shelf::of_workspace(call, KIND)?.all()?;
    bare_page(call, all.iter().rev().map(shown).collect(), 25)
}

/// Keeps a branch as a release.
fn keep(
    call: &Call<'_>,
    workspace: &Workspace,
    branch: &Branch,
    name: &str,
    hotfix: bool,
) -> Result<Document, ApiError> {
    let shelf = Shelf::in_workspace(call, workspace, KIND);
    shelf.free(name, None)?;
    let description = match call.query.text("description") {
        Some(text) => text,
        None => call.input.optional_text("description")?.unwrap_or_default(),
    };
    let bytes = archives::of_branch(call, workspace, branch)?;
    let data = Data::new(call.db, call.now_ms);
    let tables = data.tables(workspace.key)?;
    let tables: Vec<_> = tables
        .iter()
        .map(|table| json!({"id": table.id, "name": table.name, "cnt": 0}))
        .collect();
    let body = json!({
        "description": description, "branch": branch.label, "hotfix": hotfix, "resource_size": bytes.len(),
        "tables": tables, "text": multidoc::text_of(call, workspace, branch, false)?, "link": random_text(32),
    });
    let made = shelf.add(name, body, Some(&bytes))?;
    record(
        call,
        Some(workspace),
        "release.create",
        (KIND, made.id),
        format!("Release {name:?} of {:?} created", branch.label),
    )?;
    Ok(made)
}

fn create(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let name = call.input.text("name")?;
    call.input.text("branch")?;
    let branch = objects::branch(call, &workspace)?;
    let hotfix = call.input.flag("hotfix")?.unwrap_or(false);
    Ok(Reply::Json(shown(&keep(call, &workspace, &branch, name, hotfix)?)))
}

/// A release from text: the text becomes a branch, the branch a release, and the branch goes again.
fn from_text(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let name = call.query.text("name").unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(ApiError::input("name", "Missing param: name"));
    }
    let hotfix = call.query.flag("hotfix")?;
    let text = call.input.script()?.to_owned();
    call.db.execute_batch("SAVEPOINT release_text")?;
    let label = format!("release-{}", random_text(8));
    let made = (|| {
        workspaces::add_branch(call.db, workspace.key, &label, "", "", call.now_ms)?;
        let branch = workspaces::branch(call.db, workspace.key, &label)?
            .ok_or_else(|| ApiError::fatal("The branch of the release cannot be found."))?;
        multidoc::put(call, &workspace, &branch, &text)?;
        let made = keep(call, &workspace, &branch, &name, hotfix)?;
        Ok((made.body.clone(), documents::content(call.db, made.key)?))
    })();
    call.db
        .execute_batch("ROLLBACK TO release_text; RELEASE release_text")?;
    let (mut body, bytes): (Value, Vec<u8>) = made.map_err(|error: ApiError| error)?;
    body["branch"] = json!("");
    let made = Shelf::in_workspace(call, &workspace, KIND).add(&name, body, Some(&bytes))?;
    record(
        call,
        Some(&workspace),
        "release.create",
        (KIND, made.id),
        format!("Release {name:?} created from text"),
    )?;
    Ok(Reply::Json(shown(&made)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let release = Shelf::of_workspace(call, KIND)?.numbered("release_id")?;
    let mut full = shown(&release);
    full["tables"] = release.body["tables"].clone();
    Ok(Reply::Json(full))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let shelf = Shelf::of_workspace(call, KIND)?;
    let mut release = shelf.numbered("release_id")?;
    let name = call.input.text("name")?;
    shelf.free(name, Some(release.id))?;
    release.body["description"] = json!(call.input.text("description")?);
    name.clone_into(&mut release.name);
    shelf.save(&mut release)?;
    Ok(Reply::Json(shown(&release)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let shelf = Shelf::in_workspace(call, &workspace, KIND);
    let release = shelf.numbered("release_id")?;
    shelf.remove(&release)?;
    record(
        call,
        Some(&workspace),
        "release.delete",
        (KIND, release.id),
        format!("Release {:?} deleted", release.name),
    )?;
    Ok(Reply::Json(json!({})))
}

/// The address at which a download can be fetched without a token.
pub fn link(call: &Call<'_>, document: &Document) -> Value {
    let link = document.body["link"].as_str().unwrap_or_default();
    json!({"src": format!("{}/download/{link}", call.server.base(call.origin.port))})
}

fn export(call: &mut Call<'_>) -> Outcome {
    let release = Shelf::of_workspace(call, KIND)?.numbered("release_id")?;
    Ok(Reply::Json(link(call, &release)))
}

fn text(call: &mut Call<'_>) -> Outcome {
    let release = Shelf::of_workspace(call, KIND)?.numbered("release_id")?;
    let text = release.body["text"].as_str().unwrap_or_default().to_owned();
    Ok(Reply::Text("text/x-xanoscript", text))
}

fn import(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let file = call.input.file("file")?;
    let label = archives::check(&file.bytes)?;
    let shelf = Shelf::in_workspace(call, &workspace, KIND);
    let stem = file.name.trim_end_matches(".tar.gz");
    let name = if shelf.find(stem)?.is_none() {
        stem.to_owned()
    } else {
        format!("{stem}-{}", random_text(6))
    };
    let body = json!({
        "description": "", "branch": label, "hotfix": false, "resource_size": file.bytes.len(),
        "tables": [], "text": "", "link": random_text(32),
    });
    let made = shelf.add(&name, body, Some(&file.bytes))?;
    Ok(Reply::Json(json!({"id": made.id})))
}

/// Unpacks a release, addressed by name, as a new branch. A label that is taken gets a number.
fn deploy(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let release = Shelf::in_workspace(call, &workspace, KIND).named(call.param("release_id"))?;
    let stem = match call.input.optional_text("branch")?.filter(|label| !label.is_empty()) {
        Some(label) => label,
        None => release.body["branch"]
            .as_str()
            .filter(|label| !label.is_empty())
            .unwrap_or(&release.name),
    };
    let mut label = stem.to_owned();
    let mut number = 2;
    while workspaces::branch(call.db, workspace.key, &label)?.is_some() {
        label = format!("{stem}-{number}");
        number += 1;
    }
    let bytes = documents::content(call.db, release.key)?;
    let branch = archives::unpack_branch(call, &workspace, &bytes, &label)?;
    if call.input.flag("set_live")?.unwrap_or(false) {
        workspaces::set_live(call.db, workspace.key, branch)?;
    }
    record(
        call,
        Some(&workspace),
        "release.deploy",
        (KIND, release.id),
        format!("Release {:?} deployed as {label:?}", release.name),
    )?;
    let mut answer = shown(&release);
    answer["branch"] = json!(label);
    Ok(Reply::Json(answer))
}

/// `GET /download/…`: a release or backup, as its link promises, without a token.
pub async fn download(request: Request<Body>) -> Response {
    let wanted = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let missing = || refuse(&ApiError::not_found("This link leads nowhere, or not any more."));
    let Some(context) = request.extensions().get::<Context>() else {
        return missing();
    };
    let db = context.server.db();
    let found = db.query_row(
        "SELECT name, content FROM document WHERE instance_id = ?1 AND json_extract(body, '$.link') = ?2",
        (context.origin.instance_id, &wanted),
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)),
    );
    match found {
        Ok((name, bytes)) => file_response(&format!("{name}.tar.gz"), bytes),
        Err(_) => missing(),
    }
}
