//! Looking what is there: by ids or keys, and by the ids that came up.
//!
//! Only documented operators: equality, `in`, `<` and `>`.

use std::collections::HashMap;
use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::evidence::{Record, identifies};
use super::fate::Found;
use super::ranges::Ranges;
use super::shared::Load;
use crate::error::{Error, ErrorKind};
use crate::request::Reply;

/// Tries of one search, each with the engine's own retries, before a job gives up.
const ROUNDS: u32 = 4;

/// Values in one search.
const VALUES: usize = 1000;

/// Records in one answer, when all from an id on are read.
const PAGE: u32 = 1000;

/// The most that an answer holds.
const LARGEST_PAGE: u32 = 10_000;

#[derive(Deserialize)]
struct Page<'p> {
    #[serde(borrow)]
    items: Vec<&'p RawValue>,
}

/// A page of records that came whole.
struct Answer {
    reply: Reply,
    /// Where each record stands in it.
    items: Vec<Range<usize>>,
}

impl Answer {
    fn of(reply: Reply) -> Result<Self, Error> {
        let place = |item: &&RawValue| {
            let start = item.get().as_ptr() as usize - reply.body.as_ptr() as usize;
            start..start + item.get().len()
        };
        match serde_json::from_slice::<Page<'_>>(&reply.body) {
            Ok(page) => {
                let items = page.items.iter().map(place).collect();
                Ok(Self { reply, items })
            }
            Err(cause) => Err(reply.decode_error(&format!("The answer should be a page of records: {cause}."))),
        }
    }

    fn items(&self) -> impl Iterator<Item = &str> {
        let text = |place: &Range<usize>| std::str::from_utf8(&self.reply.body[place.clone()]).unwrap_or_default();
        self.items.iter().map(text)
    }

    fn no_number(&self) -> Error {
        self.reply.decode_error("The record should have a number for an id.")
    }
}

/// Whether asking again may help.
const fn may_pass(kind: ErrorKind) -> bool {
    use ErrorKind::{Connection, Decode, RateLimit, Server, Timeout};
    matches!(kind, Connection | Timeout | Decode | Server | RateLimit)
}

/// Records by the value they were looked up with, in one spelling.
pub(super) type ByValue = HashMap<String, Vec<Record>>;

impl Load {
    /// Makes one search; `conditions` are JSON text. Patiently: much hangs on the answer, and asking does no harm.
    async fn search(&self, conditions: String, order: &str, per_page: u32) -> Result<Answer, Error> {
        let raw = |text: String| {
            RawValue::from_string(text).map_err(|cause| Error::internal(format!("A search is no JSON: {cause}.")))
        };
        let sort = raw(format!("{{\"id\":\"{order}\"}}"))?;
        let conditions = raw(conditions)?;
        let mut rounds = 0;
        loop {
            let reply = self.records.search_page(&conditions, &sort, per_page).await;
            let attempts = reply.as_ref().map_or_else(Error::attempts, |reply| reply.attempts);
            self.count_retries(attempts.saturating_sub(1));
            match reply.and_then(Answer::of) {
                Err(error) if rounds < ROUNDS && may_pass(error.kind()) => {
                    self.count_retries(1);
                    let pause = self.records.connection.client().inner.backoff.pause(rounds);
                    tokio::time::sleep(pause).await;
                    rounds += 1;
                }
                result => return result,
            }
        }
    }

    /// The highest id in the table; 0 when it is empty.
    pub(super) async fn highest_id(&self) -> Result<i64, Error> {
        let answer = self.search("[]".to_owned(), "desc", 1).await?;
        let Some(first) = answer.items().next() else {
            return Ok(0);
        };
        let record = self.evidence.record(first, None);
        let id = record.and_then(|record| record.id.parse().ok());
        id.ok_or_else(|| answer.no_number())
    }

