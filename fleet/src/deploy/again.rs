//! Making a deployment that did not end ready to go on.

use xano_metadata::Error;

use super::course::Course;
use super::ground::Branches;
use super::journal::StageRecord;
use super::step::{Live, State, Step};

impl Course<'_> {
    /// Finishes what a stop left half done, and makes everything not done that has to happen again. `stopped`: it did not
    /// go on by itself, as opposed to having been killed.
    pub(super) async fn ready_again(&mut self, stopped: bool) -> Result<(), Error> {
        for at in 0..self.targets.len() {
            if self.journal.stages[at].is_over() {
                continue;
            }
            if stopped && self.journal.stages[at].state(Step::Live) == State::Done {
                // It was about to be put back when it was killed.
                self.put_back(at).await;
            }
            let stage = &self.journal.stages[at];
            if stage.live == Live::Previous && stage.state(Step::Branch) == State::Done {
                let there = Branches::of(&self.targets[at]).await?.has(&stage.branch);
                if !there {
                    let stage = &mut self.journal.stages[at];
                    stage.branch_left = false;
                    stage.mark(Step::Branch, State::Undone, None);
                }
            }
            self.journal.stages[at].ready_again();
        }
        self.journal.outcome = None;
        self.journal.trouble = None;
        self.journal.resumed += 1;
        self.journal.write(&self.path)
    }
}

impl StageRecord {
    fn ready_again(&mut self) {
        let mut again: Vec<Step> = Vec::new();
        if self.state(Step::Live) == State::Undone {
            // What was decided then was decided about another try.
            again.extend([Step::Gate, Step::Live, Step::Verify]);
        }
        if matches!(self.state(Step::Branch), State::NotDone | State::Undone | State::Failed) {
            // The stage may have changed since it was looked at.
            again.extend(Step::ALL);
        }
        again.extend(Step::ALL.into_iter().filter(|step| self.state(*step) == State::Failed));
        for step in again {
            // A backup is as good as it was.
            if !(step == Step::Backup && self.state(step) == State::Done) {
                self.mark(step, State::NotDone, None);
            }
        }
    }
}
