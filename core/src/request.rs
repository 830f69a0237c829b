//! What goes in and what comes out of one call, before any typing.
//!
//! A [`Request`] names a row of the operation table and carries its parameters; [`Request::raw`] is the way around the
//! table for what it does not know. A [`Reply`] is bytes with what is known about them. The typed methods in
//! [`crate::api`] and the language bindings are thin layers over these two.
//!
//! ```
//! use xano_metadata::{Request, Value};
//!
//! let request = Request::new("account.snippet.get")?.path_value("kRG3t_-i");
//! assert_eq!(request.operation().map(|row| row.path), Some("/snippet/{canonical}"));
//! assert!(Request::new("account.no.such.thing").is_err());
//! # Ok::<(), xano_metadata::Error>(())
//! ```

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::body::Body;
use crate::endpoint::Endpoint;
use crate::error::{Error, Place};
use crate::operation::{self, AnswerKind, Method, Operation};
use crate::options::CallOptions;

/// One call: an operation with its parameters.
#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) target: Target,
    /// Values of the path parameters, in the order of the path.
    pub path: Vec<Value>,
    /// Query parameters. A name may stand several times, which is how a list is sent.
    pub query: Vec<(Cow<'static, str>, Value)>,
    /// Header parameters of the operation, such as `x-data-source`.
    pub headers: Vec<(Cow<'static, str>, Value)>,
    /// The body.
    pub body: Body,
    /// What this call does differently from its client.
    pub options: CallOptions,
}

/// Where a request goes.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Row(&'static Operation),
    Raw { method: http::Method, path: String },
}

impl Request {
    /// A call of the operation with this id.
    ///
    /// # Errors
    /// `config_error` when the table has no such operation.
    pub fn new(id: &str) -> Result<Self, Error> {
        operation::lookup(id).map(Self::of).ok_or_else(|| {
            Error::config(format!(
                "There is no operation {id:?}. See the API index for the names, or use a raw request for a path that \
                 this version does not know."
            ))
        })
    }

    /// A call of the operation in this row.
    #[must_use]
    pub fn of(row: &'static Operation) -> Self {
        Self::to(Target::Row(row))
    }

    /// A call of any path below the base, such as `/workspace/1/anything/new`, through the same engine. The path is
    /// taken as it is, apart from characters that no URL may hold; a query goes into [`query`](Self::query).
    ///
    /// # Errors
    /// `config_error` when `method` is not an HTTP method. The path is checked when the call is made.
    pub fn raw(method: &str, path: impl Into<String>) -> Result<Self, Error> {
        let method = http::Method::from_bytes(method.to_ascii_uppercase().as_bytes()).map_err(|_| {
            Error::config(format!(
                "{method:?} is not an HTTP method. Use GET, POST, PUT, PATCH or DELETE."
            ))
        })?;
        Ok(Self::to(Target::Raw {
            method,
            path: path.into(),
        }))
    }

    fn to(target: Target) -> Self {
        Self {
            target,
            path: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Empty,
            options: CallOptions::default(),
        }
    }

