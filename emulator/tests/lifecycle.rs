//! Starting, stopping, keeping state, being forked, and the program.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{client, house, house_with, read};
use serde_json::{Value, json};
use xano_emulator::{Emulator, EmulatorError, EmulatorOptions};

/// A file in a folder of its own, gone at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("xano-emulator-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("state.db")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn kept(file: &Scratch) -> EmulatorOptions {
    EmulatorOptions {
        file: Some(file.file()),
        ..Default::default()
    }
}

fn address(url: &str) -> &str {
    url.trim_start_matches("http://").split('/').next().expect("an address")
}

#[tokio::test]
async fn a_file_keeps_tables_and_records() {
    let scratch = Scratch::new("tables");
    let first = house_with(kept(&scratch));
    first.done("POST", "/workspace/1/table", json!({"name": "t"})).await;
    let column = json!({"name": "d", "type": "decimal"});
    first
        .done("POST", "/workspace/1/table/1/schema/type/decimal", column)
        .await;
    let index = json!({"fields": [{"name": "d", "op": "asc"}]});
    first.done("POST", "/workspace/1/table/1/index/unique", index).await;
    let made = first
        .done("POST", "/workspace/1/table/1/content", json!({"d": 1.5}))
        .await;
    first.emulator.stop();
    let again = house_with(kept(&scratch));
    assert_eq!(
        again.done("GET", "/workspace/1/table/1/content/1", Value::Null).await,
        made
    );
    let (status, _) = again
        .ask("POST", "/workspace/1/table/1/content", json!({"d": 1.50}))
        .await;
    assert_eq!(status, 409, "the index is still there");
    again.done("DELETE", "/workspace/1/table/1", Value::Null).await;
    let next = again.done("POST", "/workspace/1/table", json!({"name": "t"})).await;
    assert_eq!(next["id"], 2, "numbers are not used again");
}

#[tokio::test]
async fn a_file_keeps_everything() {
    let scratch = Scratch::new("keeps");
    let first = house_with(kept(&scratch));
    first.control(
        "POST",
        "instances",
        &json!({"name": "second", "limit": {"requests": 5, "per": 1, "retry_after": "date"}}),
    );
    first.control(
        "POST",
        "snippets",
        &json!({"canonical": "s", "tokens": [{"token": "t", "max_installs": 5}]}),
    );
    first.control("POST", "install", &json!({"canonical": "s", "token": "t"}));
    let other = first.control("POST", "tokens", &json!({"scopes": {"Database": "R"}}));
    let (_, instances) = first.call("GET", "/instance", Value::Null).await;
    let (token, account) = (
        first.emulator.token().to_owned(),
        first.emulator.account_url().to_owned(),
    );
    first.emulator.stop();

    let again = house_with(kept(&scratch));
    assert_eq!(again.emulator.token(), token);
    assert_eq!(again.emulator.account_url(), account);
    assert_eq!(again.call("GET", "/instance", Value::Null).await.1, instances);
    assert_eq!(
        again.call("GET", "/snippet/s/token", Value::Null).await.1[0]["current_installs"],
        1
    );
    let text = other["token"].as_str().expect("text");
    assert_eq!(again.call_as(text, "GET", "/auth/me", Value::Null).await.0, 200);
    let limits = again.control("GET", "limits", &Value::Null);
    assert_eq!(
        limits["limits"][1]["limit"],
        json!({"requests": 5, "per": 1.0, "retry_after": "date"})
    );
}

#[tokio::test]
async fn a_port_that_is_taken_meanwhile_is_given_up() {
    let scratch = Scratch::new("taken");
    let first = Emulator::start(kept(&scratch)).expect("starts");
    let (account, instance) = (first.account_url().to_owned(), first.instance_url().to_owned());
    first.stop();
    let _squatters =
        [account.as_str(), instance.as_str()].map(|url| TcpListener::bind(address(url)).expect("the port is free"));
    let again = house_with(kept(&scratch));
    assert_ne!(again.emulator.account_url(), account);
    assert_ne!(again.emulator.instance_url(), instance);
    let (_, list) = again.call("GET", "/instance", Value::Null).await;
    assert_eq!(list[0]["meta_api"], again.emulator.instance_url());
}

