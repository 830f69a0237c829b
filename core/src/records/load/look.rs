//! Looking what is there: by ids or keys, and by the ids that came up.
//!
//! Only documented operators: equality, `in`, `<` and `>`.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::evidence::{Record, identifies};
use super::fate::Found;
use super::ranges::Ranges;
use super::shared::Load;
use crate::error::Error;
use crate::request::Reply;

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

fn page(reply: &Reply) -> Result<Vec<&RawValue>, Error> {
    serde_json::from_slice::<Page<'_>>(&reply.body)
        .map(|page| page.items)
        .map_err(|cause| reply.decode_error(&format!("The answer should be a page of records: {cause}.")))
}

/// Records by the value they were looked up with, in one spelling.
pub(super) type ByValue = HashMap<String, Vec<Record>>;

impl Load {
    /// Makes one search; `conditions` are JSON text.
    async fn search(&self, conditions: String, order: &str, per_page: u32) -> Result<Reply, Error> {
        let raw = |text: String| {
            RawValue::from_string(text).map_err(|cause| Error::internal(format!("A search is no JSON: {cause}.")))
        };
        let sort = format!("{{\"id\":\"{order}\"}}");
        let reply = self
            .records
            .search_page(&raw(conditions)?, &raw(sort)?, per_page)
            .await?;
        self.count_retries(reply.attempts.saturating_sub(1));
        Ok(reply)
    }

    /// The highest id in the table; 0 when it is empty.
    pub(super) async fn highest_id(&self) -> Result<i64, Error> {
        let reply = self.search("[]".to_owned(), "desc", 1).await?;
        let items = page(&reply)?;
        let Some(first) = items.first() else { return Ok(0) };
        let record = self.evidence.record(first.get(), None);
        let id = record.and_then(|record| record.id.parse().ok());
        id.ok_or_else(|| reply.decode_error("The record should have a number for an id."))
    }

    /// Records whose value in the column at this place is one of these, which are JSON texts in one spelling.
    pub(super) async fn records_with(&self, column: usize, values: &[String]) -> Result<ByValue, Error> {
        let name = &self.schema.columns()[column].name;
        let mut found = ByValue::new();
        for values in values.chunks(VALUES) {
            let name = Value::from(format!("{name}|in"));
            let conditions = format!("{{{name}:[{}]}}", values.join(","));
            let reply = self.search(conditions, "asc", LARGEST_PAGE).await?;
            let items = page(&reply)?;
            if items.len() >= LARGEST_PAGE as usize {
                return Err(Error::config(format!(
                    "More than {LARGEST_PAGE} records have one of {} values of the column {name:?}, which should say which \
                     record is meant. Name a column with unique values.",
                    values.len()
                )));
            }
            for item in items {
                if let Some(mut record) = self.evidence.record(item.get(), Some(column))
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
            let reply = self.search(format!("{{\"id|>\":{last}}}"), "asc", PAGE).await?;
            let items = page(&reply)?;
            let before = last;
            for item in &items {
                let record = self.evidence.record(item.get(), None);
                let record = record.and_then(|record| Some((record.id.parse::<i64>().ok()?, record.print)));
                let Some((id, print)) = record else {
                    return Err(reply.decode_error("The record should have a number for an id."));
                };
                last = last.max(id);
                if !owned.contains(id) {
                    found.push(Found { id, print });
                }
            }
            if items.len() < PAGE as usize || last == before {
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
        let reply = self.search(conditions, "desc", PAGE).await?;
        let print = self.evidence.row(row);
        let twins = page(&reply)?.into_iter().filter_map(|item| {
            let record = self.evidence.record(item.get(), None)?;
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
