//! The two roots, from which everything typed hangs: [`Xano`] and [`Instance`].

use super::draft::Node;
use crate::api::{Instance, InstanceInfo, Xano};
use crate::client::Client;
use crate::connection::Connection;
use crate::error::Error;
use crate::options::ClientOptions;
use crate::token::Token;

impl Xano {
    /// The account API of a new client.
    ///
    /// # Errors
    /// Those of [`Client::new`].
    pub fn new(options: ClientOptions) -> Result<Self, Error> {
        Client::new(options).map(|client| Self::of(&client))
    }

    /// The account API of a client.
    #[must_use]
    pub fn of(client: &Client) -> Self {
        Self {
            node: Node::root(client.account()),
        }
    }

    /// The instance with this name. Nothing is sent before its first call.
    #[must_use]
    pub fn instance(&self, name: impl Into<String>) -> Instance {
        Instance::over(self.client().instance(name))
    }

    /// The instance that a row of the list of instances describes.
    ///
    /// # Errors
    /// `config_error` when its `meta_api` cannot be used.
    pub fn instance_of(&self, info: &InstanceInfo) -> Result<Instance, Error> {
        self.client()
            .instance_named_by_account(&info.meta_api, info.rate_limit)
            .map(Instance::over)
    }

    /// The client behind it.
    #[must_use]
    pub const fn client(&self) -> &Client {
        self.node.connection.client()
    }

    /// The connection behind it, for raw requests.
    #[must_use]
    pub const fn connection(&self) -> &Connection {
        &self.node.connection
    }
}

impl Instance {
    /// The instance at this base URL, with a client of its own.
    ///
    /// # Errors
    /// `config_error` when the URL or the token cannot be used.
    pub fn at(url: &str, token: impl Into<Token>) -> Result<Self, Error> {
        let client = Client::new(ClientOptions {
            token: Some(token.into()),
            ..ClientOptions::default()
        })?;
        client.instance_at(url, None).map(Self::over)
    }

    /// The instance behind a connection.
    #[must_use]
    pub const fn over(connection: Connection) -> Self {
        Self {
            node: Node::root(connection),
        }
    }

    /// The client behind it.
    #[must_use]
    pub const fn client(&self) -> &Client {
        self.node.connection.client()
    }

    /// The connection behind it, for raw requests.
    #[must_use]
    pub const fn connection(&self) -> &Connection {
        &self.node.connection
    }
}
