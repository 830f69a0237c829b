//! Jobs that end in the middle, killed or stopped, and go on with their checkpoint.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use xano_metadata::ErrorKind;
use xano_metadata::records::{Action, LoadOptions};
use xano_metadata_tests::rows::{chunks, row, sku};

use crate::faults::trouble;
use crate::support::{File, Shape, Shop, options, rows};

/// A load in a process of its own, killed at some places and begun again, until it ends by itself. Answers its report.
fn killed(shop: &Shop, rows: u64, change: bool, options: &Value, seed: u64, kills: usize) -> Value {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut points: Vec<u64> = (0..kills).map(|_| random.u64(1..rows)).collect();
    points.sort_unstable();
    let mut order = json!({
        "url": shop.emulator.instance_url(), "token": shop.emulator.token(),
        "workspace": shop.workspace, "table": shop.table, "rows": rows, "change": change, "options": options,
    });
    let mut points = points.into_iter();
    loop {
        let point = points.next().unwrap_or(u64::MAX);
        // A source that does not end, lest the job ends between the look at it and the kill.
        order["endless"] = json!(point < u64::MAX);
        let mut child = Command::new(env!("CARGO_BIN_EXE_records_loader"))
            .arg(order.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut last = String::new();
        for line in BufReader::new(child.stdout.take().expect("its output")).lines() {
            last = line.expect("a line");
            if last.parse().is_ok_and(|done: u64| done >= point) {
                // SIGKILL: no handler, no last words.
                child.kill().expect("it is killed");
                break;
            }
        }
        let status = child.wait().expect("it ends");
        if point == u64::MAX {
            assert!(status.success() && last.contains("inserted"), "{status}: {last}");
            return serde_json::from_str(&last).expect("a report");
        }
    }
}

const ROWS: u64 = 6_000;

/// Five kills and a fault in one of ten requests; everything is there once, and the report counts over all runs.
async fn survives(shape: Shape, mut options: Value, seed: u64) {
    let shop = Shop::new(shape).await;
    shop.faults(&trouble(seed));
    let file = File::new("job.json");
    options["checkpoint"] = json!(file.0);
    options["batch_rows"] = json!(50);
    options["settle"] = json!(0.02);
    let report = killed(&shop, ROWS, false, &options, seed, 5);
    shop.end_faults();
    assert_eq!(
        (&report["read"], &report["inserted"]),
        (&json!(ROWS), &json!(ROWS)),
        "{report}"
    );
    assert_eq!(
        (&report["sent"], &report["failed"]),
        (&json!(ROWS), &json!(0)),
        "{report}"
    );
    shop.must_hold(1..=ROWS, row).await;
    assert_eq!(file.others(), 0, "the checkpoint and its lock are gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insert_of_numbered_rows_survives_being_killed() {
    survives(Shape::default(), json!({}), 21).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insert_with_made_ids_survives_being_killed() {
    let shape = Shape {
        uuids: true,
        ..Shape::default()
    };
    survives(shape, json!({}), 22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insert_with_a_key_survives_being_killed() {
    survives(Shape::default(), json!({"key": "sku"}), 23).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_and_a_delete_survive_being_killed() {
    let shape = Shape {
        unique: true,
        ..Shape::default()
    };
    let shop = Shop::new(shape).await;
    shop.load(options(), chunks((1..=ROWS).step_by(2), row))
        .await
        .expect("they are stored");
    let file = File::new("job.json");
    let options =
        |action: &str| json!({"action": action, "key": "sku", "checkpoint": file.0, "batch_rows": 50, "settle": 0.02});
    shop.faults(&trouble(24));
    let report = killed(&shop, ROWS, true, &options("upsert"), 24, 5);
    assert_eq!(
        (&report["read"], &report["failed"]),
        (&json!(ROWS), &json!(0)),
        "{report}"
    );
    assert_eq!(
        (&report["inserted"], &report["updated"]),
        (&json!(ROWS / 2), &json!(ROWS / 2)),
        "{report}"
    );
    shop.end_faults();
    let changed = |number| {
        let mut row = row(number);
        row["price"] = json!(number);
        row
    };
    shop.must_hold(1..=ROWS, changed).await;

    shop.faults(&trouble(25));
    let report = killed(&shop, ROWS - 10, false, &options("delete"), 25, 5);
    assert_eq!(
        (&report["deleted"], &report["failed"]),
        (&json!(ROWS - 10), &json!(0)),
        "{report}"
    );
    shop.end_faults();
    shop.must_hold(ROWS - 9..=ROWS, changed).await;
    assert_eq!(file.others(), 0);
}

fn with_file(file: &File) -> LoadOptions {
    LoadOptions {
        checkpoint: Some(file.0.clone()),
        concurrency: 3,
        ..options()
    }
}

/// Loads until the token has gone, and answers how many rows are stored.
async fn interrupted(shop: &Shop, options: &LoadOptions, rows: u64) -> u64 {
    shop.faults(&json!({"kind": "token_expired", "path": "**/bulk", "after": 5}));
    let error = shop
        .load(options.clone(), chunks(1..=rows, row))
        .await
        .expect_err("the token is gone");
    assert_eq!(error.kind(), ErrorKind::Authentication);
    shop.end_faults();
    error.report().expect("a report").inserted
}

#[tokio::test]
async fn another_source_is_refused_before_anything_is_sent() {
    let shop = Shop::new(Shape::default()).await;
    let file = File::new("job.json");
    let options = LoadOptions {
        concurrency: 1,
        ..with_file(&file)
    };
    let stored = interrupted(&shop, &options, 1_000).await;
    assert_eq!(stored, 500);
    let state = || {
        let text = std::fs::read(&file.0).expect("a checkpoint");
        let mut state: Value = serde_json::from_slice(&text).expect("JSON");
        state["ledger"]["seconds"] = json!(null);
        state
    };
    let kept = state();
    let sent = shop.sent("/bulk").len();

    let other = |number| {
        if number == 77 {
            json!({"sku": sku(77)})
        } else {
            row(number)
        }
    };
    let error = shop
        .load(options.clone(), chunks(1..=1_000, other))
        .await
        .expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error
            .message()
            .contains("not the one that the checkpoint belongs to: its first 500 rows"),
        "{error}"
    );
    let error = shop
        .load(options.clone(), chunks(1..=400, row))
        .await
        .expect_err("refused");
    assert!(
        error.message().contains("it has 400 rows, but 500 were read"),
        "{error}"
    );
    let update = LoadOptions {
        action: Action::Update,
        key: Some("sku".into()),
        ..options.clone()
    };
    let error = shop.load(update, chunks(1..=1_000, row)).await.expect_err("refused");
    assert!(
        error.message().contains("its action is insert, and this one's update"),
        "{error}"
    );
    assert_eq!(shop.sent("/bulk").len(), sent);
    assert_eq!(state(), kept);

    // With the right source, and other batches, it goes on.
    let larger = LoadOptions {
        batch_rows: 333,
        ..options
    };
    let report = shop.load(larger, chunks(1..=1_000, row)).await.expect("it ends well");
    assert_eq!((report.read, report.inserted, report.sent), (1_000, 1_000, 1_000));
    shop.must_hold(1..=1_000, row).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_done_ahead_must_be_the_same_as_well() {
    let shape = Shape {
        unique: true,
        ..Shape::default()
    };
    let shop = Shop::new(shape).await;
    shop.load(options(), rows([row(5_000)])).await.expect("it is stored");
    let file = File::new("job.json");
    // The second to fourth batch are under way together; the second has a bad row.
    shop.faults(&json!({"kind": "latency", "ms": 150, "path": "**/bulk"}));
    let with = |changed: u64| {
        move |number| {
            let mut row = row(number);
            match number {
                150 if changed != 150 => row["sku"] = json!(sku(5_000)),
                number if number == changed && number != 150 => row["price"] = json!(1),
                _ => {}
            }
            row
        }
    };
    let error = shop
        .load(with_file(&file), chunks(1..=400, with(0)))
        .await
        .expect_err("it stops");
    assert_eq!(
        (error.row(), error.report().expect("a report").inserted),
        (Some(150), 349)
    );
    let error = shop
        .load(with_file(&file), chunks(1..=400, with(250)))
        .await
        .expect_err("refused");
    assert!(
        error.message().contains("rows 201 to 300 are not what they were"),
        "{error}"
    );
    // Rows that are not done may be mended.
    let report = shop
        .load(with_file(&file), chunks(1..=400, with(150)))
        .await
        .expect("it ends well");
    assert_eq!((report.read, report.inserted, report.sent), (400, 400, 400));
    shop.must_hold((1..=400).chain([5_000]), row).await;
}

#[tokio::test]
async fn a_job_that_was_given_up_goes_on() {
    let shop = Shop::new(Shape::default()).await;
    let file = File::new("job.json");
    let mut given_up = 0;
    loop {
        let job = shop.records().load(with_file(&file)).expect("a job");
        let feeding = async {
            for rows in chunks(1..=2_000, row) {
                job.feed(rows).await;
            }
            job.end_feed();
        };
        let mark = 500 * (given_up + 1);
        let watching = async {
            // Every state between two looks is one in which the job may be given up.
            while !job.is_done() && job.progress().rows < mark {
                tokio::task::yield_now().await;
            }
            if !job.is_done() && given_up < 3 {
                job.cancel();
            }
        };
        tokio::join!(feeding, watching);
        match job.wait().await {
            Ok(report) => {
                assert_eq!((report.inserted, report.read), (2_000, 2_000));
                break;
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Cancelled),
        }
        given_up += 1;
    }
    assert_eq!(given_up, 3);
    shop.must_hold(1..=2_000, row).await;
    assert_eq!(file.others(), 0);
}

#[tokio::test]
async fn a_second_job_is_kept_from_the_same_checkpoint() {
    let shop = Shop::new(Shape::default()).await;
    let file = File::new("job.json");
    let first = shop.records().load(with_file(&file)).expect("a job");
    for rows in chunks(1..=600, row) {
        first.feed(rows).await;
    }
    while first.progress().rows < 100 {
        tokio::task::yield_now().await;
    }
    let error = shop
        .load(with_file(&file), chunks(1..=600, row))
        .await
        .expect_err("refused");
    assert!(error.message().contains("in use by another job"), "{error}");
    first.end_feed();
    assert_eq!(first.wait().await.expect("it ends well").inserted, 600);
}

/// The bad row is mended in the source, and the job goes on with it; batches that were under way behind it count.
#[tokio::test]
async fn a_job_that_stopped_at_a_bad_row_goes_on_when_it_is_mended() {
    let shape = Shape {
        unique: true,
        ..Shape::default()
    };
    let shop = Shop::new(shape).await;
    shop.load(options(), chunks(5_000..=5_000, row))
        .await
        .expect("it is stored");
    let file = File::new("job.json");
    // A row that the server refuses, and one that is found bad here.
    for (mended, bad) in [(0, 345), (345, 780)] {
        let make = |number| {
            let mut row = row(number);
            match number {
                345 if mended < 345 => row["sku"] = json!(sku(5_000)),
                780 => row["sku"] = json!(7),
                _ => {}
            }
            row
        };
        let error = shop
            .load(with_file(&file), chunks(1..=1_000, make))
            .await
            .expect_err("it stops");
        assert_eq!(error.row(), Some(bad), "{error}");
        let report = error.report().expect("a report");
        assert_eq!(report.failures[0].row, bad);
        // The table has what the report says, and nothing of the bad row.
        assert_eq!(shop.all().await.len() as u64, report.inserted + 1);
    }
    let report = shop
        .load(with_file(&file), chunks(1..=1_000, row))
        .await
        .expect("it ends well");
    assert_eq!((report.read, report.inserted, report.failed), (1_000, 1_000, 0));
    shop.must_hold((1..=1_000).chain([5_000]), row).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_rows_are_told_once_over_all_runs() {
    let shape = Shape {
        unique: true,
        ..Shape::default()
    };
    let shop = Shop::new(shape).await;
    // Every hundredth row is there already.
    shop.load(options(), chunks((100..=2_000).step_by(100), row))
        .await
        .expect("they are stored");
    shop.faults(&trouble(31));
    let file = File::new("job.json");
    let options = json!({"checkpoint": file.0, "on_error": "collect", "batch_rows": 50, "settle": 0.02});
    let report = killed(&shop, 2_000, false, &options, 31, 5);
    shop.end_faults();
    let failed: Vec<u64> = report["failures"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|failure| failure["row"].as_u64().expect("a number"))
        .collect();
    assert_eq!(failed, (100..=2_000).step_by(100).collect::<Vec<_>>());
    assert_eq!(
        (&report["inserted"], &report["failed"]),
        (&json!(1_980), &json!(20)),
        "{report}"
    );
    shop.must_hold(1..=2_000, row).await;
}
