//! The command line, as the package's `bin` starts it (`cli.ts`).

use napi_derive::napi;

use crate::guarded;

/// Runs the command line and returns its exit code. It keeps the thread; the first argument is the program's name.
///
/// # Errors
/// `internal_error` when it panicked.
#[napi]
pub fn command_line(arguments: Vec<String>) -> napi::Result<u8> {
    guarded(|| Ok(xano_metadata_cli::run(arguments.into_iter().map(Into::into))))
}
