//! Access tokens: who gets in, who does not, and why.

mod common;

use common::{client, house, read};
use serde_json::{Value, json};

#[tokio::test]
async fn each_reason_for_a_401_is_told() {
    let house = house();
    let expired = house.control("POST", "tokens", &json!({"expired": true}));
    let revoked = house.control("POST", "tokens", &json!({}));
    house.control("POST", "tokens/revoke", &json!({"token": revoked["token"]}));
    for (token, word) in [
        ("nonsense", "Invalid"),
        (expired["token"].as_str().expect("text"), "expired"),
        (revoked["token"].as_str().expect("text"), "revoked"),
    ] {
        let (status, error) = house.call_as(token, "GET", "/auth/me", Value::Null).await;
        assert_eq!((status, &error["code"]), (401, &json!("ERROR_CODE_UNAUTHORIZED")));
        assert!(error["message"].as_str().expect("text").contains(word), "{error}");
    }
    let answer = client()
        .get(format!("{}/auth/me", house.emulator.account_url()))
        .send()
        .await
        .expect("an answer");
    let (status, error) = read(answer).await;
    assert_eq!(status, 401);
    assert!(
        error["message"].as_str().expect("text").contains("Authorization"),
        "{error}"
    );
}

#[tokio::test]
async fn a_bad_token_is_refused_before_bad_input_is() {
    let house = house();
    let (status, _) = house
        .call_as("nonsense", "POST", "/snippet/none/token", json!({}))
        .await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn tokens_expire_when_the_clock_says_so() {
    let house = house();
    let token = house.control("POST", "tokens", &json!({"expires_in": 3600}));
    let text = token["token"].as_str().expect("text");
    assert_eq!(house.call_as(text, "GET", "/auth/me", Value::Null).await.0, 200);
    house.control("POST", "clock", &json!({"advance": 3599}));
    assert_eq!(house.call_as(text, "GET", "/auth/me", Value::Null).await.0, 200);
    house.control("POST", "clock", &json!({"advance": 2}));
    assert_eq!(house.call_as(text, "GET", "/auth/me", Value::Null).await.0, 401);
    assert_eq!(
        house.call("GET", "/auth/me", Value::Null).await.0,
        200,
        "the first token never expires"
    );
}

#[tokio::test]
async fn a_user_has_at_most_ten_living_tokens() {
    let house = house();
    let mut last = Value::Null;
    for _ in 0..9 {
        last = house.control("POST", "tokens", &json!({}));
    }
    let (status, error) = house.emulator.control("POST", "tokens", &json!({}));
    assert_eq!(status, 400, "{error}");
    house.control("DELETE", &format!("tokens/{}", last["id"]), &Value::Null);
    house.control("POST", "tokens", &json!({}));
}

#[tokio::test]
async fn a_listed_token_keeps_its_secret() {
    let house = house();
    house.control(
        "POST",
        "tokens",
        &json!({"name": "n", "scopes": ["Database: Read"], "expires_in": null}),
    );
    let list = house.control("GET", "tokens", &Value::Null);
    assert_eq!(list["tokens"][1]["scopes"], json!({"Database": "R"}));
    assert_eq!(list["tokens"][1]["expires_at"], Value::Null);
    assert!(!list.to_string().contains(house.emulator.token()));
}
