//! What earlier looks at a fleet told, and how the latest one differs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use xano_metadata::Error;

use super::change::{Change, What};
use super::health::{InstanceHealth, stamp};
use super::probe::{self, State};
use super::window::Window;

/// The earlier looks.
#[derive(Debug, Default)]
pub(super) struct Past {
    windows: HashMap<String, Window>,
    last: BTreeMap<String, Seen>,
    /// What was looked at before: everything, or one environment.
    scopes: HashSet<Option<String>>,
    /// Accounts and entries that could not be asked for, with their names.
    troubled: HashSet<String>,
}

#[derive(Debug)]
struct Seen {
    health: InstanceHealth,
    probed: Instant,
}

impl Past {
    pub(super) fn window_of(&mut self, name: &str) -> &mut Window {
        self.windows.entry(name.to_owned()).or_default()
    }

    pub(super) fn last(&self, name: &str) -> Option<&InstanceHealth> {
        self.last.get(name).map(|seen| &seen.health)
    }

    /// Whether the instance was probed within this time.
    pub(super) fn is_within(&self, name: &str, time: Duration) -> bool {
        self.last.get(name).is_some_and(|seen| seen.probed.elapsed() < time)
    }

    fn has_seen(&self, scope: Option<&str>) -> bool {
        self.scopes.contains(&None) || self.scopes.contains(&scope.map(str::to_owned))
    }

    /// What changed since the last look at the same part of the fleet.
    pub(super) fn compare(&self, now: &[InstanceHealth], scope: Option<&str>, at: SystemTime) -> Vec<Change> {
        let at = stamp(at);
        let first = !self.has_seen(scope);
        let mut changes = Vec::new();
        for instance in now {
            let before = self.last(&instance.name);
            let change = |what| Change::of(instance, what, &at);
            let state = instance.state.word();
            match before {
                Some(before) if before.state != instance.state => {
                    let change = change(What::State).between(Some(before.state.word()), state);
                    changes.push(change.because(instance.reason.clone()));
                }
                None if !first => {
                    changes.push(
                        change(What::Appeared)
                            .between(None, state)
                            .because(instance.reason.clone()),
                    );
                }
                None if instance.state != State::Up => {
                    changes.push(
                        change(What::State)
                            .between(None, state)
                            .because(instance.reason.clone()),
                    );
                }
                _ => {}
            }
            if let Some(before) = before.filter(|before| before.rate_limited != instance.rate_limited) {
                let word = |limited| if limited { "yes" } else { "no" };
                let change = change(What::RateLimit);
                changes.push(change.between(Some(word(before.rate_limited)), word(instance.rate_limited)));
            }
        }
        changes.extend(self.gone(now, scope, &at));
        changes.extend(self.compare_tokens(now, &at));
        changes
    }

    fn gone(&self, now: &[InstanceHealth], scope: Option<&str>, at: &str) -> Vec<Change> {
        let there: HashSet<&str> = now.iter().map(|instance| instance.name.as_str()).collect();
        let gone = self
            .in_scope(scope)
            .filter(|before| !there.contains(before.name.as_str()));
        gone.map(|before| Change::of(before, What::Gone, at)).collect()
    }

    fn in_scope(&self, scope: Option<&str>) -> impl Iterator<Item = &InstanceHealth> {
        let all = self.last.values().map(|seen| &seen.health);
        all.filter(move |health| scope.is_none() || health.environment.as_deref() == scope)
    }

    /// Instances of an account share its token: it is told once for all that share its end.
    fn compare_tokens(&self, now: &[InstanceHealth], at: &str) -> Vec<Change> {
        let mut by_end: BTreeMap<&str, (&InstanceHealth, Option<&'static str>, usize)> = BTreeMap::new();
        for instance in now {
            let Some(end) = &instance.token_expires_at else {
                continue;
            };
            let before = self.last(&instance.name);
            let was = before.filter(|before| before.token_expires_at.as_ref() == Some(end));
            let was = was.and_then(|before| before.token_days_left).map(stage);
            let shared = by_end.entry(end).or_insert((instance, was, 0));
            shared.2 += 1;
        }
        let mut changes = Vec::new();
        for (end, (instance, was, many)) in by_end {
            let is = stage(instance.token_days_left.unwrap_or_default());
            if was.unwrap_or("ok") == is {
                continue;
            }
            let ends = if is == "expired" { "expired" } else { "expires" };
            let others = match many {
                1 => String::new(),
                many => format!(", which {many} instances share,"),
            };
            let reason = format!("The token{others} {ends} at {end}. Create a new one.");
            changes.push(
                Change::of(instance, What::Token, at)
                    .between(was, is)
                    .because(Some(reason)),
            );
        }
        changes
    }

    /// What changed with the accounts.
    pub(super) fn compare_accounts(&mut self, troubles: &[(String, Error)], at: SystemTime) -> Vec<Change> {
        let change = |name: &str, to: &str, from: Option<&str>, reason: Option<String>| {
            let change = Change {
                at: stamp(at),
                what: What::Account,
                name: name.to_owned(),
                display: String::new(),
                environment: None,
                from: None,
                to: None,
                reason,
            };
            change.between(from, to)
        };
        let mut changes = Vec::new();
        for (name, error) in troubles {
            if !self.troubled.contains(name) {
                changes.push(change(name, "down", None, Some(probe::words(error))));
            }
        }
        let now: HashSet<String> = troubles.iter().map(|(name, _)| name.clone()).collect();
        for name in self.troubled.difference(&now) {
            changes.push(change(name, "up", Some("down"), None));
        }
        self.troubled = now;
        changes
    }

    /// Remembers a look, and which instances it probed. Instances that are gone are forgotten.
    pub(super) fn keep(&mut self, now: &[InstanceHealth], probed: &[bool], scope: Option<&str>) {
        let there: HashSet<&str> = now.iter().map(|instance| instance.name.as_str()).collect();
        let gone: Vec<String> = self
            .in_scope(scope)
            .filter(|before| !there.contains(before.name.as_str()))
            .map(|before| before.name.clone())
            .collect();
        for name in gone {
            self.last.remove(&name);
            self.windows.remove(&name);
        }
        for (instance, probed) in now.iter().zip(probed) {
            let before = self.last.get(&instance.name).filter(|_| !probed);
            let seen = Seen {
                health: instance.clone(),
                probed: before.map_or_else(Instant::now, |seen| seen.probed),
            };
            self.last.insert(instance.name.clone(), seen);
        }
        self.scopes.insert(scope.map(str::to_owned));
    }
}

/// How long a token is good for, in steps.
fn stage(days_left: f64) -> &'static str {
    match days_left {
        left if left <= 0.0 => "expired",
        left if left <= 1.0 => "day",
        left if left <= 7.0 => "week",
        _ => "ok",
    }
}

#[cfg(test)]
mod tests;
