//! Knowledge: texts for assistants, of a workspace or of the sandbox, synchronised as a whole set.

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::shelf::Shelf;
use super::{note, sandbox, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::store::documents::Document;
use crate::store::uuid;

const KIND: &str = "knowledge";

pub fn routes() -> Vec<Route> {
    vec![
        Route::open(MethodFilter::GET, "/workspace/{workspace_id}/knowledge", list),
        Route::open(
            MethodFilter::GET,
            "/workspace/{workspace_id}/knowledge/{knowledge_id}/file",
            file,
        ),
        Route::open(MethodFilter::GET, "/workspace/{workspace_id}/knowledge/sync", pull),
        Route::open(MethodFilter::POST, "/workspace/{workspace_id}/knowledge/sync", sync),
        Route::open(MethodFilter::GET, "/sandbox/knowledge/sync", pull),
        Route::open(MethodFilter::POST, "/sandbox/knowledge/sync", sync),
        Route::scoped(
            MethodFilter::GET,
            "/workspace/{workspace_id}/agent-skills",
            Scope::Policy,
            Right::Read,
            skills,
        ),
    ]
}

fn shelf<'a, 'c>(call: &'a Call<'c>) -> Result<Shelf<'a, 'c>, ApiError> {
    if call.param("workspace_id").is_empty() {
        return Ok(Shelf::below(call, &sandbox::own(call)?, KIND));
    }
    Ok(Shelf::in_workspace(call, &workspace(call)?, KIND))
}

fn shown(item: &Document, with_content: bool) -> Value {
    let mut shown = json!({"id": item.id, "name": item.name, "locked": false, "references": []});
    for field in ["guid", "description", "knowledge_type", "mode", "scope", "enabled"] {
        shown[field] = item.body[field].clone();
    }
    shown["content"] = if with_content {
        item.body["content"].clone()
    } else {
        json!("")
    };
    shown
}

fn found(call: &Call<'_>) -> Result<Vec<Value>, ApiError> {
    let with_content = call.query.flag("include_content")?;
    let enabled_only = call.query.flag("enabled_only")?;
    let kind = call.query.text("type").unwrap_or_default();
    let all = shelf(call)?.all()?;
    let wanted = |item: &&Document| {
        (!enabled_only || item.body["enabled"] == true) && (kind.is_empty() || item.body["knowledge_type"] == kind)
    };
    Ok(all
        .iter()
        .filter(wanted)
        .map(|item| shown(item, with_content))
        .collect())
}

/// The whole set in an envelope whose page is always the first.
fn list(call: &mut Call<'_>) -> Outcome {
    Ok(Reply::Json(
        json!({"curPage": 1, "nextPage": Value::Null, "prevPage": Value::Null, "items": found(call)?}),
    ))
}

fn skills(call: &mut Call<'_>) -> Outcome {
    let mut items = found(call)?;
    items.retain(|item| item["enabled"] == true);
    Ok(Reply::Json(json!({"knowledge": items})))
}

fn file(call: &mut Call<'_>) -> Outcome {
    let path = call
        .query
        .text("path")
        .ok_or_else(|| ApiError::input("path", "Missing param: path"))?;
    let item = shelf(call)?.numbered("knowledge_id")?;
    let files = item.body["files"].as_array().into_iter().flatten();
    let content = files
        .filter(|file| file["name"] == path)
        .map(|file| file["content"].clone())
        .next();
    let content = content.ok_or_else(|| ApiError::not_found(format!("{:?} has no file {path:?}.", item.name)))?;
    Ok(Reply::Json(json!({"file": {"content": content}})))
}

fn pull(call: &mut Call<'_>) -> Outcome {
    let all = shelf(call)?.all()?;
    let items = all.into_iter().map(|item| {
        let mut body = item.body;
        body["name"] = json!(item.name);
        body
    });
    Ok(Reply::Json(Value::Array(items.collect())))
}

/// Reads an item, filling in what it leaves out.
fn read(item: &Value) -> Result<(String, Value), ApiError> {
    let wrong = |what: &str| ApiError::input("items", format!("Invalid value for param: items. {what}"));
    let word = |field: &str, default: &str, known: &[&str]| {
        let text = item[field].as_str().unwrap_or(default).to_owned();
        if known.contains(&text.as_str()) {
            Ok(text)
        } else {
            Err(wrong(&format!("{field} must be one of: {}.", known.join(", "))))
        }
    };
    let kind = word("knowledge_type", "doc", &["agents.md", "doc", "skill"])?;
    let name = item["name"]
        .as_str()
        .unwrap_or(if kind == "agents.md" { "AGENTS.md" } else { "" })
        .to_owned();
    if name.is_empty() {
        return Err(wrong("Each item needs a name."));
    }
    let text = |field: &str| item[field].as_str().unwrap_or_default();
    let body = json!({
        "knowledge_type": kind, "mode": word("mode", "auto", &["auto", "referenced", "always"])?,
        "content": text("content"), "description": text("description"), "scope": text("scope"),
        "enabled": item["enabled"].as_bool().unwrap_or(true), "guid": text("guid"),
        "files": item["files"].as_array().cloned().unwrap_or_default(),
    });
    Ok((name, body))
}

fn sync(call: &mut Call<'_>) -> Outcome {
    let shelf = shelf(call)?;
    let items = call.input.list("items")?;
    let dry = call.input.flag("dry_run")?.unwrap_or(false);
    let delete = call.input.flag("delete")?.unwrap_or(false);
    let mut operations = Vec::new();
    let mut guids = Vec::new();
    let mut kept = Vec::new();
    for item in &items {
        let (name, mut body) = read(item)?;
        let existing = shelf.find(&name)?;
        if body["guid"] == "" {
            body["guid"] = existing
                .as_ref()
                .map_or_else(|| json!(uuid()), |old| old.body["guid"].clone());
        }
        guids.push(json!({"guid": body["guid"], "name": name}));
        let action = match existing {
            None if dry => "create",
            None => {
                kept.push(shelf.add(&name, body, None)?.id);
                "create"
            }
            Some(mut old) => {
                kept.push(old.id);
                let same = old.body == body;
                if !same && !dry {
                    old.body = body;
                    shelf.save(&mut old)?;
                }
                if same { "unchanged" } else { "update" }
            }
        };
        operations.push(json!({"action": action, "type": KIND, "name": name}));
    }
    let mut deleted = 0;
    for old in shelf.all()? {
        if delete && !kept.contains(&old.id) {
            deleted += 1;
            operations.push(json!({"action": "delete", "type": KIND, "name": old.name}));
            if !dry {
                shelf.remove(&old)?;
            }
        }
    }
    let mut answer = json!({"imported": items.len(), "deleted": deleted, "guid_map": guids});
    if dry {
        let count = |action: &str| {
            operations
                .iter()
                .filter(|operation| operation["action"] == action)
                .count()
        };
        answer["summary"] = json!({KIND: {
            "created": count("create"), "updated": count("update"), "deleted": deleted, "unchanged": count("unchanged"),
        }});
        answer["operations"] = Value::Array(operations);
    } else {
        note(
            call,
            None,
            "knowledge.sync",
            (KIND, 0),
            format!("{} knowledge items synchronised", items.len()),
        )?;
    }
    Ok(Reply::Json(answer))
}
