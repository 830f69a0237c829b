//! Many records in one call: all of it happens or nothing does.

use rusqlite::params_from_iter;
use rusqlite::types::Value as Cell;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::fields::Fields;
use super::index::is_duplicate;
use super::kind::Kind;
use super::record::{Inserter, Records, assignments};
use super::search::condition;
use crate::error::ApiError;

/// A change to one record, in a bulk call.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Patch<'a> {
    /// Its id, as a number or as text.
    #[serde(borrow)]
    pub row_id: &'a RawValue,
    /// The columns that change.
    #[serde(borrow, default)]
    pub updates: Fields<'a>,
}

/// Which records a bulk call reached.
#[derive(Debug, Default)]
pub struct Done {
    /// Their ids.
    pub success: Vec<Cell>,
    /// Ids for which it failed, where the call says so.
    pub error: Option<Vec<String>>,
}

impl Done {
    /// The answer; ids are texts here, as the reference has it.
    pub fn to_json(&self) -> Value {
        let ids: Vec<_> = self.success.iter().map(text).collect();
        let mut answer = json!({"success": ids, "success_total": ids.len()});
        if let (Some(error), Value::Object(map)) = (&self.error, &mut answer) {
            map.insert("error".to_owned(), json!(error));
        }
        answer
    }
}

fn text(id: &Cell) -> String {
    match id {
        Cell::Integer(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        _ => String::new(),
    }
}

/// An id as a bulk call sends it, number or text.
fn sent_text(raw: &RawValue) -> String {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

/// Says which of many records was refused; the column stays in the payload.
fn in_item(at: usize) -> impl FnOnce(ApiError) -> ApiError {
    move |mut error| {
        error.message = format!("{} (in items[{at}])", error.message);
        error
    }
}

impl Records<'_> {
    /// Adds records and answers their ids. `allow_id` lets them bring their own.
    pub fn create_many(&self, items: &[Fields<'_>], allow_id: bool) -> Result<Vec<Cell>, ApiError> {
        self.data.atomically(|| {
            let inserter = Inserter::new(self, allow_id)?;
            let mut ids = Vec::with_capacity(items.len());
            for (at, item) in items.iter().enumerate() {
                ids.push(inserter.insert(item).map_err(in_item(at))?);
            }
            self.count(ids.len(), 1)?;
            Ok(ids)
        })
    }

    /// Changes records, each in its own way. A record that does not exist is left out of the answer.
    pub fn update_many(&self, items: &[Patch<'_>]) -> Result<Done, ApiError> {
        self.data.atomically(|| {
            let mut done = Done::default();
            for (at, item) in items.iter().enumerate() {
                let Some(id) = self.id(&sent_text(item.row_id)) else {
                    // Its values are still checked, so that a mistake is found whatever the id.
                    self.updates(&item.updates, None).map_err(in_item(at))?;
                    continue;
                };
                if self.change(&id, &item.updates).map_err(in_item(at))? {
                    done.success.push(id);
                }
            }
            Ok(done)
        })
    }

    /// Deletes records by id; ids that no record has come back as errors.
    pub fn delete_many(&self, ids: &[&RawValue]) -> Result<Done, ApiError> {
        self.data.atomically(|| {
            let mut done = Done::default();
            let mut failed = Vec::new();
            for raw in ids {
                let sent = sent_text(raw);
                match self.id(&sent) {
                    Some(id) if self.remove(&id)? => done.success.push(id),
                    _ => failed.push(sent),
                }
            }
            self.count(done.success.len(), -1)?;
            done.error = Some(failed);
            Ok(done)
        })
    }

    /// Changes every record that the search finds.
    pub fn update_where(&self, search: Option<&RawValue>, fields: &Fields<'_>) -> Result<Done, ApiError> {
        let found = condition(self.table, search, self.data.now_ms)?;
        let updates = self.updates(fields, None)?;
        let sql = if updates.is_empty() {
            format!("SELECT id FROM {}{}", self.name, found.clause())
        } else {
            let set = assignments(&updates);
            format!("UPDATE {} SET {set}{} RETURNING id", self.name, found.clause())
        };
        let values = updates.iter().map(|(_, cell)| cell).chain(&found.values);
        self.ids(&sql, values)
    }

    /// Deletes every record that the search finds; without a search, all of them.
    pub fn delete_where(&self, search: Option<&RawValue>) -> Result<Done, ApiError> {
        let found = condition(self.table, search, self.data.now_ms)?;
        let sql = format!("DELETE FROM {}{} RETURNING id", self.name, found.clause());
        self.data.atomically(|| {
            let done = self.ids(&sql, found.values.iter())?;
            self.count(done.success.len(), -1)?;
            Ok(done)
        })
    }

    fn ids<'c>(&self, sql: &str, values: impl Iterator<Item = &'c Cell>) -> Result<Done, ApiError> {
        let mut statement = self.data.db.prepare(sql)?;
        let mut success = statement
            .query_map(params_from_iter(values), |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<Cell>>>()
            .map_err(|error| {
                if is_duplicate(&error) {
                    self.conflict(error)
                } else {
                    error.into()
                }
            })?;
        success.sort_by(|one, other| match (one, other) {
            (Cell::Integer(one), Cell::Integer(other)) => one.cmp(other),
            _ => text(one).cmp(&text(other)),
        });
        Ok(Done { success, error: None })
    }

    /// Deletes every record; with `reset` new ones are numbered from 1 again.
    pub fn truncate(&self, reset: bool) -> Result<(), ApiError> {
        let db = self.data.db;
        db.execute(&format!("DELETE FROM {}", self.name), [])?;
        db.execute("UPDATE data_store SET rows = 0 WHERE id = ?1", [self.store.id])?;
        if reset && self.table.key_kind() == Kind::Int {
            db.execute("DELETE FROM sqlite_sequence WHERE name = ?1", [&self.name])?;
        }
        Ok(())
    }

    pub(super) fn count(&self, records: usize, sign: i64) -> Result<(), ApiError> {
        let records = i64::try_from(records).unwrap_or(i64::MAX);
        self.data.count_rows(self.store, sign * records)
    }
}

/// Ids as the answer of a bulk create: numbers as numbers.
pub fn ids_to_json(ids: &[Cell]) -> Value {
    ids.iter()
        .map(|id| match id {
            Cell::Integer(number) => json!(number),
            other => json!(text(other)),
        })
        .collect()
}
