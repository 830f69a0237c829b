//! A place with what has to be known before it is read: which workspace it is, and that its branch exists.

use serde::Deserialize;
use xano_metadata::{Connection, Error, ErrorKind, Request, Value};

use super::comparison::Side;
use crate::place::Place;

/// A workspace of an instance, as far as comparing needs it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Listed {
    pub id: i64,
    #[serde(default)]
    pub name: String,
    /// The label of the live branch.
    #[serde(default)]
    pub branch: Option<String>,
}

/// A place that exists.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub connection: Connection,
    /// The base URL of the instance.
    pub base: String,
    pub workspace: i64,
    pub name: String,
    /// The branch as it is sent; none for the live one.
    pub branch: Option<String>,
    /// The branch's label, where it is known.
    pub label: Option<String>,
}

impl Site {
    /// Finds the place.
    ///
    /// Scope: any valid token lists workspaces and branches.
    pub(super) async fn find(place: &Place) -> Result<Self, Error> {
        let all = workspaces(&place.connection).await?;
        let wanted: Vec<&Listed> = match &place.workspace {
            Value::Int(id) => all.iter().filter(|listed| listed.id == *id).collect(),
            Value::String(name) => match name.parse::<i64>() {
                Ok(id) => all.iter().filter(|listed| listed.id == id).collect(),
                Err(_) => all.iter().filter(|listed| listed.name == *name).collect(),
            },
            _ => return Err(Error::config("A workspace is given by its number or its name.")),
        };
        let shown = match &place.workspace {
            Value::Int(id) => id.to_string(),
            Value::String(name) => format!("{name:?}"),
            other => format!("{other:?}"),
        };
        let [found] = wanted.as_slice() else {
            let names: Vec<String> = all.iter().take(10).map(|listed| format!("{:?}", listed.name)).collect();
            let many = if wanted.is_empty() { "no" } else { "more than one" };
            return Err(Error::config(format!(
                "The instance has {many} workspace {shown}; it has {}.",
                if names.is_empty() {
                    "none at all".to_owned()
                } else {
                    names.join(", ")
                }
            )));
        };
        let mut site = Self::of(&place.connection, found).await?;
        if let Some(label) = &place.branch {
            site.has_branch(label).await?;
            site.branch = Some(label.clone());
            site.label = Some(label.clone());
        }
        Ok(site)
    }

    /// The live branch of a workspace that was listed.
    pub(super) async fn of(connection: &Connection, listed: &Listed) -> Result<Self, Error> {
        Ok(Self {
            base: connection.resolve().await?,
            connection: connection.clone(),
            workspace: listed.id,
            name: listed.name.clone(),
            branch: None,
            label: listed.branch.clone(),
        })
    }

    /// Refuses a branch that does not exist, which some lists would answer with 404 as if they were missing themselves.
    async fn has_branch(&self, label: &str) -> Result<(), Error> {
        #[derive(Deserialize)]
        struct Branch {
            label: String,
        }
        let request = self.request("instance.workspace.branches.list")?;
        let labels: Vec<String> = match listed::<Branch>(&self.connection, request).await {
            Ok(branches) => branches.into_iter().map(|branch| branch.label).collect(),
            // Older servers do not list branches.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let request = self.request("instance.workspace.branch.get")?.path_value(label);
                return self.connection.call(request).await.map(drop);
            }
            Err(error) => return Err(error),
        };
        if labels.iter().any(|known| known == label) {
            return Ok(());
        }
        Err(Error::config(format!(
            "The workspace {:?} has no branch {label:?}; it has {}.",
            self.name,
            labels.join(", ")
        )))
    }

    /// A request of an operation below the workspace.
    pub(super) fn request(&self, operation: &str) -> Result<Request, Error> {
        Ok(Request::new(operation)?.path_value(self.workspace))
    }

    pub(super) fn is_same_workspace(&self, other: &Self) -> bool {
        self.base == other.base && self.workspace == other.workspace
    }

    pub(super) fn side(&self) -> Side {
        Side {
            instance: Side::host(&self.base),
            workspace: Some(self.name.clone()),
            branch: self.label.clone(),
        }
    }
}

/// The workspaces of an instance.
pub(super) async fn workspaces(connection: &Connection) -> Result<Vec<Listed>, Error> {
    listed(connection, Request::new("instance.workspaces.list")?).await
}

/// Everything of a list.
pub(super) async fn listed<T: serde::de::DeserializeOwned>(
    connection: &Connection,
    request: Request,
) -> Result<Vec<T>, Error> {
    let mut pages = connection.pages(request);
    let mut all: Vec<T> = Vec::new();
    while let Some(page) = pages.next().await? {
        let items: Vec<T> = serde_json::from_slice(&page.items).map_err(|cause| {
            page.reply
                .decode_error(&format!("The items of the page are not what was expected: {cause}."))
        })?;
        all.extend(items);
    }
    Ok(all)
}
