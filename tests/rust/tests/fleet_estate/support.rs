//! The estate that is looked at, and single instances to compare with.

use std::time::Duration;

use serde_json::{Value, json};
use xano_emulator::{Emulator, EmulatorOptions};
use xano_fleet::estate::{Fleet, FleetConfig, InventoryOptions};
use xano_metadata::{Client, ClientOptions, RateLimiting, Xano};

/// Where nothing listens: port 1 is reserved, and a client cannot tell it from a server that is off.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:1/api:meta";

pub(crate) fn control(emulator: &Emulator, method: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = emulator.control(method, path, body);
    assert!(status < 300, "{method} {path}: {status} {answer}");
    answer
}

pub(crate) fn client(emulator: &Emulator, rate_limit: RateLimiting) -> Client {
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
pub(crate) fn refused(emulator: &Emulator) -> u64 {
    let journal = control(emulator, "GET", "/requests", &Value::Null);
    journal["rate_limited"].as_u64().expect("a number")
}

pub(crate) fn requests(emulator: &Emulator, origin: &str) -> usize {
    let journal = control(emulator, "GET", &format!("/requests?origin={origin}"), &Value::Null);
    journal["requests"].as_array().expect("a list").len()
}

/// An emulator without the instance that every new one brings.
pub(crate) fn bare() -> Emulator {
    let emulator = Emulator::start(EmulatorOptions::default()).expect("an emulator");
    let instances = control(&emulator, "GET", "/instances", &Value::Null);
    for instance in instances["instances"].as_array().expect("a list") {
        let name = instance["name"].as_str().expect("a name");
        control(&emulator, "DELETE", &format!("/instances/{name}"), &Value::Null);
    }
    emulator
}

pub(crate) fn add(emulator: &Emulator, instance: &Value) {
    control(emulator, "POST", "/instances", instance);
}

/// Workspaces with a table of a few records each, made through the API.
pub(crate) async fn fill(emulator: &Emulator, names: &[String], workspaces: usize, tables: usize) {
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
pub(crate) struct Estate {
    pub(crate) emulator: Emulator,
    pub(crate) config: Value,
}

pub(crate) const DOWN: &str = "prod-down";
pub(crate) const UNAUTHORISED: &str = "stage-locked";
pub(crate) const LIMITED: &str = "dev-limited";
pub(crate) const LAGGING: &str = "lagging";

impl Estate {
    pub(crate) async fn new() -> Self {
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

    pub(crate) fn fleet(&self, more: &Value) -> Fleet {
        let mut config = self.config.clone();
        for (key, value) in more.as_object().into_iter().flatten() {
            config[key] = value.clone();
        }
        let config = FleetConfig::of(&config).expect("a good configuration");
        let client = client(&self.emulator, RateLimiting::Auto);
        Fleet::assemble(config, Some(client), &ClientOptions::default()).expect("a fleet")
    }

    /// Every request takes `all` longer, those to one instance `lagging` in all.
    pub(crate) fn delay(&self, all: Duration, lagging: Duration) {
        let millis = |of: Duration| u64::try_from(of.as_millis()).expect("short");
        let rules = json!([
            {"kind": "latency", "ms": millis(all), "times": "always"},
            {"kind": "latency", "ms": millis(lagging.saturating_sub(all)), "origin": LAGGING, "times": "always"},
        ]);
        control(&self.emulator, "POST", "/faults", &rules);
    }
}

pub(crate) const DEEP: InventoryOptions = InventoryOptions {
    branches: true,
    tables: true,
    counts: false,
    concurrency: 16,
};
