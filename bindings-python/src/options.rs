//! Options: dicts of Python, checked field by field, so that a wrong one is an error that names it.

use std::path::PathBuf;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyDictMethods, PyMapping, PyString};
use xano_metadata::{CallOptions, ClientOptions, RateLimit, RateLimiting, Token};

use crate::raise::refuse;

/// Reads fields of one dict and says what is wrong with them.
struct Reader<'a, 'py> {
    py: Python<'py>,
    operation: Option<&'a str>,
    dict: &'a Bound<'py, PyDict>,
}

impl<'py> Reader<'_, 'py> {
    /// The value, unless it is missing.
    fn get(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.dict.get_item(name)
    }

    fn wrong(&self, name: &str, takes: &str, value: &Bound<'py, PyAny>) -> PyErr {
        let kind = value
            .get_type()
            .name()
            .map_or_else(|_| String::new(), |kind| kind.to_string());
        // A secret given in the wrong place must not be shown, so numbers only.
        let shown = if kind == "int" || kind == "float" {
            value.to_string()
        } else {
            kind
        };
        refuse(self.py, self.operation, &format!("{name} takes {takes}, not {shown}."))
    }

    /// Seconds; None is the same as not given.
    fn seconds(&self, name: &str) -> PyResult<Option<Duration>> {
        let Some(value) = self.get(name)?.filter(|value| !value.is_none()) else {
            return Ok(None);
        };
        let is_flag = value.is_instance_of::<pyo3::types::PyBool>();
        match value
            .extract::<f64>()
            .ok()
            .filter(|_| !is_flag)
            .map(Duration::try_from_secs_f64)
        {
            Some(Ok(time)) => Ok(Some(time)),
            _ => Err(self.wrong(name, "a number of seconds, 0 or more", &value)),
        }
    }

    /// Seconds, where None is no limit and what is not given is `otherwise`.
    fn limit(&self, name: &str, otherwise: Option<Duration>) -> PyResult<Option<Duration>> {
        if self.get(name)?.is_some() {
            self.seconds(name)
        } else {
            Ok(otherwise)
        }
    }

    fn number<T: for<'a> FromPyObject<'a, 'py>>(&self, name: &str) -> PyResult<Option<T>> {
        let Some(value) = self.get(name)?.filter(|value| !value.is_none()) else {
            return Ok(None);
        };
        let is_flag = value.is_instance_of::<pyo3::types::PyBool>();
        match value.extract::<T>().ok().filter(|_| !is_flag) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(name, "a whole number, 0 or more", &value)),
        }
    }

    fn flag(&self, name: &str) -> PyResult<Option<bool>> {
        let Some(value) = self.get(name)?.filter(|value| !value.is_none()) else {
            return Ok(None);
        };
        value
            .extract()
            .map(Some)
            .map_err(|_| self.wrong(name, "True or False", &value))
    }

    fn text(&self, name: &str) -> PyResult<Option<String>> {
        let Some(value) = self.get(name)?.filter(|value| !value.is_none()) else {
            return Ok(None);
        };
        value.extract().map(Some).map_err(|_| self.wrong(name, "text", &value))
    }

    fn path(&self, name: &str) -> PyResult<Option<PathBuf>> {
        let Some(value) = self.get(name)?.filter(|value| !value.is_none()) else {
            return Ok(None);
        };
        value
            .extract()
            .map(Some)
            .map_err(|_| self.wrong(name, "a path", &value))
    }

    fn headers(&self) -> PyResult<Vec<(String, String)>> {
        let Some(value) = self.get("headers")?.filter(|value| !value.is_none()) else {
            return Ok(Vec::new());
        };
        let takes = "a dict of names and values that are text";
        let mapping = value
            .cast::<PyMapping>()
            .map_err(|_| self.wrong("headers", takes, &value))?;
        mapping
            .items()?
            .extract()
            .map_err(|_| self.wrong("headers", takes, &value))
    }

    fn rate_limit(&self) -> PyResult<Option<RateLimiting>> {
        let Some(value) = self.get("rate_limit")?.filter(|value| !value.is_none()) else {
            return Ok(None);
        };
        if let Ok((requests, per)) = value.extract::<(u32, f64)>()
            && let Ok(per) = Duration::try_from_secs_f64(per)
        {
            return Ok(Some(RateLimiting::Fixed(RateLimit::new(requests, per))));
        }
        match value.cast::<PyString>().ok().and_then(|text| text.to_str().ok()) {
            Some("auto") => Ok(Some(RateLimiting::Auto)),
            Some("off") => Ok(Some(RateLimiting::Off)),
            _ => Err(self.wrong(
                "rate_limit",
                "RateLimit(requests, per=seconds), 'auto' or 'off'",
                &value,
            )),
        }
    }
}

