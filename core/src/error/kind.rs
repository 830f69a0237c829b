//! The kinds of failure, their codes and their class names in the other languages.

use http::StatusCode;

/// What kind of failure an [`Error`](crate::Error) is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument, option or credential cannot be used. Nothing was sent.
    Config,
    /// No answer could be had.
    Connection,
    /// Something took longer than allowed.
    Timeout,
    /// The call was given up by its caller, or the client was closed.
    Cancelled,
    /// An answer came but does not read as what it should be.
    Decode,
    /// 400: the server does not accept the input.
    BadRequest,
    /// 401: the token is missing, wrong, expired or revoked.
    Authentication,
    /// 403: the token lacks a scope, or its owner's role does not allow it.
    Permission,
    /// 404: there is no such thing.
    NotFound,
    /// 409: it clashes with what is there.
    Conflict,
    /// 429: too many requests.
    RateLimit,
    /// 500 and above: the server failed.
    Server,
    /// Another status that is not success, such as a redirect.
    Http,
    /// A row of a job on records cannot be stored, or it cannot be known what became of it.
    Record,
    /// Something asked for a yes, a name or a clean state, and did not get it. What it would have changed is as it was.
    Refused,
    /// A defect of ours.
    #[default]
    Internal,
}

impl ErrorKind {
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            400 => Self::BadRequest,
            401 => Self::Authentication,
            403 => Self::Permission,
            404 => Self::NotFound,
            409 => Self::Conflict,
            429 => Self::RateLimit,
            500.. => Self::Server,
            _ => Self::Http,
        }
    }

    /// The code of this kind, used when the server gave none.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Config => "config_error",
            Self::Connection => "connection_error",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Decode => "decode_error",
            Self::BadRequest => "bad_request",
            Self::Authentication => "unauthorized",
            Self::Permission => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::RateLimit => "rate_limited",
            Self::Server => "server_error",
            Self::Http => "http_error",
            Self::Record => "record_error",
            Self::Refused => "refused",
            Self::Internal => "internal_error",
        }
    }

    /// The name of its class in Python and TypeScript.
    #[must_use]
    pub const fn class_name(self) -> &'static str {
        match self {
            Self::Config => "ConfigError",
            Self::Connection => "ConnectionError",
            Self::Timeout => "TimeoutError",
            Self::Cancelled => "Cancelled",
            Self::Decode => "DecodeError",
            Self::BadRequest => "BadRequestError",
            Self::Authentication => "AuthenticationError",
            Self::Permission => "PermissionError",
            Self::NotFound => "NotFoundError",
            Self::Conflict => "ConflictError",
            Self::RateLimit => "RateLimitError",
            Self::Server => "ServerError",
            Self::Http => "ApiError",
            Self::Record => "RecordError",
            Self::Refused => "RefusedError",
            Self::Internal => "XanoError",
        }
    }

    /// Whether a server answered.
    #[must_use]
    pub const fn is_api(self) -> bool {
        matches!(
            self,
            Self::BadRequest
                | Self::Authentication
                | Self::Permission
                | Self::NotFound
                | Self::Conflict
                | Self::RateLimit
                | Self::Server
                | Self::Http
        )
    }
}
