//! The emulator in this process: a server on a thread of its own. `xano_metadata.testing` gives it its face.

use std::net::IpAddr;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use xano_emulator::{EmulatorOptions, ExtrasForm, RateLimit};

use crate::raise::refuse;

/// A running emulator.
#[pyclass(frozen, module = "xano_metadata._native")]
pub struct Emulator(xano_emulator::Emulator);

#[pymethods]
impl Emulator {
    #[new]
    #[pyo3(signature = (options, /))]
    fn new(py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<Self> {
        let options = read(py, options)?;
        let started = py.detach(|| xano_emulator::Emulator::start(options));
        started
            .map(Self)
            .map_err(|error| refuse(py, None, &format!("{error}.")))
    }

    #[getter]
    fn account_url(&self) -> &str {
        self.0.account_url()
    }

    #[getter]
    fn instance_url(&self) -> &str {
        self.0.instance_url()
    }

    #[getter]
    fn control_url(&self) -> &str {
        self.0.control_url()
    }

    #[getter]
    fn token(&self) -> &str {
        self.0.token()
    }

    /// Calls the control path: status and JSON text.
    #[pyo3(signature = (method, path, body, /))]
    fn control<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        path: &str,
        body: Option<&[u8]>,
    ) -> PyResult<(u16, Bound<'py, PyBytes>)> {
        let body: serde_json::Value = match body {
            None => serde_json::Value::Null,
            Some(text) => serde_json::from_slice(text)
                .map_err(|error| refuse(py, None, &format!("The body is no JSON: {error}.")))?,
        };
        let (status, answer) = py.detach(|| self.0.control(method, path, &body));
        Ok((status, PyBytes::new(py, answer.to_string().as_bytes())))
    }

    fn stop(&self, py: Python<'_>) {
        py.detach(|| self.0.stop());
    }
}

fn read(py: Python<'_>, given: &Bound<'_, PyDict>) -> PyResult<EmulatorOptions> {
    let mut options = EmulatorOptions::default();
    for (name, value) in given.iter() {
        let name: String = name.extract()?;
        let wrong = |takes: &str| refuse(py, None, &format!("The emulator's {name} takes {takes}."));
        match name.as_str() {
            "host" => {
                let host: String = value.extract().map_err(|_| wrong("an address"))?;
                options.host = host
                    .parse::<IpAddr>()
                    .map_err(|_| wrong("a loopback address such as 127.0.0.1"))?;
            }
            "port" => {
                options.port = value
                    .extract()
                    .map_err(|_| wrong("a port number, 0 for any free one"))?;
            }
            "file" => options.file = value.extract().map_err(|_| wrong("a path or None"))?,
            "seed_demo" => options.seed_demo = value.extract().map_err(|_| wrong("True or False"))?,
            "token" => options.token = value.extract().map_err(|_| wrong("text or None"))?,
            "journal_size" => options.journal_size = value.extract().map_err(|_| wrong("a number of requests"))?,
            "extras" => {
                let form: String = value.extract().map_err(|_| wrong("'object' or 'text'"))?;
                options.extras = match form.as_str() {
                    "object" => ExtrasForm::Object,
                    "text" => ExtrasForm::Text,
                    _ => return Err(wrong("'object' or 'text'")),
                };
            }
            "rate_limit" => {
                let limit: Option<(u32, f64)> =
                    value.extract().map_err(|_| wrong("RateLimit(requests, per=seconds)"))?;
                options.rate_limit = limit.map(|(requests, per)| RateLimit::new(requests, per));
            }
            _ => return Err(refuse(py, None, &format!("The emulator has no option {name:?}."))),
        }
    }
    Ok(options)
}
