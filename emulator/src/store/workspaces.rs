//! Workspaces with their branches and data sources.

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Value, json};

use super::documents;
use crate::clock;
use crate::data::Data;

/// The branch that every workspace is born with.
pub const FIRST_BRANCH: &str = "v1";
/// The data source that every workspace is born with.
pub const LIVE: &str = "live";
/// The colour of a data source when nothing is said.
pub const DEFAULT_COLOR: &str = "#ebc346";

/// A workspace as stored.
#[derive(Debug, Clone)]
pub struct Workspace {
    pub key: i64,
    pub instance_id: i64,
    pub id: i64,
    pub name: String,
    pub description: String,
    pub swagger: bool,
    pub require_token: bool,
    pub allow_push: bool,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Workspace {
    /// The documented fields, and those that clients read when they are there.
    pub fn to_json(&self, live_branch: &str) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "branch": live_branch,
            "created_at": clock::timestamptz(self.created_at),
            "updated_at": clock::timestamptz(self.updated_at),
            "swagger": self.swagger,
            "documentation": {"require_token": self.require_token},
            "preferences": {"allow_push": self.allow_push},
        })
    }
}

/// A branch as stored.
#[derive(Debug, Clone)]
pub struct Branch {
    pub id: i64,
    pub label: String,
    pub description: String,
    pub color: String,
    pub live: bool,
    pub backup: bool,
    pub created_at: i64,
}

impl Branch {
    /// The documented answer.
    pub fn to_json(&self) -> Value {
        json!({
            "created_at": clock::timestamptz(self.created_at),
            "label": self.label,
            "live": self.live,
            "backup": self.backup,
            "description": self.description,
            "color": self.color,
        })
    }
}

/// A data source as stored.
#[derive(Debug, Clone)]
pub struct DataSource {
    pub id: i64,
    pub label: String,
    pub color: String,
}

impl DataSource {
    /// The documented answer.
    pub fn to_json(&self) -> Value {
        json!({"color": self.color, "label": self.label})
    }
}

fn workspace_from_row(row: &Row<'_>) -> rusqlite::Result<Workspace> {
    Ok(Workspace {
        key: row.get("key")?,
        instance_id: row.get("instance_id")?,
        id: row.get("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        swagger: row.get("swagger")?,
        require_token: row.get("require_token")?,
        allow_push: row.get("allow_push")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn branch_from_row(row: &Row<'_>) -> rusqlite::Result<Branch> {
    Ok(Branch {
        id: row.get("id")?,
        label: row.get("label")?,
        description: row.get("description")?,
        color: row.get("color")?,
        live: row.get("live")?,
        backup: row.get("backup")?,
        created_at: row.get("created_at")?,
    })
}

fn source_from_row(row: &Row<'_>) -> rusqlite::Result<DataSource> {
    Ok(DataSource {
        id: row.get("id")?,
        label: row.get("label")?,
        color: row.get("color")?,
    })
}

/// The next id of a kind in an instance.
pub fn next_id(db: &Connection, instance_id: i64, kind: &str) -> rusqlite::Result<i64> {
    db.prepare_cached(
        "INSERT INTO sequence (instance_id, kind, last) VALUES (?1, ?2, 1)
         ON CONFLICT (instance_id, kind) DO UPDATE SET last = last + 1 RETURNING last",
    )?
    .query_row((instance_id, kind), |row| row.get(0))
}

/// Makes a workspace with its first branch and data source.
pub fn add(
    db: &Connection,
    instance_id: i64,
    name: &str,
    description: &str,
    now_ms: i64,
) -> rusqlite::Result<Workspace> {
    let id = next_id(db, instance_id, "workspace")?;
    db.execute(
        "INSERT INTO workspace (instance_id, id, name, description, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        (instance_id, id, name, description, now_ms),
    )?;
    let key = db.last_insert_rowid();
    add_branch(db, key, FIRST_BRANCH, "", "", now_ms)?;
    db.execute("UPDATE branch SET live = 1 WHERE workspace_key = ?1", [key])?;
    db.execute(
        "INSERT INTO datasource (workspace_key, label, color) VALUES (?1, ?2, ?3)",
        (key, LIVE, DEFAULT_COLOR),
    )?;
    db.query_row("SELECT * FROM workspace WHERE key = ?1", [key], workspace_from_row)
}

/// The workspaces of an instance, oldest first.
pub fn list(db: &Connection, instance_id: i64) -> rusqlite::Result<Vec<Workspace>> {
    db.prepare_cached("SELECT * FROM workspace WHERE instance_id = ?1 ORDER BY id")?
        .query_map([instance_id], workspace_from_row)?
        .collect()
}

/// One workspace of an instance.
pub fn get(db: &Connection, instance_id: i64, id: i64) -> rusqlite::Result<Option<Workspace>> {
    db.prepare_cached("SELECT * FROM workspace WHERE instance_id = ?1 AND id = ?2")?
        .query_row((instance_id, id), workspace_from_row)
        .optional()
}

/// Writes a changed workspace back.
pub fn save(db: &Connection, workspace: &Workspace, now_ms: i64) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE workspace SET name = ?2, description = ?3, swagger = ?4, require_token = ?5, allow_push = ?6, updated_at = ?7
         WHERE key = ?1",
        (
            workspace.key,
            &workspace.name,
            &workspace.description,
            workspace.swagger,
            workspace.require_token,
            workspace.allow_push,
            now_ms,
        ),
    )?;
    Ok(())
}

/// Removes a workspace and everything in it, records included.
pub fn remove(db: &Connection, workspace: &Workspace) -> rusqlite::Result<()> {
    Data::new(db, 0).delete_workspace(workspace.key)?;
    documents::remove_place(db, workspace.instance_id, &format!("workspace/{}", workspace.key))?;
    db.execute("DELETE FROM workspace WHERE key = ?1", [workspace.key])?;
    Ok(())
}

/// The branches of a workspace, oldest first.
pub fn branches(db: &Connection, workspace_key: i64) -> rusqlite::Result<Vec<Branch>> {
    db.prepare_cached("SELECT * FROM branch WHERE workspace_key = ?1 ORDER BY id")?
        .query_map([workspace_key], branch_from_row)?
        .collect()
}

/// A branch by label; empty means the live one.
pub fn branch(db: &Connection, workspace_key: i64, label: &str) -> rusqlite::Result<Option<Branch>> {
    db.prepare_cached("SELECT * FROM branch WHERE workspace_key = ?1 AND (label = ?2 OR (?2 = '' AND live))")?
        .query_row((workspace_key, label), branch_from_row)
        .optional()
}

/// Adds an empty branch.
pub fn add_branch(
    db: &Connection,
    workspace_key: i64,
    label: &str,
    description: &str,
    color: &str,
    now_ms: i64,
) -> rusqlite::Result<i64> {
    db.execute(
        "INSERT INTO branch (workspace_key, label, description, color, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        (workspace_key, label, description, color, now_ms),
    )?;
    Ok(db.last_insert_rowid())
}

/// Writes a changed branch back.
pub fn save_branch(db: &Connection, branch: &Branch, now_ms: i64) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE branch SET label = ?2, description = ?3, color = ?4, updated_at = ?5 WHERE id = ?1",
        (branch.id, &branch.label, &branch.description, &branch.color, now_ms),
    )?;
    Ok(())
}

