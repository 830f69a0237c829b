//! Stored objects, all families by one mechanism.
//!
//! A [`Family`] says where it lives in the paths, which scope it asks for, which word its scripts begin
//! with and which fields it shows. The operations (list, create, read, update, delete, security) are
//! the same for all and written once, here. Scripts are stored and never run; name, description and
//! the family's own fields are read out of them.

mod families;

use std::borrow::Cow;

use axum::routing::MethodFilter;
use serde_json::{Map, Value, json};

use super::listing::{LARGEST_PAGE, Order, Traits, Window};
use super::{record, workspace};
use crate::api::{Call, Outcome, Reply, Route};
use crate::clock;
use crate::error::ApiError;
use crate::scope::{Need, Right, Scope};
use crate::script;
use crate::store::objects::{self, Object};
use crate::store::uuid;
use crate::store::workspaces::{self, Branch, Workspace};

pub use families::{FAMILIES, by_keyword, by_kind};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text,
    /// True or false.
    Flag,
    /// A list or an object.
    Structure,
    /// An HTTP verb.
    Verb,
}

/// A field that a family shows beyond the common ones.
#[derive(Debug)]
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// A form has to bring it.
    pub required: bool,
    /// Its value when nothing is said, as JSON.
    pub default: &'static str,
}

/// A family of stored objects.
#[derive(Debug)]
pub struct Family {
    /// Its name in the store, in the audit log and in multidoc answers.
    pub kind: &'static str,
    /// The path of the collection, after `/workspace/{workspace_id}`.
    pub path: &'static str,
    /// The path parameter that holds the id.
    pub id: &'static str,
    /// The word its scripts begin with.
    pub keyword: &'static str,
    /// The scope it asks for; none where none is published.
    pub scope: Option<Scope>,
    /// Branches version it.
    pub branched: bool,
    /// It has a form besides the script.
    pub form: bool,
    /// It has a GUID that `…/security` changes.
    pub guid: bool,
    /// The family that contains it, with the path parameter of its id.
    pub parent: Option<(&'static str, &'static str)>,
    /// Its own fields.
    pub fields: &'static [Field],
}

/// The operations of every family.
pub fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    for family in FAMILIES {
        let collection = format!("/workspace/{{workspace_id}}{}", family.path);
        let single = format!("{collection}/{{{}}}", family.id);
        let mut add = |method, path: String, right, run| {
            let need = family.scope.map(|scope| Need(scope, right));
            routes.push(Route {
                method,
                path: Cow::Owned(path),
                need,
                run,
                family: Some(family),
            });
        };
        add(MethodFilter::GET, collection.clone(), Right::Read, list);
        add(MethodFilter::POST, collection, Right::Create, create);
        add(MethodFilter::GET, single.clone(), Right::Read, get);
        add(MethodFilter::PUT, single.clone(), Right::Update, update);
        if family.guid {
            add(MethodFilter::PUT, format!("{single}/security"), Right::Update, security);
        }
        add(MethodFilter::DELETE, single, Right::Delete, delete);
    }
    routes
}

