//! The typed face over the engine: lists in four ways, setters, forms, and answers that lack or exceed what was promised.

use futures_util::TryStreamExt as _;
use xano_metadata::{CallOptions, ErrorKind, Instance, Part, Xano};

use crate::support::{Act, Mock};

fn two_pages() -> [Act; 2] {
    [
        Act::json(
            200,
            r#"{"curPage":1,"nextPage":2,"items":[{"canonical":"a"},{"canonical":"b"}]}"#,
        ),
        Act::json(200, r#"{"curPage":2,"nextPage":null,"items":[{"canonical":"c"}]}"#),
    ]
}

#[tokio::test]
async fn a_list_is_read_in_four_ways() {
    let mock = Mock::start((0..4).flat_map(|_| two_pages())).await;
    let client = mock.client_with(|options| options.prefetch = 0);
    let list = || Xano::of(&client).snippets().list();
    let first = list().await.expect("a page");
    assert_eq!(
        (first.len(), first.next_page, first[1].canonical.as_str()),
        (2, Some(2), "b")
    );
    // The second page was not asked for, so the script goes on with it.
    assert_eq!(list().page(2).await.expect("a page").len(), 1);
    assert_eq!(mock.seen()[1].target, "/api:meta/snippet?page=2");
    assert_eq!(list().all().await.expect("all").len(), 3);
    let items: Vec<_> = list().items().try_collect().await.expect("all");
    assert_eq!(
        items
            .iter()
            .map(|snippet| snippet.canonical.as_str())
            .collect::<String>(),
        "abc"
    );
    let mut pages = list().pages();
    let mut lengths = Vec::new();
    while let Some(page) = pages.next().await.expect("a page") {
        lengths.push(page.items.len());
    }
    assert_eq!(lengths, [2, 1]);
}

#[tokio::test]
async fn answers_may_lack_fields_or_have_more() {
    let mock = Mock::start([
        Act::json(
            200,
            r#"{"name":"x1","rate_limit":null,"plan":"launch","new":{"a":[1.10]}}"#,
        ),
        Act::json(200, r#"{"id":"7","extras":"text"}"#),
        Act::json(200, "[]"),
    ])
    .await;
    let xano = Xano::of(&mock.client());
    let info = xano.instances().get("x1").await.expect("an instance");
    assert_eq!(
        (info.display.as_str(), info.rate_limit, info.plan.as_deref()),
        ("", false, Some("launch"))
    );
    assert_eq!(info.extra["new"]["a"][0], 1.1);
    let me = xano.me().await.expect("me");
    assert_eq!((me.id, me.extras), ("7".into(), "text".into()));
    let error = xano.me().await.expect_err("a list is no person");
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::Decode, Some("account.me"))
    );
}

#[tokio::test]
async fn required_arguments_come_first_and_the_rest_is_set() {
    let mock = Mock::start([]).await;
    let xano = Xano::of(&mock.client());
    let quick = CallOptions {
        max_retries: Some(0),
        ..CallOptions::default()
    };
    xano.snippet("a/b")
        .update("token", "Ask us")
        .options(quick)
        .await
        .expect("an answer");
    xano.snippet("a").token("t").delete().await.expect("nothing");
    let seen = mock.seen();
    assert_eq!(
        (seen[0].method.as_str(), seen[0].target.as_str()),
        ("POST", "/api:meta/snippet/a%2Fb")
    );
    assert_eq!(
        seen[0].text(),
        r#"{"install_access":"token","install_access_description":"Ask us"}"#
    );
    assert_eq!(
        (seen[1].method.as_str(), seen[1].target.as_str()),
        ("DELETE", "/api:meta/snippet/a/token/t")
    );
}

#[tokio::test]
async fn files_scripts_and_empty_bodies_find_their_form() {
    let mock = Mock::start([]).await;
    let instance = Instance::over(mock.client().instance_at(&mock.url(), None).expect("a connection"));
    let workspace = instance.workspace(1);
    workspace
        .files()
        .upload(Part::bytes("x", "a.png", "bytes"))
        .await
        .expect("an answer");
    workspace
        .functions()
        .create()
        .branch("v2")
        .xanoscript("function a {}")
        .await
        .expect("an answer");
    let seen = mock.seen();
    let form = String::from_utf8_lossy(&seen[0].body).into_owned();
    assert!(
        form.contains(r#"name="content"; filename="a.png""#),
        "the field has the operation's name: {form}"
    );
    assert_eq!(
        (seen[1].text(), seen[1].header("content-type")),
        ("function a {}", Some("text/x-xanoscript"))
    );
    assert!(
        seen[1].target.ends_with("/workspace/1/function?branch=v2"),
        "{}",
        seen[1].target
    );
}

#[tokio::test]
async fn a_refused_argument_is_told_when_it_is_sent() {
    let mock = Mock::start([]).await;
    let xano = Xano::of(&mock.client());
    let error = xano
        .snippet("..")
        .tokens()
        .list()
        .all()
        .await
        .expect_err("no such path");
    assert!(error.to_string().contains("canonical is \"..\""), "{error}");
    let error = xano.snippet(5).get().await.expect_err("no text");
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(mock.seen().is_empty());
}
