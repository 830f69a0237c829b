//! Retries as they are seen from the server.

use std::time::{Duration, Instant};

use xano_metadata::{CallOptions, RateLimit, RateLimiting, Request};

use crate::support::{Act, Mock, create, me};

fn delete() -> Request {
    Request::new("account.snippet.token.delete")
        .expect("in the table")
        .path_value("abc")
        .path_value("t")
}

/// Acts after which a request that may be repeated is repeated, and another one is not.
fn doubtful() -> Vec<Act> {
    let cut = b"HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\n{".to_vec();
    let statuses = [408, 500, 502, 503, 504].map(|status| Act::json(status, "{}"));
    statuses.into_iter().chain([Act::Reset, Act::Cut(cut)]).collect()
}

#[tokio::test]
async fn what_may_be_repeated_is_repeated() {
    for act in doubtful() {
        for request in [me(), delete()] {
            let mock = Mock::start([act.clone(), act.clone(), act.clone(), Act::ok()]).await;
            let client = mock.client();
            let reply = client
                .account()
                .call(request)
                .await
                .unwrap_or_else(|error| panic!("{act:?}: {error}"));
            assert_eq!(
                (reply.attempts, mock.seen().len(), client.stats().retries),
                (4, 4, 3),
                "{act:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_twice() {
    for act in doubtful() {
        let mock = Mock::start([act.clone()]).await;
        let error = mock.account().call(create()).await.expect_err("stopped");
        assert_eq!(
            (error.attempts(), error.outcome_unknown(), mock.seen().len()),
            (1, true, 1),
            "{act:?}"
        );
        assert!(error.to_string().contains("look before you repeat"), "{error}");
    }
}

#[tokio::test]
async fn a_caller_may_say_that_twice_is_fine_or_not() {
    let mock = Mock::start([Act::Reset, Act::ok(), Act::Reset]).await;
    let account = mock.account();
    let told = |idempotent| CallOptions {
        idempotent: Some(idempotent),
        ..CallOptions::default()
    };
    assert_eq!(
        account
            .call(create().options(told(true)))
            .await
            .expect("an answer")
            .attempts,
        2
    );
    assert_eq!(
        account
            .call(me().options(told(false)))
            .await
            .expect_err("stopped")
            .attempts(),
        1
    );
}

#[tokio::test]
async fn what_was_never_done_is_asked_for_again() {
    let busy = Act::with(503, &[("retry-after", "0")], b"{}");
    let limited = Act::with(
        429,
        &[("retry-after", "0")],
        br#"{"code":"ERROR_CODE_TOO_MANY_REQUESTS","message":"slow"}"#,
    );
    let mock = Mock::start([busy, limited, Act::ok()]).await;
    let reply = mock.account().call(create()).await.expect("an answer");
    assert_eq!((reply.attempts, mock.seen().len()), (3, 3));
    let bodies: Vec<_> = mock.seen().iter().map(|seen| seen.text().to_owned()).collect();
    assert!(bodies.iter().all(|body| body == r#"{"max_installs":5}"#), "{bodies:?}");
}

#[tokio::test]
async fn a_refusal_is_final_whatever_its_status() {
    for body in [
        r#"{"message":"Access Denied."}"#,
        r#"{"code":"ERROR_CODE_INPUT_ERROR","message":"no","payload":{"param":"x"}}"#,
    ] {
        let mock = Mock::start([Act::json(500, body)]).await;
        let error = mock.account().call(me()).await.expect_err("refused");
        assert_eq!(
            (error.attempts(), error.outcome_unknown(), mock.seen().len()),
            (1, false, 1),
            "{body}"
        );
    }
    for status in [400, 401, 403, 404, 409, 422] {
        let mock = Mock::start([Act::json(status, "{}")]).await;
        assert_eq!(mock.account().call(me()).await.expect_err("refused").attempts(), 1);
        assert_eq!(mock.seen().len(), 1);
    }
}

#[tokio::test]
async fn nobody_listening_is_tried_again() {
    let mock = Mock::start([]).await;
    let client = mock.client_with(|options| options.account_url = Some("http://127.0.0.1:1".into()));
    let error = client.account().call(create()).await.expect_err("nobody listens");
    assert_eq!((error.attempts(), error.outcome_unknown()), (4, false));
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    let mock = Mock::start([Act::with(503, &[("retry-after", "1")], b"{}"), Act::ok()]).await;
    let began = Instant::now();
    mock.account().call(me()).await.expect("an answer");
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn too_long_a_wait_is_told_at_once() {
    let mock = Mock::start([Act::with(429, &[("retry-after", "121")], b"{}"), Act::ok()]).await;
    let client = mock.client();
    let began = Instant::now();
    let error = client.account().call(me()).await.expect_err("too long");
    assert_eq!(
        (error.retry_after(), error.attempts()),
        (Some(Duration::from_secs(121)), 1)
    );
    assert!(
        error.to_string().contains("longer than max_retry_after (120s)"),
        "{error}"
    );
    client.account().call(me()).await.expect("others need not wait");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_429_without_a_wait_waits_for_the_window() {
    let mock = Mock::start([Act::json(429, "{}"), Act::ok()]).await;
    let per = Duration::from_millis(200);
    let client = mock.client_with(|options| options.rate_limit = RateLimiting::Fixed(RateLimit::new(10, per)));
    let began = Instant::now();
    assert_eq!(client.account().call(create()).await.expect("an answer").attempts, 2);
    assert!(began.elapsed() >= per);
}

#[tokio::test]
async fn a_storm_spends_the_budget_and_ends() {
    let mock = Mock::start((0..1000).map(|_| Act::json(500, "{}"))).await;
    let client = mock.client();
    let mut told = false;
    for _ in 0..60 {
        let error = client.account().call(me()).await.expect_err("a storm");
        told |= error.to_string().contains("So many calls failed lately");
    }
    assert!(told);
    assert_eq!(client.stats().retries, 100);
    assert_eq!(mock.seen().len(), 160);
}

#[tokio::test]
async fn a_deadline_ends_retries_early() {
    let mock = Mock::start((0..9).map(|_| Act::json(500, "{}"))).await;
    let client = mock.client_with(|options| options.backoff = Duration::from_secs(30));
    let options = CallOptions {
        deadline: Some(Duration::from_secs(2)),
        ..CallOptions::default()
    };
    let began = Instant::now();
    let error = client.account().call(me().options(options)).await.expect_err("no time");
    assert_eq!((error.status(), error.attempts()), (Some(500), 1));
    assert!(error.to_string().contains("after the deadline of 2s"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn an_upload_is_sent_anew_from_its_file() {
    let path = std::env::temp_dir().join(format!("xano-upload-{}", std::process::id()));
    std::fs::write(&path, "content of the file").expect("a file");
    let mock = Mock::start([Act::with(503, &[("retry-after", "0")], b""), Act::ok()]).await;
    let form = xano_metadata::Body::Multipart(vec![xano_metadata::Part::file("content", &path)]);
    let request = Request::raw("POST", "/file").expect("a method").body(form);
    let outcome = mock.account().call(request).await;
    std::fs::remove_file(&path).expect("own file");
    assert_eq!(outcome.expect("an answer").attempts, 2);
    assert!(
        mock.seen()
            .iter()
            .all(|seen| seen.text().contains("content of the file"))
    );
}
