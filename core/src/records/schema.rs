//! The columns of a table, as far as records are concerned.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::error::Error;
use crate::request::Reply;

/// What a column holds. A reference to another table is an `Int` or a `Uuid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A number.
    Decimal,
    /// Text of any sort, and what is text to the client.
    Text,
    /// An email address.
    Email,
    /// One of the column's values.
    Enum,
    /// Text that is stored as a hash and not answered.
    Password,
    /// A UUID as text.
    Uuid,
    /// A day, `2023-04-12`.
    Date,
    /// A moment, milliseconds since 1970.
    Timestamp,
    /// Any JSON.
    Json,
    /// An object, with known fields where [`Column::children`] names some.
    Object,
    /// A list of numbers.
    Vector,
    /// A geometry: an object.
    Geometry,
    /// A stored file: an object.
    File,
    /// A kind that this version does not know; its values are taken as they are.
    Unknown,
}

impl Kind {
    fn named(name: &str) -> Self {
        match name {
            "bool" => Self::Bool,
            "int" | "tableref" => Self::Int,
            "decimal" => Self::Decimal,
            "text" => Self::Text,
            "email" => Self::Email,
            "enum" => Self::Enum,
            "password" => Self::Password,
            "uuid" | "tablerefuuid" => Self::Uuid,
            "date" => Self::Date,
            "timestamp" => Self::Timestamp,
            "json" => Self::Json,
            "object" => Self::Object,
            "vector" => Self::Vector,
            "attachment" | "audio" | "image" | "video" => Self::File,
            _ if name.starts_with("geo_") => Self::Geometry,
            _ => Self::Unknown,
        }
    }
}

/// One column.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is true or not of a column, whatever the others are"
)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// The kind in the API's own word, such as `geo_point`.
    pub type_name: String,
    /// Whether it holds a list of such values.
    pub list: bool,
    /// Whether null may be stored in it.
    pub nullable: bool,
    /// Whether a new record must give a value.
    pub required: bool,
    /// The values to choose from, for an enum.
    pub values: Vec<String>,
    /// Numbers in a vector.
    pub size: Option<usize>,
    /// The columns of an object.
    pub children: Vec<Column>,
    /// Whether the server changes what is sent before it stores it (trims, changes case, hashes).
    pub altered: bool,
    /// The column as the server described it, for making another table like this one.
    pub definition: Json,
}

/// The columns of a table, in their order; the first is `id`.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    columns: Vec<Column>,
}

#[derive(Deserialize)]
struct Wire {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    nullable: bool,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    style: Option<Json>,
    #[serde(default)]
    values: Option<Vec<Json>>,
    #[serde(default)]
    vector: Option<Json>,
    #[serde(default)]
    children: Option<Vec<Json>>,
    #[serde(default)]
    validators: Option<Json>,
    #[serde(default)]
    filters: Option<Json>,
}

impl Column {
    /// Whether its values may stand in messages and reports: none of it is a password or marked as sensitive.
    pub(crate) fn may_be_shown(&self) -> bool {
        self.kind != Kind::Password
            && self.definition.get("sensitive") != Some(&Json::Bool(true))
            && self.children.iter().all(Self::may_be_shown)
    }

    /// Whether the server refuses a new record without a value for it: there is no default to stand in.
    pub(crate) fn must_be_given(&self) -> bool {
        let default = self.definition.get("default");
        self.required && !default.is_some_and(|default| !default.is_null() && default != "")
    }
}

impl Schema {
    /// Reads the answer of `columns.list`: a list, or an object that holds one.
    pub(crate) fn read(reply: &Reply) -> Result<Self, Error> {
        let answer: Json = reply.json()?;
        let list = match answer {
            Json::Array(list) => list,
            Json::Object(mut map) => match map.remove("schema").or_else(|| map.remove("items")) {
                Some(Json::Array(list)) => list,
                _ => return Err(reply.decode_error("The answer should be a list of columns.")),
            },
            _ => return Err(reply.decode_error("The answer should be a list of columns.")),
        };
        Self::of(list).map_err(|cause| reply.decode_error(&format!("A column does not read as one: {cause}.")))
    }

    /// Columns by their definitions, as the API writes them.
    pub(crate) fn of(definitions: Vec<Json>) -> Result<Self, serde_json::Error> {
        let columns = definitions.into_iter().map(column).collect::<Result<_, _>>()?;
        Ok(Self { columns })
    }

    /// The columns, in their order.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column with this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether records are numbered, so that a walk by id meets each once; otherwise ids are UUIDs.
    #[must_use]
    pub fn has_number_ids(&self) -> bool {
        self.column("id").is_none_or(|id| id.kind == Kind::Int)
    }
}

fn column(definition: Json) -> Result<Column, serde_json::Error> {
    let wire: Wire = serde_json::from_value(definition.clone())?;
    let kind = Kind::named(&wire.kind);
    let changes = |filters: &Json| {
        ["trim", "lower", "upper"]
            .iter()
            .any(|name| filters.get(name).is_some_and(|set| set == true))
    };
    let altered = kind == Kind::Password || [&wire.validators, &wire.filters].into_iter().flatten().any(changes);
    Ok(Column {
        kind,
        list: wire.style.as_ref().is_some_and(is_list),
        nullable: wire.nullable,
        required: wire.required,
        values: wire.values.unwrap_or_default().iter().map(text).collect(),
        size: wire
            .vector
            .as_ref()
            .and_then(|vector| vector.get("size")?.as_u64()?.try_into().ok()),
        children: wire
            .children
            .unwrap_or_default()
            .into_iter()
            .map(self::column)
            .collect::<Result<_, _>>()?,
        altered,
        name: wire.name,
        type_name: wire.kind,
        definition,
    })
}

/// Both spellings that are about: `"list"`, and `{"type": "list"}`.
fn is_list(style: &Json) -> bool {
    style.get("type").unwrap_or(style) == "list"
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_read_as_the_api_writes_them() {
        let schema = Schema::of(vec![
            json!({"name": "id", "type": "int", "nullable": false, "required": true}),
            json!({"name": "tags", "type": "text", "nullable": true, "style": {"type": "list"}, "validators": {"trim": true}}),
            json!({"name": "kind", "type": "enum", "values": ["a", "b"]}),
            json!({"name": "box", "type": "object", "children": [{"name": "w", "type": "decimal"}]}),
            json!({"name": "later", "type": "hologram"}),
        ])
        .expect("columns");
        assert!(schema.has_number_ids());
        let tags = schema.column("tags").expect("tags");
        assert_eq!(
            (tags.kind, tags.list, tags.nullable, tags.altered),
            (Kind::Text, true, true, true)
        );
        assert_eq!(schema.column("kind").expect("kind").values, ["a", "b"]);
        assert_eq!(schema.column("box").expect("box").children[0].kind, Kind::Decimal);
        assert_eq!(schema.column("later").expect("later").kind, Kind::Unknown);
    }
}
