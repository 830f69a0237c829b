//! From a [`Request`] to what goes on the wire, refusing what would not survive the way.
//!
//! Every value is checked against its row before anything is sent, and percent-encoded so that it cannot become another
//! path, another parameter or another header. The error names the parameter and says what to give.

use std::borrow::Cow;
use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::body::Body;
use crate::error::Error;
use crate::operation::{AnswerKind, BodyKinds, Operation, Param, ParamKind};
use crate::request::{Request, Target, Value};

/// What stays as it is in a path segment or a query: the characters that RFC 3986 calls unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Headers that belong to the engine or to HTTP itself.
const RESERVED_HEADERS: [&str; 9] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A request that was found good.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) path_and_query: String,
    pub(crate) headers: HeaderMap,
}

impl Prepared {
    pub(crate) fn of(request: &Request) -> Result<Self, Error> {
        let mut headers = HeaderMap::with_capacity(8);
        let mut target = match &request.target {
            Target::Row(row) => {
                check_known("query", &request.query, row.query)?;
                check_known("header", &request.headers, row.headers)?;
                check_body(row, &request.body)?;
                fill_path(row, &request.path)?
            }
            Target::Raw { path, .. } => raw_path(path)?,
        };
        push_query(&mut target, &request.query)?;
        for (name, value) in &request.headers {
            let text = plain(name, value)?;
            headers.insert(header_name(name)?, header_value(name, &text)?);
        }
        add_headers(&mut headers, &request.options.headers)?;
        let accept = match &request.target {
            Target::Row(row) if row.answer == AnswerKind::Json => "application/json",
            Target::Row(row) if row.answer == AnswerKind::Events => "text/event-stream",
            _ => "application/json, */*;q=0.8",
        };
        headers
            .entry(header::ACCEPT)
            .or_insert(HeaderValue::from_static(accept));
        Ok(Self {
            path_and_query: target,
            headers,
        })
    }
}

/// Adds headers that a user gave, refusing those that are the engine's.
pub(crate) fn add_headers(headers: &mut HeaderMap, given: &[(String, String)]) -> Result<(), Error> {
    for (name, value) in given {
        let key = header_name(name)?;
        if RESERVED_HEADERS.contains(&key.as_str()) {
            return Err(Error::config(format!(
                "The header {name:?} is set by the client itself and cannot be given."
            )));
        }
        headers.insert(key, header_value(name, value)?);
    }
    Ok(())
}

fn header_name(name: &str) -> Result<HeaderName, Error> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| Error::config(format!("{name:?} is not a header name.")))
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, Error> {
    if value.chars().any(char::is_control) {
        return Err(Error::config(format!(
            "The value for the header {name} contains a line break or another control character."
        )));
    }
    HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| Error::config(format!("The value for the header {name} cannot be sent.")))
}

fn fill_path(row: &Operation, values: &[Value]) -> Result<String, Error> {
    if values.len() != row.path_params.len() {
        let names: Vec<&str> = row.path_params.iter().map(|param| param.name).collect();
        return Err(Error::config(format!(
            "{} takes {} path values ({}), {} were given.",
            row.id,
            names.len(),
            names.join(", "),
            values.len()
        )));
    }
    let mut path = String::with_capacity(row.path.len() + 24);
    let mut rest = row.path;
    for (param, value) in row.path_params.iter().zip(values) {
        let (before, behind) = rest.split_once('{').unwrap_or((rest, ""));
        path.push_str(before);
        path.push_str(&segment(param, value)?);
        rest = behind.split_once('}').map_or("", |(_, behind)| behind);
    }
    path.push_str(rest);
    Ok(path)
}

/// A value as one path segment.
fn segment(param: &Param, value: &Value) -> Result<String, Error> {
    if matches!(value, Value::Null) {
        return Err(Error::config(format!(
            "{} stands in the path, so it cannot be null.",
            param.name
        )));
    }
    check_value(param, value)?;
    let text = plain(param.name, value)?;
    segment_text(param.name, &text)
}

fn segment_text(name: &str, text: &str) -> Result<String, Error> {
    let refuse = |why: &str| Err(Error::config(format!("{name} {why}, so it cannot stand in a path.")));
    match text {
        "" => refuse("is empty"),
        "." | ".." => refuse(&format!("is {text:?}")),
        text if text.chars().any(char::is_control) => refuse("contains a control character"),
        text => Ok(utf8_percent_encode(text, ENCODED).to_string()),
    }
}

/// The path of a raw request: kept as it is, apart from what no URL may hold.
fn raw_path(path: &str) -> Result<String, Error> {
    const KEPT: &AsciiSet = &percent_encoding::CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'<')
        .add(b'>')
        .add(b'`')
        .add(b'{')
        .add(b'}')
        .add(b'^')
        .add(b'|');
    let refuse = |why: &str| Err(Error::config(format!("The path {path:?} {why}")));
    if path.contains("://") || path.starts_with("//") {
        return refuse("names a host. Give the part below the base URL, such as /workspace/1.");
    }
    if path.contains(['?', '#']) {
        return refuse("has a query or fragment in it. Give the query as such, so that it is encoded.");
    }
    if path.chars().any(char::is_control) || path.contains('\\') {
        return refuse("contains a backslash or a control character.");
    }
    let slashed = if path.starts_with('/') {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(format!("/{path}"))
    };
    let dots = |part: &str| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if slashed.split('/').any(dots) {
        return refuse("contains a . or .. segment.");
    }
    Ok(utf8_percent_encode(&slashed, KEPT).to_string())
}

