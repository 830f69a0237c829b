//! How the instances of a fleet are, and what changed since the last look.

use std::time::{Duration, SystemTime};

use serde::Serialize;
use xano_metadata::{Error, ErrorKind};

use super::change::Change;
use super::fleet::Fleet;
use super::member::Member;
use super::past::Past;
use super::probe::{self, Finding, HealthOptions, State};
use super::window::Window;
use crate::spread::{Failure, spread};

/// While a fleet is watched, probes take at most one part in so many of an instance's rate limit.
const SHARE: u32 = 10;

/// How the instances of a fleet are.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Health {
    /// When it was looked, RFC 3339 in UTC.
    pub at: String,
    /// How long looking took.
    pub seconds: f64,
    /// Whether every instance can be worked with: none is down or unauthorised, and nothing stood in the way of looking.
    pub ok: bool,
    /// The instances, in the order of the fleet.
    pub instances: Vec<InstanceHealth>,
    /// What changed since the last look with the same fleet. At the first look: every instance that is not up.
    pub changes: Vec<Change>,
    /// Accounts that could not be asked, and instances that no account lists.
    pub failures: Vec<Failure>,
}

/// How an instance is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "a line of a report")]
#[non_exhaustive]
pub struct InstanceHealth {
    /// Its name.
    pub name: String,
    /// Its display name.
    pub display: String,
    /// The environment it belongs to.
    pub environment: Option<String>,
    /// Whether that is protected.
    pub protected: bool,
    /// The base of its API.
    pub url: Option<String>,
    /// How it is.
    pub state: State,
    /// Why it is not up.
    pub reason: Option<String>,
    /// Since when it is so, as far as this fleet has looked; RFC 3339 in UTC.
    pub since: String,
    /// When it was probed last, RFC 3339 in UTC.
    pub checked_at: String,
    /// Whether something answered.
    pub reachable: bool,
    /// Whether it takes the token; none when that could not be found out.
    pub authorised: Option<bool>,
    /// Milliseconds that the last probe took, if it was answered well.
    pub latency_ms: Option<f64>,
    /// Half of the latest probes (60 at most) took no longer than this.
    pub p50_ms: Option<f64>,
    /// 95 in 100 of them took no longer than this.
    pub p95_ms: Option<f64>,
    /// How many probes these numbers are of.
    pub probes: usize,
    /// Whether a rate limit is known.
    pub rate_limited: bool,
    /// Whether that limit slowed the probing: it waited for room, or was left out to spare it.
    pub slowed: bool,
    /// When the token expires, RFC 3339 in UTC; none when it does not tell.
    pub token_expires_at: Option<String>,
    /// Days until then; negative afterwards.
    pub token_days_left: Option<f64>,
}

impl Health {
    /// How many instances are in a state.
    #[must_use]
    pub fn count(&self, state: State) -> usize {
        self.instances.iter().filter(|instance| instance.state == state).count()
    }
}

impl Fleet {
    /// Probes every instance once, and says how it is.
    ///
    /// Scope: none published; `GET /auth/me` works with every valid token.
    ///
    /// # Errors
    /// `config_error` when rules disagree or a client was closed. What is wrong with an instance is its state.
    pub async fn health(&self, options: &HealthOptions) -> Result<Health, Error> {
        self.look(options, false).await
    }

    /// `sparing`: leaves instances out whose rate limit is too dear for another probe now.
    pub(super) async fn look(&self, options: &HealthOptions, sparing: bool) -> Result<Health, Error> {
        let began = tokio::time::Instant::now();
        let roll = self.call_roll(probe::options(options)).await?;
        let findings = spread(roll.members.clone(), options.concurrency, |member| async move {
            let spared = sparing && self.is_too_soon(&member);
            let finding = if spared {
                None
            } else {
                Some(probe::probe(&member.connection, options).await)
            };
            (member, finding)
        })
        .await;
        let now = SystemTime::now();
        let mut past = self.past();
        let mut instances = Vec::with_capacity(findings.len());
        let mut probed = Vec::with_capacity(findings.len());
        for (member, finding) in findings {
            let finding = match finding {
                Some(Finding::Failed(error)) if is_ours(&error) => return Err(error),
                finding => finding,
            };
            let before = past.last(&member.name).cloned();
            let window = past.window(&member.name, finding.as_ref());
            probed.push(finding.is_some());
            instances.push(entry(&member, finding.as_ref(), window, before, options, now));
        }
        let scope = self.scope();
        let mut changes = past.compare(&instances, scope, now);
        changes.extend(past.compare_accounts(&roll.troubles, now));
        past.keep(&instances, &probed, scope);
        drop(past);
        let failures = roll.failures();
        let works = |instance: &InstanceHealth| matches!(instance.state, State::Up | State::Slow);
        Ok(Health {
            at: stamp(now),
            seconds: round(began.elapsed().as_secs_f64(), 1000.0),
            ok: failures.is_empty() && instances.iter().all(works),
            instances,
            changes,
            failures,
        })
    }

