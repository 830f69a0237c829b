//! One probe of one instance: a single `GET /auth/me`, and what it says.
//!
//! A probe makes one attempt. Retries are right for work, where the answer counts; here they would hide what is looked for.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use xano_metadata::api::Me;
use xano_metadata::{CallOptions, Connection, Error, ErrorKind, Instance};

use super::window::Window;

/// Waiting at our own gate is no sign of illness: the free plan's window of 20 seconds, and some.
pub(super) const GATE: Duration = Duration::from_secs(25);

/// Waits shorter than this are callers passing each other, not a limit at work.
const NOTICEABLE: Duration = Duration::from_millis(50);

/// How instances are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthOptions {
    /// From which median of the last three answers on an instance counts as slow. Default: 2 s. The probe reads one row, which
    /// takes tens of milliseconds; at two seconds people who wait for a page begin to leave it.
    pub slow: Duration,
    /// Longest time for a probe, from sending to the last byte. Default: 10 s. Waiting for the rate limit comes on top, 25 s at
    /// most.
    pub timeout: Duration,
    /// Instances looked at at once. Default: 16.
    pub concurrency: usize,
}

impl Default for HealthOptions {
    fn default() -> Self {
        Self {
            slow: Duration::from_secs(2),
            timeout: Duration::from_secs(10),
            concurrency: 16,
        }
    }
}

/// How an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// It answers as it should.
    Up,
    /// It answers, but late, or not everybody.
    Slow,
    /// It answers, but does not take the token.
    Unauthorised,
    /// It does not answer, or not as an instance does.
    Down,
}

impl State {
    /// The word for it: `up`, `slow`, `unauthorised`, `down`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Slow => "slow",
            Self::Unauthorised => "unauthorised",
            Self::Down => "down",
        }
    }
}

/// What a probe found.
#[derive(Debug)]
pub(super) enum Finding {
    /// A good answer, and how long it took.
    Answered {
        round_trip: Duration,
        waited: bool,
    },
    /// The rate limit left no room: nothing was sent.
    Held(Error),
    Failed(Error),
}

/// What a finding means.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) state: State,
    pub(super) reason: Option<String>,
    pub(super) reachable: bool,
    /// None: it could not be found out.
    pub(super) authorised: Option<bool>,
}

pub(super) fn options(options: &HealthOptions) -> CallOptions {
    CallOptions {
        timeout: Some(options.timeout),
        connect_timeout: Some(options.timeout),
        read_timeout: Some(options.timeout),
        deadline: Some(options.timeout + GATE),
        max_retries: Some(0),
        ..CallOptions::default()
    }
}

pub(super) async fn probe(connection: &Connection, how: &HealthOptions) -> Finding {
    let began = tokio::time::Instant::now();
    let call = Instance::over(connection.clone()).me().options(options(how));
    let answer = call.reply().await.and_then(|reply| {
        let me: Me = reply.json()?;
        if me.id.is_null() && me.email.is_empty() {
            return Err(reply.decode_error("The answer names no user, so this is no Xano Metadata API."));
        }
        Ok(reply.round_trip())
    });
    match answer {
        Ok(round_trip) => Finding::Answered {
            round_trip,
            waited: began.elapsed().saturating_sub(round_trip) > NOTICEABLE,
        },
        Err(error) if error.kind() == ErrorKind::Timeout && error.attempts() == 0 => Finding::Held(error),
        Err(error) => Finding::Failed(error),
    }
}

/// What a finding means, with what the probes before it told. None: nothing was learnt.
pub(super) fn judge(finding: &Finding, window: &Window, how: &HealthOptions) -> Option<Verdict> {
    let verdict = |state, reason, reachable, authorised| {
        Some(Verdict {
            state,
            reason,
            reachable,
            authorised,
        })
    };
    let error = match finding {
        Finding::Held(_) => return None,
        Finding::Answered { .. } => {
            let recent = window.recent().unwrap_or_default();
            if recent < how.slow {
                return verdict(State::Up, None, true, Some(true));
            }
            let reason = format!("Its answers take {:.1} s.", recent.as_secs_f64());
            return verdict(State::Slow, Some(reason), true, Some(true));
        }
        Finding::Failed(error) => error,
    };
    match error.kind() {
        ErrorKind::Authentication | ErrorKind::Permission => {
            verdict(State::Unauthorised, Some(words(error)), true, Some(false))
        }
        // It works, and takes the token or would have said so; others use up what it allows.
        ErrorKind::RateLimit => verdict(State::Slow, Some(words(error)), true, None),
        kind => verdict(
            State::Down,
            Some(words(error)),
            kind.is_api() || kind == ErrorKind::Decode,
            None,
        ),
    }
}

/// What happened and what to do, without the call that everybody knows here.
pub(super) fn words(error: &Error) -> String {
    let status = error.status().map_or_else(String::new, |status| format!("{status}: "));
    let hint = error.hint().map_or_else(String::new, |hint| format!(" {hint}"));
    format!("{status}{}{hint}", error.message())
}
