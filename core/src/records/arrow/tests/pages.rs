//! Schemas and pages.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMillisecondType};
use arrow_array::{Array as _, RecordBatch};
use futures_util::FutureExt as _;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

#[cfg(feature = "arrow-ipc")]
use super::super::IpcWriter;
use super::super::types::{ENCODING, Plan, XANO_TYPE};
use super::super::{ArrowOptions, rows_of};
use super::{Canned, decoder, plan, schema, texts};
use crate::error::ErrorKind;

fn every_kind() -> Json {
    json!([
        {"name": "id", "type": "int", "required": true},
        {"name": "text", "type": "text", "nullable": false},
        {"name": "ok", "type": "bool"},
        {"name": "price", "type": "decimal"},
        {"name": "day", "type": "date"},
        {"name": "at", "type": "timestamp"},
        {"name": "secret", "type": "password"},
        {"name": "tags", "type": "text", "style": {"type": "list"}},
        {"name": "place", "type": "geo_point"},
        {"name": "v", "type": "vector", "vector": {"size": 2}},
        {"name": "box", "type": "object", "children": [{"name": "id", "type": "int"}, {"name": "at", "type": "timestamp"}]},
        {"name": "later", "type": "hologram"},
    ])
}

fn types(plan: &Plan) -> Vec<String> {
    let fields = plan.schema.fields().iter();
    fields
        .map(|field| format!("{}: {}", field.name(), field.data_type()))
        .collect()
}

fn one(batches: Result<Vec<RecordBatch>, crate::Error>) -> RecordBatch {
    let mut batches = batches.expect("a batch");
    assert_eq!(batches.len(), 1);
    batches.remove(0)
}

fn refusal(columns: Json, options: Json, page: &str) -> String {
    let error = decoder(columns, options)
        .decode(page.as_bytes())
        .expect_err("it does not fit");
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    error.to_string()
}

#[test]
fn types_come_from_the_schema() {
    let plain = plan(every_kind(), json!({}));
    assert_eq!(
        types(&plain),
        [
            "id: Int64",
            "text: Utf8",
            "ok: Boolean",
            "price: Float64",
            "day: Utf8",
            "at: Int64",
            "tags: Utf8",
            "place: Utf8",
            "v: Utf8",
            "box: Utf8",
            "later: Utf8",
        ]
    );
    let nullable = plain.schema.fields().iter().filter(|field| !field.is_nullable());
    assert_eq!(nullable.map(|field| field.name().as_str()).collect::<Vec<_>>(), ["id"]);
    let tags = plain.schema.field_with_name("tags").expect("tags");
    assert_eq!(
        (tags.metadata()[XANO_TYPE].as_str(), tags.metadata()[ENCODING].as_str()),
        ("text[]", "json")
    );
    assert!(!plain.schema.field(1).metadata().contains_key(ENCODING));
}

#[test]
fn options_change_the_types() {
    let rich = plan(
        every_kind(),
        json!({"datetimes": true, "nested": "native", "decimals": "text"}),
    );
    let types = types(&rich);
    assert_eq!(types[3], "price: Utf8");
    assert_eq!(types[4], "day: Date32");
    assert!(types[5].contains("Timestamp(ms, \"UTC\")"), "{}", types[5]);
    assert!(
        types[6].starts_with("tags: List(") && types[6].contains("Utf8"),
        "{}",
        types[6]
    );
    assert_eq!(types[7], "place: Utf8");
    assert!(
        types[8].starts_with("v: List(") && types[8].contains("Float64"),
        "{}",
        types[8]
    );
    assert!(types[9].starts_with("box: Struct("), "{}", types[9]);
    assert!(
        !types[9].contains("non-null"),
        "a field of an object is no key: {}",
        types[9]
    );
    let unknown = serde_json::from_value::<ArrowOptions>(json!({"dates": true}));
    assert!(unknown.is_err_and(|cause| cause.to_string().contains("dates")));
}

