//! Rows in and out: the check, CSV, NDJSON, Arrow, checkpoints.

use std::sync::OnceLock;

use arrow_array::RecordBatch;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use xano_metadata::fuzzing::records as doors;
use xano_metadata::records::arrow::{ArrowOptions, rows_of};
use xano_metadata::records::{LoadOptions, Row, Rows, Schema};

use super::{assert_short, is_json};
use crate::input::Input;

/// Bytes that a row may have: few, so that rows that are too large are met.
const MAX_ROW: usize = 400;

/// A table with every kind of column.
fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let columns = json!([
            {"name": "id", "type": "int", "required": true},
            {"name": "created_at", "type": "timestamp", "default": "now"},
            {"name": "text", "type": "text", "nullable": false},
            {"name": "note", "type": "text", "nullable": true, "filters": [{"name": "trim"}]},
            {"name": "ok", "type": "bool", "nullable": true},
            {"name": "price", "type": "decimal", "nullable": true},
            {"name": "day", "type": "date", "nullable": true},
            {"name": "at", "type": "timestamp", "nullable": true},
            {"name": "who", "type": "email", "nullable": true},
            {"name": "state", "type": "enum", "values": ["new", "paid"], "nullable": true},
            {"name": "secret", "type": "password", "nullable": true},
            {"name": "uid", "type": "uuid", "nullable": true},
            {"name": "tags", "type": "text", "style": {"type": "list"}, "nullable": true},
            {"name": "any", "type": "json", "nullable": true},
            {"name": "place", "type": "geo_point", "nullable": true},
            {"name": "v", "type": "vector", "vector": {"size": 2}, "nullable": true},
            {"name": "box", "type": "object", "nullable": true, "children": [
                {"name": "n", "type": "int", "nullable": true},
                {"name": "at", "type": "timestamp", "nullable": true},
                {"name": "deep", "type": "json", "nullable": true},
            ]},
            {"name": "later", "type": "hologram", "nullable": true},
        ]);
        let Value::Array(columns) = columns else {
            unreachable!("a list")
        };
        doors::schema(columns).expect("columns")
    })
}

fn texts(rows: &Rows) -> Vec<Result<Vec<u8>, String>> {
    rows.iter()
        .map(|row| match row {
            Row::Json(text) => Ok(text.to_vec()),
            Row::Refused(trouble) => Err(trouble.to_string()),
        })
        .collect()
}

/// CSV reads the same however it is cut into pieces, and every row of it is JSON or refused.
pub(crate) fn csv(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let step = usize::from(input.byte()) + 1;
    let text = input.rest();
    let whole = doors::csv_rows(schema(), text, usize::MAX, MAX_ROW);
    for step in [1, step] {
        let pieces = doors::csv_rows(schema(), text, step, MAX_ROW);
        match (&whole, &pieces) {
            (Ok(whole), Ok(pieces)) => assert_eq!(texts(whole), texts(pieces), "in pieces of {step}"),
            (Err(whole), Err(pieces)) => assert_eq!(whole.to_string(), pieces.to_string(), "in pieces of {step}"),
            _ => panic!("in pieces of {step}: {whole:?} became {pieces:?}"),
        }
    }
    for row in whole.iter().flat_map(texts).flatten() {
        assert!(
            row.starts_with(b"{") && is_json(&row),
            "{}",
            String::from_utf8_lossy(&row)
        );
    }
}

/// Lines read the same however they are cut into pieces.
pub(crate) fn ndjson(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let step = usize::from(input.byte()) + 1;
    let text = input.rest();
    let whole = doors::ndjson_rows(text, usize::MAX, MAX_ROW);
    for step in [1, step] {
        let pieces = doors::ndjson_rows(text, step, MAX_ROW);
        match (&whole, &pieces) {
            (Ok(whole), Ok(pieces)) => assert_eq!(texts(whole), texts(pieces), "in pieces of {step}"),
            (Err(_), Err(_)) => {}
            _ => panic!("in pieces of {step}: {whole:?} became {pieces:?}"),
        }
    }
    for row in whole.iter().flat_map(texts).flatten() {
        assert!(!row.contains(&b'\n') && !row.trim_ascii().is_empty());
    }
}

