//! Options of reads and jobs: dicts of Python as the structs of the core, which alone know their names. A wrong one is an
//! error that names it.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use xano_metadata::records::Format;

use crate::encode;
use crate::raise::refuse;

/// Reads options; what is left out keeps its default.
pub fn parse<T: DeserializeOwned>(py: Python<'_>, given: &Bound<'_, PyDict>) -> PyResult<T> {
    let text = encode::fields(py, None, given, &PyTuple::empty(py))?;
    serde_json::from_slice(&text).map_err(|cause| {
        let told = culprit::<T>(&text).unwrap_or_else(|| plainly(&cause));
        refuse(py, None, &told)
    })
}

/// Which of the options does not read, and why: each is tried alone.
fn culprit<T: DeserializeOwned>(text: &[u8]) -> Option<String> {
    let fields: HashMap<String, Box<RawValue>> = serde_json::from_slice(text).ok()?;
    fields.iter().find_map(|(name, value)| {
        let alone = serde_json::to_vec(&HashMap::from([(name, value)])).ok()?;
        let cause = serde_json::from_slice::<T>(&alone).err()?;
        Some(format!("{name} cannot be {}: {}", value.get(), plainly(&cause)))
    })
}

/// Serde's words without its place in our text and its names of types.
fn plainly(cause: &serde_json::Error) -> String {
    let told = cause.to_string();
    let told = told.split(" at line ").next().unwrap_or_default();
    let (what, wanted) = told.split_once(", expected ").unwrap_or((told, ""));
    let wanted = match wanted {
        "" => return format!("{what}."),
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "f64" => "a number",
        "a boolean" => "True or False",
        "a string" | "path string" => "text",
        other => other,
    };
    format!("it takes {wanted}.")
}

/// A format by its name.
pub fn format(py: Python<'_>, name: Option<&str>) -> PyResult<Option<Format>> {
    match name {
        None => Ok(None),
        Some("ndjson") => Ok(Some(Format::Ndjson)),
        Some("csv") => Ok(Some(Format::Csv)),
        Some(other) => Err(refuse(
            py,
            None,
            &format!("format takes 'ndjson', 'csv' or 'parquet', not {other:?}."),
        )),
    }
}
