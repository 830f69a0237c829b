//! What an emulator is started with.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use crate::limit::RateLimit;

/// How `GET /auth/me` shows `extras`: documentation says text, real answers carry an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExtrasForm {
    /// A JSON object, as seen in practice.
    #[default]
    Object,
    /// The same object as JSON text, as documented.
    Text,
}

/// Options of [`Emulator::start`](crate::Emulator::start).
///
/// ```
/// use xano_emulator::{Emulator, EmulatorOptions};
///
/// let emulator = Emulator::start(EmulatorOptions { seed_demo: true, ..Default::default() })?;
/// assert!(emulator.account_url().ends_with("/api:meta"));
/// # Ok::<(), xano_emulator::EmulatorError>(())
/// ```
#[derive(Debug, Clone)]
pub struct EmulatorOptions {
    /// Address to listen on. Default 127.0.0.1; anything off loopback is refused, because the
    /// control path asks for no token.
    pub host: IpAddr,
    /// Port of the account origin. Default 0: the port kept in `file` when that is free, otherwise
    /// any free one. Instances always have ports of their own.
    pub port: u16,
    /// SQLite file that keeps the state over restarts. Default none: everything lives in memory.
    pub file: Option<PathBuf>,
    /// Add demonstration data (several instances, three pages of snippets, install tokens) when the
    /// state is new. Default false: one user, one token, one instance.
    pub seed_demo: bool,
    /// Limit of the account origin and of every instance that the emulator makes by itself.
    /// Default none.
    pub rate_limit: Option<RateLimit>,
    /// The first token. Default none: a new JWT-looking one that never expires (or the one kept in
    /// `file`).
    pub token: Option<String>,
    /// Form of `extras` for the first user. Default an object.
    pub extras: ExtrasForm,
    /// How many requests the journal keeps, oldest dropped first. Default 10,000, about 10 MB of
    /// ordinary traffic; counts are kept for all.
    pub journal_size: usize,
}

impl Default for EmulatorOptions {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            file: None,
            seed_demo: false,
            rate_limit: None,
            token: None,
            extras: ExtrasForm::Object,
            journal_size: 10_000,
        }
    }
}

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulatorError {
    /// An option makes no sense.
    #[error("emulator option {name}: {reason}")]
    Option {
        /// The option's name.
        name: &'static str,
        /// What is wrong and what to give instead.
        reason: String,
    },
    /// A port could not be opened.
    #[error("the emulator cannot listen on {address}: {source}; choose another port, or 0 for a free one")]
    Listen {
        /// The address that was tried.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The state could not be opened.
    #[error("the emulator cannot use {file} for its state: {source}; give a file that this emulator made, or none")]
    Store {
        /// The file, or `memory`.
        file: String,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The thread or its runtime could not be made.
    #[error("the emulator cannot start its thread: {0}")]
    Thread(std::io::Error),
}
