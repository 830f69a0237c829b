//! Whether to try again: a pure function of what happened.
//!
//! The rule behind the table: what certainly did not happen may be asked for again; what may have happened only when
//! doing it twice equals doing it once; what was refused for good never.

use std::time::Duration;

/// How an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Situation {
    /// DNS, connect or TLS failed: the server never saw the request.
    NeverSent,
    /// Reset, timeout or a cut body: the server may have done it.
    Interrupted,
    /// The server answered with this status.
    Answered {
        status: u16,
        /// The body says no for good.
        refusal: bool,
        retry_after: Option<Duration>,
    },
}

impl Situation {
    /// Whether the server may have done what it was asked.
    pub(crate) const fn is_uncertain(self) -> bool {
        match self {
            Self::Interrupted => true,
            Self::NeverSent
            | Self::Answered { refusal: true, .. }
            | Self::Answered {
                status: 503,
                retry_after: Some(_),
                ..
            } => false,
            Self::Answered { status, .. } => matches!(status, 408 | 500 | 502 | 503 | 504),
        }
    }
}

/// What is allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) max_retries: u32,
    pub(crate) max_retry_after: Duration,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Retry(Pause),
    Stop(Reason),
}

/// How long to wait before the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// As long as the backoff says.
    Backoff,
    /// As long as the server says.
    Server(Duration),
    /// One window of the rate limit.
    Window,
}

/// Why not to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It would end the same way.
    Final,
    /// It may have been done, and twice is not once.
    OutcomeUnknown,
    /// The server asks to wait longer than allowed.
    WaitTooLong,
    /// Enough attempts were made.
    Exhausted,
}

/// Decides after `retries` retries.
pub(crate) fn decide(policy: Policy, situation: Situation, idempotent: bool, retries: u32) -> Decision {
    let pause = match situation {
        Situation::NeverSent => Pause::Backoff,
        Situation::Interrupted if idempotent => Pause::Backoff,
        Situation::Interrupted => return Decision::Stop(Reason::OutcomeUnknown),
        Situation::Answered {
            status: 500..,
            refusal: true,
            ..
        } => return Decision::Stop(Reason::Final),
        Situation::Answered {
            status: 429,
            retry_after,
            ..
        } => retry_after.map_or(Pause::Window, Pause::Server),
        Situation::Answered {
            status: 503,
            retry_after: Some(wait),
            ..
        } => Pause::Server(wait),
        Situation::Answered {
            status: 408 | 500 | 502 | 503 | 504,
            retry_after,
            ..
        } if idempotent => retry_after.map_or(Pause::Backoff, Pause::Server),
        Situation::Answered {
            status: 408 | 500 | 502 | 503 | 504,
            ..
        } => {
            return Decision::Stop(Reason::OutcomeUnknown);
        }
        Situation::Answered { .. } => return Decision::Stop(Reason::Final),
    };
    match pause {
        Pause::Server(wait) if wait > policy.max_retry_after => Decision::Stop(Reason::WaitTooLong),
        _ if retries >= policy.max_retries => Decision::Stop(Reason::Exhausted),
        pause => Decision::Retry(pause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        max_retries: 3,
        max_retry_after: Duration::from_secs(120),
    };
    const TEN: Duration = Duration::from_secs(10);

    fn status(status: u16) -> Situation {
        Situation::Answered {
            status,
            refusal: false,
            retry_after: None,
        }
    }

    fn later(status: u16, wait: Duration) -> Situation {
        Situation::Answered {
            status,
            refusal: false,
            retry_after: Some(wait),
        }
    }

    fn refused(status: u16) -> Situation {
        Situation::Answered {
            status,
            refusal: true,
            retry_after: None,
        }
    }

    /// The table that the documentation promises, row by row: situation, idempotent calls, other calls.
    #[test]
    fn the_promised_table() {
        const BACKOFF: Decision = Decision::Retry(Pause::Backoff);
        const WINDOW: Decision = Decision::Retry(Pause::Window);
        const OBEY: Decision = Decision::Retry(Pause::Server(TEN));
        const UNKNOWN: Decision = Decision::Stop(Reason::OutcomeUnknown);
        const FINAL: Decision = Decision::Stop(Reason::Final);
        let table = [
            (Situation::NeverSent, BACKOFF, BACKOFF),
            (status(429), WINDOW, WINDOW),
            (later(429, TEN), OBEY, OBEY),
            (later(503, TEN), OBEY, OBEY),
            (status(408), BACKOFF, UNKNOWN),
            (status(500), BACKOFF, UNKNOWN),
            (status(502), BACKOFF, UNKNOWN),
            (status(503), BACKOFF, UNKNOWN),
            (status(504), BACKOFF, UNKNOWN),
            (later(500, TEN), OBEY, UNKNOWN),
            (Situation::Interrupted, BACKOFF, UNKNOWN),
            (refused(500), FINAL, FINAL),
            (refused(503), FINAL, FINAL),
            (status(400), FINAL, FINAL),
            (status(401), FINAL, FINAL),
            (status(403), FINAL, FINAL),
            (status(404), FINAL, FINAL),
            (status(409), FINAL, FINAL),
            (status(422), FINAL, FINAL),
            (status(302), FINAL, FINAL),
            (status(501), FINAL, FINAL),
        ];
        for (situation, idempotent, other) in table {
            assert_eq!(
                decide(POLICY, situation, true, 0),
                idempotent,
                "{situation:?}, idempotent"
            );
            assert_eq!(
                decide(POLICY, situation, false, 0),
                other,
                "{situation:?}, not idempotent"
            );
        }
    }

    #[test]
    fn attempts_are_counted() {
        for retries in 0..3 {
            assert_eq!(
                decide(POLICY, status(500), true, retries),
                Decision::Retry(Pause::Backoff)
            );
        }
        assert_eq!(decide(POLICY, status(500), true, 3), Decision::Stop(Reason::Exhausted));
        let none = Policy {
            max_retries: 0,
            ..POLICY
        };
        assert_eq!(
            decide(none, Situation::NeverSent, true, 0),
            Decision::Stop(Reason::Exhausted)
        );
    }

    #[test]
    fn a_long_wait_is_told_instead_of_waited() {
        let limit = Duration::from_secs(120);
        assert_eq!(
            decide(POLICY, later(429, limit), true, 0),
            Decision::Retry(Pause::Server(limit))
        );
        let longer = later(429, limit + Duration::from_secs(1));
        assert_eq!(decide(POLICY, longer, true, 0), Decision::Stop(Reason::WaitTooLong));
    }

    #[test]
    fn uncertainty_is_about_what_may_have_been_done() {
        for situation in [
            Situation::Interrupted,
            status(500),
            status(502),
            status(503),
            status(504),
            status(408),
        ] {
            assert!(situation.is_uncertain(), "{situation:?}");
        }
        for situation in [
            Situation::NeverSent,
            status(429),
            later(503, TEN),
            refused(500),
            status(404),
        ] {
            assert!(!situation.is_uncertain(), "{situation:?}");
        }
    }
}
