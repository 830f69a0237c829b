//! Copying records between data sources, workspaces and instances, against the emulator.

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use xano_emulator::{Emulator, EmulatorOptions};
use xano_metadata::api::{Column, Index, WorkspaceHandle};
use xano_metadata::records::{Action, CopyOptions, LoadOptions, Order, ReadOptions, Records, Report, Search, Sort};
use xano_metadata::{Client, ClientOptions, Error, ErrorKind, EventSink, Instance};

struct Place {
    emulator: Emulator,
    instance: Instance,
    told: Arc<Mutex<Vec<String>>>,
}

impl Place {
    fn new() -> Self {
        let emulator = Emulator::start(EmulatorOptions::default()).expect("an emulator");
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let client = Client::new(ClientOptions {
            token: Some(emulator.token().into()),
            ambient_credentials: false,
            on_event: Some(EventSink::new(move |event| {
                if event.name() == "warning" {
                    sink.lock().expect("no panic").push(event.to_string());
                }
            })),
            ..ClientOptions::default()
        });
        let connection = client
            .expect("a client")
            .instance_at(emulator.instance_url(), None)
            .expect("a connection");
        Self {
            instance: Instance::over(connection),
            emulator,
            told,
        }
    }

    async fn shop(&self) -> WorkspaceHandle {
        let id = self.instance.workspaces().list().await.expect("workspaces")[0].id;
        self.instance.workspace(id)
    }

    /// How often something was sent to paths that end so.
    fn sent(&self, method: &str, end: &str) -> usize {
        let (_, journal) = self.emulator.control("GET", "/requests", &Value::Null);
        let requests = journal["requests"].as_array().expect("a list");
        let matching = requests.iter().filter(|request| {
            request["method"] == method && request["path"].as_str().is_some_and(|path| path.ends_with(end))
        });
        matching.count()
    }
}

async fn make(space: &WorkspaceHandle, name: &str, columns: Value) -> i64 {
    let columns: Vec<Column> = serde_json::from_value(columns).expect("columns");
    let made = space.tables().create().name(name).schema(Some(&columns)).await;
    made.expect("a table").id
}

/// A table with columns of many kinds, and rows at their edges.
async fn goods(space: &WorkspaceHandle, rows: u32) -> Records {
    let makers = make(
        space,
        "makers",
        json!([{"name": "id", "type": "int"}, {"name": "name", "type": "text"}]),
    )
    .await;
    let columns = json!([
        {"name": "id", "type": "int"},
        {"name": "sku", "type": "text", "required": true, "validators": {"trim": true}},
        {"name": "price", "type": "decimal", "nullable": true},
        {"name": "stock", "type": "int", "default": "3"},
        {"name": "kind", "type": "enum", "values": ["a", "b"], "nullable": true},
        {"name": "tags", "type": "text", "style": "list"},
        {"name": "day", "type": "date", "nullable": true},
        {"name": "seen", "type": "timestamp", "nullable": true},
        {"name": "uid", "type": "uuid", "nullable": true},
        {"name": "more", "type": "json", "nullable": true},
        {"name": "box", "type": "object", "children": [
            {"name": "w", "type": "decimal"}, {"name": "note", "type": "text", "nullable": true}], "nullable": true},
        {"name": "point", "type": "vector", "vector": {"size": 2}, "nullable": true},
        {"name": "maker", "type": "int", "tableref_id": makers, "nullable": true},
        {"name": "secret", "type": "password", "nullable": true},
    ]);
    let goods = space.table(make(space, "goods", columns).await);
    goods.indexes().add(&Index::unique(["sku"])).await.expect("an index");
    let row = |n: u32| {
        json!({
            "sku": format!("sku-{n}"), "price": if n.is_multiple_of(3) { Value::Null } else { json!(f64::from(n) * 0.1) },
            "stock": 9_007_199_254_740_993_i64 - i64::from(n), "kind": if n.is_multiple_of(2) { Value::Null } else { json!("b") },
            "tags": ["ä", "", "日本 \u{1F600} \u{2028}\"\\"], "day": "1970-01-01", "seen": 253_402_300_799_999_i64,
            "uid": "123e4567-e89b-12d3-a456-426614174000", "more": {"deep": [null, {"x": 1.5e300}], "": 9_007_199_254_740_993_i64},
            "box": {"w": 0.1, "note": null}, "point": [0.5, -1.25], "maker": null, "secret": "hush-hush-1",
        })
    };
    let data = goods.records().data();
    let report = data
        .insert((1..=rows).map(row), LoadOptions::default())
        .await
        .expect("rows");
    assert_eq!(report.inserted, u64::from(rows));
    data
}

