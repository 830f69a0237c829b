//! What becomes of a table's columns in Arrow.
//!
//! Types come from the table's schema and not from the values, so that they are right for an empty page and the same for
//! every page. Everything but `id` may be null: a column that was added later is null in older records whatever it says of
//! itself.
//!
//! | column | Arrow | with an option |
//! | --- | --- | --- |
//! | int | Int64 | |
//! | decimal | Float64 | `decimals: text`: Utf8, every digit |
//! | bool | Boolean | |
//! | text, email, enum, uuid | Utf8 | |
//! | date | Utf8 | `datetimes`: Date32 |
//! | timestamp | Int64, milliseconds since 1970 | `datetimes`: Timestamp(Millisecond, UTC) |
//! | list, vector, object with known fields | Utf8, its JSON | `nested: native`: List, List(Float64), Struct |
//! | json, file, geometry, kinds unknown here | Utf8, its JSON | |
//! | password | left out, as in answers | |
//!
//! A field says in its metadata what the column is in Xano ([`XANO_TYPE`]), and whether its text is JSON ([`ENCODING`]).

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Schema as ArrowSchema, SchemaRef, TimeUnit};
use serde::Deserialize;

use crate::error::Error;
use crate::records::{Column, Kind, Schema};

/// The key in a field's metadata under which stands the column's type in the API's own word, such as `geo_point`; with
/// `[]` behind it for a list.
pub const XANO_TYPE: &str = "xano.type";

/// The key in a field's metadata under which stands `json` where the text of the column is JSON: `{"w":1.5}`, `[1,2]`,
/// `19.90`. Text of a text column has no such mark.
pub const ENCODING: &str = "xano.encoding";

/// How records become Arrow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArrowOptions {
    /// Only these columns, in this order. Default: all, in the order of the table.
    pub columns: Option<Vec<String>>,
    /// Whether dates and timestamps get Arrow's types for them. Default: no; then timestamps are milliseconds since 1970
    /// and dates are text.
    pub datetimes: bool,
    /// Default: as JSON text.
    pub nested: Nested,
    /// Default: as doubles.
    pub decimals: Decimals,
}

/// What becomes of lists, vectors and objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nested {
    /// The text of their JSON, as the server wrote it.
    #[default]
    Json,
    /// Lists and structs. JSON whose form the schema does not tell stays text.
    Native,
}

/// What becomes of decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decimals {
    /// Doubles: the nearest one where a number has more than about 16 digits.
    #[default]
    Float,
    /// Text with every digit the server wrote.
    Text,
}

/// How the values of one column are read.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Bool,
    Int,
    Float,
    /// A number as text.
    Digits,
    Text,
    /// Any JSON as text.
    Json,
    /// A moment as a number of milliseconds.
    Millis,
    /// A moment as Arrow has them.
    Moment,
    /// A day as Arrow has them.
    Day,
    List(Box<Member>),
    Object(Vec<Member>),
}

/// A column, the items of a list, or a field of an object.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) field: FieldRef,
    pub(crate) shape: Shape,
}

/// The columns of a read.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) schema: SchemaRef,
    /// What is built, in the order of `schema`.
    pub(crate) members: Vec<Member>,
    /// Every column of the table and its place in `members`, if it has one: keys that may stand in a record.
    pub(crate) keys: Vec<(String, Option<usize>)>,
}

impl Plan {
    /// # Errors
    /// `config_error` when a column is asked for that the table lacks, that is asked for twice, or that is a password.
    pub(crate) fn new(table: &Schema, options: &ArrowOptions) -> Result<Self, Error> {
        let chosen = match &options.columns {
            None => table
                .columns()
                .iter()
                .filter(|column| column.kind != Kind::Password)
                .collect(),
            Some(names) => choose(table, names)?,
        };
        let members: Vec<Member> = chosen
            .iter()
            .map(|column| member(column, options, column.name != "id"))
            .collect();
        let place = |name: &str| chosen.iter().position(|column| column.name == name);
        let keys = table
            .columns()
            .iter()
            .map(|column| (column.name.clone(), place(&column.name)))
            .collect();
        let fields: Vec<FieldRef> = members.iter().map(|member| Arc::clone(&member.field)).collect();
        Ok(Self {
            schema: Arc::new(ArrowSchema::new(fields)),
            members,
            keys,
        })
    }
}