fn family(call: &Call<'_>) -> Result<&'static Family, ApiError> {
    call.family
        .ok_or_else(|| ApiError::fatal("This route belongs to no family."))
}

/// The branch that `branch` names, in the query or in the body; empty means the live one.
pub fn branch(call: &Call<'_>, workspace: &Workspace) -> Result<Branch, ApiError> {
    let label = match call.query.text("branch").filter(|label| !label.is_empty()) {
        Some(label) => label,
        None => call.input.optional_text("branch")?.unwrap_or_default(),
    };
    workspaces::branch(call.db, workspace.key, label)?.ok_or_else(|| {
        ApiError::input(
            "branch",
            format!(
                "Invalid value for param: branch. Workspace {} has no branch {label:?}.",
                workspace.id
            ),
        )
    })
}

/// Where a list or a new object belongs.
struct Place {
    workspace: Workspace,
    branch_id: Option<i64>,
    parent_key: Option<i64>,
}

fn place(call: &Call<'_>) -> Result<Place, ApiError> {
    let family = family(call)?;
    let workspace = workspace(call)?;
    // A group fixes the branch of its endpoints.
    let parent = parent(call, family, &workspace)?;
    let branch_id = match &parent {
        Some(parent) => parent.branch_id,
        None if family.branched => Some(branch(call, &workspace)?.id),
        None => None,
    };
    Ok(Place {
        workspace,
        branch_id,
        parent_key: parent.map(|parent| parent.key),
    })
}

fn parent(call: &Call<'_>, family: &Family, workspace: &Workspace) -> Result<Option<Object>, ApiError> {
    let Some((kind, param)) = family.parent else {
        return Ok(None);
    };
    let id = call.number(param)?;
    let found = objects::get(call.db, workspace.key, kind, id)?;
    found
        .map(Some)
        .ok_or_else(|| ApiError::not_found(format!("Workspace {} has no {kind} {id}.", workspace.id)))
}

fn of_path(call: &Call<'_>) -> Result<(Workspace, Object), ApiError> {
    let family = family(call)?;
    let workspace = workspace(call)?;
    let parent = parent(call, family, &workspace)?;
    let id = call.number(family.id)?;
    let found = objects::get(call.db, workspace.key, family.kind, id)?
        .filter(|object| parent.is_none_or(|parent| object.parent_key == Some(parent.key)));
    match found {
        Some(object) => Ok((workspace, object)),
        None => Err(ApiError::not_found(format!(
            "Workspace {} has no {} {id}.",
            workspace.id, family.kind
        ))),
    }
}

/// The script of an object; one that was made from fields gets a small one.
pub fn script_of(object: &Object) -> String {
    object.script.clone().unwrap_or_else(|| {
        let keyword = by_kind(&object.kind).map_or("object", |family| family.keyword);
        let verb = object
            .fields
            .get("verb")
            .and_then(Value::as_str)
            .map_or_else(String::new, |verb| format!(" verb={verb}"));
        let mut text = format!("{keyword} {}{verb} {{\n", script::bare(&object.name));
        for field in ["description", "canonical"] {
            match object.fields.get(field).and_then(Value::as_str) {
                Some(value) if !value.is_empty() => text = format!("{text}  {field} = {}\n", json!(value)),
                _ => {}
            }
        }
        text.push_str("}\n");
        text
    })
}

struct View {
    script: bool,
    draft: bool,
}

fn view(call: &Call<'_>) -> Result<View, ApiError> {
    Ok(View {
        script: call.query.flag("include_xanoscript")? || call.input.flag("include_xanoscript")?.unwrap_or(false),
        draft: call.query.flag("include_draft")?,
    })
}

fn show(call: &Call<'_>, family: &Family, object: &Object, view: &View) -> Result<Value, ApiError> {
    let mut shown = json!({
        "id": object.id,
        "created_at": clock::timestamptz(object.created_at),
        "updated_at": clock::timestamptz(object.updated_at),
        "name": object.name,
    });
    if family.guid {
        shown["guid"] = json!(object.guid);
    }
    if let Some(id) = object.branch_id.filter(|_| family.parent.is_none()) {
        let branch = workspaces::branches(call.db, object.workspace_key)?
            .into_iter()
            .find(|branch| branch.id == id);
        shown["branch"] = json!(branch.map(|branch| branch.label));
    }
    for (name, value) in &object.fields {
        shown[name] = value.clone();
    }
    if view.script {
        shown["xanoscript"] = json!({"status": "ok", "value": script_of(object)});
    }
    if view.draft {
        shown["draft"] = object.draft.as_ref().map_or(
            Value::Null,
            |text| json!({"xanoscript": {"status": "ok", "value": text}}),
        );
    }
    Ok(shown)
}

fn list(call: &mut Call<'_>) -> Outcome {
    let family = family(call)?;
    let window = Window::from_query(call, LARGEST_PAGE)?;
    let order = Order::from_query(call, "created_at", true)?;
    let view = view(call)?;
    let place = place(call)?;
    let all = objects::list(
        call.db,
        place.workspace.key,
        family.kind,
        place.branch_id,
        place.parent_key,
    )?;
    let found = order.apply(all, |object| Traits {
        name: &object.name,
        description: object
            .fields
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default(),
        created_at: object.created_at,
        updated_at: object.updated_at,
        id: object.id,
    });
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let page = window.slice(found);
    let items = page
        .iter()
        .map(|object| show(call, family, object, &view))
        .collect::<Result<_, _>>()?;
    Ok(Reply::Json(window.envelope(items, total)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (_, object) = of_path(call)?;
    Ok(Reply::Json(show(call, family(call)?, &object, &view(call)?)?))
}

/// The fields of a family with their defaults.
pub fn defaults(family: &Family) -> Map<String, Value> {
    let parse = |field: &Field| {
        (
            field.name.to_owned(),
            serde_json::from_str(field.default).unwrap_or_default(),
        )
    };
    let mut fields: Map<String, Value> = family.fields.iter().map(parse).collect();
    if let Some(canonical) = fields.get_mut("canonical").filter(|canonical| **canonical == json!("")) {
        *canonical = json!(crate::store::random_text(8));
    }
    fields
}

/// Takes name and fields out of a script.
pub fn read_script(family: &Family, text: &str, object: &mut Object) -> Result<(), ApiError> {
    let header = script::header(text)?;
    if header.keyword != family.keyword && by_keyword(&header.keyword).is_some_and(|other| other.kind != family.kind) {
        return Err(ApiError::bad_request(format!(
            "A {} is defined with {:?}, not with {:?}.",
            family.kind, family.keyword, header.keyword
        )));
    }
    object.name = header.name;
    for field in family.fields {
        let header_setting = header
            .settings
            .iter()
            .find(|(key, _)| key == field.name)
            .map(|(_, value)| value.clone());
        let wire_name = if field.name == "tag" { "tags" } else { field.name };
        let Some(found) = header_setting.or_else(|| script::setting(text, wire_name)) else {
            continue;
        };
        let value = match field.shape {
            Shape::Text | Shape::Verb => json!(found),
            Shape::Flag | Shape::Structure => match serde_json::from_str(&found) {
                Ok(value) => value,
                Err(_) => continue,
            },
        };
        object.fields.insert(field.name.to_owned(), value);
    }
    object.script = Some(text.to_owned());
    Ok(())
}

/// Takes name and fields out of a form. `fresh` asks for what a new object has to bring.
fn read_form(call: &Call<'_>, family: &Family, object: &mut Object, fresh: bool) -> Result<(), ApiError> {
    if !family.form {
        return Err(ApiError::bad_request(format!(
            "A {} is defined by XanoScript, sent as text/x-xanoscript.",
            family.kind
        )));
    }
    if fresh || call.input.has("name") {
        call.input.text("name")?.clone_into(&mut object.name);
    }
    for field in family.fields {
        if !call.input.has(field.name) {
            if fresh && field.required {
                return Err(ApiError::input(field.name, format!("Missing param: {}", field.name)));
            }
            continue;
        }
        let value = match field.shape {
            Shape::Text => json!(call.input.text(field.name)?),
            Shape::Flag => json!(call.input.flag(field.name)?),
            Shape::Structure => json!(call.input.structure(field.name)?),
            Shape::Verb => json!(
                call.input
                    .choice(field.name, &["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD"])?
            ),
        };
        object.fields.insert(field.name.to_owned(), value);
    }
    object.script = None;
    Ok(())
}

fn free(call: &Call<'_>, object: &Object) -> Result<(), ApiError> {
    let siblings = objects::list(
        call.db,
        object.workspace_key,
        &object.kind,
        object.branch_id,
        object.parent_key,
    )?;
    let same = |other: &Object| {
        other.key != object.key && other.name == object.name && other.fields.get("verb") == object.fields.get("verb")
    };
    let reason = if object.name.trim().is_empty() {
        "It needs a name."
    } else if siblings.iter().any(same) {
        "There is one with this name already."
    } else {
        return Ok(());
    };
    Err(ApiError::input(
        "name",
        format!("Invalid value for param: name. {reason}"),
    ))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let family = family(call)?;
    let place = place(call)?;
    let mut object = Object {
        workspace_key: place.workspace.key,
        instance_id: place.workspace.instance_id,
        kind: family.kind.to_owned(),
        branch_id: place.branch_id,
        parent_key: place.parent_key,
        guid: uuid(),
        fields: defaults(family),
        created_at: call.now_ms,
        updated_at: call.now_ms,
        ..Object::default()
    };
    match call.input.script.clone() {
        Some(text) => read_script(family, &text, &mut object)?,
        None => read_form(call, family, &mut object, true)?,
    }
    free(call, &object)?;
    objects::add(call.db, &mut object)?;
    log(call, &place.workspace, &object, "create")?;
    Ok(Reply::Json(show(call, family, &object, &view(call)?)?))
}

fn log(call: &Call<'_>, workspace: &Workspace, object: &Object, what: &str) -> Result<(), ApiError> {
    let kind = format!("{}.{what}", object.kind);
    let message = format!("{} {:?}: {what}", object.kind, object.name);
    record(call, Some(workspace), &kind, (&object.kind, object.id), message)
}

/// `publish=false` keeps the change as a draft and leaves the object as it is.
fn update(call: &mut Call<'_>) -> Outcome {
    let family = family(call)?;
    let (workspace, object) = of_path(call)?;
    let mut changed = object.clone();
    match call.input.script.clone() {
        Some(text) => read_script(family, &text, &mut changed)?,
        None => read_form(call, family, &mut changed, false)?,
    }
    free(call, &changed)?;
    let publish = call.input.flag("publish")?.unwrap_or(true) && call.query.text("publish") != Some("false");
    let mut kept = if publish {
        Object { draft: None, ..changed }
    } else {
        Object {
            draft: Some(script_of(&changed)),
            ..object
        }
    };
    kept.updated_at = call.now_ms;
    objects::save(call.db, &kept)?;
    log(call, &workspace, &kept, if publish { "update" } else { "draft" })?;
    Ok(Reply::Json(show(call, family, &kept, &view(call)?)?))
}

fn security(call: &mut Call<'_>) -> Outcome {
    let family = family(call)?;
    let (workspace, mut object) = of_path(call)?;
    call.input.text("guid")?.clone_into(&mut object.guid);
    if object.fields.contains_key("canonical") {
        object
            .fields
            .insert("canonical".to_owned(), json!(call.input.text("canonical")?));
    }
    object.updated_at = call.now_ms;
    objects::save(call.db, &object)?;
    log(call, &workspace, &object, "security")?;
    Ok(Reply::Json(show(call, family, &object, &view(call)?)?))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (workspace, object) = of_path(call)?;
    objects::remove(call.db, object.key)?;
    log(call, &workspace, &object, "delete")?;
    Ok(Reply::Json(json!({})))
}
