//! A stream of Arrow's C interface across a fork and at the engine's end.
#![cfg(all(unix, feature = "arrow"))]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use xano_metadata::records::arrow::{ArrowOptions, ArrowStream};
use xano_metadata::records::{Order, ReadOptions, Records};
use xano_metadata::{Client, ClientOptions, ErrorKind, runtime};

/// A server on threads of its own. It knows the columns of a table and its first page, and keeps silent when asked for the
/// second; `silent` hears of that.
fn serve(silent: mpsc::Sender<()>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, silent) = (stream.expect("a connection"), silent.clone());
            std::thread::spawn(move || answer(stream, &silent));
        }
    });
    port
}

fn answer(mut stream: TcpStream, silent: &mpsc::Sender<()>) {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&seen);
        let body = if text.starts_with("GET") && text.ends_with("\r\n\r\n") {
            r#"[{"name":"id","type":"int"}]"#
        } else if text.contains(r#""page":1"#) {
            r#"{"items":[{"id":1}],"nextPage":2}"#
        } else {
            if text.contains(r#""page":2"#) {
                let _ = silent.send(());
            }
            continue;
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all((head + body).as_bytes()).is_err() {
            return;
        }
        seen.clear();
    }
}

fn open(records: &Records) -> ArrowStream {
    let records = records.clone();
    let read = ReadOptions {
        order: Order::Pages,
        prefetch: 1,
        ..ReadOptions::default()
    };
    let reader = async move { records.read_arrow(read, &ArrowOptions::default()).await };
    let handle = runtime::handle().expect("a runtime");
    handle.block_on(reader).expect("a schema").into_stream()
}

/// The kind of the error that comes next.
fn failure(stream: &mut ArrowStream) -> Option<ErrorKind> {
    let failed = stream.failed();
    let text = stream.next()?.err()?.to_string();
    failed
        .take()
        .filter(|error| text.contains(error.message()))
        .map(|error| error.kind())
}

#[test]
fn a_stream_ends_with_its_process_and_with_the_engine() {
    let (silent, silences) = mpsc::channel();
    let client = Client::new(ClientOptions {
        token: Some("streams".into()),
        ambient_credentials: false,
        ..ClientOptions::default()
    });
    let url = format!("http://127.0.0.1:{}", serve(silent));
    let connection = client.expect("a client").instance_at(&url, None).expect("a connection");
    let records = Records::new(connection, 1, 1);

    let mut stream = open(&records);
    let untouched = open(&records);
    let first = stream.next().expect("a batch").expect("no error");
    assert_eq!(first.num_rows(), 1);

    // SAFETY: the child calls nothing of the test harness and ends by `_exit`.
    match unsafe { libc::fork() } {
        0 => {
            // A child that hangs is ended by the alarm, which is not 0.
            unsafe { libc::alarm(20) };
            let strange = failure(&mut stream) == Some(ErrorKind::Cancelled);
            drop(stream);
            // One that was not begun yet is read by the child's own engine.
            let mut own = untouched;
            let fine = strange && own.next().is_some_and(|batch| batch.is_ok());
            unsafe { libc::_exit(i32::from(!fine)) };
        }
        child => {
            assert!(child > 0, "a fork");
            let mut status = 0;
            unsafe { libc::waitpid(child, &raw mut status, 0) };
            assert_eq!(status, 0, "the child");
        }
    }

    silences
        .recv_timeout(Duration::from_secs(20))
        .expect("the second page was asked for");
    let waiting = std::thread::spawn(move || failure(&mut stream));
    runtime::shutdown(Duration::from_secs(1));
    assert_eq!(
        waiting.join().expect("no panic"),
        Some(ErrorKind::Cancelled),
        "a wait ends with the engine"
    );
    let mut late = untouched;
    assert_eq!(
        failure(&mut late),
        Some(ErrorKind::Cancelled),
        "and none begins behind it"
    );
}
