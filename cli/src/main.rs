//! The command line as a program of its own: `cargo install xano-metadata-cli`. The Python and Node packages bring the
//! same under the same name.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(xano_metadata_cli::run(std::env::args_os()))
}
