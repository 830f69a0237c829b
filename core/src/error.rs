//! One error type for everything that can go wrong.
//!
//! [`Error`] is one boxed struct with a non-exhaustive [`ErrorKind`], not a variant per status: a caller who wants to know
//! more asks it. [`Error::code`] is the string to branch on; it is the same in Rust, Python and Node. A message says what
//! happened, where, and what to do; the token is never in it.
//!
//! ```
//! use xano_metadata::{Client, ClientOptions, ErrorKind};
//!
//! let options = ClientOptions {
//!     token: Some("abc".into()),
//!     account_url: Some("http://app.example.com".into()),
//!     ..ClientOptions::default()
//! };
//! let error = Client::new(options).expect_err("plain http would show the token to anyone on the way");
//! assert_eq!(error.kind(), ErrorKind::Config);
//! assert_eq!(error.code(), "config_error");
//! ```

mod answer;
mod kind;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

pub use kind::ErrorKind;

use crate::records::Report;
use answer::shorten;
pub(crate) use answer::{ErrorAnswer, request_id};

/// What went wrong, where, and what is known about it.
pub struct Error(Box<Inner>);

#[derive(Default)]
struct Inner {
    kind: ErrorKind,
    message: String,
    hint: Option<Cow<'static, str>>,
    place: Place,
    attempts: u32,
    outcome_unknown: bool,
    retry_after: Option<Duration>,
    answer: Option<Box<ErrorAnswer>>,
    body: Option<String>,
    status: Option<StatusCode>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    row: Option<u64>,
    column: Option<String>,
    report: Option<Box<Report>>,
}

