//! A file that appears whole or not at all.
//!
//! It is written beside its place under a name of its own, brought to the disk and renamed at the end, so that whoever reads
//! the place finds the old file or the new one, whenever power or the process goes away. Given up, it leaves nothing. What
//! is in it may be anybody's data, so nobody but its owner may read it, from its first byte on.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The place of a file under way. Dropped, it takes the file away, also from under whoever is still writing.
#[derive(Debug)]
pub(crate) struct Target {
    beside: PathBuf,
    place: PathBuf,
    finished: bool,
}

impl Target {
    /// Begins a file that is to be at `path`, and answers what to write to. What stands there already stays until
    /// [`finish`](Self::finish); a link is followed, so that it stays one.
    pub(crate) fn create(path: &Path) -> Result<(Self, File), Error> {
        let (place, old) = match fs::canonicalize(path) {
            Ok(place) => {
                let old = fs::metadata(&place).map_err(|cause| refuse(path, &cause))?;
                (place, Some(old))
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => (path.to_owned(), None),
            Err(cause) => return Err(refuse(path, &cause)),
        };
        let is_file = old.as_ref().is_none_or(fs::Metadata::is_file);
        let Some(name) = place.file_name().filter(|_| is_file) else {
            return Err(Error::config(format!(
                "{} cannot be written: it is there, and no file.",
                path.display()
            )));
        };
        let mut beside = name.to_owned();
        beside.push(format!(".{:016x}.part", fastrand::u64(..)));
        let beside = place.with_file_name(beside);
        // Never one that is there: in a folder that others may write to, it could be a link to somewhere else.
        let file = private(OpenOptions::new().write(true).create_new(true))
            .open(&beside)
            .map_err(|cause| refuse(path, &cause))?;
        let target = Self {
            beside,
            place,
            finished: false,
        };
        if let Some(old) = old {
            // Who may read the old file may read the new one, and nobody else.
            fs::set_permissions(&target.beside, old.permissions()).map_err(|cause| refuse(path, &cause))?;
        }
        Ok((target, file))
    }

    /// Where it is to be, for messages.
    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    /// Puts it in its place.
    pub(crate) fn finish(mut self, file: File) -> Result<(), Error> {
        file.sync_all().map_err(|cause| refuse(&self.place, &cause))?;
        drop(file);
        fs::rename(&self.beside, &self.place).map_err(|cause| refuse(&self.place, &cause))?;
        self.finished = true;
        sync_folder(&self.place);
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if !self.finished {
            // There is nobody to tell.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

/// Readable and writable by its owner only, where it is made.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

pub(crate) fn refuse(path: &Path, cause: &io::Error) -> Error {
    Error::config(format!("{} cannot be written: {cause}.", path.display()))
}

/// Brings the new name to the disk. Where folders cannot be opened, the system sees to it itself.
fn sync_folder(place: &Path) {
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
        // The file itself is safe; a file system that cannot sync a folder is not a failure of the export.
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xano-target-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = folder("whole");
        let path = folder.join("a.csv");
        let (target, mut file) = Target::create(&path).expect("a target");
        file.write_all(b"first").expect("written");
        assert!(!path.exists());
        target.finish(file).expect("in its place");
        assert_eq!(fs::read(&path).expect("a file"), b"first");

        let (target, mut file) = Target::create(&path).expect("a target");
        file.write_all(b"half").expect("written");
        assert_eq!(names(&folder).len(), 2);
        drop(target);
        assert_eq!(names(&folder), ["a.csv"]);
        assert_eq!(fs::read(&path).expect("a file"), b"first");

        let (target, mut file) = Target::create(&path).expect("a target");
        file.write_all(b"second").expect("written");
        target.finish(file).expect("in its place");
        assert_eq!(fs::read(&path).expect("a file"), b"second");
        assert_eq!(names(&folder), ["a.csv"]);
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn what_is_no_place_for_a_file_is_refused() {
        let folder = folder("refused");
        for path in [folder.clone(), folder.join("missing").join("a.csv"), PathBuf::from("/")] {
            let error = Target::create(&path).expect_err("no file");
            assert_eq!(error.code(), "config_error", "{error}");
        }
        assert!(names(&folder).is_empty());
        fs::remove_dir_all(folder).expect("removed");
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_its_owners_alone_from_the_start() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = folder("private");
        let path = folder.join("a.csv");
        let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
        let (target, file) = Target::create(&path).expect("a target");
        assert_eq!(mode(&target.beside), 0o600);
        target.finish(file).expect("in its place");
        assert_eq!(mode(&path), 0o600);
        fs::remove_dir_all(folder).expect("removed");
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let folder = folder("links");
        let (path, link) = (folder.join("a.csv"), folder.join("link.csv"));
        fs::write(&path, "old").expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        symlink(&path, &link).expect("a link");
        let (target, mut file) = Target::create(&link).expect("a target");
        file.write_all(b"new").expect("written");
        target.finish(file).expect("in its place");
        assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
        assert_eq!(fs::read(&path).expect("a file"), b"new");
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        assert_eq!(
            Target::create(Path::new("/dev/null")).expect_err("a device").code(),
            "config_error"
        );
        fs::remove_dir_all(folder).expect("removed");
    }
}
