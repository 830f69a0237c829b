//! A Xano that runs on loopback.
//!
//! It answers the Xano Metadata API over real HTTP from a real database, so that programs can be
//! tried, tested and shown without an account: tokens expire and can be revoked, limits are true
//! sliding windows, install tokens run out, and connections break in every way that networks know
//! (see [`Emulator::control`]). It is an independent program and not made by Xano.
//!
//! ```
//! use xano_emulator::{Emulator, EmulatorOptions};
//!
//! let emulator = Emulator::start(EmulatorOptions::default())?;
//! println!("{} {}", emulator.account_url(), emulator.token());
//! # Ok::<(), xano_emulator::EmulatorError>(())
//! ```
//!
//! # How it is laid out
//!
//! | module | subject |
//! | --- | --- |
//! | `handle`, `server`, `connection`, `wire` | the thread, the origins, one connection, bare-socket answers |
//! | `api` | operations, one file a family, each a list of routes and plain functions |
//! | `control` | the control path |
//! | `store` | SQLite |
//! | `data` | the tables, columns, indexes and records of the workspaces |
//! | `faults`, `limit`, `clock`, `journal`, `scope` | the rules |
#![deny(missing_docs)]
#![forbid(unsafe_code)]
// Pedantic lints that would only add noise here:
#![allow(clippy::doc_markdown)] // SQLite, XanoScript and the like are names, not code
#![allow(clippy::must_use_candidate)] // every getter would carry the attribute
#![allow(clippy::struct_field_names)] // `token.token` is what the API calls it

mod api;
mod archive;
mod clock;
mod connection;
mod control;
mod data;
mod error;
mod faults;
mod handle;
mod journal;
mod limit;
mod options;
mod scope;
mod script;
mod search;
mod seed;
mod server;
mod store;
mod wire;

pub use handle::Emulator;
pub use limit::{RateLimit, RetryAfter};
pub use options::{EmulatorError, EmulatorOptions, ExtrasForm};
