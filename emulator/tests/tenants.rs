//! Tenants, with what belongs to them, and the clusters they run on.

mod common;

use common::{House, client, house};
use serde_json::{Value, json};

#[tokio::test]
async fn tenants_live_by_name() {
    let house = house();
    let path = tenant(&house).await;
    house
        .refused(
            "POST",
            "/workspace/1/tenant",
            json!({"display": "x", "license": "tier3"}),
            "cluster_id",
        )
        .await;
    let full = json!({"display": "New", "description": "", "domain": "", "ingress": false, "proxy": "", "rbac": {"enabled": true}, "tag": [], "tasks": true});
    assert_eq!(house.done("PUT", &path, full.clone()).await["display"], "New");
    let mut short = full;
    short.as_object_mut().expect("an object").remove("ingress");
    house.refused("PUT", &path, short, "ingress").await;
    house
        .done("POST", "/workspace/1/release", json!({"name": "r1", "branch": "v1"}))
        .await;
    assert_eq!(
        house
            .done("POST", &format!("{path}/deploy"), json!({"release_name": "r1"}))
            .await["release"]["name"],
        "r1"
    );
    house
        .refused(
            "POST",
            &format!("{path}/deploy"),
            json!({"release_name": "none"}),
            "release_name",
        )
        .await;
}

/// A tenant's path.
async fn tenant(house: &House) -> String {
    let made = house
        .done("POST", "/workspace/1/tenant", json!({"display": "Acme"}))
        .await;
    format!("/workspace/1/tenant/{}", made["name"].as_str().expect("text"))
}

#[tokio::test]
async fn tenants_have_variables_backups_and_snapshots() {
    let house = house();
    let path = tenant(&house).await;
    house
        .done(
            "PUT",
            &format!("{path}/env_all"),
            json!({"envs": [{"name": "A", "value": "1"}]}),
        )
        .await;
    house
        .done(
            "PATCH",
            &format!("{path}/env/B"),
            json!({"env": {"name": "B", "value": "2"}}),
        )
        .await;
    assert_eq!(
        house.done("GET", &format!("{path}/env_all"), Value::Null).await,
        json!({"A": "1", "B": "2"})
    );
    assert_eq!(
        house.done("GET", &format!("{path}/env_key"), Value::Null).await["env"][0],
        json!({"name": "A", "value": ""})
    );
    house.done("DELETE", &format!("{path}/env/A"), Value::Null).await;
    assert_eq!(
        house.done("GET", &format!("{path}/env/A"), Value::Null).await,
        Value::Null
    );
    house
        .refused(
            "PATCH",
            &format!("{path}/env/B"),
            json!({"env": {"name": "C", "value": "2"}}),
            "env",
        )
        .await;

    let backup = house
        .done("POST", &format!("{path}/backup"), json!({"description": "b"}))
        .await;
    let src = house
        .done("GET", &format!("{path}/backup/{}/export", backup["id"]), Value::Null)
        .await["src"]
        .as_str()
        .expect("a URL")
        .to_owned();
    assert_eq!(client().get(src).send().await.expect("an answer").status(), 200);
    assert_eq!(
        house.done("GET", &format!("{path}/backup"), Value::Null).await[0]["_user"]["name"],
        "Robin Example"
    );
    house
        .done("POST", &format!("{path}/restore"), json!({"backup_id": backup["id"]}))
        .await;

    let copy = house
        .done("POST", &format!("{path}/snapshot"), json!({"label": "x"}))
        .await;
    let swapped = house
        .done(
            "POST",
            &format!("{path}/snapshot/swap"),
            json!({"snapshot": copy["backup"]}),
        )
        .await;
    assert_eq!(swapped["to"], copy["backup"]);
    let name = copy["backup"].as_str().expect("text");
    assert_eq!(
        house
            .ask("DELETE", &format!("{path}/snapshot?snapshot={name}"), Value::Null)
            .await
            .0,
        400,
        "live"
    );
    let list = house.done("GET", &format!("{path}/snapshot"), Value::Null).await;
    assert_eq!(
        (&list[0]["is_original"], &list[1]["is_live"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        house.done("GET", &format!("{path}/unit_test"), Value::Null).await["items"],
        json!([])
    );
    assert!(house.done("GET", &format!("{path}/impersonate"), Value::Null).await["_ti"].is_string());
    house.done("DELETE", &path, Value::Null).await;
    assert_eq!(house.ask("GET", &path, Value::Null).await.0, 404);
}

#[tokio::test]
async fn clusters_keep_their_credentials_to_themselves() {
    let house = house();
    let made = house
        .done(
            "POST",
            "/tenant/cluster",
            json!({"name": "c", "credentials": "secret: yes"}),
        )
        .await;
    assert!(made.get("credentials").is_none());
    assert_eq!(
        house.done("GET", "/tenant/cluster/1/license", Value::Null).await,
        "secret: yes"
    );
    house
        .done("POST", "/tenant/cluster/1/license", json!({"value": "other"}))
        .await;
    house
        .refused("PUT", "/tenant/cluster/1", json!({"name": "c"}), "type")
        .await;
    let tenant = house
        .done(
            "POST",
            "/workspace/1/tenant",
            json!({"display": "t", "license": "tier3", "cluster_id": 1}),
        )
        .await;
    let full = house
        .done(
            "GET",
            &format!("/workspace/1/tenant/{}", tenant["name"].as_str().expect("text")),
            Value::Null,
        )
        .await;
    assert_eq!(full["cluster"]["name"], "c");
    assert_eq!(house.done("GET", "/platform", Value::Null).await[0]["id"], 1);
    assert_eq!(house.done("GET", "/platform/1", Value::Null).await["name"], "1.0.0");
    house.done("DELETE", "/tenant/cluster/1", Value::Null).await;
    assert_eq!(house.done("GET", "/tenant/cluster", Value::Null).await, json!([]));
    let log = house.done("GET", "/audit_log?include_data=true", Value::Null).await;
    assert!(!log.to_string().contains("secret: yes"));
}
