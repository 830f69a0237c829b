//! Columns: their definition as the API writes it and as the catalogue keeps it.

use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

use super::filters::Filters;
use super::kind::Kind;
use super::value;
use crate::error::ApiError;

/// How deep objects may be nested in objects.
const DEEPEST: usize = 16;

/// The most columns that a table may have; SQLite's own limit is not much higher.
const MOST_COLUMNS: usize = 1600;

/// The most numbers that a vector may have.
const LARGEST_VECTOR: u64 = 16_000;

/// A column of a table, or a field of an object column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools)] // the API's own flags
pub struct Column {
    /// Which physical column holds it; never reused, so that a new column of an old name starts empty.
    pub slot: u32,
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// A remark for people.
    pub description: String,
    /// Whether null may be stored.
    pub nullable: bool,
    /// Whether a new record must give a value.
    pub required: bool,
    /// The value of a record that gives none, as text (`now` and `uuid` make one up).
    pub default: Option<String>,
    /// `public`, `private` or `internal`; kept, and without effect on records read here.
    pub access: String,
    /// Whether it is masked in request history.
    pub sensitive: bool,
    /// Whether it holds a list of values.
    pub list: bool,
    /// The words of an enum.
    pub values: Vec<String>,
    /// How a text is meant to be shown.
    pub format: String,
    /// The table that it refers to.
    pub tableref_id: Option<i64>,
    /// The fields of an object.
    pub children: Vec<Column>,
    /// How many numbers a vector has.
    pub size: Option<usize>,
    /// Constraints on its values.
    pub filters: Filters,
}

impl Default for Column {
    fn default() -> Self {
        Self {
            slot: 0,
            name: String::new(),
            kind: Kind::Text,
            description: String::new(),
            nullable: false,
            required: false,
            default: None,
            access: "public".to_owned(),
            sensitive: false,
            list: false,
            values: Vec::new(),
            format: String::new(),
            tableref_id: None,
            children: Vec::new(),
            size: None,
            filters: Filters::default(),
        }
    }
}

impl Column {
    /// A column with the given name and kind, and everything else as it is when nothing is said.
    pub fn new(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            nullable: kind.nullable_unless_said(),
            ..Self::default()
        }
    }

    /// The `id` of a table with numbers or UUIDs as keys.
    pub fn primary_key(kind: Kind) -> Self {
        Self {
            nullable: false,
            required: true,
            ..Self::new("id", kind)
        }
    }

    /// The `created_at` that every new table has.
    pub fn created_at() -> Self {
        Self {
            nullable: false,
            default: Some("now".to_owned()),
            access: "private".to_owned(),
            ..Self::new("created_at", Kind::Timestamp)
        }
    }

    /// The physical column.
    pub fn sql_name(&self) -> String {
        if self.slot == 0 {
            "id".to_owned()
        } else {
            format!("c{}", self.slot)
        }
    }

    /// Whether null may be given: where it is allowed, and where there is nothing else to say "none".
    pub fn takes_null(&self) -> bool {
        self.nullable || (!self.required && !self.list && self.kind.empty().is_none())
    }

    /// The column as the API shows it.
    pub fn to_json(&self) -> Value {
        let mut shown = json!({
            "name": self.name,
            "type": self.kind.name(),
            "description": self.description,
            "nullable": self.nullable,
            "default": self.default.as_deref().unwrap_or_default(),
            "required": self.required,
            "access": self.access,
            "sensitive": self.sensitive,
            "style": if self.list { "list" } else { "single" },
        });
        if let Value::Object(map) = &mut shown {
            match self.kind {
                Kind::Enum => drop(map.insert("values".to_owned(), json!(self.values))),
                Kind::Text => drop(map.insert("format".to_owned(), json!(self.format))),
                Kind::Vector => drop(map.insert("vector".to_owned(), json!({"size": self.size}))),
                Kind::Object => {
                    let children = self.children.iter().map(Self::to_json).collect();
                    map.insert("children".to_owned(), Value::Array(children));
                }
                _ => {}
            }
            if let Some(id) = self.tableref_id {
                map.insert("tableref_id".to_owned(), json!(id));
            }
            if !self.filters.is_empty() {
                map.insert("validators".to_owned(), json!(self.filters));
            }
        }
        shown
    }

    /// Reads a column as the API takes it. `kind` is the one of the path when a single column is
    /// added; in a whole schema it is in the field `type`. `param` is what a refusal points at when
    /// it is not one of the column's own fields.
    pub fn from_json(given: &Map<String, Value>, kind: Option<Kind>, param: Option<&str>) -> Result<Self, ApiError> {
        Reader { given, param }.column(kind, 0)
    }

    /// Reads a whole schema, where `id` comes first.
    pub fn list_from_json(given: &Value, param: &str) -> Result<Vec<Self>, ApiError> {
        let items = given.as_array().ok_or_else(|| {
            ApiError::input(
                param,
                format!("Invalid value for param: {param}. It must be a list of columns."),
            )
        })?;
        let mut columns = Vec::new();
        for item in items {
            let map = item.as_object().ok_or_else(|| {
                ApiError::input(
                    param,
                    format!("Invalid value for param: {param}. Each column must be an object."),
                )
            })?;
            columns.push(Self::from_json(map, None, Some(param))?);
        }
        check_names(&columns, param)?;
        Ok(columns)
    }
}

