//! A request that is being filled in.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::body::{Body, Part};
use crate::connection::Connection;
use crate::error::Error;
use crate::request::{Request, Value};

/// A place in the tree of handles: a connection, and the path parameters bound so far.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) connection: Connection,
    path: Vec<Value>,
}

impl Node {
    pub(crate) const fn root(connection: Connection) -> Self {
        Self {
            connection,
            path: Vec::new(),
        }
    }

    /// The same place with one more parameter bound.
    pub(crate) fn with(&self, value: impl Into<Value>) -> Self {
        let mut node = self.clone();
        node.path.push(value.into());
        node
    }

    /// A parameter that is bound, by its place in the path; null where there is none, which no path takes.
    pub(crate) fn value(&self, place: usize) -> Value {
        self.path.get(place).cloned().unwrap_or(Value::Null)
    }
}

/// The first fault of a draft is kept until it is sent, so that setters can be chained.
#[derive(Debug)]
pub(crate) struct Draft {
    connection: Connection,
    request: Result<Request, Error>,
    fields: Map<String, Json>,
    /// Query parameters that a body of fields repeats.
    repeated: Map<String, Json>,
    parts: Vec<Part>,
}

impl Draft {
    pub(crate) fn new(node: &Node, id: &str) -> Self {
        let request = Request::new(id).map(|mut request| {
            request.path.clone_from(&node.path);
            request
        });
        Self {
            connection: node.connection.clone(),
            request,
            fields: Map::new(),
            repeated: Map::new(),
            parts: Vec::new(),
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut Request)) {
        if let Ok(request) = &mut self.request {
            change(request);
        }
    }

    pub(crate) fn path(&mut self, value: impl Into<Value>) {
        self.change(|request| request.path.push(value.into()));
    }

    pub(crate) fn query(&mut self, name: &'static str, value: impl Into<Value>) {
        self.change(|request| request.query.push((name.into(), value.into())));
    }

    /// A list in the query: its name once for each value.
    pub(crate) fn query_list<V: Into<Value>>(&mut self, name: &'static str, values: impl IntoIterator<Item = V>) {
        for value in values {
            self.query(name, value);
        }
    }

    pub(crate) fn header(&mut self, name: &'static str, value: impl Into<Value>) {
        self.change(|request| request.headers.push((name.into(), value.into())));
    }

    pub(crate) fn field(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        match serde_json::to_value(value) {
            Ok(value) => {
                self.fields.insert(name.to_owned(), value);
            }
            Err(cause) => self.refuse(Error::config(format!("{name} cannot be written as JSON: {cause}."))),
        }
    }

    /// A query parameter that the body repeats, if there are fields in it.
    pub(crate) fn repeat(&mut self, name: &'static str, value: impl Into<Json>) {
        self.repeated.insert(name.to_owned(), value.into());
    }

    /// A file in a form; the field's name is the operation's, not the part's.
    pub(crate) fn part(&mut self, name: &'static str, part: Part) {
        self.parts.push(Part {
            name: name.to_owned(),
            ..part
        });
    }

    pub(crate) fn script(&mut self, script: impl Into<String>) {
        self.change(|request| request.body = Body::Script(script.into()));
    }

    pub(crate) fn whole(&mut self, value: &(impl Serialize + ?Sized)) {
        match Body::json(value) {
            Ok(body) => self.change(|request| request.body = body),
            Err(error) => self.refuse(error),
        }
    }

    pub(crate) fn options(&mut self, options: crate::CallOptions) {
        self.change(|request| request.options = options);
    }

    pub(crate) fn refuse(&mut self, error: Error) {
        if self.request.is_ok() {
            self.request = Err(error);
        }
    }

    /// The finished request and where it goes.
    pub(crate) fn finish(mut self) -> Result<(Connection, Request), Error> {
        let mut request = self.request?;
        let kinds = request.operation().map(|row| row.body).unwrap_or_default();
        if request.body.is_empty() {
            self.fields.append(&mut self.repeated);
        }
        if !self.parts.is_empty() || (kinds.multipart && !kinds.json && request.body.is_empty()) {
            let texts = self
                .fields
                .iter()
                .map(|(name, value)| Part::text(name.as_str(), plain(value)));
            request.body = Body::Multipart(texts.chain(self.parts).collect());
        } else if !self.fields.is_empty() || (kinds.required && kinds.json && request.body.is_empty()) {
            if !request.body.is_empty() {
                return Err(Error::config("Give either the XanoScript or the fields, not both."));
            }
            request.body = Body::json(&self.fields)?;
        }
        Ok((self.connection, request))
    }
}

/// A value as a form holds it: text bare, everything else as JSON.
fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
