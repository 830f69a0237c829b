//! One seed: for each face an emulator, a proxy in front of it, a process, and the judge.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::classes::Class;
use crate::faces::{self, Printed, root};
use crate::house::{House, RECORDS, Table, Trap, address};
use crate::judge::{judge, mark, number};
use crate::kinds::Strike;
use crate::plan::{Face, LanePlan, plan};
use crate::proxy::Lane;
use crate::tally::Tally;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Notes that are kept of one face.
const NOTES: usize = 30;

/// Runs all cases of a seed, the faces side by side.
///
/// # Errors
/// When something that is no part of what is tested does not work, such as a missing interpreter.
pub async fn seed(seed: u64, faces: &[Face]) -> Result<Tally, Failure> {
    let running: Vec<_> = faces.iter().map(|face| tokio::spawn(one_face(seed, *face))).collect();
    let mut tally = Tally::default();
    for face in running {
        tally.add(face.await??);
    }
    Ok(tally)
}

/// A folder that goes when it is dropped.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn one_face(seed: u64, face: Face) -> Result<Tally, Failure> {
    let house = House::build().await?;
    let trap = Trap::open().await?;
    let name = format!("xano-chaos-{}-{seed}-{}", std::process::id(), face.name());
    let folder = Folder(std::env::temp_dir().join(name));
    std::fs::create_dir_all(&folder.0)?;
    // A port that nobody listens on; held by a socket of ours, so that nobody else does either.
    let closed = TcpSocket::new_v4()?;
    closed.bind(([127, 0, 0, 1], 0).into())?;
    let closed_port = closed.local_addr()?.port();
    let mut lanes = Vec::new();
    let mut task = Vec::new();
    for lane_plan in plan(seed, face) {
        let class = lane_plan.class;
        let table = house.table(house.workspace, class.name(), RECORDS).await?;
        let upstream = if class == Class::Account {
            house.emulator.account_url()
        } else {
            house.emulator.instance_url()
        };
        let lane = Lane::open(lane_plan.clone(), address(upstream), trap.url()).await?;
        task.push(describe(&house, &lane_plan, &table, &lane, &folder.0, closed_port));
        lanes.push((lane_plan, table, lane));
    }
    let token = house.emulator.token();
    let printed = faces::run(face, &json!({"lanes": task}), token).await?;
    let mut tally = Tally::default();
    for (place, (lane_plan, table, lane)) in lanes.iter().enumerate() {
        let outcomes: BTreeMap<usize, Value> = printed
            .outcomes
            .iter()
            .filter(|((lane, _), _)| *lane == place)
            .map(|((_, case), outcome)| (*case, outcome.clone()))
            .collect();
        tally.add(judge(&house, lane_plan, table, lane, &outcomes, &folder.0).await?);
    }
    // A process that ended at once leaves many cases without an end, which say nothing more.
    tally.notes.truncate(NOTES);
    process(&printed, &trap, &mut tally);
    for note in &mut tally.notes {
        *note = format!("{}: {note}", face.name());
    }
    Ok(tally)
}

/// Judges the process as such.
fn process(printed: &Printed, trap: &Trap, tally: &mut Tally) {
    tally.leaked += trap.visits();
    if trap.visits() > 0 {
        tally.notes.push(format!("{} redirects were followed", trap.visits()));
    }
    if printed.told_token {
        tally.leaked += 1;
        tally.notes.push("the token was printed".to_owned());
    }
    let cries = ["panicked at", "Traceback", "UnhandledPromise", "never awaited"];
    if !printed.ended_well || cries.iter().any(|cry| printed.rest.contains(cry)) {
        tally.panics += 1;
        let shown: String = printed.rest.chars().take(2000).collect();
        tally.notes.push(format!("the process ended badly: {shown}"));
    }
}

/// A lane as a face reads it.
fn describe(house: &House, plan: &LanePlan, table: &Table, lane: &Lane, folder: &Path, closed_port: u16) -> Value {
    let port = lane.plain.port();
    let cases: Vec<Value> = plan
        .cases
        .iter()
        .map(|case| {
            json!({
                "index": case.index,
                "client": case.kind.client,
                "epoch": case.epoch,
                "warm": matches!(case.blow.strike, Strike::CloseIdle { .. } | Strike::CloseOnNext { .. }),
                "mark": mark(plan.class, case.index),
                "number": number(case.index),
                "record": table.records[case.index],
            })
        })
        .collect();
    json!({
        "class": plan.class.name(),
        "token": house.emulator.token(),
        "port": lane.control.port(),
        "urls": {
            "plain": format!("http://127.0.0.1:{port}"),
            "tls": format!("https://localhost:{}", lane.tls.port()),
            "untrusted": format!("https://localhost:{}", lane.tls.port()),
            "dns": format!("http://chaos.invalid:{port}"),
            "refused": format!("http://127.0.0.1:{closed_port}"),
        },
        "ca_file": root().join("core/tests/data/ca.pem"),
        "workspace": house.workspace,
        "exported": house.exported,
        "table": table.id,
        "folder": folder,
        "cases": cases,
    })
}
