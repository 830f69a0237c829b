//! The emulator behind the proxy, with something in it for every class of operations, and a way to it around the proxy.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use xano_emulator::{Emulator, EmulatorOptions};
use xano_metadata::api::Column;
use xano_metadata::{Body, Client, ClientOptions, Error, Instance, RateLimiting, Request, Xano};

use crate::kinds::KINDS;

/// Records of every table: one for each case.
pub const RECORDS: usize = KINDS.len();
/// Snippets of the account, in three pages, besides [`SNIPPET`].
pub const SNIPPETS: usize = 60;
/// The snippet that install tokens are made for.
pub const SNIPPET: &str = "chaos";
/// Records of the workspace that is exported.
const EXPORTED: usize = 300;

/// An emulator for one face.
pub struct House {
    /// The emulator.
    pub emulator: Emulator,
    /// Its account API, around the proxy.
    pub xano: Xano,
    /// Its instance, around the proxy.
    pub instance: Instance,
    /// The workspace that the cases work in.
    pub workspace: i64,
    /// A workspace that nobody changes, for exports.
    pub exported: i64,
}

/// A table and the ids of its records, in the order of their `n`.
#[derive(Debug)]
pub struct Table {
    /// Its number.
    pub id: i64,
    /// The ids.
    pub records: Vec<i64>,
}

impl House {
    /// Builds it.
    ///
    /// # Errors
    /// Those of the calls it takes.
    ///
    /// # Panics
    /// When the emulator cannot start.
    pub async fn build() -> Result<Self, Error> {
        let emulator = Emulator::start(EmulatorOptions::default()).expect("an emulator on loopback");
        let client = Client::new(ClientOptions {
            token: Some(emulator.token().into()),
            account_url: Some(emulator.account_url().to_owned()),
            ambient_credentials: false,
            rate_limit: RateLimiting::Off,
            ..ClientOptions::default()
        })?;
        let instance = Instance::over(client.instance_at(emulator.instance_url(), None)?);
        for snippets in [json!({"count": SNIPPETS}), json!({"canonical": SNIPPET})] {
            let (status, answer) = emulator.control("POST", "/_emulator/snippets", &snippets);
            assert_eq!(status, 200, "{answer}");
        }
        let house = Self {
            workspace: instance.workspaces().list().await?[0].id,
            exported: instance.workspaces().create("exported").await?.id,
            xano: Xano::of(&client),
            instance,
            emulator,
        };
        house.table(house.exported, "kept", EXPORTED).await?;
        Ok(house)
    }

    /// Makes a table with so many records, which have a mark and a number.
    ///
    /// # Errors
    /// Those of the calls it takes.
    pub async fn table(&self, workspace: i64, name: &str, records: usize) -> Result<Table, Error> {
        let columns = json!([
            {"name": "id", "type": "int"},
            {"name": "mark", "type": "text"},
            {"name": "n", "type": "int"},
        ]);
        let columns: Vec<Column> = serde_json::from_value(columns).unwrap_or_default();
        let tables = self.instance.workspace(workspace).tables();
        let id = tables.create().name(name).schema(Some(&columns)).await?.id;
        let rows: Vec<Map<String, Value>> = (0..records)
            .map(|n| Map::from_iter([("mark".into(), json!("kept")), ("n".into(), json!(n))]))
            .collect();
        let made = self
            .instance
            .workspace(workspace)
            .table(id)
            .records()
            .create_many(&rows)
            .reply()
            .await?;
        Ok(Table {
            id,
            records: made.json()?,
        })
    }

    /// Everything in a table.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn records(&self, table: i64) -> Result<Vec<Map<String, Value>>, Error> {
        let body = Body::json(&json!({"sort": {"id": "asc"}, "page": 1, "per_page": 10_000}))?;
        let request = Request::new("instance.workspace.table.records.search")?
            .path_value(self.workspace)
            .path_value(table)
            .body(body);
        let answer: Value = self.instance.connection().call(request).await?.json()?;
        Ok(serde_json::from_value(answer["items"].clone()).unwrap_or_default())
    }
}

/// The address behind a base URL.
///
/// # Panics
/// When there is none, which no emulator's URL is.
#[must_use]
pub fn address(url: &str) -> SocketAddr {
    let authority = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    authority.parse().expect("the address of an emulator")
}

/// A host that nobody has any business with: redirects lead here, and every visit is counted.
#[derive(Debug)]
pub struct Trap {
    address: SocketAddr,
    visits: Arc<AtomicU64>,
}

impl Trap {
    /// Opens it.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let trap = Self {
            address: listener.local_addr()?,
            visits: Arc::default(),
        };
        let visits = Arc::clone(&trap.visits);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                visits.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(trap)
    }

    /// Where redirects lead.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/api:meta/trap", self.address)
    }

    /// How often somebody came.
    #[must_use]
    pub fn visits(&self) -> u64 {
        self.visits.load(Ordering::Relaxed)
    }
}
