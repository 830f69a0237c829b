//! Pages of records, with the totals that the API gives.

use rusqlite::params_from_iter;
use rusqlite::types::Value as Cell;
use serde_json::value::RawValue;

use super::kind::Kind;
use super::record::Records;
use super::search::condition;
use super::sort::order;
use crate::error::ApiError;

/// The most records on one page.
pub const LARGEST_PAGE: i64 = 10_000;

/// Which page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    page: i64,
    per_page: i64,
}

impl Paging {
    /// Page `page`, counted from 1, of `per_page` records.
    pub fn new(page: i64, per_page: i64) -> Result<Self, ApiError> {
        if page < 1 {
            return Err(ApiError::input(
                "page",
                "Invalid value for param: page. It must be a whole number from 1.",
            ));
        }
        if !(1..=LARGEST_PAGE).contains(&per_page) {
            return Err(ApiError::input(
                "per_page",
                format!("Invalid value for param: per_page. It must be a whole number from 1 to {LARGEST_PAGE}."),
            ));
        }
        Ok(Self { page, per_page })
    }

    /// How many records come before.
    pub fn offset(self) -> i64 {
        (self.page - 1).saturating_mul(self.per_page)
    }

    /// The page before, if there is one.
    pub fn before(self) -> Option<i64> {
        (self.page > 1).then(|| self.page - 1)
    }

    /// The next page, if there is one.
    pub fn after(self, total: i64) -> Option<i64> {
        (self.offset().saturating_add(self.per_page) < total).then(|| self.page + 1)
    }

    /// How many pages there are.
    pub fn pages(self, total: i64) -> i64 {
        total.div_euclid(self.per_page) + i64::from(total % self.per_page > 0)
    }
}

/// A page of records.
#[derive(Debug)]
pub struct Page {
    /// A JSON array.
    pub items: String,
    /// How many there are in it.
    pub received: i64,
    /// How many records the search finds altogether.
    pub total: i64,
    paging: Paging,
}

impl Page {
    /// The envelope, as JSON text.
    pub fn to_json(&self) -> String {
        let or_null = |page: Option<i64>| page.map_or_else(|| "null".to_owned(), |page| page.to_string());
        let paging = self.paging;
        format!(
            "{{\"itemsReceived\":{},\"curPage\":{},\"nextPage\":{},\"prevPage\":{},\"offset\":{},\"perPage\":{},\
             \"itemsTotal\":{},\"pageTotal\":{},\"items\":{}}}",
            self.received,
            paging.page,
            or_null(paging.after(self.total)),
            or_null(paging.before()),
            paging.offset(),
            paging.per_page,
            self.total,
            paging.pages(self.total),
            self.items
        )
    }
}

impl Records<'_> {
    /// Reads a page of the records that the search finds, in the order of the sort.
    pub fn page(&self, search: Option<&RawValue>, sort: Option<&RawValue>, paging: Paging) -> Result<Page, ApiError> {
        let found = condition(self.table, search, self.data.now_ms)?;
        let order = order(self.table, sort)?;
        let rows = self.data.rows(self.store)?;
        let total = if found.is_everything() {
            rows
        } else {
            let sql = format!("SELECT COUNT(*) FROM {}{}", self.name, found.clause());
            let values = params_from_iter(&found.values);
            self.data.db.prepare(&sql)?.query_row(values, |row| row.get(0))?
        };
        let mut page = Page {
            items: "[".to_owned(),
            received: 0,
            total,
            paging,
        };
        if paging.offset() < total {
            let mut clause = found.clause();
            let mut values = found.values;
            let mut offset = paging.offset();
            if offset > 0
                && order == " ORDER BY id"
                && clause.is_empty()
                && let Some(from) = self.id_at(offset, rows)?
            {
                clause.push_str(" WHERE id >= ?");
                values.push(Cell::Integer(from));
                offset = 0;
            }
            values.extend([Cell::Integer(paging.per_page), Cell::Integer(offset)]);
            let sql = format!(
                "SELECT {} FROM {}{clause}{order} LIMIT ? OFFSET ?",
                self.select, self.name
            );
            let mut statement = self.data.db.prepare_cached(&sql)?;
            let mut cursor = statement.query(params_from_iter(values))?;
            while let Some(row) = cursor.next()? {
                if page.received > 0 {
                    page.items.push(',');
                }
                self.write_row(row, &mut page.items)?;
                page.received += 1;
            }
        }
        page.items.push(']');
        Ok(page)
    }

    /// The id of the record at an offset, where it can be computed: in a table without gaps. A deep
    /// page then starts by a look at the key instead of a walk over everything before it.
    fn id_at(&self, offset: i64, rows: i64) -> Result<Option<i64>, ApiError> {
        if self.table.key_kind() != Kind::Int {
            return Ok(None);
        }
        let sql = format!("SELECT (SELECT MIN(id) FROM {0}), (SELECT MAX(id) FROM {0})", self.name);
        let (first, last): (Option<i64>, Option<i64>) = self
            .data
            .db
            .prepare_cached(&sql)?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(first
            .zip(last)
            .filter(|(first, last)| last.checked_sub(*first).is_some_and(|span| span == rows - 1))
            .map(|(first, _)| first + offset))
    }
}
