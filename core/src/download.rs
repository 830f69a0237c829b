//! Answers that are files: read as they come, never held whole.
//!
//! ```no_run
//! # async fn example(instance: xano_metadata::Connection) -> Result<(), xano_metadata::Error> {
//! let request = xano_metadata::Request::raw("POST", "/workspace/1/export")?;
//! let size = instance.open(request).await?.save("backup.tar.gz", |_progress| ()).await?;
//! println!("{size} bytes");
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

use crate::error::{Error, ErrorAnswer, Place};
use crate::moment::after;
use crate::runtime;
use crate::stats::Counters;
use crate::target::{Target, refuse};
use crate::transport::Answer;

/// Bytes of a refusal that are read: enough for any message, little enough to hold.
const MAX_REFUSAL: usize = 64 * 1024;

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes so far.
    pub done: u64,
    /// Bytes in all, where known.
    pub total: Option<u64>,
}

/// A callback for progress. It runs on the thread that moves the bytes: be brief.
#[derive(Clone)]
pub struct ProgressSink(Arc<dyn Fn(Progress) + Send + Sync>);

impl ProgressSink {
    /// Calls `sink` after each piece.
    pub fn new(sink: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    pub(crate) fn call(&self, progress: Progress) {
        (self.0)(progress);
    }
}

impl fmt::Debug for ProgressSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProgressSink(…)")
    }
}

/// An answer whose body is still to come. Dropping it breaks the transfer off.
#[derive(Debug)]
pub struct Download {
    response: Answer,
    context: Context,
    /// Looked at already, still to be handed out.
    peeked: Option<Bytes>,
    /// Taken at the start: later the response tells what is left.
    total: Option<u64>,
    done: u64,
}

/// What a download keeps from its call.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) place: Place,
    pub(crate) attempts: u32,
    pub(crate) idle: Duration,
    pub(crate) deadline: Option<Instant>,
    pub(crate) counters: Arc<Counters>,
}

impl Download {
    pub(crate) fn new(response: Answer, context: Context) -> Self {
        Self {
            total: response.content_length(),
            response,
            context,
            peeked: None,
            done: 0,
        }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The length of the body, where the server says so.
    #[must_use]
    pub const fn total(&self) -> Option<u64> {
        self.total
    }

    /// Bytes handed out so far.
    #[must_use]
    pub const fn done(&self) -> u64 {
        self.done
    }

    /// The next piece of the body; none at its end.
    ///
    /// # Errors
    /// `connection_error` when it breaks off, `timeout` when nothing comes for too long.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let piece = match self.peeked.take() {
            Some(piece) => Some(piece),
            None => self.receive().await?,
        };
        self.done += piece.as_ref().map_or(0, |bytes| bytes.len() as u64);
        Ok(piece)
    }

    /// Makes sure that a file is coming: Xano answers some refused exports with status 200 and the JSON of an error,
    /// whatever the content type says, and no archive begins with a brace. A web page is what stands between here and the
    /// server, and no archive either.
    pub(crate) async fn refusing_json(mut self) -> Result<Self, Error> {
        let mut start = BytesMut::new();
        while start.trim_ascii_start().is_empty() && start.len() < MAX_REFUSAL {
            match self.receive().await? {
                Some(piece) => start.extend_from_slice(&piece),
                None => return Err(self.broken(Error::decode("The server sent an empty file.", &start))),
            }
        }
        if crate::request::is_page(self.response.headers()) {
            let message = "The server sent a web page where a file was due: not the API answered.";
            return Err(self.broken(Error::decode(message, &start)));
        }
        if start.trim_ascii_start().first() != Some(&b'{') {
            self.peeked = Some(start.freeze());
            return Ok(self);
        }
        while start.len() < MAX_REFUSAL {
            match self.receive().await? {
                Some(piece) => start.extend_from_slice(&piece),
                None => break,
            }
        }
        let answer = ErrorAnswer::read(self.response.status(), self.response.headers(), &start, None);
        let refused = answer.code.is_some();
        Err(self.broken(if refused {
            Error::answered(answer).with_hint("The server refused with a status of success; no file was made.")
        } else {
            Error::decode("The server sent JSON where a file was due.", &start)
        }))
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, Error> {
        let silence = after(Instant::now(), self.context.idle);
        let until = self.context.deadline.map_or(silence, |deadline| deadline.min(silence));
        let piece = match tokio::time::timeout_at(until, self.response.chunk()).await {
            Ok(Ok(piece)) => piece,
            Ok(Err(cause)) => return Err(self.broken(crate::failure::cut(cause))),
            Err(_) => return Err(self.broken(crate::failure::stalled(self.context.idle))),
        };
        if let Some(bytes) = &piece {
            Counters::add(&self.context.counters.bytes_in, bytes.len() as u64);
        }
        Ok(piece)
    }

    fn broken(&self, error: Error) -> Error {
        let error = if self.done == 0 {
            error
        } else {
            error.with_hint(format!("{} bytes had come.", self.done))
        };
        error.with_attempts(self.context.attempts).at(&self.context.place)
    }

    /// Writes the body to `path` and returns its length. The file appears whole or not at all: it is written beside its
    /// place, brought to the disk and renamed at the end. A new file can be read by its owner only.
    ///
    /// # Errors
    /// Those of [`chunk`](Self::chunk); `config_error` when the file cannot be written.
    pub async fn save(mut self, path: impl AsRef<Path>, mut on_progress: impl FnMut(Progress)) -> Result<u64, Error> {
        let path = path.as_ref();
        let refuse = |cause: std::io::Error| refuse(path, &cause);
        let (target, file) = Target::create(path)?;
        let mut file = tokio::fs::File::from_std(file);
        let total = self.total();
        while let Some(piece) = self.chunk().await? {
            file.write_all(&piece).await.map_err(refuse)?;
            on_progress(Progress { done: self.done, total });
        }
        file.flush().await.map_err(refuse)?;
        let file = file.into_std().await;
        let finishing = runtime::blocking(move || target.finish(file));
        finishing
            .await
            .unwrap_or_else(|cause| Err(Error::internal("A file could not be finished.").with_source(cause)))?;
        Ok(self.done)
    }
}
