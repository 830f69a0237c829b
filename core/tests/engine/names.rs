//! Things by name where paths want ids.

use xano_metadata::{ErrorKind, Request};

use crate::support::{Act, Mock};

const TABLES: &str = r#"{"curPage":1,"nextPage":2,"items":[{"id":7,"name":"orders"},{"id":8,"name":"twice"}]}"#;
const MORE: &str = r#"{"curPage":2,"nextPage":null,"items":[{"id":9,"name":"twice"},{"id":10,"name":"ürgh 1%"}]}"#;

fn get(name: &str) -> Request {
    Request::new("instance.workspace.table.get")
        .expect("in the table")
        .path_value(1)
        .path_value(name)
}

fn lists() -> [Act; 2] {
    [Act::json(200, TABLES), Act::json(200, MORE)]
}

#[tokio::test]
async fn a_name_is_looked_up_once() {
    let mock = Mock::start(lists()).await;
    let instance = mock.client().instance_at(&mock.url(), None).expect("a connection");
    for _ in 0..3 {
        instance.call(get("orders")).await.expect("an answer");
    }
    instance.call(get("12")).await.expect("an id as text is an id");
    let targets: Vec<String> = mock
        .seen()
        .iter()
        .map(|seen| seen.target.replace("/api:meta/workspace/1", ""))
        .collect();
    assert!(targets[0].starts_with("/table?per_page=1000"), "{targets:?}");
    assert_eq!(targets[2..], ["/table/7", "/table/7", "/table/7", "/table/12"]);
}

#[tokio::test]
async fn a_name_that_is_not_there_names_its_neighbours() {
    let mock = Mock::start(lists()).await;
    let instance = mock.client().instance_at(&mock.url(), None).expect("a connection");
    let error = instance.call(get("ordres")).await.expect_err("no such table");
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, "not_found"));
    assert!(
        error
            .to_string()
            .contains(r#"Nothing with the name "ordres" was found. Near to it are "orders"."#),
        "{error}"
    );
    assert_eq!(error.operation(), Some("instance.workspace.table.get"));
}

#[tokio::test]
async fn a_name_that_stands_twice_is_not_guessed() {
    let mock = Mock::start(lists()).await;
    let instance = mock.client().instance_at(&mock.url(), None).expect("a connection");
    let error = instance.call(get("twice")).await.expect_err("two of them");
    assert!(error.to_string().contains("give one of the ids 8, 9"), "{error}");
}

#[tokio::test]
async fn an_id_that_is_gone_is_looked_up_anew() {
    let again = r#"{"curPage":1,"nextPage":null,"items":[{"id":70,"name":"orders"}]}"#;
    let mock = Mock::start(lists().into_iter().chain([Act::json(404, "{}"), Act::json(200, again)])).await;
    let instance = mock.client().instance_at(&mock.url(), None).expect("a connection");
    instance.call(get("orders")).await.expect_err("gone");
    instance.call(get("orders")).await.expect("found again");
    assert!(mock.seen().last().expect("requests").target.ends_with("/table/70"));
}

#[tokio::test]
async fn names_within_names_are_resolved_from_the_left() {
    let workspaces = Act::json(200, r#"[{"id":3,"name":"shop"}]"#);
    let mock = Mock::start([workspaces].into_iter().chain(lists())).await;
    let instance = mock.client().instance_at(&mock.url(), None).expect("a connection");
    let request = Request::new("instance.workspace.table.get")
        .expect("in the table")
        .path_value("shop")
        .path_value("ürgh 1%");
    instance.call(request).await.expect("an answer");
    assert_eq!(
        mock.seen().last().expect("requests").target,
        "/api:meta/workspace/3/table/10"
    );
}
