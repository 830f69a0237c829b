//! Requests that fail before, during and after their answer, one in ten.

use serde_json::{Value, json};
use xano_metadata::records::{Action, LoadOptions};
use xano_metadata_tests::rows::{chunks, row, sku};

use crate::support::{Shape, Shop, options};

/// Strikes one request in ten below a table's content, in turns before the operation, after it, and in its answer.
pub fn trouble(seed: u64) -> Value {
    let kinds = [
        json!({"kind": "reset"}),
        json!({"kind": "close", "apply": true}),
        json!({"kind": "reset_after"}),
        json!({"kind": "cut_body"}),
        json!({"kind": "reset_mid_body", "bytes": 3}),
        json!({"kind": "html", "status": 502}),
        json!({"kind": "html", "status": 504, "apply": true}),
        json!({"kind": "wrong_length", "length": 1}),
    ];
    let rules = kinds.into_iter().enumerate().map(|(place, mut rule)| {
        rule["path"] = json!("**/content/**");
        rule["probability"] = json!(0.013);
        rule["seed"] = json!(seed + place as u64);
        rule
    });
    json!({"rules": rules.collect::<Vec<_>>()})
}

/// Loads rows with faults; exactly those are there afterwards.
async fn inserts(rows: u64, shape: Shape, options: LoadOptions, with_ids: bool, seed: u64) {
    let shop = Shop::new(shape).await;
    shop.faults(&trouble(seed));
    let make = |number| {
        let mut row = row(number);
        if with_ids {
            row["id"] = json!(number * 3);
        }
        row
    };
    let report = shop.load(options, chunks(1..=rows, make)).await.expect("it ends well");
    assert!(shop.struck() > rows / 2000, "{} faults", shop.struck());
    shop.end_faults();
    assert_eq!(
        (report.read, report.sent, report.inserted, report.failed, report.skipped),
        (rows, rows, rows, 0, 0)
    );
    assert!(report.retried > 0);
    shop.must_hold(1..=rows, row).await;
    if with_ids {
        let all = shop.all().await;
        assert!(
            all.iter()
                .all(|record| record["sku"] == sku(record["id"].as_u64().expect("a number") / 3))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbered_rows_are_found_among_the_ids_that_came_up() {
    inserts(20_000, Shape::default(), options(), false, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_found_by_a_unique_index() {
    let shape = Shape {
        unique: true,
        ..Shape::default()
    };
    inserts(6_000, shape, options(), false, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_found_by_the_key() {
    let options = LoadOptions {
        key: Some("sku".into()),
        ..options()
    };
    inserts(6_000, Shape::default(), options, false, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_found_by_the_ids_they_bring() {
    let options = LoadOptions {
        keep_ids: Some(true),
        ..options()
    };
    inserts(6_000, Shape::default(), options, true, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_found_by_the_uuids_that_were_made_for_them() {
    let shape = Shape {
        uuids: true,
        ..Shape::default()
    };
    inserts(6_000, shape, options(), false, 5).await;
}

const ROWS: u64 = 10_000;

/// The odd numbers are there before; then everything is upserted, changed, and at last deleted.
#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_an_update_and_a_delete_end_as_if_nothing_had_happened() {
    let shape = Shape {
        unique: true,
        ..Shape::default()
    };
    let shop = Shop::new(shape).await;
    shop.load(options(), chunks((1..=ROWS).step_by(2), row))
        .await
        .expect("it ends well");
    let by_key = |action| LoadOptions {
        action,
        key: Some("sku".into()),
        ..options()
    };
    let priced = |price: u64| {
        move |number| {
            let mut row = row(number);
            row["price"] = json!(price);
            row
        }
    };

    shop.faults(&trouble(11));
    let upserted = shop
        .load(by_key(Action::Upsert), chunks(1..=ROWS, priced(5)))
        .await
        .expect("it ends well");
    assert_eq!(
        (upserted.inserted, upserted.updated, upserted.failed),
        (ROWS / 2, ROWS / 2, 0)
    );
    shop.end_faults();
    shop.must_hold(1..=ROWS, priced(5)).await;

    shop.faults(&trouble(12));
    // Of two rows for one record the later one counts, in whatever batches they are.
    let twice = (1..=ROWS).chain((1..=ROWS).step_by(100)).chain(ROWS + 1..=ROWS + 50);
    let mut seen = std::collections::HashSet::new();
    let make = move |number: u64, first: bool| json!({"sku": sku(number), "price": if first { 6 } else { 7 }});
    let numbers: Vec<(u64, bool)> = twice.map(|number| (number, seen.insert(number))).collect();
    let count = numbers.len() as u64;
    let changes = chunks(0..count, move |place| {
        let (number, first) = numbers[usize::try_from(place).expect("few")];
        make(number, first)
    });
    let updated = shop.load(by_key(Action::Update), changes).await.expect("it ends well");
    assert_eq!(
        (updated.updated, updated.skipped, updated.failed),
        (ROWS + ROWS / 100, 50, 0)
    );
    shop.end_faults();
    let expected = |number| priced(if number % 100 == 1 { 7 } else { 6 })(number);
    shop.must_hold(1..=ROWS, expected).await;

    shop.faults(&trouble(13));
    let bare = |number| json!(sku(number));
    let deleted = shop
        .load(by_key(Action::Delete), chunks(101..=ROWS + 100, bare))
        .await
        .expect("it ends well");
    assert_eq!((deleted.deleted, deleted.skipped, deleted.failed), (ROWS - 100, 100, 0));
    shop.end_faults();
    shop.must_hold(1..=100, expected).await;

    let ids = shop.all().await.into_iter().map(|record| record["id"].clone());
    let by_id = LoadOptions {
        action: Action::Delete,
        ..options()
    };
    let gone = shop
        .load(by_id, crate::support::rows(ids.chain([json!(7_000_000)])))
        .await
        .expect("it ends well");
    assert_eq!((gone.deleted, gone.skipped), (100, 1));
    assert_eq!(shop.all().await.len(), 0);
}
