//! Moving changes through environments: from a source through stages such as dev → staging → prod.
//!
//! Each stage gets the new version as a branch of its own, a clone of the live one over which the source is written. It is
//! tested there, and only made live when tests, the user's own check and the gates say yes; the branch from before stays, so
//! going back is one switch. A [`journal`](Report::journal) is written before and after every step, so a deployment whose
//! process was killed is [`resume`]d or [`revert`]ed, and [`status`] says how far it was.
//!
//! What a branch does not separate is said before it happens and is not hidden after: tables belong to all branches, so
//! what a push does to them is felt at once, and going back does not take it back. Tables that the source lacks stay, and
//! values of records are not given up, unless the [`Rules`] say so.
//!
//! ```no_run
//! # async fn example(connection: xano_metadata::Connection) -> Result<(), xano_metadata::Error> {
//! use xano_fleet::deploy::{DeployOptions, Source, Stage, run};
//! use xano_fleet::{Place, Silent};
//!
//! let source = Source::Place(Place::new(connection.clone(), "Dev").on_branch("next"));
//! let stages = [
//!     Stage::new("staging", Place::new(connection.clone(), "Staging")),
//!     Stage::new("prod", Place::new(connection, "Main")).protected(),
//! ];
//! let plan = run(&source, &stages, &DeployOptions::default(), &Silent).await?;
//! println!("{}", plan.text());
//! # Ok(())
//! # }
//! ```

mod again;
mod course;
mod documents;
mod folder;
mod ground;
mod journal;
mod lock;
mod options;
mod preview;
mod report;
mod revert;
mod run;
mod source;
mod stage;
mod step;
mod take;
pub(crate) mod task;
mod trial;

pub use documents::Difference;
pub use journal::{SourceRecord, StageRecord, Trouble};
pub use options::{DeployOptions, ResumeOptions, RevertOptions, Rules};
pub use preview::{Operation, Preview};
pub use report::Report;
pub use revert::revert;
pub use run::{resume, run, status};
pub use source::Source;
pub use stage::Stage;
pub use step::{Live, Outcome, State, Step, StepRecord};
pub use trial::{TestRecord, Tests};

use std::fmt::Write as _;

/// The SHA-256 of bytes, in hex.
fn digest(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing into memory cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
