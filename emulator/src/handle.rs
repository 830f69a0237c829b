//! The handle: an emulator on a thread of its own, inside any program.
//!
//! The emulator brings its own thread and runtime, so it can live in a Python or Node process beside
//! the client under test without sharing anything with it. A forked child inherits the handle but not
//! the thread: there the handle is inert, and dropping it touches nothing that belongs to the parent.

use std::sync::mpsc;
use std::sync::{Arc, Mutex, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;

use crate::control;
use crate::error::ApiError;
use crate::options::{EmulatorError, EmulatorOptions};
use crate::seed;
use crate::server::{Server, lock};
use crate::store::{self, instances};

/// A running emulator. Dropping it stops it.
///
/// ```
/// use serde_json::{Value, json};
/// use xano_emulator::{Emulator, EmulatorOptions};
///
/// let emulator = Emulator::start(EmulatorOptions::default())?;
/// let (status, made) = emulator.control("POST", "/_emulator/snippets", &json!({"count": 60}));
/// assert_eq!(status, 200);
/// assert_eq!(made["snippets"].as_array().map(Vec::len), Some(60));
/// let (_, journal) = emulator.control("GET", "/_emulator/requests", &Value::Null);
/// assert_eq!(journal["total"], 0);
/// emulator.stop();
/// # Ok::<(), xano_emulator::EmulatorError>(())
/// ```
pub struct Emulator {
    started: Started,
    server: Weak<Server>,
    process: u32,
    running: Mutex<Option<Running>>,
}

impl std::fmt::Debug for Emulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emulator")
            .field("account_url", &self.started.account_url)
            .finish_non_exhaustive()
    }
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// What the thread reports once everything listens.
struct Started {
    token: String,
    account_url: String,
    instance_url: String,
    control_url: String,
}

impl Emulator {
    /// Starts an emulator and waits until it listens.
    ///
    /// # Errors
    /// When an option makes no sense, the port is taken, or the file is not an emulator's.
    pub fn start(options: EmulatorOptions) -> Result<Self, EmulatorError> {
        check(&options)?;
        let (stop, stopped) = oneshot::channel();
        let (report, reported) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("xano-emulator".to_owned())
            .spawn(move || run(options, stopped, &report))
            .map_err(EmulatorError::Thread)?;
        let (started, server) = reported.recv().unwrap_or_else(|_| {
            Err(EmulatorError::Thread(std::io::Error::other(
                "it ended before it was ready",
            )))
        })?;
        Ok(Self {
            started,
            server,
            process: std::process::id(),
            running: Mutex::new(Some(Running { stop, thread })),
        })
    }

    /// The first token, good for everything.
    pub fn token(&self) -> &str {
        &self.started.token
    }

    /// Base of the account API, `http://127.0.0.1:PORT/api:meta`.
    pub fn account_url(&self) -> &str {
        &self.started.account_url
    }

    /// Base of the first instance's API, its `meta_api`.
    pub fn instance_url(&self) -> &str {
        &self.started.instance_url
    }

    /// Base of the control path, `http://127.0.0.1:PORT/_emulator`.
    pub fn control_url(&self) -> &str {
        &self.started.control_url
    }

    /// Calls the control path in process: the same operations as over HTTP, without a request.
    /// `path` may be given with or without the leading `/_emulator`. Answers 503 when the emulator is
    /// stopped, or when this process is a fork of the one that started it.
    pub fn control(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let refuse = |message: &str| {
            let mut error = ApiError::fatal(message);
            error.status = http::StatusCode::SERVICE_UNAVAILABLE;
            (error.status.as_u16(), error.body())
        };
        if self.forked() {
            return refuse("This process was forked from the one that runs the emulator; use control_url over HTTP.");
        }
        match self.server.upgrade() {
            Some(server) => control::handle(&server, method, path, body),
            None => refuse("The emulator is stopped; start another one."),
        }
    }

    /// Stops the emulator: connections end, ports are free, the thread is gone when this returns.
    /// Stopping twice is fine.
    pub fn stop(&self) {
        if self.forked() {
            return;
        }
        let running = lock(&self.running).take();
        if let Some(running) = running {
            end(running);
        }
    }

