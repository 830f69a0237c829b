//! The tasks of this room, by name, as the language faces start them.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value as Json;
use xano_metadata::Error;

use super::{BackupOptions, FleetBackupOptions};
use crate::context::{Context, PlaceArgument, arguments, result};
use crate::host::Host;
use crate::task::unknown;

#[derive(Deserialize)]
struct Create {
    place: PlaceArgument,
    #[serde(flatten)]
    options: BackupOptions,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verify {
    path: PathBuf,
    #[serde(default)]
    password: Option<String>,
}

pub(crate) async fn run(verb: &str, given: Json, context: Context, host: Arc<dyn Host>) -> Result<Json, Error> {
    match verb {
        "create" => {
            let Create { place, options } = arguments("backup.create", given)?;
            result(&super::create(&context.place(&place)?, &options, &*host).await?)
        }
        "fleet" => {
            let options: FleetBackupOptions = arguments("backup.fleet", given)?;
            result(&super::fleet(context.fleet()?, &options, &*host).await?)
        }
        "verify" => {
            let Verify { path, password } = arguments("backup.verify", given)?;
            result(&super::verify(&path, password.as_deref(), &*host).await?)
        }
        _ => Err(unknown(verb)),
    }
}
