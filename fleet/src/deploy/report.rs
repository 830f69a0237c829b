//! What a deployment came to: exactly what was done, and what was not.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use super::journal::{Journal, SourceRecord, StageRecord, Trouble};
use super::step::{Live, Outcome, State, Step};

/// What a deployment came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// It is complete, or reverted, or was only to be planned and can be done.
    pub ok: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// The deployment's label, which is that of its branches.
    pub label: String,
    /// The journal; none for a dry run.
    pub journal: Option<PathBuf>,
    /// Whether a process is at work with it.
    pub running: bool,
    /// How often it was gone on with.
    pub resumed: u32,
    /// When it was begun, RFC 3339 in UTC.
    pub created_at: String,
    /// When it was last written down.
    pub updated_at: String,
    /// The source.
    pub source: SourceRecord,
    /// The stages, in their order.
    pub stages: Vec<StageRecord>,
    /// Why it did not go on.
    pub trouble: Option<Trouble>,
    /// What should be known besides.
    pub warnings: Vec<String>,
    /// What was done: `prod: push`.
    pub done: Vec<String>,
    /// What was not done, failed steps and those that were not wanted included.
    pub not_done: Vec<String>,
    /// What was done and taken back.
    pub undone: Vec<String>,
    /// What was begun and of which it is not known whether it happened.
    pub unknown: Vec<String>,
}

impl Report {
    pub(super) fn of(journal: Journal, path: Option<PathBuf>, running: bool) -> Self {
        let outcome = journal.outcome.unwrap_or(Outcome::Interrupted);
        let known = journal
            .stages
            .iter()
            .all(|stage| matches!(stage.live, Live::Previous | Live::New));
        let ok = matches!(outcome, Outcome::Complete | Outcome::Reverted | Outcome::Planned)
            && known
            && journal.trouble.is_none();
        let those = |wanted: &[State]| {
            let of = |stage: &StageRecord| {
                let records = stage.steps.iter().filter(|record| wanted.contains(&record.state));
                records
                    .map(|record| format!("{}: {}", stage.name, record.step))
                    .collect::<Vec<_>>()
            };
            journal.stages.iter().flat_map(of).collect::<Vec<_>>()
        };
        Self {
            ok,
            outcome,
            done: those(&[State::Done]),
            not_done: those(&[State::NotDone, State::Failed, State::Skipped]),
            undone: those(&[State::Undone]),
            unknown: those(&[State::Unknown]),
            label: journal.label,
            journal: path,
            running,
            resumed: journal.resumed,
            created_at: journal.created_at,
            updated_at: journal.updated_at,
            source: journal.source,
            stages: journal.stages,
            trouble: journal.trouble,
            warnings: journal.warnings,
        }
    }

    /// All of it for people, some lines a stage.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into memory cannot fail.
        let _ = writeln!(
            text,
            "Deployment {} of {} ({} documents): {}{}",
            self.label,
            self.source.at,
            self.source.documents,
            self.outcome.name(),
            if self.running {
                ", and a process is at work with it"
            } else {
                ""
            }
        );
        if let Some(trouble) = &self.trouble {
            let _ = writeln!(text, "  at {}, {}: {}", trouble.stage, trouble.step, trouble.message);
        }
        for stage in &self.stages {
            let _ = writeln!(text, "{}: {}", stage.shown(), self.version(stage));
            for state in [
                State::Done,
                State::Undone,
                State::Failed,
                State::Unknown,
                State::NotDone,
                State::Skipped,
            ] {
                let steps: Vec<String> = stage
                    .steps
                    .iter()
                    .filter(|record| record.state == state)
                    .map(|record| match &record.note {
                        Some(note) if state != State::NotDone => format!("{} ({note})", record.step),
                        _ => record.step.to_string(),
                    })
                    .collect();
                if !steps.is_empty() {
                    let _ = writeln!(text, "  {}: {}", state.name().replace('_', " "), steps.join(", "));
                }
            }
            for change in stage.preview.iter().flat_map(|preview| &preview.changes) {
                let _ = writeln!(text, "    {} {} {}", change.change, change.kind, change.name);
            }
            if stage.branch_left && stage.live == Live::Previous {
                let _ = writeln!(text, "  the branch {} is left for inspection", stage.branch);
            }
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "! {warning}");
        }
        text
    }

    fn version(&self, stage: &StageRecord) -> String {
        let previous = stage.previous.as_deref().unwrap_or("the branch from before");
        match stage.live {
            Live::New => format!("the new version is live ({})", stage.branch),
            Live::Unknown => format!("{previous} or {} is live, it is not known which", stage.branch),
            Live::Other => "somebody else made another branch live".to_owned(),
            // A request to make it live may have arrived.
            Live::Previous if stage.state(Step::Live) == State::Unknown => {
                format!("{previous} or {} is live, it is not known which", stage.branch)
            }
            Live::Previous if self.outcome == Outcome::Planned => format!("{previous} is live"),
            Live::Previous if stage.preview.as_ref().is_some_and(|preview| preview.equal) => {
                format!("{previous} is live, and has it all already")
            }
            Live::Previous if !stage.is_touched() => "nothing was written to it".to_owned(),
            Live::Previous => format!("{previous} is live, as before"),
        }
    }
}
