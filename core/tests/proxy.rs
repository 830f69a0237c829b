//! Proxies named by the environment: used for hosts out there, never for this machine.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;

use xano_metadata::{Client, ClientOptions, Request};

/// Answers `{}` to everything; sends the first line of each request.
fn serve() -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (seen, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, seen) = (stream.expect("a connection"), seen.clone());
            std::thread::spawn(move || answer(stream, &seen));
        }
    });
    (port, lines)
}

fn answer(mut stream: TcpStream, seen: &mpsc::Sender<String>) {
    let mut lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
    while let Some(Ok(first)) = lines.next() {
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let _ = seen.send(first);
        if stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            .is_err()
        {
            return;
        }
    }
}

fn options(url: String) -> ClientOptions {
    ClientOptions {
        token: Some("proxy".into()),
        account_url: Some(url),
        ambient_credentials: false,
        allow_http: true,
        max_retries: 0,
        ..ClientOptions::default()
    }
}

#[test]
fn the_environments_proxy_is_for_other_machines() {
    let (proxy, proxied) = serve();
    let (direct, directly) = serve();
    // SAFETY: the only test of this process, before it has a second thread that reads the environment.
    unsafe {
        std::env::set_var("HTTP_PROXY", format!("http://127.0.0.1:{proxy}"));
        std::env::set_var("NO_PROXY", "not.example.test");
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let me = || Request::new("account.me").expect("in the table");
    let call = |url: String| {
        let client = Client::new(options(url)).expect("a client");
        runtime.block_on(client.account().call(me()))
    };
    call("http://app.example.test".into()).expect("an answer by the proxy");
    assert_eq!(
        proxied.recv().expect("a request"),
        "GET http://app.example.test/api:meta/auth/me HTTP/1.1"
    );
    call(format!("http://127.0.0.1:{direct}")).expect("an answer without it");
    assert_eq!(directly.recv().expect("a request"), "GET /api:meta/auth/me HTTP/1.1");
    call("http://not.example.test".into()).expect_err("excepted, and there is no such host");
    assert!(proxied.try_recv().is_err());
}
