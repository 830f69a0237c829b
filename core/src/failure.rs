//! Naming what went wrong below HTTP: what happened, whether the server can have seen the request, and what to do.

use std::error::Error as StdError;
use std::time::Duration;

use hyper_util::client::legacy;

use crate::error::{Error, ErrorKind};
use crate::retry::Situation;
use crate::transport::ConnectTimeout;

/// A failed attempt, with what the retry rules need to know.
#[derive(Debug)]
pub(crate) struct Failure {
    /// None = nothing to decide: trying again cannot help.
    pub(crate) situation: Option<Situation>,
    pub(crate) error: Error,
}

impl Failure {
    pub(crate) const fn last(error: Error) -> Self {
        Self { situation: None, error }
    }

    pub(crate) const fn interrupted(error: Error) -> Self {
        Self {
            situation: Some(Situation::Interrupted),
            error,
        }
    }
}

/// Which limit ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Nothing came for too long.
    Silence(Duration),
    /// The attempt as a whole.
    Attempt(Duration),
    /// The call as a whole.
    Deadline(Duration),
}

impl Limit {
    pub(crate) fn failure(self, while_what: &str) -> Failure {
        match self {
            Self::Silence(limit) => Failure::interrupted(stalled(limit)),
            Self::Attempt(limit) => Failure::interrupted(
                timeout(format!("The attempt took longer than {limit:?} ({while_what})."))
                    .with_hint("Raise timeout if the server needs that long."),
            ),
            Self::Deadline(limit) => Failure::last(deadline(limit, while_what)),
        }
    }
}

fn timeout(message: String) -> Error {
    Error::new(ErrorKind::Timeout, message)
}

pub(crate) fn deadline(limit: Duration, while_what: &str) -> Error {
    timeout(format!(
        "The call did not end within its deadline of {limit:?} ({while_what})."
    ))
}

/// The server said nothing for too long.
pub(crate) fn stalled(limit: Duration) -> Error {
    timeout(format!("Nothing came from the server for {limit:?}."))
        .with_hint("Raise read_timeout if the server needs that long to think.")
}

/// More came than is held.
pub(crate) fn too_large(most: usize) -> Error {
    let message = format!("The answer has more than the {most} bytes that are held of one.");
    Error::new(ErrorKind::Decode, message)
        .with_hint("Ask for less at once, such as smaller pages, or raise max_answer_bytes if it has to be so large.")
}

/// The body of an answer broke off.
pub(crate) fn cut(cause: std::io::Error) -> Error {
    Error::new(
        ErrorKind::Connection,
        format!("The answer broke off: {}.", reason(&cause)),
    )
    .with_source(cause)
}

/// Sending failed.
pub(crate) fn send(cause: legacy::Error) -> Failure {
    if let Some(ConnectTimeout(limit)) = find::<ConnectTimeout>(&cause) {
        let error = timeout(format!("No connection could be opened within {limit:?}."))
            .with_hint("Check the host name and the network, or raise connect_timeout.");
        return Failure {
            situation: Some(Situation::NeverSent),
            error: error.with_source(cause),
        };
    }
    let message = reason(&cause);
    if cause.is_connect() {
        let error = Error::new(
            ErrorKind::Connection,
            format!("No connection could be opened: {message}."),
        )
        .with_hint("Check the host name, the network, and the proxy if there is one.");
        return Failure {
            situation: Some(Situation::NeverSent),
            error: error.with_source(cause),
        };
    }
    let untouched = find::<h2::Error>(&cause).is_some_and(is_untouched);
    let error = Error::new(
        ErrorKind::Connection,
        format!("The connection broke before an answer came: {message}."),
    )
    .with_source(cause);
    if untouched {
        return Failure {
            situation: Some(Situation::NeverSent),
            error,
        };
    }
    Failure::interrupted(error)
}

/// Whether the server says that it has not begun with the request: it refused the stream, or ended the connection in good
/// order before it came to it.
fn is_untouched(error: &h2::Error) -> bool {
    match error.reason() {
        Some(h2::Reason::REFUSED_STREAM) => error.is_remote() && error.is_reset(),
        Some(h2::Reason::NO_ERROR) => error.is_remote() && error.is_go_away(),
        _ => false,
    }
}

/// The innermost cause in words: the outer ones say only that something failed.
fn reason(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().trim_end_matches('.').to_owned()
}

fn find<'e, T: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e T> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        current = error.source();
    }
    None
}
