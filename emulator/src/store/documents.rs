//! Documents: things that are kept as JSON, some with content, at a place of an instance.
//!
//! A place is `workspace/KEY` or something below it, or empty for what belongs to the instance.

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;

use super::workspaces::next_id;

/// A document as stored, without its content.
#[derive(Debug, Clone, Default)]
pub struct Document {
    pub key: i64,
    pub instance_id: i64,
    pub place: String,
    pub kind: String,
    pub id: i64,
    pub name: String,
    pub body: Value,
    pub created_at: i64,
    pub updated_at: i64,
}

/// Everything but the content, which may be large.
const COLUMNS: &str = "key, instance_id, place, kind, id, name, body, created_at, updated_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Document> {
    let body: String = row.get("body")?;
    Ok(Document {
        key: row.get("key")?,
        instance_id: row.get("instance_id")?,
        place: row.get("place")?,
        kind: row.get("kind")?,
        id: row.get("id")?,
        name: row.get("name")?,
        body: serde_json::from_str(&body).unwrap_or_default(),
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// Adds a document; `key` and `id` are given here.
pub fn add(db: &Connection, document: &mut Document, content: Option<&[u8]>) -> rusqlite::Result<()> {
    document.id = next_id(db, document.instance_id, &document.kind)?;
    document.updated_at = document.created_at;
    db.execute(
        "INSERT INTO document (instance_id, place, kind, id, name, body, content, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
        (
            document.instance_id,
            &document.place,
            &document.kind,
            document.id,
            &document.name,
            document.body.to_string(),
            content,
            document.created_at,
        ),
    )?;
    document.key = db.last_insert_rowid();
    Ok(())
}

/// Writes a changed document back; its content stays.
pub fn save(db: &Connection, document: &Document) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE document SET name = ?2, body = ?3, updated_at = ?4 WHERE key = ?1",
        (
            document.key,
            &document.name,
            document.body.to_string(),
            document.updated_at,
        ),
    )?;
    Ok(())
}

/// Removes a document.
pub fn remove(db: &Connection, key: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM document WHERE key = ?1", [key])?;
    Ok(())
}

/// Removes everything at a place and below it.
pub fn remove_place(db: &Connection, instance_id: i64, place: &str) -> rusqlite::Result<()> {
    db.execute(
        "DELETE FROM document WHERE instance_id = ?1 AND (place = ?2 OR substr(place, 1, length(?2) + 1) = ?2 || '/')",
        (instance_id, place),
    )?;
    Ok(())
}

/// The documents of a kind at a place, oldest first.
pub fn list(db: &Connection, instance_id: i64, place: &str, kind: &str) -> rusqlite::Result<Vec<Document>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM document WHERE instance_id = ?1 AND place = ?2 AND kind = ?3 ORDER BY id"
    ))?
    .query_map((instance_id, place, kind), from_row)?
    .collect()
}

/// One document of a kind at a place.
pub fn get(db: &Connection, instance_id: i64, place: &str, kind: &str, id: i64) -> rusqlite::Result<Option<Document>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM document WHERE instance_id = ?1 AND place = ?2 AND kind = ?3 AND id = ?4"
    ))?
    .query_row((instance_id, place, kind, id), from_row)
    .optional()
}
/// A document by name.
pub fn by_name(
    db: &Connection,
    instance_id: i64,
    place: &str,
    kind: &str,
    name: &str,
) -> rusqlite::Result<Option<Document>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM document WHERE instance_id = ?1 AND place = ?2 AND kind = ?3 AND name = ?4 ORDER BY id"
    ))?
    .query_row((instance_id, place, kind, name), from_row)
    .optional()
}

/// The content of a document.
pub fn content(db: &Connection, key: i64) -> rusqlite::Result<Vec<u8>> {
    let content: Option<Vec<u8>> =
        db.query_row("SELECT content FROM document WHERE key = ?1", [key], |row| row.get(0))?;
    Ok(content.unwrap_or_default())
}
