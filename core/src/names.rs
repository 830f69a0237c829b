//! Things by their name where the API wants an id.
//!
//! People think of tables and functions by name; paths hold numbers. Where the operation table says in which listing a
//! name stands, it is looked up there once and remembered for the client. An id that turns out to be gone is forgotten, so
//! a table that was deleted and made again is found again.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value as Json};

use crate::connection::Connection;
use crate::error::{Error, ErrorKind};
use crate::operation::{self, Finder, Operation, PagePlace, Param};
use crate::request::{Request, Value};

/// The page size of a lookup: few requests, as they count against the rate limit.
const PER_PAGE: u32 = 1000;

/// Names near to one that was not found, at most.
const SHOWN: usize = 5;

/// The ids that were found.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: Mutex<HashMap<Key, Value>>,
}

/// Where a name stands: the instance, the listing with the ids it hangs on, and the name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    base: String,
    listing: &'static str,
    above: String,
    name: String,
}

type Finding<'c> = Pin<Box<dyn Future<Output = Result<Vec<Key>, Error>> + Send + 'c>>;

/// Whether the request gives a name where the path wants an id.
pub(crate) fn are_in(request: &Request) -> bool {
    request
        .operation()
        .is_some_and(|row| named(row, &request.path).next().is_some())
}

/// The parameters for which a name is given, by their place.
fn named<'r>(row: &'static Operation, values: &'r [Value]) -> impl Iterator<Item = (usize, Finder, &'r str)> {
    row.path_params
        .iter()
        .zip(values)
        .enumerate()
        .filter_map(|(index, (param, value))| match (param.finder, value) {
            (Some(finder), Value::String(name)) => Some((index, finder, name.as_str())),
            _ => None,
        })
}

/// Puts ids where the request gives names, and tells which names it used. Boxed, as looking up is a call itself.
pub(crate) fn resolve<'c>(connection: &'c Connection, base: &'c str, request: &'c mut Request) -> Finding<'c> {
    Box::pin(async move {
        let mut used = Vec::new();
        let Some(row) = request.operation() else {
            return Ok(used);
        };
        // One after the other: the path of a listing may itself hold a name that was just resolved.
        loop {
            let next = named(row, &request.path)
                .next()
                .map(|(index, finder, name)| (index, finder, name.to_owned()));
            let Some((index, finder, name)) = next else {
                return Ok(used);
            };
            let id = if let Ok(number) = name.parse::<i64>() {
                Value::Int(number)
            } else {
                let above = &request.path[..index];
                let key = Key {
                    base: base.to_owned(),
                    listing: finder.operation,
                    above: format!("{above:?}"),
                    name,
                };
                let id = find(connection, &key, finder, &row.path_params[..index], above).await?;
                used.push(key);
                id
            };
            request.path[index] = id;
        }
    })
}

impl Names {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Value>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn forget(&self, keys: &[Key]) {
        let mut known = self.lock();
        for key in keys {
            known.remove(key);
        }
    }

    /// Forgets everything below this base URL.
    pub(crate) fn forget_all(&self, base: &str) {
        self.lock().retain(|key, _| key.base != base);
    }
}

async fn find(
    connection: &Connection,
    key: &Key,
    finder: Finder,
    params: &[Param],
    above: &[Value],
) -> Result<Value, Error> {
    let names = &connection.client().inner.process().names;
    if let Some(id) = names.lock().get(key) {
        return Ok(id.clone());
    }
    let found = read_listing(connection, finder, params, above).await?;
    let mut ids: Vec<&Value> = Vec::new();
    for (name, id) in &found {
        if *name == key.name && !ids.contains(&id) {
            ids.push(id);
        }
    }
    match ids.as_slice() {
        [id] => {
            names.lock().insert(key.clone(), (*id).clone());
            Ok((*id).clone())
        }
        [] => Err(missing(key, finder, &found)),
        several => {
            let ids: Vec<String> = several.iter().map(|id| shown(id)).collect();
            Err(Error::config(format!(
                "The name {:?} stands more than once in {}: give one of the ids {}.",
                key.name,
                finder.operation,
                ids.join(", ")
            )))
        }
    }
}

