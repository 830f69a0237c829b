//! What a comparison found.

use std::collections::BTreeMap;

use serde::Serialize;

use super::family::Family;
use crate::spread::Failure;

/// One of the two sides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Side {
    /// The host of the instance.
    pub instance: String,
    /// The name of the workspace; none when whole instances are compared.
    pub workspace: Option<String>,
    /// The label of the branch, where it is known.
    pub branch: Option<String>,
}

impl Side {
    /// The host in a base URL.
    pub(super) fn host(base: &str) -> String {
        let host = base.split("://").last().unwrap_or_default();
        host.split('/').next().unwrap_or_default().to_owned()
    }
}

/// What became of a thing on the way from the left side to the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Only the right side has it.
    Added,
    /// Only the left side has it.
    Removed,
    /// Both have it, and it is not the same.
    Changed,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The workspace, when whole instances are compared.
    pub workspace: Option<String>,
    /// What sort of thing it is.
    pub family: Family,
    /// Its name: `order_total`, `GET shop/product`, `order.total`, `order: btree(day desc)`, `order (live)` for records.
    pub name: String,
    /// Its name on the left side, where that is another.
    pub was: Option<String>,
    /// Whether it was added, removed or changed.
    pub change: Kind,
    /// What is not the same, when it was changed: names of the API's fields, and `xanoscript`, `records`, `count`.
    pub fields: Vec<String>,
    /// The difference as lines that begin with `-` for the left side and `+` for the right one. Its length is bounded.
    pub diff: String,
    /// How many records differ; for records alone.
    pub records: Option<RecordNumbers>,
}

/// How many records there are, and how many differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordNumbers {
    /// Records on the left side.
    pub left: u64,
    /// Records on the right side.
    pub right: u64,
    /// Records whose id only the right side has; none when they were only counted.
    pub added: Option<u64>,
    /// Records whose id only the left side has.
    pub removed: Option<u64>,
    /// Records that are not the same on both sides.
    pub changed: Option<u64>,
}

/// How many things of a family were looked at.
pub type Compared = BTreeMap<Family, Sides>;

/// A number for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Sides {
    /// On the left side.
    pub left: u64,
    /// On the right side.
    pub right: u64,
}

/// What was not compared, without anything having gone wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Skipped {
    /// The family.
    pub family: Family,
    /// The side that it is about: `left` or `right`; none for both.
    pub side: Option<&'static str>,
    /// Why, as a sentence.
    pub reason: String,
}

/// What differs between a left side and a right one.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// Where things are compared from.
    pub left: Side,
    /// What they are compared with.
    pub right: Side,
    /// Nothing differs, and everything that was asked for could be read.
    pub equal: bool,
    /// The differences, by family and name.
    pub changes: Vec<Change>,
    /// How many things were looked at, by family.
    pub compared: Compared,
    /// What could not be read, and was not compared for that; `left/functions` says where.
    pub failures: Vec<Failure>,
    /// What was not compared for another reason.
    pub skipped: Vec<Skipped>,
}

impl Comparison {
    /// Puts what was found in order and draws the conclusion.
    pub(super) fn concluded(mut self) -> Self {
        self.changes.sort_by(|one, other| {
            (&one.workspace, one.family, &one.name, one.change).cmp(&(
                &other.workspace,
                other.family,
                &other.name,
                other.change,
            ))
        });
        self.equal = self.changes.is_empty() && self.failures.is_empty();
        self
    }

    /// How many differences of a kind there are.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.changes.iter().filter(|change| change.change == kind).count()
    }
}
