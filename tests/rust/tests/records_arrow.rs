//! Records as Arrow and back, against the emulator.

use serde_json::{Value, json};
use xano_emulator::{Emulator, EmulatorOptions};
use xano_metadata::api::{Column, WorkspaceHandle};
use xano_metadata::records::arrow::arrow_array::Array as _;
use xano_metadata::records::arrow::{ArrowOptions, ArrowRows, rows_of};
use xano_metadata::records::{LoadOptions, ReadOptions, Records};
use xano_metadata::{Client, ClientOptions, ErrorKind, Instance};

struct Place {
    emulator: Emulator,
    instance: Instance,
}

impl Place {
    fn new() -> Self {
        let emulator = Emulator::start(EmulatorOptions::default()).expect("an emulator");
        let client = Client::new(ClientOptions {
            token: Some(emulator.token().into()),
            ambient_credentials: false,
            ..ClientOptions::default()
        });
        let connection = client
            .expect("a client")
            .instance_at(emulator.instance_url(), None)
            .expect("a connection");
        Self {
            instance: Instance::over(connection),
            emulator,
        }
    }

    async fn space(&self) -> WorkspaceHandle {
        let id = self.instance.workspaces().list().await.expect("workspaces")[0].id;
        self.instance.workspace(id)
    }

    /// How many searches were sent.
    fn searches(&self) -> usize {
        let (_, journal) = self.emulator.control("GET", "/requests", &Value::Null);
        let requests = journal["requests"].as_array().expect("a list").iter();
        requests
            .filter(|request| request["path"].as_str().is_some_and(|path| path.ends_with("/search")))
            .count()
    }
}

fn columns() -> Value {
    json!([
        {"name": "id", "type": "int"},
        {"name": "name", "type": "text"},
        {"name": "price", "type": "decimal", "nullable": true},
        {"name": "stock", "type": "int"},
        {"name": "open", "type": "bool"},
        {"name": "tags", "type": "text", "style": "list"},
        {"name": "day", "type": "date", "nullable": true},
        {"name": "seen", "type": "timestamp", "nullable": true},
        {"name": "more", "type": "json", "nullable": true},
        {"name": "box", "type": "object", "children": [
            {"name": "w", "type": "decimal"}, {"name": "at", "type": "timestamp", "nullable": true}], "nullable": true},
        {"name": "point", "type": "vector", "vector": {"size": 2}, "nullable": true},
        {"name": "secret", "type": "password", "nullable": true},
    ])
}

fn row(n: u32) -> Value {
    const DAYS: [&str; 3] = ["0001-01-01", "9999-12-31", "2024-02-29"];
    let odd = n % 2 == 1;
    json!({
        "name": if odd { "日本 \u{1F600} \u{2028}\"\\\u{1}" } else { "" },
        "price": if odd { json!(f64::from(n) * 0.1) } else { Value::Null },
        "stock": if odd { 9_007_199_254_740_993_i64 } else { i64::MIN + i64::from(n) },
        "open": odd,
        "tags": if odd { json!(["ä", ""]) } else { json!([]) },
        "day": DAYS[n as usize % 3],
        "seen": if odd { json!(253_402_300_799_999_i64) } else { Value::Null },
        "more": {"deep": [null, {"x": 1.5e300}], "": 9_007_199_254_740_993_i64},
        "box": if odd { json!({"w": 0.5, "at": -1}) } else { Value::Null },
        "point": [0.5, -1.25],
        "secret": "hush-hush-1",
    })
}

async fn table(space: &WorkspaceHandle, name: &str) -> Records {
    let columns: Vec<Column> = serde_json::from_value(columns()).expect("columns");
    let made = space.tables().create().name(name).schema(Some(&columns)).await;
    space.table(made.expect("a table").id).records().data()
}

/// The text of every record.
async fn texts(records: &Records) -> String {
    let mut text = String::new();
    let mut reader = records.read(ReadOptions::default());
    while let Some(page) = reader.next().await.expect("a page") {
        text.push_str(std::str::from_utf8(&page.items).expect("UTF-8"));
    }
    text
}

fn small_pages() -> ReadOptions {
    ReadOptions {
        page_size: 50,
        ..ReadOptions::default()
    }
}

