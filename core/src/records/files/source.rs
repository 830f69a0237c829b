//! A file as the source of a load.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::csv_read::CsvReader;
use super::in_background;
use super::ndjson::LineReader;
use crate::error::Error;
use crate::records::options::Format;
use crate::records::rows::Rows;
use crate::records::schema::Schema;
use crate::records::source::Source;

/// Bytes read at once.
const PIECE: usize = 256 << 10;

/// Rows handed on at once, at most.
const ROWS: usize = 1000;

/// Bytes of rows after which they are handed on.
const BYTES: usize = 1 << 20;

/// A file that is read a chunk of rows at a time.
#[derive(Debug)]
pub(super) struct FileSource {
    state: State,
    format: Format,
    max_row_bytes: usize,
}

#[derive(Debug)]
enum State {
    /// Opened, and nothing was read: what text means is told by the schema, which comes with the first request for rows.
    New(File, PathBuf),
    Reading(Box<Input>),
    /// At its end, given up or failed.
    Ended,
}

impl FileSource {
    pub(super) fn open(path: &Path, format: Format, max_row_bytes: usize) -> Result<Self, Error> {
        let refuse = |cause: io::Error| refuse(path, &cause);
        let file = File::open(path).map_err(refuse)?;
        if file.metadata().map_err(refuse)?.is_dir() {
            return Err(Error::config(format!("{} is a folder and no file.", path.display())));
        }
        Ok(Self {
            state: State::New(file, path.to_owned()),
            format,
            max_row_bytes,
        })
    }
}

impl Source for FileSource {
    async fn next(&mut self, schema: &Schema) -> Result<Option<Rows>, Error> {
        let mut input = match std::mem::replace(&mut self.state, State::Ended) {
            State::New(file, path) => {
                let decoder = match self.format {
                    Format::Csv => Decoder::Csv(CsvReader::new(Arc::new(schema.clone()), self.max_row_bytes)),
                    Format::Ndjson => Decoder::Ndjson(LineReader::new(self.max_row_bytes)),
                };
                Box::new(Input::new(file, path, decoder))
            }
            State::Reading(input) => input,
            State::Ended => return Ok(None),
        };
        let (input, rows) = in_background(move || {
            let rows = input.chunk()?;
            Ok((input, rows))
        })
        .await?;
        if rows.is_some() {
            self.state = State::Reading(input);
        }
        Ok(rows)
    }
}

#[derive(Debug)]
enum Decoder {
    Csv(CsvReader),
    Ndjson(LineReader),
}

impl Decoder {
    fn feed(&mut self, input: &[u8], rows: &mut Rows) -> Result<usize, Error> {
        match self {
            Self::Csv(reader) => reader.feed(input, rows),
            Self::Ndjson(reader) => reader.feed(input, rows),
        }
    }

    fn finish(&mut self, rows: &mut Rows) -> Result<(), Error> {
        match self {
            Self::Csv(reader) => reader.finish(rows),
            Self::Ndjson(reader) => reader.finish(rows),
        }
    }
}

/// An open file with what was read of it and not used yet.
#[derive(Debug)]
struct Input<R = File> {
    file: R,
    path: PathBuf,
    decoder: Decoder,
    buffer: Vec<u8>,
    /// What of the buffer is still to be used.
    start: usize,
    end: usize,
    begun: bool,
    finished: bool,
}

impl<R: io::Read> Input<R> {
    fn new(file: R, path: PathBuf, decoder: Decoder) -> Self {
        Self {
            file,
            path,
            decoder,
            buffer: vec![0; PIECE],
            start: 0,
            end: 0,
            begun: false,
            finished: false,
        }
    }

    /// The next rows; none at the end.
    fn chunk(&mut self) -> Result<Option<Rows>, Error> {
        let mut rows = Rows::new();
        while !self.finished && rows.len() < ROWS && rows.bytes() < BYTES {
            if self.start == self.end && !self.fill()? {
                self.decoder.finish(&mut rows)?;
                self.finished = true;
                break;
            }
            self.start += self.decoder.feed(&self.buffer[self.start..self.end], &mut rows)?;
        }
        Ok((!rows.is_empty()).then_some(rows))
    }

