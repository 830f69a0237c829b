//! Every workspace of a fleet, several at once; one that fails does not keep the others from theirs.

use std::path::PathBuf;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use xano_metadata::Error;
use xano_metadata::Value;

use super::background;
use super::create::create;
use super::keep::{Retained, retain};
use super::made::Backup;
use super::names;
use super::options::{BackupOptions, Keep, Kind};
use crate::estate::{Fleet, Member};
use crate::host::{Host, Notice};
use crate::place::Place;
use crate::spread::{Failure, spread};

/// How to back up a fleet.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FleetBackupOptions {
    /// The folder; each instance gets one of its own in it. Default: `backups`.
    pub to: PathBuf,
    /// Which older backups stay. Default: all.
    pub keep: Option<Keep>,
    /// Workspaces at once. Default: 4.
    pub concurrency: usize,
    /// Encrypts them. Default: not encrypted.
    pub password: Option<String>,
    /// Default: auto.
    pub kind: Kind,
    /// How often an archive that came broken is asked for again. Default: 2.
    pub retries: u32,
}

impl Default for FleetBackupOptions {
    fn default() -> Self {
        let one = BackupOptions::default();
        Self {
            to: one.to,
            keep: None,
            concurrency: 4,
            password: None,
            kind: one.kind,
            retries: one.retries,
        }
    }
}

/// What became of a fleet's backups.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FleetBackup {
    /// Whether every workspace has a new good backup and nothing else went wrong.
    pub ok: bool,
    /// The new backups.
    pub done: Vec<Backup>,
    /// What failed: an instance whose workspaces are not known, a workspace without a new backup, an old backup that is no
    /// longer good or could not be removed.
    pub failures: Vec<Failure>,
    /// Old backups that the rule let go.
    pub removed: Vec<Removed>,
    /// Seconds that it took.
    pub seconds: f64,
}

/// A backup that was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Removed {
    /// Its file; its manifest went with it.
    pub path: PathBuf,
    /// The instance.
    pub instance: String,
    /// The workspace.
    pub workspace: String,
}

/// A workspace to be backed up.
struct Target {
    member: Member,
    id: i64,
    name: String,
}

/// Backs up every workspace of every instance, each as [`create`] does. Where a new good one exists, the older ones of that
/// workspace are removed that [`Keep`] does not keep: only those that this library made, and only while they are still
/// good. A found notice tells of each as it is done.
///
/// # Errors
/// `config_error` for options that cannot be met, and when the fleet's rules disagree. Everything else is in the report.
pub async fn fleet(fleet: &Fleet, options: &FleetBackupOptions, host: &dyn Host) -> Result<FleetBackup, Error> {
    let began = Instant::now();
    if let Some(keep) = options.keep {
        keep.check()?;
    }
    if options.concurrency == 0 {
        return Err(Error::config("concurrency is 0; it must be at least 1."));
    }
    one(options, None).check()?;
    let mut targets = Vec::new();
    let found = fleet.roll_call().await?;
    let mut failures = found.failures;
    for found in spread(found.members, options.concurrency, workspaces).await {
        match found {
            Ok(found) => targets.extend(found),
            Err(failure) => failures.push(failure),
        }
    }
    if targets.is_empty() && failures.is_empty() {
        let error = Error::config("There is no workspace in this fleet, so nothing was backed up.");
        failures.push(Failure::new("fleet", &error));
    }
    let results = spread(targets, options.concurrency, |target| work(target, options, host)).await;
    let (mut done, mut removed) = (Vec::new(), Vec::new());
    for (target, result) in results {
        match result {
            Ok((backup, retained)) => {
                done.push(backup);
                removed.extend(retained.removed.into_iter().map(|path| Removed {
                    path,
                    instance: target.member.name.clone(),
                    workspace: target.name.clone(),
                }));
                let failed = retained.failures.iter();
                failures.extend(failed.map(|(path, error)| Failure::new(path.display().to_string(), error)));
            }
            Err(error) => failures.push(Failure::new(format!("{}/{}", target.member.name, target.name), &error)),
        }
    }
    Ok(FleetBackup {
        ok: failures.is_empty(),
        done,
        failures,
        removed,
        seconds: began.elapsed().as_secs_f64(),
    })
}

async fn workspaces(member: Member) -> Result<Vec<Target>, Failure> {
    let instance = xano_metadata::Instance::over(member.connection.clone());
    let listed = instance.workspaces().list().all().await;
    let listed = listed.map_err(|error| Failure::new(member.name.clone(), &error))?;
    let target = |workspace: xano_metadata::api::Workspace| Target {
        member: member.clone(),
        id: workspace.id,
        name: workspace.name,
    };
    Ok(listed.into_iter().map(target).collect())
}

fn one(options: &FleetBackupOptions, member: Option<&Member>) -> BackupOptions {
    BackupOptions {
        to: match member {
            Some(member) => options.to.join(names::plain(&member.name)),
            None => options.to.clone(),
        },
        password: options.password.clone(),
        kind: options.kind,
        instance: member.map(|member| member.name.clone()),
        retries: options.retries,
    }
}

async fn work(
    target: Target,
    options: &FleetBackupOptions,
    host: &dyn Host,
) -> (Target, Result<(Backup, Retained), Error>) {
    let place = Place::new(target.member.connection.clone(), Value::Int(target.id));
    let made = async {
        let backup = create(&place, &one(options, Some(&target.member)), host).await?;
        let retained = match options.keep {
            None => Retained::default(),
            Some(keep) => {
                let (newest, manifest) = (backup.path.clone(), backup.manifest.clone());
                background(move || Ok(retain(&newest, &manifest, keep))).await?
            }
        };
        if let Ok(found) = serde_json::to_value(&backup) {
            host.tell(Notice::Found { found });
        }
        Ok((backup, retained))
    };
    let result = made.await;
    (target, result)
}
