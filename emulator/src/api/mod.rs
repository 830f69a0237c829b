//! What every operation shares: routing, the token check, one transaction a call, answers.
//!
//! A family of operations is a file that lists its [`Route`]s: method, path, the scope it asks for
//! and a plain function. The functions are synchronous and see a [`Call`]; they never touch sockets
//! or tasks. Routes are written by hand from the published facts and not generated from the client's
//! operation table, so that the two check each other.

pub mod account;
pub mod input;
pub mod instance;
pub mod spec;
mod visit;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, Request};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use http::header::{AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use rusqlite::Connection;
use serde_json::Value;

use crate::error::ApiError;
use crate::scope::{Grants, Need, Right, Scope};
use crate::server::{Origin, Server};
use crate::store::tokens::{self, Token};
use crate::store::users::{self, User};
use input::{Input, Query};
use instance::objects::Family;
use visit::Visit;

/// What a handler sees of one request.
pub struct Call<'a> {
    /// The emulator.
    pub server: &'a Server,
    /// The origin that was asked: the account's or an instance's.
    pub origin: &'a Origin,
    /// The open transaction.
    pub db: &'a Connection,
    /// Who asks.
    pub user: User,
    /// Path parameters, decoded.
    pub path: Vec<(String, String)>,
    /// Query parameters.
    pub query: Query,
    /// The body.
    pub input: Input,
    /// The request's headers.
    pub headers: HeaderMap,
    /// What the token may do, for rules that depend on more than the path.
    pub grants: Grants,
    /// The family of stored objects that the route is about.
    pub family: Option<&'static Family>,
    /// Now, in epoch milliseconds of the emulator's clock.
    pub now_ms: i64,
}

impl Call<'_> {
    /// A path parameter; routing guarantees that those of the route's own path exist.
    pub fn param(&self, name: &str) -> &str {
        self.path
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// A path parameter that is a number.
    pub fn number(&self, name: &str) -> Result<i64, ApiError> {
        let text = self.param(name);
        text.parse().map_err(|_| {
            ApiError::input(
                name,
                format!("Invalid value for param: {name}. It must be a whole number, not {text:?}."),
            )
        })
    }

    /// Refuses when the token lacks a scope.
    pub fn demand(&self, need: Need) -> Result<(), ApiError> {
        if self.grants.allows(need) {
            Ok(())
        } else {
            Err(ApiError::missing_scope(need))
        }
    }
}

/// What a handler answers.
#[derive(Debug)]
pub enum Reply {
    /// A JSON document.
    Json(Value),
    /// A JSON document that is text already: pages of records are never built as a tree.
    Raw(String),
    /// Text of a kind of its own, such as XanoScript.
    Text(&'static str, String),
    /// A file to be saved under this name.
    File(String, Vec<u8>),
}

/// The outcome of a handler.
pub type Outcome = Result<Reply, ApiError>;

/// One operation.
#[derive(Clone)]
pub struct Route {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: MethodFilter,
    /// The path after `/api:meta`.
    pub path: Cow<'static, str>,
    /// The token scope it asks for; none where none is published.
    pub need: Option<Need>,
    /// What it does.
    pub run: fn(&mut Call<'_>) -> Outcome,
    /// The family of stored objects it is about, for operations that many families share.
    pub family: Option<&'static Family>,
}

impl Route {
    /// An operation that any living token may call.
    pub const fn open(method: MethodFilter, path: &'static str, run: fn(&mut Call<'_>) -> Outcome) -> Self {
        Self {
            method,
            path: Cow::Borrowed(path),
            need: None,
            run,
            family: None,
        }
    }

