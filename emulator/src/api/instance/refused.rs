//! Operations that would have to run XanoScript or reach other machines. They answer a definite
//! refusal, so that nobody mistakes the emulator's silence for success.

use axum::routing::MethodFilter;

use super::workspace;
use crate::api::{Call, Outcome, Route};
use crate::error::ApiError;

const RUNS: [(MethodFilter, &str); 15] = [
    (MethodFilter::GET, "/mcp_server/documentation"),
    (MethodFilter::POST, "/workspace/{workspace_id}/function/run"),
    (
        MethodFilter::POST,
        "/workspace/{workspace_id}/workflow_test/{workflow_test_id}/run",
    ),
    (
        MethodFilter::POST,
        "/workspace/{workspace_id}/unit_test/{unit_test_id}/run",
    ),
    (
        MethodFilter::POST,
        "/workspace/{workspace_id}/tenant/{tenant_name}/unit_test/{unit_test_id}/run",
    ),
    (
        MethodFilter::POST,
        "/workspace/{workspace_id}/tenant/{tenant_name}/workflow_test/{workflow_test_id}/run",
    ),
    (MethodFilter::POST, "/sandbox/unit_test/{unit_test_id}/run"),
    (MethodFilter::POST, "/sandbox/workflow_test/{workflow_test_id}/run"),
    (MethodFilter::POST, "/workspace/{workspace_id}/multidoc/debug"),
    (MethodFilter::GET, "/workspace/{workspace_id}/multidoc/debug/{debug_id}"),
    (MethodFilter::POST, "/beta/workspace/{workspace_id}/anonymous/run"),
    (MethodFilter::POST, "/beta/workspace/{workspace_id}/function/run"),
    (MethodFilter::POST, "/beta/ephemeral/cleanup"),
    (MethodFilter::POST, "/beta/ephemeral/job"),
    (MethodFilter::POST, "/beta/ephemeral/service"),
];

pub fn routes() -> Vec<Route> {
    RUNS.into_iter()
        .map(|(method, path)| Route::open(method, path, refuse))
        .collect()
}

/// The refusal of what is not emulated.
pub fn not_emulated(what: &str) -> ApiError {
    let mut error = ApiError::bad_request(format!("{what} is not emulated. docs/emulator.md lists what is."));
    error.code = "ERROR_CODE_NOT_EMULATED";
    error
}

fn refuse(call: &mut Call<'_>) -> Outcome {
    if !call.param("workspace_id").is_empty() {
        workspace(call)?;
    }
    Err(not_emulated("Running XanoScript, or reaching what is outside,"))
}
