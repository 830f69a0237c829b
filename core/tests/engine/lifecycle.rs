//! Ending: calls given up, clients closed, tokens that run out.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use xano_metadata::{ErrorKind, EventSink};

use crate::support::{Act, Mock, create, me};

/// Long enough for any machine, short enough for a test that fails.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn dropping_a_call_drops_its_request() {
    let mock = Mock::start([Act::Silence]).await;
    let account = mock.account();
    let call = tokio::spawn(async move { account.call(me()).await });
    mock.until_seen(1).await;
    call.abort();
    tokio::time::timeout(SOON, mock.until_all_closed())
        .await
        .expect("the connection is closed");
}

#[tokio::test]
async fn closing_a_client_ends_what_is_under_way() {
    let mock = Mock::start([Act::ok(), Act::Silence]).await;
    let client = mock.client();
    client.account().call(me()).await.expect("an answer");
    let account = client.account();
    let call = tokio::spawn(async move { account.call(create()).await });
    mock.until_seen(2).await;
    client.close();
    let error = tokio::time::timeout(SOON, call)
        .await
        .expect("at once")
        .expect("no panic")
        .expect_err("cancelled");
    assert_eq!(
        (error.kind(), error.code(), error.outcome_unknown()),
        (ErrorKind::Cancelled, "cancelled", true)
    );
    assert_eq!(error.operation(), Some("account.snippet.tokens.create"));
    tokio::time::timeout(SOON, mock.until_all_closed())
        .await
        .expect("the pool is closed");
    assert!(client.is_closed() && client.clone().is_closed());
    let error = client.account().call(me()).await.expect_err("closed");
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_token_that_ends_soon_is_told_once() {
    let soon = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
        + 3600;
    let token = format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{soon}}}"#)));
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&told);
    let mock = Mock::start([]).await;
    let client = mock.client_with(|options| {
        options.token = Some(token.into());
        options.on_event = Some(EventSink::new(move |event| {
            sink.lock().expect("no panic").push(event.name());
        }));
    });
    for _ in 0..3 {
        client.account().call(me()).await.expect("an answer");
    }
    let told = told.lock().expect("no panic");
    assert_eq!(
        told.iter().filter(|name| **name == "token_expiring").count(),
        1,
        "{told:?}"
    );
    assert_eq!(told.iter().filter(|name| **name == "answered").count(), 3, "{told:?}");
}

#[test]
fn the_engines_runtime_serves_threads() {
    let handle = xano_metadata::runtime::handle().expect("a runtime");
    let mock = handle.block_on(Mock::start([]));
    let client = mock.client();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let handle = xano_metadata::runtime::handle().expect("the same runtime");
                handle.block_on(client.account().call(me())).expect("an answer");
            });
        }
    });
    assert_eq!(mock.seen().len(), 4);
}
