//! Static hosts, releases, the sandbox, knowledge and policies.

mod common;

use common::{House, client, house, read};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

async fn upload(house: &House, path: &str, bytes: Vec<u8>, fields: &[(&'static str, &'static str)]) -> (u16, Value) {
    let part = Part::bytes(bytes).file_name("upload.tar.gz");
    let form = fields
        .iter()
        .fold(Form::new().part("file", part), |form, (field, value)| {
            form.text(*field, *value)
        });
    let url = format!("{}{path}", house.emulator.instance_url());
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

async fn script(house: &House, path: &str, text: &str) -> (u16, Value) {
    let url = format!("{}{path}", house.emulator.instance_url());
    let request = house
        .client
        .post(url)
        .bearer_auth(house.emulator.token())
        .header("content-type", "text/x-xanoscript");
    read(request.body(text.to_owned()).send().await.expect("an answer")).await
}

#[tokio::test]
async fn hosts_keep_their_builds_and_point_at_them() {
    let house = house();
    let path = "/workspace/1/static_host";
    house
        .done("POST", path, json!({"name": "my site", "description": "d"}))
        .await;
    house.refused("POST", path, json!({"name": "my site"}), "name").await;
    let (status, build) = upload(
        &house,
        &format!("{path}/my%20site/build"),
        vec![1, 2, 3],
        &[("name", "b1")],
    )
    .await;
    assert_eq!(
        (status, &build["file_bytes"], &build["status"]),
        (200, &json!(3), &json!("pending"))
    );
    let host = house.done("GET", &format!("{path}/my%20site"), Value::Null).await;
    assert!(
        host["dev"]["default_url"].is_string() && host["prod"]["default_url"].is_null(),
        "{host}"
    );
    house
        .done("POST", &format!("{path}/my%20site/build/1/env"), json!({"env": "prod"}))
        .await;
    assert!(house.done("GET", &format!("{path}/my%20site"), Value::Null).await["prod"]["default_url"].is_string());
    let list = house.done("GET", path, Value::Null).await;
    assert_eq!(
        (&list["perPage"], &list["items"][0]["workspace"]["id"]),
        (&json!(100), &json!(1))
    );
    upload(&house, &format!("{path}/default/build"), vec![1], &[("name", "first")]).await;
    assert_eq!(
        house.done("GET", path, Value::Null).await["itemsTotal"],
        2,
        "default is made by its first build"
    );
    let git = json!({"repo": "r", "public_key": "p", "private_key": "k"});
    let edited = house
        .done(
            "POST",
            &format!("{path}/my%20site/edit"),
            json!({"name": "new", "description": "", "git": git}),
        )
        .await;
    assert_eq!((&edited["name"], &edited["git"]["repo"]), (&json!("new"), &json!("r")));
    house
        .refused(
            "POST",
            &format!("{path}/new/edit"),
            json!({"name": "new", "description": ""}),
            "git",
        )
        .await;
    house.done("DELETE", &format!("{path}/new/build/1"), Value::Null).await;
    assert_eq!(
        house.ask("GET", &format!("{path}/new/build/1"), Value::Null).await.0,
        404
    );
    assert_eq!(house.ask("GET", &format!("{path}/nothing"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_release_travels_as_a_file_and_becomes_a_branch() {
    let house = house();
    script(&house, "/workspace/1/function", "function f {\n}").await;
    let made = house
        .done(
            "POST",
            "/workspace/1/release",
            json!({"name": "r1", "branch": "v1", "description": "d"}),
        )
        .await;
    assert_eq!((&made["branch"], &made["hotfix"]), (&json!("v1"), &json!(false)));
    assert!(made.get("link").is_none());
    let src = house.done("GET", "/workspace/1/release/1/export", Value::Null).await["src"]
        .as_str()
        .expect("a URL")
        .to_owned();
    let file = client()
        .get(&src)
        .send()
        .await
        .expect("an answer")
        .bytes()
        .await
        .expect("bytes");
    assert_eq!(&file[..2], [0x1f, 0x8b], "gzip, without a token");
    let (status, other) = upload(&house, "/workspace/1/release/import", file.to_vec(), &[]).await;
    assert_eq!((status, &other["id"]), (200, &json!(2)));
    assert_eq!(
        upload(&house, "/workspace/1/release/import", vec![1, 2], &[]).await.0,
        400
    );
    let deployed = house
        .done("POST", "/workspace/1/release/r1/deploy", json!({"set_live": true}))
        .await;
    assert_eq!(deployed["branch"], "v1-2");
    let functions = house.done("GET", "/workspace/1/function", Value::Null).await;
    assert_eq!(
        (&functions["items"][0]["name"], &functions["items"][0]["branch"]),
        (&json!("f"), &json!("v1-2"))
    );
    let text = house.done("GET", "/workspace/1/release/1/multidoc", Value::Null).await;
    assert!(text.as_str().expect("text").starts_with("function f {"), "{text}");
    assert_eq!(
        house
            .done("GET", "/workspace/1/release?per_page=1", Value::Null)
            .await
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    house
        .refused("GET", "/workspace/1/release?per_page=101", Value::Null, "per_page")
        .await;
    house
        .refused(
            "POST",
            "/workspace/1/release",
            json!({"name": "r1", "branch": "v1"}),
            "name",
        )
        .await;
    house
        .refused(
            "POST",
            "/workspace/1/release",
            json!({"name": "r9", "branch": "none"}),
            "branch",
        )
        .await;
    house
        .done(
            "PUT",
            "/workspace/1/release/1",
            json!({"name": "renamed", "description": ""}),
        )
        .await;
    house.done("DELETE", "/workspace/1/release/1", Value::Null).await;
    assert_eq!(client().get(&src).send().await.expect("an answer").status(), 404);
}

#[tokio::test]
async fn a_release_can_be_written_down() {
    let house = house();
    let (status, made) = script(
        &house,
        "/workspace/1/release/multidoc?name=written&description=d",
        "function g {\n}",
    )
    .await;
    assert_eq!((status, &made["name"]), (200, &json!("written")));
    assert_eq!(
        house.done("GET", "/workspace/1/function", Value::Null).await["items"],
        json!([]),
        "only the release holds it"
    );
    assert_eq!(
        house
            .done("GET", "/workspace/1/branch", Value::Null)
            .await
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    house
        .done("POST", "/workspace/1/release/written/deploy", json!({}))
        .await;
    let functions = house
        .done("GET", "/workspace/1/function?branch=written", Value::Null)
        .await;
    assert_eq!(functions["items"][0]["name"], "g");
}

#[tokio::test]
async fn the_sandbox_is_made_by_looking_and_takes_documents() {
    let house = house();
    let mine = house.done("GET", "/sandbox/me", Value::Null).await;
    assert_eq!(house.done("GET", "/sandbox/me", Value::Null).await["id"], mine["id"]);
    let text = "function f {\n}\n---\ntask t {\n}";
    let (_, pushed) = script(&house, "/sandbox/multidoc?source_workspace_id=1", text).await;
    assert_eq!(pushed["guid_map"].as_array().map(Vec::len), Some(2));
    let (_, told) = script(
        &house,
        "/sandbox/multidoc/dry-run?delete=true&partial=false&source_workspace_id=2",
        "function f {\n}",
    )
    .await;
    assert_eq!(
        (&told["summary"]["task"]["deleted"], &told["source_workspace_mismatch"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(house.done("GET", "/sandbox/multidoc", Value::Null).await, text);
    house
        .done("PATCH", "/sandbox/env/A", json!({"env": {"name": "A", "value": "1"}}))
        .await;
    house.done("POST", "/sandbox/reset", Value::Null).await;
    assert_eq!(house.done("GET", "/sandbox/multidoc", Value::Null).await, "");
    assert_eq!(
        house.done("GET", "/sandbox/env_all", Value::Null).await,
        json!({"A": "1"})
    );
    house.done("DELETE", "/sandbox/me", Value::Null).await;
    assert_ne!(house.done("GET", "/sandbox/me", Value::Null).await["id"], mine["id"]);
    assert_eq!(house.done("GET", "/sandbox/env_all", Value::Null).await, json!({}));
}

#[tokio::test]
async fn knowledge_is_synchronised_as_a_set() {
    let house = house();
    let path = "/workspace/1/knowledge/sync";
    let items = json!([{"name": "a", "knowledge_type": "skill", "content": "x", "files": [{"name": "f", "content": "y"}]}, {"name": "b", "enabled": false}]);
    let told = house.done("POST", path, json!({"items": items, "dry_run": true})).await;
    assert_eq!(told["summary"]["knowledge"]["created"], 2);
    assert_eq!(house.done("GET", path, Value::Null).await, json!([]));
    house.done("POST", path, json!({"items": items})).await;
    let list = house
        .done(
            "GET",
            "/workspace/1/knowledge?enabled_only=true&include_content=true",
            Value::Null,
        )
        .await;
    assert_eq!(
        (&list["items"][0]["content"], list["items"].as_array().map(Vec::len)),
        (&json!("x"), Some(1))
    );
    let file = house
        .done("GET", "/workspace/1/knowledge/1/file?path=f", Value::Null)
        .await;
    assert_eq!(file["file"]["content"], "y");
    let pulled = house.done("GET", path, Value::Null).await;
    let again = house
        .done("POST", path, json!({"items": pulled, "dry_run": true, "delete": true}))
        .await;
    assert_eq!(
        again["summary"]["knowledge"],
        json!({"created": 0, "updated": 0, "deleted": 0, "unchanged": 2})
    );
    house
        .refused(
            "POST",
            path,
            json!({"items": [{"name": "c", "knowledge_type": "poem"}]}),
            "items",
        )
        .await;
    let gone = house.done("POST", path, json!({"items": [], "delete": true})).await;
    assert_eq!(gone["deleted"], 2);
    assert_eq!(
        house.done("GET", "/workspace/1/agent-skills", Value::Null).await["knowledge"],
        json!([])
    );
}

#[tokio::test]
async fn policies_are_kept_and_not_evaluated() {
    let house = house();
    let path = "/workspace/1/policy";
    let made = house
        .done("POST", path, json!({"data": {"key": "k", "title": "T", "rules": [1]}}))
        .await;
    assert_eq!(
        (&made["key"], &made["version"], &made["unchanged"]),
        (&json!("k"), &json!(1), &json!(false))
    );
    let (status, error) = house
        .ask("POST", path, json!({"data": {"key": "other", "rules": [1]}}))
        .await;
    assert_eq!((status, &error["payload"]["code"]), (400, &json!("policy_duplicate")));
    let same = house
        .done(
            "PUT",
            &format!("{path}/1"),
            json!({"data": {"key": "k", "title": "T", "rules": [1]}}),
        )
        .await;
    assert_eq!(same["unchanged"], true);
    let (status, error) = house
        .ask(
            "PUT",
            &format!("{path}/1"),
            json!({"data": {}, "last_updated_at": "long ago"}),
        )
        .await;
    assert_eq!((status, &error["payload"]["code"]), (400, &json!("policy_stale")));
    assert_eq!(house.done("GET", path, Value::Null).await["items"][0]["title"], "T");
    assert_eq!(
        house.ask("POST", &format!("{path}/evaluate"), json!({})).await.1["code"],
        "ERROR_CODE_NOT_EMULATED"
    );
    assert_eq!(
        house.done("GET", &format!("{path}/run"), Value::Null).await["items"],
        json!([])
    );
    assert_eq!(house.ask("GET", &format!("{path}/run/1"), Value::Null).await.0, 404);
    house.done("DELETE", &format!("{path}/1"), Value::Null).await;
    assert_eq!(house.ask("GET", &format!("{path}/1"), Value::Null).await.0, 404);
}
