//! The course of a deployment: stage by stage, step by step, each written down before and after it happens.
//!
//! Steps that change a server first look whether that was done already, so a step that was in flight when its process died is
//! taken up where it was. Whatever fails, a stage that runs the new version is put back to the one before, and the rest of the
//! deployment does not begin.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value as Json, json};
use xano_metadata::Error;

use super::ground::{self, Branches};
use super::journal::{Journal, Trouble};
use super::report::Report;
use super::source::Pinned;
use super::stage::Target;
use super::step::{Live, Outcome, State, Step};
use crate::host::{Host, Notice};
use crate::place::Place;

/// A deployment at work.
pub(super) struct Course<'h> {
    pub(super) journal: Journal,
    pub(super) path: PathBuf,
    pub(super) pinned: Option<Pinned>,
    /// The source, when it is a place and still at hand.
    pub(super) place: Option<Place>,
    pub(super) targets: Vec<Target>,
    pub(super) host: &'h dyn Host,
    pub(super) password: Option<String>,
    pub(super) settle: Duration,
}

/// What a step came to.
pub(super) enum Done {
    /// It happened.
    Yes(Option<String>),
    /// It was not wanted, and why.
    Skipped(String),
    /// The stage has it all already: no further step is needed.
    Nothing,
}

/// Why a deployment does not go on.
pub(super) struct Stop {
    /// Somebody said no, as opposed to something having failed.
    pub(super) refused: bool,
    pub(super) error: Error,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self { refused: false, error }
    }
}

