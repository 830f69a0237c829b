//! Many instances as one (`xano_fleet::estate`): the handle that tasks across a fleet are given, and what is known of it
//! without asking a server.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use xano_fleet::estate::{self, FleetConfig};
use xano_metadata::Error;

use crate::client::{Client, Connection};
use crate::decode;
use crate::events;
use crate::options;
use crate::raise::{raise, refuse};

/// Many instances as one.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct Fleet(estate::Fleet);

impl Fleet {
    /// The same for the engine.
    pub fn engine(&self) -> &estate::Fleet {
        &self.0
    }
}

#[pymethods]
impl Fleet {
    /// The fleet of an account, of a configuration (a path, or JSON), or of both. The options are for the clients that it
    /// makes when no account is given.
    #[new]
    #[pyo3(signature = (client, config, options, /))]
    fn new(
        py: Python<'_>,
        client: Option<&Client>,
        config: Option<&Bound<'_, PyAny>>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        events::refresh(py);
        let mut options = options::client(py, options)?;
        options.on_event = Some(events::sink());
        let client = client.map(|client| client.engine().clone());
        let config = match config {
            None => FleetConfig::default(),
            Some(config) => {
                if let Ok(json) = config.cast::<PyBytes>() {
                    let value = serde_json::from_slice(json.as_bytes())
                        .map_err(|error| refuse(py, None, &format!("The configuration is no JSON: {error}.")))?;
                    FleetConfig::of(&value).map_err(|error| raise(py, &error))?
                } else {
                    let path: PathBuf = config.extract()?;
                    py.detach(|| FleetConfig::read(&path))
                        .map_err(|error| raise(py, &error))?
                }
            }
        };
        let fleet = py.detach(|| estate::Fleet::assemble(config, client, &options));
        fleet.map(Self).map_err(|error| raise(py, &error))
    }

    /// The instances of one environment.
    #[pyo3(signature = (name, /))]
    fn environment(&self, py: Python<'_>, name: &str) -> PyResult<Self> {
        self.0.environment(name).map(Self).map_err(|error| raise(py, &error))
    }

    /// The environments, as dicts.
    fn environments(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let read = serde_json::to_vec(&self.0.environments())
            .ok()
            .and_then(|text| decode::json(py, &text).ok());
        read.ok_or_else(|| raise(py, &Error::internal("The environments do not read as JSON.")))
    }

    /// The client of an instance and the way to it, as the fleet last found it; None where it did not.
    #[pyo3(signature = (name, /))]
    fn instance(&self, name: &str) -> Option<(Client, Connection)> {
        let connection = self.0.connection(name)?;
        Some((Client::over(connection.client().clone()), Connection::over(connection)))
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}
