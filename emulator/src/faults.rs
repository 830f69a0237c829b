//! Faults on demand: rules that make chosen requests go wrong in a chosen way.
//!
//! A rule says *which* requests (method, path, origin), *when* (`after` the first n, `times` n, or
//! with a `probability` drawn from a `seed`) and *what* happens. Rules are tried in the order they
//! were made; latencies add up, the first rule of any other kind that fires ends the search.

mod parse;

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

pub use parse::parse;

/// An answer written by the test instead of by the emulator.
#[derive(Debug, Clone)]
pub struct Scripted {
    /// Any number from 100 to 999.
    pub status: u16,
    /// Sent as given, `Content-Length` included if it is there.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Wait before anything else happens.
    Latency(Duration),
    /// Answer this.
    Reply(Scripted),
    /// The answer of an expired token.
    TokenExpired,
    /// Close the connection with a TCP reset instead of answering.
    Reset,
    /// Close the connection in an orderly way instead of answering.
    Close,
    /// Send this instead of HTTP, then close.
    Garbage(Bytes),
    /// Never answer; end when the client leaves, or with a reset after this time.
    Hang(Option<Duration>),
    /// Send the head and this many bytes of the body (half by default), then reset.
    ResetMidBody(Option<usize>),
    /// As before, but close in an orderly way: a body shorter than its `Content-Length`.
    CutBody(Option<usize>),
    /// Send these bytes after the body: longer than its `Content-Length`.
    LongBody(Bytes),
    /// Send the whole body under this `Content-Length`.
    WrongLength(String),
    /// Send the body at this many bytes a second.
    Slow(u32),
    /// Answer properly, promise to keep the connection, and close it.
    CloseAfterAnswer,
}

/// A fault with its rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Given by the emulator, from 1.
    pub id: u64,
    /// The word for the fault.
    pub kind: &'static str,
    /// What happens.
    pub fault: Fault,
    /// Run the operation first, so that the fault hides a change that was made.
    pub apply: bool,
    /// The answer to spoil, instead of the operation's own.
    pub base: Option<Scripted>,
    method: Option<String>,
    path: Option<String>,
    origin: Option<String>,
    times: Option<u64>,
    after: u64,
    chance: Option<(f64, fastrand::Rng)>,
    seen: u64,
    fired: u64,
}

impl Rule {
    fn matches(&self, origin: &str, method: &str, path: &str) -> bool {
        self.method
            .as_deref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.origin.as_deref().is_none_or(|wanted| wanted == origin)
            && self.path.as_deref().is_none_or(|glob| {
                let short = path.strip_prefix("/api:meta").unwrap_or(path);
                matches(glob, path) || matches(glob, short)
            })
    }

    /// Counts a matching request and says whether the rule takes it.
    fn fires(&mut self) -> bool {
        self.seen += 1;
        self.seen > self.after
            && self.times.is_none_or(|times| self.fired < times)
            && self.chance.as_mut().is_none_or(|(chance, rng)| rng.f64() < *chance)
    }

    /// As the control path shows it.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id, "kind": self.kind, "method": self.method, "path": self.path, "origin": self.origin,
            "times": self.times.map_or(json!("always"), |n| json!(n)), "after": self.after,
            "probability": self.chance.as_ref().map(|(chance, _)| *chance),
            "apply": self.apply, "seen": self.seen, "fired": self.fired,
        })
    }
}

/// What the rules say about one request.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Latencies, added up.
    pub delay: Duration,
    /// The rule that takes the request.
    pub rule: Option<Rule>,
    /// The last latency rule that fired; named in the journal when no other rule did.
    pub latency: Option<u64>,
}

/// The rules in force.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Vec<Rule>,
    last: u64,
}

impl Faults {
    /// Adds a rule and returns it with its number.
    pub fn add(&mut self, mut rule: Rule) -> Rule {
        self.last += 1;
        rule.id = self.last;
        self.rules.push(rule.clone());
        rule
    }

    /// The rules with their counts.
    pub fn list(&self) -> Vec<Value> {
        self.rules.iter().map(Rule::to_json).collect()
    }

