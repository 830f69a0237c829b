//! Files, realtime settings, request history, and what is refused.

mod common;

use common::{House, client, house, read};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

async fn upload(house: &House, name: &str, mime: &str, fields: &[(&'static str, &'static str)]) -> (u16, Value) {
    let part = Part::bytes(name.as_bytes().to_vec())
        .file_name(name.to_owned())
        .mime_str(mime)
        .expect("a type");
    let form = fields
        .iter()
        .fold(Form::new().part("content", part), |form, (field, value)| {
            form.text(*field, *value)
        });
    let url = format!("{}/workspace/1/file", house.emulator.instance_url());
    read(
        house
            .client
            .post(url)
            .bearer_auth(house.emulator.token())
            .multipart(form)
            .send()
            .await
            .expect("an answer"),
    )
    .await
}

#[tokio::test]
async fn files_are_kept_found_and_served() {
    let house = house();
    let (status, made) = upload(&house, "a b.png", "image/png", &[("type", "image")]).await;
    assert_eq!(
        (status, &made["size"], &made["mime"], &made["type"]),
        (200, &json!(7), &json!("image/png"), &json!("image"))
    );
    upload(&house, "secret.txt", "text/plain", &[("access", "private")]).await;
    upload(&house, "note.txt", "text/plain", &[]).await;
    let names = async |query: &str| {
        let list = house
            .done("GET", &format!("/workspace/1/file?{query}"), Value::Null)
            .await;
        list["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|f| f["name"].as_str().expect("text").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["note.txt", "a b.png"]);
    assert_eq!(names("access=private").await, ["secret.txt"]);
    assert_eq!(names("search=IMAGE/").await, ["a b.png"]);
    assert_eq!(names("sort=size&order=asc").await, ["a b.png", "note.txt"]);
    house
        .refused("GET", "/workspace/1/file?sort=colour", Value::Null, "sort")
        .await;

    let origin = house.emulator.instance_url().trim_end_matches("/api:meta").to_owned();
    let fetched = client()
        .get(format!("{origin}{}", made["path"].as_str().expect("text")))
        .send()
        .await
        .expect("an answer");
    assert_eq!(fetched.headers()["content-type"], "image/png");
    assert_eq!(fetched.text().await.expect("a body"), "a b.png");
    let private = house.done("GET", "/workspace/1/file?access=private", Value::Null).await;
    let path = private["items"][0]["path"].as_str().expect("text").to_owned();
    assert_eq!(
        client()
            .get(format!("{origin}{path}"))
            .send()
            .await
            .expect("an answer")
            .status(),
        404
    );
}

#[tokio::test]
async fn uploads_need_a_file_and_known_words() {
    let house = house();
    house
        .refused("POST", "/workspace/1/file", json!({"content": "text"}), "content")
        .await;
    let (status, error) = upload(&house, "a", "text/plain", &[("type", "poem")]).await;
    assert_eq!((status, &error["payload"]["param"]), (400, &json!("type")));
}

#[tokio::test]
async fn files_are_deleted_one_by_one_or_together() {
    let house = house();
    for name in ["a", "b", "c"] {
        upload(&house, name, "text/plain", &[]).await;
    }
    house.done("DELETE", "/workspace/1/file/1", Value::Null).await;
    assert_eq!(house.ask("DELETE", "/workspace/1/file/1", Value::Null).await.0, 404);
    assert_eq!(
        house
            .ask("DELETE", "/workspace/1/file/bulk_delete", json!({"ids": [2, 99]}))
            .await
            .0,
        404
    );
    assert_eq!(
        house.done("GET", "/workspace/1/file", Value::Null).await["items"]
            .as_array()
            .map(Vec::len),
        Some(2),
        "nothing went"
    );
    house
        .done("DELETE", "/workspace/1/file/bulk_delete", json!({"ids": [2, 3]}))
        .await;
    assert_eq!(
        house.done("GET", "/workspace/1/file", Value::Null).await["items"],
        json!([])
    );
    house
        .refused("DELETE", "/workspace/1/file/bulk_delete", json!({}), "ids")
        .await;
}

#[tokio::test]
async fn the_request_history_is_true() {
    let house = house();
    house.done("GET", "/workspace/1/branch", Value::Null).await;
    house
        .ask("GET", "/workspace/1/table/9?include_xanoscript=true", Value::Null)
        .await;
    house.ask("GET", "/workspace/99", Value::Null).await;
    let history = house.done("GET", "/workspace/1/request_history", Value::Null).await;
    let newest = &history["items"][0];
    assert_eq!(
        (
            &newest["verb"],
            &newest["status"],
            &newest["input"]["include_xanoscript"]
        ),
        (&json!("GET"), &json!(404), &json!("true"))
    );
    assert_eq!(history["items"][1]["uri"], "/api:meta/workspace/1/branch");
    assert_eq!(history["items"].as_array().map(Vec::len), Some(2));
    assert!(!history.to_string().contains(house.emulator.token()));
    let found = house
        .done(
            "POST",
            "/workspace/1/request_history/search",
            json!({"search": {"status|>=": 400}}),
        )
        .await;
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1));
    let none = house
        .done("GET", "/workspace/1/request_history?apigroup_id=5", Value::Null)
        .await;
    assert_eq!(none["items"], json!([]));
    house
        .refused(
            "GET",
            "/workspace/1/request_history?per_page=501",
            Value::Null,
            "per_page",
        )
        .await;
    for kind in ["function", "middleware", "task", "trigger", "tool"] {
        let empty = house
            .done("GET", &format!("/workspace/1/{kind}_history"), Value::Null)
            .await;
        assert_eq!((&empty["items"], &empty["curPage"]), (&json!([]), &json!(1)));
        house
            .done(
                "POST",
                &format!("/workspace/1/{kind}_history/search"),
                json!({"search": []}),
            )
            .await;
    }
}

