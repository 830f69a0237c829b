//! Stored objects: functions, endpoints, triggers and their like.

mod common;

use common::{House, house, read};
use serde_json::{Value, json};

/// Sends a script.
async fn script(house: &House, method: &str, path: &str, text: &str) -> (u16, Value) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
    let url = format!("{}/workspace/1{path}", house.emulator.instance_url());
    let request = house.client.request(method, url).bearer_auth(house.emulator.token());
    read(
        request
            .header("content-type", "text/x-xanoscript")
            .body(text.to_owned())
            .send()
            .await
            .expect("an answer"),
    )
    .await
}

/// The families that are defined by script alone or by script as well, with the word they begin with.
const FAMILIES: [(&str, &str); 14] = [
    ("/function", "function"),
    ("/task", "task"),
    ("/middleware", "middleware"),
    ("/addon", "addon"),
    ("/agent", "agent"),
    ("/agent/trigger", "agent_trigger"),
    ("/mcp_server", "mcp_server"),
    ("/mcp_server/trigger", "mcp_server_trigger"),
    ("/tool", "tool"),
    ("/trigger", "workspace_trigger"),
    ("/table/trigger", "table_trigger"),
    ("/realtime/channel", "realtime_channel"),
    ("/realtime/channel/trigger", "realtime_trigger"),
    ("/workflow_test", "workflow_test"),
];

#[tokio::test]
async fn every_family_lives_the_same_life() {
    let house = house();
    for (path, word) in FAMILIES {
        let first = format!("{word} one {{\n  description = \"d\"\n}}\n");
        let (status, made) = script(&house, "POST", &format!("{path}?include_xanoscript=true"), &first).await;
        assert_eq!(
            (status, &made["name"], &made["xanoscript"]["value"]),
            (200, &json!("one"), &json!(first)),
            "{word}"
        );
        let single = format!("{path}/{}", made["id"]);
        let second = format!("{word} \"other name\" {{\n}}\n");
        let (status, changed) = script(&house, "PUT", &single, &second).await;
        assert_eq!((status, &changed["name"]), (200, &json!("other name")), "{word}");
        assert!(changed.get("xanoscript").is_none(), "only when asked for");
        let list = house
            .done("GET", &format!("/workspace/1{path}?search=OTHER"), Value::Null)
            .await;
        assert_eq!(
            (&list["items"][0]["id"], &list["nextPage"]),
            (&made["id"], &Value::Null),
            "{word}"
        );
        let read = house
            .done(
                "GET",
                &format!("/workspace/1{single}?include_xanoscript=true"),
                Value::Null,
            )
            .await;
        assert_eq!(read["xanoscript"], json!({"status": "ok", "value": second}), "{word}");
        let (status, error) = script(&house, "POST", path, "nonsense").await;
        assert_eq!(
            (status, &error["code"]),
            (400, &json!("ERROR_CODE_SYNTAX_ERROR")),
            "{word}"
        );
        assert_eq!(
            house
                .done("DELETE", &format!("/workspace/1{single}"), Value::Null)
                .await,
            json!({})
        );
        assert_eq!(
            house.ask("GET", &format!("/workspace/1{single}"), Value::Null).await.0,
            404
        );
    }
}

