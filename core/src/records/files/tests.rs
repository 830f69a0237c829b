//! What is written reads back as the same records, whatever is in them.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::csv_read::CsvReader;
use super::csv_write::CsvWriter;
use super::ndjson::{LineReader, write_page};
use crate::records::check::Checker;
use crate::records::options::LoadOptions;
use crate::records::rows::{Row, Rows};
use crate::records::schema::Schema;

/// A column's description, and values that it can hold as JSON text.
fn column() -> impl Strategy<Value = (Json, BoxedStrategy<String>)> {
    let text = || any::<String>().prop_map(|text| json!(text).to_string()).boxed();
    let tricky = prop::sample::select(vec![
        "",
        " ",
        ",",
        "\"",
        "\"\"",
        "\n",
        "\r\n",
        "a,b",
        " a ",
        "null",
        "5",
        "true",
        "[1]",
        "ä😀\u{0}\u{2028}",
        "\u{feff}",
    ])
    .prop_map(|text| json!(text).to_string());
    let text = prop_oneof![text(), tricky].boxed();
    let number = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        prop::sample::select(vec!["9007199254740993", "-9223372036854775808", "0"]).prop_map(str::to_owned),
    ]
    .boxed();
    let decimal = prop_oneof![
        number.clone(),
        any::<f64>()
            .prop_filter("JSON has no such numbers", |n| n.is_finite())
            .prop_map(|n| json!(n).to_string()),
        prop::sample::select(vec!["1.50", "1e400", "-0.12345678901234567890", "15E-1"]).prop_map(str::to_owned),
    ]
    .boxed();
    let days = vec!["0001-01-01", "1969-12-31", "2000-02-29", "9999-12-31"];
    let day = prop::sample::select(days)
        .prop_map(|day| json!(day).to_string())
        .boxed();
    let nested = (text.clone(), decimal.clone()).prop_map(|(text, number)| {
        format!("{{ \"a\" : [{number}, null, {{}}],\n{text}: {text} , \"9007199254740993\": 9007199254740993}}")
    });
    let nested = nested.boxed();
    let free = prop_oneof![
        text.clone(),
        decimal.clone(),
        nested.clone(),
        Just("true".to_owned()),
        Just("[]".to_owned())
    ];
    let flag = any::<bool>().prop_map(|flag| flag.to_string()).boxed();
    let choice = prop::sample::select(vec!["a", "b,", "\""])
        .prop_map(|text| json!(text).to_string())
        .boxed();
    let uuid = Just("\"0b3cf5d6-1c2e-4f0a-9d8e-7a6b5c4d3e2f\"".to_owned()).boxed();
    let kinds: Vec<(Json, BoxedStrategy<String>)> = vec![
        (json!({"type": "text"}), text.clone()),
        (json!({"type": "email"}), text),
        (json!({"type": "int"}), number.clone()),
        (json!({"type": "timestamp"}), number),
        (json!({"type": "decimal"}), decimal.clone()),
        (json!({"type": "bool"}), flag),
        (json!({"type": "enum", "values": ["a", "b,", "\""]}), choice),
        (json!({"type": "date"}), day),
        (json!({"type": "uuid"}), uuid),
        (json!({"type": "json"}), free.clone().boxed()),
        (json!({"type": "hologram"}), free.boxed()),
        (json!({"type": "object"}), nested.clone()),
        (json!({"type": "image"}), nested),
        (
            json!({"type": "vector"}),
            prop::collection::vec(decimal, 0..3)
                .prop_map(|all| format!("[{}]", all.join(", ")))
                .boxed(),
        ),
    ];
    (prop::sample::select(kinds), any::<bool>(), any::<bool>()).prop_map(|((mut column, values), list, nullable)| {
        column["nullable"] = json!(nullable);
        let mut values = values;
        if list && column["type"] != "vector" {
            column["style"] = json!("list");
            values = prop::collection::vec(values, 0..3)
                .prop_map(|all| format!("[{}]", all.join(",")))
                .boxed();
        }
        if nullable {
            values = prop_oneof![1 => Just("null".to_owned()), 3 => values].boxed();
        }
        (column, values)
    })
}

/// A schema, and records as the JSON text of a page.
fn table() -> impl Strategy<Value = (Vec<Json>, Vec<Vec<String>>)> {
    prop::collection::vec(column(), 0..6).prop_flat_map(|columns| {
        let (mut described, mut values): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        for (place, column) in described.iter_mut().enumerate() {
            column["name"] = json!(format!("{place}, \"col\"\nä"));
        }
        described.insert(0, json!({"name": "id", "type": "int"}));
        values.insert(0, any::<i64>().prop_map(|id| id.to_string()).boxed());
        (Just(described), prop::collection::vec(values, 0..6))
    })
}

