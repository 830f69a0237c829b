//! Loading rows into servers that do other than the emulator: that number rows oddly, take half a batch, change values,
//! come late, or answer in another shape.

use serde_json::{Value, json};
use xano_metadata::Error;
use xano_metadata::records::{Action, LoadOptions, OnError, Records, Report, Rows};

use crate::support::{Act, Mock};

fn options() -> LoadOptions {
    LoadOptions {
        batch_rows: 2,
        concurrency: 1,
        settle: 0.0,
        ..LoadOptions::default()
    }
}

/// Loads rows of a name and a quantity, one for each letter, and answers what was posted as well.
async fn load(mock: &Mock, options: LoadOptions, letters: &str) -> (Result<Report, Error>, Vec<Value>) {
    let connection = mock.client().instance_at(&mock.url(), None).expect("a connection");
    let job = Records::new(connection, 1, 7).load(options).expect("a job");
    let mut rows = Rows::new();
    for (place, letter) in letters.chars().enumerate() {
        let mut row = json!({"name": letter, "qty": place});
        if letter.is_ascii_digit() {
            row = json!({"id": letter.to_digit(10), "qty": place});
        }
        rows.push(row.to_string().as_bytes());
    }
    job.feed(rows).await;
    job.end_feed();
    let report = job.wait().await;
    let posted = mock.seen().into_iter().filter(|seen| seen.method == "POST");
    let posted = posted
        .map(|seen| serde_json::from_str(seen.text()).expect("JSON"))
        .collect();
    (report, posted)
}

fn columns() -> Act {
    let columns = json!([
        {"name": "id", "type": "int"},
        {"name": "name", "type": "text"},
        {"name": "qty", "type": "int"},
    ]);
    Act::json(200, &columns.to_string())
}

/// A page of records, each an id, a name and a quantity.
fn page(records: &[(i64, &str, i64)]) -> Act {
    let items: Vec<Value> = records
        .iter()
        .map(|(id, name, qty)| json!({"id": id, "name": name, "qty": qty}))
        .collect();
    Act::json(200, &json!({"items": items, "nextPage": null}).to_string())
}

fn ids(ids: &[i64]) -> Act {
    Act::json(200, &json!(ids).to_string())
}

fn no_indexes() -> Act {
    Act::json(200, "[]")
}

/// The requests that add rows, by their quantities.
fn added(posted: &[Value]) -> Vec<Vec<i64>> {
    let items = posted.iter().filter_map(|body| body["items"].as_array());
    items
        .map(|items| {
            items
                .iter()
                .map(|item| item["qty"].as_i64().expect("a number"))
                .collect()
        })
        .collect()
}

/// Somebody once chose the id 1,000,000 while the server itself has come to 5: the ids that come up are below.
#[tokio::test]
async fn before_the_first_answer_the_servers_numbers_may_be_anywhere() {
    let start = || {
        vec![
            columns(),
            page(&[(1_000_000, "z", 9)]),
            Act::Reset,
            no_indexes(),
            page(&[]),
            page(&[]),
        ]
    };
    let there = start().into_iter().chain([page(&[(6, "a", 0)])]);
    let mock = Mock::start(there).await;
    let (report, posted) = load(&mock, options(), "ab").await;
    let error = report.expect_err("it may be ours");
    assert!(
        error.outcome_unknown() && error.message().contains("the id 6 equals one of them"),
        "{error}"
    );
    assert_eq!(added(&posted), [[0, 1]]);
    assert_eq!(
        posted.last().expect("a search")["search"],
        json!({"name": "a", "qty": 0, "id|<": 1_000_001})
    );

    let absent = start()
        .into_iter()
        .chain([page(&[]), ids(&[6, 7]), Act::Reset, page(&[(6, "a", 0), (7, "b", 1)])]);
    // From the first answer on, what comes up is looked for behind it.
    let mock = Mock::start(absent.chain([page(&[(8, "c", 2), (9, "d", 3)])])).await;
    let (report, posted) = load(&mock, options(), "abcd").await;
    assert_eq!(report.expect("it ends well").inserted, 4);
    assert_eq!(added(&posted), [[0, 1], [0, 1], [2, 3]]);
    assert_eq!(posted.last().expect("a search")["search"], json!({"id|>": 7}));
}

