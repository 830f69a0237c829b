//! What is wrong with a backup.

use std::io;

use serde::{Deserialize, Serialize};
use xano_metadata::Error;

/// The kinds of trouble that a backup can have, for programs to branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trouble {
    /// It ends before its end.
    Truncated,
    /// It is not what was stored: bytes differ, or there are too many.
    Changed,
    /// It is JSON, such as a server's refusal, a web page, or empty.
    NotAnArchive,
    /// It is encrypted, or nothing that can be recognised, where a plain archive was due.
    Encrypted,
    /// It is plain where an encrypted one was due.
    NotEncrypted,
    /// It is encrypted and does not open with this password.
    WrongPassword,
    /// It holds what an archive must not hold: a path that leads outside, a link, more than it may unpack to.
    Unsafe,
    /// What is in it is not what a backup of its kind holds.
    Contents,
    /// There is no manifest beside it, so nobody vouches for it.
    ManifestMissing,
    /// Its manifest cannot be read or was changed.
    ManifestDamaged,
    /// There is a manifest, but not the file it speaks of.
    FileMissing,
    /// It cannot be read from the disk.
    Unreadable,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) trouble: Trouble,
    /// A sentence.
    pub(crate) reason: String,
}

impl Flaw {
    pub(crate) fn new(trouble: Trouble, reason: impl Into<String>) -> Self {
        Self {
            trouble,
            reason: reason.into(),
        }
    }

    /// As the error of whoever wanted to use it.
    pub(crate) fn into_error(self, about: &str) -> Error {
        Error::damaged(format!("{about}: {}", self.reason))
    }
}

/// What a decoder of ours or of a library found.
impl From<io::Error> for Flaw {
    fn from(cause: io::Error) -> Self {
        if let Some(flaw) = cause.get_ref().and_then(|inner| inner.downcast_ref::<Carried>()) {
            return flaw.0.clone();
        }
        match cause.kind() {
            io::ErrorKind::UnexpectedEof => Self::new(Trouble::Truncated, "It ends in the middle of its data."),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                Self::new(Trouble::Changed, format!("It does not unpack: {cause}."))
            }
            _ => Self::new(Trouble::Unreadable, format!("It cannot be read: {cause}.")),
        }
    }
}

/// A flaw on its way through something that only knows [`io::Error`].
#[derive(Debug)]
struct Carried(Flaw);

impl std::fmt::Display for Carried {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0.reason)
    }
}

impl std::error::Error for Carried {}

impl From<Flaw> for io::Error {
    fn from(flaw: Flaw) -> Self {
        Self::other(Carried(flaw))
    }
}
