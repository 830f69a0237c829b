//! Failures: the kind, the code, the words, and that the token is in none of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use xano_metadata::{CallOptions, ErrorKind, EventSink, Request};

use crate::support::{Act, Mock, TOKEN, answer, create, me};

#[tokio::test]
async fn each_status_has_its_kind_and_code() {
    let rows = [
        (400, ErrorKind::BadRequest, "bad_request"),
        (401, ErrorKind::Authentication, "unauthorized"),
        (403, ErrorKind::Permission, "forbidden"),
        (404, ErrorKind::NotFound, "not_found"),
        (409, ErrorKind::Conflict, "conflict"),
        (418, ErrorKind::Http, "http_error"),
        (429, ErrorKind::RateLimit, "rate_limited"),
        (500, ErrorKind::Server, "server_error"),
        (503, ErrorKind::Server, "server_error"),
    ];
    for (status, kind, code) in rows {
        let mock = Mock::start([Act::json(status, r#"{"message":"Because."}"#)]).await;
        let error = mock
            .client_with(|options| options.max_retries = 0)
            .account()
            .call(me())
            .await
            .expect_err("refused");
        assert_eq!(
            (error.kind(), error.code(), error.status(), error.attempts()),
            (kind, code, Some(status), 1)
        );
        assert_eq!((error.message(), error.operation()), ("Because.", Some("account.me")));
        let text = error.to_string();
        assert!(text.starts_with(&format!("account.me: {status} Because.")), "{text}");
        assert!(text.contains("[GET /auth/me at 127.0.0.1, 1 attempt"), "{text}");
    }
}

#[tokio::test]
async fn the_servers_own_words_are_kept() {
    let body = r#"{"code":"ERROR_CODE_INPUT_ERROR","message":"Missing param: max_installs","payload":{"param":"max_installs"}}"#;
    let mock = Mock::start([Act::with(400, &[("x-request-id", "r-9")], body.as_bytes())]).await;
    let error = mock.account().call(create()).await.expect_err("refused");
    assert_eq!(
        (error.code(), error.param()),
        ("ERROR_CODE_INPUT_ERROR", Some("max_installs"))
    );
    assert_eq!(
        (error.payload(), error.request_id()),
        (Some(r#"{"param":"max_installs"}"#), Some("r-9"))
    );
    let json: serde_json::Value = serde_json::from_str(&error.to_json()).expect("JSON");
    assert_eq!(json["kind"], "BadRequestError");
    assert_eq!(json["payload"]["param"], "max_installs");
    assert_eq!(json["text"], error.to_string());
    assert_eq!(json["outcome_unknown"], false);
}

#[tokio::test]
async fn a_refused_scope_is_named() {
    let mock = Mock::start([Act::json(
        403,
        r#"{"code":"ERROR_CODE_ACCESS_DENIED","message":"Access Denied."}"#,
    )])
    .await;
    let instance = mock.client().instance_at(&mock.url(), None).expect("a connection");
    let request = Request::new("instance.workspace.table.delete")
        .expect("in the table")
        .path_value(1)
        .path_value(2);
    let error = instance.call(request).await.expect_err("refused");
    assert_eq!(error.scope(), Some("Workspace Database: Delete"));
    assert!(error.to_string().contains("Workspace Database: Delete"), "{error}");
}

#[tokio::test]
async fn an_expired_token_is_told_by_a_401() {
    // The middle part is {"exp":784111777}.
    let token = "e30.eyJleHAiOjc4NDExMTc3N30.sig";
    let mock = Mock::start([Act::json(
        401,
        r#"{"code":"ERROR_CODE_UNAUTHORIZED","message":"Unauthorized"}"#,
    )])
    .await;
    let error = mock
        .client_with(|options| options.token = Some(token.into()))
        .account()
        .call(me())
        .await
        .expect_err("refused");
    assert!(
        error.to_string().contains("expired on Sun, 06 Nov 1994 08:49:37 GMT"),
        "{error}"
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let mock = Mock::start([Act::with(302, &[("location", "https://elsewhere.example/x?t=1")], b"")]).await;
    let error = mock.account().call(me()).await.expect_err("a redirect");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Http, Some(302)));
    assert!(
        error.to_string().contains("elsewhere.example") && !error.to_string().contains("t=1"),
        "{error}"
    );
    assert_eq!(mock.seen().len(), 1);
}

#[tokio::test]
async fn gateways_and_broken_bodies_are_shown() {
    let page = "<html><head><title>502 Bad Gateway</title></head></html>";
    let mock = Mock::start([
        Act::with(502, &[("content-type", "text/html")], page.as_bytes()),
        Act::Cut(b"HTTP/1.1 500 X\r\ncontent-length: 999\r\n\r\n{\"code\":\"ERR".to_vec()),
    ])
    .await;
    let account = mock.client_with(|options| options.max_retries = 0).account();
    let error = account.call(me()).await.expect_err("a gateway");
    assert_eq!(
        (error.code(), error.message()),
        ("server_error", "Bad Gateway: 502 Bad Gateway")
    );
    assert_eq!(error.body(), Some(page));
    let error = account.call(me()).await.expect_err("cut");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Server, Some(500)));
}

#[tokio::test]
async fn what_is_no_json_is_a_decode_error_that_shows_it() {
    let mock = Mock::start([Act::with(200, &[], b"<html>not what you think")]).await;
    let reply = mock.account().call(me()).await.expect("bytes");
    let error = reply.json::<serde_json::Value>().expect_err("no JSON");
    assert_eq!((error.code(), error.operation()), ("decode_error", Some("account.me")));
    assert_eq!(error.body(), Some("<html>not what you think"));
}

/// A limit of time, and the words when it is over.
type Limited = (fn(&mut CallOptions), &'static str);

#[tokio::test]
async fn time_runs_out_in_three_ways() {
    let silent = Mock::start([Act::Silence, Act::Silence, Act::Silence]).await;
    let account = silent.client_with(|options| options.max_retries = 0).account();
    let with = |change: fn(&mut CallOptions)| {
        let mut options = CallOptions::default();
        change(&mut options);
        me().options(options)
    };
    let rows: [Limited; 3] = [
        (
            |options| options.read_timeout = Some(Duration::from_millis(30)),
            "Nothing came from the server for 30ms",
        ),
        (
            |options| options.timeout = Some(Duration::from_millis(30)),
            "The attempt took longer than 30ms",
        ),
        (
            |options| options.deadline = Some(Duration::from_millis(30)),
            "within its deadline of 30ms",
        ),
    ];
    for (change, words) in rows {
        let error = account.call(with(change)).await.expect_err(words);
        assert_eq!((error.kind(), error.code()), (ErrorKind::Timeout, "timeout"));
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.outcome_unknown(), "reading does nothing");
    }
}

#[tokio::test]
async fn a_slow_body_is_fine_while_it_moves() {
    let pieces = vec![
        b"HTTP/1.1 200 X\r\ncontent-length: 4\r\n\r\n1".to_vec(),
        b"2".to_vec(),
        b"3".to_vec(),
        b"4".to_vec(),
    ];
    let mock = Mock::start([Act::Slowly(pieces, Duration::from_millis(30))]).await;
    let options = CallOptions {
        read_timeout: Some(Duration::from_millis(80)),
        ..CallOptions::default()
    };
    let reply = mock.account().call(me().options(options)).await.expect("all of it");
    assert_eq!(&reply.body[..], b"1234");
}

#[tokio::test]
async fn connecting_in_vain_is_told_apart_from_breaking() {
    let mock = Mock::start([Act::Reset]).await;
    let error = mock
        .client_with(|options| options.max_retries = 0)
        .account()
        .call(me())
        .await
        .expect_err("reset");
    assert_eq!(error.code(), "connection_error");
    assert!(error.to_string().contains("broke before an answer came"), "{error}");
    let client = mock.client_with(|options| {
        options.max_retries = 0;
        options.account_url = Some("http://127.0.0.1:1".into());
    });
    let error = client.account().call(create()).await.expect_err("nobody listens");
    assert_eq!((error.code(), error.outcome_unknown()), ("connection_error", false));
    assert!(error.to_string().contains("No connection could be opened"), "{error}");
}

#[tokio::test]
async fn an_echoed_token_is_scrubbed_everywhere() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&told);
    let echo = format!(r#"{{"code":"{TOKEN}","message":"you sent {TOKEN}","payload":{{"param":"{TOKEN}"}}}}"#);
    let mock = Mock::start([
        Act::with(400, &[("x-request-id", TOKEN)], echo.as_bytes()),
        Act::with(502, &[], TOKEN.as_bytes()),
        Act::with(200, &[], TOKEN.as_bytes()),
    ])
    .await;
    let client = mock.client_with(|options| {
        options.max_retries = 0;
        options.on_event = Some(EventSink::new(move |event| {
            sink.lock()
                .expect("no panic")
                .push(format!("{event:?} {}", event.to_json()));
        }));
    });
    let account = client.account();
    let mut said = vec![format!("{client:?} {account:?} {:?}", client.options())];
    for _ in 0..2 {
        let error = account.call(me()).await.expect_err("refused");
        said.push(format!("{error} {error:?} {}", error.to_json()));
    }
    let error = account
        .call(me())
        .await
        .expect("bytes")
        .json::<u8>()
        .expect_err("no JSON");
    said.push(format!("{error} {error:?} {}", error.to_json()));
    said.extend(told.lock().expect("no panic").clone());
    assert!(said.len() > 6, "{said:?}");
    assert!(said.iter().all(|text| !text.contains(TOKEN)), "{said:#?}");
    assert!(said.iter().any(|text| text.contains("[token]")));
}

#[tokio::test]
async fn a_panic_is_an_error() {
    let mock = Mock::start([Act::with(200, &[], b"{}")]).await;
    let progress = xano_metadata::ProgressSink::new(|_| panic!("no luck with {TOKEN}"));
    let options = CallOptions {
        progress: Some(progress),
        ..CallOptions::default()
    };
    let error = mock
        .account()
        .call(create().options(options))
        .await
        .expect_err("a panic");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Internal, "internal_error"));
    assert!(error.to_string().contains("no luck with [token]"), "{error}");
    // A panicking event callback is nobody's business but its own.
    let client = mock.client_with(|options| options.on_event = Some(EventSink::new(|_| panic!("oh"))));
    client.account().call(me()).await.expect("an answer all the same");
}

