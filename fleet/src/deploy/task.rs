//! The tasks of this room, by name, as the language faces start them.
//!
//! - `run`: `{"source": {"place": …} | {"text": …} | {"folder": …}, "stages": [{"name", "place", "protected"}], "options"}`
//! - `resume`, `revert`: `{"journal", "stages", "options"}`
//! - `status`: `{"journal"}`
//!
//! The result is a [`Report`] with its [`text`](Report::text). With a fleet, a stage is protected when its environment is.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value as Json;
use xano_metadata::Error;

use super::options::{DeployOptions, ResumeOptions, RevertOptions};
use super::report::Report;
use super::source::Source;
use super::stage::Stage;
use crate::context::{Context, PlaceArgument, arguments, result};
use crate::host::Host;
use crate::task::unknown;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SourceArgument {
    Place(PlaceArgument),
    Text(String),
    Folder(PathBuf),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageArgument {
    name: String,
    place: PlaceArgument,
    #[serde(default)]
    protected: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    source: SourceArgument,
    stages: Vec<StageArgument>,
    #[serde(default)]
    options: DeployOptions,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again<O> {
    journal: PathBuf,
    stages: Vec<StageArgument>,
    options: O,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    journal: PathBuf,
}

pub(crate) async fn run(verb: &str, given: Json, context: Context, host: Arc<dyn Host>) -> Result<Json, Error> {
    let host = &*host;
    let report = match verb {
        "run" => {
            let Run {
                source,
                stages,
                options,
            } = arguments("deploy.run", given)?;
            let source = match source {
                SourceArgument::Place(place) => Source::Place(context.place(&place)?),
                SourceArgument::Text(text) => Source::Text(text),
                SourceArgument::Folder(path) => Source::Folder(path),
            };
            super::run(&source, &found(stages, &context).await?, &options, host).await?
        }
        "resume" => {
            let again: Again<ResumeOptions> = arguments("deploy.resume", given)?;
            let stages = found(again.stages, &context).await?;
            super::resume(&again.journal, &stages, &again.options, host).await?
        }
        "revert" => {
            let again: Again<RevertOptions> = arguments("deploy.revert", given)?;
            let stages = found(again.stages, &context).await?;
            super::revert(&again.journal, &stages, &again.options, host).await?
        }
        "status" => super::status(&arguments::<Status>("deploy.status", given)?.journal)?,
        _ => return Err(unknown(verb)),
    };
    told(&report)
}

fn told(report: &Report) -> Result<Json, Error> {
    let mut told = result(report)?;
    told["text"] = Json::from(report.text());
    Ok(told)
}

async fn found(stages: Vec<StageArgument>, context: &Context) -> Result<Vec<Stage>, Error> {
    let mut found = Vec::new();
    for StageArgument { name, place, protected } in stages {
        let mut stage = Stage::new(name, context.place(&place)?);
        stage.protected = protected || by_fleet(&stage, context).await?;
        found.push(stage);
    }
    Ok(found)
}

/// Whether the fleet protects the environment of the stage's instance.
async fn by_fleet(stage: &Stage, context: &Context) -> Result<bool, Error> {
    let Some(fleet) = &context.fleet else {
        return Ok(false);
    };
    let (_, protected) = fleet.environment_of(&stage.place.connection).await?;
    Ok(protected)
}
