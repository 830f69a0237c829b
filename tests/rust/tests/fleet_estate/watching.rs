//! What changes while somebody watches.

use std::time::Duration;

use serde_json::{Value, json};
use xano_fleet::estate::{Fleet, HealthOptions, Watch, What};
use xano_metadata::{Client, ClientOptions, RateLimiting};

use crate::support::{add, bare, client, control, refused, requests};

async fn next(watch: &mut Watch) -> String {
    let change = tokio::time::timeout(Duration::from_secs(60), watch.next()).await;
    change.expect("a change in time").expect("no error").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_tells_what_changes_and_spares_what_is_limited() {
    let emulator = bare();
    add(&emulator, &json!({"name": "steady"}));
    add(&emulator, &json!({"name": "fickle"}));
    add(&emulator, &json!({"name": "free", "rate_limit": true}));
    let fleet = Fleet::of(client(&emulator, RateLimiting::Auto));
    let mut watch = fleet
        .watch(Duration::from_millis(50), HealthOptions::default())
        .expect("a watch");

    // A single failure is told: a probe has no retries that would hide it.
    let stumble = json!({"kind": "status", "status": 503, "origin": "fickle", "times": 1});
    control(&emulator, "POST", "/faults", &stumble);
    let told = next(&mut watch).await;
    assert!(
        told.starts_with("fickle is down: 503: ") || told.starts_with("fickle is down, was up: 503: "),
        "{told}"
    );
    assert_eq!(next(&mut watch).await, "fickle is up, was down.");

    add(&emulator, &json!({"name": "late"}));
    // It may be listed a moment before it listens, and be gone a moment after it was listed.
    let mut told = next(&mut watch).await;
    assert!(told.starts_with("late is new"), "{told}");
    if told != "late is new, and up." {
        told = next(&mut watch).await;
        assert_eq!(told, "late is up, was down.");
    }
    control(&emulator, "DELETE", "/instances/fickle", &Value::Null);
    told = next(&mut watch).await;
    if told.starts_with("fickle is down") {
        told = next(&mut watch).await;
    }
    assert_eq!(told, "fickle is gone.");
    control(
        &emulator,
        "POST",
        "/faults",
        &json!({"kind": "status", "status": 500, "path": "/instance", "times": 1}),
    );
    let told = next(&mut watch).await;
    assert!(told.starts_with("account is down: 500: "), "{told}");
    assert_eq!(next(&mut watch).await, "account is up, was down.");

    assert!(requests(&emulator, "steady") > 4);
    assert_eq!(
        requests(&emulator, "free"),
        1,
        "a tenth of ten in twenty seconds is one"
    );
    assert_eq!(refused(&emulator), 0);
    drop(watch);
    // What was on its way arrives.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let then = requests(&emulator, "steady");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(requests(&emulator, "steady"), then, "nobody is watching any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_soon_is_told_once_for_all_instances() {
    let emulator = bare();
    add(&emulator, &json!({"name": "one"}));
    add(&emulator, &json!({"name": "two"}));
    let days = |days: u32| days * 24 * 60 * 60;
    let made = control(
        &emulator,
        "POST",
        "/tokens",
        &json!({"name": "short", "expires_in": days(3)}),
    );
    let client = Client::new(ClientOptions {
        token: Some(made["token"].as_str().expect("a token").into()),
        account_url: Some(emulator.account_url().to_owned()),
        ambient_credentials: false,
        ..ClientOptions::default()
    })
    .expect("a client");
    let fleet = Fleet::of(client);
    let health = fleet.health(&HealthOptions::default()).await.expect("a look");
    for instance in &health.instances {
        let left = instance.token_days_left.expect("it tells");
        assert!((2.9..=3.0).contains(&left), "{left}");
    }
    let [change] = &health.changes[..] else {
        panic!("{health:?}")
    };
    assert_eq!((change.what, change.to.as_deref()), (What::Token, Some("week")));
    assert!(change.to_string().contains("which 2 instances share"), "{change}");
    assert_eq!(
        fleet.health(&HealthOptions::default()).await.expect("a look").changes,
        []
    );
}
