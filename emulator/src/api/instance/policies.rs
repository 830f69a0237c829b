//! Policies: kept, versioned and shown. Rules are not evaluated, so there are never any runs.

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::listing::Window;
use super::refused::not_emulated;
use super::shelf::Shelf;
use super::{record, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::clock;
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::store::documents::Document;
use crate::store::random_text;

const KIND: &str = "policy";

pub fn routes() -> Vec<Route> {
    let scoped = |method, path, right, run| Route::scoped(method, path, Scope::Policy, right, run);
    let read = |path, run| scoped(MethodFilter::GET, path, Right::Read, run);
    vec![
        read("/workspace/{workspace_id}/policy", list),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/policy",
            Right::Create,
            create,
        ),
        read("/workspace/{workspace_id}/policy/check", |call| {
            workspace(call)?;
            Ok(Reply::Json(json!({"items": [], "goals": []})))
        }),
        read("/workspace/{workspace_id}/policy/object", object),
        read("/workspace/{workspace_id}/policy/run", runs),
        read("/workspace/{workspace_id}/policy/run/{run_id}", no_run),
        read("/workspace/{workspace_id}/policy/run/{run_id}/summary", no_run),
        read("/workspace/{workspace_id}/policy/run/{run_id}/findings", no_run),
        read("/workspace/{workspace_id}/policy/run/{run_id}/clear", no_run),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/policy/parse",
            Right::Read,
            refuse,
        ),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/policy/evaluate",
            Right::Read,
            refuse,
        ),
        read("/workspace/{workspace_id}/policy/{policy_id}", get),
        scoped(
            MethodFilter::PUT,
            "/workspace/{workspace_id}/policy/{policy_id}",
            Right::Update,
            update,
        ),
        scoped(
            MethodFilter::DELETE,
            "/workspace/{workspace_id}/policy/{policy_id}",
            Right::Delete,
            delete,
        ),
    ]
}

fn shown(policy: &Document) -> Value {
    let data = &policy.body["data"];
    let text = |field: &str, default: &str| data[field].as_str().unwrap_or(default).to_owned();
    json!({
        "id": policy.id,
        "key": policy.name,
        "title": text("title", &policy.name),
        "statement": text("statement", ""),
        "severity": text("severity", "medium"),
        "active": data["active"].as_bool().unwrap_or(true),
        "enforcement": text("enforcement", "advisory"),
        "source": text("source", ""),
        "version": policy.body["version"],
        "updated_at": clock::timestamptz(policy.updated_at),
        "latest_run": Value::Null,
    })
}

fn list(call: &mut Call<'_>) -> Outcome {
    let all = Shelf::of_workspace(call, KIND)?.all()?;
    let window = Window {
        page: call.query.at_least_one("page", 1)?,
        per_page: 1000,
    };
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    Ok(Reply::Json(
        window.envelope(window.slice(all).iter().map(shown).collect(), total),
    ))
}

fn get(call: &mut Call<'_>) -> Outcome {
    Ok(Reply::Json(shown(
        &Shelf::of_workspace(call, KIND)?.numbered("policy_id")?,
    )))
}

fn data(call: &Call<'_>) -> Result<Value, ApiError> {
    let data = call
        .input
        .structure("data")?
        .ok_or_else(|| ApiError::input("data", "Missing param: data"))?;
    if data.is_object() {
        Ok(data)
    } else {
        Err(ApiError::input(
            "data",
            "Invalid value for param: data. It must be an object.",
        ))
    }
}

fn coded(code: &str, message: &str) -> ApiError {
    let mut error = ApiError::bad_request(message);
    error.payload = Box::new(json!({"code": code}));
    error
}

fn create(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let shelf = Shelf::in_workspace(call, &workspace, KIND);
    let data = data(call)?;
    let key = data["key"]
        .as_str()
        .map_or_else(|| random_text(10).to_lowercase(), str::to_owned);
    let same = |other: &Document| {
        other.name == key || (!data["rules"].is_null() && other.body["data"]["rules"] == data["rules"])
    };
    if shelf.all()?.iter().any(same) {
        return Err(coded(
            "policy_duplicate",
            "There is a policy with this key or these rules already.",
        ));
    }
    let made = shelf.add(&key, json!({"data": data, "version": 1}), None)?;
    record(
        call,
        Some(&workspace),
        "policy.create",
        (KIND, made.id),
        format!("Policy {key:?} created"),
    )?;
    let mut answer = shown(&made);
    answer["unchanged"] = json!(false);
    Ok(Reply::Json(answer))
}

/// Refuses to overwrite what somebody else has changed meanwhile.
fn fresh(policy: &Document, seen: Option<&str>) -> Result<(), ApiError> {
    match seen.filter(|seen| !seen.is_empty()) {
        Some(seen) if seen != clock::timestamptz(policy.updated_at) => Err(coded(
            "policy_stale",
            "The policy has changed since it was read; read it again.",
        )),
        _ => Ok(()),
    }
}

fn update(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let shelf = Shelf::in_workspace(call, &workspace, KIND);
    let mut policy = shelf.numbered("policy_id")?;
    fresh(&policy, call.input.optional_text("last_updated_at")?)?;
    let data = data(call)?;
    let unchanged = policy.body["data"] == data;
    if !unchanged {
        let version = policy.body["version"].as_i64().unwrap_or(1) + 1;
        policy.body = json!({"data": data, "version": version});
        shelf.save(&mut policy)?;
        record(
            call,
            Some(&workspace),
            "policy.update",
            (KIND, policy.id),
            format!("Policy {:?} updated", policy.name),
        )?;
    }
    let mut answer = shown(&policy);
    answer["unchanged"] = json!(unchanged);
    Ok(Reply::Json(answer))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let shelf = Shelf::in_workspace(call, &workspace, KIND);
    let policy = shelf.numbered("policy_id")?;
    fresh(&policy, call.query.text("last_updated_at"))?;
    shelf.remove(&policy)?;
    record(
        call,
        Some(&workspace),
        "policy.delete",
        (KIND, policy.id),
        format!("Policy {:?} deleted", policy.name),
    )?;
    Ok(Reply::Json(json!({})))
}

fn object(call: &mut Call<'_>) -> Outcome {
    workspace(call)?;
    let kind = call
        .query
        .text("type")
        .ok_or_else(|| ApiError::input("type", "Missing param: type"))?;
    let id = call.query.at_least_one("id", 0)?;
    if id == 0 {
        return Err(ApiError::input("id", "Missing param: id"));
    }
    Ok(Reply::Json(
        json!({"object": {"type": kind, "id": id}, "policies": [], "run": Value::Null, "findings": []}),
    ))
}

fn runs(call: &mut Call<'_>) -> Outcome {
    workspace(call)?;
    let window = Window {
        page: 1,
        per_page: call.query.at_least_one("limit", 20)?,
    };
    Ok(Reply::Json(window.envelope(Vec::new(), 0)))
}

fn no_run(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let id = call.number("run_id")?;
    Err(ApiError::not_found(format!(
        "Workspace {} has no policy run {id}; policies are not evaluated here.",
        workspace.id
    )))
}

fn refuse(call: &mut Call<'_>) -> Outcome {
    workspace(call)?;
    Err(not_emulated("Reading and evaluating policy rules"))
}
