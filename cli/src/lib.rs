//! `xano-metadata`, the command line: tables for people, `--json` for machines, exit codes that can be relied on.
//!
//! This is an independent project, not made by Xano.
//!
//! One implementation, started in three ways: as a program of its own, by the Python package's console script, and by
//! `npx xano-metadata`; the last two call [`run`] through their native module. What each command prints as JSON is
//! described in `docs/cli.md` and held to it by a test.
//!
//! - [`run`] parses, runs and prints; each command is a module that returns an [`Outcome`](outcome::Outcome);
//! - whatever is asked of the user or told on the way goes to standard error, so that standard output is the result alone;
//! - Ctrl-C drops the work where it waits: files appear whole or not at all, journals and checkpoints can be taken up.
#![deny(missing_docs)]
#![deny(unsafe_code)]
#![allow(
    clippy::format_push_string,
    reason = "texts for people are short, and write! into a String needs a result that cannot fail"
)]

mod account;
mod app;
mod ask;
mod backup;
mod command;
mod compare;
mod console;
mod deploy;
mod emulator;
mod fleet;
mod outcome;
mod place;
mod records;
mod request;
mod snippets;
mod table;
mod text;

use std::ffi::OsString;
use std::io::Write as _;
use std::time::Duration;

use clap::ArgMatches;
use clap::error::ErrorKind as Fault;
use xano_metadata::{Error, runtime};

use app::App;
use outcome::{Exit, Outcome};

/// How long a command that was interrupted may take to let go of what it held.
const GONE_WITHIN: Duration = Duration::from_secs(2);

/// Runs the command line and returns its exit code. The first argument is the program's name, as usual.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let exit = match command::command().try_get_matches_from(&arguments) {
        Ok(matches) => obey(&matches),
        Err(fault) => explain(&fault, arguments.iter().any(|argument| argument == "--json")),
    };
    exit.code()
}

/// What could not be parsed, or help that was asked for.
fn explain(fault: &clap::Error, json: bool) -> Exit {
    match fault.kind() {
        Fault::DisplayHelp | Fault::DisplayVersion => {
            // Whoever closes the pipe early has read enough.
            let _ = write!(std::io::stdout(), "{}", fault.render());
            Exit::Success
        }
        _ => {
            let _ = write!(std::io::stderr(), "{}", fault.render());
            if json {
                let sentence = text::first_line(&fault.render().to_string());
                outcome::say(&outcome::failure(&Error::config(sentence)).to_string());
            }
            Exit::BadInput
        }
    }
}

fn obey(matches: &ArgMatches) -> Exit {
    let app = App::new(matches);
    // The emulator's usual end is Ctrl-C, so it listens for it itself.
    let endless = matches.subcommand_name() == Some("emulator");
    let worked = match runtime::handle() {
        Ok(handle) if endless => Some(handle.block_on(dispatch(&app, matches))),
        Ok(handle) => handle.block_on(until_interrupted(dispatch(&app, matches))),
        Err(error) => Some(Err(error)),
    };
    app.console.end();
    let Some(result) = worked else {
        runtime::shutdown(GONE_WITHIN);
        app.console.complain("Interrupted.");
        return Exit::Interrupted;
    };
    let outcome = result.unwrap_or_else(|error| Outcome::failed(&error));
    outcome.print(app.json, &app.console);
    outcome.exit
}

async fn dispatch(app: &App, matches: &ArgMatches) -> Result<Outcome, Error> {
    App::refuse_secrets(matches)?;
    match matches.subcommand() {
        Some(("me", _)) => account::me(app).await,
        Some(("instances", given)) => fleet::instances(app, given).await,
        Some(("health", given)) => fleet::health(app, given).await,
        Some(("backup", given)) => backup::create(app, given).await,
        Some(("verify", given)) => backup::verify(app, given).await,
        Some(("restore", given)) => backup::restore(app, given).await,
        Some(("compare", given)) => compare::run(app, given).await,
        Some(("deploy", given)) => deploy::run(app, given).await,
        Some(("snippets", given)) => snippets::list(app, given).await,
        Some(("tokens", given)) => snippets::tokens(app, given).await,
        Some(("records", given)) => records::run(app, given).await,
        Some(("request", given)) => request::run(app, given).await,
        Some(("emulator", given)) => emulator::run(app, given).await,
        Some(("completion", given)) => Ok(command::completion(given)),
        _ => Err(Error::config("There is no such command.")),
    }
}

/// Runs `work` until it is done, or none when Ctrl-C or SIGTERM came first; the work is dropped then.
async fn until_interrupted<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = interrupted() => None,
        done = work => Some(done),
    }
}

/// Waits for Ctrl-C or SIGTERM, from the moment of the call on.
#[cfg(unix)]
fn interrupted() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};

    let both = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = both else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
fn interrupted() -> impl Future<Output = ()> {
    async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
