//! What could not be read is never equal without a word.

use serde_json::json;
use xano_fleet::compare::{CompareOptions, Family};

use super::support::{Content, LOGIC, Workspace, World, exactly, lines, post, script};

#[tokio::test]
async fn a_family_that_the_token_may_not_read_is_a_failure() {
    let world = World::new();
    let (left, right) = (world.filled("Left", false).await, world.filled("Right", false).await);
    let narrow = world.with_scopes(&json!({"Database": "R", "Workspace": "R", "Functions": "R", "Api Groups": "R"}));
    let narrowed = Workspace {
        connection: narrow,
        ..right.clone()
    };
    right
        .apply(&post("/task", Content::Script(script("task", "three", 1))))
        .await;
    right
        .apply(&post("/function", Content::Script(script("function", "three", 1))))
        .await;
    let found = left.compare(&narrowed).await;
    let at: Vec<&str> = found.failures.iter().map(|failure| failure.at.as_str()).collect();
    assert!(at.contains(&"right/tasks"), "{at:?}");
    assert!(!at.iter().any(|at| at.starts_with("left")), "{at:?}");
    assert_eq!(lines(&found), ["+ functions three"], "tasks were not compared");
    assert!(!found.equal);
    assert!(!found.compared.contains_key(&Family::Tasks));
    let failure = found
        .failures
        .iter()
        .find(|failure| failure.at == "right/tasks")
        .expect("a failure");
    assert_eq!(failure.error["kind"], "PermissionError");
    assert!(found.text().contains("right/tasks"), "{}", found.text());
    // Without that family there is nothing that was not read.
    let options = CompareOptions {
        families: Some(vec![Family::Functions, Family::Tables]),
        ..CompareOptions::default()
    };
    exactly(&left.compare_with(&narrowed, &options).await, &["+ functions three"]);
}

#[tokio::test]
async fn a_family_that_a_server_does_not_have_counts_as_empty_and_is_told() {
    let world = World::new();
    let (left, right) = (world.filled("Left", false).await, world.filled("Right", false).await);
    let gone = |workspace: &Workspace, path: &str| json!({"kind": "status", "status": 404, "times": "always", "path": format!("/workspace/{}{path}", workspace.id)});
    world.control(
        "POST",
        "/faults",
        &json!({"rules": [gone(&right, "/knowledge/sync"), gone(&right, "/tool")]}),
    );
    let found = left.compare(&right).await;
    exactly(&found, &["- tools one", "- tools two", "- knowledge house"]);
    let skipped: Vec<_> = found
        .skipped
        .iter()
        .map(|skipped| (skipped.family, skipped.side))
        .collect();
    assert!(skipped.contains(&(Family::Tools, Some("right"))), "{skipped:?}");
    assert!(skipped.contains(&(Family::Knowledge, Some("right"))), "{skipped:?}");
}

#[tokio::test]
async fn trouble_in_a_part_keeps_the_whole_family_out() {
    let world = World::new();
    let (left, right) = (world.filled("Left", false).await, world.filled("Right", false).await);
    let rule = json!({"kind": "status", "status": 400, "times": "always", "path": format!("/workspace/{}/table/*/index", right.id)});
    world.control("POST", "/faults", &rule);
    let found = left.compare(&right).await;
    let at: Vec<&str> = found.failures.iter().map(|failure| failure.at.as_str()).collect();
    assert_eq!(at.len(), 1, "{at:?}");
    assert!(at[0].starts_with("right/indexes of "), "{at:?}");
    assert!(found.changes.is_empty() && !found.equal);
    assert!(found.compared.contains_key(&Family::Columns) && !found.compared.contains_key(&Family::Indexes));
}

#[tokio::test]
async fn a_script_that_a_list_lacks_is_read_by_itself_and_missed_when_it_is_nowhere() {
    let world = World::new();
    let (left, right) = (world.filled("Left", false).await, world.filled("Right", false).await);
    let bare = json!({"curPage": 1, "nextPage": null, "prevPage": null, "items": [
        {"id": 1, "name": "one", "description": "", "tag": []}, {"id": 2, "name": "two", "description": "", "tag": []},
    ]});
    let single = |id: u32, name: &str, script: serde_json::Value| {
        let body = json!({"id": id, "name": name, "xanoscript": script});
        json!({"kind": "reply", "times": "always", "body": body, "path": format!("/workspace/{}/tool/{id}", right.id)})
    };
    let list =
        json!({"kind": "reply", "times": "always", "body": bare, "path": format!("/workspace/{}/tool", right.id)});
    let text = script("tool", "one", 1);
    let one = single(1, "one", json!({"status": "ok", "value": text}));
    let two = single(2, "two", json!({"status": "error", "message": "no"}));
    world.control("POST", "/faults", &json!({"rules": [list, one, two]}));
    let options = CompareOptions {
        families: Some(vec![Family::Tools]),
        ..CompareOptions::default()
    };
    let found = left.compare_with(&right, &options).await;
    assert_eq!(lines(&found), [] as [&str; 0], "{}", found.text());
    assert!(!found.equal);
    assert_eq!(found.failures.len(), 1);
    assert_eq!(found.failures[0].at, "right/tools");
    let message = found.failures[0].message();
    assert!(
        message.starts_with("1 of the tools came without XanoScript (two)"),
        "{message}"
    );
}

#[tokio::test]
async fn every_family_of_the_emulator_is_looked_at() {
    let world = World::new();
    let (left, right) = (world.filled("Left", false).await, world.filled("Right", false).await);
    let found = left.compare(&right).await;
    for (family, ..) in LOGIC {
        let looked = found
            .compared
            .iter()
            .find(|(known, _)| known.name() == *family)
            .expect(family)
            .1;
        assert!(looked.left >= 2 && looked.right >= 2, "{family}");
    }
    let looked: Vec<&str> = found.compared.keys().map(|family| family.name()).collect();
    let usual: Vec<&str> = Family::usual().map(Family::name).collect();
    assert_eq!(looked, usual);
}
