//! Asking for records, and finding the ids in what comes.

use std::ops::Range;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::route::Span;
use crate::body::Body;
use crate::compact::Scan;
use crate::error::Error;
use crate::options::CallOptions;
use crate::paging::scan::{self, NextPage};
use crate::paging::{Pages, RawPage};
use crate::records::Records;
use crate::records::options::ReadOptions;
use crate::records::search::{Expression, Search, Sort};
use crate::request::{Reply, Request};

/// What is asked for: which records of which table, and how many at a time.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    records: Records,
    expression: Expression,
    /// The search as it was given; none = every record.
    search: Option<Box<RawValue>>,
    sort: Option<Box<RawValue>>,
    page_size: u32,
    prefetch: usize,
}

#[derive(Serialize)]
struct Wanted<'w> {
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<&'w RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort: Option<&'w RawValue>,
    page: u64,
    per_page: u32,
}

impl Asker {
    pub(super) fn new(records: Records, expression: Expression, options: ReadOptions) -> Self {
        let search = options.search.filter(|_| !expression.is_everything());
        // A page never needs to hold more than is wanted in all.
        let wanted = options.limit.and_then(|limit| u32::try_from(limit).ok());
        Self {
            records,
            expression,
            search,
            sort: options.sort,
            page_size: options.page_size.min(wanted.unwrap_or(u32::MAX)).max(1),
            prefetch: options.prefetch,
        }
    }

    pub(super) const fn page_size(&self) -> u32 {
        self.page_size
    }

    /// Goes on with smaller pages, for a server that gives no larger ones.
    pub(super) const fn set_page_size(&mut self, size: u32) {
        self.page_size = size;
    }

    /// The rows with the smallest ids in a span, or in the table.
    pub(super) async fn lowest(&self, span: Option<Span>) -> Result<Page, Error> {
        let narrowed = match span {
            Some(span) => Some(self.expression.and_also(&bounds(span))?),
            None => None,
        };
        let search = narrowed.as_deref().or(self.search.as_deref());
        let sort = Sort::new().asc("id").to_raw()?;
        self.ask(search, &sort, self.page_size).await
    }

    /// The row with the largest id.
    pub(super) async fn highest(&self) -> Result<Page, Error> {
        let sort = Sort::new().desc("id").to_raw()?;
        self.ask(self.search.as_deref(), &sort, 1).await
    }

    async fn ask(&self, search: Option<&RawValue>, sort: &RawValue, per_page: u32) -> Result<Page, Error> {
        let wanted = Wanted {
            search,
            sort: Some(sort),
            page: 1,
            per_page,
        };
        Page::read(self.records.connection.call(self.request(&wanted)?).await?)
    }

    /// Page by page in the order that was asked for, as far as the limit goes.
    pub(super) fn pages(&self, from: u64, limit: Option<u64>) -> Result<Pages, Error> {
        let wanted = Wanted {
            search: self.search.as_deref(),
            sort: self.sort.as_deref(),
            page: from,
            per_page: self.page_size,
        };
        let request = self.request(&wanted)?.options(CallOptions {
            prefetch: Some(self.prefetch - 1),
            ..CallOptions::default()
        });
        let pages = self.records.connection.pages(request);
        Ok(match limit {
            Some(limit) => pages.no_further_than(limit.div_ceil(self.page_size.into())),
            None => pages,
        })
    }

    /// The same, by id.
    pub(super) fn pages_by_id(&mut self, from: u64, limit: Option<u64>) -> Result<Pages, Error> {
        self.sort = Some(Sort::new().asc("id").to_raw()?);
        self.pages(from, limit)
    }

    fn request(&self, wanted: &Wanted<'_>) -> Result<Request, Error> {
        Ok(self.records.request("records.search")?.body(Body::json(wanted)?))
    }
}

