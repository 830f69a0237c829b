//! Multidoc, `OpenAPI` documents and conversion.

mod common;

use common::{House, house, read};
use serde_json::{Value, json};

const TEXT: &str = "\
table shop {
  auth = false

  schema {
    int id
    text name
  }
}
---
query list verb=GET {
  api_group = \"public\"
}
---
api_group public {
  canonical = \"shopcano\"
}
---
function hello {
  description = \"says hello\"
}
";

async fn send(house: &House, path: &str, text: &str) -> (u16, Value) {
    let url = format!("{}/workspace/1{path}", house.emulator.instance_url());
    let request = house
        .client
        .post(url)
        .bearer_auth(house.emulator.token())
        .header("content-type", "text/x-xanoscript");
    read(request.body(text.to_owned()).send().await.expect("an answer")).await
}

async fn pull(house: &House, query: &str) -> String {
    let url = format!("{}/workspace/1/multidoc{query}", house.emulator.instance_url());
    let answer = house
        .send(&url, house.emulator.token(), "GET", Value::Null)
        .await
        .expect("an answer");
    assert_eq!(answer.headers()["content-type"], "text/x-xanoscript");
    answer.text().await.expect("text")
}

#[tokio::test]
async fn what_is_pushed_can_be_pulled_and_pushed_again_without_a_change() {
    let house = house();
    let (status, done) = send(&house, "/multidoc", TEXT).await;
    assert_eq!(status, 200, "{done}");
    let kinds: Vec<_> = done["guid_map"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|g| g["type"].as_str().expect("text"))
        .collect();
    assert_eq!(kinds, ["table", "api_group", "function", "query"]);
    assert_eq!(done["guid_map"][3]["api_group"], "public");
    let pulled = pull(&house, "").await;
    assert_eq!(pulled.split("\n---\n").count(), 4, "{pulled}");
    let (_, again) = send(&house, "/multidoc/dry-run", &pulled).await;
    let actions: Vec<_> = again["operations"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|o| o["action"].clone())
        .collect();
    assert_eq!(actions, vec![json!("unchanged"); 4], "{again}");
    send(&house, "/multidoc", &pulled).await;
    assert_eq!(pull(&house, "").await, pulled);
    let apis = house.done("GET", "/workspace/1/apigroup/1/api", Value::Null).await;
    assert_eq!(
        (&apis["items"][0]["name"], &apis["items"][0]["verb"]),
        (&json!("list"), &json!("GET"))
    );
}

#[tokio::test]
async fn a_dry_run_tells_and_changes_nothing() {
    let house = house();
    send(&house, "/multidoc", TEXT).await;
    let other = "function hello {\n  description = \"new\"\n}\n---\ntask nightly {\n}";
    let (status, told) = send(&house, "/multidoc/dry-run?delete=true", other).await;
    assert_eq!((status, &told["workspace_name"]), (200, &json!("Main")));
    assert_eq!(told["summary"]["function"]["updated"], 1);
    assert_eq!(told["summary"]["task"]["created"], 1);
    assert_eq!(told["summary"]["table"]["deleted"], 1);
    assert_eq!(pull(&house, "").await.split("\n---\n").count(), 4);
    assert_eq!(
        house.done("GET", "/workspace/1/function/1", Value::Null).await["description"],
        "says hello"
    );
    send(&house, "/multidoc?delete=true", other).await;
    assert_eq!(pull(&house, "").await.split("\n---\n").count(), 2);
}

#[tokio::test]
async fn a_push_is_all_or_nothing_and_says_where_it_breaks() {
    let house = house();
    let (status, error) = send(&house, "/multidoc", "function a {\n}\n---\nfunction b {\n  x = [\n}").await;
    assert_eq!((status, &error["code"]), (400, &json!("ERROR_CODE_SYNTAX_ERROR")));
    assert_eq!(error["payload"]["line"], 6, "{error}");
    let (status, error) = send(
        &house,
        "/multidoc",
        "function a {\n}\n---\nquery q verb=GET {\n  api_group = \"none\"\n}",
    )
    .await;
    assert_eq!(status, 400);
    assert!(error["message"].as_str().expect("text").contains("line 4"), "{error}");
    assert_eq!(pull(&house, "").await, "");
    house
        .done("PUT", "/workspace/1", json!({"preferences": {"allow_push": false}}))
        .await;
    let (status, error) = send(&house, "/multidoc", "function a {\n}").await;
    assert_eq!(status, 403);
    assert!(
        error["message"].as_str().expect("text").contains("Push is disabled"),
        "{error}"
    );
}

#[tokio::test]
async fn a_guid_follows_an_object_through_a_rename() {
    let house = house();
    send(&house, "/multidoc", "function old {\n  guid = \"g-1\"\n}").await;
    send(&house, "/multidoc", "function new {\n  guid = \"g-1\"\n}").await;
    let list = house.done("GET", "/workspace/1/function", Value::Null).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&list["items"][0]["name"], &list["items"][0]["guid"]),
        (&json!("new"), &json!("g-1"))
    );
}

#[tokio::test]
async fn endpoints_are_described_in_openapi() {
    let house = house();
    send(&house, "/multidoc", TEXT).await;
    for path in [
        "/workspace/1/openapi",
        "/workspace/1/apigroup/1/openapi",
        "/workspace/1/apigroup/1/api/1/openapi",
    ] {
        let document = house.done("GET", path, Value::Null).await;
        assert!(
            document["paths"]["/api:shopcano/list"]["get"].is_object(),
            "{path}: {document}"
        );
    }
    assert_eq!(
        house
            .ask("GET", "/workspace/1/apigroup/1/api/9/openapi", Value::Null)
            .await
            .0,
        404
    );
    let context = house.done("GET", "/workspace/1/context?format=json", Value::Null).await;
    assert!(context["xanoscript"].as_str().expect("text").contains("function hello"));
    let yaml = house.done("GET", "/workspace/1/context", Value::Null).await;
    assert!(yaml.as_str().expect("text").starts_with("workspace: \"Main\""));
    house
        .refused("GET", "/workspace/1/context?format=xml", Value::Null, "format")
        .await;
}

#[tokio::test]
async fn scripts_convert_both_ways_as_far_as_headers_go() {
    let house = house();
    let (_, json) = send(
        &house,
        "/convert/fromXS",
        "query q verb=PUT {\n  description = \"d\"\n}",
    )
    .await;
    assert_eq!(
        (&json["kind"], &json["name"], &json["verb"], &json["description"]),
        (&json!("api"), &json!("q"), &json!("PUT"), &json!("d"))
    );
    let (_, json) = send(&house, "/convert/fromXS", "table t {\n  schema {\n    int id\n  }\n}").await;
    assert_eq!(json["schema"][0]["name"], "id");
    let body = json!({"name": "q", "verb": "PUT"});
    let text = house
        .done("POST", "/workspace/1/convert/toXS?kind=query", body.clone())
        .await;
    assert_eq!(text, "query q verb=PUT {\n}\n");
    let text = house
        .done("POST", "/workspace/1/convert/toXS?kind=query", json!(body.to_string()))
        .await;
    assert_eq!(text, "query q verb=PUT {\n}\n");
    house
        .refused("POST", "/workspace/1/convert/toXS", json!({"name": "q"}), "kind")
        .await;
    let (status, error) = send(&house, "/convert/fromXS", "galaxy g {\n}").await;
    assert_eq!((status, &error["code"]), (400, &json!("ERROR_CODE_NOT_EMULATED")));
}
