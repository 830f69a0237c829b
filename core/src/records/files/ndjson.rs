//! A JSON object on each line: lines into rows, and records into lines.

use super::measure::Measure;
use crate::error::Error;
use crate::paging::scan::scan_items;
use crate::records::check::size;
use crate::records::rows::{Rows, Trouble};

/// Reads lines piece by piece, holding at most one of them. Blank lines are passed over.
#[derive(Debug)]
pub(super) struct LineReader {
    /// What was read of a line so far.
    held: Vec<u8>,
    /// Of a line that is too large to be held.
    too_large: Option<Measure>,
    /// The line that is being read, from 1.
    line: u64,
    /// Whether a row was seen.
    begun: bool,
    max_row_bytes: usize,
}

impl LineReader {
    pub(super) const fn new(max_row_bytes: usize) -> Self {
        Self {
            held: Vec::new(),
            too_large: None,
            line: 1,
            begun: false,
            max_row_bytes,
        }
    }

    /// Reads on to the end of a line, or of the input, and answers how many bytes that were.
    pub(super) fn feed(&mut self, input: &[u8], rows: &mut Rows) -> Result<usize, Error> {
        let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
            self.hold(input);
            return Ok(input.len());
        };
        if self.held.is_empty() && self.too_large.is_none() && end <= self.limit() {
            self.row(&input[..end], rows)?;
        } else {
            self.hold(&input[..end]);
            self.finish(rows)?;
        }
        self.line += 1;
        Ok(end + 1)
    }

    /// Says that the line ends here.
    pub(super) fn finish(&mut self, rows: &mut Rows) -> Result<(), Error> {
        if let Some(measure) = self.too_large.take() {
            self.begun = true;
            rows.push_refused(self.too_large(&measure));
            return Ok(());
        }
        let mut line = std::mem::take(&mut self.held);
        let result = self.row(&line, rows);
        line.clear();
        self.held = line;
        result
    }

    /// Twice a row's size: the check measures what is sent, and that is without space.
    const fn limit(&self) -> usize {
        self.max_row_bytes.saturating_mul(2)
    }

    fn hold(&mut self, piece: &[u8]) {
        if let Some(measure) = &mut self.too_large {
            measure.feed(piece);
        } else if self.held.len() + piece.len() > self.limit() {
            let mut measure = Measure::default();
            measure.feed(&std::mem::take(&mut self.held));
            measure.feed(piece);
            self.too_large = Some(measure);
        } else {
            self.held.extend_from_slice(piece);
        }
    }

    fn row(&mut self, line: &[u8], rows: &mut Rows) -> Result<(), Error> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(());
        }
        if !self.begun && line.starts_with(b"[") {
            return Err(Error::config(
                "The file holds a JSON list and not NDJSON, which has one object on each line and nothing between them.",
            ));
        }
        self.begun = true;
        rows.push(line);
        Ok(())
    }

    fn too_large(&self, measure: &Measure) -> Trouble {
        let (all, limit) = (size(measure.bytes()), size(self.max_row_bytes));
        let line = self.line;
        match measure.largest() {
            Some((column, bytes)) => Trouble::at(
                column,
                format!(
                    "Line {line}: the row is too large: it has {all}, {} of them here, and the limit (max_row_bytes) is {limit}.",
                    size(bytes)
                ),
            ),
            None => Trouble::of_row(format!(
                "Line {line}: the row is too large: it has {all}, and the limit (max_row_bytes) is {limit}."
            )),
        }
    }
}

/// Appends the records of a page, a JSON array, as lines.
pub(super) fn write_page(items: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    scan_items(items, |place| {
        let item = &items[place];
        if item.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            // In JSON they can only stand between values.
            out.extend(item.iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
        } else {
            out.extend_from_slice(item);
        }
        out.push(b'\n');
    })
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::rows::Row;

    fn read(text: &str, step: usize) -> Result<Vec<String>, Error> {
        let mut reader = LineReader::new(20);
        let mut rows = Rows::new();
        for piece in text.as_bytes().chunks(step) {
            let mut rest = piece;
            while !rest.is_empty() {
                rest = &rest[reader.feed(rest, &mut rows)?..];
            }
        }
        reader.finish(&mut rows)?;
        let shown = |row: Row<'_>| match row {
            Row::Json(text) => String::from_utf8_lossy(text).into_owned(),
            Row::Refused(trouble) => trouble.to_string(),
        };
        Ok(rows.iter().map(shown).collect())
    }

    #[test]
    fn each_line_is_a_row() {
        let text = "{\"a\":1}\r\n\n  \n {\"a\":2} \nnonsense\n{\"b\":\"ä\"}";
        for step in [1, 2, 5, 1000] {
            let rows = read(text, step).expect("rows");
            assert_eq!(rows, ["{\"a\":1}", "{\"a\":2}", "nonsense", "{\"b\":\"ä\"}"], "{step}");
        }
        assert!(read("", 1).expect("nothing").is_empty());
    }

    #[test]
    fn a_line_that_is_too_large_names_its_line_and_column() {
        let text = format!(
            "\n{{\"a\":1,\"big\":\"{}\",\"c\":[1,2]}}\n{{\"a\":2}}\n",
            "x,\\\"}".repeat(1000)
        );
        for step in [1, 7, 100_000] {
            let rows = read(&text, step).expect("rows");
            assert_eq!(
                rows,
                [
                    "column big: Line 2: the row is too large: it has 4.9 KiB, 4.8 KiB of them here, and the limit (max_row_bytes) is 20 bytes.",
                    "{\"a\":2}"
                ]
            );
        }
    }

    #[test]
    fn a_list_is_no_ndjson() {
        let error = read("\n[{\"a\":1},\n{\"a\":2}]\n", 3).expect_err("a list");
        assert_eq!(error.code(), "config_error");
        assert_eq!(read("{}\n[1]\n", 3).expect("for the check").len(), 2);
    }

    #[test]
    fn records_become_lines_as_they_stand() {
        let mut out = Vec::new();
        write_page(b"[ {\"a\": \"\\n\"} ,\n{\r\n  \"b\":[1,\n2]}, {}]", &mut out).expect("a page");
        assert_eq!(String::from_utf8_lossy(&out), "{\"a\": \"\\n\"}\n{  \"b\":[1,2]}\n{}\n");
        assert!(write_page(b"[{}", &mut out).is_err());
    }
}