    /// Records whose value in the column at this place is one of these, which are JSON texts in one spelling.
    pub(super) async fn records_with(&self, column: usize, values: &[String]) -> Result<ByValue, Error> {
        let name = &self.schema.columns()[column].name;
        let mut found = ByValue::new();
        for values in values.chunks(VALUES) {
            let name = Value::from(format!("{name}|in"));
            let conditions = format!("{{{name}:[{}]}}", values.join(","));
            let answer = self.search(conditions, "asc", LARGEST_PAGE).await?;
            if answer.items.len() >= LARGEST_PAGE as usize {
                return Err(Error::config(format!(
                    "More than {LARGEST_PAGE} records have one of {} values of the column {name:?}, which should say which \
                     record is meant. Name a column with unique values.",
                    values.len()
                )));
            }
            for item in answer.items() {
                if let Some(mut record) = self.evidence.record(item, Some(column))
                    && let Some(value) = record.value.take()
                {
                    found.entry(value).or_default().push(record);
                }
            }
        }
        Ok(found)
    }

    /// Records above an id that no answer told of, by rising id.
    pub(super) async fn records_after(&self, after: i64, owned: &Ranges) -> Result<Vec<Found>, Error> {
        let mut found = Vec::new();
        let mut last = after;
        loop {
            last = owned.reach(last);
            let answer = self.search(format!("{{\"id|>\":{last}}}"), "asc", PAGE).await?;
            let before = last;
            for item in answer.items() {
                let record = self.evidence.record(item, None);
                let record = record.and_then(|record| Some((record.id.parse::<i64>().ok()?, record.print)));
                let (id, print) = record.ok_or_else(|| answer.no_number())?;
                last = last.max(id);
                if !owned.contains(id) {
                    found.push(Found { id, print });
                }
            }
            if answer.items.len() < PAGE as usize || last == before {
                return Ok(found);
            }
        }
    }

    /// Ids up to `after` of records that equal the row. None when it has nothing to be searched by.
    pub(super) async fn twins_below(&self, row: &str, after: i64) -> Result<Option<Vec<i64>>, Error> {
        let columns = self.schema.columns().iter().enumerate();
        let mut conditions = Vec::new();
        for (place, column) in columns.filter(|(_, column)| identifies(column) && column.name != "id") {
            if let Some(value) = self.evidence.value(row, place) {
                conditions.push(format!("{}:{value}", Value::from(column.name.as_str())));
            }
        }
        if conditions.is_empty() {
            return Ok(None);
        }
        conditions.push(format!("\"id|<\":{}", after.saturating_add(1)));
        let conditions = format!("{{{}}}", conditions.join(","));
        let answer = self.search(conditions, "desc", PAGE).await?;
        let print = self.evidence.row(row);
        let twins = answer.items().filter_map(|item| {
            let record = self.evidence.record(item, None)?;
            super::fate::likeness(&print, &record.print)?;
            record.id.parse().ok()
        });
        Ok(Some(twins.collect()))
    }

    /// Places of columns whose values are unique, as the indexes say. None are known when the token may not ask.
    pub(super) async fn unique_columns(&self) -> &[usize] {
        let asking = self.unique.get_or_init(|| async {
            let Ok(request) = self.records.about_table("indexes.list") else {
                return Vec::new();
            };
            let reply = self.records.connection.call(request).await;
            let indexes = reply.and_then(|reply| reply.json::<Value>()).unwrap_or_default();
            let list = indexes.as_array().or_else(|| indexes.get("items")?.as_array());
            let list = list.map(Vec::as_slice).unwrap_or_default();
            list.iter().filter_map(|index| self.unique_column(index)).collect()
        });
        asking.await
    }

    fn unique_column(&self, index: &Value) -> Option<usize> {
        let kind = index.get("type")?.as_str()?;
        let [field] = index.get("fields")?.as_array()?.as_slice() else {
            return None;
        };
        let name = field.get("name")?.as_str()?;
        let columns = self.schema.columns();
        let place = columns.iter().position(|column| column.name == name)?;
        let fits = kind.contains("unique") && name != "id" && identifies(&columns[place]);
        fits.then_some(place)
    }
}
