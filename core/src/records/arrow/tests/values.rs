//! Every type of Arrow that a frame may bring, as JSON.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    FixedSizeListBuilder, Float64Builder, Int32Builder, LargeListBuilder, ListViewBuilder, MapBuilder, StringBuilder,
    StringDictionaryBuilder,
};
use arrow_array::types::{Float16Type, Int8Type, UInt32Type};
use arrow_array::*;
use arrow_buffer::i256;
use arrow_schema::{DataType, Field, Fields, Schema as ArrowSchema};

use super::super::types::{ENCODING, XANO_TYPE};
use super::super::{ArrowRows, rows_of};
use super::texts;
use crate::error::ErrorKind;

/// The values of one column, as they come in rows.
fn column(field: Field, array: ArrayRef) -> Vec<String> {
    let batch = RecordBatch::try_new(Arc::new(ArrowSchema::new(vec![field])), vec![array]).expect("a batch");
    let rows = texts(&rows_of(&batch).expect("rows"));
    rows.into_iter()
        .map(
            |row| match row.strip_prefix("{\"c\":").and_then(|row| row.strip_suffix('}')) {
                Some(value) => value.to_owned(),
                None => row,
            },
        )
        .collect()
}

fn values(array: impl Array + 'static) -> Vec<String> {
    column(Field::new("c", array.data_type().clone(), true), Arc::new(array))
}

fn marked(key: &str, value: &str, array: impl Array + 'static) -> Vec<String> {
    let metadata = HashMap::from([(key.to_owned(), value.to_owned())]);
    let field = Field::new("c", array.data_type().clone(), true).with_metadata(metadata);
    column(field, Arc::new(array))
}

#[test]
fn whole_numbers_of_every_width() {
    assert_eq!(values(Int8Array::from(vec![Some(-128), None])), ["-128", "null"]);
    assert_eq!(values(Int16Array::from(vec![i16::MAX])), ["32767"]);
    assert_eq!(values(Int32Array::from(vec![i32::MIN])), ["-2147483648"]);
    assert_eq!(
        values(Int64Array::from(vec![i64::MIN, (1 << 53) + 1])),
        ["-9223372036854775808", "9007199254740993"]
    );
    assert_eq!(values(UInt8Array::from(vec![255])), ["255"]);
    assert_eq!(values(UInt16Array::from(vec![65_535])), ["65535"]);
    assert_eq!(values(UInt32Array::from(vec![u32::MAX])), ["4294967295"]);
    assert_eq!(values(UInt64Array::from(vec![u64::MAX])), ["18446744073709551615"]);
    assert_eq!(
        values(BooleanArray::from(vec![Some(true), Some(false), None])),
        ["true", "false", "null"]
    );
    assert_eq!(values(NullArray::new(2)), ["null", "null"]);
}

#[test]
fn floats_as_the_server_writes_them() {
    let floats = vec![
        5.0,
        -0.0,
        0.1,
        1e300,
        9_007_199_254_740_993.0,
        f64::NAN,
        f64::NEG_INFINITY,
    ];
    assert_eq!(
        values(Float64Array::from(floats)),
        [
            "5",
            "-0.0",
            "0.1",
            "1e+300",
            "9007199254740992.0",
            "column c: It is NaN, which no column can hold.",
            "column c: It is -inf, which no column can hold.",
        ]
    );
    assert_eq!(values(Float32Array::from(vec![0.1, 3.0])), ["0.1", "3"]);
    let half = <Float16Type as ArrowPrimitiveType>::Native::from_f32(1.5);
    assert_eq!(values(Float16Array::from(vec![half])), ["1.5"]);
}

#[test]
fn decimals_with_every_digit() {
    let decimals = |scale| {
        Decimal128Array::from(vec![Some(12_345), Some(-5), Some(0), None])
            .with_precision_and_scale(38, scale)
            .expect("a decimal")
    };
    assert_eq!(values(decimals(2)), ["123.45", "-0.05", "0.00", "null"]);
    assert_eq!(values(decimals(0)), ["12345", "-5", "0", "null"]);
    assert_eq!(values(decimals(-2))[..2], ["1234500", "-500"]);
    let huge = i256::from_string("1234567890123456789012345678901234567890").expect("a number");
    let huge = Decimal256Array::from(vec![huge])
        .with_precision_and_scale(76, 38)
        .expect("a decimal");
    assert_eq!(values(huge), ["12.34567890123456789012345678901234567890"]);
    let small = Decimal32Array::from(vec![1])
        .with_precision_and_scale(9, 9)
        .expect("a decimal");
    assert_eq!(values(small), ["0.000000001"]);
}

