//! Export and import: everything comes back, and nothing comes in by halves.

mod common;

use common::{House, house};
use serde_json::{Value, json};

/// A data source with an odd label.
const TEST: &str = "test/ü 1%";

/// Asks for an archive; a refusal is JSON.
async fn export(house: &House, path: &str, body: Value) -> Result<Vec<u8>, Value> {
    let url = format!("{}{path}", house.emulator.instance_url());
    let answer = house
        .send(&url, house.emulator.token(), "POST", body)
        .await
        .expect("an answer");
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.expect("a body").to_vec();
    if status == 200 {
        Ok(bytes)
    } else {
        Err(serde_json::from_slice(&bytes).expect("a refusal"))
    }
}

async fn import(house: &House, path: &str, archive: &[u8], fields: &[(&str, &str)]) -> (u16, Value) {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
    }
    body.extend(b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.tar.gz\"\r\n\r\n");
    body.extend(archive);
    body.extend(b"\r\n--b--\r\n");
    let url = format!("{}{path}", house.emulator.instance_url());
    let request = house.client.post(url).bearer_auth(house.emulator.token());
    let request = request
        .header("content-type", "multipart/form-data; boundary=b")
        .body(body);
    common::read(request.send().await.expect("an answer")).await
}

async fn on(house: &House, source: &str, method: &str, path: &str, body: Value) -> Value {
    let url = format!("{}{path}", house.emulator.instance_url());
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
    let request = house.client.request(method, url).bearer_auth(house.emulator.token());
    let label = reqwest::header::HeaderValue::from_bytes(source.as_bytes()).expect("a header");
    let request = request
        .header("x-data-source", label)
        .header("content-type", "application/json");
    let (status, value) = common::read(request.body(body.to_string()).send().await.expect("an answer")).await;
    assert_eq!(status, 200, "{value}");
    value
}

/// Two tables that refer to each other, records in two data sources, a function.
async fn furnished() -> House {
    let house = house();
    let make = async |name: &str| {
        house
            .done("POST", "/workspace/1/table", json!({"name": name, "tag": ["t"]}))
            .await
    };
    make("author").await;
    make("book").await;
    for (table, kind, column) in [
        (1, "text", json!({"name": "name", "required": true})),
        (1, "password", json!({"name": "pw", "nullable": true})),
        (2, "tableref", json!({"name": "author", "tableref_id": 1})),
        (2, "decimal", json!({"name": "price"})),
        (
            1,
            "tableref",
            json!({"name": "best", "tableref_id": 2, "nullable": true}),
        ),
    ] {
        house
            .done(
                "POST",
                &format!("/workspace/1/table/{table}/schema/type/{kind}"),
                column,
            )
            .await;
    }
    let index = json!({"fields": [{"name": "name", "op": "asc"}]});
    house.done("POST", "/workspace/1/table/1/index/unique", index).await;
    house
        .done(
            "POST",
            "/workspace/1/datasource",
            json!({"label": TEST, "color": "#112233"}),
        )
        .await;
    for n in 0..30 {
        let author = json!({"name": format!("a{n}"), "pw": "secret99"});
        house.done("POST", "/workspace/1/table/1/content", author).await;
    }
    house
        .done("DELETE", "/workspace/1/table/1/content/7", Value::Null)
        .await;
    on(
        &house,
        TEST,
        "POST",
        "/workspace/1/table/1/content",
        json!({"name": "a1"}),
    )
    .await;
    let url = format!("{}/workspace/1/function", house.emulator.instance_url());
    let request = house.client.post(url).bearer_auth(house.emulator.token());
    let request = request
        .header("content-type", "text/x-xanoscript")
        .body("function greet {\n  stack {\n  }\n}");
    let (status, answer) = common::read(request.send().await.expect("an answer")).await;
    assert_eq!(status, 200, "{answer}");
    let group = json!({"name": "shop", "description": "d", "swagger": true});
    let group = house.done("POST", "/workspace/1/apigroup", group).await;
    let endpoint = json!({"name": "books", "description": "d", "verb": "GET"});
    let path = format!("/workspace/1/apigroup/{}/api", group["id"]);
    house.done("POST", &path, endpoint).await;
    let book = json!({"author": 30, "price": 19.9});
    house.done("POST", "/workspace/1/table/2/content", book).await;
    house
}

/// Everything that can be read of a workspace's data, without what an import may change.
async fn content(house: &House, workspace: &Value) -> Value {
    let base = format!("/workspace/{workspace}");
    let sources = house.done("GET", &format!("{base}/datasource"), Value::Null).await;
    let source = sources
        .as_array()
        .and_then(|list| list.last()?["label"].as_str())
        .expect("a label");
    let tables = house.done("GET", &format!("{base}/table"), Value::Null).await;
    let mut all = Vec::new();
    for table in tables["items"].as_array().expect("tables") {
        let path = format!("{base}/table/{}", table["id"]);
        let mut schema = house.done("GET", &format!("{path}/schema"), Value::Null).await;
        for column in schema.as_array_mut().expect("columns") {
            if let Some(id) = column.get("tableref_id").cloned() {
                let other = house.done("GET", &format!("{base}/table/{id}"), Value::Null).await;
                column["tableref_id"] = other["name"].clone();
            }
        }
        all.push(json!({
            "name": table["name"], "tag": table["tag"], "guid": table["guid"], "schema": schema,
            "index": house.done("GET", &format!("{path}/index"), Value::Null).await,
            "records": house.done("GET", &format!("{path}/content"), Value::Null).await,
            "test": on(house, source, "GET", &format!("{path}/content"), json!({})).await,
        }));
    }
    let list = async |path: String| {
        let page = house.done("GET", &path, Value::Null).await;
        let items = page["items"].as_array().expect("a list").clone();
        items.into_iter().map(|item| {
            (
                item["id"].clone(),
                json!([item["name"], item["guid"], item["xanoscript"]]),
            )
        })
    };
    let functions = list(format!("{base}/function?include_xanoscript=true")).await;
    let mut endpoints = Vec::new();
    for (id, group) in list(format!("{base}/apigroup")).await {
        for (_, endpoint) in list(format!("{base}/apigroup/{id}/api")).await {
            endpoints.push(json!([group, endpoint]));
        }
    }
    json!({
        "functions": functions.map(|(_, function)| function).collect::<Vec<_>>(),
        "endpoints": endpoints,
        "tables": all,
        "sources": sources,
    })
}

