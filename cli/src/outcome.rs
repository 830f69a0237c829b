//! What a command comes to: an exit code, a JSON document, and text for people.

use std::io::Write as _;

use serde_json::{Value as Json, json};
use xano_fleet::Failure;
use xano_metadata::{Error, ErrorKind};

use crate::console::Console;

/// Exit codes; `docs/cli.md` promises them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All went well.
    Success,
    /// A part failed, problems were found, or (where asked) there are differences.
    Problems,
    /// The command line, a file or a name cannot be used.
    BadInput,
    /// A yes was missing, a name was wrong, a gate said no, or the token is not allowed to.
    Refused,
    /// No answer, or the server could not.
    Unreachable,
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Problems => 1,
            Self::BadInput => 2,
            Self::Refused => 3,
            Self::Unreachable => 4,
            Self::Interrupted => 130,
        }
    }

    /// The code of a failure of this kind.
    pub(crate) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Config | ErrorKind::BadRequest | ErrorKind::NotFound => Self::BadInput,
            ErrorKind::Refused | ErrorKind::Authentication | ErrorKind::Permission | ErrorKind::Conflict => {
                Self::Refused
            }
            ErrorKind::Connection | ErrorKind::Timeout | ErrorKind::RateLimit | ErrorKind::Server => Self::Unreachable,
            ErrorKind::Cancelled => Self::Interrupted,
            _ => Self::Problems,
        }
    }
}

impl Exit {
    /// The code of work in many places, of which some failed. Where nothing at all came of it and all failed in one way,
    /// it is the code of that.
    pub(crate) fn of_failures(failures: &[Failure], anything_done: bool) -> Self {
        let mut exits = failures.iter().map(|failure| match failure.error["kind"].as_str() {
            Some("ConfigError" | "BadRequestError" | "NotFoundError") => Self::BadInput,
            Some("RefusedError" | "AuthenticationError" | "PermissionError" | "ConflictError") => Self::Refused,
            Some("ConnectionError" | "TimeoutError" | "RateLimitError" | "ServerError") => Self::Unreachable,
            _ => Self::Problems,
        });
        match exits.next() {
            None => Self::Success,
            Some(first) if !anything_done && exits.all(|exit| exit == first) => first,
            Some(_) => Self::Problems,
        }
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) exit: Exit,
    /// The document of `--json`; null when the command has printed all there is.
    document: Json,
    /// What people read.
    text: String,
    /// What went wrong, for standard error.
    complaints: Vec<String>,
}

impl Outcome {
    /// All went well. The document is an object; its `ok` is added.
    pub(crate) fn success(document: Json, text: impl Into<String>) -> Self {
        Self::new(Exit::Success, document, text)
    }

    /// Any end. The document is an object; its `ok` says whether all went well.
    pub(crate) fn new(exit: Exit, mut document: Json, text: impl Into<String>) -> Self {
        if let Json::Object(fields) = &mut document {
            fields.shift_insert(0, "ok".to_owned(), Json::Bool(exit == Exit::Success));
        }
        Self {
            exit,
            document,
            text: text.into(),
            complaints: Vec::new(),
        }
    }

    /// The command has printed what there is.
    pub(crate) const fn printed(exit: Exit) -> Self {
        Self {
            exit,
            document: Json::Null,
            text: String::new(),
            complaints: Vec::new(),
        }
    }

    /// The command failed.
    pub(crate) fn failed(error: &Error) -> Self {
        Self {
            exit: Exit::of(error),
            document: failure(error),
            text: String::new(),
            complaints: vec![error.to_string()],
        }
    }

    /// Names what failed on the way on standard error; the document has it already.
    pub(crate) fn complaining(mut self, failures: &[Failure]) -> Self {
        let sentences = failures
            .iter()
            .map(|failure| format!("{}: {}", failure.at, failure.message()));
        self.complaints.extend(sentences);
        self
    }

    pub(crate) fn print(&self, json: bool, console: &Console) {
        if json {
            if !self.document.is_null() {
                say(&self.document.to_string());
            }
        } else if !self.text.is_empty() {
            say(self.text.trim_end_matches('\n'));
        }
        for complaint in &self.complaints {
            console.complain(complaint);
        }
    }
}

/// The document of a failure: `{"ok": false, "error": {…}}`.
pub(crate) fn failure(error: &Error) -> Json {
    let fields: Json = serde_json::from_str(&error.to_json()).unwrap_or(Json::Null);
    json!({ "ok": false, "error": fields })
}

/// Writes a line to standard output. False when nobody reads there any more.
pub(crate) fn say(line: &str) -> bool {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_say_first_whether_all_went_well() {
        let outcome = Outcome::new(Exit::Problems, json!({ "done": 3 }), "");
        assert_eq!(outcome.document.to_string(), r#"{"ok":false,"done":3}"#);
        let failed = Outcome::failed(&Error::refused("No."));
        assert_eq!(failed.exit, Exit::Refused);
        assert_eq!(failed.document["error"]["code"], "refused");
    }

    #[test]
    fn failures_that_are_all_there_is_have_their_own_code() {
        let (refused, unusable) = (Error::refused("x"), Error::config("x"));
        let both = [Failure::new("a", &refused), Failure::new("b", &unusable)];
        let one_way = [Failure::new("a", &refused), Failure::new("b", &refused)];
        assert_eq!(Exit::of_failures(&[], false), Exit::Success);
        assert_eq!(Exit::of_failures(&one_way, false), Exit::Refused);
        assert_eq!(Exit::of_failures(&one_way, true), Exit::Problems);
        assert_eq!(Exit::of_failures(&both, false), Exit::Problems);
    }

    #[test]
    fn each_kind_of_failure_has_its_code() {
        let codes = [
            (Error::config("x"), 2),
            (Error::refused("x"), 3),
            (Error::cancelled("x"), 130),
            (Error::damaged("x"), 1),
            (Error::internal("x"), 1),
        ];
        for (error, code) in codes {
            assert_eq!(Exit::of(&error).code(), code, "{error}");
        }
    }
}