    /// An operation that asks for a scope.
    pub const fn scoped(
        method: MethodFilter,
        path: &'static str,
        scope: Scope,
        right: Right,
        run: fn(&mut Call<'_>) -> Outcome,
    ) -> Self {
        Self {
            method,
            path: Cow::Borrowed(path),
            need: Some(Need(scope, right)),
            run,
            family: None,
        }
    }
}

/// Who the connection layer is talking to; travels with the request.
#[derive(Clone)]
pub struct Context {
    /// The emulator.
    pub server: Arc<Server>,
    /// The origin that was asked.
    pub origin: Arc<Origin>,
}

/// The token that asked; travels with the answer, for the journal.
#[derive(Debug, Clone, Copy)]
pub struct Asker(pub i64);

/// Builds the router of one origin. Unknown paths and methods are 404 in Xano's shape.
pub fn router(routes: impl IntoIterator<Item = Route>) -> Router {
    let mut built = Router::new();
    for route in routes {
        let (path, method, route) = (format!("/api:meta{}", route.path), route.method, Arc::new(route));
        let handler = move |params: RawPathParams, request: Request| dispatch(route.clone(), params, request);
        built = built.route(&path, on(method, handler));
    }
    built.fallback(unknown).method_not_allowed_fallback(unknown)
}

async fn unknown(request: Request) -> Response {
    refuse(&no_such_request(request.method(), request.uri().path()))
}

fn no_such_request(method: &Method, path: &str) -> ApiError {
    ApiError::not_found(format!("Unable to locate request: {method} {path}."))
}

async fn dispatch(route: Arc<Route>, params: RawPathParams, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(context) = parts.extensions.get::<Context>().cloned() else {
        return refuse(&ApiError::fatal("The request reached the router without its origin."));
    };
    let path: Vec<(String, String)> = params
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let query = Query::read(&parts.uri);
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let visit = Visit::begin(&context, &parts, &path, &bytes);
    let input = Input::read(&parts.headers, bytes).await;
    let mut asker = None;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        run(&context, &route, &parts.headers, path, query, input, &mut asker)
    }))
    .unwrap_or_else(|_| {
        Err(ApiError::fatal(
            "The emulator failed inside this operation; please report it.",
        ))
    });
    let mut response = match outcome {
        Ok(Reply::Json(value)) => json_response(StatusCode::OK, &value),
        Ok(Reply::Raw(text)) => json_text(StatusCode::OK, text),
        Ok(Reply::Text(kind, text)) => body_response(kind, Body::from(text)),
        Ok(Reply::File(name, bytes)) => file_response(&name, bytes),
        Err(error) => refuse(&error),
    };
    if let Some(id) = asker {
        response.extensions_mut().insert(Asker(id));
    }
    visit.end(response.status());
    response
}

/// The token check comes before anything is said about the input, as on the real service.
fn run(
    context: &Context,
    route: &Route,
    headers: &HeaderMap,
    path: Vec<(String, String)>,
    query: Query,
    input: Result<Input, ApiError>,
    asker: &mut Option<i64>,
) -> Outcome {
    let server = &*context.server;
    let now_ms = server.clock.now_ms();
    let mut db = server.db();
    let transaction = db.transaction()?;
    let token = authenticate(&transaction, headers, now_ms)?;
    *asker = Some(token.id);
    let user = users::get(&transaction, token.user_id)?
        .ok_or_else(|| ApiError::unauthorized("The owner of this token does not exist any more."))?;
    context.origin.admits(&transaction, &user)?;
    if let Some(need) = route.need
        && !token.grants.allows(need)
    {
        return Err(ApiError::missing_scope(need));
    }
    let mut call = Call {
        server,
        origin: &context.origin,
        db: &transaction,
        user,
        path,
        query,
        input: input?,
        headers: headers.clone(),
        grants: token.grants,
        family: route.family,
        now_ms,
    };
    let reply = (route.run)(&mut call)?;
    transaction.commit()?;
    Ok(reply)
}

/// The text after `Bearer `.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn authenticate(db: &Connection, headers: &HeaderMap, now_ms: i64) -> Result<Token, ApiError> {
    let text = bearer(headers).ok_or_else(|| {
        ApiError::unauthorized("Authentication required: send the header \"Authorization: Bearer TOKEN\".")
    })?;
    let token = tokens::by_text(db, text)?.ok_or_else(|| ApiError::unauthorized("Invalid token."))?;
    if token.revoked_at.is_some() {
        return Err(ApiError::unauthorized("This token has been revoked."));
    }
    if !token.living(now_ms) {
        return Err(expired_token());
    }
    Ok(token)
}

/// The refusal of a token that was good once; faults use it too.
pub fn expired_token() -> ApiError {
    ApiError::unauthorized("This token is expired.")
}

/// A JSON answer.
pub fn json_response(status: StatusCode, value: &Value) -> Response {
    json_text(status, value.to_string())
}

fn json_text(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn body_response(kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A file to be saved under a name.
pub fn file_response(name: &str, bytes: Vec<u8>) -> Response {
    let mut response = body_response("application/octet-stream", Body::from(bytes));
    let disposition = format!(
        "attachment; filename=\"{}\"",
        name.replace(['"', '\\', '\r', '\n'], "_")
    );
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    response
}

/// A refusal as an answer.
pub fn refuse(error: &ApiError) -> Response {
    let mut response = json_response(error.status, &error.body());
    if let Some(value) = error
        .retry_after
        .as_deref()
        .and_then(|text| HeaderValue::from_str(text).ok())
    {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}
