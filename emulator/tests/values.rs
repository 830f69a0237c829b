//! Records over the wire, exactly: digits, texts at the edges, many at once, deep pages.

mod common;

use std::time::{Duration, Instant};

use common::{House, house};
use serde_json::{Value, json};

async fn table(house: &House, columns: Value) -> String {
    let mut schema = json!([{"name": "id", "type": "int"}]);
    let list = schema.as_array_mut().expect("a list");
    list.extend(columns.as_array().expect("a list").iter().cloned());
    let made = house
        .done("POST", "/workspace/1/table", json!({"name": "t", "schema": schema}))
        .await;
    format!("/workspace/1/table/{}", made["id"])
}

/// Sends and receives text: a JSON tree would round what is to be shown here.
async fn text(house: &House, method: &str, path: &str, body: &str) -> (u16, String) {
    let url = format!("{}{path}", house.emulator.instance_url());
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
    let request = house.client.request(method, url).bearer_auth(house.emulator.token());
    let request = request.header("content-type", "application/json").body(body.to_owned());
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

#[tokio::test]
async fn numbers_keep_every_digit() {
    let house = house();
    let columns = json!([
        {"name": "i", "type": "int"},
        {"name": "d", "type": "decimal", "nullable": true},
        {"name": "j", "type": "json", "nullable": true},
        {"name": "ds", "type": "decimal", "style": "list"},
    ]);
    let path = table(&house, columns).await;
    let sent = r#"{"i":9007199254740993,"d":12345678901234567890.123456789,"j":{"a":[1e400,0.10000000000000000001]},"ds":[0.1,9007199254740993]}"#;
    let (status, made) = text(&house, "POST", &format!("{path}/content"), sent).await;
    assert_eq!((status, made), (200, format!("{{\"id\":1,{}", &sent[1..])));
    let body = format!("{{\"items\":[{sent},{sent}]}}");
    let (status, ids) = text(&house, "POST", &format!("{path}/content/bulk"), &body).await;
    assert_eq!((status, ids.as_str()), (200, "[2,3]"));
    let body = r#"{"search":{"d":12345678901234567890.123456789,"id|>":2}}"#;
    let (_, page) = text(&house, "POST", &format!("{path}/content/search"), body).await;
    assert!(
        page.contains(&format!("\"items\":[{{\"id\":3,{}]", &sent[1..])),
        "{page}"
    );
    for (body, param) in [
        (r#"{"i":9223372036854775808}"#, "i"),
        (r#"{"i":1e400}"#, "i"),
        (r#"{"i":0.5}"#, "i"),
        (r#"{"d":1e9999}"#, "d"),
        (r#"{"d":"NaN"}"#, "d"),
    ] {
        let (status, error) = text(&house, "POST", &format!("{path}/content"), body).await;
        assert_eq!(status, 400, "{body}");
        assert!(error.contains(&format!("{{\"param\":\"{param}\"}}")), "{error}");
    }
    let (status, error) = text(&house, "POST", &format!("{path}/content"), r#"{"i":NaN}"#).await;
    assert_eq!(status, 400, "{error}");
}

#[tokio::test]
async fn texts_nulls_and_dates_at_the_edges_come_back() {
    let house = house();
    let columns = json!([
        {"name": "ü 1%", "type": "text", "nullable": true},
        {"name": "day", "type": "date", "nullable": true},
        {"name": "at", "type": "timestamp", "nullable": true},
        {"name": "o", "type": "object", "nullable": true, "children": [
            {"name": "s", "type": "text", "nullable": true}, {"name": "l", "type": "int", "style": "list"}]},
        {"name": "e", "type": "enum", "values": ["", "a", "😀"], "nullable": true},
    ]);
    let path = table(&house, columns).await;
    for record in [
        json!({"ü 1%": "", "day": "0001-01-01", "at": 0, "o": {"s": "", "l": []}, "e": ""}),
        json!({"ü 1%": "😀\u{0}\"\\\n\u{2028}", "day": "9999-12-31", "at": -62_135_596_800_000_i64, "o": {"s": null, "l": [1]}, "e": "😀"}),
        json!({"ü 1%": null, "day": null, "at": null, "o": null, "e": null}),
        json!({"ü 1%": " ", "day": "2024-02-29", "at": i64::MAX, "o": {"s": "null", "l": [-1, 0]}, "e": "a"}),
    ] {
        let mut made = house.done("POST", &format!("{path}/content"), record.clone()).await;
        let id = made.as_object_mut().expect("a record").remove("id").expect("an id");
        assert_eq!(made, record);
        let read = house.done("GET", &format!("{path}/content/{id}"), Value::Null).await;
        assert_eq!(
            house.done("PUT", &format!("{path}/content/{id}"), read.clone()).await,
            read,
            "sent back as read"
        );
    }
}

#[tokio::test]
async fn json_labelled_as_plain_text_is_json() {
    let house = house();
    let path = table(&house, json!([{"name": "n", "type": "int"}])).await;
    let url = format!("{}{path}/content", house.emulator.instance_url());
    for (body, expected) in [("{\"n\": 5}", 200), ("n = 5", 400)] {
        let request = house.client.post(&url).bearer_auth(house.emulator.token());
        let request = request.header("content-type", "text/plain;charset=UTF-8").body(body);
        let (status, answer) = common::read(request.send().await.expect("an answer")).await;
        assert_eq!(status, expected, "{answer}");
        assert!(status != 200 || answer["n"] == 5, "{answer}");
    }
}

#[tokio::test]
async fn a_form_carries_records_as_json_text() {
    let house = house();
    let path = table(&house, json!([{"name": "n", "type": "int"}])).await;
    let boundary = "--b\r\nContent-Disposition: form-data; name=";
    let body = format!(
        "{boundary}\"items\"\r\n\r\n[{{\"id\": 7, \"n\": 1}}]\r\n{boundary}\"allow_id_field\"\r\n\r\ntrue\r\n--b--\r\n"
    );
    let url = format!("{}{path}/content/bulk", house.emulator.instance_url());
    let request = house.client.post(url).bearer_auth(house.emulator.token());
    let request = request
        .header("content-type", "multipart/form-data; boundary=b")
        .body(body);
    let answer = common::read(request.send().await.expect("an answer")).await;
    assert_eq!(answer, (200, json!([7])));
}

#[tokio::test]
async fn a_hundred_thousand_records_are_soon_written_and_read() {
    let house = house();
    let columns = json!([
        {"name": "sku", "type": "text"}, {"name": "price", "type": "decimal"}, {"name": "stock", "type": "int"},
        {"name": "sold", "type": "bool"}, {"name": "meta", "type": "json"},
    ]);
    let path = table(&house, columns).await;
    let index = json!({"fields": [{"name": "sku", "op": "asc"}]});
    house.done("POST", &format!("{path}/index/unique"), index).await;
    let start = Instant::now();
    for batch in 0..20 {
        let items: Vec<_> = (batch * 5000..(batch + 1) * 5000)
            .map(|n| json!({"sku": format!("p{n:06}"), "price": f64::from(n) / 4.0, "stock": n, "sold": n % 2 == 0, "meta": {"n": n}}))
            .collect();
        let ids = house
            .done("POST", &format!("{path}/content/bulk"), json!({"items": items}))
            .await;
        assert_eq!(ids.as_array().map(Vec::len), Some(5000));
    }
    let written = start.elapsed();
    let (mut page, mut next) = (1, 0);
    while page > 0 {
        let answer = house
            .done(
                "GET",
                &format!("{path}/content?page={page}&per_page=10000"),
                Value::Null,
            )
            .await;
        for row in answer["items"].as_array().expect("items") {
            next += 1;
            assert_eq!(row["id"], next);
            assert_eq!(row["stock"], next - 1);
        }
        page = answer["nextPage"].as_i64().unwrap_or(0);
    }
    assert_eq!(next, 100_000);
    let read = start.elapsed().checked_sub(written).unwrap_or_default();
    println!("100,000 records written in {written:.1?}, read in {read:.1?}");
    let body = json!({"search": {"price|>=": 12_500, "sold": true}, "sort": {"stock": "desc"}, "per_page": 1});
    let page = house.done("POST", &format!("{path}/content/search"), body).await;
    assert_eq!(
        (&page["itemsTotal"], &page["items"][0]["stock"]),
        (&json!(25_000), &json!(99_998))
    );
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