/// Refuses two columns of one name, whatever the case, and too many of them.
pub fn check_names(columns: &[Column], param: &str) -> Result<(), ApiError> {
    if columns.len() > MOST_COLUMNS {
        return Err(ApiError::input(
            param,
            format!("Invalid value for param: {param}. There can be at most {MOST_COLUMNS} columns."),
        ));
    }
    let mut seen = std::collections::HashSet::new();
    for column in columns {
        if !seen.insert(column.name.to_lowercase()) {
            return Err(ApiError::input(
                param,
                format!(
                    "Invalid value for param: {param}. There are two columns named {:?}.",
                    column.name
                ),
            ));
        }
    }
    Ok(())
}

/// A column name is anything that cannot be mistaken for a part of a search expression.
pub fn check_name(name: &str, param: &str) -> Result<(), ApiError> {
    let refuse = |reason: &str| {
        Err(ApiError::input(
            param,
            format!("Invalid value for param: {param}. The column name {name:?} {reason}."),
        ))
    };
    if name.trim().is_empty() {
        return refuse("is empty");
    }
    if name.trim() != name {
        return refuse("has spaces around it");
    }
    if name.chars().count() > 63 {
        return refuse("is longer than 63 characters");
    }
    if name.contains(['|', '.']) || name.contains(char::is_control) {
        return refuse("contains a character that search expressions need, or a control character");
    }
    Ok(())
}

struct Reader<'a> {
    given: &'a Map<String, Value>,
    param: Option<&'a str>,
}

