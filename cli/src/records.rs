//! `records export|import|copy`: whole tables between servers and files.

use std::path::Path;
use std::time::Duration;

use clap::ArgMatches;
use serde_json::json;
use serde_json::value::RawValue;
use xano_fleet::Progress;
use xano_metadata::Error;
use xano_metadata::records::{
    Action, CopyOptions, ExportOptions, Format, Job, LoadOptions, OnError, ReadOptions, Records, Report,
};

use crate::app::{App, Ground, flag, needed, path, text};
use crate::ask;
use crate::outcome::{Exit, Outcome};
use crate::place::{Spelled, id};
use crate::text::{bytes, count, tame};

const TELL_EVERY: Duration = Duration::from_millis(100);
/// Refused rows that people are shown; the JSON document has them all.
const SHOWN: usize = 20;

pub(crate) async fn run(app: &App, given: &ArgMatches) -> Result<Outcome, Error> {
    let ground = app.ground().await?;
    match given.subcommand() {
        Some(("export", given)) => export(app, &ground, given).await,
        Some(("import", given)) => import(app, &ground, given).await,
        Some(("copy", given)) => copy(app, &ground, given).await,
        _ => Err(Error::config("There is no such command.")),
    }
}

async fn export(app: &App, ground: &Ground, given: &ArgMatches) -> Result<Outcome, Error> {
    let records = records(ground, given, ["place", "table", "data-source"])?;
    let file = path(given, "file").unwrap_or_default();
    replaceable(app, &file).await?;
    let options = ExportOptions {
        read: read_options(given)?,
        format: format(given),
    };
    let job = records.export(&file, options)?;
    drive(app, &file.display().to_string(), &job).await
}

async fn import(app: &App, ground: &Ground, given: &ArgMatches) -> Result<Outcome, Error> {
    let records = records(ground, given, ["place", "table", "data-source"])?;
    let file = path(given, "file").unwrap_or_default();
    let options = LoadOptions {
        action: match text(given, "action").as_deref() {
            Some("update") => Action::Update,
            Some("upsert") => Action::Upsert,
            Some("delete") => Action::Delete,
            _ => Action::Insert,
        },
        ..load_options(given)
    };
    let table = needed(given, "table")?;
    if options.action == Action::Delete {
        ask::confirm(app, &format!("Deleting records of {table} cannot be undone"), &table).await?;
    }
    let job = records.import(&file, format(given), options)?;
    drive(app, &table, &job).await
}

async fn copy(app: &App, ground: &Ground, given: &ArgMatches) -> Result<Outcome, Error> {
    let from = records(ground, given, ["place", "table", "data-source"])?;
    let to = records(ground, given, ["to-place", "to-table", "to-data-source"])?;
    let load = load_options(given);
    let options = CopyOptions {
        read: read_options(given)?,
        load: LoadOptions {
            action: if flag(given, "upsert") {
                Action::Upsert
            } else {
                load.action
            },
            ..load
        },
        create: flag(given, "create"),
    };
    let job = from.copy_to(&to, options)?;
    drive(app, &needed(given, "to-table")?, &job).await
}

/// Waits for a job and shows how far it is. When the waiting is dropped the job is given up.
async fn drive(app: &App, what: &str, job: &Job) -> Result<Outcome, Error> {
    let end = job.wait();
    tokio::pin!(end);
    let mut timer = tokio::time::interval(TELL_EVERY);
    let report = loop {
        tokio::select! {
            report = &mut end => break report?,
            _ = timer.tick() => {
                let now = job.progress();
                app.console.show(&Progress::new(what, now.rows, now.total, "rows"));
            }
        }
    };
    let exit = if report.failed == 0 {
        Exit::Success
    } else {
        Exit::Problems
    };
    Ok(Outcome::new(exit, json!({ "report": report }), told(&report)))
}

/// The report as sentences.
fn told(report: &Report) -> String {
    let parts = [
        ("written", report.written),
        ("inserted", report.inserted),
        ("updated", report.updated),
        ("deleted", report.deleted),
        ("skipped", report.skipped),
        ("refused", report.failed),
    ];
    let told: Vec<String> = parts
        .iter()
        .filter(|(_, number)| *number > 0)
        .map(|(what, number)| format!("{} {what}", count(*number, "row")))
        .collect();
    let sum = if told.is_empty() {
        "No rows".to_owned()
    } else {
        told.join(", ")
    };
    let mut text = format!("{sum}; {} in {:.1} s.\n", bytes(report.bytes), report.seconds);
    for failure in report.failures.iter().take(SHOWN) {
        let column = failure
            .column
            .as_ref()
            .map(|column| format!(", column {}", tame(column)));
        text += &format!(
            "row {}{}: {}\n",
            failure.row,
            column.unwrap_or_default(),
            tame(&failure.reason)
        );
    }
    if let Some(more) = report.failures.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text += &format!(
            "… and {} more; --json has them all.\n",
            count(more as u64, "refused row")
        );
    }
    text
}

fn records(ground: &Ground, given: &ArgMatches, names: [&str; 3]) -> Result<Records, Error> {
    let place = Spelled::parse(&needed(given, names[0])?)?.find(ground)?;
    if place.branch.is_some() {
        return Err(
            Error::config("Branches share their records, so a table is named without a branch.")
                .with_hint("Data sources keep records apart; name one with --data-source."),
        );
    }
    let records = Records::new(place.connection, place.workspace, id(&needed(given, names[1])?));
    Ok(match text(given, names[2]) {
        Some(label) => records.in_data_source(label),
        None => records,
    })
}

fn read_options(given: &ArgMatches) -> Result<ReadOptions, Error> {
    let search = text(given, "search").map(RawValue::from_string).transpose();
    Ok(ReadOptions {
        search: search.map_err(|cause| Error::config(format!("--search is no JSON: {cause}.")))?,
        limit: given.get_one("limit").copied(),
        ..ReadOptions::default()
    })
}

fn load_options(given: &ArgMatches) -> LoadOptions {
    LoadOptions {
        key: text(given, "key"),
        keep_ids: match (flag(given, "keep-ids"), flag(given, "drop-ids")) {
            (false, false) => None,
            (keep, _) => Some(keep),
        },
        on_error: match text(given, "on-error").as_deref() {
            Some("collect") => OnError::Collect,
            _ => OnError::Stop,
        },
        checkpoint: path(given, "checkpoint"),
        ..LoadOptions::default()
    }
}

fn format(given: &ArgMatches) -> Option<Format> {
    text(given, "format").map(|name| if name == "csv" { Format::Csv } else { Format::Ndjson })
}

/// Lets a file be replaced only with a yes.
pub(crate) async fn replaceable(app: &App, file: &Path) -> Result<(), Error> {
    if !file.exists() {
        return Ok(());
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    ask::confirm(
        app,
        &format!("{} is there already and would be replaced", file.display()),
        &name,
    )
    .await
}
