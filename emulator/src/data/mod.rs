//! Tables, columns, indexes and records: the database inside the emulated workspaces.
//!
//! Every table of a workspace is a real SQLite table, one for each data source that holds records of
//! it, so uniqueness, order and comparison are the database's own. This module knows nothing of HTTP:
//! it is given a connection (with a transaction open), the key of a workspace and the label of a data
//! source, and answers values, JSON text, or a refusal in the API's terms.
//!
//! ```text
//! let data = Data::new(&db, now_ms);
//! let table = data.create_table(workspace_key, NewTable::named("orders"))?;
//! let records = data.records(&table, "live")?;
//! let row = records.create(&Fields::parse(r#"{"price": 19.9}"#)?)?;      // JSON text
//! let page = records.page(&Search::parse(r#"{"price|>": 10}"#)?, …)?;    // records and totals
//! ```
//!
//! # What is decided here, where nothing is documented
//!
//! - A key that is no column is refused (400 with `payload.param`), and so is `id` in a new record
//!   unless a bulk call sets `allow_id_field`. Dropping either silently would hide mistakes.
//! - A column that takes no nulls holds the empty value of its kind when nothing is given (`""`, 0,
//!   false, `[]`). Kinds that have none (dates, timestamps, UUIDs, enums, files, …) hold null then.
//! - Passwords are stored hashed and are left out of every answer.
//! - A duplicate in a unique index is 409 `ERROR_CODE_CONFLICT` with the column as `payload.param`.
//! - Texts compare by code point, nulls sort last, and equal rows sort by `id`, so pages are stable.
//! - `!=` and `not in` do not find nulls, as in SQL.

mod bulk;
mod column;
mod decimal;
#[cfg(test)]
mod definitions;
mod dump;
mod fields;
mod filters;
mod index;
mod kind;
mod page;
mod password;
mod record;
mod schema;
mod search;
mod sort;
mod store;
mod table;
mod time;
mod value;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod story;

pub use bulk::{Done, Patch, ids_to_json};
pub use column::Column;
pub use dump::dump_table;
pub use fields::Fields;
pub use index::Index;
pub use kind::Kind;
pub use page::Paging;
pub use record::Records;
pub use table::{Changes, NewTable, Table};

use rusqlite::Connection;

use crate::error::ApiError;

/// What a new database needs, to make room for tables.
pub const CATALOGUE: &str = include_str!("catalogue.sql");

/// The data source that is meant when none is named.
pub const LIVE: &str = "live";

/// The database of the workspaces, at a moment.
#[derive(Clone, Copy)]
pub struct Data<'a> {
    db: &'a Connection,
    now_ms: i64,
}

impl<'a> Data<'a> {
    /// Works on a connection; `now_ms` is the time that new rows bear.
    pub fn new(db: &'a Connection, now_ms: i64) -> Self {
        Self { db, now_ms }
    }

    /// The connection it works on.
    pub fn db(self) -> &'a Connection {
        self.db
    }

    /// Does all of something or nothing, also within a transaction that goes on afterwards.
    fn atomically<T>(self, work: impl FnOnce() -> Result<T, ApiError>) -> Result<T, ApiError> {
        self.db.execute_batch("SAVEPOINT data_step")?;
        let outcome = work();
        self.db.execute_batch(if outcome.is_ok() {
            "RELEASE data_step"
        } else {
            "ROLLBACK TO data_step; RELEASE data_step"
        })?;
        outcome
    }
}

#[cfg(test)]
pub mod testing {
    //! What the tests of this module share.

    use super::*;

    /// A database with nothing in it.
    pub fn database() -> Connection {
        crate::store::open(None).expect("memory")
    }

    /// A fixed moment: 2023-04-12 22:00:38 UTC.
    pub const NOW: i64 = 1_681_336_838_000;

    /// A table with the given columns besides `id` and `created_at`.
    pub fn table(data: Data<'_>, columns: &str) -> Table {
        let given: serde_json::Value = serde_json::from_str(columns).expect("JSON");
        let mut all = vec![Column::primary_key(Kind::Int), Column::created_at()];
        all.extend(Column::list_from_json(&given, "schema").expect("columns"));
        let new = NewTable {
            columns: Some(all),
            ..NewTable::named("things")
        };
        data.create_table(1, new).expect("a table")
    }

    /// JSON text as a value.
    pub fn parsed(json: &str) -> serde_json::Value {
        serde_json::from_str(json).expect("JSON")
    }
}
