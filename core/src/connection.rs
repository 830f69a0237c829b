//! One API behind one base URL: what calls are made on.

use crate::client::Client;
use crate::download::Download;
use crate::error::Error;
use crate::paging::Pages;
use crate::request::{Reply, Request};

/// A way to one API with its token. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(crate) client: Client,
}

impl Connection {
    /// Makes a call and waits for the whole answer. Dropping the future gives it up.
    ///
    /// # Errors
    /// Any; see [`ErrorKind`](crate::ErrorKind).
    pub async fn call(&self, request: Request) -> Result<Reply, Error> {
        let _ = request;
        Err(Error::internal("not yet"))
    }

    /// Makes a call and leaves the body of the answer to be read as it comes.
    ///
    /// # Errors
    /// Those of [`call`](Self::call). A refusal is an error here, before any byte is handed out.
    pub async fn open(&self, request: Request) -> Result<Download, Error> {
        let _ = request;
        Err(Error::internal("not yet"))
    }

    /// The pages of a list. Nothing is sent before the first [`Pages::next`].
    #[must_use]
    pub fn pages(&self, request: Request) -> Pages {
        Pages::new(self.clone(), request)
    }

    /// The base URL; none for an instance whose name is not resolved yet.
    #[must_use]
    pub fn base_url(&self) -> Option<String> {
        None
    }

    /// The base URL, asking the account API for it if need be.
    ///
    /// # Errors
    /// Those of a call of `account.instances.get`.
    pub async fn resolve(&self) -> Result<String, Error> {
        Ok(String::new())
    }

    /// The client behind it.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }
}
