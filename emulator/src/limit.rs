//! A true sliding window: at most N requests in *any* span of the given length.
//!
//! The window holds the arrival time of every admitted request. A request is refused when N of them
//! lie within the last `per` seconds; refused requests are not counted, so a client that keeps
//! knocking is admitted as soon as a slot frees.

use std::collections::VecDeque;

use serde_json::{Value, json};

/// How a 429 announces when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RetryAfter {
    /// No header: what Xano promises (that is, nothing).
    #[default]
    Absent,
    /// Whole seconds, rounded up.
    Seconds,
    /// An HTTP date, rounded up to the next second.
    Date,
}

impl RetryAfter {
    /// The word used in the control path and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "none",
            Self::Seconds => "seconds",
            Self::Date => "date",
        }
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::Absent),
            "seconds" => Some(Self::Seconds),
            "date" => Some(Self::Date),
            _ => None,
        }
    }
}

/// A limit on one origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimit {
    /// How many requests are admitted in any window.
    pub requests: u32,
    /// Length of the window in seconds.
    pub per: f64,
    /// What a 429 says about the wait; nothing by default, as on the real service.
    pub retry_after: RetryAfter,
}

impl RateLimit {
    /// `requests` in any `per` seconds, no `Retry-After`.
    pub fn new(requests: u32, per: f64) -> Self {
        Self {
            requests,
            per,
            retry_after: RetryAfter::Absent,
        }
    }

    /// Reads `10/20`: ten requests in any twenty seconds.
    pub fn parse(text: &str) -> Option<Self> {
        let (requests, per) = text.split_once('/')?;
        let limit = Self::new(requests.trim().parse().ok()?, per.trim().parse().ok()?);
        limit.is_valid().then_some(limit)
    }

    /// At least one request, and a window that has a length.
    pub fn is_valid(&self) -> bool {
        self.requests > 0 && self.per > 0.0 && self.per.is_finite()
    }

    /// As the control path shows it.
    pub fn to_json(self) -> Value {
        json!({"requests": self.requests, "per": self.per, "retry_after": self.retry_after.name()})
    }
}

/// What the limiter said about one request; kept in the journal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// False means 429.
    pub allowed: bool,
    /// Admitted requests inside the window, this one included when allowed.
    pub used: usize,
    /// The limit in force.
    pub limit: RateLimit,
    /// When refused: microseconds until the oldest request leaves the window.
    pub wait_us: i64,
}

impl Decision {
    /// As the journal shows it.
    pub fn to_json(self) -> Value {
        json!({
            "allowed": self.allowed, "used": self.used,
            "requests": self.limit.requests, "per": self.limit.per,
            "wait_ms": self.wait_us / 1000,
        })
    }
}

/// The window of one origin. Without a limit everything is admitted and nothing is remembered.
#[derive(Debug, Default)]
pub struct Limiter {
    limit: Option<RateLimit>,
    admitted: VecDeque<i64>,
}

impl Limiter {
    /// A limiter that starts with an empty window.
    pub fn new(limit: Option<RateLimit>) -> Self {
        Self {
            limit,
            admitted: VecDeque::new(),
        }
    }

    /// The limit in force.
    pub fn limit(&self) -> Option<RateLimit> {
        self.limit
    }

    /// Changes the limit and forgets the window.
    pub fn set(&mut self, limit: Option<RateLimit>) {
        *self = Self::new(limit);
    }

    /// Decides about a request that arrived at `now_us`; `None` when the origin is not limited.
    pub fn admit(&mut self, now_us: i64) -> Option<Decision> {
        let limit = self.limit?;
        #[allow(clippy::cast_possible_truncation)]
        let per_us = (limit.per * 1e6) as i64;
        while self.admitted.front().is_some_and(|t| *t <= now_us - per_us) {
            self.admitted.pop_front();
        }
        let allowed = self.admitted.len() < limit.requests as usize;
        let wait_us = match self.admitted.front() {
            Some(oldest) if !allowed => oldest + per_us - now_us,
            _ => 0,
        };
        if allowed {
            self.admitted.push_back(now_us);
        }
        Some(Decision {
            allowed,
            used: self.admitted.len(),
            limit,
            wait_us,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(limiter: &mut Limiter, at: f64) -> bool {
        #[allow(clippy::cast_possible_truncation)]
        let us = (at * 1e6) as i64;
        limiter.admit(us).is_none_or(|d| d.allowed)
    }

    #[test]
    fn the_window_slides_instead_of_refilling_at_fixed_moments() {
        let mut limiter = Limiter::new(Some(RateLimit::new(2, 10.0)));
        assert!(admitted(&mut limiter, 0.0));
        assert!(admitted(&mut limiter, 9.0));
        assert!(!admitted(&mut limiter, 9.9));
        assert!(admitted(&mut limiter, 10.0), "the first slot is ten seconds old");
        assert!(!admitted(&mut limiter, 11.0), "9.0 and 10.0 are both inside");
        assert!(admitted(&mut limiter, 19.0));
    }

    #[test]
    fn refused_requests_take_no_slot() {
        let mut limiter = Limiter::new(Some(RateLimit::new(1, 1.0)));
        assert!(admitted(&mut limiter, 0.0));
        for tenth in 1..10 {
            assert!(!admitted(&mut limiter, f64::from(tenth) / 10.0));
        }
        assert!(admitted(&mut limiter, 1.0));
    }

    #[test]
    fn a_refusal_says_how_long_to_wait() {
        let mut limiter = Limiter::new(Some(RateLimit::new(1, 20.0)));
        limiter.admit(0);
        let decision = limiter.admit(5_000_000).expect("limited");
        assert!(!decision.allowed);
        assert_eq!(decision.wait_us, 15_000_000);
    }

    #[test]
    fn reads_the_short_form() {
        assert_eq!(RateLimit::parse("10/20"), Some(RateLimit::new(10, 20.0)));
        assert_eq!(RateLimit::parse("3/0.5"), Some(RateLimit::new(3, 0.5)));
        for bad in ["10", "0/20", "10/0", "a/b", "10/-1", "10/inf"] {
            assert_eq!(RateLimit::parse(bad), None, "{bad}");
        }
    }
}
