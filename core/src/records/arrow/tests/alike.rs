//! The quick way through a page and the usual one: nobody can tell the difference.

use arrow_array::RecordBatch;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

use super::super::build::Decoder;
use super::decoder;

/// Columns, with values that fit and some that do not.
const COLUMNS: [(&str, &str, &[&str]); 10] = [
    (
        "id",
        "int",
        &[
            "1",
            "22",
            "123456789012345678",
            "1234567890123456789",
            "9223372036854775808",
            "-5",
            "-0",
            "5.0",
            "1e5",
            "1.5",
            "007",
            "0",
            "\"7\"",
            "1x",
            "-",
            "1.",
            "NaN",
            "-Infinity",
            "12345678",
            "123456789",
            "9e",
            "1e400",
        ],
    ),
    (
        "name",
        "text",
        &[
            "\"\"",
            "\"a\"",
            "\"exactly 16 bytes\"",
            "\"longer than sixteen bytes, by some\"",
            "\"Größe – ü\"",
            "\"a \\\"quoted\\\" word\\n\\t\\b\\f\\r\\/\\\\\"",
            "\"\\u00e4\\ud83d\\ude00\"",
            "\"\\ud800\"",
            "\"\\x\"",
            "\"\u{1}\"",
            "\"open",
            "3",
            "\"\u{7f}\"",
            "[]",
        ],
    ),
    (
        "price",
        "decimal",
        &[
            "1.5",
            "62.37",
            "0",
            "-0",
            "-0.0",
            "0.0",
            "1e5",
            "1E-3",
            "\"1.25\"",
            "\"many\"",
            "9007199254740993",
            "0.1",
            "123456789012345678.5",
            "1.7976931348623157e308",
            "1e999",
            "01",
            "1.",
            ".5",
            "12345678.12345678",
            "true",
        ],
    ),
    ("ok", "bool", &["true", "false", "tru", "truefalse", "0", "\"true\""]),
    (
        "day",
        "date",
        &[
            "\"2025-02-28\"",
            "\"2025-02-29\"",
            "\"0001-01-01\"",
            "\"soon\"",
            "\"2025\\u002d02-28\"",
            "20250228",
        ],
    ),
    (
        "at",
        "timestamp",
        &[
            "1736982000000",
            "-1",
            "\"2023-04-12 22:00:38+0000\"",
            "\"soon\"",
            "0",
            "1.0",
            "false",
        ],
    ),
    (
        "n",
        "int",
        &["0", "1", "10", "99999999", "100000000", "123456789012345678", "[1]"],
    ),
    (
        "tags",
        "text[]",
        &[
            "[]",
            "[\"x\",null]",
            "[ \"x\" , \"ö\" ]",
            "{}",
            "[1]",
            "[\"x\"",
            "\"x\"",
        ],
    ),
    (
        "box",
        "object",
        &[
            "{}",
            "{\"a\":1,\"b\":\"x\"}",
            "{\"b\":\"x\", \"a\":2}",
            "{\"a\":\"x\"}",
            "{\"c\":1}",
            "[]",
            "{\"a\":1,\"a\":2}",
        ],
    ),
    (
        "any",
        "json",
        &["{\"x\":[1,{}]}", "1", "\"text\"", "[1, 2]", "{", "\"\\u00e4\"", "tr"],
    ),
];

fn columns() -> Json {
    let column = |(name, kind, _): &(&str, &str, &[&str])| {
        json!({
            "name": name,
            "type": kind.trim_end_matches("[]"),
            "style": if kind.ends_with("[]") { "list" } else { "single" },
            "children": [{"name": "a", "type": "int"}, {"name": "b", "type": "text"}],
        })
    };
    Json::Array(COLUMNS.iter().map(column).collect())
}

fn options() -> impl Strategy<Value = Json> {
    select(vec![
        json!({}),
        json!({"datetimes": true}),
        json!({"datetimes": true, "nested": "native", "decimals": "text"}),
        json!({"columns": ["name", "day", "price"]}),
        json!({"columns": []}),
    ])
}

