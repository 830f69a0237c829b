//! Files of a workspace. They are stored, listed, deleted, and (public ones) served under `/vault/…`.

use axum::body::Body;
use axum::response::Response;
use axum::routing::MethodFilter;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request};
use serde_json::{Value, json};

use super::listing::{LARGEST_PAGE, Window, sort_items, sort_pairs};
use super::{place_of, record, workspace};
use crate::api::{Call, Context, Outcome, Reply, Route, refuse};
use crate::clock;
use crate::error::ApiError;
use crate::scope::{Right, Scope};
use crate::store::documents::{self, Document};
use crate::store::{random_text, workspaces::Workspace};

const KIND: &str = "file";

pub fn routes() -> Vec<Route> {
    let scoped = |method, path, right, run| Route::scoped(method, path, Scope::Files, right, run);
    vec![
        scoped(MethodFilter::GET, "/workspace/{workspace_id}/file", Right::Read, list),
        scoped(
            MethodFilter::POST,
            "/workspace/{workspace_id}/file",
            Right::Create,
            upload,
        ),
        scoped(
            MethodFilter::DELETE,
            "/workspace/{workspace_id}/file/bulk_delete",
            Right::Delete,
            delete_many,
        ),
        scoped(
            MethodFilter::DELETE,
            "/workspace/{workspace_id}/file/{file_id}",
            Right::Delete,
            delete,
        ),
    ]
}

fn show(file: &Document) -> Value {
    let mut shown = json!({"id": file.id, "created_at": clock::timestamptz(file.created_at), "name": file.name});
    if let (Value::Object(shown), Value::Object(body)) = (&mut shown, &file.body) {
        shown.extend(body.clone());
    }
    shown
}

fn word<'a>(call: &'a Call<'_>, name: &str, default: &'a str, known: &[&str]) -> Result<&'a str, ApiError> {
    match call.query.text(name).filter(|text| !text.is_empty()) {
        None => Ok(default),
        Some(text) if known.contains(&text) => Ok(text),
        Some(_) => Err(ApiError::input(
            name,
            format!(
                "Invalid value for param: {name}. It must be one of: {}.",
                known.join(", ")
            ),
        )),
    }
}

fn list(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let window = Window::from_query(call, LARGEST_PAGE)?;
    let access = word(call, "access", "public", &["public", "private"])?;
    let key = word(call, "sort", "created_at", &["created_at", "name", "size", "mime"])?;
    let direction = word(call, "order", "desc", &["asc", "desc"])?;
    let search = call.query.text("search").unwrap_or_default().to_lowercase();
    let all = documents::list(call.db, workspace.instance_id, &place_of(&workspace), KIND)?;
    let mut found: Vec<_> = all.iter().map(show).filter(|file| file["access"] == access).collect();
    let holds = |file: &Value, field: &str| {
        file[field]
            .as_str()
            .is_some_and(|text| text.to_lowercase().contains(&search))
    };
    found.retain(|file| holds(file, "name") || holds(file, "mime"));
    let mut sort = sort_pairs(Some(&json!({key: direction})))?;
    sort.extend(sort_pairs(Some(&json!({"id": direction})))?);
    sort_items(&mut found, &sort);
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    Ok(Reply::Json(window.envelope(window.slice(found), total)))
}

fn upload(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let file = call.input.file("content")?.clone();
    let kind = if call.input.has("type") {
        call.input.choice("type", &["image", "video", "audio"])?
    } else {
        "attachment"
    };
    let access = if call.input.has("access") {
        call.input.choice("access", &["public", "private"])?
    } else {
        "public"
    };
    let mut document = Document {
        instance_id: workspace.instance_id,
        place: place_of(&workspace),
        kind: KIND.to_owned(),
        name: file.name.clone(),
        body: json!({
            "size": file.bytes.len(), "type": kind, "mime": file.mime, "access": access,
            "path": format!("/vault/{}/{}", random_text(24), file.name),
        }),
        created_at: call.now_ms,
        ..Document::default()
    };
    documents::add(call.db, &mut document, Some(&file.bytes))?;
    record(
        call,
        Some(&workspace),
        "file.create",
        ("file", document.id),
        format!("File {:?} uploaded", file.name),
    )?;
    Ok(Reply::Json(show(&document)))
}

fn find(call: &Call<'_>, workspace: &Workspace, id: i64) -> Result<Document, ApiError> {
    documents::get(call.db, workspace.instance_id, &place_of(workspace), KIND, id)?
        .ok_or_else(|| ApiError::not_found(format!("Workspace {} has no file {id}.", workspace.id)))
}

fn remove(call: &Call<'_>, workspace: &Workspace, file: &Document) -> Result<(), ApiError> {
    documents::remove(call.db, file.key)?;
    record(
        call,
        Some(workspace),
        "file.delete",
        ("file", file.id),
        format!("File {:?} deleted", file.name),
    )
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    let file = find(call, &workspace, call.number("file_id")?)?;
    remove(call, &workspace, &file)?;
    Ok(Reply::Json(json!({})))
}

/// All of them or none: an id that is unknown stops the call before anything is gone.
fn delete_many(call: &mut Call<'_>) -> Outcome {
    let workspace = workspace(call)?;
    for id in call.input.list("ids")? {
        let id = id
            .as_i64()
            .ok_or_else(|| ApiError::input("ids", "Invalid value for param: ids. It must be a list of numbers."))?;
        let file = find(call, &workspace, id)?;
        remove(call, &workspace, &file)?;
    }
    Ok(Reply::Json(json!({})))
}

/// `GET /vault/…`: a public file, as a browser would fetch it, without a token.
pub async fn vault(request: Request<Body>) -> Response {
    let path = percent_decoded(request.uri().path());
    let missing = || refuse(&ApiError::not_found(format!("There is no public file at {path:?}.")));
    let Some(context) = request.extensions().get::<Context>() else {
        return missing();
    };
    let db = context.server.db();
    let found = db.query_row(
        "SELECT content, json_extract(body, '$.mime') FROM document
         WHERE instance_id = ?1 AND kind = ?2 AND json_extract(body, '$.path') = ?3 AND json_extract(body, '$.access') = 'public'",
        (context.origin.instance_id, KIND, &path),
        |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?)),
    );
    let Ok((bytes, mime)) = found else {
        return missing();
    };
    let mut response = Response::new(Body::from(bytes));
    if let Ok(mime) = HeaderValue::from_str(&mime) {
        response.headers_mut().insert(CONTENT_TYPE, mime);
    }
    response
}

fn percent_decoded(path: &str) -> String {
    path.split('/')
        .map(crate::control::decode)
        .collect::<Vec<_>>()
        .join("/")
}
