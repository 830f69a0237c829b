//! The emulator as a program.

use std::io::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;
use xano_emulator::{Emulator, EmulatorOptions, RateLimit};

const HELP: &str = "\
A Xano that runs on loopback: an offline emulator of the Xano Metadata API.

Usage: xano-emulator [OPTIONS]

  --port PORT          port of the account origin (default: any free one)
  --host ADDRESS       loopback address to listen on (default: 127.0.0.1)
  --file PATH          keep the state in this SQLite file (default: in memory)
  --seed-demo          start with demonstration data
  --rate-limit N/S     admit N requests in any S seconds, on every origin (such as 10/20)
  --token TEXT         use this access token (default: a new one)
  --json               print one line of JSON instead of the summary
  -h, --help           print this
  -V, --version        print the version
";

struct Arguments {
    options: EmulatorOptions,
    json: bool,
}

enum Asked {
    Run(Box<Arguments>),
    Print(String),
}

fn main() -> ExitCode {
    match parse(lexopt::Parser::from_env()) {
        Ok(Asked::Print(text)) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Ok(Asked::Run(arguments)) => run(*arguments),
        Err(error) => {
            eprintln!("xano-emulator: {error}; see --help");
            ExitCode::from(2)
        }
    }
}

fn parse(mut parser: lexopt::Parser) -> Result<Asked, lexopt::Error> {
    use lexopt::prelude::{Long, Short, ValueExt};

    let mut options = EmulatorOptions::default();
    let mut json = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("port") => options.port = parser.value()?.parse()?,
            Long("host") => options.host = parser.value()?.parse::<IpAddr>()?,
            Long("file") => options.file = Some(PathBuf::from(parser.value()?)),
            Long("seed-demo") => options.seed_demo = true,
            Long("rate-limit") => {
                options.rate_limit = Some(
                    parser
                        .value()?
                        .parse_with(|text| RateLimit::parse(text).ok_or("give requests/seconds, such as 10/20"))?,
                );
            }
            Long("token") => options.token = Some(parser.value()?.string()?),
            Long("json") => json = true,
            Short('h') | Long("help") => return Ok(Asked::Print(HELP.to_owned())),
            Short('V') | Long("version") => {
                return Ok(Asked::Print(format!("xano-emulator {}\n", env!("CARGO_PKG_VERSION"))));
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(Asked::Run(Box::new(Arguments { options, json })))
}

fn run(arguments: Arguments) -> ExitCode {
    // Listening for signals before anything else: a signal that comes early still stops us cleanly.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let result = runtime.block_on(async {
        let signal = signals()?;
        let emulator = Emulator::start(arguments.options)?;
        announce(&emulator, arguments.json)?;
        signal.await;
        emulator.stop();
        Ok::<_, Box<dyn std::error::Error>>(())
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&*error),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("xano-emulator: {error}");
    ExitCode::FAILURE
}

fn announce(emulator: &Emulator, as_json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if as_json {
        let line = json!({
            "account_url": emulator.account_url(), "instance_url": emulator.instance_url(),
            "control_url": emulator.control_url(), "token": emulator.token(),
        });
        writeln!(out, "{line}")?;
    } else {
        writeln!(out, "Xano emulator, listening on loopback. Stop it with Ctrl-C.\n")?;
        writeln!(out, "  account API   {}", emulator.account_url())?;
        writeln!(out, "  instance API  {}", emulator.instance_url())?;
        writeln!(out, "  control       {}", emulator.control_url())?;
        writeln!(out, "  token         {}\n", emulator.token())?;
        writeln!(out, "  export XANO_ACCOUNT_URL={}", emulator.account_url())?;
        writeln!(out, "  export XANO_TOKEN={}", emulator.token())?;
    }
    out.flush()
}

#[cfg(unix)]
fn signals() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signals() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arguments: &[&str]) -> Result<Asked, lexopt::Error> {
        parse(lexopt::Parser::from_iter(
            std::iter::once("xano-emulator").chain(arguments.iter().copied()),
        ))
    }

    #[test]
    fn reads_every_option() {
        let all = [
            "--port",
            "8080",
            "--host=::1",
            "--file",
            "a.db",
            "--seed-demo",
            "--rate-limit=10/20",
            "--token",
            "t",
            "--json",
        ];
        let Ok(Asked::Run(arguments)) = asked(&all) else {
            panic!("not understood")
        };
        assert_eq!(arguments.options.port, 8080);
        assert!(arguments.options.host.is_ipv6());
        assert_eq!(arguments.options.rate_limit, Some(RateLimit::new(10, 20.0)));
        assert!(arguments.options.seed_demo && arguments.json);
    }

    #[test]
    fn says_what_it_did_not_understand() {
        for (arguments, word) in [
            (&["--port", "seventy"][..], "seventy"),
            (&["--rate-limit", "10"], "10/20"),
            (&["--frobnicate"], "--frobnicate"),
            (&["stray"], "stray"),
        ] {
            let Err(error) = asked(arguments) else {
                panic!("{arguments:?} was understood")
            };
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    #[test]
    fn help_names_every_option() {
        for option in [
            "--port",
            "--host",
            "--file",
            "--seed-demo",
            "--rate-limit",
            "--token",
            "--json",
        ] {
            assert!(HELP.contains(option));
        }
    }
}
