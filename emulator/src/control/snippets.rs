//! Snippets: made by publishing in the real service, made here by asking.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::body::Fields;
use super::{Outcome, Server};
use crate::api::account::ACCESS;
use crate::error::ApiError;
use crate::store::random_text;
use crate::store::snippets::{self, Snippet};

const FIELDS: [&str; 11] = [
    "canonical",
    "name",
    "review",
    "review_exception",
    "install_access",
    "install_access_description",
    "featured",
    "verified",
    "user",
    "count",
    "tokens",
];

/// Every snippet with its count of installs.
pub fn list(server: &Server) -> Outcome {
    let shown: Vec<_> = snippets::all(&server.db())?.iter().map(show).collect();
    Ok(json!({"snippets": shown}))
}

fn show(snippet: &Snippet) -> Value {
    let mut shown = snippet.to_json();
    shown["installs"] = json!(snippet.installs);
    shown["user_id"] = json!(snippet.user_id);
    shown
}

/// Makes snippets: one from the fields given, `count` of them, or a list under `snippets`.
pub fn create(server: &Server, body: &Value) -> Outcome {
    let now_ms = server.clock.now_ms();
    let mut db = server.db();
    let db = db.transaction()?;
    let mut made = Vec::new();
    match body.get("snippets") {
        Some(Value::Array(list)) => {
            for entry in list {
                made.extend(add(&db, &Fields::new(entry)?, now_ms)?);
            }
        }
        Some(_) => return Err(ApiError::input("snippets", "snippets must be a list of objects.")),
        None => made = add(&db, &Fields::new(body)?, now_ms)?,
    }
    db.commit()?;
    Ok(json!({"snippets": made.iter().map(show).collect::<Vec<_>>()}))
}

fn add(db: &Connection, fields: &Fields, now_ms: i64) -> Result<Vec<Snippet>, ApiError> {
    fields.only(&FIELDS)?;
    let user = fields.user(db)?;
    let count = fields.count("count")?.unwrap_or(1);
    let access = fields.text("install_access")?.unwrap_or("public");
    if !ACCESS.contains(&access) {
        return Err(ApiError::input(
            "install_access",
            format!("install_access must be one of {}.", ACCESS.join(", ")),
        ));
    }
    let text = |field: &str| fields.text(field).map(|text| text.unwrap_or_default().to_owned());
    let mut made = Vec::new();
    for number in 1..=count {
        // Several snippets cannot share one address, so a given canonical becomes a stem.
        let numbered = |stem: &str| {
            if count == 1 {
                stem.to_owned()
            } else {
                format!("{stem}-{number}")
            }
        };
        let canonical = fields.text("canonical")?.map_or_else(|| random_text(8), numbered);
        if snippets::by_canonical(db, &canonical)?.is_some() {
            return Err(ApiError::conflict(format!(
                "There is a snippet with the canonical {canonical:?} already."
            )));
        }
        let mut snippet = Snippet {
            user_id: user.id,
            name: numbered(fields.text("name")?.unwrap_or("Snippet")),
            review: text("review")?,
            review_exception: text("review_exception")?,
            install_access: access.to_owned(),
            install_access_description: text("install_access_description")?,
            featured: fields.flag("featured")?.unwrap_or(false),
            verified: fields.flag("verified")?.unwrap_or(false),
            created_at: now_ms,
            updated_at: now_ms,
            canonical,
            ..Snippet::default()
        };
        snippet.id = snippets::add(db, &snippet)?;
        add_tokens(db, snippet.id, fields, now_ms)?;
        made.push(snippet);
    }
    Ok(made)
}

/// `tokens: [{token?, max_installs, current_installs?}]`
fn add_tokens(db: &Connection, snippet_id: i64, fields: &Fields, now_ms: i64) -> Result<(), ApiError> {
    let Some(tokens) = fields.given("tokens") else {
        return Ok(());
    };
    let list = tokens
        .as_array()
        .ok_or_else(|| ApiError::input("tokens", "tokens must be a list of objects."))?;
    for entry in list {
        let entry = Fields::new(entry)?;
        entry.only(&["token", "max_installs", "current_installs"])?;
        let text = entry.text("token")?.map_or_else(crate::store::uuid, str::to_owned);
        let max = entry
            .count("max_installs")?
            .ok_or_else(|| ApiError::input("max_installs", "Missing param: max_installs"))?;
        let current = entry.count("current_installs")?.unwrap_or(0);
        snippets::add_token(db, snippet_id, &text, max, current, now_ms)?;
    }
    Ok(())
}

/// Removes a snippet, as its owner could on the real site.
pub fn remove(server: &Server, canonical: &str) -> Outcome {
    if snippets::remove(&server.db(), canonical)? {
        Ok(json!({"removed": canonical}))
    } else {
        Err(ApiError::not_found(format!(
            "No snippet has the canonical {canonical:?}."
        )))
    }
}