#[test]
fn columns_can_be_chosen_and_ordered() {
    let plan = plan(every_kind(), json!({"columns": ["at", "id"]}));
    assert_eq!(types(&plan), ["at: Int64", "id: Int64"]);
    for (columns, reason) in [
        (json!(["id", "prize"]), "no column \"prize\". It has: id, text"),
        (json!(["id", "id"]), "asked for twice"),
        (json!(["secret"]), "passwords"),
    ] {
        let options: ArrowOptions = serde_json::from_value(json!({ "columns": columns })).expect("options");
        let error = Plan::new(&schema(every_kind()), &options).expect_err(reason);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(reason), "{error}");
    }
    // A read of no columns counts rows.
    let mut none = decoder(every_kind(), json!({"columns": []}));
    let batch = one(none.decode(br#"[{"id":1},{"id":2}]"#));
    assert_eq!((batch.num_rows(), batch.num_columns()), (2, 0));
    assert_eq!(texts(&rows_of(&batch).expect("rows")), ["{}", "{}"]);
}

#[test]
fn an_empty_page_has_the_right_types() {
    for options in [
        json!({}),
        json!({"datetimes": true, "nested": "native", "decimals": "text"}),
    ] {
        let plan = plan(every_kind(), options.clone());
        let batch = one(decoder(every_kind(), options).decode(b" [ ] "));
        assert_eq!((batch.num_rows(), batch.schema()), (0, plan.schema));
    }
}

#[test]
fn values_land_in_their_columns_in_any_order_of_keys() {
    let options = json!({"datetimes": true, "nested": "native"});
    let batch = one(decoder(every_kind(), options).decode(
        br#"[{"id":1,"text":"a\u00e4\"","ok":true,"price":1.5,"day":"0001-01-01","at":1681336838000,"tags":["x",null],"place":{"type":"point"},"v":[1,2.5],"box":{"id":7},"later":[1, 2]},
            {"later":null,"at":"2023-04-12 22:00:38+0000","id":9223372036854775807,"box":null,"price":"0.1","v":[],"secret":"$2a","tags":null,"ok":false,"day":"9999-12-31"}]"#,
    ));
    let ints = |name: &str| batch[name].as_primitive::<Int64Type>().values().to_vec();
    assert_eq!(ints("id"), [1, i64::MAX]);
    assert_eq!(batch["text"].as_string::<i32>().value(0), "aä\"");
    assert!(batch["text"].is_null(1), "a missing key is null");
    assert_eq!(batch["price"].as_primitive::<Float64Type>().values(), &[1.5, 0.1]);
    assert_eq!(
        batch["day"].as_primitive::<Date32Type>().values(),
        &[-719_162, 2_932_896]
    );
    let moments = batch["at"].as_primitive::<TimestampMillisecondType>().values();
    assert_eq!(moments, &[1_681_336_838_000, 1_681_336_838_000]);
    assert_eq!(
        batch["later"].as_string::<i32>().value(0),
        "[1, 2]",
        "as the server wrote it"
    );
    let tags = batch["tags"].as_list::<i32>();
    assert_eq!((tags.value_length(0), tags.is_null(1)), (2, true));
    assert!(batch["box"].as_struct().column(1).is_null(0), "a missing field is null");
}

