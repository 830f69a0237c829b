//! Records: written, found, changed in bulk, and kept apart by data source.

mod common;

use common::{House, house};
use serde_json::{Value, json};

const CONTENT: &str = "/workspace/1/table/1/content";

/// A table of products.
async fn shop() -> House {
    let house = house();
    let schema = json!([
        {"name": "id", "type": "int"},
        {"name": "created_at", "type": "timestamp", "default": "now"},
        {"name": "sku", "type": "text", "required": true},
        {"name": "price", "type": "decimal"},
        {"name": "stock", "type": "int", "default": "7"},
        {"name": "sold", "type": "bool"},
        {"name": "note", "type": "text", "nullable": true},
        {"name": "tags", "type": "text", "style": "list"},
        {"name": "meta", "type": "json"},
    ]);
    let index = json!([{"type": "unique", "fields": [{"name": "sku", "op": "asc"}]}]);
    house
        .done(
            "POST",
            "/workspace/1/table",
            json!({"name": "product", "schema": schema, "index": index}),
        )
        .await;
    house
}

async fn stocked(count: i32) -> House {
    let house = shop().await;
    let items: Vec<_> = (1..=count)
        .map(|n| json!({"sku": format!("p{n:03}"), "price": f64::from(n) / 2.0, "sold": n % 2 == 0}))
        .collect();
    house
        .done("POST", &format!("{CONTENT}/bulk"), json!({"items": items}))
        .await;
    house
}

#[tokio::test]
async fn a_record_is_stored_as_its_columns_want_it() {
    let house = shop().await;
    let body = json!({"sku": "a", "price": 0.1, "tags": ["x", "é\"\n"], "meta": {"deep": [1, null, 1e300]}});
    let made = house.done("POST", CONTENT, body).await;
    assert!(made["created_at"].as_i64().expect("epoch milliseconds") > 1_600_000_000_000);
    let read = house.done("GET", &format!("{CONTENT}/1"), Value::Null).await;
    assert_eq!(read, made);
    assert_eq!(
        read,
        json!({"id": 1, "created_at": made["created_at"], "sku": "a", "price": 0.1, "stock": 7, "sold": false, "note": null,
               "tags": ["x", "é\"\n"], "meta": {"deep": [1, null, 1e300]}})
    );
    house.refused("POST", CONTENT, json!({"price": 1}), "sku").await;
    house
        .refused("POST", CONTENT, json!({"sku": "b", "price": "much"}), "price")
        .await;
    house
        .refused("POST", CONTENT, json!({"sku": "b", "stock": null}), "stock")
        .await;
    let (status, error) = house.ask("POST", CONTENT, json!({"sku": "a"})).await;
    assert_eq!((status, &error["payload"]["param"]), (409, &json!("sku")), "{error}");
    for (body, param) in [
        (json!({"sku": "b", "id": 50}), "id"),
        (json!({"sku": "b", "Stock": 1}), "Stock"),
    ] {
        house.refused("POST", CONTENT, body, param).await;
    }
}

#[tokio::test]
async fn an_update_leaves_alone_what_is_not_given() {
    let house = stocked(1).await;
    let path = format!("{CONTENT}/1");
    house.done("PUT", &path, json!({"note": "n"})).await;
    let changed = house.done("PUT", &path, json!({"price": 9, "note": null})).await;
    assert_eq!(
        (&changed["price"], &changed["note"], &changed["sku"]),
        (&json!(9), &Value::Null, &json!("p001"))
    );
    assert_eq!(house.done("PUT", &path, json!({})).await, changed);
    for (method, path) in [
        ("GET", "/99"),
        ("PUT", "/99"),
        ("DELETE", "/99"),
        ("GET", "/x"),
        ("DELETE", "/x"),
    ] {
        assert_eq!(
            house.ask(method, &format!("{CONTENT}{path}"), Value::Null).await.0,
            404,
            "{method} {path}"
        );
    }
    assert_eq!(house.done("DELETE", &path, Value::Null).await, Value::Null);
    assert_eq!(house.ask("GET", &path, Value::Null).await.0, 404);
}

