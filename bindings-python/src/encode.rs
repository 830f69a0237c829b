//! Request bodies: Python objects straight into JSON text.
//!
//! The types that make up nearly every body are read here; anything else (dates, decimals, enums, models, other mappings
//! and sequences) is asked of `_encode.py`, which answers with something simpler. What has no JSON form is refused before
//! anything is sent, with the way to it: `items[3].price is NaN`.

mod dicts;

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use pyo3::{PyTypeInfo as _, ffi};

use xano_metadata::masks::append_plain;
use xano_metadata::records;

pub use dicts::Names;

use crate::raise::refuse;

/// How deep a body may be; the engine's own reader stops a little later. A cycle ends here as well.
const DEPTH: u8 = 180;

/// Why a value cannot be sent; the way to it is added step by step on the way out.
struct Trouble {
    way: Vec<Step>,
    what: String,
    cause: Option<PyErr>,
}

/// A step on the way into a value.
enum Step {
    Name(String),
    Place(usize),
}

impl Trouble {
    fn new(what: impl Into<String>) -> Self {
        Self {
            way: Vec::new(),
            what: what.into(),
            cause: None,
        }
    }

    fn at(mut self, name: &str) -> Self {
        self.way.push(Step::Name(name.to_owned()));
        self
    }

    fn within(mut self, place: usize) -> Self {
        self.way.push(Step::Place(place));
        self
    }

    /// What is no trouble with the value, such as Ctrl-C while it was read.
    fn fatal(&mut self, py: Python<'_>) -> Option<PyErr> {
        self.cause.take_if(|cause| !cause.is_instance_of::<PyException>(py))
    }

    /// Where it is: `items[3].price`.
    fn path(&self) -> String {
        let mut path = String::new();
        for step in self.way.iter().rev() {
            // Writing to memory does not fail.
            let _ = match step {
                Step::Name(name) if is_plain(name) && path.is_empty() => write!(path, "{name}"),
                Step::Name(name) if is_plain(name) => write!(path, ".{name}"),
                Step::Name(name) => write!(path, "[{name:?}]"),
                Step::Place(place) => write!(path, "[{place}]"),
            };
        }
        path
    }
}

type Outcome = Result<(), Trouble>;

/// A value as JSON text. `name` says what it is, for messages.
pub fn value(py: Python<'_>, operation: Option<&str>, name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    finish(py, operation, |out| {
        write(out, value, 0).map_err(|trouble| trouble.at(name))
    })
}

/// A row of a load as JSON text; `names` are those of the rows before. Trouble with it is told with its column; an exception
/// that is no mere trouble with a value, such as Ctrl-C, is the outer error.
pub fn row<'py>(
    out: &mut Vec<u8>,
    names: &mut Names<'py>,
    row: &Bound<'py, PyAny>,
) -> PyResult<Result<(), records::Trouble>> {
    let outcome = guarded(|| match row.cast_exact::<PyDict>() {
        Ok(dict) => names.object(out, dict),
        Err(_) => write(out, row, 0),
    });
    told(row.py(), outcome)
}

