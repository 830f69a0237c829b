//! Indexes: b-trees and unique ones are real, the others are kept and shown.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Data;
use super::column::Column;
use super::kind::{Kind, Storage};
use super::store::{Store, sql_order};
use super::table::Table;
use crate::error::ApiError;

/// The languages of a search index.
const LANGUAGES: [&str; 22] = [
    "simple",
    "arabic",
    "danish",
    "dutch",
    "english",
    "finnish",
    "french",
    "german",
    "hungarian",
    "indonesian",
    "irish",
    "italian",
    "lithuanian",
    "nepali",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "spanish",
    "swedish",
    "tamil",
    "turkish",
];

/// The kinds, as they are shown and as the paths name them.
const KINDS: [(&str, &str); 6] = [
    ("primary", "primary"),
    ("btree", "btree"),
    ("btree|unique", "unique"),
    ("search", "search"),
    ("spatial", "spatial"),
    ("vector", "vector"),
];

/// An index of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Eight hexadecimal digits.
    pub id: String,
    /// `primary`, `btree`, `btree|unique`, `search`, `spatial` or `vector`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The columns, in order.
    pub fields: Vec<IndexField>,
    /// The name of a search index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The language of a search index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
}

/// A column of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexField {
    /// The column.
    pub name: String,
    /// `asc`, `desc` or an operator class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<String>,
    /// The weight in a search index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
}

fn new_id() -> String {
    format!("{:08x}", fastrand::u32(..))
}

fn refuse(param: &str, reason: impl std::fmt::Display) -> ApiError {
    ApiError::input(param, format!("Invalid value for param: {param}. {reason}"))
}

impl Index {
    /// What a new table has: the primary index, and one on `created_at` when there is such a column.
    pub fn usual(columns: &[Column]) -> Vec<Self> {
        let field = |name: &str, op: Option<&str>| IndexField {
            name: name.to_owned(),
            op: op.map(str::to_owned),
            priority: None,
        };
        let index = |kind: &str, fields| Self {
            id: new_id(),
            kind: kind.to_owned(),
            fields,
            name: None,
            lang: None,
        };
        let mut indexes = vec![index("primary", vec![field("id", None)])];
        if columns.iter().any(|column| column.name == "created_at") {
            indexes.push(index("btree", vec![field("created_at", Some("desc"))]));
        }
        indexes
    }

    /// As the API shows it.
    pub fn to_json(&self) -> Value {
        json!(self)
    }

    /// Reads an index as the API takes it; `kind` is the one in the path when a single one is added.
    pub fn from_json(given: &Map<String, Value>, kind: Option<&str>, param: Option<&str>) -> Result<Self, ApiError> {
        let at = |field| param.unwrap_or(field);
        let text = |field: &str| match given.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(refuse(at("fields"), format!("The {field} of an index must be text."))),
        };
        let kind = match kind {
            Some(kind) => kind.to_owned(),
            None => text("type")?.ok_or_else(|| refuse(at("type"), "Each index needs a type."))?,
        };
        let known = KINDS.iter().find(|(shown, path)| *shown == kind || *path == kind);
        let kind = known.map(|(shown, _)| *shown).ok_or_else(|| {
            let names: Vec<_> = KINDS.iter().map(|(shown, _)| *shown).collect();
            refuse(
                at("type"),
                format!("There is no index type {kind:?}; there are {}.", names.join(", ")),
            )
        })?;
        let parsed: Value;
        let fields = match given.get("fields") {
            Some(Value::String(text)) => {
                parsed = serde_json::from_str(text).unwrap_or_default();
                &parsed
            }
            Some(value) => value,
            None => return Err(ApiError::input(at("fields"), "Missing param: fields")),
        };
        let fields: Vec<IndexField> = serde_json::from_value(fields.clone())
            .map_err(|error| refuse(at("fields"), format!("It must be a list of {{name, op}}: {error}.")))?;
        if fields.is_empty() {
            return Err(refuse(at("fields"), "An index needs at least one column."));
        }
        Ok(Self {
            id: text("id")?.filter(|id| is_id(id)).unwrap_or_else(new_id),
            kind: kind.to_owned(),
            fields,
            name: text("name")?,
            lang: text("lang")?,
        })
    }

    /// Reads a whole list.
    pub fn list_from_json(given: &Value, param: &str) -> Result<Vec<Self>, ApiError> {
        let items = given
            .as_array()
            .ok_or_else(|| refuse(param, "It must be a list of indexes."))?;
        items
            .iter()
            .map(|item| {
                let map = item
                    .as_object()
                    .ok_or_else(|| refuse(param, "Each index must be an object."))?;
                Self::from_json(map, None, Some(param))
            })
            .collect()
    }

    /// Checks a whole list against the columns, adds the primary index where it was left out, and gives
    /// equal ids new ones.
    pub fn check_all(indexes: &mut Vec<Self>, columns: &[Column]) -> Result<(), ApiError> {
        match indexes.iter().filter(|index| index.kind == "primary").count() {
            0 => indexes.splice(0..0, Self::usual(&columns[..1])).for_each(drop),
            1 => {}
            _ => return Err(refuse("index", "There is one primary index, on id.")),
        }
        let mut seen = std::collections::HashSet::new();
        for index in indexes {
            index.check(columns, "index")?;
            while !seen.insert(index.id.clone()) {
                index.id = new_id();
            }
        }
        Ok(())
    }

    /// Checks the index against the columns.
    pub fn check(&self, columns: &[Column], param: &str) -> Result<(), ApiError> {
        for field in &self.fields {
            let column = columns
                .iter()
                .find(|column| column.name == field.name)
                .ok_or_else(|| refuse(param, format!("The table has no column {:?}.", field.name)))?;
            self.check_field(field, column, param)?;
        }
        let ids_only = self.fields.len() == 1 && self.fields[0].name == "id";
        if self.kind == "primary" && !ids_only {
            return Err(refuse(param, "The primary index is on id alone."));
        }
        if self.kind == "search" {
            if self.name.as_deref().unwrap_or_default().is_empty() {
                return Err(ApiError::input("name", "Missing param: name"));
            }
            match self.lang.as_deref() {
                None => return Err(ApiError::input("lang", "Missing param: lang")),
                Some(lang) if LANGUAGES.contains(&lang) => {}
                Some(_) => return Err(refuse("lang", format!("It must be one of: {}.", LANGUAGES.join(", ")))),
            }
        }
        Ok(())
    }

    fn check_field(&self, field: &IndexField, column: &Column, param: &str) -> Result<(), ApiError> {
        let ops: &[&str] = match self.kind.as_str() {
            "btree" | "btree|unique" => &["asc", "desc"],
            "spatial" => &["gist_geometry_ops_2d"],
            "vector" => &["vector_ip_ops", "vector_cosine_ops", "vector_l1_ops", "vector_l2_ops"],
            _ => &[],
        };
        if !ops.is_empty() && !field.op.as_deref().is_some_and(|op| ops.contains(&op)) {
            return Err(refuse(
                param,
                format!("The op of {:?} must be one of: {}.", field.name, ops.join(", ")),
            ));
        }
        let fits = match self.kind.as_str() {
            "spatial" => column.kind.geometry().is_some(),
            "vector" => column.kind == Kind::Vector,
            "search" => column.kind.storage() == Storage::Text,
            _ => true,
        };
        if fits {
            Ok(())
        } else {
            let kind = column.kind.name();
            Err(refuse(
                param,
                format!("A column of type {kind} cannot be in a {} index.", self.kind),
            ))
        }
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
}

