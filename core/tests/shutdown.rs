//! The engine's runtime ends in time and does not come back to life.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use xano_metadata::{Client, ClientOptions, ErrorKind, Request, runtime};

#[test]
fn shutting_down_is_quick_and_final() {
    // Connections wait in the listener's queue for ever, so the call stays in flight.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let options = ClientOptions {
        token: Some("shutdown".into()),
        account_url: Some(format!("http://{}", listener.local_addr().expect("an address"))),
        ambient_credentials: false,
        ..ClientOptions::default()
    };
    let client = Client::new(options).expect("a client");
    let account = client.account();
    let request = Request::new("account.me").expect("in the table");
    let in_flight = runtime::handle()
        .expect("a runtime")
        .spawn(async move { account.call(request).await });
    listener.accept().expect("the call's connection");
    let began = Instant::now();
    runtime::shutdown(Duration::from_secs(1));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(in_flight.is_finished(), "the call was dropped");
    assert!(runtime::is_shut_down());
    let error = runtime::handle().expect_err("no revival");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    runtime::shutdown(Duration::from_secs(1));
}
