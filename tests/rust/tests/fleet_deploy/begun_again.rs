//! Journals: who may use them, what is in them, and what is not believed.

use serde_json::{Value, json};
use xano_fleet::deploy::{self, DeployOptions, Outcome, ResumeOptions, RevertOptions, Stage};

use crate::support::{Hands, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_is_of_one_deployment_and_of_its_stages() {
    let world = World::new().await;
    let refused = Hands {
        no_gate: Some("later"),
        ..Hands::default()
    };
    world.deploy(&world.options(), &refused).await;
    // Not for another deployment.
    let error = deploy::run(&world.source(), &world.stages(), &world.options(), &refused)
        .await
        .expect_err("it is there");
    assert!(
        error.code() == "refused" && error.to_string().contains("Resume"),
        "{error}"
    );
    // Not for other stages, nor for these in another order.
    let mut others = world.stages();
    others.reverse();
    for stages in [vec![Stage::new("prod", world.place(world.prod))], others] {
        for error in [
            deploy::resume(&world.journal(), &stages, &ResumeOptions::default(), &refused)
                .await
                .expect_err("other stages"),
            deploy::revert(&world.journal(), &stages, &RevertOptions::default(), &refused)
                .await
                .expect_err("other stages"),
        ] {
            assert!(
                error.code() == "refused" && error.to_string().contains("other stages"),
                "{error}"
            );
        }
    }
    // Not with another source.
    let kept = world.folder.join("deploy.json.xs");
    let source = std::fs::read_to_string(&kept).expect("the source");
    std::fs::write(&kept, source.replace("response = 2", "response = 3")).expect("a file");
    let error = world.resume(&Hands::default()).await.expect_err("another source");
    assert!(
        error.code() == "refused" && error.to_string().contains("not the source"),
        "{error}"
    );
    std::fs::write(&kept, source).expect("a file");
    let report = world.resume(&Hands::default()).await.expect("a report");
    assert!(report.ok, "{}", report.text());
    assert!(!kept.exists(), "nobody needs it any more");
}

/// Asks for the journal while the deployment waits for its answer.
struct Busy<'w>(&'w World, std::sync::Mutex<Vec<String>>);
impl xano_fleet::Host for Busy<'_> {
    fn tell(&self, _notice: xano_fleet::Notice) {}

    fn ask(&self, _question: xano_fleet::Question) -> xano_fleet::Asking<'_> {
        Box::pin(async move {
            let seen = deploy::status(&self.0.journal()).expect("a report");
            assert!(seen.running && seen.outcome == Outcome::Interrupted && !seen.ok);
            let error = self.0.resume(&Hands::default()).await.expect_err("in use");
            self.1.lock().expect("no panic").push(error.to_string());
            Ok(xano_fleet::Answer::no("that is enough"))
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_in_use_is_refused() {
    let world = World::new().await;
    let host = Busy(&world, std::sync::Mutex::default());
    world.deploy(&world.options(), &host).await;
    let errors = host.1.into_inner().expect("no panic");
    assert!(errors[0].contains("in use by process"), "{errors:?}");
    assert!(!deploy::status(&world.journal()).expect("a report").running);
    assert!(!world.folder.join("deploy.json.lock").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_holds_no_token_and_only_its_owner_reads_it() {
    let world = World::new().await;
    let refused = Hands {
        no_gate: Some("later"),
        ..Hands::default()
    };
    let mut options = world.options();
    options.backup_password = Some("hunter2".to_owned());
    let report = world.deploy(&options, &refused).await;
    for name in ["deploy.json", "deploy.json.xs"] {
        let path = world.folder.join(name);
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(
            !text.contains(world.emulator.token()) && !text.contains("hunter2"),
            "{name}"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
    let journal: Value = serde_json::from_slice(&std::fs::read(world.journal()).expect("a file")).expect("JSON");
    assert_eq!(journal["stages"][0]["instance"], json!(world.emulator.instance_url()));
    assert!(!format!("{options:?}").contains("hunter2"));
    let status = deploy::status(&world.journal()).expect("a report");
    assert_eq!(status.stages, report.stages);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_is_not_believed_what_we_would_not_have_written() {
    let world = World::new().await;
    let refused = Hands {
        no_gate: Some("later"),
        ..Hands::default()
    };
    world.deploy(&world.options(), &refused).await;
    let good = std::fs::read_to_string(world.journal()).expect("a file");
    let journal: Value = serde_json::from_str(&good).expect("JSON");
    let label = journal["label"].as_str().expect("text");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut other = journal.clone();
        change(&mut other);
        other.to_string()
    };
    for bad in [
        String::new(),
        good[..good.len() / 2].to_owned(),
        "[]".to_owned(),
        with(&|other| other["version"] = json!(2)),
        with(&|other| other["more"] = json!(1)),
        // A branch of ours is removed; one that is not ours must not be.
        with(&|other| other["stages"][0]["branch"] = json!("v1")),
        with(&|other| other["stages"][0]["branch"] = json!("deploy-../../v1")),
        with(&|other| other["stages"][0]["previous"] = json!(label)),
        with(&|other| other["stages"][0]["previous"] = json!("")),
        with(&|other| other["stages"][0]["steps"] = json!([])),
        with(&|other| other["stages"] = json!([])),
    ] {
        std::fs::write(world.journal(), &bad).expect("a file");
        let error = world.revert(&Hands::default()).await.expect_err(&bad);
        assert_eq!(error.code(), "decode_error", "{error}");
        assert!(deploy::status(&world.journal()).is_err());
    }
    std::fs::remove_file(world.journal()).expect("a file");
    let error = world.revert(&Hands::default()).await.expect_err("none");
    assert_eq!(error.code(), "config_error", "{error}");
    assert!(
        !world.folder.join("deploy.json.lock").exists(),
        "nothing is made beside what is not there"
    );
    assert_eq!(world.audit(world.staging).await, ["branch.create", "workspace.push"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn resuming_keeps_to_what_was_begun() {
    let world = World::new().await;
    let mut options = world.options();
    options.rules.check = true;
    let refused = Hands {
        no_check: Some("no"),
        ..Hands::default()
    };
    world.deploy(&options, &refused).await;
    // Whoever resumes it without a check of their own is asked all the same.
    let report = world.resume(&xano_fleet::Silent).await.expect("a report");
    assert!(
        !report.ok
            && report
                .trouble
                .as_ref()
                .expect("trouble")
                .message
                .contains("The check failed")
    );
    // What was made protected stays it.
    let stages: Vec<Stage> = world.stages().into_iter().map(Stage::protected).collect();
    let host = Hands::default();
    let report = deploy::resume(&world.journal(), &stages, &ResumeOptions::default(), &host)
        .await
        .expect("a report");
    assert!(
        report.ok && report.stages.iter().all(|stage| stage.protected),
        "{}",
        report.text()
    );
    let host = Hands {
        no_gate: Some("stay"),
        ..Hands::default()
    };
    let report = world.revert(&host).await.expect("a report");
    assert_eq!(
        report.outcome,
        Outcome::Refused,
        "reverting a protected stage is asked for"
    );
    assert_eq!(world.honest(&report).await, [true, true]);
    let default = DeployOptions::default();
    assert!(default.dry_run && default.rules.gate && !default.rules.drop_tables);
}

#[tokio::test(flavor = "multi_thread")]
async fn encrypted_backups_stay_encrypted_when_it_is_resumed() {
    let world = World::new().await;
    let mut options = world.options();
    options.backup_password = Some("hunter2".to_owned());
    let refused = Hands {
        no_gate: Some("later"),
        ..Hands::default()
    };
    world.deploy(&options, &refused).await;
    let error = world
        .resume(&Hands::default())
        .await
        .expect_err("prod has no backup yet");
    assert!(
        error.code() == "config_error" && error.to_string().contains("password"),
        "{error}"
    );
    let again = ResumeOptions {
        backup_password: Some("hunter2".to_owned()),
        settle: 0.05,
    };
    let report = deploy::resume(&world.journal(), &world.stages(), &again, &Hands::default()).await;
    let report = report.expect("a report");
    assert!(report.ok, "{}", report.text());
    for stage in &report.stages {
        let backup = std::fs::read(stage.backup.as_ref().expect("a backup")).expect("a file");
        assert!(!backup.starts_with(&[0x1f, 0x8b]), "{} is no plain archive", stage.name);
    }
}
