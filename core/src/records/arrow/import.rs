//! Streams of Arrow's C interface that others made.
//!
//! The Arrow project has a reader for them as well, but it makes typed arrays of what it finds, of which a load needs none,
//! and panics when a stream fails without saying why.
#![allow(
    unsafe_code,
    reason = "functions and memory of another library can only be trusted, not checked"
)]

use std::ffi::CStr;

use arrow_array::ffi::{FFI_ArrowArray, from_ffi_and_data_type};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_data::ArrayData;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{DataType, Schema, SchemaRef};

/// A stream and what it says of its columns. Dropping it releases the stream.
#[derive(Debug)]
pub(super) struct Import {
    stream: FFI_ArrowArrayStream,
    schema: SchemaRef,
}

impl Import {
    /// Takes the stream over. The error is a phrase.
    pub(super) fn new(mut stream: FFI_ArrowArrayStream) -> Result<Self, String> {
        let get_schema = stream
            .get_schema
            .filter(|_| stream.release.is_some())
            .ok_or("it was used up before")?;
        let mut schema = FFI_ArrowSchema::empty();
        // SAFETY: a stream that is not released has this function, which takes the stream and a place for the answer; both
        // live here.
        let code = unsafe { get_schema(&raw mut stream, &raw mut schema) };
        if code != 0 {
            return Err(reason(&mut stream, code));
        }
        let schema = Schema::try_from(&schema).map_err(|cause| cause.to_string())?;
        Ok(Self {
            stream,
            schema: SchemaRef::new(schema),
        })
    }

    pub(super) const fn schema(&self) -> &SchemaRef {
        &self.schema
    }
}

impl Iterator for Import {
    type Item = Result<ArrayData, String>;

    /// The next batch, as one struct. The error is a phrase.
    fn next(&mut self) -> Option<Self::Item> {
        let Some(get_next) = self.stream.get_next else {
            return Some(Err("it gives no batches".to_owned()));
        };
        let mut array = FFI_ArrowArray::empty();
        // SAFETY: as in `new`.
        let code = unsafe { get_next(&raw mut self.stream, &raw mut array) };
        if code != 0 {
            return Some(Err(reason(&mut self.stream, code)));
        }
        if array.is_released() {
            return None;
        }
        let kind = DataType::Struct(self.schema.fields().clone());
        // SAFETY: whoever makes a stream promises that its batches are as its schema says, and that their memory stays until
        // they are released, which is when the last buffer is dropped.
        let data = unsafe { from_ffi_and_data_type(array, kind) };
        Some(data.map_err(|cause| cause.to_string()))
    }
}

/// What the stream says of its last error.
fn reason(stream: &mut FFI_ArrowArrayStream, code: i32) -> String {
    let text = stream.get_last_error.map(|get_last_error| {
        // SAFETY: as in `Import::new`.
        unsafe { get_last_error(&raw mut *stream) }
    });
    match text.filter(|text| !text.is_null()) {
        // SAFETY: a text that is not null ends with a zero and stays until the stream is used again.
        Some(text) => unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned(),
        None => format!("error {code}, without a word"),
    }
}
