//! Request history: the requests that reached a workspace, the newest ten thousand of each instance.

use rusqlite::Connection;
use serde_json::{Value, json};

/// How many requests are kept.
const KEPT: i64 = 10_000;

/// Writes a request down.
pub fn add(db: &Connection, instance_id: i64, workspace_id: i64, body: &Value) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO history (instance_id, workspace_id, body) VALUES (?1, ?2, ?3)")?
        .execute((instance_id, workspace_id, body.to_string()))?;
    db.prepare_cached("DELETE FROM history WHERE id <= ?1")?
        .execute([db.last_insert_rowid() - KEPT])?;
    Ok(())
}

/// The requests of a workspace, newest first.
pub fn list(db: &Connection, instance_id: i64, workspace_id: i64) -> rusqlite::Result<Vec<Value>> {
    db.prepare_cached("SELECT id, body FROM history WHERE instance_id = ?1 AND workspace_id = ?2 ORDER BY id DESC")?
        .query_map((instance_id, workspace_id), |row| {
            let body: String = row.get("body")?;
            let mut entry: Value = serde_json::from_str(&body).unwrap_or_default();
            entry["id"] = json!(row.get::<_, i64>("id")?);
            Ok(entry)
        })?
        .collect()
}
