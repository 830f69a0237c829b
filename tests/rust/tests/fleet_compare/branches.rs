//! Branches of one workspace: a clone is the same until something is changed in it.

use serde_json::json;
use xano_fleet::Silent;
use xano_fleet::compare::{CompareOptions, RecordsOption, places};
use xano_metadata::ErrorKind;

use super::support::{Content, LOGIC, Step, Workspace, World, delete, exactly, post, put, script};

async fn clone(workspace: &Workspace, label: &str) -> Workspace {
    workspace
        .apply(&post(
            "/branch",
            Content::Json(json!({"label": label, "source_branch": "v1"})),
        ))
        .await;
    workspace.on_branch(label)
}

#[tokio::test]
async fn what_belongs_to_the_workspace_is_said_to_be_shared() {
    let world = World::new();
    let live = world.filled("Main", false).await;
    let next = clone(&live, "next").await;
    let options = CompareOptions {
        records: RecordsOption::Content,
        ..CompareOptions::default()
    };
    let found = live.compare_with(&next, &options).await;
    exactly(&found, &[]);
    let shared: Vec<&str> = found.skipped.iter().map(|skipped| skipped.family.name()).collect();
    assert_eq!(
        shared,
        [
            "data_sources",
            "tables",
            "columns",
            "indexes",
            "realtime_channels",
            "records"
        ]
    );
    assert_eq!(found.left.branch.as_deref(), Some("v1"));
    assert_eq!(found.right.branch.as_deref(), Some("next"));
    assert!(found.text().contains("tables, columns, indexes"), "{}", found.text());
    assert!(!found.compared.contains_key(&xano_fleet::compare::Family::Tables));
}

#[tokio::test]
async fn a_new_name_is_a_change_of_what_keeps_its_guid() {
    let world = World::new();
    let live = world.filled("Main", false).await;
    let next = clone(&live, "next").await;
    for (family, path, keyword) in LOGIC {
        let renamed = put(format!("{path}/:one"), Content::Script(script(keyword, "uno", 1)));
        match *family {
            "realtime_channels" => continue,
            // They have no guid.
            "agents" | "mcp_servers" => {
                next.apply(&renamed).await;
                let expected = [format!("- {family} one"), format!("+ {family} uno")];
                exactly(&live.compare(&next).await, &expected.each_ref().map(String::as_str));
            }
            _ => {
                next.apply(&renamed).await;
                let expected = format!("~ {family} uno [name, xanoscript] was one");
                exactly(&live.compare(&next).await, &[&expected]);
            }
        }
        let back = put(format!("{path}/:uno"), Content::Script(script(keyword, "one", 1)));
        next.apply(&back).await;
        exactly(&live.compare(&next).await, &[]);
    }
}

#[tokio::test]
async fn endpoints_follow_their_group_to_its_new_name() {
    let world = World::new();
    let live = world.filled("Main", false).await;
    let next = clone(&live, "next").await;
    let renamed = script("api_group", "store", 1);
    next.apply(&put("/apigroup/:shop", Content::Script(renamed))).await;
    exactly(
        &live.compare(&next).await,
        &["~ api_groups store [name, xanoscript] was shop"],
    );
}

#[tokio::test]
async fn the_address_of_a_group_counts_within_its_workspace() {
    let world = World::new();
    let live = world.filled("Main", false).await;
    let next = clone(&live, "next").await;
    let moved = json!({"guid": "another", "canonical": "elsewhere"});
    next.apply(&put("/apigroup/:shop/security", Content::Json(moved))).await;
    exactly(&live.compare(&next).await, &["~ api_groups shop [canonical]"]);
    let options = CompareOptions {
        addresses: Some(false),
        ..CompareOptions::default()
    };
    exactly(&live.compare_with(&next, &options).await, &[]);
}

/// A step that changes something, at random; with the line it is found by.
fn step(random: &mut fastrand::Rng, round: usize) -> (Step, String) {
    let logic: Vec<_> = LOGIC
        .iter()
        .filter(|(family, ..)| *family != "realtime_channels")
        .collect();
    let (family, path, keyword) = random.choice(logic).expect("a family");
    let name = format!("n{round}");
    match random.u8(..3) {
        0 => (
            post(*path, Content::Script(script(keyword, &name, random.u32(..)))),
            format!("+ {family} {name}"),
        ),
        1 => (
            put(
                format!("{path}/:one"),
                Content::Script(script(keyword, "one", random.u32(10..))),
            ),
            format!("~ {family} one [xanoscript]"),
        ),
        _ => (
            put(
                format!("{path}/:two"),
                Content::Script(script(keyword, "two", random.u32(10..))),
            ),
            format!("~ {family} two [xanoscript]"),
        ),
    }
}

#[tokio::test]
async fn a_clone_of_any_branch_is_the_same_and_any_change_in_it_is_found() {
    let world = World::new();
    let live = world.filled("Main", false).await;
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 0..12 {
        for more in 0..random.usize(..4) {
            live.apply(&step(&mut random, 1000 + round * 10 + more).0).await;
        }
        let label = format!("b{round}");
        let next = clone(&live, &label).await;
        let found = live.compare(&next).await;
        assert!(found.equal, "seed {seed}: {}", found.text());
        let (change, expected) = step(&mut random, round);
        next.apply(&change).await;
        let found = live.compare(&next).await;
        assert_eq!(
            super::support::lines(&found),
            [expected],
            "seed {seed}: {}",
            found.text()
        );
        live.apply(&delete(format!("/branch/{label}"))).await;
    }
}

#[tokio::test]
async fn a_pushed_copy_is_the_same_as_its_source() {
    let world = World::new();
    let live = world.filled("Main", false).await;
    let text = live.place().workspace().multidoc().pull().await.expect("a text");
    clone(&live, "pushed").await;
    let workspace = live.place().workspace();
    workspace
        .multidoc()
        .push(text)
        .branch("pushed")
        .delete(true)
        .await
        .expect("a push");
    // The scripts say now which group and which guid they are of.
    exactly(&live.compare(&live.on_branch("pushed")).await, &[]);
}

#[tokio::test]
async fn a_branch_or_a_workspace_that_is_not_there_is_an_error() {
    let world = World::new();
    let live = world.empty("Main").await;
    let here = live.place();
    let at = |place| {
        let here = &here;
        async move { places(here, &place, &CompareOptions::default(), &Silent).await }
    };
    let error = at(live.on_branch("nowhere").place()).await.expect_err("no branch");
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("no branch \"nowhere\"; it has v1"), "{error}");
    let error = at(xano_fleet::Place::new(live.connection.clone(), "Elsewhere"))
        .await
        .expect_err("no workspace");
    assert!(error.message().contains("no workspace \"Elsewhere\""), "{error}");
}
