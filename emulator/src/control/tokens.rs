//! Users and their access tokens: the token screen of the real service.

use serde_json::{Value, json};

use super::body::Fields;
use super::{Outcome, Server};
use crate::clock;
use crate::error::ApiError;
use crate::options::ExtrasForm;
use crate::scope::Grants;
use crate::store::tokens::{self, MOST_PER_USER, Token};
use crate::store::users::{self, User};

/// Life of a token when nothing is said, in seconds: seven days, as on the token screen.
const DEFAULT_LIFE: f64 = 7.0 * 86_400.0;

/// Everybody.
pub fn users(server: &Server) -> Outcome {
    let db = server.db();
    let mut shown = Vec::new();
    let mut id = 0;
    while let Some(user) = next_user(&db, id)? {
        id = user.id;
        shown.push(user_json(&user));
    }
    Ok(json!({"users": shown}))
}

fn next_user(db: &rusqlite::Connection, after: i64) -> rusqlite::Result<Option<User>> {
    use rusqlite::OptionalExtension as _;
    let next: Option<i64> = db
        .query_row(
            "SELECT id FROM user WHERE id > ?1 ORDER BY id LIMIT 1",
            [after],
            |row| row.get(0),
        )
        .optional()?;
    next.map_or(Ok(None), |id| users::get(db, id))
}

fn user_json(user: &User) -> Value {
    json!({
        "id": user.id, "name": user.name, "email": user.email,
        "extras": if user.extras == ExtrasForm::Text { "text" } else { "object" },
        "id_form": if user.id_as_text { "text" } else { "number" },
        "created_at": clock::timestamptz(user.created_at),
    })
}

/// Adds a user, who has no token and no instance yet.
pub fn add_user(server: &Server, fields: &Fields) -> Outcome {
    fields.only(&["name", "email", "extras", "id_form"])?;
    let word = |name: &str, first: &str| -> Result<bool, ApiError> {
        match fields.text(name)? {
            Some("text") => Ok(true),
            None => Ok(false),
            Some(word) if word == first => Ok(false),
            Some(_) => Err(ApiError::input(name, format!("{name} must be {first} or text."))),
        }
    };
    let extras = if word("extras", "object")? {
        ExtrasForm::Text
    } else {
        ExtrasForm::Object
    };
    let id_as_text = word("id_form", "number")?;
    let name = fields.text("name")?.unwrap_or("Sam Example");
    let email = fields.text("email")?.unwrap_or("sam@example.com");
    let db = server.db();
    if users::by_email(&db, email)?.is_some() {
        return Err(ApiError::conflict(format!(
            "There is a user with the address {email:?} already."
        )));
    }
    let id = users::add(&db, name, email, extras, id_as_text, server.clock.now_ms())?;
    let user = users::get(&db, id)?.ok_or_else(|| ApiError::fatal("The new user cannot be read back."))?;
    Ok(user_json(&user))
}

/// Every token, without its text.
pub fn list(server: &Server) -> Outcome {
    let now_ms = server.clock.now_ms();
    let all = tokens::list(&server.db())?;
    Ok(json!({"tokens": all.iter().map(|token| token.to_json(now_ms, false)).collect::<Vec<_>>()}))
}

/// Makes a token and shows it, this once.
pub fn create(server: &Server, fields: &Fields) -> Outcome {
    fields.only(&["user", "name", "scopes", "expires_in", "expired", "token"])?;
    let now_ms = server.clock.now_ms();
    let scopes = fields.raw("scopes").unwrap_or(&Value::Null);
    let grants = Grants::parse(scopes).map_err(|reason| ApiError::input("scopes", reason))?;
    let expires_at = if fields.flag("expired")?.unwrap_or(false) {
        Some(now_ms - 3_600_000)
    } else if fields.raw("expires_in").is_some_and(Value::is_null) {
        None
    } else {
        #[allow(clippy::cast_possible_truncation)]
        let life = (fields.number("expires_in")?.unwrap_or(DEFAULT_LIFE) * 1000.0) as i64;
        Some(now_ms.saturating_add(life))
    };
    let text = fields.text("token")?;
    let mut db = server.db();
    let db = db.transaction()?;
    let user = fields.user(&db)?;
    if let Some(text) = text
        && tokens::by_text(&db, text)?.is_some()
    {
        return Err(ApiError::conflict("There is a token with this text already."));
    }
    if tokens::living(&db, user.id, now_ms)? >= MOST_PER_USER {
        return Err(ApiError::bad_request(format!(
            "A user has at most {MOST_PER_USER} tokens; revoke one of those of {:?} first.",
            user.email
        )));
    }
    let name = fields.text("name")?.unwrap_or("token");
    let token = tokens::add(&db, user.id, name, &grants, text, now_ms, expires_at)?;
    db.commit()?;
    Ok(token.to_json(now_ms, true))
}

/// Revokes the token with this id.
pub fn revoke(server: &Server, id: &str) -> Outcome {
    let found = id
        .parse()
        .ok()
        .map(|id| tokens::get(&server.db(), id))
        .transpose()?
        .flatten();
    end(server, found)
}

/// Revokes the token with this text or id, given in the body because a token has no place in a path.
pub fn revoke_named(server: &Server, fields: &Fields) -> Outcome {
    fields.only(&["token", "id"])?;
    let found = match fields.text("token")? {
        Some(text) => tokens::by_text(&server.db(), text)?,
        None => match fields.count("id")? {
            Some(id) => tokens::get(&server.db(), id)?,
            None => return Err(ApiError::input("token", "Missing param: token (or id)")),
        },
    };
    end(server, found)
}

fn end(server: &Server, found: Option<Token>) -> Outcome {
    let token = found.ok_or_else(|| ApiError::not_found("No such token; GET /_emulator/tokens lists them by id."))?;
    let now_ms = server.clock.now_ms();
    let db = server.db();
    tokens::revoke(&db, token.id, now_ms)?;
    let token = tokens::get(&db, token.id)?.ok_or_else(|| ApiError::not_found("The token is gone."))?;
    Ok(token.to_json(now_ms, false))
}
