//! A fleet of 25 instances in three environments, some of them in trouble: what there is, how they are, what changes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xano_emulator::{Emulator, EmulatorOptions};
use xano_fleet::Silent;
use xano_fleet::estate::{Fleet, FleetConfig, HealthOptions, InventoryOptions, State, Watch, What};
use xano_metadata::{Client, ClientOptions, RateLimit, RateLimiting, Xano};

/// Where nothing listens: port 1 is reserved, and a client cannot tell it from a server that is off.
const NOWHERE: &str = "http://127.0.0.1:1/api:meta";

fn control(emulator: &Emulator, method: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = emulator.control(method, path, body);
    assert!(status < 300, "{method} {path}: {status} {answer}");
    answer
}

fn client(emulator: &Emulator, rate_limit: RateLimiting) -> Client {
    Client::new(ClientOptions {
        token: Some(emulator.token().into()),
        account_url: Some(emulator.account_url().to_owned()),
        ambient_credentials: false,
        backoff: Duration::from_millis(1),
        rate_limit,
        ..ClientOptions::default()
    })
    .expect("a client")
}

/// What happened to the requests, by the emulator's own book.
fn refused(emulator: &Emulator) -> u64 {
    let journal = control(emulator, "GET", "/requests", &Value::Null);
    journal["rate_limited"].as_u64().expect("a number")
}

fn requests(emulator: &Emulator, origin: &str) -> usize {
    let journal = control(emulator, "GET", &format!("/requests?origin={origin}"), &Value::Null);
    journal["requests"].as_array().expect("a list").len()
}

/// An emulator without the instance that every new one brings.
fn bare() -> Emulator {
    let emulator = Emulator::start(EmulatorOptions::default()).expect("an emulator");
    let instances = control(&emulator, "GET", "/instances", &Value::Null);
    for instance in instances["instances"].as_array().expect("a list") {
        let name = instance["name"].as_str().expect("a name");
        control(&emulator, "DELETE", &format!("/instances/{name}"), &Value::Null);
    }
    emulator
}

fn add(emulator: &Emulator, instance: &Value) {
    control(emulator, "POST", "/instances", instance);
}

/// Workspaces with a table of a few records each, made through the API.
async fn fill(emulator: &Emulator, names: &[String], workspaces: usize, tables: usize) {
    let maker = Xano::of(&client(emulator, RateLimiting::Off));
    for name in names {
        let instance = maker.instance(name);
        for first in instance.workspaces().list().all().await.expect("a list") {
            instance.workspace(first.id).delete().await.expect("no workspace");
        }
        for number in 1..=workspaces {
            let workspace = instance
                .workspaces()
                .create(format!("Space {number}"))
                .await
                .expect("a workspace");
            let workspace = instance.workspace(workspace.id);
            for table in 1..=tables {
                let made = workspace
                    .tables()
                    .create()
                    .name(format!("table_{table}"))
                    .await
                    .expect("a table");
                let records = workspace.table(made.id).records();
                let row = serde_json::Map::new();
                records.create_many(&vec![row; table]).await.expect("records");
            }
        }
    }
}

/// 25 instances: 12 in prod by pattern, 8 in staging by name, 5 in dev by display name and pattern.
struct Estate {
    emulator: Emulator,
    config: Value,
}

const DOWN: &str = "prod-down";
const UNAUTHORISED: &str = "stage-locked";
const LIMITED: &str = "dev-limited";
const LAGGING: &str = "lagging";

impl Estate {
    async fn new() -> Self {
        let emulator = bare();
        let mut healthy: Vec<String> = (1..=11).map(|number| format!("prod-{number:02}")).collect();
        healthy.extend((1..=7).map(|number| format!("stage-{number:02}")));
        healthy.extend((1..=3).map(|number| format!("dev-{number:02}")));
        for name in healthy.iter().map(String::as_str).chain([UNAUTHORISED, LAGGING]) {
            add(&emulator, &json!({"name": name, "display": format!("Client {name}")}));
        }
        add(&emulator, &json!({"name": DOWN, "extra": {"meta_api": NOWHERE}}));
        fill(&emulator, &healthy, 1, 2).await;
        fill(&emulator, &[UNAUTHORISED.to_owned(), LAGGING.to_owned()], 2, 1).await;
        add(&emulator, &json!({"name": LIMITED, "rate_limit": false}));
        fill(&emulator, &[LIMITED.to_owned()], 2, 2).await;
        // The free plan's limit, from now on.
        let limit = json!({"origin": LIMITED, "requests": 10, "per": 20});
        control(&emulator, "POST", "/limits", &limit);
        control(
            &emulator,
            "POST",
            "/faults",
            &json!({"kind": "token_expired", "origin": UNAUTHORISED, "times": "always"}),
        );
        control(&emulator, "DELETE", "/requests", &Value::Null);
        let mut stages: Vec<String> = (1..=7).map(|number| format!("stage-{number:02}")).collect();
        stages.push(UNAUTHORISED.to_owned());
        let config = json!({
            "environments": {
                "prod": {"match": ["prod-*"], "protected": true},
                "staging": {"instances": stages},
                "dev": {"match": "dev-*", "instances": ["Client lagging"]},
            },
        });
        Self { emulator, config }
    }

    fn fleet(&self, more: &Value) -> Fleet {
        let mut config = self.config.clone();
        for (key, value) in more.as_object().into_iter().flatten() {
            config[key] = value.clone();
        }
        let config = FleetConfig::of(&config).expect("a good configuration");
        let client = client(&self.emulator, RateLimiting::Auto);
        Fleet::assemble(config, Some(client), &ClientOptions::default()).expect("a fleet")
    }

    /// Every request takes `all` longer, those to one instance `lagging` in all.
    fn delay(&self, all: Duration, lagging: Duration) {
        let millis = |of: Duration| u64::try_from(of.as_millis()).expect("short");
        let rules = json!([
            {"kind": "latency", "ms": millis(all), "times": "always"},
            {"kind": "latency", "ms": millis(lagging.saturating_sub(all)), "origin": LAGGING, "times": "always"},
        ]);
        control(&self.emulator, "POST", "/faults", &rules);
    }
}

const DEEP: InventoryOptions = InventoryOptions {
    branches: true,
    tables: true,
    counts: false,
    concurrency: 16,
};

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
