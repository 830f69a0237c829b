//! Sending a draft: [`Call`] for answers that are read whole, [`Fetch`] for files.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use serde::Serialize;

use super::draft::{Draft, Node};
use super::making::{self, Maker};
use crate::download::Download;
use crate::error::Error;
use crate::options::CallOptions;
use crate::request::Reply;

type Sending<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// An operation as a type: the marker behind [`Call`], [`List`](super::List) and [`Fetch`].
pub trait Op: 'static {
    /// What it answers; for a list, one item of it.
    type Answer: Send + 'static;
    /// Its id in the operation table.
    const ID: &'static str;

    /// Reads an answer.
    ///
    /// # Errors
    /// `decode_error` when it does not read as it should.
    fn read(reply: &Reply) -> Result<Self::Answer, Error>;
}

/// A call that is ready to be sent, or to be given optional arguments first. `.await` sends it.
#[must_use = "nothing is sent before `.await`"]
pub struct Call<O> {
    pub(crate) draft: Draft,
    op: PhantomData<fn() -> O>,
}

impl<O: Op> Call<O> {
    pub(crate) fn new(node: &Node) -> Self {
        Self {
            draft: Draft::new(node, O::ID),
            op: PhantomData,
        }
    }

    /// A call of the operation that adds `value`.
    pub(crate) fn made(node: &Node, makers: &'static [Maker], value: &impl Serialize) -> Self {
        Self {
            draft: making::draft(node, makers, value),
            op: PhantomData,
        }
    }

    /// What this call does differently from its client.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.draft.options(options);
        self
    }

    /// Sends it and returns the answer as it came.
    ///
    /// # Errors
    /// Any; see [`ErrorKind`](crate::ErrorKind).
    pub async fn reply(self) -> Result<Reply, Error> {
        let (connection, request) = self.draft.finish()?;
        connection.call(request).await
    }
}

impl<O: Op> IntoFuture for Call<O> {
    type Output = Result<O::Answer, Error>;
    type IntoFuture = Sending<O::Answer>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { O::read(&self.reply().await?) })
    }
}

impl<O: Op> fmt::Debug for Call<O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Call").field(&O::ID).finish()
    }
}

/// A call whose answer is a file, or a stream of events. `.await` sends it and leaves the body to be read.
#[must_use = "nothing is sent before `.await`"]
pub struct Fetch<O> {
    pub(crate) draft: Draft,
    op: PhantomData<fn() -> O>,
}

impl<O: Op> Fetch<O> {
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
}

impl<O: Op> IntoFuture for Fetch<O> {
    type Output = Result<Download, Error>;
    type IntoFuture = Sending<Download>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (connection, request) = self.draft.finish()?;
            connection.open(request).await
        })
    }
}

impl<O: Op> fmt::Debug for Fetch<O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Fetch").field(&O::ID).finish()
    }
}
