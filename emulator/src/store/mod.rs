//! The emulator's state: one SQLite database, in memory or in a file.
//!
//! Every operation runs inside one transaction (see `api::run`), so a refused or crashed call
//! leaves nothing half done. Times are milliseconds since 1970 in UTC; they become text only in
//! answers. With a file the database is in WAL mode and can be opened with plain `sqlite3` while
//! the emulator runs.

pub mod audit;
pub mod documents;
pub mod history;
pub mod instances;
pub mod objects;
pub mod snippets;
pub mod tokens;
pub mod users;
pub mod workspaces;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

const SCHEMAS: [&str; 3] = [
    include_str!("account.sql"),
    include_str!("instance.sql"),
    crate::data::CATALOGUE,
];

/// Opens the database and brings its schema up to date.
pub fn open(file: Option<&Path>) -> rusqlite::Result<Connection> {
    let db = match file {
        Some(path) => Connection::open(path)?,
        None => Connection::open_in_memory()?,
    };
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    db.set_prepared_statement_cache_capacity(256);
    for schema in SCHEMAS {
        db.execute_batch(schema)?;
    }
    Ok(db)
}

/// Empties every table, keeping the schema; record tables go with the tables they belong to.
pub fn clear(db: &Connection) -> rusqlite::Result<()> {
    for instance in instances::list(db)? {
        remove_contents(db, instance.id)?;
    }
    for table in [
        "install_token",
        "snippet",
        "member",
        "token",
        "instance",
        "user",
        "setting",
    ] {
        db.execute(&format!("DELETE FROM {table}"), [])?;
    }
    Ok(())
}

/// Removes the workspaces of an instance.
pub fn remove_contents(db: &Connection, instance_id: i64) -> rusqlite::Result<()> {
    for workspace in workspaces::list(db, instance_id)? {
        workspaces::remove(db, &workspace)?;
    }
    Ok(())
}

/// A setting of the emulator itself, such as the account port.
pub fn setting(db: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    db.query_row("SELECT value FROM setting WHERE name = ?1", [name], |row| row.get(0))
        .optional()
}

/// Keeps a setting.
pub fn set_setting(db: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO setting (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [name, value],
    )?;
    Ok(())
}

/// `length` characters that are safe in a URL.
pub fn random_text(length: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    (0..length)
        .map(|_| char::from(ALPHABET[fastrand::usize(..ALPHABET.len())]))
        .collect()
}

/// A version 4 UUID, the form of GUIDs and install tokens.
pub fn uuid() -> String {
    let bits = (fastrand::u128(..) & !(0xf << 76) & !(0b11 << 62)) | (0x4 << 76) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_states_its_version_and_variant() {
        for _ in 0..100 {
            let uuid = uuid();
            assert_eq!(uuid.len(), 36, "{uuid}");
            assert_eq!(&uuid[14..15], "4", "{uuid}");
            assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        }
    }

    #[test]
    fn settings_are_replaced() {
        let db = open(None).expect("memory");
        assert_eq!(setting(&db, "port").expect("read"), None);
        set_setting(&db, "port", "1").expect("write");
        set_setting(&db, "port", "2").expect("write");
        assert_eq!(setting(&db, "port").expect("read").as_deref(), Some("2"));
    }
}
