//! The Rust face: runs a task's lanes side by side and prints what came of each case.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use xano_metadata::records::{LoadOptions, ReadOptions, Rows};
use xano_metadata::{Client, ClientOptions, Error, Instance, Part, RateLimit, RateLimiting, Xano, api::RecordUpdate};

use crate::classes::makes_token;
use crate::house::SNIPPET;

/// Rows of one load.
pub const ROWS: usize = 60;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Options under which a broken call is over soon. The window is what a 429 without `Retry-After` waits for.
fn options(lane: &Value, trusted: bool) -> ClientOptions {
    // Connecting gives up first: silence afterwards would leave open whether the request was sent.
    let (short, silence) = (Duration::from_millis(500), Duration::from_millis(700));
    ClientOptions {
        token: lane["token"].as_str().map(Into::into),
        ambient_credentials: false,
        backoff: Duration::from_millis(1),
        max_backoff: Duration::from_millis(5),
        connect_timeout: short,
        read_timeout: silence,
        long_read_timeout: silence,
        timeout: Some(Duration::from_secs(5)),
        rate_limit: RateLimiting::Fixed(RateLimit::new(100_000, Duration::from_millis(100))),
        allow_http: true,
        ca_file: lane["ca_file"].as_str().filter(|_| trusted).map(PathBuf::from),
        ..ClientOptions::default()
    }
}

/// Reads a task from stdin and runs it.
///
/// # Errors
/// When the task cannot be read.
pub async fn drive() -> Result<(), Failure> {
    let task: Value = serde_json::from_reader(std::io::stdin())?;
    let lanes = task["lanes"].as_array().cloned().unwrap_or_default();
    let running: Vec<_> = lanes
        .into_iter()
        .enumerate()
        .map(|(number, lane)| tokio::spawn(run_lane(number, lane)))
        .collect();
    for lane in running {
        lane.await??;
    }
    Ok(())
}

async fn run_lane(number: usize, lane: Value) -> Result<(), Failure> {
    let mut clients: HashMap<String, Client> = HashMap::new();
    let mut epoch = Value::Null;
    for case in lane["cases"].as_array().into_iter().flatten() {
        if case["epoch"] != epoch {
            epoch = case["epoch"].clone();
            clients.clear();
        }
        let index = case["index"].as_u64().unwrap_or(0);
        let name = case["client"].as_str().unwrap_or("plain");
        let url = lane["urls"][name].as_str().unwrap_or_default();
        if !clients.contains_key(name) {
            let account_url = Some(url.to_owned());
            let client = Client::new(ClientOptions {
                account_url,
                ..options(&lane, name != "untrusted")
            })?;
            clients.insert(name.to_owned(), client);
        }
        let client = &clients[name];
        if case["warm"] == true {
            // Only to have a connection lying about; on a busy machine it may be too slow, which is judged nowhere.
            let _ = client.account().call(xano_metadata::Request::new("account.me")?).await;
        }
        control(&lane, &format!("begin/{index}")).await?;
        let result = one(&lane, client, url, case).await;
        control(&lane, "end").await?;
        let mut line = match result {
            Ok(value) => json!({"ok": true, "value": value}),
            Err(error) => json!({"ok": false, "error": {
                "code": error.code(),
                "status": error.status(),
                "outcome_unknown": error.outcome_unknown(),
                "text": error.to_string(),
                "inserted": error.report().map(|report| report.inserted),
            }}),
        };
        line["lane"] = json!(number);
        line["case"] = json!(index);
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()?;
    }
    Ok(())
}

/// Tells the lane where the face is.
async fn control(lane: &Value, order: &str) -> std::io::Result<()> {
    let port = lane["port"]
        .as_u64()
        .and_then(|port| u16::try_from(port).ok())
        .unwrap_or(0);
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream
        .write_all(format!("GET /_chaos/{order} HTTP/1.1\r\nhost: lane\r\n\r\n").as_bytes())
        .await?;
    stream.read_to_end(&mut Vec::new()).await.map(|_| ())
}

