//! Answers: bytes straight into Python objects, without a tree in between. Keys are interned, whole numbers of any size
//! are exact.

mod alike;

use bytes::Bytes;
use jiter::{FloatMode, JsonError, PartialMode, PythonParse, StringCacheMode};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use xano_metadata::{RawPage, Reply};

use crate::raise::raise;

/// Bytes of a list that is too short to gain from its objects being alike.
const FEW: usize = 1024;

/// How an answer is read.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Json,
    Text,
    Nothing,
    Bytes,
}

impl Answer {
    /// The kind with this number; `_node.py` knows them too.
    pub fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Json,
            1 => Self::Text,
            2 => Self::Nothing,
            _ => Self::Bytes,
        }
    }
}

/// The answer as a Python object.
pub fn answer(py: Python<'_>, reply: &Reply, kind: Answer) -> PyResult<Py<PyAny>> {
    match kind {
        Answer::Nothing => Ok(py.None()),
        Answer::Bytes => Ok(PyBytes::new(py, &reply.body).into_any().unbind()),
        Answer::Text => match std::str::from_utf8(&reply.body) {
            Ok(text) => Ok(PyString::new(py, text).into_any().unbind()),
            Err(_) => Err(raise(
                py,
                &reply.decode_error("The answer should be text, but is no UTF-8."),
            )),
        },
        Answer::Json => json(py, &reply.body).map_err(|trouble| {
            let at = trouble.description(&reply.body);
            raise(py, &reply.decode_error(&format!("The answer is no JSON: {at}.")))
        }),
    }
}

/// What `Page` is made of: items, page, next page, previous page, page size, total, pages in all.
pub fn page(py: Python<'_>, page: &RawPage) -> PyResult<Py<PyAny>> {
    let items = json(py, &page.items).map_err(|trouble| {
        let at = trouble.description(&page.items);
        raise(
            py,
            &page
                .reply
                .decode_error(&format!("The items of the page are no JSON: {at}.")),
        )
    })?;
    let numbers = (
        page.page,
        page.next_page,
        page.previous_page,
        page.per_page,
        page.total,
        page.total_pages,
    );
    let (number, next, previous, size, total, pages) = numbers;
    Ok((items, number, next, previous, size, total, pages)
        .into_pyobject(py)?
        .into_any()
        .unbind())
}

/// A piece of a stream.
pub fn chunk(py: Python<'_>, piece: Option<&Bytes>) -> Py<PyAny> {
    piece.map_or_else(|| py.None(), |bytes| PyBytes::new(py, bytes).into_any().unbind())
}

/// JSON text as Python objects; nothing at all reads as None.
pub fn json(py: Python<'_>, text: &[u8]) -> Result<Py<PyAny>, JsonError> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return Ok(py.None());
    }
    if text.len() > FEW
        && text.starts_with(b"[{")
        && let Some(list) = alike::list(py, text)
    {
        return Ok(list.into_any().unbind());
    }
    parse(py, text)
}

/// The usual way, for any JSON.
fn parse(py: Python<'_>, text: &[u8]) -> Result<Py<PyAny>, JsonError> {
    let parse = PythonParse {
        allow_inf_nan: false,
        cache_mode: StringCacheMode::Keys,
        partial_mode: PartialMode::Off,
        catch_duplicate_keys: false,
        float_mode: FloatMode::Float,
    };
    parse.python_parse(py, text).map(Bound::unbind)
}

/// Reads JSON text, given as bytes or text.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub fn loads(py: Python<'_>, text: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let text: std::borrow::Cow<'_, [u8]> = match text.cast::<PyString>() {
        Ok(text) => text.to_str()?.as_bytes().to_vec().into(),
        Err(_) => text.extract::<&[u8]>()?.to_vec().into(),
    };
    json(py, &text).map_err(|trouble| {
        let class = py
            .import("xano_metadata.errors")
            .and_then(|module| module.getattr("DecodeError"));
        let message = format!("This is no JSON: {}.", trouble.description(&text));
        match class.and_then(|class| class.call1((message,))) {
            Ok(error) => PyErr::from_value(error),
            Err(trouble) => trouble,
        }
    })
}
