//! The tasks of this room, by name, as the language faces start them.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use xano_metadata::Error;

use super::environment::Environment;
use super::fleet::Fleet;
use super::inventory::InventoryOptions;
use super::member::Member;
use super::probe::HealthOptions;
use crate::context::{Context, arguments as read, result};
use crate::host::{Host, Notice};
use crate::spread::Failure;
use crate::task::unknown;

pub(crate) async fn run(verb: &str, arguments: Json, context: Context, host: Arc<dyn Host>) -> Result<Json, Error> {
    match verb {
        "inventory" => {
            let options = read::<InventoryArguments>("fleet.inventory", arguments)?.options()?;
            result(&context.fleet()?.inventory(&options, &*host).await?)
        }
        "environments" => {
            let _: Nothing = read("fleet.environments", arguments)?;
            result(&environments(context.fleet()?).await?)
        }
        "members" => {
            let _: Nothing = read("fleet.members", arguments)?;
            let members = context.fleet()?.members().await?;
            result(&members.into_iter().map(MemberEntry::of).collect::<Vec<_>>())
        }
        "health" => {
            let options = read::<HealthArguments>("fleet.health", arguments)?.options()?;
            result(&context.fleet()?.health(&options).await?)
        }
        "watch" => {
            let WatchArguments { every, health } = read("fleet.watch", arguments)?;
            let every = seconds("every", every)?.unwrap_or(Duration::from_secs(60));
            let mut watch = context.fleet()?.watch(every, health.options()?)?;
            loop {
                let found = result(&watch.next().await?)?;
                host.tell(Notice::Found { found });
            }
        }
        _ => Err(unknown(verb)),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct InventoryArguments {
    branches: bool,
    tables: bool,
    counts: bool,
    concurrency: usize,
}

impl Default for InventoryArguments {
    fn default() -> Self {
        let InventoryOptions {
            branches,
            tables,
            counts,
            concurrency,
        } = InventoryOptions::default();
        Self {
            branches,
            tables,
            counts,
            concurrency,
        }
    }
}

impl InventoryArguments {
    fn options(self) -> Result<InventoryOptions, Error> {
        Ok(InventoryOptions {
            branches: self.branches,
            tables: self.tables,
            counts: self.counts,
            concurrency: at_least_one(self.concurrency)?,
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HealthArguments {
    /// Seconds.
    slow: Option<f64>,
    /// Seconds.
    timeout: Option<f64>,
    concurrency: Option<usize>,
}

impl HealthArguments {
    fn options(self) -> Result<HealthOptions, Error> {
        let usual = HealthOptions::default();
        Ok(HealthOptions {
            slow: seconds("slow", self.slow)?.unwrap_or(usual.slow),
            timeout: seconds("timeout", self.timeout)?.unwrap_or(usual.timeout),
            concurrency: at_least_one(self.concurrency.unwrap_or(usual.concurrency))?,
        })
    }
}

#[derive(Debug, Deserialize)]
struct WatchArguments {
    /// Seconds.
    #[serde(default)]
    every: Option<f64>,
    #[serde(flatten)]
    health: HealthArguments,
}

/// A length of time that something can take.
fn seconds(name: &str, given: Option<f64>) -> Result<Option<Duration>, Error> {
    let read = |seconds: f64| {
        Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|length| !length.is_zero())
            .ok_or_else(|| Error::config(format!("{name} takes seconds above zero, not {seconds}.")))
    };
    given.map(read).transpose()
}

fn at_least_one(concurrency: usize) -> Result<usize, Error> {
    if concurrency == 0 {
        return Err(Error::config("concurrency is zero, so nothing would ever be asked."));
    }
    Ok(concurrency)
}

/// The result of `fleet.environments`.
#[derive(Debug, Serialize)]
struct Environments {
    environments: Vec<Environment>,
    members: Vec<MemberEntry>,
    failures: Vec<Failure>,
}

#[derive(Debug, Serialize)]
struct MemberEntry {
    name: String,
    display: String,
    environment: Option<String>,
    protected: bool,
    url: Option<String>,
}

impl MemberEntry {
    fn of(member: Member) -> Self {
        Self {
            url: member.connection.base_url(),
            name: member.name,
            display: member.display,
            environment: member.environment,
            protected: member.protected,
        }
    }
}

async fn environments(fleet: &Fleet) -> Result<Environments, Error> {
    let roll = fleet.roll_call().await?;
    Ok(Environments {
        environments: fleet.environments(),
        members: roll.members.into_iter().map(MemberEntry::of).collect(),
        failures: roll.failures,
    })
}
