//! How to deploy.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How to deploy. All of it has defaults, and all of it can be read from JSON, which is how the language faces hand it over.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeployOptions {
    /// Only say what would be done. Default: true; nothing is written to any server.
    pub dry_run: bool,
    /// The journal's file. Its folder has to exist. Default: `LABEL.json` in the current folder.
    pub journal: Option<PathBuf>,
    /// What encrypts the safety backups. It is not kept: resuming needs it again. Default: they are not encrypted.
    pub backup_password: Option<String>,
    /// Seconds after which a lost answer is looked for a second time, as the server may still have been at it. Default: 1.
    pub settle: f64,
    /// What holds for the deployment as a whole, however often it is resumed.
    pub rules: Rules,
}

impl Default for DeployOptions {
    fn default() -> Self {
        Self {
            dry_run: true,
            journal: None,
            backup_password: None,
            settle: 1.0,
            rules: Rules::default(),
        }
    }
}

impl fmt::Debug for DeployOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DeployOptions")
            .field("dry_run", &self.dry_run)
            .field("journal", &self.journal)
            .field("backup_password", &self.backup_password.as_ref().map(|_| "…"))
            .field("settle", &self.settle)
            .field("rules", &self.rules)
            .finish()
    }
}

/// What a deployment keeps to. The journal holds it, so that resuming cannot leave out a test or a gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, told by its name"
)]
pub struct Rules {
    /// Whether the user's own check is asked for in every stage. Default: false, as there is none.
    pub check: bool,
    /// Whether somebody is asked before a stage goes live. Protected stages are asked for always. Default: true.
    pub gate: bool,
    /// Whether tests of the new branch are run. Default: true.
    pub tests: bool,
    /// Whether a stage whose tests did not run, or that has none, fails. Default: false; the report says that they did not run.
    pub require_tests: bool,
    /// Whether objects are deleted that the source lacks. Default: true; a stage becomes equal to the source.
    pub delete: bool,
    /// Whether tables are deleted that the source lacks, with all their records. Default: false: they stay.
    pub drop_tables: bool,
    /// Whether the deployment may go on although records would lose values. Default: false.
    pub allow_loss: bool,
    /// Whether a source that is a place is compared with each stage thing by thing, besides the comparison of their texts.
    /// Default: true. It takes some fifty requests a stage.
    pub compare: bool,
    /// The folder of the safety backups. None: no backups are made. Default: `backups`.
    pub backups: Option<PathBuf>,
    /// Whether the new branch stays when its stage failed or was reverted. Default: true, so that it can be looked at.
    pub keep_branch: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            check: false,
            gate: true,
            tests: true,
            require_tests: false,
            delete: true,
            drop_tables: false,
            allow_loss: false,
            compare: true,
            backups: Some(PathBuf::from("backups")),
            keep_branch: true,
        }
    }
}

/// How to go on with a deployment.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResumeOptions {
    /// As in [`DeployOptions`].
    pub backup_password: Option<String>,
    /// As in [`DeployOptions`].
    pub settle: f64,
}

impl Default for ResumeOptions {
    fn default() -> Self {
        Self {
            backup_password: None,
            settle: 1.0,
        }
    }
}

impl fmt::Debug for ResumeOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResumeOptions")
            .field("backup_password", &self.backup_password.as_ref().map(|_| "…"))
            .field("settle", &self.settle)
            .finish()
    }
}

/// How to take a deployment back.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RevertOptions {
    /// Whether the new branches stay. Default: as the deployment was told.
    pub keep_branch: Option<bool>,
    /// As in [`DeployOptions`].
    pub settle: f64,
}

impl Default for RevertOptions {
    fn default() -> Self {
        Self {
            keep_branch: None,
            settle: 1.0,
        }
    }
}