/// A page of records goes to a file and comes back as so many rows.
pub(crate) fn export(bytes: &[u8]) {
    let items = serde_json::from_slice::<Vec<Value>>(bytes).ok();
    if let Ok(lines) = doors::ndjson_page(bytes)
        && let Some(items) = &items
    {
        let read: Vec<Value> = lines
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).expect("a record a line"))
            .collect();
        assert_eq!(&read, items);
    }
    let Ok(text) = doors::csv_page(schema(), bytes) else {
        return;
    };
    let rows = doors::csv_rows(schema(), &text, usize::MAX, usize::MAX / 4).expect("our own CSV");
    // A list of texts, since a number may be larger than what a value of ours holds.
    let records: Vec<&RawValue> = serde_json::from_slice(bytes).expect("what is exported is JSON");
    assert_eq!(rows.len(), records.len());
    let Some(items) = items else { return };
    for (row, item) in texts(&rows).into_iter().zip(&items) {
        // Text where digits or a flag belong comes back as text, for the check to refuse; JSON is written as such.
        if let Ok(row) = row {
            let read: Value = serde_json::from_slice(&row).expect("a row");
            for name in ["id", "text", "any", "tags"] {
                let (was, is) = (item.get(name).unwrap_or(&Value::Null), &read[name]);
                let same = was == is
                    || (name == "text" && (was.is_null() || !was.is_string()))
                    || (name == "id" && !was.is_i64());
                assert!(same, "{name}: {was} became {is}");
            }
        }
    }
}

/// A row that passes the check is JSON, and passes again as it is.
pub(crate) fn rows(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut options = LoadOptions {
        keep_ids: Some(true),
        max_row_bytes: MAX_ROW,
        ..LoadOptions::default()
    };
    if input.flag() {
        options.max_row_bytes = usize::MAX;
    }
    let row = input.rest();
    let outcome = doors::checked(schema(), &options, row).expect("options that go together");
    match outcome {
        Ok(sent) => {
            assert!(
                sent.starts_with(b"{") && is_json(&sent),
                "{}",
                String::from_utf8_lossy(&sent)
            );
            let again = doors::checked(schema(), &options, &sent).expect("options that go together");
            assert_eq!(again.as_deref().map_err(ToString::to_string), Ok(&sent[..]));
        }
        Err(trouble) => {
            let text = trouble.to_string();
            assert!(!text.is_empty() && text.len() < 4000, "trouble of {} bytes", text.len());
        }
    }
}

/// Values in the one spelling of all that are equal stay as they are when they are spelt again.
pub(crate) fn spelling(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let columns = schema().columns();
    let column = &columns[usize::from(input.byte()) % columns.len()];
    if let Some(spelt) = doors::canonical(column, input.rest()) {
        assert!(std::str::from_utf8(&spelt).is_ok());
        if is_json(&spelt) {
            assert_eq!(
                doors::canonical(column, &spelt).as_deref().map(String::from_utf8_lossy),
                Some(String::from_utf8_lossy(&spelt)),
                "{}",
                column.name
            );
        }
    }
}

/// A page as Arrow: as many rows as records, arrays that are well-formed, and rows again.
pub(crate) fn arrow(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let options: ArrowOptions = match input.byte() % 3 {
        0 => serde_json::from_value(json!({})),
        1 => serde_json::from_value(json!({"datetimes": true})),
        _ => serde_json::from_value(json!({"nested": "native", "datetimes": true})),
    }
    .expect("options");
    let page = input.rest();
    match doors::arrow(schema(), &options, page) {
        Ok(batches) => {
            let count: usize = batches.iter().map(RecordBatch::num_rows).sum();
            if let Ok(records) = serde_json::from_slice::<Vec<&RawValue>>(page) {
                assert_eq!(count, records.len());
            }
            for batch in &batches {
                for column in batch.columns() {
                    column.to_data().validate_full().expect("a well-formed array");
                }
                let rows = rows_of(batch).expect("what came as records goes as rows");
                assert_eq!(rows.len(), batch.num_rows());
                for row in texts(&rows).into_iter().flatten() {
                    assert!(is_json(&row), "{}", String::from_utf8_lossy(&row));
                }
            }
        }
        Err(error) => {
            assert_eq!(error.code(), "decode_error", "{error}");
            assert_short(&error);
        }
    }
}

/// A checkpoint that is understood is written as one that is understood the same.
pub(crate) fn checkpoint(bytes: &[u8]) {
    match doors::checkpoint(bytes) {
        Ok(text) => assert_eq!(doors::checkpoint(&text).expect("our own"), text),
        Err(error) => {
            assert_eq!(error.code(), "config_error");
            assert!(error.to_string().contains("left as it is"), "{error}");
        }
    }
}
