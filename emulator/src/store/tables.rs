//! Tables: their definition as data, their records as real SQLite tables.
//!
//! Each table has one SQLite table of records per data source, called `records_<key>_<data source>`,
//! with a column for every column of the Xano table. Unique and plain indexes are real indexes; the
//! other kinds are kept as definitions.

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Value, json};

use crate::clock;
use crate::columns::{Column, quote};

/// A table as stored.
#[derive(Debug, Clone)]
pub struct Table {
    pub key: i64,
    pub workspace_key: i64,
    pub instance_id: i64,
    pub id: i64,
    pub name: String,
    pub description: String,
    pub docs: String,
    pub guid: String,
    pub auth: bool,
    pub tag: Value,
    pub autocomplete: Value,
    pub columns: Vec<Column>,
    pub indexes: Vec<Index>,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Table {
    /// The documented answer, without the script.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "created_at": clock::timestamptz(self.created_at),
            "updated_at": clock::timestamptz(self.updated_at),
            "name": self.name,
            "description": self.description,
            "docs": self.docs,
            "guid": self.guid,
            "auth": self.auth,
            "tag": self.tag,
        })
    }

    /// The SQLite table that holds the records of a data source.
    pub fn records(&self, source_id: i64) -> String {
        format!("records_{}_{source_id}", self.key)
    }

    /// Finds a column by name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// An index of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    /// Eight hexadecimal digits.
    pub id: String,
    /// `primary`, `btree`, `unique`, `search`, `spatial`, `vector`, …
    pub kind: String,
    /// `{name, op}` of each column, or `{name, priority}` for a search index.
    pub fields: Vec<Value>,
    /// Whatever else the definition says, such as a search index's name and language.
    pub extra: serde_json::Map<String, Value>,
}

impl Index {
    /// The documented answer.
    pub fn to_json(&self) -> Value {
        let mut shown = json!({"id": self.id, "type": self.kind, "fields": self.fields});
        if let Value::Object(map) = &mut shown {
            map.extend(self.extra.clone());
        }
        shown
    }

    /// Reads a stored or sent definition.
    pub fn from_json(value: &Value) -> Option<Self> {
        let mut map = value.as_object()?.clone();
        let id = map.remove("id").and_then(|id| id.as_str().map(str::to_owned));
        let kind = map.remove("type")?.as_str()?.to_owned();
        let fields = map
            .remove("fields")
            .or_else(|| map.remove("field"))?
            .as_array()?
            .clone();
        Some(Self {
            id: id.unwrap_or_else(index_id),
            kind,
            fields,
            extra: map,
        })
    }

    /// The columns it covers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter_map(|field| field["name"].as_str())
    }
}

