//! Counters of a client.
//!
//! ```
//! use xano_metadata::{Client, ClientOptions};
//!
//! let client = Client::new(ClientOptions { token: Some("abc".into()), ..ClientOptions::default() })?;
//! assert_eq!(client.stats().requests, 0);
//! # Ok::<(), xano_metadata::Error>(())
//! ```

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// What a client has done since it was made (in a forked child: since the fork or before, counted together).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests sent, each attempt counted.
    pub requests: u64,
    /// Attempts that followed a failed one.
    pub retries: u64,
    /// Requests that had to wait for the rate limit or a free place.
    pub limiter_waits: u64,
    /// The time they waited, summed.
    pub limiter_wait: Duration,
    /// Bytes of answer bodies, decompressed.
    pub bytes_in: u64,
    /// Bytes of request bodies.
    pub bytes_out: u64,
    /// Connections opened.
    pub connections: u64,
}

impl Stats {
    /// The numbers as JSON text: `requests`, `retries`, `limiter_waits`, `limiter_wait_seconds`, `bytes_in`,
    /// `bytes_out`, `connections`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let fields = serde_json::json!({
            "requests": self.requests,
            "retries": self.retries,
            "limiter_waits": self.limiter_waits,
            "limiter_wait_seconds": self.limiter_wait.as_secs_f64(),
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "connections": self.connections,
        });
        fields.to_string()
    }
}

/// The counters behind [`Stats`]; atomics only, so that a fork can never find one locked.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) retries: AtomicU64,
    limiter_waits: AtomicU64,
    limiter_wait_nanos: AtomicU64,
    pub(crate) bytes_in: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
    pub(crate) connections: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, amount: u64) {
        counter.fetch_add(amount, Relaxed);
    }

    pub(crate) fn waited(&self, wait: Duration) {
        self.limiter_waits.fetch_add(1, Relaxed);
        self.limiter_wait_nanos
            .fetch_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(crate) fn read(&self) -> Stats {
        Stats {
            requests: self.requests.load(Relaxed),
            retries: self.retries.load(Relaxed),
            limiter_waits: self.limiter_waits.load(Relaxed),
            limiter_wait: Duration::from_nanos(self.limiter_wait_nanos.load(Relaxed)),
            bytes_in: self.bytes_in.load(Relaxed),
            bytes_out: self.bytes_out.load(Relaxed),
            connections: self.connections.load(Relaxed),
        }
    }
}
