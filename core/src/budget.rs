//! A purse for retries, so that a server in trouble is not drowned by a client that means well.
//!
//! Single failures cost little and are earned back by successes. In a storm, where everything fails, the purse is soon
//! empty and each call then fails at its first attempt.

use std::sync::atomic::{AtomicU32, Ordering};

const FULL: u32 = 500;
const COST: u32 = 5;
const EARNED: u32 = 1;

/// What is left for retries.
#[derive(Debug)]
pub(crate) struct Budget(AtomicU32);

impl Budget {
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(FULL))
    }

    /// Pays for a retry; false when there is not enough left.
    pub(crate) fn pay(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(COST))
            .is_ok()
    }

    /// Earns what a success is worth.
    pub(crate) fn earn(&self) {
        // A full purse is the normal case; looking first spares every call a write to a shared cache line.
        if self.0.load(Ordering::Relaxed) < FULL {
            let add = |left: u32| (left < FULL).then(|| left + EARNED);
            let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_ends_and_success_earns_it_back() {
        let budget = Budget::new();
        assert_eq!((0..200).filter(|_| budget.pay()).count(), 100);
        (0..4).for_each(|_| budget.earn());
        assert!(!budget.pay());
        budget.earn();
        assert!(budget.pay());
        assert!(!budget.pay());
    }

    #[test]
    fn it_never_holds_more_than_full() {
        let budget = Budget::new();
        (0..1000).for_each(|_| budget.earn());
        assert_eq!((0..200).filter(|_| budget.pay()).count(), 100);
    }
}
