//! Comparing the records of tables: how many there are, or every one of them.
//!
//! Content is read from both sides at once by stable reads, which go by id, and merged like two sorted lists: memory holds a
//! few pages of each side, however long the tables are.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use xano_metadata::records::{ReadOptions, Reader, Records};
use xano_metadata::{Error, Request, Value};

use super::comparison::{Change, Kind, RecordNumbers};
use super::difference::Lines;
use super::family::Family;
use super::options::{CompareOptions, RecordsOption};
use super::row::{self, Id};
use super::site::Site;
use super::snapshot::Item;
use crate::host::{Host, Notice, Progress};
use crate::spread::{Failure, spread};

/// Records in a request. A comparison reads two tables at once, so it is content with fewer pages ahead than a plain read.
const PAGE_SIZE: u32 = 1000;
const PAGES_AHEAD: usize = 4;

/// Tables whose content is walked at once.
const WALKS: usize = 3;

/// Records that a diff shows at most.
const SHOWN: usize = 20;

/// A table in a data source, on both sides.
pub(super) struct Pair<'i> {
    pub left: &'i Item,
    pub right: &'i Item,
    pub source: &'i str,
    /// Columns whose values must not be shown; none: it is not known which, so none is shown.
    pub hidden: Option<HashSet<String>>,
}

impl Pair<'_> {
    fn name(&self) -> String {
        format!("{} ({})", self.right.name, self.source)
    }
}

/// What came of all tables.
#[derive(Default)]
pub(super) struct Outcome {
    pub changes: Vec<Change>,
    pub failures: Vec<Failure>,
    /// Records that were looked at on each side.
    pub left: u64,
    pub right: u64,
}

/// Compares the records of every pair.
pub(super) async fn compare(
    left: &Site,
    right: &Site,
    pairs: Vec<Pair<'_>>,
    options: &CompareOptions,
    host: &dyn Host,
) -> Outcome {
    let walks = Semaphore::new(WALKS);
    let rows = AtomicU64::new(0);
    let name = left.name.clone();
    let told = |more: u64| {
        let done = rows.fetch_add(more, Ordering::Relaxed) + more;
        host.tell(Notice::Progress(Progress::new(
            format!("records of {name}"),
            done,
            None,
            "rows",
        )));
    };
    let found = spread(pairs, options.concurrency, |pair| {
        let (walks, told) = (&walks, &told);
        async move {
            let outcome = match options.records {
                RecordsOption::Content => {
                    let _turn = walks.acquire().await;
                    walk(left, right, &pair, told).await
                }
                _ => counts(left, right, &pair).await,
            };
            outcome.map_err(|(side, error)| Failure::new(format!("{side}/records of {}", pair.name()), &error))
        }
        .boxed()
    })
    .await;
    let mut outcome = Outcome::default();
    for result in found {
        match result {
            Ok((numbers, change)) => {
                outcome.left += numbers.left;
                outcome.right += numbers.right;
                outcome.changes.extend(change);
            }
            Err(failure) => outcome.failures.push(failure),
        }
    }
    outcome
}

type Compared = Result<(RecordNumbers, Option<Change>), (&'static str, Error)>;

fn changed(pair: &Pair<'_>, numbers: RecordNumbers, field: &str, diff: String) -> Change {
    Change {
        workspace: None,
        family: Family::Records,
        name: pair.name(),
        was: None,
        change: Kind::Changed,
        fields: vec![field.to_owned()],
        diff,
        records: Some(numbers),
    }
}

async fn counts(left: &Site, right: &Site, pair: &Pair<'_>) -> Compared {
    let (left, right) = tokio::join!(
        count(left, &pair.left.id, pair.source),
        count(right, &pair.right.id, pair.source)
    );
    let numbers = RecordNumbers {
        left: left.map_err(|error| ("left", error))?,
        right: right.map_err(|error| ("right", error))?,
        ..RecordNumbers::default()
    };
    let differ = numbers.left != numbers.right;
    let diff = format!("-{} records\n+{} records\n", numbers.left, numbers.right);
    Ok((numbers, differ.then(|| changed(pair, numbers, "count", diff))))
}

async fn count(site: &Site, table: &str, source: &str) -> Result<u64, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Envelope {
        items_total: u64,
    }
    let request = Request::new("instance.workspace.table.records.list")?
        .path_value(site.workspace)
        .path_value(number(table))
        .query_value("per_page", 1)
        .header_value("x-data-source", source);
    let reply = site.connection.call(request).await?;
    Ok(reply.json::<Envelope>()?.items_total)
}

fn number(id: &str) -> Value {
    id.parse::<i64>().map_or_else(|_| id.into(), Into::into)
}

/// One side of a walk: the page at hand and the place in it.
struct Walker {
    reader: Reader,
    page: std::vec::IntoIter<Box<RawValue>>,
    last: Option<Id>,
    count: u64,
}

impl Walker {
    fn new(site: &Site, table: &str, source: &str) -> Self {
        let records = Records::new(site.connection.clone(), site.workspace, number(table)).in_data_source(source);
        Self {
            reader: records.read(ReadOptions {
                page_size: PAGE_SIZE,
                prefetch: PAGES_AHEAD,
                ..ReadOptions::default()
            }),
            page: Vec::new().into_iter(),
            last: None,
            count: 0,
        }
    }

