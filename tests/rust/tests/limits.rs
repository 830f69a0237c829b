//! The limiter against the emulator's true sliding window.

use std::time::{Duration, Instant};

use serde_json::Value;
use xano_emulator::{Emulator, EmulatorOptions, RateLimit as Window, RetryAfter};
use xano_metadata::{Client, ClientOptions, RateLimit, RateLimiting, Request};

const PER: Duration = Duration::from_secs(2);

fn emulator(retry_after: RetryAfter) -> Emulator {
    let rate_limit = Some(Window {
        retry_after,
        ..Window::new(10, PER.as_secs_f64())
    });
    Emulator::start(EmulatorOptions {
        rate_limit,
        ..EmulatorOptions::default()
    })
    .expect("an emulator")
}

fn client(emulator: &Emulator, rate_limit: RateLimiting) -> Client {
    Client::new(ClientOptions {
        token: Some(emulator.token().into()),
        account_url: Some(emulator.account_url().to_owned()),
        ambient_credentials: false,
        backoff: Duration::from_millis(1),
        rate_limit,
        ..ClientOptions::default()
    })
    .expect("a client")
}

/// Thirty calls from eight tasks; how long they took.
async fn thirty(client: &Client) -> Duration {
    let began = Instant::now();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let account = client.account();
            tokio::spawn(async move {
                for _ in (task..30).step_by(8) {
                    account
                        .call(Request::new("account.me").expect("in the table"))
                        .await
                        .expect("an answer");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    began.elapsed()
}

fn refused(emulator: &Emulator) -> u64 {
    let (_, journal) = emulator.control("GET", "/requests", &Value::Null);
    journal["rate_limited"].as_u64().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_limit_is_never_broken_and_used_up() {
    let emulator = emulator(RetryAfter::Absent);
    let client = client(&emulator, RateLimiting::Fixed(RateLimit::new(10, PER)));
    let took = thirty(&client).await;
    assert_eq!(refused(&emulator), 0);
    assert!(
        took >= PER * 2 && took < PER * 2 + Duration::from_millis(400),
        "{took:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_limit_is_learned_from_its_first_refusals() {
    let emulator = emulator(RetryAfter::Seconds);
    let client = client(&emulator, RateLimiting::Auto);
    let took = thirty(&client).await;
    // Those that were under way together may all be refused, once.
    assert!((1..=8).contains(&refused(&emulator)), "{}", refused(&emulator));
    assert!(took < PER * 3 + Duration::from_millis(500), "{took:?}");
}