/// The options of one call. Unknown names were refused in Python.
pub fn call(py: Python<'_>, operation: Option<&str>, given: &Bound<'_, PyAny>) -> PyResult<CallOptions> {
    let dict = given.cast::<PyDict>().map_err(PyErr::from)?;
    let read = Reader { py, operation, dict };
    Ok(CallOptions {
        timeout: read.seconds("timeout")?,
        connect_timeout: read.seconds("connect_timeout")?,
        read_timeout: read.seconds("read_timeout")?,
        deadline: read.seconds("deadline")?,
        max_retries: read.number("max_retries")?,
        idempotent: read.flag("idempotent")?,
        headers: read.headers()?,
        prefetch: read.number("prefetch")?,
        ..CallOptions::default()
    })
}

/// The options of a client. Unknown names were refused in Python.
pub fn client(py: Python<'_>, dict: &Bound<'_, PyDict>) -> PyResult<ClientOptions> {
    let read = Reader {
        py,
        operation: None,
        dict,
    };
    let mut options = ClientOptions {
        token: read.text("token")?.map(Token::from),
        account_url: read.text("account_url")?,
        instance_url: read.text("instance_url")?,
        profile: read.text("profile")?,
        credentials_file: read.path("credentials_file")?,
        proxy: read.text("proxy")?,
        no_proxy: read.text("no_proxy")?,
        ca_file: read.path("ca_file")?,
        headers: read.headers()?,
        user_agent: Some(user_agent(py, read.text("user_agent_extra")?.as_deref())),
        ..ClientOptions::default()
    };
    set(&mut options.ambient_credentials, read.flag("ambient_credentials")?);
    set(&mut options.connect_timeout, read.seconds("connect_timeout")?);
    set(&mut options.read_timeout, read.seconds("read_timeout")?);
    options.timeout = read.limit("timeout", options.timeout)?;
    set(&mut options.long_read_timeout, read.seconds("long_read_timeout")?);
    options.deadline = read.limit("deadline", options.deadline)?;
    set(&mut options.max_retries, read.number("max_retries")?);
    set(&mut options.backoff, read.seconds("backoff")?);
    set(&mut options.max_backoff, read.seconds("max_backoff")?);
    set(&mut options.max_retry_after, read.seconds("max_retry_after")?);
    set(&mut options.rate_limit, read.rate_limit()?);
    set(&mut options.max_answer_bytes, read.number("max_answer_bytes")?);
    set(&mut options.max_concurrency, read.number("concurrency")?);
    set(&mut options.prefetch, read.number("prefetch")?);
    set(&mut options.allow_http, read.flag("allow_http")?);
    set(&mut options.read_only, read.flag("read_only")?);
    Ok(options)
}

fn set<T>(field: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *field = value;
    }
}

/// `xano-metadata-python/0.1.0 (CPython 3.11; linux x86_64)`.
fn user_agent(py: Python<'_>, extra: Option<&str>) -> String {
    let version = py.version_info();
    let name = py
        .import("sys")
        .and_then(|sys| sys.getattr("implementation")?.getattr("name")?.extract::<String>())
        .unwrap_or_else(|_| "python".to_owned());
    let name = if name == "cpython" { "CPython" } else { &name };
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let own = format!(
        "xano-metadata-python/{} ({name} {}.{}; {os} {arch})",
        env!("CARGO_PKG_VERSION"),
        version.major,
        version.minor,
    );
    extra.map_or(own.clone(), |extra| format!("{own} {extra}"))
}
