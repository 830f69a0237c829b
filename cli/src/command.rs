//! The commands and their arguments, as clap takes them.

mod jobs;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use clap_complete::Shell;
use serde_json::json;

use crate::outcome::Outcome;

const NAME: &str = "xano-metadata";

const AFTER: &str = "\
A PLACE is INSTANCE/WORKSPACE or INSTANCE/WORKSPACE@BRANCH: the instance by its name or URL, the workspace by its number or
name, the branch by its label (default: the live one). Without INSTANCE/ it is that of --instance, XANO_INSTANCE_URL or the
profile.

Credentials come from XANO_TOKEN or the profile file of the official command line tool; a token is never an argument.

Exit codes: 0 success, 1 a part failed or problems were found, 2 bad input, 3 refused, 4 unreachable, 130 interrupted.
Not made by Xano. Everything else: docs/cli.md.";

/// The whole command line.
pub(crate) fn command() -> Command {
    Command::new(NAME)
        .version(env!("CARGO_PKG_VERSION"))
        .about("Looks after Xano workspaces: inventory, health, backups, comparison, deployment, records, snippets")
        .after_help(AFTER)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .args(shared())
        .subcommand(Command::new("me").about("Show whom the token belongs to"))
        .subcommand(jobs::instances())
        .subcommand(jobs::health())
        .subcommand(jobs::backup())
        .subcommand(jobs::verify())
        .subcommand(jobs::restore())
        .subcommand(jobs::compare())
        .subcommand(jobs::deploy())
        .subcommand(snippets())
        .subcommand(tokens())
        .subcommand(records())
        .subcommand(request())
        .subcommand(emulator())
        .subcommand(
            Command::new("completion")
                .about("Print a completion script for a shell")
                .arg(Arg::new("shell").required(true).value_parser(value_parser!(Shell))),
        )
}

/// The completion script that was asked for.
pub(crate) fn completion(given: &ArgMatches) -> Outcome {
    let Some(shell) = given.get_one::<Shell>("shell").copied() else {
        return Outcome::printed(crate::outcome::Exit::BadInput);
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), NAME, &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Outcome::success(json!({ "shell": shell.to_string(), "script": script }), script)
}

fn shared() -> Vec<Arg> {
    vec![
        switch("json", "Print one JSON document instead of text for people"),
        switch(
            "yes",
            "Answer every question with yes, and let things be overwritten or deleted",
        )
        .short('y'),
        switch(
            "progress",
            "Show progress on standard error also where it is no terminal",
        ),
        option(
            "fleet",
            "FILE",
            "A fleet.toml with instances, the names of their tokens' variables, and environments",
        )
        .value_parser(value_parser!(PathBuf)),
        option("profile", "NAME", "Profile of the credentials file"),
        option("instance", "NAME|URL", "Instance of places that name none"),
        option("retries", "N", "Retries of a call after its first attempt [default: 3]")
            .value_parser(value_parser!(u32)),
        option(
            "timeout",
            "SECONDS",
            "Longest time for one attempt of a call [default: 60]",
        )
        .value_parser(value_parser!(u64).range(1..)),
        option("token", "TOKEN", "").hide(true).num_args(0..=1),
        option("password", "PASSWORD", "").hide(true).num_args(0..=1),
    ]
    .into_iter()
    .map(|arg| arg.global(true))
    .collect()
}

fn snippets() -> Command {
    Command::new("snippets").about("List your snippets").arg(
        Arg::new("canonical")
            .value_name("CANONICAL")
            .help("Show this one alone"),
    )
}

fn tokens() -> Command {
    let snippet = || needed("canonical", "CANONICAL", "Last part of the snippet's public address");
    let token = || {
        needed(
            "install-token",
            "INSTALL_TOKEN",
            "The install token; - reads it from standard input",
        )
    };
    let installs = || option("installs", "N", "Installs it allows in all").value_parser(value_parser!(i64).range(1..));
    Command::new("tokens")
        .about("List, create, change and revoke install tokens of a snippet")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("list")
                .about("List them with the installs used")
                .arg(snippet()),
        )
        .subcommand(
            Command::new("create")
                .about("Create new ones")
                .args([snippet(), installs().required(true)])
                .arg(
                    option("count", "N", "How many")
                        .value_parser(value_parser!(u32).range(1..))
                        .default_value("1"),
                ),
        )
        .subcommand(
            Command::new("update")
                .about("Change how many installs one allows")
                .args([snippet(), token(), installs().required(true)]),
        )
        .subcommand(
            Command::new("delete")
                .about("Revoke one; installs made with it stay")
                .args([snippet(), token()]),
        )
}

