//! Multidoc: a branch as one text, XanoScript documents with a line `---` between them.
//!
//! A pull writes every table and every stored object; a push makes, changes and (when asked) deletes
//! what differs; a dry run does the same and takes it back. Objects are recognised by their `guid`, and
//! by name where a document has none. Records and environment variables are not part of it here.

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use super::objects::{FAMILIES, Family, branch, by_keyword, defaults, read_script, script_of};
use super::refused::not_emulated;
use super::{record, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::data::Data;
use crate::error::ApiError;
use crate::script::{self, Header};
use crate::store::objects::{self, Object};
use crate::store::uuid;
use crate::store::workspaces::{Branch, Workspace, next_id};

const SEPARATOR: &str = "---";

pub fn routes() -> Vec<Route> {
    vec![
        Route::open(MethodFilter::GET, "/workspace/{workspace_id}/multidoc", pull),
        Route::open(MethodFilter::GET, "/beta/workspace/{workspace_id}/multidoc", pull),
        Route::open(MethodFilter::POST, "/workspace/{workspace_id}/multidoc", push),
        Route::open(
            MethodFilter::POST,
            "/workspace/{workspace_id}/multidoc/dry-run",
            dry_run,
        ),
    ]
}

/// Families that live in a branch, containers before what they contain.
fn families() -> impl Iterator<Item = &'static Family> {
    FAMILIES.iter().filter(|family| family.branched)
}

/// The objects of a family in a branch, with the name of the group that holds each.
fn of_family(
    call: &Call<'_>,
    workspace: &Workspace,
    branch: &Branch,
    family: &Family,
) -> Result<Vec<(Object, String)>, ApiError> {
    let list = |kind, parent| objects::list(call.db, workspace.key, kind, Some(branch.id), parent);
    let Some((kind, _)) = family.parent else {
        return Ok(list(family.kind, None)?
            .into_iter()
            .map(|object| (object, String::new()))
            .collect());
    };
    let mut found = Vec::new();
    for parent in list(kind, None)? {
        found.extend(
            list(family.kind, Some(parent.key))?
                .into_iter()
                .map(|object| (object, parent.name.clone())),
        );
    }
    Ok(found)
}

/// The script of an object with the lines that tell who it is.
fn identified(object: &Object, group: &str, draft: bool) -> String {
    let text = object
        .draft
        .clone()
        .filter(|_| draft)
        .unwrap_or_else(|| script_of(object));
    let Some((head, rest)) = text.split_once('\n') else {
        return text;
    };
    let mut lines = vec![head.to_owned()];
    if !group.is_empty() && script::setting(&text, "api_group").is_none() {
        lines.push(format!("  api_group = {}", json!(group)));
    }
    if script::setting(&text, "guid").is_none() {
        lines.push(format!("  guid = {}", json!(object.guid)));
    }
    lines.push(rest.trim_end().to_owned());
    lines.join("\n")
}

/// A branch as text.
pub fn text_of(call: &Call<'_>, workspace: &Workspace, branch: &Branch, draft: bool) -> Result<String, ApiError> {
    let data = Data::new(call.db, call.now_ms);
    let mut documents = Vec::new();
    for table in data.tables(workspace.key)? {
        documents.push(script::table::write(&table, data).trim_end().to_owned());
    }
    for family in families() {
        for (object, group) in of_family(call, workspace, branch, family)? {
            documents.push(identified(&object, &group, draft));
        }
    }
    Ok(documents.join(&format!("\n{SEPARATOR}\n")))
}

fn pull(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let branch = branch(call, &workspace)?;
    let draft = call.query.flag("include_draft")?;
    Ok(Reply::Text(
        "text/x-xanoscript",
        text_of(call, &workspace, &branch, draft)?,
    ))
}

/// The documents of a text with the line each begins at, empty ones left out.
pub fn documents(text: &str) -> Vec<(usize, String)> {
    let mut found = vec![(0, String::new())];
    for (at, line) in text.lines().enumerate() {
        if line.trim_end() == SEPARATOR {
            found.push((at + 1, String::new()));
        } else if let Some((_, document)) = found.last_mut() {
            document.push_str(line);
            document.push('\n');
        }
    }
    found.retain(|(_, document)| !document.trim().is_empty());
    found
}

/// A refusal inside a document, with its place in the whole text.
pub fn shifted(mut error: ApiError, line: usize) -> ApiError {
    if let Some(at) = error.payload["line"].as_u64() {
        error.payload["line"] = json!(at + line as u64);
    }
    error.message = format!("In the document that begins at line {}: {}", line + 1, error.message);
    error
}

