//! Calls every operation of a plan once through the typed face; the judge is the server. Used by `make conformance`.
//!
//! Arguments: the plan (JSON), the base URL of the account API, that of the instance API. Prints the calls that failed as
//! a list of `[operation, error]`.

#[path = "../tests/dispatch/mod.rs"]
mod dispatch;

use std::time::Duration;

use serde_json::{Map, Value, json};
use xano_metadata::{Client, ClientOptions, ErrorKind, Instance, RateLimiting, Xano};

use dispatch::{Given, dispatch};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, plan, account_url, instance_url] = arguments.as_slice() else {
        return Err("usage: conformance PLAN ACCOUNT_URL INSTANCE_URL".into());
    };
    let plan: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(plan)?)?;
    let client = Client::new(ClientOptions {
        token: Some("conformance".into()),
        account_url: Some(account_url.clone()),
        ambient_credentials: false,
        max_retries: 0,
        read_timeout: Duration::from_secs(60),
        rate_limit: RateLimiting::Off,
        ..ClientOptions::default()
    })?;
    let xano = Xano::of(&client);
    let instance = Instance::over(client.instance_at(instance_url, None)?);
    let mut violations = Vec::new();
    for call in &plan {
        let id = call["id"].as_str().unwrap_or_default();
        let mut given = Map::new();
        let bound = call["chain"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|segment| &segment[1]);
        for object in bound.chain([&call["positional"], &call["args"]]) {
            given.extend(object.as_object().cloned().unwrap_or_default());
        }
        let Some(answer) = dispatch(&xano, &instance, id, Given::new(given)) else {
            violations.push(json!([id, "there is no such typed method"]));
            continue;
        };
        match answer.await {
            // A made-up server fills pages with made-up numbers; that they lead nowhere is not the request's fault.
            Err(error) if error.kind() == ErrorKind::Decode && error.to_string().contains("age ") => {}
            Err(error) => violations.push(json!([id, error.to_string()])),
            Ok(_) => {}
        }
    }
    println!("{}", Value::from(violations));
    Ok(())
}
