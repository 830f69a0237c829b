//! Columns and indexes made by their constructors, added one by one or given in a list; and `edit`, against the emulator.

use serde_json::{Value, json};
use xano_emulator::{Emulator, EmulatorOptions};
use xano_metadata::api::{Column, Index, IndexField, RangeFilters, TextFilters, VectorOptions};
use xano_metadata::{ErrorKind, Instance};

fn start() -> (Emulator, Instance) {
    let emulator = Emulator::start(EmulatorOptions::default()).expect("an emulator");
    let instance = Instance::at(emulator.instance_url(), emulator.token()).expect("an instance");
    (emulator, instance)
}

async fn workspace(instance: &Instance) -> i64 {
    instance.workspaces().list().await.expect("workspaces")[0].id
}

/// What was sent with this method below a table, by the last two parts of its path.
fn sent(emulator: &Emulator, method: &str) -> Vec<(String, Value)> {
    let (_, journal) = emulator.control("GET", "/requests", &Value::Null);
    journal["requests"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|request| request["method"] == method)
        .filter_map(|request| {
            let path = request["path"].as_str()?;
            let (_, below) = path.split_once("/table/")?;
            let (_, last) = below.split_once('/')?;
            let body = serde_json::from_str(request["body"].as_str()?).ok()?;
            Some((last.to_owned(), body))
        })
        .collect()
}

#[tokio::test]
async fn adding_a_column_leaves_the_others_and_the_records_alone() {
    let (emulator, instance) = start();
    let space = instance.workspace(workspace(&instance).await);
    let schema = [Column::int("id"), Column::text("title")];
    let created = space.tables().create().name("things").schema(Some(&schema)).await;
    let table = space.table(created.expect("a table").id);
    let record = table
        .records()
        .create(&json!({"title": "kept"}))
        .await
        .expect("a record");
    let before = table.columns().list().all().await.expect("columns");
    let filters = TextFilters {
        trim: Some(true),
        min: Some(2),
        ..TextFilters::default()
    };
    let column = Column::text("sku")
        .required(true)
        .default_value("none")
        .filters(filters);
    assert_eq!(table.columns().add(&column).await.expect("it is added").name, "sku");
    let after = table.columns().list().all().await.expect("columns");
    assert_eq!(after[..before.len()], before);
    assert_eq!(
        (after.len(), after[before.len()].name.as_str()),
        (before.len() + 1, "sku")
    );
    let id = record["id"].as_i64().expect("a number");
    assert_eq!(table.record(id).get().await.expect("the record")["title"], "kept");
    let wanted = json!({
        "name": "sku", "nullable": false, "required": true, "default": "none", "filters": {"trim": true, "min": 2},
    });
    assert_eq!(
        sent(&emulator, "POST").last(),
        Some(&("schema/type/text".to_owned(), wanted))
    );
    assert_eq!(sent(&emulator, "PUT"), []);
}

#[tokio::test]
async fn a_table_is_created_from_constructors() {
    let (_emulator, instance) = start();
    let space = instance.workspace(workspace(&instance).await);
    let other = space.tables().create().name("others").await.expect("a table").id;
    let size = VectorOptions {
        size: Some(4),
        ..VectorOptions::default()
    };
    let schema = [
        Column::int("id"),
        Column::enum_("size")
            .values(["s", "m"])
            .default_value("s")
            .required(true),
        Column::tableref("other", other).filters(RangeFilters::default()),
        Column::vector("meaning", size),
        Column::object("box").children([Column::decimal("width"), Column::bool("open")]),
    ];
    let primary = Index {
        type_: "primary".to_owned(),
        fields: vec![IndexField {
            name: "id".to_owned(),
            ..IndexField::default()
        }],
        ..Index::default()
    };
    let indexes = [primary, Index::unique(["size"])];
    let create = space.tables().create().name("things");
    let created = create.schema(Some(&schema)).index(Some(&indexes)).await;
    let table = space.table(created.expect("a table").id);
    let read = table.columns().list().all().await.expect("columns");
    for (wanted, got) in schema.iter().zip(&read).skip(1) {
        assert_eq!(
            (&got.name, &got.type_, got.nullable, got.required),
            (&wanted.name, &wanted.type_, wanted.nullable, wanted.required)
        );
    }
    assert_eq!(read[1].values, Some(vec![json!("s"), json!("m")]));
    assert_eq!(read[2].tableref_id, Some(other));
    let children: Vec<_> = read[4]
        .children
        .iter()
        .flatten()
        .map(|child| child.name.as_str())
        .collect();
    assert_eq!(children, ["width", "open"]);
    let kinds: Vec<_> = table.indexes().list().all().await.expect("indexes");
    let kinds: Vec<_> = kinds.iter().map(|index| index.type_.as_str()).collect();
    assert_eq!(kinds, ["primary", "btree|unique"]);
}

