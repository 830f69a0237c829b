//! A client for the Xano Metadata API: typed, retrying, aware of rate limits.
//!
//! This is an independent project, not made by Xano.
//!
//! # The parts
//! - [`Client`]: credentials, connections, counters; made from [`ClientOptions`].
//! - [`Connection`]: one API behind one base URL, from [`Client::account`], [`Client::instance`] (by name, resolved at its
//!   first call), [`Client::instance_at`] (by URL) or [`Client::instance_named_by_account`].
//! - [`Request`] → [`Connection::call`] → [`Reply`]: bytes in, bytes out, everything between them the engine's work.
//! - [`Connection::pages`] → [`Pages`]: lists, page by page, whichever of the five ways the server pages.
//! - [`Connection::open`] and [`Connection::fetch`] → [`Download`]: files.
//! - [`Error`]: one type, with a `code` that is the same in Rust, Python and Node, and [`Error::to_json`].
//! - [`Event`] and [`Stats`]: seeing inside.
//! - [`operation`]: the table of operations; [`api`]: typed methods made from it.
//! - [`runtime`]: a tokio runtime for callers that have none.
#![deny(missing_docs)]
#![deny(unsafe_code)]
#![allow(
    clippy::doc_markdown,
    reason = "XanoScript, OpenAPI and the like are names, not code"
)]

pub mod api;
pub mod operation;
pub mod runtime;

mod attempt;
mod backoff;
mod base_url;
mod body;
mod budget;
mod client;
mod connection;
mod credentials;
mod download;
mod endpoint;
mod engine;
mod error;
mod events;
mod failure;
mod fetch;
mod instances;
mod jwt;
mod limiter;
mod names;
mod options;
mod outgoing;
mod paging;
mod prepare;
mod process;
mod request;
mod retry;
mod retry_after;
mod stats;
mod token;
mod transport;
mod typed;

pub use api::{Instance, Xano};
pub use body::{Body, Part, PartContent};
pub use client::Client;
pub use connection::Connection;
pub use download::{Download, Progress, ProgressSink};
pub use error::{Error, ErrorKind};
pub use events::{Event, EventSink};
pub use options::{CallOptions, ClientOptions, RateLimit, RateLimiting};
pub use paging::{Pages, RawPage};
pub use request::{Reply, Request, Value};
pub use stats::Stats;
pub use token::Token;
pub use typed::{Call, Fetch, Id, List, Op, Page, Script, Time, TypedPages};
