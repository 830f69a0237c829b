//! Opening a connection: within the call's own limit, counted, through a proxy if there is one, and with TLS if the host
//! is asked by `https`.

use std::cell::Cell;
use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::ClientConfig;
use tower_service::Service;

use super::proxies::{Proxies, Way};
use crate::stats::Counters;

/// What a silent connection is asked after, so that one whose other end is gone is noticed.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Turns of the runtime that a connection under way to the pool is waited for. Opening one takes longer than all of them.
const PATIENCE: u32 = 16;

pub(super) type BoxError = Box<dyn StdError + Send + Sync>;

/// What hyper reads and writes: TLS on the way to the host, or the bare way.
type Connection = hyper_rustls::MaybeHttpsStream<Way>;

tokio::task_local! {
    /// What the connector should know about the call it works for, and what it reports back.
    static CONNECTING: Connecting;
}

struct Connecting {
    limit: Duration,
    happened: Cell<bool>,
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

/// Opens the connections of a pool.
#[derive(Clone)]
pub(super) struct Connector {
    secure: HttpsConnector<Path>,
    counters: Arc<Counters>,
    default_limit: Duration,
}

impl Connector {
    pub(super) fn new(
        tls: ClientConfig,
        proxies: Option<Arc<Proxies>>,
        counters: Arc<Counters>,
        default_limit: Duration,
    ) -> Self {
        let mut tcp = HttpConnector::new();
        // TLS is laid over it.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        let tls = Arc::new(tls);
        let path = Path {
            tcp,
            proxies,
            tls: Arc::clone(&tls),
        };
        Self {
            secure: HttpsConnector::from((path, tls)),
            counters,
            default_limit,
        }
    }
}

impl Service<Uri> for Connector {
    type Response = Connection;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Connection, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.secure.poll_ready(context)
    }

    fn call(&mut self, host: Uri) -> Self::Future {
        let mut secure = self.secure.clone();
        let counters = Arc::clone(&self.counters);
        let default_limit = self.default_limit;
        Box::pin(async move {
            // A connection whose answer has just ended may be on its way to the pool. Where it comes first, what runs here is
            // not the call any more, and nobody needs another connection.
            let called = CONNECTING.try_with(|_| ()).is_ok();
            for _ in 0..PATIENCE {
                tokio::task::yield_now().await;
            }
            let limit = CONNECTING.try_with(|call| {
                call.happened.set(true);
                call.limit
            });
            let limit = match limit {
                Err(_) if called => return Err("the connection is not needed any more".into()),
                limit => limit.unwrap_or(default_limit),
            };
            let connection = tokio::time::timeout(limit, secure.call(host))
                .await
                .map_err(|_| BoxError::from(ConnectTimeout(limit)))??;
            Counters::add(&counters.connections, 1);
            Ok(connection)
        })
    }
}

/// The way to a host, by itself or through a proxy.
#[derive(Clone)]
struct Path {
    tcp: HttpConnector,
    proxies: Option<Arc<Proxies>>,
    /// For proxies that are spoken to by TLS themselves.
    tls: Arc<ClientConfig>,
}

impl Service<Uri> for Path {
    type Response = Way;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Way, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, host: Uri) -> Self::Future {
        let mut tcp = self.tcp.clone();
        match self.proxies.as_ref().and_then(|proxies| proxies.intercept(&host)) {
            Some(proxy) => {
                let tls = Arc::clone(&self.tls);
                Box::pin(async move { Way::through(proxy, tcp, tls, host).await })
            }
            None => Box::pin(async move { Ok(Way::straight(tcp.call(host).await?)) }),
        }
    }
}
