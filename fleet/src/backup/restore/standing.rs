//! Where a restore stands when it breaks off.

use std::path::PathBuf;

use xano_metadata::Error;

/// What was done, step by step.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) safety: Vec<PathBuf>,
    pub(super) sources: Vec<String>,
    pub(super) defined: Vec<String>,
    pub(super) emptied: Vec<String>,
    /// Tables whose records are all there.
    pub(super) filled: Vec<String>,
    /// The table that is being worked on.
    pub(super) at: Option<String>,
    pub(super) waiting: Vec<String>,
}

impl Standing {
    /// The error with everything that is known.
    pub(super) fn told(&self, error: Error) -> Error {
        let mut told = Vec::new();
        let mut say = |what: &str, names: &[String]| {
            if !names.is_empty() {
                told.push(format!("{what}: {}.", names.join(", ")));
            }
        };
        say("Data sources that were made", &self.sources);
        say("Tables that were made or changed", &self.defined);
        say("Tables that were emptied first", &self.emptied);
        say("Records that are all restored", &self.filled);
        say("Not whole", self.at.as_slice());
        say("Not begun", &self.waiting);
        if told.is_empty() {
            told.push("Nothing was changed.".to_owned());
        }
        // Some errors know how many rows of the current table are in.
        if let Some(report) = error.report() {
            told.push(format!("Of the table at hand {} records are in.", report.inserted));
        }
        let told = told.join(" ");
        error.with_hint(format!("It broke off here. {told}{}", where_safety_is(&self.safety)))
    }
}

pub(super) fn where_safety_is(safety: &[PathBuf]) -> String {
    if safety.is_empty() {
        return " There is no safety backup.".to_owned();
    }
    let files: Vec<String> = safety.iter().map(|path| path.display().to_string()).collect();
    format!(" What was there before is in {}.", files.join(", "))
}
