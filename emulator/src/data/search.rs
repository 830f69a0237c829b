//! Search expressions: `{"column|op": value}`, one or a list, into SQL with bound values.
//!
//! Conditions are joined by AND, and one whose key ends in `|or` by OR with what stands before it; AND
//! binds tighter, as in SQL. A column of JSON is reached into with `column.path`. A list column is
//! equal to a value when it holds it, and to a list when it is that list.

use std::fmt::Write as _;

use rusqlite::types::Value as Cell;
use serde_json::value::RawValue;

use super::column::Column;
use super::fields::{Fields, is_null, minified};
use super::kind::{Kind, Storage};
use super::store::sql_order;
use super::table::Table;
use super::value;
use crate::error::ApiError;

/// SQLite's parser nests a chain of conditions.
const MOST_CONDITIONS: usize = 500;

/// SQLite takes 32766 bound values; some are for the rest of the statement.
const MOST_VALUES: usize = 32_000;

/// A condition in SQL, with its values.
#[derive(Debug, Default)]
pub struct Found {
    sql: String,
    /// What is bound, in order.
    pub values: Vec<Cell>,
}

impl Found {
    /// ` WHERE …`, or nothing.
    pub fn clause(&self) -> String {
        if self.sql.is_empty() {
            String::new()
        } else {
            format!(" WHERE ({})", self.sql)
        }
    }

    fn write(&mut self, part: std::fmt::Arguments<'_>) {
        // Writing into memory cannot fail.
        let _ = self.sql.write_fmt(part);
    }