/// A fresh index id.
pub fn index_id() -> String {
    format!("{:08x}", fastrand::u32(..))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Table> {
    let json = |name: &str| -> rusqlite::Result<Value> {
        let text: String = row.get(name)?;
        Ok(serde_json::from_str(&text).unwrap_or_default())
    };
    let columns = json("schema")?
        .as_array()
        .map(|list| list.iter().filter_map(|c| Column::read(c).ok()).collect());
    let indexes = json("indexes")?
        .as_array()
        .map(|list| list.iter().filter_map(Index::from_json).collect());
    Ok(Table {
        key: row.get("key")?,
        workspace_key: row.get("workspace_key")?,
        instance_id: row.get("instance_id")?,
        id: row.get("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        docs: row.get("docs")?,
        guid: row.get("guid")?,
        auth: row.get("auth")?,
        tag: json("tag")?,
        autocomplete: json("autocomplete")?,
        columns: columns.unwrap_or_default(),
        indexes: indexes.unwrap_or_default(),
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// The tables of a workspace, oldest first.
pub fn list(db: &Connection, workspace_key: i64) -> rusqlite::Result<Vec<Table>> {
    db.prepare_cached("SELECT * FROM dbtable WHERE workspace_key = ?1 ORDER BY id")?
        .query_map([workspace_key], from_row)?
        .collect()
}

/// One table of a workspace.
pub fn get(db: &Connection, workspace_key: i64, id: i64) -> rusqlite::Result<Option<Table>> {
    db.prepare_cached("SELECT * FROM dbtable WHERE workspace_key = ?1 AND id = ?2")?
        .query_row((workspace_key, id), from_row)
        .optional()
}

/// A table by name.
pub fn by_name(db: &Connection, workspace_key: i64, name: &str) -> rusqlite::Result<Option<Table>> {
    db.prepare_cached("SELECT * FROM dbtable WHERE workspace_key = ?1 AND name = ?2")?
        .query_row((workspace_key, name), from_row)
        .optional()
}

fn texts(table: &Table) -> (String, String) {
    let schema = table.columns.iter().map(Column::to_json).collect::<Vec<_>>();
    let indexes = table.indexes.iter().map(Index::to_json).collect::<Vec<_>>();
    (json!(schema).to_string(), json!(indexes).to_string())
}

/// Adds a table (its `key` is given here) and an empty set of records for every data source.
pub fn add(db: &Connection, table: &mut Table) -> rusqlite::Result<()> {
    let (schema, indexes) = texts(table);
    db.execute(
        "INSERT INTO dbtable (workspace_key, instance_id, id, name, description, docs, guid, auth, tag, autocomplete,
             schema, indexes, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        (
            table.workspace_key,
            table.instance_id,
            table.id,
            &table.name,
            &table.description,
            &table.docs,
            &table.guid,
            table.auth,
            table.tag.to_string(),
            table.autocomplete.to_string(),
            schema,
            indexes,
            table.created_at,
            table.updated_at,
        ),
    )?;
    table.key = db.last_insert_rowid();
    for source in source_ids(db, table.workspace_key)? {
        create_records(db, table, source)?;
    }
    Ok(())
}

/// Writes a changed definition back; records are changed by the functions below.
pub fn save(db: &Connection, table: &Table, now_ms: i64) -> rusqlite::Result<()> {
    let (schema, indexes) = texts(table);
    db.execute(
        "UPDATE dbtable SET name = ?2, description = ?3, docs = ?4, guid = ?5, auth = ?6, tag = ?7, autocomplete = ?8,
             schema = ?9, indexes = ?10, updated_at = ?11 WHERE key = ?1",
        (
            table.key,
            &table.name,
            &table.description,
            &table.docs,
            &table.guid,
            table.auth,
            table.tag.to_string(),
            table.autocomplete.to_string(),
            schema,
            indexes,
            now_ms,
        ),
    )?;
    Ok(())
}

/// Removes a table with all of its records.
pub fn remove(db: &Connection, table: &Table) -> rusqlite::Result<()> {
    for source in source_ids(db, table.workspace_key)? {
        drop_records(db, table, source)?;
    }
    db.execute("DELETE FROM dbtable WHERE key = ?1", [table.key])?;
    Ok(())
}

/// The data sources of a workspace, as numbers.
pub fn source_ids(db: &Connection, workspace_key: i64) -> rusqlite::Result<Vec<i64>> {
    db.prepare_cached("SELECT id FROM datasource WHERE workspace_key = ?1 ORDER BY id")?
        .query_map([workspace_key], |row| row.get(0))?
        .collect()
}

/// Makes the empty set of records of one data source.
pub fn create_records(db: &Connection, table: &Table, source_id: i64) -> rusqlite::Result<()> {
    let columns: Vec<_> = table.columns.iter().map(Column::declaration).collect();
    db.execute_batch(&format!(
        "CREATE TABLE {} ({})",
        table.records(source_id),
        columns.join(", ")
    ))?;
    for index in &table.indexes {
        create_index(db, table, source_id, index)?;
    }
    Ok(())
}

/// Drops the records of one data source.
pub fn drop_records(db: &Connection, table: &Table, source_id: i64) -> rusqlite::Result<()> {
    db.execute_batch(&format!("DROP TABLE IF EXISTS {}", table.records(source_id)))
}

/// Adds a column to the records, filled with its default.
pub fn add_column(
    db: &Connection,
    table: &Table,
    column: &Column,
    fill: &rusqlite::types::Value,
) -> rusqlite::Result<()> {
    for source in source_ids(db, table.workspace_key)? {
        let records = table.records(source);
        db.execute_batch(&format!("ALTER TABLE {records} ADD COLUMN {}", column.declaration()))?;
        db.execute(&format!("UPDATE {records} SET {} = ?1", quote(&column.name)), [fill])?;
    }
    Ok(())
}

/// Drops a column from the records.
pub fn drop_column(db: &Connection, table: &Table, name: &str) -> rusqlite::Result<()> {
    for source in source_ids(db, table.workspace_key)? {
        db.execute_batch(&format!(
            "ALTER TABLE {} DROP COLUMN {}",
            table.records(source),
            quote(name)
        ))?;
    }
    Ok(())
}

/// Renames a column of the records; indexes follow by themselves.
pub fn rename_column(db: &Connection, table: &Table, old: &str, new: &str) -> rusqlite::Result<()> {
    for source in source_ids(db, table.workspace_key)? {
        let records = table.records(source);
        db.execute_batch(&format!(
            "ALTER TABLE {records} RENAME COLUMN {} TO {}",
            quote(old),
            quote(new)
        ))?;
    }
    Ok(())
}

fn index_name(table: &Table, source_id: i64, index: &Index) -> String {
    quote(&format!("index_{}_{source_id}_{}", table.key, index.id))
}

/// Makes an index real, if it is of a kind that SQLite knows.
pub fn create_index(db: &Connection, table: &Table, source_id: i64, index: &Index) -> rusqlite::Result<()> {
    let unique = match index.kind.as_str() {
        "unique" | "btree|unique" => "UNIQUE ",
        "btree" => "",
        _ => return Ok(()),
    };
    let direction = |field: &Value| if field["op"] == "desc" { " DESC" } else { "" };
    let fields: Vec<_> = index
        .fields
        .iter()
        .map(|f| format!("{}{}", quote(f["name"].as_str().unwrap_or_default()), direction(f)))
        .collect();
    db.execute_batch(&format!(
        "CREATE {unique}INDEX {} ON {} ({})",
        index_name(table, source_id, index),
        table.records(source_id),
        fields.join(", ")
    ))
}

/// Undoes [`create_index`].
pub fn drop_index(db: &Connection, table: &Table, source_id: i64, index: &Index) -> rusqlite::Result<()> {
    db.execute_batch(&format!("DROP INDEX IF EXISTS {}", index_name(table, source_id, index)))
}
