//! Backups that are checked before they count.
//!
//! A backup is a `.tar.gz` and a manifest beside it. The file is written under another name, looked at to its last byte, made
//! durable, and only then gets its name; the manifest with its hash comes last. So whatever breaks off, refuses or lies on
//! the way leaves nothing that looks like a good backup, and [`verify`] can tell at any later time whether it still is one.
//!
//! - [`create`] makes one of a workspace: the archive that the server exports, or, where it exports none, a logical one of
//!   schemas, records and scripts.
//! - [`fleet`](fn@fleet) makes them of every workspace of a fleet, and removes old ones by a rule once a new good one exists.
//! - [`verify`] looks at those that there are.
//! - [`restore`](fn@restore) puts one back, after the workspace was named and backed up itself.
//!
//! ```no_run
//! # async fn example(instance: xano_metadata::Connection) -> Result<(), xano_metadata::Error> {
//! use xano_fleet::backup::{self, BackupOptions};
//! use xano_fleet::{Place, Silent};
//!
//! let place = Place::new(instance, "Main");
//! let backup = backup::create(&place, &BackupOptions::default(), &Silent).await?;
//! println!("{} is good: {} bytes", backup.path.display(), backup.manifest.size);
//! let found = backup::verify("backups".as_ref(), None, &Silent).await?;
//! assert!(found.ok);
//! # Ok(())
//! # }
//! ```

mod archive;
mod check;
mod contents;
mod create;
mod flaw;
mod fleet;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod keep;
mod logical;
mod made;
mod manifest;
mod names;
mod options;
mod restore;
mod seal;
mod subject;
mod tarball;
pub(crate) mod task;
mod telling;
mod verify;

use xano_metadata::{Error, runtime};

pub use create::create;
pub use flaw::Trouble;
pub use fleet::{FleetBackup, FleetBackupOptions, Removed, fleet};
pub use made::Backup;
pub use manifest::{Checked, Manifest, MembersEntry, TableEntry, WorkspaceEntry};
pub use options::{BackupOptions, Keep, Kind, RestoreOptions, Safety};
pub use restore::{Restored, RestoredTable, restore};
pub use verify::{State, Verification, Verified, verify};

/// Does what may wait for the disk, or computes a while, where nobody else has to wait for it.
async fn background<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    match runtime::blocking(work).await {
        Ok(result) => result,
        Err(cause) => Err(Error::internal(format!("Work on a file broke off: {cause}."))),
    }
}
