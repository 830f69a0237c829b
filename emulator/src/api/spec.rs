//! `GET /apispec:meta`: what an instance says about its own API, as OpenAPI. It lists what is served
//! with its parameters in the path and the scope it asks for; bodies are described by Xano, not here.

use axum::response::Response;
use axum::routing::MethodFilter;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Route, json_response};

/// The document for a set of routes.
pub fn document(routes: &[Route]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let parameters: Vec<_> = route
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        let scope = route
            .need
            .map_or_else(String::new, |need| format!("Token scope: {}", need.label()));
        let item = paths.entry(route.path.to_string()).or_insert_with(|| json!({}));
        item[method(route.method)] = json!({
            "description": scope,
            "parameters": parameters,
            "responses": {"200": {"description": "Success"}},
        });
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Metadata API (emulated)", "version": env!("CARGO_PKG_VERSION")},
        "servers": [{"url": "/api:meta"}],
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "security": [{"bearer": []}],
        "paths": paths,
    })
}

fn method(filter: MethodFilter) -> &'static str {
    let known = [
        (MethodFilter::GET, "get"),
        (MethodFilter::POST, "post"),
        (MethodFilter::PUT, "put"),
        (MethodFilter::PATCH, "patch"),
        (MethodFilter::DELETE, "delete"),
    ];
    known
        .into_iter()
        .find(|(wanted, _)| *wanted == filter)
        .map_or("get", |(_, name)| name)
}

/// The document as an answer; like the real one it needs no token.
pub fn serve(document: &Value) -> Response {
    json_response(StatusCode::OK, document)
}