impl Reader<'_> {
    fn refuse(&self, field: &str, reason: impl std::fmt::Display) -> ApiError {
        let param = self.param.unwrap_or(field);
        let name = self.given.get("name").and_then(Value::as_str).unwrap_or_default();
        ApiError::input(
            param,
            format!("Invalid value for param: {param}. Column {name:?}, {field}: {reason}"),
        )
    }

    fn field(&self, name: &str) -> Option<&Value> {
        self.given.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<Option<String>, ApiError> {
        match self.field(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.refuse(name, "it must be text.")),
        }
    }

    fn flag(&self, name: &str, unless_said: bool) -> Result<bool, ApiError> {
        match self.field(name) {
            None => Ok(unless_said),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if matches!(text.as_str(), "true" | "1") => Ok(true),
            Some(Value::String(text)) if matches!(text.as_str(), "false" | "0" | "") => Ok(false),
            Some(_) => Err(self.refuse(name, "it must be true or false.")),
        }
    }

    fn word(&self, name: &str, words: &[&str]) -> Result<String, ApiError> {
        let text = self.text(name)?.unwrap_or_else(|| words[0].to_owned());
        if words.contains(&text.as_str()) {
            return Ok(text);
        }
        Err(self.refuse(name, format!("it must be one of: {}.", words.join(", "))))
    }

    fn column(&self, kind: Option<Kind>, depth: usize) -> Result<Column, ApiError> {
        let name = match self.field("name") {
            Some(Value::String(name)) => name.clone(),
            Some(_) => return Err(self.refuse("name", "it must be text.")),
            None => {
                let param = self.param.unwrap_or("name");
                return Err(ApiError::input(param, "Missing param: name"));
            }
        };
        check_name(&name, self.param.unwrap_or("name"))?;
        let kind = match kind {
            Some(kind) => kind,
            None => self.kind()?,
        };
        let column = Column {
            slot: 0,
            description: self.text("description")?.unwrap_or_default(),
            nullable: self.flag("nullable", kind.nullable_unless_said())?,
            required: self.flag("required", false)?,
            default: self.default_text(),
            access: self.word("access", &["public", "private", "internal"])?,
            sensitive: self.flag("sensitive", false)?,
            list: self.word("style", &["single", "list"])? == "list",
            values: self.values(kind)?,
            format: self.word("format", &["", "plaintext", "yaml", "html", "xml", "markdown"])?,
            tableref_id: self.tableref(kind)?,
            children: self.children(kind, depth)?,
            size: self.size(kind)?,
            filters: self.filters()?,
            name,
            kind,
        };
        if kind == Kind::Password && (column.list || depth > 0) {
            return Err(self.refuse("type", "a password can be neither in a list nor in an object."));
        }
        if let Some(text) = &column.default {
            value::check_default(&column, text).map_err(|reason| self.refuse("default", reason))?;
        }
        Ok(column)
    }

    fn kind(&self) -> Result<Kind, ApiError> {
        let name = self
            .text("type")?
            .ok_or_else(|| self.refuse("type", "it is missing."))?;
        Kind::find(&name).ok_or_else(|| {
            let known: Vec<_> = Kind::ALL.iter().map(|(known, _)| *known).collect();
            self.refuse(
                "type",
                format!("there is no type {name:?}; there are {}.", known.join(", ")),
            )
        })
    }

    fn default_text(&self) -> Option<String> {
        match self.field("default")? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            other => Some(other.to_string()),
        }
    }

    fn values(&self, kind: Kind) -> Result<Vec<String>, ApiError> {
        let items = match self.field("values") {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items.clone(),
            // A form brings the list as text.
            Some(Value::String(text)) => {
                serde_json::from_str(text).unwrap_or_else(|_| text.split(',').map(|word| json!(word.trim())).collect())
            }
            Some(_) => return Err(self.refuse("values", "it must be a list of texts.")),
        };
        let mut words = Vec::new();
        for item in &items {
            let word = item.as_str().or_else(|| {
                let named = item.get("value").or_else(|| item.get("name"));
                named.and_then(Value::as_str)
            });
            let word = word.ok_or_else(|| self.refuse("values", "each of them must be text."))?;
            words.push(word.to_owned());
        }
        Ok(if kind == Kind::Enum { words } else { Vec::new() })
    }

    fn tableref(&self, kind: Kind) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.field("tableref_id") else {
            return Ok(None);
        };
        let id = value
            .as_i64()
            .or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        let id = id.ok_or_else(|| self.refuse("tableref_id", "it must be the number of a table."))?;
        match kind {
            _ if id == 0 => Ok(None),
            Kind::Int | Kind::Uuid => Ok(Some(id)),
            _ => Err(self.refuse("tableref_id", "only an int or a uuid can refer to a table.")),
        }
    }

    fn children(&self, kind: Kind, depth: usize) -> Result<Vec<Column>, ApiError> {
        let Some(value) = self.field("children").filter(|_| kind == Kind::Object) else {
            return Ok(Vec::new());
        };
        if depth >= DEEPEST {
            return Err(self.refuse("children", format!("objects can be nested {DEEPEST} deep.")));
        }
        let parsed;
        let value = match value {
            Value::String(text) => {
                parsed = serde_json::from_str(text).unwrap_or_default();
                &parsed
            }
            other => other,
        };
        let items = match value {
            Value::Array(items) => items,
            Value::Object(map) if map.is_empty() => return Ok(Vec::new()),
            _ => return Err(self.refuse("children", "it must be a list of columns.")),
        };
        let mut children = Vec::new();
        for item in items {
            let given = item
                .as_object()
                .ok_or_else(|| self.refuse("children", "each of them must be an object."))?;
            let param = Some(self.param.unwrap_or("children"));
            children.push(Reader { given, param }.column(None, depth + 1)?);
        }
        check_names(&children, self.param.unwrap_or("children"))?;
        Ok(children)
    }

    fn size(&self, kind: Kind) -> Result<Option<usize>, ApiError> {
        if kind != Kind::Vector {
            return Ok(None);
        }
        let parsed: Value;
        let vector = match self.field("vector") {
            Some(Value::String(text)) => {
                parsed = serde_json::from_str(text).unwrap_or_default();
                Some(&parsed)
            }
            other => other,
        };
        let size = vector.and_then(|vector| vector.get("size")).and_then(Value::as_u64);
        match size {
            Some(size @ 1..=LARGEST_VECTOR) => Ok(usize::try_from(size).ok()),
            _ => Err(self.refuse(
                "vector",
                format!("give {{\"size\": n}}, the count of numbers from 1 to {LARGEST_VECTOR}."),
            )),
        }
    }

    fn filters(&self) -> Result<Filters, ApiError> {
        for name in ["filters", "validators"] {
            let filters: Filters = match self.field(name) {
                None => continue,
                Some(Value::String(text)) => serde_json::from_str(text),
                Some(value) => to_raw_value(value).and_then(|raw| serde_json::from_str(raw.get())),
            }
            .map_err(|error| self.refuse(name, error))?;
            filters.check().map_err(|reason| self.refuse(name, reason))?;
            return Ok(filters);
        }
        Ok(Filters::default())
    }
}
