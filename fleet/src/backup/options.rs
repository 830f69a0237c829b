//! What making, keeping and restoring backups can be told.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use xano_metadata::Error;

/// How a backup is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An archive where the server exports one, and a logical backup where it refuses to.
    #[default]
    Auto,
    /// The archive that the server exports: everything of one branch. Exports need a paid plan.
    Archive,
    /// Schemas, indexes, every record of every data source, and the scripts of one branch, read piece by piece.
    Logical,
}

/// How to make a backup.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackupOptions {
    /// The folder it goes to, made when it does not exist. Default: `backups`.
    pub to: PathBuf,
    /// Encrypts it: an archive by the server, a logical backup here. Default: not encrypted.
    pub password: Option<String>,
    /// Default: auto.
    pub kind: Kind,
    /// The instance's name in names and manifests. Default: the first part of its host's name.
    pub instance: Option<String>,
    /// How often an archive that came broken is asked for again. Default: 2.
    pub retries: u32,
}

impl Default for BackupOptions {
    fn default() -> Self {
        Self {
            to: PathBuf::from("backups"),
            password: None,
            kind: Kind::Auto,
            instance: None,
            retries: 2,
        }
    }
}

impl std::fmt::Debug for BackupOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("BackupOptions")
            .field("to", &self.to)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .field("kind", &self.kind)
            .field("instance", &self.instance)
            .field("retries", &self.retries)
            .finish()
    }
}

impl BackupOptions {
    /// An empty password would mean none to the server and something else to whoever gave it.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.password.as_deref() == Some("") {
            return Err(Error::config(
                "The password is empty. Give one, or leave it out for a backup that is not encrypted.",
            ));
        }
        Ok(())
    }
}

/// Which backups of a workspace stay; the newest always does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keep {
    /// The newest so many. Default: 0.
    pub last: usize,
    /// Of each of the latest so many days (UTC) that have any, the newest. Default: 0.
    pub daily: usize,
    /// Of each of the latest so many weeks (UTC, from Monday) that have any, the newest. Default: 0.
    pub weekly: usize,
}

impl Keep {
    /// Keeping nothing is never meant.
    pub(crate) fn check(self) -> Result<(), Error> {
        if self == Self::default() {
            return Err(Error::config(
                "Keep says to keep nothing: give last, daily or weekly, or leave it out to keep every backup.",
            ));
        }
        Ok(())
    }
}

/// Where the backup goes that is made before anything is overwritten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Safety {
    /// The folder of the backup that is restored.
    #[default]
    Beside,
    /// This folder.
    Folder(PathBuf),
    /// None is made: what is overwritten is gone.
    None,
}

impl<'de> Deserialize<'de> for Safety {
    /// Text is a folder, null or false is none; left out it is the default.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Spelling {
            Folder(PathBuf),
            Wanted(bool),
        }
        Ok(match Option::<Spelling>::deserialize(deserializer)? {
            Some(Spelling::Folder(folder)) => Self::Folder(folder),
            Some(Spelling::Wanted(true)) => Self::Beside,
            Some(Spelling::Wanted(false)) | None => Self::None,
        })
    }
}

/// How to restore a backup.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RestoreOptions {
    /// The name of the workspace that is overwritten, exactly as the server has it. Without it nothing is done.
    pub confirm: String,
    /// Default: the folder of the backup.
    pub safety: Safety,
    /// What the backup was encrypted with; the safety backup is encrypted with it too.
    pub password: Option<String>,
    /// For logical backups: only these tables, each under the name it gets. A name of its own leaves the living table
    /// alone; the same name overwrites it. Default: everything.
    pub tables: Option<BTreeMap<String, String>>,
}

impl std::fmt::Debug for RestoreOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RestoreOptions")
            .field("confirm", &self.confirm)
            .field("safety", &self.safety)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .field("tables", &self.tables)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn safety_is_left_out_only_where_that_was_said() {
        let read =
            |json: serde_json::Value| serde_json::from_value::<RestoreOptions>(json).map(|options| options.safety);
        assert_eq!(read(json!({})).expect("options"), Safety::Beside);
        assert_eq!(read(json!({"safety": true})).expect("options"), Safety::Beside);
        assert_eq!(
            read(json!({"safety": "here"})).expect("options"),
            Safety::Folder("here".into())
        );
        for none in [json!(null), json!(false)] {
            assert_eq!(read(json!({"safety": none})).expect("options"), Safety::None);
        }
        assert!(read(json!({"safety": 7})).is_err() && read(json!({"safty": false})).is_err());
    }

    #[test]
    fn passwords_are_not_shown() {
        let options = BackupOptions {
            password: Some("open sesame".to_owned()),
            ..BackupOptions::default()
        };
        let restore = RestoreOptions {
            password: options.password.clone(),
            ..RestoreOptions::default()
        };
        assert!(!format!("{options:?} {restore:?}").contains("sesame"));
    }
}
