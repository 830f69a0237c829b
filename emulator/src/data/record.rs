//! One record at a time: create, read, change, delete. What goes in is checked by the columns.

use std::collections::HashMap;

use rusqlite::types::{Value as Cell, ValueRef};
use rusqlite::{OptionalExtension, Row, params_from_iter};
use serde_json::value::RawValue;

use super::Data;
use super::column::Column;
use super::decimal;
use super::fields::{Fields, is_null, write_text};
use super::index::{duplicate, is_duplicate};
use super::kind::{Kind, Storage};
use super::store::Store;
use super::table::Table;
use super::value::{self, Filler};
use crate::error::ApiError;

/// The records of a table in one data source.
pub struct Records<'a> {
    pub(super) data: Data<'a>,
    pub(super) table: &'a Table,
    pub(super) store: Store,
    /// The SQLite table.
    pub(super) name: String,
    /// The columns to select, in order, and how each is written.
    pub(super) select: String,
    shape: Vec<Shown>,
}

/// A column in an answer: the text in front of its value, and how the value is kept.
struct Shown {
    lead: String,
    storage: Storage,
}

impl<'a> Data<'a> {
    /// The records of a table in a data source.
    pub fn records(self, table: &'a Table, data_source: &str) -> Result<Records<'a>, ApiError> {
        let store = self.store(table, data_source)?;
        Ok(Records::open(self, table, store, false))
    }
}

impl<'a> Records<'a> {
    /// `with_passwords` is for copies only; answers to clients never hold them.
    pub(super) fn open(data: Data<'a>, table: &'a Table, store: Store, with_passwords: bool) -> Self {
        let readable = table
            .columns()
            .iter()
            .filter(|column| with_passwords || column.kind != Kind::Password);
        let (mut select, mut shape) = (Vec::new(), Vec::new());
        for column in readable {
            select.push(column.sql_name());
            let mut lead = String::from(if shape.is_empty() { "{" } else { "," });
            write_text(&column.name, &mut lead);
            lead.push(':');
            let storage = if column.list {
                Storage::Json
            } else {
                column.kind.storage()
            };
            shape.push(Shown { lead, storage });
        }
        Self {
            data,
            table,
            store,
            name: store.sql_name(),
            select: select.join(", "),
            shape,
        }
    }

    /// Appends a selected row as JSON.
    pub(super) fn write_row(&self, row: &Row<'_>, out: &mut String) -> rusqlite::Result<()> {
        for (at, shown) in self.shape.iter().enumerate() {
            out.push_str(&shown.lead);
            match (shown.storage, row.get_ref(at)?) {
                (Storage::Boolean, ValueRef::Integer(flag)) => out.push_str(if flag == 0 { "false" } else { "true" }),
                (_, ValueRef::Integer(number)) => {
                    use std::fmt::Write as _;
                    // Writing into memory cannot fail.
                    let _ = write!(out, "{number}");
                }
                (_, ValueRef::Real(number)) => decimal::write_double(number, out),
                (Storage::Json | Storage::Decimal, text @ ValueRef::Text(_)) => out.push_str(text.as_str()?),
                (_, text @ ValueRef::Text(_)) => write_text(text.as_str()?, out),
                (_, ValueRef::Null | ValueRef::Blob(_)) => out.push_str("null"),
            }
        }
        out.push('}');
        Ok(())
    }

    /// The id in a path or a list, as it is stored; none when no record can have it.
    pub(super) fn id(&self, text: &str) -> Option<Cell> {
        match self.table.key_kind() {
            Kind::Int => text.trim().parse().ok().map(Cell::Integer),
            _ => value::uuid_text(text.trim()).map(Cell::Text),
        }
    }

    /// Reads a record as JSON.
    pub fn get(&self, id: &str) -> Result<String, ApiError> {
        let cell = self.id(id).ok_or_else(|| self.missing(id))?;
        self.stored(&cell)?.ok_or_else(|| self.missing(id))
    }

    fn stored(&self, id: &Cell) -> Result<Option<String>, ApiError> {
        let sql = format!("SELECT {} FROM {} WHERE id = ?1", self.select, self.name);
        Ok(self
            .data
            .db
            .prepare_cached(&sql)?
            .query_row([id], |row| {
                let mut out = String::new();
                self.write_row(row, &mut out)?;
                Ok(out)
            })
            .optional()?)
    }

    fn missing(&self, id: &str) -> ApiError {
        ApiError::not_found(format!("Table {:?} has no record {id}.", self.table.name))
    }

