//! Sockets, TLS, proxies and pools: everything below HTTP's meaning.
//!
//! The heavy lifting is hyper's. This module decides how its clients are made: rustls with ring and the platform's own
//! roots, HTTP/2 where the server offers it, compressed answers, no redirects. A client for plain `http` never loads the
//! root certificates, and one for loopback never looks for a proxy in the environment.
//!
//! A connection that the server closed while it was idle is replaced below us, by hyper, which resends only what was
//! never written. That is not a retry and is not counted as one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, header};
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::base_url::BaseUrl;
use crate::error::Error;
use crate::options::ClientOptions;
use crate::stats::Counters;

mod answer;
mod connect;
mod proxies;
mod tls;

pub(crate) use answer::Answer;
pub(crate) use connect::{ConnectTimeout, connecting};

use connect::Connector;
use proxies::Proxies;

/// Idle connections are dropped after this long: just below the 60 seconds after which common load balancers do, so that
/// we seldom write into a connection that is being closed.
const POOL_IDLE: Duration = Duration::from_secs(50);

/// Pieces of a body that is read while it is sent.
pub(crate) type Pieces = futures_util::stream::BoxStream<'static, std::io::Result<Frame<Bytes>>>;

/// What a request carries.
pub(crate) type Payload = Either<Full<Bytes>, StreamBody<Pieces>>;

/// A request as it is sent, to an absolute URI.
pub(crate) type Outgoing = http::Request<Payload>;

/// Connections that are kept, to any number of hosts of one kind. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Inner>);

struct Inner {
    client: legacy::Client<Connector, Payload>,
    proxies: Option<Arc<Proxies>>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pool(…)")
    }
}

impl Pool {
    fn new(https: bool, loopback: bool, options: &ClientOptions, counters: Arc<Counters>) -> Result<Self, Error> {
        let tls = if https {
            tls::platform(options.ca_file.as_deref())?
        } else {
            tls::none()?
        };
        let proxies = match &options.proxy {
            Some(proxy) => Some(Proxies::of(proxy, options.no_proxy.as_deref())?),
            None if loopback => None,
            None => Some(Proxies::of_environment()),
        };
        let proxies = proxies.map(Arc::new);
        let connector = Connector::new(tls, proxies.clone(), counters, options.connect_timeout);
        let client = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .http2_adaptive_window(true)
            .build(connector);
        Ok(Self(Arc::new(Inner { client, proxies })))
    }

    /// Sends a request, and waits for the headers of its answer.
    ///
    /// What is answered hides what it is made of. Every crate that polls a future compiles it, and HTTP is much to compile.
    #[inline(never)]
    pub(crate) fn send(&self, mut request: Outgoing) -> Sending {
        let uri = request.uri();
        let pass = self.0.proxies.as_ref().and_then(|proxies| proxies.pass(uri));
        let headers = request.headers_mut();
        if let Some(pass) = pass {
            headers.entry(header::PROXY_AUTHORIZATION).or_insert(pass);
        }
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers
            .entry(header::ACCEPT_ENCODING)
            .or_insert(HeaderValue::from_static(answer::ENCODINGS));
        Sending(self.0.client.request(request))
    }
}

/// A request on its way.
pub(crate) struct Sending(legacy::ResponseFuture);

impl Future for Sending {
    type Output = Result<Answer, legacy::Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_ok(Answer::new)
    }
}

/// The pools of one client in one process.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    pools: Mutex<[Option<Pool>; 4]>,
}

impl Lanes {
    /// The pool for a base URL, made when it is first needed.
    pub(crate) fn pick(
        &self,
        https: bool,
        loopback: bool,
        options: &ClientOptions,
        counters: &Arc<Counters>,
    ) -> Result<Pool, Error> {
        let index = usize::from(https) * 2 + usize::from(loopback);
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = &pools[index] {
            return Ok(pool.clone());
        }
        let pool = Pool::new(https, loopback, options, Arc::clone(counters))?;
        pools[index] = Some(pool.clone());
        Ok(pool)
    }

    pub(crate) fn for_base(
        &self,
        base: &BaseUrl,
        options: &ClientOptions,
        counters: &Arc<Counters>,
    ) -> Result<Pool, Error> {
        self.pick(base.is_https(), base.is_loopback(), options, counters)
    }

    /// Closes the idle connections; those in use end with their calls.
    pub(crate) fn close(&self) {
        let pools = std::mem::take(&mut *self.pools.lock().unwrap_or_else(PoisonError::into_inner));
        drop(pools);
    }
}

/// Checks the options that only show their faults when a pool is made, so that they do at the client's construction.
pub(crate) fn check(options: &ClientOptions) -> Result<(), Error> {
    if let Some(proxy) = &options.proxy {
        Proxies::of(proxy, options.no_proxy.as_deref())?;
    }
    if let Some(path) = &options.ca_file {
        tls::read_authorities(path)?;
    }
    Ok(())
}