async fn one(lane: &Value, client: &Client, url: &str, case: &Value) -> Result<Value, Error> {
    let number = |name: &str| case[name].as_i64().unwrap_or(0);
    let (index, record, changed) = (number("index"), number("record"), number("number"));
    let place = usize::try_from(index).unwrap_or(0);
    let mark = case["mark"].as_str().unwrap_or_default();
    let instance = Instance::over(client.instance_at(url, None)?);
    let workspace = instance.workspace(lane["workspace"].as_i64().unwrap_or(0));
    let table = workspace.table(lane["table"].as_i64().unwrap_or(0));
    match lane["class"].as_str().unwrap_or_default() {
        "read" => Ok(table.record(record).get().await?["n"].clone()),
        "list" if index % 2 == 0 => Ok(numbers(table.records().list().per_page(10).all().await?)),
        "list" => {
            let list = table.records().search().sort(&json!({"id": "asc"})).per_page(10);
            Ok(numbers(list.all().await?))
        }
        "create" => Ok(json!(table.records().create(&json!({"mark": mark, "n": index})).await?)),
        "update" => Ok(table.record(record).update(&json!({"n": changed})).await?["n"].clone()),
        "patch" => {
            let update: RecordUpdate = serde_json::from_value(json!({"row_id": record, "updates": {"n": changed}}))
                .map_err(|cause| Error::config(cause.to_string()))?;
            Ok(json!(
                table.records().update_many().items_(&[update]).await?.success_total
            ))
        }
        "delete" => table.record(record).delete().await.map(|()| Value::Null),
        "upload" => {
            let part = Part::bytes("content", format!("{mark}.bin"), vec![b'x'; 30_000]);
            Ok(json!(workspace.files().upload(part).await?.size))
        }
        "download" => {
            let path = PathBuf::from(lane["folder"].as_str().unwrap_or_default()).join(index.to_string());
            let exported = instance.workspace(lane["exported"].as_i64().unwrap_or(0));
            Ok(json!(exported.export().await?.save(path, |_| ()).await?))
        }
        "load" => {
            let options = LoadOptions {
                batch_rows: 15,
                settle: 0.02,
                ..LoadOptions::default()
            };
            let mut rows = Rows::new();
            for row in 0..ROWS {
                rows.push(
                    json!({"mark": format!("{mark}-{row}"), "n": row})
                        .to_string()
                        .as_bytes(),
                );
            }
            let job = table.records().data().load(options)?;
            if job.feed(rows).await {
                job.end_feed();
            }
            Ok(json!(job.wait().await?.inserted))
        }
        "rows" => {
            let options = ReadOptions {
                page_size: 10,
                prefetch: 3,
                ..ReadOptions::default()
            };
            let mut reader = table.records().read(options);
            let mut rows = Vec::new();
            while let Some(page) = reader.next().await? {
                let page: Vec<Map<String, Value>> = serde_json::from_slice(&page.items).unwrap_or_default();
                rows.extend(page);
            }
            Ok(numbers(rows))
        }
        _ => account(&Xano::of(client), place, changed).await,
    }
}

async fn account(xano: &Xano, index: usize, installs: i64) -> Result<Value, Error> {
    if makes_token(index) {
        return Ok(json!(
            xano.snippet(SNIPPET).tokens().create(installs).await?.max_installs
        ));
    }
    if index.is_multiple_of(3) {
        let names = xano
            .snippets()
            .list()
            .all()
            .await?
            .into_iter()
            .map(|snippet| snippet.canonical);
        return Ok(json!(names.collect::<std::collections::BTreeSet<_>>().len()));
    }
    Ok(json!(xano.snippet(SNIPPET).get().await?.canonical))
}

fn numbers(records: Vec<Map<String, Value>>) -> Value {
    records.into_iter().map(|mut record| record["n"].take()).collect()
}
