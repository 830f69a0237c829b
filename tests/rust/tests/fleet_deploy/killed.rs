//! Deployments that are killed, at every step, and resumed or reverted.

use std::io::{BufRead as _, BufReader};
use std::panic::AssertUnwindSafe;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use serde_json::{Value, json};
use xano_fleet::deploy::{self, DeployOptions, Live, Outcome, Report};

use crate::support::{Hands, World};

/// Without the comparison thing by thing, which reads only and takes most of the time.
fn quick(world: &World) -> DeployOptions {
    let mut options = world.options();
    options.rules.compare = false;
    options.rules.check = true;
    options
}

/// How many steps a deployment tells.
async fn steps() -> usize {
    let world = World::new().await;
    let host = Hands::default();
    let report = world.deploy(&quick(&world), &host).await;
    assert!(report.ok, "{}", report.text());
    host.steps().len()
}

/// What a journal says right after the kill must not be wrong, though it may say that something is unknown.
async fn told_truly(world: &World) -> Report {
    let report = deploy::status(&world.journal()).expect("a report");
    assert!(!report.running);
    world.honest(&report).await;
    report
}

async fn gone_on_with(world: &World) {
    let report = world.resume(&Hands::default()).await.expect("a report");
    assert!(report.ok && report.outcome == Outcome::Complete, "{}", report.text());
    assert_eq!(world.honest(&report).await, [true, true]);
    assert!(report.unknown.is_empty(), "{:?}", report.unknown);
    for workspace in [world.staging, world.prod] {
        let audit = world.audit(workspace).await;
        let count = |word: &str| audit.iter().filter(|one| *one == word).count();
        assert_eq!((count("branch.create"), count("branch.live")), (1, 1), "{audit:?}");
    }
}

async fn taken_back(world: &World) {
    let report = world.revert(&Hands::default()).await.expect("a report");
    assert!(report.ok && report.outcome == Outcome::Reverted, "{}", report.text());
    assert_eq!(world.honest(&report).await, [false, false]);
    assert!(report.stages.iter().all(|stage| stage.live == Live::Previous));
}

async fn dies_at(step: usize, goes_on: bool) {
    let world = World::new().await;
    let host = Hands::dying_at(step);
    let options = quick(&world);
    let work = AssertUnwindSafe(world.deploy(&options, &host)).catch_unwind();
    assert!(work.await.is_err(), "step {step} was told");
    told_truly(&world).await;
    if goes_on {
        gone_on_with(&world).await;
    } else {
        taken_back(&world).await;
    }
}

