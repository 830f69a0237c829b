//! The commands of the fleet: what there is, how it is, backups, comparison, deployment.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Arg, ArgAction, ArgGroup, Command, value_parser};

use super::{needed, option, switch};

fn environment() -> Arg {
    option(
        "environment",
        "NAME",
        "Only the instances of this environment of the fleet",
    )
}

fn password() -> Arg {
    option(
        "password-env",
        "NAME",
        "Environment variable with the password of backups",
    )
}

pub(super) fn instances() -> Command {
    Command::new("instances")
        .about("List instances, and what is on them")
        .args([
            switch("workspaces", "With their workspaces"),
            switch("branches", "With the branches of each workspace"),
            switch("tables", "With the tables of each workspace"),
            switch("counts", "With the number of records of each table"),
            environment(),
        ])
}

pub(super) fn health() -> Command {
    let millis = |name, help| option(name, "MS", help).value_parser(value_parser!(u64).range(1..));
    Command::new("health")
        .about("Probe every instance once, or watch them")
        .args([
            switch("watch", "Go on looking, and print a line for each change"),
            option("every", "SECONDS", "With --watch: how often to look [default: 60]")
                .value_parser(value_parser!(u64).range(1..)),
            millis("slow", "From which latency an instance counts as slow [default: 2000]"),
            millis("probe-timeout", "Longest time for a probe [default: 10000]"),
            environment(),
        ])
}

pub(super) fn backup() -> Command {
    Command::new("backup")
        .about("Back up workspaces; a backup is checked before it counts")
        .args([
            Arg::new("place")
                .value_name("PLACE")
                .help("What to back up")
                .num_args(1..)
                .required_unless_present("all")
                .conflicts_with("all"),
            switch("all", "Every workspace of the fleet"),
            option("to", "FOLDER", "Where backups go [default: backups]").value_parser(value_parser!(PathBuf)),
            option(
                "kind",
                "KIND",
                "An archive by the server, or a logical backup [default: what the server can]",
            )
            .value_parser(PossibleValuesParser::new(["auto", "archive", "logical"])),
            option(
                "keep",
                "RULE",
                "With --all: which old ones stay, such as last=3,daily=7,weekly=4",
            ),
            option("concurrency", "N", "With --all: workspaces at once [default: 4]")
                .value_parser(value_parser!(u16).range(1..).map(usize::from)),
            environment(),
            password(),
        ])
}

pub(super) fn verify() -> Command {
    Command::new("verify")
        .about("Look at backups again, to their last byte")
        .args([
            Arg::new("path")
                .value_name("PATH")
                .help("A backup, or a folder of some")
                .num_args(1..)
                .required(true)
                .value_parser(value_parser!(PathBuf)),
            password(),
        ])
}

pub(super) fn restore() -> Command {
    Command::new("restore")
        .about("Restore a backup into a workspace, after backing that up")
        .args([
            needed("file", "FILE", "The backup").value_parser(value_parser!(PathBuf)),
            needed("place", "PLACE", "The workspace that is overwritten"),
            option("confirm", "NAME", "The workspace's name, which is asked for otherwise"),
            option(
                "safety",
                "FOLDER",
                "Where the backup of what is there goes [default: beside FILE]",
            )
            .value_parser(value_parser!(PathBuf)),
            switch("no-safety", "Make no backup of what is there").conflicts_with("safety"),
            option(
                "tables",
                "NAMES",
                "Of a logical backup only these: a,b=c restores b as c",
            ),
            password(),
        ])
}

pub(super) fn compare() -> Command {
    Command::new("compare")
        .about("Say what differs between two branches, workspaces or instances")
        .args([
            needed("left", "LEFT", "A place, or with --instances an instance"),
            needed("right", "RIGHT", "The other one"),
            switch("instances", "Compare instances with all their workspaces"),
            option("records", "HOW", "Compare records too: their counts, or their content")
                .value_parser(PossibleValuesParser::new(["counts", "content"])),
            option("families", "NAMES", "Only these, such as tables,functions"),
            option("html", "FILE", "Write the comparison as a page too").value_parser(value_parser!(PathBuf)),
            switch("exit-code", "End with 1 when there are differences"),
        ])
}

pub(super) fn deploy() -> Command {
    let stage = || {
        option("stage", "NAME=PLACE", "A stage, such as prod=acme/Main; in their order")
            .action(ArgAction::Append)
            .required(true)
    };
    let protected = || option("protected", "NAME", "Always ask before this stage").action(ArgAction::Append);
    let journal = || needed("journal", "JOURNAL", "The deployment's journal").value_parser(value_parser!(PathBuf));
    let check = || {
        option(
            "check",
            "COMMAND",
            "A shell command that checks each new branch; what it is about is in XANO_CHECK",
        )
    };
    let folder = |name, help| option(name, "FOLDER", help).value_parser(value_parser!(PathBuf));
    Command::new("deploy")
        .about("Move a version through stages, with tests, gates and a way back")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("run")
                .about("Plan a deployment, and with --execute do it")
                .args([
                    option("from", "PLACE", "The source: a workspace or a branch of one"),
                    option("from-text", "FILE", "The source: a file of XanoScript documents")
                        .value_parser(value_parser!(PathBuf)),
                    folder("from-folder", "The source: a folder of scripts"),
                ])
                .group(
                    ArgGroup::new("source")
                        .args(["from", "from-text", "from-folder"])
                        .required(true),
                )
                .args([stage(), protected(), check()])
                .args([
                    switch("execute", "Do it; without this nothing is written"),
                    option("journal", "FILE", "The journal [default: LABEL.json]").value_parser(value_parser!(PathBuf)),
                    switch("no-gate", "Ask only before protected stages go live"),
                    switch("no-tests", "Run no tests"),
                    switch("require-tests", "Fail a stage that has no tests"),
                    switch("keep-objects", "Keep objects that the source lacks"),
                    switch("drop-tables", "Delete tables that the source lacks, with their records"),
                    switch("allow-loss", "Go on although records would lose values"),
                    folder("backups", "Where safety backups go [default: backups]"),
                    switch("no-backups", "Make no safety backups").conflicts_with("backups"),
                    password(),
                ]),
        )
        .subcommand(
            Command::new("resume")
                .about("Go on with a deployment that ended early")
                .args([journal(), stage(), protected(), check(), password()]),
        )
        .subcommand(
            Command::new("revert")
                .about("Make the versions from before live again")
                .args([journal(), stage(), protected()]),
        )
        .subcommand(
            Command::new("status")
                .about("Say how far a deployment is")
                .arg(journal()),
        )
}
