//! Many instances as one (`xano_fleet::estate`): the handle that tasks across a fleet are given, and what is known of it
//! without asking a server.

use std::sync::Arc;

use napi_derive::napi;
use serde::Deserialize;
use serde_json::Value as Json;
use xano_fleet::estate::{self, FleetConfig};
use xano_metadata::{ClientOptions, Error, EventSink};

use crate::client::{NativeClient, NativeConnection};
use crate::guarded;
use crate::hub::Shared;
use crate::options::{self, read};

/// Many instances as one.
#[napi]
pub struct NativeFleet {
    hub: Arc<Shared>,
    fleet: estate::Fleet,
}

/// Where a configuration comes from.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Config {
    Path(String),
    Value(Json),
    #[default]
    None,
}

impl NativeFleet {
    /// The fleet of an account, of a configuration, or of both. The options are for the clients that it makes when no account
    /// is given.
    pub(crate) fn new(
        hub: Arc<Shared>,
        client: Option<&NativeClient>,
        config: &str,
        options: Option<(&str, &str, f64)>,
    ) -> Result<Self, Error> {
        let config = match read(config)? {
            Config::Path(path) => FleetConfig::read(path.as_ref())?,
            Config::Value(value) => FleetConfig::of(&value)?,
            Config::None => FleetConfig::default(),
        };
        let options = match options {
            None => ClientOptions::default(),
            Some((json, runtime, events)) => {
                let user_agent = format!("xano-metadata-node/{} ({runtime})", env!("CARGO_PKG_VERSION"));
                let sink = (events > 0.0).then(|| {
                    let hub = Arc::clone(&hub);
                    EventSink::new(move |event| hub.tell(events, event.to_json()))
                });
                options::client(json, user_agent, sink)?
            }
        };
        let client = client.map(|client| client.engine().clone());
        let fleet = estate::Fleet::assemble(config, client, &options)?;
        Ok(Self { hub, fleet })
    }

    /// The same for the engine.
    pub(crate) const fn engine(&self) -> &estate::Fleet {
        &self.fleet
    }
}

#[napi]
impl NativeFleet {
    /// The instances of one environment.
    #[napi]
    pub fn environment(&self, name: String) -> napi::Result<Self> {
        guarded(|| {
            Ok(Self {
                hub: Arc::clone(&self.hub),
                fleet: self.fleet.environment(&name)?,
            })
        })
    }

    /// The environments, as JSON.
    #[napi]
    pub fn environments(&self) -> napi::Result<String> {
        guarded(|| {
            serde_json::to_string(&self.fleet.environments())
                .map_err(|cause| Error::internal(format!("The environments cannot be written: {cause}.")))
        })
    }

    /// The client of an instance, as the fleet last found the instance; null where it did not.
    #[napi]
    pub fn client(&self, name: String) -> Option<NativeClient> {
        let connection = self.fleet.connection(&name)?;
        Some(NativeClient::around(&self.hub, connection.client().clone()))
    }

    /// The way to an instance, as the fleet last found it; null where it did not.
    #[napi]
    pub fn connection(&self, name: String) -> Option<NativeConnection> {
        let connection = self.fleet.connection(&name)?;
        Some(NativeConnection::around(&self.hub, connection))
    }

    /// Ends the clients that the fleet made itself.
    #[napi]
    pub fn close(&self) {
        self.fleet.close();
    }
}