#[tokio::test]
async fn stopping_frees_ports_and_ends_connections_at_once() {
    let house = house();
    house.fault(&json!({"kind": "hang"}));
    let mut open = house.socket();
    open.write_all(house.request("GET", "/auth/me", "").as_bytes())
        .expect("sent");
    let mut idle = house.socket();
    let begin = Instant::now();
    house.emulator.stop();
    assert!(begin.elapsed() < Duration::from_millis(500), "{:?}", begin.elapsed());
    for socket in [&mut open, &mut idle] {
        assert!(matches!(socket.read(&mut [0; 1]), Ok(0) | Err(_)));
    }
    for url in [house.emulator.account_url(), house.emulator.instance_url()] {
        assert!(TcpStream::connect(address(url)).is_err(), "{url} is closed");
        TcpListener::bind(address(url)).expect("the port is free");
    }
    house.emulator.stop();
    assert_eq!(house.emulator.control("GET", "clock", &Value::Null).0, 503);
}

#[test]
fn wrong_options_are_explained() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let refused = |options: EmulatorOptions| Emulator::start(options).expect_err("refused");
    let error = refused(EmulatorOptions {
        port,
        ..Default::default()
    });
    assert!(
        matches!(error, EmulatorError::Listen { .. }) && error.to_string().contains(&port.to_string()),
        "{error}"
    );
    let error = refused(EmulatorOptions {
        host: [192, 168, 0, 1].into(),
        ..Default::default()
    });
    assert!(error.to_string().contains("loopback"), "{error}");
    let error = refused(EmulatorOptions {
        token: Some("two words".to_owned()),
        ..Default::default()
    });
    assert!(error.to_string().contains("token"), "{error}");
    let scratch = Scratch::new("wrong");
    std::fs::write(
        scratch.file(),
        "this is no database, and long enough for SQLite to look at it",
    )
    .expect("written");
    let error = refused(kept(&scratch));
    assert!(matches!(error, EmulatorError::Store { .. }), "{error}");
}

#[tokio::test]
async fn a_chosen_token_is_the_token() {
    let house = house_with(EmulatorOptions {
        token: Some("my-token".to_owned()),
        ..Default::default()
    });
    assert_eq!(house.emulator.token(), "my-token");
    assert_eq!(house.call_as("my-token", "GET", "/auth/me", Value::Null).await.0, 200);
}

/// The child of a fork has the handle but not the thread: dropping it there must neither hang nor
/// disturb the parent's emulator.
#[cfg(unix)]
#[test]
fn a_forked_child_drops_an_inert_handle() {
    let emulator = Emulator::start(EmulatorOptions::default()).expect("starts");
    // SAFETY: the child touches nothing but the handle, and leaves by `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let (status, _) = emulator.control("GET", "clock", &Value::Null);
        emulator.stop();
        drop(emulator);
        // SAFETY: ends the child without running the test harness's exit handlers.
        unsafe { libc::_exit(i32::from(status != 503)) };
    }
    let begin = Instant::now();
    let mut status = -1;
    // SAFETY: waits for our own child.
    while unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == 0 {
        assert!(begin.elapsed() < Duration::from_secs(5), "the child hangs");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(status, 0);
    assert_eq!(emulator.control("GET", "clock", &Value::Null).0, 200);
    let mut socket = TcpStream::connect(address(emulator.account_url())).expect("still listening");
    socket
        .write_all(b"GET /_emulator HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn program(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_xano-emulator"))
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("stdout"))
        .read_line(&mut line)
        .expect("a line");
    line
}

#[cfg(unix)]
#[tokio::test]
async fn the_program_announces_itself_and_stops_on_signals() {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let mut child = program(&["--json", "--token", "abc", "--seed-demo", "--rate-limit", "100/1"]);
        let told: Value = serde_json::from_str(&first_line(&mut child)).expect("one line of JSON");
        assert_eq!(told["token"], "abc");
        let url = format!("{}/instance", told["account_url"].as_str().expect("a URL"));
        let (status, list) = read(client().get(url).bearer_auth("abc").send().await.expect("an answer")).await;
        assert_eq!((status, list.as_array().map(Vec::len)), (200, Some(4)));
        let id = i32::try_from(child.id()).expect("a process id");
        // SAFETY: signals our own child, which has not been waited for.
        unsafe { libc::kill(id, signal) };
        assert!(child.wait().expect("ended").success());
    }
}

#[test]
fn the_program_explains_itself() {
    let output = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_xano-emulator"))
            .args(arguments)
            .output()
            .expect("runs")
    };
    assert!(String::from_utf8_lossy(&output(&["--help"]).stdout).contains("--rate-limit"));
    let wrong = output(&["--nonsense"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("--nonsense"));
    let refused = output(&["--host", "8.8.8.8"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("loopback"));
}
