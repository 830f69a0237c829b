//! Deployments that go well, and those that have nothing to do.

use xano_fleet::Silent;
use xano_fleet::deploy::{self, DeployOptions, Live, Outcome, Source, Stage, Step};

use crate::support::{Hands, OLD, World, new_version, step};

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_change_and_writes_nothing() {
    let world = World::new().await;
    let before = [
        world.audit(world.dev).await,
        world.audit(world.staging).await,
        world.audit(world.prod).await,
    ];
    let report = deploy::run(&world.source(), &world.stages(), &DeployOptions::default(), &Silent).await;
    let report = report.expect("a report");
    assert!(report.ok && report.outcome == Outcome::Planned, "{}", report.text());
    assert_eq!(report.journal, None);
    for stage in &report.stages {
        let preview = stage.preview.as_ref().expect("a preview");
        let changes: Vec<_> = preview
            .changes
            .iter()
            .map(|one| (&*one.change, &*one.kind, &*one.name))
            .collect();
        let wanted = [
            ("added", "function", "greet"),
            ("changed", "function", "total"),
            ("changed", "query", "GET shop/customer"),
            ("removed", "task", "sweep"),
        ];
        assert_eq!(changes, wanted);
        let server = preview.server.as_ref().expect("the server's dry run");
        let server: Vec<_> = server.iter().map(|one| (&*one.action, &*one.name)).collect();
        for operation in [("create", "greet"), ("update", "total"), ("delete", "sweep")] {
            assert!(server.contains(&operation), "{server:?}");
        }
        let comparison = preview.comparison.as_ref().expect("the comparison");
        assert_eq!(
            comparison["changes"].as_array().expect("a list").len(),
            4,
            "{comparison}"
        );
        assert!(
            !preview.equal && preview.losses.is_empty() && preview.shared.is_empty(),
            "{preview:?}"
        );
    }
    let after = [
        world.audit(world.dev).await,
        world.audit(world.staging).await,
        world.audit(world.prod).await,
    ];
    assert_eq!(before, after);
    assert!(std::fs::read_dir(&world.folder).expect("the folder").next().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stage_gets_the_new_version_one_after_the_other() {
    let world = World::new().await;
    let host = Hands::default();
    let mut options = world.options();
    options.rules.check = true;
    let report = world.deploy(&options, &host).await;
    assert!(report.ok && report.outcome == Outcome::Complete, "{}", report.text());
    assert_eq!(world.honest(&report).await, [true, true]);
    assert_eq!(
        world.audit(world.staging).await,
        ["branch.create", "workspace.push", "branch.live"]
    );
    assert_eq!(
        world.audit(world.prod).await,
        ["branch.create", "workspace.push", "branch.live"]
    );
    let steps = host.steps();
    let position = |step: &str| steps.iter().position(|told| told == step).expect(step);
    assert!(position("staging verify done") < position("prod preview begun"));
    assert!(position("prod backup done") < position("prod branch begun"));
    assert!(position("prod gate done") < position("prod live begun"));
    let asked = [
        ("check", "staging", "check"),
        ("gate", "staging", "live"),
        ("check", "prod", "check"),
        ("gate", "prod", "live"),
    ];
    let asked = asked.map(|(kind, stage, moment)| (kind.to_owned(), stage.to_owned(), moment.to_owned()));
    assert_eq!(host.questions(), asked);
    // There are no tests: said, and not called a pass.
    assert_eq!(
        step(&report, "prod", Step::Test),
        ("skipped", "there are no tests".to_owned())
    );
    let backup = report.stages[1].backup.as_ref().expect("a backup");
    assert!(std::path::Path::new(backup).exists(), "{backup}");
    assert!(
        report
            .stages
            .iter()
            .all(|stage| stage.previous.as_deref() == Some("v1"))
    );
    // Once more there is nothing to do, and nobody is asked.
    let again = Hands::default();
    let options = DeployOptions {
        journal: Some(world.folder.join("again.json")),
        ..world.options()
    };
    let report = world.deploy(&options, &again).await;
    assert!(
        report.ok && report.stages.iter().all(|stage| stage.live == Live::Previous),
        "{}",
        report.text()
    );
    assert_eq!(again.questions(), []);
    assert_eq!(world.audit(world.prod).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_and_folders_are_sources_too() {
    for folder in [false, true] {
        let world = World::new().await;
        let source = if folder {
            let path = world.folder.join("src");
            for (at, document) in new_version().split("---\n").enumerate() {
                let path = path.join(if at % 2 == 0 { "even" } else { "odd" });
                std::fs::create_dir_all(&path).expect("a folder");
                std::fs::write(path.join(format!("{at}.xs")), document).expect("a file");
            }
            Source::Folder(path)
        } else {
            Source::Text(new_version())
        };
        let stages = [Stage::new("prod", world.place(world.prod).on_branch("v1"))];
        let report = deploy::run(&source, &stages, &world.options(), &Hands::default()).await;
        let report = report.expect("a report");
        assert!(report.ok, "{}", report.text());
        assert_eq!(world.honest(&report).await, [true]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_deployment_can_be_reverted() {
    let world = World::new().await;
    let report = world.deploy(&world.options(), &Hands::default()).await;
    assert!(report.ok, "{}", report.text());
    let report = world.revert(&Hands::default()).await.expect("a report");
    assert!(report.ok && report.outcome == Outcome::Reverted, "{}", report.text());
    assert_eq!(world.honest(&report).await, [false, false]);
    assert!(report.undone.contains(&"prod: live".to_owned()), "{:?}", report.undone);
    // Twice is once, and it is not gone on with.
    let again = world.revert(&Hands::default()).await.expect("a report");
    assert!(again.ok && again.outcome == Outcome::Reverted);
    let error = world.resume(&Hands::default()).await.expect_err("it is over");
    assert_eq!(error.code(), "refused", "{error}");
    assert_eq!(
        world.audit(world.prod).await,
        ["branch.create", "workspace.push", "branch.live", "branch.live"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_may_name_the_branch_that_has_to_be_live() {
    let world = World::new().await;
    let stages = [Stage::new("prod", world.place(world.prod).on_branch("v2"))];
    let report = deploy::run(
        &Source::Text(OLD.to_owned()),
        &stages,
        &world.options(),
        &Hands::default(),
    )
    .await;
    let report = report.expect("a report");
    assert!(
        !report.ok && report.text().contains("\"v1\" is live"),
        "{}",
        report.text()
    );
    assert_eq!(world.audit(world.prod).await, Vec::<String>::new());
}
