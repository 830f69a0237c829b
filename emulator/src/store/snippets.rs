//! Snippets, their install tokens, and the counting of installs.

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Value, json};

use crate::clock;

/// A snippet as stored.
#[derive(Debug, Clone, Default)]
pub struct Snippet {
    pub id: i64,
    pub user_id: i64,
    pub canonical: String,
    pub name: String,
    pub review: String,
    pub review_exception: String,
    /// `public`, `link` or `token`.
    pub install_access: String,
    pub install_access_description: String,
    pub featured: bool,
    pub verified: bool,
    pub installs: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Snippet {
    /// The documented answer; `installs` is the emulator's own and stays on the control path.
    pub fn to_json(&self) -> Value {
        json!({
            "canonical": self.canonical,
            "created_at": clock::timestamptz(self.created_at),
            "updated_at": clock::timestamptz(self.updated_at),
            "name": self.name,
            "review": self.review,
            "review_exception": self.review_exception,
            "install_access": self.install_access,
            "install_access_description": self.install_access_description,
            "featured": self.featured,
            "verified": self.verified,
        })
    }
}

/// An install token as stored.
#[derive(Debug, Clone)]
pub struct InstallToken {
    pub id: i64,
    pub token: String,
    pub max_installs: i64,
    pub current_installs: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

impl InstallToken {
    /// The documented answer.
    pub fn to_json(&self) -> Value {
        json!({
            "created_at": clock::timestamptz(self.created_at),
            "updated_at": clock::timestamptz(self.updated_at),
            "token": self.token,
            "max_installs": self.max_installs,
            "current_installs": self.current_installs,
        })
    }
}

fn snippet_from_row(row: &Row<'_>) -> rusqlite::Result<Snippet> {
    Ok(Snippet {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        canonical: row.get("canonical")?,
        name: row.get("name")?,
        review: row.get("review")?,
        review_exception: row.get("review_exception")?,
        install_access: row.get("install_access")?,
        install_access_description: row.get("install_access_description")?,
        featured: row.get("featured")?,
        verified: row.get("verified")?,
        installs: row.get("installs")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn token_from_row(row: &Row<'_>) -> rusqlite::Result<InstallToken> {
    Ok(InstallToken {
        id: row.get("id")?,
        token: row.get("token")?,
        max_installs: row.get("max_installs")?,
        current_installs: row.get("current_installs")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// Adds a snippet and returns its id.
pub fn add(db: &Connection, snippet: &Snippet) -> rusqlite::Result<i64> {
    db.prepare_cached(
        "INSERT INTO snippet (user_id, canonical, name, review, review_exception, install_access,
             install_access_description, featured, verified, installs, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute((
        snippet.user_id,
        &snippet.canonical,
        &snippet.name,
        &snippet.review,
        &snippet.review_exception,
        &snippet.install_access,
        &snippet.install_access_description,
        snippet.featured,
        snippet.verified,
        snippet.installs,
        snippet.created_at,
        snippet.updated_at,
    ))?;
    Ok(db.last_insert_rowid())
}

/// How many snippets a user has.
pub fn count(db: &Connection, user_id: i64) -> rusqlite::Result<i64> {
    db.query_row("SELECT count(*) FROM snippet WHERE user_id = ?1", [user_id], |row| {
        row.get(0)
    })
}

/// Some of a user's snippets in the order they were made.
pub fn page(db: &Connection, user_id: i64, offset: i64, limit: i64) -> rusqlite::Result<Vec<Snippet>> {
    db.prepare_cached("SELECT * FROM snippet WHERE user_id = ?1 ORDER BY id LIMIT ?3 OFFSET ?2")?
        .query_map((user_id, offset, limit), snippet_from_row)?
        .collect()
}

/// Every snippet of everybody.
pub fn all(db: &Connection) -> rusqlite::Result<Vec<Snippet>> {
    db.prepare("SELECT * FROM snippet ORDER BY id")?
        .query_map([], snippet_from_row)?
        .collect()
}

/// Finds a snippet by the last part of its public address.
pub fn by_canonical(db: &Connection, canonical: &str) -> rusqlite::Result<Option<Snippet>> {
    db.prepare_cached("SELECT * FROM snippet WHERE canonical = ?1")?
        .query_row([canonical], snippet_from_row)
        .optional()
}

/// Changes who may install a snippet.
pub fn set_access(db: &Connection, id: i64, access: &str, description: &str, now_ms: i64) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE snippet SET install_access = ?2, install_access_description = ?3, updated_at = ?4 WHERE id = ?1",
        (id, access, description, now_ms),
    )?;
    Ok(())
}

/// Removes a snippet with its install tokens.
pub fn remove(db: &Connection, canonical: &str) -> rusqlite::Result<bool> {
    Ok(db.execute("DELETE FROM snippet WHERE canonical = ?1", [canonical])? > 0)
}

/// The install tokens of a snippet, oldest first.
pub fn tokens(db: &Connection, snippet_id: i64) -> rusqlite::Result<Vec<InstallToken>> {
    db.prepare_cached("SELECT * FROM install_token WHERE snippet_id = ?1 ORDER BY id")?
        .query_map([snippet_id], token_from_row)?
        .collect()
}

/// One install token of a snippet.
pub fn token(db: &Connection, snippet_id: i64, token: &str) -> rusqlite::Result<Option<InstallToken>> {
    db.prepare_cached("SELECT * FROM install_token WHERE snippet_id = ?1 AND token = ?2")?
        .query_row((snippet_id, token), token_from_row)
        .optional()
}

/// Adds an install token and returns its text.
pub fn add_token(
    db: &Connection,
    snippet_id: i64,
    token: &str,
    max: i64,
    current: i64,
    now_ms: i64,
) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO install_token (snippet_id, token, max_installs, current_installs, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        (snippet_id, token, max, current, now_ms),
    )?;
    Ok(())
}

/// Changes both numbers of an install token.
pub fn set_token(db: &Connection, id: i64, max: i64, current: i64, now_ms: i64) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE install_token SET max_installs = ?2, current_installs = ?3, updated_at = ?4 WHERE id = ?1",
        (id, max, current, now_ms),
    )?;
    Ok(())
}

/// Removes an install token.
pub fn remove_token(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM install_token WHERE id = ?1", [id])?;
    Ok(())
}

/// Counts one install of a snippet.
pub fn count_install(db: &Connection, snippet_id: i64) -> rusqlite::Result<()> {
    db.execute("UPDATE snippet SET installs = installs + 1 WHERE id = ?1", [snippet_id])?;
    Ok(())
}
