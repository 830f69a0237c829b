//! What a client and a single call may be told.
//!
//! Everything here is a plain struct with [`Default`]: take the defaults and change the fields you care about. Each
//! field says its default, its unit and why it is so.
//!
//! ```
//! use std::time::Duration;
//! use xano_metadata::{ClientOptions, RateLimit, RateLimiting};
//!
//! let options = ClientOptions {
//!     token: Some("my-token".into()),
//!     max_retries: 5,
//!     rate_limit: RateLimiting::Fixed(RateLimit::new(10, Duration::from_secs(20))),
//!     ..ClientOptions::default()
//! };
//! assert!(!format!("{options:?}").contains("my-token"));
//! ```

use std::path::PathBuf;
use std::time::Duration;

use crate::download::ProgressSink;
use crate::events::EventSink;
use crate::token::Token;

/// How a [`Client`](crate::Client) finds its credentials, talks, waits and retries.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The access token. Default: none, which means `XANO_TOKEN`, then the profile file of the official CLI.
    pub token: Option<Token>,
    /// Base of the account API, with or without `/api:meta`. Default: `XANO_ACCOUNT_URL`, then the profile's
    /// `account_origin`, then `https://app.xano.com`.
    pub account_url: Option<String>,
    /// Base of one instance, used by [`Client::default_instance`](crate::Client::default_instance). Default:
    /// `XANO_INSTANCE_URL`, then the profile's `instance_origin`.
    pub instance_url: Option<String>,
    /// Name of the profile to read. Default: `XANO_PROFILE`, then the file's own `default`.
    pub profile: Option<String>,
    /// The profile file. Default: `XANO_CONFIG`, then `~/.xano/credentials.yaml`.
    pub credentials_file: Option<PathBuf>,
    /// Whether the environment and the profile file may be consulted at all. Default: true. Turn it off where only
    /// explicit arguments should count, as for an emulator.
    pub ambient_credentials: bool,

    /// Longest wait for DNS, TCP and TLS together. Default: 5 s; a host that is there answers far sooner.
    pub connect_timeout: Duration,
    /// Longest silence while waiting for an answer or between its parts. Default: 30 s.
    pub read_timeout: Duration,
    /// Longest time for one attempt, from sending to the last byte; `None` is no limit. Default: 60 s. Long operations
    /// (export, import, push, deploy, upload) have no attempt limit.
    pub timeout: Option<Duration>,
    /// The silence allowed to long operations. Default: 15 min; an export prepares for minutes before its first byte.
    pub long_read_timeout: Duration,
    /// Longest time for a call with everything in it: waits for the rate limit, attempts and pauses between them.
    /// Default: none.
    pub deadline: Option<Duration>,

    /// Retries after the first attempt. Default: 3.
    pub max_retries: u32,
    /// First pause before a retry; doubles each time, each multiplied by a random factor of 0.5 to 1. Default: 0.5 s.
    pub backoff: Duration,
    /// Longest pause between attempts that we choose ourselves. Default: 8 s.
    pub max_backoff: Duration,
    /// Longest `Retry-After` that is obeyed; above it the call fails at once and tells the wait. Default: 120 s.
    pub max_retry_after: Duration,
    /// Seed of the random factor, for tests that must repeat. Default: none, a fresh seed.
    pub seed: Option<u64>,

    /// The rate limit. Default: [`RateLimiting::Auto`].
    pub rate_limit: RateLimiting,
    /// Most bytes of one answer that are held, once it is unpacked; a larger one is a `decode_error`. Default: 512 MiB, far
    /// above the largest page, and below what a few kilobytes of a hostile or broken server could unpack to. Files are
    /// not held, and have no limit.
    pub max_answer_bytes: usize,
    /// Most requests in flight to one origin. Default: 16; more buys nothing from one server and crowds out others.
    pub max_concurrency: usize,
    /// Pages fetched ahead of the reader. Default: 1; 0 fetches only what is asked for.
    pub prefetch: usize,

    /// A proxy for every request, such as `http://user:secret@proxy:3128`. Default: `HTTPS_PROXY`, `HTTP_PROXY` and
    /// `ALL_PROXY`, which are not used for loopback hosts.
    pub proxy: Option<String>,
    /// Hosts that bypass [`proxy`](Self::proxy), separated by commas. Default: `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// A PEM file with certificate authorities to trust besides the platform's. Default: none.
    pub ca_file: Option<PathBuf>,
    /// Whether plain `http` may be used off loopback, where anyone on the way can read the token. Default: false.
    pub allow_http: bool,
    /// Refuse every operation that writes, before anything is sent. Default: false.
    pub read_only: bool,
    /// The `User-Agent`. Default: `xano-metadata-rust/VERSION (OS ARCH)`; the language bindings put their own.
    pub user_agent: Option<String>,
    /// Headers sent with every request. Default: none. `Authorization` and the framing headers are refused.
    pub headers: Vec<(String, String)>,
    /// Called for each [`Event`](crate::Event). Default: none. It runs on the thread that made the event: be brief.
    pub on_event: Option<EventSink>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            token: None,
            account_url: None,
            instance_url: None,
            profile: None,
            credentials_file: None,
            ambient_credentials: true,
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(30),
            timeout: Some(Duration::from_secs(60)),
            long_read_timeout: Duration::from_secs(15 * 60),
            deadline: None,
            max_retries: 3,
            backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(8),
            max_retry_after: Duration::from_secs(120),
            seed: None,
            rate_limit: RateLimiting::Auto,
            max_answer_bytes: 512 * 1024 * 1024,
            max_concurrency: 16,
            prefetch: 1,
            proxy: None,
            no_proxy: None,
            ca_file: None,
            allow_http: false,
            read_only: false,
            user_agent: None,
            headers: Vec::new(),
            on_event: None,
        }
    }
}