/// What a push did, or would do.
#[derive(Default)]
pub struct Report {
    /// Each change, in order.
    pub operations: Vec<Value>,
    guids: Vec<Value>,
    /// Keys of the objects, and numbers of the tables, that the text names.
    kept: Vec<i64>,
    tables: Vec<i64>,
}

impl Report {
    /// Adds a change.
    pub fn note(&mut self, action: &str, kind: &str, name: &str) {
        self.operations
            .push(json!({"action": action, "type": kind, "name": name, "details": "", "reason": ""}));
    }

    fn count(&self, action: &str) -> usize {
        self.operations
            .iter()
            .filter(|operation| operation["action"] == action)
            .count()
    }

    /// Counts by kind, and the whole list.
    pub fn summary(&self) -> Value {
        let mut summary = serde_json::Map::new();
        for operation in &self.operations {
            let kind = operation["type"].as_str().unwrap_or_default();
            let counts = summary
                .entry(kind)
                .or_insert_with(|| json!({"created": 0, "updated": 0, "deleted": 0, "truncated": 0, "unchanged": 0}));
            let field = match operation["action"].as_str() {
                Some("create") => "created",
                Some("update") => "updated",
                Some("delete") => "deleted",
                _ => "unchanged",
            };
            counts[field] = json!(counts[field].as_i64().unwrap_or(0) + 1);
        }
        Value::Object(summary)
    }
}

fn apply(call: &Call<'_>, workspace: &Workspace, branch: &Branch, text: &str) -> Result<Report, ApiError> {
    let mut report = Report::default();
    let mut parsed = Vec::new();
    for (line, document) in documents(text) {
        let header = script::header(&document).map_err(|error| shifted(error, line))?;
        parsed.push((line, document, header));
    }
    // Groups first: endpoints name them.
    parsed.sort_by_key(|(.., header)| header.keyword == "query");
    for (line, document, header) in &parsed {
        let put = if header.keyword == "table" {
            put_table(call, workspace, document, &mut report)
        } else {
            put_object(call, workspace, branch, document, header, &mut report)
        };
        put.map_err(|error| shifted(error, *line))?;
    }
    if call.query.flag("delete")? {
        delete_rest(call, workspace, branch, &mut report)?;
    }
    Ok(report)
}

/// Puts a text into a branch.
pub fn put(call: &Call<'_>, workspace: &Workspace, branch: &Branch, text: &str) -> Result<(), ApiError> {
    apply(call, workspace, branch, text).map(drop)
}

fn put_table(call: &Call<'_>, workspace: &Workspace, document: &str, report: &mut Report) -> Result<(), ApiError> {
    let data = Data::new(call.db, call.now_ms);
    let definition = script::table::read(document, workspace.key, data)?;
    let name = script::header(document)?.name;
    let (table, action) = match data.table_named(workspace.key, &name)? {
        None => {
            let mut new = definition.into_new();
            new.id = Some(next_id(call.db, workspace.instance_id, "table")?);
            (data.create_table(workspace.key, new)?, "create")
        }
        Some(table) if script::table::write(&table, data).trim() == document.trim() => (table, "unchanged"),
        Some(mut table) => {
            let (columns, indexes, changes) = definition.into_changes();
            if let Some(columns) = columns {
                data.replace_columns(&mut table, columns)?;
            }
            if let Some(indexes) = indexes {
                data.replace_indexes(&mut table, indexes)?;
            }
            (data.change_table(table, changes)?, "update")
        }
    };
    report.note(action, "table", &name);
    report.tables.push(table.key);
    report
        .guids
        .push(json!({"type": "table", "name": name, "guid": table.definition.guid, "verb": "", "api_group": ""}));
    Ok(())
}

