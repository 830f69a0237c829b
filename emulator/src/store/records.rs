//! Records: rows of the SQLite table that belongs to a table and a data source.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use serde_json::{Map, Value, json};

use super::tables::Table;
use super::uuid;
use crate::columns::{Column, is_uuid, quote};
use crate::error::ApiError;
use crate::search::Search;

/// The records of a table in one data source.
pub struct Records<'a> {
    /// The open transaction.
    pub db: &'a Connection,
    /// The table.
    pub table: &'a Table,
    /// The SQLite table.
    pub name: String,
    /// Now, for `now` in defaults and values.
    pub now_ms: i64,
}

/// A record's id as JSON.
pub fn id_json(id: &Sql) -> Value {
    match id {
        Sql::Integer(number) => json!(number),
        Sql::Text(text) => json!(text),
        _ => Value::Null,
    }
}

/// A record's id as text, the form that bulk answers use.
pub fn id_text(id: &Sql) -> Value {
    match id {
        Sql::Integer(number) => json!(number.to_string()),
        other => id_json(other),
    }
}

fn refused(error: rusqlite::Error) -> ApiError {
    let text = error.to_string();
    let Some((_, columns)) = text.split_once("UNIQUE constraint failed: ") else {
        return error.into();
    };
    let names: Vec<_> = columns
        .split(", ")
        .map(|c| c.split_once('.').map_or(c, |(_, name)| name))
        .collect();
    ApiError::input(
        names[0],
        format!(
            "Duplicate record: there is one with the same value of {} already.",
            names.join(", ")
        ),
    )
}

impl Records<'_> {
    fn columns(&self) -> String {
        let names: Vec<_> = self.table.columns.iter().map(|column| quote(&column.name)).collect();
        names.join(", ")
    }

    fn write(&self, row: &Row<'_>, out: &mut String) -> rusqlite::Result<()> {
        out.push('{');
        for (at, column) in self.table.columns.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            out.push_str(&json!(column.name).to_string());
            out.push(':');
            column.show(row.get_ref(at)?, out);
        }
        out.push('}');
        Ok(())
    }

    /// Reads an id as it stands in a path or a list; none when no record can have it.
    pub fn id(&self, value: &Value) -> Option<Sql> {
        let uuids = self.table.columns.first().is_some_and(|id| id.kind == "uuid");
        match value {
            Value::String(text) if uuids => is_uuid(text).then(|| Sql::Text(text.to_ascii_lowercase())),
            Value::String(text) => text.parse().ok().map(Sql::Integer),
            Value::Number(number) if !uuids => number.as_i64().map(Sql::Integer),
            _ => None,
        }
    }

    /// One record as JSON text.
    pub fn get(&self, id: &Sql) -> Result<Option<String>, ApiError> {
        let sql = format!("SELECT {} FROM {} WHERE id = ?1", self.columns(), self.name);
        let read = |row: &Row<'_>| {
            let mut text = String::new();
            self.write(row, &mut text).map(|()| text)
        };
        Ok(self.db.prepare_cached(&sql)?.query_row([id], read).optional()?)
    }

    /// How many records a search finds.
    pub fn count(&self, search: &Search) -> Result<i64, ApiError> {
        let (clause, parameters) = search.to_sql(self.table, self.now_ms)?;
        let sql = format!("SELECT count(*) FROM {}{clause}", self.name);
        Ok(self
            .db
            .prepare_cached(&sql)?
            .query_row(params_from_iter(parameters), |row| row.get(0))?)
    }

    /// A page of what a search finds, as a JSON list, and how many records are in it.
    pub fn page(&self, search: &Search, order: &str, offset: i64, limit: i64) -> Result<(String, usize), ApiError> {
        let (clause, mut parameters) = search.to_sql(self.table, self.now_ms)?;
        let sql = format!(
            "SELECT {} FROM {}{clause} ORDER BY {order} LIMIT ? OFFSET ?",
            self.columns(),
            self.name
        );
        parameters.extend([Sql::Integer(limit), Sql::Integer(offset)]);
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(parameters))?;
        let mut out = String::from("[");
        let mut count = 0;
        while let Some(row) = rows.next()? {
            if count > 0 {
                out.push(',');
            }
            self.write(row, &mut out)?;
            count += 1;
        }
        out.push(']');
        Ok((out, count))
    }

    /// The ids of what a search finds.
    pub fn ids(&self, search: &Search) -> Result<Vec<Sql>, ApiError> {
        let (clause, parameters) = search.to_sql(self.table, self.now_ms)?;
        let sql = format!("SELECT id FROM {}{clause} ORDER BY id", self.name);
        let mut statement = self.db.prepare_cached(&sql)?;
        let ids = statement.query_map(params_from_iter(parameters), |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    fn fresh_id(&self, column: &Column, given: Option<&Value>) -> Result<Sql, ApiError> {
        match given {
            Some(value) if !value.is_null() => column.store(value, self.now_ms),
            _ if column.kind == "uuid" => Ok(Sql::Text(uuid())),
            _ => Ok(Sql::Null),
        }
    }

    /// Adds a record and returns its id. Fields that are no columns are ignored, as on the real
    /// service; `id` counts only where the caller may choose it.
    pub fn insert(&self, fields: &Map<String, Value>, choose_id: bool) -> Result<Sql, ApiError> {
        let mut values = Vec::with_capacity(self.table.columns.len());
        for column in &self.table.columns {
            let given = fields.get(&column.name);
            values.push(match given {
                _ if column.name == "id" => self.fresh_id(column, given.filter(|_| choose_id))?,
                Some(value) => column.store(value, self.now_ms)?,
                None if column.required => {
                    return Err(ApiError::input(&column.name, format!("Missing param: {}", column.name)));
                }
                None => column.default_value(self.now_ms),
            });
        }
        let marks = vec!["?"; values.len()].join(", ");
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({marks}) RETURNING id",
            self.name,
            self.columns()
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        statement
            .query_row(params_from_iter(values), |row| row.get(0))
            .map_err(refused)
    }

    /// Changes what is given of a record and leaves the rest; false when there is no such record.
    pub fn update(&self, id: &Sql, fields: &Map<String, Value>) -> Result<bool, ApiError> {
        let mut sets = Vec::new();
        let mut values = Vec::new();
        for column in self.table.columns.iter().filter(|column| column.name != "id") {
            if let Some(value) = fields.get(&column.name) {
                sets.push(format!("{} = ?", quote(&column.name)));
                values.push(column.store(value, self.now_ms)?);
            }
        }
        if sets.is_empty() {
            return Ok(self.get(id)?.is_some());
        }
        values.push(id.clone());
        let sql = format!("UPDATE {} SET {} WHERE id = ?", self.name, sets.join(", "));
        let changed = self
            .db
            .prepare_cached(&sql)?
            .execute(params_from_iter(values))
            .map_err(refused)?;
        Ok(changed > 0)
    }

    /// Removes a record; false when there is none.
    pub fn delete(&self, id: &Sql) -> Result<bool, ApiError> {
        let sql = format!("DELETE FROM {} WHERE id = ?1", self.name);
        Ok(self.db.prepare_cached(&sql)?.execute([id])? > 0)
    }

    /// Removes all records; with `reset` numbering starts over.
    pub fn truncate(&self, reset: bool) -> Result<(), ApiError> {
        self.db.execute(&format!("DELETE FROM {}", self.name), [])?;
        if reset {
            self.db
                .execute("DELETE FROM sqlite_sequence WHERE name = ?1", [&self.name])?;
        }
        Ok(())
    }
}