/// The text of every record, in the order of ids.
async fn texts(records: &Records, with_id: bool) -> Vec<String> {
    let mut reader = records.read(ReadOptions::default());
    let mut texts = Vec::new();
    while let Some(page) = reader.next().await.expect("rows") {
        let rows: Vec<Map<String, Value>> = serde_json::from_slice(&page.items).expect("rows");
        texts.extend(rows.into_iter().map(|mut row| {
            if !with_id {
                row.remove("id");
            }
            Value::Object(row).to_string()
        }));
    }
    texts
}

async fn copied(source: &Records, target: &Records, options: CopyOptions) -> Result<Report, Error> {
    source.copy_to(target, options)?.wait().await
}

fn keeping_ids() -> CopyOptions {
    CopyOptions {
        load: LoadOptions {
            keep_ids: Some(true),
            ..LoadOptions::default()
        },
        ..CopyOptions::default()
    }
}

fn creating() -> CopyOptions {
    CopyOptions {
        create: true,
        ..CopyOptions::default()
    }
}

#[tokio::test]
async fn a_table_is_copied_to_another_data_source_with_its_ids_or_new_ones() {
    let place = Place::new();
    let shop = place.shop().await;
    let live = goods(&shop, 700).await;
    let gap = live.delete([1, 2, 350], LoadOptions::default()).await.expect("deleted");
    assert_eq!(gap.deleted, 3);
    for label in ["kept", "new"] {
        shop.data_sources().create(label).await.expect("a data source");
    }
    let target = live.clone().in_data_source("kept");
    let mut options = keeping_ids();
    options.read.page_size = 100;
    let job = live.copy_to(&target, options).expect("a job");
    let report = job.wait().await.expect("copied");
    assert_eq!((report.read, report.inserted, report.failed), (697, 697, 0));
    assert_eq!((job.progress().rows, job.progress().total), (697, Some(697)));
    let (here, there) = (texts(&live, true).await, texts(&target, true).await);
    assert_eq!(there, here);
    assert!(here[0].contains("9007199254740990"), "{}", here[0]);

    let target = live.clone().in_data_source("new");
    copied(&live, &target, CopyOptions::default()).await.expect("copied");
    assert_eq!(texts(&target, false).await, texts(&live, false).await);
    assert!(
        texts(&target, true).await[0].contains(r#""id":1,"#),
        "new ids begin at 1"
    );
}

#[tokio::test]
async fn a_copy_that_is_repeated_with_a_key_changes_what_is_there() {
    let place = Place::new();
    let shop = place.shop().await;
    let live = goods(&shop, 40).await;
    shop.data_sources().create("test").await.expect("a data source");
    let target = live.clone().in_data_source("test");
    let nightly = || CopyOptions {
        load: LoadOptions {
            action: Action::Upsert,
            key: Some("sku".to_owned()),
            ..LoadOptions::default()
        },
        ..CopyOptions::default()
    };
    let first = copied(&live, &target, nightly()).await.expect("copied");
    assert_eq!((first.inserted, first.updated), (40, 0));
    let changed = [json!({"id": 7, "stock": 1}), json!({"id": 8, "price": 2.5})];
    live.update(changed, LoadOptions::default()).await.expect("changed");
    live.insert([json!({"sku": "new", "tags": []})], LoadOptions::default())
        .await
        .expect("added");
    let second = copied(&live, &target, nightly()).await.expect("copied");
    assert_eq!((second.inserted, second.updated), (1, 40));
    assert_eq!(texts(&target, false).await, texts(&live, false).await);
}

#[tokio::test]
async fn what_a_search_finds_is_copied() {
    let place = Place::new();
    let shop = place.shop().await;
    let live = goods(&shop, 40).await;
    shop.data_sources().create("test").await.expect("a data source");
    let target = live.clone().in_data_source("test");
    let mut options = keeping_ids();
    options.read = ReadOptions::matching(&Search::new().gt("id", 10).lt("id", 21)).expect("a search");
    options.read.limit = Some(5);
    let job = live.copy_to(&target, options).expect("a job");
    assert_eq!(job.wait().await.expect("copied").inserted, 5);
    assert_eq!(job.progress().total, Some(5));
    assert_eq!(texts(&target, true).await, texts(&live, true).await[10..15]);
}

#[tokio::test]
async fn a_missing_table_is_made_like_its_model() {
    let place = Place::new();
    let shop = place.shop().await;
    let live = goods(&shop, 30).await;
    let name = "goods of yesterday";
    let target = shop.table(name).records().data();
    let report = copied(&live, &target, creating()).await.expect("copied");
    assert_eq!(report.inserted, 30);
    assert_eq!(texts(&target, false).await, texts(&live, false).await);
    let (model, twin) = (shop.table("goods"), shop.table(name));
    let columns = model.columns().list().all().await.expect("columns");
    assert_eq!(twin.columns().list().all().await.expect("columns"), columns);
    let indexes = |list: Vec<Index>| -> Vec<_> { list.into_iter().map(|index| (index.type_, index.fields)).collect() };
    assert_eq!(
        indexes(twin.indexes().list().all().await.expect("indexes")),
        indexes(model.indexes().list().all().await.expect("indexes"))
    );
    assert!(
        place.told.lock().expect("no panic").is_empty(),
        "references mean the same in one workspace"
    );

    // It is there now, so it is not made again.
    let mut options = creating();
    (options.load.action, options.load.key) = (Action::Upsert, Some("sku".to_owned()));
    let report = copied(&live, &target, options).await.expect("copied");
    assert_eq!((report.inserted, report.updated), (0, 30));
    assert_eq!(place.sent("POST", "/table"), 3, "makers, goods and one twin");
}

#[tokio::test]
async fn references_become_plain_in_another_workspace() {
    let place = Place::new();
    let shop = place.shop().await;
    let live = goods(&shop, 3).await;
    let other = place
        .instance
        .workspaces()
        .create("archive")
        .await
        .expect("a workspace");
    let archive = place.instance.workspace(other.id);
    let target = archive.table("goods").records().data();
    let mut options = keeping_ids();
    options.create = true;
    copied(&live, &target, options).await.expect("copied");
    assert_eq!(texts(&target, true).await, texts(&live, true).await);
    let maker = archive.table("goods").column("maker").get().await.expect("a column");
    assert_eq!((maker.type_.as_str(), maker.tableref_id), ("int", None));
    let told = place.told.lock().expect("no panic").join("\n");
    assert!(
        told.contains("\"goods\"") && told.contains("plain values: maker"),
        "{told}"
    );
}

#[tokio::test]
async fn a_table_is_copied_to_another_instance() {
    let (here, there) = (Place::new(), Place::new());
    let live = goods(&here.shop().await, 1200).await;
    let target = there.shop().await.table("goods").records().data();
    let error = copied(&live, &target, CopyOptions::default())
        .await
        .expect_err("no such table");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(
        error.to_string().contains("Say create to have the table made"),
        "{error}"
    );
    assert_eq!(there.sent("POST", "/table"), 0);
    let mut options = keeping_ids();
    options.create = true;
    options.read.page_size = 250;
    let report = copied(&live, &target, options).await.expect("copied");
    assert_eq!(report.inserted, 1200);
    assert_eq!(texts(&target, true).await, texts(&live, true).await);
}

#[tokio::test]
async fn tables_that_do_not_fit_are_told_before_a_row_is_sent() {
    let place = Place::new();
    let shop = place.shop().await;
    let live = goods(&shop, 5).await;
    let target = |name: &str| shop.table(name).records().data();
    make(
        &shop,
        "few",
        json!([{"name": "id", "type": "int"}, {"name": "sku", "type": "text"}]),
    )
    .await;
    make(
        &shop,
        "uuids",
        json!([{"name": "id", "type": "uuid"}, {"name": "name", "type": "text"}]),
    )
    .await;
    make(
        &shop,
        "strict",
        json!([{"name": "id", "type": "int"}, {"name": "name", "type": "text"},
            {"name": "code", "type": "text", "required": true}, {"name": "free", "type": "text", "required": true, "default": "x"}]),
    )
    .await;
    make(
        &shop,
        "users",
        json!([{"name": "id", "type": "int"}, {"name": "name", "type": "text"}, {"name": "pass", "type": "password", "required": true}]),
    )
    .await;
    let makers = target("makers");
    makers
        .insert([json!({"name": "x"})], LoadOptions::default())
        .await
        .expect("a row");
    let before = place.sent("POST", "/content/bulk");
    let rows = [
        (
            live.clone(),
            target("few"),
            CopyOptions::default(),
            "lacks columns that the source has: price, stock, kind",
        ),
        (
            makers.clone(),
            target("strict"),
            CopyOptions::default(),
            "a value for code, which is not in the source",
        ),
        (
            makers.clone(),
            target("users"),
            CopyOptions::default(),
            "a value for pass, which is not in the source",
        ),
        (
            target("users"),
            target("people"),
            creating(),
            "a value for pass, which is a password",
        ),
        (
            makers.clone(),
            target("uuids"),
            keeping_ids(),
            "one has numbers and the other UUIDs",
        ),
    ];
    for (source, target, options, words) in rows {
        let error = copied(&source, &target, options).await.expect_err(words);
        assert_eq!(error.code(), "config_error", "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.report(), Some(&Report::default()));
    }
    assert_eq!(place.sent("POST", "/content/bulk"), before);
    assert_eq!(place.sent("POST", "/table"), 6, "no table was made for a copy");
}

#[tokio::test]
async fn options_that_cannot_be_met_are_refused_at_once() {
    let place = Place::new();
    let shop = place.shop().await;
    let live = goods(&shop, 1).await;
    let other = shop.table("other").records().data();
    let with = |change: fn(&mut CopyOptions)| {
        let mut options = creating();
        change(&mut options);
        options
    };
    let rows = [
        (
            &other,
            with(|options| options.load.action = Action::Delete),
            "cannot delete",
        ),
        (&other, with(|options| options.read.page_size = 0), "page_size is 0"),
        (
            &other,
            with(|options| options.read.sort = Some(Sort::new().asc("sku").to_raw().expect("an order"))),
            "takes no sort",
        ),
        (&other, with(|options| options.load.batch_rows = 0), "batch_rows"),
        (&live, with(|_| ()), "copied to itself"),
    ];
    for (target, options, words) in rows {
        let error = live.copy_to(target, options).map(drop).expect_err(words);
        assert_eq!(error.code(), "config_error");
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(place.sent("POST", "/table"), 2, "no table was made for a copy");
    // Another order is fine where pages are read.
    let mut options = creating();
    (options.read.order, options.read.sort) = (Order::Pages, Some(Sort::new().desc("id").to_raw().expect("an order")));
    assert_eq!(copied(&live, &other, options).await.expect("copied").inserted, 1);
}

#[tokio::test]
async fn a_table_that_was_made_for_a_copy_that_failed_is_told() {
    let place = Place::new();
    let shop = place.shop().await;
    let live = goods(&shop, 900).await;
    let refusal = json!({"kind": "status", "status": 403, "method": "POST", "path": "**/content/bulk", "after": 1});
    place.emulator.control("POST", "/faults", &refusal);
    let target = shop.table("half").records().data();
    let mut options = creating();
    options.load.concurrency = 1;
    options.load.batch_rows = 300;
    let error = copied(&live, &target, options).await.expect_err("refused");
    let (text, report) = (error.to_string(), error.report().expect("a report"));
    assert_eq!(report.inserted, 300, "{text}");
    assert!(text.contains("The table \"half\", number"), "{text}");
    assert!(
        text.contains("was made for the copy and stays, with 300 rows known to be in it"),
        "{text}"
    );

    // A refusal of the table itself says that there is none.
    place.emulator.control(
        "POST",
        "/faults",
        &json!({"kind": "status", "status": 403, "method": "POST", "path": "**/table"}),
    );
    let target = shop.table("none").records().data();
    let error = copied(&live, &target, creating()).await.expect_err("refused");
    assert!(error.to_string().contains("The table \"none\" was not made"), "{error}");
}
