//! The ledger as a file: an ordinary `SQLite` database, which `sqlite3 shop.db` opens while the shop is open.
//!
//! It is in WAL mode, so readers never wait, and sellers in other processes wait for each other's writes, not for each other's
//! requests. Every commit is on the disk before it counts: what is recorded here is worth money. The file is made for its owner
//! alone (0600), because install tokens are in it.

use std::fmt;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use xano_metadata::Error;

use super::ledger::{ErrandFilter, Ledger, SaleFilter, TokenFilter};
use super::records::{Entry, Errand, Row, Sale, Tier, Token};
use super::rows;

/// So long a write waits for other writers.
const BUSY: Duration = Duration::from_secs(30);

/// Marks a file as a ledger, so that a wrong one is told apart: `xshp`.
const APPLICATION: i64 = 0x7873_6870;

/// The version of the schema.
const SCHEMA: i64 = 1;

/// A ledger in a file. It must not be carried into a forked process: open it there.
pub struct SqliteLedger {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl fmt::Debug for SqliteLedger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("SqliteLedger").field(&self.path).finish()
    }
}

impl SqliteLedger {
    /// Opens the file; makes it when there is none.
    ///
    /// # Errors
    /// `config_error` when it cannot be read or written, or when it is something else than a ledger.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        create(&path)?;
        let mut connection = Connection::open(&path).map_err(|cause| cannot(&path, &cause))?;
        prepare(&mut connection, &path)?;
        Ok(Self {
            path,
            connection: Mutex::new(connection),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether other users of the machine can read it, and with it the install tokens.
    #[must_use]
    pub fn is_open_to_others(&self) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::metadata(&self.path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
        }
        #[cfg(not(unix))]
        false
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut connection).map_err(|cause| cannot(&self.path, &cause))
    }
}

/// Makes the file for its owner alone; `SQLite` gives the files beside it the same rights.
fn create(path: &Path) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(cause) => Err(Error::config(format!(
            "The ledger {} cannot be made: {cause}.",
            path.display()
        ))),
    }
}

fn prepare(connection: &mut Connection, path: &Path) -> Result<(), Error> {
    let refuse = |cause: rusqlite::Error| cannot(path, &cause);
    let number = |connection: &Connection, pragma: &str| -> rusqlite::Result<i64> {
        connection.pragma_query_value(None, pragma, |row| row.get(0))
    };
    connection.busy_timeout(BUSY).map_err(refuse)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(refuse)?;
    connection.set_prepared_statement_cache_capacity(64);
    let ours = number(connection, "application_id").map_err(refuse)? == APPLICATION;
    if ours && number(connection, "user_version").map_err(refuse)? == SCHEMA {
        return Ok(());
    }
    // The mode is a property of the file. It can only be set outside of a transaction, and alone: others who come first at
    // the same moment are waited for.
    let alone = std::time::Instant::now();
    while let Err(cause) = connection.pragma_update(None, "journal_mode", "WAL") {
        if cause.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) || alone.elapsed() > BUSY {
            return Err(refuse(cause));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let first = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(refuse)?;
    let ours = number(&first, "application_id").map_err(refuse)? == APPLICATION;
    match (ours, number(&first, "user_version").map_err(refuse)?) {
        (true, SCHEMA) => return Ok(()),
        (true, later) => {
            return Err(Error::config(format!(
                "The ledger {} is of version {later}, and this program knows version {SCHEMA}.",
                path.display()
            ))
            .with_hint("Update xano-metadata."));
        }
        (false, _) => {}
    }
    let tables: i64 = first
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(refuse)?;
    if tables > 0 {
        return Err(Error::config(format!(
            "{} is a database, but not the ledger of a shop.",
            path.display()
        ))
        .with_hint("Give the path of a ledger, or of a file that does not exist yet."));
    }
    first.execute_batch(include_str!("schema.sql")).map_err(refuse)?;
    first
        .pragma_update(None, "application_id", APPLICATION)
        .map_err(refuse)?;
    first.pragma_update(None, "user_version", SCHEMA).map_err(refuse)?;
    first.commit().map_err(refuse)
}

/// What happened to the ledger, in words. `SQLite`'s messages name tables and columns, never values.
fn cannot(path: &Path, cause: &rusqlite::Error) -> Error {
    let at = path.display();
    match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Error::config(format!("{at} is not a SQLite file."))
            .with_hint("Give the path of a ledger, or of a file that does not exist yet."),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::config(format!(
            "The ledger {at} was locked by another program for {} seconds.",
            BUSY.as_secs()
        ))
        .with_hint("Close the program that keeps it open for writing, such as an editor for databases."),
        _ => Error::config(format!("The ledger {at} cannot be used: {cause}.")),
    }
}

impl Ledger for SqliteLedger {
    fn tiers(&self) -> Result<Vec<Tier>, Error> {
        self.with(|connection| rows::tiers(connection))
    }

    fn tokens(&self, which: &TokenFilter) -> Result<Vec<Token>, Error> {
        self.with(|connection| rows::tokens(connection, which))
    }

    fn sales(&self, which: &SaleFilter) -> Result<Vec<Sale>, Error> {
        self.with(|connection| rows::sales(connection, which))
    }

    fn errands(&self, which: &ErrandFilter) -> Result<Vec<Errand>, Error> {
        self.with(|connection| rows::errands(connection, which))
    }

    fn journal(&self, sale: Option<&str>) -> Result<Vec<Entry>, Error> {
        self.with(|connection| rows::journal(connection, sale))
    }

    fn commit(&self, rows: &[Row], journal: &[Entry]) -> Result<bool, Error> {
        self.with(|connection| {
            let writing = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for row in rows {
                match rows::put(&writing, row) {
                    Ok(true) => {}
                    Ok(false) => return Ok(false),
                    Err(cause) if is_there_already(&cause) => return Ok(false),
                    Err(cause) => return Err(cause),
                }
            }
            for entry in journal {
                rows::note(&writing, entry)?;
            }
            writing.commit()?;
            Ok(true)
        })
    }
}

/// A key or an order exists already. A broken rule of the schema is another matter.
fn is_there_already(cause: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
    let code = cause.sqlite_error().map(|error| error.extended_code);
    matches!(code, Some(SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE))
}