    /// Adds a record and answers it as stored.
    pub fn create(&self, fields: &Fields<'_>) -> Result<String, ApiError> {
        let id = Inserter::new(self, false)?.insert(fields)?;
        self.data.count_rows(self.store, 1)?;
        self.stored(&id)?
            .ok_or_else(|| ApiError::fatal("A new record cannot be read back."))
    }

    /// Changes the given columns of a record and answers the whole of it.
    pub fn update(&self, id: &str, fields: &Fields<'_>) -> Result<String, ApiError> {
        let cell = self.id(id).ok_or_else(|| self.missing(id))?;
        self.change(&cell, fields)?;
        self.stored(&cell)?.ok_or_else(|| self.missing(id))
    }

    /// Changes a record; false when there is none.
    pub(super) fn change(&self, id: &Cell, fields: &Fields<'_>) -> Result<bool, ApiError> {
        let updates = self.updates(fields, Some(id))?;
        if updates.is_empty() {
            let sql = format!("SELECT 1 FROM {} WHERE id = ?1", self.name);
            return Ok(self.data.db.prepare_cached(&sql)?.exists([id])?);
        }
        let sql = format!("UPDATE {} SET {} WHERE id = ?", self.name, assignments(&updates));
        let values = updates.iter().map(|(_, cell)| cell).chain([id]);
        let changed = self
            .data
            .db
            .prepare_cached(&sql)?
            .execute(params_from_iter(values))
            .map_err(|error| self.conflict(error))?;
        Ok(changed > 0)
    }

    /// The stored form of a partial record. An `id` that says what is so anyway is passed over, so that
    /// a record that was read can be sent back changed.
    pub(super) fn updates(&self, fields: &Fields<'_>, id: Option<&Cell>) -> Result<Vec<(String, Cell)>, ApiError> {
        let mut updates: Vec<(String, Cell)> = Vec::new();
        for (name, raw) in &fields.0 {
            let column = self.given_column(name)?;
            if column.slot == 0 {
                let same = value::single(column, raw, 0).is_ok_and(|given| Some(&given) == id);
                if same {
                    continue;
                }
                return Err(ApiError::input(
                    "id",
                    "Invalid value for param: id. The id of a record cannot change.",
                ));
            }
            let cell = value::cell(column, raw, self.data.now_ms).map_err(|refusal| refusal.into_error(name))?;
            let sql_name = column.sql_name();
            match updates.iter_mut().find(|(known, _)| *known == sql_name) {
                Some(known) => known.1 = cell,
                None => updates.push((sql_name, cell)),
            }
        }
        Ok(updates)
    }

    fn given_column(&self, name: &str) -> Result<&'a Column, ApiError> {
        let found = self.table.columns().iter().find(|column| column.name == name);
        found.ok_or_else(|| unknown(name, self.table))
    }

    /// Deletes a record.
    pub fn delete(&self, id: &str) -> Result<(), ApiError> {
        let cell = self.id(id).ok_or_else(|| self.missing(id))?;
        if self.remove(&cell)? {
            self.data.count_rows(self.store, -1)
        } else {
            Err(self.missing(id))
        }
    }

    /// Deletes a record without counting; false when there is none.
    pub(super) fn remove(&self, id: &Cell) -> Result<bool, ApiError> {
        let sql = format!("DELETE FROM {} WHERE id = ?1", self.name);
        Ok(self.data.db.prepare_cached(&sql)?.execute([id])? > 0)
    }

    /// Says which columns a refused duplicate is in: SQLite names physical ones.
    pub(super) fn conflict(&self, error: rusqlite::Error) -> ApiError {
        if !is_duplicate(&error) {
            return error.into();
        }
        let text = error.to_string();
        let physical = text.rsplit(": ").next().unwrap_or_default();
        let names: Vec<_> = physical
            .split(", ")
            .filter_map(|part| {
                let part = part.rsplit('.').next()?;
                self.table.columns().iter().find(|column| column.sql_name() == part)
            })
            .map(|column| column.name.as_str())
            .collect();
        duplicate(
            &names.join(", "),
            "Another record has the same value in a unique index.",
        )
    }
}

/// `a = ?, b = ?`
pub(super) fn assignments(updates: &[(String, Cell)]) -> String {
    let parts: Vec<_> = updates.iter().map(|(name, _)| format!("{name} = ?")).collect();
    parts.join(", ")
}

fn unknown(name: &str, table: &Table) -> ApiError {
    ApiError::input(
        name,
        format!("Invalid param: {name}. Table {:?} has no column {name:?}.", table.name),
    )
}