#[tokio::test]
async fn pages_carry_totals() {
    let house = stocked(120).await;
    let page = house.done("GET", CONTENT, Value::Null).await;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(50));
    for (field, value) in [
        ("itemsReceived", json!(50)),
        ("curPage", json!(1)),
        ("nextPage", json!(2)),
        ("prevPage", Value::Null),
        ("offset", json!(0)),
        ("perPage", json!(50)),
        ("itemsTotal", json!(120)),
        ("pageTotal", json!(3)),
    ] {
        assert_eq!(page[field], value, "{field}");
    }
    let last = house
        .done("GET", &format!("{CONTENT}?page=3&per_page=50"), Value::Null)
        .await;
    assert_eq!(
        (&last["itemsReceived"], &last["nextPage"], &last["prevPage"]),
        (&json!(20), &Value::Null, &json!(2))
    );
    let beyond = house.done("GET", &format!("{CONTENT}?page=9"), Value::Null).await;
    assert_eq!((&beyond["items"], &beyond["nextPage"]), (&json!([]), &Value::Null));
    let whole = house
        .done("GET", &format!("{CONTENT}?per_page=10000"), Value::Null)
        .await;
    assert_eq!(whole["itemsReceived"], 120);
    house
        .refused("GET", &format!("{CONTENT}?per_page=10001"), Value::Null, "per_page")
        .await;
}

