//! The running emulator: its state, its origins, and the loops that accept their connections.

use std::collections::HashMap;
use std::future::ready;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use axum::Router;
use axum::routing::get;
use rusqlite::Connection;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinSet};

use crate::api::{self, account, instance};
use crate::clock::Clock;
use crate::connection;
use crate::error::ApiError;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::limit::{Limiter, RateLimit};
use crate::options::EmulatorOptions;
use crate::store::instances::{self, Instance};
use crate::store::users::User;

/// The name of the account origin in the control path.
pub const ACCOUNT: &str = "account";

/// A lock that a panicking handler cannot take away from everybody else.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One origin: the account's or an instance's, each on a port of its own.
#[derive(Debug)]
pub struct Origin {
    /// `account`, or the instance's name.
    pub name: String,
    /// The instance behind it; none for the account.
    pub instance_id: Option<i64>,
    /// The port it listens on.
    pub port: u16,
    /// Its window.
    pub limiter: Mutex<Limiter>,
}

impl Origin {
    /// A token reaches the account and the instances its owner is linked to.
    pub fn admits(&self, db: &Connection, user: &User) -> Result<(), ApiError> {
        let Some(id) = self.instance_id else {
            return Ok(());
        };
        match instances::role(db, user.id, id)? {
            Some(_) => Ok(()),
            None => Err(ApiError::unauthorized(
                "Invalid token: its owner is not linked to this instance.",
            )),
        }
    }
}

/// An origin with the task that serves it; ending the task closes its connections too.
#[derive(Debug)]
struct Listening {
    origin: Arc<Origin>,
    task: AbortHandle,
}

/// Everything that the origins, the control path and the handle share.
pub struct Server {
    /// What it was started with.
    pub options: EmulatorOptions,
    /// The emulator's time.
    pub clock: Clock,
    /// Fault rules.
    pub faults: Mutex<Faults>,
    /// Requests received.
    pub journal: Mutex<Journal>,
    pub(crate) account_routes: Router,
    pub(crate) instance_routes: Router,
    db: Mutex<Connection>,
    origins: Mutex<HashMap<String, Listening>>,
    connections: AtomicU64,
    runtime: Handle,
    myself: Weak<Server>,
}

/// What an instance serves: its API, its description, and files that need no token.
fn instance_routes() -> Router {
    let routes = instance::routes();
    let document = Arc::new(api::spec::document(&routes));
    api::router(routes)
        .route("/apispec:meta", get(move || ready(api::spec::serve(&document))))
        .route("/vault/{*path}", get(instance::files::vault))
        .route("/download/{link}", get(instance::releases::download))
}

impl Server {
    /// A server without origins yet.
    pub fn new(options: EmulatorOptions, db: Connection, runtime: Handle) -> Arc<Self> {
        let journal = Mutex::new(Journal::new(options.journal_size));
        Arc::new_cyclic(|myself| Self {
            options,
            clock: Clock::default(),
            faults: Mutex::default(),
            journal,
            account_routes: api::router(account::routes()),
            instance_routes: instance_routes(),
            db: Mutex::new(db),
            origins: Mutex::default(),
            connections: AtomicU64::new(0),
            runtime,
            myself: myself.clone(),
        })
    }

    /// The database, for as long as the guard lives.
    pub fn db(&self) -> MutexGuard<'_, Connection> {
        lock(&self.db)
    }

    /// The host as it stands in addresses: `127.0.0.1` or `[::1]`.
    pub fn host(&self) -> String {
        let address = SocketAddr::new(self.options.host, 0).to_string();
        address.trim_end_matches(":0").to_owned()
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self, port: u16) -> String {
        format!("http://{}:{port}", self.host())
    }

    /// A number for a new connection.
    pub fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Finds an origin by name.
    pub fn origin(&self, name: &str) -> Option<Arc<Origin>> {
        lock(&self.origins).get(name).map(|listening| listening.origin.clone())
    }

    /// Every origin, the account first, then by name.
    pub fn origins(&self) -> Vec<Arc<Origin>> {
        let mut origins: Vec<_> = lock(&self.origins).values().map(|l| l.origin.clone()).collect();
        origins.sort_by_key(|origin| (origin.instance_id.is_some(), origin.name.clone()));
        origins
    }

    /// Opens the account origin.
    pub fn listen_account(&self, wanted: u16, limit: Option<RateLimit>) -> io::Result<u16> {
        self.listen(ACCOUNT, None, wanted, limit)
    }

    /// Opens the origin of an instance: on its former port where that is free, else on any. The
    /// caller keeps the port that comes back.
    pub fn listen_instance(&self, instance: &Instance) -> io::Result<u16> {
        let open = |port| self.listen(&instance.name, Some(instance.id), port, instance.limit);
        open(instance.port).or_else(|_| open(0))
    }

    fn listen(&self, name: &str, instance_id: Option<i64>, port: u16, limit: Option<RateLimit>) -> io::Result<u16> {
        let listener = StdListener::bind((self.options.host, port))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let origin = Arc::new(Origin {
            name: name.to_owned(),
            instance_id,
            port,
            limiter: Mutex::new(Limiter::new(limit)),
        });
        let server = self
            .myself
            .upgrade()
            .ok_or_else(|| io::Error::other("the emulator is stopping"))?;
        let task = self
            .runtime
            .spawn(accept(server, origin.clone(), listener))
            .abort_handle();
        lock(&self.origins).insert(name.to_owned(), Listening { origin, task });
        Ok(port)
    }

    /// Closes an origin with all of its connections.
    pub fn close(&self, name: &str) {
        if let Some(listening) = lock(&self.origins).remove(name) {
            listening.task.abort();
        }
    }
}

/// A listening socket that stops listening when dropped, even where a forked child still holds a
/// copy of it: closing alone would leave clients in the backlog of a port that nobody serves.
struct Port(TcpListener);

impl Drop for Port {
    fn drop(&mut self) {
        let _ = socket2::SockRef::from(&self.0).shutdown(std::net::Shutdown::Both);
    }
}

async fn accept(server: Arc<Server>, origin: Arc<Origin>, listener: StdListener) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => Port(listener),
        Err(error) => {
            tracing::error!(origin = origin.name, %error, "the emulator cannot serve this origin");
            return;
        }
    };
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.0.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection::serve(server.clone(), origin.clone(), stream));
                }
                // Out of file descriptors, or a client that left already: neither ends the origin.
                Err(error) => {
                    tracing::warn!(origin = origin.name, %error, "a connection was not accepted");
                    tokio::task::yield_now().await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}