/// A row of a load whose values stand in columns, each with its name.
pub fn row_of_columns(
    py: Python<'_>,
    out: &mut Vec<u8>,
    columns: &[(String, Bound<'_, PyList>)],
    place: usize,
) -> PyResult<Result<(), records::Trouble>> {
    let outcome = guarded(|| {
        out.push(b'{');
        for (at, (name, values)) in columns.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            string(out, name);
            out.push(b':');
            let value = values
                .get_item(place)
                .map_err(|_| Trouble::new("has fewer values than the other columns"))?;
            write(out, &value, 1).map_err(|trouble| trouble.at(name))?;
        }
        out.push(b'}');
        Ok(())
    });
    told(py, outcome)
}

fn told(py: Python<'_>, outcome: Outcome) -> PyResult<Result<(), records::Trouble>> {
    let Err(mut trouble) = outcome else {
        return Ok(Ok(()));
    };
    if let Some(cause) = trouble.fatal(py) {
        return Err(cause);
    }
    // Steps were noted from the inside out, so the column is the last.
    let column = match trouble.way.pop_if(|step| matches!(step, Step::Name(_))) {
        Some(Step::Name(name)) => Some(name),
        _ => None,
    };
    let path = trouble.path();
    let subject = match (column.as_deref(), path.as_str()) {
        (Some(_), "") => "It",
        (None, "") => "The row",
        (Some(_), path) => &format!("Its {path}"),
        (None, path) => path,
    };
    let reason = format!("{subject} {}.", trouble.what);
    Ok(Err(records::Trouble { column, reason }))
}

/// The fields of a JSON body, without those that are `OMIT`; only the `nullable` ones may be None.
pub fn fields(
    py: Python<'_>,
    operation: Option<&str>,
    fields: &Bound<'_, PyDict>,
    nullable: &Bound<'_, PyTuple>,
) -> PyResult<Vec<u8>> {
    finish(py, operation, |out| {
        out.push(b'{');
        let start = out.len();
        for (key, value) in fields.iter() {
            let name = text(&key)?;
            if is_omit(&value) {
                continue;
            }
            if value.is_none() && !nullable.contains(&key).unwrap_or(false) {
                return Err(Trouble::new("cannot be None: the API takes no null here. Leave it out instead").at(name));
            }
            if out.len() > start {
                out.push(b',');
            }
            string(out, name);
            out.push(b':');
            write(out, &value, 1).map_err(|trouble| trouble.at(name))?;
        }
        out.push(b'}');
        Ok(())
    })
}

fn finish(py: Python<'_>, operation: Option<&str>, fill: impl FnOnce(&mut Vec<u8>) -> Outcome) -> PyResult<Vec<u8>> {
    let mut out = Vec::with_capacity(128);
    guarded(|| fill(&mut out)).map_err(|mut trouble| {
        if let Some(cause) = trouble.fatal(py) {
            return cause;
        }
        let way = trouble.path();
        let way = if way.is_empty() { "The body" } else { &way };
        let error = refuse(py, operation, &format!("{way} {}.", trouble.what));
        error.set_cause(py, trouble.cause);
        error
    })?;
    Ok(out)
}

/// Walking a dict panics when someone changes its size meanwhile, as another thread might.
fn guarded(fill: impl FnOnce() -> Outcome) -> Outcome {
    catch_unwind(AssertUnwindSafe(fill)).unwrap_or_else(|_| Err(changed()))
}

fn changed() -> Trouble {
    Trouble::new("was changed by someone else while it was read")
}

fn write(out: &mut Vec<u8>, value: &Bound<'_, PyAny>, depth: u8) -> Outcome {
    if depth > DEPTH {
        return Err(Trouble::new("is nested too deeply. Does it contain itself?"));
    }
    if let Some(outcome) = simple(out, value) {
        return outcome;
    }
    if let Ok(number) = value.cast_exact::<PyInt>() {
        large(out, number)?;
    } else if let Ok(dict) = value.cast_exact::<PyDict>() {
        object(out, dict, depth)?;
    } else if let Ok(list) = value.cast_exact::<PyList>() {
        array(out, list.iter(), depth)?;
    } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
        array(out, tuple.iter(), depth)?;
    } else {
        other(out, value, depth)?;
    }
    Ok(())
}

/// Writes a value that has nothing inside. None for any other, and for a number of more than 64 bits.
#[inline]
fn simple(out: &mut Vec<u8>, value: &Bound<'_, PyAny>) -> Option<Outcome> {
    let py = value.py();
    let kind = value.get_type_ptr();
    if kind == PyString::type_object_raw(py) {
        // Where half a character is found, an exception is made, and that may run anything.
        let held = value.clone();
        // SAFETY: it is one by its type, as below.
        let text = whole_text(unsafe { held.cast_unchecked() });
        return Some(text.map(|text| string(out, text)));
    }
    if kind == PyInt::type_object_raw(py) {
        let mut beyond = 0;
        // SAFETY: this makes no exception of what is beyond, but says so.
        let number = unsafe { ffi::PyLong_AsLongLongAndOverflow(value.as_ptr(), &raw mut beyond) };
        if beyond != 0 {
            return None;
        }
        let _ = serde_json::to_writer(out, &number);
    } else if kind == PyFloat::type_object_raw(py) {
        // SAFETY: see above.
        return Some(float(out, unsafe { value.cast_unchecked::<PyFloat>() }.value()));
    } else if kind == PyBool::type_object_raw(py) {
        // SAFETY: see above.
        let flag = unsafe { value.cast_unchecked::<PyBool>() }.is_true();
        out.extend_from_slice(if flag { b"true" } else { b"false" });
    } else if value.is_none() {
        out.extend_from_slice(b"null");
    } else {
        return None;
    }
    Some(Ok(()))
}

fn object(out: &mut Vec<u8>, dict: &Bound<'_, PyDict>, depth: u8) -> Outcome {
    out.push(b'{');
    let start = out.len();
    for (key, value) in dict.iter() {
        if is_omit(&value) {
            continue;
        }
        if out.len() > start {
            out.push(b',');
        }
        let name = name_of(&key)?;
        string(out, name);
        out.push(b':');
        write(out, &value, depth + 1).map_err(|trouble| trouble.at(name))?;
    }
    out.push(b'}');
    Ok(())
}

