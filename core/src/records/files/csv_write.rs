//! Records as CSV that reads back as the same records.
//!
//! Null is an empty field and empty text a pair of quotation marks; lists and objects are JSON text; text is enclosed where
//! it must be, and where a program that opens the file might take off space around it.

use std::collections::HashMap;

use crate::error::Error;
use crate::paging::scan::scan_items;
use crate::records::check::scan::{Broken, Cursor, Raw};
use crate::records::schema::{Kind, Schema};

/// Writes pages of records as lines of CSV.
#[derive(Debug)]
pub(super) struct CsvWriter {
    columns: Vec<Column>,
    /// The place of each column in a record, by its name; none for those that are not written.
    places: HashMap<String, Option<usize>>,
    /// Records written so far.
    rows: u64,
    /// Where each value of a record stands in its page. Kept for the next.
    values: Vec<Option<(usize, usize)>>,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// Whether its values are JSON text, also where they are text.
    json: bool,
}

/// Why a page is not written.
#[derive(Debug)]
enum Unwritten {
    Broken(Broken),
    Unknown(String),
}

impl From<Broken> for Unwritten {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl CsvWriter {
    /// Every column but passwords, which the server does not answer.
    pub(super) fn new(schema: &Schema) -> Self {
        let mut columns = Vec::new();
        let mut places = HashMap::new();
        for column in schema.columns() {
            let place = (column.kind != Kind::Password).then_some(columns.len());
            places.insert(column.name.clone(), place);
            if place.is_some() {
                columns.push(Column {
                    name: column.name.clone(),
                    json: column.list || matches!(column.kind, Kind::Json | Kind::Unknown),
                });
            }
        }
        Self {
            values: vec![None; columns.len()],
            columns,
            places,
            rows: 0,
        }
    }

    /// Appends the line that names the columns.
    pub(super) fn write_header(&self, out: &mut Vec<u8>) {
        for (place, column) in self.columns.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            write_text(&column.name, out);
        }
        out.push(b'\n');
    }

    /// Appends the records of a page, a JSON array.
    pub(super) fn write_page(&mut self, items: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let text = std::str::from_utf8(items).map_err(|_| Error::decode("Records came that are no UTF-8.", b""))?;
        let mut wrong = None;
        scan_items(items, |place| {
            if wrong.is_none() {
                wrong = self.write_record(&text[place], out).err();
                self.rows += 1;
            }
        })
        .map_err(|reason| Error::decode(format!("Records came that do not read as such: {reason}."), items))?;
        match wrong {
            None => Ok(()),
            Some(Unwritten::Broken(broken)) => Err(Error::decode(
                format!("A record came that does not read as one: {broken}."),
                items,
            )),
            Some(Unwritten::Unknown(name)) => Err(Error::record(
                format!(
                    "Record {} of the export has a field {name:?}, which the table did not have when the export began.",
                    self.rows
                ),
                Some(self.rows),
                Some(name),
            )
            .with_hint("The table was changed meanwhile: begin again, or export to NDJSON, which takes every field.")),
        }
    }

    fn write_record(&mut self, record: &str, out: &mut Vec<u8>) -> Result<(), Unwritten> {
        self.values.fill(None);
        let mut cursor = Cursor::new(record);
        cursor.expect(b'{', "an object")?;
        let mut first = true;
        // Answers have the order of the columns.
        let mut guess = 0;
        while let Some(quoted) = cursor.key(first)? {
            first = false;
            let name = quoted.text();
            let place = if self.columns.get(guess).is_some_and(|column| column.name == name) {
                Some(guess)
            } else {
                match self.places.get(name.as_ref()) {
                    Some(place) => *place,
                    None => return Err(Unwritten::Unknown(name.into_owned())),
                }
            };
            let start = cursor.at;
            cursor.value()?;
            if let Some(place) = place {
                self.values[place] = Some((start, cursor.at));
                guess = place + 1;
            }
        }
        for (place, (column, value)) in self.columns.iter().zip(&self.values).enumerate() {
            if place > 0 {
                out.push(b',');
            }
            if let Some((start, end)) = value {
                write_value(column, &record[*start..*end], out)?;
            }
        }
        out.push(b'\n');
        Ok(())
    }
}