#[test]
fn what_does_not_fit_names_the_record_and_the_column() {
    let columns = || {
        json!([
            {"name": "id", "type": "int"},
            {"name": "n", "type": "int"},
            {"name": "price", "type": "decimal"},
            {"name": "name", "type": "text"},
            {"name": "ok", "type": "bool"},
            {"name": "day", "type": "date"},
            {"name": "at", "type": "timestamp"},
            {"name": "lines", "type": "object", "style": "list", "children": [{"name": "price", "type": "decimal"}]},
        ])
    };
    for (record, expected) in [
        (
            r#"{"id":5,"n":"abc"}"#,
            "The record with the id 5: column n should be a whole number",
        ),
        (
            r#"{"n":"abc","id":"5"}"#,
            r#"The record with the id "5": column n should be a whole number"#,
        ),
        (
            r#"{"n":"abc"}"#,
            "Record 2 of a page: column n should be a whole number",
        ),
        (
            r#"{"id":5,"n":9223372036854775808}"#,
            "2^63-1, but is 9223372036854775808.",
        ),
        (
            r#"{"id":5,"n":-99999999999999999999999}"#,
            "but is -99999999999999999999999.",
        ),
        (r#"{"id":5,"n":1.5}"#, "but is 1.5."),
        (r#"{"id":5,"n":true}"#, "but is true."),
        (
            r#"{"id":5,"price":"many"}"#,
            r#"column price should be a number that a double can hold, but is "many"."#,
        ),
        (r#"{"id":5,"price":1e999}"#, "but is 1e999."),
        (r#"{"id":5,"price":[1]}"#, "should be a number, but is [1]."),
        (r#"{"id":5,"name":3}"#, "column name should be text, but is 3."),
        (r#"{"id":5,"ok":1}"#, "column ok should be true or false, but is 1."),
        (
            r#"{"id":5,"day":"2023-02-29"}"#,
            r#"column day should be a day such as 2023-04-12, but is "2023-02-29"."#,
        ),
        (
            r#"{"id":5,"at":"soon"}"#,
            r#"column at should be milliseconds since 1970 or a date and time, but is "soon"."#,
        ),
        (r#"{"id":5,"at":false}"#, "but is false."),
        (
            r#"{"id":5,"lines":[{"price":1},{"price":[]}]}"#,
            "column lines[1].price should be a number, but is [].",
        ),
        (
            r#"{"id":5,"lines":[{"price":1},7]}"#,
            "column lines[1] should be an object, but is 7.",
        ),
        (
            r#"{"id":5,"lines":[{"weight":1}]}"#,
            r#"column lines[0] has a key "weight" that"#,
        ),
        (
            r#"{"id":5,"lines":{"price":1}}"#,
            "column lines should be a list, but is",
        ),
        (
            r#"{"id":5,"extra":1}"#,
            r#"id 5 has a key "extra" that the table's columns do not know. If the table was changed"#,
        ),
        (r#"{"id":5,"n":1,"n":2}"#, "column n stands twice in it."),
        (r#"{"id":null}"#, "column id is null."),
        (r#"{"n":1}"#, "Record 2 of a page: column id is missing."),
        ("[]", "Record 2 of a page should be an object, but is []."),
    ] {
        let page = format!(r#"[{{"id":1}},{record}]"#);
        let text = refusal(columns(), json!({"nested": "native", "datetimes": true}), &page);
        assert!(text.contains(expected), "{text}");
    }
    let long = format!(r#"[{{"id":1,"n":"{}"}}]"#, "x".repeat(5000));
    assert!(
        refusal(columns(), json!({}), &long).len() < 300,
        "a value is shown short"
    );
}

#[test]
fn decimals_as_text_keep_every_digit() {
    let columns = || json!([{"name": "id", "type": "int"}, {"name": "price", "type": "decimal"}]);
    let options = json!({"decimals": "text"});
    let page = br#"[{"id":1,"price":9007199254740993.10},{"id":2,"price":"-0.30"},{"id":3,"price":1e400}]"#;
    let batch = one(decoder(columns(), options.clone()).decode(page));
    let digits: Vec<_> = batch["price"].as_string::<i32>().iter().flatten().collect();
    assert_eq!(digits, ["9007199254740993.10", "-0.30", "1e400"]);
    for nonsense in [
        "\"1,5\"", "\"\"", "\" 1\"", "\"1 \"", "\"+1\"", "\"01\"", "\"-\"", "true",
    ] {
        let page = format!(r#"[{{"id":1,"price":{nonsense}}}]"#);
        let text = refusal(columns(), options.clone(), &page);
        assert!(text.contains("should be a number, but is"), "{text}");
    }
}

#[test]
fn what_is_no_json_is_an_error_and_no_panic() {
    for page in [
        "",
        "{}",
        "[",
        "[{]",
        r#"[{"id":1}"#,
        r#"[{"id":1}] x"#,
        r#"[{"id":1},]"#,
        "[{\"text\":\"\u{1}\"}]",
        r#"[{"text":"\ud800"}]"#,
    ] {
        let text = refusal(every_kind(), json!({}), page);
        assert!(text.contains("not valid JSON") || text.contains("should be"), "{text}");
    }
    for page in [
        b"[{\"id\":1,\"text\":\"\xff\"}]".as_slice(),
        b"[{\"id\":1,\"later\":\"\xff\"}]",
        b"[{\"\xff\":1}]",
    ] {
        let error = decoder(every_kind(), json!({})).decode(page).expect_err("no UTF-8");
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    }
}

#[test]
fn a_decoder_goes_on_after_an_error() {
    let mut decoder = decoder(every_kind(), json!({"nested": "native"}));
    assert!(
        decoder
            .decode(br#"[{"id":1,"text":"a","tags":["x"],"box":{"id":1}},{"id":2,"text":3}]"#)
            .is_err()
    );
    assert_eq!(one(decoder.decode(br#"[{"id":3,"tags":["y"]}]"#)).num_rows(), 1);
}

#[test]
fn large_pages_are_cut_into_batches() {
    let mut decoder = decoder(
        json!([{"name": "id", "type": "int"}, {"name": "text", "type": "text"}]),
        json!({}),
    );
    decoder.batch_bytes = 40;
    let page = r#"[{"id":1,"text":"abcdefghij"},{"id":2,"text":"abcdefghij"},{"id":3},{"id":4}]"#;
    let batches = decoder.decode(page.as_bytes()).expect("batches");
    assert_eq!(batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [2, 2]);
    let rows: Vec<String> = batches
        .iter()
        .flat_map(|batch| texts(&rows_of(batch).expect("rows")))
        .collect();
    assert_eq!(rows[3], r#"{"id":4,"text":null}"#);
}

#[tokio::test]
async fn a_reader_passes_over_empty_pages_and_ends_at_an_error() {
    let mut reader = Canned::of(["[]", r#"[{"id":1,"name":"a"}]"#, "[]"]).reader();
    assert_eq!(
        reader.next().await.expect("a batch").map(|batch| batch.num_rows()),
        Some(1)
    );
    assert!(reader.next().await.expect("the end").is_none());
    assert!(reader.next().await.expect("still the end").is_none());

    let mut reader = Canned::of([r#"[{"id":"x"}]"#, r#"[{"id":1}]"#]).reader();
    assert!(reader.next().await.is_err());
    assert!(
        reader.next().await.expect("the end").is_none(),
        "what is behind a gap is not given"
    );
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_nothing() {
    let canned = || Canned::of([r#"[{"id":1,"name":"a"}]"#, r#"[{"id":2}]"#]);
    let mut reader = canned().reader();
    let mut rows = Vec::new();
    loop {
        // A page is never there at once, so every other wait is given up.
        assert!(reader.next().now_or_never().is_none());
        let Some(batch) = reader.next().await.expect("no error") else {
            break;
        };
        rows.extend(texts(&rows_of(&batch).expect("rows")));
    }
    assert_eq!(rows, [r#"{"id":1,"name":"a"}"#, r#"{"id":2,"name":null}"#]);

    #[cfg(feature = "arrow-ipc")]
    {
        let mut reader = canned().reader().into_ipc().expect("types of a read");
        let mut bytes = reader.next().await.expect("a schema").expect("bytes");
        loop {
            assert!(reader.next().now_or_never().is_none());
            let part = reader.next().await.expect("no error").expect("bytes");
            bytes.extend_from_slice(&part);
            if part == IpcWriter::END {
                break;
            }
        }
        assert_eq!(reader.next().await.expect("the end"), None);
        let batches = arrow_ipc::reader::StreamReader::try_new(bytes.as_slice(), None).expect("a schema");
        assert_eq!(
            batches.map(|batch| batch.expect("a batch").num_rows()).sum::<usize>(),
            2
        );
    }
}

proptest! {
    #[test]
    fn broken_pages_never_panic(cut in 0..260_usize, at in 0..260_usize, byte: u8, native: bool) {
        let page = br#"[{"id":1,"text":"a\u00e4\"","ok":true,"price":1.5,"day":"0001-01-01","at":1681336838000,"tags":["x",null],"place":{"type":"point"},"v":[1,2.5],"box":{"id":7},"later":[1, 2]},{"id":-12,"at":"2023-04-12 22:00:38+0000","tags":null,"price":"1"}]"#;
        let mut page = page[..cut.min(page.len())].to_vec();
        if let Some(place) = page.get_mut(at) {
            *place = byte;
        }
        let options = if native { json!({"nested": "native", "datetimes": true}) } else { json!({"decimals": "text"}) };
        if let Ok(batches) = decoder(every_kind(), options).decode(&page) {
            let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
            prop_assert!(rows <= 2);
        }
    }
}
