//! The file that lets a killed job go on where it was.
//!
//! It is replaced as a whole: written beside itself, flushed to the disk, renamed, and the folder flushed, so that a crash
//! leaves the old or the new one. It says what the job is, so that another job, table or source is refused instead of
//! mixed in. A second process is kept
//! away (`lock.rs`).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ledger::Ledger;
use super::lock;
use crate::error::Error;
use crate::file_lock::{FileLock, beside};
use crate::runtime;
use crate::target::private;

const FORMAT: &str = "xano-metadata checkpoint of a load";
const VERSION: u32 = 1;

/// What a job is: two runs with the same are runs of one job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    pub(super) origin: String,
    pub(super) table: String,
    pub(super) table_name: String,
    pub(super) data_source: String,
    pub(super) action: String,
    pub(super) key: Option<String>,
    pub(super) keep_ids: Option<bool>,
}

/// All that the file holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: String,
    version: u32,
    /// Random; ids that the job makes are derived from it.
    job: String,
    identity: Identity,
    ledger: Ledger,
}

/// The part by which any version is known.
#[derive(Deserialize)]
struct Opening {
    format: String,
    version: u32,
}

/// What an earlier run left.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) job: String,
    pub(super) ledger: Ledger,
}

/// A checkpoint that is this job's own.
#[derive(Debug)]
pub(super) struct Checkpoint {
    path: PathBuf,
    identity: Identity,
    lock: Arc<FileLock>,
}

impl Checkpoint {
    /// Takes the file for this job, with what an earlier run left in it. It may wait for a moment.
    pub(super) fn take(path: &Path, identity: Identity) -> Result<(Self, Option<Left>), Error> {
        let lock = Arc::new(lock::take(path)?);
        let left = read(path, &identity)?;
        let checkpoint = Self {
            path: path.to_owned(),
            identity,
            lock,
        };
        Ok((checkpoint, left))
    }

    /// The text for a state of the job.
    pub(super) fn text(&self, job: &str, ledger: &Ledger) -> Result<Vec<u8>, Error> {
        let content = Content {
            format: FORMAT.to_owned(),
            version: VERSION,
            job: job.to_owned(),
            identity: self.identity.clone(),
            ledger: ledger.clone(),
        };
        serde_json::to_vec(&content).map_err(|cause| Error::internal(format!("A checkpoint has no text: {cause}.")))
    }

    /// Puts the text into the file. Done when this returns, whatever happens then.
    pub(super) async fn write(&self, text: Vec<u8>) -> Result<(), Error> {
        let (path, lock) = (self.path.clone(), Arc::clone(&self.lock));
        let writing = runtime::blocking(move || {
            let result = replace(&path, &text);
            // Held to here, so that nobody reads while the last state of a job that was given up is being written.
            drop(lock);
            result
        });
        let result = writing.await.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        result.map_err(|cause| self.failed(&cause))
    }

    fn failed(&self, cause: &io::Error) -> Error {
        Error::config(format!(
            "The checkpoint {} cannot be written: {cause}. Make room or choose another place; what the file says is still true.",
            self.path.display()
        ))
    }

    /// The job is done and needs it no more.
    pub(super) fn remove(self) -> Result<(), Error> {
        match fs::remove_file(&self.path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(self.failed(&cause)),
            _ => {
                self.lock.remove();
                Ok(())
            }
        }
    }
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let fresh = beside(path, ".new");
    // Never through what somebody else may have put there: it could be a link, or a file that others can read.
    let mut options = OpenOptions::new();
    let options = private(options.write(true).create_new(true));
    let mut file = match options.open(&fresh) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(&fresh)?;
            options.open(&fresh)?
        }
        opened => opened?,
    };
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

fn unusable(path: &Path, reason: &str) -> Error {
    Error::config(format!(
        "{} {reason} Nothing was sent and the file was left as it is.",
        path.display()
    ))
}

