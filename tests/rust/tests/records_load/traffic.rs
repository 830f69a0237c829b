//! What goes over the line: the size of batches, their order, and the pace.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use xano_emulator::{EmulatorOptions, RateLimit as Window};
use xano_metadata::records::{Action, LoadOptions};
use xano_metadata::{RateLimit, RateLimiting};
use xano_metadata_tests::rows::{chunks, row, sku};

use crate::support::{Shape, Shop, options, rows};

/// Rows in each request, and the bytes they have together.
fn sizes(shop: &Shop) -> Vec<(usize, usize)> {
    let items = |body: &Value| body["items"].as_array().expect("a list").clone();
    let size = |items: Vec<Value>| (items.len(), items.iter().map(|item| item.to_string().len()).sum());
    shop.sent("/bulk").iter().map(|body| size(items(body))).collect()
}

#[tokio::test]
async fn batches_keep_to_rows_and_bytes() {
    let shop = Shop::new(Shape::default()).await;
    let options = LoadOptions {
        batch_rows: 7,
        batch_bytes: 1_000,
        concurrency: 1,
        ..options()
    };
    let long = |number: u64| json!({"sku": sku(number), "name": "x".repeat(if number == 50 { 3_000 } else { 10 })});
    let report = shop
        .load(
            options,
            chunks(1..=100, |number| if number < 60 { long(number) } else { row(number) }),
        )
        .await;
    assert_eq!(report.expect("it ends well").inserted, 100);
    let sizes = sizes(&shop);
    assert_eq!(sizes.iter().map(|(rows, _)| rows).sum::<usize>(), 100);
    let size = |number| long(number).to_string().len();
    assert_eq!(
        sizes.iter().filter(|(_, bytes)| *bytes > 1_000).collect::<Vec<_>>(),
        [&(1, size(50))]
    );
    // Both limits were reached, and nothing was sent in smaller pieces than they ask for.
    assert_eq!(sizes[..7], [(7, 7 * size(1)); 7], "{sizes:?}");
    let by_bytes = sizes[10..sizes.len() - 1]
        .iter()
        .all(|(rows, bytes)| *rows == 7 || (*rows > 3 && *bytes > 700));
    assert!(by_bytes, "{sizes:?}");
}

