//! `instances` and `health`: what there is, and how it is.

use std::time::Duration;

use clap::ArgMatches;
use serde_json::json;
use xano_fleet::Failure;
use xano_fleet::estate::{Fleet, Health, HealthOptions, Inventory, InventoryOptions, Row, State};
use xano_metadata::Error;

use crate::app::{App, flag, text};
use crate::console::{Console, Paint};
use crate::outcome::{Exit, Outcome, say};
use crate::table::{Cell, Table};
use crate::text::grouped;

const NONE: &str = "There are no instances.";

pub(crate) async fn instances(app: &App, given: &ArgMatches) -> Result<Outcome, Error> {
    let fleet = app.fleet(text(given, "environment").as_deref())?;
    let (branches, tables, counts) = (flag(given, "branches"), flag(given, "tables"), flag(given, "counts"));
    if !(branches || tables || counts || flag(given, "workspaces")) {
        return listed(app, &fleet).await;
    }
    let options = InventoryOptions {
        branches,
        tables: tables || counts,
        counts,
        ..InventoryOptions::default()
    };
    let inventory = fleet.inventory(&options, &app.console).await?;
    let done = inventory.instances.iter().any(|instance| instance.workspaces.is_some());
    let exit = Exit::of_failures(&inventory.failures, done);
    let document = json!({ "instances": inventory.instances, "failures": inventory.failures });
    let outcome = Outcome::new(exit, document, rows(&app.console, &inventory, &options));
    Ok(outcome.complaining(&inventory.failures))
}

/// The instances alone; each is asked for nothing.
async fn listed(app: &App, fleet: &Fleet) -> Result<Outcome, Error> {
    let roll = fleet.roll_call().await?;
    let mut table = Table::new(&["name", "display", "environment", "address", "rate limit"]);
    let mut instances = Vec::new();
    for member in &roll.members {
        let info = member.info.as_ref();
        let (url, limited) = (member.connection.base_url(), info.is_some_and(|info| info.rate_limit));
        table.row([
            Cell::from(&member.name),
            Cell::from(&member.display),
            Cell::from(member.environment.as_deref().unwrap_or_default()),
            Cell::from(url.as_deref().unwrap_or_default()),
            Cell::from(if limited { "yes" } else { "no" }),
        ]);
        instances.push(json!({
            "name": member.name, "display": member.display, "environment": member.environment,
            "protected": member.protected, "url": url, "plan": info.and_then(|info| info.plan.as_ref()),
            "rate_limited": limited, "workspaces": null,
        }));
    }
    let exit = Exit::of_failures(&roll.failures, !instances.is_empty());
    let document = json!({ "instances": instances, "failures": roll.failures });
    Ok(Outcome::new(exit, document, table.render(&app.console, NONE)).complaining(&roll.failures))
}

fn rows(console: &Console, inventory: &Inventory, options: &InventoryOptions) -> String {
    let mut header = vec!["instance", "environment", "workspace", "live branch"];
    header.extend(options.branches.then_some("branches"));
    header.extend(options.tables.then_some("table"));
    header.extend(options.counts.then_some("records"));
    let mut table = Table::new(&header);
    let number = |number: Option<u64>| number.map(grouped).unwrap_or_default();
    for row in inventory.rows() {
        let Row {
            instance,
            environment,
            workspace,
            live_branch,
            branches,
            table: name,
            records,
            problem,
            ..
        } = row;
        let workspace = match (workspace, &problem) {
            (Some(workspace), _) => Cell::from(workspace),
            (None, Some(problem)) => Cell::painted(problem, Paint::Bad),
            (None, None) => Cell::from(""),
        };
        let mut cells = vec![
            Cell::from(instance),
            Cell::from(environment.unwrap_or_default()),
            workspace,
            Cell::from(live_branch.unwrap_or_default()),
        ];
        cells.extend(
            options
                .branches
                .then(|| Cell::from(number(branches.map(|count| count as u64)))),
        );
        cells.extend(options.tables.then(|| Cell::from(name.unwrap_or_default())));
        cells.extend(options.counts.then(|| Cell::from(number(records))));
        table.row(cells);
    }
    table.render(console, NONE)
}

pub(crate) async fn health(app: &App, given: &ArgMatches) -> Result<Outcome, Error> {
    let fleet = app.fleet(text(given, "environment").as_deref())?;
    let options = options(given);
    if flag(given, "watch") {
        return watch(app, &fleet, given, options).await;
    }
    let health = fleet.health(&options).await?;
    let exit = match Exit::of_failures(&health.failures, !health.instances.is_empty()) {
        Exit::Success if !health.ok => Exit::Problems,
        exit => exit,
    };
    let document = json!({
        "at": health.at, "seconds": health.seconds, "instances": health.instances, "failures": health.failures,
    });
    Ok(Outcome::new(exit, document, states(&app.console, &health)).complaining(&health.failures))
}

/// Prints a line for each change, until Ctrl-C or until nobody reads it any more.
async fn watch(app: &App, fleet: &Fleet, given: &ArgMatches, options: HealthOptions) -> Result<Outcome, Error> {
    let every = given.get_one("every").copied().unwrap_or(60_u64);
    let mut watch = fleet.watch(Duration::from_secs(every), options)?;
    loop {
        let change = watch.next().await?;
        let line = if app.json {
            json!(change).to_string()
        } else {
            crate::text::tame(&format!("{} {change}", change.at))
        };
        if !say(&line) {
            return Ok(Outcome::printed(Exit::Success));
        }
    }
}

fn options(given: &ArgMatches) -> HealthOptions {
    let usual = HealthOptions::default();
    let millis = |name| given.get_one::<u64>(name).copied().map(Duration::from_millis);
    HealthOptions {
        slow: millis("slow").unwrap_or(usual.slow),
        timeout: millis("probe-timeout").unwrap_or(usual.timeout),
        ..usual
    }
}

fn states(console: &Console, health: &Health) -> String {
    let mut table = Table::new(&[
        "name",
        "environment",
        "state",
        "p50 ms",
        "p95 ms",
        "token days",
        "reason",
    ]);
    for instance in &health.instances {
        let paint = match instance.state {
            State::Up => Paint::Good,
            State::Slow => Paint::Careful,
            _ => Paint::Bad,
        };
        let tenths = |number: Option<f64>| number.map(|number| format!("{number:.1}")).unwrap_or_default();
        table.row([
            Cell::from(&instance.name),
            Cell::from(instance.environment.as_deref().unwrap_or_default()),
            Cell::painted(instance.state.word(), paint),
            Cell::from(tenths(instance.p50_ms)),
            Cell::from(tenths(instance.p95_ms)),
            Cell::from(tenths(instance.token_days_left)),
            Cell::from(instance.reason.as_deref().unwrap_or_default()),
        ]);
    }
    table.render(console, NONE)
}

/// A failure somewhere, for reports that are put together here.
pub(crate) fn failed(at: &str, error: &Error) -> Failure {
    Failure::new(at, error)
}