#[tokio::test]
async fn what_is_exported_imports_into_an_empty_workspace() {
    let house = furnished().await;
    let other = house.done("POST", "/workspace", json!({"name": "copy"})).await["id"].clone();
    let before = content(&house, &json!(1)).await;
    for (what, count) in [("functions", 1), ("endpoints", 1), ("tables", 2), ("sources", 2)] {
        assert_eq!(before[what].as_array().map(Vec::len), Some(count), "{what}");
    }
    for password in ["", "öffne dich"] {
        let archive = export(&house, "/workspace/1/export", json!({"password": password}))
            .await
            .expect("an archive");
        assert_eq!(
            archive.starts_with(&[0x1f, 0x8b]),
            password.is_empty(),
            "a plain one is gzip"
        );
        let (status, answer) = import(
            &house,
            &format!("/workspace/{other}/import"),
            &archive,
            &[("password", password)],
        )
        .await;
        assert_eq!(
            (status, &answer["id"], &answer["branch"]["label"]),
            (200, &other, &json!("v1")),
            "{answer}"
        );
        assert_eq!(content(&house, &other).await, before);
    }
    let made = house
        .done("GET", &format!("/workspace/{other}/table?search=author"), Value::Null)
        .await;
    let path = format!("/workspace/{other}/table/{}/content", made["items"][0]["id"]);
    let (status, _) = house.ask("POST", &path, json!({"name": "a1"})).await;
    assert_eq!(status, 409, "the unique index works");
    assert_eq!(
        house.done("POST", &path, json!({"name": "new"})).await["id"],
        31,
        "numbers go on"
    );
    assert_eq!(content(&house, &json!(1)).await, before, "the origin is untouched");
}

#[tokio::test]
async fn a_schema_comes_as_a_branch_and_leaves_records_alone() {
    let house = furnished().await;
    let before = content(&house, &json!(1)).await;
    let archive = export(&house, "/workspace/1/export-schema", Value::Null)
        .await
        .expect("an archive");
    let (status, branch) = import(
        &house,
        "/workspace/1/import-schema",
        &archive,
        &[("newbranch", "next"), ("setlive", "true")],
    )
    .await;
    assert_eq!(
        (status, &branch["label"], &branch["live"]),
        (200, &json!("next"), &json!(true))
    );
    assert_eq!(content(&house, &json!(1)).await, before);
    let (status, error) = import(&house, "/workspace/1/import-schema", &archive, &[("newbranch", "next")]).await;
    assert_eq!((status, &error["payload"]["param"]), (400, &json!("newbranch")));
    let other = house.done("POST", "/workspace", json!({"name": "copy"})).await["id"].clone();
    import(
        &house,
        &format!("/workspace/{other}/import-schema"),
        &archive,
        &[("newbranch", "n")],
    )
    .await;
    let tables = content(&house, &other).await["tables"].clone();
    assert_eq!(
        (&tables[1]["name"], &tables[1]["records"]["itemsTotal"]),
        (&json!("book"), &json!(0))
    );
    let (status, error) = import(&house, "/workspace/1/import", &archive, &[]).await;
    assert_eq!(status, 400, "it has no records: {error}");
}

#[tokio::test]
async fn a_refused_import_changes_nothing() {
    let house = furnished().await;
    let before = content(&house, &json!(1)).await;
    let sealed = export(&house, "/workspace/1/export", json!({"password": "p"}))
        .await
        .expect("an archive");
    let plain = export(&house, "/workspace/1/export", json!({}))
        .await
        .expect("an archive");
    for (archive, password, param) in [
        (&sealed[..], "", "password"),
        (&sealed, "q", "password"),
        (&plain[..plain.len() / 2], "", ""),
        (b"hello", "", ""),
    ] {
        let (status, error) = import(&house, "/workspace/1/import", archive, &[("password", password)]).await;
        assert_eq!(status, 400, "{error}");
        assert_eq!(error["payload"]["param"].as_str().unwrap_or_default(), param, "{error}");
    }
    let (status, error) = house.ask("POST", "/workspace/1/import", json!({})).await;
    assert_eq!((status, &error["payload"]["param"]), (400, &json!("file")));
    let refused = export(&house, "/workspace/1/export", json!({"branch": "none"}))
        .await
        .expect_err("no such branch");
    assert_eq!(refused["code"], "ERROR_CODE_NOT_FOUND");
    assert_eq!(content(&house, &json!(1)).await, before);
}
