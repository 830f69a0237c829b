//! The manifest beside a backup: what it is, and the hash that says whether it still is.
//!
//! It is written last, so a file without one was never finished. Its last field is a hash of all the others, so a manifest
//! that was changed is known as well as a file that was.

use std::collections::BTreeMap;
use std::path::Path;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use xano_metadata::Error;

use super::check::hex;
use super::flaw::{Flaw, Trouble};
use super::options::Kind;
use crate::disk;

/// What every manifest begins with.
const FORMAT: &str = "xano-metadata-backup";

/// The version that is written. Others are not read.
const VERSION: u32 = 1;

/// The largest manifest that is read: room for a hundred thousand tables.
const LARGEST: u64 = 64 << 20;

/// What is known of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Manifest {
    /// Always `xano-metadata-backup`.
    pub format: String,
    /// The version of the manifest, 1.
    pub version: u32,
    /// The version of the library that made it.
    pub tool: String,
    /// The name of the file, which is in the same folder.
    pub file: String,
    /// How it was made: archive or logical.
    pub kind: Kind,
    /// When it was begun, RFC 3339 in UTC.
    pub created_at: String,
    /// The name of the instance.
    pub instance: String,
    /// The base URL of the instance.
    pub base_url: String,
    /// The workspace.
    pub workspace: WorkspaceEntry,
    /// The branch whose logic is in it; none where the server did not say which one is live.
    pub branch: Option<String>,
    /// Bytes of the file.
    pub size: u64,
    /// The hash of the file, in hexadecimal digits.
    pub sha256: String,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// What was looked at before it counted: `contents` (to the end of every member), or `size` alone where the server
    /// encrypted it.
    pub checked: Checked,
    /// What is in the archive; none where it could not be looked at.
    pub members: Option<MembersEntry>,
    /// The tables and how many records of each, for logical backups.
    pub tables: Option<Vec<TableEntry>>,
    /// Whether the scripts are in it, for logical backups.
    pub scripts: Option<bool>,
    /// What a reader should know: what is not in it, or why it is of this kind.
    pub warnings: Vec<String>,
}

/// The workspace of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct WorkspaceEntry {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// What was looked at before a backup counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checked {
    /// The gzip stream to its trailer, the archive to its end; of a logical backup every row.
    Contents,
    /// Its length, as the server told it: the server encrypted it, in a format that is not published.
    Size,
}

/// What is in an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MembersEntry {
    /// Files and folders.
    pub count: u64,
    /// Bytes that it unpacks to.
    pub bytes: u64,
    /// The hash of their names and sizes.
    pub sha256: String,
}

/// A table of a logical backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TableEntry {
    /// Its name.
    pub name: String,
    /// Records by the label of their data source.
    pub records: BTreeMap<String, u64>,
}

/// As it is in the file.
#[derive(Serialize, Deserialize)]
struct Sealed {
    #[serde(flatten)]
    manifest: serde_json::Value,
    seal: String,
}

impl Manifest {
    /// The fields that are the same in all of them.
    pub(crate) fn format() -> (String, u32, String) {
        let tool = concat!("xano-metadata ", env!("CARGO_PKG_VERSION"));
        (FORMAT.to_owned(), VERSION, tool.to_owned())
    }

    /// Records in all.
    #[must_use]
    pub fn records(&self) -> Option<u64> {
        let tables = self.tables.as_ref()?;
        Some(tables.iter().flat_map(|table| table.records.values()).sum())
    }

    /// Of the same workspace and branch of the same instance: what retention counts together.
    pub(crate) fn series(&self) -> (String, i64, Option<String>) {
        (self.base_url.clone(), self.workspace.id, self.branch.clone())
    }

    /// Writes it, whole or not at all.
    pub(crate) fn write(&self, place: &Path) -> Result<(), Error> {
        let refuse = |cause: serde_json::Error| Error::internal(format!("The manifest cannot be written: {cause}."));
        let manifest = serde_json::to_value(self).map_err(refuse)?;
        let sealed = Sealed {
            seal: self.seal().map_err(refuse)?,
            manifest,
        };
        let mut text = serde_json::to_vec_pretty(&sealed).map_err(refuse)?;
        text.push(b'\n');
        disk::write_whole(place, &text)
    }

