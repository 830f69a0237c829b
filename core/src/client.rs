//! The client: one set of credentials, one pool of connections, any number of handles.
//!
//! ```no_run
//! # async fn example() -> Result<(), xano_metadata::Error> {
//! use xano_metadata::{Client, ClientOptions, Request};
//!
//! let client = Client::new(ClientOptions::default())?;
//! let me = client.account().call(Request::new("account.me")?).await?;
//! println!("{}", String::from_utf8_lossy(&me.body));
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, header};
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::base_url::BaseUrl;
use crate::budget::Budget;
use crate::connection::Connection;
use crate::credentials::{self, Credentials};
use crate::endpoint::{Endpoint, Key};
use crate::error::Error;
use crate::events::Events;
use crate::here::{self, Shelf};
use crate::instances::{self, Instances};
use crate::names::Names;
use crate::options::{ClientOptions, RateLimiting};
use crate::prepare;
use crate::process::PerProcess;
use crate::stats::{Counters, Stats};
use crate::token::Token;
use crate::transport::{self, Lanes};

/// A client. Cloning is cheap and shares everything; threads and tasks may use it at once. After a fork the child uses
/// it with connections of its own.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

/// What all clones share. Whatever has a lock or a socket is in `process`, which a forked child makes anew.
pub(crate) struct Inner {
    pub(crate) options: ClientOptions,
    pub(crate) key: Arc<Key>,
    pub(crate) account: Arc<Endpoint>,
    pub(crate) headers: HeaderMap,
    pub(crate) events: Events,
    pub(crate) counters: Arc<Counters>,
    pub(crate) budget: Budget,
    pub(crate) backoff: Backoff,
    closed: AtomicBool,
    process: PerProcess<ProcessState>,
}

/// The part of a client that belongs to one process.
#[derive(Default)]
pub(crate) struct ProcessState {
    pub(crate) lanes: Lanes,
    /// Connections that a caller's own thread drives, and what it drives them with.
    pub(crate) lanes_here: Lanes,
    pub(crate) here: Shelf,
    pub(crate) instances: Instances,
    pub(crate) names: Names,
    pub(crate) closing: CancellationToken,
}

impl Inner {
    pub(crate) fn process(&self) -> &ProcessState {
        self.process.get_or_init(ProcessState::default)
    }

    /// The pools that a call made now takes its connections from.
    pub(crate) fn lanes(&self) -> &Lanes {
        let process = self.process();
        if here::is_driving() {
            &process.lanes_here
        } else {
            &process.lanes
        }
    }

    pub(crate) fn check_open(&self) -> Result<(), Error> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::config("The client was closed. Make a new one."));
        }
        Ok(())
    }
}

impl Client {
    /// A client with these options. No network is touched; the credentials file is read when no token is given.
    ///
    /// # Errors
    /// `config_error` when an option cannot be used or no token is found; it then names the three ways to give one.
    pub fn new(options: ClientOptions) -> Result<Self, Error> {
        let events = Events::new(options.on_event.clone());
        check(&options)?;
        let found = credentials::find(&options, &credentials::environment, &events)?;
        let headers = default_headers(&options)?;
        Self::assemble(options, found, headers, events)
    }

    fn assemble(
        mut options: ClientOptions,
        found: Credentials,
        headers: HeaderMap,
        events: Events,
    ) -> Result<Self, Error> {
        let base = BaseUrl::parse(&found.account_url, found.account_url_from, options.allow_http)?;
        let key = Arc::new(Key::new(found.token)?);
        let account = Arc::new(Endpoint::new(base, Arc::clone(&key), false));
        let backoff = Backoff::new(options.backoff, options.max_backoff, options.seed);
        options.account_url = Some(account.base.as_str().to_owned());
        options.instance_url = found.instance_url;
        options.token = None;
        Ok(Self {
            inner: Arc::new(Inner {
                options,
                key,
                account,
                headers,
                events,
                counters: Arc::default(),
                budget: Budget::new(),
                backoff,
                closed: AtomicBool::new(false),
                process: PerProcess::new(),
            }),
        })
    }

    /// The account API.
    #[must_use]
    pub fn account(&self) -> Connection {
        Connection::account(self.clone(), Arc::clone(&self.inner.account))
    }