fn put_object(
    call: &Call<'_>,
    workspace: &Workspace,
    branch: &Branch,
    document: &str,
    header: &Header,
    report: &mut Report,
) -> Result<(), ApiError> {
    let family = by_keyword(&header.keyword)
        .filter(|family| family.branched)
        .ok_or_else(|| {
            ApiError::bad_request(format!("A multidoc has no documents of the kind {:?}.", header.keyword))
        })?;
    let group = script::setting(document, "api_group").unwrap_or_default();
    let parent = match family.parent {
        None => None,
        Some((kind, _)) => {
            let groups = objects::list(call.db, workspace.key, kind, Some(branch.id), None)?;
            let found = groups.into_iter().find(|candidate| candidate.name == group);
            Some(found.ok_or_else(|| {
                ApiError::bad_request(format!(
                    "{:?} belongs to the API group {group:?}, which does not exist.",
                    header.name
                ))
            })?)
        }
    };
    let mut wanted = Object {
        workspace_key: workspace.key,
        instance_id: workspace.instance_id,
        kind: family.kind.to_owned(),
        branch_id: Some(branch.id),
        parent_key: parent.map(|parent| parent.key),
        guid: script::setting(document, "guid").unwrap_or_default(),
        fields: defaults(family),
        created_at: call.now_ms,
        updated_at: call.now_ms,
        ..Object::default()
    };
    read_script(family, document.trim_end(), &mut wanted)?;
    let same = |other: &Object| {
        let named = other.parent_key == wanted.parent_key
            && other.name == wanted.name
            && other.fields.get("verb") == wanted.fields.get("verb");
        if wanted.guid.is_empty() {
            named
        } else {
            other.guid == wanted.guid || named
        }
    };
    let existing = of_family(call, workspace, branch, family)?
        .into_iter()
        .find(|(other, _)| same(other));
    let (object, action) = if let Some((mut object, group)) = existing {
        let unchanged = identified(&object, &group, false).trim() == document.trim();
        if !unchanged {
            let own = wanted.fields.into_iter().filter(|(name, _)| name != "canonical");
            object.fields.extend(own);
            if !wanted.guid.is_empty() {
                object.guid = wanted.guid;
            }
            object = Object {
                name: wanted.name,
                parent_key: wanted.parent_key,
                script: wanted.script,
                draft: None,
                updated_at: call.now_ms,
                ..object
            };
            objects::save(call.db, &object)?;
        }
        (object, if unchanged { "unchanged" } else { "update" })
    } else {
        if wanted.guid.is_empty() {
            wanted.guid = uuid();
        }
        objects::add(call.db, &mut wanted)?;
        (wanted, "create")
    };
    report.note(action, family.keyword, &object.name);
    report.kept.push(object.key);
    let verb = object.fields.get("verb").cloned().unwrap_or_else(|| json!(""));
    report.guids.push(
        json!({"type": family.keyword, "name": object.name, "guid": object.guid, "verb": verb, "api_group": group}),
    );
    Ok(())
}

/// Deletes what the text does not name.
fn delete_rest(call: &Call<'_>, workspace: &Workspace, branch: &Branch, report: &mut Report) -> Result<(), ApiError> {
    for family in families() {
        for (object, _) in of_family(call, workspace, branch, family)? {
            if !report.kept.contains(&object.key) {
                objects::remove(call.db, object.key)?;
                report.note("delete", family.keyword, &object.name);
            }
        }
    }
    let data = Data::new(call.db, call.now_ms);
    for table in data.tables(workspace.key)? {
        if !report.tables.contains(&table.key) {
            data.delete_table(&table)?;
            report.note("delete", "table", &table.name);
        }
    }
    Ok(())
}

fn prepare(call: &Call<'_>) -> Result<(Workspace, Branch, String), ApiError> {
    let workspace = workspace(call)?;
    let branch = branch(call, &workspace)?;
    let text = call.input.script()?.to_owned();
    if call.query.flag("truncate")? {
        return Err(not_emulated("Truncating tables in a push"));
    }
    Ok((workspace, branch, text))
}

fn push(call: &mut Call<'_>) -> Outcome {
    let (workspace, branch, text) = prepare(call)?;
    if !workspace.allow_push {
        return Err(ApiError::denied(
            "Push is disabled for this workspace: its preference allow_push is off.",
        ));
    }
    let report = apply(call, &workspace, &branch, &text)?;
    let message = format!(
        "Push to {:?}: {} created, {} updated, {} deleted",
        branch.label,
        report.count("create"),
        report.count("update"),
        report.count("delete")
    );
    record(call, Some(&workspace), "workspace.push", ("branch", branch.id), message)?;
    Ok(Reply::Json(json!({"guid_map": report.guids})))
}

/// The same as a push, taken back at the end.
fn dry_run(call: &mut Call<'_>) -> Outcome {
    let (workspace, branch, text) = prepare(call)?;
    call.db.execute_batch("SAVEPOINT dry_run")?;
    let outcome = apply(call, &workspace, &branch, &text);
    call.db.execute_batch("ROLLBACK TO dry_run; RELEASE dry_run")?;
    let report = outcome?;
    Ok(Reply::Json(json!({
        "operations": report.operations,
        "summary": report.summary(),
        "workspace_name": workspace.name,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_split_at_lines_of_three_dashes() {
        let text = "function a {\n  x = \"---\"\n}\n---\n\n---\nfunction b {\n}";
        let found = documents(text);
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [0, 6]);
        assert!(found[0].1.contains("\"---\""));
    }
}