    /// Removes one rule.
    pub fn remove(&mut self, id: u64) -> bool {
        let before = self.rules.len();
        self.rules.retain(|rule| rule.id != id);
        self.rules.len() < before
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// Decides about one request. Every matching rule counts it, whichever rule takes it, so that
    /// `after` means "the client's n-th request" whatever other rules there are.
    pub fn judge(&mut self, origin: &str, method: &str, path: &str) -> Verdict {
        let mut verdict = Verdict::default();
        for rule in self.rules.iter_mut().filter(|rule| rule.matches(origin, method, path)) {
            if !rule.fires() {
                continue;
            }
            if let Fault::Latency(delay) = rule.fault {
                rule.fired += 1;
                verdict.delay += delay;
                verdict.latency = Some(rule.id);
            } else if verdict.rule.is_none() {
                rule.fired += 1;
                verdict.rule = Some(rule.clone());
            }
        }
        verdict
    }
}

/// `*` stands for anything inside a path segment, `**` for anything at all.
fn matches(glob: &str, path: &str) -> bool {
    let Some(star) = glob.find('*') else {
        return glob == path;
    };
    let (start, rest) = glob.split_at(star);
    let Some(tail) = path.strip_prefix(start) else {
        return false;
    };
    let (deep, rest) = match rest.strip_prefix("**") {
        Some(rest) => (true, rest),
        None => (false, &rest[1..]),
    };
    let reach = if deep {
        tail.len()
    } else {
        tail.find('/').unwrap_or(tail.len())
    };
    (0..=reach)
        .filter(|at| tail.is_char_boundary(*at))
        .any(|at| matches(rest, &tail[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(value: &Value) -> Rule {
        parse(value).expect("a rule")
    }

    #[test]
    fn globs() {
        for (glob, path, expected) in [
            ("/snippet", "/snippet", true),
            ("/snippet", "/snippet/a", false),
            ("/snippet/*", "/snippet/a", true),
            ("/snippet/*", "/snippet/a/token", false),
            ("/snippet/**", "/snippet/a/token", true),
            ("**", "/anything/at/all", true),
            ("/*/token", "/a/token", true),
            ("/**/token", "/a/b/token", true),
            ("/*/token", "/a/b/token", false),
        ] {
            assert_eq!(matches(glob, path), expected, "{glob} on {path}");
        }
    }

    #[test]
    fn scripted_replies_come_in_order() {
        let mut faults = Faults::default();
        for status in [500, 503] {
            faults.add(rule(&json!({"kind": "status", "status": status, "times": 1})));
        }
        let mut next = || match faults.judge("account", "GET", "/x").rule.map(|r| r.fault) {
            Some(Fault::Reply(scripted)) => scripted.status,
            _ => 200,
        };
        assert_eq!([next(), next(), next()], [500, 503, 200]);
    }

    #[test]
    fn after_skips_the_first_requests_and_latencies_add_up() {
        let mut faults = Faults::default();
        faults.add(rule(&json!({"kind": "latency", "ms": 10})));
        faults.add(rule(&json!({"kind": "latency", "ms": 5, "path": "/x"})));
        faults.add(rule(&json!({"kind": "reset", "after": 1})));
        let first = faults.judge("account", "GET", "/api:meta/x");
        assert_eq!(first.delay, Duration::from_millis(15));
        assert!(first.rule.is_none());
        assert!(faults.judge("account", "GET", "/y").rule.is_some());
    }

    #[test]
    fn the_same_seed_gives_the_same_luck() {
        let draw = || {
            let mut faults = Faults::default();
            faults.add(rule(&json!({"kind": "reset", "probability": 0.3, "seed": 7})));
            (0..200)
                .map(|_| faults.judge("account", "GET", "/x").rule.is_some())
                .collect::<Vec<_>>()
        };
        let fired = draw().into_iter().filter(|fired| *fired).count();
        assert_eq!(draw(), draw());
        assert!((30..=90).contains(&fired), "{fired} of 200");
    }

    #[test]
    fn method_path_and_origin_must_all_agree() {
        let mut faults = Faults::default();
        faults.add(rule(
            &json!({"kind": "reset", "method": "post", "path": "/snippet/*", "origin": "account"}),
        ));
        assert!(faults.judge("account", "POST", "/api:meta/snippet/a").rule.is_some());
        assert!(faults.judge("account", "GET", "/api:meta/snippet/a").rule.is_none());
        assert!(faults.judge("x1", "POST", "/api:meta/snippet/a").rule.is_none());
        assert!(faults.judge("account", "POST", "/api:meta/snippet").rule.is_none());
    }
}
