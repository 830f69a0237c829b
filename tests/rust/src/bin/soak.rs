//! A day of calls in some minutes: memory, file descriptors and threads at the start, in the middle and at the end.
//!
//! ```text
//! soak calls|clients URL TOKEN COUNT
//! ```
//!
//! `calls` makes COUNT calls, 64 at a time, on one client; `clients` makes and drops COUNT clients, of which every tenth makes
//! a call. It prints one JSON line and fails when something grows; see `tests/soak/soak.py` for what may.

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xano_metadata::{ClientOptions, Error, RateLimiting, Xano};

const AT_ONCE: u64 = 64;

struct State {
    memory: u64,
    descriptors: usize,
    threads: u64,
}

impl State {
    /// Resident memory in KiB, open descriptors, threads. Closed connections get a moment to be gone.
    async fn now() -> Self {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let status = fs::read_to_string("/proc/self/status").expect("Linux");
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
            let digits = line.split_whitespace().next().expect("a number");
            digits.parse().expect("a number")
        };
        Self {
            memory: number("VmRSS:"),
            descriptors: fs::read_dir("/proc/self/fd").expect("Linux").count(),
            threads: number("Threads:"),
        }
    }

    fn json(&self) -> Value {
        json!({"memory": self.memory, "descriptors": self.descriptors, "threads": self.threads})
    }
}

async fn calls(xano: &Xano, count: u64) -> Result<(), Error> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let xano = xano.clone();
        tasks.spawn(async move {
            for number in 0..count / AT_ONCE {
                if number % 2 == 0 {
                    xano.me().await?;
                } else {
                    xano.snippet("demo-001").get().await?;
                }
            }
            Ok::<(), Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic")?;
    }
    Ok(())
}

async fn clients(options: &ClientOptions, count: u64) -> Result<(), Error> {
    for number in 0..count {
        let xano = Xano::new(options.clone())?;
        if number % 10 == 0 {
            xano.me().await?;
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [mode, url, token, count] = given.as_slice() else {
        eprintln!("soak calls|clients URL TOKEN COUNT");
        return ExitCode::from(2);
    };
    let count: u64 = count.parse().expect("a number");
    let options = ClientOptions {
        token: Some(token.as_str().into()),
        account_url: Some(url.clone()),
        ambient_credentials: false,
        rate_limit: RateLimiting::Off,
        ..ClientOptions::default()
    };
    let xano = Xano::new(options.clone()).expect("a client");
    let began = Instant::now();
    let mut states = Vec::new();
    for part in [count / 10, count * 4 / 10, count / 2] {
        let done = if mode == "calls" {
            calls(&xano, part).await
        } else {
            clients(&options, part).await
        };
        done.expect("every call succeeds");
        states.push(State::now().await);
    }
    let [start, middle, end] = states.as_slice() else {
        unreachable!("three parts")
    };
    let flat = end.memory <= start.memory + start.memory / 10 + 8192
        && end.descriptors <= start.descriptors + 8
        && end.threads <= start.threads + 2;
    let told = json!({
        "face": format!("rust {mode}"), "count": count, "seconds": began.elapsed().as_secs(),
        "start": start.json(), "middle": middle.json(), "end": end.json(), "flat": flat,
    });
    println!("{told}");
    ExitCode::from(u8::from(!flat))
}
