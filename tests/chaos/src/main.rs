//! `xano-chaos`: see the crate.

use std::io::Write as _;
use std::process::ExitCode;

use serde_json::json;
use xano_chaos::plan::Face;
use xano_chaos::tally::Tally;
use xano_chaos::{drive, loads, run};

const HELP: &str = "\
Faults between every face and the emulator.

Usage: xano-chaos [OPTIONS]

  --seed N       the first seed (default: 1)
  --seeds N      how many seeds, one after the other (default: 1)
  --face NAME    only this face: rust, python, python-async, node (default: all)
  --loads        loads of records that are killed midway, instead of all classes of operations
";

type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Order {
    seed: u64,
    seeds: u64,
    faces: Vec<Face>,
    loads: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let done = match arguments.next().as_deref() {
        Some("drive") => drive::drive().await.map(|()| true),
        Some("load") => loads::child(&arguments.next().unwrap_or_default()).await.map(|()| true),
        _ => chaos().await,
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xano-chaos: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse() -> Result<Option<Order>, Failure> {
    use lexopt::prelude::{Long, Short, ValueExt as _};

    let mut order = Order {
        seed: 1,
        seeds: 1,
        faces: Vec::new(),
        loads: false,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("seed") => order.seed = parser.value()?.parse()?,
            Long("seeds") => order.seeds = parser.value()?.parse()?,
            Long("face") => {
                let name = parser.value()?.string()?;
                let face = Face::ALL.into_iter().find(|face| face.name() == name);
                order
                    .faces
                    .push(face.ok_or_else(|| format!("there is no face {name}"))?);
            }
            Long("loads") => order.loads = true,
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    if order.faces.is_empty() {
        order.faces = Face::ALL.to_vec();
    }
    Ok(Some(order))
}

/// Runs the seeds. True when every promise was kept.
async fn chaos() -> Result<bool, Failure> {
    let Some(order) = parse()? else {
        print!("{HELP}");
        return Ok(true);
    };
    let mut all = Tally::default();
    for seed in order.seed..order.seed + order.seeds {
        let began = std::time::Instant::now();
        let tally = if order.loads {
            loads::seed(seed).await?
        } else {
            run::seed(seed, &order.faces).await?
        };
        let seconds = (began.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        let line = tally.to_json(json!({"seed": seed, "seconds": seconds}));
        writeln!(std::io::stdout().lock(), "{line}")?;
        all.add(tally);
    }
    if order.seeds > 1 {
        all.notes.clear();
        writeln!(
            std::io::stdout().lock(),
            "{}",
            all.to_json(json!({"seeds": order.seeds}))
        )?;
    }
    Ok(all.is_clean())
}
