//! Between long work and whoever started it: telling and asking.
//!
//! ```
//! use xano_fleet::{Host, Notice, Progress, Silent};
//!
//! let host = Silent;
//! host.tell(Notice::Progress(Progress::new("shop", 3, Some(10), "tables")));
//! ```

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use xano_metadata::Error;

/// How far something is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Progress {
    /// What is being worked on, for people.
    pub what: String,
    /// Units that are done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// What is counted, in the plural: `bytes`, `rows`, `tables`.
    pub unit: &'static str,
}

impl Progress {
    /// Progress of `what`.
    pub fn new(what: impl Into<String>, done: u64, total: Option<u64>, unit: &'static str) -> Self {
        Self {
            what: what.into(),
            done,
            total,
            unit,
        }
    }
}

/// What long work tells on its way.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Notice {
    /// How far it is. Only the latest of one `what` matters.
    Progress(Progress),
    /// A part of the result that is known already: a change of health, a backup that is done, a stage that was passed.
    Found {
        /// What it is, in the JSON of its type.
        found: Json,
    },
    /// Something that the user should know although the work goes on.
    Warning {
        /// The sentence.
        message: String,
    },
}

/// Something that only the user can decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Question {
    /// `gate` (may it go on), `check` (the user's own test), or `confirm` (may something be overwritten).
    pub kind: &'static str,
    /// The question as a sentence.
    pub text: String,
    /// What it is about, for programs.
    pub about: Json,
}

impl Question {
    /// A question about something.
    pub fn new(kind: &'static str, text: impl Into<String>, about: Json) -> Self {
        Self {
            kind,
            text: text.into(),
            about,
        }
    }
}

/// What the user decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether to go on.
    pub yes: bool,
    /// Why not, or who said yes; goes into journals and reports.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Answer {
    /// A yes.
    #[must_use]
    pub const fn yes() -> Self {
        Self {
            yes: true,
            reason: None,
        }
    }

    /// A no with its reason.
    pub fn no(reason: impl Into<String>) -> Self {
        Self {
            yes: false,
            reason: Some(reason.into()),
        }
    }
}

/// An answer on its way.
pub type Asking<'h> = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send + 'h>>;

/// Whoever started long work.
pub trait Host: Send + Sync {
    /// Hears something. It is called from the work itself: be brief.
    fn tell(&self, notice: Notice);

    /// Decides something. An error ends the work as a failure of its own would.
    fn ask(&self, question: Question) -> Asking<'_>;
}

/// A host that hears nothing and says no to everything: what is asked is never taken for granted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Host for Silent {
    fn tell(&self, _notice: Notice) {}

    fn ask(&self, _question: Question) -> Asking<'_> {
        Box::pin(async { Ok(Answer::no("nobody was there to decide")) })
    }
}
