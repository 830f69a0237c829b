//! Instances: made and removed at will, each with an origin of its own.

use serde_json::{Map, Value, json};

use super::body::Fields;
use super::{Outcome, Server, limits};
use crate::error::ApiError;
use crate::limit::RateLimit;
use crate::server::{ACCOUNT, lock};
use crate::store::instances::{self, Instance};
use crate::store::{random_text, remove_contents};

/// Every instance, whoever owns it.
pub fn list(server: &Server) -> Outcome {
    let all = instances::list(&server.db())?;
    Ok(json!({"instances": all.iter().map(|instance| show(server, instance)).collect::<Vec<_>>()}))
}

fn show(server: &Server, instance: &Instance) -> Value {
    let mut shown = instance.to_json(&server.host());
    let limit = server
        .origin(&instance.name)
        .and_then(|origin| lock(&origin.limiter).limit());
    shown["limit"] = json!(limit.map(RateLimit::to_json));
    shown
}

/// Makes an instance and opens its origin. `rate_limit: true` without a `limit` is the free plan's
/// ten requests in any twenty seconds; with `limit` but `rate_limit: false` the limit is a secret.
pub fn create(server: &Server, fields: &Fields) -> Outcome {
    fields.only(&[
        "name",
        "display",
        "custom_domain",
        "plan",
        "status",
        "rate_limit",
        "limit",
        "extra",
        "user",
        "role",
    ])?;
    let limit = fields
        .given("limit")
        .map(|value| limits::read(&Fields::new(value)?))
        .transpose()?
        .flatten();
    let flag = fields.flag("rate_limit")?.unwrap_or(limit.is_some());
    let fresh = || random_text(12).to_ascii_lowercase();
    let random = fresh();
    let name = fields.text("name")?.map_or_else(
        || format!("x{}-{}-{}", &random[..3], &random[4..8], &random[8..]),
        str::to_owned,
    );
    if name.is_empty() || name == ACCOUNT || name == "*" {
        return Err(ApiError::input(
            "name",
            format!("An instance cannot be called {name:?}."),
        ));
    }
    let now_ms = server.clock.now_ms();
    let standard = Instance::default();
    let text = |field: &str, default: &str| fields.text(field).map(|text| text.unwrap_or(default).to_owned());
    let mut instance = Instance {
        display: text("display", &name)?,
        custom_domain: text("custom_domain", "")?,
        plan: text("plan", &standard.plan)?,
        status: text("status", &standard.status)?,
        rate_limit: flag,
        limit: limit.or_else(|| flag.then(|| RateLimit::new(10, 20.0))),
        extra: fields.object("extra")?.cloned().unwrap_or_else(Map::new),
        created_at: now_ms,
        updated_at: now_ms,
        name,
        ..standard
    };
    {
        let db = server.db();
        if instances::by_name(&db, &instance.name)?.is_some() {
            return Err(ApiError::conflict(format!(
                "There is an instance called {:?} already.",
                instance.name
            )));
        }
        let user = fields.user(&db)?;
        instance.id = instances::add(&db, &instance, user.id)?;
        instances::join(&db, user.id, instance.id, fields.text("role")?.unwrap_or("owner"))?;
    }
    open(server, &mut instance)?;
    Ok(show(server, &instance))
}

/// Opens the origin of an instance that is in the store, and keeps its port.
pub fn open(server: &Server, instance: &mut Instance) -> Result<(), ApiError> {
    instance.port = server
        .listen_instance(instance)
        .map_err(|error| ApiError::fatal(format!("No port for {:?}: {error}.", instance.name)))?;
    instances::set_port(&server.db(), instance.id, instance.port)?;
    Ok(())
}

/// Removes an instance and closes its origin.
pub fn remove(server: &Server, name: &str) -> Outcome {
    {
        let mut db = server.db();
        let db = db.transaction()?;
        let instance = instances::by_name(&db, name)?
            .ok_or_else(|| ApiError::not_found(format!("No instance is called {name:?}.")))?;
        remove_contents(&db, instance.id)?;
        instances::remove(&db, name)?;
        db.commit()?;
    }
    server.close(name);
    Ok(json!({"removed": name}))
}