#[tokio::test]
async fn a_server_that_takes_less_gets_less() {
    let shop = Shop::new(Shape::default()).await;
    let refusal = json!({"code": "ERROR_CODE_BAD_REQUEST", "message": "Too large.", "payload": ""});
    shop.faults(&json!({"kind": "status", "status": 413, "body": refusal, "path": "**/bulk", "times": 1}));
    let options = LoadOptions {
        batch_rows: 1_000,
        batch_bytes: 12_000,
        concurrency: 1,
        ..options()
    };
    let report = shop.load(options, chunks(1..=500, row)).await.expect("it ends well");
    assert_eq!((report.inserted, report.failed), (500, 0));
    shop.must_hold(1..=500, row).await;
    let sizes = sizes(&shop);
    assert!(sizes[0].1 > 11_000, "{sizes:?}");
    // One batch was waiting and one was being built when it became known.
    assert!(sizes[5..].iter().all(|(_, bytes)| *bytes <= 6_000), "{sizes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_mean_the_same_record_arrive_in_their_order() {
    // Without a unique index nobody but the loader keeps a key from being added twice.
    let shop = Shop::new(Shape::default()).await;
    shop.faults(&json!({"rules": [
        {"kind": "latency", "ms": 20, "path": "**/content/**", "probability": 0.3, "seed": 5},
        {"kind": "latency", "ms": 7, "path": "**/content/**", "probability": 0.5, "seed": 6},
    ]}));
    let mut random = fastrand::Rng::with_seed(7);
    let changes: Vec<(u64, u64)> = (0..1_500).map(|step| (random.u64(1..=200), step)).collect();
    let rows = rows(
        changes
            .iter()
            .map(|(number, step)| json!({"sku": sku(*number), "price": step})),
    );
    let upsert = LoadOptions {
        action: Action::Upsert,
        key: Some("sku".into()),
        batch_rows: 20,
        ..options()
    };
    let report = shop.load(upsert, rows).await.expect("it ends well");
    let found = shop.by_sku().await;
    assert_eq!(
        (report.inserted + report.updated, report.inserted),
        (1_500, found.len() as u64)
    );
    let last: BTreeMap<u64, u64> = changes.into_iter().collect();
    for (number, step) in last {
        assert_eq!(
            found[&sku(number)]["price"].as_f64(),
            Some(f64::from(u32::try_from(step).expect("small")))
        );
    }
}

/// As long as nothing is known of the server's numbers, one batch goes out; then as many as may.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_batch_goes_alone_where_the_server_numbers_rows() {
    let shop = Shop::new(Shape::default()).await;
    shop.faults(&json!({"kind": "latency", "ms": 150, "path": "**/bulk"}));
    shop.load(options(), chunks(1..=500, row)).await.expect("it ends well");
    let (_, journal) = shop.emulator.control("GET", "/requests", &Value::Null);
    let requests = journal["requests"].as_array().expect("a list").iter();
    let times: Vec<(f64, f64)> = requests
        .filter(|request| request["path"].as_str().is_some_and(|path| path.ends_with("/bulk")))
        .map(|request| {
            let time = |name: &str| request[name].as_f64().expect("a time");
            (time("received_at"), time("finished_at"))
        })
        .collect();
    assert_eq!(times.len(), 5);
    let first = times[0];
    assert!(times[1..].iter().all(|(received, _)| *received >= first.1), "{times:?}");
    let earliest_end = times[1..]
        .iter()
        .map(|(_, finished)| *finished)
        .fold(f64::MAX, f64::min);
    assert!(
        times[1..].iter().all(|(received, _)| *received < earliest_end),
        "{times:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_never_answered_are_looked_after() {
    let shop = Shop::with(Shape::default(), EmulatorOptions::default(), |options| {
        options.timeout = Some(Duration::from_millis(1_500));
    })
    .await;
    shop.faults(&json!({"kind": "hang", "path": "**/bulk", "after": 3, "times": 2}));
    let report = shop
        .load(options(), chunks(1..=2_000, row))
        .await
        .expect("it ends well");
    assert_eq!((report.inserted, report.retried), (2_000, 2));
    shop.must_hold(1..=2_000, row).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_rate_limit_is_never_broken() {
    let limit = RateLimit::new(10, Duration::from_secs(2));
    let limited = EmulatorOptions {
        rate_limit: Some(Window::new(limit.requests, limit.per.as_secs_f64())),
        ..EmulatorOptions::default()
    };
    let shop = Shop::with(Shape::default(), limited, |options| {
        options.rate_limit = RateLimiting::Fixed(limit);
    })
    .await;
    let few = LoadOptions {
        batch_rows: 50,
        ..options()
    };
    let report = shop.load(few, chunks(1..=1_000, row)).await.expect("it ends well");
    assert_eq!((report.inserted, report.retried), (1_000, 0));
    let (_, journal) = shop.emulator.control("GET", "/requests", &Value::Null);
    assert_eq!(journal["rate_limited"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_and_a_slow_source_is_waited_for() {
    let shop = Shop::new(Shape::default()).await;
    let told = LoadOptions {
        total: Some(1_000),
        ..options()
    };
    let job = shop.records().load(told).expect("a job");
    assert_eq!(job.progress().total, Some(1_000));
    for (place, rows) in chunks(1..=1_000, row).enumerate() {
        assert!(job.feed(rows).await);
        // Whole batches go out although the source has not ended.
        let whole = [300, 600, 900, 1_000][place];
        while job.progress().rows < whole {
            tokio::task::yield_now().await;
        }
    }
    job.end_feed();
    let report = job.wait().await.expect("it ends well");
    let progress = job.progress();
    assert_eq!(
        (progress.rows, progress.bytes, progress.remaining),
        (1_000, report.bytes, Some(0.0))
    );
    assert!(report.bytes > 100_000 && report.seconds > 0.0, "{report:?}");
    assert!(!job.feed(rows([row(1)])[0].clone()).await, "it takes no more");
}
