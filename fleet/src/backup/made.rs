//! A backup on its way: written beside its place and looked at, but without its name and its manifest yet.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;
use xano_metadata::Error;

use super::check::Contents;
use super::manifest::{Checked, Manifest, MembersEntry, TableEntry, WorkspaceEntry};
use super::names;
use super::options::Kind;
use super::subject::Subject;
use crate::disk::{self, Unfinished};

/// What has been made so far.
pub(crate) struct Made {
    pub(crate) file: Unfinished,
    pub(crate) kind: Kind,
    pub(crate) size: u64,
    pub(crate) sha256: String,
    pub(crate) encrypted: bool,
    pub(crate) contents: Option<Contents>,
    pub(crate) tables: Option<Vec<TableEntry>>,
    pub(crate) scripts: Option<bool>,
    pub(crate) warnings: Vec<String>,
}

/// A backup that is whole, checked and on the disk.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Backup {
    /// Its file.
    pub path: PathBuf,
    /// Its manifest.
    pub manifest_path: PathBuf,
    /// What its manifest says.
    #[serde(flatten)]
    pub manifest: Manifest,
    /// Seconds that it took.
    pub seconds: f64,
}

impl Made {
    /// Gives it its name, and then its manifest: a crash between the two leaves a file that nobody vouches for, and one before
    /// them a file that says that it is a part.
    pub(crate) fn finish(self, place: &Path, subject: &Subject, began: SystemTime) -> Result<Backup, Error> {
        let (format, version, tool) = Manifest::format();
        let manifest = Manifest {
            format,
            version,
            tool,
            file: place.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            kind: self.kind,
            created_at: names::moment(began),
            instance: subject.instance.clone(),
            base_url: subject.base_url.clone(),
            workspace: WorkspaceEntry {
                id: subject.id,
                name: subject.name.clone(),
            },
            branch: subject.branch.clone(),
            size: self.size,
            sha256: self.sha256,
            encrypted: self.encrypted,
            checked: if self.contents.is_some() {
                Checked::Contents
            } else {
                Checked::Size
            },
            members: self.contents.map(|contents| MembersEntry {
                count: contents.members,
                bytes: contents.bytes,
                sha256: contents.listing,
            }),
            tables: self.tables,
            scripts: self.scripts,
            warnings: self.warnings,
        };
        let manifest_path = names::manifest_of(place);
        self.file.finish()?;
        if let Err(error) = manifest.write(&manifest_path) {
            // It was made a moment ago and will never count.
            let _ = std::fs::remove_file(place);
            return Err(error);
        }
        if let Some(folder) = place.parent() {
            disk::sync_folder(folder);
        }
        Ok(Backup {
            path: place.to_owned(),
            manifest_path,
            manifest,
            seconds: began.elapsed().unwrap_or_default().as_secs_f64(),
        })
    }
}
