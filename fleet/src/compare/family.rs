//! The kinds of things that are compared, and how each is read.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of things. Its name is that of the collection in the language faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Family {
    /// Workspaces, when whole instances are compared.
    Workspaces,
    /// Data sources.
    DataSources,
    /// Tables, without their columns, indexes and records.
    Tables,
    /// The columns of tables.
    Columns,
    /// The indexes of tables.
    Indexes,
    /// The records of tables; only when asked for.
    Records,
    /// Triggers of tables.
    TableTriggers,
    /// API groups.
    ApiGroups,
    /// The endpoints of API groups.
    Endpoints,
    /// Functions.
    Functions,
    /// Background tasks.
    Tasks,
    /// Middleware.
    Middlewares,
    /// Addons.
    Addons,
    /// Agents.
    Agents,
    /// Triggers of agents.
    AgentTriggers,
    /// MCP servers.
    McpServers,
    /// Triggers of MCP servers.
    McpServerTriggers,
    /// Tools.
    Tools,
    /// Triggers of the workspace.
    Triggers,
    /// Realtime channels.
    RealtimeChannels,
    /// Triggers of realtime channels.
    RealtimeTriggers,
    /// Workflow tests.
    WorkflowTests,
    /// Knowledge for AI assistants.
    Knowledge,
    /// Policies; only when asked for, as tokens seldom have their scope.
    Policies,
}

/// How a family is read.
pub(super) struct Row {
    pub family: Family,
    /// One of them, for people.
    pub singular: &'static str,
    /// The operation that lists it.
    pub list: &'static str,
    /// The operation that reads one of it, for scripts that the list lacks. None: it has no script.
    pub get: Option<&'static str>,
    /// Branches have their own. Otherwise it belongs to the workspace, and all its branches see the same.
    pub branched: bool,
    /// The field that names it.
    pub name: &'static str,
}

const fn logic(family: Family, singular: &'static str, list: &'static str, get: &'static str) -> Row {
    Row {
        family,
        singular,
        list,
        get: Some(get),
        branched: true,
        name: "name",
    }
}

macro_rules! logic {
    ($family:ident, $singular:literal, $list:literal, $one:literal) => {
        logic(
            Family::$family,
            $singular,
            concat!("instance.workspace.", $list, ".list"),
            concat!("instance.workspace.", $one, ".get"),
        )
    };
}

/// What is read for itself. Columns, indexes and records come with tables.
pub(super) static ROWS: &[Row] = &[
    Row {
        family: Family::DataSources,
        singular: "data source",
        list: "instance.workspace.data_sources.list",
        get: None,
        branched: false,
        name: "label",
    },
    Row {
        branched: false,
        ..logic!(Tables, "table", "tables", "table")
    },
    Row {
        family: Family::Columns,
        singular: "column",
        list: "instance.workspace.table.columns.list",
        get: None,
        branched: false,
        name: "name",
    },
    Row {
        family: Family::Indexes,
        singular: "index",
        list: "instance.workspace.table.indexes.list",
        get: None,
        branched: false,
        name: "name",
    },
    logic!(TableTriggers, "table trigger", "table_triggers", "table_trigger"),
    logic!(ApiGroups, "API group", "api_groups", "api_group"),
    logic!(Endpoints, "endpoint", "api_group.endpoints", "api_group.endpoint"),
    logic!(Functions, "function", "functions", "function"),
    logic!(Tasks, "task", "tasks", "task"),
    logic!(Middlewares, "middleware", "middlewares", "middleware"),
    logic!(Addons, "addon", "addons", "addon"),
    logic!(Agents, "agent", "agents", "agent"),
    logic!(AgentTriggers, "agent trigger", "agent_triggers", "agent_trigger"),
    logic!(McpServers, "MCP server", "mcp_servers", "mcp_server"),
    logic!(
        McpServerTriggers,
        "MCP server trigger",
        "mcp_server_triggers",
        "mcp_server_trigger"
    ),
    logic!(Tools, "tool", "tools", "tool"),
    logic!(Triggers, "workspace trigger", "triggers", "trigger"),
    Row {
        branched: false,
        ..logic!(
            RealtimeChannels,
            "realtime channel",
            "realtime.channels",
            "realtime.channel"
        )
    },
    logic!(
        RealtimeTriggers,
        "realtime trigger",
        "realtime.triggers",
        "realtime.trigger"
    ),
    logic!(WorkflowTests, "workflow test", "workflow_tests", "workflow_test"),
    Row {
        get: None,
        list: "instance.workspace.knowledge.pull",
        ..logic!(Knowledge, "knowledge item", "knowledge", "knowledge")
    },
    Row {
        get: None,
        name: "key",
        ..logic!(Policies, "policy", "policies", "policy")
    },
];

impl Family {
    /// Everything that is compared unless something else is asked for.
    pub fn usual() -> impl Iterator<Item = Self> {
        ROWS.iter()
            .map(|row| row.family)
            .filter(|family| *family != Self::Policies)
    }

    /// Its name, such as `api_groups`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Workspaces => "workspaces",
            Self::DataSources => "data_sources",
            Self::Tables => "tables",
            Self::Columns => "columns",
            Self::Indexes => "indexes",
            Self::Records => "records",
            Self::TableTriggers => "table_triggers",
            Self::ApiGroups => "api_groups",
            Self::Endpoints => "endpoints",
            Self::Functions => "functions",
            Self::Tasks => "tasks",
            Self::Middlewares => "middlewares",
            Self::Addons => "addons",
            Self::Agents => "agents",
            Self::AgentTriggers => "agent_triggers",
            Self::McpServers => "mcp_servers",
            Self::McpServerTriggers => "mcp_server_triggers",
            Self::Tools => "tools",
            Self::Triggers => "triggers",
            Self::RealtimeChannels => "realtime_channels",
            Self::RealtimeTriggers => "realtime_triggers",
            Self::WorkflowTests => "workflow_tests",
            Self::Knowledge => "knowledge",
            Self::Policies => "policies",
        }
    }

    /// One of it, for people, such as `API group`.
    #[must_use]
    pub fn singular(self) -> &'static str {
        match self {
            Self::Workspaces => "workspace",
            Self::Records => "records of",
            _ => self.row().map_or(self.name(), |row| row.singular),
        }
    }

    pub(super) fn row(self) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.family == self)
    }

    /// Whether it belongs to the workspace, whatever the branch.
    pub(super) fn is_of_workspace(self) -> bool {
        self == Self::Records || self.row().is_some_and(|row| !row.branched)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_in_the_table_and_names_are_those_of_json() {
        for row in ROWS {
            let list = row.list;
            let listed = xano_metadata::operation::lookup(list).expect(list);
            let takes_branch = listed.query.iter().any(|param| param.name == "branch");
            let of_branch = row.branched && row.family != Family::Endpoints;
            assert_eq!(takes_branch, of_branch, "{list}");
            if let Some(get) = row.get {
                assert!(xano_metadata::operation::lookup(get).is_some(), "{get}");
            }
            assert_eq!(serde_json::json!(row.family), row.family.name());
        }
    }
}
