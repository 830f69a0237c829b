//! The ten operations of the account API, seen by a client that knows nothing of us.

mod common;

use common::{house, house_with, read};
use serde_json::{Value, json};
use xano_emulator::{EmulatorOptions, ExtrasForm};

#[tokio::test]
async fn me_tells_who_owns_the_token() {
    let house = house();
    let (status, me) = house.call("GET", "/auth/me", Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(me["email"], "robin@example.com");
    assert!(me["id"].is_number());
    assert_eq!(me["extras"]["instance"]["membership"]["role"], "owner");
    assert!(
        me["extras"]["instance"]["membership"]["created_at"]
            .as_i64()
            .expect("epoch seconds")
            < 10_000_000_000
    );
}

#[tokio::test]
async fn extras_and_id_come_as_text_too() {
    let house = house_with(EmulatorOptions {
        extras: ExtrasForm::Text,
        ..Default::default()
    });
    let (_, me) = house.call("GET", "/auth/me", Value::Null).await;
    let inner: Value = serde_json::from_str(me["extras"].as_str().expect("text")).expect("JSON text");
    assert!(inner["instance"]["name"].is_string());

    house.control("POST", "users", &json!({"email": "a@b.c", "id_form": "text"}));
    let token = house.control("POST", "tokens", &json!({"user": "a@b.c"}));
    let (_, me) = house
        .call_as(token["token"].as_str().expect("text"), "GET", "/auth/me", Value::Null)
        .await;
    assert!(me["id"].is_string());
    assert_eq!(me["extras"], json!({}), "a user without instances");
}

#[tokio::test]
async fn instances_carry_documented_guide_and_unknown_fields() {
    let house = house();
    house.control(
        "POST",
        "instances",
        &json!({"name": "x9-y9", "display": "Nine", "plan": "scale", "extra": {"zone": {"id": 7}}}),
    );
    let (_, list) = house.call("GET", "/instance", Value::Null).await;
    assert_eq!(list.as_array().map(Vec::len), Some(2));
    let (status, nine) = house.call("GET", "/instance/x9-y9", Value::Null).await;
    assert_eq!((status, &nine), (200, &list[1]));
    for field in [
        "name",
        "display",
        "xano_domain",
        "custom_domain",
        "meta_api",
        "meta_swagger",
        "domain",
        "swagger_spec",
        "created_at",
        "updated_at",
        "status",
    ] {
        assert!(nine[field].is_string(), "{field}");
    }
    assert_eq!(nine["rate_limit"], false);
    assert_eq!(nine["plan"], "scale");
    assert_eq!(nine["zone"]["id"], 7);
}

#[tokio::test]
async fn every_instance_answers_on_a_port_of_its_own() {
    let house = house();
    house.control("POST", "instances", &json!({"name": "other"}));
    let (_, list) = house.call("GET", "/instance", Value::Null).await;
    assert_eq!(list[0]["meta_api"], house.emulator.instance_url());
    assert_ne!(list[0]["meta_api"], list[1]["meta_api"]);
    for instance in list.as_array().expect("a list") {
        let url = format!("{}/auth/me", instance["meta_api"].as_str().expect("a URL"));
        let answer = house
            .send(&url, house.emulator.token(), "GET", Value::Null)
            .await
            .expect("an answer");
        let (status, me) = read(answer).await;
        assert_eq!(status, 200);
        assert_eq!(me["extras"]["instance"]["name"], instance["name"]);
    }
    house.control("DELETE", "instances/other", &Value::Null);
    let (status, error) = house.call("GET", "/instance/other", Value::Null).await;
    assert_eq!((status, &error["code"]), (404, &json!("ERROR_CODE_NOT_FOUND")));
}

#[tokio::test]
async fn an_instance_of_somebody_else_is_unknown_and_closed() {
    let house = house();
    house.control("POST", "users", &json!({"email": "a@b.c"}));
    house.control("POST", "instances", &json!({"name": "theirs", "user": "a@b.c"}));
    let (status, _) = house.call("GET", "/instance/theirs", Value::Null).await;
    assert_eq!(status, 404);
    let all = house.control("GET", "instances", &Value::Null);
    let url = format!("{}/auth/me", all["instances"][1]["meta_api"].as_str().expect("a URL"));
    let answer = house
        .send(&url, house.emulator.token(), "GET", Value::Null)
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn snippets_come_in_pages_of_25() {
    let house = house();
    house.control("POST", "snippets", &json!({"count": 60, "canonical": "s"}));
    let mut seen = Vec::new();
    let mut next = json!(1);
    while let Some(page) = next.as_i64() {
        let (status, body) = house
            .call("GET", &format!("/snippet?page={page}&per_page=2"), Value::Null)
            .await;
        assert_eq!(status, 200);
        assert_eq!(body["curPage"], page);
        assert_eq!(body["prevPage"], if page == 1 { Value::Null } else { json!(page - 1) });
        seen.extend(
            body["items"]
                .as_array()
                .expect("items")
                .iter()
                .map(|s| s["canonical"].clone()),
        );
        next = body["nextPage"].clone();
    }
    assert_eq!(seen.len(), 60);
    assert_eq!(seen[0], "s-1");
    assert_eq!(seen[59], "s-60");
    let (_, beyond) = house.call("GET", "/snippet?page=9", Value::Null).await;
    assert_eq!((&beyond["items"], &beyond["nextPage"]), (&json!([]), &Value::Null));
    let (status, error) = house.call("GET", "/snippet?page=zero", Value::Null).await;
    assert_eq!((status, &error["payload"]["param"]), (400, &json!("page")));
}

#[tokio::test]
async fn a_full_last_page_has_no_next_page() {
    let house = house();
    house.control("POST", "snippets", &json!({"count": 50}));
    let (_, body) = house.call("GET", "/snippet?page=2", Value::Null).await;
    assert_eq!(body["items"].as_array().map(Vec::len), Some(25));
    assert_eq!(body["nextPage"], Value::Null);
}

#[tokio::test]
async fn access_changes_and_bad_input_is_named() {
    let house = house();
    house.control("POST", "snippets", &json!({"canonical": "odd/ü 1%"}));
    let path = "/snippet/odd%2F%C3%BC%201%25";
    let (status, before) = house.call("GET", path, Value::Null).await;
    assert_eq!((status, &before["install_access"]), (200, &json!("public")));
    house.control("POST", "clock", &json!({"advance": 5}));
    let wanted = json!({"install_access": "token", "install_access_description": "ask"});
    let (status, after) = house.call("POST", path, wanted).await;
    assert_eq!((status, &after["install_access"]), (200, &json!("token")));
    assert_ne!(after["updated_at"], before["updated_at"]);
    for (body, param) in [
        (json!({"install_access": "link"}), "install_access_description"),
        (json!({"install_access_description": ""}), "install_access"),
        (
            json!({"install_access": "nobody", "install_access_description": ""}),
            "install_access",
        ),
        (
            json!({"install_access": 7, "install_access_description": ""}),
            "install_access",
        ),
        (
            json!({"install_access": "link", "install_access_description": 7}),
            "install_access_description",
        ),
    ] {
        let (status, error) = house.call("POST", path, body.clone()).await;
        assert_eq!(
            (status, &error["code"]),
            (400, &json!("ERROR_CODE_INPUT_ERROR")),
            "{body}"
        );
        assert_eq!(error["payload"]["param"], param, "{body}");
    }
}

#[tokio::test]
async fn install_tokens_live_their_life() {
    let house = house();
    house.control("POST", "snippets", &json!({"canonical": "s"}));
    let (status, made) = house.call("POST", "/snippet/s/token", json!({"max_installs": 5})).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&made["max_installs"], &made["current_installs"]),
        (&json!(5), &json!(0))
    );
    let path = format!("/snippet/s/token/{}", made["token"].as_str().expect("text"));
    let (status, changed) = house
        .call("POST", &path, json!({"max_installs": 9, "current_installs": 4}))
        .await;
    assert_eq!(
        (status, &changed["max_installs"], &changed["current_installs"]),
        (200, &json!(9), &json!(4))
    );
    let (_, list) = house.call("GET", "/snippet/s/token", Value::Null).await;
    assert_eq!(list, json!([changed]));
    let (status, error) = house.call("POST", &path, json!({"max_installs": 9})).await;
    assert_eq!((status, &error["payload"]["param"]), (400, &json!("current_installs")));
    for bad in [
        json!({}),
        json!({"max_installs": null}),
        json!({"max_installs": "5"}),
        json!({"max_installs": -1}),
        json!({"max_installs": 1.5}),
    ] {
        let (status, error) = house.call("POST", "/snippet/s/token", bad.clone()).await;
        assert_eq!(
            (status, &error["payload"]["param"]),
            (400, &json!("max_installs")),
            "{bad}"
        );
    }
    assert_eq!(house.call("DELETE", &path, Value::Null).await, (200, json!({})));
    assert_eq!(house.call("DELETE", &path, Value::Null).await.0, 404);
    assert_eq!(house.call("GET", "/snippet/s/token", Value::Null).await.1, json!([]));
}

