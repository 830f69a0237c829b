//! Faults: each one seen from the other end of the wire.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use common::{House, house, read};
use serde_json::{Value, json};

/// A snippet and a way to count how many of its token creations were applied.
fn shop() -> House {
    let house = house();
    house.control("POST", "snippets", &json!({"canonical": "s"}));
    house
}

async fn tokens(house: &House) -> usize {
    house
        .call("GET", "/snippet/s/token", Value::Null)
        .await
        .1
        .as_array()
        .map_or(0, Vec::len)
}

fn create(house: &House) -> String {
    house.request("POST", "/snippet/s/token", r#"{"max_installs": 1}"#)
}

#[tokio::test]
async fn latency_and_status() {
    let house = house();
    house.fault(&json!({"kind": "latency", "ms": 120, "times": 1}));
    let begin = Instant::now();
    assert_eq!(house.get("/auth/me").await.expect("an answer").status(), 200);
    assert!(begin.elapsed() >= Duration::from_millis(120));
    house.fault(&json!({"kind": "status", "status": 500, "times": 2, "body": {"code": "ERROR_FATAL", "message": "Access Denied."}}));
    for _ in 0..2 {
        let (status, body) = read(house.get("/auth/me").await.expect("an answer")).await;
        assert_eq!((status, &body["message"]), (500, &json!("Access Denied.")));
    }
    assert_eq!(house.get("/auth/me").await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn scripted_replies_say_exactly_what_they_are_told() {
    let house = shop();
    house.fault(&json!({"kind": "reply", "status": 203, "headers": {"x-one": "1", "content-type": "text/plain"}, "body": "not json", "times": 1}));
    let reply = house.get("/auth/me").await.expect("an answer");
    assert_eq!(reply.status(), 203);
    assert_eq!(reply.headers()["x-one"], "1");
    assert_eq!(reply.text().await.expect("text"), "not json");
    house.fault(&json!({"kind": "status", "status": 503, "method": "POST", "apply": true, "times": 1}));
    assert_eq!(
        house
            .call("POST", "/snippet/s/token", json!({"max_installs": 1}))
            .await
            .0,
        503
    );
    assert_eq!(tokens(&house).await, 1, "applied although the answer says otherwise");
    house.fault(&json!({"kind": "status", "status": 503, "method": "POST", "times": 1}));
    assert_eq!(
        house
            .call("POST", "/snippet/s/token", json!({"max_installs": 1}))
            .await
            .0,
        503
    );
    assert_eq!(tokens(&house).await, 1, "not applied");
}

#[tokio::test]
async fn a_scripted_reply_may_break_the_rules_of_http() {
    let house = house();
    house.fault(&json!({"kind": "reply", "status": 799, "headers": {"Content-Length": "3"}, "body": "abcdef"}));
    let (answer, _) = house.raw(&house.request("GET", "/auth/me", ""));
    assert!(answer.starts_with("HTTP/1.1 799 Unknown\r\n"), "{answer}");
    assert!(
        answer.contains("Content-Length: 3\r\n") && answer.ends_with("\r\n\r\nabcdef"),
        "{answer}"
    );
}

#[tokio::test]
async fn gateways_answer_html() {
    let house = house();
    house.fault(&json!({"kind": "html", "times": 1}));
    let reply = house.get("/auth/me").await.expect("an answer");
    assert_eq!(reply.status(), 502);
    assert_eq!(reply.headers()["content-type"], "text/html");
    assert!(reply.text().await.expect("text").contains("<h1>502 Bad Gateway</h1>"));
    house.fault(&json!({"kind": "html", "status": 504}));
    assert_eq!(house.get("/auth/me").await.expect("an answer").status(), 504);
}

#[tokio::test]
async fn a_reset_before_reading_changes_nothing() {
    let house = shop();
    house.fault(&json!({"kind": "reset", "method": "POST"}));
    let (answer, end) = house.raw(&create(&house));
    assert_eq!(answer, "");
    assert_eq!(end.expect_err("a reset").kind(), ErrorKind::ConnectionReset);
    assert_eq!(tokens(&house).await, 0);
    let entry = &house.settled_journal().await[0];
    assert_eq!((&entry["outcome"], &entry["applied"]), (&json!("fault"), &json!(false)));
    assert_eq!(entry["fault"]["kind"], "reset");
}

#[tokio::test]
async fn a_reset_after_applying_hides_the_change() {
    let house = shop();
    house.fault(&json!({"kind": "reset_after", "method": "POST"}));
    let (answer, end) = house.raw(&create(&house));
    assert_eq!(answer, "");
    assert_eq!(end.expect_err("a reset").kind(), ErrorKind::ConnectionReset);
    assert_eq!(tokens(&house).await, 1);
}

#[tokio::test]
async fn a_close_without_an_answer_is_orderly() {
    let house = house();
    house.fault(&json!({"kind": "close"}));
    let (answer, end) = house.raw(&house.request("GET", "/auth/me", ""));
    assert_eq!(answer, "");
    assert!(end.is_ok(), "{end:?}");
}

/// The length announced and the body that came.
fn parts(answer: &str) -> (usize, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .expect("a length");
    (length.parse().expect("a number"), body)
}

#[tokio::test]
async fn bodies_end_too_early() {
    let house = house();
    house.fault(&json!({"kind": "reset_mid_body", "times": 1}));
    let (answer, end) = house.raw(&house.request("GET", "/auth/me", ""));
    let (length, body) = parts(&answer);
    assert_eq!(body.len(), length / 2);
    assert_eq!(end.expect_err("a reset").kind(), ErrorKind::ConnectionReset);

    house.fault(&json!({"kind": "cut_body", "bytes": 3, "times": 1}));
    let (answer, end) = house.raw(&house.request("GET", "/auth/me", ""));
    let (length, body) = parts(&answer);
    assert!(length > 3);
    assert_eq!(body.len(), 3);
    assert!(end.is_ok(), "an orderly end: {end:?}");

    house.fault(&json!({"kind": "cut_body", "reply": {"status": 502, "body": "0123456789"}}));
    let reply = house.get("/auth/me").await.expect("a head");
    assert_eq!(reply.status(), 502);
    assert!(
        reply.bytes().await.is_err(),
        "the client sees that something is missing"
    );
}

#[tokio::test]
async fn bodies_are_too_long_or_of_another_length() {
    let house = house();
    house.fault(&json!({"kind": "long_body", "body": "EXTRA", "times": 1}));
    let (answer, _) = house.raw(&house.request("GET", "/auth/me", ""));
    let (length, body) = parts(&answer);
    assert_eq!(body.len(), length + 5);
    assert!(body.ends_with("}EXTRA"));

    house.fault(&json!({"kind": "wrong_length", "length": 4, "times": 1}));
    let cut = house
        .get("/auth/me")
        .await
        .expect("an answer")
        .text()
        .await
        .expect("four bytes");
    assert_eq!(cut.len(), 4);

    house.fault(&json!({"kind": "wrong_length", "length": "many", "times": 1}));
    assert!(house.get("/auth/me").await.is_err());
}

#[tokio::test]
async fn slow_bytes_take_their_time() {
    let house = house();
    house.fault(
        &json!({"kind": "slow", "bytes_per_second": 100, "reply": {"body": "0123456789012345678901234567890123456789"}}),
    );
    let begin = Instant::now();
    let text = house
        .get("/auth/me")
        .await
        .expect("a head")
        .text()
        .await
        .expect("a body");
    assert_eq!(text.len(), 40);
    assert!(begin.elapsed() >= Duration::from_millis(300), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn garbage_is_no_http() {
    let house = house();
    house.fault(&json!({"kind": "garbage", "times": 1}));
    assert!(house.get("/auth/me").await.is_err());
    house.fault(&json!({"kind": "garbage", "body": "SSH-2.0-x\r\n"}));
    let (answer, _) = house.raw(&house.request("GET", "/auth/me", ""));
    assert_eq!(answer, "SSH-2.0-x\r\n");
}

#[tokio::test]
async fn a_hanging_request_ends_when_the_client_leaves() {
    let house = house();
    house.fault(&json!({"kind": "hang"}));
    let mut socket = house.socket();
    socket
        .write_all(house.request("GET", "/auth/me", "").as_bytes())
        .expect("sent");
    socket
        .set_read_timeout(Some(Duration::from_millis(100)))
        .expect("a timeout");
    let error = socket.read(&mut [0; 10]).expect_err("nothing to read");
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    assert_eq!(house.journal()[0]["outcome"], "open");
    drop(socket);
    assert_eq!(house.settled_journal().await[0]["outcome"], "client_gone");

    house.control("DELETE", "faults", &Value::Null);
    house.fault(&json!({"kind": "hang", "ms": 50}));
    let (_, end) = house.raw(&house.request("GET", "/auth/me", ""));
    assert_eq!(end.expect_err("a reset").kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_token_expires_midway() {
    let house = house();
    house.fault(&json!({"kind": "token_expired", "after": 3}));
    for expected in [200, 200, 200, 401, 401] {
        let (status, body) = house.call("GET", "/auth/me", Value::Null).await;
        assert_eq!(status, expected);
        assert!(status == 200 || body["message"].as_str().is_some_and(|m| m.contains("expired")));
    }
}

#[tokio::test]
async fn a_connection_closes_after_a_good_answer_without_a_word() {
    let house = house();
    house.fault(&json!({"kind": "close_after_answer", "times": 1}));
    let (answer, end) = house.raw(&house.request("GET", "/auth/me", ""));
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(!answer.to_ascii_lowercase().contains("connection:"), "{answer}");
    assert!(end.is_ok());
}

#[tokio::test]
async fn rules_choose_their_requests_and_count_them() {
    let house = shop();
    house.fault(&json!({"kind": "status", "status": 500, "path": "/snippet/*", "method": "GET", "origin": "account"}));
    assert_eq!(house.call("GET", "/snippet/s", Value::Null).await.0, 500);
    assert_eq!(house.call("GET", "/snippet", Value::Null).await.0, 200);
    assert_eq!(house.call("GET", "/snippet/s/token", Value::Null).await.0, 200);
    let rules = house.control("GET", "faults", &Value::Null);
    assert_eq!(
        (&rules["rules"][0]["seen"], &rules["rules"][0]["fired"]),
        (&json!(1), &json!(1))
    );
    house.control("DELETE", &format!("faults/{}", rules["rules"][0]["id"]), &Value::Null);
    assert_eq!(house.call("GET", "/snippet/s", Value::Null).await.0, 200);
}

#[tokio::test]
async fn nothing_is_added_when_one_rule_is_wrong() {
    let house = house();
    let (status, error) = house
        .emulator
        .control("POST", "faults", &json!([{"kind": "reset"}, {"kind": "explode"}]));
    assert_eq!(status, 400);
    assert!(
        error["message"].as_str().expect("text").contains("cut_body"),
        "names what there is: {error}"
    );
    assert_eq!(house.control("GET", "faults", &Value::Null)["rules"], json!([]));
}