fn push_query(target: &mut String, query: &[(Cow<'static, str>, Value)]) -> Result<(), Error> {
    for (index, (name, value)) in query.iter().enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        let text = plain(name, value)?;
        let name = utf8_percent_encode(name, ENCODED);
        // Writing into a string cannot fail.
        let _ = write!(target, "{name}={}", utf8_percent_encode(&text, ENCODED));
    }
    Ok(())
}

/// The text of a value as it stands in a path, a query or a header.
fn plain<'v>(name: &str, value: &'v Value) -> Result<Cow<'v, str>, Error> {
    Ok(match value {
        Value::Null => Cow::Borrowed(""),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Int(number) => Cow::Owned(number.to_string()),
        Value::Float(number) if number.is_finite() => Cow::Owned(number.to_string()),
        Value::Float(_) => return Err(Error::config(format!("{name} is not a finite number."))),
        Value::String(text) | Value::Json(text) => Cow::Borrowed(text),
    })
}

fn check_known(place: &str, given: &[(Cow<'static, str>, Value)], known: &[Param]) -> Result<(), Error> {
    for (name, value) in given {
        let Some(param) = known.iter().find(|param| param.name.eq_ignore_ascii_case(name)) else {
            let names: Vec<&str> = known.iter().map(|param| param.name).collect();
            let list = if names.is_empty() {
                "it takes none".to_owned()
            } else {
                format!("it takes {}", names.join(", "))
            };
            return Err(Error::config(format!(
                "There is no {place} parameter {name:?}; {list}."
            )));
        };
        check_value(param, value)?;
        let repeated = given.iter().filter(|(other, _)| other == name).count() > 1;
        if repeated && param.kind != ParamKind::List {
            return Err(Error::config(format!("{name} is given more than once.")));
        }
    }
    match known
        .iter()
        .find(|param| param.required && !given.iter().any(|(name, _)| name.eq_ignore_ascii_case(param.name)))
    {
        Some(missing) => Err(Error::config(format!("{} is required.", missing.name))),
        None => Ok(()),
    }
}

fn check_value(param: &Param, value: &Value) -> Result<(), Error> {
    let fits = match (param.kind, value) {
        (_, Value::Null) => {
            return if param.nullable {
                Ok(())
            } else {
                Err(Error::config(format!(
                    "{} cannot be null. Leave it out to have the default.",
                    param.name
                )))
            };
        }
        (ParamKind::String, Value::String(_))
        | (ParamKind::Int, Value::Int(_))
        | (ParamKind::Number, Value::Int(_) | Value::Float(_))
        | (ParamKind::Bool, Value::Bool(_))
        | (ParamKind::IntOrString, Value::Int(_) | Value::String(_))
        | (ParamKind::Json, _) => true,
        (ParamKind::List, value) => !matches!(value, Value::Json(_)),
        // A name, which is looked up before the call is sent, or the id as text that was found for it.
        (_, Value::String(_) | Value::Json(_)) => param.finder.is_some(),
        _ => false,
    };
    if !fits {
        return Err(Error::config(format!(
            "{} has to be {}.",
            param.name,
            expected(param.kind)
        )));
    }
    if param.choices.is_empty() {
        return Ok(());
    }
    let text = plain(param.name, value)?;
    if param.choices.contains(&text.as_ref()) {
        return Ok(());
    }
    Err(Error::config(format!(
        "{} is {text:?}, but has to be one of {}.",
        param.name,
        param.choices.join(", ")
    )))
}

const fn expected(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::String => "text",
        ParamKind::Int => "a whole number",
        ParamKind::Number => "a number",
        ParamKind::Bool => "true or false",
        ParamKind::IntOrString => "a whole number or text",
        ParamKind::List => "a list of plain values",
        ParamKind::Json => "a JSON value",
    }
}

fn check_body(row: &Operation, body: &Body) -> Result<(), Error> {
    let kinds = row.body;
    let fits = match body {
        Body::Empty => !kinds.required,
        Body::Json(_) => kinds.json,
        Body::Script(_) => kinds.script,
        Body::Multipart(_) => kinds.multipart,
        Body::Bytes { .. } => false,
    };
    if fits {
        return Ok(());
    }
    let named = [
        (kinds.json, "JSON"),
        (kinds.multipart, "a form"),
        (kinds.script, "XanoScript"),
    ];
    let named: Vec<&str> = named
        .iter()
        .filter(|(takes, _)| *takes)
        .map(|(_, name)| *name)
        .collect();
    Err(Error::config(if kinds == BodyKinds::NONE {
        format!("{} takes no body.", row.id)
    } else {
        format!("{} takes {} as its body.", row.id, named.join(" or "))
    }))
}

#[cfg(test)]
mod tests;
