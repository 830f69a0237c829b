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
            let WatchArguments {
                every,
                slow,
                timeout,
                concurrency,
            } = read("fleet.watch", arguments)?;
            let health = HealthArguments {
                slow,
                timeout,
                concurrency,
            };
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

/// Spelt out: what is flattened would take unknown fields.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WatchArguments {
    /// Seconds.
    every: Option<f64>,
    /// Seconds.
    slow: Option<f64>,
    /// Seconds.
    timeout: Option<f64>,
    concurrency: Option<usize>,
}

/// Longer than anybody waits, and short enough to be added to any moment.
const LONGEST: f64 = 1e8;

/// A length of time that something can take.
fn seconds(name: &str, given: Option<f64>) -> Result<Option<Duration>, Error> {
    let read = |seconds: f64| {
        Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|length| !length.is_zero() && seconds <= LONGEST)
            .ok_or_else(|| Error::config(format!("{name} takes seconds above 0, up to 1e8, not {seconds}.")))
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
#[allow(clippy::struct_field_names, reason = "the field's own word in the result")]
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::host::Silent;

    #[tokio::test]
    async fn arguments_that_nobody_knows_or_that_cannot_be_are_named() {
        for (verb, arguments, part) in [
            ("inventory", json!({"tabels": true}), "tabels"),
            ("inventory", json!({"concurrency": 0}), "concurrency is zero"),
            ("environments", json!({"x": 1}), "unknown field `x`"),
            ("health", json!({"slow": 0}), "slow takes seconds above 0"),
            ("health", json!({"timeout": 1e300}), "timeout takes seconds above 0"),
            ("watch", json!({"evry": 1}), "evry"),
            ("watch", json!({"every": -1}), "every takes seconds above 0"),
            ("watch", json!({}), "works on a fleet"),
        ] {
            let outcome = run(verb, arguments, Context::default(), Arc::new(Silent)).await;
            let error = outcome.expect_err(verb).to_string();
            assert!(error.contains(part), "{part:?} in {error:?}");
        }
    }
}