/// The text of a field: mostly of values that fit, the first ones.
fn field(at: usize) -> BoxedStrategy<String> {
    let (name, _, values) = COLUMNS[at];
    let value = prop_oneof![
        30 => select(&values[..2]),
        3 => Just("null"),
        1 => select(values),
    ];
    let colon = prop_oneof![40 => Just(":"), 1 => select(vec![" : ", ": ", "", "::", ":\n"])];
    (value, colon)
        .prop_map(move |(value, colon)| format!("\"{name}\"{colon}{value}"))
        .boxed()
}

fn record() -> impl Strategy<Value = String> {
    let fields = (0..COLUMNS.len()).map(field).collect::<Vec<_>>();
    // In any order, some missing or twice.
    let other = vec(any::<prop::sample::Index>(), 0..12);
    let other = (fields.clone(), other).prop_map(|(fields, chosen)| {
        let chosen = chosen.iter().map(|at| at.get(&fields).clone());
        chosen.collect::<Vec<_>>()
    });
    let comma = prop_oneof![40 => Just(","), 1 => select(vec![" , ", ", ", "", ",,", "{", "}"])];
    let frame = prop_oneof![40 => Just(("{", "}")), 1 => select(vec![("{ ", " }"), (" {", "}"), ("{", ",}"), (",", "}"), ("{,", "}"), ("[", "]"), ("", "")])];
    (prop_oneof![6 => fields, 1 => other], comma, frame)
        .prop_map(|(fields, comma, (open, close))| format!("{open}{}{close}", fields.join(comma)))
}

/// A page, and what was done to it.
fn page() -> impl Strategy<Value = Vec<u8>> {
    let records = vec(record(), 0..6);
    let comma = prop_oneof![20 => Just(","), 1 => select(vec![" ,\n", ", ", "", ",,"])];
    let frame = prop_oneof![20 => Just(("[", "]")), 1 => select(vec![(" [ ", " ] "), ("[", ""), ("", "]"), ("[", "]]"), ("[", ",]"), ("{", "}")])];
    let damage = prop_oneof![
        3 => Just(None),
        1 => (any::<prop::sample::Index>(), prop_oneof![any::<u8>(), select(b"{}[],:\"\\ \n0-\x01\xff\xc3\xa9".to_vec())], 0..3_u8).prop_map(Some),
    ];
    (records, comma, frame, damage).prop_map(|(records, comma, (open, close), damage)| {
        let mut page = format!("{open}{}{close}", records.join(comma)).into_bytes();
        if let Some((at, byte, how)) = damage
            && !page.is_empty()
        {
            let at = at.index(page.len());
            match how {
                0 => page[at] = byte,
                1 => page.insert(at, byte),
                _ => page.truncate(at),
            }
        }
        page
    })
}

fn outcome(decoded: Result<Vec<RecordBatch>, crate::Error>) -> Result<Vec<RecordBatch>, String> {
    decoded.map_err(|error| format!("{error:?}"))
}

fn decoders(options: &Json, batch_bytes: usize) -> (Decoder, Decoder) {
    let made = || {
        let mut decoder = decoder(columns(), options.clone());
        decoder.batch_bytes = batch_bytes;
        decoder
    };
    (made(), made())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn pages_are_the_same_either_way(pages in vec(page(), 1..4), options in options(), batch_bytes in select(vec![1, 300, 1 << 20])) {
        let (mut quick, mut usual) = decoders(&options, batch_bytes);
        for page in pages {
            let text = String::from_utf8_lossy(&page).into_owned();
            prop_assert_eq!(outcome(quick.decode(&page)), outcome(usual.decode_any(&page)), "{}", text);
        }
    }
}

#[test]
fn most_pages_go_the_quick_way() {
    let page = br#"[{"id":1,"name":"a \"b\"","price":1.5},{"id":2,"name":null,"price":2}, {"price":1e3,"name":"\u00e4","id":3},{"id":4}]"#;
    let (mut quick, mut usual) = decoders(&json!({}), 1 << 20);
    let batches = quick.decode_alike(page).expect("the quick way");
    assert_eq!(batches, usual.decode_any(page).expect("a batch"));
    assert_eq!(batches[0].num_rows(), 4);
}
