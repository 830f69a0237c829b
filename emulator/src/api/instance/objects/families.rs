//! The families of stored objects, as data.

use super::{Family, Field, Shape};
use crate::scope::Scope;

const fn field(name: &'static str, shape: Shape, default: &'static str) -> Field {
    Field {
        name,
        shape,
        required: false,
        default,
    }
}

const fn required(name: &'static str, shape: Shape, default: &'static str) -> Field {
    Field {
        name,
        shape,
        required: true,
        default,
    }
}

const DESCRIPTION: Field = field("description", Shape::Text, "\"\"");
const NEEDED_DESCRIPTION: Field = required("description", Shape::Text, "\"\"");
const DOCS: Field = field("docs", Shape::Text, "\"\"");
const TAG: Field = field("tag", Shape::Structure, "[]");
const CACHE: Field = field(
    "cache",
    Shape::Structure,
    r#"{"active":false,"ttl":3600,"input":true,"auth":true,"datasource":true,"ip":false,"headers":[],"env":[]}"#,
);

const fn actions(default: &'static str) -> Field {
    field("actions", Shape::Structure, default)
}

/// Script only, versioned by branches, with a GUID: what most families are.
const PLAIN: Family = Family {
    kind: "",
    path: "",
    id: "trigger_id",
    keyword: "",
    scope: None,
    branched: true,
    form: false,
    guid: true,
    parent: None,
    fields: &[DESCRIPTION, TAG],
};

/// Every family.
pub static FAMILIES: &[Family] = &[
    Family {
        kind: "apigroup",
        path: "/apigroup",
        id: "apigroup_id",
        keyword: "api_group",
        scope: Some(Scope::ApiGroups),
        form: true,
        fields: &[
            NEEDED_DESCRIPTION,
            DOCS,
            field("canonical", Shape::Text, "\"\""),
            required("swagger", Shape::Flag, "true"),
            field("documentation", Shape::Structure, r#"{"link":""}"#),
            TAG,
        ],
        ..PLAIN
    },
    Family {
        kind: "api",
        path: "/apigroup/{apigroup_id}/api",
        id: "api_id",
        keyword: "query",
        scope: Some(Scope::ApiGroups),
        form: true,
        parent: Some(("apigroup", "apigroup_id")),
        fields: &[
            NEEDED_DESCRIPTION,
            DOCS,
            CACHE,
            field("auth", Shape::Structure, "{}"),
            required("verb", Shape::Verb, "\"GET\""),
            field("input", Shape::Structure, "[]"),
            TAG,
        ],
        ..PLAIN
    },
    Family {
        kind: "function",
        path: "/function",
        id: "function_id",
        keyword: "function",
        scope: Some(Scope::Functions),
        form: true,
        fields: &[NEEDED_DESCRIPTION, DOCS, CACHE, TAG],
        ..PLAIN
    },
    Family {
        kind: "task",
        path: "/task",
        id: "task_id",
        keyword: "task",
        scope: Some(Scope::Tasks),
        form: true,
        fields: &[
            NEEDED_DESCRIPTION,
            DOCS,
            required("datasource", Shape::Text, "\"live\""),
            required("active", Shape::Flag, "false"),
            TAG,
        ],
        ..PLAIN
    },
    Family {
        kind: "middleware",
        path: "/middleware",
        id: "middleware_id",
        keyword: "middleware",
        form: true,
        fields: &[NEEDED_DESCRIPTION, TAG],
        ..PLAIN
    },
    Family {
        kind: "addon",
        path: "/addon",
        id: "addon_id",
        keyword: "addon",
        scope: Some(Scope::Addons),
        ..PLAIN
    },
    Family {
        kind: "agent",
        path: "/agent",
        id: "agent_id",
        keyword: "agent",
        guid: false,
        fields: &[DESCRIPTION, field("llm", Shape::Text, "\"\""), TAG],
        ..PLAIN
    },
    Family {
        kind: "agent_trigger",
        path: "/agent/trigger",
        keyword: "agent_trigger",
        fields: &[DESCRIPTION, TAG, actions(r#"{"connection":true}"#)],
        ..PLAIN
    },
    Family {
        kind: "mcp_server",
        path: "/mcp_server",
        id: "mcp_server_id",
        keyword: "mcp_server",
        guid: false,
        ..PLAIN
    },
    Family {
        kind: "mcp_server_trigger",
        path: "/mcp_server/trigger",
        keyword: "mcp_server_trigger",
        fields: &[DESCRIPTION, TAG, actions(r#"{"connection":true}"#)],
        ..PLAIN
    },
    Family {
        kind: "tool",
        path: "/tool",
        id: "tool_id",
        keyword: "tool",
        fields: &[DESCRIPTION, DOCS, field("instructions", Shape::Text, "\"\""), TAG],
        ..PLAIN
    },
    Family {
        kind: "workspace_trigger",
        path: "/trigger",
        keyword: "workspace_trigger",
        fields: &[
            DESCRIPTION,
            TAG,
            actions(r#"{"branch_live":false,"branch_merge":false,"branch_new":false}"#),
        ],
        ..PLAIN
    },
    Family {
        kind: "table_trigger",
        path: "/table/trigger",
        keyword: "table_trigger",
        scope: Some(Scope::Database),
        fields: &[
            DESCRIPTION,
            TAG,
            field("datasources", Shape::Structure, "[]"),
            actions(r#"{"insert":false,"update":false,"delete":false,"truncate":false}"#),
        ],
        ..PLAIN
    },
    Family {
        kind: "realtime_channel",
        path: "/realtime/channel",
        id: "channel_id",
        keyword: "realtime_channel",
        branched: false,
        guid: false,
        fields: &[field("active", Shape::Flag, "true")],
        ..PLAIN
    },
    Family {
        kind: "realtime_trigger",
        path: "/realtime/channel/trigger",
        keyword: "realtime_trigger",
        fields: &[DESCRIPTION, TAG, actions(r#"{"message":true,"join":false}"#)],
        ..PLAIN
    },
    Family {
        kind: "workflow_test",
        path: "/workflow_test",
        id: "workflow_test_id",
        keyword: "workflow_test",
        form: true,
        fields: &[
            NEEDED_DESCRIPTION,
            DOCS,
            required("datasource", Shape::Text, "\"live\""),
            required("active", Shape::Flag, "true"),
            TAG,
        ],
        ..PLAIN
    },
];

/// Finds a family by its name in the store.
pub fn by_kind(kind: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.kind == kind)
}

/// Finds a family by the word its scripts begin with.
pub fn by_keyword(keyword: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.keyword == keyword)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_json_and_every_word_is_taken_once() {
        for (at, family) in FAMILIES.iter().enumerate() {
            for field in family.fields {
                assert!(
                    serde_json::from_str::<serde_json::Value>(field.default).is_ok(),
                    "{}.{}",
                    family.kind,
                    field.name
                );
            }
            assert!(
                FAMILIES[..at]
                    .iter()
                    .all(|other| other.keyword != family.keyword && other.path != family.path)
            );
        }
    }
}
