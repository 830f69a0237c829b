//! What tenants and the sandbox have alike: environment variables, a licence, tests, impersonation.

use axum::routing::MethodFilter;
use serde_json::{Map, Value, json};

use super::listing::{LARGEST_PAGE, Window};
use super::shelf::Shelf;
use super::{sandbox, tenants, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::store::documents::Document;
use crate::store::random_text;

const ENV: &str = "env";
const LICENSE: &str = "license";

pub fn routes() -> Vec<Route> {
    let mut routes = vec![Route::open(
        MethodFilter::GET,
        "/workspace/{workspace_id}/unit_test",
        |call| {
            workspace(call)?;
            no_tests(call)
        },
    )];
    for owner in ["/workspace/{workspace_id}/tenant/{tenant_name}", "/sandbox"] {
        let mut add = |method, rest: &str, run| {
            let mut route = Route::open(method, "", run);
            route.path = format!("{owner}{rest}").into();
            routes.push(route);
        };
        add(MethodFilter::GET, "/env_key", keys);
        add(MethodFilter::GET, "/env_all", all);
        add(MethodFilter::PUT, "/env_all", replace);
        add(MethodFilter::GET, "/env/{env_name}", get);
        add(MethodFilter::PATCH, "/env/{env_name}", set);
        add(MethodFilter::DELETE, "/env/{env_name}", delete);
        add(MethodFilter::GET, "/license", license);
        add(MethodFilter::POST, "/license", set_license);
        add(MethodFilter::GET, "/impersonate", impersonate);
        add(MethodFilter::GET, "/unit_test", tests);
        add(MethodFilter::GET, "/workflow_test", tests);
    }
    routes
}

/// The tenant of the path, or the caller's sandbox where the path names none.
fn owner(call: &Call<'_>) -> Result<Document, ApiError> {
    if call.param("tenant_name").is_empty() {
        sandbox::own(call)
    } else {
        tenants::of_path(call)
    }
}

fn keys(call: &mut Call<'_>) -> Outcome {
    let owner = owner(call)?;
    let all = Shelf::below(call, &owner, ENV).all()?;
    let shown: Vec<_> = all.iter().map(|env| json!({"name": env.name, "value": ""})).collect();
    Ok(Reply::Json(json!({"env": shown})))
}

fn all(call: &mut Call<'_>) -> Outcome {
    let owner = owner(call)?;
    let all = Shelf::below(call, &owner, ENV).all()?;
    let map: Map<String, Value> = all.into_iter().map(|env| (env.name, env.body)).collect();
    Ok(Reply::Json(Value::Object(map)))
}

fn pair<'a>(value: &'a Value, param: &str) -> Result<(&'a str, &'a str), ApiError> {
    let pair = value["name"]
        .as_str()
        .filter(|name| !name.is_empty())
        .zip(value["value"].as_str());
    pair.ok_or_else(|| {
        ApiError::input(
            param,
            format!("Invalid value for param: {param}. It needs name and value, both text."),
        )
    })
}

/// A full replacement: variables that are left out are gone.
fn replace(call: &mut Call<'_>) -> Outcome {
    let owner = owner(call)?;
    let shelf = Shelf::below(call, &owner, ENV);
    let list = call.input.list("envs")?;
    for old in shelf.all()? {
        shelf.remove(&old)?;
    }
    for entry in &list {
        let (name, value) = pair(entry, "envs")?;
        put(&shelf, name, value)?;
    }
    Ok(Reply::Json(json!({})))
}

fn put(shelf: &Shelf<'_, '_>, name: &str, value: &str) -> Result<(), ApiError> {
    match shelf.find(name)? {
        None => shelf.add(name, json!(value), None).map(drop),
        Some(mut env) => {
            env.body = json!(value);
            shelf.save(&mut env)
        }
    }
}

/// Null, and no refusal, for a variable that does not exist.
fn get(call: &mut Call<'_>) -> Outcome {
    let owner = owner(call)?;
    let found = Shelf::below(call, &owner, ENV).find(call.param("env_name"))?;
    Ok(Reply::Json(json!(
        found.map(|env| json!({"name": env.name, "value": env.body}))
    )))
}

fn set(call: &mut Call<'_>) -> Outcome {
    let owner = owner(call)?;
    let given = call
        .input
        .structure("env")?
        .ok_or_else(|| ApiError::input("env", "Missing param: env"))?;
    let (name, value) = pair(&given, "env")?;
    if name != call.param("env_name") {
        return Err(ApiError::input(
            "env",
            "Invalid value for param: env. Its name must be the one in the path.",
        ));
    }
    put(&Shelf::below(call, &owner, ENV), name, value)?;
    Ok(Reply::Json(json!({})))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let owner = owner(call)?;
    let shelf = Shelf::below(call, &owner, ENV);
    if let Some(env) = shelf.find(call.param("env_name"))? {
        shelf.remove(&env)?;
    }
    Ok(Reply::Json(json!({})))
}

/// Text that holds YAML, as a JSON string.
fn license(call: &mut Call<'_>) -> Outcome {
    let owner = owner(call)?;
    let kept = Shelf::below(call, &owner, LICENSE).find(LICENSE)?;
    Ok(Reply::Json(
        kept.map_or_else(|| json!("license: tier1\n"), |license| license.body),
    ))
}

fn set_license(call: &mut Call<'_>) -> Outcome {
    let owner = owner(call)?;
    put(&Shelf::below(call, &owner, LICENSE), LICENSE, call.input.text("value")?)?;
    Ok(Reply::Json(json!({})))
}

fn impersonate(call: &mut Call<'_>) -> Outcome {
    owner(call)?;
    Ok(Reply::Json(json!({"_ti": random_text(48)})))
}

fn tests(call: &mut Call<'_>) -> Outcome {
    owner(call)?;
    no_tests(call)
}

/// Tests live inside scripts, which are not read that far: there are none.
fn no_tests(call: &mut Call<'_>) -> Outcome {
    let window = Window::from_query(call, LARGEST_PAGE)?;
    Ok(Reply::Json(window.envelope(Vec::new(), 0)))
}
