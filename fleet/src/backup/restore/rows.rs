//! The records of a logical backup: read once from its beginning to its end, each table into its own load.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use tokio::sync::mpsc;
use xano_metadata::records::{LoadOptions, OnError, Records, Report, Rows};
use xano_metadata::{Error, Value};

use super::plan::Chosen;
use super::standing::Standing;
use super::{RestoredTable, Task};
use crate::backup::check;
use crate::backup::contents::{Document, about, lines};
use crate::backup::flaw::{Flaw, Trouble};
use crate::backup::tarball::Tarball;
use crate::backup::telling::Telling;

/// Rows are handed over in chunks of about this many or of about this many bytes.
const CHUNK_ROWS: usize = 1000;
const CHUNK_BYTES: usize = 256 << 10;

/// What comes out of the file.
enum Piece {
    /// The rows of this table in this data source follow.
    Begin {
        source: usize,
        table: usize,
    },
    Rows(Rows),
    /// There are no more of them.
    End,
    Failed(Flaw),
}

/// A table with the number that it has in the workspace.
pub(super) struct Ready<'c> {
    pub(super) chosen: &'c Chosen,
    pub(super) number: i64,
}

/// Restores the records of these tables, and answers what became of each, in their order.
pub(super) async fn restore(
    task: &Task<'_>,
    document: &Document,
    ready: &[Ready<'_>],
    standing: &mut Standing,
) -> Result<Vec<RestoredTable>, Error> {
    let mut restored: Vec<RestoredTable> = ready
        .iter()
        .map(|table| RestoredTable {
            name: document.tables[table.chosen.place].name.clone(),
            restored_as: table.chosen.name.clone(),
            made: table.chosen.existing.is_none(),
            records: document
                .data_sources
                .iter()
                .map(|source| (source.label.clone(), 0))
                .collect(),
            ..RestoredTable::default()
        })
        .collect();
    let places: BTreeMap<usize, usize> = ready
        .iter()
        .enumerate()
        .map(|(place, table)| (table.chosen.place, place))
        .collect();
    standing.waiting = restored.iter().map(|table| table.restored_as.clone()).collect();
    let mut pieces = read(
        task.file,
        task.options.password.clone(),
        places.keys().copied().collect(),
    );
    let total = total(task, document, ready);
    let mut telling = Telling::new(task.host, task.subject.title(), "rows");
    let mut done = 0;
    while let Some(piece) = pieces.recv().await {
        let (source, table) = match piece {
            Piece::Begin { source, table } => (source, places[&table]),
            Piece::Failed(flaw) => return Err(flaw.into_error("The backup cannot be read any more")),
            Piece::Rows(_) | Piece::End => return Err(Error::internal("Rows came that belong to no table.")),
        };
        let label = &document.data_sources[source].label;
        let entry = &mut restored[table];
        step(standing, &entry.restored_as);
        let records = Records::new(
            task.into.connection.clone(),
            Value::Int(task.subject.id),
            Value::Int(ready[table].number),
        );
        let report = load(&records.in_data_source(label), &mut pieces, done, total, &mut telling).await?;
        done += report.read;
        *entry.records.entry(label.clone()).or_default() += report.inserted;
        entry.failed += report.failed;
        entry.failures.extend(report.failures);
    }
    telling.end(done, Some(total));
    finish(standing);
    Ok(restored)
}

/// Another table is at hand.
fn step(standing: &mut Standing, name: &str) {
    if standing.at.as_deref() != Some(name) {
        standing.filled.extend(standing.at.take());
        standing.waiting.retain(|waiting| waiting != name);
        standing.at = Some(name.to_owned());
    }
}

fn finish(standing: &mut Standing) {
    standing.filled.extend(standing.at.take());
    standing.filled.append(&mut standing.waiting);
}

/// Records that will be restored, by the manifest.
fn total(task: &Task<'_>, document: &Document, ready: &[Ready<'_>]) -> u64 {
    let tables = task.manifest.tables.iter().flatten();
    let is_meant = |name: &str| {
        ready
            .iter()
            .any(|table| document.tables[table.chosen.place].name == name)
    };
    tables
        .filter(|table| is_meant(&table.name))
        .flat_map(|table| table.records.values())
        .sum()
}

/// Loads what comes until the end of a table.
async fn load(
    records: &Records,
    pieces: &mut mpsc::Receiver<Piece>,
    before: u64,
    total: u64,
    telling: &mut Telling<'_>,
) -> Result<Report, Error> {
    let job = records.load(LoadOptions {
        keep_ids: Some(true),
        on_error: OnError::Collect,
        ..LoadOptions::default()
    })?;
    loop {
        match pieces.recv().await {
            Some(Piece::Rows(rows)) => {
                if !job.feed(rows).await {
                    // It takes no more; its end says why.
                    return job.wait().await;
                }
                telling.at(before + job.progress().rows, Some(total));
            }
            Some(Piece::End) => {
                job.end_feed();
                return job.wait().await;
            }
            Some(Piece::Failed(flaw)) => {
                job.cancel();
                return Err(flaw.into_error("The backup cannot be read any more"));
            }
            Some(Piece::Begin { .. }) | None => {
                job.cancel();
                return Err(Error::internal("The rows of a table broke off."));
            }
        }
    }
}

/// Reads the rows of the wanted tables in the background, never far ahead.
fn read(file: &Path, password: Option<String>, wanted: Vec<usize>) -> mpsc::Receiver<Piece> {
    let (sender, receiver) = mpsc::channel(2);
    let file = file.to_owned();
    tokio::task::spawn_blocking(move || {
        let walked = check::open(&file, password.as_deref()).and_then(|tarball| walk(tarball, &wanted, &sender));
        if let Err(flaw) = walked {
            // Nobody may be listening any more; then it does not matter.
            let _ = sender.blocking_send(Piece::Failed(flaw));
        }
    });
    receiver
}

fn walk(mut tarball: Tarball<impl Read>, wanted: &[usize], sender: &mpsc::Sender<Piece>) -> Result<(), Flaw> {
    let send = |piece| {
        let gone = |_| Flaw::new(Trouble::Unreadable, "Nobody takes the rows any more.");
        sender.blocking_send(piece).map_err(gone)
    };
    while let Some(member) = tarball.next()? {
        let Some((source, table)) = about(&member.name).filter(|(_, table)| wanted.contains(table)) else {
            continue;
        };
        send(Piece::Begin { source, table })?;
        let mut rows = Rows::new();
        lines(&member, &mut tarball, |line| {
            rows.push(line.as_bytes());
            if rows.len() >= CHUNK_ROWS || rows.bytes() >= CHUNK_BYTES {
                send(Piece::Rows(std::mem::take(&mut rows)))?;
            }
            Ok(())
        })?;
        if !rows.is_empty() {
            send(Piece::Rows(rows))?;
        }
        send(Piece::End)?;
    }
    Ok(())
}