fn records() -> Command {
    let place = |id: &'static str, name| needed(id, name, "Where the table is");
    let table = |id: &'static str, name| needed(id, name, "Number or name of the table");
    let source = |id, name| option(id, "LABEL", name);
    let read = || {
        [
            option("search", "JSON", "Conditions as the API has them"),
            option("limit", "N", "Records at most").value_parser(value_parser!(u64)),
        ]
    };
    let write = || {
        [
            option(
                "key",
                "COLUMN",
                "Column with unique values by which records are found, instead of id",
            ),
            switch("keep-ids", "Keep the ids that rows bring").conflicts_with("drop-ids"),
            switch("drop-ids", "Leave the ids that rows bring out"),
            option("on-error", "WHAT", "What a refused row does to the others")
                .value_parser(PossibleValuesParser::new(["stop", "collect"]))
                .default_value("stop"),
            option("checkpoint", "FILE", "A file that lets a killed run go on where it was")
                .value_parser(value_parser!(PathBuf)),
        ]
    };
    let file = |help| {
        Arg::new("file")
            .value_name("FILE")
            .required(true)
            .help(help)
            .value_parser(value_parser!(PathBuf))
    };
    let format = || {
        option(
            "format",
            "FORMAT",
            "Format of the file [default: by the end of its name]",
        )
        .value_parser(PossibleValuesParser::new(["ndjson", "csv"]))
    };
    Command::new("records")
        .about("Export, import and copy whole tables")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("export")
                .about("Write the records of a table to a file")
                .args([
                    place("place", "PLACE"),
                    table("table", "TABLE"),
                    file("Where to write: .ndjson, .jsonl or .csv"),
                ])
                .args(read())
                .args([format(), source("data-source", "Data source to read [default: live]")]),
        )
        .subcommand(
            Command::new("import")
                .about("Load a file into a table")
                .args([
                    place("place", "PLACE"),
                    table("table", "TABLE"),
                    file("What to load: .ndjson, .jsonl or .csv"),
                ])
                .arg(
                    option("action", "WHAT", "What to do with each row")
                        .value_parser(PossibleValuesParser::new(["insert", "update", "upsert", "delete"]))
                        .default_value("insert"),
                )
                .args(write())
                .args([format(), source("data-source", "Data source to write [default: live]")]),
        )
        .subcommand(
            Command::new("copy")
                .about("Copy records to another table, also of another instance")
                .args([place("place", "FROM_PLACE"), table("table", "FROM_TABLE")])
                .args([place("to-place", "TO_PLACE"), table("to-table", "TO_TABLE")])
                .arg(switch("create", "Make the table there when it does not exist"))
                .arg(switch("upsert", "Change records that are there already"))
                .args(read())
                .args(write())
                .arg(source("data-source", "Data source to read [default: live]"))
                .arg(source("to-data-source", "Data source to write [default: live]")),
        )
}

fn request() -> Command {
    Command::new("request")
        .about("Make any call of the API, with credentials, retries and rate limits taken care of")
        .args([
            needed("method", "METHOD", "GET, POST, PUT, PATCH or DELETE"),
            needed("path", "PATH", "Path below the base, such as /workspace/1/table"),
            switch("account", "Call the account API instead of an instance"),
            option("query", "NAME=VALUE", "A query parameter; may be given several times").action(ArgAction::Append),
            option(
                "data",
                "JSON|@FILE|-",
                "The body: JSON, a file of it, or standard input",
            )
            .conflicts_with("xanoscript"),
            option(
                "xanoscript",
                "@FILE|-",
                "The body: XanoScript from a file or standard input",
            ),
            option(
                "output",
                "FILE",
                "Write the answer to a file, which appears whole or not at all",
            )
            .value_parser(value_parser!(PathBuf)),
        ])
}

fn emulator() -> Command {
    Command::new("emulator")
        .about("Run a Xano on loopback until Ctrl-C")
        .args([
            option("port", "PORT", "Port of the account API [default: any free one]").value_parser(value_parser!(u16)),
            option("host", "ADDRESS", "Loopback address to listen on [default: 127.0.0.1]"),
            option(
                "file",
                "PATH",
                "Keep the state in this SQLite file [default: in memory]",
            )
            .value_parser(value_parser!(PathBuf)),
            switch("seed-demo", "Start with demonstration data"),
            option("rate-limit", "N/SECONDS", "Limit every origin, such as 10/20"),
            option(
                "token-env",
                "NAME",
                "Environment variable with the access token to accept [default: a new one]",
            ),
        ])
}

pub(crate) fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
}

pub(crate) fn option(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help)
}

fn needed(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).value_name(value).required(true).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_hold_together() {
        command().debug_assert();
    }

    #[test]
    fn shared_options_stand_before_and_behind_a_command() {
        for line in [&["x", "--json", "me"][..], &["x", "me", "--json"]] {
            let matches = command().try_get_matches_from(line).unwrap();
            assert!(matches.get_flag("json"), "{line:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, word) in [
            (&["x", "mee"][..], "me"),
            (&["x", "tokens", "create", "c", "--installs", "0"], "--installs"),
            (
                &["x", "records", "import", "1", "t", "f", "--on-error", "shrug"],
                "collect",
            ),
            (&["x", "me", "--timeout", "0"], "--timeout"),
        ] {
            let fault = command().try_get_matches_from(line).unwrap_err();
            assert!(fault.to_string().contains(word), "{fault}");
        }
    }

    #[test]
    fn there_is_a_script_for_each_shell() {
        for shell in ["bash", "zsh", "fish"] {
            let matches = command().try_get_matches_from(["x", "completion", shell]).unwrap();
            let (_, given) = matches.subcommand().unwrap();
            assert!(format!("{:?}", completion(given)).contains("records"), "{shell}");
        }
    }
}
