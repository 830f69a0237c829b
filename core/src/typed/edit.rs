//! Changing a part of what the API replaces as a whole: read, change, send back.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::draft::Node;
use super::list::List;
use super::send::{Call, Op};
use crate::error::Error;
use crate::options::CallOptions;

/// A change that is ready to be made. `.await` reads with `R`, lets the caller change, and replaces with `W`.
#[must_use = "nothing is sent before `.await`"]
pub struct Edit<'a, D, R, W> {
    node: Node,
    /// The one list that `W` takes, or the fields.
    fields: &'static [&'static str],
    change: Box<dyn FnOnce(&mut D) + Send + 'a>,
    options: CallOptions,
    operations: PhantomData<fn() -> (R, W)>,
}

impl<'a, D, R, W> Edit<'a, D, R, W> {
    pub(crate) fn new(node: &Node, fields: &'static [&'static str], change: impl FnOnce(&mut D) + Send + 'a) -> Self {
        Self {
            node: node.clone(),
            fields,
            change: Box::new(change),
            options: CallOptions::default(),
            operations: PhantomData,
        }
    }

    /// What both of its calls do differently from their client.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }
}

impl<'a, R: Op, W: Op> IntoFuture for Edit<'a, Vec<R::Answer>, R, W>
where
    R::Answer: DeserializeOwned + Serialize,
{
    type Output = Result<W::Answer, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut items = List::<R>::new(&self.node).options(self.options.clone()).all().await?;
            (self.change)(&mut items);
            let mut call = Call::<W>::new(&self.node).options(self.options);
            for name in self.fields {
                call.draft.field(name, &items);
            }
            call.await
        })
    }
}

impl<'a, R: Op, W: Op> IntoFuture for Edit<'a, Map<String, Json>, R, W> {
    type Output = Result<W::Answer, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let reply = Call::<R>::new(&self.node).options(self.options.clone()).reply().await?;
            let mut draft: Map<String, Json> = reply.json()?;
            draft.retain(|name, _| self.fields.contains(&name.as_str()));
            (self.change)(&mut draft);
            let mut call = Call::<W>::new(&self.node).options(self.options);
            for (name, value) in &draft {
                if !self.fields.contains(&name.as_str()) {
                    let known = self.fields.join(", ");
                    call.draft
                        .refuse(Error::config(format!("{name} is not among what is replaced: {known}.")));
                }
                call.draft.field(name, value);
            }
            call.await
        })
    }
}

impl<D, R: Op, W: Op> fmt::Debug for Edit<'_, D, R, W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Edit").field(&R::ID).field(&W::ID).finish()
    }
}
