//! The catalogue: which tables a workspace has, and their definitions.

use rusqlite::{OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::column::{self, Column};
use super::index::Index;
use super::kind::Kind;
use super::{Data, LIVE};
use crate::clock::timestamptz;
use crate::error::ApiError;
use crate::store::random_text;

/// What the catalogue keeps of a table besides its name and times.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Definition {
    /// A remark for people.
    pub description: String,
    /// Longer documentation.
    pub docs: String,
    /// Labels.
    pub tag: Vec<String>,
    /// The name across workspaces and instances.
    pub guid: String,
    /// Whether users who log in are kept in it.
    pub auth: bool,
    /// The API group that alone may use it.
    pub security: Option<String>,
    /// What the editor offers when a record is chosen, as sent.
    pub autocomplete: Vec<Value>,
    /// The highest physical column ever used.
    pub last_slot: u32,
    /// The columns, `id` first.
    pub columns: Vec<Column>,
    /// The indexes, the primary one first.
    pub indexes: Vec<Index>,
}

/// A table of a workspace.
#[derive(Debug, Clone)]
pub struct Table {
    /// What it is known by here, never used for another table.
    pub key: i64,
    /// Its number in the API.
    pub id: i64,
    /// The workspace it belongs to.
    pub workspace_key: i64,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: i64,
    /// When its definition changed last.
    pub updated_at: i64,
    /// Everything else.
    pub definition: Definition,
}

impl Table {
    /// Its columns, `id` first.
    pub fn columns(&self) -> &[Column] {
        &self.definition.columns
    }

    /// Its indexes, the primary one first.
    pub fn indexes(&self) -> &[Index] {
        &self.definition.indexes
    }

    /// Finds a column by its name.
    pub fn column(&self, name: &str) -> Result<&Column, ApiError> {
        self.columns()
            .iter()
            .find(|column| column.name == name)
            .ok_or_else(|| ApiError::not_found(format!("Table {:?} has no column {name:?}.", self.name)))
    }

    /// Whether records are numbered, or have UUIDs.
    pub fn key_kind(&self) -> Kind {
        self.columns().first().map_or(Kind::Int, |id| id.kind)
    }

    /// The table as the API shows it.
    pub fn to_json(&self) -> Value {
        let definition = &self.definition;
        json!({
            "id": self.id,
            "created_at": timestamptz(self.created_at),
            "updated_at": timestamptz(self.updated_at),
            "name": self.name,
            "description": definition.description,
            "docs": definition.docs,
            "guid": definition.guid,
            "auth": definition.auth,
            "tag": definition.tag,
        })
    }
}

/// What a new table is made from.
#[derive(Debug, Clone, Default)]
pub struct NewTable {
    /// Its name.
    pub name: String,
    /// Its number; none for the key it gets here.
    pub id: Option<i64>,
    /// Everything that is left out stays as it is in a fresh table.
    pub changes: Changes,
    /// The columns, `id` first; none for `id` and `created_at`.
    pub columns: Option<Vec<Column>>,
    /// The indexes; none for the primary one and one on `created_at`.
    pub indexes: Option<Vec<Index>>,
    /// UUIDs as keys, where no columns are given.
    pub uuid_key: bool,
}

impl NewTable {
    /// A table with the usual columns.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }
}

/// A partial change of a table: none leaves things as they are.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)] // the fields of the definition
#[allow(clippy::option_option)] // not said, lifted, or an API group
pub struct Changes {
    pub name: Option<String>,
    pub description: Option<String>,
    pub docs: Option<String>,
    pub tag: Option<Vec<String>>,
    pub guid: Option<String>,
    pub auth: Option<bool>,
    pub security: Option<Option<String>>,
    pub autocomplete: Option<Vec<Value>>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Table> {
    let definition: String = row.get("definition")?;
    let definition = serde_json::from_str(&definition)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into()))?;
    Ok(Table {
        key: row.get("key")?,
        id: row.get("id")?,
        workspace_key: row.get("workspace_key")?,
        name: row.get("name")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        definition,
    })
}

fn check_name(name: &str) -> Result<(), ApiError> {
    if name.trim().is_empty() || name.trim() != name || name.chars().count() > 255 || name.contains(char::is_control) {
        return Err(ApiError::input(
            "name",
            "Invalid value for param: name. It must be 1 to 255 characters without spaces around them.",
        ));
    }
    Ok(())
}

