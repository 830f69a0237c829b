//! OpenAPI documents of endpoints, groups and workspaces, the dump for language models, and the
//! conversion of XanoScript. Documents describe what is stored; nothing here is run.

use axum::routing::MethodFilter;
use serde_json::{Map, Value, json};

use super::objects::{branch, by_kind, read_script};
use super::refused::not_emulated;
use super::{multidoc, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::data::{Column, Data};
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::script;
use crate::store::objects::{self, Object};
use crate::store::workspaces::Workspace;

pub fn routes() -> Vec<Route> {
    let api = |path, run| Route::scoped(MethodFilter::GET, path, Scope::ApiGroups, Right::Read, run);
    let whole = |method, path, run| Route::scoped(method, path, Scope::Workspace, Right::Read, run);
    vec![
        api("/workspace/{workspace_id}/apigroup/{apigroup_id}/openapi", of_group),
        api(
            "/workspace/{workspace_id}/apigroup/{apigroup_id}/api/{api_id}/openapi",
            of_endpoint,
        ),
        whole(MethodFilter::GET, "/workspace/{workspace_id}/openapi", of_workspace),
        whole(MethodFilter::GET, "/workspace/{workspace_id}/context", context),
        whole(
            MethodFilter::POST,
            "/workspace/{workspace_id}/convert/fromXS",
            from_script,
        ),
        whole(MethodFilter::POST, "/workspace/{workspace_id}/convert/toXS", to_script),
    ]
}

fn document(call: &Call<'_>, title: &str, parts: &[(Object, Vec<Object>)]) -> Value {
    let mut paths = Map::new();
    for (group, endpoints) in parts {
        let canonical = group
            .fields
            .get("canonical")
            .and_then(Value::as_str)
            .unwrap_or_default();
        for endpoint in endpoints {
            let verb = endpoint
                .fields
                .get("verb")
                .and_then(Value::as_str)
                .unwrap_or("GET")
                .to_lowercase();
            let path = format!("/api:{canonical}/{}", endpoint.name.trim_start_matches('/'));
            let item = paths.entry(path).or_insert_with(|| json!({}));
            item[verb] = json!({
                "summary": endpoint.fields.get("description"),
                "tags": [group.name],
                "responses": {"200": {"description": "Success"}},
            });
        }
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": title, "version": "0.0.1"},
        "servers": [{"url": call.server.base(call.origin.port)}],
        "paths": paths,
    })
}

fn group(call: &Call<'_>, workspace: &Workspace) -> Result<Object, ApiError> {
    let id = call.number("apigroup_id")?;
    objects::get(call.db, workspace.key, "apigroup", id)?
        .ok_or_else(|| ApiError::not_found(format!("Workspace {} has no apigroup {id}.", workspace.id)))
}

fn endpoints(call: &Call<'_>, group: &Object) -> Result<Vec<Object>, ApiError> {
    Ok(objects::list(
        call.db,
        group.workspace_key,
        "api",
        group.branch_id,
        Some(group.key),
    )?)
}

fn of_group(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let group = group(call, &workspace)?;
    let endpoints = endpoints(call, &group)?;
    let title = group.name.clone();
    Ok(Reply::Json(document(call, &title, &[(group, endpoints)])))
}

fn of_endpoint(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let group = group(call, &workspace)?;
    let id = call.number("api_id")?;
    let found: Vec<_> = endpoints(call, &group)?
        .into_iter()
        .filter(|endpoint| endpoint.id == id)
        .collect();
    let Some(title) = found.first().map(|endpoint| endpoint.name.clone()) else {
        return Err(ApiError::not_found(format!(
            "API group {:?} has no endpoint {id}.",
            group.name
        )));
    };
    Ok(Reply::Json(document(call, &title, &[(group, found)])))
}

fn of_workspace(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let branch = branch(call, &workspace)?;
    let mut parts = Vec::new();
    for group in objects::list(call.db, workspace.key, "apigroup", Some(branch.id), None)? {
        let endpoints = endpoints(call, &group)?;
        parts.push((group, endpoints));
    }
    Ok(Reply::Json(document(call, &workspace.name, &parts)))
}

