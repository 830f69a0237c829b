//! What servers answer: bodies, pages, refusals, headers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use xano_metadata::fuzzing::{self, TOKEN};
use xano_metadata::records::Search;

use super::{assert_short, is_json, shown};
use crate::input::Input;

/// A body with the token somewhere in it, as servers that echo their requests send it.
fn with_token(input: &mut Input<'_>) -> Vec<u8> {
    let (flag, at) = (input.flag(), usize::from(input.number()));
    let mut body = input.rest().to_vec();
    if flag {
        let at = at.min(body.len());
        body.splice(at..at, TOKEN.bytes());
    }
    body
}

/// Any body as JSON: read, or refused with an error that shows where and not the token.
pub(crate) fn answers(bytes: &[u8]) {
    let body = with_token(&mut Input::new(bytes));
    let reply = fuzzing::reply(body.clone().into());
    match reply.json::<Value>() {
        Ok(value) => {
            let again: Value = serde_json::from_str(&value.to_string()).expect("what was read can be written");
            assert_eq!(again, value);
        }
        Err(error) => {
            assert_eq!(error.code(), "decode_error");
            assert!(!shown(&error).contains(TOKEN), "{error}");
            assert_short(&error);
        }
    }
    if let Err(error) = reply.json::<Vec<Map<String, Value>>>() {
        assert!(!shown(&error).contains(TOKEN), "{error}");
    }
}

/// A refusal of any status with any headers and body.
pub(crate) fn refusal(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let status = StatusCode::from_u16(300 + input.number() % 300).expect("a status");
    let mut headers = HeaderMap::new();
    for name in ["retry-after", "location", "x-request-id", "cf-ray"] {
        if input.flag()
            && let Ok(value) = HeaderValue::from_bytes(input.text().replace("$T", TOKEN).as_bytes())
        {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    let body = with_token(&mut input);
    let error = fuzzing::refusal(status, &headers, &body);
    assert_eq!(error.status(), Some(status.as_u16()));
    assert!(!error.code().is_empty());
    assert!(!shown(&error).contains(TOKEN), "{error}");
    assert!(error.body().unwrap_or_default().chars().count() < 600);
    if let Some(payload) = error.payload() {
        assert!(is_json(payload.as_bytes()), "{payload}");
    }
}

/// `Retry-After`: seconds or a date, and nothing else.
pub(crate) fn retry_after(bytes: &[u8]) {
    let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let wait = fuzzing::retry_after(bytes, now);
    let Ok(text) = std::str::from_utf8(bytes).map(str::trim) else {
        return;
    };
    let visible = bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && visible && text.len() <= 9 {
        assert_eq!(wait, Some(Duration::from_secs(text.parse().expect("digits"))));
    }
    if text.starts_with('-') {
        assert_eq!(wait, None, "a wait into the past");
    }
    if let Some(wait) = wait {
        assert!(visible, "a header with control characters was read");
        let seconds = text.parse::<f64>().ok();
        let date = httpdate::parse_http_date(text).ok();
        let expected = match (seconds, date) {
            (Some(seconds), _) => Duration::try_from_secs_f64(seconds).expect("a wait that can be told"),
            (None, Some(date)) => date.duration_since(now).unwrap_or_default(),
            (None, None) => panic!("{text:?} is {wait:?}"),
        };
        assert_eq!(wait, expected);
    }
    let _ = fuzzing::retry_after(bytes, SystemTime::now());
}

/// A page: what is found in it is what a parser of JSON finds.
pub(crate) fn page(bytes: &[u8]) {
    let found = fuzzing::page(bytes);
    if let Ok(found) = &found {
        let items = &bytes[found.items.clone()];
        assert!(items.starts_with(b"[") && items.ends_with(b"]"));
        let mut end = 0;
        for item in &found.each {
            assert!(end <= item.start && item.start < item.end && item.end <= bytes.len());
            end = item.end;
        }
        assert!(found.count <= found.each.len());
    }
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    // In escapes and by repetition a name can stand where a scan does not look for it; no server writes so.
    let plain = !bytes.contains(&b'\\') && bytes.windows(7).filter(|window| window == b"\"items\"").count() <= 1;
    let items = match &value {
        Value::Array(items) => Some(items),
        Value::Object(fields) if plain => fields.get("items").and_then(Value::as_array),
        _ => None,
    };
    if let Some(items) = items {
        let found = found.expect("a page in good JSON");
        assert_eq!(found.count, items.len());
        let each: Vec<Value> = found
            .each
            .iter()
            .map(|item| serde_json::from_slice(&bytes[item.clone()]).expect("an item in good JSON"))
            .collect();
        assert_eq!(&each, items);
    } else if plain {
        assert!(found.is_err(), "a page was found where there is none");
    }
    if let Value::Object(fields) = &value
        && plain
        && bytes.windows(4).filter(|window| window == b"\"id\"").count() == 1
    {
        let text = fuzzing::field(bytes.trim_ascii(), "id");
        let read = text.map(|text| serde_json::from_slice::<Value>(text).expect("a value in good JSON"));
        assert_eq!(read.as_ref(), fields.get("id"));
    }
}

/// A search: narrowed by another condition it keeps every letter, or it cannot be narrowed.
pub(crate) fn search(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(raw) = RawValue::from_string(text.to_owned()) else {
        return;
    };
    match fuzzing::search(&raw, &Search::new().gt("id", 5)) {
        Ok(Some(narrowed)) => {
            let parts: Vec<&RawValue> = serde_json::from_str(narrowed.get()).expect("a list");
            let (last, others) = parts.split_last().expect("a condition at least");
            assert_eq!(last.get(), r#"{"id|>":5}"#);
            for other in others {
                assert!(
                    other.get().starts_with('{') && text.contains(other.get()),
                    "{}",
                    other.get()
                );
            }
        }
        Ok(None) => {}
        Err(error) => {
            assert_eq!(error.code(), "config_error");
            assert_short(&error);
        }
    }
}
