//! Rows from CSV: the header against the table's columns, and each cell as the JSON that its column means.
//!
//! Text alone does not say what it is, so the schema does. An empty cell is null, and a pair of quotation marks is empty
//! text; in a text column that takes no null both are empty text, and in columns that hold no text both are null. Digits
//! are taken over exactly, lists and objects are JSON text. A cell that cannot be what its column holds goes on as text,
//! for the check to refuse it with its one sentence for all sources.

use std::sync::Arc;

use super::csv_split::{Field, Slip, Splitter};
use crate::error::Error;
use crate::records::check::scan::Cursor;
use crate::records::check::{shorten, size};
use crate::records::rows::{Rows, Trouble};
use crate::records::schema::{Column, Kind, Schema};

/// Reads CSV text piece by piece.
#[derive(Debug)]
pub(super) struct CsvReader {
    splitter: Splitter,
    schema: Arc<Schema>,
    /// What the cells of a row are; none before the header was read.
    cells: Option<Vec<Cell>>,
    max_row_bytes: usize,
}

/// The cells of one column.
#[derive(Debug)]
struct Cell {
    name: String,
    /// The name as JSON text with a colon.
    lead: String,
    content: Content,
    /// Whether its values may be shown in a message.
    shown: bool,
}

#[derive(Clone, Copy, Debug)]
enum Content {
    Bool,
    /// A whole number, a decimal, or milliseconds where they are no date.
    Number,
    Text {
        /// Whether an unquoted empty cell is null.
        has_null: bool,
    },
    Json,
    /// Of a kind that is not known: JSON where it reads as such, and text where it does not.
    Free,
}

impl Cell {
    fn of(column: &Column) -> Self {
        let content = match column.kind {
            _ if column.list => Content::Json,
            Kind::Bool => Content::Bool,
            Kind::Int | Kind::Decimal | Kind::Timestamp => Content::Number,
            Kind::Text | Kind::Email => Content::Text {
                has_null: column.nullable,
            },
            Kind::Enum | Kind::Password | Kind::Uuid | Kind::Date => Content::Text { has_null: true },
            Kind::Json | Kind::Object | Kind::Vector | Kind::Geometry | Kind::File => Content::Json,
            Kind::Unknown => Content::Free,
        };
        Self {
            lead: format!("{}:", serde_json::Value::from(column.name.as_str())),
            name: column.name.clone(),
            content,
            shown: column.may_be_shown(),
        }
    }

    fn write(&self, text: &str, quoted: bool, out: &mut Vec<u8>) -> Result<(), Trouble> {
        let bare = text.trim_ascii();
        match self.content {
            Content::Text { has_null: false } => write_text(text, out),
            Content::Text { .. } | Content::Free if text.is_empty() && quoted => out.extend_from_slice(b"\"\""),
            Content::Text { .. } | Content::Free if text.is_empty() => out.extend_from_slice(b"null"),
            Content::Number | Content::Bool | Content::Json if bare.is_empty() => out.extend_from_slice(b"null"),
            Content::Number if is_number(bare) => out.extend_from_slice(bare.as_bytes()),
            Content::Bool if bare == "1" || bare.eq_ignore_ascii_case("true") => out.extend_from_slice(b"true"),
            Content::Bool if bare == "0" || bare.eq_ignore_ascii_case("false") => out.extend_from_slice(b"false"),
            Content::Text { .. } | Content::Number | Content::Bool => write_text(text, out),
            Content::Free => {
                if write_json(bare, out).is_err() {
                    write_text(text, out);
                }
            }
            Content::Json => write_json(bare, out).map_err(|broken| {
                let value = if self.shown {
                    format!(", but is {}", shorten(&serde_json::Value::from(text).to_string()))
                } else {
                    String::new()
                };
                Trouble::at(&self.name, format!("It must be JSON text{value}: {broken}."))
            })?,
        }
        Ok(())
    }
}

impl CsvReader {
    pub(super) fn new(schema: Arc<Schema>, max_row_bytes: usize) -> Self {
        Self {
            // Quotation marks are doubled in CSV; the check measures what is sent.
            splitter: Splitter::new(max_row_bytes.saturating_mul(2)),
            schema,
            cells: None,
            max_row_bytes,
        }
    }

    /// Reads on to the end of a row, or of the input, and answers how many bytes that were.
    pub(super) fn feed(&mut self, input: &[u8], rows: &mut Rows) -> Result<usize, Error> {
        let (used, complete) = self.splitter.feed(input);
        if complete {
            self.record(rows)?;
        }
        Ok(used)
    }

    /// Says that there is no more input.
    pub(super) fn finish(&mut self, rows: &mut Rows) -> Result<(), Error> {
        if self.splitter.finish() {
            self.record(rows)?;
        }
        if self.cells.is_none() {
            return Err(Error::config(
                "The CSV file is empty: its first line has to name the columns.",
            ));
        }
        Ok(())
    }

