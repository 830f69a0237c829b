//! Doors to the decoders of files; see [`crate::fuzzing`].
#![allow(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    reason = "nobody but fuzz/ comes in here"
)]

use std::sync::Arc;

use super::csv_read::CsvReader;
use super::csv_write::CsvWriter;
use super::ndjson::{self, LineReader};
use crate::error::Error;
use crate::records::rows::Rows;
use crate::records::schema::Schema;

/// Rows of CSV that comes in pieces of `step` bytes.
pub fn csv_rows(schema: &Schema, text: &[u8], step: usize, max_row_bytes: usize) -> Result<Rows, Error> {
    let mut reader = CsvReader::new(Arc::new(schema.clone()), max_row_bytes);
    let mut rows = Rows::new();
    in_pieces(text, step, |rest| reader.feed(rest, &mut rows))?;
    reader.finish(&mut rows)?;
    Ok(rows)
}

/// Rows of NDJSON that comes in pieces of `step` bytes.
pub fn ndjson_rows(text: &[u8], step: usize, max_row_bytes: usize) -> Result<Rows, Error> {
    let mut reader = LineReader::new(max_row_bytes);
    let mut rows = Rows::new();
    in_pieces(text, step, |rest| reader.feed(rest, &mut rows))?;
    reader.finish(&mut rows)?;
    Ok(rows)
}

fn in_pieces(text: &[u8], step: usize, mut feed: impl FnMut(&[u8]) -> Result<usize, Error>) -> Result<(), Error> {
    for piece in text.chunks(step.max(1)) {
        let mut rest = piece;
        while !rest.is_empty() {
            let used = feed(rest)?;
            assert!(used > 0, "a reader that uses nothing would read for ever");
            rest = &rest[used..];
        }
    }
    Ok(())
}

/// A page of records as CSV, with its header.
pub fn csv_page(schema: &Schema, items: &[u8]) -> Result<Vec<u8>, Error> {
    let mut writer = CsvWriter::new(schema);
    let mut out = Vec::new();
    writer.write_header(&mut out);
    writer.write_page(items, &mut out)?;
    Ok(out)
}

/// A page of records as lines.
pub fn ndjson_page(items: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    ndjson::write_page(items, &mut out)?;
    Ok(out)
}
