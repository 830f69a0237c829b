//! A backup from what can be read of a workspace, where the server exports no archive.
//!
//! Schemas and indexes are read first, then the records of every table in every data source by the stable read, so that no row
//! that exists throughout is missed or doubled; the tables are read one after the other, so what is written meanwhile may
//! be in one table and not in another. Every piece goes through a file beside the backup into the archive, because
//! the format wants to know its length first; nothing is held whole.

mod read;

pub(super) use read::definitions;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use xano_metadata::records::{ExportOptions, Format, Records};
use xano_metadata::{Error, Value};

use super::background;
use super::check::{Form, examine};
use super::contents::{DOCUMENT, SCRIPTS, Seen, records_member};
use super::made::Made;
use super::manifest::TableEntry;
use super::options::{BackupOptions, Kind};
use super::seal::Sealer;
use super::subject::Subject;
use super::telling::Telling;
use crate::disk::{self, Unfinished};
use crate::host::Host;
use crate::place::Place;

/// Reads everything and packs it.
pub(crate) async fn make(
    place: &Place,
    subject: &Subject,
    target: &Path,
    options: &BackupOptions,
    host: &dyn Host,
) -> Result<Made, Error> {
    let mut warnings = Vec::new();
    let document = read::document(place, subject, &mut warnings).await?;
    let scripts = read::scripts(place, subject, &mut warnings).await?;
    let has_scripts = scripts.is_some();
    let (target, password) = (target.to_owned(), options.password.clone());
    let encrypted = password.is_some();
    let mut packer = background({
        let (document, password) = (document.clone(), password.clone());
        move || {
            let mut packer = Packer::begin(&target, password.as_deref())?;
            let text = serde_json::to_vec(&document)
                .map_err(|cause| Error::internal(format!("The document cannot be written: {cause}.")))?;
            packer.add(DOCUMENT, &text)?;
            if let Some(scripts) = scripts {
                packer.add(SCRIPTS, scripts.as_bytes())?;
            }
            Ok(packer)
        }
    })
    .await?;
    let mut tables: Vec<TableEntry> = Vec::new();
    let mut telling = Telling::new(host, subject.title(), "rows");
    let mut rows = 0;
    for (number, table) in document.tables.iter().enumerate() {
        let mut entry = TableEntry {
            name: table.name.clone(),
            records: std::collections::BTreeMap::new(),
        };
        for (source, data_source) in document.data_sources.iter().enumerate() {
            let records = Records::new(place.connection.clone(), subject.id, Value::Int(table.id));
            let records = records.in_data_source(&data_source.label);
            let piece = packer.piece();
            let count = export(&records, &piece, rows, &mut telling).await.map_err(|error| {
                error.with_hint(format!(
                    "It was reading table {:?} in data source {:?}; no backup was made.",
                    table.name, data_source.label
                ))
            })?;
            rows += count;
            entry.records.insert(data_source.label.clone(), count);
            packer = background(move || {
                packer.take(&piece, &records_member(source, number))?;
                Ok(packer)
            })
            .await?;
        }
        tables.push(entry);
    }
    telling.end(rows, Some(rows));
    let (file, examined, seen) = background(move || {
        let file = packer.finish()?;
        let mut seen = Seen::default();
        let examined = examine(file.path(), password.as_deref(), &mut |member, content| {
            seen.visit(member, content)
        });
        Ok((
            file,
            examined.map_err(|flaw| flaw.into_error("The backup that was written"))?,
            seen,
        ))
    })
    .await?;
    let contents = match examined.form {
        Form::Archive(contents) => contents,
        Form::Flawed(flaw) => return Err(flaw.into_error("The backup that was written is none")),
        form => return Err(Error::internal(format!("The backup that was written is {form:?}."))),
    };
    // What lies on the disk has to be what the reads reported.
    let counted = seen
        .tables()
        .map_err(|flaw| flaw.into_error("The backup that was written"))?;
    if counted != tables || seen.has_scripts() != has_scripts {
        return Err(Error::internal(
            "The backup that was written does not hold what was read.",
        ));
    }
    Ok(Made {
        file,
        kind: Kind::Logical,
        size: examined.size,
        sha256: examined.sha256,
        encrypted,
        contents: Some(contents),
        tables: Some(tables),
        scripts: Some(has_scripts),
        warnings,
    })
}

