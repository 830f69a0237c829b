//! Where records are: one SQLite table for each table and data source.

use std::fmt::Write as _;

use super::column::Column;
use super::index::Index;
use super::kind::{Kind, Storage};
use super::table::Table;
use super::{Data, LIVE};
use crate::error::ApiError;
use rusqlite::OptionalExtension;

/// The records of one table in one data source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Store {
    /// Its number.
    pub id: i64,
}

impl Store {
    /// The SQLite table.
    pub fn sql_name(self) -> String {
        format!("records_{}", self.id)
    }

    /// The SQLite index behind an index.
    pub fn index_name(self, index: &Index) -> String {
        format!("records_{}_{}", self.id, index.id)
    }
}

/// The declared type of a physical column. A decimal has none, so that SQLite keeps digits as text.
pub fn sql_type(column: &Column) -> &'static str {
    if column.list {
        return "TEXT";
    }
    match column.kind.storage() {
        Storage::Integer | Storage::Boolean => "INTEGER",
        Storage::Decimal => "",
        Storage::Text | Storage::Json => "TEXT",
    }
}

/// What to sort and compare a column by.
pub fn sql_order(column: &Column) -> String {
    let name = column.sql_name();
    if column.kind == Kind::Decimal && !column.list {
        format!("CAST({name} AS REAL)")
    } else {
        name
    }
}

impl Data<'_> {
    /// The place of a table's records in a data source; made when it is first asked for.
    pub fn store(self, table: &Table, data_source: &str) -> Result<Store, ApiError> {
        let found = self
            .db
            .prepare_cached("SELECT id FROM data_store WHERE table_key = ?1 AND data_source = ?2")?
            .query_row((table.key, data_source), |row| Ok(Store { id: row.get(0)? }))
            .optional()?;
        match found {
            Some(store) => Ok(store),
            None => self.create_store(table, data_source),
        }
    }

    fn create_store(self, table: &Table, data_source: &str) -> Result<Store, ApiError> {
        self.db.execute(
            "INSERT INTO data_store (table_key, data_source) VALUES (?1, ?2)",
            (table.key, data_source),
        )?;
        let store = Store {
            id: self.db.last_insert_rowid(),
        };
        self.create_physical(table, store)?;
        Ok(store)
    }

    /// Makes the SQLite table and its indexes.
    pub fn create_physical(self, table: &Table, store: Store) -> Result<(), ApiError> {
        let key = match table.key_kind() {
            // AUTOINCREMENT, so that the number of a deleted record is not given out again.
            Kind::Int => "id INTEGER PRIMARY KEY AUTOINCREMENT",
            _ => "id TEXT NOT NULL UNIQUE",
        };
        let mut sql = format!("CREATE TABLE {} ({key}", store.sql_name());
        for column in &table.columns()[1..] {
            // Writing into memory cannot fail.
            let _ = write!(sql, ", {} {}", column.sql_name(), sql_type(column));
        }
        sql.push(')');
        self.db.execute_batch(&sql)?;
        for index in &table.definition.indexes {
            self.create_physical_index(table, store, index)?;
        }
        Ok(())
    }

    /// Every place where a table has records.
    pub fn stores(self, table_key: i64) -> Result<Vec<Store>, ApiError> {
        Ok(self
            .db
            .prepare_cached("SELECT id FROM data_store WHERE table_key = ?1 ORDER BY id")?
            .query_map([table_key], |row| Ok(Store { id: row.get(0)? }))?
            .collect::<rusqlite::Result<_>>()?)
    }

    /// How many records a place holds.
    pub fn rows(self, store: Store) -> Result<i64, ApiError> {
        Ok(self
            .db
            .prepare_cached("SELECT rows FROM data_store WHERE id = ?1")?
            .query_row([store.id], |row| row.get(0))?)
    }

    /// Keeps count, so that totals cost nothing.
    pub fn count_rows(self, store: Store, change: i64) -> Result<(), ApiError> {
        self.db
            .prepare_cached("UPDATE data_store SET rows = rows + ?2 WHERE id = ?1")?
            .execute((store.id, change))?;
        Ok(())
    }

    /// Forgets the records of a whole data source of a workspace, when it is deleted.
    pub fn delete_data_source(self, workspace_key: i64, data_source: &str) -> rusqlite::Result<()> {
        let stores: Vec<Store> = self
            .db
            .prepare_cached(
                "SELECT data_store.id FROM data_store JOIN data_table ON data_table.key = table_key
                 WHERE workspace_key = ?1 AND data_source = ?2",
            )?
            .query_map((workspace_key, data_source), |row| Ok(Store { id: row.get(0)? }))?
            .collect::<rusqlite::Result<_>>()?;
        self.drop_stores(stores)
    }

    /// Removes every table of a workspace, when it is deleted or overwritten.
    pub fn delete_workspace(self, workspace_key: i64) -> rusqlite::Result<()> {
        let stores: Vec<Store> = self
            .db
            .prepare_cached(
                "SELECT data_store.id FROM data_store JOIN data_table ON data_table.key = table_key
                 WHERE workspace_key = ?1",
            )?
            .query_map([workspace_key], |row| Ok(Store { id: row.get(0)? }))?
            .collect::<rusqlite::Result<_>>()?;
        self.drop_stores(stores)?;
        self.db
            .execute("DELETE FROM data_table WHERE workspace_key = ?1", [workspace_key])?;
        Ok(())
    }

    /// Drops places with the records in them.
    pub fn drop_stores(self, stores: Vec<Store>) -> rusqlite::Result<()> {
        for store in stores {
            self.db.execute_batch(&format!("DROP TABLE {}", store.sql_name()))?;
            self.db.execute("DELETE FROM data_store WHERE id = ?1", [store.id])?;
        }
        Ok(())
    }

    /// The data sources in which a table has room for records, the live one first.
    pub fn data_sources(self, table: &Table) -> Result<Vec<String>, ApiError> {
        let mut labels: Vec<String> = self
            .db
            .prepare_cached("SELECT data_source FROM data_store WHERE table_key = ?1 ORDER BY id")?
            .query_map([table.key], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        labels.sort_by_key(|label| label != LIVE);
        Ok(labels)
    }
}
