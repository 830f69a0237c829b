//! Files of records, into tables and out of them, against the emulator.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;
use serde_json::{Value, json};
use xano_emulator::{Emulator, EmulatorOptions};
use xano_metadata::records::{ExportOptions, Format, LoadOptions, OnError, ReadOptions, Records};
use xano_metadata::{Body, Client, ClientOptions, Connection, Request};

/// An emulator with one table, and a folder for files.
struct Place {
    emulator: Emulator,
    connection: Connection,
    workspace: i64,
    table: i64,
    folder: PathBuf,
}

impl Drop for Place {
    fn drop(&mut self) {
        // What cannot be removed is the system's to remove.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Place {
    async fn new(name: &str, columns: Value) -> Self {
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
        let folder = std::env::temp_dir().join(format!("xano-records-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let mut place = Self {
            emulator,
            connection,
            workspace: 0,
            table: 0,
            folder,
        };
        let spaces = Request::new("instance.workspaces.list").expect("in the table");
        place.workspace = place.send(spaces).await[0]["id"].as_i64().expect("a number");
        let Value::Array(mut schema) = columns else {
            panic!("columns are a list")
        };
        schema.insert(0, json!({"name": "id", "type": "int"}));
        let table = place.about("tables.create", &json!({"name": "things", "schema": schema}));
        place.table = place.send(table).await["id"].as_i64().expect("a number");
        let copy = place.about("data_sources.create", &json!({"label": "copy", "color": "#112233"}));
        place.send(copy).await;
        place
    }

    fn about(&self, operation: &str, fields: &Value) -> Request {
        let request = Request::new(&format!("instance.workspace.{operation}")).expect("in the table");
        request
            .path_value(self.workspace)
            .body(Body::json(fields).expect("JSON"))
    }

    async fn send(&self, request: Request) -> Value {
        let reply = self.connection.call(request).await.expect("an answer");
        reply.json().expect("JSON")
    }

    fn records(&self) -> Records {
        Records::new(self.connection.clone(), self.workspace, self.table)
    }

    fn copy(&self) -> Records {
        self.records().in_data_source("copy")
    }

    /// Adds records by the JSON text of their list.
    async fn add(&self, items: &str) {
        let request = Request::new("instance.workspace.table.records.create_many").expect("in the table");
        let request = request.path_value(self.workspace).path_value(self.table);
        let body = RawValue::from_string(format!(r#"{{"items":{items},"allow_id_field":false}}"#)).expect("JSON");
        self.send(request.body(Body::json(&body).expect("JSON"))).await;
    }

    async fn empty_copy(&self) {
        let request = Request::new("instance.workspace.table.truncate").expect("in the table");
        let request = request.path_value(self.workspace).path_value(self.table);
        let body = Body::json(&json!({"reset": true})).expect("JSON");
        self.send(request.header_value("x-data-source", "copy").body(body))
            .await;
    }

    async fn add_many(&self, count: usize) {
        let items: Vec<Value> = (0..count).map(|n| json!({"name": format!("thing {n}")})).collect();
        self.add(&json!(items).to_string()).await;
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, text).expect("a file");
        path
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).expect("a folder");
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        let mut names: Vec<String> = entries
            .map(|entry| name(entry).to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn requests(&self) -> Vec<String> {
        let (_, journal) = self.emulator.control("GET", "/requests", &Value::Null);
        let requests = journal["requests"].as_array().expect("a list");
        let path = |request: &Value| request["path"].as_str().expect("text").to_owned();
        requests.iter().map(path).collect()
    }
}

/// Every record as the server writes it, to the letter.
async fn all(records: &Records) -> Vec<String> {
    let mut reader = records.read(ReadOptions::default());
    let mut rows = Vec::new();
    while let Some(page) = reader.next().await.expect("records") {
        let items: Vec<&RawValue> = serde_json::from_slice(&page.items).expect("JSON");
        rows.extend(items.iter().map(|item| item.get().to_owned()));
    }
    rows
}

fn keeping() -> LoadOptions {
    LoadOptions {
        keep_ids: Some(true),
        ..LoadOptions::default()
    }
}

fn collecting() -> LoadOptions {
    LoadOptions {
        on_error: OnError::Collect,
        ..LoadOptions::default()
    }
}

fn every_kind() -> Value {
    json!([
        {"name": "text, \"a\"", "type": "text", "nullable": true},
        {"name": "must", "type": "text"},
        {"name": "mail", "type": "email"},
        {"name": "whole", "type": "int", "nullable": true},
        {"name": "price", "type": "decimal", "nullable": true},
        {"name": "flag", "type": "bool", "nullable": true},
        {"name": "choice", "type": "enum", "values": ["a", "b, c"]},
        {"name": "day", "type": "date"},
        {"name": "at", "type": "timestamp"},
        {"name": "uid", "type": "uuid"},
        {"name": "extra", "type": "json"},
        {"name": "tags", "type": "text", "style": "list"},
        {"name": "numbers", "type": "decimal", "style": "list", "nullable": true},
        {"name": "box", "type": "object", "children": [
            {"name": "w", "type": "decimal", "nullable": true}, {"name": "note", "type": "text"}]},
        {"name": "boxes", "type": "object", "style": "list"},
        {"name": "where", "type": "geo_point"},
        {"name": "picture", "type": "image"},
        {"name": "meaning", "type": "vector", "vector": {"size": 3}},
    ])
}

const TRICKY: &str = r#"[
    {},
    {"text, \"a\"": "", "must": "", "mail": "ä@b.example", "whole": 9007199254740993, "price": 1.50, "flag": true,
     "choice": "b, c", "day": "0001-01-01", "at": -62135596800000, "uid": "0b3cf5d6-1c2e-4f0a-9d8e-7a6b5c4d3e2f",
     "extra": {"a": [1, null, 9007199254740993, 1e400], "": "\u0000"}, "tags": ["", "a,b", "\"", "x\ny"],
     "numbers": [0.1, -0.12345678901234567890], "box": {"w": 12345678901234567890.5, "note": "n"},
     "boxes": [{"a": {"b": []}}, {}], "where": {"type": "point", "data": {"lng": 1.5, "lat": -2}},
     "picture": {"path": "/vault/x", "meta": {"w": 1}}, "meaning": [1, -2.5, 3e-7]},
    {"text, \"a\"": "a \"b\",\r\nc\u2028 😀", "must": " space ", "whole": -9223372036854775808, "price": -0.0000001,
     "flag": false, "choice": "a", "day": "9999-12-31", "at": 253402300799999, "extra": "just text", "tags": [],
     "numbers": []},
    {"text, \"a\"": null, "must": "null", "whole": 9223372036854775807, "price": 9007199254740993, "extra": 5,
     "day": "2000-02-29", "at": 0},
    {"text, \"a\"": "\ufeff,", "must": "5", "whole": 0, "price": 0, "extra": [], "boxes": []},
    {"must": "\\N", "extra": ""}
]"#;

#[tokio::test]
async fn records_come_back_equal_from_either_format() {
    let place = Place::new("equal", every_kind()).await;
    place.add(TRICKY).await;
    let before = all(&place.records()).await;
    assert_eq!(before.len(), 6);
    for name in ["things.ndjson", "things.CSV"] {
        let path = place.folder.join(name);
        let job = place.records().export(&path, ExportOptions::default()).expect("a job");
        let report = job.wait().await.expect("a report");
        assert_eq!((report.read, report.written), (6, 6));
        assert_eq!(report.bytes, fs::metadata(&path).expect("a file").len());
        let progress = job.progress();
        assert_eq!((progress.rows, progress.total), (6, Some(6)));

        let job = place.copy().import(&path, None, keeping()).expect("a job");
        let report = job.wait().await.expect("a report");
        assert_eq!((report.read, report.inserted, report.failed), (6, 6, 0));
        assert_eq!(all(&place.copy()).await, before, "{name}");
        place.empty_copy().await;
        assert!(all(&place.copy()).await.is_empty());
    }
    assert_eq!(place.names(), ["things.CSV", "things.ndjson"]);
}

#[tokio::test]
async fn many_rows_come_from_a_file_in_their_order() {
    let place = Place::new("many", json!([{"name": "name", "type": "text"}])).await;
    let lines: Vec<String> = (0..5000).map(|n| format!("thing {n}")).collect();
    let path = place.file("things.txt", format!("\u{feff}name\r\n{}\r\n", lines.join("\r\n")));
    let error = place
        .records()
        .import(&path, None, LoadOptions::default())
        .expect_err("no format");
    assert_eq!(error.code(), "config_error");
    let job = place.records().import(&path, Some(Format::Csv), LoadOptions::default());
    let report = job.expect("a job").wait().await.expect("a report");
    assert_eq!((report.read, report.inserted), (5000, 5000));
    let path = place.folder.join("out.txt");
    let options = ExportOptions {
        format: Some(Format::Csv),
        read: ReadOptions {
            page_size: 700,
            ..ReadOptions::default()
        },
    };
    let job = place.records().export(&path, options).expect("a job");
    assert_eq!(job.wait().await.expect("a report").written, 5000);
    let text = fs::read_to_string(&path).expect("a file");
    let mut written: Vec<String> = text
        .lines()
        .skip(1)
        .map(|line| line.split_once(',').expect("two").1.to_owned())
        .collect();
    written.sort_by_key(|line| line["thing ".len()..].parse::<u32>().expect("a number"));
    assert_eq!(written, lines, "each once");
}

#[tokio::test]
async fn malformed_lines_cost_themselves_alone() {
    let place = Place::new(
        "malformed",
        json!([
            {"name": "name", "type": "text"},
            {"name": "count", "type": "int"},
            {"name": "must", "type": "text", "required": true},
        ]),
    )
    .await;
    let csv = "must,name,count\nx,first,1\nx,second\nx,th\"ird,3\nx,fourth,four\nx,\"fi\"\"fth\",5\nx,\"sixth,6\n";
    let path = place.file("things.csv", csv);
    let job = place.records().import(&path, None, collecting()).expect("a job");
    let report = job.wait().await.expect("a report");
    assert_eq!((report.read, report.inserted, report.failed), (6, 2, 4));
    let failures: Vec<(u64, Option<&str>, &str)> = report
        .failures
        .iter()
        .map(|failure| (failure.row, failure.column.as_deref(), failure.reason.as_str()))
        .collect();
    let (rows, columns): (Vec<u64>, Vec<Option<&str>>) =
        failures.iter().map(|(row, column, _)| (*row, *column)).unzip();
    assert_eq!(rows, [2, 3, 4, 6]);
    assert_eq!(columns, [None, Some("name"), Some("count"), Some("name")]);
    for ((_, _, reason), expected) in failures.iter().zip([
        "Line 3 has 2 fields, but the header has 3.",
        "Line 4: a quotation mark stands inside",
        "It must be a whole number, but is \"four\".",
        "Line 7: the field's quotation mark is never closed",
    ]) {
        assert!(reason.contains(expected), "{reason}");
    }

    let large = format!("{{\"must\":\"x\",\"name\":\"{}\"}}", "x".repeat(3 << 20));
    let ndjson = format!(
        "{{\"must\":\"x\"}}\n\n{{\"must\":\"x\",\"count\":NaN}}\n{{\"name\":\"y\"}}\nnonsense\n{large}\n{{\"must\":\"z\"}}"
    );
    let path = place.file("things.jsonl", ndjson);
    let options = LoadOptions {
        max_row_bytes: 1 << 20,
        ..collecting()
    };
    let job = place.records().import(&path, None, options).expect("a job");
    let report = job.wait().await.expect("a report");
    assert_eq!((report.read, report.inserted, report.failed), (6, 2, 4));
    let columns: Vec<Option<&str>> = report
        .failures
        .iter()
        .map(|failure| failure.column.as_deref())
        .collect();
    assert_eq!(columns, [Some("count"), Some("must"), None, Some("name")]);
    let reason = &report.failures[3].reason;
    assert!(
        reason.contains("Line 6") && reason.contains("3 MiB") && reason.contains("1 MiB"),
        "{reason}"
    );
    assert_eq!(all(&place.records()).await.len(), 4);

    // Stopping names the line, and what stood before it is in the table.
    let job = place
        .records()
        .import(place.file("again.csv", csv), None, LoadOptions::default());
    let error = job.expect("a job").wait().await.expect_err("a malformed line");
    assert_eq!((error.code(), error.row()), ("record_error", Some(2)));
    assert!(error.to_string().contains("Line 3"), "{error}");
}

#[tokio::test]
async fn a_header_that_does_not_fit_sends_nothing() {
    let place = Place::new("header", json!([{"name": "name", "type": "text"}])).await;
    for (name, text, expected) in [
        ("things.csv", "name,prise\nx,1\n", "prise"),
        ("things.csv", "name,name\nx,y\n", "twice"),
        ("things.csv", "name;id\nx;1\n", "commas"),
        ("things.csv", "", "empty"),
        ("things.csv", "[{\"name\":\"x\"}]", "do not enclose"),
        ("things.ndjson", "[{\"name\":\"x\"}]", "JSON list"),
    ] {
        let path = place.file(name, text);
        place.emulator.control("DELETE", "/requests", &Value::Null);
        let job = place.records().import(&path, None, collecting()).expect("a job");
        let error = job.wait().await.expect_err(text);
        assert_eq!(error.code(), "config_error", "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        let wrote = |path: &String| path.contains("/content") && !path.ends_with("/search");
        assert!(!place.requests().iter().any(wrote), "{:?}", place.requests());
    }
    let missing = place.folder.join("missing.csv");
    let error = place
        .records()
        .import(&missing, None, collecting())
        .expect_err("no file");
    assert!(error.to_string().contains("missing.csv"), "{error}");
    assert!(all(&place.records()).await.is_empty());
}

fn pages_of(size: u32) -> ExportOptions {
    ExportOptions {
        read: ReadOptions {
            page_size: size,
            prefetch: 1,
            ..ReadOptions::default()
        },
        ..ExportOptions::default()
    }
}

/// A rule that lets some searches pass before it strikes.
fn spoil(place: &Place, rule: &Value) {
    let (status, answer) = place.emulator.control("POST", "/faults", rule);
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn an_export_that_is_given_up_leaves_the_old_file() {
    let place = Place::new("given-up", json!([{"name": "name", "type": "text"}])).await;
    place.add_many(500).await;
    let path = place.file("things.csv", "old");
    spoil(&place, &json!({"kind": "hang", "path": "**/search", "after": 3}));
    let job = place.records().export(&path, pages_of(50)).expect("a job");
    while job.progress().rows < 50 {
        assert!(!job.is_done());
        tokio::task::yield_now().await;
    }
    assert_eq!(place.names().len(), 2, "the new one grows beside the old one");
    assert_eq!(fs::read(&path).expect("a file"), b"old");
    job.cancel();
    assert_eq!(job.wait().await.expect_err("given up").code(), "cancelled");
    assert_eq!(place.names(), ["things.csv"]);
    assert_eq!(fs::read(&path).expect("a file"), b"old");
}

#[tokio::test]
async fn an_export_that_fails_leaves_the_old_file_and_says_how_far_it_was() {
    let place = Place::new("fails", json!([{"name": "name", "type": "text"}])).await;
    place.add_many(500).await;
    let path = place.file("things.ndjson", "old");
    spoil(
        &place,
        &json!({"kind": "token_expired", "path": "**/search", "after": 4}),
    );
    let job = place.records().export(&path, pages_of(50)).expect("a job");
    let error = job.wait().await.expect_err("no token");
    assert_eq!(error.status(), Some(401));
    let report = error.report().expect("a report");
    assert!(report.written > 0 && report.written < 500, "{report:?}");
    assert_eq!(place.names(), ["things.ndjson"]);
    assert_eq!(fs::read(&path).expect("a file"), b"old");

    for path in [place.folder.clone(), place.folder.join("none").join("things.csv")] {
        let options = ExportOptions {
            format: Some(Format::Csv),
            ..ExportOptions::default()
        };
        let error = place.records().export(&path, options).expect_err("no place for a file");
        assert_eq!(error.code(), "config_error");
    }
    let error = place
        .records()
        .export(Path::new("things.parquet"), ExportOptions::default());
    assert!(error.expect_err("no format").to_string().contains("things.parquet"));
}

#[tokio::test]
async fn an_empty_table_is_a_file_too() {
    let place = Place::new("empty", json!([{"name": "name", "type": "text"}])).await;
    for (name, text) in [("things.csv", "id,name\n"), ("things.ndjson", "")] {
        let path = place.folder.join(name);
        let job = place.records().export(&path, ExportOptions::default()).expect("a job");
        let report = job.wait().await.expect("a report");
        assert_eq!((report.written, report.bytes), (0, text.len() as u64));
        assert_eq!(fs::read_to_string(&path).expect("a file"), text);
        let job = place.copy().import(&path, None, keeping()).expect("a job");
        assert_eq!(job.wait().await.expect("a report").read, 0);
    }
}