#[tokio::test]
async fn realtime_settings_are_kept() {
    let house = house();
    assert_eq!(
        house.done("GET", "/workspace/1/realtime", Value::Null).await["enabled"],
        false
    );
    let body = json!({"enabled": true, "channels": [{"pattern": "chat/*", "presence": true, "history": "25"}]});
    house.done("PUT", "/workspace/1/realtime", body).await;
    let kept = house.done("GET", "/workspace/1/realtime", Value::Null).await;
    assert_eq!(
        (&kept["enabled"], &kept["channels"][0]["presence"]),
        (&json!(true), &json!(true))
    );
    assert!(kept["channels"][0].get("history").is_none());
    house
        .refused("PUT", "/workspace/1/realtime", json!({"channels": [{}]}), "channels")
        .await;
}

#[tokio::test]
async fn what_would_run_code_says_that_it_does_not() {
    let house = house();
    for path in [
        "/workspace/1/function/run",
        "/workspace/1/workflow_test/1/run",
        "/workspace/1/unit_test/a/run",
        "/beta/ephemeral/job",
        "/workspace/1/multidoc/debug",
    ] {
        let (status, error) = house.ask("POST", path, json!({})).await;
        assert_eq!(
            (status, &error["code"]),
            (400, &json!("ERROR_CODE_NOT_EMULATED")),
            "{path}"
        );
        assert!(
            error["message"].as_str().expect("text").contains("not emulated"),
            "{error}"
        );
    }
    assert_eq!(house.ask("POST", "/workspace/9/function/run", json!({})).await.0, 404);
}

#[tokio::test]
async fn a_removed_workspace_takes_its_files_along() {
    let house = house();
    upload(&house, "a", "text/plain", &[]).await;
    house.done("DELETE", "/workspace/1", Value::Null).await;
    house.done("POST", "/workspace", json!({"name": "again"})).await;
    assert_eq!(
        house.done("GET", "/workspace/2/file", Value::Null).await["items"],
        json!([])
    );
}
