//! The sandbox: one per user, made by the first look at it, kept apart from every workspace. Its
//! multidoc is kept as text, document by document.

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::multidoc::{documents, shifted};
use super::shelf::{Shelf, show};
use super::{instance_id, note};
use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::script;
use crate::store::documents::Document;
use crate::store::uuid;

const KIND: &str = "sandbox";
const DOCUMENT: &str = "sandbox_document";
/// How long a sandbox lasts, in milliseconds: a week.
const LIFE: i64 = 7 * 86_400_000;

pub fn routes() -> Vec<Route> {
    vec![
        Route::open(MethodFilter::GET, "/sandbox/me", me),
        Route::open(MethodFilter::DELETE, "/sandbox/me", drop_it),
        Route::open(MethodFilter::POST, "/sandbox/reset", reset),
        Route::open(MethodFilter::GET, "/sandbox/multidoc", pull),
        Route::open(MethodFilter::POST, "/sandbox/multidoc", push),
        Route::open(MethodFilter::POST, "/sandbox/multidoc/dry-run", dry_run),
    ]
}

/// The caller's sandbox, made when there is none.
pub fn own(call: &Call<'_>) -> Result<Document, ApiError> {
    let shelf = Shelf::of_instance(call, KIND);
    let name = format!("sandbox-{}-{}", instance_id(call), call.user.id);
    if let Some(kept) = shelf.find(&name)? {
        return Ok(kept);
    }
    let body = json!({
        "display": format!("Sandbox of {}", call.user.name), "description": "", "state": "ok", "ephemeral": true,
        "sandbox_expires_at": call.now_ms + LIFE, "xano_domain": format!("{name}.emulated.invalid"),
        "source_workspace_id": Value::Null,
    });
    shelf.add(&name, body, None)
}

fn me(call: &mut Call<'_>) -> Outcome {
    let mut shown = show(&own(call)?);
    if let Value::Object(map) = &mut shown {
        map.remove("source_workspace_id");
    }
    Ok(Reply::Json(shown))
}

fn drop_it(call: &mut Call<'_>) -> Outcome {
    let sandbox = own(call)?;
    Shelf::of_instance(call, KIND).remove(&sandbox)?;
    note(
        call,
        None,
        "sandbox.delete",
        (KIND, sandbox.id),
        "Sandbox deleted".to_owned(),
    )?;
    Ok(Reply::Json(json!({})))
}

/// Clears what was pushed; environment variables and knowledge stay.
fn reset(call: &mut Call<'_>) -> Outcome {
    let mut sandbox = own(call)?;
    let shelf = Shelf::below(call, &sandbox, DOCUMENT);
    for document in shelf.all()? {
        shelf.remove(&document)?;
    }
    sandbox.body["source_workspace_id"] = Value::Null;
    Shelf::of_instance(call, KIND).save(&mut sandbox)?;
    Ok(Reply::Json(json!({})))
}

fn pull(call: &mut Call<'_>) -> Outcome {
    let sandbox = own(call)?;
    let all = Shelf::below(call, &sandbox, DOCUMENT).all()?;
    let texts: Vec<_> = all
        .iter()
        .filter_map(|document| document.body["text"].as_str())
        .collect();
    Ok(Reply::Text("text/x-xanoscript", texts.join("\n---\n")))
}

/// Puts the text into the sandbox and tells, document by document, what that did.
fn apply(call: &Call<'_>, sandbox: &Document) -> Result<Vec<(&'static str, Document)>, ApiError> {
    let shelf = Shelf::below(call, sandbox, DOCUMENT);
    let mut done = Vec::new();
    for (line, text) in documents(call.input.script()?) {
        let header = script::header(&text).map_err(|error| shifted(error, line))?;
        let setting = |name: &str| script::setting(&text, name).unwrap_or_default();
        let verb = header
            .settings
            .iter()
            .find(|(name, _)| name == "verb")
            .map_or("", |(_, verb)| verb);
        let key = format!("{} {} {verb} {}", header.keyword, header.name, setting("api_group"));
        let mut body = json!({
            "text": text.trim_end(), "type": header.keyword, "name": header.name, "verb": verb,
            "api_group": setting("api_group"), "guid": setting("guid"),
        });
        let existing = shelf.find(&key)?;
        if setting("guid").is_empty() {
            body["guid"] = existing
                .as_ref()
                .map_or_else(|| json!(uuid()), |kept| kept.body["guid"].clone());
        }
        done.push(match existing {
            None => ("create", shelf.add(&key, body, None)?),
            Some(kept) if kept.body["text"] == body["text"] => ("unchanged", kept),
            Some(mut kept) => {
                kept.body = body;
                shelf.save(&mut kept)?;
                ("update", kept)
            }
        });
    }
    let partial = call.query.text("partial").is_none_or(|text| text != "false");
    if call.query.flag("delete")? && !partial {
        for document in shelf.all()? {
            if !done.iter().any(|(_, kept)| kept.id == document.id) {
                shelf.remove(&document)?;
                done.push(("delete", document));
            }
        }
    }
    Ok(done)
}

fn push(call: &mut Call<'_>) -> Outcome {
    let mut sandbox = own(call)?;
    let done = apply(call, &sandbox)?;
    if let Some(id) = call.query.text("source_workspace_id") {
        sandbox.body["source_workspace_id"] = json!(id);
        Shelf::of_instance(call, KIND).save(&mut sandbox)?;
    }
    let guids = done.iter().filter(|(action, _)| *action != "delete").map(|(_, document)| {
        let body = &document.body;
        json!({"type": body["type"], "name": body["name"], "guid": body["guid"], "verb": body["verb"], "api_group": body["api_group"]})
    });
    let guids: Vec<_> = guids.collect();
    note(
        call,
        None,
        "sandbox.push",
        (KIND, sandbox.id),
        format!("{} documents pushed to the sandbox", guids.len()),
    )?;
    Ok(Reply::Json(json!({"guid_map": guids})))
}

fn dry_run(call: &mut Call<'_>) -> Outcome {
    let sandbox = own(call)?;
    call.db.execute_batch("SAVEPOINT sandbox_dry_run")?;
    let done = apply(call, &sandbox);
    call.db
        .execute_batch("ROLLBACK TO sandbox_dry_run; RELEASE sandbox_dry_run")?;
    let mut report = super::multidoc::Report::default();
    for (action, document) in done? {
        let text = |field: &str| document.body[field].as_str().unwrap_or_default().to_owned();
        report.note(action, &text("type"), &text("name"));
    }
    let source = sandbox.body["source_workspace_id"].as_str();
    let asked = call.query.text("source_workspace_id");
    Ok(Reply::Json(json!({
        "operations": report.operations,
        "summary": report.summary(),
        "source_workspace_mismatch": source.is_some() && asked.is_some() && source != asked,
        "workspace_name": sandbox.body["display"],
    })))
}
