//! Tenants, their backups and snapshots, and the clusters and platforms they run on. All of it is
//! kept and shown; no tenant really runs.

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::releases::link;
use super::shelf::{Shelf, bare_page, show};
use super::{archives, multidoc, objects, record, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::clock;
use crate::error::ApiError;
use crate::store::documents::Document;
use crate::store::random_text;
use crate::store::workspaces::Workspace;

const KIND: &str = "tenant";
const BACKUP: &str = "tenant_backup";
const SNAPSHOT: &str = "tenant_snapshot";

pub fn routes() -> Vec<Route> {
    let tenant = |method, rest: &str, run| {
        let mut route = Route::open(method, "", run);
        route.path = format!("/workspace/{{workspace_id}}/tenant/{{tenant_name}}{rest}").into();
        route
    };
    vec![
        Route::open(MethodFilter::GET, "/workspace/{workspace_id}/tenant", list),
        Route::open(MethodFilter::POST, "/workspace/{workspace_id}/tenant", create),
        tenant(MethodFilter::GET, "", get),
        tenant(MethodFilter::PUT, "", update),
        tenant(MethodFilter::DELETE, "", delete),
        tenant(MethodFilter::GET, "/multidoc", text),
        tenant(MethodFilter::POST, "/deploy", deploy),
        tenant(MethodFilter::POST, "/platform/deploy", deploy_platform),
        tenant(MethodFilter::GET, "/backup", backups),
        tenant(MethodFilter::POST, "/backup", back_up),
        tenant(MethodFilter::POST, "/backup/import", import_backup),
        tenant(MethodFilter::DELETE, "/backup/{backup_id}", delete_backup),
        tenant(MethodFilter::GET, "/backup/{backup_id}/export", export_backup),
        tenant(MethodFilter::POST, "/restore", restore),
        tenant(MethodFilter::GET, "/snapshot", snapshots),
        tenant(MethodFilter::POST, "/snapshot", snapshot),
        tenant(MethodFilter::DELETE, "/snapshot", delete_snapshot),
        tenant(MethodFilter::POST, "/snapshot/swap", swap),
    ]
}

/// The tenant named in the path.
pub fn of_path(call: &Call<'_>) -> Result<Document, ApiError> {
    Shelf::of_workspace(call, KIND)?.named(call.param("tenant_name"))
}

fn shown(tenant: &Document, fields: &[&str]) -> Value {
    let mut shown = show(tenant);
    if let Value::Object(map) = &mut shown {
        map.retain(|name, _| fields.contains(&name.as_str()));
    }
    shown
}

const SHORT: [&str; 9] = [
    "id", "name", "display", "state", "license", "type", "cluster", "platform", "release",
];

fn list(call: &mut Call<'_>) -> Outcome {
    let all = Shelf::of_workspace(call, KIND)?.all()?;
    bare_page(call, all.iter().map(|tenant| shown(tenant, &SHORT)).collect(), 50)
}

fn reference(call: &Call<'_>, kind: &'static str, field: &str) -> Result<Value, ApiError> {
    if !call.input.has(field) {
        return Ok(Value::Null);
    }
    let id = call.input.count(field)?;
    let found = Shelf::of_instance(call, kind).get(id).map_err(|_| {
        ApiError::input(
            field,
            format!("Invalid value for param: {field}. There is no {kind} {id}."),
        )
    })?;
    Ok(json!({"id": found.id, "name": found.name}))
}

/// The server picks the name. The larger licences need a cluster of one's own.
fn create(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let display = call.input.text("display")?;
    let license = if call.input.has("license") {
        call.input.choice("license", &["tier1", "tier2", "tier3"])?
    } else {
        "tier1"
    };
    let cluster = reference(call, "cluster", "cluster_id")?;
    if license != "tier1" && cluster.is_null() {
        return Err(ApiError::input(
            "cluster_id",
            format!("Missing param: cluster_id (license {license} needs a cluster)"),
        ));
    }
    let name = format!("t{}-{}", random_text(4).to_lowercase(), random_text(4).to_lowercase());
    let body = json!({
        "display": display,
        "description": call.input.optional_text("description")?.unwrap_or_default(),
        "state": "ok", "license": license, "type": "tenant",
        "domain": call.input.optional_text("domain")?.unwrap_or_default(),
        "xano_domain": format!("{name}.emulated.invalid"),
        "ingress": call.input.flag("ingress")?.unwrap_or(true),
        "tasks": call.input.flag("tasks")?.unwrap_or(true),
        "proxy": "", "rbac": {"enabled": false},
        "tag": if call.input.structure("tag")?.is_some() { tags(call.input.list("tag")?)? } else { Vec::new() },
        "version": 1, "deployed_at": clock::timestamptz(call.now_ms),
        "cluster": cluster, "platform": reference(call, "platform", "platform_id")?, "release": "",
        "live_snapshot": name, "text": "",
    });
    let made = Shelf::in_workspace(call, &workspace, KIND).add(&name, body, None)?;
    log(call, &workspace, &made, "created")?;
    Ok(Reply::Json(shown(&made, &["id", "name", "display", "state"])))
}

fn log(call: &Call<'_>, workspace: &Workspace, tenant: &Document, what: &str) -> Result<(), ApiError> {
    record(
        call,
        Some(workspace),
        &format!("tenant.{what}"),
        (KIND, tenant.id),
        format!("Tenant {:?} {what}", tenant.name),
    )
}

fn get(call: &mut Call<'_>) -> Outcome {
    let mut full = show(&of_path(call)?);
    if let Value::Object(map) = &mut full {
        map.retain(|name, _| name != "text" && name != "live_snapshot");
    }
    Ok(Reply::Json(full))
}

fn save(call: &Call<'_>, mut tenant: Document, what: &str) -> Result<Document, ApiError> {
    let workspace = workspace(call)?;
    Shelf::in_workspace(call, &workspace, KIND).save(&mut tenant)?;
    log(call, &workspace, &tenant, what)?;
    Ok(tenant)
}

/// A full replacement: all eight fields have to come.
fn update(call: &mut Call<'_>) -> Outcome {
    let mut tenant = of_path(call)?;
    for field in ["display", "description", "domain", "proxy"] {
        tenant.body[field] = json!(call.input.text(field)?);
    }
    for field in ["ingress", "tasks"] {
        let flag = call
            .input
            .flag(field)?
            .ok_or_else(|| ApiError::input(field, format!("Missing param: {field}")))?;
        tenant.body[field] = json!(flag);
    }
    let rbac = call
        .input
        .structure("rbac")?
        .filter(|rbac| rbac["enabled"].is_boolean());
    tenant.body["rbac"] = rbac.ok_or_else(|| ApiError::input("rbac", "Missing param: rbac.enabled"))?;
    tenant.body["tag"] = Value::Array(tags(call.input.list("tag")?)?);
    let kept = save(call, tenant, "updated")?;
    Ok(Reply::Json(shown(
        &kept,
        &[
            "id",
            "name",
            "display",
            "description",
            "domain",
            "ingress",
            "tasks",
            "proxy",
            "rbac",
            "tag",
        ],
    )))
}

/// Tags are objects with a text under `tag`.
fn tags(given: Vec<Value>) -> Result<Vec<Value>, ApiError> {
    if given.iter().all(|tag| tag["tag"].is_string()) {
        return Ok(given);
    }
    Err(ApiError::input(
        "tag",
        "Invalid param: tag (a list of objects with a text `tag`)",
    ))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let tenant = of_path(call)?;
    Shelf::in_workspace(call, &workspace, KIND).remove(&tenant)?;
    log(call, &workspace, &tenant, "deleted")?;
    Ok(Reply::Json(json!({})))
}

/// What the deployed release holds; a tenant without one runs what the workspace has live.
fn text(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let tenant = of_path(call)?;
    let text = match tenant.body["text"].as_str().filter(|text| !text.is_empty()) {
        Some(text) => text.to_owned(),
        None => multidoc::text_of(call, &workspace, &objects::branch(call, &workspace)?, false)?,
    };
    Ok(Reply::Text("text/x-xanoscript", text))
}

fn deploy(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let mut tenant = of_path(call)?;
    let name = call.input.text("release_name")?;
    let release = Shelf::in_workspace(call, &workspace, "release")
        .find(name)?
        .ok_or_else(|| {
            ApiError::input(
                "release_name",
                format!("Invalid value for param: release_name. There is no release {name:?}."),
            )
        })?;
    tenant.body["release"] = json!({"id": release.id, "name": release.name});
    tenant.body["text"] = release.body["text"].clone();
    tenant.body["deployed_at"] = json!(clock::timestamptz(call.now_ms));
    let kept = save(call, tenant, "deployed")?;
    Ok(Reply::Json(shown(
        &kept,
        &["id", "name", "display", "state", "release"],
    )))
}

fn deploy_platform(call: &mut Call<'_>) -> Outcome {
    let mut tenant = of_path(call)?;
    call.input.count("platform_id")?;
    tenant.body["platform"] = reference(call, "platform", "platform_id")?;
    let kept = save(call, tenant, "moved")?;
    Ok(Reply::Json(shown(
        &kept,
        &["id", "name", "display", "state", "platform"],
    )))
}

fn backups(call: &mut Call<'_>) -> Outcome {
    let tenant = of_path(call)?;
    let all = Shelf::below(call, &tenant, BACKUP).all()?;
    let items: Vec<_> = all
        .iter()
        .rev()
        .map(|backup| shown(backup, &["id", "created_at", "description", "_release", "_user"]))
        .collect();
    let page = super::listing::Window {
        page: call.query.at_least_one("page", 1)?,
        per_page: 25,
    };
    Ok(Reply::Json(Value::Array(page.slice(items))))
}

fn add_backup(call: &Call<'_>, tenant: &Document, bytes: &[u8]) -> Outcome {
    let body = json!({
        "description": call.input.optional_text("description")?.unwrap_or_default(),
        "_release": {"name": tenant.body["release"]["name"].as_str().unwrap_or_default()},
        "_user": {"name": call.user.name, "email": call.user.email},
        "link": random_text(32),
    });
    let made = Shelf::below(call, tenant, BACKUP).add(&format!("backup-{}", tenant.name), body, Some(bytes))?;
    Ok(Reply::Json(json!({"id": made.id})))
}

fn back_up(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let tenant = of_path(call)?;
    let branch = objects::branch(call, &workspace)?;
    add_backup(call, &tenant, &archives::of_branch(call, &workspace, &branch)?)
}

fn import_backup(call: &mut Call<'_>) -> Outcome {
    let tenant = of_path(call)?;
    let file = call.input.file("file")?;
    archives::check(&file.bytes)?;
    add_backup(call, &tenant, &file.bytes)
}

fn delete_backup(call: &mut Call<'_>) -> Outcome {
    let tenant = of_path(call)?;
    let shelf = Shelf::below(call, &tenant, BACKUP);
    shelf.remove(&shelf.numbered("backup_id")?)?;
    Ok(Reply::Json(json!({})))
}

fn export_backup(call: &mut Call<'_>) -> Outcome {
    let tenant = of_path(call)?;
    Ok(Reply::Json(link(
        call,
        &Shelf::below(call, &tenant, BACKUP).numbered("backup_id")?,
    )))
}

/// Tenants hold no records here, so a restore has nothing to overwrite; it checks and says so.
fn restore(call: &mut Call<'_>) -> Outcome {
    let tenant = of_path(call)?;
    Shelf::below(call, &tenant, BACKUP).get(call.input.count("backup_id")?)?;
    let kept = save(call, tenant, "restored")?;
    Ok(Reply::Json(shown(&kept, &["id", "name", "display", "state"])))
}

fn snapshots(call: &mut Call<'_>) -> Outcome {
    let tenant = of_path(call)?;
    let live = tenant.body["live_snapshot"].as_str().unwrap_or_default();
    let entry = |name: &str, created: i64, description: &Value, original: bool| {
        json!({
            "name": name, "created": clock::timestamptz(created), "description": description,
            "is_live": name == live, "is_original": original, "size_bytes": 8192, "size_pretty": "8192 bytes",
        })
    };
    let mut items = vec![entry(&tenant.name, tenant.created_at, &json!(""), true)];
    for copy in Shelf::below(call, &tenant, SNAPSHOT).all()? {
        items.push(entry(&copy.name, copy.created_at, &copy.body["description"], false));
    }
    Ok(Reply::Json(Value::Array(items)))
}

fn snapshot(call: &mut Call<'_>) -> Outcome {
    let tenant = of_path(call)?;
    let label = call.input.optional_text("label")?.unwrap_or_default();
    let name = format!(
        "{}_{}{}",
        tenant.name,
        random_text(6).to_lowercase(),
        if label.is_empty() {
            String::new()
        } else {
            format!("_{label}")
        }
    );
    Shelf::below(call, &tenant, SNAPSHOT).add(&name, json!({"description": label}), None)?;
    Ok(Reply::Json(
        json!({"backup": name, "description": label, "size": "8192 bytes", "source": tenant.body["live_snapshot"]}),
    ))
}

fn delete_snapshot(call: &mut Call<'_>) -> Outcome {
    let tenant = of_path(call)?;
    let name = call
        .query
        .text("snapshot")
        .ok_or_else(|| ApiError::input("snapshot", "Missing param: snapshot"))?;
    if name == tenant.name || tenant.body["live_snapshot"] == name {
        return Err(ApiError::bad_request(
            "The original and the live database cannot be deleted.",
        ));
    }
    let shelf = Shelf::below(call, &tenant, SNAPSHOT);
    shelf.remove(&shelf.named(name)?)?;
    Ok(Reply::Json(json!({})))
}

fn swap(call: &mut Call<'_>) -> Outcome {
    let mut tenant = of_path(call)?;
    let to = call.input.text("snapshot")?.to_owned();
    if to != tenant.name {
        Shelf::below(call, &tenant, SNAPSHOT).named(&to)?;
    }
    let from = std::mem::replace(&mut tenant.body["live_snapshot"], json!(to));
    let kept = save(call, tenant, "swapped")?;
    Ok(Reply::Json(json!({"from": from, "to": to, "tenant": kept.name})))
}
