//! Reading a fault rule from JSON, with errors that name the field.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{Fault, Rule, Scripted};
use crate::error::ApiError;

const COMMON: [&str; 11] = [
    "kind",
    "method",
    "path",
    "origin",
    "times",
    "after",
    "probability",
    "seed",
    "apply",
    "reply",
    "note",
];

/// The kinds, each with the fields of its own.
const KINDS: [(&str, &[&str]); 17] = [
    ("latency", &["ms"]),
    ("status", &["status", "headers", "body"]),
    ("reply", &["status", "headers", "body"]),
    ("html", &["status", "body"]),
    ("token_expired", &[]),
    ("reset", &[]),
    ("reset_before", &[]),
    ("reset_after", &[]),
    ("close", &[]),
    ("garbage", &["body"]),
    ("hang", &["ms"]),
    ("reset_mid_body", &["bytes"]),
    ("cut_body", &["bytes"]),
    ("long_body", &["body"]),
    ("wrong_length", &["length"]),
    ("slow", &["bytes_per_second"]),
    ("close_after_answer", &[]),
];

/// Reads one rule.
pub fn parse(value: &Value) -> Result<Rule, ApiError> {
    let Value::Object(map) = value else {
        return Err(ApiError::bad_request(
            "A fault rule is an object such as {\"kind\": \"reset\", \"times\": 1}.",
        ));
    };
    let fields = Fields(map);
    let word = fields
        .text("kind")?
        .ok_or_else(|| ApiError::input("kind", format!("Missing param: kind. {}", known())))?;
    let Some((kind, own)) = KINDS.into_iter().find(|(kind, _)| *kind == word) else {
        return Err(ApiError::input(
            "kind",
            format!("No fault is called {word:?}. {}", known()),
        ));
    };
    if let Some(stray) = map
        .keys()
        .find(|key| !COMMON.contains(&key.as_str()) && !own.contains(&key.as_str()))
    {
        return Err(ApiError::input(
            stray,
            format!("A {kind} fault has no field {stray:?}; it takes {own:?} and {COMMON:?}."),
        ));
    }
    let fault = fault(kind, &fields)?;
    let apply = match kind {
        "reset_after" => true,
        "reset_mid_body" | "cut_body" | "long_body" | "wrong_length" | "slow" | "close_after_answer" => {
            fields.flag("apply", !map.contains_key("reply"))?
        }
        _ => fields.flag("apply", false)?,
    };
    Ok(Rule {
        id: 0,
        kind,
        fault,
        apply,
        base: fields
            .0
            .get("reply")
            .map(|reply| match reply {
                Value::Object(reply) => Fields(reply).scripted(200),
                _ => Err(ApiError::input(
                    "reply",
                    "reply is an object with status, headers and body.",
                )),
            })
            .transpose()?,
        method: fields.text("method")?.map(str::to_owned),
        path: fields.text("path")?.map(str::to_owned),
        origin: fields.text("origin")?.map(str::to_owned),
        times: fields.times()?,
        after: fields.number("after")?.unwrap_or(0),
        chance: fields.chance()?,
        seen: 0,
        fired: 0,
    })
}

fn known() -> String {
    let kinds: Vec<_> = KINDS.iter().map(|(kind, _)| *kind).collect();
    format!("Known kinds: {}.", kinds.join(", "))
}

fn fault(kind: &str, fields: &Fields<'_>) -> Result<Fault, ApiError> {
    let bytes = fields.number("bytes")?.and_then(|n| usize::try_from(n).ok());
    Ok(match kind {
        "latency" => Fault::Latency(
            fields
                .duration()?
                .ok_or_else(|| ApiError::input("ms", "Missing param: ms"))?,
        ),
        "status" | "reply" => Fault::Reply(fields.scripted(if kind == "reply" { 200 } else { 500 })?),
        "html" => Fault::Reply(fields.html()?),
        "token_expired" => Fault::TokenExpired,
        "reset" | "reset_before" | "reset_after" => Fault::Reset,
        "close" => Fault::Close,
        "garbage" => Fault::Garbage(
            fields
                .body()
                .unwrap_or_else(|| Bytes::from_static(b"\x16\x03\x01\x00\x2a\x02 this is not HTTP\r\n\r\n")),
        ),
        "hang" => Fault::Hang(fields.duration()?),
        "reset_mid_body" => Fault::ResetMidBody(bytes),
        "cut_body" => Fault::CutBody(bytes),
        "long_body" => Fault::LongBody(fields.body().unwrap_or_else(|| Bytes::from_static(b"and then some"))),
        "wrong_length" => Fault::WrongLength(match fields.0.get("length") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            None => "-1".to_owned(),
            Some(_) => {
                return Err(ApiError::input(
                    "length",
                    "length is the Content-Length to send, a number or text.",
                ));
            }
        }),
        "slow" => {
            let rate = fields.number("bytes_per_second")?.unwrap_or(1000);
            let rate = u32::try_from(rate).ok().filter(|rate| *rate > 0);
            Fault::Slow(
                rate.ok_or_else(|| ApiError::input("bytes_per_second", "bytes_per_second is a whole number from 1."))?,
            )
        }
        _ => Fault::CloseAfterAnswer,
    })
}

struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    fn given(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        self.given(name)
            .map(|value| {
                value
                    .as_str()
                    .ok_or_else(|| ApiError::input(name, format!("{name} must be text.")))
            })
            .transpose()
    }

    fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        self.given(name)
            .map(|value| {
                value
                    .as_u64()
                    .ok_or_else(|| ApiError::input(name, format!("{name} must be a whole number from 0.")))
            })
            .transpose()
    }

    fn flag(&self, name: &str, default: bool) -> Result<bool, ApiError> {
        self.given(name).map_or(Ok(default), |value| {
            value
                .as_bool()
                .ok_or_else(|| ApiError::input(name, format!("{name} must be true or false.")))
        })
    }

    fn duration(&self) -> Result<Option<Duration>, ApiError> {
        Ok(self.number("ms")?.map(Duration::from_millis))
    }

    fn times(&self) -> Result<Option<u64>, ApiError> {
        match self.given("times") {
            None => Ok(None),
            Some(Value::String(word)) if word == "always" => Ok(None),
            Some(_) => self.number("times"),
        }
    }

    fn chance(&self) -> Result<Option<(f64, fastrand::Rng)>, ApiError> {
        let Some(value) = self.given("probability") else {
            return Ok(None);
        };
        let chance = value.as_f64().filter(|chance| (0.0..=1.0).contains(chance));
        let chance = chance.ok_or_else(|| ApiError::input("probability", "probability is a number from 0 to 1."))?;
        let seed = self.number("seed")?.unwrap_or(1);
        Ok(Some((chance, fastrand::Rng::with_seed(seed))))
    }

    fn status(&self, default: u16) -> Result<u16, ApiError> {
        let status = self.number("status")?.map_or(Some(default), |n| u16::try_from(n).ok());
        status
            .filter(|status| (100..=999).contains(status))
            .ok_or_else(|| ApiError::input("status", "status is a number from 100 to 999."))
    }

    /// Text is sent as it stands; anything else is sent as JSON.
    fn body(&self) -> Option<Bytes> {
        match self.0.get("body") {
            None => None,
            Some(Value::String(text)) => Some(Bytes::from(text.clone())),
            Some(other) => Some(Bytes::from(other.to_string())),
        }
    }

    fn scripted(&self, default: u16) -> Result<Scripted, ApiError> {
        let status = self.status(default)?;
        let body = self.body().unwrap_or_else(|| Bytes::from(default_body(status)));
        let mut headers = Vec::new();
        for (name, value) in self.given("headers").and_then(Value::as_object).into_iter().flatten() {
            match value {
                Value::String(text) => headers.push((name.clone(), text.clone())),
                Value::Array(list) => {
                    headers.extend(
                        list.iter()
                            .map(|v| (name.clone(), v.as_str().unwrap_or_default().to_owned())),
                    );
                }
                other => headers.push((name.clone(), other.to_string())),
            }
        }
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        if headers
            .iter()
            .any(|(name, value)| name.is_empty() || [name, value].iter().any(|t| t.contains(['\r', '\n'])))
        {
            return Err(ApiError::input("headers", "headers have a name, and no line breaks."));
        }
        Ok(Scripted { status, headers, body })
    }

    fn html(&self) -> Result<Scripted, ApiError> {
        let status = self.status(502)?;
        let reason = http::StatusCode::from_u16(status)
            .ok()
            .and_then(|s| s.canonical_reason())
            .unwrap_or("Error");
        let page = format!(
            "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>{status} {reason}</h1></center>\r\n\
             <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        );
        Ok(Scripted {
            status,
            headers: vec![("content-type".to_owned(), "text/html".to_owned())],
            body: self.body().unwrap_or_else(|| Bytes::from(page)),
        })
    }
}

fn default_body(status: u16) -> String {
    let code = match status {
        400 => "ERROR_CODE_BAD_REQUEST",
        401 => "ERROR_CODE_UNAUTHORIZED",
        403 => "ERROR_CODE_ACCESS_DENIED",
        404 => "ERROR_CODE_NOT_FOUND",
        429 => "ERROR_CODE_TOO_MANY_REQUESTS",
        _ => "ERROR_FATAL",
    };
    serde_json::json!({"code": code, "message": format!("Injected status {status}."), "payload": ""}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn says_which_field_is_wrong() {
        for (rule, param) in [
            (json!({}), "kind"),
            (json!({"kind": "explode"}), "kind"),
            (json!({"kind": "latency"}), "ms"),
            (json!({"kind": "latency", "ms": -1}), "ms"),
            (json!({"kind": "status", "status": 99}), "status"),
            (json!({"kind": "reset", "times": "twice"}), "times"),
            (json!({"kind": "reset", "probability": 2}), "probability"),
            (json!({"kind": "reset", "delay": 2}), "delay"),
            (json!({"kind": "slow", "bytes_per_second": 0}), "bytes_per_second"),
            (json!({"kind": "reply", "headers": {"a": "b\r\nc: d"}}), "headers"),
            (json!({"kind": "cut_body", "reply": 7}), "reply"),
        ] {
            let error = parse(&rule).expect_err("refused");
            assert_eq!(error.payload["param"], param, "{rule}: {}", error.message);
        }
        assert!(parse(&json!("reset")).is_err());
    }

    #[test]
    fn scripted_bodies_are_text_or_json() {
        for (body, sent) in [
            (json!("plain"), "plain"),
            (json!({"a": null}), r#"{"a":null}"#),
            (json!(null), "null"),
            (json!(""), ""),
        ] {
            let rule = parse(&json!({"kind": "reply", "body": body})).expect("a rule");
            let Fault::Reply(scripted) = rule.fault else {
                panic!("not a reply")
            };
            assert_eq!(scripted.body, sent);
        }
    }
}