/// The conditions of a span. A bound beyond all ids is left out, as the server could not read it.
fn bounds(span: Span) -> Search {
    let (after, before) = (i64::try_from(span.after), i64::try_from(span.before));
    let search = after.into_iter().fold(Search::new(), |search, id| search.gt("id", id));
    before.into_iter().fold(search, |search, id| search.lt("id", id))
}

/// A page of records with the place of each.
#[derive(Debug)]
pub(super) struct Page {
    reply: Reply,
    /// The JSON text of the array.
    pub(super) items: Bytes,
    /// Where the array holds which record.
    rows: Vec<Range<usize>>,
    /// Records in the list that it is a page of.
    pub(super) total: Option<u64>,
    /// Whether the server names a page behind it.
    pub(super) more: bool,
}

impl Page {
    fn read(reply: Reply) -> Result<Self, Error> {
        // Records are seldom shorter.
        let mut rows = Vec::with_capacity(reply.body.len() / 256);
        let found = scan::scan_items(&reply.body, |row| rows.push(row))
            .map_err(|why| reply.decode_error(&format!("The answer is not a page: {why}.")))?;
        let start = found.items.start;
        for row in &mut rows {
            *row = row.start - start..row.end - start;
        }
        Ok(Self {
            items: reply.body.slice(found.items),
            rows,
            total: found.total,
            more: matches!(found.next_page, NextPage::Number(_)),
            reply,
        })
    }

    pub(super) fn of(raw: RawPage) -> Result<Self, Error> {
        let mut rows = Vec::with_capacity(raw.count);
        scan::scan_items(&raw.items, |row| rows.push(row)).map_err(Error::internal)?;
        Ok(Self {
            items: raw.items,
            rows,
            total: raw.total,
            more: raw.next_page.is_some(),
            reply: raw.reply,
        })
    }

    pub(super) const fn len(&self) -> usize {
        self.rows.len()
    }

    /// The JSON texts of the records.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.rows.iter().map(|row| &self.items[row.clone()])
    }

    /// The records' ids as JSON text.
    pub(super) fn ids(&self) -> impl Iterator<Item = Result<&[u8], Error>> {
        self.rows().map(|row| self.id(row))
    }

    /// The records' ids as numbers; None where one is something else.
    pub(super) fn numbers(&self) -> impl Iterator<Item = Result<Option<i64>, Error>> {
        self.rows().map(|row| match first_number(row) {
            None => self.id(row).map(number),
            first => Ok(first),
        })
    }

    fn id<'r>(&self, row: &'r [u8]) -> Result<&'r [u8], Error> {
        scan::field(row, "id").ok_or_else(|| self.wrong("A record without an id came."))
    }

    pub(super) fn wrong(&self, message: &str) -> Error {
        self.reply.decode_error(message)
    }
}

/// The id that a record begins with, as nearly all do, if it is a number.
fn first_number(row: &[u8]) -> Option<i64> {
    let mut scan = Scan::new(row);
    scan.pass(b"{\"id\":")?;
    let number = scan.whole()?;
    matches!(scan.peek()?, b',' | b'}').then_some(number)
}

/// An id that is a number, also in quotation marks.
pub(super) fn number(id: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(id).ok()?;
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    bare.unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_in_either_spelling() {
        assert_eq!(number(b"7"), Some(7));
        assert_eq!(number(br#""-7""#), Some(-7));
        assert_eq!(number(b"9223372036854775807"), Some(i64::MAX));
        for text in [
            &b"9223372036854775808"[..],
            b"\"a\"",
            b"null",
            b"1.0",
            b"\"7",
            b"",
            b"\xff",
        ] {
            assert_eq!(number(text), None);
        }
    }

    #[test]
    fn bounds_beyond_all_ids_are_not_sent() {
        let text = |after, before| {
            bounds(Span { after, before })
                .to_raw()
                .expect("a search")
                .get()
                .to_owned()
        };
        assert_eq!(text(5, 9), r#"[{"id|>":5},{"id|<":9}]"#);
        assert_eq!(text(-5, i128::from(i64::MAX) + 1), r#"[{"id|>":-5}]"#);
    }
}
