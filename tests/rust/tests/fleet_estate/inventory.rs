//! What there is, in which environment, and what could not be asked.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xano_fleet::Silent;
use xano_fleet::estate::{Fleet, FleetConfig, HealthOptions, InventoryOptions, State, What};
use xano_metadata::{ClientOptions, RateLimit, RateLimiting};

use crate::support::{DEEP, DOWN, Estate, LAGGING, LIMITED, UNAUTHORISED, add, bare, client, control, fill, refused};

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::too_many_lines,
    reason = "one estate, and everything that is to be known of it"
)]
async fn an_inventory_and_a_look_at_25_instances_are_right_complete_and_as_fast_as_the_slowest() {
    const ALL: Duration = Duration::from_millis(200);
    const SLOWEST: Duration = Duration::from_millis(1500);
    let estate = Estate::new().await;
    let fleet = estate.fleet(&json!({}));
    estate.delay(ALL, SLOWEST);

    // Two calls follow each other in an instance: its workspaces, then what is in them.
    let alone = estate.fleet(&json!({"ignore": ["prod-*", "stage-*", "dev-*"]}));
    let began = Instant::now();
    assert_eq!(alone.inventory(&DEEP, &Silent).await.expect("one").instances.len(), 1);
    let slowest = began.elapsed();
    assert!(slowest >= SLOWEST * 2, "{slowest:?}");

    let began = Instant::now();
    let inventory = fleet.inventory(&DEEP, &Silent).await.expect("an inventory");
    let took = began.elapsed();
    let sum = ALL * 2 * 23 + SLOWEST * 2;
    println!("inventory: 25 instances in {took:.2?}, the slowest alone {slowest:.2?}, one after the other {sum:.2?}");
    assert!(took < slowest * 3 / 2, "{took:?} for what takes {slowest:?} alone");

    assert_eq!(inventory.instances.len(), 25);
    let in_environment = |name: &str| {
        let environments = inventory
            .instances
            .iter()
            .filter_map(|instance| instance.environment.as_deref());
        environments.filter(|environment| *environment == name).count()
    };
    assert_eq!(
        (in_environment("prod"), in_environment("staging"), in_environment("dev")),
        (12, 8, 5)
    );
    assert!(
        inventory
            .instances
            .iter()
            .all(|one| one.protected == one.name.starts_with("prod"))
    );
    assert!(!inventory.ok);
    let failures: Vec<(&str, &str)> = inventory
        .failures
        .iter()
        .map(|failure| (failure.at.as_str(), failure.error["code"].as_str().expect("a code")))
        .collect();
    assert_eq!(
        failures,
        [(UNAUTHORISED, "ERROR_CODE_UNAUTHORIZED"), (DOWN, "connection_error")],
        "{:?}",
        inventory.failures
    );
    for instance in &inventory.instances {
        let missing = instance.name == DOWN || instance.name == UNAUTHORISED;
        assert_eq!(instance.workspaces.is_none(), missing, "{}", instance.name);
        let tables = if instance.name == LAGGING { 1 } else { 2 };
        for workspace in instance.workspaces.iter().flatten() {
            assert_eq!(
                workspace.tables.as_ref().map(Vec::len),
                Some(tables),
                "{}",
                instance.name
            );
            assert_eq!(workspace.live_branch.as_deref(), Some("v1"), "{}", instance.name);
        }
    }
    assert_eq!(
        inventory.rows().len(),
        21 * 2 + 2 + 4 + 2,
        "one a table, and one for each that is missing"
    );
    let problems: Vec<_> = inventory
        .rows()
        .into_iter()
        .filter(|row| row.problem.is_some())
        .collect();
    assert_eq!(problems.len(), 2);

    let options = HealthOptions {
        slow: Duration::from_secs(1),
        ..HealthOptions::default()
    };
    let began = Instant::now();
    let health = fleet.health(&options).await.expect("a look");
    let took = began.elapsed();
    let slowest = ALL + SLOWEST;
    println!("health: 25 instances in {took:.2?}, the list and the slowest alone {slowest:.2?}");
    assert!(took < slowest * 3 / 2, "{took:?}");
    assert_eq!(health.instances.len(), 25);
    for instance in &health.instances {
        let (state, reachable, authorised) = match instance.name.as_str() {
            DOWN => (State::Down, false, None),
            UNAUTHORISED => (State::Unauthorised, true, Some(false)),
            LAGGING => (State::Slow, true, Some(true)),
            _ => (State::Up, true, Some(true)),
        };
        assert_eq!(
            (instance.state, instance.reachable, instance.authorised),
            (state, reachable, authorised),
            "{instance:?}"
        );
        assert_eq!(instance.reason.is_none(), state == State::Up, "{instance:?}");
        assert_eq!(instance.rate_limited, instance.name == LIMITED, "{instance:?}");
    }
    let changed: Vec<&str> = health.changes.iter().map(|change| change.name.as_str()).collect();
    assert_eq!(
        changed,
        [UNAUTHORISED, LAGGING, DOWN],
        "at the first look: what is not up"
    );
    assert_eq!(
        fleet.health(&options).await.expect("a look").changes,
        [],
        "and then what changed"
    );
    assert_eq!(refused(&estate.emulator), 0, "no 429");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_is_kept_to_while_everything_is_counted() {
    const PER: Duration = Duration::from_secs(2);
    let emulator = bare();
    add(&emulator, &json!({"name": "free"}));
    fill(&emulator, &["free".to_owned()], 1, 27).await;
    let limit = json!({"origin": "free", "requests": 10, "per": PER.as_secs(), "advertise": false});
    control(&emulator, "POST", "/limits", &limit);
    let fleet = Fleet::of(client(&emulator, RateLimiting::Fixed(RateLimit::new(10, PER))));
    let options = InventoryOptions { counts: true, ..DEEP };
    let began = Instant::now();
    let inventory = fleet.inventory(&options, &Silent).await.expect("an inventory");
    let took = began.elapsed();
    let rows = inventory.rows();
    let records: u64 = rows.iter().filter_map(|row| row.records).sum();
    assert_eq!((inventory.ok, rows.len(), records), (true, 27, 27 * 28 / 2));
    assert_eq!(refused(&emulator), 0, "no 429");
    // 30 requests, ten in any two seconds.
    assert!(took >= PER * 2, "{took:?}");

    // The window is full: the probe waits for room, which is neither down nor slow.
    let health = fleet.health(&HealthOptions::default()).await.expect("a look");
    let [free] = &health.instances[..] else {
        panic!("{health:?}")
    };
    assert_eq!(
        (free.state, free.rate_limited, free.slowed),
        (State::Up, true, true),
        "{free:?}"
    );
    assert!(
        free.latency_ms.expect("a latency") < 1000.0,
        "waiting is not latency: {free:?}"
    );
    assert_eq!(refused(&emulator), 0, "no 429");
}

#[tokio::test(flavor = "multi_thread")]
async fn environments_narrow_a_fleet_and_say_what_is_protected() {
    let estate = Estate::new().await;
    let fleet = estate.fleet(&json!({"ignore": "prod-0*"}));
    let names: Vec<String> = fleet
        .environments()
        .into_iter()
        .map(|environment| environment.name)
        .collect();
    assert_eq!(names, ["prod", "staging", "dev"]);
    let prod = fleet.environment("prod").expect("there is one");
    let members = prod.members().await.expect("members");
    assert_eq!(members.len(), 3, "prod-10, prod-11 and the one that is down");
    assert!(members.iter().all(|member| member.protected));
    assert_eq!(
        fleet.environment_of(&members[0].connection).await.expect("known"),
        (Some("prod".to_owned()), true)
    );
    assert_eq!(
        fleet.environment_of_name("Client lagging").await.expect("known"),
        (Some("dev".to_owned()), false)
    );
    assert_eq!(fleet.environment_of_name("nobody").await.expect("known"), (None, false));
    let error = fleet.environment("production").expect_err("there is none").to_string();
    assert!(error.contains("\"prod\", \"staging\", \"dev\""), "{error}");

    // A look at a part says nothing of the rest.
    let dev = fleet.environment("dev").expect("there is one");
    assert_eq!(
        dev.health(&HealthOptions::default())
            .await
            .expect("a look")
            .instances
            .len(),
        5
    );
    let health = fleet.health(&HealthOptions::default()).await.expect("a look");
    assert!(
        health.changes.iter().all(|change| change.what == What::State),
        "{:?}",
        health.changes
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_be_asked_hides_nothing_that_is_known() {
    let emulator = bare();
    add(&emulator, &json!({"name": "one"}));
    add(&emulator, &json!({"name": "lone"}));
    let lone = control(&emulator, "GET", "/instances", &Value::Null)["instances"][1]["meta_api"].take();
    let config = json!({
        "ignore": "lone",
        "instances": {"elsewhere": {"url": lone, "display": "Self-hosted"}, "nobody": {}},
    });
    let fleet = || {
        let config = FleetConfig::of(&config).expect("a good configuration");
        let client = client(&emulator, RateLimiting::Auto);
        Fleet::assemble(config, Some(client), &ClientOptions::default()).expect("a fleet")
    };
    let first = fleet();
    let inventory = first
        .inventory(&InventoryOptions::default(), &Silent)
        .await
        .expect("an inventory");
    let names = |inventory: &xano_fleet::estate::Inventory| -> Vec<String> {
        inventory
            .instances
            .iter()
            .map(|instance| instance.name.clone())
            .collect()
    };
    assert_eq!(names(&inventory), ["one", "elsewhere"]);
    assert_eq!(inventory.failures[0].at, "nobody");
    assert!(
        inventory.failures[0].message().contains("no account lists"),
        "{:?}",
        inventory.failures
    );
    assert!(
        first.members().await.is_err(),
        "what is missing is an error where all are needed"
    );

    control(
        &emulator,
        "POST",
        "/faults",
        &json!({"kind": "status", "status": 500, "path": "/instance", "times": "always"}),
    );
    let inventory = first
        .inventory(&InventoryOptions::default(), &Silent)
        .await
        .expect("an inventory");
    assert_eq!(names(&inventory), ["one", "elsewhere"], "as it was listed before");
    assert_eq!(inventory.failures[0].at, "account");
    let inventory = fleet()
        .inventory(&InventoryOptions::default(), &Silent)
        .await
        .expect("an inventory");
    assert_eq!(names(&inventory), ["elsewhere"], "nobody knows of more");
    assert!(!inventory.ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_the_token_may_not_count_is_one_failure() {
    let emulator = bare();
    add(&emulator, &json!({"name": "one"}));
    fill(&emulator, &["one".to_owned()], 2, 3).await;
    let forbid = json!({"kind": "status", "status": 403, "path": "/workspace/*/table/*/content", "times": "always"});
    control(&emulator, "POST", "/faults", &forbid);
    let broken = json!({"kind": "status", "status": 404, "path": "/workspace/*/branch", "times": 1});
    control(&emulator, "POST", "/faults", &broken);
    let fleet = Fleet::of(client(&emulator, RateLimiting::Auto));
    let inventory = fleet
        .inventory(&InventoryOptions { counts: true, ..DEEP }, &Silent)
        .await
        .expect("an inventory");
    let places: Vec<&str> = inventory.failures.iter().map(|failure| failure.at.as_str()).collect();
    assert_eq!(places.len(), 3, "{places:?}");
    assert!(
        places.contains(&"one/Space 1/records") && places.contains(&"one/Space 2/records"),
        "{places:?}"
    );
    assert!(places.iter().any(|place| place.ends_with("/branches")), "{places:?}");
    let rows = inventory.rows();
    assert_eq!(rows.len(), 6);
    assert!(
        rows.iter().all(|row| row.records.is_none() && row.problem.is_some()),
        "{rows:?}"
    );
}
