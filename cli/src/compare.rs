//! `compare`: what differs between two branches, workspaces or instances.

use clap::ArgMatches;
use serde_json::json;
use xano_fleet::compare::{self, CompareOptions, Family, RecordsOption};
use xano_metadata::Error;

use crate::app::{App, flag, needed, path, text};
use crate::outcome::{Exit, Outcome};
use crate::place::Spelled;
use crate::records::replaceable;
use crate::text::tame_lines;

pub(crate) async fn run(app: &App, given: &ArgMatches) -> Result<Outcome, Error> {
    let (left, right) = (needed(given, "left")?, needed(given, "right")?);
    let options = options(given)?;
    let html = path(given, "html");
    if let Some(file) = &html {
        replaceable(app, file).await?;
    }
    let ground = app.ground().await?;
    let comparison = if flag(given, "instances") {
        let (left, right) = (ground.connection(Some(&left))?, ground.connection(Some(&right))?);
        compare::instances(&left, &right, &options, &app.console).await?
    } else {
        let (left, right) = (
            Spelled::parse(&left)?.find(&ground)?,
            Spelled::parse(&right)?.find(&ground)?,
        );
        compare::places(&left, &right, &options, &app.console).await?
    };
    if let Some(file) = html {
        let written = std::fs::write(&file, comparison.html());
        written.map_err(|cause| Error::config(format!("{} cannot be written: {cause}.", file.display())))?;
    }
    let done = !comparison.compared.is_empty();
    let exit = match Exit::of_failures(&comparison.failures, done) {
        Exit::Success if flag(given, "exit-code") && !comparison.equal => Exit::Problems,
        exit => exit,
    };
    let outcome = Outcome::new(
        exit,
        json!({ "comparison": comparison }),
        tame_lines(&comparison.text()),
    );
    Ok(outcome.complaining(&comparison.failures))
}

fn options(given: &ArgMatches) -> Result<CompareOptions, Error> {
    let family = |name: &str| {
        serde_json::from_value::<Family>(name.trim().into()).map_err(|_| {
            Error::config(format!(
                "--families: there is no family {name:?}; there are tables, functions, …"
            ))
        })
    };
    let families = text(given, "families").map(|list| list.split(',').map(family).collect::<Result<Vec<_>, _>>());
    Ok(CompareOptions {
        records: match text(given, "records").as_deref() {
            Some("counts") => RecordsOption::Counts,
            Some("content") => RecordsOption::Content,
            _ => RecordsOption::No,
        },
        families: families.transpose()?,
        ..CompareOptions::default()
    })
}
