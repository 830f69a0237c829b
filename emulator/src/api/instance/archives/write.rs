//! From a branch to the members of an archive.

use serde_json::{Map, Value, json};

use super::{DOCUMENT, FORMAT, place};
use crate::api::Call;
use crate::archive::Member;
use crate::data::{Data, Table, dump_table};
use crate::error::ApiError;
use crate::store::objects::{self, Object};
use crate::store::workspaces::{self, Branch, DataSource, Workspace};

/// What the schema archive lists even when there is none of it.
const ALWAYS: [&str; 8] = [
    "addon",
    "app",
    "dbo",
    "function",
    "middleware",
    "query",
    "task",
    "trigger",
];

/// The members of an export.
pub fn members(
    call: &Call<'_>,
    workspace: &Workspace,
    branch: &Branch,
    with_records: bool,
) -> Result<Vec<Member>, ApiError> {
    let data = Data::new(call.db, call.now_ms);
    let tables = data.tables(workspace.key)?;
    let mut payload: Map<String, Value> = ALWAYS.iter().map(|place| ((*place).to_owned(), json!([]))).collect();
    let mut list = |place: &str, entry: Value| {
        let list = payload.entry(place).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(entry);
        }
    };
    for table in &tables {
        let mut entry = dump_table(table)?;
        entry["id"] = json!(table.id);
        list("dbo", entry);
    }
    for object in objects::of_workspace(call.db, workspace.key)? {
        if object.branch_id.is_none_or(|id| id == branch.id) {
            list(place(&object.kind), shown(&object));
        }
    }
    let mut document = json!({
        "format": FORMAT,
        "workspace": {"name": workspace.name, "description": workspace.description},
        "branch": {"label": branch.label, "description": branch.description, "color": branch.color},
        "payload": payload,
    });
    let mut members = Vec::new();
    if with_records {
        let sources = workspaces::sources(call.db, workspace.key)?;
        document["datasource"] = sources.iter().map(DataSource::to_json).collect();
        for (number, source) in sources.iter().enumerate() {
            for table in &tables {
                members.extend(records(data, table, number, &source.label)?);
            }
        }
    }
    members.insert(0, (DOCUMENT.to_owned(), document.to_string().into_bytes()));
    Ok(members)
}

/// The records of a table, one a line; nothing where there are none.
fn records(data: Data<'_>, table: &Table, number: usize, source: &str) -> Result<Option<Member>, ApiError> {
    if !data.data_sources(table)?.iter().any(|label| label == source) {
        return Ok(None);
    }
    let mut lines = Vec::new();
    data.dump_records(table, source, |json| {
        lines.extend_from_slice(json.as_bytes());
        lines.push(b'\n');
        Ok(())
    })?;
    Ok((!lines.is_empty()).then(|| (format!("records/{number}/{}.ndjson", table.id), lines)))
}

/// An object without its draft. `key` and `parent` tie children to parents within the archive.
fn shown(object: &Object) -> Value {
    json!({
        "key": object.key,
        "parent": object.parent_key,
        "versioned": object.branch_id.is_some(),
        "kind": object.kind,
        "name": object.name,
        "guid": object.guid,
        "script": object.script,
        "fields": object.fields,
        "created_at": object.created_at,
        "updated_at": object.updated_at,
    })
}
