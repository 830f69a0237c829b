//! Reading tables while others change them, against the emulator.

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::watch;
use xano_metadata::Request;
use xano_metadata::records::{Order, ReadOptions, Search, Sort};

use support::{Place, body, next, numbers, page, rest};

#[tokio::test]
async fn small_tables_take_few_requests() {
    let place = Place::new("int").await;
    let mut reader = place.read(10, 12);
    assert_eq!(reader.total(), None);
    assert!(page(&mut reader).await.expect("an answer").is_none());
    assert_eq!((place.searches().len(), reader.total()), (1, Some(0)));
    for (rows, requests) in [(1, 1), (8, 1), (1, 2), (1, 3), (9, 3), (1, 4)] {
        place.add(rows).await;
        let ids = rest(&mut place.read(10, 12)).await.expect("rows");
        assert!(numbers(&ids).into_iter().eq((1..).take(ids.len())), "{ids:?}");
        assert_eq!(place.searches().len(), requests, "{} rows", ids.len());
    }
}

#[tokio::test]
async fn a_page_of_a_read_takes_a_request_and_the_end_one_more() {
    let place = Place::new("int").await;
    place.add(1000).await;
    place.searches();
    let mut reader = place.read(20, 12);
    let ids = rest(&mut reader).await.expect("rows");
    assert_eq!(numbers(&ids), (1..=1000).collect::<Vec<_>>());
    assert_eq!(reader.total(), Some(1000));
    let searches = place.searches();
    assert_eq!(searches.len(), 51);
    assert_eq!(searches[0], json!({"sort": [{"id": "asc"}], "page": 1, "per_page": 20}));
    let operators = ["id|>", "id|<"];
    for search in &searches {
        let conditions = search["search"].as_array().into_iter().flatten();
        let mut keys = conditions.flat_map(|condition| condition.as_object().expect("a map").keys());
        assert!(
            keys.all(|key| operators.contains(&key.as_str())),
            "only what is documented: {search}"
        );
        assert_eq!(search["page"], 1, "no page by its number");
    }
}

#[tokio::test]
async fn ids_far_apart_and_at_the_end_of_their_type_are_read() {
    let place = Place::new("int").await;
    let mut ids: Vec<i64> = (1..=10).map(|n| n * 100_000_000_000).collect();
    place.add_with_ids(ids.clone()).await;
    place.searches();
    assert_eq!(numbers(&rest(&mut place.read(1000, 12)).await.expect("rows")), ids);
    assert_eq!(place.searches().len(), 1);
    ids.extend(5_000_000_000_000_000..5_000_000_000_000_100);
    ids.extend([i64::MAX - 2, i64::MAX - 1]);
    place.add_with_ids(ids[10..].to_vec()).await;
    assert_eq!(numbers(&rest(&mut place.read(7, 5)).await.expect("rows")), ids);
}

