//! A client that was used before a fork works in the child, whatever the parent's threads were doing.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use xano_metadata::{Client, ClientOptions, Request, runtime};

/// A server on threads of its own, which a fork does not take along.
fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            std::thread::spawn(move || {
                let mut buffer = vec![0; 4096];
                while stream.read(&mut buffer).is_ok_and(|length| length > 0) {
                    if stream
                        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                        .is_err()
                    {
                        return;
                    }
                }
            });
        }
    });
    port
}

fn call(client: &Client) -> bool {
    let Ok(handle) = runtime::handle() else { return false };
    let Ok(request) = Request::new("account.me") else {
        return false;
    };
    handle.block_on(client.account().call(request)).is_ok()
}

#[test]
fn children_use_the_client_with_connections_of_their_own() {
    let options = ClientOptions {
        token: Some("fork".into()),
        account_url: Some(format!("http://127.0.0.1:{}", serve())),
        ambient_credentials: false,
        max_retries: 0,
        ..ClientOptions::default()
    };
    let client = Client::new(options).expect("a client");
    assert!(call(&client), "in the parent");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Busy threads, so that some lock is held at nearly every moment.
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    call(&client);
                }
            });
        }
        for round in 0..20 {
            // SAFETY: the child calls nothing of the test harness and ends by `_exit`.
            match unsafe { libc::fork() } {
                0 => {
                    // A child that hangs is ended by the alarm, which is not 0.
                    unsafe { libc::alarm(20) };
                    let fine = call(&client) && call(&client);
                    runtime::shutdown(Duration::from_secs(1));
                    unsafe { libc::_exit(i32::from(!fine)) };
                }
                child => {
                    assert!(child > 0, "a fork");
                    let mut status = 0;
                    unsafe { libc::waitpid(child, &raw mut status, 0) };
                    assert_eq!(status, 0, "the child of round {round}");
                }
            }
            std::thread::sleep(Duration::from_millis(round % 4));
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(call(&client), "the parent goes on");
    assert_eq!(client.stats().retries, 0);
}