    fn record(&mut self, rows: &mut Rows) -> Result<(), Error> {
        let splitter = &self.splitter;
        match &self.cells {
            None => self.cells = Some(header(splitter, &self.schema)?),
            Some(cells) => rows.push_with(|out| row(splitter, cells, self.max_row_bytes, out)),
        }
        Ok(())
    }
}

/// The columns that the first record names.
fn header(splitter: &Splitter, schema: &Schema) -> Result<Vec<Cell>, Error> {
    let refuse = |reason: String| Error::config(format!("The header of the CSV file cannot be used: {reason}"));
    if let Some(slip) = splitter.slip() {
        return Err(refuse(match slip {
            Slip::Stray | Slip::Behind => "its quotation marks do not enclose whole names.".to_owned(),
            Slip::Unclosed => "a quotation mark in it is never closed.".to_owned(),
            Slip::TooLarge => format!("it has {}.", size(splitter.size())),
        }));
    }
    let mut cells: Vec<Cell> = Vec::with_capacity(splitter.count());
    for field in splitter.fields() {
        let name = std::str::from_utf8(field.bytes).map_err(|_| refuse("it is no UTF-8.".to_owned()))?;
        let Some(column) = schema.column(name) else {
            return Err(refuse(unknown(name, schema)));
        };
        if cells.iter().any(|cell| cell.name == name) {
            return Err(refuse(format!("it names the column {name:?} twice.")));
        }
        cells.push(Cell::of(column));
    }
    Ok(cells)
}

fn unknown(name: &str, schema: &Schema) -> String {
    let names = schema.columns().iter().map(|column| column.name.as_str());
    if let Some(separator) = [";", "\t", "|"].into_iter().find(|separator| name.contains(separator)) {
        return format!("its names have to be separated by commas, and not by {separator:?}.");
    }
    let near = match crate::names::near(name, names).as_slice() {
        [] => String::new(),
        near => format!("; near to it are {}", near.join(", ")),
    };
    format!("it names the column {name:?}, which the table does not have{near}.")
}

