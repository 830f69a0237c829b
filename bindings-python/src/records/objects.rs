//! Lists and structs of Arrow as lists and dicts of Python.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use xano_metadata::records::arrow::arrow_array::cast::AsArray as _;
use xano_metadata::records::arrow::arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMillisecondType};
use xano_metadata::records::arrow::arrow_array::{Array, ArrayRef};
use xano_metadata::records::arrow::arrow_schema::DataType;

use crate::raise::refuse;

/// Every value of a column, None for null.
pub fn list<'py>(py: Python<'py>, arrays: &[&ArrayRef]) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for array in arrays {
        for at in 0..array.len() {
            list.append(value(py, array, at)?)?;
        }
    }
    Ok(list)
}

fn value<'py>(py: Python<'py>, array: &ArrayRef, at: usize) -> PyResult<Bound<'py, PyAny>> {
    if array.is_null(at) {
        return Ok(py.None().into_bound(py));
    }
    Ok(match array.data_type() {
        DataType::Int64 => array
            .as_primitive::<Int64Type>()
            .value(at)
            .into_pyobject(py)?
            .into_any(),
        DataType::Float64 => array
            .as_primitive::<Float64Type>()
            .value(at)
            .into_pyobject(py)?
            .into_any(),
        DataType::Boolean => array.as_boolean().value(at).into_pyobject(py)?.to_owned().into_any(),
        DataType::Utf8 => array.as_string::<i32>().value(at).into_pyobject(py)?.into_any(),
        DataType::Timestamp(..) => {
            let millis = array.as_primitive::<TimestampMillisecondType>().value(at);
            moment(py)?.call_method1("_datetime", (millis,))?
        }
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(at);
            moment(py)?.call_method1("_date", (days,))?
        }
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(at);
            list(py, &[&items])?.into_any()
        }
        DataType::Struct(fields) => {
            let parts = array.as_struct();
            let dict = PyDict::new(py);
            for (field, column) in fields.iter().zip(parts.columns()) {
                dict.set_item(field.name(), value(py, column, at)?)?;
            }
            dict.into_any()
        }
        other => {
            return Err(refuse(
                py,
                None,
                &format!("A column of Arrow's type {other} cannot become objects."),
            ));
        }
    })
}

/// Where moments and days become objects.
fn moment(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import("xano_metadata._frames")
}
