//! An emulator with a table, loads into it, and what is in it afterwards.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value, json};
use xano_emulator::{Emulator, EmulatorOptions};
use xano_metadata::api::{Column, Index, TableHandle};
use xano_metadata::records::{LoadOptions, Records, Report, Rows};
use xano_metadata::{Body, Client, ClientOptions, Connection, Error, Instance, RateLimiting, Request};

/// A table for the rows of [`xano_metadata_tests::rows`].
pub struct Shop {
    pub emulator: Emulator,
    pub connection: Connection,
    pub workspace: i64,
    pub table: i64,
}

/// How the table is.
#[derive(Clone, Copy, Default)]
pub struct Shape {
    /// Ids are UUIDs.
    pub uuids: bool,
    /// The column `sku` has a unique index.
    pub unique: bool,
}

impl Shop {
    pub async fn new(shape: Shape) -> Self {
        Self::with(shape, EmulatorOptions::default(), |_| ()).await
    }

    pub async fn with(shape: Shape, options: EmulatorOptions, change: impl FnOnce(&mut ClientOptions)) -> Self {
        let emulator = Emulator::start(options).expect("an emulator");
        let mut options = ClientOptions {
            token: Some(emulator.token().into()),
            ambient_credentials: false,
            backoff: Duration::from_millis(1),
            rate_limit: RateLimiting::Off,
            ..ClientOptions::default()
        };
        change(&mut options);
        let client = Client::new(options).expect("a client");
        let connection = client.instance_at(emulator.instance_url(), None).expect("a connection");
        let instance = Instance::over(connection.clone());
        let workspace = instance.workspaces().list().await.expect("workspaces")[0].id;
        let columns = json!([
            {"name": "id", "type": if shape.uuids { "uuid" } else { "int" }},
            {"name": "sku", "type": "text", "required": true},
            {"name": "name", "type": "text"},
            {"name": "price", "type": "decimal"},
            {"name": "stock", "type": "int"},
            {"name": "open", "type": "bool"},
            {"name": "note", "type": "int", "nullable": true},
            {"name": "sold_at", "type": "timestamp", "nullable": true},
            {"name": "tags", "type": "text", "style": "list"},
        ]);
        let columns: Vec<Column> = serde_json::from_value(columns).expect("columns");
        let tables = instance.workspace(workspace).tables();
        let made = tables.create().name("goods").schema(Some(&columns)).await;
        let shop = Self {
            table: made.expect("a table").id,
            emulator,
            connection,
            workspace,
        };
        if shape.unique {
            shop.handle()
                .indexes()
                .add(&Index::unique(["sku"]))
                .await
                .expect("an index");
        }
        shop
    }

    pub fn handle(&self) -> TableHandle {
        Instance::over(self.connection.clone())
            .workspace(self.workspace)
            .table(self.table)
    }

    pub fn records(&self) -> Records {
        Records::new(self.connection.clone(), self.workspace, self.table)
    }

    /// Loads the rows.
    pub async fn load(&self, options: LoadOptions, rows: impl IntoIterator<Item = Rows>) -> Result<Report, Error> {
        let job = self.records().load(options)?;
        for rows in rows {
            if !job.feed(rows).await {
                break;
            }
        }
        job.end_feed();
        job.wait().await
    }

    /// Adds fault rules.
    pub fn faults(&self, rules: &Value) {
        let (status, answer) = self.emulator.control("POST", "/faults", rules);
        assert_eq!(status, 200, "{answer}");
    }

    pub fn end_faults(&self) {
        self.emulator.control("DELETE", "/faults", &Value::Null);
    }

    /// How often the rules struck.
    pub fn struck(&self) -> u64 {
        let (_, faults) = self.emulator.control("GET", "/faults", &Value::Null);
        let rules = faults["rules"].as_array().or(faults.as_array()).expect("a list");
        rules.iter().map(|rule| rule["fired"].as_u64().expect("a number")).sum()
    }

    /// The bodies of requests to paths below the table that end so, in their order.
    pub fn sent(&self, end: &str) -> Vec<Value> {
        let (_, journal) = self.emulator.control("GET", "/requests", &Value::Null);
        let requests = journal["requests"].as_array().expect("a list").iter();
        let ours = requests.filter(|request| request["path"].as_str().is_some_and(|path| path.ends_with(end)));
        ours.map(|request| {
            let body = request["body"].as_str().unwrap_or_default();
            serde_json::from_str(body).unwrap_or_else(|_| json!(body))
        })
        .collect()
    }

    /// Every record, by id.
    pub async fn all(&self) -> Vec<Map<String, Value>> {
        let mut all = Vec::new();
        for page in 1.. {
            let body = json!({"sort": {"id": "asc"}, "page": page, "per_page": 10_000});
            let request = Request::new("instance.workspace.table.records.search").expect("in the table");
            let request = request.path_value(self.workspace).path_value(self.table);
            let reply = self
                .connection
                .call(request.body(Body::json(&body).expect("JSON")))
                .await;
            let mut answer: Value = reply.expect("a page").json().expect("JSON");
            let items: Vec<Map<String, Value>> = serde_json::from_value(answer["items"].take()).expect("records");
            if items.is_empty() {
                break;
            }
            all.extend(items);
        }
        all
    }

    /// The records by their `sku`, without ids; each only once.
    pub async fn by_sku(&self) -> BTreeMap<String, Value> {
        let mut goods = BTreeMap::new();
        for mut record in self.all().await {
            record.remove("id");
            number(&mut record["price"]);
            let sku = record["sku"].as_str().expect("text").to_owned();
            let before = goods.insert(sku, Value::Object(record));
            assert!(before.is_none(), "it is there twice: {before:?}");
        }
        goods
    }

    /// Fails unless the table holds exactly these rows.
    pub async fn must_hold(&self, numbers: impl Iterator<Item = u64>, make: impl Fn(u64) -> Value) {
        let wanted: BTreeMap<String, Value> = numbers
            .map(|number| {
                let mut row = make(number);
                self::number(&mut row["price"]);
                (row["sku"].as_str().expect("text").to_owned(), row)
            })
            .collect();
        let found = self.by_sku().await;
        assert_eq!(found.len(), wanted.len(), "so many records");
        for (sku, row) in &wanted {
            assert_eq!(found.get(sku), Some(row), "{sku}");
        }
    }
}

/// A number in one spelling: 72 is 72.0.
fn number(value: &mut Value) {
    *value = json!(value.as_f64());
}

/// Options with short waits.
pub fn options() -> LoadOptions {
    LoadOptions {
        batch_rows: 100,
        settle: 0.0,
        ..LoadOptions::default()
    }
}

/// Rows from values.
pub fn rows(values: impl IntoIterator<Item = Value>) -> [Rows; 1] {
    let mut rows = Rows::new();
    for value in values {
        rows.push(value.to_string().as_bytes());
    }
    [rows]
}

/// A file in a folder of its own, which is removed at the end.
pub struct File(pub PathBuf);

impl File {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("xano-load-{}-{:x}", std::process::id(), fastrand::u64(..)));
        std::fs::create_dir(&folder).expect("a folder");
        Self(folder.join(name))
    }

    pub fn others(&self) -> usize {
        std::fs::read_dir(self.0.parent().expect("a folder"))
            .expect("a folder")
            .count()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().expect("a folder"));
    }
}