/// Which call failed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) operation: Option<Cow<'static, str>>,
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) scope: Option<&'static str>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            ..Inner::default()
        }))
    }

    /// Something the caller gave cannot be used; nothing was sent.
    ///
    /// Public for the language bindings, which refuse bad arguments with the same error.
    #[must_use]
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// The call was given up before it ended. Public for the language bindings.
    #[must_use]
    pub fn cancelled(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Cancelled, message)
    }

    /// A defect of ours, such as a panic that was caught. Public for the language bindings.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
            .with_hint("This is a defect of xano-metadata, please report it with what you called.")
    }

    /// Something asked for a yes, a name or a clean state, and did not get it; what it would have changed is as it was. Public
    /// for the rooms that build on this crate.
    #[must_use]
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Refused, message)
    }

    /// Something that was read, such as a file, is not what it should be. Public for the rooms that build on this crate.
    #[must_use]
    pub fn damaged(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Decode, message)
    }

    /// A row that cannot be stored; `row` is its place in the source, counted from 1.
    pub(crate) fn record(message: impl Into<String>, row: Option<u64>, column: Option<String>) -> Self {
        let mut error = Self::new(ErrorKind::Record, message);
        error.0.row = row;
        error.0.column = column;
        error
    }

    /// Says how far the job had come.
    pub(crate) fn with_report(mut self, report: Report) -> Self {
        self.0.report = Some(Box::new(report));
        self
    }

    pub(crate) fn decode(message: impl Into<String>, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let begins: String = text.trim().chars().take(80).collect();
        let message = format!("{} The answer begins with: {begins}", message.into());
        let mut error = Self::new(ErrorKind::Decode, message);
        error.0.body = Some(shorten(&text));
        error
    }

    pub(crate) fn answered(answer: ErrorAnswer) -> Self {
        let mut error = Self::new(ErrorKind::of_status(answer.status), answer.message.clone());
        error.0.status = Some(answer.status);
        error.0.retry_after = answer.retry_after;
        error.0.answer = Some(Box::new(answer));
        error
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds what to do about it, behind what was said already.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        let hint = hint.into();
        self.0.hint = Some(match self.0.hint.take() {
            Some(known) => Cow::Owned(format!("{known} {hint}")),
            None => hint,
        });
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn with_outcome_unknown(mut self, unknown: bool) -> Self {
        self.0.outcome_unknown = unknown;
        self
    }

    pub(crate) fn at(mut self, place: &Place) -> Self {
        self.0.place = place.clone();
        self
    }

    /// Whether the error names the call it belongs to.
    pub(crate) const fn is_placed(&self) -> bool {
        self.0.place.operation.is_some()
    }

    /// Takes a token out of every text that a server may have written. Public for the rooms that build on this crate, which
    /// handle other tokens than the client's.
    #[must_use]
    pub fn scrubbed(mut self, token: &crate::token::Token) -> Self {
        let clean = |text: &mut String| {
            if let Cow::Owned(without) = token.scrub(text) {
                *text = without;
            }
        };
        clean(&mut self.0.message);
        self.0.body.as_mut().map(clean);
        if let Some(answer) = self.0.answer.as_deref_mut() {
            answer.texts().for_each(clean);
        }
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The string to branch on: the server's own code when it gave one, such as `ERROR_CODE_NOT_FOUND`, otherwise ours,
    /// such as `timeout`.
    #[must_use]
    pub fn code(&self) -> &str {
        self.0
            .answer
            .as_ref()
            .and_then(|answer| answer.code.as_deref())
            .unwrap_or(self.0.kind.code())
    }

    /// The HTTP status, when a server answered.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status.map(|status| status.as_u16())
    }

    /// What happened: the server's own message when it sent one. `Display` adds where, and what to do.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it, when there is something to say.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The server's `payload`, as JSON text.
    #[must_use]
    pub fn payload(&self) -> Option<&str> {
        self.0.answer.as_ref()?.payload.as_deref()
    }

    /// The input that the server did not accept.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        self.0.answer.as_ref()?.param.as_deref()
    }

    /// The line of a syntax error in XanoScript, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        self.0.answer.as_ref()?.line
    }

    /// The column of a syntax error in XanoScript.
    #[must_use]
    pub fn col(&self) -> Option<u64> {
        self.0.answer.as_ref()?.col
    }

    /// The operation, such as `account.snippets.list`.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.place.operation.as_deref()
    }

    /// The token scope that the operation asks for.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.0.place.scope
    }

    /// The server's name for the failed request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.answer.as_ref()?.request_id.as_deref()
    }

    /// How often the request was sent, or tried to be.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long the server asked to wait.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The start of the answer's body as text.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.0
            .body
            .as_deref()
            .or_else(|| self.0.answer.as_ref().map(|answer| answer.body.as_str()))
    }

    /// Whether the server may have done what it was asked although the call failed.
    #[must_use]
    pub const fn outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }

    /// The row at fault, by its place in the source, counted from 1.
    #[must_use]
    pub const fn row(&self) -> Option<u64> {
        self.0.row
    }

    /// The column at fault.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// How far a job on records had come when it failed.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.0.report.as_deref()
    }

    /// Everything as JSON text, for the language bindings: `kind` (the class name), `code`, `text` (all of `Display`),
    /// `message`, `hint`, `status`, `payload`, `param`, `line`, `col`, `operation`, `method`, `path`, `host`, `scope`,
    /// `request_id`, `attempts`, `retry_after` (seconds), `body`, `outcome_unknown`; and of jobs on records
    /// `row`, `column`, `report`. Unknown things are null.
    #[must_use]
    pub fn to_json(&self) -> String {
        let place = &self.0.place;
        let payload = self
            .payload()
            .and_then(|text| serde_json::value::RawValue::from_string(text.to_owned()).ok());
        let fields = serde_json::json!({
            "kind": self.kind().class_name(),
            "code": self.code(),
            "text": self.to_string(),
            "message": self.message(),
            "hint": self.hint(),
            "status": self.status(),
            "payload": payload,
            "param": self.param(),
            "line": self.line(),
            "col": self.col(),
            "operation": self.operation(),
            "method": place.method,
            "path": place.path,
            "host": place.host,
            "scope": self.scope(),
            "request_id": self.request_id(),
            "attempts": self.attempts(),
            "retry_after": self.retry_after().map(|wait| wait.as_secs_f64()),
            "body": self.body(),
            "outcome_unknown": self.outcome_unknown(),
            "row": self.row(),
            "column": self.column(),
            "report": self.report(),
        });
        fields.to_string()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.0.place;
        if let Some(operation) = &place.operation {
            write!(formatter, "{operation}: ")?;
        }
        if let Some(status) = self.status() {
            write!(formatter, "{status} ")?;
        }
        if self.0.answer.as_ref().is_some_and(|answer| answer.code.is_some()) {
            write!(formatter, "{}: ", self.code())?;
        }
        formatter.write_str(&self.0.message)?;
        if let Some(param) = self.param() {
            write!(formatter, " (parameter {param})")?;
        }
        if let (Some(line), Some(col)) = (self.line(), self.col()) {
            write!(formatter, " (line {line}, column {col})")?;
        }
        if !self.0.message.ends_with(['.', '!', '?', '…']) {
            formatter.write_str(".")?;
        }
        if let Some(hint) = &self.0.hint {
            write!(formatter, " {hint}")?;
        }
        self.write_trail(formatter)
    }
}

impl Error {
    /// The bracket at the end: the request, how often it was tried, the server's id for it.
    fn write_trail(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.0.place;
        let mut trail = Vec::new();
        if let (Some(method), Some(path)) = (&place.method, &place.path) {
            let host = place.host.as_deref().unwrap_or_default();
            trail.push(if host.is_empty() {
                format!("{method} {path}")
            } else {
                format!("{method} {path} at {host}")
            });
        }
        match self.0.attempts {
            0 => {}
            1 => trail.push("1 attempt".to_owned()),
            many => trail.push(format!("{many} attempts")),
        }
        if let Some(id) = self.request_id() {
            trail.push(format!("request id {id}"));
        }
        if trail.is_empty() {
            Ok(())
        } else {
            write!(formatter, " [{}]", trail.join(", "))
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("code", &self.code())
            .field("text", &self.to_string())
            .field("body", &self.body())
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