async fn found(house: &House, body: Value) -> Vec<i64> {
    let page = house.done("POST", &format!("{CONTENT}/search"), body).await;
    page["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|item| item["id"].as_i64())
        .collect()
}

#[tokio::test]
async fn searches_find_what_they_say() {
    let house = stocked(10).await;
    for (search, expected) in [
        (json!({"price|>": 4}), vec![9, 10]),
        (json!({"price|>|": 4}), vec![9, 10]),
        (json!({"sku": "p003"}), vec![3]),
        (json!([{"price|>=": 4}, {"sold": true}]), vec![8, 10]),
        (json!({"price|>=": 4, "sold": true}), vec![8, 10]),
        (json!([{"id": 1}, {"id|=|or": 2}]), vec![1, 2]),
        (json!({"id|in": [3, 5, 99]}), vec![3, 5]),
        (json!({"id|not in": [1, 2, 3, 4, 5, 6, 7, 8]}), vec![9, 10]),
        (json!({"sku|!=": "p001", "id|<=": 2}), vec![2]),
        (json!({"note": null, "id|<": 2}), vec![1]),
        (json!({"id|in": []}), vec![]),
        (json!([]), (1..=10).collect()),
    ] {
        assert_eq!(found(&house, json!({"search": search})).await, expected, "{search}");
    }
    house
        .refused(
            "POST",
            &format!("{CONTENT}/search"),
            json!({"search": {"none": 1}}),
            "search",
        )
        .await;
    house
        .refused(
            "POST",
            &format!("{CONTENT}/search"),
            json!({"search": {"id|~": 1}}),
            "search",
        )
        .await;
    house
        .refused("POST", &format!("{CONTENT}/search"), json!({"search": "id"}), "search")
        .await;
    let injected = json!({"search": {"sku": "' OR 1=1 --"}});
    assert_eq!(found(&house, injected).await, Vec::<i64>::new());
}

#[tokio::test]
async fn results_are_sorted_and_paged() {
    let house = stocked(10).await;
    assert_eq!(
        found(&house, json!({"sort": {"price": "desc"}, "per_page": 3})).await,
        [10, 9, 8]
    );
    let body = json!({"sort": [{"sold": "asc"}, {"id": "desc"}], "per_page": 6, "page": 1});
    assert_eq!(found(&house, body).await, [9, 7, 5, 3, 1, 10]);
    let page = house
        .done(
            "POST",
            &format!("{CONTENT}/search"),
            json!({"search": {"sold": true}, "per_page": 2, "page": 2}),
        )
        .await;
    assert_eq!(
        (&page["itemsTotal"], &page["pageTotal"], &page["nextPage"]),
        (&json!(5), &json!(3), &json!(3))
    );
    for sort in [json!({"none": "asc"}), json!({"id": "up"}), json!(["id"])] {
        house
            .refused("POST", &format!("{CONTENT}/search"), json!({"sort": sort}), "sort")
            .await;
    }
    house
        .refused("POST", &format!("{CONTENT}/search"), json!({"page": 0}), "page")
        .await;
}

#[tokio::test]
async fn bulk_creation_is_all_or_nothing() {
    let house = shop().await;
    let ids = house
        .done(
            "POST",
            &format!("{CONTENT}/bulk"),
            json!({"items": [{"sku": "a"}, {"sku": "b"}]}),
        )
        .await;
    assert_eq!(ids, json!([1, 2]));
    let ids = house
        .done(
            "POST",
            &format!("{CONTENT}/bulk"),
            json!({"allow_id_field": true, "items": [{"sku": "c", "id": 99}, {"sku": "d"}]}),
        )
        .await;
    assert_eq!(ids, json!([99, 100]));
    let bad = json!({"items": [{"sku": "e"}, {"sku": "a"}]});
    let (status, error) = house.ask("POST", &format!("{CONTENT}/bulk"), bad).await;
    assert_eq!((status, &error["payload"]["param"]), (409, &json!("sku")));
    let message = error["message"].as_str().expect("text");
    assert!(message.contains("items[1]"), "{message}");
    assert_eq!(
        house.done("GET", CONTENT, Value::Null).await["itemsTotal"],
        4,
        "e was not kept"
    );
    house
        .refused("POST", &format!("{CONTENT}/bulk"), json!({"items": [7]}), "items")
        .await;
    house
        .refused("POST", &format!("{CONTENT}/bulk"), json!({}), "items")
        .await;
}

#[tokio::test]
async fn bulk_changes_tell_what_succeeded() {
    let house = stocked(4).await;
    let body = json!({"items": [{"row_id": 1, "updates": {"stock": 1}}, {"row_id": "2", "updates": {"stock": 2}}, {"row_id": 77, "updates": {}}]});
    let done = house.done("POST", &format!("{CONTENT}/bulk/patch"), body).await;
    assert_eq!(done, json!({"success_total": 2, "success": ["1", "2"]}));
    assert_eq!(
        house.done("GET", &format!("{CONTENT}/2"), Value::Null).await["stock"],
        2
    );
    let done = house
        .done(
            "POST",
            &format!("{CONTENT}/bulk/delete"),
            json!({"row_ids": [1, "2", 77, "x"]}),
        )
        .await;
    assert_eq!(
        done,
        json!({"success_total": 2, "success": ["1", "2"], "error": ["77", "x"]})
    );
    let done = house
        .done(
            "POST",
            &format!("{CONTENT}/search/patch"),
            json!({"search": {"id": 3}, "updates": {"note": "n"}}),
        )
        .await;
    assert_eq!(done["success"], json!(["3"]));
    let done = house
        .done("POST", &format!("{CONTENT}/search/delete"), json!({"search": []}))
        .await;
    assert_eq!(done["success_total"], 2);
    house
        .refused(
            "POST",
            &format!("{CONTENT}/bulk/patch"),
            json!({"items": [{"updates": {}}]}),
            "items",
        )
        .await;
}

#[tokio::test]
async fn truncating_may_restart_the_numbers() {
    let house = stocked(3).await;
    house
        .refused("DELETE", "/workspace/1/table/1/truncate", json!({}), "reset")
        .await;
    assert_eq!(
        house
            .done("DELETE", "/workspace/1/table/1/truncate", json!({"reset": false}))
            .await,
        Value::Null
    );
    assert_eq!(house.done("POST", CONTENT, json!({"sku": "a"})).await["id"], 4);
    house
        .done("DELETE", "/workspace/1/table/1/truncate", json!({"reset": true}))
        .await;
    assert_eq!(house.done("POST", CONTENT, json!({"sku": "a"})).await["id"], 1);
}

async fn on(house: &House, source: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}{path}", house.emulator.instance_url());
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
    let request = house
        .client
        .request(method, url)
        .bearer_auth(house.emulator.token())
        .header("x-data-source", source);
    common::read(
        request
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .expect("an answer"),
    )
    .await
}