    /// The instance with this name. Nothing is sent: its base URL is asked for, once per client, by the first call.
    #[must_use]
    pub fn instance(&self, name: impl Into<String>) -> Connection {
        Connection::named(self.clone(), name.into())
    }

    /// The instance at this `meta_api`, as the account API gave it, with this client's token. `rate_limited` is the
    /// `rate_limit` of the same answer.
    ///
    /// # Errors
    /// `config_error` when it is malformed or neither `https` nor on loopback.
    pub fn instance_named_by_account(&self, meta_api: &str, rate_limited: bool) -> Result<Connection, Error> {
        let endpoint = instances::endpoint(self, meta_api, rate_limited)?;
        Ok(Connection::instance(self.clone(), endpoint))
    }

    /// The instance at this base URL, which the user gave, with this token or else the client's.
    ///
    /// # Errors
    /// `config_error` when the URL or the token cannot be used.
    pub fn instance_at(&self, url: &str, token: Option<Token>) -> Result<Connection, Error> {
        let base = BaseUrl::parse(url, "The instance's URL", self.inner.options.allow_http)?;
        let key = match token {
            Some(token) => Arc::new(Key::new(token)?),
            None => Arc::clone(&self.inner.key),
        };
        Ok(Connection::instance(
            self.clone(),
            Arc::new(Endpoint::new(base, key, false)),
        ))
    }

    /// The instance that the options, `XANO_INSTANCE_URL` or the profile name.
    ///
    /// # Errors
    /// `config_error` when none of them names one.
    pub fn default_instance(&self) -> Result<Connection, Error> {
        match &self.inner.options.instance_url {
            Some(url) => self.instance_at(url, None),
            None => Err(Error::config("No instance is named.").with_hint(
                "Give its URL as the instance_url argument, or in the environment variable XANO_INSTANCE_URL, or as \
                 instance_origin of the profile in ~/.xano/credentials.yaml.",
            )),
        }
    }

    /// When the client's token expires; none when it does not say, as only tokens that are JWTs do.
    #[must_use]
    pub fn token_expires_at(&self) -> Option<SystemTime> {
        self.inner.key.expires_at()
    }

    /// Tells a warning as the engine's own are told, for crates that stand on this one.
    pub fn warn(&self, message: impl Into<String>) {
        self.inner.events.warn(message);
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.inner.counters.read()
    }

    /// The options, with what was resolved from the environment and the profile file; the token is not among them.
    #[must_use]
    pub fn options(&self) -> &ClientOptions {
        &self.inner.options
    }

    /// Ends the client: calls in flight fail with `cancelled`, later ones with `config_error`, and pooled connections
    /// are closed. Other clones are closed as well.
    pub fn close(&self) {
        self.inner.closed.store(true, Ordering::Release);
        let process = self.inner.process();
        process.closing.cancel();
        process.lanes.close();
        process.lanes_here.close();
        process.here.close();
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.closed.load(Ordering::Acquire)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Client")
            .field("account", &self.inner.account.base.as_str())
            .finish_non_exhaustive()
    }
}

/// Refuses options that could not work.
fn check(options: &ClientOptions) -> Result<(), Error> {
    let zero = |name: &str| Err(Error::config(format!("{name} is zero, so nothing could ever succeed.")));
    if options.connect_timeout.is_zero() {
        return zero("connect_timeout");
    }
    if options.read_timeout.is_zero() {
        return zero("read_timeout");
    }
    if options.timeout == Some(Duration::ZERO) {
        return zero("timeout");
    }
    if options.max_answer_bytes == 0 {
        return zero("max_answer_bytes");
    }
    if options.max_concurrency == 0 {
        return zero("max_concurrency");
    }
    if let RateLimiting::Fixed(limit) = options.rate_limit
        && (limit.requests == 0 || limit.per.is_zero())
    {
        return zero("rate_limit");
    }
    transport::check(options)
}

fn default_headers(options: &ClientOptions) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    let agent = options.user_agent.clone().unwrap_or_else(|| {
        format!(
            "xano-metadata-rust/{} ({} {})",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH
        )
    });
    let agent = HeaderValue::from_str(&agent)
        .map_err(|_| Error::config("The user_agent contains a character that no header may hold."))?;
    headers.insert(header::USER_AGENT, agent);
    prepare::add_headers(&mut headers, &options.headers)?;
    Ok(headers)
}
