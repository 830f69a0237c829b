//! What a run adds up to: one line of JSON.

use serde_json::{Value, json};

/// Counts over cases.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Cases that were run.
    pub cases: u64,
    /// Requests that the proxy saw.
    pub requests: u64,
    /// Requests and connections that were struck, and calls to hosts that cannot be reached.
    pub faults: u64,
    /// Cases that were struck and ended well.
    pub recovered: u64,
    /// Cases that ended in an error.
    pub surfaced: u64,
    /// Of those, with the word that the outcome is unknown.
    pub in_doubt: u64,
    /// Cases that should have ended well by the rules of retrying, and did not.
    pub gave_up: u64,
    /// What was reported as done or as read, and is not there or not right.
    pub lost: u64,
    /// What is there twice, or although it was reported as failed for certain.
    pub doubled: u64,
    /// Writes sent again after they may have arrived, though they must not be repeated.
    pub resent: u64,
    /// Cases that did not end.
    pub hung: u64,
    /// Panics, crashes, and errors that call themselves defects.
    pub panics: u64,
    /// Visits to the host that redirects point to, and tokens in what a face printed.
    pub leaked: u64,
    /// What went wrong, in words.
    pub notes: Vec<String>,
}

impl Tally {
    /// Adds another one's counts.
    pub fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.requests += other.requests;
        self.faults += other.faults;
        self.recovered += other.recovered;
        self.surfaced += other.surfaced;
        self.in_doubt += other.in_doubt;
        self.gave_up += other.gave_up;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.resent += other.resent;
        self.hung += other.hung;
        self.panics += other.panics;
        self.leaked += other.leaked;
        self.notes.extend(other.notes);
    }

    /// Whether every promise was kept. A machine under load may use up the time that a call has, so a few retries in
    /// vain are no broken promise; more than one in ten means that the rules of retrying are not followed.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.lost + self.doubled + self.resent + self.hung + self.panics + self.leaked == 0
            && self.gave_up * 10 <= self.recovered
    }

    /// As JSON, behind the fields given.
    #[must_use]
    pub fn to_json(&self, mut first: Value) -> Value {
        let counts = [
            ("cases", self.cases),
            ("requests", self.requests),
            ("faults", self.faults),
            ("recovered", self.recovered),
            ("surfaced", self.surfaced),
            ("in_doubt", self.in_doubt),
            ("gave_up", self.gave_up),
            ("lost", self.lost),
            ("doubled", self.doubled),
            ("resent", self.resent),
            ("hung", self.hung),
            ("panics", self.panics),
            ("leaked", self.leaked),
        ];
        for (name, count) in counts {
            first[name] = json!(count);
        }
        if !self.notes.is_empty() {
            first["notes"] = json!(self.notes);
        }
        first
    }
}
