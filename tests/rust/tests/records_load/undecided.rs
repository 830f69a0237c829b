//! What looking cannot decide stops the job, which then says what it is about and how to go on.

use serde_json::{Value, json};
use xano_metadata::api::Column;
use xano_metadata::records::{Job, LoadOptions, Records, Rows};
use xano_metadata::{ErrorKind, Instance};
use xano_metadata_tests::rows::{chunks, row};

use crate::support::{File, Shape, Shop, options, rows};

fn pairs() -> LoadOptions {
    LoadOptions {
        batch_rows: 2,
        ..options()
    }
}

/// Feeds rows one by one and waits until so many are done.
async fn feed(job: &Job, numbers: impl Iterator<Item = u64>, until: u64) {
    for rows in chunks(numbers, row) {
        job.feed(rows).await;
    }
    while job.progress().rows < until && !job.is_done() {
        tokio::task::yield_now().await;
    }
}

/// Rows 1 and 2 are stored; the request with 3 and 4 gets lost; a stranger adds a record that equals row 3.
async fn with_a_stranger(shop: &Shop, options: LoadOptions) -> Job {
    shop.faults(&json!({"kind": "reset", "path": "**/bulk", "after": 1, "times": 1}));
    let job = shop.records().load(options).expect("a job");
    feed(&job, 1..=2, 2).await;
    shop.handle()
        .records()
        .create(&row(3))
        .await
        .expect("a stranger's record");
    feed(&job, 3..=4, 4).await;
    feed(&job, 5..=6, 6).await;
    job.end_feed();
    job
}

#[tokio::test]
async fn half_a_batch_may_be_a_strangers() {
    let shop = Shop::new(Shape::default()).await;
    let file = File::new("job.json");
    let options = LoadOptions {
        checkpoint: Some(file.0.clone()),
        concurrency: 1,
        ..pairs()
    };
    let error = with_a_stranger(&shop, options.clone())
        .await
        .wait()
        .await
        .expect_err("it stops");
    assert_eq!(
        (error.kind(), error.row(), error.outcome_unknown()),
        (ErrorKind::Record, Some(3), true)
    );
    let stranger = shop.all().await.last().expect("a record")["id"].clone();
    for words in [
        "It cannot be known whether rows 3–4 were stored".to_owned(),
        format!("the record with the id {stranger} equals one of them"),
        "Nothing was sent again. Delete those records if they came from this job".to_owned(),
    ] {
        assert!(error.to_string().contains(&words), "{error}");
    }
    let report = error.report().expect("a report");
    assert_eq!((report.inserted, report.failed), (2, 0));
    assert_eq!(shop.all().await.len(), 3);

    // It is as undecided the next time; once the record has gone, the job goes on.
    let again = shop
        .load(options.clone(), chunks(1..=6, row))
        .await
        .expect_err("it stops again");
    assert!(again.outcome_unknown(), "{again}");
    shop.handle()
        .record(stranger.as_i64().expect("a number"))
        .delete()
        .await
        .expect("it is deleted");
    let report = shop.load(options, chunks(1..=6, row)).await.expect("it goes on");
    assert_eq!((report.read, report.inserted, report.sent), (6, 6, 6));
    shop.must_hold(1..=6, row).await;
}

#[tokio::test]
async fn a_key_decides_the_same_case() {
    let shop = Shop::new(Shape::default()).await;
    let options = LoadOptions {
        key: Some("sku".into()),
        ..pairs()
    };
    // Row 3 is there, if by another hand, and has the key: it counts as stored.
    let report = with_a_stranger(&shop, options)
        .await
        .wait()
        .await
        .expect("it ends well");
    assert_eq!((report.inserted, report.retried), (6, 1));
    shop.must_hold(1..=6, row).await;
}

#[tokio::test]
async fn equal_records_from_before_are_not_taken_for_ours() {
    let shop = Shop::new(Shape::default()).await;
    shop.load(options(), chunks(1..=50, row))
        .await
        .expect("they are stored");
    for options in [
        options(),
        LoadOptions {
            key: Some("sku".into()),
            ..options()
        },
    ] {
        // The first answer shows where the server's numbers are; the second request never arrives.
        shop.faults(&json!({"kind": "reset", "path": "**/bulk", "after": 1, "times": 1}));
        let before = shop.all().await.len();
        let small = LoadOptions {
            batch_rows: 25,
            ..options
        };
        let report = shop.load(small, chunks(1..=50, row)).await.expect("it ends well");
        assert_eq!((report.inserted, shop.all().await.len() - before), (50, 50));
        shop.end_faults();
    }
}

/// A table of secrets: what is stored cannot be compared with what was sent.
async fn secrets(shop: &Shop) -> Records {
    let space = Instance::over(shop.connection.clone()).workspace(shop.workspace);
    let columns: Value = json!([{"name": "id", "type": "int"}, {"name": "word", "type": "password"}]);
    let columns: Vec<Column> = serde_json::from_value(columns).expect("columns");
    let made = space.tables().create().name("secrets").schema(Some(&columns)).await;
    Records::new(shop.connection.clone(), shop.workspace, made.expect("a table").id)
}

async fn load(records: &Records, rows: [Rows; 1]) -> Result<u64, xano_metadata::Error> {
    let job = records.load(pairs())?;
    for rows in rows {
        job.feed(rows).await;
    }
    job.end_feed();
    job.wait().await.map(|report| report.inserted)
}

#[tokio::test]
async fn rows_without_anything_to_compare_are_decided_only_where_nothing_came_up() {
    let shop = Shop::new(Shape::default()).await;
    let records = secrets(&shop).await;
    let words = |numbers: std::ops::Range<u64>| rows(numbers.map(|number| json!({"word": format!("Secret-{number}")})));
    shop.faults(&json!({"kind": "reset", "path": "**/bulk", "after": 1, "times": 1}));
    assert_eq!(load(&records, words(0..6)).await.expect("it ends well"), 6);
    shop.end_faults();
    shop.faults(&json!({"kind": "reset_after", "path": "**/bulk", "after": 1, "times": 1}));
    let error = load(&records, words(6..12)).await.expect_err("it stops");
    assert!(error.outcome_unknown() && error.row() == Some(3), "{error}");
    assert!(error.message().contains("rows 3–4"), "{error}");
}
