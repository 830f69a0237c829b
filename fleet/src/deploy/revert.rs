//! Taking a deployment back.

use std::path::Path;

use xano_metadata::Error;

use super::course::{Course, trouble};
use super::ground::Branches;
use super::journal::Journal;
use super::lock::Lock;
use super::options::RevertOptions;
use super::report::Report;
use super::run::{existing, matching, seconds};
use super::stage::Stage;
use super::step::{Live, Outcome, State, Step};
use crate::host::Host;

/// Takes a deployment back, however it ended: every stage that runs the new version runs the one from before again, the last
/// stage first. For protected stages the gate is asked. What a push did to tables is not taken back, and the report says so.
///
/// # Errors
/// As of [`resume`](super::resume). What fails on the way is in the report.
pub async fn revert(
    journal: &Path,
    stages: &[Stage],
    options: &RevertOptions,
    host: &dyn Host,
) -> Result<Report, Error> {
    let settle = seconds(options.settle)?;
    let path = journal.to_owned();
    let _lock = Lock::take(existing(&path)?).await?;
    let mut journal = Journal::read(&path)?;
    let targets = matching(stages, &mut journal).await?;
    let keep_branch = options.keep_branch.unwrap_or(journal.rules.keep_branch);
    journal.outcome = None;
    journal.trouble = None;
    journal.write(&path)?;
    let mut course = Course {
        journal,
        path,
        pinned: None,
        place: None,
        targets,
        host,
        password: None,
        settle,
    };
    for at in (0..course.targets.len()).rev() {
        if let Err(error) = course.back(at, keep_branch).await {
            return Ok(course.ended(at, Some(error)));
        }
    }
    Ok(course.ended(0, None))
}

impl Course<'_> {
    /// Takes one stage back.
    async fn back(&mut self, at: usize, keep_branch: bool) -> Result<(), (bool, Error)> {
        let stage = &self.journal.stages[at];
        let switched = matches!(stage.state(Step::Live), State::Done | State::Unknown) && stage.previous.is_some();
        if switched && stage.protected {
            let previous = stage.previous.as_deref().unwrap_or_default();
            let text = format!(
                "Reverting deployment {} is about to make {previous:?} live in {} again, in place of {:?}. Go on?",
                self.journal.label,
                stage.shown(),
                stage.branch
            );
            self.decided(at, "revert", text)
                .await
                .map_err(|stop| (stop.refused, stop.error))?;
        }
        self.put_back(at).await;
        let label = self.journal.stages[at].branch.clone();
        if self.journal.stages[at].state(Step::Branch) == State::Unknown {
            // The request that makes it may still be under way.
            tokio::time::sleep(self.settle).await;
            let there = Branches::of(&self.targets[at])
                .await
                .map_err(|error| (false, error))?
                .has(&label);
            let stage = &mut self.journal.stages[at];
            stage.branch_left = there;
            stage.mark(Step::Branch, if there { State::Done } else { State::Failed }, None);
        }
        if !keep_branch {
            self.clear(at).await;
        }
        self.warn_of_tables(at);
        self.journal.write(&self.path).map_err(|error| (false, error))
    }

    /// The report, written down.
    fn ended(mut self, at: usize, failure: Option<(bool, Error)>) -> Report {
        let back = self.journal.stages.iter().all(|stage| stage.live == Live::Previous);
        self.journal.outcome = Some(match &failure {
            Some((true, _)) => Outcome::Refused,
            None if back => Outcome::Reverted,
            _ => Outcome::Failed,
        });
        if let Some((_, error)) = failure {
            self.journal.trouble = Some(trouble(&self.journal.stages[at].name, Step::Live, &error));
        }
        if let Err(error) = self.journal.write(&self.path) {
            self.warn(format!("The journal does not say how it ended: {error}"));
        } else if self.journal.outcome == Some(Outcome::Reverted) {
            Journal::drop_source(&self.path);
        }
        self.report()
    }
}
