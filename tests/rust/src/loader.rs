//! A load in a process of its own, which tells how far it is, so that somebody can kill it at a place of his choice.

use std::time::Duration;

use serde_json::{Value, json};
use xano_metadata::records::{LoadOptions, Records};
use xano_metadata::{Client, ClientOptions};

use crate::rows::{chunks, row};

/// Runs the load that `order` describes, a JSON object with `url`, `token`, `workspace`, `table`, `rows`, `change`,
/// `endless` and `options` (a load's). With `change`, rows have another price than those of the same number without; with
/// `bare`, a row is no more than its `sku`; an `endless` source gives all its rows and does not end; `patience` is the
/// silence in milliseconds after which a request is given up. Each line it prints is a number of rows; the last one is
/// the report, or the error.
///
/// # Panics
/// When the order cannot be read.
pub async fn run(order: &str) {
    let order: Value = serde_json::from_str(order).expect("JSON");
    let text = |name: &str| order[name].as_str().expect("text").to_owned();
    let number = |name: &str| order[name].as_i64().expect("a number");
    let mut options = ClientOptions {
        token: Some(text("token").into()),
        ambient_credentials: false,
        backoff: Duration::from_millis(1),
        ..ClientOptions::default()
    };
    if let Some(ms) = order["patience"].as_u64() {
        options.read_timeout = Duration::from_millis(ms);
    }
    let client = Client::new(options);
    let connection = client
        .expect("a client")
        .instance_at(&text("url"), None)
        .expect("a connection");
    let records = Records::new(connection, number("workspace"), number("table"));
    let options: LoadOptions = serde_json::from_value(order["options"].clone()).expect("options");
    let job = records.load(options).expect("a job");
    let watching = tokio::spawn({
        let job = job.clone();
        async move {
            let mut said = 0;
            while !job.is_done() {
                let rows = job.progress().rows;
                if rows != said {
                    println!("{rows}");
                    said = rows;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    let changes = order["change"] == true;
    let bare = order["bare"] == true;
    let make = |number| {
        let mut row = row(number);
        if changes {
            row["price"] = json!(number);
        }
        if bare { json!({"sku": row["sku"]}) } else { row }
    };
    for rows in chunks(1..=number("rows").unsigned_abs(), make) {
        if !job.feed(rows).await {
            break;
        }
    }
    if order["endless"] != true {
        job.end_feed();
    }
    let report = job.wait().await;
    watching.await.expect("no panic");
    match report {
        Ok(report) => println!("{}", json!(report)),
        Err(error) => println!("{}", error.to_json()),
    }
}
