//! What a new emulator holds: one user, one token, one instance; and the demonstration data.

mod logic;
mod shop;

use rusqlite::Connection;

use crate::limit::RateLimit;
use crate::options::ExtrasForm;
use crate::scope::Grants;
use crate::server::Server;
use crate::store::instances::{self, Instance};
use crate::store::snippets::{self, Snippet};
use crate::store::{set_setting, setting, tokens, users, uuid, workspaces};

/// The first instance.
pub const FIRST_INSTANCE: &str = "x1a2-b3c4-d5e6";

/// 2025-01-15 09:00:00 UTC: demonstration data looks the same on every day.
const DEMO_START: i64 = 1_736_931_600_000;
const DAY: i64 = 86_400_000;

/// Fills an empty state, and returns the token that opens it, which a file keeps.
pub fn bootstrap(server: &Server) -> rusqlite::Result<String> {
    let options = &server.options;
    let now_ms = server.clock.now_ms();
    let mut guard = server.db();
    let db = guard.transaction()?;
    let owner = match users::first(&db)? {
        Some(owner) => owner.id,
        None => fill(&db, options.extras, options.rate_limit, now_ms)?,
    };
    if options.seed_demo {
        demo(&db, owner)?;
    }
    let text = match &options.token {
        Some(text) => Some(text.clone()),
        None => setting(&db, "token")?,
    };
    let held = text
        .as_deref()
        .map(|text| tokens::by_text(&db, text))
        .transpose()?
        .flatten();
    let token = match held {
        Some(token) if token.living(now_ms) => token,
        // Revoked by hand, or new: `token` names it, or a fresh one is made.
        Some(_) if options.token.is_none() => tokens::add(&db, owner, "emulator", &Grants::all(), None, now_ms, None)?,
        Some(token) => token,
        None => tokens::add(&db, owner, "emulator", &Grants::all(), text.as_deref(), now_ms, None)?,
    };
    set_setting(&db, "token", &token.token)?;
    db.commit()?;
    Ok(token.token)
}

fn fill(db: &Connection, extras: ExtrasForm, limit: Option<RateLimit>, now_ms: i64) -> rusqlite::Result<i64> {
    let owner = users::add(db, "Robin Example", "robin@example.com", extras, false, now_ms)?;
    let first = Instance {
        name: FIRST_INSTANCE.to_owned(),
        display: "Emulated".to_owned(),
        rate_limit: limit.is_some(),
        limit,
        created_at: now_ms,
        updated_at: now_ms,
        ..Instance::default()
    };
    instances::add(db, &first, owner)?;
    Ok(owner)
}

/// Adds the demonstration data, once: a shop with its logic in the first workspace of the first instance, three more
/// instances, sixty snippets, install tokens on three.
/// Returns the instances that still have to listen.
pub fn demo(db: &Connection, owner: i64) -> rusqlite::Result<Vec<Instance>> {
    let mut added = Vec::new();
    if setting(db, "demo")?.is_some() {
        return Ok(added);
    }
    set_setting(db, "demo", "1")?;
    let planned = [
        ("xdev-acme-0001", "Acme (dev)", "build"),
        ("xstg-acme-0002", "Acme (staging)", "launch"),
        ("xprd-acme-0003", "Acme (production)", "scale"),
    ];
    for (day, (name, display, plan)) in (0..).zip(planned) {
        let mut instance = Instance {
            name: name.to_owned(),
            display: display.to_owned(),
            plan: plan.to_owned(),
            created_at: DEMO_START + day * DAY,
            updated_at: DEMO_START + day * DAY,
            ..Instance::default()
        };
        if instances::by_name(db, name)?.is_none() {
            instance.id = instances::add(db, &instance, owner)?;
            added.push(instance);
        }
    }
    for number in 1..=60 {
        demo_snippet(db, owner, number)?;
    }
    let first = instances::list(db)?.first().map(|instance| instance.id);
    let workspace = first.map(|id| workspaces::list(db, id)).transpose()?;
    if let Some(workspace) = workspace.as_ref().and_then(|list| list.first()) {
        // Its own data would have to break its own rules.
        shop::fill(db, workspace, DEMO_START)
            .and_then(|()| logic::fill(db, workspace, DEMO_START))
            .map_err(|error| rusqlite::Error::InvalidParameterName(error.message))?;
    }
    Ok(added)
}

fn demo_snippet(db: &Connection, owner: i64, number: i64) -> rusqlite::Result<()> {
    const SUBJECTS: [&str; 6] = [
        "Stripe checkout",
        "Slack alerts",
        "PDF invoices",
        "Magic-link login",
        "Geo search",
        "CSV import",
    ];
    const ACCESS: [&str; 3] = ["public", "link", "token"];
    let at = usize::try_from(number).unwrap_or(0);
    let access = ACCESS[at % 3];
    let id = snippets::add(
        db,
        &Snippet {
            user_id: owner,
            canonical: format!("demo-{number:03}"),
            name: format!("{} {}", SUBJECTS[at % SUBJECTS.len()], (number - 1) / 6 + 1),
            review: if number % 4 == 0 {
                "approved".to_owned()
            } else {
                "pending".to_owned()
            },
            install_access: access.to_owned(),
            install_access_description: if access == "token" {
                "Ask for an install token.".to_owned()
            } else {
                String::new()
            },
            featured: number % 10 == 0,
            verified: number % 5 == 0,
            created_at: DEMO_START + number * DAY,
            updated_at: DEMO_START + number * DAY,
            ..Snippet::default()
        },
    )?;
    if number > 9 || access != "token" {
        return Ok(());
    }
    for (max, used) in [(1, 1), (5, 3), (50, 0)] {
        snippets::add_token(db, id, &uuid(), max, used, DEMO_START + number * DAY)?;
    }
    Ok(())
}