    async fn next(&mut self) -> Result<Option<(Id, Box<RawValue>)>, Error> {
        let row = loop {
            if let Some(row) = self.page.next() {
                break row;
            }
            let Some(page) = self.reader.next().await? else {
                return Ok(None);
            };
            let rows: Vec<Box<RawValue>> = serde_json::from_slice(&page.items)
                .map_err(|cause| Error::config(format!("A page of records does not read as JSON: {cause}.")))?;
            self.page = rows.into_iter();
        };
        let id = row::id(&row).ok_or_else(|| Error::config("A record came without an id that can be compared."))?;
        if self.last.as_ref().is_some_and(|last| *last >= id) {
            let error = Error::config(format!(
                "The records did not come in the order of their ids: {id} came after a larger one."
            ));
            return Err(error.with_hint("They may have changed while they were read: compare again."));
        }
        self.last = Some(id.clone());
        self.count += 1;
        Ok(Some((id, row)))
    }
}

async fn walk(left: &Site, right: &Site, pair: &Pair<'_>, told: &(dyn Fn(u64) + Sync)) -> Compared {
    let mut ours = Walker::new(left, &pair.left.id, pair.source);
    let mut theirs = Walker::new(right, &pair.right.id, pair.source);
    let mut tally = Tally::default();
    let (one, other) = tokio::join!(ours.next(), theirs.next());
    let mut one = one.map_err(|error| ("left", error))?;
    let mut other = other.map_err(|error| ("right", error))?;
    let mut since = 0;
    loop {
        let order = match (&one, &other) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((id, _)), Some((other, _))) => id.cmp(other),
        };
        let was = if order.is_le() { one.take() } else { None };
        let is = if order.is_ge() { other.take() } else { None };
        if was.is_some() {
            one = ours.next().await.map_err(|error| ("left", error))?;
        }
        if is.is_some() {
            other = theirs.next().await.map_err(|error| ("right", error))?;
        }
        tally.look(was, is, pair.hidden.as_ref());
        since += 1;
        if since == u64::from(PAGE_SIZE) {
            told(since);
            since = 0;
        }
    }
    told(since);
    let numbers = RecordNumbers {
        left: ours.count,
        right: theirs.count,
        added: Some(tally.added),
        removed: Some(tally.removed),
        changed: Some(tally.changed),
    };
    let differ = tally.added + tally.removed + tally.changed > 0;
    Ok((numbers, differ.then(|| changed(pair, numbers, "records", tally.diff()))))
}

/// What a walk has found.
#[derive(Default)]
struct Tally {
    added: u64,
    removed: u64,
    changed: u64,
    shown: Vec<(char, String)>,
    examples: usize,
}

impl Tally {
    fn look(
        &mut self,
        was: Option<(Id, Box<RawValue>)>,
        is: Option<(Id, Box<RawValue>)>,
        hidden: Option<&HashSet<String>>,
    ) {
        let (was, is) = match (was, is) {
            (Some((id, was)), Some((_, is))) => {
                // Most records are the same text.
                if was.get() == is.get() {
                    return;
                }
                let (was, is) = (row::columns(&was), row::columns(&is));
                if was.is_some() && was == is {
                    return;
                }
                self.changed += 1;
                if self.examples < SHOWN {
                    let (was, is) = (was.unwrap_or_default(), is.unwrap_or_default());
                    let differ = |name: &String| was.get(name) != is.get(name);
                    self.shown.push(('-', shown(&id, &was, hidden, differ)));
                    self.shown.push(('+', shown(&id, &is, hidden, differ)));
                }
                self.examples += 1;
                return;
            }
            (was, is) => (was, is),
        };
        for (sign, row) in [('-', was), ('+', is)] {
            let Some((id, row)) = row else { continue };
            *(if sign == '+' {
                &mut self.added
            } else {
                &mut self.removed
            }) += 1;
            if self.examples < SHOWN {
                let columns = row::columns(&row).unwrap_or_default();
                self.shown
                    .push((sign, shown(&id, &columns, hidden, |name| name != "id")));
            }
            self.examples += 1;
        }
    }

    fn diff(self) -> String {
        let mut lines = Lines::new(2 * SHOWN + 2);
        lines.push(
            ' ',
            &format!(
                "{} added, {} removed, {} changed",
                self.added, self.removed, self.changed
            ),
        );
        for (sign, line) in &self.shown {
            lines.push(*sign, line);
        }
        if self.examples > SHOWN {
            lines.push(' ', &format!("and {} more", self.examples - SHOWN));
        }
        lines.finish()
    }
}

/// A record, or the columns of it that matter, without what must not be shown.
fn shown(
    id: &Id,
    columns: &BTreeMap<String, String>,
    hidden: Option<&HashSet<String>>,
    wanted: impl Fn(&String) -> bool,
) -> String {
    let wanted = columns.iter().filter(|(name, _)| wanted(name));
    let columns: Vec<String> = wanted
        .map(|(name, value)| match hidden {
            Some(hidden) if !hidden.contains(name) => format!("{name}: {value}"),
            Some(_) => format!("{name}: (sensitive)"),
            None => name.clone(),
        })
        .collect();
    format!("{id} {{{}}}", columns.join(", "))
}
