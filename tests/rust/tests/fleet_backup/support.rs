//! Workspaces with everything that a backup should hold, and what is asked of them.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use xano_emulator::{Emulator, EmulatorOptions};
use xano_fleet::backup::{self, BackupOptions, Kind, State, Verified};
use xano_fleet::compare::{self, CompareOptions, Comparison, RecordsOption};
use xano_fleet::{Answer, Asking, Host, Notice, Place, Question, Silent};
use xano_metadata::api::{Column, Index, WorkspaceHandle};
use xano_metadata::records::LoadOptions;
use xano_metadata::{Client, ClientOptions, Connection, Error, Instance, RateLimiting};

/// A data source besides the live one, with an odd label.
pub const TEST: &str = "test/ü 1%";

/// The export of any workspace.
pub const EXPORT: &str = "/workspace/*/export";

pub struct World {
    pub emulator: Emulator,
    pub connection: Connection,
    pub folder: Folder,
}

impl World {
    pub fn new() -> Self {
        let emulator = Emulator::start(EmulatorOptions::default()).expect("an emulator");
        let connection = client(&emulator)
            .instance_at(emulator.instance_url(), None)
            .expect("a connection");
        Self {
            emulator,
            connection,
            folder: Folder::new(),
        }
    }

    pub fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.emulator.control(method, path, body);
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    }

    /// Makes exports go wrong like this from now on, and nothing else.
    pub fn spoil_exports(&self, mut fault: Value) {
        fault["path"] = EXPORT.into();
        self.control("DELETE", "/faults", &Value::Null);
        self.control("POST", "/faults", &fault);
    }

    /// As on a free plan.
    pub fn refuse_exports(&self) {
        let body = json!({"code": "ERROR_FATAL", "message": "Access Denied.", "payload": ""});
        self.spoil_exports(json!({"kind": "status", "status": 500, "body": body}));
    }

    /// How often something was asked for.
    pub fn asked(&self, method: &str, path: &str) -> usize {
        let (_, journal) = self
            .emulator
            .control("GET", &format!("/requests?method={method}"), &Value::Null);
        let requests = journal["requests"].as_array().expect("a list");
        requests
            .iter()
            .filter(|request| request["path"].as_str().is_some_and(|found| found.ends_with(path)))
            .count()
    }

    pub fn instance(&self) -> Instance {
        Instance::over(self.connection.clone())
    }

    /// The workspace that every emulator has.
    pub fn main(&self) -> Place {
        self.place("Main")
    }

    pub fn place(&self, workspace: &str) -> Place {
        Place::new(self.connection.clone(), workspace)
    }

    pub async fn backup(&self, place: &Place, kind: Kind) -> Result<backup::Backup, Error> {
        backup::create(place, &self.options(kind), &Silent).await
    }

    pub fn options(&self, kind: Kind) -> BackupOptions {
        BackupOptions {
            to: self.folder.path.clone(),
            kind,
            retries: 0,
            ..BackupOptions::default()
        }
    }
}

pub fn client(emulator: &Emulator) -> Client {
    Client::new(ClientOptions {
        token: Some(emulator.token().into()),
        account_url: Some(emulator.account_url().to_owned()),
        ambient_credentials: false,
        backoff: Duration::from_millis(1),
        rate_limit: RateLimiting::Off,
        max_retries: 1,
        ..ClientOptions::default()
    })
    .expect("a client")
}

