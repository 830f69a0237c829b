//! Reading records from servers that do not do as they should, and giving it up.

use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use xano_metadata::Error;
use xano_metadata::records::{ReadOptions, Reader, Records};

use crate::support::{Act, Mock};

fn options(page_size: u32, prefetch: usize) -> ReadOptions {
    ReadOptions {
        page_size,
        prefetch,
        ..ReadOptions::default()
    }
}

fn read(mock: &Mock, options: ReadOptions) -> Reader {
    let connection = mock.client().instance_at(&mock.url(), None).expect("a connection");
    Records::new(connection, 1, 7).read(options)
}

/// A page of rows with these ids, which are JSON texts.
fn page(ids: &[&str], total: u64, next: Option<u64>) -> Act {
    let items: Vec<String> = ids
        .iter()
        .map(|id| format!(r#"{{"name":{{"id":0}},"id":{id}}}"#))
        .collect();
    let items = items.join(",");
    let next = json!(next);
    Act::json(
        200,
        &format!(r#"{{"itemsTotal":{total},"nextPage":{next},"items":[{items}]}}"#),
    )
}

/// The ids of all rows.
async fn ids(reader: &mut Reader) -> Result<Vec<Value>, Error> {
    let mut ids = Vec::new();
    while let Some(page) = reader.next().await? {
        let rows: Vec<Value> = serde_json::from_slice(&page.items).expect("rows");
        ids.extend(rows.iter().map(|row| row["id"].clone()));
    }
    Ok(ids)
}

/// What was asked for, one search after the other.
fn searches(mock: &Mock) -> Vec<Value> {
    let bodies = mock.seen();
    bodies
        .iter()
        .map(|seen| serde_json::from_str(seen.text()).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn rows_that_were_not_asked_for_are_refused() {
    let first = || page(&["1", "2"], 9, Some(2));
    let last = || page(&["9"], 9, Some(2));
    let rows = [
        vec![page(&["2", "1"], 2, None)],
        vec![page(&["1", "1"], 2, None)],
        vec![first(), last(), page(&["2", "3"], 7, Some(2))],
        vec![first(), last(), page(&["3", "10"], 7, Some(2))],
        vec![first(), last(), page(&["4", "3"], 7, Some(2))],
        vec![first(), last(), page(&["3", "\"b\""], 7, Some(2))],
    ];
    for script in rows {
        let mock = Mock::start(script.clone()).await;
        let mut reader = read(&mock, options(2, 1));
        let error = ids(&mut reader).await.expect_err("rows that were not asked for");
        assert_eq!(error.code(), "decode_error", "{script:?}");
        assert_eq!(error.operation(), Some("instance.workspace.table.records.search"));
        assert!(
            error.to_string().contains("in rising order, and others came"),
            "{error}"
        );
        assert_eq!(mock.seen().len(), script.len());
        assert!(reader.next().await.expect("it has ended").is_none());
    }
}

#[tokio::test]
async fn rows_without_a_usable_id_are_refused() {
    for (body, words) in [
        (r#"{"items":[{"name":1}]}"#, "without an id"),
        (r#"{"items":[7]}"#, "without an id"),
        (r#"{"items":[{"id":null}]}"#, "neither a whole number nor a text"),
        (r#"{"items":[{"id":1.5}]}"#, "neither a whole number nor a text"),
        (r#"{"items":{}}"#, "not a page"),
        ("<html>", "not a page"),
    ] {
        let mock = Mock::start([Act::json(200, body)]).await;
        let error = ids(&mut read(&mock, options(2, 1))).await.expect_err(body);
        assert_eq!(error.code(), "decode_error", "{body}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn numbers_in_quotation_marks_are_ids_like_others() {
    let mock = Mock::start([
        page(&["\"9\"", "\"10\""], 3, Some(2)),
        page(&["\"11\""], 3, Some(2)),
        page(&["\"11\""], 1, None),
    ])
    .await;
    let all = ids(&mut read(&mock, options(2, 1))).await.expect("rows");
    assert_eq!(all, [json!("9"), json!("10"), json!("11")]);
    assert_eq!(searches(&mock)[2]["search"], json!([{"id|>": 10}, {"id|<": 12}]));
}

#[tokio::test]
async fn a_server_that_gives_smaller_pages_is_read_in_those() {
    let mock = Mock::start([
        page(&["1", "2"], 5, Some(2)),
        page(&["5"], 5, Some(2)),
        page(&["3", "4"], 2, None),
        page(&["5"], 1, None),
    ])
    .await;
    let all = ids(&mut read(&mock, options(100, 1))).await.expect("rows");
    assert_eq!(all, [1, 2, 3, 4, 5].map(Value::from));
    let sizes: Vec<Value> = searches(&mock)
        .iter()
        .map(|search| search["per_page"].clone())
        .collect();
    assert_eq!(sizes, [100, 1, 2, 2].map(Value::from));
}

#[tokio::test]
async fn a_raw_search_goes_out_to_the_letter() {
    let search = r#"{"price|>": 1.10000000000000000001}"#;
    let mut options = options(1, 1);
    options.search = Some(RawValue::from_string(search.to_owned()).expect("JSON"));
    let mock = Mock::start([
        page(&["1"], 2, Some(2)),
        page(&["9"], 2, Some(2)),
        page(&["9"], 1, None),
    ])
    .await;
    assert_eq!(ids(&mut read(&mock, options)).await.expect("rows").len(), 2);
    let seen = mock.seen();
    assert!(
        seen[0].text().contains(&format!(r#""search":{search}"#)),
        "{}",
        seen[0].text()
    );
    let narrowed = format!(r#""search":[{search},{{"id|>":1}},{{"id|<":10}}]"#);
    assert!(seen[2].text().contains(&narrowed), "{}", seen[2].text());
}

#[tokio::test]
async fn totals_that_never_agree_are_told_after_three_walks() {
    let walk = |total| [page(&["\"a\"", "\"b\""], total, Some(2)), page(&["\"c\""], 3, None)];
    let mock = Mock::start([walk(4), walk(2), walk(4)].concat()).await;
    let mut reader = read(&mock, options(2, 1));
    let first = reader.next().await.expect("rows").expect("rows");
    assert_eq!((first.count, first.total), (2, Some(4)));
    let second = reader.next().await.expect("rows").expect("rows");
    assert_eq!(second.count, 1);
    let error = reader.next().await.expect_err("totals that never agree");
    assert_eq!(error.code(), "record_error");
    assert!(
        error.to_string().contains("changes faster than it can be read"),
        "{error}"
    );
    assert!(error.to_string().contains("quiet time"), "{error}");
    assert_eq!(mock.seen().len(), 6);
}

#[tokio::test]
async fn dropping_a_read_gives_up_what_is_under_way() {
    let mock = Mock::start([
        page(&["1", "2"], 90, Some(2)),
        page(&["90"], 90, Some(2)),
        page(&["3", "4"], 2, None),
        Act::Silence,
        Act::Silence,
    ])
    .await;
    let client = mock.client();
    let connection = client.instance_at(&mock.url(), None).expect("a connection");
    let mut reader = Records::new(connection, 1, 7).read(options(2, 3));
    reader.next().await.expect("rows");
    let next = tokio::time::timeout(Duration::from_secs(5), reader.next());
    assert!(
        next.await.is_ok_and(|rows| rows.is_ok()),
        "the stretch that was answered"
    );
    mock.until_seen(5).await;
    drop(reader);
    drop(client);
    tokio::time::timeout(Duration::from_secs(5), mock.until_all_closed())
        .await
        .expect("the requests were dropped");
}

#[tokio::test]
async fn giving_up_a_wait_loses_nothing() {
    let mock = Mock::start([
        Act::Silence,
        page(&["1", "2"], 3, Some(2)),
        page(&["3"], 3, Some(2)),
        page(&["3"], 1, None),
    ])
    .await;
    let mut reader = read(&mock, options(2, 1));
    tokio::select! {
        rows = reader.next() => panic!("a silent server answered: {rows:?}"),
        () = mock.until_seen(1) => {}
    }
    assert_eq!(ids(&mut reader).await.expect("rows"), [1, 2, 3].map(Value::from));
}
