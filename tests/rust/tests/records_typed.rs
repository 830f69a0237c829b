//! Rows of one's own types, in and out, against the emulator.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use serde_json::json;
use xano_emulator::{Emulator, EmulatorOptions};
use xano_metadata::api::{Column, TableRecords};
use xano_metadata::records::{CopyOptions, ExportOptions, Format, LoadOptions, OnError, ReadOptions, Search};
use xano_metadata::{Client, ClientOptions, Instance};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Product {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    name: String,
    price: f64,
    tags: Vec<String>,
}

fn product(n: u32) -> Product {
    Product {
        id: None,
        name: format!("product {n}"),
        price: f64::from(n) / 8.0,
        tags: vec!["ä".to_owned(); n as usize % 3],
    }
}

async fn products() -> (Emulator, TableRecords) {
    let emulator = Emulator::start(EmulatorOptions::default()).expect("an emulator");
    let client = Client::new(ClientOptions {
        token: Some(emulator.token().into()),
        ambient_credentials: false,
        ..ClientOptions::default()
    });
    let connection = client.expect("a client").instance_at(emulator.instance_url(), None);
    let instance = Instance::over(connection.expect("a connection"));
    let space = instance.workspace(instance.workspaces().list().await.expect("workspaces")[0].id);
    let schema = [
        Column::int("id"),
        Column::text("name"),
        Column::decimal("price"),
        Column::text("tags").style("list"),
    ];
    let made = space.tables().create().name("products").schema(Some(&schema)).await;
    made.expect("a table");
    space.data_sources().create("test").await.expect("a data source");
    (emulator, space.table("products").records())
}

async fn all(records: &TableRecords, options: ReadOptions) -> Vec<Product> {
    records.iter(options).try_collect().await.expect("products")
}

#[tokio::test]
async fn rows_go_in_from_iterators_and_come_out_as_a_stream() {
    let (_emulator, records) = products().await;
    let report = records.insert((1..=2500).map(product), LoadOptions::default()).await;
    assert_eq!(report.expect("inserted").inserted, 2500);
    let options = ReadOptions {
        page_size: 400,
        ..ReadOptions::default()
    };
    let stored = all(&records, options).await;
    assert_eq!(stored.len(), 2500);
    for (n, stored) in (1..).zip(&stored) {
        assert_eq!(
            *stored,
            Product {
                id: Some(n.into()),
                ..product(n)
            }
        );
    }

    let dearer = stored[..10].iter().cloned().map(|product| Product {
        price: 1000.5,
        ..product
    });
    let report = records.update(dearer, LoadOptions::default()).await.expect("updated");
    assert_eq!(report.updated, 10);
    let dear = ReadOptions::matching(&Search::new().gt("price", 1000)).expect("a search");
    assert_eq!(all(&records, dear).await.len(), 10);

    let keyed = LoadOptions {
        key: Some("name".to_owned()),
        ..LoadOptions::default()
    };
    let report = records
        .upsert([product(11), product(9999)], keyed)
        .await
        .expect("upserted");
    assert_eq!((report.updated, report.inserted), (1, 1));
    let report = records
        .delete([1, 2, 3], LoadOptions::default())
        .await
        .expect("deleted");
    assert_eq!(report.deleted, 3);
    assert_eq!(all(&records, ReadOptions::default()).await.len(), 2498);
}

#[tokio::test]
async fn a_stream_of_rows_is_loaded_as_it_comes() {
    let (_emulator, records) = products().await;
    let rows = stream::iter(1..=1500).then(|n| async move { product(n) });
    let report = records
        .load_stream(rows, LoadOptions::default())
        .await
        .expect("inserted");
    assert_eq!((report.read, report.inserted), (1500, 1500));
}

#[tokio::test]
async fn what_json_cannot_write_is_told_with_its_row_and_column() {
    let (_emulator, records) = products().await;
    let rows = || {
        (1..=4).map(|n| {
            if n == 3 {
                Product {
                    price: f64::NAN,
                    ..product(n)
                }
            } else {
                product(n)
            }
        })
    };
    let error = records.insert(rows(), LoadOptions::default()).await.expect_err("NaN");
    assert_eq!(
        (error.code(), error.row(), error.column()),
        ("record_error", Some(3), Some("price"))
    );
    assert!(
        error.to_string().contains("It is NaN, which JSON cannot write"),
        "{error}"
    );
    let stored = all(&records, ReadOptions::default()).await.len() as u64;
    assert_eq!(error.report().map(|report| report.inserted), Some(stored));

    let collecting = LoadOptions {
        on_error: OnError::Collect,
        ..LoadOptions::default()
    };
    let report = records.insert(rows(), collecting).await.expect("the others");
    assert_eq!((report.inserted, report.failed, report.failures[0].row), (3, 1, 3));
}

#[tokio::test]
async fn a_record_of_another_shape_ends_the_stream_with_an_error() {
    #[derive(Debug, Deserialize)]
    struct Other {
        #[allow(dead_code, reason = "it is never read, as no record has it")]
        weight: f64,
    }
    let (_emulator, records) = products().await;
    records
        .insert([product(1)], LoadOptions::default())
        .await
        .expect("inserted");
    let mut rows = std::pin::pin!(records.iter::<Other>(ReadOptions::default()));
    let error = rows.next().await.expect("an error").expect_err("no weight");
    assert_eq!(error.code(), "decode_error");
    assert!(error.to_string().contains("weight"), "{error}");
    assert!(rows.next().await.is_none());
}

#[tokio::test]
async fn files_copies_and_data_sources_are_at_hand() {
    let (_emulator, records) = products().await;
    records
        .insert((1..=50).map(product), LoadOptions::default())
        .await
        .expect("inserted");
    let test = records.in_data_source("test");
    let report = records
        .copy_to(&test, CopyOptions::default())
        .expect("a job")
        .wait()
        .await
        .expect("copied");
    assert_eq!(report.inserted, 50);
    let mut reader = test.read(ReadOptions::default());
    assert_eq!(reader.next().await.expect("rows").expect("rows").count, 50);

    let path = std::env::temp_dir().join(format!("xano-metadata-typed-{}.data", std::process::id()));
    let export = ExportOptions {
        format: Some(Format::Ndjson),
        ..ExportOptions::default()
    };
    let report = records
        .export(&path, export)
        .expect("a job")
        .wait()
        .await
        .expect("exported");
    assert_eq!(report.written, 50);
    let options = LoadOptions {
        keep_ids: Some(false),
        ..LoadOptions::default()
    };
    let job = records.import(&path, Some(Format::Ndjson), options).expect("a job");
    assert_eq!(job.wait().await.expect("imported").inserted, 50);
    std::fs::remove_file(&path).expect("the file");
    let names = all(&records, ReadOptions::default())
        .await
        .into_iter()
        .map(|product| product.name);
    assert!(names.eq((1..=50).chain(1..=50).map(|n| product(n).name)));
    let row = json!({"name": "raw", "price": 1, "tags": []});
    assert_eq!(
        records
            .data()
            .insert([row], LoadOptions::default())
            .await
            .expect("inserted")
            .inserted,
        1
    );
}
