//! Moments ahead.

use std::time::Duration;

use tokio::time::Instant;

/// As good as never: thirty years.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// The moment `wait` after `start`. Users say "no limit" with numbers larger than a clock can count, and servers send such
/// numbers as well; they mean never.
pub(crate) fn after(start: Instant, wait: Duration) -> Instant {
    start.checked_add(wait).unwrap_or_else(|| start + FAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_without_end_is_no_panic() {
        let now = Instant::now();
        assert_eq!(after(now, Duration::from_secs(1)), now + Duration::from_secs(1));
        for endless in [Duration::MAX, Duration::from_secs(u64::MAX)] {
            assert!(after(now, endless) >= now + FAR);
        }
    }
}
