//! What a task was started with besides its arguments: live handles, which JSON cannot carry.

use serde::Deserialize;
use serde_json::Value as Json;
use xano_metadata::{Client, Connection, Error, Value};

use crate::estate::Fleet;
use crate::place::Place;

/// The live handles of a task. Its arguments name connections by their place in the list.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The account, for tasks that need it.
    pub client: Option<Client>,
    /// The fleet, for tasks across it.
    pub fleet: Option<Fleet>,
    /// Instances that the arguments refer to by number.
    pub connections: Vec<Connection>,
}

/// A [`Place`] as arguments spell it: `{"at": 0, "workspace": 1, "branch": "v2"}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceArgument {
    at: usize,
    workspace: Json,
    #[serde(default)]
    branch: Option<String>,
}

impl Context {
    /// The fleet.
    ///
    /// # Errors
    /// `config_error` when the task was started without one.
    pub fn fleet(&self) -> Result<&Fleet, Error> {
        self.fleet
            .as_ref()
            .ok_or_else(|| Error::config("This task works on a fleet, and none was given."))
    }

    /// The account's client.
    ///
    /// # Errors
    /// `config_error` when the task was started without one.
    pub fn client(&self) -> Result<&Client, Error> {
        self.client
            .as_ref()
            .ok_or_else(|| Error::config("This task works on an account, and none was given."))
    }

    pub(crate) fn place(&self, argument: &PlaceArgument) -> Result<Place, Error> {
        let connection = self
            .connections
            .get(argument.at)
            .ok_or_else(|| Error::config(format!("There is no connection {} for this task.", argument.at)))?;
        let workspace = match &argument.workspace {
            Json::Number(number) => number.as_i64().map(Value::from),
            Json::String(name) => Some(Value::from(name.as_str())),
            _ => None,
        };
        let workspace = workspace.ok_or_else(|| Error::config("A workspace is given by its number or its name."))?;
        let place = Place::new(connection.clone(), workspace);
        Ok(match &argument.branch {
            Some(label) => place.on_branch(label),
            None => place,
        })
    }
}

/// Reads the arguments of a task; a wrong or unknown one is named.
pub(crate) fn arguments<T: serde::de::DeserializeOwned>(task: &str, arguments: Json) -> Result<T, Error> {
    serde_json::from_value(arguments).map_err(|cause| Error::config(format!("{task}: {cause}.")))
}

/// Writes the result of a task.
pub(crate) fn result(of: &impl serde::Serialize) -> Result<Json, Error> {
    serde_json::to_value(of).map_err(|cause| Error::internal(format!("The result cannot be written: {cause}.")))
}
