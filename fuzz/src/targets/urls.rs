//! URLs: bases, paths, queries and headers. Whatever stands in a value stays in its place.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::{Host, Url};
use xano_metadata::Request;
use xano_metadata::Value;
use xano_metadata::fuzzing::{self, Base};
use xano_metadata::operation::{self, Operation, Param, ParamKind};

use super::assert_short;
use crate::input::Input;

const PASSWORD: &str = "hunter2-hunter2";

/// Bases: a plain `http` one is on this machine, and all of one is seen.
pub(crate) fn base_url(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let allow_http = input.flag();
    let text = String::from_utf8_lossy(input.rest());
    match Base::parse(&text, allow_http) {
        Ok(base) => {
            assert_eq!(Base::parse(base.text(), allow_http).expect("its own form"), base);
            let url = Url::parse(base.text()).expect("a URL");
            assert!(url.username().is_empty() && url.password().is_none());
            assert!(url.query().is_none() && url.fragment().is_none());
            assert!(url.path().ends_with("/api:meta"), "{url}");
            assert!(base.text().bytes().all(|byte| byte.is_ascii_graphic()), "{url}");
            let here = match url.host().expect("a host") {
                Host::Domain(name) => {
                    let name = name.trim_end_matches('.');
                    name == "localhost" || name.ends_with(".localhost")
                }
                Host::Ipv4(address) => address.is_loopback() || address.is_unspecified(),
                Host::Ipv6(address) => {
                    let mapped = address.to_ipv4_mapped();
                    let here = mapped.is_some_and(|address| address.is_loopback() || address.is_unspecified());
                    here || address.is_loopback() || address.is_unspecified()
                }
            };
            assert!(!base.is_loopback() || here, "{url} is not this machine");
            match url.scheme() {
                "https" => {}
                "http" => assert!(here || allow_http, "the token would go to {url} in the clear"),
                other => panic!("{other} is no scheme for an API"),
            }
        }
        Err(error) => assert_short(&error),
    }
    for text in [
        format!("https://me:{PASSWORD}@{text}"),
        format!("https://{PASSWORD}@{text}"),
        format!("{text}?key={PASSWORD}"),
        format!("{text}#{PASSWORD}"),
    ] {
        let outcome = Base::parse(&text, allow_http);
        let error = outcome.expect_err("a URL with a secret in it is refused");
        assert!(!error.to_string().contains(PASSWORD), "{error}");
    }
}

/// Paths of raw requests stay below the base.
pub(crate) fn raw_path(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let request = Request::raw("GET", text.clone()).expect("a method");
    let base = Base::parse("https://x1.xano.io/gateway/api:meta", true).expect("a base");
    if let Ok((target, _)) = fuzzing::outgoing(&request)
        && let Ok(joined) = base.join(&target)
    {
        assert_eq!(joined, format!("{}{target}", base.text()));
        let url = Url::parse(&joined).expect("a URL");
        assert_eq!(url.host_str(), Some("x1.xano.io"));
        assert!(url.path().starts_with("/gateway/api:meta/"), "{url}");
        assert!(url.query().is_none() && url.fragment().is_none());
        assert_stays(&url);
    }
    // The same text as a whole target, as it might come from elsewhere.
    if text.starts_with('/')
        && let Ok(joined) = base.join(&text)
    {
        let url = Url::parse(&joined).expect("a URL");
        assert!(url.path().starts_with("/gateway/api:meta/"), "{url}");
        assert_eq!(url.as_str(), joined);
    }
}

fn assert_stays(url: &Url) {
    for segment in url.path().split('/') {
        let decoded = segment.to_ascii_lowercase().replace("%2e", ".");
        assert!(decoded != "." && decoded != "..", "{url} climbs");
    }
    assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{url}");
}

