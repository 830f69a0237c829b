//! The tasks of this room, by name, as the language faces start them.
//!
//! `compare.places` takes `{"left": PLACE, "right": PLACE, …}` with a place as `{"at": 0, "workspace": 1, "branch": "v2"}`,
//! `compare.instances` takes `{"left": 0, "right": 1, …}`; both take the fields of [`CompareOptions`] beside them. The result
//! is a [`Comparison`] with `text` and `html`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use xano_metadata::{Connection, Error};

use super::{CompareOptions, Comparison, instances, places};
use crate::context::{Context, PlaceArgument, arguments, result};
use crate::host::Host;
use crate::task::unknown;

pub(crate) async fn run(verb: &str, given: Json, context: Context, host: Arc<dyn Host>) -> Result<Json, Error> {
    let task = format!("compare.{verb}");
    let comparison = match verb {
        "places" => {
            let (sides, options): (Sides<PlaceArgument>, _) = read(&task, given)?;
            let (left, right) = (context.place(&sides.left)?, context.place(&sides.right)?);
            places(&left, &right, &options, host.as_ref()).await?
        }
        "instances" => {
            let (sides, options): (Sides<usize>, _) = read(&task, given)?;
            let (left, right) = (connection(&context, sides.left)?, connection(&context, sides.right)?);
            instances(&left, &right, &options, host.as_ref()).await?
        }
        _ => return Err(unknown(&task)),
    };
    with_renderings(&comparison)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sides<T> {
    left: T,
    right: T,
}

/// The two sides, and the options beside them.
fn read<T: serde::de::DeserializeOwned>(task: &str, given: Json) -> Result<(Sides<T>, CompareOptions), Error> {
    let Json::Object(given) = given else {
        return Err(Error::config(format!("{task}: the arguments are no object.")));
    };
    let (sides, options): (Map<String, Json>, Map<String, Json>) = given
        .into_iter()
        .partition(|(name, _)| name == "left" || name == "right");
    Ok((arguments(task, sides.into())?, arguments(task, options.into())?))
}

fn connection(context: &Context, at: usize) -> Result<Connection, Error> {
    let connection = context.connections.get(at).cloned();
    connection.ok_or_else(|| Error::config(format!("There is no connection {at} for this task.")))
}

fn with_renderings(comparison: &Comparison) -> Result<Json, Error> {
    let mut found = result(comparison)?;
    found["text"] = comparison.text().into();
    found["html"] = comparison.html().into();
    Ok(found)
}
