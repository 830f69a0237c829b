//! An inventory as flat rows: one for each workspace, or for each table where tables were asked for.

use serde::Serialize;

use super::inventory::{InstanceEntry, Inventory, TableEntry, WorkspaceEntry};

/// The columns, in their order; the same whatever was asked for.
pub const COLUMNS: [&str; 15] = [
    "instance",
    "display",
    "environment",
    "protected",
    "url",
    "plan",
    "rate_limited",
    "workspace_id",
    "workspace",
    "live_branch",
    "branches",
    "table_id",
    "table",
    "records",
    "problem",
];

/// A line of the inventory. An instance without workspaces, and a workspace without tables, has one as well, so that nothing
/// is missing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Row {
    /// Name of the instance.
    pub instance: String,
    /// Its display name.
    pub display: String,
    /// The environment it belongs to.
    pub environment: Option<String>,
    /// Whether that is protected.
    pub protected: bool,
    /// The base of its API.
    pub url: Option<String>,
    /// Its plan, where the account says.
    pub plan: Option<String>,
    /// Whether a rate limit is known.
    pub rate_limited: bool,
    /// Number of the workspace.
    pub workspace_id: Option<i64>,
    /// Name of the workspace.
    pub workspace: Option<String>,
    /// Label of its live branch.
    pub live_branch: Option<String>,
    /// How many branches it has, where they were listed.
    pub branches: Option<usize>,
    /// Number of the table.
    pub table_id: Option<i64>,
    /// Name of the table.
    pub table: Option<String>,
    /// Records of the table.
    pub records: Option<u64>,
    /// What is missing here, and why.
    pub problem: Option<String>,
}

impl Inventory {
    /// The inventory as flat rows.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for instance in &self.instances {
            let bare = self.row(instance);
            match instance.workspaces.as_deref() {
                None | Some([]) => rows.push(bare),
                Some(workspaces) => {
                    for workspace in workspaces {
                        rows.extend(self.rows_of(&bare, workspace));
                    }
                }
            }
        }
        rows
    }

    fn row(&self, instance: &InstanceEntry) -> Row {
        Row {
            instance: instance.name.clone(),
            display: instance.display.clone(),
            environment: instance.environment.clone(),
            protected: instance.protected,
            url: instance.url.clone(),
            plan: instance.plan.clone(),
            rate_limited: instance.rate_limited,
            workspace_id: None,
            workspace: None,
            live_branch: None,
            branches: None,
            table_id: None,
            table: None,
            records: None,
            problem: self.problem(&[&instance.name]),
        }
    }

    fn rows_of(&self, bare: &Row, workspace: &WorkspaceEntry) -> Vec<Row> {
        let at = |below: &str| self.problem(&[&bare.instance, &workspace.name, below]);
        let problems = ["branches", "tables", "records"].map(at);
        let problems: Vec<String> = problems.into_iter().flatten().collect();
        let whole = Row {
            workspace_id: Some(workspace.id),
            workspace: Some(workspace.name.clone()),
            live_branch: workspace.live_branch.clone(),
            branches: workspace.branches.as_ref().map(Vec::len),
            problem: (!problems.is_empty()).then(|| problems.join(" ")),
            ..bare.clone()
        };
        let row_of = |table: &TableEntry| Row {
            table_id: Some(table.id),
            table: Some(table.name.clone()),
            records: table.records,
            problem: whole.problem.clone().or_else(|| at(&table.name)),
            ..whole.clone()
        };
        match workspace.tables.as_deref() {
            None | Some([]) => vec![whole],
            Some(tables) => tables.iter().map(row_of).collect(),
        }
    }

    fn problem(&self, place: &[&str]) -> Option<String> {
        let at = place.join("/");
        let failure = self.failures.iter().find(|failure| failure.at == at)?;
        Some(failure.message().to_owned())
    }
}
