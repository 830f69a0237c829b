//! The control path: installs, the journal, seeding and starting over.

mod common;

use std::io::Write;

use common::{House, house, house_with, read};
use serde_json::{Value, json};
use xano_emulator::EmulatorOptions;

fn install(house: &House, body: &Value) -> (u16, Value) {
    house.emulator.control("POST", "/_emulator/install", body)
}

#[tokio::test]
async fn installs_are_counted_until_the_limit() {
    let house = house();
    house.control(
        "POST",
        "snippets",
        &json!({"canonical": "s", "install_access": "token", "tokens": [{"token": "t", "max_installs": 2}]}),
    );
    for used in 1..=2 {
        let (status, done) = install(&house, &json!({"canonical": "s", "token": "t"}));
        assert_eq!(
            (status, &done["token"]["current_installs"], &done["installs"]),
            (200, &json!(used), &json!(used))
        );
    }
    let (status, error) = install(&house, &json!({"canonical": "s", "token": "t"}));
    assert_eq!(status, 403);
    assert!(
        error["message"].as_str().expect("text").contains("used 2 of its 2"),
        "{error}"
    );
    let (_, list) = house.call("GET", "/snippet/s/token", Value::Null).await;
    assert_eq!(list[0]["current_installs"], 2, "a refused install is not counted");
    house
        .call(
            "POST",
            "/snippet/s/token/t",
            json!({"max_installs": 3, "current_installs": 2}),
        )
        .await;
    assert_eq!(install(&house, &json!({"canonical": "s", "token": "t"})).0, 200);
}

#[tokio::test]
async fn who_may_install_depends_on_the_access() {
    let house = house();
    for access in ["public", "link", "token"] {
        house.control(
            "POST",
            "snippets",
            &json!({"canonical": access, "install_access": access}),
        );
    }
    assert_eq!(install(&house, &json!({"canonical": "public"})).0, 200);
    assert_eq!(install(&house, &json!({"canonical": "link"})).0, 200);
    assert_eq!(install(&house, &json!({"canonical": "token"})).0, 403);
    assert_eq!(install(&house, &json!({"canonical": "token", "token": "wrong"})).0, 403);
    assert_eq!(install(&house, &json!({"canonical": "nothing"})).0, 404);
    let (status, error) = install(&house, &json!({}));
    assert_eq!((status, &error["payload"]["param"]), (400, &json!("canonical")));
}

