//! What the engine tells about its work while it works.
//!
//! Each [`Event`] goes to `tracing` (target `xano_metadata`) and to the client's own callback, if it has one. No event
//! carries the token, a body, or the value of a path parameter. The library installs no logger of its own.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//! use xano_metadata::{ClientOptions, EventSink};
//!
//! let seen = Arc::new(Mutex::new(Vec::new()));
//! let sink = Arc::clone(&seen);
//! let options = ClientOptions {
//!     on_event: Some(EventSink::new(move |event| sink.lock().unwrap().push(event.name()))),
//!     ..ClientOptions::default()
//! };
//! # drop(options);
//! ```

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

/// Something that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A server answered.
    Answered {
        /// The operation.
        operation: Cow<'static, str>,
        /// The host.
        host: String,
        /// The status.
        status: u16,
        /// Which attempt it was, from 1.
        attempt: u32,
        /// From sending to the last byte.
        elapsed: Duration,
        /// The server's name for the request.
        request_id: Option<String>,
    },
    /// An attempt failed and another follows.
    Retrying {
        /// The operation.
        operation: Cow<'static, str>,
        /// The host.
        host: String,
        /// Which attempt failed, from 1.
        attempt: u32,
        /// The code of what went wrong.
        code: String,
        /// The pause before the next attempt.
        wait: Duration,
    },
    /// A call failed for good.
    Failed {
        /// The operation.
        operation: Cow<'static, str>,
        /// The code of what went wrong.
        code: String,
        /// Attempts made.
        attempts: u32,
    },
    /// A request waited for the rate limit or for a free place.
    Waited {
        /// The operation.
        operation: Cow<'static, str>,
        /// The host.
        host: String,
        /// How long.
        wait: Duration,
    },
    /// The rate limit of an origin became known.
    LimitLearned {
        /// The host.
        host: String,
        /// Requests in the window.
        requests: u32,
        /// Length of the window.
        per: Duration,
        /// How: `instance` (the account API said so) or `429`.
        how: &'static str,
    },
    /// An instance's name was resolved to its base URL.
    InstanceResolved {
        /// The name.
        name: String,
        /// The base.
        base_url: String,
    },
    /// The token expires within a day, or has expired.
    TokenExpiring {
        /// When, as RFC 7231 date.
        at: String,
        /// Time left; zero = expired.
        left: Duration,
    },
    /// Something to look at; the message says what and why.
    Warning {
        /// What is wrong.
        message: String,
    },
}

