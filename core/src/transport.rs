//! Sockets, TLS, proxies and pools: everything below HTTP's meaning.
//!
//! The heavy lifting is reqwest's. This module decides how its clients are made: rustls with ring and the platform's own
//! roots, HTTP/2 where the server offers it, compressed answers, no redirects. A client for plain `http` never loads the
//! root certificates, and one for loopback never looks for a proxy in the environment.
//!
//! A connection that the server closed while it was idle is replaced below us, by hyper, which resends only what was
//! never written. That is not a retry and is not counted as one.

use std::cell::Cell;
use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ClientConfig;
use tower_layer::Layer;
use tower_service::Service;

use crate::base_url::BaseUrl;
use crate::error::Error;
use crate::options::ClientOptions;
use crate::stats::Counters;

mod tls;

/// Idle connections are dropped after this long: just below the 60 seconds after which common load balancers do, so that
/// we seldom write into a connection that is being closed.
const POOL_IDLE: Duration = Duration::from_secs(50);

type BoxError = Box<dyn StdError + Send + Sync>;

tokio::task_local! {
    /// What the connector should know about the call it works for, and what it reports back.
    static CONNECTING: Connecting;
}

struct Connecting {
    limit: Duration,
    happened: Cell<bool>,
}

/// The pools of one client in one process.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    clients: Mutex<[Option<reqwest::Client>; 4]>,
}

impl Lanes {
    /// The pool for a base URL, made when it is first needed.
    pub(crate) fn pick(
        &self,
        https: bool,
        loopback: bool,
        options: &ClientOptions,
        counters: &Arc<Counters>,
    ) -> Result<reqwest::Client, Error> {
        let index = usize::from(https) * 2 + usize::from(loopback);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &clients[index] {
            return Ok(client.clone());
        }
        let client = build(https, loopback, options, Arc::clone(counters))?;
        clients[index] = Some(client.clone());
        Ok(client)
    }

    pub(crate) fn for_base(
        &self,
        base: &BaseUrl,
        options: &ClientOptions,
        counters: &Arc<Counters>,
    ) -> Result<reqwest::Client, Error> {
        self.pick(base.is_https(), base.is_loopback(), options, counters)
    }

    /// Closes the idle connections; those in use end with their calls.
    pub(crate) fn close(&self) {
        let clients = std::mem::take(&mut *self.clients.lock().unwrap_or_else(PoisonError::into_inner));
        drop(clients);
    }
}

/// Checks the options that only show their faults when a pool is made, so that they do at the client's construction.
pub(crate) fn check(options: &ClientOptions) -> Result<(), Error> {
    if let Some(proxy) = &options.proxy {
        read_proxy(proxy, options.no_proxy.as_deref())?;
    }
    if let Some(path) = &options.ca_file {
        tls::read_authorities(path)?;
    }
    Ok(())
}

fn build(
    https: bool,
    loopback: bool,
    options: &ClientOptions,
    counters: Arc<Counters>,
) -> Result<reqwest::Client, Error> {
    let tls: ClientConfig = if https {
        tls::platform(options.ca_file.as_deref())?
    } else {
        tls::none()?
    };
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(30))
        .pool_idle_timeout(POOL_IDLE)
        .http2_adaptive_window(true)
        .connector_layer(ConnectLayer {
            counters,
            default_limit: options.connect_timeout,
        });
    if let Some(proxy) = &options.proxy {
        builder = builder.proxy(read_proxy(proxy, options.no_proxy.as_deref())?);
    } else if loopback {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|cause| {
        Error::config("The connection pool cannot be made. Check the proxy variables of the environment.")
            .with_source(cause)
    })
}

fn read_proxy(proxy: &str, no_proxy: Option<&str>) -> Result<reqwest::Proxy, Error> {
    let exceptions = match no_proxy {
        Some(list) => reqwest::NoProxy::from_string(list),
        None => reqwest::NoProxy::from_env(),
    };
    // The URL may hold a password, so neither it nor the parser's error is shown.
    let proxy = reqwest::Proxy::all(proxy)
        .map_err(|_| Error::config("The proxy is not a URL such as http://proxy.example.com:3128."))?;
    Ok(proxy.no_proxy(exceptions))
}

/// Runs `work`, in which a connection may be opened within `limit`; tells whether one was.
pub(crate) async fn connecting<F: Future>(limit: Duration, work: F) -> (F::Output, bool) {
    let context = Connecting {
        limit,
        happened: Cell::new(false),
    };
    CONNECTING
        .scope(context, async {
            let output = work.await;
            (output, CONNECTING.with(|context| context.happened.get()))
        })
        .await
}

/// Connecting took too long.
#[derive(Debug)]
pub(crate) struct ConnectTimeout(pub(crate) Duration);

impl std::fmt::Display for ConnectTimeout {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "no connection within {:?}", self.0)
    }
}

impl StdError for ConnectTimeout {}

/// Counts connections and bounds the time that opening one takes.
#[derive(Clone)]
struct ConnectLayer {
    counters: Arc<Counters>,
    default_limit: Duration,
}

impl<S> Layer<S> for ConnectLayer {
    type Service = Connect<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Connect {
            inner,
            counters: Arc::clone(&self.counters),
            default_limit: self.default_limit,
        }
    }
}

#[derive(Clone)]
struct Connect<S> {
    inner: S,
    counters: Arc<Counters>,
    default_limit: Duration,
}

impl<S, R> Service<R> for Connect<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, target: R) -> Self::Future {
        // The connector runs inside the call that needs it, so the call's own limit can be read here.
        let limit = CONNECTING
            .try_with(|call| {
                call.happened.set(true);
                call.limit
            })
            .unwrap_or(self.default_limit);
        let connected = self.inner.call(target);
        let counters = Arc::clone(&self.counters);
        Box::pin(async move {
            let connection = tokio::time::timeout(limit, connected)
                .await
                .map_err(|_| BoxError::from(ConnectTimeout(limit)))??;
            count(&counters.connections);
            Ok(connection)
        })
    }
}

fn count(counter: &AtomicU64) {
    Counters::add(counter, 1);
}
