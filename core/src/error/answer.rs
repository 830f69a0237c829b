//! Reading a refusal: Xano's `{code, message, payload}`, and whatever gateways send instead.
//!
//! Nothing here may fail. A body can be HTML from a proxy, cut in the middle, or JSON of another shape; then the start of
//! it is shown as it came.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// Characters of a body that an error shows. Enough for a message and a stack's first lines, little enough for a log.
const SHOWN: usize = 500;

/// Codes by which a server says no for good, whatever status they come with.
const REFUSALS: [&str; 6] = [
    "ERROR_CODE_ACCESS_DENIED",
    "ERROR_CODE_BAD_REQUEST",
    "ERROR_CODE_INPUT_ERROR",
    "ERROR_CODE_NOT_FOUND",
    "ERROR_CODE_SYNTAX_ERROR",
    "ERROR_CODE_UNAUTHORIZED",
];

/// Messages by which it says so without a code: a sandbox call on the free plan, and a push to a workspace that forbids
/// it, come as 500.
const REFUSAL_MESSAGES: [&str; 2] = ["access denied", "push is disabled"];

/// Headers in which servers and gateways name a request.
const REQUEST_ID_HEADERS: [&str; 4] = ["x-request-id", "x-amzn-requestid", "x-amzn-trace-id", "cf-ray"];

/// An answer with a status of 300 or above, read as far as it can be.
#[derive(Debug)]
pub(crate) struct ErrorAnswer {
    pub(crate) status: StatusCode,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) payload: Option<String>,
    pub(crate) param: Option<String>,
    pub(crate) line: Option<u64>,
    pub(crate) col: Option<u64>,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: String,
}

impl ErrorAnswer {
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8], retry_after: Option<Duration>) -> Self {
        let text = String::from_utf8_lossy(body);
        let json = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object);
        let field = |name: &str| json.as_ref().and_then(|json| json.get(name));
        let payload = field("payload").filter(|payload| !is_blank(payload));
        let number = |name: &str| payload.and_then(|payload| payload.get(name)).and_then(Value::as_u64);
        Self {
            status,
            code: field("code")
                .and_then(Value::as_str)
                .filter(|code| !code.is_empty())
                .map(str::to_owned),
            message: field("message")
                .and_then(Value::as_str)
                .filter(|message| !message.trim().is_empty())
                .map_or_else(|| message_without_json(status, headers, &text), str::to_owned),
            payload: payload.map(Value::to_string),
            param: payload
                .and_then(|payload| payload.get("param"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            line: number("line"),
            col: number("col"),
            request_id: request_id(headers),
            retry_after,
            body: shorten(&text),
        }
    }

    /// Whether the server refused for good, so that asking again cannot help.
    pub(crate) fn is_refusal(&self) -> bool {
        let message = self.message.trim().trim_end_matches('.').to_ascii_lowercase();
        self.param.is_some()
            || self.code.as_deref().is_some_and(|code| REFUSALS.contains(&code))
            || REFUSAL_MESSAGES.iter().any(|refusal| message == *refusal)
    }

    /// Every text that came from the server.
    pub(crate) fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let optional = [&mut self.code, &mut self.payload, &mut self.param, &mut self.request_id];
        optional
            .into_iter()
            .flatten()
            .chain([&mut self.message, &mut self.body])
    }
}

pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    let value = REQUEST_ID_HEADERS.iter().find_map(|name| headers.get(*name))?;
    value.to_str().ok().map(shorten)
}

fn is_blank(payload: &Value) -> bool {
    payload.is_null() || payload.as_str() == Some("")
}