impl Data<'_> {
    /// Finds a table of a workspace.
    pub fn table(self, workspace_key: i64, id: i64) -> Result<Table, ApiError> {
        self.db
            .prepare_cached("SELECT * FROM data_table WHERE id = ?1 AND workspace_key = ?2")?
            .query_row((id, workspace_key), from_row)
            .optional()?
            .ok_or_else(|| ApiError::not_found(format!("The workspace has no table {id}.")))
    }

    /// Finds a table by its name, whatever the case.
    pub fn table_named(self, workspace_key: i64, name: &str) -> Result<Option<Table>, ApiError> {
        Ok(self
            .db
            .prepare_cached("SELECT * FROM data_table WHERE workspace_key = ?1 AND name_key = ?2")?
            .query_row((workspace_key, name.to_lowercase()), from_row)
            .optional()?)
    }

    /// The tables of a workspace, oldest first.
    pub fn tables(self, workspace_key: i64) -> Result<Vec<Table>, ApiError> {
        Ok(self
            .db
            .prepare_cached("SELECT * FROM data_table WHERE workspace_key = ?1 ORDER BY id")?
            .query_map([workspace_key], from_row)?
            .collect::<rusqlite::Result<_>>()?)
    }

    /// Makes a table, with room for records in the live data source.
    pub fn create_table(self, workspace_key: i64, new: NewTable) -> Result<Table, ApiError> {
        let key = if new.uuid_key { Kind::Uuid } else { Kind::Int };
        let mut columns = new
            .columns
            .unwrap_or_else(|| vec![Column::primary_key(key), Column::created_at()]);
        prepare_key(&mut columns)?;
        column::check_names(&columns, "schema")?;
        let mut last_slot = 0;
        for column in &mut columns[1..] {
            last_slot += 1;
            column.slot = last_slot;
        }
        let mut indexes = new.indexes.unwrap_or_else(|| Index::usual(&columns));
        Index::check_all(&mut indexes, &columns)?;
        let definition = Definition {
            guid: random_text(27),
            last_slot,
            columns,
            indexes,
            ..Definition::default()
        };
        let mut table = Table {
            key: 0,
            id: 0,
            workspace_key,
            name: new.name.clone(),
            created_at: self.now_ms,
            updated_at: self.now_ms,
            definition,
        };
        self.atomically(|| {
            apply(
                &mut table,
                Changes {
                    name: Some(new.name),
                    ..new.changes
                },
            )?;
            self.check_free(&table)?;
            self.db.execute(
                "INSERT INTO data_table (workspace_key, id, name, name_key, definition, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
                (
                    workspace_key,
                    new.id.unwrap_or(-1),
                    &table.name,
                    table.name.to_lowercase(),
                    encoded(&table.definition)?,
                    self.now_ms,
                ),
            )?;
            table.key = self.db.last_insert_rowid();
            table.id = new.id.unwrap_or(table.key);
            self.db
                .execute("UPDATE data_table SET id = ?2 WHERE key = ?1", (table.key, table.id))?;
            self.store(&table, LIVE)?;
            Ok(table)
        })
    }

    /// Changes what is given and leaves the rest as it is.
    pub fn change_table(self, mut table: Table, changes: Changes) -> Result<Table, ApiError> {
        apply(&mut table, changes)?;
        self.check_free(&table)?;
        self.save(&mut table)?;
        Ok(table)
    }

    /// Writes a definition back.
    pub fn save(self, table: &mut Table) -> Result<(), ApiError> {
        table.updated_at = self.now_ms;
        self.db
            .prepare_cached(
                "UPDATE data_table SET name = ?2, name_key = ?3, definition = ?4, updated_at = ?5 WHERE key = ?1",
            )?
            .execute((
                table.key,
                &table.name,
                table.name.to_lowercase(),
                encoded(&table.definition)?,
                self.now_ms,
            ))?;
        Ok(())
    }

    fn check_free(self, table: &Table) -> Result<(), ApiError> {
        match self.table_named(table.workspace_key, &table.name)? {
            Some(other) if other.key != table.key => Err(ApiError::input(
                "name",
                format!(
                    "Invalid value for param: name. The workspace has a table named {:?} already.",
                    other.name
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Removes a table and its records in every data source.
    pub fn delete_table(self, table: &Table) -> Result<(), ApiError> {
        self.atomically(|| {
            self.drop_stores(self.stores(table.key)?)?;
            self.db.execute("DELETE FROM data_table WHERE key = ?1", [table.key])?;
            Ok(())
        })
    }
}

fn encoded(definition: &Definition) -> Result<String, ApiError> {
    serde_json::to_string(definition)
        .map_err(|error| ApiError::fatal(format!("A definition cannot be stored: {error}.")))
}

fn apply(table: &mut Table, changes: Changes) -> Result<(), ApiError> {
    if let Some(name) = changes.name {
        check_name(&name)?;
        table.name = name;
    }
    let definition = &mut table.definition;
    if let Some(autocomplete) = changes.autocomplete {
        for item in &autocomplete {
            let name = item.get("name").and_then(Value::as_str).unwrap_or_default();
            if !definition.columns.iter().any(|column| column.name == name) {
                return Err(ApiError::input(
                    "autocomplete",
                    format!("Invalid value for param: autocomplete. The table has no column {name:?}."),
                ));
            }
        }
        definition.autocomplete = autocomplete;
    }
    let set = |field: &mut String, value: Option<String>| {
        if let Some(value) = value {
            *field = value;
        }
    };
    set(&mut definition.description, changes.description);
    set(&mut definition.docs, changes.docs);
    set(&mut definition.guid, changes.guid.filter(|guid| !guid.is_empty()));
    if let Some(tag) = changes.tag {
        definition.tag = tag;
    }
    if let Some(auth) = changes.auth {
        definition.auth = auth;
    }
    if let Some(security) = changes.security {
        definition.security = security;
    }
    Ok(())
}

/// The first column is `id`, a number or a UUID, whatever else was said about it.
pub fn prepare_key(columns: &mut [Column]) -> Result<(), ApiError> {
    match columns.first_mut() {
        Some(id) if id.name == "id" && matches!(id.kind, Kind::Int | Kind::Uuid) && !id.list => {
            let description = std::mem::take(&mut id.description);
            *id = Column {
                description,
                ..Column::primary_key(id.kind)
            };
            Ok(())
        }
        _ => Err(ApiError::input(
            "schema",
            "Invalid value for param: schema. The first column must be \"id\", of type int or uuid.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::{NOW, database};

    #[test]
    fn a_new_table_has_id_and_created_at_and_their_indexes() {
        let db = database();
        let data = Data::new(&db, NOW);
        let table = data.create_table(1, NewTable::named("orders")).expect("a table");
        let names: Vec<_> = table.columns().iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "created_at"]);
        assert_eq!(table.definition.indexes.len(), 2);
        let again = data.table(1, table.id).expect("the table");
        assert_eq!(again.to_json(), table.to_json());
        assert_eq!(again.to_json()["created_at"], "2023-04-12 22:00:38+0000");
    }

    #[test]
    fn names_are_unique_in_a_workspace_and_numbers_for_ever() {
        let db = database();
        let data = Data::new(&db, NOW);
        let first = data.create_table(1, NewTable::named("Ärger")).expect("a table");
        let error = data.create_table(1, NewTable::named("äRGER")).expect_err("taken");
        assert_eq!(error.payload["param"], "name");
        data.create_table(2, NewTable::named("Ärger"))
            .expect("another workspace");
        data.delete_table(&first).expect("deleted");
        assert_eq!(data.table(1, first.id).expect_err("gone").code, "ERROR_CODE_NOT_FOUND");
        let next = data
            .create_table(1, NewTable::named("ärger"))
            .expect("the name is free");
        assert!(next.id > first.id);
    }

    #[test]
    fn a_change_leaves_the_rest_alone() {
        let db = database();
        let data = Data::new(&db, NOW);
        let table = data.create_table(1, NewTable::named("a")).expect("a table");
        let changes = Changes {
            description: Some("about".to_owned()),
            auth: Some(true),
            ..Changes::default()
        };
        let later = Data::new(&db, NOW + 5000)
            .change_table(table.clone(), changes)
            .expect("changed");
        assert_eq!((later.name.as_str(), later.updated_at), ("a", NOW + 5000));
        assert_eq!(later.to_json()["auth"], true);
        for bad in ["", " a", "a\n"] {
            let changes = Changes {
                name: Some(bad.to_owned()),
                ..Changes::default()
            };
            assert!(data.change_table(table.clone(), changes).is_err(), "{bad:?}");
        }
    }
}
