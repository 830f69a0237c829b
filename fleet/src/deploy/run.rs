//! Beginning a deployment, going on with one, and looking how far one is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use xano_metadata::Error;
use xano_metadata::file_lock::FileLock;

use super::course::Course;
use super::journal::{Journal, StageRecord};
use super::lock::Lock;
use super::options::{DeployOptions, ResumeOptions};
use super::report::Report;
use super::source::{Pinned, Source};
use super::stage::{self, Stage, Target};
use super::step::{Outcome, State, Step};
use crate::host::{Host, Notice};

/// Deploys a source through stages; with `dry_run`, which is the default, only says what would be done.
///
/// What fails on the way is in the report, together with what was done and what was not. A stage that fails runs the version
/// from before; stages before it keep the new one, stages after it are not begun.
///
/// Scope: Instance Workspace: Read and Update, and those of what the source holds.
///
/// # Errors
/// Only those from before the first step: a source or a stage that cannot be used or reached, a journal that exists already
/// or cannot be written.
pub async fn run(source: &Source, stages: &[Stage], options: &DeployOptions, host: &dyn Host) -> Result<Report, Error> {
    // On the heap: its state is large, and would be copied about with that of whoever waits for it.
    Box::pin(begin(source, stages, options, host)).await
}

async fn begin(source: &Source, stages: &[Stage], options: &DeployOptions, host: &dyn Host) -> Result<Report, Error> {
    let settle = seconds(options.settle)?;
    let targets = stage::find(stages).await?;
    let pinned = Pinned::read(source).await?;
    let place = match source {
        Source::Place(place) => Some(place.clone()),
        _ => None,
    };
    let journal = Journal::new(&pinned, &targets, &options.rules);
    if options.dry_run {
        return plan(journal, &pinned, place.as_ref(), &targets, host).await;
    }
    let path = options.journal.clone();
    let path = path.unwrap_or_else(|| PathBuf::from(format!("{}.json", journal.label)));
    let _lock = Lock::take(&path).await?;
    if path.symlink_metadata().is_ok() {
        return Err(
            Error::refused(format!("There is a journal {} already.", path.display())).with_hint(
                "Resume its deployment, revert it, or give another file; a file is the journal of one deployment.",
            ),
        );
    }
    Journal::keep_source(&path, &pinned)?;
    let mut journal = journal;
    journal.encrypted = options.backup_password.is_some();
    journal.write(&path)?;
    let course = Course {
        journal,
        path,
        pinned: Some(pinned),
        place,
        targets,
        host,
        password: options.backup_password.clone(),
        settle,
    };
    Ok(course.go().await)
}

/// Goes on with a deployment that was killed, refused, or failed, from the step it had come to. What became of a step that
/// was in flight is looked up at the server. The stages are those it was begun with; what it keeps to and the source are
/// taken from the journal.
///
/// # Errors
/// `refused` when the journal is in use, is of other stages, or is of a deployment that was reverted; `decode_error` when it
/// is no journal; and those of [`run`].
pub async fn resume(
    journal: &Path,
    stages: &[Stage],
    options: &ResumeOptions,
    host: &dyn Host,
) -> Result<Report, Error> {
    Box::pin(go_on(journal, stages, options, host)).await
}

async fn go_on(journal: &Path, stages: &[Stage], options: &ResumeOptions, host: &dyn Host) -> Result<Report, Error> {
    let settle = seconds(options.settle)?;
    let path = journal.to_owned();
    let _lock = Lock::take(existing(&path)?).await?;
    let mut journal = Journal::read(&path)?;
    let targets = matching(stages, &mut journal).await?;
    match journal.outcome {
        Some(Outcome::Complete) => return Ok(Report::of(journal, Some(path), false)),
        Some(Outcome::Reverted) => {
            return Err(Error::refused(
                "The deployment was reverted; it is not gone on with. Begin a new one.",
            ));
        }
        _ => {}
    }
    let open = |stage: &&StageRecord| !stage.is_over();
    let pinned = match journal.stages.iter().find(open) {
        Some(_) => Some(journal.source(&path)?),
        None => None,
    };
    let unsaved = |stage: &StageRecord| !stage.state(Step::Backup).is_settled();
    if journal.encrypted && options.backup_password.is_none() && journal.stages.iter().filter(open).any(unsaved) {
        return Err(Error::config(
            "The safety backups of this deployment are encrypted, and one is still to be made: give their password.",
        ));
    }
    let stopped = journal.outcome.is_some();
    let mut course = Course {
        journal,
        path,
        pinned,
        place: None,
        targets,
        host,
        password: options.backup_password.clone(),
        settle,
    };
    course.ready_again(stopped).await?;
    Ok(course.go().await)
}

/// How far a deployment is, from its journal alone; no server is asked.
///
/// # Errors
/// `config_error` when the file cannot be read, `decode_error` when it is no journal.
pub fn status(journal: &Path) -> Result<Report, Error> {
    let running = FileLock::is_held(existing(journal)?);
    Ok(Report::of(Journal::read(journal)?, Some(journal.to_owned()), running))
}

/// A journal that is there, so that no lock is made beside one that is not.
pub(super) fn existing(path: &Path) -> Result<&Path, Error> {
    if path.is_file() {
        return Ok(path);
    }
    Err(Error::config(format!("There is no journal {}.", path.display())))
}

/// The stages of a journal, found. A stage is protected as soon as the journal or its caller says so.
pub(super) async fn matching(stages: &[Stage], journal: &mut Journal) -> Result<Vec<Target>, Error> {
    let mut targets = stage::find(stages).await?;
    stage::must_match(&targets, &journal.stages)?;
    for (target, record) in targets.iter_mut().zip(&mut journal.stages) {
        record.protected |= target.protected;
        target.protected = record.protected;
    }
    Ok(targets)
}

pub(super) fn seconds(settle: f64) -> Result<Duration, Error> {
    Duration::try_from_secs_f64(settle)
        .ok()
        .filter(|settle| settle.as_secs() <= 600)
        .ok_or_else(|| Error::config(format!("settle is {settle}; give seconds from 0 to 600.")))
}

/// What would be done; every stage is looked at, as it is now.
async fn plan(
    mut journal: Journal,
    pinned: &Pinned,
    place: Option<&crate::place::Place>,
    targets: &[Target],
    host: &dyn Host,
) -> Result<Report, Error> {
    journal.outcome = Some(Outcome::Planned);
    let mut course = Course {
        journal,
        path: PathBuf::new(),
        pinned: Some(pinned.clone()),
        place: place.cloned(),
        targets: targets.to_vec(),
        host,
        password: None,
        settle: Duration::ZERO,
    };
    for (at, target) in targets.iter().enumerate() {
        if let Err(stop) = course.take(at, Step::Preview).await {
            course.tell_obstacle(at, &stop.error);
            continue;
        }
        let shown = course.journal.stages[at]
            .preview
            .as_ref()
            .map(super::preview::Preview::shown);
        course.journal.stages[at].mark(Step::Preview, State::Done, shown);
        host.tell(Notice::Found {
            found: serde_json::json!({"event": "step", "deployment": course.journal.label, "stage": target.name,
                                      "step": Step::Preview, "state": "done"}),
        });
    }
    let report = course.report();
    Ok(Report {
        journal: None,
        ..report
    })
}
