//! Whole instances, workspace by workspace.

use serde_json::json;
use xano_fleet::Silent;
use xano_fleet::compare::{CompareOptions, instances};
use xano_metadata::Connection;

use super::support::{Content, World, connect, exactly, line, post, put, script};

fn second(world: &World) -> (Connection, World) {
    let made = world.control("POST", "/instances", &json!({"name": "other", "display": "Other"}));
    let url = made["instance_url"]
        .as_str()
        .or(made["meta_api"].as_str())
        .or(made["url"].as_str());
    let connection = connect(
        &world.emulator,
        world.emulator.token(),
        url.unwrap_or_else(|| panic!("{made}")),
    );
    let other = World::new();
    (connection, other)
}

#[tokio::test]
async fn instances_made_separately_are_equal_until_something_differs() {
    let world = World::new();
    let (elsewhere, _) = second(&world);
    let there = World {
        emulator: World::new().emulator,
        connection: elsewhere.clone(),
    };
    let here = world.filled("Shop", false).await;
    // Something that came and went gives everything other numbers.
    let noise = there.filled("Noise", false).await;
    let other = there.filled("Shop", true).await;
    let workspace = noise.place().workspace();
    workspace.delete().await.expect("deleted");
    let compare = || async {
        let found = instances(&world.connection, &elsewhere, &CompareOptions::default(), &Silent).await;
        found.expect("a comparison")
    };
    exactly(&compare().await, &[]);
    other
        .apply(&put("/function/:one", Content::Script(script("function", "one", 7))))
        .await;
    world.empty("Here").await;
    there.empty("There").await;
    let found = compare().await;
    let lines: Vec<(Option<&str>, String)> = found
        .changes
        .iter()
        .map(|change| (change.workspace.as_deref(), line(change)))
        .collect();
    let expected = [
        (Some("Here"), "- workspaces Here"),
        (Some("Shop"), "~ functions one [xanoscript]"),
        (Some("There"), "+ workspaces There"),
    ];
    assert_eq!(
        lines,
        expected.map(|(workspace, line)| (workspace, line.to_owned())),
        "{}",
        found.text()
    );
    assert!(here.compare(&other).await.changes.len() == 1);
    other
        .apply(&post("/task", Content::Script(script("task", "three", 7))))
        .await;
    assert_eq!(compare().await.changes.len(), 4);
}
