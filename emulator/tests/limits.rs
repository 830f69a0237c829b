//! Rate limits: a true sliding window on each origin.

mod common;

use common::{house, house_with};
use serde_json::{Value, json};
use xano_emulator::{EmulatorOptions, RateLimit};

#[tokio::test]
async fn the_eleventh_request_in_twenty_seconds_is_refused() {
    let house = house_with(EmulatorOptions {
        rate_limit: Some(RateLimit::new(10, 20.0)),
        ..Default::default()
    });
    for _ in 0..10 {
        assert_eq!(house.get("/auth/me").await.expect("an answer").status(), 200);
    }
    let refused = house.get("/auth/me").await.expect("an answer");
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().get("retry-after").is_none(), "none is promised");
    let (_, error) = common::read(refused).await;
    assert_eq!(error["code"], "ERROR_CODE_TOO_MANY_REQUESTS");
    house.control("POST", "clock", &json!({"advance": 20}));
    assert_eq!(house.get("/auth/me").await.expect("an answer").status(), 200);
    let journal = house.control("GET", "requests", &Value::Null);
    assert_eq!((&journal["total"], &journal["rate_limited"]), (&json!(12), &json!(1)));
    assert_eq!(journal["requests"][10]["limit"]["allowed"], false);
    assert_eq!(journal["requests"][10]["status"], 429);
    assert_eq!(journal["requests"][0]["limit"]["used"], 1);
}

#[tokio::test]
async fn retry_after_comes_as_seconds_or_as_a_date() {
    let house = house();
    for (form, check) in [
        (
            "seconds",
            (|value: &str| value.parse::<u32>().is_ok_and(|s| (29..=30).contains(&s))) as fn(&str) -> bool,
        ),
        ("date", |value| value.ends_with("GMT") && value.len() == 29),
    ] {
        house.control(
            "POST",
            "limits",
            &json!({"origin": "account", "requests": 1, "per": 30, "retry_after": form}),
        );
        house.get("/auth/me").await.expect("an answer");
        let refused = house.get("/auth/me").await.expect("an answer");
        let value = refused.headers()["retry-after"].to_str().expect("text").to_owned();
        assert!(check(&value), "{form}: {value}");
    }
}

#[tokio::test]
async fn each_origin_has_a_window_of_its_own() {
    let house = house();
    house.control("POST", "limits", &json!({"requests": 1, "per": 60}));
    let instance = format!("{}/auth/me", house.emulator.instance_url());
    let ask = || house.send(&instance, house.emulator.token(), "GET", Value::Null);
    assert_eq!(house.get("/auth/me").await.expect("an answer").status(), 200);
    assert_eq!(ask().await.expect("an answer").status(), 200);
    assert_eq!(ask().await.expect("an answer").status(), 429);
    house.control("POST", "limits", &json!({"requests": null}));
    assert_eq!(ask().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn the_rate_limit_flag_follows_the_limit_unless_told_otherwise() {
    let house = house();
    let flag = async || house.call("GET", "/instance", Value::Null).await.1[0]["rate_limit"].clone();
    assert_eq!(flag().await, false);
    let name = house.call("GET", "/instance", Value::Null).await.1[0]["name"].clone();
    house.control("POST", "limits", &json!({"origin": name, "requests": 3, "per": 2}));
    assert_eq!(flag().await, true);
    house.control(
        "POST",
        "limits",
        &json!({"origin": name, "requests": 3, "per": 2, "advertise": false}),
    );
    assert_eq!(flag().await, false);
    let made = house.control("POST", "instances", &json!({"rate_limit": true}));
    assert_eq!(
        made["limit"],
        json!({"requests": 10, "per": 20.0, "retry_after": "none"})
    );
}

#[tokio::test]
async fn the_control_path_is_never_limited() {
    let house = house();
    house.control("POST", "limits", &json!({"requests": 1, "per": 60}));
    let url = format!("{}/clock", house.emulator.control_url());
    for _ in 0..5 {
        assert_eq!(house.client.get(&url).send().await.expect("an answer").status(), 200);
    }
}
