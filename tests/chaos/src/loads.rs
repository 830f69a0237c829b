//! Loads of records through a storm of faults, killed midway and begun again with their checkpoint: in the end every row
//! is there once.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Map, Value, json};
use xano_metadata::api::{Column, Index};
use xano_metadata::records::LoadOptions;
use xano_metadata_tests::loader;
use xano_metadata_tests::rows::{row, sku};

use crate::child::{Next, Process};
use crate::house::{House, address};
use crate::proxy::Lane;
use crate::tally::Tally;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Rows of a load.
const ROWS: u64 = 1500;
/// Kills of a load.
const KILLS: usize = 3;
/// How many requests are struck.
const STORM: f64 = 0.12;
/// Silence after which a load is taken to hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// One load: what it does, and what is there before.
struct Load {
    name: &'static str,
    action: &'static str,
    key: bool,
    unique: bool,
    uuids: bool,
}

const LOADS: [Load; 5] = [
    Load::new("insert", "insert"),
    Load {
        uuids: true,
        ..Load::new("insert with uuids", "insert")
    },
    Load {
        key: true,
        ..Load::new("insert with a key", "insert")
    },
    Load {
        key: true,
        unique: true,
        ..Load::new("upsert", "upsert")
    },
    Load {
        key: true,
        unique: true,
        ..Load::new("delete", "delete")
    },
];

impl Load {
    const fn new(name: &'static str, action: &'static str) -> Self {
        Self {
            name,
            action,
            key: false,
            unique: false,
            uuids: false,
        }
    }
}

/// The process that is killed; see [`loader::run`].
///
/// # Errors
/// None; what happens is printed.
pub async fn child(order: &str) -> Result<(), Failure> {
    loader::run(order).await;
    Ok(())
}

/// Runs all loads under one seed.
///
/// # Errors
/// When something that is no part of what is tested does not work.
pub async fn seed(seed: u64) -> Result<Tally, Failure> {
    let house = House::build().await?;
    let mut tally = Tally::default();
    for (place, load) in LOADS.iter().enumerate() {
        let seed = seed * 10 + place as u64;
        let one = one(&house, load, seed).await?;
        tally.add(one);
    }
    Ok(tally)
}

async fn one(house: &House, load: &Load, seed: u64) -> Result<Tally, Failure> {
    let table = table(house, load, seed).await?;
    let upstream = address(house.emulator.instance_url());
    let lane = Lane::storm(upstream, seed, STORM).await?;
    let checkpoint = std::env::temp_dir().join(format!("xano-chaos-load-{}-{seed}", std::process::id()));
    let mut options = json!({
        "action": load.action, "checkpoint": checkpoint, "batch_rows": 25, "settle": 0.02,
    });
    if load.key {
        options["key"] = json!("sku");
    }
    let mut order = json!({
        "url": format!("http://{}", lane.plain), "token": house.emulator.token(), "workspace": house.workspace,
        "table": table, "rows": ROWS, "change": load.action == "upsert", "bare": load.action == "delete",
        "patience": 300, "options": options,
    });
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut points: Vec<u64> = (0..KILLS).map(|_| rng.u64(1..ROWS)).collect();
    points.sort_unstable();
    let mut tally = Tally {
        cases: 1,
        ..Tally::default()
    };
    let mut told = None;
    for point in points.into_iter().chain([u64::MAX]) {
        // A source that does not end, lest the job ends between the look at it and the kill.
        order["endless"] = json!(point < u64::MAX);
        match process(&order, point).await? {
            Ended::Killed => {}
            Ended::Told(line) => told = Some(line),
            Ended::Hung => {
                tally.hung += 1;
                tally.notes.push(format!("{}: silent for too long", load.name));
                break;
            }
        }
    }
    tally.requests = lane.requests();
    tally.faults = lane.struck();
    drop(lane);
    judge(house, load, table, told.as_deref(), &checkpoint, &mut tally).await?;
    let _ = std::fs::remove_file(&checkpoint);
    Ok(tally)
}

enum Ended {
    Killed,
    /// By itself; its last words.
    Told(String),
    Hung,
}

