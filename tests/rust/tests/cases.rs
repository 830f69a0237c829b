//! Replays the language-neutral cases of `tests/cases` through the typed Rust face against the emulator.
//!
//! What the cases mean stands in `tests/cases/README.md`. Rust fills fields that a server left out with their empty
//! values, so an answer may hold more than a case expects as long as that is empty.

#[path = "../../../core/tests/dispatch/mod.rs"]
mod dispatch;

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};
use xano_emulator::{Emulator, EmulatorOptions};
use xano_metadata::{Body, Client, ClientOptions, Error, Instance, RateLimiting, Request, Xano};

use dispatch::{Given, dispatch};

/// Fails on a key that this runner does not know, so that no expectation is skipped in silence.
fn known(object: &Value, keys: &[&str]) {
    for key in object.as_object().expect("an object").keys() {
        assert!(
            keys.contains(&key.as_str()),
            "this runner does not know the key {key:?}"
        );
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} is a text in {value}"))
}

/// A fault rule of the emulator for one scripted answer.
fn rule(reply: &Value) -> Value {
    let mut rule = reply.as_object().expect("an object").clone();
    rule.insert("times".into(), json!(1));
    if let Some(kind) = rule.remove("fault") {
        rule.insert("kind".into(), kind);
        return rule.into();
    }
    known(reply, &["status", "headers", "json", "text", "base64"]);
    rule.insert("kind".into(), json!("reply"));
    rule.entry("status").or_insert(json!(200));
    let mut headers = rule.remove("headers").unwrap_or_else(|| json!({}));
    if let Some(body) = rule.remove("json") {
        headers
            .as_object_mut()
            .expect("an object")
            .entry("content-type")
            .or_insert(json!("application/json"));
        rule.insert("body".into(), json!(body.to_string()));
    } else if let Some(body) = rule.remove("base64") {
        rule.insert("body_base64".into(), body);
    } else {
        let body = rule.remove("text").unwrap_or_else(|| json!(""));
        rule.insert("body".into(), body);
    }
    rule.insert("headers".into(), headers);
    rule.into()
}

fn client(emulator: &Emulator, changes: &Value) -> Client {
    let mut options = ClientOptions {
        token: Some(emulator.token().into()),
        account_url: Some(emulator.account_url().to_owned()),
        ambient_credentials: false,
        backoff: Duration::from_millis(1),
        rate_limit: RateLimiting::Off,
        prefetch: 0,
        ..ClientOptions::default()
    };
    for (name, value) in changes.as_object().into_iter().flatten() {
        match name.as_str() {
            "max_retries" => options.max_retries = value.as_u64().and_then(|n| n.try_into().ok()).expect("a number"),
            "read_only" => options.read_only = value.as_bool().expect("true or false"),
            "timeout" => options.timeout = Some(Duration::from_secs_f64(value.as_f64().expect("seconds"))),
            "token" => options.token = Some(value.as_str().expect("a text").into()),
            other => panic!("this runner does not know the option {other:?}"),
        }
    }
    Client::new(options).expect("a client")
}

async fn run(emulator: &Emulator, case: &Value) -> Result<Value, Error> {
    let call = &case["call"];
    known(call, &["api", "chain", "method", "args", "raw"]);
    let client = client(emulator, &case["client"]);
    let xano = Xano::of(&client);
    let instance = Instance::over(client.instance_at(emulator.instance_url(), None)?);
    let api = text(call, "api");
    if let Some(raw) = call.get("raw") {
        known(raw, &["method", "path", "query", "json"]);
        let connection = if api == "account" {
            xano.connection()
        } else {
            instance.connection()
        };
        let mut request = Request::raw(text(raw, "method"), text(raw, "path"))?;
        for (name, value) in raw["query"].as_object().into_iter().flatten() {
            let value = value
                .as_i64()
                .map_or_else(|| value.as_str().expect("a text").into(), xano_metadata::Value::from);
            request = request.query_value(name.clone(), value);
        }
        if let Some(body) = raw.get("json") {
            request = request.body(Body::json(body)?);
        }
        return connection.call(request).await?.json();
    }
    let mut arguments = call["args"].as_object().expect("arguments").clone();
    let mut id = api.to_owned();
    for segment in call["chain"].as_array().expect("a chain") {
        id = format!("{id}.{}", segment[0].as_str().expect("a name"));
        arguments.extend(segment[1].as_object().expect("what it binds").clone());
    }
    id = format!("{id}.{}", text(call, "method"));
    dispatch(&xano, &instance, &id, Given::new(arguments))
        .unwrap_or_else(|| panic!("there is no {id}"))
        .await
}