fn options(options: Value) -> ArrowOptions {
    serde_json::from_value(options).expect("options")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_comes_back_from_arrow_as_it_was() {
    let place = Place::new();
    let space = place.space().await;
    let source = table(&space, "source").await;
    source
        .insert((1..=230).map(row), LoadOptions::default())
        .await
        .expect("rows");
    let expected = texts(&source).await;
    let keep_ids = || LoadOptions {
        keep_ids: Some(true),
        ..LoadOptions::default()
    };
    let mut number = 0;
    for arrow in [
        json!({}),
        json!({"datetimes": true, "nested": "native"}),
        json!({"nested": "native", "decimals": "text"}),
    ] {
        // By batches.
        number += 1;
        let target = table(&space, &format!("target{number}")).await;
        let job = target.load(keep_ids()).expect("a job");
        let mut reader = source
            .read_arrow(small_pages(), &options(arrow.clone()))
            .await
            .expect("a reader");
        while let Some(batch) = reader.next().await.expect("a batch") {
            assert!(job.feed(rows_of(&batch).expect("rows")).await);
        }
        job.end_feed();
        assert_eq!(job.wait().await.expect("a report").inserted, 230);
        assert_eq!(reader.total(), Some(230));
        assert_eq!(texts(&target).await, expected, "{arrow}");

        // Through the C interface, as a frame of another library would come.
        number += 1;
        let target = table(&space, &format!("target{number}")).await;
        let reader = source
            .read_arrow(small_pages(), &options(arrow.clone()))
            .await
            .expect("a reader");
        let rows = ArrowRows::from_ffi(reader.into_stream().into_ffi()).expect("a stream");
        let job = target.load_arrow(rows, keep_ids()).expect("a job");
        assert_eq!(job.wait().await.expect("a report").inserted, 230);
        assert_eq!(texts(&target).await, expected, "{arrow}");
    }
}

#[tokio::test]
async fn an_empty_table_has_columns_and_no_batch() {
    let place = Place::new();
    let empty = table(&place.space().await, "empty").await;
    let mut reader = empty
        .read_arrow(small_pages(), &ArrowOptions::default())
        .await
        .expect("a reader");
    let schema = reader.schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names[..3], ["id", "name", "price"]);
    assert!(!names.contains(&"secret"), "passwords are not answered");
    assert!(reader.next().await.expect("the end").is_none());
}

#[tokio::test]
async fn what_cannot_be_read_is_said_before_records_are_asked_for() {
    let place = Place::new();
    let records = table(&place.space().await, "things").await;
    for (read, arrow, words) in [
        (
            small_pages(),
            json!({"columns": ["id", "prize"]}),
            "no column \"prize\"",
        ),
        (
            ReadOptions {
                page_size: 0,
                ..ReadOptions::default()
            },
            json!({}),
            "page_size",
        ),
    ] {
        let error = records.read_arrow(read, &options(arrow)).await.expect_err(words);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(place.searches(), 0);
}

#[tokio::test]
async fn a_column_that_appears_during_the_read_is_not_lost_silently() {
    let place = Place::new();
    let space = place.space().await;
    let records = table(&space, "things").await;
    records
        .insert((1..=20).map(row), LoadOptions::default())
        .await
        .expect("rows");
    let mut reader = records
        .read_arrow(small_pages(), &ArrowOptions::default())
        .await
        .expect("a reader");
    let id = space.tables().list().all().await.expect("tables");
    let id = id.iter().find(|table| table.name == "things").expect("the table").id;
    let late: Column = serde_json::from_value(json!({"name": "late", "type": "text"})).expect("a column");
    space.table(id).columns().add(&late).await.expect("a column");
    let error = reader.next().await.expect_err("a column more");
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("a key \"late\""), "{error}");

    // Read anew it is there.
    let arrow = options(json!({"columns": ["late", "id"]}));
    let mut reader = records.read_arrow(small_pages(), &arrow).await.expect("a reader");
    let batch = reader.next().await.expect("an answer").expect("a batch");
    assert_eq!((batch.num_rows(), batch.column(1).null_count()), (20, 0));
}