impl Data<'_> {
    /// Builds the SQLite index, where there is one to build.
    pub fn create_physical_index(self, table: &Table, store: Store, index: &Index) -> Result<(), ApiError> {
        let unique = match index.kind.as_str() {
            "btree" => "",
            "btree|unique" => "UNIQUE ",
            _ => return Ok(()),
        };
        let mut parts = Vec::new();
        for field in &index.fields {
            let column = table.column(&field.name)?;
            // Equal decimals are stored equally, so uniqueness needs no conversion, which would lose digits.
            let by = if unique.is_empty() {
                sql_order(column)
            } else {
                column.sql_name()
            };
            parts.push(format!("{by} {}", field.op.as_deref().unwrap_or("asc")));
        }
        let sql = format!(
            "CREATE {unique}INDEX {} ON {} ({})",
            store.index_name(index),
            store.sql_name(),
            parts.join(", ")
        );
        self.db.execute_batch(&sql).map_err(|error| {
            if is_duplicate(&error) {
                let names: Vec<_> = index.fields.iter().map(|field| field.name.as_str()).collect();
                duplicate(&names.join(", "), "Records have the same values already.")
            } else {
                error.into()
            }
        })
    }

    /// Adds an index and answers its id.
    pub fn add_index(self, table: &mut Table, index: Index) -> Result<String, ApiError> {
        if index.kind == "primary" {
            return Err(refuse("type", "A table has one primary index already."));
        }
        index.check(table.columns(), "fields")?;
        self.atomically(|| {
            let mut index = index;
            while table.definition.indexes.iter().any(|other| other.id == index.id) {
                index.id = new_id();
            }
            for store in self.stores(table.key)? {
                self.create_physical_index(table, store, &index)?;
            }
            let id = index.id.clone();
            table.definition.indexes.push(index);
            self.save(table)?;
            Ok(id)
        })
    }

    /// Replaces the whole list, the primary one included.
    pub fn replace_indexes(self, table: &mut Table, mut indexes: Vec<Index>) -> Result<(), ApiError> {
        Index::check_all(&mut indexes, table.columns())?;
        self.atomically(|| {
            for store in self.stores(table.key)? {
                for index in &table.definition.indexes {
                    self.drop_physical_index(store, index)?;
                }
                for index in &indexes {
                    self.create_physical_index(table, store, index)?;
                }
            }
            table.definition.indexes = indexes;
            self.save(table)
        })
    }

    /// Removes an index; the data stays.
    pub fn delete_index(self, table: &mut Table, id: &str) -> Result<(), ApiError> {
        let indexes = &mut table.definition.indexes;
        let at = indexes
            .iter()
            .position(|index| index.id == id)
            .ok_or_else(|| ApiError::not_found(format!("Table {:?} has no index {id:?}.", table.name)))?;
        if indexes[at].kind == "primary" {
            return Err(ApiError::bad_request("The primary index cannot be deleted."));
        }
        let index = indexes.remove(at);
        for store in self.stores(table.key)? {
            self.drop_physical_index(store, &index)?;
        }
        self.save(table)
    }

    /// Drops the SQLite index, where there is one.
    pub fn drop_physical_index(self, store: Store, index: &Index) -> Result<(), ApiError> {
        self.db
            .execute_batch(&format!("DROP INDEX IF EXISTS {}", store.index_name(index)))?;
        Ok(())
    }
}

/// Whether SQLite refused a duplicate.
pub fn is_duplicate(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(cause, _)
        if matches!(cause.extended_code, 2067 | 1555 | 2579))
}

/// The refusal of a duplicate.
pub fn duplicate(columns: &str, detail: &str) -> ApiError {
    let mut error = ApiError::conflict(format!("Duplicate record detected in {columns}. {detail}"));
    error.payload = Box::new(json!({"param": columns}));
    error
}