fn message_without_json(status: StatusCode, headers: &HeaderMap, text: &str) -> String {
    if status.is_redirection() {
        return redirect_message(headers);
    }
    let reason = status.canonical_reason().unwrap_or("no reason given");
    let words = if looks_like_html(text) {
        title(text)
    } else {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let words: String = words.chars().take(200).collect();
    if words.is_empty() {
        reason.to_owned()
    } else {
        format!("{reason}: {words}")
    }
}

fn redirect_message(headers: &HeaderMap) -> String {
    let target = headers
        .get(http::header::LOCATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|location| url::Url::parse(location).ok())
        .and_then(|url| url.host_str().map(str::to_owned));
    let whither = target.map_or_else(String::new, |host| format!(" to {host}"));
    format!("The server redirects{whither}; API calls follow no redirect, because that would carry the token along")
}

fn looks_like_html(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

/// The title of an HTML page, or its text.
fn title(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    if let Some(start) = lower.find("<title>").map(|at| at + 7) {
        let end = lower[start..]
            .find("</title>")
            .map_or(html.len(), |length| start + length);
        return html[start..end].split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let mut text = String::new();
    let mut inside_tag = false;
    for character in html.chars() {
        match character {
            '<' => inside_tag = true,
            '>' => {
                inside_tag = false;
                text.push(' ');
            }
            other if !inside_tag => text.push(other),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The start of `text`, with an ellipsis where something was left out.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes in all)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> ErrorAnswer {
        let status = StatusCode::from_u16(status).expect("a status");
        ErrorAnswer::read(status, &HeaderMap::new(), body.as_bytes(), None)
    }

    #[test]
    fn every_shape_of_payload_is_read() {
        let input = read(
            400,
            r#"{"code":"ERROR_CODE_INPUT_ERROR","message":"Missing param: x","payload":{"param":"x"}}"#,
        );
        assert_eq!(input.code.as_deref(), Some("ERROR_CODE_INPUT_ERROR"));
        assert_eq!(input.param.as_deref(), Some("x"));
        assert_eq!(input.payload.as_deref(), Some(r#"{"param":"x"}"#));
        let syntax = read(
            400,
            r#"{"code":"ERROR_CODE_SYNTAX_ERROR","message":"m","payload":{"line":3,"col":7}}"#,
        );
        assert_eq!((syntax.line, syntax.col), (Some(3), Some(7)));
        for blank in [r#""""#, "null"] {
            assert_eq!(
                read(404, &format!(r#"{{"message":"m","payload":{blank}}}"#)).payload,
                None
            );
        }
        assert_eq!(
            read(404, r#"{"message":"m","payload":"text"}"#).payload.as_deref(),
            Some(r#""text""#)
        );
        assert_eq!(read(404, r#"{"message":"m"}"#).payload, None);
    }

    #[test]
    fn a_gateway_page_shows_its_title() {
        let page = read(
            502,
            "<html><head><title>502 Bad\n Gateway</title></head><body>nginx</body></html>",
        );
        assert_eq!(page.message, "Bad Gateway: 502 Bad Gateway");
        assert!(page.body.contains("nginx"));
        assert_eq!(read(502, "<p>over <b>loaded</b>").message, "Bad Gateway: over loaded");
    }

    #[test]
    fn bodies_that_are_no_object_are_shown() {
        assert_eq!(
            read(500, r#"{"code":"ERR"#).message,
            r#"Internal Server Error: {"code":"ERR"#
        );
        assert_eq!(read(500, "").message, "Internal Server Error");
        assert_eq!(read(500, "[1]").message, "Internal Server Error: [1]");
        assert_eq!(read(500, r#"{"message":12}"#).code, None);
    }

    #[test]
    fn long_bodies_are_shortened_on_a_character() {
        let long = "ü".repeat(2000);
        let answer = read(500, &long);
        assert!(
            answer.body.chars().count() < 540 && answer.body.contains("(4000 bytes in all)"),
            "{}",
            answer.body
        );
    }

    #[test]
    fn a_definite_refusal_is_known_by_code_or_words() {
        assert!(read(500, r#"{"code":"ERROR_FATAL","message":"Access Denied."}"#).is_refusal());
        assert!(read(500, r#"{"code":"ERROR_CODE_ACCESS_DENIED","message":"no"}"#).is_refusal());
        assert!(read(500, r#"{"message":"bad","payload":{"param":"name"}}"#).is_refusal());
        assert!(read(500, r#"{"message":"Push is disabled"}"#).is_refusal());
        assert!(!read(500, r#"{"code":"ERROR_FATAL","message":"Something broke"}"#).is_refusal());
        assert!(!read(502, "<html>access denied").is_refusal());
    }

    #[test]
    fn a_redirect_tells_the_host_only() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "location",
            "https://elsewhere.example/path?token=1".parse().expect("a header"),
        );
        let answer = ErrorAnswer::read(StatusCode::FOUND, &headers, b"", None);
        assert!(
            answer.message.contains("redirects to elsewhere.example;"),
            "{}",
            answer.message
        );
        assert!(!answer.message.contains("token=1"));
    }
}
