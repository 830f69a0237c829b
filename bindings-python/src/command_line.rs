//! The command line, as the console script starts it (`_cli.py`).

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the command line and returns its exit code. The first argument is the program's name.
#[pyfunction]
#[pyo3(signature = (arguments, /))]
pub fn command_line(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| xano_metadata_cli::run(arguments))
}