/// Inserts records of one shape, with everything that they share worked out once.
pub(super) struct Inserter<'r, 'a> {
    records: &'r Records<'a>,
    columns: HashMap<&'a str, usize>,
    fillers: Vec<Filler>,
    with_id: String,
    without_id: String,
    allow_id: bool,
    /// Passwords arrive hashed, and constraints do not apply: the records are a copy.
    verbatim: bool,
}

impl<'r, 'a> Inserter<'r, 'a> {
    pub(super) fn new(records: &'r Records<'a>, allow_id: bool) -> Result<Self, ApiError> {
        let columns = records.table.columns();
        let mut fillers = Vec::new();
        for column in columns {
            let filler = value::filler(column).map_err(|refusal| refusal.into_error(&column.name))?;
            fillers.push(filler);
        }
        let names: Vec<_> = columns[1..].iter().map(Column::sql_name).collect();
        let sql = |names: &[String]| {
            if names.is_empty() {
                return format!("INSERT INTO {} DEFAULT VALUES", records.name);
            }
            let marks = vec!["?"; names.len()].join(", ");
            format!("INSERT INTO {} ({}) VALUES ({marks})", records.name, names.join(", "))
        };
        let mut all = vec!["id".to_owned()];
        all.extend(names.iter().cloned());
        Ok(Self {
            records,
            columns: columns
                .iter()
                .enumerate()
                .map(|(at, column)| (column.name.as_str(), at))
                .collect(),
            fillers,
            with_id: sql(&all),
            without_id: sql(&names),
            allow_id,
            verbatim: false,
        })
    }

    pub(super) fn copying(records: &'r Records<'a>) -> Result<Self, ApiError> {
        let mut inserter = Self::new(records, true)?;
        inserter.verbatim = true;
        Ok(inserter)
    }

    /// Inserts one record and answers its id. The caller keeps count.
    pub(super) fn insert(&self, fields: &Fields<'_>) -> Result<Cell, ApiError> {
        let records = self.records;
        let columns = records.table.columns();
        let mut given: Vec<Option<&RawValue>> = vec![None; columns.len()];
        for (name, raw) in &fields.0 {
            let at = self
                .columns
                .get(name.as_str())
                .ok_or_else(|| unknown(name, records.table))?;
            given[*at] = Some(raw);
        }
        let id = self.given_id(given[0])?;
        let mut cells = Vec::with_capacity(columns.len());
        cells.extend(id.clone());
        for ((column, raw), filler) in columns.iter().zip(&given).zip(&self.fillers).skip(1) {
            cells.push(match raw {
                Some(raw) => self.cell(column, raw)?,
                None => filler
                    .cell(records.data.now_ms)
                    .ok_or_else(|| ApiError::input(&column.name, format!("Missing param: {}", column.name)))?,
            });
        }
        let sql = if id.is_some() { &self.with_id } else { &self.without_id };
        let db = records.data.db;
        db.prepare_cached(sql)?
            .execute(params_from_iter(cells))
            .map_err(|error| records.conflict(error))?;
        Ok(id.unwrap_or_else(|| Cell::Integer(db.last_insert_rowid())))
    }

    fn cell(&self, column: &Column, raw: &RawValue) -> Result<Cell, ApiError> {
        let now_ms = self.records.data.now_ms;
        if self.verbatim {
            if is_null(raw) {
                return Ok(Cell::Null);
            }
            if column.kind == Kind::Password {
                let hash = serde_json::from_str(raw.get()).unwrap_or_default();
                return Ok(Cell::Text(hash));
            }
            let free = Column {
                filters: super::filters::Filters::default(),
                ..column.clone()
            };
            return value::cell(&free, raw, now_ms).map_err(|refusal| refusal.into_error(&column.name));
        }
        value::cell(column, raw, now_ms).map_err(|refusal| refusal.into_error(&column.name))
    }

    /// The id that a record brings; none for the next number. UUIDs are made here.
    fn given_id(&self, raw: Option<&RawValue>) -> Result<Option<Cell>, ApiError> {
        let key = &self.records.table.columns()[0];
        let Some(raw) = raw.filter(|raw| !is_null(raw)) else {
            return Ok(match key.kind {
                Kind::Uuid => Some(Cell::Text(crate::store::uuid())),
                _ => None,
            });
        };
        if !self.allow_id {
            return Err(ApiError::input(
                "id",
                "Invalid param: id. The server gives new records their id; to bring ids, use bulk create with allow_id_field.",
            ));
        }
        match value::single(key, raw, 0).map_err(|refusal| refusal.into_error("id"))? {
            Cell::Integer(number) if !(1..i64::MAX).contains(&number) => Err(ApiError::input(
                "id",
                "Invalid value for param: id. It must be a number from 1.",
            )),
            cell => Ok(Some(cell)),
        }
    }
}
