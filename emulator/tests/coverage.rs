//! The emulator against the project's own operation table: everything in the table is answered here.
//! The two are written independently, so each finds the other's mistakes.

mod common;

use std::path::Path;

use common::{house, read};
use serde_json::{Value, json};

/// Method and path of every operation in the table, with the API it belongs to.
fn operations() -> Vec<(bool, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../operations");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the operation table") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|extension| extension != "ops") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("text");
        let account = path.file_stem().is_some_and(|stem| stem == "account");
        for line in text.lines() {
            if let Some((method, path)) = line.split_once(" /")
                && ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method)
            {
                found.push((account, method.to_owned(), format!("/{}", path.trim())));
            }
        }
    }
    found
}

#[tokio::test]
async fn every_operation_of_the_table_is_answered() {
    let house = house();
    let all = operations();
    assert!(all.len() >= 326, "{} operations", all.len());
    for (account, method, template) in all {
        let base = if account {
            house.emulator.account_url()
        } else {
            house.emulator.instance_url()
        };
        let path: String = template
            .split('/')
            .skip(1)
            .map(|part| {
                if part.starts_with('{') {
                    "/7".to_owned()
                } else {
                    format!("/{part}")
                }
            })
            .collect();
        let url = format!("{base}{path}");
        let (status, answer) = read(
            house
                .send(&url, house.emulator.token(), &method, Value::Null)
                .await
                .expect("an answer"),
        )
        .await;
        assert!(status < 500, "{method} {template}: {status} {answer}");
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(
            !message.contains("Unable to locate request"),
            "{method} {template} is not served"
        );
    }
}

#[tokio::test]
async fn an_instance_describes_itself_where_it_says() {
    let house = house();
    let (_, list) = house.call("GET", "/instance", Value::Null).await;
    let url = list[0]["meta_swagger"].as_str().expect("a URL");
    let (status, document) = read(house.client.get(url).send().await.expect("an answer")).await;
    assert_eq!((status, &document["openapi"]), (200, &json!("3.0.0")));
    let delete = &document["paths"]["/workspace/{workspace_id}/branch/{branch_label}"]["delete"];
    assert_eq!(delete["description"], "Token scope: Instance Workspace: Update");
    assert_eq!(delete["parameters"][1]["name"], "branch_label");
}
