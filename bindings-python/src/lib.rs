//! The native half of the Python package: about a dozen functions that do not grow with the API.
//!
//! Python packs the arguments of a generated method, one of the calls here hands them to the engine, and the answer's bytes
//! are decoded straight into Python objects. What is worth knowing lives beside its subject:
//! - [`wait`]: sync calls, which release the GIL, notice Ctrl-C and survive the interpreter's end;
//! - [`completions`] and [`hub`]: asyncio, where one wake of a loop delivers every result that came meanwhile;
//! - [`encode`] and [`decode`]: JSON without a tree between bytes and objects;
//! - [`raise`]: errors become classes written in Python;
//! - [`records`]: rows in, pages and columns out;
//! - [`tasks`]: long work across instances, a step at a time.

mod bell;
mod client;
mod command_line;
mod completions;
mod decode;
mod emulator;
mod encode;
mod events;
mod fleet;
mod hub;
mod options;
mod owned;
mod pages;
mod raise;
mod records;
mod request;
mod stream;
mod tasks;
mod wait;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;

/// Ends the engine: calls in flight fail with `Cancelled`, later ones too. Called once, at the interpreter's exit, so that
/// no thread of ours is still running when Python takes itself apart.
#[pyfunction]
fn shutdown(py: Python<'_>, seconds: f64) {
    let limit = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    py.detach(|| {
        hub::stop(limit / 2);
        xano_metadata::runtime::shutdown(limit / 2);
        wait::settle(limit / 2);
    });
}

/// Whether an operation changes something, so that an answer nobody understands leaves open what was done.
#[pyfunction]
fn writes(operation: &str) -> bool {
    xano_metadata::operation::lookup(operation).is_none_or(|row| row.writes)
}

/// Panics inside the engine, to show what a caller gets. In every build, so that the one that is published is tested too.
#[pyfunction]
fn panic_for_tests(py: Python<'_>) -> PyResult<()> {
    wait::wait(py, async { panic!("asked to panic") }, None)
}

/// Refuses every interpreter of the process but the first: classes and interned names belong to one. Python 3.12 and
/// later refuse by themselves.
fn refuse_second_interpreter() -> PyResult<()> {
    static FIRST: AtomicI64 = AtomicI64::new(-1);
    // SAFETY: the caller is attached to an interpreter, which is all that the two functions ask for.
    let this = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    match FIRST.compare_exchange(-1, this, Ordering::AcqRel, Ordering::Acquire) {
        Err(first) if first != this => Err(PyImportError::new_err(
            "xano_metadata does not run in a sub-interpreter: it was loaded by another interpreter of this process. Use \
             it there, or start a process of its own.",
        )),
        _ => Ok(()),
    }
}

#[pymodule(gil_used = true)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    refuse_second_interpreter()?;
    module.add_class::<client::Client>()?;
    module.add_class::<client::Connection>()?;
    module.add_class::<pages::Pages>()?;
    module.add_class::<stream::Stream>()?;
    module.add_class::<completions::Completions>()?;
    module.add_class::<completions::Ticket>()?;
    module.add_class::<emulator::Emulator>()?;
    module.add_class::<fleet::Fleet>()?;
    module.add_class::<tasks::Task>()?;
    records::register(module)?;
    module.add_function(wrap_pyfunction!(encode::dumps, module)?)?;
    module.add_function(wrap_pyfunction!(decode::loads, module)?)?;
    module.add_function(wrap_pyfunction!(command_line::command_line, module)?)?;
    let shutdown = wrap_pyfunction!(shutdown, module)?;
    module.add_function(shutdown.clone())?;
    module.add_function(wrap_pyfunction!(writes, module)?)?;
    module.add_function(wrap_pyfunction!(panic_for_tests, module)?)?;
    // Python runs these after its own threads were joined and before anything is torn down.
    module
        .py()
        .import("atexit")?
        .call_method1("register", (shutdown, 1.0))?;
    Ok(())
}
