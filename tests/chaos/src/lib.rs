//! Chaos: a seeded fault proxy between every face and the emulator, and a judge who compares what the faces reported with
//! what the emulator holds.
//!
//! A seed makes a [`plan`]: for each face and each class of operations one case for every kind of fault, in an order and
//! with places, sizes and numbers of strikes that follow from the seed. A face runs the cases in a process of its own
//! and prints what came of each; the [`proxy`] strikes; the [`judge`] asks the emulator, on a way around the proxy:
//!
//! - a write that was reported as done is there exactly once;
//! - a write that was reported as failed is not there, unless the error said that the outcome is unknown;
//! - a write that must not be repeated was not sent again after it may have arrived;
//! - a read that was reported as good is complete and right;
//! - every call ended, nothing panicked, and the token went nowhere else.
#![allow(
    clippy::similar_names,
    reason = "case and cases, face and faces: near words for near things"
)]

pub mod child;
pub mod classes;
pub mod drive;
pub mod faces;
pub mod house;
pub mod http;
pub mod judge;
pub mod kinds;
pub mod loads;
pub mod plan;
pub mod play;
pub mod proxy;
pub mod run;
pub mod tally;
