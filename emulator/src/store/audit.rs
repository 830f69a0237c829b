//! The audit log: every change on an instance, who made it, and to what.

use rusqlite::{Connection, Row};
use serde_json::{Value, json};

use super::users::{self, User};
use super::workspaces::Workspace;
use crate::clock;

/// What is written down about a change.
pub struct Change<'a> {
    /// A word such as `table.create`.
    pub kind: &'a str,
    /// A sentence.
    pub message: String,
    /// The kind of object that changed.
    pub object: &'a str,
    /// Its id.
    pub object_id: i64,
    /// Details, shown when asked for.
    pub data: Value,
}

/// Writes a change down.
pub fn add(
    db: &Connection,
    instance_id: i64,
    workspace: Option<&Workspace>,
    user: &User,
    change: &Change<'_>,
    now_ms: i64,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO audit (instance_id, workspace_key, type, msg, data, object_type, object_id, user_id, workspace_id, workspace, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute((
        instance_id,
        workspace.map(|w| w.key),
        change.kind,
        &change.message,
        change.data.to_string(),
        change.object,
        change.object_id,
        user.id,
        workspace.map_or(0, |w| w.id),
        workspace.map_or("", |w| &w.name),
        now_ms,
    ))?;
    Ok(())
}

/// The log, newest first; of one workspace, or of the whole instance.
pub fn list(db: &Connection, instance_id: i64, workspace_key: Option<i64>) -> rusqlite::Result<Vec<Value>> {
    db.prepare_cached(
        "SELECT * FROM audit WHERE instance_id = ?1 AND (?2 IS NULL OR workspace_key = ?2) ORDER BY id DESC",
    )?
    .query_map((instance_id, workspace_key), |row| entry(db, row))?
    .collect()
}

fn entry(db: &Connection, row: &Row<'_>) -> rusqlite::Result<Value> {
    let created = clock::timestamptz(row.get("created_at")?);
    let user_id: i64 = row.get("user_id")?;
    let workspace_id: i64 = row.get("workspace_id")?;
    let workspace: String = row.get("workspace")?;
    let data: String = row.get("data")?;
    let data: Value = serde_json::from_str(&data).unwrap_or_default();
    Ok(json!({
        "id": row.get::<_, i64>("id")?,
        "created_at": created,
        "updated_at": created,
        "type": row.get::<_, String>("type")?,
        "msg": row.get::<_, String>("msg")?,
        "label": [],
        "data": data,
        "obj": {"type": row.get::<_, String>("object_type")?, "id": row.get::<_, i64>("object_id")?},
        "user": {"id": user_id, "email": users::get(db, user_id)?.map(|user| user.email)},
        "workspace": if workspace_id > 0 { json!({"id": workspace_id, "name": workspace}) } else { Value::Null },
        "branch": Value::Null,
    }))
}
