//! What a push must not do: tables with their records stay, values are not given up, and what all branches feel is said.

use serde_json::json;
use xano_fleet::Silent;
use xano_fleet::deploy::{self, DeployOptions, Outcome, ResumeOptions, RevertOptions, Source, Stage, Step};

use crate::support::{Hands, OLD, World, new_version, step};

async fn deployed(world: &World, text: &str, change: impl FnOnce(&mut DeployOptions)) -> xano_fleet::deploy::Report {
    let mut options = world.options();
    change(&mut options);
    let stages = [Stage::new("prod", world.place(world.prod))];
    let source = Source::Text(text.to_owned());
    deploy::run(&source, &stages, &options, &Hands::default())
        .await
        .expect("a report")
}

async fn tables(world: &World) -> Vec<String> {
    let tables = world.place(world.prod).workspace().tables().list().all().await;
    let mut names: Vec<String> = tables.expect("tables").into_iter().map(|table| table.name).collect();
    names.sort();
    names
}

fn without_customer(text: &str) -> String {
    text.split_once("---\n").expect("documents").1.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_the_source_lacks_stay_with_their_records() {
    let world = World::new().await;
    let records = world.place(world.prod).workspace();
    records
        .table("customer")
        .records()
        .create(&json!({"name": "Ann"}))
        .await
        .expect("a record");
    let report = deployed(&world, &without_customer(&new_version()), |_| ()).await;
    assert!(report.ok, "{}", report.text());
    assert_eq!(report.stages[0].preview.as_ref().expect("a preview").kept, ["customer"]);
    assert_eq!(world.honest(&report).await, [true]);
    let kept = records.table("customer").records().list().all().await.expect("records");
    assert_eq!(kept.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_dropped_only_when_that_and_the_loss_are_meant() {
    let world = World::new().await;
    let text = without_customer(&new_version());
    let report = deployed(&world, &text, |options| options.rules.drop_tables = true).await;
    assert!(
        !report.ok && report.text().contains("table customer goes, with all its records"),
        "{}",
        report.text()
    );
    assert_eq!(world.audit(world.prod).await, Vec::<String>::new());
    assert_eq!(tables(&world).await, ["customer"]);
    let report = deployed(&world, &text, |options| {
        options.rules.drop_tables = true;
        options.rules.allow_loss = true;
        options.journal = Some(world.folder.join("meant.json"));
    })
    .await;
    assert!(report.ok, "{}", report.text());
    assert_eq!(tables(&world).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_go_are_a_loss() {
    let world = World::new().await;
    let report = deployed(&world, &new_version().replace("    text name\n", ""), |_| ()).await;
    assert!(
        !report.ok && report.text().contains("column name goes"),
        "{}",
        report.text()
    );
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(world.audit(world.prod).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_tables_are_asked_for_and_said_to_stay() {
    let world = World::new().await;
    let text = new_version().replace("    text name\n", "    text name\n    text phone?\n");
    let stages = [Stage::new("prod", world.place(world.prod))];
    // All branches feel it at the push, so it is asked for before, though the stage is not protected.
    let host = Hands {
        no_gate: Some("not the tables"),
        ..Hands::default()
    };
    let report = deploy::run(&Source::Text(text), &stages, &world.options(), &host)
        .await
        .expect("a report");
    assert_eq!(report.outcome, Outcome::Refused, "{}", report.text());
    assert_eq!(host.questions()[0].2, "write");
    assert_eq!(world.audit(world.prod).await, Vec::<String>::new());
    // Then with a yes to that, and a check that fails: going back does not take the column back, and that is said.
    let report = deploy::resume(&world.journal(), &stages, &ResumeOptions::default(), &Hands::default()).await;
    let report = report.expect("a report");
    assert!(report.ok, "{}", report.text());
    let report = deploy::revert(&world.journal(), &stages, &RevertOptions::default(), &Hands::default()).await;
    let report = report.expect("a report");
    assert!(
        report.ok && report.warnings[0].contains("customer changed"),
        "{}",
        report.text()
    );
    assert!(
        report.warnings[0].contains("holds them as they were"),
        "{:?}",
        report.warnings
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_delete_nothing_goes() {
    let world = World::new().await;
    let report = deployed(&world, "function more {\n  response = 3\n}", |options| {
        options.rules.delete = false;
    })
    .await;
    assert!(report.ok, "{}", report.text());
    let text = world.text(world.prod).await;
    assert!(
        text.contains("function more") && text.contains("task sweep") && text.contains("table customer"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_the_source_is_told_before_anything_is_written() {
    let world = World::new().await;
    let report = deployed(&world, "function broken {\n  stack {\n}", |_| ()).await;
    assert!(report.text().contains("never closed"), "{}", report.text());
    assert_eq!(step(&report, "prod", Step::Preview).0, "failed");
    assert_eq!(world.audit(world.prod).await, Vec::<String>::new());
    let workspace = world.place(world.prod).workspace();
    let off = json!({"allow_push": false});
    workspace
        .update()
        .preferences(&serde_json::from_value(off).expect("preferences"))
        .await
        .expect("an update");
    let options = DeployOptions::default();
    let stages = [Stage::new("prod", world.place(world.prod))];
    let report = deploy::run(&Source::Text(OLD.to_owned()), &stages, &options, &Silent)
        .await
        .expect("a plan");
    assert!(!report.ok && report.text().contains("allow_push"), "{}", report.text());
}

/// While it goes live, writes into the new branch.
struct Meddler<'w>(&'w World, Hands);
impl xano_fleet::Host for Meddler<'_> {
    fn tell(&self, notice: xano_fleet::Notice) {
        self.1.tell(notice);
    }

    fn ask(&self, question: xano_fleet::Question) -> xano_fleet::Asking<'_> {
        Box::pin(async move {
            if question.about["stage"] == "prod" {
                let branch = question.about["branch"].as_str().expect("a label").to_owned();
                let multidoc = self.0.place(self.0.prod).workspace().multidoc();
                multidoc.push("function meddled {\n}").branch(branch).await?;
            }
            self.1.ask(question).await
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_live_but_not_the_source_is_put_back() {
    let world = World::new().await;
    let host = Meddler(&world, Hands::default());
    let report = world.deploy(&world.options(), &host).await;
    assert!(!report.ok && report.outcome == Outcome::Failed, "{}", report.text());
    assert_eq!(
        step(&report, "prod", Step::Live),
        ("undone", "\"v1\" is live again".to_owned())
    );
    assert_eq!(step(&report, "prod", Step::Verify).0, "failed");
    assert!(report.undone.contains(&"prod: live".to_owned()));
    assert_eq!(world.honest(&report).await, [true, false]);
    assert!(!world.text(world.prod).await.contains("meddled"));
}

/// Makes a branch of its own live when asked.
struct Rival<'w>(&'w World);
impl xano_fleet::Host for Rival<'_> {
    fn tell(&self, _notice: xano_fleet::Notice) {}

    fn ask(&self, _question: xano_fleet::Question) -> xano_fleet::Asking<'_> {
        Box::pin(async move {
            let workspace = self.0.place(self.0.staging).workspace();
            workspace.branches().create("rival").await?;
            workspace.branch("rival").set_live().await?;
            Ok(xano_fleet::Answer::yes())
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_somebody_else_made_live_is_not_overruled() {
    let world = World::new().await;
    let report = world.deploy(&world.options(), &Rival(&world)).await;
    assert!(
        !report.ok && report.text().contains("Somebody else made \"rival\""),
        "{}",
        report.text()
    );
    assert_eq!(world.live(world.staging).await, "rival");
    assert_eq!(
        report.stages[0].live,
        xano_fleet::deploy::Live::Other,
        "{}",
        report.text()
    );
}
