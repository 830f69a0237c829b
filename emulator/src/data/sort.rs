//! Sort orders: `{column: "asc" | "desc"}`, one or a list, into SQL.

use serde_json::value::RawValue;

use super::fields::{Fields, is_null};
use super::kind::Kind;
use super::store::sql_order;
use super::table::Table;
use crate::error::ApiError;

fn refuse(reason: impl std::fmt::Display) -> ApiError {
    ApiError::input("sort", format!("Invalid value for param: sort. {reason}"))
}

/// What breaks ties, and the order when none is asked for: numbers ascend, UUIDs come as they were added.
fn by_age(table: &Table) -> &'static str {
    match table.key_kind() {
        Kind::Int => "id",
        _ => "rowid",
    }
}

/// ` ORDER BY …` for a sort as it was sent. Nulls come last when ascending and first when descending.
pub fn order(table: &Table, sort: Option<&RawValue>) -> Result<String, ApiError> {
    let mut parts = Vec::new();
    if let Some(raw) = sort.filter(|raw| !is_null(raw) && raw.get() != "\"\"") {
        let json = raw.get();
        let groups: Vec<Fields<'_>> = if json.starts_with('[') {
            serde_json::from_str(json).map_err(|_| refuse("A list must hold objects such as {\"price\": \"desc\"}."))?
        } else {
            vec![Fields::parse(json).map_err(|_| refuse("It must be an object or a list of objects."))?]
        };
        for (name, direction) in groups.iter().flat_map(|group| &group.0) {
            parts.push(part(table, name, direction)?);
        }
    }
    let ends_unique = parts.iter().any(|part| part.starts_with("id "));
    if !ends_unique {
        parts.push(by_age(table).to_owned());
    }
    Ok(format!(" ORDER BY {}", parts.join(", ")))
}

fn part(table: &Table, name: &str, direction: &RawValue) -> Result<String, ApiError> {
    let column = table.columns().iter().find(|column| column.name == name);
    let column = column.ok_or_else(|| refuse(format!("Table {:?} has no column {name:?}.", table.name)))?;
    if column.kind == Kind::Password {
        return Err(refuse(format!("{name:?} is a password, which has no order.")));
    }
    let word: String = serde_json::from_str(direction.get()).unwrap_or_default();
    let nulls = column.takes_null();
    let by = sql_order(column);
    Ok(match word.to_ascii_lowercase().as_str() {
        "asc" if nulls => format!("{by} ASC NULLS LAST"),
        "asc" => format!("{by} ASC"),
        "desc" if nulls => format!("{by} DESC NULLS FIRST"),
        "desc" => format!("{by} DESC"),
        _ => return Err(refuse(format!("The order of {name:?} must be \"asc\" or \"desc\"."))),
    })
}
