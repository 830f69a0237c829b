//! Workspaces, branches and data sources.

mod common;

use common::house;
use serde_json::{Value, json};

#[tokio::test]
async fn a_workspace_is_made_changed_in_part_and_removed() {
    let house = house();
    let made = house
        .done("POST", "/workspace", json!({"name": "Shop", "description": "d"}))
        .await;
    assert_eq!((&made["id"], &made["branch"]), (&json!(2), &json!("v1")));
    let changed = house
        .done(
            "PUT",
            "/workspace/2",
            json!({"description": "new", "preferences": {"allow_push": false}}),
        )
        .await;
    assert_eq!(
        (&changed["name"], &changed["description"]),
        (&json!("Shop"), &json!("new"))
    );
    assert_eq!(changed["preferences"]["allow_push"], false);
    assert_eq!(
        house
            .done("GET", "/workspace", Value::Null)
            .await
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    assert_eq!(house.done("DELETE", "/workspace/2", Value::Null).await, json!({}));
    assert_eq!(house.ask("GET", "/workspace/2", Value::Null).await.0, 404);
    house
        .refused("POST", "/workspace", json!({"description": "d"}), "name")
        .await;
    house
        .refused("PUT", "/workspace/1", json!({"swagger": "yes"}), "swagger")
        .await;
    house
        .refused("GET", "/workspace/one", Value::Null, "workspace_id")
        .await;
    let again = house.done("POST", "/workspace", json!({"name": "Third"})).await;
    assert_eq!(again["id"], 3, "ids are not given twice");
}

#[tokio::test]
async fn v1_and_the_live_branch_stay() {
    let house = house();
    let all = house.done("GET", "/workspace/1/branch", Value::Null).await;
    assert_eq!((&all[0]["label"], &all[0]["live"]), (&json!("v1"), &json!(true)));
    let odd = "/workspace/1/branch/feature%2F%C3%BC%201%25";
    let made = house
        .done("POST", "/workspace/1/branch", json!({"label": "feature/ü 1%"}))
        .await;
    assert_eq!((&made["label"], &made["live"]), (&json!("feature/ü 1%"), &json!(false)));
    assert_eq!(house.done("GET", odd, Value::Null).await["label"], "feature/ü 1%");
    assert_eq!(house.ask("DELETE", "/workspace/1/branch/v1", Value::Null).await.0, 400);
    house
        .refused("PUT", "/workspace/1/branch/v1", json!({"label": "v2"}), "label")
        .await;
    house
        .refused("POST", "/workspace/1/branch", json!({"label": "v1"}), "label")
        .await;
    house
        .refused(
            "POST",
            "/workspace/1/branch",
            json!({"label": "x", "source_branch": "none"}),
            "source_branch",
        )
        .await;

    assert_eq!(
        house.done("POST", &format!("{odd}/live"), Value::Null).await["live"],
        true
    );
    assert_eq!(
        house.done("GET", "/workspace/1", Value::Null).await["branch"],
        "feature/ü 1%"
    );
    assert_eq!(
        house.done("GET", "/workspace/1/branch/v1", Value::Null).await["live"],
        false
    );
    assert_eq!(house.ask("DELETE", odd, Value::Null).await.0, 400, "live");
    assert_eq!(
        house.ask("DELETE", "/workspace/1/branch/v1", Value::Null).await.0,
        400,
        "not live, but v1"
    );
    house.done("POST", "/workspace/1/branch/v1/live", Value::Null).await;
    let renamed = house.done("PUT", odd, json!({"label": "v2", "color": "#fff"})).await;
    assert_eq!((&renamed["label"], &renamed["color"]), (&json!("v2"), &json!("#fff")));
    assert_eq!(
        house.done("DELETE", "/workspace/1/branch/v2", Value::Null).await,
        json!({})
    );
    assert_eq!(house.ask("GET", "/workspace/1/branch/v2", Value::Null).await.0, 404);
}

#[tokio::test]
async fn data_sources_have_unique_labels_and_live_stays() {
    let house = house();
    let made = house
        .done("POST", "/workspace/1/datasource", json!({"label": "test"}))
        .await;
    assert_eq!(made, json!({"color": "#ebc346", "label": "test"}));
    let painted = house
        .done("PUT", "/workspace/1/datasource/test", json!({"color": "#000"}))
        .await;
    assert_eq!(painted["color"], "#000");
    house
        .refused("POST", "/workspace/1/datasource", json!({"label": "test"}), "label")
        .await;
    assert_eq!(
        house.ask("DELETE", "/workspace/1/datasource/live", Value::Null).await.0,
        400
    );
    house.done("DELETE", "/workspace/1/datasource/test", Value::Null).await;
    let all = house.done("GET", "/workspace/1/datasource", Value::Null).await;
    assert_eq!(all, json!([{"color": "#ebc346", "label": "live"}]));
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let house = house();
    let token = house.control("POST", "tokens", &json!({"scopes": {"Workspace": "R"}}));
    let token = token["token"].as_str().expect("text");
    let url = |path: &str| format!("{}{path}", house.emulator.instance_url());
    let answer = house
        .send(&url("/workspace/1"), token, "GET", Value::Null)
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let answer = house
        .send(&url("/workspace"), token, "POST", json!({"name": "x"}))
        .await
        .expect("an answer");
    let (status, error) = common::read(answer).await;
    assert_eq!((status, &error["code"]), (403, &json!("ERROR_CODE_ACCESS_DENIED")));
    assert!(
        error["message"]
            .as_str()
            .expect("text")
            .contains("Instance Workspace: Create"),
        "{error}"
    );
}

#[tokio::test]
async fn the_audit_log_has_every_change() {
    let house = house();
    house.done("POST", "/workspace", json!({"name": "Shop"})).await;
    house.done("POST", "/workspace/2/branch", json!({"label": "v2"})).await;
    house.done("POST", "/workspace/1/branch", json!({"label": "v2"})).await;
    let log = house.done("GET", "/audit_log?per_page=2", Value::Null).await;
    assert_eq!((&log["itemsTotal"], &log["nextPage"]), (&json!(3), &json!(2)));
    assert_eq!(log["items"][0]["type"], "branch.create");
    assert_eq!(log["items"][0]["data"], Value::Null);
    assert_eq!(log["items"][0]["user"]["email"], "robin@example.com");
    let own = house
        .done("GET", "/workspace/2/audit_log?include_data=true", Value::Null)
        .await;
    assert_eq!(own["itemsTotal"], 2);
    assert_eq!(own["items"][0]["data"]["label"], "v2");
    let found = house
        .done(
            "POST",
            "/audit_log/search",
            json!({"search": [{"type": "branch.create"}], "sort": {"id": "asc"}}),
        )
        .await;
    assert_eq!(found["itemsTotal"], 2);
    assert_eq!(found["items"][0]["workspace"]["name"], "Shop");
    house
        .refused("POST", "/audit_log/search", json!({"search": {"type|~": 1}}), "search")
        .await;
}