    /// Whether another probe would take more than its share of the rate limit.
    fn is_too_soon(&self, member: &Member) -> bool {
        let Some(limit) = member.connection.rate_limit() else {
            return false;
        };
        let spacing = limit.per * SHARE / limit.requests.max(1);
        self.past().is_within(&member.name, spacing)
    }
}

/// Whether an error says nothing of the instance.
fn is_ours(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Config | ErrorKind::Cancelled | ErrorKind::Internal
    )
}

/// The entry of an instance in the report.
fn entry(
    member: &Member,
    finding: Option<&Finding>,
    window: &Window,
    before: Option<InstanceHealth>,
    options: &HealthOptions,
    now: SystemTime,
) -> InstanceHealth {
    let waited = matches!(
        finding,
        Some(Finding::Answered { waited: true, .. } | Finding::Held(_)) | None
    );
    let verdict = finding.and_then(|finding| probe::judge(finding, window, options));
    let latency = match finding {
        Some(Finding::Answered { round_trip, .. }) => Some(*round_trip),
        Some(_) => None,
        None => window.last(),
    };
    let expires = member.connection.token_expires_at();
    let mut entry = InstanceHealth {
        name: member.name.clone(),
        display: member.display.clone(),
        environment: member.environment.clone(),
        protected: member.protected,
        url: member.connection.base_url(),
        state: State::Slow,
        reason: None,
        since: stamp(now),
        checked_at: stamp(now),
        reachable: false,
        authorised: None,
        latency_ms: latency.map(millis),
        p50_ms: window.percentile(50).map(millis),
        p95_ms: window.percentile(95).map(millis),
        probes: window.len(),
        rate_limited: member.connection.rate_limit().is_some(),
        slowed: waited,
        token_expires_at: expires.map(stamp),
        token_days_left: expires.map(|expires| days(now, expires)),
    };
    match (verdict, before) {
        (Some(verdict), before) => {
            entry.state = verdict.state;
            entry.reason = verdict.reason;
            entry.reachable = verdict.reachable;
            entry.authorised = verdict.authorised;
            if let Some(before) = before.filter(|before| before.state == verdict.state) {
                entry.since = before.since;
            }
        }
        // Nothing new was learnt, so what was known stands.
        (None, Some(before)) => {
            entry.state = before.state;
            entry.reason = before.reason;
            entry.reachable = before.reachable;
            entry.authorised = before.authorised;
            entry.since = before.since;
            entry.checked_at = before.checked_at;
        }
        (None, None) => {
            if let Some(Finding::Held(error)) = finding {
                entry.reason = Some(format!("It could not be probed yet. {}", probe::words(error)));
            }
        }
    }
    entry
}

impl Past {
    /// The window of an instance, with what the finding adds to it.
    fn window(&mut self, name: &str, finding: Option<&Finding>) -> &Window {
        let window = self.window_of(name);
        if let Some(Finding::Answered { round_trip, .. }) = finding {
            window.add(*round_trip);
        }
        window
    }
}

/// RFC 3339 in UTC, to the second.
pub(super) fn stamp(at: SystemTime) -> String {
    humantime::format_rfc3339_seconds(at).to_string()
}

/// Days from `now` to `then`, to the hundredth.
fn days(now: SystemTime, then: SystemTime) -> f64 {
    let seconds = match then.duration_since(now) {
        Ok(left) => left.as_secs_f64(),
        Err(gone) => -gone.duration().as_secs_f64(),
    };
    round(seconds / 86_400.0, 100.0)
}

fn millis(of: Duration) -> f64 {
    round(of.as_secs_f64() * 1000.0, 10.0)
}

fn round(number: f64, steps: f64) -> f64 {
    (number * steps).round() / steps
}
