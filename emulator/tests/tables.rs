//! Tables, columns and indexes.

mod common;

use common::{House, house};
use serde_json::{Value, json};

async fn table(house: &House, name: &str) -> String {
    let made = house.done("POST", "/workspace/1/table", json!({"name": name})).await;
    format!("/workspace/1/table/{}", made["id"])
}

#[tokio::test]
async fn a_new_table_has_an_id_and_a_time() {
    let house = house();
    let path = table(&house, "user").await;
    let shown = house.done("GET", &path, Value::Null).await;
    assert_eq!(
        (&shown["name"], &shown["auth"], &shown["tag"]),
        (&json!("user"), &json!(false), &json!([]))
    );
    assert!(shown.get("xanoscript").is_none(), "only when asked for");
    let columns = house.done("GET", &format!("{path}/schema"), Value::Null).await;
    assert_eq!(
        (&columns[0]["name"], &columns[1]["name"]),
        (&json!("id"), &json!("created_at"))
    );
    let indexes = house.done("GET", &format!("{path}/index"), Value::Null).await;
    assert_eq!(indexes[0]["type"], "primary");
    house
        .refused("POST", "/workspace/1/table", json!({"name": "user"}), "name")
        .await;
    house.refused("POST", "/workspace/1/table", json!({}), "name").await;
    house
        .refused(
            "POST",
            "/workspace/1/table",
            json!({"name": "x", "schema": [{"name": "a", "type": "int"}]}),
            "schema",
        )
        .await;
}

