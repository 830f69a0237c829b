//! What a deployment writes down, so that it can be gone on with or taken back, however it ended.
//!
//! A JSON file that is replaced whole before and after every step, and beside it (`.xs` behind its name) the source as it was
//! read. It names instances by their base URL and holds no token. When it is read it is checked like anything from outside:
//! a label that we would not have given is not acted upon.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use xano_metadata::Error;
use xano_metadata::file_lock::beside;

use super::digest;
use super::options::Rules;
use super::preview::Preview;
use super::source::{LARGEST, Pinned};
use super::stage::Target;
use super::step::{Live, Outcome, State, Step, StepRecord};
use super::trial::Tests;
use crate::disk;

const FORMAT: &str = "xano-metadata deployment";
const VERSION: u32 = 1;
/// Most bytes of a journal; diffs are cut long before.
const LARGEST_JOURNAL: u64 = 64 << 20;
/// What every label of ours begins with.
const PREFIX: &str = "deploy-";

/// A source, as journals and reports name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SourceRecord {
    /// `place`, `text` or `folder`.
    pub kind: String,
    /// Which: a branch with its workspace and instance, or the folder's path.
    pub at: String,
    /// How many documents it has.
    pub documents: usize,
    /// The SHA-256 of its text, in hex.
    pub sha256: String,
}

/// Why a deployment did not go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Trouble {
    /// The stage.
    pub stage: String,
    /// The step.
    pub step: Step,
    /// What happened, as a sentence.
    pub message: String,
    /// The error, with the fields of [`Error::to_json`].
    pub error: Json,
}

/// A stage of a deployment, as journals and reports have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StageRecord {
    /// Its name.
    pub name: String,
    /// The base URL of its instance.
    pub instance: String,
    /// The number of its workspace.
    pub workspace: i64,
    /// The name of its workspace.
    pub workspace_name: String,
    /// Whether somebody is asked before anything is written to it.
    pub protected: bool,
    /// The branch that was live before.
    pub previous: Option<String>,
    /// The new branch.
    pub branch: String,
    /// Which of them is live.
    pub live: Live,
    /// What would change, and what did.
    pub preview: Option<Preview>,
    /// The file of the safety backup.
    pub backup: Option<String>,
    /// How the tests went.
    pub tests: Option<Tests>,
    /// Its steps, in their order.
    pub steps: Vec<StepRecord>,
    /// Whether the new branch is still there.
    pub branch_left: bool,
    /// A mark of the logic of the live branch when the new branch was cloned from it.
    pub cloned: Option<String>,
    /// A mark of the new branch right after the push.
    pub pushed: Option<String>,
}

/// A deployment on disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    format: String,
    version: u32,
    pub(super) label: String,
    pub(super) created_at: String,
    pub(super) updated_at: String,
    /// How often it was gone on with.
    pub(super) resumed: u32,
    pub(super) source: SourceRecord,
    pub(super) rules: Rules,
    /// Whether its safety backups are encrypted, so that resuming does not make them otherwise.
    pub(super) encrypted: bool,
    pub(super) stages: Vec<StageRecord>,
    /// None: it did not end.
    pub(super) outcome: Option<Outcome>,
    pub(super) trouble: Option<Trouble>,
    pub(super) warnings: Vec<String>,
}

/// The time, RFC 3339 in UTC.
pub(super) fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

impl SourceRecord {
    pub(super) fn of(pinned: &Pinned) -> Self {
        Self {
            kind: pinned.kind.clone(),
            at: pinned.at.clone(),
            documents: pinned.documents.len(),
            sha256: pinned.sha256.clone(),
        }
    }
}

impl StageRecord {
    fn of(target: &Target, branch: &str) -> Self {
        Self {
            name: target.name.clone(),
            instance: target.instance.clone(),
            workspace: target.workspace,
            workspace_name: target.workspace_name.clone(),
            protected: target.protected,
            previous: None,
            branch: branch.to_owned(),
            live: Live::Previous,
            preview: None,
            backup: None,
            tests: None,
            steps: StepRecord::all(),
            branch_left: false,
            cloned: None,
            pushed: None,
        }
    }

    /// Where it is, for people.
    pub(super) fn shown(&self) -> String {
        format!("{} ({:?} at {})", self.name, self.workspace_name, self.instance)
    }

    /// How far a step is.
    #[must_use]
    pub fn state(&self, step: Step) -> State {
        let record = self.steps.iter().find(|record| record.step == step);
        record.map_or(State::NotDone, |record| record.state)
    }

    pub(super) fn mark(&mut self, step: Step, state: State, note: Option<String>) {
        if let Some(record) = self.steps.iter_mut().find(|record| record.step == step) {
            record.state = state;
            record.at = Some(now());
            record.note = note;
        }
    }