fn row(splitter: &Splitter, cells: &[Cell], max_row_bytes: usize, out: &mut Vec<u8>) -> Result<(), Trouble> {
    let line = splitter.first_line();
    if let Some(slip) = splitter.slip() {
        return Err(slipped(splitter, slip, cells, max_row_bytes));
    }
    if splitter.count() != cells.len() {
        let (count, wanted) = (splitter.count(), cells.len());
        let fields = if count == 1 { "field" } else { "fields" };
        return Err(Trouble::of_row(format!(
            "Line {line} has {count} {fields}, but the header has {wanted}."
        )));
    }
    out.push(b'{');
    for (place, (cell, Field { bytes, quoted })) in cells.iter().zip(splitter.fields()).enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(cell.lead.as_bytes());
        let text = std::str::from_utf8(bytes).map_err(|cause| {
            let byte = bytes.get(cause.valid_up_to()).copied().unwrap_or_default();
            Trouble::at(&cell.name, format!("It is no UTF-8 (line {line}, byte 0x{byte:02x})."))
        })?;
        cell.write(text, quoted, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn slipped(splitter: &Splitter, slip: Slip, cells: &[Cell], max_row_bytes: usize) -> Trouble {
    let line = splitter.first_line();
    let (place, reason) = match slip {
        Slip::Stray => (
            splitter.count(),
            format!(
                "Line {line}: a quotation mark stands inside of a field that does not begin with one; enclose the field in \
                 quotation marks and double those inside."
            ),
        ),
        Slip::Behind => (
            splitter.count(),
            format!(
                "Line {line}: something stands between the closing quotation mark and the comma; double quotation marks \
                 that belong to the text."
            ),
        ),
        Slip::Unclosed => (
            splitter.count(),
            format!(
                "Line {line}: the field's quotation mark is never closed, so that the rest of the file ({}) was taken for \
                 a part of it.",
                size(splitter.size())
            ),
        ),
        Slip::TooLarge => {
            let (place, largest) = splitter.largest().unwrap_or_default();
            (
                place,
                format!(
                    "Line {line}: the row is too large: it has {}, {} of them here, and the limit (max_row_bytes) is {}.",
                    size(splitter.size()),
                    size(largest),
                    size(max_row_bytes)
                ),
            )
        }
    };
    Trouble {
        column: cells.get(place).map(|cell| cell.name.clone()),
        reason,
    }
}

fn is_number(text: &str) -> bool {
    let mut cursor = Cursor::new(text);
    matches!(cursor.peek(), Some(b'-' | b'0'..=b'9')) && cursor.number().is_ok() && cursor.end().is_ok()
}

fn write_json(text: &str, out: &mut Vec<u8>) -> Result<(), crate::records::check::scan::Broken> {
    let mut cursor = Cursor::new(text);
    let raw = cursor.value()?;
    cursor.end()?;
    raw.write_minified(out);
    Ok(())
}

/// Appends text as a JSON string.
fn write_text(text: &str, out: &mut Vec<u8>) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::records::rows::Row;

    fn schema() -> Arc<Schema> {
        let columns = json!([
            {"name": "id", "type": "int"},
            {"name": "name", "type": "text"},
            {"name": "note", "type": "text", "nullable": true},
            {"name": "price", "type": "decimal"},
            {"name": "active", "type": "bool"},
            {"name": "tags", "type": "text", "style": "list"},
            {"name": "at", "type": "timestamp"},
            {"name": "day", "type": "date"},
            {"name": "extra", "type": "json"},
            {"name": "later", "type": "hologram"},
        ]);
        Arc::new(Schema::of(columns.as_array().expect("a list").clone()).expect("columns"))
    }

    fn read(text: &[u8]) -> Result<Vec<String>, Error> {
        let mut reader = CsvReader::new(schema(), 1000);
        let mut rows = Rows::new();
        let mut rest = text;
        while !rest.is_empty() {
            rest = &rest[reader.feed(rest, &mut rows)?..];
        }
        reader.finish(&mut rows)?;
        let shown = |row: Row<'_>| match row {
            Row::Json(text) => String::from_utf8_lossy(text).into_owned(),
            Row::Refused(trouble) => trouble.to_string(),
        };
        Ok(rows.iter().map(shown).collect())
    }

    #[test]
    fn cells_are_what_their_columns_mean() {
        let text = r#"id,name,note,price,active,tags,at,day,extra,later
1,,,,,,,,,
2,"","","","","","","","",""
9007199254740993, ä ," ",1.50,TRUE,"[ ""a"", ""b"" ]",1681336838000,2023-04-12,"""x""",5
 4 ,"""\",x,1e400,0,[],2023-04-12T22:00:38Z,soon,"{""a"": 1}",free text
abc,1,2,007,yes,[],now,x,null,"""y"""
"#;
        assert_eq!(
            read(text.as_bytes()).expect("rows"),
            [
                r#"{"id":1,"name":"","note":null,"price":null,"active":null,"tags":null,"at":null,"day":null,"extra":null,"later":null}"#,
                r#"{"id":2,"name":"","note":"","price":null,"active":null,"tags":null,"at":null,"day":"","extra":null,"later":""}"#,
                r#"{"id":9007199254740993,"name":" ä ","note":" ","price":1.50,"active":true,"tags":["a","b"],"at":1681336838000,"day":"2023-04-12","extra":"x","later":5}"#,
                r#"{"id":4,"name":"\"\\","note":"x","price":1e400,"active":false,"tags":[],"at":"2023-04-12T22:00:38Z","day":"soon","extra":{"a":1},"later":"free text"}"#,
                r#"{"id":"abc","name":"1","note":"2","price":"007","active":"yes","tags":[],"at":"now","day":"x","extra":null,"later":"y"}"#,
            ]
        );
    }

    #[test]
    fn malformed_lines_are_told_and_passed_over() {
        let long = "x".repeat(3000);
        let text = [
            b"id,note\n1\n\n2,\"a\nb\",3\n4,a\"b\n5,\"a\"b\n6,ok\n7,\xff\n8,".as_slice(),
            long.as_bytes(),
            b"\n9,\"open\n10,x\n",
        ]
        .concat();
        assert_eq!(
            read(&text).expect("rows"),
            [
                "Line 2 has 1 field, but the header has 2.",
                "Line 4 has 3 fields, but the header has 2.",
                "column note: Line 6: a quotation mark stands inside of a field that does not begin with one; enclose the field in quotation marks and double those inside.",
                "column note: Line 7: something stands between the closing quotation mark and the comma; double quotation marks that belong to the text.",
                "{\"id\":6,\"note\":\"ok\"}",
                "column note: It is no UTF-8 (line 9, byte 0xff).",
                "column note: Line 10: the row is too large: it has 2.9 KiB, 2.9 KiB of them here, and the limit (max_row_bytes) is 1000 bytes.",
                "column note: Line 11: the field's quotation mark is never closed, so that the rest of the file (11 bytes) was taken for a part of it.",
            ]
        );
        assert_eq!(
            read(b"tags\n[1\nx\n").expect("rows"),
            [
                "column tags: It must be JSON text, but is \"[1\": a comma or the end of the list was expected at byte 2.",
                "column tags: It must be JSON text, but is \"x\": a value was expected at byte 0.",
            ]
        );
    }

    #[test]
    fn a_header_that_does_not_fit_ends_everything() {
        for (text, expected) in [
            ("", "is empty"),
            ("\n\n", "is empty"),
            (
                "id,nmae\n",
                "the column \"nmae\", which the table does not have; near to it are \"name\"",
            ),
            ("id,zzzzzzz", "\"zzzzzzz\", which the table does not have."),
            ("id,name,id\n", "\"id\" twice"),
            ("id;name\n", "separated by commas, and not by \";\""),
            ("\"id\n", "never closed"),
            ("\"id\"x\n", "do not enclose"),
        ] {
            let error = read(text.as_bytes()).expect_err(text);
            assert_eq!(error.code(), "config_error");
            assert!(error.to_string().contains(expected), "{error}");
        }
        assert!(read(b"id,\xff\n").expect_err("no UTF-8").to_string().contains("UTF-8"));
        assert_eq!(read(b"id,name\n").expect("no rows").len(), 0);
    }
}
