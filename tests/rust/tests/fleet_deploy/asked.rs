//! Gates, checks and tests: what is asked, and what a no leaves untouched.

use serde_json::json;
use xano_fleet::deploy::{self, DeployOptions, Outcome, ResumeOptions, Stage, Step};
use xano_fleet::{Place, Silent};

use crate::support::{Hands, World, answers, step};

const NOTHING: [&str; 0] = [];

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_gate_leaves_a_protected_stage_untouched() {
    let world = World::new().await;
    let mut options = world.options();
    // Off, for those that are not protected.
    options.rules.gate = false;
    let stages = vec![
        Stage::new("staging", world.place(world.staging)),
        Stage::new("prod", world.place(world.prod)).protected(),
    ];
    let host = Hands {
        no_gate: Some("It is Friday."),
        ..Hands::default()
    };
    let before = world.text(world.prod).await;
    let report = deploy::run(&world.source(), &stages, &options, &host)
        .await
        .expect("a report");
    assert!(!report.ok && report.outcome == Outcome::Refused, "{}", report.text());
    assert_eq!(world.honest(&report).await, [true, false]);
    assert_eq!(world.audit(world.prod).await, NOTHING);
    assert_eq!(world.text(world.prod).await, before);
    assert_eq!(
        host.questions(),
        [("gate".to_owned(), "prod".to_owned(), "write".to_owned())]
    );
    let trouble = report.trouble.as_ref().expect("trouble");
    assert!(
        trouble.message.contains("It is Friday") && trouble.step == Step::Approve,
        "{trouble:?}"
    );
    for not in ["prod: backup", "prod: branch", "prod: push", "prod: live"] {
        assert!(report.not_done.contains(&not.to_owned()), "{:?}", report.not_done);
    }
    // Another day the answer is another.
    let host = Hands::default();
    let report = deploy::resume(&world.journal(), &stages, &ResumeOptions::default(), &host)
        .await
        .expect("a report");
    assert!(report.ok, "{}", report.text());
    assert_eq!(world.honest(&report).await, [true, true]);
    let moments: Vec<String> = host
        .questions()
        .into_iter()
        .map(|(_, stage, moment)| format!("{stage} {moment}"))
        .collect();
    assert_eq!(
        moments,
        ["prod write", "prod live"],
        "protected stages are asked for although the gate is off"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_a_no() {
    let world = World::new().await;
    let report = world.deploy(&world.options(), &Silent).await;
    assert_eq!(report.outcome, Outcome::Refused, "{}", report.text());
    assert_eq!(world.honest(&report).await, [false, false]);
    assert_eq!(
        world.audit(world.prod).await,
        NOTHING,
        "the stage after it is not begun"
    );
    // The branch is left to be looked at, and said to be.
    assert_eq!(world.audit(world.staging).await, ["branch.create", "workspace.push"]);
    assert!(
        report.stages[0].branch_left && report.text().contains("is left for inspection"),
        "{}",
        report.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_check_stops_it_before_production() {
    let world = World::new().await;
    let mut options = world.options();
    options.rules.check = true;
    options.rules.keep_branch = false;
    let host = Hands {
        no_check: Some("The smoke test failed."),
        ..Hands::default()
    };
    let report = world.deploy(&options, &host).await;
    assert!(!report.ok && report.outcome == Outcome::Failed, "{}", report.text());
    assert!(
        report.trouble.as_ref().expect("trouble").message.contains("smoke test"),
        "{}",
        report.text()
    );
    assert_eq!(world.honest(&report).await, [false, false]);
    assert_eq!(world.audit(world.prod).await, NOTHING);
    assert_eq!(
        world.audit(world.staging).await,
        ["branch.create", "workspace.push", "branch.delete"]
    );
    assert_eq!(step(&report, "staging", Step::Branch).0, "undone");
    assert_eq!(step(&report, "staging", Step::Check).0, "failed");
    assert_eq!(step(&report, "staging", Step::Gate).0, "not_done");
    // Mended, it goes on; the branch is made anew.
    let report = world.resume(&Hands::default()).await.expect("a report");
    assert!(report.ok && report.resumed == 1, "{}", report.text());
    assert_eq!(world.honest(&report).await, [true, true]);
}

/// A workflow test in the new version.
async fn with_test(world: &World) {
    let dev = world.place(world.dev).workspace();
    let script = "workflow_test buy {\n  description = \"buys\"\n}";
    dev.workflow_tests()
        .create()
        .branch("next")
        .xanoscript(script)
        .await
        .expect("a test");
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_that_fail_stop_it_and_tests_that_cannot_run_are_said_not_to_have() {
    let world = World::new().await;
    with_test(&world).await;
    // The emulator runs no XanoScript.
    let mut options = world.options();
    let one_stage = [Stage::new("staging", world.place(world.staging))];
    options.rules.require_tests = true;
    let report = deploy::run(&world.source(), &one_stage, &options, &Hands::default())
        .await
        .expect("a report");
    assert!(
        report.text().contains("Tests are required, and did not run"),
        "{}",
        report.text()
    );
    assert_eq!(world.honest(&report).await, [false]);
    let tests = report.stages[0].tests.as_ref().expect("tests");
    assert_eq!((&*tests.verdict, tests.not_run.len(), tests.passed), ("not_run", 1, 0));
    // A server that runs it and finds it failing.
    let failing = json!({"status": "exception", "message": "1 is not 2"});
    world.faults(&answers("/workspace/*/workflow_test/*/run", &failing));
    let report = deploy::resume(
        &world.journal(),
        &one_stage,
        &ResumeOptions::default(),
        &Hands::default(),
    )
    .await;
    let report = report.expect("a report");
    assert!(
        report.text().contains("1 is not 2") && report.outcome == Outcome::Failed,
        "{}",
        report.text()
    );
    assert_eq!(world.honest(&report).await, [false]);
    assert_eq!(
        world.audit(world.staging).await,
        ["branch.create", "workspace.push"],
        "the branch is used again"
    );
    // And one that finds it passing.
    world.end_faults();
    world.faults(&answers(
        "/workspace/*/workflow_test/*/run",
        &json!({"status": "ok", "timing": 0.1}),
    ));
    let report = deploy::resume(
        &world.journal(),
        &one_stage,
        &ResumeOptions::default(),
        &Hands::default(),
    )
    .await;
    let report = report.expect("a report");
    assert!(report.ok, "{}", report.text());
    assert_eq!(step(&report, "staging", Step::Test), ("done", "1 passed".to_owned()));
    assert_eq!(world.honest(&report).await, [true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_that_cannot_run_are_no_obstacle_unless_required() {
    let world = World::new().await;
    with_test(&world).await;
    let report = world.deploy(&world.options(), &Hands::default()).await;
    assert!(report.ok, "{}", report.text());
    let (state, note) = step(&report, "prod", Step::Test);
    assert_eq!(state, "skipped");
    assert!(
        note.contains("could not be run here") && note.contains("not emulated"),
        "{note}"
    );
    assert!(report.not_done.contains(&"prod: test".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_test_with_one_wrong_expectation_fails() {
    let world = World::new().await;
    let listed = json!({"items": [{"id": "t1", "name": "sums", "obj_id": 1, "obj_name": "total", "obj_type": "function"}],
                        "curPage": 1, "nextPage": null, "prevPage": null});
    world.faults(&json!({"rules": [
        {"kind": "reply", "method": "GET", "path": "/workspace/*/unit_test", "times": "always",
         "headers": {"content-type": "application/json"}, "body": listed.to_string()},
        answers("/workspace/*/unit_test/t1/run",
                &json!({"status": "ok", "results": [{"status": "ok"}, {"status": "fail", "message": "3 came"}]})),
    ]}));
    let report = world.deploy(&world.options(), &Hands::default()).await;
    let tests = report.stages[0].tests.as_ref().expect("tests");
    assert_eq!(
        (&*tests.verdict, &*tests.failed[0].name, &*tests.failed[0].message),
        ("failed", "total: sums", "3 came")
    );
    assert_eq!(world.audit(world.prod).await, NOTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_that_cannot_be_are_refused_before_anything_happens() {
    let world = World::new().await;
    let place = |workspace| -> Place { world.place(workspace) };
    for (stages, why) in [
        (vec![], "1 to 100 stages"),
        (vec![Stage::new("", place(world.prod))], "no name for a stage"),
        (
            vec![
                Stage::new("a", place(world.prod)),
                Stage::new("a", place(world.staging)),
            ],
            "Two stages",
        ),
        (
            vec![Stage::new("a", place(world.prod)), Stage::new("b", place(world.prod))],
            "the same workspace",
        ),
        (vec![Stage::new("a", place(4_711))], "0 workspaces"),
    ] {
        let error = deploy::run(&world.source(), &stages, &world.options(), &Silent)
            .await
            .expect_err(why);
        assert!(error.message().contains(why), "{error}");
    }
    let options = DeployOptions {
        journal: Some(world.folder.join("no/such/folder.json")),
        ..world.options()
    };
    let error = deploy::run(&world.source(), &world.stages(), &options, &Silent)
        .await
        .expect_err("no folder");
    assert_eq!(error.code(), "config_error", "{error}");
    assert_eq!(world.audit(world.prod).await, NOTHING);
}
