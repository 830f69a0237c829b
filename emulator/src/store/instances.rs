//! Instances of the account, and who may see them.

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Map, Value, json};

use super::workspaces;
use crate::clock;
use crate::limit::{RateLimit, RetryAfter};

/// An instance as stored.
#[derive(Debug, Clone)]
pub struct Instance {
    pub id: i64,
    pub name: String,
    pub display: String,
    pub custom_domain: String,
    /// Port of its own origin; 0 until it listens for the first time.
    pub port: u16,
    /// What the account API says about a limit, true or not.
    pub rate_limit: bool,
    /// The limit that is really applied.
    pub limit: Option<RateLimit>,
    pub plan: String,
    pub status: String,
    /// Fields that nobody documented, merged into answers: clients must cope with those.
    pub extra: Map<String, Value>,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Default for Instance {
    fn default() -> Self {
        Self {
            id: 0,
            name: String::new(),
            display: String::new(),
            custom_domain: String::new(),
            port: 0,
            rate_limit: false,
            limit: None,
            plan: "launch".to_owned(),
            status: "active".to_owned(),
            extra: Map::new(),
            created_at: 0,
            updated_at: 0,
        }
    }
}

impl Instance {
    /// The answer of `GET /instance/{name}`: the reference's fields, the guide's, then the extra ones.
    pub fn to_json(&self, host: &str) -> Value {
        let domain = format!("{host}:{}", self.port);
        let swagger = format!("http://{domain}/apispec:meta?type=json");
        let mut shown = json!({
            "name": self.name,
            "display": self.display,
            "xano_domain": domain,
            "custom_domain": self.custom_domain,
            "rate_limit": self.rate_limit,
            "meta_api": format!("http://{domain}/api:meta"),
            "meta_swagger": swagger,
            "id": self.id,
            "domain": domain,
            "swagger_spec": swagger,
            "created_at": clock::timestamptz(self.created_at),
            "updated_at": clock::timestamptz(self.updated_at),
            "plan": self.plan,
            "status": self.status,
        });
        if let Value::Object(fields) = &mut shown {
            fields.extend(self.extra.clone());
        }
        shown
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Instance> {
    let requests: Option<u32> = row.get("limit_requests")?;
    let per: Option<f64> = row.get("limit_per")?;
    let retry_after: String = row.get("retry_after")?;
    let extra: String = row.get("extra")?;
    Ok(Instance {
        id: row.get("id")?,
        name: row.get("name")?,
        display: row.get("display")?,
        custom_domain: row.get("custom_domain")?,
        port: row.get("port")?,
        rate_limit: row.get("rate_limit")?,
        limit: requests.zip(per).map(|(requests, per)| RateLimit {
            requests,
            per,
            retry_after: RetryAfter::parse(&retry_after).unwrap_or_default(),
        }),
        plan: row.get("plan")?,
        status: row.get("status")?,
        extra: serde_json::from_str(&extra).unwrap_or_default(),
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// Adds an instance with one workspace, owned by `user_id`, and returns its id.
pub fn add(db: &Connection, instance: &Instance, user_id: i64) -> rusqlite::Result<i64> {
    db.execute(
        "INSERT INTO instance (name, display, custom_domain, port, rate_limit, plan, status, extra, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        (
            &instance.name,
            &instance.display,
            &instance.custom_domain,
            instance.port,
            instance.rate_limit,
            &instance.plan,
            &instance.status,
            Value::Object(instance.extra.clone()).to_string(),
            instance.created_at,
            instance.updated_at,
        ),
    )?;
    let id = db.last_insert_rowid();
    set_limit(db, &instance.name, instance.limit, instance.rate_limit)?;
    join(db, user_id, id, "owner")?;
    workspaces::add(db, id, "Main", "", instance.created_at)?;
    Ok(id)
}

/// Links a user to an instance.
pub fn join(db: &Connection, user_id: i64, instance_id: i64, role: &str) -> rusqlite::Result<()> {
    db.execute(
        "INSERT OR REPLACE INTO member (user_id, instance_id, role) VALUES (?1, ?2, ?3)",
        (user_id, instance_id, role),
    )?;
    Ok(())
}

/// Keeps the limit that is applied and the flag that is shown.
pub fn set_limit(db: &Connection, name: &str, limit: Option<RateLimit>, flag: bool) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE instance SET rate_limit = ?2, limit_requests = ?3, limit_per = ?4, retry_after = ?5 WHERE name = ?1",
        (
            name,
            flag,
            limit.map(|l| l.requests),
            limit.map(|l| l.per),
            limit.map_or("none", |l| l.retry_after.name()),
        ),
    )?;
    Ok(())
}

/// Keeps the port an instance listens on.
pub fn set_port(db: &Connection, id: i64, port: u16) -> rusqlite::Result<()> {
    db.execute("UPDATE instance SET port = ?2 WHERE id = ?1", (id, port))?;
    Ok(())
}

/// Removes an instance; its contents go first, see `remove_contents`.
pub fn remove(db: &Connection, name: &str) -> rusqlite::Result<()> {
    db.execute("DELETE FROM instance WHERE name = ?1", [name])?;
    Ok(())
}

/// Every instance, oldest first.
pub fn list(db: &Connection) -> rusqlite::Result<Vec<Instance>> {
    db.prepare("SELECT * FROM instance ORDER BY id")?
        .query_map([], from_row)?
        .collect()
}

/// Finds an instance by name, whoever owns it.
pub fn by_name(db: &Connection, name: &str) -> rusqlite::Result<Option<Instance>> {
    db.prepare_cached("SELECT * FROM instance WHERE name = ?1")?
        .query_row([name], from_row)
        .optional()
}

/// The instances a user is linked to, with the role in each.
pub fn of_user(db: &Connection, user_id: i64) -> rusqlite::Result<Vec<(Instance, String)>> {
    db.prepare_cached(
        "SELECT instance.*, member.role FROM instance JOIN member ON member.instance_id = instance.id
         WHERE member.user_id = ?1 ORDER BY instance.id",
    )?
    .query_map([user_id], |row| Ok((from_row(row)?, row.get("role")?)))?
    .collect()
}

/// A user's role in an instance; none when it is not theirs.
pub fn role(db: &Connection, user_id: i64, instance_id: i64) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT role FROM member WHERE user_id = ?1 AND instance_id = ?2")?
        .query_row((user_id, instance_id), |row| row.get(0))
        .optional()
}
