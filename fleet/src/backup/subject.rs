//! What is backed up or restored: a workspace, as the server knows it.

use xano_metadata::api::Workspace;
use xano_metadata::{Error, Value};

use crate::place::Place;

/// A workspace with everything that a manifest says of it.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) instance: String,
    pub(crate) base_url: String,
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// The branch that is meant; none where the server does not say which one is live.
    pub(crate) branch: Option<String>,
}

impl Subject {
    /// Asks for it. `instance` is the instance's name where it is known.
    pub(crate) async fn of(place: &Place, instance: Option<&str>) -> Result<Self, Error> {
        let base_url = place.connection.resolve().await?;
        let listed = place.instance().workspaces().list().all().await?;
        let workspace = find(&listed, &place.workspace).ok_or_else(|| {
            let names: Vec<&str> = listed.iter().map(|workspace| workspace.name.as_str()).collect();
            Error::config(format!(
                "There is no workspace {} at {base_url}; there are {}.",
                shown(&place.workspace),
                names.join(", ")
            ))
        })?;
        let branch = match &place.branch {
            Some(label) => Some(label.clone()),
            None => live_branch(place, workspace).await?,
        };
        Ok(Self {
            instance: instance.map_or_else(|| name_of(&base_url), str::to_owned),
            base_url,
            id: workspace.id,
            name: workspace.name.clone(),
            description: workspace.description.clone(),
            branch,
        })
    }

    /// `instance/workspace`, for progress and failures.
    pub(crate) fn title(&self) -> String {
        format!("{}/{}", self.instance, self.name)
    }
}

fn find<'w>(listed: &'w [Workspace], wanted: &Value) -> Option<&'w Workspace> {
    match wanted {
        Value::Int(id) => listed.iter().find(|workspace| workspace.id == *id),
        Value::String(name) => listed
            .iter()
            .find(|workspace| workspace.name == *name)
            .or_else(|| listed.iter().find(|workspace| workspace.id.to_string() == *name)),
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Int(id) => id.to_string(),
        Value::String(name) => format!("{name:?}"),
        _ => "of this kind".to_owned(),
    }
}

async fn live_branch(place: &Place, workspace: &Workspace) -> Result<Option<String>, Error> {
    if let Some(label) = workspace.branch.as_ref().filter(|label| !label.is_empty()) {
        return Ok(Some(label.clone()));
    }
    match place.workspace().branches().list().all().await {
        Ok(branches) => Ok(branches
            .into_iter()
            .find(|branch| branch.live == Some(true))
            .map(|branch| branch.label)),
        // Older servers do not list them; the backup is of the live one all the same.
        Err(error) if error.status().is_some_and(|status| status == 403 || status == 404) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The first part of the host's name, or host and port where it is an address.
pub(crate) fn name_of(base_url: &str) -> String {
    let rest = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or(rest);
    let first = host.split('.').next().unwrap_or(host);
    if first.parse::<u8>().is_ok() || host.starts_with('[') || first.contains(':') {
        host.to_owned()
    } else {
        first.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_named_by_its_host() {
        for (url, name) in [
            ("https://x1234-5678-9012.n7.xano.io/api:meta", "x1234-5678-9012"),
            ("http://127.0.0.1:4010/api:meta", "127.0.0.1:4010"),
            ("http://localhost:4010/api:meta", "localhost:4010"),
            ("http://[::1]:4010/api:meta", "[::1]:4010"),
        ] {
            assert_eq!(name_of(url), name);
        }
    }
}
