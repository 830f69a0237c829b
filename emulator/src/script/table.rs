//! Table definitions in XanoScript, read and written.
//!
//! ```text
//! table "order" {
//!   auth = false
//!   schema {
//!     int id
//!     timestamp created_at?=now
//!     decimal? price? filters=min:0
//!     enum status? { values = ["open", "paid"] }
//!     int customer? { table = "customer" }
//!   }
//!   index = [{type: "primary", field: [{name: "id"}]}]
//! }
//! ```
//!
//! `?` after a type means that null is allowed, after a name that a value need not be given.

use serde_json::{Map, Value, json};

use super::reader::Reader;
use super::{bare, header, syntax};
use crate::data::{Changes, Column, Data, Index, Kind, NewTable, Table};
use crate::error::ApiError;

/// What a script says about a table.
#[derive(Debug, Default)]
pub struct Definition {
    name: String,
    changes: Changes,
    columns: Option<Vec<Column>>,
    indexes: Option<Vec<Index>>,
}

impl Definition {
    /// For a table that does not exist yet.
    pub fn into_new(self) -> NewTable {
        NewTable {
            columns: self.columns,
            indexes: self.indexes,
            changes: self.changes,
            ..NewTable::named(&self.name)
        }
    }

    /// For one that does: columns, indexes, the rest.
    pub fn into_changes(self) -> (Option<Vec<Column>>, Option<Vec<Index>>, Changes) {
        let changes = Changes {
            name: Some(self.name),
            ..self.changes
        };
        (self.columns, self.indexes, changes)
    }
}

/// Reads a definition. Other tables are named in it, so the workspace is asked for their numbers.
pub fn read(text: &str, workspace_key: i64, data: Data<'_>) -> Result<Definition, ApiError> {
    let header = header(text)?;
    if header.keyword != "table" {
        return Err(ApiError::bad_request(format!(
            "A table is defined with \"table\", not with {:?}.",
            header.keyword
        )));
    }
    let mut definition = Definition {
        name: header.name,
        ..Definition::default()
    };
    let find = |name: &str| Ok(data.table_named(workspace_key, name)?.map(|table| table.id));
    let mut reader = Reader::after_header(text);
    while !reader.closes() {
        let name = reader.word()?;
        if name == "schema" && reader.opens() {
            let columns = fields(&mut reader, &find)?;
            definition.columns = Some(Column::list_from_json(&columns, "schema")?);
            continue;
        }
        let value = reader.assigned()?;
        let text = value.as_str().map(str::to_owned);
        match name.as_str() {
            "auth" => definition.changes.auth = value.as_bool(),
            "description" => definition.changes.description = text,
            "docs" => definition.changes.docs = text,
            "guid" => definition.changes.guid = text,
            "tag" | "tags" => {
                definition.changes.tag = serde_json::from_value(value).ok();
            }
            "index" => definition.indexes = Some(indexes(&value)?),
            // Views, workflows and the like have no effect here.
            _ => {}
        }
    }
    Ok(definition)
}

/// In scripts the columns of an index are called `field`.
fn indexes(value: &Value) -> Result<Vec<Index>, ApiError> {
    let mut list = value.clone();
    for index in list.as_array_mut().into_iter().flatten() {
        if let Some(map) = index.as_object_mut()
            && let Some(fields) = map.remove("field")
        {
            map.insert("fields".to_owned(), fields);
        }
    }
    Index::list_from_json(&list, "index")
}

type Find<'f> = &'f dyn Fn(&str) -> Result<Option<i64>, ApiError>;

/// The columns up to the closing brace, as the API writes them.
fn fields(reader: &mut Reader<'_>, find: Find<'_>) -> Result<Value, ApiError> {
    let mut columns = Vec::new();
    while !reader.closes() {
        let at = reader.place();
        let column = field(reader, find)?;
        // To point at the line: the list is checked as a whole afterwards.
        if let Some(map) = column.as_object() {
            Column::from_json(map, None, Some("schema")).map_err(|error| syntax(&error.message, at.0, at.1))?;
        }
        columns.push(column);
    }
    Ok(Value::Array(columns))
}

