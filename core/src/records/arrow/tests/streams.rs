//! Streams through Arrow's C interface: on whatever thread, given up at whatever moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arrow_array::ffi_stream::ArrowArrayStreamReader;
use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader as _};
use arrow_schema::{ArrowError, Schema as ArrowSchema};
use bytes::Bytes;

use super::super::{ArrowRows, ArrowStream};
use super::{Canned, texts};
use crate::error::{Error, ErrorKind};

fn two_pages() -> Canned {
    Canned::of([r#"[{"id":1,"name":"a"},{"id":2}]"#, r#"[{"id":3,"name":"ä"}]"#])
}

/// Reads a stream to its end, as a consumer of the C interface.
fn consume(stream: ArrowStream) -> Vec<usize> {
    let reader = ArrowArrayStreamReader::try_new(stream.into_ffi()).expect("a schema");
    reader.map(|batch| batch.expect("a batch").num_rows()).collect()
}

/// Waits until nobody holds it any more; the read is given up by another thread.
fn let_go(alive: &Arc<()>) {
    let began = Instant::now();
    while Arc::strong_count(alive) > 1 {
        assert!(began.elapsed() < Duration::from_secs(20), "the read goes on");
        std::thread::yield_now();
    }
}

#[test]
fn a_stream_goes_through_the_c_interface_and_back() {
    let stream = two_pages().reader().into_stream();
    assert_eq!(stream.schema().field(1).name(), "name");
    let mut rows = ArrowRows::from_ffi(stream.into_ffi()).expect("a stream");
    assert_eq!(rows.schema().fields().len(), 2);
    let mut all = Vec::new();
    while let Some(chunk) = rows.next_rows().expect("rows") {
        all.extend(texts(&chunk));
    }
    assert_eq!(
        all,
        [
            r#"{"id":1,"name":"a"}"#,
            r#"{"id":2,"name":null}"#,
            r#"{"id":3,"name":"ä"}"#
        ]
    );
}

#[test]
fn any_thread_may_consume() {
    assert_eq!(consume(two_pages().reader().into_stream()), [2, 1]);
    let stream = two_pages().reader().into_stream();
    assert_eq!(std::thread::spawn(|| consume(stream)).join().expect("no panic"), [2, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_worker_of_a_runtime_may_consume() {
    let spawned = tokio::spawn(async { consume(two_pages().reader().into_stream()) });
    assert_eq!(spawned.await.expect("no panic"), [2, 1]);
    let blocking = tokio::task::spawn_blocking(|| consume(two_pages().reader().into_stream()));
    assert_eq!(blocking.await.expect("no panic"), [2, 1]);
}

#[tokio::test(flavor = "current_thread")]
async fn the_only_thread_of_a_runtime_may_consume() {
    assert_eq!(consume(two_pages().reader().into_stream()), [2, 1]);
}

#[test]
fn workers_of_the_engine_itself_may_consume_all_at_once() {
    let handle = crate::runtime::handle().expect("a runtime");
    let tasks: Vec<_> = (0..8)
        .map(|_| handle.spawn(async { consume(two_pages().reader().into_stream()) }))
        .collect();
    for task in tasks {
        assert_eq!(handle.block_on(task).expect("no panic"), [2, 1]);
    }
}

#[test]
fn nothing_is_read_before_it_is_asked_for() {
    let canned = two_pages();
    let (asked, alive) = (Arc::clone(&canned.asked), Arc::clone(&canned.alive));
    let stream = canned.reader().into_stream().into_ffi();
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    drop(stream);
    assert_eq!((asked.load(Ordering::SeqCst), Arc::strong_count(&alive)), (0, 1));
}

#[test]
fn an_early_release_gives_the_read_up() {
    let mut canned = two_pages();
    canned.endless = true;
    let alive = Arc::clone(&canned.alive);
    let mut stream = canned.reader().into_stream();
    assert_eq!(stream.next().expect("a batch").expect("no error").num_rows(), 2);
    drop(stream.into_ffi());
    let_go(&alive);
}

#[test]
fn an_error_keeps_its_words_and_can_be_had_whole() {
    let mut canned = two_pages();
    canned.pages.push_back(Err(Error::config("No \0 such thing.")));
    canned.pages.push_back(Ok(Bytes::from_static(br#"[{"id":4}]"#)));
    let stream = canned.reader().into_stream();
    let failed = stream.failed();
    let reader = ArrowArrayStreamReader::try_new(stream.into_ffi()).expect("a schema");
    let seen: Vec<Result<RecordBatch, ArrowError>> = reader.collect();
    assert_eq!(seen.len(), 3, "two batches, an error, and nothing behind it");
    let text = seen[2].as_ref().expect_err("the error").to_string();
    assert!(text.contains("No \u{fffd} such thing."), "{text}");
    let error = failed.take().expect("the error whole");
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(failed.take().is_none(), "it is handed out once");
}

#[test]
fn a_check_can_end_a_wait() {
    let mut canned = Canned::of([]);
    canned.endless = true;
    let alive = Arc::clone(&canned.alive);
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let stream = canned
        .reader()
        .into_stream()
        .checking(move || match counter.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Ok(()),
            _ => Err(Error::cancelled("Ctrl-C.")),
        });
    let failed = stream.failed();
    let mut reader = ArrowArrayStreamReader::try_new(stream.into_ffi()).expect("a schema");
    assert!(reader.next().expect("an error").is_err());
    assert_eq!(failed.take().map(|error| error.kind()), Some(ErrorKind::Cancelled));
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    assert!(reader.next().is_none());
    let_go(&alive);
}

#[test]
fn a_stream_of_others_that_fails_says_why() {
    let schema = Arc::new(ArrowSchema::empty());
    let batches = [Err(ArrowError::ComputeError("the disk is full".to_owned()))];
    let reader = RecordBatchIterator::new(batches, schema);
    let stream = arrow_array::ffi_stream::FFI_ArrowArrayStream::new(Box::new(reader));
    let mut rows = ArrowRows::from_ffi(stream).expect("a schema");
    let error = rows.next_rows().expect_err("the failure");
    assert_eq!(error.kind(), ErrorKind::Record);
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert!(rows.next_rows().expect("the end").is_none());

    let used = arrow_array::ffi_stream::FFI_ArrowArrayStream::empty();
    let error = ArrowRows::from_ffi(used).expect_err("nothing in it");
    assert!(error.to_string().contains("used up before"), "{error}");
}
