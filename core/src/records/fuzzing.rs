//! Doors to the decoders of records; see [`crate::fuzzing`].
#![allow(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    reason = "nobody but fuzz/ comes in here"
)]

use std::sync::Arc;

use serde_json::Value as Json;

use super::check::{Checker, canonical as canonical_value};
use super::options::LoadOptions;
use super::rows::Trouble;
use super::schema::{Column, Schema};
use crate::error::Error;

pub use super::files::fuzzing::{csv_page, csv_rows, ndjson_page, ndjson_rows};
pub use super::load::checkpoint_for_fuzzing as checkpoint;

/// Columns, as the API describes them.
pub fn schema(definitions: Vec<Json>) -> Result<Schema, serde_json::Error> {
    Schema::of(definitions)
}

/// A row as it would be sent.
pub fn checked(schema: &Schema, options: &LoadOptions, row: &[u8]) -> Result<Result<Vec<u8>, Trouble>, Error> {
    let checker = Checker::new(Arc::new(schema.clone()), options)?;
    let mut out = Vec::new();
    Ok(checker.check(row, &mut out).map(|_| out))
}

/// A value in the one spelling of all that are equal.
pub fn canonical(column: &Column, value: &[u8]) -> Option<Vec<u8>> {
    canonical_value(column, value)
}

/// A page as Arrow.
#[cfg(feature = "arrow")]
pub fn arrow(
    schema: &Schema,
    options: &super::arrow::ArrowOptions,
    page: &[u8],
) -> Result<Vec<arrow_array::RecordBatch>, Error> {
    super::arrow::decode_for_fuzzing(schema, options, page)
}