fn field(reader: &mut Reader<'_>, find: Find<'_>) -> Result<Value, ApiError> {
    let kind = reader.word()?;
    let nullable = kind.ends_with('?');
    let kind = kind.trim_end_matches('?');
    let list = kind.ends_with("[]");
    let kind = kind.trim_end_matches("[]");
    let name = reader.name()?;
    let optional = reader.takes('?');
    let mut column = Map::new();
    for (key, value) in [
        ("name", json!(name)),
        ("type", json!(kind)),
        ("nullable", json!(nullable)),
        ("required", json!(!optional)),
        ("style", json!(if list { "list" } else { "single" })),
    ] {
        column.insert(key.to_owned(), value);
    }
    if reader.takes('=') {
        column.insert("default".to_owned(), json!(reader.name()?));
    }
    if reader.keyword("filters=") {
        column.insert("filters".to_owned(), filters(reader)?);
    }
    if !reader.opens_here() {
        return Ok(Value::Object(column));
    }
    while !reader.closes() {
        let key = reader.word()?;
        if key == "schema" && reader.opens() {
            column.insert("children".to_owned(), fields(reader, find)?);
            continue;
        }
        let at = reader.place();
        let value = reader.assigned()?;
        match (key.as_str(), &value) {
            ("table", Value::String(other)) => {
                let id = find(other)?.ok_or_else(|| syntax(&format!("there is no table {other:?}"), at.0, at.1))?;
                column.insert("tableref_id".to_owned(), json!(id));
            }
            ("visibility", _) => drop(column.insert("access".to_owned(), value)),
            ("size", _) => drop(column.insert("vector".to_owned(), json!({"size": value}))),
            ("values" | "description" | "sensitive" | "format" | "tableref_id", _) => drop(column.insert(key, value)),
            _ => {}
        }
    }
    Ok(Value::Object(column))
}

/// `trim|lower|min:3`
fn filters(reader: &mut Reader<'_>) -> Result<Value, ApiError> {
    let mut filters = Map::new();
    loop {
        let name = reader.identifier()?;
        let value = if reader.takes(':') {
            reader.value()?
        } else {
            json!(true)
        };
        filters.insert(name, value);
        if !reader.takes('|') {
            return Ok(Value::Object(filters));
        }
    }
}

/// Writes a definition.
pub fn write(table: &Table, data: Data<'_>) -> String {
    use std::fmt::Write as _;
    let definition = &table.definition;
    let mut text = format!("table {} {{\n  auth = {}\n", bare(&table.name), definition.auth);
    // Writing into memory cannot fail.
    if !definition.description.is_empty() {
        let _ = writeln!(text, "  description = {}", json!(definition.description));
    }
    if !definition.tag.is_empty() {
        let _ = writeln!(text, "  tag = {}", json!(definition.tag));
    }
    let name_of = |id| data.table(table.workspace_key, id).ok().map(|other| other.name);
    text.push_str("\n  schema {\n");
    write_columns(table.columns(), "    ", &name_of, &mut text);
    text.push_str("  }\n\n  index = [\n");
    for index in table.indexes() {
        let mut shown = index.to_json();
        let fields = shown["fields"].take();
        let lang = shown
            .get("lang")
            .map(|lang| format!(", lang: {lang}"))
            .unwrap_or_default();
        let name = shown
            .get("name")
            .map(|name| format!(", name: {name}"))
            .unwrap_or_default();
        let _ = writeln!(text, "    {{type: {}{name}{lang}, field: {fields}}}", shown["type"]);
    }
    text.push_str("  ]\n}\n");
    text
}

fn write_columns(columns: &[Column], indent: &str, name_of: &dyn Fn(i64) -> Option<String>, text: &mut String) {
    use std::fmt::Write as _;
    for column in columns {
        let list = if column.list { "[]" } else { "" };
        let nullable = if column.nullable { "?" } else { "" };
        let optional = if column.required { "" } else { "?" };
        let default = column.default.as_deref().map(|default| format!("={}", bare(default)));
        let _ = write!(
            text,
            "{indent}{}{list}{nullable} {}{optional}{}{}",
            column.kind.name(),
            bare(&column.name),
            default.unwrap_or_default(),
            written_filters(column)
        );
        let mut block = Vec::new();
        let mut add = |key: &str, value: Value| block.push(format!("{key} = {value}"));
        if !column.description.is_empty() {
            add("description", json!(column.description));
        }
        if column.kind == Kind::Enum {
            add("values", json!(column.values));
        }
        if let Some(name) = column.tableref_id.and_then(name_of) {
            add("table", json!(name));
        } else if let Some(id) = column.tableref_id {
            add("tableref_id", json!(id));
        }
        if let Some(size) = column.size {
            add("size", json!(size));
        }
        if column.sensitive {
            add("sensitive", json!(true));
        }
        if column.access != "public" {
            add("visibility", json!(column.access));
        }
        if !column.format.is_empty() {
            add("format", json!(column.format));
        }
        if block.is_empty() && column.children.is_empty() {
            text.push('\n');
            continue;
        }
        text.push_str(" {\n");
        for line in block {
            let _ = writeln!(text, "{indent}  {line}");
        }
        if !column.children.is_empty() {
            let _ = writeln!(text, "{indent}  schema {{");
            write_columns(&column.children, &format!("{indent}    "), name_of, text);
            let _ = writeln!(text, "{indent}  }}");
        }
        let _ = writeln!(text, "{indent}}}");
    }
}