/// Makes a branch the live one.
pub fn set_live(db: &Connection, workspace_key: i64, branch_id: i64) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE branch SET live = (id = ?2) WHERE workspace_key = ?1",
        (workspace_key, branch_id),
    )?;
    Ok(())
}

/// Removes a branch with the logic in it.
pub fn remove_branch(db: &Connection, branch_id: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM branch WHERE id = ?1", [branch_id])?;
    Ok(())
}

/// The data sources of a workspace, `live` first.
pub fn sources(db: &Connection, workspace_key: i64) -> rusqlite::Result<Vec<DataSource>> {
    db.prepare_cached("SELECT * FROM datasource WHERE workspace_key = ?1 ORDER BY id")?
        .query_map([workspace_key], source_from_row)?
        .collect()
}

/// A data source by label.
pub fn source(db: &Connection, workspace_key: i64, label: &str) -> rusqlite::Result<Option<DataSource>> {
    db.prepare_cached("SELECT * FROM datasource WHERE workspace_key = ?1 AND label = ?2")?
        .query_row((workspace_key, label), source_from_row)
        .optional()
}

/// Adds a data source; its records find their place when the first one comes.
pub fn add_source(db: &Connection, workspace_key: i64, label: &str, color: &str) -> rusqlite::Result<DataSource> {
    db.execute(
        "INSERT INTO datasource (workspace_key, label, color) VALUES (?1, ?2, ?3)",
        (workspace_key, label, color),
    )?;
    Ok(DataSource {
        id: db.last_insert_rowid(),
        label: label.to_owned(),
        color: color.to_owned(),
    })
}

/// Changes the colour of a data source.
pub fn paint_source(db: &Connection, id: i64, color: &str) -> rusqlite::Result<()> {
    db.execute("UPDATE datasource SET color = ?2 WHERE id = ?1", (id, color))?;
    Ok(())
}

/// Removes a data source with its records.
pub fn remove_source(db: &Connection, workspace_key: i64, source: &DataSource) -> rusqlite::Result<()> {
    Data::new(db, 0).delete_data_source(workspace_key, &source.label)?;
    db.execute("DELETE FROM datasource WHERE id = ?1", [source.id])?;
    Ok(())
}