#[tokio::test]
async fn forms_do_where_forms_are_allowed() {
    let house = house();
    let made = house
        .done(
            "POST",
            "/workspace/1/function",
            json!({"name": "f", "description": "d", "tag": ["a"]}),
        )
        .await;
    assert_eq!(
        (&made["branch"], &made["tag"], &made["cache"]["ttl"]),
        (&json!("v1"), &json!(["a"]), &json!(3600))
    );
    let changed = house
        .done("PUT", "/workspace/1/function/1", json!({"description": "new"}))
        .await;
    assert_eq!(
        (&changed["name"], &changed["description"]),
        (&json!("f"), &json!("new"))
    );
    let guid = "00000000-0000-4000-8000-000000000000";
    let secured = house
        .done("PUT", "/workspace/1/function/1/security", json!({"guid": guid}))
        .await;
    assert_eq!(secured["guid"], guid);
    house
        .refused("POST", "/workspace/1/function", json!({"name": "g"}), "description")
        .await;
    house
        .refused(
            "POST",
            "/workspace/1/function",
            json!({"name": "f", "description": ""}),
            "name",
        )
        .await;
    house
        .refused(
            "POST",
            "/workspace/1/task",
            json!({"name": "t", "description": "", "datasource": "live", "active": "yes"}),
            "active",
        )
        .await;
    let (status, error) = house.ask("POST", "/workspace/1/addon", json!({"name": "a"})).await;
    assert_eq!(
        (status, &error["code"]),
        (400, &json!("ERROR_CODE_BAD_REQUEST")),
        "script only"
    );
}

#[tokio::test]
async fn a_script_of_another_family_is_refused() {
    let house = house();
    let (status, error) = script(&house, "POST", "/function", "task t {\n}").await;
    assert_eq!(status, 400);
    assert!(
        error["message"].as_str().expect("text").contains("\"function\""),
        "{error}"
    );
}

#[tokio::test]
async fn endpoints_live_in_a_group_and_go_with_it() {
    let house = house();
    let group = house
        .done(
            "POST",
            "/workspace/1/apigroup",
            json!({"name": "g", "description": "", "swagger": true}),
        )
        .await;
    assert_eq!(group["canonical"].as_str().map(str::len), Some(8));
    let (status, api) = script(
        &house,
        "POST",
        "/apigroup/1/api",
        "query \"user/{id}\" verb=DELETE {\n}",
    )
    .await;
    assert_eq!(
        (status, &api["name"], &api["verb"]),
        (200, &json!("user/{id}"), &json!("DELETE"))
    );
    assert!(api.get("branch").is_none(), "the group fixes it");
    let get = json!({"name": "user/{id}", "description": "", "verb": "GET"});
    house.done("POST", "/workspace/1/apigroup/1/api", get.clone()).await;
    house.refused("POST", "/workspace/1/apigroup/1/api", get, "name").await;
    house
        .refused(
            "POST",
            "/workspace/1/apigroup/1/api",
            json!({"name": "x", "description": "", "verb": "FETCH"}),
            "verb",
        )
        .await;
    house
        .done(
            "POST",
            "/workspace/1/apigroup",
            json!({"name": "h", "description": "", "swagger": false}),
        )
        .await;
    assert_eq!(
        house.ask("GET", "/workspace/1/apigroup/2/api/1", Value::Null).await.0,
        404,
        "another group's"
    );
    house
        .refused(
            "PUT",
            "/workspace/1/apigroup/1/security",
            json!({"guid": "x"}),
            "canonical",
        )
        .await;
    let secured = house
        .done(
            "PUT",
            "/workspace/1/apigroup/1/security",
            json!({"guid": "x", "canonical": "mine"}),
        )
        .await;
    assert_eq!((&secured["guid"], &secured["canonical"]), (&json!("x"), &json!("mine")));
    house.done("DELETE", "/workspace/1/apigroup/1", Value::Null).await;
    assert_eq!(
        house.ask("GET", "/workspace/1/apigroup/1/api", Value::Null).await.0,
        404
    );
}

#[tokio::test]
async fn a_draft_waits_until_it_is_published() {
    let house = house();
    script(&house, "POST", "/function", "function f {\n  description = \"one\"\n}").await;
    let (_, kept) = script(
        &house,
        "PUT",
        "/function/1?publish=false",
        "function f {\n  description = \"two\"\n}",
    )
    .await;
    assert_eq!(kept["description"], "one");
    let read = house
        .done("GET", "/workspace/1/function/1?include_draft=true", Value::Null)
        .await;
    assert!(
        read["draft"]["xanoscript"]["value"]
            .as_str()
            .expect("text")
            .contains("two"),
        "{read}"
    );
    let (_, now) = script(
        &house,
        "PUT",
        "/function/1",
        "function f {\n  description = \"three\"\n}",
    )
    .await;
    assert_eq!(now["description"], "three");
    let read = house
        .done("GET", "/workspace/1/function/1?include_draft=true", Value::Null)
        .await;
    assert_eq!(read["draft"], Value::Null);
}

