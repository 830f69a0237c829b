//! Walking a list page by page, whichever way the server pages.
//!
//! [`Pages`] asks for one page after the other, fetching ahead, and stops where the list ends. It looks at the envelope
//! only: the items stay bytes, which the caller decodes in its own best way. A server that sends a page twice would have
//! it walk for ever, so that is an error; when the server's total and what came disagree, an event says so.
//!
//! ```no_run
//! # async fn example(xano: xano_metadata::Client) -> Result<(), xano_metadata::Error> {
//! let mut pages = xano.account().pages(xano_metadata::Request::new("account.snippets.list")?);
//! while let Some(page) = pages.next().await? {
//!     println!("{} items: {}", page.count, String::from_utf8_lossy(&page.items));
//! }
//! # Ok(())
//! # }
//! ```

mod place;
pub(crate) mod scan;

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;

use crate::connection::Connection;
use crate::error::Error;
use crate::operation::{PagePlace, Paging, Tier};
use crate::request::{Reply, Request};

use scan::{NextPage, Scan};

/// How a raw request is paged: like most lists.
const USUAL: Paging = Paging {
    tier: Tier::Envelope,
    size: 0,
    place: Some(PagePlace::Query),
    per_page: true,
};

/// One page, with its items still as JSON text.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RawPage {
    /// The answer it came in.
    pub reply: Reply,
    /// The items: the JSON text of an array, a slice of the answer's body without a copy.
    pub items: Bytes,
    /// How many items there are.
    pub count: usize,
    /// The page's number.
    pub page: Option<u64>,
    /// The next page's number; none at the end.
    pub next_page: Option<u64>,
    /// The previous page's number.
    pub previous_page: Option<u64>,
    /// The page size.
    pub per_page: Option<u64>,
    /// Items in the whole list, where the server says so.
    pub total: Option<u64>,
    /// Pages in the whole list, where the server says so.
    pub total_pages: Option<u64>,
}

/// The pages of a list.
#[derive(Debug)]
pub struct Pages {
    connection: Connection,
    request: Request,
    paging: Paging,
    /// Pages to fetch ahead.
    ahead: usize,
    fetching: VecDeque<Fetching>,
    /// The page to ask for next; none = the list has ended.
    next: Option<Turn>,
    seen: HashSet<u64>,
    last_items: Option<u64>,
    received: u64,
    from_start: bool,
    /// The last page that is wanted.
    last_wanted: Option<u64>,
}

/// Which page to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// As the request stands.
    First,
    Page(u64),
}

/// A page that is on its way. It is given up with the walk.
#[derive(Debug)]
struct Fetching {
    page: u64,
    task: JoinHandle<Result<Reply, Error>>,
}

impl Drop for Fetching {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Pages {
    pub(crate) fn new(connection: Connection, request: Request) -> Self {
        let paging = request.operation().map_or(USUAL, |row| {
            row.paging.unwrap_or(Paging {
                tier: Tier::Whole,
                size: 0,
                place: None,
                per_page: false,
            })
        });
        let ahead = request
            .options
            .prefetch
            .unwrap_or(connection.client().options().prefetch);
        let from_start = paging
            .place
            .and_then(|place| place::get(&request, place, "page"))
            .unwrap_or(1)
            <= 1;
        Self {
            connection,
            request,
            paging,
            ahead,
            fetching: VecDeque::new(),
            next: Some(Turn::First),
            seen: HashSet::new(),
            last_items: None,
            received: 0,
            from_start,
            last_wanted: None,
        }
    }

    /// Lets the walk end with this page, so that nothing behind it is fetched ahead.
    pub(crate) const fn no_further_than(mut self, page: u64) -> Self {
        self.last_wanted = Some(page);
        self
    }

    /// The next page; none after the last.
    ///
    /// # Errors
    /// Those of a call, after which the same page may be asked for again; `decode_error` when the answer is no page, or is
    /// one that came before.
    pub async fn next(&mut self) -> Result<Option<RawPage>, Error> {
        self.next_boxed().await
    }

    /// In a box, so that it is compiled into this crate alone.
    fn next_boxed(&mut self) -> BoxFuture<'_, Result<Option<RawPage>, Error>> {
        Box::pin(self.advance())
    }

    async fn advance(&mut self) -> Result<Option<RawPage>, Error> {
        let Some(turn) = self.next else { return Ok(None) };
        let reply = self.fetch(turn).await?;
        let found =
            scan::scan(&reply.body).map_err(|why| reply.decode_error(&format!("The answer is not a page: {why}.")))?;
        let number = match turn {
            Turn::Page(number) => number,
            Turn::First => found.page.or_else(|| self.asked("page")).unwrap_or(1),
        };
        let items = reply.body.slice(found.items.clone());
        match self.is_repeat(turn, number, &found, &items, &reply) {
            Ok(false) => {}
            Ok(true) => {
                self.stop();
                return Ok(None);
            }
            Err(error) => {
                self.stop();
                return Err(error);
            }
        }
        self.received += found.count as u64;
        let next_page = self.next_after(number, &found);
        if let Some(next) = next_page.filter(|next| self.seen.contains(next)) {
            self.stop();
            return Err(reply.decode_error(&format!(
                "Page {number} names page {next} as its next page, which came before."
            )));
        }
        let wanted = next_page.filter(|next| self.last_wanted.is_none_or(|last| *next <= last));
        self.next = wanted.map(Turn::Page);
        match (wanted, next_page) {
            (Some(next), _) => self.fetch_ahead(next, found.total_pages)?,
            (None, Some(_)) => {}
            (None, None) => self.check_total(found.total),
        }
        if found.count == 0 && turn != Turn::First {
            // The page behind the last: an end, not a page.
            self.stop();
            return Ok(None);
        }
        Ok(Some(RawPage {
            items,
            count: found.count,
            page: found.page.or(self.paging.place.map(|_| number)),
            next_page,
            previous_page: found.previous_page,
            per_page: found.per_page.or_else(|| self.asked("per_page")),
            total: found.total,
            total_pages: found.total_pages,
            reply,
        }))
    }

