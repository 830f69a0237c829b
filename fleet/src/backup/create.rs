//! Making one backup.

use std::time::SystemTime;

use xano_metadata::Error;

use super::made::Backup;
use super::options::{BackupOptions, Kind};
use super::subject::Subject;
use super::telling::warn;
use super::{archive, background, logical, names};
use crate::disk;
use crate::host::Host;
use crate::place::Place;

/// Backs up a workspace: one branch of its logic, all tables, all records of all data sources.
///
/// The file appears whole and checked or not at all, with its manifest beside it; an older backup is never touched. Where the
/// server exports no archive, as on free plans, a logical backup is made unless `kind` says otherwise, and a warning tells.
/// With a password an archive is encrypted by the server, in a format that is not published, so its contents cannot be
/// looked at; a logical backup is encrypted here.
///
/// Scope: for an archive, Instance Workspace: Read. For a logical backup, Workspace Database: Read and Workspace Content: Read.
///
/// # Errors
/// `config_error` when there is no such workspace, or the folder cannot be written; `decode_error` when what the server sent
/// is no good archive; those of a call. None of them leaves a file.
pub async fn create(place: &Place, options: &BackupOptions, host: &dyn Host) -> Result<Backup, Error> {
    options.check()?;
    let began = SystemTime::now();
    let subject = Subject::of(place, options.instance.as_deref()).await?;
    let folder = options.to.clone();
    background(move || disk::folder(&folder)).await?;
    let branch = subject.branch.as_deref();
    let target = names::fresh(&options.to, &subject.instance, &subject.name, branch, began);
    let made = match options.kind {
        Kind::Archive => archive::make(place, &subject, &target, options, host).await?,
        Kind::Logical => logical::make(place, &subject, &target, options, host).await?,
        Kind::Auto => match archive::make(place, &subject, &target, options, host).await {
            Err(error) if archive::is_refused(&error) => {
                let why = format!(
                    "The server exports no archive, so this is a logical backup: {}",
                    error.message()
                );
                warn(host, format!("{}: {why}", subject.title()));
                let mut made = logical::make(place, &subject, &target, options, host).await?;
                made.warnings.insert(0, why);
                made
            }
            made => made?,
        },
    };
    background(move || made.finish(&target, &subject, began)).await
}