impl Course<'_> {
    /// Goes through what is left.
    pub(super) async fn go(mut self) -> Report {
        for at in 0..self.targets.len() {
            if self.journal.stages[at].is_over() {
                continue;
            }
            if let Err((step, stop)) = self.stage(at).await {
                self.stopped(at, step, stop).await;
                return self.report();
            }
        }
        self.journal.outcome = Some(Outcome::Complete);
        self.journal.trouble = None;
        if self.save_or_warn() {
            Journal::drop_source(&self.path);
        }
        self.report()
    }

    pub(super) fn report(self) -> Report {
        Report::of(self.journal, Some(self.path), false)
    }

    async fn stage(&mut self, at: usize) -> Result<(), (Step, Stop)> {
        for step in Step::ALL {
            if self.journal.stages[at].state(step).is_settled() {
                continue;
            }
            self.begin(at, step).map_err(|error| (step, error.into()))?;
            match self.take(at, step).await {
                Ok(Done::Yes(note)) => self.end(at, step, State::Done, note),
                Ok(Done::Skipped(why)) => self.end(at, step, State::Skipped, Some(why)),
                Ok(Done::Nothing) => {
                    for rest in Step::ALL.into_iter().filter(|rest| *rest > step) {
                        let stage = &mut self.journal.stages[at];
                        stage.mark(rest, State::Skipped, Some("nothing differs".to_owned()));
                    }
                    return self
                        .end(at, step, State::Done, None)
                        .map_err(|error| (step, error.into()));
                }
                Err(stop) => return Err((step, stop)),
            }
            .map_err(|error| (step, error.into()))?;
        }
        Ok(())
    }

    fn begin(&mut self, at: usize, step: Step) -> Result<(), Error> {
        if step == Step::Live {
            self.journal.stages[at].live = Live::Unknown;
        }
        self.end(at, step, State::Unknown, None)
    }

    /// Of a dry run: why the stage could not be deployed to.
    pub(super) fn tell_obstacle(&mut self, at: usize, error: &Error) {
        let stage = &mut self.journal.stages[at];
        stage.mark(Step::Preview, State::Failed, Some(error.to_string()));
        let trouble = trouble(&stage.name, Step::Preview, error);
        self.journal.trouble.get_or_insert(trouble);
    }

    /// Writes down how far a step is, and tells it.
    pub(super) fn end(&mut self, at: usize, step: Step, state: State, note: Option<String>) -> Result<(), Error> {
        let told = json!(note);
        self.journal.stages[at].mark(step, state, note);
        self.journal.write(&self.path)?;
        let begun = state == State::Unknown;
        let event = if begun { "begun" } else { state.name() };
        let stage = &self.journal.stages[at];
        self.host.tell(Notice::Found {
            found: json!({"event": "step", "deployment": self.journal.label, "stage": stage.name, "step": step, "state": event,
                          "note": told}),
        });
        Ok(())
    }

    /// A warning, heard at once and kept.
    pub(super) fn warn(&mut self, message: String) {
        self.host.tell(Notice::Warning {
            message: message.clone(),
        });
        self.journal.warnings.push(message);
    }

    /// Writes the journal where a failure to do so must not stop what is under way. False: it could not be written.
    fn save_or_warn(&mut self) -> bool {
        let written = self.journal.write(&self.path);
        if let Err(error) = &written {
            self.warn(format!("The journal does not say how it ended: {error}"));
        }
        written.is_ok()
    }

    /// After a step did not succeed: puts the stage back, and says what is what.
    async fn stopped(&mut self, at: usize, step: Step, stop: Stop) {
        let trouble = trouble(&self.journal.stages[at].name, step, &stop.error);
        // Whatever is said of a switch, it is looked at below.
        let in_doubt = stop.error.outcome_unknown() || step == Step::Live;
        let state = if in_doubt { State::Unknown } else { State::Failed };
        self.journal.outcome = Some(if stop.refused {
            Outcome::Refused
        } else {
            Outcome::Failed
        });
        self.journal.stages[at].mark(step, state, Some(trouble.message.clone()));
        self.journal.trouble = Some(trouble);
        // From here on the stage is told as stopped, also if putting it back is cut short.
        self.save_or_warn();
        self.put_back(at).await;
        if !self.journal.rules.keep_branch {
            self.clear(at).await;
        }
        self.warn_of_tables(at);
        self.save_or_warn();
    }

    /// Makes the branch from before live again, if the new one is live or may be.
    pub(super) async fn put_back(&mut self, at: usize) {
        let stage = &self.journal.stages[at];
        let state = stage.state(Step::Live);
        if !matches!(state, State::Done | State::Unknown) && stage.live != Live::Other {
            return;
        }
        let Some(previous) = stage.previous.clone() else { return };
        let branch = stage.branch.clone();
        match self.restored(at, &branch, &previous, state == State::Unknown).await {
            Ok(switched) => {
                let stage = &mut self.journal.stages[at];
                stage.live = Live::Previous;
                let (state, note) = if switched || state == State::Done {
                    (State::Undone, format!("{previous:?} is live again"))
                } else {
                    (State::Failed, format!("{previous:?} is still live"))
                };
                stage.mark(Step::Live, state, Some(note));
            }
            Err(Astray::Other(live)) => {
                let stage = &mut self.journal.stages[at];
                stage.live = Live::Other;
                stage.mark(
                    Step::Live,
                    State::Undone,
                    Some(format!("somebody else made {live:?} live")),
                );
                let message = format!(
                    "{} was left as it is: somebody else made {live:?} live there.",
                    stage.shown()
                );
                self.warn(message);
            }
            Err(Astray::Stuck(error)) => {
                let stage = &mut self.journal.stages[at];
                stage.live = Live::New;
                stage.mark(
                    Step::Live,
                    State::Done,
                    Some(format!("{previous:?} could not be made live again")),
                );
                let message = format!("{branch:?} is still live in {}: {error}", stage.shown());
                self.warn(message);
            }
            Err(Astray::Unknown(error)) => {
                let stage = &mut self.journal.stages[at];
                stage.live = Live::Unknown;
                stage.mark(Step::Live, State::Unknown, Some(error.to_string()));
                let message = format!(
                    "It is not known whether {branch:?} or {previous:?} is live in {}: {error} Resume or revert when it answers \
                     again.",
                    stage.shown()
                );
                self.warn(message);
            }
        }
    }

    /// Whether it had to be switched.
    async fn restored(&mut self, at: usize, branch: &str, previous: &str, in_doubt: bool) -> Result<bool, Astray> {
        let target = &self.targets[at];
        let mut now = Branches::of(target).await.map_err(Astray::Unknown)?;
        if in_doubt && now.live == previous {
            // The request that made it live may still be under way.
            tokio::time::sleep(self.settle).await;
            now = Branches::of(target).await.map_err(Astray::Unknown)?;
        }
        if now.live == previous {
            return Ok(false);
        }
        if now.live != branch {
            return Err(Astray::Other(now.live));
        }
        let Err(error) = ground::switch(target, branch, previous, self.settle).await else {
            return Ok(true);
        };
        match Branches::of(target).await {
            Ok(now) if now.live == branch && !error.outcome_unknown() => Err(Astray::Stuck(error)),
            Ok(now) if now.live == previous => Ok(true),
            _ => Err(Astray::Unknown(error)),
        }
    }

    /// Removes the new branch, unless it is live.
    pub(super) async fn clear(&mut self, at: usize) {
        let stage = &self.journal.stages[at];
        if stage.live != Live::Previous || !stage.branch_left {
            return;
        }
        let branch = stage.branch.clone();
        match ground::remove(&self.targets[at], &branch).await {
            Ok(()) => {
                let stage = &mut self.journal.stages[at];
                stage.branch_left = false;
                for step in [Step::Branch, Step::Push] {
                    if ![State::NotDone, State::Failed].contains(&stage.state(step)) {
                        stage.mark(step, State::Undone, Some("the new branch was removed".to_owned()));
                    }
                }
            }
            Err(error) => {
                let shown = self.journal.stages[at].shown();
                self.warn(format!("The branch {branch:?} is left in {shown}: {error}"));
            }
        }
    }

    /// What going back to the branch from before does not take back.
    pub(super) fn warn_of_tables(&mut self, at: usize) {
        let stage = &self.journal.stages[at];
        let shared = stage
            .preview
            .as_ref()
            .map(|preview| preview.shared.join(", "))
            .unwrap_or_default();
        if shared.is_empty()
            || !matches!(
                stage.state(Step::Push),
                State::Done | State::Unknown | State::Undone | State::Failed
            )
        {
            return;
        }
        let backup = match &stage.backup {
            Some(path) => format!("{path} holds them as they were."),
            None => "There is no backup of them.".to_owned(),
        };
        let message = format!(
            "{}: tables belong to all branches, so what the push did to them stays: {shared}. {backup}",
            stage.shown()
        );
        if !self.journal.warnings.contains(&message) {
            self.warn(message);
        }
    }
}

/// An error as journals keep it.
pub(super) fn trouble(stage: &str, step: Step, error: &Error) -> Trouble {
    Trouble {
        stage: stage.to_owned(),
        step,
        message: error.to_string(),
        error: serde_json::from_str(&error.to_json()).unwrap_or(Json::Null),
    }
}

/// Why a stage could not be put back.
enum Astray {
    /// A third branch is live.
    Other(String),
    /// The new one is still live, as the server does not switch back.
    Stuck(Error),
    /// It cannot be seen, or was not answered.
    Unknown(Error),
}
