//! `backup`, `verify` and `restore`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::{Value as Json, json};
use xano_fleet::backup::{
    self, Backup, BackupOptions, FleetBackupOptions, Keep, Kind, RestoreOptions, Safety, State, Verification,
};
use xano_metadata::Error;

use crate::app::{App, flag, needed, path, secret, text};
use crate::ask;
use crate::console::{Console, Paint};
use crate::fleet::failed;
use crate::outcome::{Exit, Outcome};
use crate::place::Spelled;
use crate::table::{Cell, Table};
use crate::text::{bytes, count, tame};

pub(crate) async fn create(app: &App, given: &ArgMatches) -> Result<Outcome, Error> {
    let places: Vec<String> = given.get_many("place").into_iter().flatten().cloned().collect();
    if flag(given, "all") {
        return create_all(app, given).await;
    }
    // Told here, because clap waives what an argument requires when that conflicts with another one that is there.
    let fleets: Vec<&str> = ["keep", "concurrency", "environment"]
        .into_iter()
        .filter(|name| given.contains_id(name))
        .collect();
    if let Some(name) = fleets.first() {
        return Err(Error::config(format!("--{name} goes with --all, not with places.")));
    }
    let options = BackupOptions {
        to: folder(given),
        password: secret(given, "password-env")?,
        kind: kind(given),
        ..BackupOptions::default()
    };
    let ground = app.ground().await?;
    let spelled: Vec<(String, Spelled)> = places
        .into_iter()
        .map(|text| Spelled::parse(&text).map(|spelled| (text, spelled)))
        .collect::<Result<_, _>>()?;
    let (mut done, mut failures) = (Vec::new(), Vec::new());
    for (text, spelled) in spelled {
        let place = spelled.find(&ground)?;
        let options = BackupOptions {
            instance: spelled.instance_name().or_else(|| app.instance_name()),
            ..options.clone()
        };
        match backup::create(&place, &options, &app.console).await {
            Ok(backup) => done.push(backup),
            Err(error) => failures.push(failed(&text, &error)),
        }
    }
    let exit = Exit::of_failures(&failures, !done.is_empty());
    let document = json!({ "done": done, "failures": failures, "removed": [] });
    Ok(Outcome::new(exit, document, made(&app.console, &done)).complaining(&failures))
}

async fn create_all(app: &App, given: &ArgMatches) -> Result<Outcome, Error> {
    let usual = FleetBackupOptions::default();
    let options = FleetBackupOptions {
        to: folder(given),
        keep: text(given, "keep").map(|rule| keep(&rule)).transpose()?,
        concurrency: given.get_one("concurrency").copied().unwrap_or(usual.concurrency),
        password: secret(given, "password-env")?,
        kind: kind(given),
        ..usual
    };
    let fleet = app.fleet(text(given, "environment").as_deref())?;
    let report = backup::fleet(&fleet, &options, &app.console).await?;
    let exit = match Exit::of_failures(&report.failures, !report.done.is_empty()) {
        Exit::Success if !report.ok => Exit::Problems,
        exit => exit,
    };
    let mut text = made(&app.console, &report.done);
    if !report.removed.is_empty() {
        text += &format!(
            "{} removed by the rule.\n",
            count(report.removed.len() as u64, "old backup")
        );
    }
    let document = json!({ "done": report.done, "failures": report.failures, "removed": report.removed });
    Ok(Outcome::new(exit, document, text).complaining(&report.failures))
}

fn made(console: &Console, done: &[Backup]) -> String {
    if done.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["instance", "workspace", "kind", "size", "file"]);
    for backup in done {
        let manifest = &backup.manifest;
        table.row([
            Cell::from(&manifest.instance),
            Cell::from(&manifest.workspace.name),
            Cell::from(word(&manifest.kind)),
            Cell::from(bytes(manifest.size)),
            Cell::from(backup.path.display().to_string()),
        ]);
    }
    table.render(console, "")
}

pub(crate) async fn verify(app: &App, given: &ArgMatches) -> Result<Outcome, Error> {
    let password = secret(given, "password-env")?;
    let mut found = Vec::new();
    for path in given.get_many::<PathBuf>("path").into_iter().flatten() {
        found.push(backup::verify(path, password.as_deref(), &app.console).await?);
    }
    let ok = found.iter().all(|one| one.ok);
    let exit = if ok { Exit::Success } else { Exit::Problems };
    let sum = |number: fn(&Verification) -> usize| found.iter().map(number).sum::<usize>() as u64;
    let (good, bad, stray) = (sum(|one| one.good), sum(|one| one.bad), sum(|one| one.stray));
    let files: Vec<_> = found.iter().flat_map(|one| &one.files).collect();
    let mut table = Table::new(&["file", "state", "what"]);
    for file in &files {
        let paint = match file.state {
            State::Good | State::Encrypted => Paint::Good,
            State::Bad => Paint::Bad,
            State::Stray => Paint::Careful,
        };
        table.row([
            Cell::from(file.path.display().to_string()),
            Cell::painted(word(&file.state), paint),
            Cell::from(file.reason.as_deref().unwrap_or_default()),
        ]);
    }
    let text = format!(
        "{}{} good, {bad} bad, {stray} stray.",
        table.render(&app.console, "There is nothing."),
        count(good, "backup")
    );
    let document = json!({ "files": files, "good": good, "bad": bad, "stray": stray });
    Ok(Outcome::new(exit, document, text))
}

