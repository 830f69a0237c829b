//! What the scenarios share: an emulator, a plain HTTP client that is not ours, and a bare socket.
#![allow(dead_code)] // each test program uses a part of this

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Once;
use std::time::Duration;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use xano_emulator::{Emulator, EmulatorOptions};

/// An emulator with a client for it.
pub struct House {
    pub emulator: Emulator,
    pub client: Client,
}

/// A fresh emulator in memory.
pub fn house() -> House {
    house_with(EmulatorOptions::default())
}

pub fn house_with(options: EmulatorOptions) -> House {
    House {
        emulator: Emulator::start(options).expect("the emulator starts"),
        client: client(),
    }
}

pub fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()
        .expect("a client")
}

impl House {
    /// A request to the account API with the emulator's own token.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let token = self.emulator.token().to_owned();
        self.call_as(&token, method, path, body).await
    }

    pub async fn call_as(&self, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}{path}", self.emulator.account_url());
        read(self.send(&url, token, method, body).await.expect("an answer")).await
    }

    /// A request to the first instance with the emulator's own token.
    pub async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}{path}", self.emulator.instance_url());
        read(
            self.send(&url, self.emulator.token(), method, body)
                .await
                .expect("an answer"),
        )
        .await
    }

    /// Like `ask`, for what has to succeed.
    pub async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, value) = self.ask(method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {value}");
        value
    }

    /// Like `ask`, for what has to be refused because of an input.
    pub async fn refused(&self, method: &str, path: &str, body: Value, param: &str) {
        let shown = body.to_string();
        let (status, value) = self.ask(method, path, body).await;
        assert_eq!(
            (status, &value["code"]),
            (400, &json!("ERROR_CODE_INPUT_ERROR")),
            "{method} {path} {shown}: {value}"
        );
        assert_eq!(value["payload"]["param"], param, "{method} {path} {shown}: {value}");
    }

    pub async fn send(&self, url: &str, token: &str, method: &str, body: Value) -> reqwest::Result<Response> {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.client.request(method, url).bearer_auth(token);
        if !body.is_null() {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        request.send().await
    }

    /// `GET` on the account API, keeping the whole outcome.
    pub async fn get(&self, path: &str) -> reqwest::Result<Response> {
        let url = format!("{}{path}", self.emulator.account_url());
        self.send(&url, self.emulator.token(), "GET", Value::Null).await
    }

    /// The control path, in process; anything but 200 is a failed test.
    pub fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, value) = self.emulator.control(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {value}");
        value
    }

    pub fn fault(&self, rule: &Value) {
        self.control("POST", "/_emulator/faults", rule);
    }

    pub fn journal(&self) -> Vec<Value> {
        let journal = self.control("GET", "/_emulator/requests", &Value::Null);
        journal["requests"].as_array().expect("requests").clone()
    }

    /// The journal once its last entry is finished; the connection is over by then, so this is soon.
    pub async fn settled_journal(&self) -> Vec<Value> {
        for _ in 0..500 {
            let journal = self.journal();
            if journal.iter().all(|entry| entry["outcome"] != "open") {
                return journal;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("a request is still open after five seconds");
    }

    /// A connection to the account origin.
    pub fn socket(&self) -> TcpStream {
        let address = self
            .emulator
            .account_url()
            .trim_start_matches("http://")
            .trim_end_matches("/api:meta");
        let socket = TcpStream::connect(address).expect("a connection");
        socket
            .set_read_timeout(Some(Duration::from_secs(5)))
            .expect("a timeout");
        socket
    }

    /// The text of a request with the emulator's token.
    pub fn request(&self, method: &str, path: &str, body: &str) -> String {
        format!(
            "{method} /api:meta{path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.emulator.token(),
            body.len()
        )
    }

    /// Everything that comes back on a bare connection, and how it ended.
    pub fn raw(&self, request: &str) -> (String, io::Result<()>) {
        let mut socket = self.socket();
        socket.write_all(request.as_bytes()).expect("sent");
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        let end = loop {
            match socket.read(&mut buffer) {
                Ok(0) => break Ok(()),
                Ok(n) => bytes.extend_from_slice(&buffer[..n]),
                Err(error) => break Err(error),
            }
        };
        (String::from_utf8_lossy(&bytes).into_owned(), end)
    }
}

pub async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    let value = serde_json::from_str(&text).unwrap_or_else(|_| json!(text));
    (status, value)
}
