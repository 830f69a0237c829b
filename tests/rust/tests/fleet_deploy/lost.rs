//! Answers that get lost: what was done is found, and not done twice or taken for not done.

use std::sync::Arc;

use serde_json::{Value, json};
use xano_fleet::deploy::{Outcome, Step};

use crate::support::{Hands, World, step};

fn rule(method: &str, path: &str) -> Value {
    json!({"kind": "reset_after", "method": method, "path": path, "times": 2})
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_of_branch_push_and_live_do_not_break_it() {
    for path in [
        "/workspace/*/branch",
        "/workspace/*/multidoc",
        "/workspace/*/branch/*/live",
    ] {
        let world = World::new().await;
        world.faults(&rule("POST", path));
        let report = world.deploy(&world.options(), &Hands::default()).await;
        assert!(
            report.ok && report.outcome == Outcome::Complete,
            "{path}: {}",
            report.text()
        );
        assert_eq!(world.struck(), 2, "{path}");
        assert_eq!(world.honest(&report).await, [true, true]);
        for workspace in [world.staging, world.prod] {
            let made = world
                .audit(workspace)
                .await
                .into_iter()
                .filter(|word| word == "branch.create")
                .count();
            assert_eq!(made, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_switch_whose_answers_all_get_lost_is_found_done() {
    let world = World::with(|options| options.max_retries = 0).await;
    world.faults(&rule("POST", "/workspace/*/branch/*/live"));
    let report = world.deploy(&world.options(), &Hands::default()).await;
    assert!(report.ok, "{}", report.text());
    assert_eq!(world.struck(), 2);
    assert_eq!(world.honest(&report).await, [true, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_in_the_middle_leaves_the_old_version_or_says_that_it_is_unknown() {
    let world = World::with(|options| options.max_retries = 0).await;
    // The switch happens, and from then on nothing of prod answers.
    let (emulator, prod) = (Arc::clone(&world.emulator), world.prod);
    let dies = move || {
        let rules = json!({"rules": [
            {"kind": "reset_after", "method": "POST", "path": format!("/workspace/{prod}/branch/*/live"), "times": 1},
            {"kind": "close", "path": format!("/workspace/{prod}/branch"), "times": "always", "after": 2},
        ]});
        assert_eq!(emulator.control("POST", "/faults", &rules).0, 200);
    };
    let host = Hands {
        when: Some(("prod live begun", Box::new(dies))),
        ..Hands::default()
    };
    let report = world.deploy(&world.options(), &host).await;
    assert!(!report.ok && report.outcome == Outcome::Failed, "{}", report.text());
    assert!(
        report.unknown.contains(&"prod: live".to_owned()),
        "{:?}\n{}",
        report.unknown,
        report.text()
    );
    assert!(report.text().contains("it is not known which"), "{}", report.text());
    world.end_faults();
    assert!(
        world.runs_new(world.prod).await,
        "it was switched, although nobody heard of it"
    );
    // When it answers again, it can be gone on with, or taken back.
    let report = world.resume(&Hands::default()).await.expect("a report");
    assert!(report.ok, "{}", report.text());
    assert_eq!(world.honest(&report).await, [true, true]);
    let report = world.revert(&Hands::default()).await.expect("a report");
    assert!(report.ok, "{}", report.text());
    assert_eq!(world.honest(&report).await, [false, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_never_arrives_fails_and_leaves_what_was() {
    let world = World::with(|options| options.max_retries = 0).await;
    world.faults(
        &json!({"kind": "reset", "method": "POST", "path": format!("/workspace/{}/multidoc", world.staging),
                         "times": "always"}),
    );
    let report = world.deploy(&world.options(), &Hands::default()).await;
    assert!(!report.ok, "{}", report.text());
    assert_eq!(step(&report, "staging", Step::Push).0, "unknown", "it may have arrived");
    assert_eq!(world.honest(&report).await, [false, false]);
    assert_eq!(world.audit(world.prod).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_of_which_nothing_is_heard_any_more_is_said_to_be_unknown() {
    let world = World::with(|options| options.max_retries = 0).await;
    let (emulator, staging) = (Arc::clone(&world.emulator), world.staging);
    let dies = move || {
        let path = format!("/workspace/{staging}/branch");
        let rules = json!({"rules": [
            {"kind": "reset_after", "method": "POST", "path": path, "times": 1},
            {"kind": "close", "method": "GET", "path": path, "times": "always", "after": 1},
        ]});
        assert_eq!(emulator.control("POST", "/faults", &rules).0, 200);
    };
    let host = Hands {
        when: Some(("staging branch begun", Box::new(dies))),
        ..Hands::default()
    };
    let report = world.deploy(&world.options(), &host).await;
    world.end_faults();
    assert_eq!(step(&report, "staging", Step::Branch).0, "unknown", "{}", report.text());
    assert!(report.stages[0].branch_left, "it may be there, and it is");
    let report = world.resume(&Hands::default()).await.expect("a report");
    assert!(report.ok, "{}", report.text());
    assert_eq!(
        world.audit(world.staging).await,
        ["branch.create", "workspace.push", "branch.live"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_is_gone_cannot_be_gone_back_to_and_that_is_said() {
    let world = World::new().await;
    let prod = world.place(world.prod).workspace();
    prod.branches().create("base").await.expect("a branch");
    prod.branch("base").set_live().await.expect("live");
    let report = world.deploy(&world.options(), &Hands::default()).await;
    assert!(report.ok, "{}", report.text());
    prod.branch("base").delete().await.expect("gone");
    let report = world.revert(&Hands::default()).await.expect("a report");
    assert!(!report.ok && report.outcome == Outcome::Failed, "{}", report.text());
    assert!(report.text().contains("is still live in prod"), "{}", report.text());
    assert_eq!(
        world.honest(&report).await,
        [false, true],
        "staging was taken back all the same"
    );
}
