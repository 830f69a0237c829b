//! What agencies and shops do with many Xano instances: look after them, back them up, compare them, move changes through
//! environments, sell snippets.
//!
//! This is an independent project, not made by Xano.
//!
//! One room for each job; all of them stand on the typed face of [`xano_metadata`] and add no HTTP of their own:
//! - [`estate`]: which instances, workspaces and environments there are (`fleet.toml`), and how they are;
//! - [`backup`]: archives and logical backups that are checked before they count, retention, restoring;
//! - [`compare`]: what differs between two branches, workspaces or instances;
//! - [`deploy`]: from a source through stages, with gates, a journal and a way back;
//! - [`shop`]: selling install tokens of snippets without selling one twice.
//!
//! Long work talks to its [`Host`]: it tells how far it is and asks where the decision is the user's. A Rust program
//! implements the trait or takes [`Silent`]; the language faces run the same work as a [`Task`], a step at a time, so that
//! callbacks stay in the user's language.
#![deny(missing_docs)]
#![deny(unsafe_code)]
#![allow(
    clippy::doc_markdown,
    reason = "XanoScript, OpenAPI and the like are names, not code"
)]
#![allow(
    clippy::similar_names,
    reason = "left and left_over, stage and stages: near words for near things"
)]
#![allow(
    clippy::format_push_string,
    reason = "texts for people are short, and write! into a String needs a result that cannot fail"
)]

pub mod backup;
pub mod compare;
pub mod deploy;
pub mod estate;
pub mod shop;

mod context;
mod disk;
mod host;
mod place;
mod rehearsal;
mod spread;
mod task;

pub use context::Context;
pub use host::{Answer, Asking, Host, Notice, Progress, Question, Silent};
pub use place::Place;
pub use spread::{Failure, spread};
pub use task::{Step, Task};
