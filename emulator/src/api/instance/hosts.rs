//! Static hosts and their builds. Builds are stored as they come; nothing is unpacked or served.

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::refused::not_emulated;
use super::shelf::{Shelf, fixed_page, show};
use super::{record, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::clock;
use crate::error::ApiError;
use crate::store::documents::Document;
use crate::store::random_text;

const HOST: &str = "static_host";
const BUILD: &str = "static_build";
/// Pages of hosts and builds have a fixed size.
const PAGE: i64 = 100;

pub fn routes() -> Vec<Route> {
    let host = "/workspace/{workspace_id}/static_host/{static_host}";
    let below = |method, rest: &str, run| {
        let mut route = Route::open(method, "", run);
        route.path = format!("{host}{rest}").into();
        route
    };
    vec![
        Route::open(MethodFilter::GET, "/workspace/{workspace_id}/static_host", list),
        Route::open(MethodFilter::POST, "/workspace/{workspace_id}/static_host", create),
        below(MethodFilter::GET, "", get),
        below(MethodFilter::POST, "/edit", edit),
        below(MethodFilter::POST, "/migrate", migrate),
        below(MethodFilter::GET, "/build", builds),
        below(MethodFilter::POST, "/build", build),
        below(MethodFilter::GET, "/build/{build_id}", get_build),
        below(MethodFilter::DELETE, "/build/{build_id}", delete_build),
        below(MethodFilter::POST, "/build/{build_id}/env", point),
        below(MethodFilter::GET, "/build/{build_id}/multidoc", |_| {
            Err(not_emulated("Unpacking a static build"))
        }),
    ]
}

fn fresh(description: &str) -> Value {
    let side = json!({"canonical": Value::Null, "default_url": Value::Null, "custom_url": Value::Null, "mode": Value::Null, "build_id": Value::Null});
    json!({
        "description": description, "dev": side, "prod": side,
        "git": {"repo": "", "public_key": "", "private_key": ""},
    })
}

fn of_path(call: &Call<'_>) -> Result<Document, ApiError> {
    Shelf::of_workspace(call, HOST)?.named(call.param("static_host"))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let all = Shelf::in_workspace(call, &workspace, HOST).all()?;
    let items = all.iter().map(|host| {
        let mut shown = show(host);
        shown["updated_at"] = json!(clock::timestamptz(host.updated_at));
        shown["workspace"] = json!({"id": workspace.id});
        for side in ["dev", "prod"] {
            let text = |field: &str| host.body[side][field].as_str().unwrap_or_default().to_owned();
            shown[side] =
                json!({"canonical": text("canonical"), "host": text("default_url"), "custom": text("custom_url")});
        }
        shown
    });
    fixed_page(call, items.collect(), PAGE)
}

fn short(host: &Document) -> Value {
    json!({"id": host.id, "name": host.name, "description": host.body["description"], "git": host.body["git"]})
}

fn create(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let shelf = Shelf::in_workspace(call, &workspace, HOST);
    let name = call.input.text("name")?;
    shelf.free(name, None)?;
    let host = shelf.add(
        name,
        fresh(call.input.optional_text("description")?.unwrap_or_default()),
        None,
    )?;
    record(
        call,
        Some(&workspace),
        "static_host.create",
        (HOST, host.id),
        format!("Static host {name:?} created"),
    )?;
    Ok(Reply::Json(short(&host)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    Ok(Reply::Json(show(&of_path(call)?)))
}

/// A full replacement: git as a whole too.
fn edit(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let shelf = Shelf::in_workspace(call, &workspace, HOST);
    let mut host = shelf.named(call.param("static_host"))?;
    let name = call.input.text("name")?;
    shelf.free(name, Some(host.id))?;
    let description = call.input.text("description")?;
    let git = call
        .input
        .structure("git")?
        .ok_or_else(|| ApiError::input("git", "Missing param: git"))?;
    let mut kept = json!({});
    for field in ["repo", "public_key", "private_key"] {
        let text = git[field]
            .as_str()
            .ok_or_else(|| ApiError::input("git", format!("Missing param: git.{field}")))?;
        kept[field] = json!(text);
    }
    name.clone_into(&mut host.name);
    host.body["description"] = json!(description);
    host.body["git"] = kept;
    shelf.save(&mut host)?;
    record(
        call,
        Some(&workspace),
        "static_host.update",
        (HOST, host.id),
        format!("Static host {name:?} changed"),
    )?;
    Ok(Reply::Json(short(&host)))
}

fn migrate(call: &mut Call<'_>) -> Outcome {
    let shelf = Shelf::of_workspace(call, HOST)?;
    let mut host = shelf.named(call.param("static_host"))?;
    let sides = if call.input.has("env") {
        vec![call.input.choice("env", &["dev", "prod"])?]
    } else {
        vec!["dev", "prod"]
    };
    for side in sides {
        host.body[side]["mode"] = json!("v2");
    }
    shelf.save(&mut host)?;
    Ok(Reply::Json(show(&host)))
}

fn builds(call: &mut Call<'_>) -> Outcome {
    let host = of_path(call)?;
    let all = Shelf::below(call, &host, BUILD).all()?;
    fixed_page(call, all.iter().rev().map(show).collect(), PAGE)
}

/// The host `default` comes into being with its first build; a new build goes to dev by itself.
fn build(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let shelf = Shelf::in_workspace(call, &workspace, HOST);
    let name = call.param("static_host");
    let mut host = match shelf.find(name)? {
        None if name == "default" => shelf.add(name, fresh(""), None)?,
        Some(host) => host,
        None => return Err(ApiError::not_found(format!("There is no static host called {name:?}."))),
    };
    let file = call.input.file("file")?;
    let title = call.input.text("name")?;
    let body = json!({
        "updated_at": clock::timestamptz(call.now_ms),
        "description": call.input.optional_text("description")?.unwrap_or_default(),
        "canonical": random_text(8), "file_count": 0, "file_bytes": file.bytes.len(), "original": file.name,
        "type": "upload", "status": "pending", "log": "",
        "static_host": {"id": host.id}, "user": {"id": call.user.id},
    });
    let made = Shelf::below(call, &host, BUILD).add(title, body, Some(&file.bytes))?;
    aim(call, &mut host, &made, "dev");
    shelf.save(&mut host)?;
    record(
        call,
        Some(&workspace),
        "static_host.build",
        (HOST, host.id),
        format!("Build {title:?} added to {name:?}"),
    )?;
    Ok(Reply::Json(show(&made)))
}

fn aim(call: &Call<'_>, host: &mut Document, build: &Document, side: &str) {
    let canonical = format!("{}-{side}", build.body["canonical"].as_str().unwrap_or_default());
    host.body[side]["default_url"] = json!(format!("{}/static/{canonical}", call.server.base(call.origin.port)));
    host.body[side]["canonical"] = json!(canonical);
    host.body[side]["build_id"] = json!(build.id);
}

fn get_build(call: &mut Call<'_>) -> Outcome {
    let host = of_path(call)?;
    Ok(Reply::Json(show(
        &Shelf::below(call, &host, BUILD).numbered("build_id")?,
    )))
}

fn delete_build(call: &mut Call<'_>) -> Outcome {
    let host = of_path(call)?;
    let shelf = Shelf::below(call, &host, BUILD);
    shelf.remove(&shelf.numbered("build_id")?)?;
    Ok(Reply::Json(json!({})))
}

fn point(call: &mut Call<'_>) -> Outcome {
    let mut host = of_path(call)?;
    let build = Shelf::below(call, &host, BUILD).numbered("build_id")?;
    let side = call.input.choice("env", &["prod", "dev"])?;
    aim(call, &mut host, &build, side);
    Shelf::of_workspace(call, HOST)?.save(&mut host)?;
    Ok(Reply::Json(json!({})))
}