pub(crate) async fn restore(app: &App, given: &ArgMatches) -> Result<Outcome, Error> {
    let file = path(given, "file").unwrap_or_default();
    let spelled = needed(given, "place")?;
    let place = Spelled::parse(&spelled)?.find(&app.ground().await?)?;
    if !file.exists() {
        return Err(Error::config(format!("There is no file {}.", file.display())));
    }
    let confirm = if let Some(name) = text(given, "confirm") {
        name
    } else {
        let name = place.workspace().get().await?.name;
        let what = format!("Restoring overwrites the workspace {name:?} at {spelled}");
        ask::confirm(app, &what, &name).await?;
        name
    };
    let options = RestoreOptions {
        confirm,
        safety: match path(given, "safety") {
            _ if flag(given, "no-safety") => Safety::None,
            Some(folder) => Safety::Folder(folder),
            None => Safety::Beside,
        },
        password: secret(given, "password-env")?,
        tables: tables(given),
    };
    let restored = backup::restore(&file, &place, &options, &app.console).await?;
    let exit = if restored.ok { Exit::Success } else { Exit::Problems };
    let mut text = format!(
        "Restored {} into {:?} at {}.\n",
        restored.path.display(),
        tame(&restored.workspace),
        tame(&restored.instance)
    );
    for table in &restored.tables {
        // An archive is unpacked by the server, which does not tell how many there were.
        let records = match table.records.values().sum::<u64>() {
            0 if table.records.is_empty() => "restored".to_owned(),
            records => count(records, "record"),
        };
        let refused = match table.failed {
            0 => String::new(),
            failed => format!(", {} refused", count(failed, "record")),
        };
        text += &format!("{}: {records}{refused}\n", tame(&table.restored_as));
    }
    for safety in &restored.safety {
        text += &format!("What was there before is in {}.\n", safety.display());
    }
    for warning in restored.not_restored.iter().chain(&restored.warnings) {
        text += &format!("! {}\n", tame(warning));
    }
    Ok(Outcome::new(exit, json!({ "restored": restored }), text))
}

fn folder(given: &ArgMatches) -> PathBuf {
    path(given, "to").unwrap_or_else(|| PathBuf::from("backups"))
}

fn kind(given: &ArgMatches) -> Kind {
    match text(given, "kind").as_deref() {
        Some("archive") => Kind::Archive,
        Some("logical") => Kind::Logical,
        _ => Kind::Auto,
    }
}

/// `a,b=c`: the table a under its name, the table b under the name c.
fn tables(given: &ArgMatches) -> Option<BTreeMap<String, String>> {
    let named = text(given, "tables")?;
    let pair = |table: &str| match table.split_once('=') {
        Some((name, restored_as)) => (name.to_owned(), restored_as.to_owned()),
        None => (table.to_owned(), table.to_owned()),
    };
    Some(named.split(',').map(|table| pair(table.trim())).collect())
}

/// `last=3,daily=7,weekly=4`.
fn keep(rule: &str) -> Result<Keep, Error> {
    let wrong = || {
        Error::config(format!(
            "--keep takes last=N,daily=N,weekly=N or some of these, not {rule:?}."
        ))
    };
    let mut keep = Keep::default();
    for part in rule.split(',') {
        let (name, number) = part.trim().split_once('=').ok_or_else(wrong)?;
        let number = number.parse().map_err(|_| wrong())?;
        match name {
            "last" => keep.last = number,
            "daily" => keep.daily = number,
            "weekly" => keep.weekly = number,
            _ => return Err(wrong()),
        }
    }
    Ok(keep)
}

/// The word that JSON has for it.
fn word(of: &impl serde::Serialize) -> String {
    match json!(of) {
        Json::String(word) => word,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_keeping_are_read() {
        let Keep { last, daily, weekly } = keep("last=3, weekly=4").unwrap();
        assert_eq!((last, daily, weekly), (3, 0, 4));
        for wrong in ["", "3", "last", "last=x", "hourly=2"] {
            assert!(keep(wrong).is_err(), "{wrong}");
        }
    }
}
