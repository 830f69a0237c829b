//! Columns of batches as what numpy and pandas take: bytes of numbers, masks, lists of texts.
//!
//! pandas' own way from Arrow leads through pyarrow; this one needs nothing. Numbers are copied as they lie in memory and
//! never become objects; a text that repeats becomes one object.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyList, PyString};
use xano_metadata::records::arrow::arrow_array::cast::AsArray as _;
use xano_metadata::records::arrow::arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Float64Type, Int64Type, TimestampMillisecondType,
};
use xano_metadata::records::arrow::arrow_array::{Array, ArrayRef, RecordBatch};
use xano_metadata::records::arrow::arrow_schema::{DataType, SchemaRef, TimeUnit};

use super::objects;

/// Name, kind, values and, where some are missing, a byte for each value that says so.
pub type Column<'py> = (String, &'static str, Bound<'py, PyAny>, Option<Bound<'py, PyByteArray>>);

/// Texts that are kept in case they come again.
const KEPT: usize = 4096;

/// What numpy takes for "not a time".
const NOT_A_TIME: i64 = i64::MIN;

/// All columns.
pub fn of<'py>(py: Python<'py>, schema: &SchemaRef, batches: &[RecordBatch], text: bool) -> PyResult<Vec<Column<'py>>> {
    let fields = schema.fields().iter().enumerate();
    fields
        .map(|(at, field)| {
            let arrays: Vec<&ArrayRef> = batches.iter().map(|batch| batch.column(at)).collect();
            let (kind, values, mask) = column(py, field.data_type(), &arrays, text)?;
            Ok((field.name().clone(), kind, values, mask))
        })
        .collect()
}

type Parts<'py> = (&'static str, Bound<'py, PyAny>, Option<Bound<'py, PyByteArray>>);

fn column<'py>(py: Python<'py>, kind: &DataType, arrays: &[&ArrayRef], text: bool) -> PyResult<Parts<'py>> {
    Ok(match kind {
        DataType::Int64 => {
            let values = numbers::<Int64Type, 8>(py, arrays, i64::to_ne_bytes, 0)?;
            ("int64", values, mask(py, arrays)?)
        }
        DataType::Float64 => {
            let values = numbers::<Float64Type, 8>(py, arrays, f64::to_ne_bytes, f64::NAN)?;
            ("float64", values, None)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            let values = numbers::<TimestampMillisecondType, 8>(py, arrays, i64::to_ne_bytes, NOT_A_TIME)?;
            ("datetime", values, None)
        }
        DataType::Date32 => {
            let days = |day: i32| i64::from(day).to_ne_bytes();
            // A day that cannot be, so that it is none.
            let values = numbers::<Date32Type, 8>(py, arrays, days, i32::MIN)?;
            ("date", values, mask(py, arrays)?)
        }
        DataType::Boolean => ("bool", flags(py, arrays)?, mask(py, arrays)?),
        DataType::Utf8 if !text => ("text", py.None().into_bound(py), None),
        DataType::Utf8 => ("text", texts(py, arrays)?.into_any(), None),
        _ => ("object", objects::list(py, arrays)?.into_any(), None),
    })
}

fn count(arrays: &[&ArrayRef]) -> usize {
    arrays.iter().copied().map(Array::len).sum()
}

/// Bytes of all values, one behind the other.
fn numbers<'py, T: ArrowPrimitiveType, const SIZE: usize>(
    py: Python<'py>,
    arrays: &[&ArrayRef],
    bytes: impl Fn(T::Native) -> [u8; SIZE],
    missing: T::Native,
) -> PyResult<Bound<'py, PyAny>> {
    let made = PyByteArray::new_with(py, count(arrays) * SIZE, |out| {
        let mut places = out.chunks_exact_mut(SIZE);
        for array in arrays {
            let array = array.as_primitive::<T>();
            if array.null_count() == 0 {
                for (value, place) in array.values().iter().zip(&mut places) {
                    place.copy_from_slice(&bytes(*value));
                }
            } else {
                for (value, place) in array.iter().zip(&mut places) {
                    place.copy_from_slice(&bytes(value.unwrap_or(missing)));
                }
            }
        }
        Ok(())
    })?;
    Ok(made.into_any())
}

fn flags<'py>(py: Python<'py>, arrays: &[&ArrayRef]) -> PyResult<Bound<'py, PyAny>> {
    let made = PyByteArray::new_with(py, count(arrays), |out| {
        let values = arrays.iter().flat_map(|array| array.as_boolean().iter());
        for (value, place) in values.zip(out) {
            *place = u8::from(value.unwrap_or(false));
        }
        Ok(())
    })?;
    Ok(made.into_any())
}

/// A byte for each value, 1 where it is missing; none when all are there.
fn mask<'py>(py: Python<'py>, arrays: &[&ArrayRef]) -> PyResult<Option<Bound<'py, PyByteArray>>> {
    if arrays.iter().all(|array| array.null_count() == 0) {
        return Ok(None);
    }
    let made = PyByteArray::new_with(py, count(arrays), |out| {
        let missing = arrays
            .iter()
            .flat_map(|array| (0..array.len()).map(move |at| array.is_null(at)));
        for (missing, place) in missing.zip(out) {
            *place = u8::from(missing);
        }
        Ok(())
    })?;
    Ok(Some(made))
}

/// Texts as objects, None for null.
fn texts<'py>(py: Python<'py>, arrays: &[&ArrayRef]) -> PyResult<Bound<'py, PyList>> {
    let mut known = Known::default();
    let list = PyList::empty(py);
    for array in arrays {
        for text in array.as_string::<i32>() {
            match text {
                Some(text) => list.append(known.object(py, text))?,
                None => list.append(py.None())?,
            }
        }
    }
    Ok(list)
}

/// Texts that were seen, for as long as looking pays.
#[derive(Default)]
struct Known<'a, 'py> {
    texts: HashMap<&'a str, Bound<'py, PyString>>,
    useless: bool,
}

impl<'a, 'py> Known<'a, 'py> {
    fn object(&mut self, py: Python<'py>, text: &'a str) -> Bound<'py, PyString> {
        if self.useless {
            return PyString::new(py, text);
        }
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let made = PyString::new(py, text);
        self.texts.insert(text, made.clone());
        if self.texts.len() >= KEPT {
            self.texts = HashMap::new();
            self.useless = true;
        }
        made
    }
}