fn read(path: &Path, identity: &Identity) -> Result<Option<Left>, Error> {
    let refuse = |reason: String| Err(unusable(path, &reason));
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return refuse(format!("cannot be read: {cause}.")),
    };
    understand(path, &text, identity).map(Some)
}

/// The checkpoint that a text is, if it is this job's.
fn understand(path: &Path, text: &[u8], identity: &Identity) -> Result<Left, Error> {
    let refuse = |reason: String| Err(unusable(path, &reason));
    match serde_json::from_slice::<Opening>(text) {
        Ok(opening) if opening.format == FORMAT && opening.version != VERSION => {
            return refuse(format!(
                "is a checkpoint of another version of this library ({}): go on with that version, or give another file.",
                opening.version
            ));
        }
        Ok(opening) if opening.format == FORMAT => {}
        _ => return refuse("is no checkpoint of a load: give another file, or remove it.".to_owned()),
    }
    let content: Content = match serde_json::from_slice(text) {
        Ok(content) => content,
        Err(cause) => {
            return refuse(format!(
                "is a damaged checkpoint ({cause}): restore it, or remove it to begin anew with what is not yet loaded."
            ));
        }
    };
    if let Some(difference) = content.identity.difference(identity) {
        return refuse(format!(
            "is the checkpoint of another job: {difference}. Give another file, or remove it if that job is given up."
        ));
    }
    Ok(Left {
        job: content.job,
        ledger: content.ledger,
    })
}

/// Whether a text is the checkpoint of a job that inserts into table 1 at `https://x.example`, and if so what would be
/// written of it again.
///
/// # Errors
/// `config_error` when it is none, or another job's.
#[cfg(feature = "fuzzing")]
pub fn checkpoint_for_fuzzing(text: &[u8]) -> Result<Vec<u8>, Error> {
    let identity = Identity {
        origin: "https://x.example".to_owned(),
        table: "1".to_owned(),
        table_name: "order".to_owned(),
        data_source: "live".to_owned(),
        action: "insert".to_owned(),
        key: None,
        keep_ids: None,
    };
    let left = understand(Path::new("checkpoint"), text, &identity)?;
    let content = Content {
        format: FORMAT.to_owned(),
        version: VERSION,
        job: left.job,
        identity,
        ledger: left.ledger,
    };
    serde_json::to_vec(&content).map_err(|cause| Error::internal(format!("A checkpoint has no text: {cause}.")))
}