fn choose<'s>(table: &'s Schema, names: &[String]) -> Result<Vec<&'s Column>, Error> {
    let mut chosen: Vec<&Column> = Vec::with_capacity(names.len());
    for name in names {
        let Some(column) = table.column(name) else {
            let known: Vec<&str> = table.columns().iter().map(|column| column.name.as_str()).collect();
            return Err(Error::config(format!(
                "The table has no column {name:?}. It has: {}.",
                known.join(", ")
            )));
        };
        if column.kind == Kind::Password {
            return Err(Error::config(format!(
                "The column {name:?} holds passwords, which the server does not give out."
            )));
        }
        if chosen.iter().any(|other| other.name == *name) {
            return Err(Error::config(format!("The column {name:?} is asked for twice.")));
        }
        chosen.push(column);
    }
    Ok(chosen)
}

fn member(column: &Column, options: &ArrowOptions, nullable: bool) -> Member {
    let shape = match column.list {
        true if options.nested == Nested::Native => {
            let item = Member::new("item", single(column, options), &column.type_name, true);
            Shape::List(Box::new(item))
        }
        true => Shape::Json,
        false => single(column, options),
    };
    let kind = if column.list {
        format!("{}[]", column.type_name)
    } else {
        column.type_name.clone()
    };
    Member::new(&column.name, shape, &kind, nullable)
}

/// One value of a column, whether or not the column holds a list of them.
fn single(column: &Column, options: &ArrowOptions) -> Shape {
    let native = options.nested == Nested::Native;
    match column.kind {
        Kind::Bool => Shape::Bool,
        Kind::Int => Shape::Int,
        Kind::Decimal if options.decimals == Decimals::Text => Shape::Digits,
        Kind::Decimal => Shape::Float,
        Kind::Date if options.datetimes => Shape::Day,
        Kind::Text | Kind::Email | Kind::Enum | Kind::Password | Kind::Uuid | Kind::Date => Shape::Text,
        Kind::Timestamp if options.datetimes => Shape::Moment,
        Kind::Timestamp => Shape::Millis,
        Kind::Vector if native => {
            let number = Member::new("item", Shape::Float, "decimal", true);
            Shape::List(Box::new(number))
        }
        Kind::Object if native && !column.children.is_empty() => {
            let children = column.children.iter().map(|child| member(child, options, true));
            Shape::Object(children.collect())
        }
        Kind::Json | Kind::Object | Kind::Vector | Kind::Geometry | Kind::File | Kind::Unknown => Shape::Json,
    }
}

impl Member {
    fn new(name: &str, shape: Shape, kind: &str, nullable: bool) -> Self {
        let mut metadata = HashMap::from([(XANO_TYPE.to_owned(), kind.to_owned())]);
        if matches!(shape, Shape::Json | Shape::Digits) {
            metadata.insert(ENCODING.to_owned(), "json".to_owned());
        }
        let field = Field::new(name, shape.data_type(), nullable).with_metadata(metadata);
        Self {
            field: Arc::new(field),
            shape,
        }
    }
}

impl Shape {
    fn data_type(&self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int | Self::Millis => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Digits | Self::Text | Self::Json => DataType::Utf8,
            Self::Moment => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            Self::Day => DataType::Date32,
            Self::List(item) => DataType::List(Arc::clone(&item.field)),
            Self::Object(members) => DataType::Struct(members.iter().map(|member| Arc::clone(&member.field)).collect()),
        }
    }
}
