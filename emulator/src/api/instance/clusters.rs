//! Clusters and platforms of the instance: kept and shown. Credentials are taken and never shown
//! except by the operation that is there for it.

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::shelf::{Shelf, bare_page, show};
use super::{instance_id, record};
use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::store::documents::Document;

const KIND: &str = "cluster";
const PLATFORM: &str = "platform";

pub fn routes() -> Vec<Route> {
    vec![
        Route::open(MethodFilter::GET, "/tenant/cluster", list),
        Route::open(MethodFilter::POST, "/tenant/cluster", create),
        Route::open(MethodFilter::GET, "/tenant/cluster/{cluster_id}", get),
        Route::open(MethodFilter::PUT, "/tenant/cluster/{cluster_id}", update),
        Route::open(MethodFilter::DELETE, "/tenant/cluster/{cluster_id}", delete),
        Route::open(MethodFilter::GET, "/tenant/cluster/{cluster_id}/license", license),
        Route::open(MethodFilter::POST, "/tenant/cluster/{cluster_id}/license", set_license),
        Route::open(MethodFilter::GET, "/platform", platforms),
        Route::open(MethodFilter::GET, "/platform/{platform_id}", platform),
    ]
}

fn shown(cluster: &Document) -> Value {
    let mut shown = show(cluster);
    if let Value::Object(map) = &mut shown {
        map.retain(|name, _| name != "credentials");
    }
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let all = Shelf::of_instance(call, KIND).all()?;
    bare_page(call, all.iter().map(shown).collect(), 25)
}

fn kind<'a>(call: &'a Call<'_>) -> Result<&'a str, ApiError> {
    call.input.choice("type", &["standard", "run"])
}

fn log(call: &Call<'_>, cluster: &Document, what: &str) -> Result<(), ApiError> {
    record(
        call,
        None,
        &format!("cluster.{what}"),
        (KIND, cluster.id),
        format!("Cluster {:?} {what}", cluster.name),
    )
}

fn create(call: &mut Call<'_>) -> Outcome {
    let shelf = Shelf::of_instance(call, KIND);
    let name = call.input.text("name")?;
    shelf.free(name, None)?;
    let body = json!({
        "type": if call.input.has("type") { kind(call)? } else { "standard" },
        "credentials": call.input.text("credentials")?,
        "description": call.input.optional_text("description")?.unwrap_or_default(),
        "domain": call.input.optional_text("domain")?.unwrap_or_default(),
        "ingress": {}, "warm": {},
    });
    let made = shelf.add(name, body, None)?;
    // What was sent holds the credentials, which have no business in a log.
    super::note(
        call,
        None,
        "cluster.created",
        (KIND, made.id),
        format!("Cluster {name:?} created"),
    )?;
    Ok(Reply::Json(shown(&made)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    Ok(Reply::Json(shown(
        &Shelf::of_instance(call, KIND).numbered("cluster_id")?,
    )))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let shelf = Shelf::of_instance(call, KIND);
    let mut cluster = shelf.numbered("cluster_id")?;
    let name = call.input.text("name")?;
    shelf.free(name, Some(cluster.id))?;
    cluster.body["type"] = json!(kind(call)?);
    for field in ["description", "domain"] {
        cluster.body[field] = json!(call.input.text(field)?);
    }
    name.clone_into(&mut cluster.name);
    shelf.save(&mut cluster)?;
    log(call, &cluster, "updated")?;
    Ok(Reply::Json(shown(&cluster)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let shelf = Shelf::of_instance(call, KIND);
    let cluster = shelf.numbered("cluster_id")?;
    shelf.remove(&cluster)?;
    log(call, &cluster, "deleted")?;
    Ok(Reply::Json(json!({})))
}

fn license(call: &mut Call<'_>) -> Outcome {
    let cluster = Shelf::of_instance(call, KIND).numbered("cluster_id")?;
    Ok(Reply::Json(cluster.body["credentials"].clone()))
}

fn set_license(call: &mut Call<'_>) -> Outcome {
    let shelf = Shelf::of_instance(call, KIND);
    let mut cluster = shelf.numbered("cluster_id")?;
    cluster.body["credentials"] = json!(call.input.text("value")?);
    shelf.save(&mut cluster)?;
    Ok(Reply::Json(json!({})))
}

/// An instance has one platform from the start.
fn all_platforms(call: &Call<'_>) -> Result<Vec<Document>, ApiError> {
    let shelf = Shelf::of_instance(call, PLATFORM);
    let all = shelf.all()?;
    if !all.is_empty() {
        return Ok(all);
    }
    let body = json!({
        "helm": {"container": "emulated", "name": "emulated", "tag": "1"},
        "images": {"backend": {"name": format!("emulated/{}", instance_id(call)), "tag": "1"}},
    });
    Ok(vec![shelf.add("1.0.0", body, None)?])
}

fn platforms(call: &mut Call<'_>) -> Outcome {
    let all = all_platforms(call)?;
    bare_page(call, all.iter().map(show).collect(), 25)
}

fn platform(call: &mut Call<'_>) -> Outcome {
    all_platforms(call)?;
    Ok(Reply::Json(show(
        &Shelf::of_instance(call, PLATFORM).numbered("platform_id")?,
    )))
}
