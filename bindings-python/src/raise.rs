//! Errors of the engine become exceptions whose classes are written in Python (`errors.py`), so that they pickle, have a
//! common base and read well. Everything about an error crosses as one dict.

use jiter::{FloatMode, PartialMode, PythonParse, StringCacheMode};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use xano_metadata::Error;

static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The exception for an error of the engine.
pub fn raise(py: Python<'_>, error: &Error) -> PyErr {
    made(py, error).unwrap_or_else(|trouble| trouble)
}

fn made(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let parse = PythonParse {
        allow_inf_nan: false,
        cache_mode: StringCacheMode::Keys,
        partial_mode: PartialMode::Off,
        catch_duplicate_keys: false,
        float_mode: FloatMode::Float,
    };
    let text = error.to_json();
    let fields = parse
        .python_parse(py, text.as_bytes())
        .map_err(|trouble| jiter::map_json_error(text.as_bytes(), &trouble))?;
    Ok(PyErr::from_value(factory(py)?.call1((fields,))?))
}

/// The exception for an argument that cannot be used; nothing was sent.
pub fn refuse(py: Python<'_>, operation: Option<&str>, message: &str) -> PyErr {
    let make = || -> PyResult<PyErr> {
        let fields = PyDict::new(py);
        fields.set_item("kind", "ConfigError")?;
        fields.set_item("message", message)?;
        fields.set_item("operation", operation)?;
        let text = operation.map_or_else(|| message.to_owned(), |name| format!("{name}: {message}"));
        fields.set_item("text", text)?;
        Ok(PyErr::from_value(factory(py)?.call1((fields,))?))
    };
    make().unwrap_or_else(|trouble| trouble)
}

fn factory(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    let make = MAKE.get_or_try_init(py, || {
        let module = py.import("xano_metadata.errors")?;
        module.getattr("_make").map(Bound::unbind)
    })?;
    Ok(make.bind(py))
}
