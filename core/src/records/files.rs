//! Files of records: CSV and NDJSON, into a table and out of it.
//!
//! Nothing is ever held but a chunk of rows or a page of records, so that a file may be larger than memory. What is
//! exported reads back as equal records, and a file appears whole or not at all.
//!
//! - [`csv_split`], [`csv_read`], [`csv_write`]: CSV, where null and empty text differ.
//! - [`ndjson`]: a JSON object on each line; [`measure`] tells what makes a line too large.
//! - [`source`]: a file as the source of a load. A file that is being written is a `Target`.

mod csv_read;
mod csv_split;
mod csv_write;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod measure;
mod ndjson;
mod source;

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::job::{Job, Meter};
use super::options::{ExportOptions, Format, LoadOptions, ReadOptions};
use super::report::Report;
use super::{Records, load};
use crate::error::Error;
use crate::runtime;
use crate::target::{Target, refuse};
use csv_write::CsvWriter;
use source::FileSource;

impl Records {
    /// Loads the rows of a file. `format` not said means: by the end of the file's name, `.csv`, `.ndjson` or `.jsonl`.
    ///
    /// CSV has a header that names columns, in any order; columns left out are not given. An empty field is null and a pair
    /// of quotation marks is empty text (in a text column that takes no null, both are empty text); lists and objects are
    /// JSON text. The file is UTF-8, with or without a byte order mark.
    ///
    /// Scopes: those of [`load`](Self::load).
    ///
    /// # Errors
    /// `config_error` when the file cannot be opened, or its format not be told. From [`Job::wait`]: `config_error` when the
    /// header names a column twice or one that the table does not have, before anything is sent; and those of a load.
    pub fn import(&self, path: impl AsRef<Path>, format: Option<Format>, options: LoadOptions) -> Result<Job, Error> {
        let path = path.as_ref();
        let format = format_of(path, format)?;
        let source = FileSource::open(path, format, options.max_row_bytes)?;
        let records = self.clone();
        Job::start(move |_, meter| load::run(records, options, source, meter))
    }

    /// Writes records to a file, which appears whole or not at all: until then an older file of that name stays. A job that
    /// fails or is given up leaves nothing; a process that is killed leaves a file beside it whose name ends with `.part`.
    ///
    /// NDJSON has each record as the server wrote it. CSV has a column for each of the table's, in their order, but for
    /// passwords, which are not answered. [`import`](Self::import) makes equal records of either.
    ///
    /// Scopes: Workspace Content: Read; for CSV also Workspace Database: Read.
    ///
    /// # Errors
    /// `config_error` when the file cannot be made, or its format not be told. From [`Job::wait`]: those of a read, with the
    /// report so far; `config_error` when the file cannot be written; `record_error` when a record has a field that the
    /// table did not have when a CSV export began.
    pub fn export(&self, path: impl AsRef<Path>, options: ExportOptions) -> Result<Job, Error> {
        let path = path.as_ref();
        let format = format_of(path, options.format)?;
        let (target, file) = Target::create(path)?;
        let records = self.clone();
        Job::start(move |_, meter| async move {
            let output = Output {
                file,
                writer: None,
                buffer: Vec::new(),
            };
            let mut report = Report::default();
            let written = write(&records, output, &target, format, options.read, &meter, &mut report).await;
            report.seconds = meter.read().seconds;
            let file = match written {
                Ok(output) => output.file,
                Err(error) => return Err(error.with_report(report)),
            };
            let finished = in_background(move || target.finish(file)).await;
            report.seconds = meter.read().seconds;
            match finished {
                Ok(()) => Ok(report),
                Err(error) => Err(error.with_report(report)),
            }
        })
    }
}

/// The format that was said, or the one that the file's name ends with.
fn format_of(path: &Path, said: Option<Format>) -> Result<Format, Error> {
    if let Some(format) = said {
        return Ok(format);
    }
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    match end.to_ascii_lowercase().as_str() {
        "csv" => Ok(Format::Csv),
        "ndjson" | "jsonl" => Ok(Format::Ndjson),
        _ => Err(Error::config(format!(
            "The format of {} cannot be told by its name: say csv or ndjson, or let it end with .csv, .ndjson or .jsonl.",
            path.display()
        ))),
    }
}

/// Where pages go.
struct Output {
    file: File,
    /// None for NDJSON, which needs to know nothing.
    writer: Option<CsvWriter>,
    /// The text of a page. Kept for the next.
    buffer: Vec<u8>,
}

impl Output {
    /// Writes what `fill` appends, and answers how many bytes that were.
    fn write(
        &mut self,
        place: &Path,
        fill: impl FnOnce(&mut Option<CsvWriter>, &mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        self.buffer.clear();
        fill(&mut self.writer, &mut self.buffer)?;
        self.file
            .write_all(&self.buffer)
            .map_err(|cause| refuse(place, &cause))?;
        Ok(self.buffer.len() as u64)
    }
}

async fn write(
    records: &Records,
    mut output: Output,
    target: &Target,
    format: Format,
    read: ReadOptions,
    meter: &Arc<Meter>,
    report: &mut Report,
) -> Result<Output, Error> {
    if format == Format::Csv {
        let writer = CsvWriter::new(&records.schema().await?);
        report.bytes += output.write(target.place(), |_, out| {
            writer.write_header(out);
            Ok(())
        })?;
        output.writer = Some(writer);
    }
    let mut reader = records.read(read);
    let mut next = reader.next().await?;
    while let Some(page) = next {
        meter.set_total(page.total);
        let (count, place) = (page.count as u64, target.place().to_owned());
        let writing = in_background(move || {
            let bytes = output.write(&place, |writer, out| match writer {
                Some(writer) => writer.write_page(&page.items, out),
                None => ndjson::write_page(&page.items, out).map_err(|reason| {
                    Error::decode(format!("Records came that do not read as such: {reason}."), &page.items)
                }),
            })?;
            Ok((output, bytes))
        });
        // The next page comes while this one is written.
        let (written, following) = tokio::join!(writing, reader.next());
        let bytes;
        (output, bytes) = written?;
        meter.add(count, bytes);
        report.read += count;
        report.written += count;
        report.bytes += bytes;
        next = following?;
    }
    Ok(output)
}

/// Does what may wait for the disk, or takes a while, where nobody else has to wait for it.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match runtime::blocking(work).await {
        Ok(result) => result,
        Err(cause) => Err(Error::internal(format!("Work on a file broke off: {cause}."))),
    }
}

#[cfg(test)]
mod tests;