/// Every write of the journal, which is before and after every step, is a place to die at.
async fn dies_everywhere(goes_on: bool) {
    let steps = steps().await;
    // Ten steps of two stages, each told when it begins and when it ends.
    assert_eq!(steps, 40);
    let mut pending: Vec<usize> = (1..=steps).collect();
    while !pending.is_empty() {
        let several = pending.split_off(pending.len().saturating_sub(4));
        let work = several.into_iter().map(|step| tokio::spawn(dies_at(step, goes_on)));
        for ended in futures_util::future::join_all(work).await {
            ended.expect("no panic");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_step_it_can_be_gone_on_with() {
    dies_everywhere(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_step_it_can_be_taken_back() {
    dies_everywhere(false).await;
}

/// A deployment in a process of its own.
fn process(world: &World, verb: &str, hold: Option<u64>) -> Child {
    let order = json!({
        "verb": verb, "url": world.emulator.instance_url(), "token": world.emulator.token(),
        "journal": world.journal(), "backups": world.folder.join("backups"), "source": world.dev,
        "stages": {"staging": world.staging, "prod": world.prod}, "hold": hold,
    });
    Command::new(env!("CARGO_BIN_EXE_fleet_deployer"))
        .arg(order.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program")
}

/// SIGKILL: no handler, no last words.
fn kill(mut child: Child) {
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
}

/// Waits for so many lines of a process that stands still after them.
fn lines(child: &mut Child, count: u64) -> Vec<String> {
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let lines: Vec<String> = output
        .lines()
        .take(usize::try_from(count).expect("a small number"))
        .collect::<Result<_, _>>()
        .expect("lines");
    assert_eq!(lines.len() as u64, count, "{lines:?}");
    lines
}

/// Lets a process end by itself; its report.
fn ended(mut child: Child) -> Value {
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let last = output
        .lines()
        .map(|line| line.expect("a line"))
        .last()
        .expect("a report");
    assert!(child.wait().expect("it ends").success());
    serde_json::from_str(&last).expect("JSON")
}

/// The dev workspace itself runs the new version: the program takes its live branch.
async fn new_live(world: &World) {
    world
        .place(world.dev)
        .workspace()
        .branch("next")
        .set_live()
        .await
        .expect("live");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_gone_on_with_by_another() {
    // A branch begun and made, a push begun, a switch begun and made, a verification, and the same in the second stage.
    for hold in [7, 8, 9, 17, 18, 19, 28, 29, 37, 38] {
        let world = World::new().await;
        new_live(&world).await;
        let mut child = process(&world, "run", Some(hold));
        let told = lines(&mut child, hold);
        // It is at work, so nobody else may be.
        assert!(deploy::status(&world.journal()).expect("a report").running);
        kill(child);
        told_truly(&world).await;
        let report = ended(process(&world, "resume", None));
        assert_eq!(
            (&report["ok"], &report["outcome"]),
            (&json!(true), &json!("complete")),
            "{told:?} {report}"
        );
        for workspace in [world.staging, world.prod] {
            assert!(world.runs_new(workspace).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_taken_back_by_another() {
    for hold in [8, 10, 17, 18, 38] {
        let world = World::new().await;
        new_live(&world).await;
        let mut child = process(&world, "run", Some(hold));
        lines(&mut child, hold);
        kill(child);
        let report = ended(process(&world, "revert", None));
        assert_eq!(
            (&report["ok"], &report["outcome"]),
            (&json!(true), &json!("reverted")),
            "{report}"
        );
        for workspace in [world.staging, world.prod] {
            assert!(!world.runs_new(workspace).await);
        }
    }
}

/// Killed after the server did it and before anybody could write that down: the worst moment there is.
async fn killed_in_flight(method: &str, path: &str, goes_on: bool) {
    let world = World::new().await;
    new_live(&world).await;
    let path = path.replace("PROD", &world.prod.to_string());
    world.emulator.control("DELETE", "/requests", &Value::Null);
    world.faults(&json!({"kind": "hang", "apply": true, "method": method, "path": path}));
    let mut child = process(&world, "run", None);
    // Its output is read on, lest it waits for that.
    let mut output = child.stdout.take().expect("its output");
    std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    while world.struck() == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // Struck, it was applied before it hangs.
    let (_, journal) = world.emulator.control("GET", "/requests", &Value::Null);
    let requests = journal["requests"].as_array().expect("a list");
    assert!(
        requests.iter().any(|request| request["fault"]["kind"] == "hang"),
        "{journal}"
    );
    kill(child);
    world.end_faults();
    let status = told_truly(&world).await;
    assert!(
        !status.unknown.is_empty(),
        "what was in flight is said to be unknown: {}",
        status.text()
    );
    if goes_on {
        gone_on_with(&world).await;
    } else {
        taken_back(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_an_effect_and_its_journal_it_can_be_gone_on_with() {
    for path in [
        "/workspace/PROD/branch",
        "/workspace/PROD/multidoc",
        "/workspace/PROD/branch/*/live",
    ] {
        killed_in_flight("POST", path, true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_an_effect_and_its_journal_it_can_be_taken_back() {
    for path in [
        "/workspace/PROD/branch",
        "/workspace/PROD/multidoc",
        "/workspace/PROD/branch/*/live",
    ] {
        killed_in_flight("POST", path, false).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_is_taken_back_it_can_be_taken_back() {
    let world = World::new().await;
    let report = world.deploy(&quick(&world), &Hands::default()).await;
    assert!(report.ok, "{}", report.text());
    world.faults(&json!({"kind": "hang", "apply": true, "method": "POST", "path": "/workspace/*/branch/v1/live"}));
    let child = process(&world, "revert", None);
    while world.struck() == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    kill(child);
    world.end_faults();
    // The journal of the moment still says that both run the new version; it was written before the switch.
    taken_back(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_failure_is_put_back_it_is_put_back_first() {
    let world = World::new().await;
    // Verifying fails, and putting back hangs after it happened.
    let (emulator, prod) = (Arc::clone(&world.emulator), world.prod);
    let fails = move || {
        let rules = json!({"rules": [
            {"kind": "hang", "apply": true, "method": "POST", "path": format!("/workspace/{prod}/branch/v1/live")},
            {"kind": "status", "status": 400, "method": "GET", "path": format!("/workspace/{prod}/multidoc"), "times": 1},
        ]});
        assert_eq!(emulator.control("POST", "/faults", &rules).0, 200);
    };
    let options = quick(&world);
    let host = Hands {
        when: Some(("prod verify begun", Box::new(fails))),
        ..Hands::default()
    };
    let mut work = Box::pin(world.deploy(&options, &host));
    loop {
        tokio::select! {
            report = &mut work => panic!("{}", report.text()),
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
        // The failure, and the switch back.
        if world.struck() == 2 {
            break;
        }
    }
    drop(work);
    world.end_faults();
    assert!(!world.runs_new(prod).await, "it was switched back");
    let seen = deploy::status(&world.journal()).expect("a report");
    assert_eq!(seen.outcome, Outcome::Failed);
    let host = Hands::default();
    let report = world.resume(&host).await.expect("a report");
    assert!(report.ok, "{}", report.text());
    assert_eq!(world.honest(&report).await, [true, true]);
    assert!(
        host.questions()
            .iter()
            .any(|(_, stage, moment)| stage == "prod" && moment == "live"),
        "it is asked again"
    );
}
