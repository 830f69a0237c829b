//! Points in time, in the one form that the ledger, results and people share.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};

/// A point in time to the millisecond, in UTC. Shown, stored and sent as `2026-01-31T12:00:00.000Z`, which sorts as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// Now, by this machine's clock.
    #[must_use]
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::from_millis(since.as_millis())
    }

    /// The text of a moment, read; none when it is not one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let time = humantime::parse_rfc3339(text).ok()?;
        let since = time.duration_since(UNIX_EPOCH).ok()?;
        Some(Self::from_millis(since.as_millis()))
    }

    /// So much later.
    #[must_use]
    pub fn plus(self, wait: Duration) -> Self {
        Self::from_millis(u128::from(self.0) + wait.as_millis())
    }

    /// So much earlier.
    #[must_use]
    pub fn minus(self, wait: Duration) -> Self {
        Self::from_millis(u128::from(self.0).saturating_sub(wait.as_millis()))
    }

    /// The last millisecond of the year 9999 is the last that the text can say.
    fn from_millis(millis: u128) -> Self {
        const LAST: u64 = 253_402_300_799_999;
        Self(u64::try_from(millis).unwrap_or(LAST).min(LAST))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = UNIX_EPOCH + Duration::from_millis(self.0);
        humantime::format_rfc3339_millis(time).fmt(formatter)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_sorts_as_text() {
        let now = Moment::now();
        assert_eq!(Moment::read(&now.to_string()), Some(now));
        let later = now.plus(Duration::from_millis(1));
        assert!(later > now && later.to_string() > now.to_string());
        assert_eq!(later.minus(Duration::from_millis(1)), now);
        assert_eq!(now.plus(Duration::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Moment::read("yesterday"), None);
    }
}