#[tokio::test]
async fn branches_version_objects() {
    let house = house();
    script(&house, "POST", "/function", "function f {\n}").await;
    house
        .done(
            "POST",
            "/workspace/1/apigroup",
            json!({"name": "g", "description": "", "swagger": true}),
        )
        .await;
    script(&house, "POST", "/apigroup/1/api", "query a verb=GET {\n}").await;
    house
        .done(
            "POST",
            "/workspace/1/branch",
            json!({"label": "v2", "source_branch": "v1"}),
        )
        .await;
    let of = async |path: &str, branch: &str| {
        house
            .done("GET", &format!("/workspace/1{path}?branch={branch}"), Value::Null)
            .await["items"]
            .clone()
    };
    let (old, new) = (of("/function", "v1").await, of("/function", "v2").await);
    assert_eq!(
        (&new[0]["name"], &new[0]["branch"], &new[0]["guid"]),
        (&json!("f"), &json!("v2"), &old[0]["guid"])
    );
    assert_ne!(new[0]["id"], old[0]["id"]);
    let group = of("/apigroup", "v2").await[0]["id"].clone();
    let apis = house
        .done("GET", &format!("/workspace/1/apigroup/{group}/api"), Value::Null)
        .await;
    assert_eq!(apis["items"][0]["name"], "a", "endpoints come along");
    script(
        &house,
        "PUT",
        &format!("/function/{}", new[0]["id"]),
        "function changed {\n}",
    )
    .await;
    assert_eq!(
        of("/function", "").await[0]["name"],
        "f",
        "the live branch is untouched"
    );
    house
        .refused("GET", "/workspace/1/function?branch=none", Value::Null, "branch")
        .await;
    house.done("DELETE", "/workspace/1/branch/v2", Value::Null).await;
    assert_eq!(
        house
            .ask("GET", &format!("/workspace/1/function/{}", new[0]["id"]), Value::Null)
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn lists_are_newest_first_and_paged() {
    let house = house();
    for number in 1..=5 {
        script(&house, "POST", "/tool", &format!("tool t{number} {{\n}}")).await;
    }
    let ids = async |query: &str| {
        let list = house
            .done("GET", &format!("/workspace/1/tool?{query}"), Value::Null)
            .await;
        list["items"]
            .as_array()
            .expect("items")
            .iter()
            .filter_map(|item| item["id"].as_i64())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids("").await, [5, 4, 3, 2, 1]);
    assert_eq!(ids("per_page=2&page=2").await, [3, 2]);
    assert_eq!(ids("sort=name&order=asc&per_page=2").await, [1, 2]);
}

#[tokio::test]
async fn the_demonstration_shop_has_logic_in_two_branches() {
    let house = house();
    house.control("POST", "seed", &Value::Null);
    let functions = async |branch: &str| {
        house
            .done("GET", &format!("/workspace/1/function?branch={branch}"), Value::Null)
            .await["items"]
            .clone()
    };
    let (live, next) = (functions("").await, functions("next").await);
    assert_eq!(live[0]["name"], "order_total");
    assert_eq!(next[0]["guid"], live[0]["guid"]);
    assert_ne!(next[0]["description"], live[0]["description"]);
    let document = house.done("GET", "/workspace/1/openapi", Value::Null).await;
    assert!(
        document["paths"]["/api:demoshop/order/{order_id}"]["get"].is_object(),
        "{document}"
    );
}
