//! What there is: instances, workspaces, and if asked for branches, tables and numbers of records.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::Semaphore;
use xano_metadata::api::WorkspaceHandle;
use xano_metadata::{CallOptions, Error, ErrorKind, Instance};

use super::fleet::Fleet;
use super::health::stamp;
use super::member::Member;
use crate::host::{Host, Notice, Progress};
use crate::spread::{Failure, spread};

/// Calls to one instance at once: its users come first.
const AT_ONCE: usize = 6;

/// How far an inventory goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InventoryOptions {
    /// Whether to list branches: one call a workspace. Default: false.
    pub branches: bool,
    /// Whether to list tables: one call a workspace and page. Default: false.
    pub tables: bool,
    /// Whether to count records: one call a table, for which tables are listed too. Default: false. Beyond the documented
    /// limit of the free plan, 30 tables take a minute.
    pub counts: bool,
    /// Instances asked at once. Default: 16.
    pub concurrency: usize,
}

impl Default for InventoryOptions {
    fn default() -> Self {
        Self {
            branches: false,
            tables: false,
            counts: false,
            concurrency: 16,
        }
    }
}

/// What there is in a fleet.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Inventory {
    /// When it was begun, RFC 3339 in UTC.
    pub at: String,
    /// How long it took.
    pub seconds: f64,
    /// Whether nothing is missing.
    pub ok: bool,
    /// The instances, in the order of the fleet. One that could not be asked is there all the same.
    pub instances: Vec<InstanceEntry>,
    /// What is missing, where and why.
    pub failures: Vec<Failure>,
}

/// An instance.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct InstanceEntry {
    /// Its name.
    pub name: String,
    /// Its display name.
    pub display: String,
    /// The environment it belongs to.
    pub environment: Option<String>,
    /// Whether that is protected.
    pub protected: bool,
    /// The base of its API.
    pub url: Option<String>,
    /// Its plan, where the account says.
    pub plan: Option<String>,
    /// Whether a rate limit is known.
    pub rate_limited: bool,
    /// Its workspaces; none when they could not be listed, which is not the same as there being none.
    pub workspaces: Option<Vec<WorkspaceEntry>>,
}

/// A workspace.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct WorkspaceEntry {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// The label of its live branch, where the server says.
    pub live_branch: Option<String>,
    /// Its branches; none when they were not asked for or could not be listed.
    pub branches: Option<Vec<BranchEntry>>,
    /// Its tables; none when they were not asked for or could not be listed.
    pub tables: Option<Vec<TableEntry>>,
}

/// A branch.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct BranchEntry {
    /// Its label.
    pub label: String,
    /// Whether it is the live one.
    pub live: bool,
    /// Whether the server made it as a backup.
    pub backup: bool,
}

/// A table.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TableEntry {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Whether users who log in are kept in it.
    pub auth: bool,
    /// Its records in the live data source; none when they were not asked for or could not be counted.
    pub records: Option<u64>,
}

impl WorkspaceEntry {
    /// The records of all its tables; none unless every one was counted.
    #[must_use]
    pub fn records(&self) -> Option<u64> {
        self.tables.as_ref()?.iter().map(|table| table.records).sum()
    }
}

impl Fleet {
    /// Finds out what there is. An instance that is down, or a workspace that the token may not see, hides nothing else: it is
    /// among the failures. The host is told how many instances are done.
    ///
    /// Scope: Workspace Content: Read for the numbers of records; older servers ask for Workspace Database: Read for tables.
    ///
    /// # Errors
    /// `config_error` when rules disagree on an instance.
    pub async fn inventory(&self, options: &InventoryOptions, host: &dyn Host) -> Result<Inventory, Error> {
        let began = tokio::time::Instant::now();
        let at = stamp(std::time::SystemTime::now());
        let roll = self.call_roll(CallOptions::default()).await?;
        let total = roll.members.len() as u64;
        let done = &AtomicUsize::new(0);
        let tell = &|done: usize| {
            let progress = Progress::new("inventory", done as u64, Some(total), "instances");
            host.tell(Notice::Progress(progress));
        };
        let mut failures = roll.failures();
        let found = spread(roll.members, options.concurrency, |member| async move {
            let found = Look::new(*options, &member).instance(&member).await;
            tell(done.fetch_add(1, Ordering::Relaxed) + 1);
            found
        })
        .await;
        let mut instances = Vec::with_capacity(found.len());
        for (instance, missing) in found {
            instances.push(instance);
            failures.extend(missing);
        }
        Ok(Inventory {
            at,
            seconds: (began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
            ok: failures.is_empty(),
            instances,
            failures,
        })
    }
}

/// A look into one instance.
struct Look {
    options: InventoryOptions,
    name: String,
    turns: Semaphore,
    failures: Mutex<Vec<Failure>>,
}

impl Look {
    fn new(options: InventoryOptions, member: &Member) -> Self {
        Self {
            options,
            name: member.name.clone(),
            turns: Semaphore::new(AT_ONCE),
            failures: Mutex::default(),
        }
    }

