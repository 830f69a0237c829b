//! By what a load knows its records: the id, or a column with unique values.

use super::rule::Names;
use crate::error::Error;
use crate::records::options::{Action, LoadOptions};
use crate::records::schema::{Kind, Schema};

/// What is done with a row's `id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdUse {
    /// It may not be there, as nobody said what to do with it.
    Refused,
    /// It is left out.
    Dropped,
    /// It is sent with the row.
    Sent,
    /// It says which record is meant, and is no part of what is sent.
    Apart,
}

/// The place of a column by which records can be found.
pub(super) fn key_column(schema: &Schema, names: &Names, name: &str) -> Result<usize, Error> {
    let refuse = |reason: String| Error::config(format!("Records cannot be found by the column {name:?}: {reason}"));
    let Some(place) = schema.columns().iter().position(|column| column.name == name) else {
        return Err(refuse(names.unknown(name, "column")));
    };
    let column = &schema.columns()[place];
    if column.list {
        return Err(refuse("it holds lists.".to_owned()));
    }
    match column.kind {
        Kind::Int
        | Kind::Decimal
        | Kind::Text
        | Kind::Email
        | Kind::Enum
        | Kind::Uuid
        | Kind::Date
        | Kind::Timestamp
        | Kind::Unknown => Ok(place),
        Kind::Password => Err(refuse("passwords are not answered.".to_owned())),
        Kind::Bool | Kind::Json | Kind::Object | Kind::Vector | Kind::Geometry | Kind::File => Err(refuse(format!(
            "values of its type, {}, are not unique.",
            column.type_name
        ))),
    }
}

pub(super) fn id_use(options: &LoadOptions, key: Option<&str>) -> Result<IdUse, Error> {
    Ok(match (options.action, key, options.keep_ids) {
        (Action::Insert, _, Some(true)) => IdUse::Sent,
        (Action::Upsert, Some(_), Some(true)) => IdUse::Apart,
        (Action::Insert, _, Some(false)) | (_, Some(_), Some(false)) => IdUse::Dropped,
        (Action::Insert, _, None) | (_, Some(_), None) => IdUse::Refused,
        (_, Some(key), Some(true)) => {
            return Err(Error::config(format!(
                "Records are found by {key:?}, and their ids cannot change: leave keep_ids out, or say false where rows bring ids."
            )));
        }
        (_, None, _) => IdUse::Apart,
    })
}
