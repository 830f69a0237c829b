//! Which differences between looks are told.

use std::time::{Duration, UNIX_EPOCH};

use super::*;

fn instance(name: &str, state: State) -> InstanceHealth {
    InstanceHealth {
        name: name.to_owned(),
        display: name.to_uppercase(),
        environment: Some(if name.starts_with('p') { "prod" } else { "dev" }.to_owned()),
        protected: false,
        url: None,
        state,
        reason: (state != State::Up).then(|| "why".to_owned()),
        since: String::new(),
        checked_at: String::new(),
        reachable: true,
        authorised: Some(true),
        latency_ms: None,
        p50_ms: None,
        p95_ms: None,
        probes: 0,
        rate_limited: false,
        slowed: false,
        token_expires_at: None,
        token_days_left: None,
    }
}

/// Looks, and says what changed in words.
fn look(past: &mut Past, scope: Option<&str>, now: &[InstanceHealth]) -> Vec<String> {
    let changes = past.compare(now, scope, UNIX_EPOCH + Duration::from_secs(1));
    past.keep(now, &vec![true; now.len()], scope);
    changes.iter().map(ToString::to_string).collect()
}

#[test]
fn the_first_look_tells_only_what_is_not_up() {
    let mut past = Past::default();
    let now = [instance("p1", State::Up), instance("d1", State::Down)];
    assert_eq!(look(&mut past, None, &now), ["D1 (dev) is down: why"]);
    assert_eq!(look(&mut past, None, &now), Vec::<String>::new());
}

#[test]
fn states_limits_and_members_that_change_are_told() {
    let mut past = Past::default();
    look(
        &mut past,
        None,
        &[instance("p1", State::Up), instance("d1", State::Down)],
    );
    let limited = InstanceHealth {
        rate_limited: true,
        ..instance("d1", State::Up)
    };
    let told = look(&mut past, None, &[limited, instance("p2", State::Slow)]);
    let expected = [
        "D1 (dev) is up, was down.",
        "D1 (dev) is rate limited.",
        "P2 (prod) is new, and slow: why",
        "P1 (prod) is gone.",
    ];
    assert_eq!(told, expected);
    assert_eq!(past.last("p1"), None, "what is gone is forgotten");
}

#[test]
fn looking_at_a_part_says_nothing_of_the_rest() {
    let mut past = Past::default();
    let (prod, dev) = (instance("p1", State::Up), instance("d1", State::Up));
    assert_eq!(
        look(&mut past, Some("prod"), std::slice::from_ref(&prod)),
        Vec::<String>::new()
    );
    let both = [prod.clone(), dev];
    assert_eq!(
        look(&mut past, None, &both),
        Vec::<String>::new(),
        "it was not looked at before, so it is not new"
    );
    assert_eq!(
        look(&mut past, Some("prod"), &[prod]),
        Vec::<String>::new(),
        "and it is not gone"
    );
}

#[test]
fn a_token_that_ends_is_told_once_for_all_that_share_it_and_once_a_step() {
    let mut past = Past::default();
    let ending = |name: &str, end: &str, days: f64| InstanceHealth {
        token_expires_at: Some(end.to_owned()),
        token_days_left: Some(days),
        ..instance(name, State::Up)
    };
    let at = |days: f64| {
        [
            ending("p1", "E", days),
            ending("p2", "E", days),
            ending("d1", "F", days + 50.0),
        ]
    };
    assert_eq!(look(&mut past, None, &at(8.0)), Vec::<String>::new());
    let told = look(&mut past, None, &at(6.9));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("which 2 instances share, expires at E"), "{told:?}");
    assert_eq!(look(&mut past, None, &at(6.5)), Vec::<String>::new());
    assert_eq!(look(&mut past, None, &at(0.5)).len(), 1);
    assert!(look(&mut past, None, &at(-0.1))[0].contains("expired at E"));
    // A new token begins anew.
    let renewed = [ending("p1", "G", 90.0), ending("p2", "G", 90.0)];
    assert!(look(&mut past, None, &renewed).iter().all(|told| told.contains("gone")));
}

#[test]
fn an_account_that_cannot_be_asked_is_told_once_and_so_is_its_return() {
    let mut past = Past::default();
    let trouble = || vec![("account".to_owned(), Error::config("No network."))];
    let told = |past: &mut Past, troubles: &[(String, Error)]| -> Vec<String> {
        let changes = past.compare_accounts(troubles, UNIX_EPOCH);
        changes.iter().map(ToString::to_string).collect()
    };
    assert_eq!(told(&mut past, &trouble()), ["account is down: No network."]);
    assert_eq!(told(&mut past, &trouble()), Vec::<String>::new());
    assert_eq!(told(&mut past, &[]), ["account is up, was down."]);
}
