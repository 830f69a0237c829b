//! A client for the Xano Metadata API: typed, retrying, aware of rate limits.
//!
//! This is an independent project, not made by Xano.
//!
//! ```no_run
//! # async fn example() -> Result<(), xano_metadata::Error> {
//! use xano_metadata::{ClientOptions, Xano};
//!
//! // The token comes from the option, XANO_TOKEN or the credentials file of the official CLI.
//! let xano = Xano::new(ClientOptions::default())?;
//! for info in xano.instances().list().all().await? {
//!     println!("{} is at {}", info.display, info.meta_api);
//! }
//! let snippet = xano.snippet("kRG3t_-i");
//! let token = snippet.tokens().create(50).await?;
//! snippet.token(token.token).update(100, 0).await?;
//!
//! // Handles follow the URL. Things may be called by their name; nothing is sent before `.await`.
//! let shop = xano.instance("x1234-5678-9012").workspace("shop");
//! let order = shop.table("orders").record(1).get().await?;
//! # drop(order);
//! # Ok(())
//! # }
//! ```
//!
//! # The typed face
//! - [`Xano`] and [`Instance`] are the roots; [`api`] holds what hangs on them, generated from the operation table.
//! - Required arguments are arguments, optional ones are setters on what the method returns: [`Call`] (an answer),
//!   [`List`] (pages, items, or all) or [`Fetch`] (a file). Each also takes [`CallOptions`].
//! - Structs keep fields that this version does not know, and read missing ones as empty. [`Id`], [`Time`] and [`Script`]
//!   are what Xano spells in several ways.
//!
//! # The engine below, on which the Python and Node bindings stand as well
//! - [`Client`]: credentials, connections, counters; made from [`ClientOptions`].
//! - [`Connection`]: one API behind one base URL, from [`Client::account`], [`Client::instance`] (by name, resolved at its
//!   first call), [`Client::instance_at`] (by URL), [`Client::instance_named_by_account`] (by a row of the list) or
//!   [`Client::default_instance`] (by configuration).
//! - [`Request`] → [`Connection::call`] → [`Reply`]: bytes in, bytes out, everything between them the engine's work.
//! - [`Connection::pages`] → [`Pages`] → [`RawPage`]: lists, whichever of the five ways the server pages.
//! - [`Connection::open`] and [`Connection::fetch`] → [`Download`]: files, the latter without the token.
//! - [`records`]: whole tables as data: stable reads, bulk loads, files, copies.
//! - [`Error`]: one type, with a `code` that is the same in every language, and [`Error::to_json`].
//! - [`Event`] and [`Stats`]: seeing inside. [`operation`]: the table. [`runtime`]: tokio for callers that have none.
#![deny(missing_docs)]
#![deny(unsafe_code)]
#![allow(
    clippy::doc_markdown,
    reason = "XanoScript, OpenAPI and the like are names, not code"
)]

pub mod api;
#[doc(hidden)]
pub mod compact;
pub mod file_lock;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
#[doc(hidden)]
pub mod masks;
pub mod operation;
pub mod records;
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
mod here;
mod instances;
mod jwt;
mod limiter;
mod moment;
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
mod target;
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
pub use here::Here;
pub use options::{CallOptions, ClientOptions, RateLimit, RateLimiting};
pub use paging::{Pages, RawPage};
pub use request::{Reply, Request, Value};
pub use stats::Stats;
pub use token::Token;
pub use typed::{Call, Edit, Fetch, Id, List, Op, Page, Script, Time, TypedPages};
