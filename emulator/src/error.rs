//! Refusals, in the shape the Metadata API uses: `{code, message, payload}`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::scope::Need;

/// A refusal of one request.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// One of Xano's `ERROR_…` words.
    pub code: &'static str,
    /// A sentence that says what happened and what to do.
    pub message: String,
    /// `""`, null, text, `{param}` or `{line, col}`.
    pub payload: Box<Value>,
    /// The `Retry-After` header, where there is one.
    pub retry_after: Option<String>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            payload: Box::new(json!("")),
            retry_after: None,
        }
    }

    /// 400: an input is missing or of the wrong type; names it.
    pub fn input(param: &str, message: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::BAD_REQUEST, "ERROR_CODE_INPUT_ERROR", message);
        error.payload = Box::new(json!({"param": param}));
        error
    }

    /// 400: the request as a whole makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ERROR_CODE_BAD_REQUEST", message)
    }

    /// 401: no token, or one that opens nothing.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "ERROR_CODE_UNAUTHORIZED", message)
    }

    /// 403 with a reason.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "ERROR_CODE_ACCESS_DENIED", message)
    }

    /// 403 because the token lacks a scope; names it.
    pub fn missing_scope(need: Need) -> Self {
        Self::denied(format!(
            "Access Denied. This request needs the token scope \"{}\".",
            need.label()
        ))
    }

    /// 404.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ERROR_CODE_NOT_FOUND", message)
    }

    /// 409: the control path would have to undo something to obey.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "ERROR_CODE_CONFLICT", message)
    }

    /// 429.
    pub fn too_many_requests(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "ERROR_CODE_TOO_MANY_REQUESTS", message)
    }

    /// 500: the emulator itself failed.
    pub fn fatal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "ERROR_FATAL", message)
    }

    /// The answer's body.
    pub fn body(&self) -> Value {
        json!({"code": self.code, "message": self.message, "payload": self.payload})
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        Self::fatal(format!("The emulator's database refused: {error}"))
    }
}
