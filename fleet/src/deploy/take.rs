//! The steps themselves.

use serde_json::{Value as Json, json};
use xano_metadata::Error;

use super::course::{Course, Done, Stop};
use super::documents::{self, Document};
use super::ground::{self, Branches};
use super::source::Pinned;
use super::step::{Live, Step};
use super::{preview, trial};
use crate::backup::{self, BackupOptions};
use crate::host::Question;

type Taken = Result<Done, Stop>;

impl Course<'_> {
    /// Takes a step that was not done, or of which it is not known.
    pub(super) async fn take(&mut self, at: usize, step: Step) -> Taken {
        match step {
            Step::Preview => self.preview(at).await,
            Step::Approve => self.approve(at).await,
            Step::Backup => self.backup(at).await,
            Step::Branch => self.branch(at).await,
            Step::Push => self.push(at).await,
            Step::Test => self.test(at).await,
            Step::Check => self.check(at).await,
            Step::Gate => self.gate(at).await,
            Step::Live => self.live(at).await,
            Step::Verify => self.verify(at).await,
        }
    }

    fn pinned(&self) -> Result<&Pinned, Error> {
        self.pinned
            .as_ref()
            .ok_or_else(|| Error::internal("The source of the deployment is not at hand."))
    }

    fn previous(&self, at: usize) -> Result<String, Error> {
        let previous = self.journal.stages[at].previous.clone();
        previous.ok_or_else(|| Error::internal("The live branch of the stage is not known."))
    }

    async fn preview(&mut self, at: usize) -> Taken {
        let target = &self.targets[at];
        let live = Branches::of(target).await?.live;
        if let Some(expected) = target.expects.as_ref().filter(|expected| **expected != live) {
            return Err(Error::refused(format!(
                "In {} the branch {live:?} is live, and the stage was given with {expected:?}. A stage goes from its live branch \
                 to a new one; leave the branch out, or name the live one.",
                target.shown()
            ))
            .into());
        }
        let rules = &self.journal.rules;
        let preferences = target
            .place
            .workspace()
            .get()
            .await
            .ok()
            .and_then(|workspace| workspace.preferences);
        if preferences.and_then(|preferences| preferences.allow_push) == Some(false) {
            return Err(Error::refused(format!(
                "{} takes no pushes: the preference allow_push of its workspace is off.",
                target.shown()
            ))
            .with_hint("Switch it on in the workspace's settings, or with workspace.update(preferences={\"allow_push\": true}).")
            .into());
        }
        let found = preview::look(self.pinned()?, self.place.as_ref(), target, &live, rules, self.host).await?;
        let lost = (!found.losses.is_empty() && !rules.allow_loss).then(|| found.losses.join("; "));
        let (equal, shown) = (found.equal, found.shown());
        let stage = &mut self.journal.stages[at];
        stage.previous = Some(live);
        stage.preview = Some(found);
        if let Some(lost) = lost.filter(|_| !equal) {
            return Err(Error::refused(format!("Records would lose values: {lost}."))
                .with_hint("Nothing was written. Allow it with allow_loss if that is meant.")
                .into());
        }
        Ok(if equal { Done::Nothing } else { Done::Yes(Some(shown)) })
    }

    /// What questions are about.
    fn about(&self, at: usize, moment: &str) -> Json {
        let stage = &self.journal.stages[at];
        let preview = stage.preview.as_ref();
        json!({
            "moment": moment,
            "deployment": self.journal.label,
            "stage": stage.name,
            "instance": stage.instance,
            "workspace": stage.workspace,
            "workspace_name": stage.workspace_name,
            "protected": stage.protected,
            "branch": stage.branch,
            "previous": stage.previous,
            "changes": preview.map(|preview| &preview.changes),
            "shared": preview.map(|preview| &preview.shared),
            "losses": preview.map(|preview| &preview.losses),
            "tests": stage.tests,
            "backup": stage.backup,
        })
    }

    async fn approve(&mut self, at: usize) -> Taken {
        let stage = &self.journal.stages[at];
        let shared = stage
            .preview
            .as_ref()
            .map(|preview| preview.shared.join(", "))
            .unwrap_or_default();
        if !(stage.protected || (self.journal.rules.gate && !shared.is_empty())) {
            return Ok(Done::Skipped("only the new branch will be written to".to_owned()));
        }
        let mut text = format!(
            "Deployment {} is about to write to {}: a new branch {:?}.",
            self.journal.label,
            stage.shown(),
            stage.branch
        );
        if !shared.is_empty() {
            text.push_str(&format!(
                " Tables belong to all branches and will change at once: {shared}."
            ));
        }
        text.push_str(" Go on?");
        self.decided(at, "write", text).await
    }

    async fn gate(&mut self, at: usize) -> Taken {
        let stage = &self.journal.stages[at];
        if !(stage.protected || self.journal.rules.gate) {
            return Ok(Done::Skipped("the gate is off".to_owned()));
        }
        let tests = stage
            .tests
            .as_ref()
            .map_or_else(|| "not wanted".to_owned(), trial::Tests::shown);
        let text = format!(
            "Deployment {} is about to make {:?} live in {}, in place of {:?}. Tests: {tests}. Go on?",
            self.journal.label,
            stage.branch,
            stage.shown(),
            stage.previous.as_deref().unwrap_or_default()
        );
        self.decided(at, "live", text).await
    }

    /// Asks for a yes.
    pub(super) async fn decided(&mut self, at: usize, moment: &str, text: String) -> Taken {
        let answer = self
            .host
            .ask(Question::new("gate", text, self.about(at, moment)))
            .await?;
        let reason = answer.reason.filter(|reason| !reason.is_empty());
        if answer.yes {
            return Ok(Done::Yes(reason));
        }
        let reason = reason.map_or_else(
            || "no reason was given".to_owned(),
            |reason| reason.trim_end_matches('.').to_owned(),
        );
        Err(Stop {
            refused: true,
            error: Error::refused(format!(
                "The gate of {} stays shut: {reason}.",
                self.journal.stages[at].shown()
            )),
        })
    }

    async fn backup(&mut self, at: usize) -> Taken {
        let Some(to) = self.journal.rules.backups.clone() else {
            return Ok(Done::Skipped("not wanted".to_owned()));
        };
        let options = BackupOptions {
            to,
            password: self.password.clone(),
            ..BackupOptions::default()
        };
        let place = self.targets[at].place.clone().on_branch(self.previous(at)?);
        let made = backup::create(&place, &options, self.host).await?;
        let path = made.path.display().to_string();
        self.journal.stages[at].backup = Some(path.clone());
        Ok(Done::Yes(Some(path)))
    }

    async fn branch(&mut self, at: usize) -> Taken {
        let previous = self.previous(at)?;
        let target = &self.targets[at];
        let label = self.journal.stages[at].branch.clone();
        let pull = target.place.workspace().multidoc().pull().branch(&previous);
        let cloned = documents::fingerprint(logic(&documents::read(&pull.await?)?));
        // From here on it may be there, if it is not from an earlier run.
        let was_left = std::mem::replace(&mut self.journal.stages[at].branch_left, true);
        self.journal.stages[at].cloned = Some(cloned);
        self.journal.write(&self.path)?;
        let made = ground::make(&self.targets[at], &label, &previous, self.settle).await;
        if made.as_ref().is_err_and(|error| !error.outcome_unknown()) {
            self.journal.stages[at].branch_left = was_left;
        }
        made?;
        Ok(Done::Yes(Some(format!("{label}, a clone of {previous}"))))
    }

    async fn push(&mut self, at: usize) -> Taken {
        let label = self.journal.stages[at].branch.clone();
        let rules = self.journal.rules.clone();
        let target = &self.targets[at];
        let multidoc = target.place.workspace().multidoc();
        let there = documents::read(&multidoc.pull().branch(&label).await?)?;
        let text = preview::pushed_text(self.pinned()?, &there, &rules);
        ground::push(target, &label, text, rules.delete).await?;
        let there = documents::read(&multidoc.pull().branch(&label).await?)?;
        let left = preview::left_over(self.pinned()?, &there, &rules);
        let rewritten = preview::differences(self.pinned()?, &there, &rules).len();
        self.journal.stages[at].pushed = Some(documents::fingerprint(&there));
        must_be_none(&left, &format!("After the push {label:?} is not equal to the source"))?;
        let mut note = format!("{} documents", self.journal.source.documents);
        if rewritten > 0 {
            note.push_str(&format!(", {rewritten} of which the server keeps in a form of its own"));
        }
        Ok(Done::Yes(Some(note)))
    }

    async fn test(&mut self, at: usize) -> Taken {
        let rules = &self.journal.rules;
        let required = rules.require_tests;
        if !rules.tests && !required {
            return Ok(Done::Skipped("not wanted".to_owned()));
        }
        let workspace = self.targets[at].place.workspace();
        let tests = trial::run(&workspace, &self.journal.stages[at].branch).await?;
        let (verdict, shown) = (tests.verdict.clone(), tests.shown());
        self.journal.stages[at].tests = Some(tests);
        match verdict.as_str() {
            "passed" => Ok(Done::Yes(Some(shown))),
            "failed" => Err(Error::refused(format!("Tests: {shown}.")).into()),
            _ if required => Err(Error::refused(format!("Tests are required, and did not run: {shown}.")).into()),
            _ => Ok(Done::Skipped(shown)),
        }
    }

    async fn check(&mut self, at: usize) -> Taken {
        if !self.journal.rules.check {
            return Ok(Done::Skipped("there is none".to_owned()));
        }
        let stage = &self.journal.stages[at];
        let text = format!("Is the branch {:?} of {} as it should be?", stage.branch, stage.shown());
        let answer = self
            .host
            .ask(Question::new("check", text, self.about(at, "check")))
            .await?;
        if answer.yes {
            return Ok(Done::Yes(answer.reason));
        }
        let reason = answer.reason.unwrap_or_else(|| "no reason was given".to_owned());
        Err(Error::refused(format!("The check failed: {}.", reason.trim_end_matches('.'))).into())
    }

    async fn live(&mut self, at: usize) -> Taken {
        let previous = self.previous(at)?;
        let stage = &self.journal.stages[at];
        let (label, cloned) = (stage.branch.clone(), stage.cloned.clone());
        let target = &self.targets[at];
        if let Some(cloned) = cloned
            && Branches::of(target).await?.live == previous
        {
            let now = target.place.workspace().multidoc().pull().branch(&previous).await?;
            if documents::fingerprint(logic(&documents::read(&now)?)) != cloned {
                let message = format!(
                    "The logic of {previous:?} in {} was changed during the deployment; the new branch does not have that.",
                    target.shown()
                );
                self.warn(message);
            }
        }
        ground::switch(&self.targets[at], &previous, &label, self.settle).await?;
        self.journal.stages[at].live = Live::New;
        Ok(Done::Yes(Some(format!("{label}, in place of {previous}"))))
    }

    async fn verify(&mut self, at: usize) -> Taken {
        let stage = &self.journal.stages[at];
        let (label, pushed) = (stage.branch.clone(), stage.pushed.clone());
        let kept = stage
            .preview
            .as_ref()
            .map(|preview| preview.kept.clone())
            .unwrap_or_default();
        let target = self.targets[at].clone();
        let live = Branches::of(&target).await?.live;
        if live != label {
            return Err(Error::refused(format!("{live:?} is live in {}, not {label:?}.", target.shown())).into());
        }
        // Without a branch's label: what everybody gets.
        let there = documents::read(&target.place.workspace().multidoc().pull().await?)?;
        let left = preview::left_over(self.pinned()?, &there, &self.journal.rules);
        must_be_none(&left, "What is live is not equal to the source")?;
        if pushed.is_some_and(|pushed| pushed != documents::fingerprint(&there)) {
            return Err(
                Error::refused("What is live is not what was pushed and tested; somebody changed it since.").into(),
            );
        }
        let Some(place) = self.place.clone().filter(|_| self.journal.rules.compare) else {
            return Ok(Done::Yes(Some("equal to the source".to_owned())));
        };
        let comparison = preview::compared(&place, &target, None, &kept, &self.journal.rules, self.host).await?;
        if comparison.equal {
            return Ok(Done::Yes(Some("equal to the source, thing by thing".to_owned())));
        }
        let now = Pinned::read(&super::source::Source::Place(place)).await?;
        if documents::fingerprint(&now.documents) == documents::fingerprint(&self.pinned()?.documents) {
            return Err(Error::refused(format!(
                "What is live is not equal to the source: {}",
                comparison.text()
            ))
            .into());
        }
        let message = format!(
            "The source was changed since it was read; {} has it as it was then.",
            target.shown()
        );
        self.warn(message);
        Ok(Done::Yes(Some("equal to the source as it was read".to_owned())))
    }
}

/// What branches have of their own.
fn logic(documents: &[Document]) -> impl Iterator<Item = &Document> {
    documents.iter().filter(|document| document.kind != "table")
}

fn must_be_none(left: &[documents::Difference], what: &str) -> Result<(), Error> {
    if left.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = left
        .iter()
        .take(5)
        .map(|one| format!("{} {} {}", one.kind, one.name, one.change))
        .collect();
    let more = left.len().saturating_sub(shown.len());
    let more = if more > 0 {
        format!(", and {more} more")
    } else {
        String::new()
    };
    Err(Error::refused(format!("{what}: {}{more}.", shown.join(", "))))
}