fn record(columns: &[Json], values: &[String]) -> String {
    let fields: Vec<String> = columns
        .iter()
        .zip(values)
        .map(|(column, value)| format!("{}: {value}", column["name"]))
        .collect();
    format!("{{{}}}", fields.join(", "))
}

/// The rows as they would be sent.
fn checked(checker: &Checker, rows: &Rows) -> Vec<String> {
    let sent = |row: Row<'_>| match row {
        Row::Json(text) => {
            let mut out = Vec::new();
            let shown = String::from_utf8_lossy(text);
            checker
                .check(text, &mut out)
                .unwrap_or_else(|trouble| panic!("{trouble}: {shown}"));
            String::from_utf8(out).expect("text")
        }
        Row::Refused(trouble) => panic!("{trouble}"),
    };
    rows.iter().map(sent).collect()
}

proptest! {
    #[test]
    fn records_read_back_as_they_were((columns, records) in table(), step in 1_usize..200) {
        let schema = Arc::new(Schema::of(columns.clone()).expect("columns"));
        let options = LoadOptions {
            keep_ids: Some(true),
            ..LoadOptions::default()
        };
        let checker = Checker::new(Arc::clone(&schema), &options).expect("a checker");
        let texts: Vec<String> = records.iter().map(|values| record(&columns, values)).collect();
        let mut source = Rows::new();
        for text in &texts {
            source.push(text.as_bytes());
        }
        // Minified, but otherwise to the letter: every digit and every escape counts.
        let expected = checked(&checker, &source);
        let page = format!("[{}]", texts.join(",\n"));

        let mut lines = Vec::new();
        write_page(page.as_bytes(), &mut lines).expect("a page");
        let mut reader = LineReader::new(1 << 20);
        let mut rows = Rows::new();
        for piece in lines.chunks(step) {
            let mut rest = piece;
            while !rest.is_empty() {
                rest = &rest[reader.feed(rest, &mut rows).expect("lines")..];
            }
        }
        reader.finish(&mut rows).expect("lines");
        prop_assert_eq!(&checked(&checker, &rows), &expected);

        let mut writer = CsvWriter::new(&schema);
        let mut csv = Vec::new();
        writer.write_header(&mut csv);
        writer.write_page(page.as_bytes(), &mut csv).expect("a page");
        let mut reader = CsvReader::new(Arc::clone(&schema), 1 << 20);
        let mut rows = Rows::new();
        for piece in csv.chunks(step) {
            let mut rest = piece;
            while !rest.is_empty() {
                rest = &rest[reader.feed(rest, &mut rows).expect("records")..];
            }
        }
        reader.finish(&mut rows).expect("records");
        // In CSV, text has no escapes of its own.
        let plain = |rows: &[String]| -> Vec<Json> { rows.iter().map(|row| by_digits(row)).collect() };
        prop_assert_eq!(plain(&checked(&checker, &rows)), plain(&expected));
    }

    #[test]
    fn the_csv_crate_reads_what_is_written((columns, records) in table()) {
        let schema = Schema::of(columns.clone()).expect("columns");
        let mut writer = CsvWriter::new(&schema);
        let mut csv = Vec::new();
        writer.write_header(&mut csv);
        let texts: Vec<String> = records.iter().map(|values| record(&columns, values)).collect();
        writer.write_page(format!("[{}]", texts.join(",")).as_bytes(), &mut csv).expect("a page");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_slice());
        let widths: Vec<usize> = reader.records().map(|record| record.expect("well-formed").len()).collect();
        prop_assert_eq!(widths, vec![columns.len(); records.len() + 1]);
    }
}

/// JSON with numbers as texts, since a tree would round them.
fn by_digits(json: &str) -> Json {
    let mut out = String::new();
    let mut in_text = false;
    let mut escaped = false;
    let mut in_number = false;
    for character in json.chars() {
        let begins = !in_text && !in_number && (character == '-' || character.is_ascii_digit());
        let ends = in_number && matches!(character, ',' | ']' | '}');
        if begins || ends {
            out.push('"');
            in_number = begins;
        }
        if character == '"' && !escaped {
            in_text = !in_text;
        }
        escaped = in_text && character == '\\' && !escaped;
        out.push(character);
    }
    serde_json::from_str(&out).unwrap_or_else(|cause| panic!("{cause}: {out}"))
}
