//! Answers that mean harm: a few bytes that unpack to gigabytes, JSON without a bottom, files that never begin, waits
//! without end. Each is a clear error that comes soon, and memory stays what it is.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use xano_metadata::{CallOptions, Client, Error, ErrorKind, Request};

use crate::support::{Act, Mock, answer, create, me};

/// What the clients here hold of an answer.
const MOST: usize = 256 << 10;

/// 4 MiB of blanks: enough to be too much, and soon packed.
fn gzip() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let piece = vec![b' '; 1 << 20];
    for _ in 0..4 {
        encoder.write_all(&piece).expect("into memory");
    }
    encoder.finish().expect("into memory")
}

/// 1 GiB of blanks: a frame of blocks that say one byte and how often.
fn zstd() -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    for block in 0..8192_u32 {
        let header = (128 * 1024) << 3 | 1 << 1 | u32::from(block == 8191);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(b' ');
    }
    frame
}

fn packed(encoding: &str, body: &[u8]) -> Act {
    Act::with(
        200,
        &[("content-type", "application/json"), ("content-encoding", encoding)],
        body,
    )
}

fn client(mock: &Mock) -> Client {
    mock.client_with(|options| options.max_answer_bytes = MOST)
}

fn assert_too_large(error: &Error) {
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Decode, "decode_error"),
        "{error}"
    );
    let text = error.to_string();
    for words in [
        "account.me: 200 ",
        "more than the 262144 bytes",
        "max_answer_bytes",
        "1 attempt",
    ] {
        assert!(text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn a_few_bytes_that_unpack_to_gigabytes_are_an_error() {
    for (encoding, body) in [("gzip", gzip()), ("zstd", zstd())] {
        let mock = Mock::start([packed(encoding, &body)]).await;
        let error = client(&mock).account().call(me()).await.expect_err(encoding);
        assert_too_large(&error);
        assert_eq!(mock.seen().len(), 1, "{encoding} is not asked for again");
    }
}

#[tokio::test]
async fn a_large_answer_is_one_also_when_it_is_not_packed() {
    let announced = answer(200, &[], &vec![b' '; MOST + 1]);
    let mut chunked = b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..3 {
        chunked.extend_from_slice(format!("{:x}\r\n", MOST / 2).as_bytes());
        chunked.extend_from_slice(&vec![b' '; MOST / 2]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    for body in [announced, chunked] {
        let mock = Mock::start([Act::Answer(body)]).await;
        assert_too_large(&client(&mock).account().call(me()).await.expect_err("too large"));
    }
    // As large as may be.
    let text = format!("\"{}\"", "x".repeat(MOST - 2));
    let mock = Mock::start([Act::json(200, &text)]).await;
    let reply = client(&mock).account().call(me()).await.expect("an answer");
    assert_eq!(reply.body.len(), MOST);
}

#[tokio::test]
async fn a_refusal_is_read_to_a_bound_however_it_is_packed() {
    let act = |body: &[u8]| Act::with(500, &[("content-encoding", "gzip")], body);
    let mock = Mock::start([act(&gzip())]).await;
    let error = client(&mock).account().call(create()).await.expect_err("a refusal");
    assert_eq!(error.status(), Some(500));
    assert!(error.body().expect("its start").len() < 1000);
}

#[tokio::test]
async fn json_without_a_bottom_is_an_error() {
    const DEPTH: usize = 100_000;
    for text in [
        format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH)),
        format!("{}1{}", "{\"a\":".repeat(DEPTH), "}".repeat(DEPTH)),
    ] {
        let mock = Mock::start([Act::json(200, &text), Act::json(500, &text), Act::json(200, &text)]).await;
        let account = mock.client_with(|options| options.max_retries = 0).account();
        let reply = account.call(me()).await.expect("the bytes of an answer");
        let error = reply.json::<serde_json::Value>().expect_err("too deep");
        assert_eq!(error.code(), "decode_error");
        assert!(error.to_string().contains("recursion limit"), "{error}");
        assert_eq!(account.call(me()).await.expect_err("a refusal").status(), Some(500));
        // A list that is no list of records comes as bytes, or is no page.
        let snippets = Request::new("account.snippets.list").expect("in the table");
        let _ = account.pages(snippets).next().await;
    }
}

#[tokio::test]
async fn a_file_that_never_begins_is_given_up() {
    let mock = Mock::start([Act::with(200, &[], &vec![b' '; 10 << 20])]).await;
    let export = Request::new("instance.workspace.export")
        .expect("in the table")
        .path_value(1_i64);
    let instance = mock.client().instance_at(&mock.url(), None).expect("an instance");
    let mut download = instance
        .open(export)
        .await
        .expect("blanks, at which nobody looks for ever");
    assert!(download.chunk().await.expect("a piece").is_some());
}

#[tokio::test]
async fn limits_larger_than_clocks_can_count_mean_no_limit() {
    for endless in [
        Duration::MAX,
        Duration::from_secs(u64::MAX / 2),
        Duration::from_secs(1 << 40),
    ] {
        let mock = Mock::start([Act::json(503, "{}"), Act::ok(), Act::ok()]).await;
        let client = mock.client_with(|options| {
            options.timeout = Some(endless);
            options.read_timeout = endless;
            options.long_read_timeout = endless;
            options.connect_timeout = endless;
            options.deadline = Some(endless);
            options.max_backoff = endless;
            options.max_retry_after = endless;
        });
        client.account().call(me()).await.expect("an answer");
        let options = CallOptions {
            timeout: Some(endless),
            read_timeout: Some(endless),
            connect_timeout: Some(endless),
            deadline: Some(endless),
            ..CallOptions::default()
        };
        client.account().call(me().options(options)).await.expect("an answer");
    }
}

#[tokio::test]
async fn pages_beyond_the_largest_number_do_not_wrap() {
    let last = u64::MAX;
    for page in [
        format!(r#"{{"items":[{{"id":1}}],"curPage":{last},"nextPage":null,"perPage":1}}"#),
        format!(r#"{{"items":[{{"id":1}}],"curPage":1,"nextPage":{last},"pageTotal":{last},"perPage":1}}"#),
        format!(r#"{{"items":[{{"id":1}}],"curPage":{last},"perPage":1}}"#),
    ] {
        let mock = Mock::start([Act::json(200, &page), Act::json(200, &page)]).await;
        let snippets = Request::raw("GET", "/snippet").expect("a method");
        let mut pages = mock.account().pages(snippets);
        // Pages, an end or a clear error; what it must not be is a panic.
        for _ in 0..2 {
            if let Err(error) = pages.next().await {
                assert_eq!(error.code(), "decode_error", "{error}");
            }
        }
    }
}