/// What one call may change. `None` everywhere means: as the client says.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    /// Longest time for one attempt.
    pub timeout: Option<Duration>,
    /// Longest wait for DNS, TCP and TLS together, if this call opens a connection.
    pub connect_timeout: Option<Duration>,
    /// Longest silence while waiting for an answer or between its parts.
    pub read_timeout: Option<Duration>,
    /// Longest time for the call with its waits and retries.
    pub deadline: Option<Duration>,
    /// Retries after the first attempt.
    pub max_retries: Option<u32>,
    /// Whether this call may be repeated although the server may have done it already. `Some(true)` lets a POST be
    /// retried like a GET; `Some(false)` keeps a GET from it. Default: what the operation's row says.
    pub idempotent: Option<bool>,
    /// Headers for this call, over those of the client.
    pub headers: Vec<(String, String)>,
    /// Pages fetched ahead, for a list.
    pub prefetch: Option<usize>,
    /// Called as the request's body goes out, for uploads. After a failed attempt it starts again from zero.
    pub progress: Option<ProgressSink>,
}

/// How many requests a server takes in any stretch of `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Number of requests.
    pub requests: u32,
    /// The length of the sliding window.
    pub per: Duration,
}

impl RateLimit {
    /// The free plan's limit: 10 requests in any 20 seconds.
    pub const FREE_PLAN: Self = Self {
        requests: 10,
        per: Duration::from_secs(20),
    };

    /// `requests` in any stretch of `per`.
    #[must_use]
    pub const fn new(requests: u32, per: Duration) -> Self {
        Self { requests, per }
    }

    /// `requests` in any minute.
    #[must_use]
    pub const fn per_minute(requests: u32) -> Self {
        Self {
            requests,
            per: Duration::from_secs(60),
        }
    }
}

/// Whether and how the client slows itself down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateLimiting {
    /// Off until the account API says that the instance is limited (then [`RateLimit::FREE_PLAN`]) or a 429 teaches it.
    #[default]
    Auto,
    /// Never. A 429 is still retried.
    Off,
    /// This limit, for every origin the client talks to.
    Fixed(RateLimit),
}