#[tokio::test]
async fn tables_are_listed_searched_and_sorted() {
    let house = house();
    for name in ["beta", "Alpha", "gamma", "alphabet"] {
        table(&house, name).await;
    }
    let names = async |query: &str| {
        let list = house
            .done("GET", &format!("/workspace/1/table?{query}"), Value::Null)
            .await;
        let names: Vec<_> = list["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|t| t["name"].as_str().expect("text").to_owned())
            .collect();
        (names, list["nextPage"].clone())
    };
    assert_eq!(names("").await.0, ["Alpha", "alphabet", "beta", "gamma"]);
    assert_eq!(names("search=ALPHA&order=desc").await.0, ["alphabet", "Alpha"]);
    assert_eq!(names("sort=created_at").await.0, ["beta", "Alpha", "gamma", "alphabet"]);
    assert_eq!(names("per_page=3").await.1, 2);
    assert_eq!(
        names("per_page=3&page=2").await,
        (vec!["gamma".to_owned()], Value::Null)
    );
    for (query, param) in [
        ("per_page=10001", "per_page"),
        ("page=0", "page"),
        ("sort=size", "sort"),
        ("order=up", "order"),
        ("include_xanoscript=maybe", "include_xanoscript"),
    ] {
        house
            .refused("GET", &format!("/workspace/1/table?{query}"), Value::Null, param)
            .await;
    }
}

#[tokio::test]
async fn every_kind_of_column_can_be_added() {
    let house = house();
    let path = table(&house, "all").await;
    let kinds = [
        "attachment",
        "audio",
        "bool",
        "date",
        "decimal",
        "email",
        "enum",
        "geo_linestring",
        "geo_multilinestring",
        "geo_multipoint",
        "geo_multipolygon",
        "geo_point",
        "geo_polygon",
        "image",
        "int",
        "json",
        "object",
        "password",
        "tableref",
        "tablerefuuid",
        "text",
        "timestamp",
        "uuid",
        "vector",
        "video",
    ];
    for kind in kinds {
        let body = json!({
            "name": format!("c_{kind}"), "nullable": true, "tableref_id": 1, "vector": {"size": 2}, "values": ["a"],
            "children": [{"name": "x", "type": "int"}],
        });
        let made = house.done("POST", &format!("{path}/schema/type/{kind}"), body).await;
        assert_eq!(made["name"], format!("c_{kind}"));
    }
    let columns = house.done("GET", &format!("{path}/schema"), Value::Null).await;
    assert_eq!(columns.as_array().map(Vec::len), Some(27));
    let reference = house
        .done("GET", &format!("{path}/schema/c_tableref"), Value::Null)
        .await;
    assert_eq!(
        (&reference["type"], &reference["tableref_id"]),
        (&json!("int"), &json!(1))
    );
    assert_eq!(
        house.done("GET", &format!("{path}/schema/c_vector"), Value::Null).await["vector"]["size"],
        2
    );

    house
        .refused(
            "POST",
            &format!("{path}/schema/type/int"),
            json!({"name": "C_INT"}),
            "name",
        )
        .await;
    house
        .refused(
            "POST",
            &format!("{path}/schema/type/vector"),
            json!({"name": "v"}),
            "vector",
        )
        .await;
    house
        .refused(
            "POST",
            &format!("{path}/schema/type/tableref"),
            json!({"name": "t", "tableref_id": 99}),
            "tableref_id",
        )
        .await;
    house
        .refused(
            "POST",
            &format!("{path}/schema/type/int"),
            json!({"name": "i", "access": "secret"}),
            "access",
        )
        .await;
    assert_eq!(
        house
            .ask("POST", &format!("{path}/schema/type/number"), json!({"name": "n"}))
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn columns_are_renamed_and_removed_with_their_values() {
    let house = house();
    let path = table(&house, "t").await;
    house
        .done(
            "POST",
            &format!("{path}/schema/type/text"),
            json!({"name": "odd \"name\" ü"}),
        )
        .await;
    house
        .done("POST", &format!("{path}/content"), json!({"odd \"name\" ü": "kept"}))
        .await;
    house
        .done(
            "POST",
            &format!("{path}/index/unique"),
            json!({"fields": [{"name": "odd \"name\" ü", "op": "asc"}]}),
        )
        .await;
    house
        .done(
            "POST",
            &format!("{path}/schema/rename"),
            json!({"old_name": "odd \"name\" ü", "new_name": "plain"}),
        )
        .await;
    assert_eq!(
        house.done("GET", &format!("{path}/content/1"), Value::Null).await["plain"],
        "kept"
    );
    assert_eq!(
        house.done("GET", &format!("{path}/index"), Value::Null).await[2]["fields"][0]["name"],
        "plain"
    );
    let (status, error) = house
        .ask("POST", &format!("{path}/content"), json!({"plain": "kept"}))
        .await;
    assert_eq!((status, &error["payload"]["param"]), (409, &json!("plain")));
    house
        .refused(
            "POST",
            &format!("{path}/schema/rename"),
            json!({"old_name": "id", "new_name": "x"}),
            "old_name",
        )
        .await;
    house
        .refused(
            "POST",
            &format!("{path}/schema/rename"),
            json!({"old_name": "plain", "new_name": "ID"}),
            "new_name",
        )
        .await;
    house.done("DELETE", &format!("{path}/schema/plain"), Value::Null).await;
    assert!(
        house
            .done("GET", &format!("{path}/content/1"), Value::Null)
            .await
            .get("plain")
            .is_none()
    );
    assert_eq!(
        house
            .done("GET", &format!("{path}/index"), Value::Null)
            .await
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    assert_eq!(
        house.ask("DELETE", &format!("{path}/schema/id"), Value::Null).await.0,
        400
    );
    assert_eq!(
        house
            .ask("DELETE", &format!("{path}/schema/plain"), Value::Null)
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn replacing_the_schema_keeps_columns_of_the_same_name() {
    let house = house();
    let schema = json!([{"name": "id", "type": "int"}, {"name": "a", "type": "text"}, {"name": "b", "type": "int"}]);
    let made = house
        .done("POST", "/workspace/1/table", json!({"name": "t", "schema": schema}))
        .await;
    let path = format!("/workspace/1/table/{}", made["id"]);
    house
        .done("POST", &format!("{path}/content"), json!({"a": "x", "b": 5}))
        .await;
    let schema = json!([{"name": "id", "type": "int"}, {"name": "b", "type": "int"}, {"name": "c", "type": "text", "default": "d"}]);
    let shown = house
        .done("PUT", &format!("{path}/schema"), json!({"schema": schema}))
        .await;
    assert_eq!(shown.as_array().map(Vec::len), Some(3));
    assert_eq!(
        house.done("GET", &format!("{path}/content/1"), Value::Null).await,
        json!({"id": 1, "b": 5, "c": "d"})
    );
    for bad in [
        json!([]),
        json!([{"name": "id", "type": "uuid"}]),
        json!([{"name": "id", "type": "int"}, {"name": "ID", "type": "int"}]),
        json!([{"name": "id", "type": "int"}, {"name": "n", "type": "number"}]),
    ] {
        house
            .refused("PUT", &format!("{path}/schema"), json!({"schema": bad}), "schema")
            .await;
    }
    house
        .refused("PUT", &format!("{path}/schema"), json!({}), "schema")
        .await;
}

#[tokio::test]
async fn unique_indexes_bind_and_cannot_be_made_over_duplicates() {
    let house = house();
    let path = table(&house, "t").await;
    house
        .done("POST", &format!("{path}/schema/type/text"), json!({"name": "sku"}))
        .await;
    for _ in 0..2 {
        house
            .done("POST", &format!("{path}/content"), json!({"sku": "a"}))
            .await;
    }
    let unique = json!({"fields": [{"name": "sku", "op": "asc"}]});
    let (status, error) = house.ask("POST", &format!("{path}/index/unique"), unique.clone()).await;
    assert_eq!((status, &error["payload"]["param"]), (409, &json!("sku")));
    house.done("DELETE", &format!("{path}/content/2"), Value::Null).await;
    let made = house.done("POST", &format!("{path}/index/unique"), unique).await;
    let id = made["id"].as_str().expect("text");
    assert_eq!(id.len(), 8);
    assert_eq!(
        house
            .ask("POST", &format!("{path}/content"), json!({"sku": "a"}))
            .await
            .0,
        409
    );
    house.done("DELETE", &format!("{path}/index/{id}"), Value::Null).await;
    house
        .done("POST", &format!("{path}/content"), json!({"sku": "a"}))
        .await;
}

#[tokio::test]
async fn the_other_indexes_are_kept_and_checked() {
    let house = house();
    let path = table(&house, "t").await;
    for (kind, body) in [
        ("text", json!({"name": "words"})),
        ("geo_point", json!({"name": "at"})),
        ("vector", json!({"name": "v", "vector": {"size": 2}})),
    ] {
        house.done("POST", &format!("{path}/schema/type/{kind}"), body).await;
    }
    for (kind, body) in [
        ("btree", json!({"fields": [{"name": "created_at", "op": "desc"}]})),
        (
            "search",
            json!({"name": "s", "lang": "english", "fields": [{"name": "words", "priority": 1}]}),
        ),
        (
            "spatial",
            json!({"fields": [{"name": "at", "op": "gist_geometry_ops_2d"}]}),
        ),
        ("vector", json!({"fields": [{"name": "v", "op": "vector_l2_ops"}]})),
    ] {
        house.done("POST", &format!("{path}/index/{kind}"), body).await;
    }
    let all = house.done("GET", &format!("{path}/index"), Value::Null).await;
    assert_eq!(
        (all.as_array().map(Vec::len), &all[3]["lang"]),
        (Some(6), &json!("english"))
    );
    for body in [
        json!({"fields": []}),
        json!({"fields": [{"name": "none", "op": "asc"}]}),
        json!({"fields": [{"name": "id", "op": "up"}]}),
        json!({}),
    ] {
        house
            .refused("POST", &format!("{path}/index/btree"), body, "fields")
            .await;
    }
    let replaced = house
        .done(
            "PUT",
            &format!("{path}/index"),
            json!({"index": [{"type": "btree", "fields": [{"name": "id", "op": "asc"}]}]}),
        )
        .await;
    assert_eq!(replaced.as_array().map(Vec::len), Some(2), "the primary one is kept");
    let primary = replaced[0]["id"].as_str().expect("text");
    assert_eq!(
        house
            .ask("DELETE", &format!("{path}/index/{primary}"), Value::Null)
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn tables_speak_xanoscript() {
    let house = house();
    let url = format!(
        "{}/workspace/1/table?include_xanoscript=true",
        house.emulator.instance_url()
    );
    let script = "table \"my user\" {\n  auth = true\n\n  schema {\n    int id\n    text name filters=trim\n    text[]? tags?\n  }\n}\n";
    let post = async |text: &'static str| {
        let request = house
            .client
            .post(&url)
            .bearer_auth(house.emulator.token())
            .header("content-type", "text/x-xanoscript")
            .body(text);
        common::read(request.send().await.expect("an answer")).await
    };
    let (status, made) = post(script).await;
    assert_eq!(
        (status, &made["name"], &made["auth"]),
        (200, &json!("my user"), &json!(true))
    );
    assert_eq!(made["xanoscript"]["status"], "ok");
    assert!(
        made["xanoscript"]["value"]
            .as_str()
            .expect("text")
            .contains("text name filters=trim"),
        "{made}"
    );
    let (status, error) = post("table broken {\n  schema {\n").await;
    assert_eq!(
        (status, &error["code"], &error["payload"]),
        (400, &json!("ERROR_CODE_SYNTAX_ERROR"), &json!({"line": 2, "col": 10}))
    );
    let (status, _) = post("function f {\n}").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_table_changes_in_part_and_goes_with_its_records() {
    let house = house();
    let path = table(&house, "t").await;
    house
        .done("PUT", &path, json!({"description": "d", "tag": ["a"]}))
        .await;
    house.done("PUT", &format!("{path}/meta"), json!({"auth": true})).await;
    let shown = house.done("GET", &path, Value::Null).await;
    assert_eq!(
        (&shown["name"], &shown["description"], &shown["tag"], &shown["auth"]),
        (&json!("t"), &json!("d"), &json!(["a"]), &json!(true))
    );
    house
        .refused("PUT", &format!("{path}/security"), json!({}), "guid")
        .await;
    house
        .done("PUT", &format!("{path}/security"), json!({"guid": null}))
        .await;
    let set = house
        .done(
            "PUT",
            &format!("{path}/autocomplete"),
            json!({"autocomplete": [{"name": "id"}]}),
        )
        .await;
    assert!(set["autocomplete"].is_string());
    house.done("DELETE", &path, Value::Null).await;
    assert_eq!(house.ask("GET", &format!("{path}/content"), Value::Null).await.0, 404);
    table(&house, "t").await;
}
