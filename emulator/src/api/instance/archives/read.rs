//! From an archive to a workspace.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{DOCUMENT, FORMAT};
use crate::api::Call;
use crate::archive;
use crate::data::Data;
use crate::error::ApiError;
use crate::store::objects::{self, Object};
use crate::store::workspaces::{self, Branch, FIRST_BRANCH, LIVE, Workspace, next_id};

/// An archive that has been opened.
pub struct Archive {
    document: Document,
    members: HashMap<String, Vec<u8>>,
}

#[derive(Deserialize)]
struct Document {
    format: String,
    branch: BranchEntry,
    /// Absent in archives without records.
    datasource: Option<Vec<Source>>,
    payload: Map<String, Value>,
}

#[derive(Deserialize)]
struct BranchEntry {
    label: String,
    description: String,
    color: String,
}

#[derive(Deserialize)]
struct Source {
    label: String,
    color: String,
}

#[derive(Deserialize)]
struct Entry {
    key: i64,
    parent: Option<i64>,
    versioned: bool,
    kind: String,
    name: String,
    guid: String,
    script: Option<String>,
    fields: Map<String, Value>,
    created_at: i64,
    updated_at: i64,
}

fn refuse(reason: impl std::fmt::Display) -> ApiError {
    ApiError::bad_request(format!("The archive cannot be imported: {reason}."))
}

impl Archive {
    /// Opens an archive and checks that it is one of ours.
    pub fn open(bytes: &[u8], password: &str) -> Result<Self, ApiError> {
        let members: HashMap<String, Vec<u8>> = archive::unpack(bytes, password)?.into_iter().collect();
        let document = members
            .get(DOCUMENT)
            .ok_or_else(|| refuse(format!("it has no member {DOCUMENT}")))?;
        let document: Document = serde_json::from_slice(document).map_err(refuse)?;
        if document.format != FORMAT {
            return Err(refuse(format!(
                "its format is {:?} and not {FORMAT:?}",
                document.format
            )));
        }
        Ok(Self { document, members })
    }

    /// The label of the branch it was made from.
    pub fn label(&self) -> &str {
        &self.document.branch.label
    }

    /// Puts the archive in place of everything that the workspace holds.
    pub fn replace(&self, call: &Call<'_>, workspace: &Workspace) -> Result<Branch, ApiError> {
        let Some(sources) = &self.document.datasource else {
            return Err(refuse("it holds no records; use import-schema for it"));
        };
        clear(call, workspace)?;
        for source in sources {
            match workspaces::source(call.db, workspace.key, &source.label)? {
                Some(held) => workspaces::paint_source(call.db, held.id, &source.color)?,
                None => drop(workspaces::add_source(
                    call.db,
                    workspace.key,
                    &source.label,
                    &source.color,
                )?),
            }
        }
        self.tables(call, workspace, true)?;
        let wanted = &self.document.branch;
        let branch = match workspaces::branch(call.db, workspace.key, &wanted.label)? {
            Some(branch) => branch.id,
            None => workspaces::add_branch(
                call.db,
                workspace.key,
                &wanted.label,
                &wanted.description,
                &wanted.color,
                call.now_ms,
            )?,
        };
        workspaces::set_live(call.db, workspace.key, branch)?;
        self.objects(call, workspace, branch, true)?;
        workspaces::branch(call.db, workspace.key, &wanted.label)?
            .ok_or_else(|| ApiError::fatal("The imported branch cannot be found."))
    }

    /// Adds the logic as a new branch, and the tables that are missing.
    pub fn add_branch(&self, call: &Call<'_>, workspace: &Workspace, label: &str) -> Result<i64, ApiError> {
        let wanted = &self.document.branch;
        let branch = workspaces::add_branch(
            call.db,
            workspace.key,
            label,
            &wanted.description,
            &wanted.color,
            call.now_ms,
        )?;
        self.tables(call, workspace, false)?;
        self.objects(call, workspace, branch, false)?;
        Ok(branch)
    }