#[tokio::test]
async fn the_journal_tells_what_happened_without_telling_the_token() {
    let house = house();
    house.control("POST", "snippets", &json!({"canonical": "s"}));
    house.call("POST", "/snippet/s/token", json!({"max_installs": 1})).await;
    house.call("GET", "/snippet?page=1", Value::Null).await;
    let journal = house.journal();
    let first = &journal[0];
    assert_eq!(
        (&first["method"], &first["path"]),
        (&json!("POST"), &json!("/api:meta/snippet/s/token"))
    );
    assert_eq!(first["body"], r#"{"max_installs":1}"#);
    assert_eq!(
        (&first["status"], &first["outcome"], &first["applied"]),
        (&json!(200), &json!("answered"), &json!(true))
    );
    assert_eq!((&first["has_token"], &first["token_id"]), (&json!(true), &json!(1)));
    assert_eq!(first["headers"]["content-type"], "application/json");
    assert!(first["headers"].get("authorization").is_none());
    assert_eq!(first["new_connection"], true);
    assert_eq!(journal[1]["query"], "page=1");
    assert_eq!(
        (&journal[1]["new_connection"], &journal[1]["connection"]),
        (&json!(false), &first["connection"])
    );
    assert!(journal[1]["received_at"].as_f64() >= first["finished_at"].as_f64());
    assert!(!json!(journal).to_string().contains(house.emulator.token()));

    let only = house.control(
        "GET",
        "requests?method=GET&path=/snippet&since=1&origin=account",
        &Value::Null,
    );
    assert_eq!((&only["count"], &only["total"]), (&json!(1), &json!(2)));
    house.control("DELETE", "requests", &Value::Null);
    house.get("/auth/me").await.expect("an answer");
    let journal = house.control("GET", "requests", &Value::Null);
    assert_eq!(
        (&journal["total"], &journal["requests"][0]["seq"]),
        (&json!(1), &json!(3))
    );
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_is_noticed() {
    let house = house();
    let whole = house.request("POST", "/snippet/s/token", r#"{"max_installs": 1}"#);
    let mut socket = house.socket();
    socket.write_all(&whole.as_bytes()[..whole.len() - 5]).expect("sent");
    for _ in 0..500 {
        if !house.journal().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    drop(socket);
    let entry = &house.settled_journal().await[0];
    assert_eq!(
        (&entry["outcome"], &entry["status"]),
        (&json!("client_gone"), &Value::Null)
    );
    assert_eq!(entry["applied"], false);

    house.fault(&json!({"kind": "latency", "ms": 60_000}));
    let mut socket = house.socket();
    socket
        .write_all(house.request("GET", "/auth/me", "").as_bytes())
        .expect("sent");
    for _ in 0..500 {
        if house.journal().len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    drop(socket);
    assert_eq!(house.settled_journal().await[1]["outcome"], "client_gone");
}

#[tokio::test]
async fn the_journal_forgets_the_oldest() {
    let house = house_with(EmulatorOptions {
        journal_size: 3,
        ..Default::default()
    });
    for _ in 0..5 {
        house.get("/auth/me").await.expect("an answer");
    }
    let journal = house.control("GET", "requests", &Value::Null);
    assert_eq!((&journal["total"], &journal["count"]), (&json!(5), &json!(3)));
    assert_eq!(journal["requests"][0]["seq"], 3);
    assert_eq!(journal["requests"][2]["outcome"], "answered");
}

#[tokio::test]
async fn over_http_and_in_process_are_the_same() {
    let house = house();
    let url = format!("{}/snippets", house.emulator.control_url());
    let request = house.client.post(&url).body(r#"{"canonical": "s"}"#);
    let (status, made) = read(request.send().await.expect("an answer")).await;
    assert_eq!((status, &made["snippets"][0]["canonical"]), (200, &json!("s")));
    assert_eq!(
        house.control("GET", "/_emulator/snippets", &Value::Null),
        house.control("GET", "snippets", &Value::Null)
    );
    let (status, _) = read(house.client.post(&url).body("{").send().await.expect("an answer")).await;
    assert_eq!(status, 400);
    let (status, error) = house.emulator.control("GET", "nowhere", &Value::Null);
    assert_eq!(status, 404, "{error}");
}

#[tokio::test]
async fn misspelt_fields_are_refused() {
    let house = house();
    for (path, body, param) in [
        ("tokens", json!({"expire_in": 5}), "expire_in"),
        ("tokens", json!({"scopes": ["Datbase"]}), "scopes"),
        ("tokens", json!({"user": 99}), "user"),
        ("instances", json!({"displey": "x"}), "displey"),
        ("instances", json!({"name": "account"}), "name"),
        ("instances", json!({"limit": {"requests": 0}}), "requests"),
        ("snippets", json!({"install_access": "nobody"}), "install_access"),
        ("snippets", json!({"tokens": [{}]}), "max_installs"),
        ("limits", json!({}), "requests"),
        ("limits", json!({"requests": 1, "origin": "nowhere"}), "origin"),
        ("limits", json!({"requests": 1, "retry_after": "soon"}), "retry_after"),
        ("clock", json!({"advance": -5}), "advance"),
        ("requests?since=x", Value::Null, "since"),
    ] {
        let method = if path.starts_with("requests") { "GET" } else { "POST" };
        let (status, error) = house.emulator.control(method, path, &body);
        assert_eq!(
            (status, &error["payload"]["param"]),
            (400, &json!(param)),
            "{path} {body}: {error}"
        );
    }
    assert_eq!(
        house.emulator.control("POST", "snippets", &json!({"canonical": "s"})).0,
        200
    );
    assert_eq!(
        house.emulator.control("POST", "snippets", &json!({"canonical": "s"})).0,
        409
    );
}

#[tokio::test]
async fn demonstration_data_comes_once() {
    let house = house();
    assert_eq!(house.control("POST", "seed", &Value::Null)["instances_added"], 3);
    assert_eq!(house.control("POST", "seed", &Value::Null)["instances_added"], 0);
    let (_, list) = house.call("GET", "/instance", Value::Null).await;
    assert_eq!(list.as_array().map(Vec::len), Some(4));
    for instance in list.as_array().expect("a list") {
        let url = format!("{}/auth/me", instance["meta_api"].as_str().expect("a URL"));
        let answer = house
            .send(&url, house.emulator.token(), "GET", Value::Null)
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200);
    }
    let (_, page) = house.call("GET", "/snippet?page=3", Value::Null).await;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(10));
}

#[tokio::test]
async fn reset_starts_over_behind_the_same_addresses() {
    let house = house();
    house.control("POST", "instances", &json!({"name": "gone"}));
    house.control("POST", "snippets", &json!({"count": 3}));
    house.control("POST", "limits", &json!({"requests": 1, "per": 60}));
    house.control("POST", "clock", &json!({"advance": 1000}));
    house.fault(&json!({"kind": "reset"}));
    house.control("POST", "reset", &Value::Null);
    for _ in 0..3 {
        assert_eq!(house.call("GET", "/snippet", Value::Null).await.1["items"], json!([]));
    }
    let (_, list) = house.call("GET", "/instance", Value::Null).await;
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    assert_eq!(list[0]["meta_api"], house.emulator.instance_url());
    let url = format!("{}/auth/me", house.emulator.instance_url());
    let answer = house
        .send(&url, house.emulator.token(), "GET", Value::Null)
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(house.control("GET", "clock", &Value::Null)["ahead"], 0.0);
}