async fn process(order: &Value, point: u64) -> Result<Ended, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["load", &order.to_string()]);
    let mut process = Process::start(command, String::new())?;
    let mut last = String::new();
    loop {
        match process.next(PATIENCE).await {
            Next::Line(line) => last = line,
            Next::End => break,
            Next::Silence => return Ok(Ended::Hung),
        }
        if last.parse().is_ok_and(|done: u64| done >= point) {
            process.kill()?;
            return Ok(Ended::Killed);
        }
    }
    let (status, errors) = process.end().await?;
    if !status.success() {
        last.push_str(&errors);
    }
    Ok(Ended::Told(last))
}

/// Makes the table, and for upserts and deletes the rows that are there before.
async fn table(house: &House, load: &Load, seed: u64) -> Result<i64, Failure> {
    let columns = json!([
        {"name": "id", "type": if load.uuids { "uuid" } else { "int" }},
        {"name": "sku", "type": "text", "required": true},
        {"name": "name", "type": "text"},
        {"name": "price", "type": "decimal"},
        {"name": "stock", "type": "int"},
        {"name": "open", "type": "bool"},
        {"name": "note", "type": "int", "nullable": true},
        {"name": "sold_at", "type": "timestamp", "nullable": true},
        {"name": "tags", "type": "text", "style": "list"},
    ]);
    let columns: Vec<Column> = serde_json::from_value(columns)?;
    let workspace = house.instance.workspace(house.workspace);
    let tables = workspace.tables();
    let id = tables
        .create()
        .name(format!("goods{seed}"))
        .schema(Some(&columns))
        .await?
        .id;
    let table = workspace.table(id);
    if load.unique {
        table.indexes().add(&Index::unique(["sku"])).await?;
    }
    let before: Vec<Value> = match load.action {
        "upsert" => (1..=ROWS).step_by(2).map(row).collect(),
        "delete" => (1..=ROWS + 10).map(row).collect(),
        _ => Vec::new(),
    };
    if !before.is_empty() {
        table.records().insert(before, LoadOptions::default()).await?;
    }
    Ok(id)
}

async fn judge(
    house: &House,
    load: &Load,
    table: i64,
    told: Option<&str>,
    checkpoint: &Path,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let report: Value = told
        .and_then(|line| serde_json::from_str(line).ok())
        .unwrap_or_default();
    let wanted: BTreeMap<String, Value> = match load.action {
        "delete" => (ROWS + 1..=ROWS + 10)
            .map(|number| (sku(number), plain(row(number))))
            .collect(),
        action => (1..=ROWS)
            .map(|number| {
                let mut row = row(number);
                if action == "upsert" {
                    row["price"] = json!(number);
                }
                (sku(number), plain(row))
            })
            .collect(),
    };
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for mut record in house.records(table).await? {
        record.remove("id");
        let sku = record["sku"].as_str().unwrap_or_default().to_owned();
        found.entry(sku).or_default().push(plain(Value::Object(record)));
    }
    let mut note = |count: &mut u64, what: String| {
        *count += 1;
        if tally.notes.len() < 20 {
            tally.notes.push(format!("{}: {what}", load.name));
        }
    };
    let (mut lost, mut doubled, mut panics) = (0, 0, 0);
    for (sku, row) in &wanted {
        match found.remove(sku).as_deref() {
            Some([there]) if there == row => {}
            Some([there]) => note(&mut lost, format!("{sku} is {there}, not {row}")),
            None | Some([]) => note(&mut lost, format!("{sku} is not there")),
            Some(many) => note(&mut doubled, format!("{sku} is there {} times", many.len())),
        }
    }
    for sku in found.keys() {
        note(&mut doubled, format!("{sku} should not be there"));
    }
    let done = ["inserted", "updated", "deleted"]
        .iter()
        .filter_map(|name| report[*name].as_u64())
        .sum::<u64>();
    if done != ROWS || report["failed"] != 0 {
        note(&mut panics, format!("the last words were {told:?}"));
    }
    if checkpoint.exists() {
        note(&mut panics, "the checkpoint is still there".to_owned());
    }
    tally.lost += lost;
    tally.doubled += doubled;
    tally.panics += panics;
    tally.recovered += u64::from(lost + doubled + panics == 0);
    Ok(())
}

/// A row with numbers in one spelling: 72 is 72.0.
fn plain(row: Value) -> Value {
    let mut row: Map<String, Value> = match row {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    let price = row.get("price").and_then(Value::as_f64);
    row.insert("price".into(), json!(price));
    Value::Object(row)
}
