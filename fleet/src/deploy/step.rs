//! What a deployment does, stage by stage and step by step, and how far each step is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A step. Every stage goes through all of them, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// Finds out what would change: the server's dry run and our comparison. Reads only.
    Preview,
    /// Asks whether anything may be written to a protected stage, or to the tables that all branches share.
    Approve,
    /// Makes a safety backup.
    Backup,
    /// Makes a new branch, a clone of the live one.
    Branch,
    /// Writes the source into the new branch, and reads it back.
    Push,
    /// Runs unit tests and workflow tests of the new branch.
    Test,
    /// Asks for the user's own check.
    Check,
    /// Asks whether it may go live.
    Gate,
    /// Makes the new branch the live one.
    Live,
    /// Looks whether it is, and whether it is equal to the source.
    Verify,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: [Self; 10] = [
        Self::Preview,
        Self::Approve,
        Self::Backup,
        Self::Branch,
        Self::Push,
        Self::Test,
        Self::Check,
        Self::Gate,
        Self::Live,
        Self::Verify,
    ];

    /// Its name, such as `push`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Approve => "approve",
            Self::Backup => "backup",
            Self::Branch => "branch",
            Self::Push => "push",
            Self::Test => "test",
            Self::Check => "check",
            Self::Gate => "gate",
            Self::Live => "live",
            Self::Verify => "verify",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// How far a step is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// It was not begun.
    #[default]
    NotDone,
    /// It was begun, and nothing is known of its end: it may have happened or not.
    Unknown,
    /// It is done.
    Done,
    /// It was not wanted, or there was nothing to do.
    Skipped,
    /// It failed, or the answer was no; it changed nothing that lasts.
    Failed,
    /// It was done, and then taken back.
    Undone,
}

impl State {
    /// Its name, such as `not_done`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotDone => "not_done",
            Self::Unknown => "unknown",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Undone => "undone",
        }
    }

    /// Whether the step need not be taken again.
    pub(super) const fn is_settled(self) -> bool {
        matches!(self, Self::Done | Self::Skipped)
    }
}

/// A step of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StepRecord {
    /// Which.
    pub step: Step,
    /// How far it is.
    pub state: State,
    /// When that was written down, RFC 3339 in UTC.
    pub at: Option<String>,
    /// More about it: who said yes, why it failed, where the backup is.
    pub note: Option<String>,
}

impl StepRecord {
    /// All steps of a stage that was not begun.
    pub(super) fn all() -> Vec<Self> {
        let new = |step| Self {
            step,
            state: State::NotDone,
            at: None,
            note: None,
        };
        Step::ALL.into_iter().map(new).collect()
    }
}

/// Which version a stage runs, as far as the deployment knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Live {
    /// The branch that was live before.
    #[default]
    Previous,
    /// The new branch.
    New,
    /// One of the two; it could not be found out which.
    Unknown,
    /// A third branch, which somebody else made live.
    Other,
}

/// How a deployment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing was written; this is what would be.
    Planned,
    /// Every stage runs the new version.
    Complete,
    /// A step failed; its stage runs the previous version, or the report says that it could not be found out.
    Failed,
    /// The user, or nobody, said no; the stage runs the previous version.
    Refused,
    /// It was taken back: every stage runs the version from before.
    Reverted,
    /// It did not end: its process was killed, or is still at work.
    Interrupted,
}

impl Outcome {
    /// Its name, such as `complete`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Reverted => "reverted",
            Self::Interrupted => "interrupted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_json() {
        for step in Step::ALL {
            assert_eq!(serde_json::json!(step), step.name());
        }
        for state in [
            State::NotDone,
            State::Unknown,
            State::Done,
            State::Skipped,
            State::Failed,
            State::Undone,
        ] {
            assert_eq!(serde_json::json!(state), state.name());
        }
        assert_eq!(serde_json::json!(Outcome::Interrupted), Outcome::Interrupted.name());
    }
}
