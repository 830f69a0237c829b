//! Where something is: a workspace of an instance, perhaps a branch of it.

use xano_metadata::api::WorkspaceHandle;
use xano_metadata::{Connection, Instance, Value};

/// A workspace, and perhaps a branch of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Place {
    /// The instance.
    pub connection: Connection,
    /// The workspace, by number or by name.
    pub workspace: Value,
    /// The branch's label. None: the live branch.
    pub branch: Option<String>,
}

impl Place {
    /// The live branch of a workspace.
    pub fn new(connection: Connection, workspace: impl Into<Value>) -> Self {
        Self {
            connection,
            workspace: workspace.into(),
            branch: None,
        }
    }

    /// The same workspace, another branch.
    #[must_use]
    pub fn on_branch(mut self, label: impl Into<String>) -> Self {
        self.branch = Some(label.into());
        self
    }

    /// The instance's typed face.
    #[must_use]
    pub fn instance(&self) -> Instance {
        Instance::over(self.connection.clone())
    }

    /// The workspace's typed face.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceHandle {
        self.instance().workspace(self.workspace.clone())
    }
}