/// A folder that goes with the test.
pub struct Folder {
    pub path: PathBuf,
}

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("xano-backup-{:016x}", fastrand::u64(..)));
        std::fs::create_dir(&path).expect("a folder");
        Self { path }
    }

    /// The names of what is in it, folders and all.
    pub fn names(&self) -> Vec<String> {
        fn collect(folder: &Path, names: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let entry = entry.expect("an entry");
                names.push(entry.file_name().to_string_lossy().into_owned());
                if entry.path().is_dir() {
                    collect(&entry.path(), names);
                }
            }
        }
        let mut names = Vec::new();
        collect(&self.path, &mut names);
        names.sort();
        names
    }

    pub async fn verified(&self) -> backup::Verification {
        backup::verify(&self.path, None, &Silent).await.expect("a verification")
    }

    /// How the one file in it is.
    pub async fn only(&self) -> Verified {
        let found = self.verified().await;
        assert_eq!(found.files.len(), 1, "{:?}", found.files);
        assert_eq!(found.ok, matches!(found.files[0].state, State::Good | State::Encrypted));
        found.files[0].clone()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// A host that remembers what it was told, and says no.
#[derive(Default)]
pub struct Listener {
    told: Mutex<Vec<Notice>>,
}

impl Listener {
    pub fn warnings(&self) -> Vec<String> {
        let told = self.told.lock().expect("no panic");
        let warnings = told.iter().filter_map(|notice| match notice {
            Notice::Warning { message } => Some(message.clone()),
            _ => None,
        });
        warnings.collect()
    }

    /// Units that were done in the end.
    pub fn done(&self, unit: &str) -> Option<u64> {
        let told = self.told.lock().expect("no panic");
        told.iter().rev().find_map(|notice| match notice {
            Notice::Progress(progress) if progress.unit == unit => Some(progress.done),
            _ => None,
        })
    }
}

impl Host for Listener {
    fn tell(&self, notice: Notice) {
        self.told.lock().expect("no panic").push(notice);
    }

    fn ask(&self, _question: Question) -> Asking<'_> {
        Box::pin(async { Ok(Answer::no("nobody asked for a question")) })
    }
}

async fn make(space: &WorkspaceHandle, name: &str, columns: Value) -> i64 {
    let columns: Vec<Column> = serde_json::from_value(columns).expect("columns");
    let made = space
        .tables()
        .create()
        .name(name)
        .description("d")
        .tag(Some(&["t".to_owned()]));
    made.schema(Some(&columns)).await.expect("a table").id
}

/// Fills a workspace: tables that refer to each other, to themselves and in circles, odd records in two data sources, logic.
pub async fn fill(place: &Place, rows: u32) {
    let space = place.workspace();
    space
        .data_sources()
        .create(TEST)
        .color("#112233")
        .await
        .expect("a data source");
    let id = json!({"name": "id", "type": "int"});
    let author = make(&space, "author", json!([id, {"name": "name", "type": "text"}])).await;
    let book = json!([
        id, {"name": "title", "type": "text"}, {"name": "author", "type": "int", "tableref_id": author},
        {"name": "next", "type": "int", "nullable": true},
    ]);
    let book = make(&space, "book", book).await;
    // A circle, and a table that refers to itself.
    for (table, column, to) in [("author", "best", book), ("book", "next", book)] {
        let columns = space.table(table).columns();
        let mut list = columns.list().all().await.expect("columns");
        list.retain(|known| known.name != column);
        let extra = json!({"name": column, "type": "int", "tableref_id": to, "nullable": true});
        list.push(serde_json::from_value(extra).expect("a column"));
        columns.replace(&list).await.expect("replaced");
    }
    let things = json!([
        {"name": "id", "type": "uuid"}, {"name": "label", "type": "text", "nullable": true},
    ]);
    make(&space, "thing", things).await;
    let users = json!([
        id, {"name": "email", "type": "email", "filters": {"lower": true}},
        {"name": "pw", "type": "password", "required": true},
    ]);
    make(&space, "user", users).await;
    make(&space, "empty", json!([id])).await;
    goods(&space, author, rows).await;
    let users = (1..=3).map(|n| json!({"email": format!("u{n}@example.com"), "pw": "secret-99"}));
    space
        .table("user")
        .records()
        .insert(users, LoadOptions::default())
        .await
        .expect("users");
    let things = [json!("x"), Value::Null, json!("")]
        .into_iter()
        .enumerate()
        .map(|(n, label)| json!({"id": format!("123e4567-e89b-42d3-a456-42661417400{n}"), "label": label}));
    space
        .table("thing")
        .records()
        .insert(things, keeping_ids())
        .await
        .expect("things");
    let authors = [json!({"name": "a", "best": 1}), json!({"name": "b", "best": null})];
    space
        .table("author")
        .records()
        .insert(authors, LoadOptions::default())
        .await
        .expect("authors");
    let books = [json!({"title": "t", "author": 1, "next": 1})];
    let in_test = space.table("book").records().in_data_source(TEST);
    in_test.insert(books, LoadOptions::default()).await.expect("books");
    logic(&space).await;
}

