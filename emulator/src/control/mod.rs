//! The control path: everything that a real account holder does elsewhere, and everything that
//! tests want to do to a server.
//!
//! It lives under `/_emulator/` on the account origin, outside `api:meta`, asks for no token, and is
//! neither limited, nor spoiled by faults, nor journalled. The same operations can be called in
//! process with [`Emulator::control`](crate::Emulator::control).

mod body;
mod install;
mod instances;
mod limits;
mod snippets;
mod state;
mod tokens;

use http::Uri;
use serde_json::Value;

use crate::api::input::Query;
use crate::error::ApiError;
use crate::server::Server;
use body::Fields;

/// Where the control path begins.
const PREFIX: &str = "/_emulator";

/// The outcome of a control operation.
type Outcome = Result<Value, ApiError>;

/// The path with its query, if it belongs to the control path.
pub fn path(uri: &Uri) -> Option<String> {
    let rest = uri.path().strip_prefix(PREFIX)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| uri.to_string())
}

/// Carries out one control operation.
pub fn handle(server: &Server, method: &str, path: &str, body: &Value) -> (u16, Value) {
    match route(server, &method.to_ascii_uppercase(), path, body) {
        Ok(value) => (200, value),
        Err(error) => (error.status.as_u16(), error.body()),
    }
}

fn route(server: &Server, method: &str, path: &str, body: &Value) -> Outcome {
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    let uri: Uri = path
        .parse()
        .map_err(|_| ApiError::bad_request(format!("{path:?} is not a path.")))?;
    let query = Query::read(&uri);
    let inner = uri.path().strip_prefix(PREFIX).unwrap_or(uri.path());
    let decoded: Vec<String> = inner.split('/').filter(|part| !part.is_empty()).map(decode).collect();
    let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let fields = Fields::new(body);
    match (method, parts.as_slice()) {
        ("GET", []) => Ok(state::status(server)),
        ("POST", ["install"]) => install::install(server, &fields?),
        ("GET", ["users"]) => tokens::users(server),
        ("POST", ["users"]) => tokens::add_user(server, &fields?),
        ("GET", ["tokens"]) => tokens::list(server),
        ("POST", ["tokens"]) => tokens::create(server, &fields?),
        ("POST", ["tokens", "revoke"]) => tokens::revoke_named(server, &fields?),
        ("DELETE", ["tokens", id]) | ("POST", ["tokens", id, "revoke"]) => tokens::revoke(server, id),
        ("GET", ["instances"]) => instances::list(server),
        ("POST", ["instances"]) => instances::create(server, &fields?),
        ("DELETE", ["instances", name]) => instances::remove(server, name),
        ("GET", ["snippets"]) => snippets::list(server),
        ("POST", ["snippets"]) => snippets::create(server, body),
        ("DELETE", ["snippets", canonical]) => snippets::remove(server, canonical),
        ("GET", ["limits"]) => Ok(limits::list(server)),
        ("POST", ["limits"]) => limits::set(server, &fields?),
        ("GET", ["clock"]) => Ok(state::clock(server)),
        ("POST", ["clock"]) => state::advance(server, &fields?),
        ("GET", ["requests"]) => state::requests(server, &query),
        ("DELETE", ["requests"]) => Ok(state::forget_requests(server)),
        ("GET", ["faults"]) => Ok(state::faults(server)),
        ("POST", ["faults"]) => state::add_faults(server, body),
        ("DELETE", ["faults"]) => Ok(state::clear_faults(server)),
        ("DELETE", ["faults", id]) => state::remove_fault(server, id),
        ("POST", ["seed"]) => state::seed(server),
        ("POST", ["reset"]) => state::reset(server),
        _ => Err(ApiError::not_found(format!(
            "The emulator has no control operation {method} {PREFIX}{inner}; docs/emulator.md lists them."
        ))),
    }
}

/// Percent-decoding of one path segment; a stray `%` stands for itself.
pub fn decode(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| segment.get(at + 1..at + 3)).flatten();
        if let Some(byte) = code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_segments() {
        assert_eq!(decode("a%2Fb%20c"), "a/b c");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz"), "%zz");
    }

    #[test]
    fn only_its_own_prefix_counts() {
        let taken = |text: &str| path(&text.parse().expect("address"));
        assert_eq!(taken("/_emulator/faults?x=1").as_deref(), Some("/_emulator/faults?x=1"));
        assert!(taken("/_emulator").is_some());
        assert!(taken("/_emulatorx").is_none());
        assert!(taken("/api:meta/_emulator").is_none());
    }
}
