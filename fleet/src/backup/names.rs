//! Names of backups: readable, safe in every file system, and sorted by time within a workspace.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What the file of a backup ends with.
pub(crate) const ARCHIVE: &str = ".tar.gz";

/// What its manifest ends with.
pub(crate) const MANIFEST: &str = ".json";

/// What a file that was not finished ends with.
pub(crate) const PART: &str = ".part";

/// Letters of each name that go into the name of a file.
const LONGEST: usize = 40;

/// The file of a new backup in `folder`: `acme-Main-v1-2026-11-28T22-31-08Z-3f9a.tar.gz`. The end keeps two of the same second
/// apart.
pub(crate) fn fresh(folder: &Path, instance: &str, workspace: &str, branch: Option<&str>, now: SystemTime) -> PathBuf {
    let time = humantime::format_rfc3339_seconds(now).to_string().replace(':', "-");
    let mut name = format!("{}-{}", plain(instance), plain(workspace));
    if let Some(branch) = branch {
        name.push('-');
        name.push_str(&plain(branch));
    }
    folder.join(format!("{name}-{time}-{:04x}{ARCHIVE}", fastrand::u16(..)))
}

/// The manifest that belongs to the file of a backup.
pub(crate) fn manifest_of(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(ARCHIVE).unwrap_or(&name);
    file.with_file_name(format!("{stem}{MANIFEST}"))
}

/// The file that belongs to a manifest.
pub(crate) fn archive_of(manifest: &Path) -> PathBuf {
    let name = manifest.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(MANIFEST).unwrap_or(&name);
    manifest.with_file_name(format!("{stem}{ARCHIVE}"))
}

/// Whether a file's name ends like this, whatever the case.
pub(crate) fn ends(path: &Path, end: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.to_ascii_lowercase().ends_with(end)
}

/// A moment as RFC 3339 in UTC, to the millisecond: two backups of one second have an order.
pub(crate) fn moment(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

/// A name as a part of a file's name.
pub(crate) fn plain(name: &str) -> String {
    let mut plain: String = name
        .chars()
        .map(|letter| match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '-' => letter,
            _ => '_',
        })
        .take(LONGEST)
        .collect();
    // A leading dot hides a file, a leading dash looks like an option.
    if plain.is_empty() || plain.starts_with(['.', '-']) {
        plain.insert(0, '_');
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn names_are_safe_whatever_things_are_called() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let file = fresh(Path::new("to"), "../x", "Größe / 2", Some("v1"), time);
        let name = file.file_name().expect("a name").to_str().expect("text");
        assert_eq!(file.parent(), Some(Path::new("to")));
        assert!(name.starts_with("_.._x-Gr__e___2-v1-2023-11-14T22-13-20Z-"), "{name}");
        assert!(plain(&"x".repeat(500)).len() <= LONGEST);
        assert_eq!(plain(""), "_");
    }

    #[test]
    fn a_file_and_its_manifest_know_each_other() {
        let file = Path::new("a/b-1.tar.gz");
        let manifest = manifest_of(file);
        assert_eq!(manifest, Path::new("a/b-1.json"));
        assert_eq!(archive_of(&manifest), file);
        assert!(ends(Path::new("A.TAR.GZ"), ARCHIVE) && !ends(Path::new("a.gz"), ARCHIVE));
    }
}
