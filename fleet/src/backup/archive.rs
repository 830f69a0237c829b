//! The archive that the server exports: fetched piece by piece, then looked at as it lies on the disk.
//!
//! A transfer can end well and still bring no backup: a server may send a web page, JSON, an archive cut by something on the
//! way that closed the connection in an orderly manner, or one that is encrypted although nobody asked. So nothing is
//! believed before the gzip trailer was seen and the archive's list was read to its end.

use std::io::Write as _;
use std::path::Path;

use xano_metadata::{Download, Error, ErrorKind};

use super::background;
use super::check::{Examined, Form, examine};
use super::flaw::{Flaw, Trouble};
use super::made::Made;
use super::options::{BackupOptions, Kind};
use super::subject::Subject;
use super::telling::{Telling, warn};
use crate::disk::Unfinished;
use crate::host::Host;
use crate::place::Place;

/// Bytes that are collected before they are written.
const PIECE: usize = 1 << 20;

/// Fetches and looks, again when what came was broken on the way.
pub(crate) async fn make(
    place: &Place,
    subject: &Subject,
    target: &Path,
    options: &BackupOptions,
    host: &dyn Host,
) -> Result<Made, Error> {
    let mut tries = 0;
    loop {
        let error = match once(place, subject, target, options, host).await {
            Ok(made) => return Ok(made),
            Err(error) => error,
        };
        tries += 1;
        let broken = matches!(
            error.kind(),
            ErrorKind::Connection | ErrorKind::Timeout | ErrorKind::Decode
        );
        if !broken || tries > options.retries {
            return Err(match tries {
                1 => error,
                _ => error.with_hint(format!("It was asked for {tries} times.")),
            }
            .with_hint("No backup was made, and none is left on the disk."));
        }
        warn(
            host,
            format!(
                "{}: the archive came broken and is asked for again. {error}",
                subject.title()
            ),
        );
    }
}

/// Whether the server says that it does not export at all, as it does on free plans: with 403, with 500, or with the JSON of an
/// error under a status of success.
pub(crate) fn is_refused(error: &Error) -> bool {
    let denied = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("access denied") || text.contains("access_denied")
    };
    match error.kind() {
        ErrorKind::Permission => true,
        kind if kind.is_api() => error.status() == Some(402) || denied(error.code()) || denied(error.message()),
        _ => false,
    }
}

async fn once(
    place: &Place,
    subject: &Subject,
    target: &Path,
    options: &BackupOptions,
    host: &dyn Host,
) -> Result<Made, Error> {
    let mut export = place.workspace().export();
    if let Some(branch) = &place.branch {
        export = export.branch(branch);
    }
    if let Some(password) = &options.password {
        export = export.password(password);
    }
    let download = export.await?;
    let told = download.total();
    let (file, received) = save(download, target, Telling::new(host, subject.title(), "bytes")).await?;
    let asked = options.password.is_some();
    let (file, examined) = background(move || {
        let examined = examine(file.path(), None, &mut |_, _| Ok(()));
        Ok((
            file,
            examined.map_err(|flaw| flaw.into_error("The archive that was fetched"))?,
        ))
    })
    .await?;
    let made =
        judge(file, examined, received, asked).map_err(|flaw| flaw.into_error("The archive that came is none"))?;
    Ok(Made {
        warnings: match (asked, told) {
            (true, None) => vec![
                "The server did not say how long the encrypted archive is, so a cut of it could not have been noticed."
                    .to_owned(),
            ],
            _ => Vec::new(),
        },
        ..made
    })
}

/// Writes the body beside its place, and answers how many bytes came.
async fn save(mut download: Download, target: &Path, mut telling: Telling<'_>) -> Result<(Unfinished, u64), Error> {
    let place = target.to_owned();
    let mut file = background(move || Unfinished::begin(&place)).await?;
    let total = download.total();
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        let next = download.chunk().await?;
        let ended = next.is_none();
        piece.extend_from_slice(&next.unwrap_or_default());
        if piece.len() >= PIECE || ended {
            let place = target.to_owned();
            (file, piece) = background(move || {
                file.write_all(&piece)
                    .map_err(|cause| crate::disk::cannot("written", &place, &cause))?;
                piece.clear();
                Ok((file, piece))
            })
            .await?;
            telling.at(download.done(), total);
        }
        if ended {
            telling.end(download.done(), total);
            return Ok((file, download.done()));
        }
    }
}

/// Whether what came is what was asked for.
fn judge(file: Unfinished, examined: Examined, received: u64, asked: bool) -> Result<Made, Flaw> {
    if examined.size != received {
        let reason = format!("{received} bytes came, but {} are on the disk.", examined.size);
        return Err(Flaw::new(Trouble::Truncated, reason));
    }
    let contents = match examined.form {
        Form::Archive(_) if asked => {
            return Err(Flaw::new(
                Trouble::NotEncrypted,
                "A password was given, but the server sent an archive that is not encrypted.",
            ));
        }
        Form::Archive(contents) => Some(contents),
        Form::Opaque | Form::SealedHere if asked => None,
        Form::Opaque | Form::SealedHere => {
            return Err(Flaw::new(
                Trouble::Encrypted,
                "No password was given, but what the server sent is encrypted, or nothing that can be recognised.",
            ));
        }
        Form::Flawed(flaw) => return Err(flaw),
    };
    Ok(Made {
        file,
        kind: Kind::Archive,
        size: examined.size,
        sha256: examined.sha256,
        encrypted: asked,
        contents,
        tables: None,
        scripts: None,
        warnings: Vec::new(),
    })
}