    /// The row of the table; `None` for a raw request.
    #[must_use]
    pub const fn operation(&self) -> Option<&'static Operation> {
        match self.target {
            Target::Row(row) => Some(row),
            Target::Raw { .. } => None,
        }
    }

    /// Whether the table promises a file for an answer.
    pub(crate) fn answers_file(&self) -> bool {
        self.operation()
            .is_some_and(|row| row.answer == operation::AnswerKind::Stream)
    }

    /// The operation's id, or the method of a raw request with the word `raw`.
    #[must_use]
    pub fn name(&self) -> Cow<'static, str> {
        match &self.target {
            Target::Row(row) => Cow::Borrowed(row.id),
            Target::Raw { method, .. } => Cow::Owned(format!("raw.{}", method.as_str().to_ascii_lowercase())),
        }
    }

    /// Adds the value of the next path parameter.
    #[must_use]
    pub fn path_value(mut self, value: impl Into<Value>) -> Self {
        self.path.push(value.into());
        self
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query_value(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Adds a header parameter.
    #[must_use]
    pub fn header_value(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the options of this call.
    #[must_use]
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    pub(crate) fn method(&self) -> http::Method {
        match &self.target {
            Target::Row(row) => row.method.to_http(),
            Target::Raw { method, .. } => method.clone(),
        }
    }

    /// Whether a repeat does no harm: the caller's word, else the row's, else HTTP's.
    pub(crate) fn is_idempotent(&self) -> bool {
        self.options.idempotent.unwrap_or_else(|| match &self.target {
            Target::Row(row) => row.idempotent,
            Target::Raw { method, .. } => method.is_idempotent(),
        })
    }

    /// Whether the call changes anything; a raw request is judged by its method.
    pub(crate) fn writes(&self) -> bool {
        match &self.target {
            Target::Row(row) => row.writes,
            Target::Raw { method, .. } => !method.is_safe(),
        }
    }

    /// The path for people and logs: the template, because values may be secrets such as install tokens.
    pub(crate) fn shown_path(&self) -> &str {
        match &self.target {
            Target::Row(row) => row.path,
            Target::Raw { path, .. } => path,
        }
    }
}

impl From<Method> for http::Method {
    fn from(method: Method) -> Self {
        method.to_http()
    }
}

/// A parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Null: sent as an empty value in a query, refused elsewhere and where the operation does not take it.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any number; NaN and infinity are refused.
    Float(f64),
    /// Text.
    String(String),
    /// JSON text, for a parameter that is an object or of any type.
    Json(String),
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Whether the headers announce a web page.
pub(crate) fn is_page(headers: &HeaderMap) -> bool {
    let content_type = headers.get(http::header::CONTENT_TYPE);
    content_type
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

/// Where an answer came from, so that an error about it can say so.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) operation: Option<&'static Operation>,
    pub(crate) name: Cow<'static, str>,
    /// Whether the request changed something, so that an answer nobody understands leaves open what was done.
    pub(crate) writes: bool,
}

/// An answer with a status of success.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
    /// How many attempts it took; 1 = the first was good.
    pub attempts: u32,
    /// Microseconds: answers are passed about a lot, so they had better stay small.
    pub(crate) round_trip: u32,
    /// The server's name for this request, if it gave one.
    pub request_id: Option<String>,
    pub(crate) origin: Origin,
}

impl Reply {
    /// From sending the last attempt to the beginning of its answer, a new connection included; waits for the rate limit are
    /// not.
    #[must_use]
    pub fn round_trip(&self) -> Duration {
        Duration::from_micros(self.round_trip.into())
    }

    /// Whether it is a web page where the table promises data or nothing: something on the way, such as a login page or a
    /// gateway, answered in the server's place and with a status of success.
    pub(crate) fn is_strange_page(&self) -> bool {
        let answer = self.origin.operation.map(|row| row.answer);
        matches!(answer, Some(AnswerKind::Json | AnswerKind::Empty)) && is_page(&self.headers)
    }

    /// Whether nothing came where a list or an object is promised. A compressed answer that was cut before its first byte
    /// looks like this: no length tells of the cut. `204` says itself that nothing comes.
    pub(crate) fn is_missing(&self) -> bool {
        self.body.is_empty()
            && self.status != StatusCode::NO_CONTENT
            && self.origin.operation.is_some_and(|row| row.owes)
    }

    /// The body as `T`. An empty body reads as JSON null.
    ///
    /// # Errors
    /// `decode_error` when the body is not JSON or does not fit `T`; the message shows where and the start of the body.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Error> {
        let text: &[u8] = if self.body.iter().all(u8::is_ascii_whitespace) {
            b"null"
        } else {
            &self.body
        };
        serde_json::from_slice(text)
            .map_err(|cause| self.decode_error(&format!("The answer is not what was expected: {cause}.")))
    }

    /// The error for an answer that does not read as it should, for language bindings that decode the body themselves.
    /// What was asked for may have been done, so for a write its outcome is unknown.
    #[must_use]
    pub fn decode_error(&self, message: &str) -> Error {
        let origin = &self.origin;
        let place = Place {
            operation: Some(origin.name.clone()),
            method: origin.operation.map(|row| row.method.as_str().to_owned()),
            path: origin.operation.map(|row| row.path.to_owned()),
            host: Some(origin.endpoint.base.host().to_owned()),
            scope: origin.operation.and_then(|row| row.scope),
        };
        let mut error = Error::decode(message, &self.body)
            .with_status(self.status)
            .with_attempts(self.attempts)
            .with_outcome_unknown(origin.writes);
        if origin.writes {
            error = error.with_hint("It may have been done all the same: look before you repeat it.");
        }
        error.at(&place).scrubbed(&origin.endpoint.key.token)
    }
}