impl Identity {
    /// What differs between an earlier run's and this one's, in words. A table may have got another name.
    fn difference(&self, this: &Self) -> Option<String> {
        let shown = |text: &Option<String>| {
            text.as_ref()
                .map_or_else(|| "no key".to_owned(), |key| format!("the key {key:?}"))
        };
        let ids = |keep: Option<bool>| match keep {
            None => "did not say what to do with ids",
            Some(true) => "kept ids",
            Some(false) => "dropped ids",
        };
        if self.origin != this.origin {
            Some(format!("it goes to {}, and this one to {}", self.origin, this.origin))
        } else if self.table != this.table {
            Some(format!(
                "it loads table {} ({:?}), and this one table {} ({:?})",
                self.table, self.table_name, this.table, this.table_name
            ))
        } else if self.data_source != this.data_source {
            Some(format!(
                "it loads the data source {:?}, and this one {:?}",
                self.data_source, this.data_source
            ))
        } else if self.action != this.action {
            Some(format!("its action is {}, and this one's {}", self.action, this.action))
        } else if self.key != this.key {
            Some(format!(
                "it has {}, and this one {}",
                shown(&self.key),
                shown(&this.key)
            ))
        } else if self.keep_ids != this.keep_ids {
            Some(format!(
                "it {}, and this one {}",
                ids(self.keep_ids),
                ids(this.keep_ids)
            ))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn identity() -> Identity {
        Identity {
            origin: "https://x1.example".to_owned(),
            table: "7".to_owned(),
            table_name: "orders".to_owned(),
            data_source: "live".to_owned(),
            action: "insert".to_owned(),
            key: None,
            keep_ids: None,
        }
    }

    type Change = fn(&mut Identity);

    /// A folder of its own, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let name = format!("xano-checkpoint-{}-{:x}", std::process::id(), fastrand::u64(..));
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).expect("a folder");
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("job.json")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    async fn write(path: &Path, ledger: &Ledger) {
        let (checkpoint, _) = Checkpoint::take(path, identity()).expect("it is ours");
        let text = checkpoint.text("ab", ledger).expect("text");
        checkpoint.write(text).await.expect("it is written");
    }

    #[tokio::test]
    async fn it_reads_as_it_was_written_and_goes_when_done() {
        let folder = Folder::new();
        let mut ledger = Ledger::default();
        (ledger.mark, ledger.top) = (500, Some(9));
        write(&folder.file(), &ledger).await;
        let (checkpoint, left) = Checkpoint::take(&folder.file(), identity()).expect("it is ours");
        let left = left.expect("an earlier run's");
        assert_eq!((left.job.as_str(), left.ledger), ("ab", ledger));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(folder.file()).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        checkpoint.remove().expect("it is removed");
        assert_eq!(fs::read_dir(&folder.0).expect("a folder").count(), 0);
    }

    #[tokio::test]
    async fn another_job_is_refused_by_what_differs() {
        let folder = Folder::new();
        write(&folder.file(), &Ledger::default()).await;
        let others: [(Change, &str); 6] = [
            (
                |id| id.origin = "https://x2.example".into(),
                "goes to https://x1.example",
            ),
            (
                |id| id.table = "8".into(),
                "loads table 7 (\"orders\"), and this one table 8",
            ),
            (
                |id| id.data_source = "test".into(),
                "the data source \"live\", and this one \"test\"",
            ),
            (
                |id| id.action = "update".into(),
                "its action is insert, and this one's update",
            ),
            (
                |id| id.key = Some("sku".into()),
                "it has no key, and this one the key \"sku\"",
            ),
            (|id| id.keep_ids = Some(true), "and this one kept ids"),
        ];
        for (change, words) in others {
            let mut other = identity();
            change(&mut other);
            let error = Checkpoint::take(&folder.file(), other).expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.message().contains(words), "{error}");
        }
        let mut renamed = identity();
        renamed.table_name = "purchases".into();
        assert!(Checkpoint::take(&folder.file(), renamed).is_ok());
    }

    /// Torn in the middle, of another program, of another version: never taken, never overwritten.
    #[tokio::test]
    async fn what_is_no_checkpoint_stays_as_it_is() {
        let folder = Folder::new();
        write(&folder.file(), &Ledger::default()).await;
        let whole = fs::read(folder.file()).expect("a file");
        let newer = String::from_utf8_lossy(&whole).replace("\"version\":1", "\"version\":2");
        let odd = String::from_utf8_lossy(&whole).replace("\"mark\":0", "\"mark\":-1");
        let torn = (0..whole.len()).step_by(7).map(|length| whole[..length].to_vec());
        let others = [
            b"".to_vec(),
            b"{}".to_vec(),
            b"id,name\n1,a\n".to_vec(),
            newer.into(),
            odd.into(),
        ];
        for content in torn.chain(others) {
            fs::write(folder.file(), &content).expect("a file");
            let error = Checkpoint::take(&folder.file(), identity()).expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::Config);
            assert_eq!(fs::read(folder.file()).expect("a file"), content);
        }
    }

    #[tokio::test]
    async fn a_second_job_is_kept_away() {
        let folder = Folder::new();
        let (_held, _) = Checkpoint::take(&folder.file(), identity()).expect("it is ours");
        let error = Checkpoint::take(&folder.file(), identity()).expect_err("in use");
        assert!(
            error
                .message()
                .contains(&format!("in use by another job (process {})", std::process::id())),
            "{error}"
        );
        let nowhere = folder.0.join("none").join("job.json");
        let error = Checkpoint::take(&nowhere, identity()).expect_err("no folder");
        assert!(error.message().contains("must exist and be writable"), "{error}");
    }
}
