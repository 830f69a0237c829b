//! P10: what the engine costs on top of the HTTP client below it.
//!
//! Both sides make the same small calls with the same features (token, timeouts, compression offered, connections kept)
//! and read the answer into a struct. Ours checks the request against the table, minds rate limit, retries and
//! errors on top; the other side is what someone writes who uses reqwest as it comes.
//!
//! ```text
//! xano-bench-rust --side ours|reqwest --url URL --calls N --at-once N
//! ```
//!
//! It warms up with a tenth of the calls and prints the processor time of the rest, in seconds, as JSON.

mod ours;
mod peer;

use std::error::Error;
use std::process::ExitCode;

/// What a side needs to know.
struct Task {
    side: String,
    url: String,
    calls: usize,
    at_once: usize,
}

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    match arguments().and_then(|task| run(&task)) {
        Ok(seconds) => {
            println!("{{\"cpu\": {seconds}}}");
            ExitCode::SUCCESS
        }
        Err(trouble) => {
            eprintln!("xano-bench-rust: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Task, Box<dyn Error + Send + Sync>> {
    use lexopt::prelude::{Long, ValueExt as _};
    let mut task = Task {
        side: "ours".to_owned(),
        url: String::new(),
        calls: 10_000,
        at_once: 1,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("side") => task.side = parser.value()?.string()?,
            Long("url") => task.url = parser.value()?.string()?,
            Long("calls") => task.calls = parser.value()?.parse()?,
            Long("at-once") => task.at_once = parser.value()?.parse()?,
            _ => return Err(argument.unexpected().into()),
        }
    }
    Ok(task)
}

fn run(task: &Task) -> Result<f64, Box<dyn Error + Send + Sync>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match task.side.as_str() {
            "ours" => {
                let client = ours::client(&task.url)?;
                measured(task, async |calls| ours::calls(&client, calls, task.at_once).await).await
            }
            "reqwest" => {
                let client = peer::client()?;
                measured(task, async |calls| {
                    peer::calls(&client, &task.url, calls, task.at_once).await
                })
                .await
            }
            other => Err(format!("there is no side {other:?}").into()),
        }
    })
}

async fn measured(task: &Task, work: impl AsyncFn(usize) -> Outcome) -> Result<f64, Box<dyn Error + Send + Sync>> {
    work(task.calls / 10).await?;
    let before = processor_time();
    work(task.calls).await?;
    Ok(processor_time() - before)
}

/// Seconds of processor time of this process, its own and the system's on its behalf.
fn processor_time() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: getrusage fills the struct it is given, and cannot fail for the process itself.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    #[allow(clippy::cast_precision_loss, reason = "microseconds of a bench fit")]
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}
