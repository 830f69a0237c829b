//! Users: who a token belongs to.

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Value, json};

use crate::options::ExtrasForm;

/// A user of the account.
#[derive(Debug, Clone)]
pub struct User {
    pub id: i64,
    pub name: String,
    pub email: String,
    pub extras: ExtrasForm,
    /// Documentation types the id as text; real answers carry a number. Both occur, so both can be had.
    pub id_as_text: bool,
    pub created_at: i64,
}

impl User {
    /// The id in the form this user shows.
    pub fn shown_id(&self) -> Value {
        if self.id_as_text {
            json!(self.id.to_string())
        } else {
            json!(self.id)
        }
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<User> {
    let extras: String = row.get("extras")?;
    let id_form: String = row.get("id_form")?;
    Ok(User {
        id: row.get("id")?,
        name: row.get("name")?,
        email: row.get("email")?,
        extras: if extras == "text" {
            ExtrasForm::Text
        } else {
            ExtrasForm::Object
        },
        id_as_text: id_form == "text",
        created_at: row.get("created_at")?,
    })
}

/// Adds a user and returns its id.
pub fn add(
    db: &Connection,
    name: &str,
    email: &str,
    extras: ExtrasForm,
    id_as_text: bool,
    now_ms: i64,
) -> rusqlite::Result<i64> {
    let extras = if extras == ExtrasForm::Text { "text" } else { "object" };
    let id_form = if id_as_text { "text" } else { "number" };
    db.execute(
        "INSERT INTO user (name, email, extras, id_form, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        (name, email, extras, id_form, now_ms),
    )?;
    Ok(db.last_insert_rowid())
}

/// Finds a user by id.
pub fn get(db: &Connection, id: i64) -> rusqlite::Result<Option<User>> {
    db.prepare_cached("SELECT * FROM user WHERE id = ?1")?
        .query_row([id], from_row)
        .optional()
}

/// Finds a user by e-mail address.
pub fn by_email(db: &Connection, email: &str) -> rusqlite::Result<Option<User>> {
    db.query_row("SELECT * FROM user WHERE email = ?1", [email], from_row)
        .optional()
}

/// The user that was made first; owns whatever the control path makes without naming a user.
pub fn first(db: &Connection) -> rusqlite::Result<Option<User>> {
    db.query_row("SELECT * FROM user ORDER BY id LIMIT 1", [], from_row)
        .optional()
}