#[tokio::test]
async fn deleting_what_was_read_moves_nothing_out_of_sight() {
    let place = Place::new("int").await;
    place.add(100).await;
    let gone: Vec<Value> = (1..=5).map(Value::from).collect();
    for order in [Order::Pages, Order::Stable] {
        let from = if order == Order::Pages { 1 } else { 6 };
        let mut reader = place.records().read(ReadOptions {
            order,
            page_size: 10,
            prefetch: 1,
            ..ReadOptions::default()
        });
        let first = numbers(&next(&mut reader).await);
        assert_eq!(first[0], from);
        if order == Order::Pages {
            place.delete(&gone).await;
            let after = numbers(&next(&mut reader).await);
            assert_eq!(
                after[0],
                first[9] + 6,
                "five rows are out of sight, which is why this is not the default"
            );
        } else {
            place.delete(&[json!(6), json!(7), json!(16)]).await;
            let mut ids = numbers(&next(&mut reader).await);
            place.delete(&[json!(18), json!(50), json!(100)]).await;
            place.add(3).await;
            ids.extend(numbers(&rest(&mut reader).await.expect("rows")));
            let stayed: Vec<i64> = (17..=99).filter(|id| *id != 50).collect();
            assert_eq!(
                ids, stayed,
                "what stayed comes once, and what was added behind the end is no part of it"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lives_throughout_comes_once_while_others_write() {
    let place = Arc::new(Place::new("int").await);
    for _ in 0..4 {
        place.add(5000).await;
    }
    let reading = Arc::new(AtomicBool::new(true));
    let (told, mut steps) = watch::channel(0_usize);
    let writer = tokio::spawn({
        let (place, reading) = (Arc::clone(&place), Arc::clone(&reading));
        async move {
            let mut alive: Vec<Value> = (1..=20_000).map(Value::from).collect();
            let mut gone: Vec<Value> = Vec::new();
            for step in 1.. {
                // Ten rows: both ends of the table, and eight anywhere.
                let mut chosen = vec![alive.remove(0), alive.pop().expect("a row")];
                chosen.extend((0..8).map(|n| alive.remove((step * 7919 + n * 2311) % (alive.len() - 100))));
                place.delete(&chosen).await;
                gone.extend(chosen);
                alive.extend(place.add(10).await);
                told.send_replace(step);
                if !reading.load(Ordering::SeqCst) {
                    break;
                }
            }
            gone
        }
    });
    let began = Instant::now();
    let mut reader = place.read(200, 4);
    let mut ids = Vec::new();
    let mut pages = 0;
    while let Some(rows) = page(&mut reader).await.expect("rows") {
        ids.extend(rows.into_iter().map(|row| row["id"].clone()));
        pages += 1;
        // The reader waits for the writer, so that changes are spread over all of the read.
        steps.wait_for(|step| *step >= pages).await.expect("a writer");
    }
    let took = began.elapsed();
    reading.store(false, Ordering::SeqCst);
    let gone = writer.await.expect("no panic");
    let seen: BTreeSet<i64> = numbers(&ids).into_iter().collect();
    assert_eq!(seen.len(), ids.len(), "no row twice");
    let gone: BTreeSet<i64> = numbers(&gone).into_iter().collect();
    let missed: Vec<i64> = (1..=20_000)
        .filter(|id| !gone.contains(id) && !seen.contains(id))
        .collect();
    assert!(missed.is_empty(), "missed: {missed:?}");
    println!(
        "{} rows deleted and as many inserted in {took:?} of reading",
        gone.len()
    );
    assert!(gone.len() >= 1000, "the writer was at work throughout");
}

#[tokio::test]
async fn uuids_are_read_by_pages_and_again_when_totals_disagree() {
    let place = Place::new("uuid").await;
    let mut ids = place.add(50).await;
    ids.sort_by_key(ToString::to_string);
    place.searches();
    assert_eq!(rest(&mut place.read(10, 4)).await.expect("rows"), ids);
    assert_eq!(place.searches().len(), 5);

    // A row on the first page goes, so a later one moves to a page that was read.
    let mut reader = place.read(10, 1);
    let mut seen = next(&mut reader).await;
    place.delete(&ids[..1]).await;
    seen.extend(rest(&mut reader).await.expect("rows"));
    seen.sort_by_key(ToString::to_string);
    assert_eq!(
        seen, ids,
        "the row that moved came in the second walk, and no row twice"
    );
}

#[tokio::test]
async fn searches_are_read_by_id_unless_they_hold_an_or() {
    let place = Place::new("int").await;
    place.add_with_ids(1..=100).await;
    place.searches();
    let options = |search: Search| ReadOptions {
        search: Some(search.to_raw().expect("a search")),
        page_size: 10,
        ..ReadOptions::default()
    };
    let between = Search::new().gt("id", 20).lt("id", 61).not_in("name", ["30", "31"]);
    let mut reader = place.records().read(options(between));
    let ids = numbers(&rest(&mut reader).await.expect("rows"));
    assert_eq!(ids, (21..=60).filter(|id| ![30, 31].contains(id)).collect::<Vec<_>>());
    assert_eq!(reader.total(), Some(38));
    let searches = place.searches();
    assert!(searches.len() <= 6, "{searches:?}");
    let conditions = searches[2]["search"].as_array().expect("a list");
    assert_eq!(conditions[..2], [json!({"id|>": 20}), json!({"id|<": 61})]);
    assert_eq!(conditions.len(), 5, "its own, and two bounds");

    let either = Search::new().lt("id", 16).or().gt("id", 95);
    let ids = numbers(&rest(&mut place.records().read(options(either))).await.expect("rows"));
    assert_eq!(ids, (1..16).chain(96..=100).collect::<Vec<_>>());
    let searches = place.searches();
    assert_eq!(searches.len(), 2);
    assert_eq!(
        searches[1]["search"],
        json!([{"id|<": 16}, {"id|>|or": 95}]),
        "nothing is added to it"
    );
    assert_eq!(
        (&searches[1]["page"], &searches[1]["sort"]),
        (&json!(2), &json!([{"id": "asc"}]))
    );
}

#[tokio::test]
async fn a_limit_asks_for_no_more_than_it_needs() {
    let place = Place::new("int").await;
    place.add(200).await;
    for order in [Order::Stable, Order::Pages] {
        for (limit, requests) in [(0, 0), (5, 1), (20, 1)] {
            let mut reader = place.records().read(ReadOptions {
                order,
                page_size: 20,
                limit: Some(limit),
                ..ReadOptions::default()
            });
            place.searches();
            assert_eq!(rest(&mut reader).await.expect("rows").len() as u64, limit);
            assert_eq!(place.searches().len(), requests, "{order:?} {limit}");
            assert_eq!(reader.total(), (limit > 0).then_some(limit));
        }
        let mut reader = place.records().read(ReadOptions {
            order,
            page_size: 20,
            limit: Some(50),
            ..ReadOptions::default()
        });
        assert_eq!(
            numbers(&rest(&mut reader).await.expect("rows")),
            (1..=50).collect::<Vec<_>>()
        );
        let most = if order == Order::Stable { 4 } else { 3 };
        assert_eq!(place.searches().len(), most, "{order:?}");
    }
}

#[tokio::test]
async fn an_order_is_read_by_pages() {
    let place = Place::new("int").await;
    place.add(30).await;
    place.searches();
    let mut reader = place.records().read(ReadOptions {
        order: Order::Pages,
        sort: Some(Sort::new().desc("id").to_raw().expect("an order")),
        page_size: 10,
        prefetch: 3,
        ..ReadOptions::default()
    });
    assert_eq!(
        numbers(&rest(&mut reader).await.expect("rows")),
        (1..=30).rev().collect::<Vec<_>>()
    );
    assert_eq!((place.searches().len(), reader.total()), (3, Some(30)));
}

#[tokio::test]
async fn what_cannot_be_read_is_told_before_anything_is_sent() {
    let place = Place::new("int").await;
    place.searches();
    let search = |text: &str| Some(RawValue::from_string(text.to_owned()).expect("JSON"));
    let rows = [
        (
            ReadOptions {
                page_size: 0,
                ..ReadOptions::default()
            },
            "1 to 10000",
        ),
        (
            ReadOptions {
                page_size: 10_001,
                ..ReadOptions::default()
            },
            "1 to 10000",
        ),
        (
            ReadOptions {
                prefetch: 0,
                ..ReadOptions::default()
            },
            "at least 1",
        ),
        (
            ReadOptions {
                sort: search(r#"{"name":"asc"}"#),
                ..ReadOptions::default()
            },
            "order \"pages\"",
        ),
        (
            ReadOptions {
                search: search("7"),
                ..ReadOptions::default()
            },
            "A search is an object",
        ),
    ];
    for (options, words) in rows {
        let mut reader = place.records().read(options);
        let error = reader.next().await.expect_err(words);
        assert_eq!(error.code(), "config_error");
        assert!(error.to_string().contains(words), "{error}");
        assert!(reader.next().await.expect("it has ended").is_none());
    }
    assert_eq!(place.searches(), Vec::<Value>::new());
}

#[tokio::test]
async fn an_error_comes_in_its_order_and_ends_the_read() {
    let place = Place::new("int").await;
    place.add(400).await;
    let fault = json!({"kind": "status", "status": 403, "path": "**/search", "after": 9, "times": 1});
    place.emulator.control("POST", "/faults", &fault);
    let mut reader = place.read(20, 6);
    let mut ids = Vec::new();
    let error = loop {
        match page(&mut reader).await {
            Ok(Some(rows)) => ids.extend(rows.into_iter().map(|row| row["id"].as_i64().expect("a number"))),
            Ok(None) => panic!("a page is missing"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.status(), Some(403));
    assert!(ids.len() < 400, "{ids:?}");
    assert!(
        ids.iter().copied().eq((1..).take(ids.len())),
        "what came is the beginning: {ids:?}"
    );
    assert!(reader.next().await.expect("it has ended").is_none());
}

#[tokio::test]
async fn data_sources_are_told_apart() {
    let place = Place::new("int").await;
    let make = Request::new("instance.workspace.data_sources.create").expect("in the table");
    place
        .send(
            make.path_value(place.workspace)
                .body(body(&json!({"label": "test", "color": "#ffffff"}))),
        )
        .await;
    place.add(3).await;
    let test = place.records().in_data_source("test");
    assert_eq!(
        rest(&mut test.read(ReadOptions::default())).await.expect("rows").len(),
        0
    );
    assert_eq!(rest(&mut place.read(1000, 12)).await.expect("rows").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_distant_server_costs_a_fraction_of_the_page_loop() {
    let place = Place::new("int").await;
    place.add(400).await;
    let slow = json!({"kind": "latency", "ms": 60, "path": "**/search"});
    place.emulator.control("POST", "/faults", &slow);
    let began = Instant::now();
    for number in 1..=40 {
        let answer = place.bulk("search", &json!({"page": number, "per_page": 10})).await;
        assert_eq!(answer["items"].as_array().expect("rows").len(), 10);
    }
    let theirs = began.elapsed();
    let began = Instant::now();
    assert_eq!(rest(&mut place.read(10, 12)).await.expect("rows").len(), 400);
    let ours = began.elapsed();
    println!("40 pages: {ours:?} against {theirs:?}");
    assert!(ours * 10 < theirs * 3, "{ours:?} against {theirs:?}");
}