#[tokio::test]
async fn data_sources_hold_records_of_their_own() {
    let house = stocked(3).await;
    house
        .done("POST", "/workspace/1/datasource", json!({"label": "test"}))
        .await;
    assert_eq!(on(&house, "test", "GET", CONTENT, json!({})).await.1["itemsTotal"], 0);
    assert_eq!(
        on(&house, "test", "POST", CONTENT, json!({"sku": "p001"})).await.1["id"],
        1,
        "unique in its own source"
    );
    assert_eq!(on(&house, "test", "POST", CONTENT, json!({"sku": "p001"})).await.0, 409);
    assert_eq!(on(&house, "live", "GET", CONTENT, json!({})).await.1["itemsTotal"], 3);
    house
        .done(
            "POST",
            "/workspace/1/table/1/schema/type/int",
            json!({"name": "extra", "default": 3}),
        )
        .await;
    assert_eq!(
        on(&house, "test", "GET", &format!("{CONTENT}/1"), json!({})).await.1["extra"],
        3
    );
    house.done("POST", "/workspace/1/table", json!({"name": "later"})).await;
    assert_eq!(
        on(&house, "test", "GET", "/workspace/1/table/2/content", json!({}))
            .await
            .0,
        200
    );
    let (status, error) = on(&house, "none", "GET", CONTENT, json!({})).await;
    assert_eq!((status, &error["payload"]["param"]), (400, &json!("x-data-source")));
    house.done("DELETE", "/workspace/1/datasource/test", Value::Null).await;
    assert_eq!(on(&house, "test", "GET", CONTENT, json!({})).await.0, 400);
}

#[tokio::test]
async fn live_records_ask_for_a_scope_of_their_own() {
    let house = stocked(1).await;
    house
        .done("POST", "/workspace/1/datasource", json!({"label": "test"}))
        .await;
    let token = house.control(
        "POST",
        "tokens",
        &json!({"scopes": {"Content": "CRUD", "Live Data Source": "R"}}),
    );
    let token = token["token"].as_str().expect("text");
    let url = format!("{}{CONTENT}", house.emulator.instance_url());
    let read = house.send(&url, token, "GET", Value::Null).await.expect("an answer");
    assert_eq!(read.status(), 200);
    let (status, error) = common::read(
        house
            .send(&url, token, "POST", json!({"sku": "x"}))
            .await
            .expect("an answer"),
    )
    .await;
    assert_eq!(status, 403);
    assert!(
        error["message"]
            .as_str()
            .expect("text")
            .contains("Live Data Source: Create"),
        "{error}"
    );
    let elsewhere = house
        .client
        .post(&url)
        .bearer_auth(token)
        .header("x-data-source", "test")
        .body("{\"sku\": \"x\"}");
    assert_eq!(elsewhere.send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn ids_may_be_uuids() {
    let house = house();
    let schema = json!([{"name": "id", "type": "uuid"}, {"name": "n", "type": "int"}]);
    house
        .done("POST", "/workspace/1/table", json!({"name": "t", "schema": schema}))
        .await;
    let made = house.done("POST", CONTENT, json!({"n": 1})).await;
    let id = made["id"].as_str().expect("text");
    assert_eq!(
        house
            .done("GET", &format!("{CONTENT}/{}", id.to_uppercase()), Value::Null)
            .await,
        made
    );
    assert_eq!(
        house.done("PUT", &format!("{CONTENT}/{id}"), json!({"n": 2})).await["n"],
        2
    );
    assert_eq!(house.ask("GET", &format!("{CONTENT}/7"), Value::Null).await.0, 404);
    let done = house
        .done("POST", &format!("{CONTENT}/bulk/delete"), json!({"row_ids": [id, 7]}))
        .await;
    assert_eq!((&done["success"], &done["error"]), (&json!([id]), &json!(["7"])));
}