/// JSON has the whole text as one field; YAML is a block of text under the same name, which needs no
/// more of YAML than indentation.
fn context(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let branch = branch(call, &workspace)?;
    let text = multidoc::text_of(call, &workspace, &branch, false)?;
    match call.query.text("format").unwrap_or("yaml") {
        "json" => Ok(Reply::Json(
            json!({"workspace": workspace.name, "branch": branch.label, "xanoscript": text}),
        )),
        "yaml" | "" => {
            let (name, label) = (yaml_quoted(&workspace.name), yaml_quoted(&branch.label));
            let script = yaml_text(&text);
            let yaml = format!("workspace: {name}\nbranch: {label}\nxanoscript: {script}\n");
            Ok(Reply::Text("application/yaml", yaml))
        }
        _ => Err(ApiError::input(
            "format",
            "Invalid value for param: format. It must be json or yaml.",
        )),
    }
}

/// A text as a YAML block where YAML can show it as it is, else quoted.
fn yaml_text(text: &str) -> String {
    let shown = |line: &str| line.chars().all(|c| c == '\t' || is_printable(c));
    if text.starts_with(char::is_whitespace) || !text.split('\n').all(shown) {
        return yaml_quoted(text);
    }
    let lines = text.lines().map(|line| format!("\n  {line}"));
    lines.fold("|".to_owned(), |block, line| block + &line)
}

/// A quoted YAML text: JSON's, with the characters escaped that JSON may carry raw and YAML may not.
fn yaml_quoted(text: &str) -> String {
    json!(text).to_string().chars().fold(String::new(), |quoted, c| {
        if is_printable(c) {
            return quoted + c.encode_utf8(&mut [0; 4]);
        }
        quoted + &format!("\\u{:04x}", u32::from(c))
    })
}

/// What YAML may carry raw within a line; line and paragraph separators and byte order marks are none of it.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// A table becomes its definition, an object its name and fields; statements are not translated.
fn from_script(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let text = call.input.script()?;
    let header = script::header(text)?;
    if header.keyword == "table" {
        let new = script::table::read(text, workspace.key, Data::new(call.db, call.now_ms))?.into_new();
        let columns: Vec<_> = new.columns.iter().flatten().map(Column::to_json).collect();
        return Ok(Reply::Json(
            json!({"kind": "table", "name": new.name, "schema": columns}),
        ));
    }
    let Some(family) = super::objects::by_keyword(&header.keyword) else {
        return Err(not_emulated(&format!("Converting a {:?} to JSON", header.keyword)));
    };
    let mut object = Object {
        kind: family.kind.to_owned(),
        fields: super::objects::defaults(family),
        ..Object::default()
    };
    read_script(family, text, &mut object)?;
    let mut shown = json!({"kind": family.kind, "name": object.name});
    for (name, value) in object.fields {
        shown[name] = value;
    }
    Ok(Reply::Json(shown))
}

fn to_script(call: &mut Call<'_>) -> Outcome {
    workspace(call)?;
    let kind = call.query.text("kind").unwrap_or_default();
    if kind.is_empty() {
        return Err(ApiError::input("kind", "Missing param: kind"));
    }
    let Some(family) = by_kind(kind).or_else(|| super::objects::by_keyword(kind)) else {
        return Err(not_emulated(&format!("Converting a {kind:?} to XanoScript")));
    };
    let object = Object {
        kind: family.kind.to_owned(),
        name: call.input.text("name")?.to_owned(),
        fields: call.input.fields().clone(),
        ..Object::default()
    };
    Ok(Reply::Text("text/x-xanoscript", super::objects::script_of(&object)))
}

#[cfg(test)]
mod tests {
    use super::yaml_text;

    #[test]
    fn a_text_is_a_block_where_yaml_can_show_it_and_quoted_where_not() {
        assert_eq!(yaml_text("a {\n\tü\n}"), "|\n  a {\n  \tü\n  }");
        assert_eq!(yaml_text(" a\nb"), r#"" a\nb""#);
        assert_eq!(yaml_text("a\u{86}\u{2028}\u{feff}"), r#""a\u0086\u2028\ufeff""#);
        assert_eq!(yaml_text("a\rb"), r#""a\rb""#);
    }
}