/// Every operation with any values: where a request goes out, each value stands in its own place and reads as itself.
pub(crate) fn requests(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let rows = operation::table();
    let row = &rows[usize::from(input.number()) % rows.len()];
    let mut request = Request::of(row);
    for param in row.path_params {
        request.path.push(value(param, &mut input));
    }
    for param in row.query {
        if param.required || input.flag() {
            request
                .query
                .push((Cow::Borrowed(param.name), value(param, &mut input)));
        }
    }
    for param in row.headers {
        if param.required || input.flag() {
            request
                .headers
                .push((Cow::Borrowed(param.name), value(param, &mut input)));
        }
    }
    if input.flag() {
        request.options.headers.push((input.text(), input.text()));
    }
    request.body = body(row);
    match fuzzing::outgoing(&request) {
        Ok((target, headers)) => check(row, &request, &target, &headers),
        Err(error) => assert_eq!(error.code(), "config_error"),
    }
}

/// A value that fits the parameter, mostly.
fn value(param: &Param, input: &mut Input<'_>) -> Value {
    let choice = input.byte();
    if choice < 8 {
        return Value::Null;
    }
    if !param.choices.is_empty() && choice < 128 {
        return Value::String(param.choices[usize::from(choice) % param.choices.len()].to_owned());
    }
    match param.kind {
        ParamKind::Int if choice < 200 => Value::Int(i64::from(input.number()) - 300),
        ParamKind::Bool => Value::Bool(input.flag()),
        ParamKind::Number => Value::Float(f64::from_bits(u64::from(input.number()) << 48)),
        ParamKind::Json => Value::Json(input.text()),
        _ => Value::String(input.text()),
    }
}

fn body(row: &Operation) -> xano_metadata::Body {
    if row.body.json {
        xano_metadata::Body::Json("{}".into())
    } else if row.body.script {
        xano_metadata::Body::Script(String::new())
    } else if row.body.multipart {
        xano_metadata::Body::Multipart(Vec::new())
    } else {
        xano_metadata::Body::Empty
    }
}

fn check(row: &Operation, request: &Request, target: &str, headers: &http::HeaderMap) {
    let base = Base::parse("https://x1.xano.io", false).expect("a base");
    let joined = base.join(target).expect("what is prepared makes a URL");
    let url = Url::parse(&joined).expect("a URL");
    assert_eq!((url.host_str(), url.fragment()), (Some("x1.xano.io"), None));
    assert_stays(&url);

    let path = url.path().strip_prefix("/api:meta").expect("below the base");
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (path.split('/').collect(), row.path.split('/').collect());
    assert_eq!(ours.len(), theirs.len(), "{} became {path}", row.path);
    let mut values = request.path.iter();
    for (our, their) in ours.into_iter().zip(theirs) {
        let decoded = percent_decode_str(our).decode_utf8().expect("UTF-8");
        match their.split_once('{') {
            None => assert_eq!(our, their, "{} became {path}", row.path),
            Some((before, behind)) => {
                let behind = behind.split_once('}').map_or("", |(_, behind)| behind);
                let value = plain(values.next().expect("a value"));
                assert_eq!(
                    decoded,
                    format!("{before}{value}{behind}"),
                    "{} became {path}",
                    row.path
                );
            }
        }
    }

    let pairs: Vec<(String, String)> = url
        .query()
        .map(|query| query.split('&').map(pair).collect())
        .unwrap_or_default();
    let given: Vec<(String, String)> = request
        .query
        .iter()
        .map(|(name, value)| (name.to_string(), plain(value)))
        .collect();
    assert_eq!(pairs, given);
    // As a form reads it, where a plus is a space.
    let form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert_eq!(form, given);

    for (name, value) in headers {
        let bytes = value.as_bytes();
        assert!(
            bytes.iter().all(|byte| *byte >= b' ' && *byte != 0x7f),
            "{name} holds a control character"
        );
        assert!(
            name != "authorization" && name != "host",
            "{name} was given from outside"
        );
    }
    for (name, value) in &request.headers {
        let sent = headers.get(&**name).expect("a header that was asked for");
        let replaced = request
            .options
            .headers
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name));
        assert!(replaced || sent.as_bytes() == plain(value).as_bytes());
    }
}

fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').expect("a name and a value");
    let decode = |text: &str| percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned();
    (decode(name), decode(value))
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::String(text) | Value::Json(text) => text.clone(),
    }
}
