//! Stages: the workspaces that a deployment goes through, one after the other.

use std::collections::HashSet;

use xano_metadata::{Error, Value};

use super::journal::StageRecord;
use crate::place::Place;

/// Most stages of a deployment.
const MOST: usize = 100;

/// A workspace that gets the new version.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stage {
    /// What it is called: `dev`, `staging`, `prod`.
    pub name: String,
    /// The workspace. A branch in it means that this one has to be live when the deployment begins.
    pub place: Place,
    /// Whether somebody has to say yes before anything is written to it, and again before it goes live.
    pub protected: bool,
}

impl Stage {
    /// A stage that is not protected.
    pub fn new(name: impl Into<String>, place: Place) -> Self {
        Self {
            name: name.into(),
            place,
            protected: false,
        }
    }

    /// The same, protected.
    #[must_use]
    pub fn protected(mut self) -> Self {
        self.protected = true;
        self
    }
}

/// A stage that was found.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) name: String,
    /// The workspace by its number, without a branch.
    pub(super) place: Place,
    /// The branch that has to be live.
    pub(super) expects: Option<String>,
    pub(super) instance: String,
    pub(super) workspace: i64,
    pub(super) workspace_name: String,
    pub(super) protected: bool,
}

impl Target {
    /// Where it is, for people.
    pub(super) fn shown(&self) -> String {
        format!("{} ({:?} at {})", self.name, self.workspace_name, self.instance)
    }
}

/// Finds the stages. Reads only.
pub(super) async fn find(stages: &[Stage]) -> Result<Vec<Target>, Error> {
    if stages.is_empty() || stages.len() > MOST {
        return Err(Error::config(format!(
            "A deployment has 1 to {MOST} stages; {} were given.",
            stages.len()
        )));
    }
    let mut targets: Vec<Target> = Vec::new();
    for stage in stages {
        if stage.name.trim().is_empty() || stage.name.contains(char::is_control) || stage.name.len() > 200 {
            return Err(Error::config(format!(
                "{:?} is no name for a stage; give one such as \"prod\".",
                stage.name
            )));
        }
        let target = one(stage).await?;
        if targets.iter().any(|other| other.name == target.name) {
            return Err(Error::config(format!("Two stages are called {:?}.", target.name)));
        }
        let same = |other: &&Target| (&other.instance, other.workspace) == (&target.instance, target.workspace);
        if let Some(other) = targets.iter().find(same) {
            return Err(Error::config(format!(
                "The stages {:?} and {:?} are the same workspace, which has only one live branch. Give each stage a workspace \
                 of its own; a branch can be the source.",
                other.name, target.name
            )));
        }
        targets.push(target);
    }
    Ok(targets)
}

async fn one(stage: &Stage) -> Result<Target, Error> {
    let connection = stage.place.connection.clone();
    let instance = connection.resolve().await?;
    let all = stage.place.instance().workspaces().list().all().await?;
    let wanted = |id: i64, name: &str| match &stage.place.workspace {
        Value::Int(number) => *number == id,
        Value::String(text) => text.parse().map_or(text == name, |number: i64| number == id),
        _ => false,
    };
    let found: Vec<_> = all.iter().filter(|one| wanted(one.id, &one.name)).collect();
    let [found] = found.as_slice() else {
        let names: HashSet<&str> = all.iter().map(|one| one.name.as_str()).collect();
        return Err(Error::config(format!(
            "Stage {:?}: {} workspaces at {instance} are called so; it has {names:?}.",
            stage.name,
            found.len()
        )));
    };
    Ok(Target {
        name: stage.name.clone(),
        place: Place::new(connection, found.id),
        expects: stage.place.branch.clone(),
        instance,
        workspace: found.id,
        workspace_name: found.name.clone(),
        protected: stage.protected,
    })
}

/// Refuses stages that are not those of a journal.
pub(super) fn must_match(targets: &[Target], records: &[StageRecord]) -> Result<(), Error> {
    let shown = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>().join(", ");
    let same = targets.len() == records.len()
        && targets.iter().zip(records).all(|(target, record)| {
            (&target.name, &target.instance, target.workspace) == (&record.name, &record.instance, record.workspace)
        });
    if same {
        return Ok(());
    }
    Err(Error::refused(format!(
        "The journal is of other stages: {}. Given were {}.",
        shown(&mut records.iter().map(StageRecord::shown)),
        shown(&mut targets.iter().map(Target::shown))
    )))
}
