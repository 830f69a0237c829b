//! A fleet's backups, and which old ones go.

use std::path::PathBuf;

use serde_json::{Value, json};
use xano_emulator::Emulator;
use xano_fleet::Silent;
use xano_fleet::backup::{self, FleetBackupOptions, Keep};
use xano_fleet::estate::Fleet;
use xano_metadata::Instance;

use crate::support::{World, client};

async fn workspaces(emulator: &Emulator, instance: &Value, names: &[&str]) {
    let url = instance["meta_api"].as_str().expect("a URL");
    let connection = client(emulator).instance_at(url, None).expect("a connection");
    for name in names {
        Instance::over(connection.clone())
            .workspaces()
            .create(*name)
            .await
            .expect("a workspace");
    }
}

fn options(world: &World, keep: Option<Keep>) -> FleetBackupOptions {
    FleetBackupOptions {
        to: world.folder.path.clone(),
        keep,
        concurrency: 3,
        retries: 0,
        ..FleetBackupOptions::default()
    }
}

#[tokio::test]
async fn every_workspace_gets_its_own_and_failures_stand_beside() {
    let world = World::new();
    let mut made = Vec::new();
    for (name, display) in [("acme", "Acme"), ("beta", "Beta"), ("down", "Down")] {
        let answer = world.control("POST", "/instances", &json!({"name": name, "display": display}));
        made.push(answer);
    }
    let listed = world.control("GET", "/instances", &Value::Null);
    let listed = listed["instances"].as_array().expect("a list");
    let by_name = |name: &str| {
        listed
            .iter()
            .find(|instance| instance["name"] == name)
            .expect(name)
            .clone()
    };
    workspaces(&world.emulator, &by_name("acme"), &["Shop", "Größe / 2"]).await;
    world.control(
        "POST",
        "/faults",
        &json!({"kind": "status", "status": 503, "origin": "down"}),
    );
    // One of the free plan, and one whose archive is cut.
    let refused = json!({"code": "ERROR_FATAL", "message": "Access Denied.", "payload": ""});
    world.control(
        "POST",
        "/faults",
        &json!({"kind": "status", "status": 500, "body": refused, "origin": "beta", "path": "/workspace/*/export"}),
    );
    world.control(
        "POST",
        "/faults",
        &json!({"kind": "cut_body", "origin": "acme", "path": "/workspace/2/export"}),
    );
    let fleet = Fleet::of(client(&world.emulator));
    let report = backup::fleet(&fleet, &options(&world, None), &Silent)
        .await
        .expect("a report");
    assert!(!report.ok);
    let mut failed: Vec<&str> = report.failures.iter().map(|failure| failure.at.as_str()).collect();
    failed.sort_unstable();
    assert_eq!(failed.len(), 2, "{:?}", report.failures);
    assert!(failed[0].starts_with("acme/") && failed[1] == "down", "{failed:?}");
    // Main of each that works, and the other one of acme.
    assert_eq!(report.done.len(), listed.len() - 1 + 2 - 1, "{:?}", report.done);
    for backup in &report.done {
        assert_eq!(
            backup.path.parent().expect("a folder"),
            world.folder.path.join(&backup.manifest.instance)
        );
    }
    let found = world.folder.verified().await;
    assert_eq!((found.ok, found.good, found.stray), (true, report.done.len(), 0));
    world.control("DELETE", "/faults", &Value::Null);
    let report = backup::fleet(&fleet, &options(&world, None), &Silent)
        .await
        .expect("a report");
    assert!(report.ok, "{:?}", report.failures);
}

/// Makes the fleet's backups, as of another moment.
async fn at(world: &World, fleet: &Fleet, keep: Option<Keep>) -> backup::FleetBackup {
    backup::fleet(fleet, &options(world, keep), &Silent)
        .await
        .expect("a report")
}

#[tokio::test]
async fn old_ones_go_once_a_new_good_one_exists_and_only_those_of_ours() {
    let world = World::new();
    let fleet = Fleet::of(client(&world.emulator));
    let keep = Keep {
        last: 2,
        ..Keep::default()
    };
    let mut made: Vec<PathBuf> = Vec::new();
    for _ in 0..3 {
        let report = at(&world, &fleet, None).await;
        made.push(report.done[0].path.clone());
        // Moments are of whole milliseconds.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let folder = made[0].parent().expect("a folder").to_owned();
    let foreign = ["notes.txt", "other.tar.gz", "settings.json"].map(|name| folder.join(name));
    for file in &foreign {
        std::fs::write(file, b"{}").expect("written");
    }
    // A failing backup removes nothing.
    world.spoil_exports(json!({"kind": "cut_body"}));
    let report = at(&world, &fleet, Some(keep)).await;
    assert!(!report.ok && report.removed.is_empty());
    assert!(made.iter().all(|file| file.exists()));
    world.control("DELETE", "/faults", &Value::Null);
    // The newest of the old ones is damaged: it does not count, and it stays.
    let mut bytes = std::fs::read(&made[2]).expect("bytes");
    bytes[20] ^= 1;
    std::fs::write(&made[2], bytes).expect("written");
    let report = at(&world, &fleet, Some(keep)).await;
    assert!(!report.ok, "a bad one is told");
    assert!(
        report.failures[0].message().contains("no longer what was stored"),
        "{:?}",
        report.failures
    );
    let removed: Vec<&PathBuf> = report.removed.iter().map(|removed| &removed.path).collect();
    assert_eq!(removed, [&made[0]], "the new one and the last good one stay");
    assert!(!made[0].exists() && made[1].exists() && made[2].exists() && report.done[0].path.exists());
    assert!(foreign.iter().all(|file| file.exists()));
    // Of another workspace nothing is counted.
    world
        .instance()
        .workspaces()
        .create("Second")
        .await
        .expect("a workspace");
    let report = at(&world, &fleet, Some(Keep { last: 1, ..keep })).await;
    assert_eq!(report.done.len(), 2);
    assert_eq!(report.removed.len(), 2, "{:?}", report.removed);
    assert!(
        report
            .done
            .iter()
            .all(|backup| backup.path.exists() && backup.manifest_path.exists())
    );
}

#[tokio::test]
async fn a_rule_that_keeps_nothing_is_refused() {
    let world = World::new();
    let fleet = Fleet::of(client(&world.emulator));
    for options in [
        options(&world, Some(Keep::default())),
        FleetBackupOptions {
            concurrency: 0,
            ..options(&world, None)
        },
        FleetBackupOptions {
            password: Some(String::new()),
            ..options(&world, None)
        },
    ] {
        let error = backup::fleet(&fleet, &options, &Silent).await.expect_err("refused");
        assert_eq!(error.code(), "config_error");
    }
    assert_eq!(world.folder.names(), [""; 0]);
}
