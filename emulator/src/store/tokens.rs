//! Access tokens: JWT-looking, with an expiry or without, revocable, at most ten living ones a user.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Value, json};

use crate::clock;
use crate::scope::Grants;

/// How many living tokens a user may have.
pub const MOST_PER_USER: i64 = 10;

/// An access token as stored.
#[derive(Debug, Clone)]
pub struct Token {
    pub id: i64,
    pub user_id: i64,
    pub token: String,
    pub name: String,
    pub grants: Grants,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
}

impl Token {
    /// Whether the token still opens doors.
    pub fn living(&self, now_ms: i64) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| at > now_ms)
    }

    /// As the control path shows it; the token text itself only when it was just made.
    pub fn to_json(&self, now_ms: i64, with_secret: bool) -> Value {
        let mut shown = json!({
            "id": self.id, "user_id": self.user_id, "name": self.name,
            "scopes": self.grants.to_json(),
            "created_at": clock::timestamptz(self.created_at),
            "expires_at": self.expires_at.map(clock::timestamptz),
            "revoked": self.revoked_at.is_some(),
            "living": self.living(now_ms),
        });
        if with_secret {
            shown["token"] = json!(self.token);
        }
        shown
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Token> {
    let scopes: String = row.get("scopes")?;
    let grants = serde_json::from_str(&scopes)
        .ok()
        .and_then(|value| Grants::parse(&value).ok());
    Ok(Token {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        token: row.get("token")?,
        name: row.get("name")?,
        grants: grants.unwrap_or_default(),
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        revoked_at: row.get("revoked_at")?,
    })
}

/// Makes the text of a token: three base64url parts, the middle one readable, the last one random
/// (nobody verifies it: the store is asked instead).
pub fn mint(user_id: i64, now_ms: i64, expires_at: Option<i64>) -> String {
    let header = json!({"alg": "RS256", "typ": "JWT"});
    let mut claims =
        json!({"xano": {"dbo": "emulator:user", "id": user_id}, "jti": super::uuid(), "iat": now_ms.div_euclid(1000)});
    if let Some(at) = expires_at {
        claims["exp"] = json!(at.div_euclid(1000));
    }
    let signature: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(64).collect();
    format!(
        "{}.{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string()),
        URL_SAFE_NO_PAD.encode(signature)
    )
}

/// Adds a token. `text` is given only by whoever wants to know it beforehand.
pub fn add(
    db: &Connection,
    user_id: i64,
    name: &str,
    grants: &Grants,
    text: Option<&str>,
    now_ms: i64,
    expires_at: Option<i64>,
) -> rusqlite::Result<Token> {
    let text = text.map_or_else(|| mint(user_id, now_ms, expires_at), str::to_owned);
    db.execute(
        "INSERT INTO token (user_id, token, name, scopes, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (user_id, &text, name, grants.to_json().to_string(), now_ms, expires_at),
    )?;
    Ok(Token {
        id: db.last_insert_rowid(),
        user_id,
        token: text,
        name: name.to_owned(),
        grants: grants.clone(),
        created_at: now_ms,
        expires_at,
        revoked_at: None,
    })
}

/// Finds a token by its text.
pub fn by_text(db: &Connection, text: &str) -> rusqlite::Result<Option<Token>> {
    db.prepare_cached("SELECT * FROM token WHERE token = ?1")?
        .query_row([text], from_row)
        .optional()
}

/// Finds a token by its id.
pub fn get(db: &Connection, id: i64) -> rusqlite::Result<Option<Token>> {
    db.query_row("SELECT * FROM token WHERE id = ?1", [id], from_row)
        .optional()
}

/// Every token, oldest first.
pub fn list(db: &Connection) -> rusqlite::Result<Vec<Token>> {
    db.prepare("SELECT * FROM token ORDER BY id")?
        .query_map([], from_row)?
        .collect()
}

/// How many living tokens a user has.
pub fn living(db: &Connection, user_id: i64, now_ms: i64) -> rusqlite::Result<i64> {
    db.query_row(
        "SELECT count(*) FROM token WHERE user_id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)",
        (user_id, now_ms),
        |row| row.get(0),
    )
}

/// Revokes a token at once.
pub fn revoke(db: &Connection, id: i64, now_ms: i64) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE token SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
        (id, now_ms),
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_token_reads_like_a_jwt() {
        let text = mint(7, 1_000_000, Some(2_000_000));
        let parts: Vec<_> = text.split('.').collect();
        assert_eq!(parts.len(), 3);
        let claims = URL_SAFE_NO_PAD.decode(parts[1]).expect("base64url");
        let claims: Value = serde_json::from_slice(&claims).expect("JSON");
        assert_eq!(claims["exp"], 2000);
        assert_eq!(claims["iat"], 1000);
    }

    #[test]
    fn a_token_without_expiry_has_no_exp_claim() {
        let text = mint(7, 1_000_000, None);
        let claims = URL_SAFE_NO_PAD
            .decode(text.split('.').nth(1).expect("middle"))
            .expect("base64url");
        assert!(!String::from_utf8(claims).expect("text").contains("exp"));
    }
}
