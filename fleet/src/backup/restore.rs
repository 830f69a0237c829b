//! Putting a backup back.
//!
//! What is overwritten is gone, so three things come first: the exact name of the workspace, a look at every byte of the
//! backup, and a backup of what is there. An archive replaces the whole workspace, every branch of it; a logical backup
//! replaces the records and definitions of the tables that it holds, or puts single tables beside the living ones.

mod archive;
mod definitions;
mod logical;
mod plan;
mod rows;
mod scripts;
mod standing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use xano_metadata::Error;
use xano_metadata::records;

use super::create::create;
use super::manifest::Manifest;
use super::options::{BackupOptions, Kind, RestoreOptions, Safety};
use super::subject::Subject;
use super::verify::{State, look};
use super::{Backup, background};
use crate::host::Host;
use crate::place::Place;

/// What was restored, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Restored {
    /// Whether everything that the backup holds was restored: every row, and the scripts where it has them.
    pub ok: bool,
    /// The backup.
    pub path: PathBuf,
    /// How it was made.
    pub kind: Kind,
    /// The instance that it was restored into.
    pub instance: String,
    /// The workspace that it was restored into.
    pub workspace: String,
    /// The branch that the logic went into.
    pub branch: Option<String>,
    /// The backups of what was there before.
    pub safety: Vec<PathBuf>,
    /// The tables.
    pub tables: Vec<RestoredTable>,
    /// Whether the logic was restored; none where it was not to be.
    pub scripts: Option<bool>,
    /// What the backup does not hold or the server did not take, as sentences.
    pub not_restored: Vec<String>,
    /// Tables of the workspace that the backup does not hold; they are as they were.
    pub left_alone: Vec<String>,
    /// What else the user should know.
    pub warnings: Vec<String>,
    /// Seconds that it took, safety backup included.
    pub seconds: f64,
}

/// A table that was restored.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RestoredTable {
    /// Its name in the backup.
    pub name: String,
    /// Its name in the workspace.
    pub restored_as: String,
    /// Whether it was made; otherwise it was there and was overwritten.
    pub made: bool,
    /// Records that were restored, by data source; empty for an archive, which the server unpacks unseen.
    pub records: BTreeMap<String, u64>,
    /// Records that were refused.
    pub failed: u64,
    /// The first of them, each with its place in the backup and the reason.
    pub failures: Vec<records::Failure>,
}

/// Restores a backup into a workspace.
///
/// Nothing happens before the name of the workspace was given as `confirm`, the backup was found good, and a safety backup
/// was made (unless `safety` says that there be none). An archive replaces everything in the workspace, so a safety backup
/// is made of each of its branches. A logical backup replaces the tables that it holds, with their records and ids, and
/// pushes the scripts; other tables are left alone, and so is logic that the backup does not hold.
///
/// Scope: those of [`create`] for the safety backup. For an archive, Instance Workspace: Update. For a logical backup,
/// Workspace Database: Create and Update; Workspace Content: Create, Read and Delete.
///
/// # Errors
/// `refused` without the workspace's name, or when a table would be restored over another one; `decode_error` when the
/// backup is not good; `config_error` when it cannot be restored as asked. Up to there nothing was changed. Later, those of
/// a call; they say what was done, what was not, and where the safety backup is.
pub async fn restore(file: &Path, into: &Place, options: &RestoreOptions, host: &dyn Host) -> Result<Restored, Error> {
    let began = Instant::now();
    let subject = Subject::of(into, None).await?;
    confirmed(&subject, options)?;
    let (file, manifest) = good(file, options).await?;
    let task = Task {
        file: &file,
        manifest: &manifest,
        into,
        subject: &subject,
        options,
        host,
    };
    let restored = if manifest.kind == Kind::Logical {
        logical::restore(&task).await
    } else {
        archive::restore(&task).await
    };
    // However it ended: names may mean other tables by now.
    into.connection.forget_names();
    let mut restored = restored?;
    restored.seconds = began.elapsed().as_secs_f64();
    Ok(restored)
}

/// Everything that a restore is about.
struct Task<'t> {
    file: &'t Path,
    manifest: &'t Manifest,
    into: &'t Place,
    subject: &'t Subject,
    options: &'t RestoreOptions,
    host: &'t dyn Host,
}

impl Task<'_> {
    /// A report on nothing yet.
    fn report(&self) -> Restored {
        Restored {
            path: self.file.to_owned(),
            kind: self.manifest.kind,
            instance: self.subject.instance.clone(),
            workspace: self.subject.name.clone(),
            branch: self.subject.branch.clone(),
            ..Restored::default()
        }
    }

    /// Backs up what will be overwritten: these branches, or the one that is meant.
    async fn safety(&self, branches: &[String]) -> Result<Vec<PathBuf>, Error> {
        let folder = match &self.options.safety {
            Safety::None => return Ok(Vec::new()),
            Safety::Folder(folder) => folder.clone(),
            Safety::Beside => self.file.parent().map(Path::to_owned).unwrap_or_default(),
        };
        let backup = BackupOptions {
            to: folder,
            password: self.options.password.clone(),
            ..BackupOptions::default()
        };
        let mut places: Vec<Place> = branches
            .iter()
            .map(|label| self.into.clone().on_branch(label))
            .collect();
        if places.is_empty() {
            places.push(self.into.clone());
        }
        let mut made = Vec::new();
        for place in places {
            let Backup { path, .. } = Box::pin(create(&place, &backup, self.host)).await.map_err(|error| {
                error.with_hint(
                    "The safety backup could not be made, so nothing was restored. Say that there be none to restore without it.",
                )
            })?;
            made.push(path);
        }
        Ok(made)
    }
}

fn confirmed(subject: &Subject, options: &RestoreOptions) -> Result<(), Error> {
    if options.confirm == subject.name {
        return Ok(());
    }
    let given = if options.confirm.is_empty() {
        "No name was given".to_owned()
    } else {
        format!("The name that was given is {:?}", options.confirm)
    };
    Err(Error::refused(format!(
        "Restoring overwrites the workspace {:?} of {}. {given}, so nothing was done.",
        subject.name, subject.instance
    ))
    .with_hint("Give the exact name of the workspace as confirm."))
}

/// The backup's file and manifest, when it may be restored.
async fn good(file: &Path, options: &RestoreOptions) -> Result<(PathBuf, Manifest), Error> {
    let asked = file.to_owned();
    let password = options.password.clone();
    let looked = background(move || Ok(look(&asked, password.as_deref()))).await?;
    let Some(manifest) = looked.manifest.filter(|_| looked.state != State::Bad) else {
        let reason = looked.reason.unwrap_or_default();
        let message = format!(
            "{} is no good backup, so nothing was restored: {reason}",
            file.display()
        );
        return Err(Error::damaged(message));
    };
    if manifest.encrypted && options.password.is_none() {
        return Err(Error::config(format!(
            "{} is encrypted; give its password.",
            file.display()
        )));
    }
    if manifest.kind != Kind::Logical && options.tables.is_some() {
        return Err(Error::config(format!(
            "{} is an archive, which the server unpacks as a whole. Single tables can be restored from logical backups.",
            file.display()
        )));
    }
    Ok((looked.path, manifest))
}