    fn forked(&self) -> bool {
        self.process != std::process::id()
    }
}

fn end(running: Running) {
    // An error means that the thread is over already, which is what is wanted.
    let _ = running.stop.send(());
    let _ = running.thread.join();
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // `get_mut`: in a forked child the lock may have been held by a thread that does not exist here.
        let running = match self.running.get_mut() {
            Ok(running) => running.take(),
            Err(poisoned) => poisoned.into_inner().take(),
        };
        match running {
            Some(running) if self.forked() => std::mem::forget(running),
            Some(running) => end(running),
            None => {}
        }
    }
}

fn check(options: &EmulatorOptions) -> Result<(), EmulatorError> {
    let wrong = |name, reason: String| Err(EmulatorError::Option { name, reason });
    if !options.host.is_loopback() {
        return wrong(
            "host",
            format!("{} is not a loopback address; use 127.0.0.1 or ::1", options.host),
        );
    }
    if options.rate_limit.is_some_and(|limit| !limit.is_valid()) {
        return wrong(
            "rate_limit",
            "give at least one request and a window longer than nothing".to_owned(),
        );
    }
    if options.journal_size == 0 {
        return wrong("journal_size", "give at least 1".to_owned());
    }
    let odd = |token: &String| token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic());
    if options.token.as_ref().is_some_and(odd) {
        return wrong("token", "give printable ASCII without spaces".to_owned());
    }
    Ok(())
}

type Report = Result<(Started, Weak<Server>), EmulatorError>;

fn run(options: EmulatorOptions, stopped: oneshot::Receiver<()>, report: &mpsc::Sender<Report>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = report.send(Err(EmulatorError::Thread(error)));
            return;
        }
    };
    match open(options, runtime.handle().clone()) {
        Ok((started, server)) => {
            if report.send(Ok((started, Arc::downgrade(&server)))).is_ok() {
                // A dropped sender is a stop as well.
                let _ = runtime.block_on(stopped);
            }
            drop(server);
        }
        Err(error) => {
            let _ = report.send(Err(error));
        }
    }
    // Ends every task, and with them sockets and the database.
    runtime.shutdown_timeout(Duration::from_millis(500));
}

fn open(options: EmulatorOptions, runtime: tokio::runtime::Handle) -> Result<(Started, Arc<Server>), EmulatorError> {
    let file = options
        .file
        .as_ref()
        .map_or_else(|| "memory".to_owned(), |file| file.display().to_string());
    let store_error = |source| EmulatorError::Store {
        file: file.clone(),
        source,
    };
    let db = store::open(options.file.as_deref()).map_err(store_error)?;
    let server = Server::new(options, db, runtime);
    let token = seed::bootstrap(&server).map_err(store_error)?;
    let account = listen_account(&server)?;
    store::set_setting(&server.db(), "account_port", &account.to_string()).map_err(store_error)?;
    let mut instance_url = String::new();
    let all = instances::list(&server.db()).map_err(store_error)?;
    for instance in all {
        let port = server
            .listen_instance(&instance)
            .map_err(|source| EmulatorError::Listen {
                address: server.base(0),
                source,
            })?;
        instances::set_port(&server.db(), instance.id, port).map_err(store_error)?;
        if instance_url.is_empty() {
            instance_url = format!("{}/api:meta", server.base(port));
        }
    }
    let base = server.base(account);
    let started = Started {
        token,
        account_url: format!("{base}/api:meta"),
        instance_url,
        control_url: format!("{base}/_emulator"),
    };
    Ok((started, server))
}

/// A port that was asked for must be had; one that is merely remembered is given up when taken.
fn listen_account(server: &Server) -> Result<u16, EmulatorError> {
    let (wanted, limit) = (server.options.port, server.options.rate_limit);
    let kept = match wanted {
        0 => store::setting(&server.db(), "account_port")
            .ok()
            .flatten()
            .and_then(|port| port.parse().ok()),
        _ => None,
    };
    let kept = kept.and_then(|port| server.listen_account(port, limit).ok());
    kept.map_or_else(|| server.listen_account(wanted, limit), Ok)
        .map_err(|source| EmulatorError::Listen {
            address: server.base(wanted),
            source,
        })
}
