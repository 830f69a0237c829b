//! Files: out from disk, in to disk, and fetched from elsewhere without the token.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use xano_metadata::{Body, CallOptions, ErrorKind, Part, Progress, ProgressSink, Request};

use crate::support::{Act, Mock, answer};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("xano-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("own folder");
        entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn export() -> Request {
    Request::raw("POST", "/workspace/1/export").expect("a method")
}

#[tokio::test]
async fn a_download_goes_to_disk_whole() {
    let folder = Folder::new("download");
    let content = vec![7_u8; 300_000];
    let mock = Mock::start([Act::with(200, &[], &content)]).await;
    let mut seen = Vec::new();
    let download = mock.account().open(export()).await.expect("an answer");
    assert_eq!((download.status().as_u16(), download.total()), (200, Some(300_000)));
    let target = folder.0.join("backup.tar.gz");
    let size = download
        .save(&target, |progress| seen.push(progress))
        .await
        .expect("a file");
    assert_eq!((size, std::fs::read(&target).expect("the file")), (300_000, content));
    assert_eq!(
        seen.last(),
        Some(&Progress {
            done: 300_000,
            total: Some(300_000)
        })
    );
    assert_eq!(folder.names(), ["backup.tar.gz"]);
}

#[tokio::test]
async fn a_refused_or_broken_download_leaves_no_file() {
    let folder = Folder::new("refused");
    let mut cut = answer(200, &[], &[1; 1000]);
    cut.truncate(600);
    let mock = Mock::start([
        Act::json(400, r#"{"code":"ERROR_CODE_INPUT_ERROR","message":"no"}"#),
        Act::Cut(cut),
        Act::Silence,
    ])
    .await;
    let account = mock.account();
    assert_eq!(
        account.open(export()).await.expect_err("refused").code(),
        "ERROR_CODE_INPUT_ERROR"
    );
    let download = account.open(export()).await.expect("the head of an answer");
    let error = download.save(folder.0.join("x"), |_| ()).await.expect_err("cut");
    assert_eq!(error.code(), "connection_error");
    assert!(error.to_string().contains("bytes had come"), "{error}");
    assert!(folder.names().is_empty(), "{:?}", folder.names());
    let options = CallOptions {
        read_timeout: Some(Duration::from_millis(30)),
        ..CallOptions::default()
    };
    assert_eq!(
        account
            .open(export().options(options))
            .await
            .expect_err("silence")
            .code(),
        "timeout"
    );
}

#[tokio::test]
async fn json_where_the_table_promises_a_file_is_a_refusal_whatever_the_status() {
    let archive = Request::new("instance.workspace.export")
        .expect("in the table")
        .path_value(1_i64);
    let refusal = r#" {"code":"ERROR_CODE_ACCESS_DENIED","message":"Access Denied.","payload":""}"#;
    let mock = Mock::start([
        Act::json(200, refusal),
        Act::json(200, "{}"),
        Act::with(200, &[], b""),
        Act::with(
            200,
            &[("content-type", "Text/HTML; charset=utf-8")],
            b"<html>Please log in",
        ),
        Act::with(200, &[("content-type", "application/json")], b"\x1f\x8barchive"),
    ])
    .await;
    let instance = mock.client().instance_at(&mock.url(), None).expect("loopback");
    let error = instance.open(archive.clone()).await.expect_err("refused");
    assert_eq!((error.code(), error.status()), ("ERROR_CODE_ACCESS_DENIED", Some(200)));
    assert_eq!(
        instance.open(archive.clone()).await.expect_err("no file").code(),
        "decode_error"
    );
    assert_eq!(
        instance.open(archive.clone()).await.expect_err("empty").code(),
        "decode_error"
    );
    assert_eq!(
        instance.open(archive.clone()).await.expect_err("a web page").code(),
        "decode_error"
    );
    let mut download = instance.open(archive).await.expect("a mislabelled archive");
    assert_eq!(
        download.chunk().await.expect("bytes").expect("bytes").as_ref(),
        b"\x1f\x8barchive"
    );
    assert_eq!((download.done(), download.total()), (9, Some(9)));
}

#[tokio::test]
async fn a_download_that_stalls_times_out() {
    let pieces = vec![b"HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\n1".to_vec()];
    let mock = Mock::start([Act::Slowly(pieces, Duration::from_secs(60))]).await;
    let options = CallOptions {
        read_timeout: Some(Duration::from_millis(30)),
        ..CallOptions::default()
    };
    let mut download = mock.account().open(export().options(options)).await.expect("a head");
    assert_eq!(download.chunk().await.expect("a byte").expect("a byte"), "1");
    assert_eq!(download.chunk().await.expect_err("nothing more").code(), "timeout");
}

#[tokio::test]
async fn an_upload_streams_its_file_with_progress() {
    let folder = Folder::new("upload");
    let path = folder.0.join("big.bin");
    std::fs::write(&path, vec![9_u8; 500_000]).expect("a file");
    let mock = Mock::start([]).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let progress = ProgressSink::new(move |progress| sink.lock().expect("no panic").push(progress));
    let request = Request::raw("POST", "/file")
        .expect("a method")
        .body(Body::Multipart(vec![Part::file("content", &path)]))
        .options(CallOptions {
            progress: Some(progress),
            ..CallOptions::default()
        });
    let client = mock.client();
    client.account().call(request).await.expect("an answer");
    let upload = mock.only();
    assert!(
        upload.body.len() > 500_000 && upload.header("content-length").is_some(),
        "a known length"
    );
    assert!(String::from_utf8_lossy(&upload.body[..200]).contains(r#"filename="big.bin""#));
    let seen = seen.lock().expect("no panic");
    assert!(seen.len() > 3, "{}", seen.len());
    assert_eq!(
        seen.last(),
        Some(&Progress {
            done: 500_000,
            total: Some(500_000)
        })
    );
    assert_eq!(client.stats().bytes_out, 500_000);
}

#[tokio::test]
async fn a_missing_file_is_refused_before_anything_is_sent() {
    let mock = Mock::start([]).await;
    for path in ["/no/such/file", "/tmp"] {
        let body = Body::Multipart(vec![Part::file("content", path)]);
        let error = mock
            .account()
            .call(Request::raw("POST", "/file").expect("a method").body(body))
            .await
            .expect_err(path);
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains(path), "{error}");
    }
    assert!(mock.seen().is_empty());
}

#[tokio::test]
async fn a_src_is_fetched_without_the_token_and_through_redirects() {
    let storage = Mock::start([Act::with(200, &[], b"archive")]).await;
    let location = format!("{}/file?key=1", storage.url());
    let mock = Mock::start([Act::with(302, &[("location", &location)], b"")]).await;
    let mut download = mock.account().fetch("/vault/x.tar.gz").await.expect("an answer");
    assert_eq!(download.chunk().await.expect("bytes").expect("bytes"), "archive");
    for seen in [mock.only(), storage.only()] {
        assert_eq!(seen.header("authorization"), None);
    }
    assert_eq!(
        (mock.only().target, storage.only().target),
        ("/vault/x.tar.gz".to_owned(), "/file?key=1".to_owned())
    );
}

#[tokio::test]
async fn a_src_that_leads_astray_is_refused() {
    let mock = Mock::start([
        Act::with(302, &[("location", "http://x1.xano.io/")], b""),
        Act::json(503, ""),
        Act::with(200, &[], b"x"),
    ])
    .await;
    let account = mock.account();
    for src in [
        "http://x1.xano.io/file",
        "file:///etc/passwd",
        "https://me:pw@x1.xano.io/",
        "/redirected",
    ] {
        let error = account.fetch(src).await.expect_err(src);
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(!error.to_string().contains("pw"), "{error}");
    }
    account.fetch("/again").await.expect("a 503 is tried again");
    assert_eq!(mock.seen().len(), 3);
}

#[tokio::test]
async fn a_download_that_is_read_slowly_holds_up_nobody() {
    let mock = Mock::start([Act::with(200, &[], b"archive")]).await;
    let account = mock.client_with(|options| options.max_concurrency = 1).account();
    let mut download = account.open(export()).await.expect("an answer");
    let between = tokio::time::timeout(Duration::from_secs(5), account.call(crate::support::me())).await;
    between.expect("at once").expect("an answer");
    assert_eq!(download.chunk().await.expect("bytes").expect("bytes"), "archive");
}