    async fn fetch(&mut self, turn: Turn) -> Result<Reply, Error> {
        let Turn::Page(number) = turn else {
            return self.connection.call_ref(&self.request).await;
        };
        while let Some(mut fetching) = self.fetching.pop_front() {
            if fetching.page == number {
                return match (&mut fetching.task).await {
                    Ok(result) => result,
                    Err(ended) if ended.is_cancelled() => Err(Error::cancelled("The engine was shut down.")),
                    Err(_) => Err(Error::internal("A page that was fetched ahead panicked.")),
                };
            }
        }
        let request = self.request_for(number)?;
        self.connection.call_ref(&request).await
    }

    /// Starts fetching the page that follows, and more of them when their numbers are certain.
    fn fetch_ahead(&mut self, next: u64, total_pages: Option<u64>) -> Result<(), Error> {
        let certain = total_pages.unwrap_or(next);
        let last = certain
            .min(next.saturating_add(self.ahead.saturating_sub(1) as u64))
            .min(self.last_wanted.unwrap_or(u64::MAX));
        for page in next..=last {
            if self.ahead == 0 || self.fetching.iter().any(|fetching| fetching.page == page) {
                continue;
            }
            let (connection, request) = (self.connection.clone(), self.request_for(page)?);
            let task = tokio::spawn(async move { connection.call_ref(&request).await });
            self.fetching.push_back(Fetching { page, task });
        }
        Ok(())
    }

    fn request_for(&self, page: u64) -> Result<Request, Error> {
        let mut request = self.request.clone();
        if let Some(place) = self.paging.place {
            place::set(&mut request, place, page)?;
        }
        Ok(request)
    }

    fn asked(&self, name: &str) -> Option<u64> {
        self.paging
            .place
            .and_then(|place| place::get(&self.request, place, name))
    }

    /// Whether this page came before, which ends the walk; with an error where rows may be missing.
    fn is_repeat(
        &mut self,
        turn: Turn,
        number: u64,
        found: &Scan,
        items: &Bytes,
        reply: &Reply,
    ) -> Result<bool, Error> {
        let mut hasher = DefaultHasher::new();
        items.hash(&mut hasher);
        let fingerprint = hasher.finish();
        let same = found.count > 0 && self.last_items.replace(fingerprint) == Some(fingerprint);
        self.seen.insert(number);
        if let Some(other) = found.page.filter(|page| turn != Turn::First && *page != number) {
            return Err(reply.decode_error(&format!("Page {number} was asked for, but page {other} came.")));
        }
        if same && !matches!(self.paging.tier, Tier::Array | Tier::Fixed) {
            return Err(reply.decode_error(&format!("Page {number} is the page before once more.")));
        }
        if same {
            // Such a list says nothing of pages; one that ignores `page` is simply all there at once.
            self.warn(&format!(
                "page {number} equals the one before, so the list is taken to have ended"
            ));
        }
        Ok(same)
    }

    /// The number of the page behind this one, by what the tier gives as a sign.
    fn next_after(&self, number: u64, found: &Scan) -> Option<u64> {
        if self.paging.place.is_none() || self.paging.tier == Tier::Whole || found.count == 0 {
            return None;
        }
        match found.next_page {
            NextPage::Number(next) => return Some(next),
            NextPage::None => return None,
            NextPage::Unsaid => {}
        }
        let size = found
            .per_page
            .or_else(|| self.asked("per_page"))
            .or(match self.paging.size {
                0 => None,
                size => Some(u64::from(size)),
            })?;
        let all_came = found
            .total
            .is_some_and(|total| self.from_start && self.received >= total);
        // More than a page holds means that the server does not page at all.
        (found.count as u64 == size && !all_came).then(|| number.saturating_add(1))
    }

    /// Says so when the server promised more or fewer items than came.
    fn check_total(&self, total: Option<u64>) {
        if let Some(total) = total.filter(|total| self.from_start && *total != self.received) {
            let received = self.received;
            self.warn(&format!(
                "the server speaks of {total} items, {received} came; the list changed meanwhile, or pages are missing"
            ));
        }
    }

    fn stop(&mut self) {
        self.next = None;
        self.fetching.clear();
    }

    fn warn(&self, message: &str) {
        self.connection
            .client()
            .inner
            .events
            .warn(format!("{}: {message}", self.request.name()));
    }
}