    /// Whether every record is meant.
    pub fn is_everything(&self) -> bool {
        self.sql.is_empty()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Equal,
    NotEqual,
    In,
    NotIn,
    Order(&'static str),
    Like(&'static str),
}

fn operator(text: &str) -> Option<Op> {
    Some(match text.trim().to_ascii_lowercase().as_str() {
        "" | "=" | "==" => Op::Equal,
        "!=" | "<>" => Op::NotEqual,
        "in" => Op::In,
        "not in" => Op::NotIn,
        ">" => Op::Order(">"),
        "<" => Op::Order("<"),
        ">=" => Op::Order(">="),
        "<=" => Op::Order("<="),
        "like" => Op::Like("LIKE"),
        "not like" => Op::Like("NOT LIKE"),
        _ => return None,
    })
}

fn refuse(reason: impl std::fmt::Display) -> ApiError {
    ApiError::input("search", format!("Invalid value for param: search. {reason}"))
}

/// Translates a search; none, null, `""`, `{}` and `[]` mean every record. `now_ms` is what `now` means.
pub fn condition(table: &Table, search: Option<&RawValue>, now_ms: i64) -> Result<Found, ApiError> {
    let mut found = Found::default();
    let Some(raw) = search.filter(|raw| !is_null(raw) && raw.get() != "\"\"") else {
        return Ok(found);
    };
    let json = raw.get();
    let groups: Vec<Fields<'_>> = if json.starts_with('[') {
        serde_json::from_str(json).map_err(|_| refuse("A list must hold objects such as {\"price|>\": 70}."))?
    } else {
        vec![Fields::parse(json).map_err(|_| refuse("It must be an object or a list of objects."))?]
    };
    let conditions = groups.iter().flat_map(|group| &group.0);
    for (count, (key, raw)) in conditions.enumerate() {
        if count >= MOST_CONDITIONS {
            return Err(refuse(format!("At most {MOST_CONDITIONS} conditions are taken.")));
        }
        let key = Key::read(key)?;
        if count > 0 {
            found.sql.push_str(if key.or { " OR " } else { " AND " });
        }
        let subject = Subject::find(table, key.column, now_ms)?;
        found.sql.push('(');
        subject.compare(key.op, raw, &mut found)?;
        found.sql.push(')');
        if found.values.len() > MOST_VALUES {
            return Err(refuse(format!("At most {MOST_VALUES} values are taken.")));
        }
    }
    Ok(found)
}

struct Key<'k> {
    column: &'k str,
    op: Op,
    or: bool,
}

impl<'k> Key<'k> {
    fn read(key: &'k str) -> Result<Self, ApiError> {
        let mut parts = key.split('|');
        let column = parts.next().unwrap_or_default().trim();
        let (second, third) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let is_or = |text: &str| text.trim().eq_ignore_ascii_case("or");
        let (op, join) = if is_or(second) && third.is_empty() {
            ("", second)
        } else {
            (second, third)
        };
        let or = match join.trim().to_ascii_lowercase().as_str() {
            "" | "and" => false,
            "or" => true,
            _ => return Err(refuse(format!("{key:?} ends in {join:?}, which can only be \"or\"."))),
        };
        if parts.next().is_some() {
            return Err(refuse(format!("{key:?} has more than three parts.")));
        }
        let op = operator(op).ok_or_else(|| {
            refuse(format!(
                "{key:?} has the operator {op:?}; there are =, !=, >, <, >=, <=, in, not in, like, not like."
            ))
        })?;
        Ok(Self { column, op, or })
    }
}

/// What is compared: a column, or a place inside a JSON column.
struct Subject {
    column: Column,
    path: Option<String>,
    now_ms: i64,
}

impl Subject {
    fn find(table: &Table, name: &str, now_ms: i64) -> Result<Self, ApiError> {
        let (column, path) = match name.split_once('.') {
            Some((column, path)) => (column, Some(path)),
            None => (name, None),
        };
        let found = table.columns().iter().find(|known| known.name == column);
        let found = found.ok_or_else(|| refuse(format!("Table {:?} has no column {column:?}.", table.name)))?;
        if found.kind == Kind::Password {
            return Err(refuse(format!(
                "{column:?} is a password, which cannot be searched for."
            )));
        }
        let is_json = found.list || found.kind.storage() == Storage::Json;
        if path.is_some() && !is_json {
            return Err(refuse(format!("{column:?} is no object, so {name:?} is nowhere.")));
        }
        let path = path.map(|path| {
            let steps: String = path
                .split('.')
                .map(|step| match step.parse::<u32>() {
                    Ok(at) => format!("[{at}]"),
                    Err(_) => format!(".\"{}\"", step.replace('"', "")),
                })
                .collect();
            format!("${steps}")
        });
        // Constraints are for values that are stored, and a word that no enum has is merely not found.
        let column = Column {
            filters: super::filters::Filters::default(),
            kind: if matches!(found.kind, Kind::Enum | Kind::Email) {
                Kind::Text
            } else {
                found.kind
            },
            ..found.clone()
        };
        Ok(Self { column, path, now_ms })
    }

    fn compare(&self, op: Op, raw: &RawValue, found: &mut Found) -> Result<(), ApiError> {
        match op {
            Op::In | Op::NotIn => {
                let items: Vec<&RawValue> = serde_json::from_str(raw.get())
                    .map_err(|_| refuse(format!("{:?} in … needs a list.", self.column.name)))?;
                self.among(op == Op::In, &items, found)
            }
            Op::Equal | Op::NotEqual if is_null(raw) => {
                self.subject(found);
                found
                    .sql
                    .push_str(if op == Op::Equal { " IS NULL" } else { " IS NOT NULL" });
                Ok(())
            }
            Op::Equal => self.equal(true, raw, found),
            Op::NotEqual => self.equal(false, raw, found),
            Op::Order(sql) => self.order(sql, raw, found),
            Op::Like(sql) => {
                let pattern: String = serde_json::from_str(raw.get())
                    .map_err(|_| refuse(format!("{:?} like … needs a text.", self.column.name)))?;
                self.subject(found);
                found.write(format_args!(" {sql} ?"));
                found.values.push(Cell::Text(pattern));
                Ok(())
            }
        }
    }

    /// The column, or the place in it, as SQL.
    fn subject(&self, found: &mut Found) {
        match &self.path {
            Some(path) => {
                found.write(format_args!("json_extract({}, ?)", self.column.sql_name()));
                found.values.push(Cell::Text(path.clone()));
            }
            None => found.sql.push_str(&self.column.sql_name()),
        }
    }

    fn is_list_of(&self, raw: &RawValue) -> bool {
        self.column.list && self.path.is_none() && !raw.get().starts_with('[')
    }

    fn equal(&self, wanted: bool, raw: &RawValue, found: &mut Found) -> Result<(), ApiError> {
        if self.is_list_of(raw) {
            return self.among(wanted, &[raw], found);
        }
        let cell = self.value(raw)?;
        self.subject(found);
        found.sql.push_str(if wanted { " = ?" } else { " <> ?" });
        found.values.push(cell);
        Ok(())
    }

    fn among(&self, wanted: bool, items: &[&RawValue], found: &mut Found) -> Result<(), ApiError> {
        let holds = self.column.list && self.path.is_none() && items.iter().all(|item| !item.get().starts_with('['));
        let negation = if wanted { "" } else { "NOT " };
        if holds {
            let name = self.column.sql_name();
            found.write(format_args!(
                "{negation}EXISTS (SELECT 1 FROM json_each({name}) WHERE value IN ("
            ));
        } else {
            self.subject(found);
            found.write(format_args!(" {negation}IN ("));
        }
        let (mut null, mut first) = (false, true);
        for item in items {
            if is_null(item) {
                null = true;
                continue;
            }
            let cell = if holds { self.element(item)? } else { self.value(item)? };
            found.sql.push_str(if first { "?" } else { ",?" });
            found.values.push(cell);
            first = false;
        }
        found.sql.push_str(if holds { "))" } else { ")" });
        if null {
            found.sql.push_str(if wanted { " OR " } else { " AND " });
            self.subject(found);
            found.sql.push_str(if wanted { " IS NULL" } else { " IS NOT NULL" });
        }
        Ok(())
    }

    fn order(&self, sql: &str, raw: &RawValue, found: &mut Found) -> Result<(), ApiError> {
        let column = &self.column;
        if self.path.is_some() || (column.kind == Kind::Json && !column.list) {
            let path = self.path.clone().unwrap_or_else(|| "$".to_owned());
            found.write(format_args!("json_extract({}, ?) {sql} ?", column.sql_name()));
            found.values.extend([Cell::Text(path), scalar(raw)?]);
            return Ok(());
        }
        if column.list || column.kind.storage() == Storage::Json {
            return Err(refuse(format!(
                "{:?} has no order, so {sql} does not apply.",
                column.name
            )));
        }
        if is_null(raw) {
            return Err(refuse(format!("Nothing is {sql} null.")));
        }
        let cell = match self.value(raw)? {
            // Ordered as doubles, see `decimal`.
            Cell::Text(digits) if column.kind == Kind::Decimal => Cell::Real(digits.parse().unwrap_or_default()),
            cell => cell,
        };
        found.write(format_args!("{} {sql} ?", sql_order(column)));
        found.values.push(cell);
        Ok(())
    }

    /// A value as it would be stored in the column.
    fn value(&self, raw: &RawValue) -> Result<Cell, ApiError> {
        if self.path.is_some() {
            return scalar(raw);
        }
        if self.column.list {
            return Ok(Cell::Text(minified(raw.get())));
        }
        self.element(raw)
    }

    fn element(&self, raw: &RawValue) -> Result<Cell, ApiError> {
        match self.column.kind {
            kind if kind.storage() == Storage::Json && kind != Kind::Object => Ok(Cell::Text(minified(raw.get()))),
            _ => value::single(&self.column, raw, self.now_ms)
                .map_err(|refusal| refuse(format!("{:?}: {}", self.column.name, refusal.sentence()))),
        }
    }
}

/// A value compared with a place inside JSON, as SQLite reads such places.
fn scalar(raw: &RawValue) -> Result<Cell, ApiError> {
    let json = raw.get();
    Ok(match json.as_bytes().first() {
        Some(b't') => Cell::Integer(1),
        Some(b'f') => Cell::Integer(0),
        Some(b'n') => Cell::Null,
        Some(b'"') => Cell::Text(serde_json::from_str(json).map_err(|_| refuse("A text is not valid Unicode."))?),
        Some(b'[' | b'{') => Cell::Text(minified(json)),
        _ => match json.parse() {
            Ok(number) => Cell::Integer(number),
            Err(_) => Cell::Real(json.parse().unwrap_or_default()),
        },
    })
}