/// Whether `got` holds what is wanted, and beyond it only what Rust fills in.
fn holds(got: &Value, wanted: &Value) -> bool {
    match (got, wanted) {
        (Value::Object(got), Value::Object(wanted)) => {
            wanted
                .iter()
                .all(|(key, value)| holds(got.get(key).unwrap_or(&Value::Null), value))
                && got
                    .iter()
                    .all(|(key, value)| wanted.contains_key(key) || is_empty(value))
        }
        (Value::Array(got), Value::Array(wanted)) => {
            got.len() == wanted.len() && got.iter().zip(wanted).all(|(got, wanted)| holds(got, wanted))
        }
        (Value::Number(got), Value::Number(wanted)) => got.as_f64() == wanted.as_f64(),
        // Null where the documentation promises a value reads as the empty value.
        (got, Value::Null) => is_empty(got),
        (got, wanted) => got == wanted,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
    }
}

fn check_requests(emulator: &Emulator, wanted: &[Value]) {
    let (_, journal) = emulator.control("GET", "/requests", &Value::Null);
    let seen = journal["requests"].as_array().expect("the journal");
    assert_eq!(seen.len(), wanted.len(), "requests: {seen:#?}");
    for (got, want) in seen.iter().zip(wanted) {
        known(want, &["method", "path", "query", "headers", "json", "text"]);
        assert_eq!(got["method"], want["method"]);
        assert_eq!(text(got, "path").trim_start_matches("/api:meta"), text(want, "path"));
        assert_eq!(
            got["query"].as_str().unwrap_or_default(),
            want["query"].as_str().unwrap_or_default()
        );
        for (name, value) in want["headers"].as_object().into_iter().flatten() {
            assert_eq!(&got["headers"][name], value, "header {name}");
        }
        if let Some(body) = want.get("json") {
            let got: Value = serde_json::from_str(text(got, "body")).expect("a JSON body");
            assert!(holds(&got, body) && holds(body, &got), "body: {got} instead of {body}");
        }
        if let Some(body) = want.get("text") {
            assert_eq!(&got["body"], body);
        }
    }
}

fn check_error(error: &Error, wanted: &Value) {
    let told: Value = serde_json::from_str(&error.to_json()).expect("JSON");
    for (name, value) in wanted.as_object().expect("an error") {
        match name.as_str() {
            "class" => assert_eq!(error.kind().class_name(), value, "{error:?}"),
            "message_contains" => {
                for words in value.as_array().expect("a list") {
                    assert!(
                        error.to_string().contains(words.as_str().expect("a text")),
                        "{words} in {error}"
                    );
                }
            }
            "code" | "status" | "attempts" | "param" | "operation" | "outcome_unknown" => {
                assert_eq!(&told[name], value, "{name}: {error:?}");
            }
            "retry_after" => assert_eq!(told[name].as_f64(), value.as_f64(), "{error:?}"),
            other => panic!("this runner does not know the expectation {other:?}"),
        }
    }
}

fn check(emulator: &Emulator, case: &Value, runtime: &tokio::runtime::Runtime) {
    known(
        case,
        &[
            "name", "call", "client", "replies", "requests", "value", "error", "rust", "node", "python",
        ],
    );
    emulator.control("DELETE", "/faults", &Value::Null);
    let rules: Vec<Value> = case["replies"].as_array().expect("replies").iter().map(rule).collect();
    let (status, answer) = emulator.control("POST", "/faults", &json!({"rules": rules}));
    assert!(status < 300, "the emulator does not take the replies: {answer}");
    emulator.control("DELETE", "/requests", &Value::Null);
    match (runtime.block_on(run(emulator, case)), case.get("error")) {
        (Ok(value), None) => assert!(holds(&value, &case["value"]), "got {value}\nwanted {}", case["value"]),
        (Err(error), Some(wanted)) => check_error(&error, wanted),
        (Ok(value), Some(wanted)) => panic!("an error was expected ({wanted}), this came: {value}"),
        (Err(error), None) => panic!("{error:?}"),
    }
    check_requests(emulator, case["requests"].as_array().expect("requests"));
}

#[test]
fn every_case_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases");
    let emulator = Emulator::start(EmulatorOptions::default()).expect("an emulator");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut failed = Vec::new();
    let mut ran = 0;
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the cases")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "json"))
    {
        let cases: Vec<Map<String, Value>> =
            serde_json::from_str(&fs::read_to_string(file).expect("a file")).expect("a list of cases");
        for case in cases {
            if case.get("rust") == Some(&Value::Bool(false)) {
                continue;
            }
            ran += 1;
            let name = case["name"].as_str().expect("a name").to_owned();
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                check(&emulator, &case.into(), &runtime);
            }));
            if outcome.is_err() {
                failed.push(name);
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {ran} cases failed (see above): {failed:#?}",
        failed.len()
    );
    assert!(ran >= 30, "only {ran} cases were found");
    println!("{ran} cases, replayed by the Rust face");
}