    /// Makes the tables under new numbers, and lets references follow.
    fn tables(&self, call: &Call<'_>, workspace: &Workspace, with_records: bool) -> Result<(), ApiError> {
        let data = Data::new(call.db, call.now_ms);
        let mut wanted = Vec::new();
        let mut numbers = HashMap::new();
        for dump in self
            .document
            .payload
            .get("dbo")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let old = dump["id"].as_i64().ok_or_else(|| refuse("a table has no number"))?;
            if let Some(held) = data.table_named(workspace.key, dump["name"].as_str().unwrap_or_default())? {
                numbers.insert(old, held.id);
                continue;
            }
            let id = next_id(call.db, workspace.instance_id, "table")?;
            numbers.insert(old, id);
            wanted.push((old, id, dump.clone()));
        }
        for (old, id, mut dump) in wanted {
            follow(&mut dump["definition"]["columns"], &numbers);
            let table = data.load_table(workspace.key, Some(id), &dump)?;
            for (number, source) in self
                .document
                .datasource
                .iter()
                .flatten()
                .enumerate()
                .filter(|_| with_records)
            {
                let Some(lines) = self.members.get(&format!("records/{number}/{old}.ndjson")) else {
                    continue;
                };
                let text = std::str::from_utf8(lines).map_err(refuse)?;
                data.load_records(&table, &source.label, text.lines().map(Ok))?;
            }
        }
        Ok(())
    }

    /// Objects that no branch versions belong to the workspace; a branch alone does not bring them.
    fn objects(
        &self,
        call: &Call<'_>,
        workspace: &Workspace,
        branch: i64,
        with_unversioned: bool,
    ) -> Result<(), ApiError> {
        let lists = self.document.payload.iter().filter(|(place, _)| *place != "dbo");
        let mut entries = Vec::new();
        for entry in lists.filter_map(|(_, list)| list.as_array()).flatten() {
            entries.push(Entry::deserialize(entry).map_err(refuse)?);
        }
        // As they were made, so that parents come before their children.
        entries.sort_by_key(|entry| entry.key);
        let mut keys = HashMap::new();
        for entry in entries.into_iter().filter(|entry| entry.versioned || with_unversioned) {
            let mut object = Object {
                workspace_key: workspace.key,
                instance_id: workspace.instance_id,
                kind: entry.kind,
                branch_id: entry.versioned.then_some(branch),
                parent_key: entry.parent.and_then(|key| keys.get(&key).copied()),
                name: entry.name,
                guid: entry.guid,
                script: entry.script,
                fields: entry.fields,
                created_at: entry.created_at,
                updated_at: entry.updated_at,
                ..Object::default()
            };
            objects::add(call.db, &mut object)?;
            keys.insert(entry.key, object.key);
        }
        Ok(())
    }
}

fn clear(call: &Call<'_>, workspace: &Workspace) -> Result<(), ApiError> {
    Data::new(call.db, call.now_ms).delete_workspace(workspace.key)?;
    objects::remove_all(call.db, workspace.key)?;
    for branch in workspaces::branches(call.db, workspace.key)? {
        if branch.label != FIRST_BRANCH {
            workspaces::remove_branch(call.db, branch.id)?;
        }
    }
    for source in workspaces::sources(call.db, workspace.key)? {
        if source.label != LIVE {
            workspaces::remove_source(call.db, workspace.key, &source)?;
        }
    }
    Ok(())
}

/// Turns the numbers of referenced tables into their new ones, also inside objects.
fn follow(columns: &mut Value, numbers: &HashMap<i64, i64>) {
    for column in columns.as_array_mut().into_iter().flatten() {
        if let Some(held) = column.get_mut("tableref_id")
            && let Some(id) = held.as_i64().and_then(|id| numbers.get(&id))
        {
            *held = Value::from(*id);
        }
        if let Some(children) = column.get_mut("children") {
            follow(children, numbers);
        }
    }
}