#[tokio::test]
async fn a_server_that_takes_half_of_what_it_refuses_is_found_out() {
    let refusal = || Act::json(400, r#"{"code":"ERROR_CODE_INPUT_ERROR","message":"No.","payload":""}"#);
    let mock = Mock::start([columns(), page(&[]), refusal(), no_indexes(), page(&[(1, "a", 0)])]).await;
    let (report, posted) = load(&mock, options(), "ab").await;
    let error = report.expect_err("it cannot be told");
    assert!(
        error.outcome_unknown() && error.message().contains("rows 1–2"),
        "{error}"
    );
    assert_eq!(added(&posted), [[0, 1]]);

    // One that takes nothing is looked into once.
    let script = [
        columns(),
        page(&[]),
        refusal(),
        no_indexes(),
        page(&[]),
        ids(&[1]),
        refusal(),
        refusal(),
        ids(&[2]),
        ids(&[3]),
    ];
    let mock = Mock::start(script).await;
    let collect = LoadOptions {
        on_error: OnError::Collect,
        ..options()
    };
    let (report, posted) = load(&mock, collect, "abcd").await;
    let report = report.expect("it ends");
    assert_eq!((report.inserted, report.failed, report.failures[0].row), (3, 1, 2));
    assert_eq!(
        added(&posted),
        [vec![0, 1], vec![0], vec![1], vec![2, 3], vec![2], vec![3]]
    );
}

#[tokio::test]
async fn columns_that_the_server_changes_are_no_evidence() {
    let script = [
        columns(),
        page(&[]),
        ids(&[1, 2]),
        Act::Reset,
        no_indexes(),
        // What became of the rows that were answered: names in capitals.
        page(&[(1, "A", 0), (2, "B", 1)]),
        page(&[(3, "C", 2), (4, "D", 3)]),
    ];
    let mock = Mock::start(script).await;
    let (report, posted) = load(&mock, options(), "abcd").await;
    assert_eq!(report.expect("it ends well").inserted, 4);
    assert_eq!(added(&posted), [[0, 1], [2, 3]]);
}

#[tokio::test]
async fn what_comes_late_is_seen_at_the_second_look() {
    let late = [
        columns(),
        page(&[]),
        Act::Reset,
        no_indexes(),
        page(&[]),
        page(&[(1, "a", 0), (2, "b", 1)]),
    ];
    let mock = Mock::start(late).await;
    let (report, posted) = load(&mock, options(), "ab").await;
    assert_eq!(report.expect("it ends well").inserted, 2);
    assert_eq!(added(&posted), [[0, 1]]);
}

#[tokio::test]
async fn an_answer_of_another_shape_is_no_answer() {
    for odd in ["{}", "null", "[1]", "[1,2,3]", "[1,null]", "[1,"] {
        let mock = Mock::start([
            columns(),
            page(&[]),
            Act::json(200, odd),
            no_indexes(),
            page(&[(1, "a", 0), (2, "b", 1)]),
        ])
        .await;
        let (report, posted) = load(&mock, options(), "ab").await;
        assert_eq!(report.expect("it ends well").inserted, 2, "{odd}");
        assert_eq!(added(&posted).len(), 1, "{odd}");
    }
}

/// The second of three is left alone without a reason, the third is not there; an answer that says nothing is no answer.
#[tokio::test]
async fn rows_that_an_answer_leaves_out_are_looked_for() {
    for (action, operation) in [(Action::Update, "updated"), (Action::Delete, "deleted")] {
        let odd = Act::json(200, "{}");
        let answer = Act::json(200, r#"{"success":["1"],"success_total":1,"error":["2","3"]}"#);
        let mock = Mock::start([columns(), odd, answer, page(&[(2, "b", 1)])]).await;
        let change = LoadOptions {
            action,
            batch_rows: 3,
            on_error: OnError::Collect,
            ..options()
        };
        let (report, posted) = load(&mock, change, "123").await;
        let report = report.expect("it ends");
        // Of what is gone at the second try nobody knows whether the first one did it.
        let counts = (
            report.updated,
            report.deleted,
            report.skipped,
            report.failed,
            report.retried,
        );
        let expected = if action == Action::Update {
            (1, 0, 1, 1, 1)
        } else {
            (0, 2, 0, 1, 1)
        };
        assert_eq!(counts, expected, "{operation}");
        assert!(
            report.failures[0].row == 2 && report.failures[0].reason.contains("left the record as it is"),
            "{report:?}"
        );
        assert_eq!(posted[0], posted[1]);
    }
}

/// Requests that never come through end the job, which knows that nothing of the batch is there.
#[tokio::test]
async fn a_server_that_never_takes_a_batch_ends_the_job() {
    let tries = (0..11).flat_map(|round| {
        let indexes = (round == 0).then(no_indexes);
        [Act::Reset].into_iter().chain(indexes).chain([page(&[]), page(&[])])
    });
    let mock = Mock::start([columns(), page(&[])].into_iter().chain(tries)).await;
    let (report, posted) = load(&mock, options(), "ab").await;
    let error = report.expect_err("it gives up");
    assert!(
        error.message().contains("Rows 1–2 could not be stored") && !error.outcome_unknown(),
        "{error}"
    );
    assert_eq!(
        (added(&posted).len(), error.report().expect("a report").retried),
        (11, 10)
    );
}
