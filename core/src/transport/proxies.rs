//! Proxies: which one, and the way through it.
//!
//! A plain `http` request is handed to an HTTP proxy as it is; everything else is passed on byte by byte, by `CONNECT` or
//! SOCKS, so that TLS is between us and the host alone.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::uri::Scheme;
use http::{HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::{SocksV4, SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service as _;
use url::Url;

use super::connect::BoxError;
use crate::error::Error;

/// Where SOCKS proxies listen unless they say otherwise.
const SOCKS_PORT: u16 = 1080;

type Tcp = TokioIo<TcpStream>;

/// The proxies of a pool, and the hosts that need none.
pub(super) struct Proxies(Matcher);

impl Proxies {
    /// The proxy that an option names. `no_proxy` lists hosts without one; if there is no such list, the environment's.
    pub(super) fn of(proxy: &str, no_proxy: Option<&str>) -> Result<Self, Error> {
        // The URL may hold a password, so neither it nor the parser's error is shown.
        let refuse = || Error::config("The proxy is not a URL such as http://proxy.example.com:3128.");
        let mut url = match Url::parse(proxy) {
            // `proxy.example.com:3128` reads as a URL whose scheme has dots.
            Ok(url) if url.has_host() => url,
            _ if proxy.contains("://") => return Err(refuse()),
            _ => Url::parse(&format!("http://{proxy}")).map_err(|_| refuse())?,
        };
        if url.port().is_none() && url.scheme().starts_with("socks") {
            url.set_port(Some(SOCKS_PORT)).map_err(|()| refuse())?;
        }
        let exceptions = match no_proxy {
            Some(list) => list.to_owned(),
            None => std::env::var("NO_PROXY")
                .or_else(|_| std::env::var("no_proxy"))
                .unwrap_or_default(),
        };
        let all = || Matcher::builder().all(String::from(url.as_str()));
        // It passes over what it cannot use, and nobody would learn that the proxy is not used.
        let anywhere = Uri::from_static("https://proxied.invalid");
        if all().build().intercept(&anywhere).is_none() {
            return Err(refuse());
        }
        Ok(Self(all().no(exceptions).build()))
    }

    /// What the variables of the environment say, as other programs understand them.
    pub(super) fn of_environment() -> Self {
        Self(Matcher::from_env())
    }

    pub(super) fn intercept(&self, host: &Uri) -> Option<Intercept> {
        self.0.intercept(host)
    }

    /// What a proxy wants to see in a request that is handed to it as it is.
    pub(super) fn pass(&self, host: &Uri) -> Option<HeaderValue> {
        if host.scheme() == Some(&Scheme::HTTPS) {
            return None;
        }
        self.intercept(host).and_then(|proxy| proxy.basic_auth().cloned())
    }
}

/// The way to a host, without the TLS between both ends.
pub(super) struct Way {
    stream: MaybeHttpsStream<Tcp>,
    /// Whether requests are handed to a proxy as they are, which wants to see whole URLs.
    handed: bool,
}

impl Way {
    pub(super) const fn straight(stream: Tcp) -> Self {
        Self {
            stream: MaybeHttpsStream::Http(stream),
            handed: false,
        }
    }

    pub(super) async fn through(
        proxy: Intercept,
        tcp: HttpConnector,
        tls: Arc<ClientConfig>,
        host: Uri,
    ) -> Result<Self, BoxError> {
        let address = proxy.uri().clone();
        let scheme = address.scheme_str().unwrap_or_default();
        if scheme.starts_with("socks") {
            return socks(&proxy, scheme, tcp, host).await.map(Self::straight);
        }
        let mut near = HttpsConnector::from((tcp, tls));
        if host.scheme() != Some(&Scheme::HTTPS) {
            let stream = near.call(address).await?;
            return Ok(Self { stream, handed: true });
        }
        let mut tunnel = Tunnel::new(address, near);
        if let Some(pass) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(pass.clone());
        }
        let stream = tunnel.call(host).await?;
        Ok(Self { stream, handed: false })
    }
}

async fn socks(proxy: &Intercept, scheme: &str, tcp: HttpConnector, host: Uri) -> Result<Tcp, BoxError> {
    let address = proxy.uri().clone();
    // Those two leave the host's name to the proxy.
    let host = if matches!(scheme, "socks4a" | "socks5h") {
        host
    } else {
        resolved(&host).await?
    };
    if scheme.starts_with("socks4") {
        return Ok(SocksV4::new(address, tcp).call(host).await?);
    }
    let mut socks = SocksV5::new(address, tcp);
    if let Some((user, password)) = proxy.raw_auth() {
        socks = socks.with_auth(user.to_owned(), password.to_owned());
    }
    Ok(socks.call(host).await?)
}

/// The host by its address.
async fn resolved(host: &Uri) -> Result<Uri, BoxError> {
    let name = host.host().ok_or("the URL names no host")?;
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let https = host.scheme() == Some(&Scheme::HTTPS);
    let port = host.port_u16().unwrap_or(if https { 443 } else { 80 });
    let found = tokio::net::lookup_host((name, port)).await?.next();
    let address = found.ok_or("the host has no address")?;
    let scheme = if https { "https" } else { "http" };
    Ok(format!("{scheme}://{address}").parse()?)
}

impl Connection for Way {
    fn connected(&self) -> Connected {
        let connected = match &self.stream {
            MaybeHttpsStream::Http(stream) => stream.connected(),
            // What was agreed on with the proxy is not what the host speaks.
            MaybeHttpsStream::Https(stream) => stream.inner().get_ref().0.connected(),
        };
        connected.proxy(self.handed)
    }
}

impl Read for Way {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl Write for Way {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
