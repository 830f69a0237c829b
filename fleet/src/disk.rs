//! Files that appear whole or not at all, readable by their owner alone.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use xano_metadata::Error;

/// A file under way: written beside its place, fsynced and renamed by [`finish`](Self::finish), removed otherwise.
#[derive(Debug)]
pub(crate) struct Unfinished {
    file: Option<File>,
    beside: PathBuf,
    place: PathBuf,
}

impl Unfinished {
    /// Begins the file for `place`. Its folder has to exist.
    pub(crate) fn begin(place: &Path) -> Result<Self, Error> {
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{:08x}.part", fastrand::u32(..)));
        let beside = place.with_file_name(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&beside)
            .map_err(|cause| cannot("written", place, &cause))?;
        Ok(Self {
            file: Some(file),
            beside,
            place: place.to_owned(),
        })
    }

    /// Where it is being written, for checks before it counts.
    pub(crate) fn path(&self) -> &Path {
        &self.beside
    }

    /// Makes it durable and gives it its name.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        let refuse = |cause: io::Error| cannot("written", &self.place, &cause);
        if let Some(file) = self.file.take() {
            file.sync_all().map_err(refuse)?;
        }
        std::fs::rename(&self.beside, &self.place).map_err(refuse)?;
        if let Some(folder) = self.place.parent() {
            sync_folder(folder);
        }
        Ok(())
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After `finish` there is nothing of this name any more.
        let _ = std::fs::remove_file(&self.beside);
    }
}

/// Makes sure that there is such a folder; what is made of it only its owner can look into.
pub(crate) fn folder(path: &Path) -> Result<(), Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|cause| cannot("made", path, &cause))
}

/// Writes a small file whole.
pub(crate) fn write_whole(place: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = Unfinished::begin(place)?;
    file.write_all(bytes)
        .map_err(|cause| cannot("written", place, &cause))?;
    file.finish()
}

/// Makes the names in a folder durable, where the system can.
pub(crate) fn sync_folder(folder: &Path) {
    // An empty parent is the current folder. Systems that cannot open a folder keep its names by themselves.
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// What happened to a file, and which.
pub(crate) fn cannot(be: &str, path: &Path, cause: &io::Error) -> Error {
    Error::config(format!("{} cannot be {be}: {cause}.", path.display()))
}
