//! `deploy`: through stages, with gates, a journal and a way back. A plan only, unless `--execute` says otherwise.

use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::json;
use xano_fleet::deploy::{
    self, DeployOptions, Outcome as Ended, Report, ResumeOptions, RevertOptions, Rules, Source, Stage,
};
use xano_metadata::Error;

use crate::app::{App, Ground, flag, path, secret, text};
use crate::ask;
use crate::outcome::{Exit, Outcome};
use crate::place::Spelled;
use crate::text::tame_lines;

pub(crate) async fn run(app: &App, given: &ArgMatches) -> Result<Outcome, Error> {
    let report = match given.subcommand() {
        Some(("run", given)) => begin(app, given).await?,
        Some(("resume", given)) => {
            let stages = stages(given, &app.ground().await?).await?;
            let options = ResumeOptions {
                backup_password: secret(given, "password-env")?,
                ..ResumeOptions::default()
            };
            let console = app.console.checking(text(given, "check"));
            deploy::resume(&journal(given), &stages, &options, &console).await?
        }
        Some(("revert", given)) => {
            let label = deploy::status(&journal(given))?.label;
            ask::confirm(
                app,
                &format!("Reverting {label} makes the versions from before live again"),
                &label,
            )
            .await?;
            let stages = stages(given, &app.ground().await?).await?;
            deploy::revert(&journal(given), &stages, &RevertOptions::default(), &app.console).await?
        }
        Some(("status", given)) => deploy::status(&journal(given))?,
        _ => return Err(Error::config("There is no such command.")),
    };
    Ok(told(&report))
}

async fn begin(app: &App, given: &ArgMatches) -> Result<Report, Error> {
    let ground = app.ground().await?;
    let source = match (
        text(given, "from"),
        path(given, "from-text"),
        path(given, "from-folder"),
    ) {
        (Some(place), ..) => Source::Place(Spelled::parse(&place)?.find(&ground)?),
        (_, Some(file), _) => {
            let read = std::fs::read_to_string(&file);
            Source::Text(read.map_err(|cause| Error::config(format!("{} cannot be read: {cause}.", file.display())))?)
        }
        (_, _, Some(folder)) => Source::Folder(folder),
        _ => {
            return Err(Error::config(
                "A deployment needs a source: --from, --from-text or --from-folder.",
            ));
        }
    };
    let check = text(given, "check");
    let usual = Rules::default();
    let options = DeployOptions {
        dry_run: !flag(given, "execute"),
        journal: path(given, "journal"),
        backup_password: secret(given, "password-env")?,
        rules: Rules {
            check: check.is_some(),
            gate: !flag(given, "no-gate"),
            tests: !flag(given, "no-tests"),
            require_tests: flag(given, "require-tests"),
            delete: !flag(given, "keep-objects"),
            drop_tables: flag(given, "drop-tables"),
            allow_loss: flag(given, "allow-loss"),
            backups: match path(given, "backups") {
                _ if flag(given, "no-backups") => None,
                Some(folder) => Some(folder),
                None => usual.backups.clone(),
            },
            ..usual
        },
        ..DeployOptions::default()
    };
    let stages = stages(given, &ground).await?;
    deploy::run(&source, &stages, &options, &app.console.checking(check)).await
}

fn told(report: &Report) -> Outcome {
    let exit = match report.outcome {
        _ if report.ok => Exit::Success,
        Ended::Refused => Exit::Refused,
        _ => Exit::Problems,
    };
    Outcome::new(exit, json!({ "deployment": report }), tame_lines(&report.text()))
}

/// `--stage NAME=PLACE`; it is protected when `--protected NAME` or the fleet's environments say so.
async fn stages(given: &ArgMatches, ground: &Ground) -> Result<Vec<Stage>, Error> {
    let protected: Vec<&String> = given.get_many("protected").into_iter().flatten().collect();
    let mut stages = Vec::new();
    for stage in given.get_many::<String>("stage").into_iter().flatten() {
        let (name, place) = stage.split_once('=').ok_or_else(|| {
            Error::config(format!(
                "--stage takes NAME=PLACE such as prod=acme/Main, not {stage:?}."
            ))
        })?;
        let mut stage = Stage::new(name, Spelled::parse(place)?.find(ground)?);
        stage.protected = protected.iter().any(|protected| *protected == name);
        if let Some(fleet) = &ground.fleet {
            let (_, by_environment) = fleet.environment_of(&stage.place.connection).await?;
            stage.protected |= by_environment;
        }
        stages.push(stage);
    }
    let unknown = protected
        .iter()
        .find(|name| stages.iter().all(|stage| stage.name != ***name));
    if let Some(name) = unknown {
        return Err(Error::config(format!("--protected: there is no stage {name:?}.")));
    }
    Ok(stages)
}

fn journal(given: &ArgMatches) -> PathBuf {
    path(given, "journal").unwrap_or_default()
}