/// Every name of the listing with its id.
async fn read_listing(
    connection: &Connection,
    finder: Finder,
    params: &[Param],
    above: &[Value],
) -> Result<Vec<(String, Value)>, Error> {
    let row = operation::lookup(finder.operation)
        .ok_or_else(|| Error::internal(format!("The table has no {}.", finder.operation)))?;
    let mut request = Request::of(row);
    for param in row.path_params {
        let place = params.iter().position(|known| known.name == param.name);
        let value = place.and_then(|index| above.get(index)).ok_or_else(|| {
            Error::internal(format!(
                "{} needs {}, which the handle does not know.",
                finder.operation, param.name
            ))
        })?;
        request.path.push(value.clone());
    }
    if row
        .paging
        .is_some_and(|paging| paging.per_page && paging.place == Some(PagePlace::Query))
    {
        request = request.query_value("per_page", PER_PAGE);
    }
    let mut pages = connection.pages(request);
    let mut found = Vec::new();
    while let Some(page) = pages.next().await? {
        let items: Vec<Map<String, Json>> = serde_json::from_slice(&page.items).map_err(|cause| {
            page.reply
                .decode_error(&format!("The listing cannot be searched: {cause}."))
        })?;
        found.extend(
            items
                .iter()
                .filter_map(|item| Some((text(item.get(finder.field)?)?, id_of(item)?))),
        );
    }
    Ok(found)
}

fn text(value: &Json) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn id_of(item: &Map<String, Json>) -> Option<Value> {
    match item.get("id")? {
        Json::Number(number) => number.as_i64().map(Value::Int),
        // Text that is an id must not be taken for a name again.
        Json::String(id) => Some(id.parse().map_or_else(|_| Value::Json(id.clone()), Value::Int)),
        _ => None,
    }
}

fn shown(id: &Value) -> String {
    match id {
        Value::Int(number) => number.to_string(),
        Value::Json(text) | Value::String(text) => text.clone(),
        other => format!("{other:?}"),
    }
}

fn missing(key: &Key, finder: Finder, found: &[(String, Value)]) -> Error {
    let near = near(&key.name, found.iter().map(|(name, _)| name.as_str()));
    let hint = if found.is_empty() {
        format!("{} lists nothing.", finder.operation)
    } else if near.is_empty() {
        format!("{} lists {} others.", finder.operation, found.len())
    } else {
        format!("Near to it are {}.", near.join(", "))
    };
    Error::new(
        ErrorKind::NotFound,
        format!("Nothing with the {} {:?} was found.", finder.field, key.name),
    )
    .with_hint(hint)
}

/// The names that somebody may have meant, nearest first.
pub(crate) fn near<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let tolerated = 2.max(wanted.chars().count() / 3);
    let mut near: Vec<(usize, &str)> = names
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let contained =
                !wanted.is_empty() && !lower.is_empty() && (lower.contains(&wanted) || wanted.contains(&lower));
            let distance = distance(&wanted, &lower);
            (contained || distance <= tolerated).then_some((distance, name))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter()
        .take(SHOWN)
        .map(|(_, name)| format!("{name:?}"))
        .collect()
}

/// Letters to change, add or leave out to get from one to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in to.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = change.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_textbook() {
        for (from, to, expected) in [
            ("kitten", "sitting", 3),
            ("", "abc", 3),
            ("abc", "", 3),
            ("ä", "a", 1),
            ("a", "a", 0),
        ] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn near_names_are_told_nearest_first() {
        let names = ["orders", "Order", "order_items", "customers", "x"];
        assert_eq!(near("ordrs", names.into_iter()), [r#""orders""#, r#""Order""#]);
        assert_eq!(near("ITEMS", names.into_iter()), [r#""order_items""#]);
        assert!(near("zzzzzz", names.into_iter()).is_empty());
    }
}
