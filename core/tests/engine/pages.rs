//! Lists, in the five ways in which servers page.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use xano_metadata::{CallOptions, Client, Error, EventSink, Pages, Request};

use crate::support::{Act, Mock};

fn snippets() -> Request {
    Request::new("account.snippets.list").expect("in the table")
}

/// The items of all pages, each page as text.
async fn walk(mut pages: Pages) -> Result<Vec<String>, Error> {
    let mut all = Vec::new();
    while let Some(page) = pages.next().await? {
        all.push(String::from_utf8_lossy(&page.items).into_owned());
    }
    Ok(all)
}

/// A client of the mock, and what its events say.
fn listening(mock: &Mock) -> (Client, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&told);
    let client = mock.client_with(|options| {
        options.on_event = Some(EventSink::new(move |event| {
            sink.lock().expect("no panic").push(event.to_string());
        }));
    });
    (client, told)
}

fn targets(mock: &Mock) -> Vec<String> {
    mock.seen()
        .iter()
        .map(|seen| seen.target.trim_start_matches("/api:meta").to_owned())
        .collect()
}

#[tokio::test]
async fn an_envelope_ends_at_a_null_next_page() {
    let mock = Mock::start([
        Act::json(
            200,
            r#"{"curPage":1,"nextPage":2,"prevPage":null,"items":[{"a":1},{"a":2}]}"#,
        ),
        Act::json(200, r#"{"curPage":2,"nextPage":3,"prevPage":1,"items":[{"a":3}]}"#),
        Act::json(200, r#"{"curPage":3,"nextPage":null,"prevPage":2,"items":[{"a":4}]}"#),
    ])
    .await;
    let all = walk(mock.account().pages(snippets())).await.expect("three pages");
    assert_eq!(all, [r#"[{"a":1},{"a":2}]"#, r#"[{"a":3}]"#, r#"[{"a":4}]"#]);
    assert_eq!(targets(&mock), ["/snippet", "/snippet?page=2", "/snippet?page=3"]);
}

#[tokio::test]
async fn a_page_tells_where_it_stands() {
    let body = r#"{"curPage":2,"nextPage":3,"prevPage":1,"perPage":2,"itemsTotal":9,"pageTotal":5,"items":[1,2]}"#;
    let mock = Mock::start([Act::json(200, body)]).await;
    let options = CallOptions {
        prefetch: Some(0),
        ..CallOptions::default()
    };
    let mut pages = mock.account().pages(snippets().query_value("page", 2).options(options));
    let page = pages.next().await.expect("a page").expect("a page");
    assert_eq!(
        (page.page, page.next_page, page.previous_page),
        (Some(2), Some(3), Some(1))
    );
    assert_eq!(
        (page.per_page, page.total, page.total_pages, page.count),
        (Some(2), Some(9), Some(5), 2)
    );
    assert_eq!(targets(&mock), ["/snippet?page=2"]);
}

#[tokio::test]
async fn pages_are_fetched_ahead() {
    let mock = Mock::start([
        Act::json(200, r#"{"curPage":1,"nextPage":2,"items":[1]}"#),
        Act::json(200, r#"{"curPage":2,"nextPage":null,"items":[2]}"#),
    ])
    .await;
    let mut pages = mock.account().pages(snippets());
    pages.next().await.expect("a page");
    tokio::time::timeout(Duration::from_secs(5), mock.until_seen(2))
        .await
        .expect("fetched before it is asked for");
    assert_eq!(pages.next().await.expect("a page").expect("a page").items, "[2]");
    assert!(pages.next().await.expect("the end").is_none());
    assert_eq!(mock.seen().len(), 2);
}

#[tokio::test]
async fn dropping_a_walk_gives_up_what_is_under_way() {
    let mock = Mock::start([
        Act::json(200, r#"{"curPage":1,"nextPage":2,"items":[1]}"#),
        Act::Silence,
    ])
    .await;
    let client = mock.client();
    let mut pages = client.account().pages(snippets());
    pages.next().await.expect("a page");
    mock.until_seen(2).await;
    drop(pages);
    drop(client);
    tokio::time::timeout(Duration::from_secs(5), mock.until_all_closed())
        .await
        .expect("the request was dropped");
}

#[tokio::test]
async fn an_error_can_be_tried_again_at_the_same_page() {
    let mock = Mock::start([
        Act::json(200, r#"{"curPage":1,"nextPage":2,"items":[1]}"#),
        Act::json(404, "{}"),
        Act::json(200, r#"{"curPage":2,"nextPage":null,"items":[2]}"#),
    ])
    .await;
    let mut pages = mock.account().pages(snippets());
    pages.next().await.expect("a page");
    assert_eq!(pages.next().await.expect_err("refused").code(), "not_found");
    assert_eq!(pages.next().await.expect("a page").expect("a page").items, "[2]");
}

#[tokio::test]
async fn a_page_that_comes_twice_is_an_error_not_a_loop() {
    let first = r#"{"curPage":1,"nextPage":2,"items":[1]}"#;
    let rows = [
        (r#"{"curPage":1,"nextPage":2,"items":[1]}"#, "but page 1 came"),
        (r#"{"curPage":2,"nextPage":3,"items":[1]}"#, "the page before once more"),
        (r#"{"curPage":2,"nextPage":1,"items":[2]}"#, "which came before"),
        (r#"{"curPage":2,"nextPage":2,"items":[2]}"#, "which came before"),
    ];
    for (second, words) in rows {
        let mock = Mock::start([Act::json(200, first), Act::json(200, second)]).await;
        let error = walk(mock.account().pages(snippets())).await.expect_err(words);
        assert_eq!(
            (error.code(), error.operation()),
            ("decode_error", Some("account.snippets.list"))
        );
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(mock.seen().len(), 2);
    }
}

#[tokio::test]
async fn an_empty_page_ends_a_walk_whatever_it_claims() {
    let mock = Mock::start([
        Act::json(200, r#"{"curPage":1,"nextPage":2,"items":[1]}"#),
        Act::json(200, r#"{"curPage":2,"nextPage":3,"items":[]}"#),
    ])
    .await;
    assert_eq!(walk(mock.account().pages(snippets())).await.expect("one page"), ["[1]"]);
    let mock = Mock::start([Act::json(200, r#"{"curPage":1,"nextPage":2,"items":[]}"#)]).await;
    assert_eq!(
        walk(mock.account().pages(snippets())).await.expect("an empty list"),
        ["[]"]
    );
}

#[tokio::test]
async fn a_total_that_disagrees_is_told() {
    let mock = Mock::start([
        Act::json(200, r#"{"curPage":1,"nextPage":2,"itemsTotal":7,"items":[1,2]}"#),
        Act::json(200, r#"{"curPage":2,"nextPage":null,"itemsTotal":7,"items":[3]}"#),
    ])
    .await;
    let (client, told) = listening(&mock);
    assert_eq!(
        walk(client.account().pages(snippets())).await.expect("two pages").len(),
        2
    );
    let told = told.lock().expect("no panic").join("\n");
    assert!(told.contains("speaks of 7 items, 3 came"), "{told}");
}

#[tokio::test]
async fn a_bare_array_ends_with_a_short_page() {
    let releases = || {
        Request::new("instance.workspace.releases.list")
            .expect("in the table")
            .path_value(1)
    };
    let full = |from: u32| {
        format!(
            "[{}]",
            (from..from + 2).map(|n| n.to_string()).collect::<Vec<_>>().join(",")
        )
    };
    let mock = Mock::start([
        Act::json(200, &full(1)),
        Act::json(200, &full(3)),
        Act::json(200, "[5]"),
    ])
    .await;
    let instance = mock.client().instance_at(&mock.url(), None).expect("a connection");
    let all = walk(instance.pages(releases().query_value("per_page", 2)))
        .await
        .expect("three pages");
    assert_eq!(all, ["[1,2]", "[3,4]", "[5]"]);
    assert!(
        targets(&mock)[2].ends_with("?page=3&per_page=2"),
        "{:?}",
        targets(&mock)
    );
    // A full last page is followed by an empty one, which is no page of its own.
    let mock = Mock::start([Act::json(200, &full(1)), Act::json(200, "[]")]).await;
    let instance = mock.client().instance_at(&mock.url(), None).expect("a connection");
    assert_eq!(
        walk(instance.pages(releases().query_value("per_page", 2)))
            .await
            .expect("one page"),
        ["[1,2]"]
    );
    // A server that ignores the page sends the same once more; all of it came already.
    let mock = Mock::start([Act::json(200, &full(1)), Act::json(200, &full(1))]).await;
    let (client, told) = listening(&mock);
    let instance = client.instance_at(&mock.url(), None).expect("a connection");
    assert_eq!(
        walk(instance.pages(releases().query_value("per_page", 2)))
            .await
            .expect("one page"),
        ["[1,2]"]
    );
    assert!(
        told.lock()
            .expect("no panic")
            .join("\n")
            .contains("taken to have ended")
    );
}

#[tokio::test]
async fn a_fixed_page_size_ends_by_length_or_total() {
    let hosts = || {
        Request::new("instance.workspace.static_hosts.list")
            .expect("in the table")
            .path_value(1)
    };
    let page = |count: u32, total: u32, from: u32| {
        let items: Vec<String> = (from..from + count).map(|n| n.to_string()).collect();
        Act::json(
            200,
            &format!(r#"{{"itemsTotal":{total},"items":[{}]}}"#, items.join(",")),
        )
    };
    let mock = Mock::start([page(100, 130, 0), page(30, 130, 100)]).await;
    let instance = mock.client().instance_at(&mock.url(), None).expect("a connection");
    assert_eq!(walk(instance.pages(hosts())).await.expect("two pages").len(), 2);
    assert_eq!(mock.seen().len(), 2);
    let mock = Mock::start([page(100, 100, 0)]).await;
    let instance = mock.client().instance_at(&mock.url(), None).expect("a connection");
    assert_eq!(walk(instance.pages(hosts())).await.expect("one page").len(), 1);
    assert_eq!(mock.seen().len(), 1, "the total is reached");
}

#[tokio::test]
async fn a_whole_list_is_one_page_array_or_object() {
    let instances = || Request::new("account.instances.list").expect("in the table");
    let mock = Mock::start([Act::json(200, "[1,2]"), Act::json(200, r#"{"items":[1],"nextPage":2}"#)]).await;
    let account = mock.account();
    assert_eq!(walk(account.pages(instances())).await.expect("one page"), ["[1,2]"]);
    assert_eq!(walk(account.pages(instances())).await.expect("one page"), ["[1]"]);
    assert_eq!(mock.seen().len(), 2);
}

#[tokio::test]
async fn a_page_may_travel_in_the_body() {
    let search = Request::new("instance.workspace.table.records.search").expect("in the table");
    let body = xano_metadata::Body::Json(r#"{"search":{"price|>":1.10},"per_page":1}"#.into());
    let request = search.path_value(1).path_value(7).body(body);
    let mock = Mock::start([
        Act::json(
            200,
            r#"{"curPage":1,"nextPage":2,"items":[{"id":1}],"itemsTotal":2,"pageTotal":2}"#,
        ),
        Act::json(
            200,
            r#"{"curPage":2,"nextPage":null,"items":[{"id":2}],"itemsTotal":2,"pageTotal":2}"#,
        ),
    ])
    .await;
    let instance = mock.client().instance_at(&mock.url(), None).expect("a connection");
    assert_eq!(walk(instance.pages(request)).await.expect("two pages").len(), 2);
    assert_eq!(
        mock.seen()[1].text(),
        r#"{"page":2,"search":{"price|>":1.10},"per_page":1}"#
    );
}

#[tokio::test]
async fn what_is_no_list_is_a_decode_error() {
    for body in ["null", "{}", r#"{"items":{}}"#, "<html>", r#"{"items":[1"#] {
        let mock = Mock::start([Act::json(200, body)]).await;
        let error = walk(mock.account().pages(snippets())).await.expect_err(body);
        assert_eq!(error.code(), "decode_error");
        assert_eq!(error.body(), Some(body));
    }
}
