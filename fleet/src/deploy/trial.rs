//! The tests of a branch: unit tests, which are part of objects, and workflow tests.
//!
//! That there are none and that they cannot be run here are two things, and neither is a test that passed.

use serde::{Deserialize, Serialize};
use xano_metadata::api::WorkspaceHandle;
use xano_metadata::{Error, ErrorKind};

/// How the tests of a branch went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Tests {
    /// `passed`, `failed`, `none` (there are no tests) or `not_run` (at least one could not be run here).
    pub verdict: String,
    /// How many passed.
    pub passed: usize,
    /// Those that did not.
    pub failed: Vec<TestRecord>,
    /// Those that could not be run, or listed.
    pub not_run: Vec<TestRecord>,
}

/// A test that did not pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TestRecord {
    /// `unit` or `workflow`.
    pub kind: String,
    /// Its name, or `all` where they could not even be listed.
    pub name: String,
    /// Why.
    pub message: String,
}

impl Tests {
    fn note(&mut self, kind: &str, name: String, ran: Result<(String, Option<String>), Error>) -> Result<(), Error> {
        let record = |message| TestRecord {
            kind: kind.to_owned(),
            name,
            message,
        };
        match ran {
            Ok((status, _)) if status == "ok" => self.passed += 1,
            Ok((status, message)) => {
                let message = message.filter(|message| !message.is_empty()).unwrap_or(status);
                self.failed.push(record(message));
            }
            Err(error) if is_impossible(&error) => self.not_run.push(record(error.message().to_owned())),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// As a sentence.
    pub(super) fn shown(&self) -> String {
        let first = |records: &[TestRecord]| {
            records.first().map_or_else(String::new, |record| {
                format!(" ({} test {:?}: {})", record.kind, record.name, record.message)
            })
        };
        match self.verdict.as_str() {
            "passed" => format!("{} passed", self.passed),
            "none" => "there are no tests".to_owned(),
            "not_run" => format!(
                "{} could not be run here{}, {} passed",
                self.not_run.len(),
                first(&self.not_run),
                self.passed
            ),
            _ => format!(
                "{} failed{}, {} passed",
                self.failed.len(),
                first(&self.failed),
                self.passed
            ),
        }
    }
}

/// Whether the server cannot do it at all, as opposed to failing at it.
fn is_impossible(error: &Error) -> bool {
    error.code() == "ERROR_CODE_NOT_EMULATED" || matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Permission)
}

/// Runs every test of the branch, one after the other: what they do is real, so they could be in each other's way.
pub(super) async fn run(workspace: &WorkspaceHandle, branch: &str) -> Result<Tests, Error> {
    let mut tests = Tests::default();
    match workspace.unit_tests().list().branch(branch).all().await {
        Ok(all) => {
            for test in all {
                let ran = workspace.unit_test(test.id).run().branch(branch).await;
                let ran = ran.map(|run| {
                    let results = run.results.unwrap_or_default();
                    let wrong = results.into_iter().find(|result| result.status != "ok");
                    let status = wrong.as_ref().map_or(run.status, |result| result.status.clone());
                    (status, wrong.and_then(|result| result.message).or(run.message))
                });
                tests.note("unit", format!("{}: {}", test.obj_name, test.name), ran)?;
            }
        }
        Err(error) => tests.note("unit", "all".to_owned(), Err(error))?,
    }
    match workspace.workflow_tests().list().branch(branch).all().await {
        Ok(all) => {
            for test in all {
                let ran = workspace.workflow_test(test.id).run().await;
                tests.note("workflow", test.name, ran.map(|run| (run.status, run.message)))?;
            }
        }
        Err(error) => tests.note("workflow", "all".to_owned(), Err(error))?,
    }
    let verdict = match (tests.failed.is_empty(), tests.not_run.is_empty(), tests.passed) {
        (false, ..) => "failed",
        (_, false, _) => "not_run",
        (_, _, 0) => "none",
        _ => "passed",
    };
    verdict.clone_into(&mut tests.verdict);
    Ok(tests)
}