#[test]
fn text_of_every_layout() {
    let texts = vec![Some("a\"ü\n\u{0}"), Some(""), None];
    let expected = ["\"a\\\"ü\\n\\u0000\"", "\"\"", "null"];
    assert_eq!(values(StringArray::from(texts.clone())), expected);
    assert_eq!(values(LargeStringArray::from(texts.clone())), expected);
    assert_eq!(values(StringViewArray::from(texts)), expected);
}

#[test]
fn json_only_where_the_field_says_so() {
    let json = || StringArray::from(vec![Some("{ \"a\" : [1.50, null] }"), Some("\"t\""), None, Some("{]")]);
    assert_eq!(values(json())[1], r#""\"t\"""#);
    for (key, value) in [(ENCODING, "json"), ("ARROW:extension:name", "arrow.json")] {
        let rows = marked(key, value, json());
        assert_eq!(rows[..3], [r#"{"a":[1.50,null]}"#, r#""t""#, "null"]);
        assert!(
            rows[3].starts_with("column c: It should be the text of JSON, but is not:"),
            "{}",
            rows[3]
        );
    }
    assert_eq!(
        marked(
            "ARROW:extension:name",
            "arrow.json",
            StringViewArray::from(vec!["[1 ]"])
        ),
        ["[1]"]
    );
}

#[test]
fn days_and_times() {
    assert_eq!(
        values(Date32Array::from(vec![0, -719_162, 2_932_896])),
        ["\"1970-01-01\"", "\"0001-01-01\"", "\"9999-12-31\""]
    );
    let outside = "column c: It lies outside the years 1 to 9999.";
    assert_eq!(values(Date32Array::from(vec![2_932_897, i32::MIN])), [outside, outside]);
    assert_eq!(
        values(Date64Array::from(vec![-86_400_000, 1])),
        ["\"1969-12-31\"", "\"1970-01-01T00:00:00.001\""]
    );
    assert_eq!(
        values(Time32SecondArray::from(vec![86_399, 86_400])),
        ["\"23:59:59\"", "column c: It is no time of a day."]
    );
    assert_eq!(values(Time32MillisecondArray::from(vec![1_500])), ["\"00:00:01.5\""]);
    assert_eq!(values(Time64MicrosecondArray::from(vec![1])), ["\"00:00:00.000001\""]);
    assert_eq!(values(Time64NanosecondArray::from(vec![1])), ["\"00:00:00.000000001\""]);
}

#[test]
fn moments_of_every_unit_and_zone() {
    assert_eq!(
        values(TimestampSecondArray::from(vec![1_681_336_838])),
        ["\"2023-04-12T22:00:38\""]
    );
    let berlin = TimestampMillisecondArray::from(vec![1_681_336_838_500]).with_timezone("Europe/Berlin");
    assert_eq!(values(berlin), ["\"2023-04-12T22:00:38.5Z\""]);
    let fine = TimestampMicrosecondArray::from(vec![Some(-1), None]).with_timezone("UTC");
    assert_eq!(values(fine), ["\"1969-12-31T23:59:59.999999Z\"", "null"]);
    assert_eq!(
        values(TimestampNanosecondArray::from(vec![1])),
        ["\"1970-01-01T00:00:00.000000001\""]
    );
    assert_eq!(
        values(TimestampSecondArray::from(vec![i64::MAX])),
        ["column c: It lies outside the years 1 to 9999."]
    );
    // What came from a timestamp of Xano goes back as one.
    let xano = |array: TimestampNanosecondArray| marked(XANO_TYPE, "timestamp", array);
    assert_eq!(xano(TimestampNanosecondArray::from(vec![2_000_000])), ["2"]);
    assert_eq!(
        xano(TimestampNanosecondArray::from(vec![2_000_001])),
        ["\"1970-01-01T00:00:00.002000001\""]
    );
}

#[test]
fn lists_of_every_layout() {
    let mut large = LargeListBuilder::new(Int32Builder::new());
    large.append_value([Some(1), None]);
    large.append_null();
    large.append_value([]);
    assert_eq!(values(large.finish()), ["[1,null]", "null", "[]"]);
    let mut view = ListViewBuilder::new(Int32Builder::new());
    view.append_value([Some(1), Some(2)]);
    view.append_null();
    assert_eq!(values(view.finish()), ["[1,2]", "null"]);
    let mut fixed = FixedSizeListBuilder::new(Float64Builder::new(), 2);
    for number in [1.0, 2.5, 3.0, f64::NAN] {
        fixed.values().append_value(number);
    }
    fixed.append(true);
    fixed.append(true);
    let fixed = fixed.finish();
    assert_eq!(values(fixed.slice(0, 1)), ["[1,2.5]"]);
    assert_eq!(
        values(fixed.slice(1, 1)),
        ["column c: At c[1]: It is NaN, which no column can hold."]
    );
}

#[test]
fn objects_maps_and_dictionaries() {
    let days: ArrayRef = Arc::new(Date32Array::from(vec![Some(0), None, Some(i32::MAX)]));
    let names: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
    let fields: Fields = vec![
        Field::new("day", DataType::Date32, true),
        Field::new("n\"", DataType::Utf8, true),
    ]
    .into();
    let objects = StructArray::new(fields, vec![days, names], Some(vec![true, true, true].into()));
    assert_eq!(
        values(objects),
        [
            r#"{"day":"1970-01-01","n\"":"a"}"#,
            r#"{"day":null,"n\"":"b"}"#,
            "column c: At c.day: It lies outside the years 1 to 9999.",
        ]
    );

    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    map.keys().append_value("k");
    map.values().append_value(1);
    map.append(true).expect("a map");
    map.append(false).expect("a map");
    assert_eq!(values(map.finish()), [r#"{"k":1}"#, "null"]);
    let mut map = MapBuilder::new(None, Int32Builder::new(), Int32Builder::new());
    map.append(true).expect("a map");
    assert!(values(map.finish())[0].contains("keys are not text"));

    let mut dictionary = StringDictionaryBuilder::<UInt32Type>::new();
    dictionary.append_value("x");
    dictionary.append_null();
    dictionary.append_value("x");
    let dictionary = dictionary.finish();
    assert_eq!(values(dictionary.clone()), ["\"x\"", "null", "\"x\""]);
    assert_eq!(values(dictionary.slice(1, 2)), ["null", "\"x\""]);
    let mut empty = StringDictionaryBuilder::<Int8Type>::new();
    empty.append_null();
    assert_eq!(values(empty.finish()), ["null"]);
}

#[test]
fn what_json_cannot_hold_is_refused_by_name() {
    let bytes = values(BinaryArray::from(vec![Some(b"x".as_slice()), None]));
    assert!(bytes[0].starts_with("column c: It is bytes"), "{}", bytes[0]);
    assert_eq!(bytes[1], "null");
    let duration = values(DurationSecondArray::from(vec![1]));
    assert!(duration[0].contains("Arrow's type Duration(s)"), "{}", duration[0]);
    let uuid = || FixedSizeBinaryArray::try_from_iter([[0x0b; 16]].into_iter()).expect("sixteen bytes");
    assert!(values(uuid())[0].contains("It is bytes"));
    assert_eq!(
        marked("ARROW:extension:name", "arrow.uuid", uuid()),
        ["\"0b0b0b0b-0b0b-0b0b-0b0b-0b0b0b0b0b0b\""]
    );
}

#[test]
fn two_columns_of_one_name_are_refused() {
    let schema = Arc::new(ArrowSchema::new(vec![
        Field::new("a", DataType::Int64, true),
        Field::new("a", DataType::Int64, true),
    ]));
    let batch = RecordBatch::new_empty(Arc::clone(&schema));
    assert!(rows_of(&batch).is_err_and(|error| error.to_string().contains("two columns with the name \"a\"")));
    let error = ArrowRows::new(RecordBatchIterator::new([Ok(batch)], schema)).expect_err("twice");
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[test]
fn a_large_batch_comes_in_chunks() {
    let ids = Int64Array::from_iter_values(0..2_500);
    let texts = StringArray::from_iter_values((0..2_500).map(|id| "x".repeat(if id < 3 { 600_000 } else { 1 })));
    let schema = Arc::new(ArrowSchema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("text", DataType::Utf8, true),
    ]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(ids), Arc::new(texts)]).expect("a batch");
    let empty = RecordBatch::new_empty(Arc::clone(&schema));
    let mut rows = ArrowRows::new(RecordBatchIterator::new([Ok(empty), Ok(batch)], schema)).expect("rows");
    let mut counts = Vec::new();
    while let Some(chunk) = rows.next_rows().expect("rows") {
        counts.push(chunk.len());
    }
    assert_eq!(counts, [2, 1_000, 1_000, 498]);
    assert!(rows.next_rows().expect("the end").is_none());
}