/// Writes the records to a file and answers how many there were.
async fn export(records: &Records, to: &Path, before: u64, telling: &mut Telling<'_>) -> Result<u64, Error> {
    let options = ExportOptions {
        format: Some(Format::Ndjson),
        ..ExportOptions::default()
    };
    let job = records.export(to, options)?;
    let waiting = job.wait();
    tokio::pin!(waiting);
    loop {
        tokio::select! {
            report = &mut waiting => return report.map(|report| report.written),
            () = tokio::time::sleep(std::time::Duration::from_millis(100)) => {
                telling.at(before + job.progress().rows, None);
            }
        }
    }
}

/// An archive that is being packed.
struct Packer {
    archive: tar::Builder<GzEncoder<Output>>,
    pieces: Pieces,
    target: PathBuf,
    mtime: u64,
}

enum Output {
    Plain(Unfinished),
    Sealed(Box<Sealer<Unfinished>>),
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Sealed(sealer) => sealer.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Packer {
    fn begin(target: &Path, password: Option<&str>) -> Result<Self, Error> {
        let file = Unfinished::begin(target)?;
        let output = match password {
            None => Output::Plain(file),
            Some(password) => {
                let sealer = Sealer::new(file, password).map_err(|cause| disk::cannot("written", target, &cause))?;
                Output::Sealed(Box::new(sealer))
            }
        };
        Ok(Self {
            archive: tar::Builder::new(GzEncoder::new(output, Compression::default())),
            pieces: Pieces::begin(target)?,
            target: target.to_owned(),
            mtime: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs(),
        })
    }

    /// Where the next piece is to be written.
    fn piece(&self) -> PathBuf {
        self.pieces.0.join("piece.ndjson")
    }

    fn header(&self, size: u64) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o600);
        header.set_mtime(self.mtime);
        header
    }

    fn add(&mut self, name: &str, content: &[u8]) -> Result<(), Error> {
        let mut header = self.header(content.len() as u64);
        self.archive
            .append_data(&mut header, name, content)
            .map_err(|cause| disk::cannot("written", &self.target, &cause))
    }

    /// Packs a piece and removes it.
    fn take(&mut self, piece: &Path, name: &str) -> Result<(), Error> {
        let refuse = |cause: std::io::Error| disk::cannot("read", piece, &cause);
        let file = std::fs::File::open(piece).map_err(refuse)?;
        let mut header = self.header(file.metadata().map_err(refuse)?.len());
        self.archive
            .append_data(&mut header, name, file)
            .map_err(|cause| disk::cannot("written", &self.target, &cause))?;
        std::fs::remove_file(piece).map_err(|cause| disk::cannot("removed", piece, &cause))
    }

    fn finish(self) -> Result<Unfinished, Error> {
        let target = self.target;
        let refuse = |cause: std::io::Error| disk::cannot("written", &target, &cause);
        let output = self.archive.into_inner().and_then(GzEncoder::finish).map_err(refuse)?;
        match output {
            Output::Plain(file) => Ok(file),
            Output::Sealed(sealer) => sealer.finish().map_err(refuse),
        }
    }
}

/// A folder for pieces, which nobody else can look into and which goes with its contents.
struct Pieces(PathBuf);

impl Pieces {
    fn begin(target: &Path) -> Result<Self, Error> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{:08x}.part", fastrand::u32(..)));
        let folder = target.with_file_name(name);
        disk::folder(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        // Of a process that is on its way out nobody would hear.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
