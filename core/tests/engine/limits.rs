//! The rate limit as it is seen from the server.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use xano_metadata::{Client, EventSink, RateLimit, RateLimiting, Request};

use crate::support::{Act, Mock, me};

async fn burst(client: &Client, calls: usize) {
    let tasks: Vec<_> = (0..calls)
        .map(|_| {
            let account = client.account();
            tokio::spawn(async move { account.call(me()).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic").expect("an answer");
    }
}

#[tokio::test]
async fn a_limit_holds_for_every_task_and_client_of_an_origin() {
    let mock = Mock::start([]).await;
    let limit = RateLimit::new(4, Duration::from_millis(300));
    let first = mock.client_with(|options| options.rate_limit = RateLimiting::Fixed(limit));
    let second = mock.client_with(|options| options.rate_limit = RateLimiting::Fixed(limit));
    let began = Instant::now();
    tokio::join!(burst(&first, 6), burst(&second, 6));
    let took = began.elapsed();
    assert!(
        took >= Duration::from_millis(600) && took < Duration::from_millis(900),
        "{took:?}"
    );
    assert!(first.stats().limiter_waits + second.stats().limiter_waits >= 8);
    assert!(first.stats().limiter_wait > Duration::ZERO);
}

#[tokio::test]
async fn no_more_are_in_flight_than_allowed() {
    let slow = || Act::Slowly(vec![crate::support::answer(200, &[], b"{}")], Duration::from_millis(20));
    let mock = Mock::start((0..12).map(|_| slow())).await;
    let client = mock.client_with(|options| options.max_concurrency = 3);
    burst(&client, 12).await;
    assert!(mock.connections() <= 3, "{}", mock.connections());
}

#[tokio::test]
async fn a_limited_instance_is_known_by_its_description() {
    let instance = Mock::start([]).await;
    let row = format!(r#"{{"meta_api":"{}/api:meta","rate_limit":true}}"#, instance.url());
    let account = Mock::start([Act::json(200, &row)]).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&told);
    let client = account.client_with(|options| {
        options.on_event = Some(EventSink::new(move |event| {
            sink.lock().expect("no panic").push(event.to_string());
        }));
    });
    let connection = client.instance("x1");
    for _ in 0..10 {
        connection
            .call(Request::new("instance.me").expect("in the table"))
            .await
            .expect("an answer");
    }
    assert_eq!(client.stats().limiter_waits, 0, "ten are free");
    let eleventh = connection.call(Request::new("instance.me").expect("in the table"));
    assert!(
        tokio::time::timeout(Duration::from_millis(100), eleventh)
            .await
            .is_err(),
        "the eleventh has to wait"
    );
    assert_eq!(instance.seen().len(), 10);
    let told = told.lock().expect("no panic").join("\n");
    assert!(
        told.contains("takes 10 requests in 20.0s (known by instance)"),
        "{told}"
    );
}

#[tokio::test]
async fn a_429_teaches_everyone_to_wait() {
    let limited = Act::with(
        429,
        &[("retry-after", "1")],
        br#"{"code":"ERROR_CODE_TOO_MANY_REQUESTS","message":"m"}"#,
    );
    let mock = Mock::start([Act::ok(), Act::ok(), limited]).await;
    let client = mock.client();
    burst(&client, 1).await;
    burst(&client, 1).await;
    let began = Instant::now();
    burst(&client, 1).await;
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!((mock.seen().len(), client.stats().retries), (4, 1));
}

#[tokio::test]
async fn a_limiter_can_be_switched_off() {
    let limited = Act::with(429, &[("retry-after", "0")], b"{}");
    let mock = Mock::start([limited]).await;
    let client = mock.client_with(|options| {
        options.rate_limit = RateLimiting::Off;
        // Room for all, because waiting for a place counts as well.
        options.max_concurrency = 64;
    });
    burst(&client, 40).await;
    assert_eq!(client.stats().limiter_wait.as_secs(), 0);
    assert_eq!(mock.seen().len(), 41);
}
