//! Lists: one page, page by page, item by item, or all at once.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;

use futures_util::Stream;
use futures_util::stream::try_unfold;
use serde::de::DeserializeOwned;

use super::draft::{Draft, Node};
use super::send::Op;
use crate::error::Error;
use crate::options::CallOptions;
use crate::paging::{Pages, RawPage};

/// A list that is ready to be read. `.await` reads its first page.
#[must_use = "nothing is read before `.await`"]
pub struct List<O> {
    pub(crate) draft: Draft,
    op: PhantomData<fn() -> O>,
}

impl<O: Op> List<O>
where
    O::Answer: DeserializeOwned,
{
    pub(crate) fn new(node: &Node) -> Self {
        Self {
            draft: Draft::new(node, O::ID),
            op: PhantomData,
        }
    }

    /// What this call does differently from its client.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.draft.options(options);
        self
    }

    /// Its pages, one after the other, each fetched ahead while you look at the one before.
    #[must_use]
    pub fn pages(self) -> TypedPages<O::Answer> {
        let state = match self.draft.finish() {
            Ok((connection, request)) => State::Walking(Box::new(connection.pages(request))),
            Err(error) => State::Refused(Some(error)),
        };
        TypedPages {
            state,
            item: PhantomData,
        }
    }

    /// Its items as a stream, which ends after the first error.
    pub fn items(self) -> impl Stream<Item = Result<O::Answer, Error>> + Send {
        try_unfold((self.pages(), VecDeque::new()), |(mut pages, mut ready)| async move {
            loop {
                if let Some(item) = ready.pop_front() {
                    return Ok(Some((item, (pages, ready))));
                }
                match pages.next().await? {
                    Some(page) => ready = page.items.into(),
                    None => return Ok(None),
                }
            }
        })
    }

    /// All items of all pages.
    ///
    /// # Errors
    /// Those of [`TypedPages::next`].
    pub async fn all(self) -> Result<Vec<O::Answer>, Error> {
        let mut pages = self.pages();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await? {
            all.extend(page.items);
        }
        Ok(all)
    }
}

impl<O: Op> IntoFuture for List<O>
where
    O::Answer: DeserializeOwned,
{
    type Output = Result<Page<O::Answer>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (connection, mut request) = self.draft.finish()?;
            request.options.prefetch = Some(0);
            match connection.pages(request).next().await? {
                Some(page) => Page::read(&page),
                None => Ok(Page::default()),
            }
        })
    }
}

impl<O: Op> fmt::Debug for List<O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("List").field(&O::ID).finish()
    }
}

/// The pages of a list, with their items read.
#[derive(Debug)]
pub struct TypedPages<T> {
    state: State,
    item: PhantomData<fn() -> T>,
}

#[derive(Debug)]
enum State {
    Walking(Box<Pages>),
    /// The arguments were refused; told by the first `next`.
    Refused(Option<Error>),
}

impl<T: DeserializeOwned> TypedPages<T> {
    /// The next page; none after the last.
    ///
    /// # Errors
    /// Those of a call; `decode_error` when the answer is no page, or one that came before.
    pub async fn next(&mut self) -> Result<Option<Page<T>>, Error> {
        match &mut self.state {
            State::Walking(pages) => pages.next().await?.as_ref().map(Page::read).transpose(),
            State::Refused(error) => error.take().map_or(Ok(None), Err),
        }
    }
}

/// One page of a list; it can be used like a slice of its items.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
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

impl<T: DeserializeOwned> Page<T> {
    fn read(page: &RawPage) -> Result<Self, Error> {
        let items = serde_json::from_slice(&page.items).map_err(|cause| {
            page.reply
                .decode_error(&format!("The items of the page are not what was expected: {cause}."))
        })?;
        Ok(Self {
            items,
            page: page.page,
            next_page: page.next_page,
            previous_page: page.previous_page,
            per_page: page.per_page,
            total: page.total,
            total_pages: page.total_pages,
        })
    }
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            page: None,
            next_page: None,
            previous_page: None,
            per_page: None,
            total: None,
            total_pages: None,
        }
    }
}

impl<T> Deref for Page<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}
