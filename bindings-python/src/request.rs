//! One call's arguments, as `_node.py` packs them, turned into a request of the engine.

use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};
use xano_metadata::{Body, Part, PartContent, Request, Value};

use crate::encode::{self, is_omit};
use crate::options;
use crate::raise::{raise, refuse};

/// The request that `Node._request` packed: operation (an id, or method and path), path values, query, headers, number
/// of the body's kind, body, what else the kind needs, options.
pub fn unpack(py: Python<'_>, packed: &Bound<'_, PyTuple>) -> PyResult<Request> {
    let part = |index| packed.get_item(index);
    let mut request = target(py, &part(0)?)?;
    let name = request.name();
    let operation = Some(name.as_ref());
    for value in part(1)?.cast::<PyTuple>()?.iter() {
        let values = to_values(py, operation, "a path value", &value)?;
        request.path.extend(values);
    }
    for (name, value) in given(py, operation, "query", &part(2)?)? {
        for one in to_values(py, operation, &name, &value)? {
            request.query.push((name.clone().into(), one));
        }
    }
    for (name, value) in given(py, operation, "headers", &part(3)?)? {
        for one in to_values(py, operation, &name, &value)? {
            request.headers.push((name.clone().into(), one));
        }
    }
    request.body = body(py, operation, part(4)?.extract()?, &part(5)?, &part(6)?)?;
    let options = part(7)?;
    if !options.is_none() {
        request.options = options::call(py, operation, &options)?;
    }
    Ok(request)
}

fn target(py: Python<'_>, operation: &Bound<'_, PyAny>) -> PyResult<Request> {
    if let Ok(id) = operation.cast::<PyString>() {
        return Request::new(id.to_str()?).map_err(|error| raise(py, &error));
    }
    let Ok((method, path)) = operation.extract::<(String, String)>() else {
        return Err(refuse(py, None, "A request takes its method and its path as text."));
    };
    Request::raw(&method, path).map_err(|error| raise(py, &error))
}

fn body(
    py: Python<'_>,
    operation: Option<&str>,
    kind: u8,
    body: &Bound<'_, PyAny>,
    extra: &Bound<'_, PyAny>,
) -> PyResult<Body> {
    Ok(match kind {
        0 => Body::Empty,
        1 => Body::Json(Bytes::from(encode::fields(py, operation, body.cast()?, extra.cast()?)?)),
        2 => Body::Json(Bytes::from(encode::value(py, operation, "body", body)?)),
        3 => Body::Script(body.extract()?),
        _ => Body::Multipart(parts(body)?),
    })
}

/// `(name, file name, content type, bytes, path)` for each part.
fn parts(list: &Bound<'_, PyAny>) -> PyResult<Vec<Part>> {
    type Raw = (String, Option<String>, Option<String>, Option<Vec<u8>>, Option<String>);
    let raw: Vec<Raw> = list.extract()?;
    Ok(raw
        .into_iter()
        .map(|(name, file_name, content_type, bytes, path)| Part {
            name,
            file_name,
            content_type,
            content: match (bytes, path) {
                (None, Some(path)) => PartContent::File(path.into()),
                (bytes, _) => PartContent::Bytes(bytes.unwrap_or_default().into()),
            },
        })
        .collect())
}

/// The entries of a mapping that are not `OMIT`.
fn given<'py>(
    py: Python<'py>,
    operation: Option<&str>,
    what: &str,
    mapping: &Bound<'py, PyAny>,
) -> PyResult<Vec<(String, Bound<'py, PyAny>)>> {
    if mapping.is_none() {
        return Ok(Vec::new());
    }
    let pairs = match mapping.cast_exact::<PyDict>() {
        Ok(dict) => dict.items(),
        Err(_) => match mapping.cast::<PyMapping>() {
            Ok(mapping) => mapping.items()?,
            Err(_) => {
                return Err(refuse(
                    py,
                    operation,
                    &format!("{what} takes a dict of names and values."),
                ));
            }
        },
    };
    let mut found = Vec::with_capacity(pairs.len());
    for pair in pairs.iter() {
        let (name, value): (Bound<'py, PyAny>, Bound<'py, PyAny>) = pair.extract()?;
        if is_omit(&value) {
            continue;
        }
        let Ok(name) = name.extract::<String>() else {
            return Err(refuse(py, operation, &format!("{what} takes names that are text.")));
        };
        found.push((name, value));
    }
    Ok(found)
}

/// A parameter's value; a list is several values under one name.
fn to_values(py: Python<'_>, operation: Option<&str>, name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<Value>> {
    if let Ok(list) = value.cast_exact::<PyList>() {
        return list.iter().map(|item| to_value(py, operation, name, &item)).collect();
    }
    if let Ok(tuple) = value.cast_exact::<PyTuple>() {
        return tuple.iter().map(|item| to_value(py, operation, name, &item)).collect();
    }
    Ok(vec![to_value(py, operation, name, value)?])
}

pub fn to_value(py: Python<'_>, operation: Option<&str>, name: &str, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        if let Ok(text) = text.to_str() {
            return Ok(Value::String(text.to_owned()));
        }
    } else if value.is_none() {
        return Ok(Value::Null);
    } else if let Ok(flag) = value.cast_exact::<PyBool>() {
        return Ok(Value::Bool(flag.is_true()));
    } else if let Ok(number) = value.cast_exact::<PyInt>() {
        if let Ok(small) = number.extract::<i64>() {
            return Ok(Value::Int(small));
        }
    } else if let Ok(number) = value.cast_exact::<PyFloat>()
        && number.value().is_finite()
    {
        return Ok(Value::Float(number.value()));
    }
    // Everything else goes by its JSON text: dates, enums and the like are text or numbers in it.
    let json = encode::value(py, operation, name, value)?;
    Ok(match serde_json::from_slice::<serde_json::Value>(&json) {
        Ok(serde_json::Value::String(text)) => Value::String(text),
        Ok(serde_json::Value::Number(number)) if number.is_i64() => Value::Int(number.as_i64().unwrap_or_default()),
        _ => Value::Json(String::from_utf8_lossy(&json).into_owned()),
    })
}