impl Event {
    /// A short fixed name: `answered`, `retrying`, `failed`, `waited`, `limit_learned`, `instance_resolved`,
    /// `token_expiring`, `warning`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Answered { .. } => "answered",
            Self::Retrying { .. } => "retrying",
            Self::Failed { .. } => "failed",
            Self::Waited { .. } => "waited",
            Self::LimitLearned { .. } => "limit_learned",
            Self::InstanceResolved { .. } => "instance_resolved",
            Self::TokenExpiring { .. } => "token_expiring",
            Self::Warning { .. } => "warning",
        }
    }

    /// How loud it should be.
    #[must_use]
    pub const fn level(&self) -> tracing::Level {
        match self {
            Self::Answered { .. } | Self::Failed { .. } | Self::Waited { .. } | Self::InstanceResolved { .. } => {
                tracing::Level::DEBUG
            }
            Self::Retrying { .. } | Self::LimitLearned { .. } => tracing::Level::INFO,
            Self::TokenExpiring { .. } | Self::Warning { .. } => tracing::Level::WARN,
        }
    }

    /// The event as JSON text: `event` (its name), `level`, `message`, and its own fields; durations in seconds.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut fields = match self {
            Self::Answered {
                operation,
                host,
                status,
                attempt,
                elapsed,
                request_id,
            } => json!({
                "operation": operation, "host": host, "status": status, "attempt": attempt,
                "elapsed": elapsed.as_secs_f64(), "request_id": request_id,
            }),
            Self::Retrying {
                operation,
                host,
                attempt,
                code,
                wait,
            } => json!({
                "operation": operation, "host": host, "attempt": attempt, "code": code, "wait": wait.as_secs_f64(),
            }),
            Self::Failed {
                operation,
                code,
                attempts,
            } => {
                json!({"operation": operation, "code": code, "attempts": attempts})
            }
            Self::Waited { operation, host, wait } => {
                json!({"operation": operation, "host": host, "wait": wait.as_secs_f64()})
            }
            Self::LimitLearned {
                host,
                requests,
                per,
                how,
            } => {
                json!({"host": host, "requests": requests, "per": per.as_secs_f64(), "how": how})
            }
            Self::InstanceResolved { name, base_url } => json!({"name": name, "base_url": base_url}),
            Self::TokenExpiring { at, left } => json!({"at": at, "left": left.as_secs_f64()}),
            Self::Warning { .. } => json!({}),
        };
        fields["event"] = json!(self.name());
        fields["level"] = json!(self.level().as_str().to_ascii_lowercase());
        fields["message"] = json!(self.to_string());
        fields.to_string()
    }
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered {
                operation,
                host,
                status,
                attempt,
                elapsed,
                ..
            } => {
                write!(
                    formatter,
                    "{operation}: {status} from {host} in {elapsed:.3?} (attempt {attempt})"
                )
            }
            Self::Retrying {
                operation,
                host,
                attempt,
                code,
                wait,
            } => {
                write!(
                    formatter,
                    "{operation}: attempt {attempt} at {host} failed ({code}), next in {wait:.2?}"
                )
            }
            Self::Failed {
                operation,
                code,
                attempts,
            } => {
                write!(formatter, "{operation}: failed ({code}) after {attempts} attempts")
            }
            Self::Waited { operation, host, wait } => {
                write!(formatter, "{operation}: waited {wait:.2?} for the rate limit of {host}")
            }
            Self::LimitLearned {
                host,
                requests,
                per,
                how,
            } => {
                write!(
                    formatter,
                    "{host} takes {requests} requests in {per:.1?} (known by {how})"
                )
            }
            Self::InstanceResolved { name, base_url } => write!(formatter, "instance {name} is at {base_url}"),
            Self::TokenExpiring { at, left } if left.is_zero() => write!(formatter, "the token expired on {at}"),
            Self::TokenExpiring { at, .. } => {
                write!(formatter, "the token expires on {at}; create a new one before that")
            }
            Self::Warning { message } => formatter.write_str(message),
        }
    }
}

/// A callback for events.
#[derive(Clone)]
pub struct EventSink(Arc<dyn Fn(&Event) + Send + Sync>);

impl EventSink {
    /// Calls `sink` for each event, on the thread that made it. A panic in it is caught and ends there.
    pub fn new(sink: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    fn call(&self, event: &Event) {
        if catch_unwind(AssertUnwindSafe(|| (self.0)(event))).is_err() {
            tracing::error!(target: "xano_metadata", "the event callback panicked on {}", event.name());
        }
    }
}

impl fmt::Debug for EventSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EventSink(…)")
    }
}

/// Where a client's events go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events {
    sink: Option<EventSink>,
}

impl Events {
    pub(crate) const fn new(sink: Option<EventSink>) -> Self {
        Self { sink }
    }

    /// Whether anyone would see an event of this level; making one allocates, so the hot path asks first.
    pub(crate) fn wants(&self, level: tracing::Level) -> bool {
        self.sink.is_some()
            || match level {
                tracing::Level::DEBUG => tracing::enabled!(target: "xano_metadata", tracing::Level::DEBUG),
                _ => true,
            }
    }

    pub(crate) fn emit(&self, event: &Event) {
        match event.level() {
            tracing::Level::WARN => tracing::warn!(target: "xano_metadata", event = event.name(), "{event}"),
            tracing::Level::INFO => tracing::info!(target: "xano_metadata", event = event.name(), "{event}"),
            _ => tracing::debug!(target: "xano_metadata", event = event.name(), "{event}"),
        }
        if let Some(sink) = &self.sink {
            sink.call(event);
        }
    }

    pub(crate) fn warn(&self, message: impl Into<String>) {
        self.emit(&Event::Warning {
            message: message.into(),
        });
    }
}
