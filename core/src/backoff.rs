//! Pauses that grow, with chance in them so that many clients do not come back at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Growing random pauses: `base · 2ⁿ` up to `max`, times a number between a half and one.
#[derive(Debug)]
pub(crate) struct Backoff {
    base: Duration,
    max: Duration,
    /// The state of the generator; an atomic because a fork could catch a lock.
    state: AtomicU64,
}

impl Backoff {
    pub(crate) fn new(base: Duration, max: Duration, seed: Option<u64>) -> Self {
        let seed = seed.unwrap_or_else(|| fastrand::u64(..));
        Self {
            base,
            max,
            state: AtomicU64::new(seed),
        }
    }

    /// The pause before retry number `retry`, counted from 0.
    pub(crate) fn pause(&self, retry: u32) -> Duration {
        let factor = 2_u32.checked_pow(retry).unwrap_or(u32::MAX);
        let full = self.base.saturating_mul(factor).min(self.max);
        let number = self.state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        full.mul_f64(fastrand::Rng::with_seed(number).f64() / 2.0 + 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_millis(500);
    const MAX: Duration = Duration::from_secs(8);

    #[test]
    fn pauses_double_between_their_bounds() {
        let backoff = Backoff::new(BASE, MAX, Some(7));
        for (retry, full) in [
            (0, 500),
            (1, 1000),
            (2, 2000),
            (3, 4000),
            (4, 8000),
            (5, 8000),
            (40, 8000),
        ] {
            let full = Duration::from_millis(full);
            for _ in 0..200 {
                let pause = backoff.pause(retry);
                assert!(pause >= full / 2 && pause <= full, "retry {retry}: {pause:?}");
            }
        }
    }

    #[test]
    fn a_seed_repeats_and_chance_does_not() {
        let pauses = |seed| {
            (0..5)
                .map(|retry| Backoff::new(BASE, MAX, seed).pause(retry))
                .collect::<Vec<_>>()
        };
        assert_eq!(pauses(Some(1)), pauses(Some(1)));
        assert_ne!(pauses(None), pauses(None));
    }
}