#[tokio::test]
async fn a_cut_answer_is_a_connection_error() {
    let mut cut = answer(200, &[], b"{\"a\":12345}");
    cut.truncate(cut.len() - 3);
    let mock = Mock::start([Act::Cut(cut)]).await;
    let error = mock.account().call(create()).await.expect_err("cut");
    assert_eq!(
        (error.code(), error.outcome_unknown(), error.attempts()),
        ("connection_error", true, 1)
    );
    assert!(
        error.to_string().contains("The answer broke off") && error.to_string().contains("look before you repeat"),
        "{error}"
    );
}

/// The server said 200: it has most likely been done, and only nobody can read what came of it.
#[tokio::test]
async fn a_write_with_an_answer_that_nobody_understands_may_have_been_done() {
    for body in ["{\"token\":\"ab", "\u{1}\u{2}", "[]"] {
        let mock = Mock::start([Act::json(200, body)]).await;
        let reply = mock.account().call(create()).await.expect("an answer");
        let error = reply
            .json::<std::collections::BTreeMap<String, String>>()
            .expect_err("no object");
        assert_eq!(
            (error.code(), error.outcome_unknown()),
            ("decode_error", true),
            "{body}"
        );
        assert!(error.to_string().contains("look before you repeat it"), "{error}");
    }
    let mock = Mock::start([Act::json(200, "{")]).await;
    let reply = mock.account().call(me()).await.expect("an answer");
    let error = reply.json::<serde_json::Value>().expect_err("no JSON");
    assert!(!error.outcome_unknown(), "a read changes nothing");
}