    async fn instance(self, member: &Member) -> (InstanceEntry, Vec<Failure>) {
        let instance = Instance::over(member.connection.clone());
        let listed = self.ask(instance.workspaces().list().all()).await;
        let workspaces = match self.or_failure(&[], listed) {
            Some(workspaces) => {
                let entries = spread(workspaces, usize::MAX, |workspace| {
                    let handle = instance.workspace(workspace.id);
                    let entry = WorkspaceEntry {
                        id: workspace.id,
                        name: workspace.name,
                        description: workspace.description.filter(|text| !text.is_empty()),
                        live_branch: workspace.branch.filter(|label| !label.is_empty()),
                        branches: None,
                        tables: None,
                    };
                    self.workspace(handle, entry)
                });
                Some(entries.await)
            }
            None => None,
        };
        let entry = InstanceEntry {
            name: member.name.clone(),
            display: member.display.clone(),
            environment: member.environment.clone(),
            protected: member.protected,
            url: member.connection.base_url(),
            plan: member.info.as_ref().and_then(|info| info.plan.clone()),
            rate_limited: member.connection.rate_limit().is_some(),
            workspaces,
        };
        let mut failures = self.failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        // In an order that does not depend on who answered first.
        failures.sort_by(|one, other| one.at.cmp(&other.at));
        (entry, failures)
    }

    async fn workspace(&self, handle: WorkspaceHandle, mut entry: WorkspaceEntry) -> WorkspaceEntry {
        let wants_tables = self.options.tables || self.options.counts;
        let (branches, tables) = tokio::join!(self.branches(&handle, &entry), async {
            if wants_tables {
                self.tables(&handle, &entry).await
            } else {
                None
            }
        });
        let live = branches.iter().flatten().find(|branch| branch.live);
        entry.live_branch = live.map(|branch| branch.label.clone()).or(entry.live_branch);
        entry.branches = branches;
        entry.tables = tables;
        entry
    }

    async fn branches(&self, handle: &WorkspaceHandle, entry: &WorkspaceEntry) -> Option<Vec<BranchEntry>> {
        if !self.options.branches {
            return None;
        }
        let listed = self.ask(handle.branches().list().all()).await;
        let branches = self.or_failure(&[&entry.name, "branches"], listed)?;
        let entries = branches.into_iter().map(|branch| BranchEntry {
            label: branch.label,
            live: branch.live.unwrap_or_default(),
            backup: branch.backup.unwrap_or_default(),
        });
        Some(entries.collect())
    }

    async fn tables(&self, handle: &WorkspaceHandle, entry: &WorkspaceEntry) -> Option<Vec<TableEntry>> {
        let listed = self.ask(handle.tables().list().all()).await;
        let tables = self.or_failure(&[&entry.name, "tables"], listed)?;
        let forbidden = AtomicBool::new(false);
        let entries = spread(tables, usize::MAX, |table| {
            let forbidden = &forbidden;
            async move {
                let records = if self.options.counts {
                    self.count(handle, entry, table.id, &table.name, forbidden).await
                } else {
                    None
                };
                TableEntry {
                    id: table.id,
                    name: table.name,
                    auth: table.auth.unwrap_or_default(),
                    records,
                }
            }
        });
        Some(entries.await)
    }

    /// The number of records by the total of a page of one, for a few hundred bytes.
    async fn count(
        &self,
        handle: &WorkspaceHandle,
        entry: &WorkspaceEntry,
        id: i64,
        table: &str,
        forbidden: &AtomicBool,
    ) -> Option<u64> {
        let _turn = self.turns.acquire().await;
        // What one table may not tell, none may: one failure says it for the workspace.
        if forbidden.load(Ordering::Relaxed) {
            return None;
        }
        let page = handle.table(id).records().list().per_page(1).await;
        let counted = page.and_then(|page| {
            page.total
                .ok_or_else(|| Error::config("The server does not say how many records the table has."))
        });
        if counted
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::Permission)
        {
            if forbidden.swap(true, Ordering::Relaxed) {
                return None;
            }
            return self.or_failure(&[&entry.name, "records"], counted);
        }
        self.or_failure(&[&entry.name, table], counted)
    }

    /// Asks when it is its turn.
    async fn ask<T>(&self, question: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let _turn = self.turns.acquire().await;
        question.await
    }

    /// What came, or a failure at this place below the instance.
    fn or_failure<T>(&self, below: &[&str], result: Result<T, Error>) -> Option<T> {
        result
            .map_err(|error| {
                let at: Vec<&str> = std::iter::once(&*self.name).chain(below.iter().copied()).collect();
                let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
                failures.push(Failure::new(at.join("/"), &error));
            })
            .ok()
    }
}