    /// Whether nothing is left to do.
    pub(super) fn is_over(&self) -> bool {
        self.steps.iter().all(|record| record.state.is_settled())
    }

    /// Whether anything was written to its server, as far as is known.
    pub(super) fn is_touched(&self) -> bool {
        self.branch_left || ![State::NotDone, State::Skipped].contains(&self.state(Step::Branch))
    }
}

impl Journal {
    /// A deployment that was not begun.
    pub(super) fn new(pinned: &Pinned, targets: &[Target], rules: &Rules) -> Self {
        let created_at = now();
        let label = label(&created_at, pinned, targets);
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            updated_at: created_at.clone(),
            created_at,
            resumed: 0,
            source: SourceRecord::of(pinned),
            rules: rules.clone(),
            encrypted: false,
            stages: targets.iter().map(|target| StageRecord::of(target, &label)).collect(),
            outcome: None,
            trouble: None,
            warnings: Vec::new(),
            label,
        }
    }

    /// Writes it, so that it is on the disk when this returns.
    pub(super) fn write(&mut self, path: &Path) -> Result<(), Error> {
        self.updated_at = now();
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|cause| Error::internal(format!("The journal cannot be written: {cause}.")))?;
        text.push(b'\n');
        disk::write_whole(path, &text)
    }

    /// Reads one.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let refuse = |why: String| Error::damaged(format!("{} is no journal of a deployment: {why}.", path.display()));
        let bytes = bounded(path, LARGEST_JOURNAL)?;
        let journal: Self = serde_json::from_slice(&bytes).map_err(|cause| refuse(cause.to_string()))?;
        if journal.format != FORMAT || journal.version != VERSION {
            let found = format!("it says {:?} version {}", journal.format, journal.version);
            return Err(refuse(found));
        }
        let ours = |label: &str| {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            label.starts_with(PREFIX) && label.len() < 100 && label.chars().all(plain)
        };
        if let Some(stage) = journal.stages.iter().find(|stage| !ours(&stage.branch)) {
            return Err(refuse(format!("{:?} is no label of a deployment", stage.branch)));
        }
        let complete = |stage: &StageRecord| stage.steps.iter().map(|record| record.step).eq(Step::ALL);
        if journal.stages.is_empty() || !journal.stages.iter().all(complete) {
            return Err(refuse("a stage lacks steps".to_owned()));
        }
        let odd = |stage: &StageRecord| {
            stage
                .previous
                .as_deref()
                .is_some_and(|label| label.is_empty() || label == stage.branch)
        };
        if journal.stages.iter().any(odd) {
            return Err(refuse("a stage has no branch to go back to".to_owned()));
        }
        Ok(journal)
    }

    /// Keeps the source beside the journal.
    pub(super) fn keep_source(path: &Path, pinned: &Pinned) -> Result<(), Error> {
        disk::write_whole(&source_of(path), pinned.text.as_bytes())
    }

    /// The source from beside the journal.
    pub(super) fn source(&self, path: &Path) -> Result<Pinned, Error> {
        let kept = source_of(path);
        let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX);
        let text = String::from_utf8(bounded(&kept, limit)?).unwrap_or_default();
        if digest(text.as_bytes()) != self.source.sha256 {
            return Err(Error::refused(format!(
                "{} is not the source that the deployment began with, so it is not gone on with. Revert it, or begin a new one.",
                kept.display()
            )));
        }
        Pinned::new(&self.source.kind, self.source.at.clone(), &text)
    }

    /// Takes away what nobody needs any more.
    pub(super) fn drop_source(path: &Path) {
        // Best effort: it does no harm where it is.
        let _ = std::fs::remove_file(source_of(path));
    }
}

fn source_of(journal: &Path) -> PathBuf {
    beside(journal, ".xs")
}

fn bounded(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let failed = |cause| disk::cannot("read", path, &cause);
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(Error::damaged(format!(
            "{} has more than {most} bytes.",
            path.display()
        )));
    }
    Ok(bytes)
}

/// A label that says when, follows from what is deployed where, and is not given twice.
fn label(created_at: &str, pinned: &Pinned, targets: &[Target]) -> String {
    let mut what = pinned.sha256.clone();
    for target in targets {
        what.push_str(&format!("\n{} {} {}", target.name, target.instance, target.workspace));
    }
    let time: String = created_at.chars().filter(char::is_ascii_digit).collect();
    let (day, clock) = time.split_at_checked(8).unwrap_or((&time, ""));
    let mark = &digest(what.as_bytes())[..6];
    format!("{PREFIX}{day}-{clock}-{mark}{:02x}", fastrand::u8(..))
}
