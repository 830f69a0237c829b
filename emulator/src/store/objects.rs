//! Stored objects: functions, endpoints, tasks, triggers and their like. They are all the same to the
//! emulator: a name, a script that nobody runs, and a few fields that depend on the family.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Map, Value};

use super::workspaces::next_id;

/// An object as stored.
#[derive(Debug, Clone, Default)]
pub struct Object {
    pub key: i64,
    pub workspace_key: i64,
    pub instance_id: i64,
    pub kind: String,
    pub id: i64,
    /// None for families that branches do not version.
    pub branch_id: Option<i64>,
    /// The API group of an endpoint.
    pub parent_key: Option<i64>,
    pub name: String,
    pub guid: String,
    /// None when it was made from fields.
    pub script: Option<String>,
    /// A change that is not published yet: a script, or fields as JSON.
    pub draft: Option<String>,
    pub fields: Map<String, Value>,
    pub created_at: i64,
    pub updated_at: i64,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Object> {
    let fields: String = row.get("fields")?;
    Ok(Object {
        key: row.get("key")?,
        workspace_key: row.get("workspace_key")?,
        instance_id: row.get("instance_id")?,
        kind: row.get("kind")?,
        id: row.get("id")?,
        branch_id: row.get("branch_id")?,
        parent_key: row.get("parent_key")?,
        name: row.get("name")?,
        guid: row.get("guid")?,
        script: row.get("script")?,
        draft: row.get("draft")?,
        fields: serde_json::from_str(&fields).unwrap_or_default(),
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// Adds an object; `key` and `id` are given here.
pub fn add(db: &Connection, object: &mut Object) -> rusqlite::Result<()> {
    object.id = next_id(db, object.instance_id, &object.kind)?;
    db.prepare_cached(
        "INSERT INTO object (workspace_key, instance_id, kind, id, branch_id, parent_key, name, guid, script, draft, fields, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute((
        object.workspace_key,
        object.instance_id,
        &object.kind,
        object.id,
        object.branch_id,
        object.parent_key,
        &object.name,
        &object.guid,
        &object.script,
        &object.draft,
        Value::Object(object.fields.clone()).to_string(),
        object.created_at,
        object.updated_at,
    ))?;
    object.key = db.last_insert_rowid();
    Ok(())
}

/// Writes a changed object back.
pub fn save(db: &Connection, object: &Object) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE object SET name = ?2, guid = ?3, script = ?4, draft = ?5, fields = ?6, updated_at = ?7 WHERE key = ?1",
    )?
    .execute((
        object.key,
        &object.name,
        &object.guid,
        &object.script,
        &object.draft,
        Value::Object(object.fields.clone()).to_string(),
        object.updated_at,
    ))?;
    Ok(())
}

/// Removes an object, and those that belong to it.
pub fn remove(db: &Connection, key: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM object WHERE key = ?1", [key])?;
    Ok(())
}

/// One object of a family.
pub fn get(db: &Connection, workspace_key: i64, kind: &str, id: i64) -> rusqlite::Result<Option<Object>> {
    db.prepare_cached("SELECT * FROM object WHERE workspace_key = ?1 AND kind = ?2 AND id = ?3")?
        .query_row((workspace_key, kind, id), from_row)
        .optional()
}

/// The objects of a family in a branch (or in none) and below a parent (or below none), oldest first.
pub fn list(
    db: &Connection,
    workspace_key: i64,
    kind: &str,
    branch_id: Option<i64>,
    parent_key: Option<i64>,
) -> rusqlite::Result<Vec<Object>> {
    db.prepare_cached(
        "SELECT * FROM object WHERE workspace_key = ?1 AND kind = ?2 AND branch_id IS ?3 AND parent_key IS ?4 ORDER BY id",
    )?
    .query_map((workspace_key, kind, branch_id, parent_key), from_row)?
    .collect()
}

/// Everything of a branch, whatever its family; parents come before their children.
pub fn of_branch(db: &Connection, branch_id: i64) -> rusqlite::Result<Vec<Object>> {
    db.prepare_cached("SELECT * FROM object WHERE branch_id = ?1 ORDER BY key")?
        .query_map([branch_id], from_row)?
        .collect()
}

/// Everything of a workspace, in every branch and in none; parents come before their children.
pub fn of_workspace(db: &Connection, workspace_key: i64) -> rusqlite::Result<Vec<Object>> {
    db.prepare_cached("SELECT * FROM object WHERE workspace_key = ?1 ORDER BY key")?
        .query_map([workspace_key], from_row)?
        .collect()
}

/// Removes everything of a workspace.
pub fn remove_all(db: &Connection, workspace_key: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM object WHERE workspace_key = ?1", [workspace_key])?;
    Ok(())
}

/// Copies everything of a branch into another one: new ids, the same GUIDs.
pub fn clone_branch(db: &Connection, from: i64, to: i64) -> rusqlite::Result<()> {
    let mut keys = HashMap::new();
    for mut object in of_branch(db, from)? {
        let old = object.key;
        object.branch_id = Some(to);
        object.parent_key = object.parent_key.and_then(|key| keys.get(&key).copied());
        add(db, &mut object)?;
        keys.insert(old, object.key);
    }
    Ok(())
}
