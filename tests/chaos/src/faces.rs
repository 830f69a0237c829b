//! Faces as processes: each reads its task from stdin and prints a line of JSON for every case.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::child::{Next, Process};
use crate::plan::Face;

/// Silence after which a face is taken to hang: no case takes a tenth of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a face printed.
#[derive(Debug, Default)]
pub struct Printed {
    /// The outcomes, by lane and case.
    pub outcomes: BTreeMap<(usize, usize), Value>,
    /// Everything else: lines that are no outcomes, and the error output.
    pub rest: String,
    /// Whether it ended by itself, and well.
    pub ended_well: bool,
    /// Whether the token was in anything that it printed.
    pub told_token: bool,
}

/// The folder of the repository, or the one that `XANO_CHAOS_ROOT` names: a copy whose builds nobody changes meanwhile.
#[must_use]
pub fn root() -> PathBuf {
    let chosen = std::env::var_os("XANO_CHAOS_ROOT").map(PathBuf::from);
    chosen.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
}

fn command(face: Face) -> Command {
    let scripts = root().join("tests/chaos/faces");
    let python = || Command::new(root().join(".venv/bin/python"));
    match face {
        Face::Rust => {
            let mut command = Command::new(std::env::current_exe().unwrap_or_else(|_| "xano-chaos".into()));
            command.arg("drive");
            command
        }
        Face::Sync => {
            let mut command = python();
            command.arg(scripts.join("waiting.py"));
            command
        }
        Face::Async => {
            let mut command = python();
            command.arg(scripts.join("awaiting.py"));
            command
        }
        Face::Node => {
            let mut command = Command::new("node");
            command.arg(scripts.join("node.mjs"));
            command
        }
    }
}

/// Runs a face until it has done its task, or is silent for too long.
///
/// # Errors
/// When it cannot be started.
pub async fn run(face: Face, task: &Value, token: &str) -> std::io::Result<Printed> {
    let mut command = command(face);
    command.current_dir(root());
    let mut process = Process::start(command, task.to_string())?;
    let mut printed = Printed::default();
    let silent = loop {
        match process.next(PATIENCE).await {
            Next::Line(line) => printed.take(&line, token),
            Next::End => break false,
            Next::Silence => break true,
        }
    };
    if silent {
        process.kill()?;
    }
    let (status, errors) = process.end().await?;
    printed.ended_well = !silent && status.success();
    printed.told_token |= errors.contains(token);
    printed.rest.push_str(&errors);
    Ok(printed)
}

impl Printed {
    fn take(&mut self, line: &str, token: &str) {
        self.told_token |= line.contains(token);
        let outcome: Option<Value> = serde_json::from_str(line).ok();
        let place = |name: &str| {
            let number = outcome.as_ref()?.get(name)?.as_u64()?;
            usize::try_from(number).ok()
        };
        if let (Some(lane), Some(case)) = (place("lane"), place("case")) {
            self.outcomes.insert((lane, case), outcome.unwrap_or_default());
        } else {
            self.rest.push_str(line);
            self.rest.push('\n');
        }
    }
}
