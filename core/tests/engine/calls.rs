//! Plain calls: what goes out, what comes back, and what never leaves.

use std::time::Duration;

use xano_metadata::{Body, CallOptions, Client, ClientOptions, ErrorKind, Part, Request};

use crate::support::{Act, Mock, TOKEN, answer, create, me};

#[tokio::test]
async fn a_call_carries_the_token_and_returns_the_bytes() {
    let mock = Mock::start([Act::with(200, &[("x-request-id", "r-1")], br#"{"id":1}"#)]).await;
    let reply = mock.account().call(me()).await.expect("an answer");
    assert_eq!(
        (&reply.body[..], reply.attempts, reply.request_id.as_deref()),
        (&br#"{"id":1}"#[..], 1, Some("r-1"))
    );
    let seen = mock.only();
    assert_eq!(
        (seen.method.as_str(), seen.target.as_str()),
        ("GET", "/api:meta/auth/me")
    );
    assert_eq!(seen.header("authorization"), Some(&*format!("Bearer {TOKEN}")));
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert!(
        seen.header("user-agent")
            .is_some_and(|agent| agent.starts_with("xano-metadata-rust/"))
    );
    assert!(
        seen.header("accept-encoding")
            .is_some_and(|list| ["gzip", "zstd"].iter().all(|name| list.contains(name)) && !list.contains("br"))
    );
}

#[tokio::test]
async fn bodies_are_sent_as_they_are() {
    let mock = Mock::start([]).await;
    let account = mock.account();
    account.call(create()).await.expect("an answer");
    let raw = |body: Body| Request::raw("POST", "/x").expect("a method").body(body);
    account
        .call(raw(Body::Script("function a {}".into())))
        .await
        .expect("an answer");
    account.call(raw(Body::Empty)).await.expect("an answer");
    let parts = vec![
        Part::text("type", "image"),
        Part::bytes("content", "ü \"1\".png", b"\x89PNG".to_vec()),
    ];
    account.call(raw(Body::Multipart(parts))).await.expect("an answer");
    let seen = mock.seen();
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(seen[0].text(), r#"{"max_installs":5}"#);
    assert_eq!(
        (seen[1].header("content-type"), seen[1].text()),
        (Some("text/x-xanoscript"), "function a {}")
    );
    assert_eq!((seen[2].header("content-length"), seen[2].body.len()), (Some("0"), 0));
    assert!(
        seen[3]
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("multipart/form-data; boundary="))
    );
    let form = String::from_utf8_lossy(&seen[3].body);
    assert!(form.contains("name=\"type\"\r\n\r\nimage"), "{form}");
    assert!(form.contains("name=\"content\"; filename=\"ü %221%22.png\""), "{form}");
    assert_eq!(seen[3].header("content-length"), Some(&*seen[3].body.len().to_string()));
}

#[tokio::test]
async fn compressed_answers_are_unpacked() {
    let packed = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 74, 84, 178, 50, 172, 5, 0, 175, 172, 27, 86, 7, 0, 0, 0,
    ];
    let mut broken = packed;
    broken[20] ^= 1;
    let gzip = [("content-encoding", "gzip")];
    let mock = Mock::start([Act::with(200, &gzip, &broken), Act::with(200, &gzip, &packed)]).await;
    let reply = mock.account().call(me()).await.expect("an answer");
    assert_eq!(&reply.body[..], br#"{"a":1}"#);
    assert_eq!(
        reply.attempts, 2,
        "a packing that does not add up is an answer that was cut"
    );
}

#[tokio::test]
async fn connections_are_kept_and_counted() {
    let mock = Mock::start([]).await;
    let client = mock.client();
    for _ in 0..5 {
        client.account().call(create()).await.expect("an answer");
    }
    let stats = client.stats();
    assert_eq!(
        (mock.connections(), stats.connections, stats.requests, stats.retries),
        (1, 1, 5, 0)
    );
    assert!(mock.seen().iter().all(|seen| seen.connection == 0));
    assert_eq!((stats.bytes_out, stats.bytes_in), (5 * 18, 5 * 2));
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_replaced_without_a_retry() {
    let mock = Mock::start([Act::AnswerThenClose(answer(200, &[], b"{}")), Act::ok()]).await;
    let client = mock.client_with(|options| options.max_retries = 0);
    client.account().call(create()).await.expect("an answer");
    mock.until_all_closed().await;
    let reply = client
        .account()
        .call(create())
        .await
        .expect("an answer on a new connection");
    assert_eq!((reply.attempts, client.stats().retries, mock.connections()), (1, 0, 2));
}

#[tokio::test]
async fn a_read_only_client_sends_nothing_that_writes() {
    let mock = Mock::start([]).await;
    let account = mock.client_with(|options| options.read_only = true).account();
    for request in [create(), Request::raw("DELETE", "/x").expect("a method")] {
        let error = account.call(request).await.expect_err("a write");
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("read-only"), "{error}");
    }
    account.call(me()).await.expect("reading is fine");
    assert_eq!(mock.seen().len(), 1);
}

#[tokio::test]
async fn bad_arguments_are_refused_before_anything_is_sent() {
    let mock = Mock::start([]).await;
    let account = mock.account();
    let get = || Request::new("account.snippet.get").expect("in the table");
    let list = || Request::new("account.snippets.list").expect("in the table");
    let refused = [
        (get(), "path values"),
        (get().path_value(".."), "canonical is \"..\""),
        (get().path_value(""), "canonical is empty"),
        (get().path_value("a\r\nb"), "control character"),
        (get().path_value(5), "canonical has to be text"),
        (list().query_value("page", "two"), "page has to be a whole number"),
        (list().query_value("pages", 2), "it takes page"),
        (create().body(Body::Empty), "takes JSON or a form"),
        (create().body(Body::Script("x".into())), "takes JSON or a form"),
        (
            Request::new("instance.me").expect("in the table"),
            "belongs to an instance",
        ),
        (
            me().options(CallOptions {
                headers: vec![("authorization".into(), "x".into())],
                ..CallOptions::default()
            }),
            "set by the client",
        ),
    ];
    for (request, words) in refused {
        let error = account.call(request).await.expect_err(words);
        assert_eq!(error.code(), "config_error");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.operation().is_some(), "{error}");
    }
    assert!(mock.seen().is_empty());
}

#[tokio::test]
async fn odd_names_stay_one_segment_on_the_wire() {
    let mock = Mock::start([]).await;
    let request = Request::new("account.snippet.get")
        .expect("in the table")
        .path_value("a/../ü?#%2f");
    mock.account().call(request).await.expect("an answer");
    assert_eq!(mock.only().target, "/api:meta/snippet/a%2F..%2F%C3%BC%3F%23%252f");
}

#[tokio::test]
async fn an_instance_is_resolved_once_by_its_first_call() {
    let mock = Mock::start([]).await;
    let row = format!(
        r#"{{"name":"x1","meta_api":"{}/api:meta","rate_limit":false}}"#,
        mock.url()
    );
    let mock = {
        let instance = Mock::start([Act::json(200, &row)]).await;
        drop(mock);
        instance
    };
    let client = mock.client();
    let instance = client.instance("x1");
    assert_eq!((instance.base_url(), mock.seen().len()), (None, 0));
    // The mock that the row names is gone; what matters is that it is asked for only once.
    let first = instance.resolve().await.expect("a base URL");
    let again = client.instance("x1").resolve().await.expect("the same");
    assert_eq!(first, again);
    assert_eq!(instance.base_url(), Some(first));
    assert_eq!(mock.only().target, "/api:meta/instance/x1");
}

#[tokio::test]
async fn many_first_calls_ask_for_the_instance_once() {
    let instance = Mock::start([]).await;
    let row = format!(r#"{{"name":"x1","meta_api":"{}/api:meta/"}}"#, instance.url());
    let account = Mock::start([Act::Slowly(vec![answer(200, &[], row.as_bytes())], Duration::ZERO)]).await;
    let client = account.client();
    let calls = (0..8).map(|_| {
        let connection = client.instance("x1");
        tokio::spawn(async move {
            connection
                .call(Request::new("instance.me").expect("in the table"))
                .await
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.expect("no panic").expect("an answer");
    }
    assert_eq!((account.seen().len(), instance.seen().len()), (1, 8));
    assert!(instance.seen().iter().all(|seen| seen.target == "/api:meta/auth/me"));
}

#[tokio::test]
async fn a_meta_api_that_cannot_be_trusted_is_refused() {
    for meta_api in [
        "http://x1.xano.io/api:meta",
        "ftp://x",
        "https://me@x1.xano.io",
        "",
        "https://x1.xano.io/other",
    ] {
        let mock = Mock::start([Act::json(200, &format!(r#"{{"name":"x1","meta_api":"{meta_api}"}}"#))]).await;
        let error = mock.client().instance("x1").resolve().await.expect_err(meta_api);
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains("meta_api"), "{error}");
    }
    let mock = Mock::start([Act::json(200, r#"{"name":"x1"}"#)]).await;
    let error = mock.client().instance("x1").resolve().await.expect_err("no meta_api");
    assert_eq!(error.code(), "decode_error");
}

#[test]
fn the_account_api_cannot_send_the_token_to_this_machine() {
    let options = ClientOptions {
        token: Some(TOKEN.into()),
        ambient_credentials: false,
        ..ClientOptions::default()
    };
    let client = Client::new(options).expect("a client of app.xano.com");
    assert_eq!(
        client.account().base_url().as_deref(),
        Some("https://app.xano.com/api:meta")
    );
    let error = client
        .instance_named_by_account("http://127.0.0.1:80/api:meta", false)
        .expect_err("this machine");
    assert!(error.to_string().contains("an instance on this machine"), "{error}");
    client
        .instance_named_by_account("https://x1.xano.io/api:meta", false)
        .expect("an instance out there");
    client
        .instance_at("http://127.0.0.1:80", None)
        .expect("the user may say so");
}

#[tokio::test]
async fn a_deadline_includes_finding_the_instance() {
    let mock = Mock::start([Act::Silence]).await;
    let options = CallOptions {
        deadline: Some(Duration::from_millis(30)),
        ..CallOptions::default()
    };
    let request = Request::new("instance.me").expect("in the table").options(options);
    let error = mock.client().instance("x1").call(request).await.expect_err("too late");
    assert_eq!((error.code(), error.operation()), ("timeout", Some("instance.me")));
    assert!(error.to_string().contains("finding out where to send it"), "{error}");
}

#[tokio::test]
async fn a_connection_by_url_may_have_a_token_of_its_own() {
    let mock = Mock::start([]).await;
    let client = mock.client();
    let instance = client
        .instance_at(&mock.url(), Some("other-token".into()))
        .expect("a connection");
    instance
        .call(Request::new("instance.me").expect("in the table"))
        .await
        .expect("an answer");
    assert_eq!(mock.only().header("authorization"), Some("Bearer other-token"));
    assert!(client.instance_at("http://x1.xano.io", None).is_err());
}

/// A change to good options, and a word of the refusal.
type Refused = (fn(&mut ClientOptions), &'static str);

#[test]
fn options_that_cannot_work_are_refused() {
    let with = |change: fn(&mut ClientOptions)| {
        let mut options = ClientOptions {
            token: Some(TOKEN.into()),
            ambient_credentials: false,
            ..ClientOptions::default()
        };
        change(&mut options);
        Client::new(options).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(with(|_| ()), Ok(()));
    let refused: [Refused; 8] = [
        (|options| options.token = None, "No access token"),
        (
            |options| options.account_url = Some("http://app.xano.com".into()),
            "plain http",
        ),
        (|options| options.timeout = Some(Duration::ZERO), "timeout is zero"),
        (|options| options.max_concurrency = 0, "max_concurrency"),
        (|options| options.proxy = Some("::".into()), "proxy"),
        (|options| options.ca_file = Some("/no/such.pem".into()), "/no/such.pem"),
        (|options| options.user_agent = Some("a\nb".into()), "user_agent"),
        (|options| options.headers = vec![("host".into(), "x".into())], "host"),
    ];
    for (change, words) in refused {
        let message = with(change).expect_err(words);
        assert!(message.contains(words), "{message}");
        assert!(!message.contains(TOKEN), "{message}");
    }
}

#[tokio::test]
async fn a_proxy_is_used_except_where_it_should_not() {
    let proxy = Mock::start([]).await;
    let options = ClientOptions {
        token: Some(TOKEN.into()),
        account_url: Some("http://app.example.test".into()),
        ambient_credentials: false,
        allow_http: true,
        proxy: Some(proxy.url()),
        ..ClientOptions::default()
    };
    Client::new(options.clone())
        .expect("a client")
        .account()
        .call(me())
        .await
        .expect("an answer by proxy");
    assert_eq!(proxy.only().target, "http://app.example.test/api:meta/auth/me");
    let excepted = ClientOptions {
        no_proxy: Some("example.test".into()),
        max_retries: 0,
        ..options
    };
    let outcome = Client::new(excepted).expect("a client").account().call(me()).await;
    assert_eq!(outcome.expect_err("no such host").kind(), ErrorKind::Connection);
    assert_eq!(proxy.seen().len(), 1);
}