/// A login page, a gateway: with a status of success, in the place of whatever was due, also of nothing.
#[tokio::test]
async fn a_web_page_is_no_answer_whatever_its_status() {
    let page = || {
        Act::with(
            200,
            &[("content-type", "text/html; charset=utf-8")],
            b"<html>Please log in",
        )
    };
    let mock = Mock::start([page(), page(), page()]).await;
    let delete = Request::new("account.snippet.token.delete").expect("in the table");
    let delete = delete.path_value("abc").path_value("def");
    for (request, writes) in [(delete, true), (create(), true), (me(), false)] {
        let error = mock.account().call(request).await.expect_err("no answer of the API");
        assert_eq!((error.code(), error.status()), ("decode_error", Some(200)));
        assert_eq!(error.outcome_unknown(), writes, "{error}");
        assert!(error.to_string().contains("not the API answered"), "{error}");
    }
}

/// What a compressed answer looks like that was cut before its first byte: no length tells of the cut.
#[tokio::test]
async fn nothing_is_no_answer_where_a_list_or_an_object_is_due() {
    let nothing = |status| Act::with(status, &[("content-type", "application/json")], b"");
    let mock = Mock::start([nothing(200), nothing(200), nothing(204)]).await;
    for (request, writes) in [(create(), true), (me(), false)] {
        let error = mock.account().call(request).await.expect_err("nothing came");
        assert_eq!((error.code(), error.status()), ("decode_error", Some(200)));
        assert_eq!(error.outcome_unknown(), writes, "{error}");
        assert!(error.to_string().contains("cut off"), "{error}");
    }
    let reply = mock.account().call(me()).await.expect("204 says that nothing comes");
    assert_eq!(reply.json::<Option<bool>>().expect("null"), None);
    let mock = Mock::start([nothing(200)]).await;
    let delete = Request::new("account.snippet.token.delete").expect("in the table");
    let delete = delete.path_value("abc").path_value("def");
    mock.account().call(delete).await.expect("nothing is all it promises");
}