fn write_value(column: &Column, json: &str, out: &mut Vec<u8>) -> Result<(), Broken> {
    let mut cursor = Cursor::new(json);
    match cursor.peek() {
        Some(b'n') => {}
        Some(b'"') if !column.json => write_text(&cursor.string()?.text(), out),
        Some(b'"' | b'[' | b'{') => {
            let raw: Raw<'_> = cursor.value()?;
            let mut minified = Vec::with_capacity(json.len());
            raw.write_minified(&mut minified);
            enclose(&minified, out);
        }
        _ => out.extend_from_slice(json.as_bytes()),
    }
    Ok(())
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let needs = match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) => {
            matches!(first, b' ' | b'\t')
                || matches!(last, b' ' | b'\t')
                || bytes.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'))
        }
        // Empty text must not look like null.
        _ => true,
    };
    if needs {
        enclose(bytes, out);
    } else {
        out.extend_from_slice(bytes);
    }
}

fn enclose(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for piece in bytes.split_inclusive(|byte| *byte == b'"') {
        out.extend_from_slice(piece);
        if piece.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn writer() -> CsvWriter {
        let columns = json!([
            {"name": "id", "type": "int"},
            {"name": "a, b", "type": "text"},
            {"name": "secret", "type": "password"},
            {"name": "tags", "type": "text", "style": "list"},
            {"name": "extra", "type": "json"},
            {"name": "box", "type": "object"},
        ]);
        CsvWriter::new(&Schema::of(columns.as_array().expect("a list").clone()).expect("columns"))
    }

    fn written(page: &str) -> String {
        let mut out = Vec::new();
        let mut writer = writer();
        writer.write_header(&mut out);
        writer.write_page(page.as_bytes(), &mut out).expect("a page");
        let text = String::from_utf8(out).expect("text");
        text.strip_prefix("id,\"a, b\",tags,extra,box\n")
            .expect("a header")
            .to_owned()
    }

    #[test]
    fn a_record_is_a_line_in_the_order_of_the_columns() {
        let page = r#"[
            {"id": 9007199254740993, "a, b": "x", "tags": ["a", "b\n"], "extra": {"a": 1.50}, "box": {"w": []}},
            {"extra": "x", "a, b": "", "id": 2, "box": null, "secret": "hash"},
            {"id": 3, "a, b": " y", "tags": [], "extra": null},
            {"id": 4, "a, b": "1 \"2\"\r\n\u00e4", "extra": 1e400},
            {}
        ]"#;
        let expected = [
            r#"9007199254740993,x,"[""a"",""b\n""]","{""a"":1.50}","{""w"":[]}""#,
            r#"2,"",,"""x""","#,
            r#"3," y","[]",,"#,
            "4,\"1 \"\"2\"\"\r\nä\",,1e400,",
            ",,,,",
            "",
        ];
        assert_eq!(written(page), expected.join("\n"));
    }

    #[test]
    fn a_field_that_no_column_has_is_not_lost_unnoticed() {
        let mut writer = writer();
        let mut out = Vec::new();
        writer.write_page(b"[{\"id\":1}]", &mut out).expect("a page");
        let error = writer
            .write_page(b"[{\"id\":2},{\"id\":3,\"new\":1}]", &mut out)
            .expect_err("unknown");
        assert_eq!(
            (error.code(), error.row(), error.column()),
            ("record_error", Some(3), Some("new"))
        );
        for page in ["[{]", "[3]", "[{\"id\":01}]", "{"] {
            assert_eq!(
                writer.write_page(page.as_bytes(), &mut out).expect_err(page).code(),
                "decode_error"
            );
        }
    }
}
