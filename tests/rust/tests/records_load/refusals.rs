//! Rows that cannot be stored: each is named with its column and reason, and the others are not hurt.

use serde_json::{Value, json};
use xano_metadata::ErrorKind;
use xano_metadata::records::{Action, LoadOptions, OnError, Rows, Trouble};
use xano_metadata_tests::rows::{chunks, row, sku};

use crate::support::{Shape, Shop, options, rows};

const UNIQUE: Shape = Shape {
    uuids: false,
    unique: true,
};

fn collecting() -> LoadOptions {
    LoadOptions {
        on_error: OnError::Collect,
        ..options()
    }
}

/// Row `number` with something put in place of what it has.
fn with(number: u64, column: &str, value: Value) -> Value {
    let mut row = row(number);
    row[column] = value;
    row
}

#[tokio::test]
async fn a_job_that_stops_names_the_row_and_sends_nothing_behind_it() {
    let shop = Shop::new(UNIQUE).await;
    let mut lacking = row(150);
    lacking.as_object_mut().expect("an object").remove("sku");
    for (bad, column, words) in [
        (with(150, "colour", json!("red")), "colour", "There is no such column"),
        (
            with(150, "stock", json!("many")),
            "stock",
            "It must be a whole number, but is \"many\".",
        ),
        (lacking, "sku", "It is missing"),
    ] {
        let make = |number| if number == 150 { bad.clone() } else { row(number) };
        let error = shop
            .load(options(), chunks(1..=1000, make))
            .await
            .expect_err("it stops");
        assert_eq!((error.kind(), error.code()), (ErrorKind::Record, "record_error"));
        assert_eq!((error.row(), error.column()), (Some(150), Some(column)));
        assert!(
            error.message().starts_with(&format!("Row 150, column {column}: ")),
            "{error}"
        );
        assert!(error.message().contains(words), "{error}");
        let report = error.report().expect("a report");
        assert_eq!((report.inserted, report.sent, report.failed), (100, 100, 1));
        assert_eq!(
            (report.failures[0].row, report.failures[0].column.as_deref()),
            (150, Some(column))
        );
        assert!(
            report.failures[0]
                .record
                .as_ref()
                .expect("the row")
                .contains(&row(150)["sold_at"].to_string())
        );
        shop.must_hold(1..=100, row).await;
        let all = LoadOptions {
            action: Action::Delete,
            key: Some("sku".into()),
            ..options()
        };
        shop.load(all, chunks(1..=100, row)).await.expect("they are deleted");
    }
}

#[tokio::test]
async fn a_row_that_the_server_refuses_stops_the_job_with_its_reason() {
    let shop = Shop::new(UNIQUE).await;
    shop.load(options(), rows([row(250)])).await.expect("it is stored");
    let error = shop.load(options(), chunks(1..=300, row)).await.expect_err("it stops");
    assert_eq!(
        (error.kind(), error.row(), error.column()),
        (ErrorKind::Record, Some(250), Some("sku"))
    );
    assert!(error.message().contains("The server refused it"), "{error}");
    let source = std::error::Error::source(&error)
        .expect("the server's answer")
        .to_string();
    assert!(source.contains("409"), "{source}");
    let report = error.report().expect("a report");
    // What stands before it in its batch is stored, what stands behind it is not.
    assert_eq!((report.inserted, report.sent, report.failed), (249, 250, 1));
    shop.must_hold(1..=250, row).await;
}