#[tokio::test]
async fn indexes_are_made_in_short_and_added() {
    let (emulator, instance) = start();
    let space = instance.workspace(workspace(&instance).await);
    let size = VectorOptions {
        size: Some(2),
        ..VectorOptions::default()
    };
    let schema = [
        Column::int("id"),
        Column::text("sku"),
        Column::geo_point("at"),
        Column::vector("v", size),
    ];
    let created = space.tables().create().name("things").schema(Some(&schema)).await;
    let indexes = space.table(created.expect("a table").id).indexes();
    for index in [
        Index::unique(["sku"]),
        Index::btree([("sku", "asc"), ("id", "desc")]),
        Index::search("words", "english", ["sku"]),
        Index::spatial(["at"]),
        Index::vector([("v", "vector_cosine_ops")]),
    ] {
        indexes.add(&index).await.expect("it is added");
    }
    let sent = sent(&emulator, "POST");
    let wanted = [
        ("index/unique", json!({"fields": [{"name": "sku", "op": "asc"}]})),
        (
            "index/btree",
            json!({"fields": [{"name": "sku", "op": "asc"}, {"name": "id", "op": "desc"}]}),
        ),
        (
            "index/search",
            json!({"name": "words", "lang": "english", "fields": [{"name": "sku", "priority": 1}]}),
        ),
        (
            "index/spatial",
            json!({"fields": [{"name": "at", "op": "gist_geometry_ops_2d"}]}),
        ),
        (
            "index/vector",
            json!({"fields": [{"name": "v", "op": "vector_cosine_ops"}]}),
        ),
    ];
    assert_eq!(sent, wanted.map(|(path, body)| (path.to_owned(), body)));
}

#[tokio::test]
async fn what_no_operation_adds_is_refused_before_anything_is_sent() {
    let (emulator, instance) = start();
    let odd = Column {
        type_: "colour".to_owned(),
        ..Column::bool("a")
    };
    let error = instance.workspace(1).table(1).columns().add(&odd).await;
    let error = error.expect_err("there is no such kind");
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("knows no type \"colour\""), "{error}");
    assert_eq!(sent(&emulator, "POST"), []);
}

#[tokio::test]
async fn edit_keeps_what_was_not_touched() {
    let (_emulator, instance) = start();
    let space = instance.workspace(workspace(&instance).await);
    let schema = [Column::int("id"), Column::text("a").description("A"), Column::text("b")];
    let created = space.tables().create().name("things").schema(Some(&schema)).await;
    let table = space.table(created.expect("a table").id);
    let record = table
        .records()
        .create(&json!({"a": "1", "b": "2"}))
        .await
        .expect("a record");
    let before = table.columns().list().all().await.expect("columns");
    let name = "price".to_owned();
    let columns = table.columns();
    columns
        .edit(|columns| columns.push(Column::decimal(&name)))
        .await
        .expect("they are replaced");
    let after = columns.list().all().await.expect("columns");
    assert_eq!(after[..before.len()], before);
    assert_eq!(after[before.len()].name, name);
    let id = record["id"].as_i64().expect("a number");
    let kept = table.record(id).get().await.expect("the record");
    assert_eq!((&kept["a"], &kept["b"]), (&json!("1"), &json!("2")));
}

#[tokio::test]
async fn edit_sends_the_fields_that_are_replaced_together() {
    let (emulator, instance) = start();
    let settings = json!({
        "display": "T", "description": "d", "domain": "", "ingress": true, "proxy": "", "rbac": {}, "tag": [], "tasks": true,
    });
    let mut tenant = settings.clone();
    tenant["state"] = json!("ok");
    for _ in 0..3 {
        let rule = json!({
            "kind": "reply", "status": 200, "headers": {"content-type": "application/json"}, "body": tenant.to_string(),
            "times": 1,
        });
        assert_eq!(emulator.control("POST", "/faults", &rule).0, 200);
    }
    let handle = instance.workspace(1).tenant("t1");
    handle
        .edit(|draft| {
            draft.insert("display".to_owned(), json!("New"));
        })
        .await
        .expect("it is replaced");
    let misspelt = handle.edit(|draft| {
        draft.insert("dispaly".to_owned(), json!("New"));
    });
    let error = misspelt.await.expect_err("there is no such field");
    assert!(error.message().contains("dispaly"), "{error}");
    let (_, journal) = emulator.control("GET", "/requests", &Value::Null);
    let puts = journal["requests"].as_array().expect("a list").iter();
    let puts: Vec<Value> = puts
        .filter(|request| request["method"] == "PUT")
        .map(|request| serde_json::from_str(request["body"].as_str().expect("text")).expect("JSON"))
        .collect();
    let mut wanted = settings;
    wanted["display"] = json!("New");
    assert_eq!(puts, [wanted]);
}
