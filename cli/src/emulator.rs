//! `emulator`: a Xano on loopback, for trying things out.

use std::net::IpAddr;

use clap::ArgMatches;
use serde_json::json;
use xano_emulator::{Emulator, EmulatorOptions, RateLimit};
use xano_metadata::Error;

use crate::app::{App, flag, path, secret, text};
use crate::interrupted;
use crate::outcome::{Exit, Outcome, say};
use crate::table::facts;

/// Runs it until Ctrl-C, which is its usual end and no failure.
pub(crate) async fn run(app: &App, given: &ArgMatches) -> Result<Outcome, Error> {
    let options = options(given)?;
    let interrupted = interrupted();
    let emulator = Emulator::start(options).map_err(|error| Error::config(format!("{error}.")))?;
    let told = [
        ("account_url", emulator.account_url()),
        ("instance_url", emulator.instance_url()),
        ("control_url", emulator.control_url()),
        ("token", emulator.token()),
    ];
    let heard = if app.json {
        let mut document = json!({ "ok": true });
        for (name, value) in told {
            document[name] = value.into();
        }
        say(&document.to_string())
    } else {
        let told = told.map(|(name, value)| (name, value.to_owned()));
        say(&format!("{}Stop it with Ctrl-C.", facts(&app.console, &told)))
    };
    if heard {
        interrupted.await;
    }
    emulator.stop();
    Ok(Outcome::printed(Exit::Success))
}

fn options(given: &ArgMatches) -> Result<EmulatorOptions, Error> {
    let mut options = EmulatorOptions {
        file: path(given, "file"),
        seed_demo: flag(given, "seed-demo"),
        ..EmulatorOptions::default()
    };
    if let Some(port) = given.get_one("port") {
        options.port = *port;
    }
    if let Some(host) = text(given, "host") {
        options.host = host.parse::<IpAddr>().map_err(|_| {
            Error::config(format!(
                "--host takes a loopback address such as 127.0.0.1, not {host:?}."
            ))
        })?;
    }
    if let Some(limit) = text(given, "rate-limit") {
        let parsed = RateLimit::parse(&limit);
        options.rate_limit = Some(
            parsed
                .ok_or_else(|| Error::config(format!("--rate-limit takes N/SECONDS such as 10/20, not {limit:?}.")))?,
        );
    }
    options.token = secret(given, "token-env")?;
    Ok(options)
}