#[tokio::test]
async fn a_collecting_job_stores_the_good_rows_and_tells_the_others() {
    let shop = Shop::new(UNIQUE).await;
    shop.load(options(), chunks(700..=702, row))
        .await
        .expect("they are stored");
    let mut source: Vec<Rows> = chunks(1..=900, |number| match number {
        3 => with(3, "colour", json!("red")),
        // No key is given, so only the server sees that it was there before.
        77 => with(77, "sku", json!(sku(5))),
        400 => with(400, "price", json!("1.5")),
        _ => row(number),
    })
    .collect();
    source[0].push_refused(Trouble::at("price", "It is NaN, which JSON has no word for."));
    let cell = "x".repeat(50 << 20);
    source[0].push(with(0, "name", json!(cell)).to_string().as_bytes());
    let report = shop.load(collecting(), source).await.expect("it ends");
    // The first chunk ends at 300; rows 301 and 302 are the two that were put behind it.
    let failures: Vec<_> = report
        .failures
        .iter()
        .map(|failure| (failure.row, failure.column.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(
        failures,
        [
            (3, "colour"),
            (77, "sku"),
            (301, "price"),
            (302, "name"),
            (402, "price"),
            (702, "sku"),
            (703, "sku"),
            (704, "sku"),
        ]
    );
    assert_eq!((report.read, report.inserted, report.failed), (902, 894, 8));
    assert_eq!(report.sent, 894 + 4);
    let reason = |row: u64| {
        let failure = report
            .failures
            .iter()
            .find(|failure| failure.row == row)
            .expect("a failure");
        (failure.reason.clone(), failure.record.clone())
    };
    assert_eq!(reason(301), ("It is NaN, which JSON has no word for.".to_owned(), None));
    assert!(reason(302).0.contains("50 MiB"), "{}", reason(302).0);
    assert!(reason(302).1.expect("the row").len() < 2100);
    assert!(
        reason(77).0.contains("Another record has the same value"),
        "{}",
        reason(77).0
    );
    assert!(!reason(77).0.contains("items["), "{}", reason(77).0);
    let bad = [3, 77, 400];
    shop.must_hold((1..=900).filter(|number| !bad.contains(number)), row)
        .await;
}

#[tokio::test]
async fn bad_rows_are_found_on_servers_that_do_not_name_them() {
    let shop = Shop::new(UNIQUE).await;
    shop.load(options(), rows([row(30), row(31), row(99)]))
        .await
        .expect("they are stored");
    // The server's own answer says items[n]; this one says nothing, once, and then something wrong.
    let words = json!({"code": "ERROR_CODE_INPUT_ERROR", "message": "No.", "payload": ""});
    let wrong = json!({"code": "ERROR_CODE_INPUT_ERROR", "message": "No. (in items[50])", "payload": {"param": "sku"}});
    let refusal = |body: &Value| json!({"kind": "status", "status": 400, "body": body, "path": "**/bulk", "times": 1});
    shop.faults(&json!({"rules": [refusal(&words), refusal(&wrong)]}));
    let report = shop.load(collecting(), chunks(1..=100, row)).await.expect("it ends");
    let failed: Vec<u64> = report.failures.iter().map(|failure| failure.row).collect();
    assert_eq!((failed, report.inserted), (vec![30, 31, 99], 97));
    shop.must_hold(1..=100, row).await;
}

#[tokio::test]
async fn updates_and_upserts_tell_what_was_refused_as_well() {
    let shop = Shop::new(UNIQUE).await;
    shop.load(options(), chunks(1..=50, row))
        .await
        .expect("they are stored");
    let ids: Vec<Value> = shop.all().await.iter().map(|record| record["id"].clone()).collect();
    let update = LoadOptions {
        action: Action::Update,
        ..collecting()
    };
    // The second takes the first's unique value; the last does not exist.
    let changes = ids.iter().enumerate().map(|(place, id)| match place {
        1 => json!({"id": id, "sku": sku(1)}),
        _ => json!({"id": id, "price": 1}),
    });
    let report = shop
        .load(update, rows(changes.chain([json!({"id": 9_999, "price": 1})])))
        .await
        .expect("it ends");
    assert_eq!((report.updated, report.skipped, report.failed), (49, 1, 1));
    assert_eq!(
        (report.failures[0].row, report.failures[0].column.as_deref()),
        (2, Some("sku"))
    );
    assert!(
        report.failures[0]
            .record
            .as_ref()
            .expect("the row")
            .starts_with("{\"id\":")
    );

    let upsert = LoadOptions {
        action: Action::Upsert,
        ..collecting()
    };
    let by_id = [
        json!({"id": ids[0], "price": 2}),
        json!({"id": 1_000, "sku": "new"}),
        json!({"id": 1_001, "price": 3}),
        json!({"id": 1_002, "sku": sku(3)}),
    ];
    let report = shop.load(upsert, rows(by_id)).await.expect("it ends");
    assert_eq!((report.updated, report.inserted, report.failed), (1, 1, 2));
    let failures: Vec<_> = report
        .failures
        .iter()
        .map(|failure| (failure.row, failure.column.as_deref()))
        .collect();
    assert_eq!(failures, [(3, Some("sku")), (4, Some("sku"))]);
    assert!(
        report.failures[0].reason.contains("a new record must have it"),
        "{report:?}"
    );
    let all = shop.all().await;
    assert_eq!(all.last().expect("a record")["id"], 1_000);
}

#[tokio::test]
async fn a_key_that_several_records_have_says_not_which_is_meant() {
    let shop = Shop::new(Shape::default()).await;
    shop.load(options(), rows([row(1), row(1), row(2)]))
        .await
        .expect("they are stored");
    for action in [Action::Update, Action::Upsert, Action::Delete] {
        let options = LoadOptions {
            action,
            key: Some("sku".into()),
            ..collecting()
        };
        let report = shop.load(options, rows([row(1), row(2)])).await.expect("it ends");
        assert_eq!((report.failed, report.failures[0].row), (1, 1), "{action:?}");
        assert!(
            report.failures[0].reason.starts_with("2 records have this value"),
            "{report:?}"
        );
    }
    assert_eq!(shop.all().await.len(), 2);
}

#[tokio::test]
async fn a_collecting_job_does_not_go_on_for_ever() {
    let shop = Shop::new(Shape::default()).await;
    let few = LoadOptions {
        max_failures: 10,
        concurrency: 1,
        ..collecting()
    };
    let bad = |number| {
        if number > 200 {
            with(number, "stock", json!("x"))
        } else {
            row(number)
        }
    };
    let error = shop.load(few, chunks(1..=5_000, bad)).await.expect_err("it stops");
    assert!(error.message().contains("More than 10 rows were refused"), "{error}");
    let report = error.report().expect("a report");
    assert_eq!((report.inserted, report.failures.len()), (200, 10));
    assert!(
        shop.sent("/bulk").iter().all(|body| body["items"][0].is_object()),
        "nothing empty is sent"
    );
    assert!(
        report.failed > 10 && report.read < 5_000,
        "{} of {}",
        report.failed,
        report.read
    );
}

#[tokio::test]
async fn what_is_not_about_rows_ends_the_job_at_once() {
    let shop = Shop::new(Shape::default()).await;
    shop.faults(&json!({"kind": "token_expired", "path": "**/bulk", "after": 3}));
    let one = LoadOptions {
        concurrency: 1,
        ..collecting()
    };
    let error = shop
        .load(one.clone(), chunks(1..=1_000, row))
        .await
        .expect_err("it ends");
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert_eq!(error.report().expect("a report").inserted, 300);
    shop.must_hold(1..=300, row).await;
    shop.end_faults();

    let elsewhere = shop.records().in_data_source("nowhere").load(one).expect("a job");
    for rows in chunks(1..=100, row) {
        elsewhere.feed(rows).await;
    }
    elsewhere.end_feed();
    let error = elsewhere.wait().await.expect_err("there is no such data source");
    assert_eq!(
        (error.kind(), error.param()),
        (ErrorKind::BadRequest, Some("x-data-source"))
    );
}

#[tokio::test]
async fn options_without_sense_are_refused_before_anything_is_sent() {
    let shop = Shop::new(Shape::default()).await;
    let before = shop.sent("").len();
    for (options, words) in [
        (
            LoadOptions {
                batch_rows: 0,
                ..options()
            },
            "batch_rows",
        ),
        (
            LoadOptions {
                batch_bytes: 0,
                ..options()
            },
            "batch_bytes",
        ),
        (
            LoadOptions {
                concurrency: 0,
                ..options()
            },
            "concurrency",
        ),
        (
            LoadOptions {
                settle: f64::NAN,
                ..options()
            },
            "settle",
        ),
    ] {
        let error = shop.records().load(options).expect_err("refused");
        assert!(
            error.kind() == ErrorKind::Config && error.message().contains(words),
            "{error}"
        );
    }
    assert_eq!(shop.sent("").len(), before);
}
