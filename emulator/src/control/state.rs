//! The emulator as a whole: status, clock, journal, faults, seeding and starting over.

use serde_json::{Value, json};

use super::body::Fields;
use super::{Outcome, Server, instances as control_instances};
use crate::api::input::Query;
use crate::clock;
use crate::error::ApiError;
use crate::faults;
use crate::journal::Filter;
use crate::seed as seeds;
use crate::server::lock;
use crate::store::{self, instances, set_setting, setting, users};

/// What runs where.
pub fn status(server: &Server) -> Value {
    let origins: Vec<_> = server
        .origins()
        .iter()
        .map(|origin| json!({"origin": origin.name, "url": format!("{}/api:meta", server.base(origin.port))}))
        .collect();
    json!({
        "emulator": "xano-emulator",
        "version": env!("CARGO_PKG_VERSION"),
        "file": server.options.file,
        "now": clock::timestamptz(server.clock.now_ms()),
        "origins": origins,
    })
}

/// The emulator's time.
pub fn clock(server: &Server) -> Value {
    json!({
        "now": clock::timestamptz(server.clock.now_ms()),
        "now_ms": server.clock.now_ms(),
        "ahead": server.clock.ahead(),
    })
}

/// Moves the clock forward.
pub fn advance(server: &Server, fields: &Fields) -> Outcome {
    fields.only(&["advance"])?;
    let seconds = fields
        .number("advance")?
        .ok_or_else(|| ApiError::input("advance", "Missing param: advance (seconds)"))?;
    server.clock.advance(seconds);
    Ok(clock(server))
}

/// The journal, filtered.
pub fn requests(server: &Server, query: &Query) -> Outcome {
    let since = query.text("since").unwrap_or("0");
    let filter = Filter {
        origin: query.text("origin"),
        method: query.text("method"),
        path: query.text("path"),
        since: since
            .parse()
            .map_err(|_| ApiError::input("since", "since is a sequence number."))?,
    };
    Ok(lock(&server.journal).to_json(&filter))
}

/// Empties the journal.
pub fn forget_requests(server: &Server) -> Value {
    lock(&server.journal).clear();
    json!({"total": 0})
}

/// The rules in force.
pub fn faults(server: &Server) -> Value {
    json!({"rules": lock(&server.faults).list()})
}

/// Adds one rule, a list of rules, or the list under `rules`. Nothing is added if one is wrong.
pub fn add_faults(server: &Server, body: &Value) -> Outcome {
    let given = body.get("rules").unwrap_or(body);
    let list = match given {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let rules = list.iter().map(faults::parse).collect::<Result<Vec<_>, _>>()?;
    let mut faults = lock(&server.faults);
    let added: Vec<_> = rules.into_iter().map(|rule| faults.add(rule).to_json()).collect();
    Ok(json!({"rules": added}))
}

/// Removes one rule.
pub fn remove_fault(server: &Server, id: &str) -> Outcome {
    let removed = id.parse().is_ok_and(|id| lock(&server.faults).remove(id));
    if removed {
        Ok(json!({"removed": id}))
    } else {
        Err(ApiError::not_found(format!("No fault rule has the number {id}.")))
    }
}

/// Removes every rule.
pub fn clear_faults(server: &Server) -> Value {
    lock(&server.faults).clear();
    json!({"rules": []})
}

/// Adds the demonstration data, once.
pub fn seed(server: &Server) -> Outcome {
    let added = {
        let mut db = server.db();
        let db = db.transaction()?;
        let owner = users::first(&db)?.ok_or_else(|| ApiError::fatal("There is no user."))?;
        let added = seeds::demo(&db, owner.id)?;
        db.commit()?;
        added
    };
    let count = added.len();
    for mut instance in added {
        control_instances::open(server, &mut instance)?;
    }
    Ok(json!({"instances_added": count}))
}

/// Back to the state of a fresh start: same token, same ports, everything else gone. Numbering starts
/// over, so an instance that exists again has its former id and its origin simply goes on.
pub fn reset(server: &Server) -> Outcome {
    server.clock.reset();
    lock(&server.faults).clear();
    lock(&server.journal).clear();
    {
        let db = server.db();
        let kept = [setting(&db, "token")?, setting(&db, "account_port")?];
        store::clear(&db)?;
        for (name, value) in ["token", "account_port"].into_iter().zip(kept) {
            if let Some(value) = value {
                set_setting(&db, name, &value)?;
            }
        }
    }
    seeds::bootstrap(server)?;
    let fresh = instances::list(&server.db())?;
    for origin in server.origins() {
        match fresh.iter().find(|instance| instance.name == origin.name) {
            Some(instance) => lock(&origin.limiter).set(instance.limit),
            None if origin.instance_id.is_none() => lock(&origin.limiter).set(server.options.rate_limit),
            None => server.close(&origin.name),
        }
    }
    for mut instance in fresh {
        match server.origin(&instance.name) {
            Some(origin) => instances::set_port(&server.db(), instance.id, origin.port)?,
            None => control_instances::open(server, &mut instance)?,
        }
    }
    Ok(status(server))
}
