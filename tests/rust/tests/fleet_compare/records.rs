//! Records: how many, and which.

use serde_json::{Value, json};
use xano_fleet::compare::{CompareOptions, Comparison, RecordsOption};

use super::support::{Content, Workspace, World, exactly, knowledge, lines, post, put};

fn content() -> CompareOptions {
    CompareOptions {
        records: RecordsOption::Content,
        ..CompareOptions::default()
    }
}

async fn insert(workspace: &Workspace, table: &str, rows: &[Value], source: &str) {
    let body = json!({"items": rows, "allow_id_field": true});
    let table = workspace.place().workspace().table(table);
    let id = table.get().await.expect("a table").id;
    let request = xano_metadata::Request::raw("POST", format!("/workspace/{}/table/{id}/content/bulk", workspace.id));
    let request = request.expect("a request").header_value("x-data-source", source);
    let request = request.body(xano_metadata::Body::json(&body).expect("JSON"));
    workspace.connection.call(request).await.expect("inserted");
}

fn customer(id: i64, email: &str) -> Value {
    json!({"id": id, "email": email, "secret": format!("s{id}"), "city": "Lima"})
}

fn numbers(found: &Comparison) -> (u64, u64, Option<u64>, Option<u64>, Option<u64>) {
    let numbers = found.changes[0].records.expect("numbers");
    (
        numbers.left,
        numbers.right,
        numbers.added,
        numbers.removed,
        numbers.changed,
    )
}

async fn two() -> (World, Workspace, Workspace) {
    let world = World::new();
    let left = world.filled("Left", false).await;
    let right = world.filled("Right", true).await;
    let rows: Vec<Value> = (1..=2500)
        .map(|id| customer(id * 2, &format!("c{id}@example.com")))
        .collect();
    for workspace in [&left, &right] {
        insert(workspace, "customer", &rows, "live").await;
    }
    (world, left, right)
}

#[tokio::test]
async fn records_are_told_apart_by_id() {
    let (_world, left, right) = two().await;
    exactly(&left.compare_with(&right, &content()).await, &[]);
    let table = right.place().workspace().table("customer");
    table.record(4).delete().await.expect("deleted");
    table.record(5000).delete().await.expect("deleted");
    insert(
        &right,
        "customer",
        &[customer(7, "new@example.com"), customer(6001, "last@example.com")],
        "live",
    )
    .await;
    let change = json!({"email": "other@example.com", "secret": "told to nobody"});
    let id = table.get().await.expect("a table").id;
    right
        .apply(&put(format!("/table/{id}/content/2000"), Content::Json(change)))
        .await;
    let found = left.compare_with(&right, &content()).await;
    exactly(&found, &["~ records customer (live) [records]"]);
    assert_eq!(numbers(&found), (2500, 2500, Some(2), Some(2), Some(1)));
    let diff = &found.changes[0].diff;
    assert!(
        diff.contains("-2000 {email: \"c1000@example.com\", secret: (sensitive)}"),
        "{diff}"
    );
    assert!(
        diff.contains("+2000 {email: \"other@example.com\", secret: (sensitive)}"),
        "{diff}"
    );
    assert!(
        diff.contains("+7 {city: \"Lima\", email: \"new@example.com\", secret: (sensitive)}"),
        "{diff}"
    );
    assert!(diff.contains("-5000 {"), "{diff}");
    assert!(!found.text().contains("told to nobody"));
    // Where it is not known what is sensitive, no value is shown.
    let narrow = CompareOptions {
        families: Some(vec![xano_fleet::compare::Family::Tables]),
        ..content()
    };
    let found = left.compare_with(&right, &narrow).await;
    assert!(
        found.changes[0].diff.contains("+2000 {email, secret}"),
        "{}",
        found.changes[0].diff
    );
}

#[tokio::test]
async fn counting_sees_numbers_and_nothing_else() {
    let (_world, left, right) = two().await;
    let options = CompareOptions {
        records: RecordsOption::Counts,
        ..CompareOptions::default()
    };
    exactly(&left.compare_with(&right, &options).await, &[]);
    right
        .place()
        .workspace()
        .table("customer")
        .record(4)
        .delete()
        .await
        .expect("deleted");
    let found = left.compare_with(&right, &options).await;
    exactly(&found, &["~ records customer (live) [count]"]);
    assert_eq!(numbers(&found), (2500, 2499, None, None, None));
    insert(&right, "customer", &[customer(5, "x@example.com")], "live").await;
    exactly(&left.compare_with(&right, &options).await, &[]);
    assert!(!left.compare_with(&right, &content()).await.equal);
}

#[tokio::test]
async fn each_data_source_has_its_own_records() {
    let (_world, left, right) = two().await;
    insert(&left, "customer", &[customer(1, "test@example.com")], "test").await;
    let found = left.compare_with(&right, &content()).await;
    exactly(&found, &["~ records customer (test) [records]"]);
    assert_eq!(numbers(&found), (1, 0, Some(0), Some(1), Some(0)));
    right
        .apply(&post("/datasource", Content::Json(json!({"label": "more"}))))
        .await;
    let found = left.compare_with(&right, &content()).await;
    assert_eq!(
        lines(&found),
        ["+ data_sources more", "~ records customer (test) [records]"]
    );
}

#[tokio::test]
async fn an_archive_brought_back_is_equal_down_to_its_records() {
    let (world, left, _right) = two().await;
    let odd = json!({"id": 9001, "customer": 2, "size": {"width": 0.1}, "note": "\u{0}\u{202e}<b>&\"'\n\t😀"});
    insert(&left, "order", &[odd], "live").await;
    // Archives leave it out.
    left.apply(&post("/knowledge/sync", knowledge(&[]))).await;
    let archive = std::env::temp_dir().join(format!("xano-compare-{:x}.tar.gz", fastrand::u64(..)));
    let workspace = left.place().workspace();
    let download = workspace.export().await.expect("an archive");
    download.save(&archive, |_| ()).await.expect("saved");
    let copy = world.empty("Copy").await;
    let part = xano_metadata::Part::file("file", &archive);
    copy.place().workspace().import_archive(part).await.expect("imported");
    std::fs::remove_file(&archive).expect("removed");
    let found = left.compare_with(&copy, &content()).await;
    exactly(&found, &[]);
    assert_eq!(found.compared[&xano_fleet::compare::Family::Records].left, 2501);
}

#[tokio::test]
async fn a_table_whose_records_cannot_be_read_is_a_failure() {
    let (world, left, right) = two().await;
    let rule = json!({"kind": "status", "status": 403, "times": "always",
        "path": format!("/workspace/{}/table/*/content/search", right.id)});
    world.control("POST", "/faults", &rule);
    let found = left.compare_with(&right, &content()).await;
    assert!(!found.equal && found.changes.is_empty());
    let at: Vec<&str> = found.failures.iter().map(|failure| failure.at.as_str()).collect();
    assert!(at.contains(&"right/records of customer (live)"), "{at:?}");
}