fn name_of<'k>(key: &'k Bound<'_, PyAny>) -> Result<&'k str, Trouble> {
    let name = key.cast::<PyString>().map_err(|_| {
        let kind = kind(key);
        Trouble::new(format!("has a key of type {kind}; keys of JSON are text"))
    })?;
    whole_text(name)
}

fn array<'py>(out: &mut Vec<u8>, items: impl Iterator<Item = Bound<'py, PyAny>>, depth: u8) -> Outcome {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, &item, depth + 1).map_err(|trouble| trouble.within(index))?;
    }
    out.push(b']');
    Ok(())
}

/// Past 64 bits Python spells a number; past 4300 digits it refuses to.
fn large(out: &mut Vec<u8>, number: &Bound<'_, PyInt>) -> Outcome {
    let spelt = number.str().map_err(|cause| Trouble {
        cause: Some(cause),
        ..Trouble::new("is too large a number")
    })?;
    out.extend_from_slice(text(&spelt)?.as_bytes());
    Ok(())
}

fn float(out: &mut Vec<u8>, number: f64) -> Outcome {
    if !number.is_finite() {
        let name = if number.is_nan() { "NaN" } else { "Infinity" };
        return Err(Trouble::new(format!(
            "is {name}, which JSON cannot say. Send null or text instead"
        )));
    }
    let _ = serde_json::to_writer(out, &number);
    Ok(())
}

#[inline]
fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if append_plain(text.as_bytes(), out) {
        out.push(b'"');
    } else {
        out.pop();
        let _ = serde_json::to_writer(out, text);
    }
}

/// Anything else, by way of `_encode.py`: it answers `(is_number_text, simpler)`.
fn other(out: &mut Vec<u8>, value: &Bound<'_, PyAny>, depth: u8) -> Outcome {
    static SIMPLIFY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if is_omit(value) {
        return Err(Trouble::new("is OMIT, which cannot stand in a list"));
    }
    let py = value.py();
    let simplify = SIMPLIFY
        .get_or_try_init(py, || {
            py.import("xano_metadata._encode")?
                .getattr("simplify")
                .map(Bound::unbind)
        })
        .and_then(|simplify| simplify.call1(py, (value,)))
        .and_then(|pair| pair.extract::<(bool, Py<PyAny>)>(py));
    match simplify {
        Ok((true, number)) => {
            let number = number.bind(py).extract::<String>();
            out.extend_from_slice(number.unwrap_or_else(|_| "null".to_owned()).as_bytes());
            Ok(())
        }
        Ok((false, simpler)) => write(out, simpler.bind(py), depth + 1),
        Err(error) if error.is_instance_of::<pyo3::exceptions::PyTypeError>(py) => {
            Err(Trouble::new(error.value(py).to_string()))
        }
        Err(error) => {
            let what = format!("cannot be read: {}", error.value(py));
            Err(Trouble {
                cause: Some(error),
                ..Trouble::new(what)
            })
        }
    }
}

fn text<'v>(value: &'v Bound<'_, PyAny>) -> Result<&'v str, Trouble> {
    let value = value
        .cast::<PyString>()
        .map_err(|_| Trouble::new("has a name that is no text"))?;
    whole_text(value)
}

#[inline]
fn whole_text<'v>(value: &'v Bound<'_, PyString>) -> Result<&'v str, Trouble> {
    value.to_str().map_err(|cause| Trouble {
        cause: Some(cause),
        ..Trouble::new("holds half a character (a lone surrogate), which UTF-8 cannot say")
    })
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn kind(value: &Bound<'_, PyAny>) -> String {
    value
        .get_type()
        .name()
        .map_or_else(|_| "unknown".to_owned(), |name| name.to_string())
}

/// Whether a value is the sentinel for "not given".
pub fn is_omit(value: &Bound<'_, PyAny>) -> bool {
    static OMIT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = value.py();
    OMIT.get_or_try_init(py, || {
        py.import("xano_metadata._options")?.getattr("OMIT").map(Bound::unbind)
    })
    .is_ok_and(|omit: &Py<PyAny>| value.is(omit.bind(py)))
}

/// Writes JSON text; what has no JSON form is a `ConfigError`.
#[pyfunction]
#[pyo3(signature = (value, name = "value", /))]
pub fn dumps<'py>(
    py: Python<'py>,
    value: &Bound<'py, PyAny>,
    name: &str,
) -> PyResult<Bound<'py, pyo3::types::PyBytes>> {
    let text = self::value(py, None, name, value)?;
    Ok(pyo3::types::PyBytes::new(py, &text))
}