#[tokio::test]
async fn forms_are_as_good_as_json() {
    let house = house();
    house.control("POST", "snippets", &json!({"canonical": "s"}));
    let form = reqwest::multipart::Form::new().text("max_installs", "7");
    let url = format!("{}/snippet/s/token", house.emulator.account_url());
    let request = house
        .client
        .post(url)
        .bearer_auth(house.emulator.token())
        .multipart(form);
    let (status, made) = read(request.send().await.expect("an answer")).await;
    assert_eq!((status, &made["max_installs"]), (200, &json!(7)));
}

#[tokio::test]
async fn unknown_things_are_404_and_strange_things_403() {
    let house = house();
    house.control("POST", "users", &json!({"email": "a@b.c"}));
    house.control("POST", "snippets", &json!({"canonical": "theirs", "user": "a@b.c"}));
    for (method, path, expected) in [
        ("GET", "/snippet/nothing", 404),
        ("GET", "/snippet/nothing/token", 404),
        ("GET", "/snippet/theirs", 403),
        ("POST", "/snippet/theirs/token", 403),
        ("GET", "/nowhere", 404),
        ("PUT", "/snippet/theirs", 404),
        ("GET", "/workspace", 404),
    ] {
        let (status, error) = house.call(method, path, Value::Null).await;
        assert_eq!(status, expected, "{method} {path}: {error}");
        assert!(
            error["message"].is_string() && error.get("payload").is_some(),
            "{error}"
        );
    }
    assert_eq!(house.call("GET", "/snippet", Value::Null).await.1["items"], json!([]));
}

#[tokio::test]
async fn a_broken_body_is_a_bad_request() {
    let house = house();
    house.control("POST", "snippets", &json!({"canonical": "s"}));
    let (answer, _) = house.raw(
        &house
            .request("POST", "/snippet/s/token", "{\"max_installs\": ")
            .replace("host: x", "host: x\r\nconnection: close"),
    );
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("ERROR_CODE_BAD_REQUEST"), "{answer}");
}
