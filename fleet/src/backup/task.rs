//! The tasks of this room, by name, as the language faces start them.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use xano_metadata::Error;

use super::{BackupOptions, FleetBackupOptions, RestoreOptions};
use crate::context::{Context, PlaceArgument, arguments, result};
use crate::host::Host;
use crate::place::Place;
use crate::task::unknown;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verify {
    path: PathBuf,
    #[serde(default)]
    password: Option<String>,
}

/// Takes the place out of the arguments; the rest are options, of which an unknown one is refused.
fn with_place<O: DeserializeOwned>(
    task: &str,
    name: &str,
    mut given: Json,
    context: &Context,
) -> Result<(Place, O), Error> {
    let place = given.as_object_mut().and_then(|given| given.remove(name));
    let place: PlaceArgument = arguments(&format!("{task}: {name}"), place.unwrap_or_default())?;
    Ok((context.place(&place)?, arguments(task, given)?))
}

pub(crate) async fn run(verb: &str, mut given: Json, context: Context, host: Arc<dyn Host>) -> Result<Json, Error> {
    match verb {
        "create" => {
            let (place, options) = with_place::<BackupOptions>("backup.create", "place", given, &context)?;
            result(&super::create(&place, &options, &*host).await?)
        }
        "fleet" => {
            let options: FleetBackupOptions = arguments("backup.fleet", given)?;
            result(&super::fleet(context.fleet()?, &options, &*host).await?)
        }
        "verify" => {
            let Verify { path, password } = arguments("backup.verify", given)?;
            result(&super::verify(&path, password.as_deref(), &*host).await?)
        }
        "restore" => {
            let file = given.as_object_mut().and_then(|given| given.remove("file"));
            let file: PathBuf = arguments("backup.restore: file", file.unwrap_or_default())?;
            let (into, options) = with_place::<RestoreOptions>("backup.restore", "into", given, &context)?;
            result(&super::restore(&file, &into, &options, &*host).await?)
        }
        _ => Err(unknown(verb)),
    }
}