fn written_filters(column: &Column) -> String {
    let filters = json!(column.filters);
    let parts: Vec<_> = filters
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| match value {
            Value::Bool(true) => name.clone(),
            value => format!("{name}:{value}"),
        })
        .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(" filters={}", parts.join("|"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::{NOW, database};

    const SCRIPT: &str = r#"// the people
table "my user" {
  auth = true
  description = "who logs in"
  tag = ["a", "b"]

  schema {
    int id
    timestamp created_at?=now
    email? email filters=trim|lower
    text[] tags?
    password? pw? filters=min:8|minDigit:1
    text code?="a b" filters=pattern:"^[a-z {}]+$"
    enum status? {
      values = ["a","b"]
    }
    object address? {
      schema {
        text street
        vector? at? {
          size = 2
        }
      }
    }
    int boss? {
      table = "my boss"
      visibility = "private"
    }
  }

  index = [
    {type: "primary", field: [{name: "id"}]}
    {type: "btree|unique", field: [{name: "email", op: "asc"}]}
    {type: "search", name: "s", lang: "english", field: [{name: "code", priority: 1}]}
  ]
}
"#;

    #[test]
    fn a_definition_survives_the_round_trip() {
        let db = database();
        let data = Data::new(&db, NOW);
        data.create_table(1, NewTable::named("my boss")).expect("a table");
        let new = read(SCRIPT, 1, data).expect("a definition").into_new();
        let table = data.create_table(1, new).expect("a table");
        assert_eq!((table.name.as_str(), table.definition.auth), ("my user", true));
        assert_eq!(table.definition.tag, ["a", "b"]);
        let column = |name| table.column(name).expect("a column");
        assert!(column("email").nullable && column("email").required);
        assert_eq!(column("created_at").default.as_deref(), Some("now"));
        assert_eq!(column("code").default.as_deref(), Some("a b"));
        assert!(column("tags").list && !column("tags").required);
        assert_eq!(column("pw").filters.min, Some(8));
        assert_eq!(column("address").children[1].size, Some(2));
        assert_eq!(column("boss").tableref_id, Some(1));
        assert_eq!(table.indexes().len(), 3);
        let written = write(&table, data);
        let again = read(&written, 1, data).expect(&written).into_new();
        let shown = |columns: &[Column]| columns.iter().map(Column::to_json).collect::<Vec<_>>();
        assert_eq!(
            shown(&again.columns.expect("columns")),
            shown(table.columns()),
            "{written}"
        );
        let kinds = |indexes: &[Index]| {
            indexes
                .iter()
                .map(|index| (index.kind.clone(), index.fields.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(kinds(&again.indexes.expect("indexes")), kinds(table.indexes()));
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        let db = database();
        let data = Data::new(&db, NOW);
        for (script, line) in [
            ("table t {\n  schema {\n    int id\n    number n\n  }\n}", 4),
            (
                "table t {\n  schema {\n    int id\n    int b { table = \"nope\" }\n  }\n}",
                4,
            ),
            ("table t {\n  auth true\n}", 2),
            ("table t {\n  schema {\n    int\n  }\n}", 4),
        ] {
            let error = read(script, 1, data).expect_err(script);
            assert_eq!(error.code, "ERROR_CODE_SYNTAX_ERROR", "{script}: {}", error.message);
            assert_eq!(error.payload["line"], line, "{script}: {}", error.message);
        }
        assert!(read("function f {\n}", 1, data).is_err());
        let empty = read("table t {\n}", 1, data).expect("fine").into_new();
        assert!(empty.columns.is_none() && empty.indexes.is_none());
    }
}