    /// Reads a piece; false at the end of the file.
    fn fill(&mut self) -> Result<bool, Error> {
        (self.start, self.end) = (0, self.read(0)?);
        if !std::mem::replace(&mut self.begun, true) {
            self.begin()?;
        }
        Ok(self.start < self.end)
    }

    fn read(&mut self, at: usize) -> Result<usize, Error> {
        loop {
            match self.file.read(&mut self.buffer[at..]) {
                Ok(count) => return Ok(count),
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(refuse(&self.path, &cause)),
            }
        }
    }

    /// Looks at the file's first bytes: passes over a byte order mark, and refuses what is no UTF-8 from the start.
    fn begin(&mut self) -> Result<(), Error> {
        while self.end < 3 {
            match self.read(self.end)? {
                0 => break,
                count => self.end += count,
            }
        }
        match &self.buffer[..self.end] {
            [0xef, 0xbb, 0xbf, ..] => self.start = 3,
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                return Err(Error::config(format!(
                    "{} is UTF-16: save it as UTF-8 first.",
                    self.path.display()
                )));
            }
            [0x1f, 0x8b, ..] => {
                return Err(Error::config(format!(
                    "{} is compressed: unpack it first.",
                    self.path.display()
                )));
            }
            _ => {}
        }
        Ok(())
    }
}

fn refuse(path: &Path, cause: &io::Error) -> Error {
    Error::config(format!("{} cannot be read: {cause}.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::rows::Row;

    fn lines(text: &[u8]) -> Result<Vec<Vec<String>>, Error> {
        let mut input = Input::new(text, "rows.ndjson".into(), Decoder::Ndjson(LineReader::new(10 << 20)));
        let mut chunks = Vec::new();
        while let Some(rows) = input.chunk()? {
            let row = |row: Row<'_>| match row {
                Row::Json(text) => String::from_utf8_lossy(text).into_owned(),
                Row::Refused(trouble) => panic!("{trouble}"),
            };
            chunks.push(rows.iter().map(row).collect());
        }
        assert!(input.chunk()?.is_none(), "the end stays the end");
        Ok(chunks)
    }

    #[test]
    fn rows_come_in_chunks_bounded_by_count_and_bytes() {
        let many: Vec<u8> = (0..2500).flat_map(|n| format!("{n}\n").into_bytes()).collect();
        let chunks = lines(&many).expect("rows");
        let sizes: Vec<usize> = chunks.iter().map(Vec::len).collect();
        assert_eq!(sizes, [1000, 1000, 500]);
        assert_eq!(chunks.concat()[2499], "2499");
        let large = [vec![b'x'; 700 << 10], vec![b'y'; 700 << 10], vec![b'z'; 5]].join(&b'\n');
        let sizes: Vec<usize> = lines(&large).expect("rows").iter().map(Vec::len).collect();
        assert_eq!(sizes, [2, 1]);
    }

    #[test]
    fn the_first_bytes_say_what_a_file_is() {
        assert_eq!(lines(b"\xef\xbb\xbf{}\n").expect("rows"), [["{}"]]);
        assert_eq!(lines(b"{}").expect("rows"), [["{}"]]);
        assert_eq!(lines(b"5").expect("rows"), [["5"]]);
        assert!(lines(b"").expect("nothing").is_empty());
        assert!(lines(b"\xef\xbb\xbf").expect("nothing").is_empty());
        for (text, expected) in [(b"\xff\xfe{\0".as_slice(), "UTF-16"), (b"\x1f\x8b\x08", "compressed")] {
            let error = lines(text).expect_err("no text");
            assert_eq!(error.code(), "config_error");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_none_is_refused_at_once() {
        for path in [std::env::temp_dir(), std::env::temp_dir().join("xano-no-such-file.csv")] {
            let error = FileSource::open(&path, Format::Csv, 100).expect_err("no file");
            assert_eq!(error.code(), "config_error");
            assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        }
    }
}