    fn seal(&self) -> Result<String, serde_json::Error> {
        Ok(hex(digest(&SHA256, &serde_json::to_vec(self)?).as_ref()))
    }

    /// Reads one. None: the file is JSON, or none at all, but no manifest of ours.
    pub(crate) fn read(place: &Path) -> Result<Option<Self>, Flaw> {
        if std::fs::metadata(place)?.len() > LARGEST {
            return Ok(None);
        }
        Self::understand(&std::fs::read(place)?)
    }

    /// The manifest that a text is.
    pub(super) fn understand(text: &[u8]) -> Result<Option<Self>, Flaw> {
        let damaged = |reason: String| Flaw::new(Trouble::ManifestDamaged, reason);
        let Ok(sealed) = serde_json::from_slice::<Sealed>(text) else {
            // What was one names itself still; what never was one is none of ours.
            let named = text.windows(FORMAT.len()).any(|part| part == FORMAT.as_bytes());
            return if named {
                Err(damaged(
                    "The manifest does not read as one: it was cut or changed.".to_owned(),
                ))
            } else {
                Ok(None)
            };
        };
        if sealed.manifest.get("format").and_then(serde_json::Value::as_str) != Some(FORMAT) {
            return Ok(None);
        }
        let version = sealed.manifest.get("version").and_then(serde_json::Value::as_u64);
        if version != Some(u64::from(VERSION)) {
            return Err(damaged(format!(
                "The manifest is of version {}; this program knows version {VERSION}.",
                version.map_or_else(|| "?".to_owned(), |version| version.to_string())
            )));
        }
        let manifest: Self = serde_json::from_value(sealed.manifest)
            .map_err(|cause| damaged(format!("The manifest does not read as one: {cause}.")))?;
        if manifest.seal().ok().as_deref() != Some(sealed.seal.as_str()) {
            return Err(damaged("The manifest was changed since it was written.".to_owned()));
        }
        Ok(Some(manifest))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A manifest of a backup made at this moment.
    pub(crate) fn manifest(file: &str, created_at: &str) -> Manifest {
        let (format, version, tool) = Manifest::format();
        Manifest {
            format,
            version,
            tool,
            file: file.to_owned(),
            kind: Kind::Logical,
            created_at: created_at.to_owned(),
            instance: "acme".to_owned(),
            base_url: "https://acme.example.com/api:meta".to_owned(),
            workspace: WorkspaceEntry {
                id: 1,
                name: "Größe \"2\"".to_owned(),
            },
            branch: Some("v1".to_owned()),
            size: 9,
            sha256: "0".repeat(64),
            encrypted: false,
            checked: Checked::Contents,
            members: Some(MembersEntry {
                count: 3,
                bytes: 9,
                sha256: "1".repeat(64),
            }),
            tables: Some(vec![TableEntry {
                name: "orders".to_owned(),
                records: [("live".to_owned(), 7), ("test".to_owned(), 1)].into(),
            }]),
            scripts: Some(true),
            warnings: vec!["Files are not in it.".to_owned()],
        }
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written_and_any_change_is_known() {
        let folder = std::env::temp_dir().join(format!("xano-manifest-{:016x}", fastrand::u64(..)));
        std::fs::create_dir(&folder).expect("a folder");
        let place = folder.join("m.json");
        let manifest = manifest("m.tar.gz", "2026-11-28T22:00:00Z");
        manifest.write(&place).expect("written");
        assert_eq!(Manifest::read(&place).expect("read"), Some(manifest.clone()));
        assert_eq!(manifest.records(), Some(8));
        let text = std::fs::read(&place).expect("text");
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed[at] ^= 1;
            std::fs::write(&place, &changed).expect("written");
            let read = Manifest::read(&place);
            // White space and the case of nothing else may differ; where the format's name is hit, it is no longer ours.
            assert!(!matches!(&read, Ok(Some(other)) if *other != manifest), "byte {at}");
        }
        for (text, expected) in [
            (&b"{}"[..], Ok(None)),
            (b"hello", Ok(None)),
            (&text[..text.len() / 2], Err(Trouble::ManifestDamaged)),
        ] {
            std::fs::write(&place, text).expect("written");
            let read = Manifest::read(&place).map_err(|flaw| flaw.trouble);
            assert_eq!(read.map(|found| found.map(|_| ())), expected);
        }
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