async fn goods(space: &WorkspaceHandle, author: i64, rows: u32) {
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
        {"name": "author", "type": "int", "tableref_id": author, "nullable": true},
        {"name": "note", "type": "text", "nullable": true},
    ]);
    let goods = space.table(make(space, "goods", columns).await);
    goods.indexes().add(&Index::unique(["sku"])).await.expect("an index");
    let report = goods
        .records()
        .insert((1..=rows).map(odd), keeping_ids())
        .await
        .expect("rows");
    assert_eq!(report.inserted, u64::from(rows));
    // Gaps in the numbers, as life makes them.
    let gone: Vec<u32> = (1..=rows / 3).step_by(7).collect();
    goods
        .records()
        .delete(gone, LoadOptions::default())
        .await
        .expect("deleted");
}

/// The same ids in every workspace that is filled, however batches arrive.
fn keeping_ids() -> LoadOptions {
    LoadOptions {
        keep_ids: Some(true),
        ..LoadOptions::default()
    }
}

/// A row at the edges of what columns hold.
fn odd(n: u32) -> Value {
    let note = [
        "",
        " ",
        "\u{0}".trim_matches('\u{0}'),
        "日本 \u{1F600} \u{2028}\"\\\n\t",
        "null",
        "e\u{301}",
        "\u{202e}x",
    ];
    let pick = |every: u32, value: Value| if n.is_multiple_of(every) { Value::Null } else { value };
    let price = match n % 5 {
        0 => json!(f64::from(n) * 0.1),
        1 => json!(-0.000_001),
        2 => json!(1.797e308),
        3 => serde_json::from_str("12345678901234567890.123456789").expect("a number"),
        _ => Value::Null,
    };
    let more = [
        json!({"deep": [null, {"x": 1.5e300, "n": n}], "": 9_007_199_254_740_993_i64}),
        json!("text"),
        Value::Null,
        json!([[]]),
    ];
    json!({
        "id": n, "sku": format!("sku-{n}"), "price": price,
        "stock": if n.is_multiple_of(2) { i64::MAX - i64::from(n) } else { -9_007_199_254_740_993 - i64::from(n) },
        "kind": pick(2, json!("b")), "tags": if n.is_multiple_of(4) { json!([]) } else { json!(["ä", "", "\u{1F600}\"\\", n.to_string()]) },
        "day": pick(3, json!("1970-01-01")), "seen": pick(5, json!(253_402_300_799_999_i64 - i64::from(n))),
        "uid": pick(6, json!("123e4567-e89b-12d3-a456-426614174000")),
        "more": more[n as usize % more.len()],
        "box": pick(7, json!({"w": 0.1, "note": null})), "point": pick(8, json!([0.5, -1.25])), "author": pick(9, json!(1)),
        "note": note[n as usize % note.len()],
    })
}

async fn logic(space: &WorkspaceHandle) {
    let script = |keyword: &str| format!("{keyword} one {{\n  description = \"a {{ brace\"\n  stack {{\n  }}\n}}");
    space
        .functions()
        .create()
        .xanoscript(script("function"))
        .await
        .expect("a function");
    space.tasks().create().xanoscript(script("task")).await.expect("a task");
    space
        .api_groups()
        .create()
        .xanoscript("api_group shop {\n}")
        .await
        .expect("a group");
    let endpoint = "query list verb=GET {\n  api_group = \"shop\"\n}";
    space
        .api_group("shop")
        .endpoints()
        .create()
        .xanoscript(endpoint)
        .await
        .expect("an endpoint");
}

/// Removes everything that `fill` made, and leaves something of its own.
pub async fn wipe(place: &Place) {
    let space = place.workspace();
    for table in space.tables().list().all().await.expect("tables") {
        space.table(table.id).delete().await.expect("deleted");
    }
    for group in space.api_groups().list().all().await.expect("groups") {
        space.api_group(group.id).delete().await.expect("deleted");
    }
    space.function("one").delete().await.expect("deleted");
    space.task("one").delete().await.expect("deleted");
    space.data_source(TEST).delete().await.expect("deleted");
}

/// Two workspaces with everything that is in them, records included.
pub async fn compared(one: &Place, other: &Place) -> Comparison {
    let options = CompareOptions {
        records: RecordsOption::Content,
        ..CompareOptions::default()
    };
    let comparison = compare::places(one, other, &options, &Silent)
        .await
        .expect("a comparison");
    assert_eq!(comparison.failures, [], "{}", comparison.text());
    comparison
}
