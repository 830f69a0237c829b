//! A folder of scripts, read as outside data: it may come out of an archive or a repository of somebody else.
//!
//! Files are taken in the order of their paths, so that a folder is the same source everywhere. Links are refused wherever
//! they stand: what they point at is not what was reviewed.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use xano_metadata::Error;

use super::source::LARGEST;
use crate::disk::cannot;

const MOST_FILES: usize = 20_000;
const DEEPEST: usize = 12;

/// All scripts of the folder as one text.
pub(super) fn read(folder: &Path) -> Result<String, Error> {
    let is_folder = fs::metadata(folder)
        .map_err(|cause| cannot("read", folder, &cause))?
        .is_dir();
    if !is_folder {
        return Err(Error::config(format!("{} is no folder.", folder.display())));
    }
    let mut files = Vec::new();
    look(folder, 0, &mut files)?;
    if files.is_empty() {
        return Err(Error::config(format!("{} holds no file *.xs.", folder.display())));
    }
    files.sort_unstable();
    let mut text = String::new();
    for path in files {
        let script = script(&path, LARGEST - text.len())?;
        let script = script.trim_start_matches('\u{feff}').trim();
        if script.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push_str("---\n");
        }
        text.push_str(script);
        text.push('\n');
    }
    Ok(text)
}

fn look(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    if depth > DEEPEST {
        return Err(Error::config(format!(
            "{} lies more than {DEEPEST} folders deep.",
            folder.display()
        )));
    }
    for entry in fs::read_dir(folder).map_err(|cause| cannot("read", folder, &cause))? {
        let entry = entry.map_err(|cause| cannot("read", folder, &cause))?;
        let path = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.contains(char::is_control)) else {
            let shown = name.to_string_lossy();
            return Err(Error::config(format!(
                "{} holds a name that is no plain text: {shown:?}.",
                folder.display()
            )));
        };
        if name.starts_with('.') {
            continue;
        }
        // Of the entry itself, not of what a link points at.
        let kind = entry.file_type().map_err(|cause| cannot("read", &path, &cause))?;
        let script = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xs"));
        if kind.is_symlink() {
            return Err(Error::config(format!(
                "{} is a link, and a source holds only files of its own. Put the file itself there.",
                path.display()
            )));
        } else if kind.is_dir() {
            look(&path, depth + 1, files)?;
        } else if script && !kind.is_file() {
            return Err(Error::config(format!("{} is no ordinary file.", path.display())));
        } else if script {
            files.push(path);
        }
        if files.len() > MOST_FILES {
            return Err(Error::config(format!("A source has at most {MOST_FILES} files.")));
        }
    }
    Ok(())
}

fn script(path: &Path, room: usize) -> Result<String, Error> {
    let failed = |cause: std::io::Error| cannot("read", path, &cause);
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    // One byte more than there is room for shows that it is too much, however long the file grows meanwhile.
    let most = u64::try_from(room).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > room {
        return Err(Error::config(format!(
            "{}: the source has more than {LARGEST} bytes.",
            path.display()
        )));
    }
    String::from_utf8(bytes).map_err(|_| Error::config(format!("{} is not UTF-8 text.", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("xano-folder-{:x}", fastrand::u64(..)));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn put(&self, name: &str, content: impl AsRef<[u8]>) {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }

        fn refusal(&self) -> String {
            read(&self.0).unwrap_err().to_string()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn scripts_come_in_the_order_of_their_paths_and_nothing_else_comes() {
        let folder = Folder::new();
        folder.put("b.xs", "function b {\n}\n\n");
        folder.put("a/deep.xs", "\u{feff}function a {\n}");
        folder.put("empty.xs", " \n");
        folder.put("README.md", "no script");
        folder.put(".git/hook.xs", "function hidden {\n}");
        assert_eq!(read(&folder.0).unwrap(), "function a {\n}\n---\nfunction b {\n}\n");
    }

    #[test]
    fn what_is_not_a_plain_script_is_refused() {
        let folder = Folder::new();
        assert!(folder.refusal().contains("no file *.xs"));
        folder.put("a.xs", b"\xff\xfe");
        assert!(folder.refusal().contains("UTF-8"));
        folder.put("a.xs", vec![b' '; LARGEST + 1]);
        assert!(folder.refusal().contains("more than"));
        folder.put("a.xs", "function a {\n}");
        folder.put("1/2/3/4/5/6/7/8/9/a/b/c/d/e.xs", "function e {\n}");
        assert!(folder.refusal().contains("deep"));
        assert!(
            read(&folder.0.join("a.xs"))
                .unwrap_err()
                .to_string()
                .contains("no folder")
        );
        assert!(
            read(&folder.0.join("none"))
                .unwrap_err()
                .to_string()
                .contains("cannot be read")
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_and_odd_names_are_refused() {
        use std::os::unix::ffi::OsStrExt as _;
        let secret = Folder::new();
        secret.put("secret.xs", "function secret {\n}");
        for name in ["link.xs", "folder", "readme.md"] {
            let folder = Folder::new();
            folder.put("a.xs", "function a {\n}");
            let to = if name == "folder" {
                secret.0.clone()
            } else {
                secret.0.join("secret.xs")
            };
            std::os::unix::fs::symlink(to, folder.0.join(name)).unwrap();
            assert!(folder.refusal().contains("is a link"), "{name}");
        }
        for name in [&b"a\nb.xs"[..], b"a\xff.xs"] {
            let folder = Folder::new();
            fs::write(folder.0.join(std::ffi::OsStr::from_bytes(name)), "function a {\n}").unwrap();
            assert!(folder.refusal().contains("no plain text"));
        }
        let folder = Folder::new();
        let _socket = std::os::unix::net::UnixListener::bind(folder.0.join("s.xs")).unwrap();
        assert!(folder.refusal().contains("no ordinary file"));
    }
}
