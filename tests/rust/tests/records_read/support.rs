//! A table on the emulator, and looking at what is read of it.

use serde_json::{Map, Value, json};
use xano_emulator::{Emulator, EmulatorOptions};
use xano_metadata::records::{ReadOptions, Reader, Records};
use xano_metadata::{Body, Client, ClientOptions, Connection, Error, Request};

/// An emulator with one table, `things`, of one column, `name`.
pub struct Place {
    pub emulator: Emulator,
    connection: Connection,
    pub workspace: i64,
    table: i64,
}

impl Place {
    pub async fn new(id: &str) -> Self {
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
        let mut place = Self {
            emulator,
            connection,
            workspace: 0,
            table: 0,
        };
        let spaces = Request::new("instance.workspaces.list").expect("in the table");
        place.workspace = place.send(spaces).await[0]["id"].as_i64().expect("a number");
        let make = Request::new("instance.workspace.tables.create").expect("in the table");
        let schema = json!({"name": "things", "schema": [
            {"name": "id", "type": id}, {"name": "name", "type": "text", "nullable": true}]});
        let make = make.path_value(place.workspace).body(body(&schema));
        place.table = place.send(make).await["id"].as_i64().expect("a number");
        place
    }

    pub async fn send(&self, request: Request) -> Value {
        self.connection
            .call(request)
            .await
            .expect("an answer")
            .json()
            .expect("JSON")
    }

    pub async fn bulk(&self, operation: &str, fields: &Value) -> Value {
        let request = Request::new(&format!("instance.workspace.table.records.{operation}")).expect("in the table");
        let request = request.path_value(self.workspace).path_value(self.table);
        self.send(request.body(body(fields))).await
    }

    /// Adds so many rows; their ids.
    pub async fn add(&self, count: usize) -> Vec<Value> {
        let items = vec![json!({"name": "x"}); count];
        let ids = self.bulk("create_many", &json!({"items": items})).await;
        ids.as_array().expect("ids").clone()
    }

    pub async fn add_with_ids(&self, ids: impl IntoIterator<Item = i64>) {
        let items: Vec<Value> = ids
            .into_iter()
            .map(|id| json!({"id": id, "name": id.to_string()}))
            .collect();
        self.bulk("create_many", &json!({"items": items, "allow_id_field": true}))
            .await;
    }

    pub async fn delete(&self, ids: &[Value]) {
        self.bulk("delete_many", &json!({"row_ids": ids})).await;
    }

    pub fn records(&self) -> Records {
        Records::new(self.connection.clone(), self.workspace, self.table)
    }

    pub fn read(&self, page_size: u32, prefetch: usize) -> Reader {
        self.records().read(ReadOptions {
            page_size,
            prefetch,
            ..ReadOptions::default()
        })
    }

    /// The bodies of the searches that were sent since this was asked last.
    pub fn searches(&self) -> Vec<Value> {
        let (_, journal) = self.emulator.control("GET", "/requests", &Value::Null);
        self.emulator.control("DELETE", "/requests", &Value::Null);
        let requests = journal["requests"].as_array().expect("a list");
        let searches = requests
            .iter()
            .filter(|request| request["path"].as_str().is_some_and(|path| path.ends_with("/search")));
        searches
            .map(|request| serde_json::from_str(request["body"].as_str().expect("text")).expect("JSON"))
            .collect()
    }
}

pub fn body(fields: &Value) -> Body {
    Body::json(fields).expect("JSON")
}

/// The rows of the next page.
pub async fn page(reader: &mut Reader) -> Result<Option<Vec<Map<String, Value>>>, Error> {
    let Some(page) = reader.next().await? else {
        return Ok(None);
    };
    let rows: Vec<Map<String, Value>> = serde_json::from_slice(&page.items).expect("rows");
    assert_eq!(rows.len(), page.count);
    assert!(page.count > 0, "a page is never empty");
    Ok(Some(rows))
}

/// The ids of the next page, which there is.
pub async fn next(reader: &mut Reader) -> Vec<Value> {
    let rows = page(reader).await.expect("an answer").expect("a page");
    rows.into_iter().map(|row| row["id"].clone()).collect()
}

/// The ids of all rows that are left.
pub async fn rest(reader: &mut Reader) -> Result<Vec<Value>, Error> {
    let mut ids = Vec::new();
    while let Some(rows) = page(reader).await? {
        ids.extend(rows.into_iter().map(|row| row["id"].clone()));
    }
    Ok(ids)
}

pub fn numbers(ids: &[Value]) -> Vec<i64> {
    ids.iter().map(|id| id.as_i64().expect("a number")).collect()
}
