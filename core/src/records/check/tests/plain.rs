//! What is passed over without a closer look becomes just what a closer look would make of it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::super::plain::{Plain, end};
use super::super::rule::Rule;
use super::*;

/// Columns of all kinds, among them names that do not fit into sixteen bytes or need escapes.
fn columns() -> Json {
    json!([
        {"name": "int", "type": "int", "required": true},
        {"name": "decimal", "type": "decimal"},
        {"name": "when", "type": "timestamp", "nullable": true},
        {"name": "flag", "type": "bool"},
        {"name": "a text with a longer name", "type": "text", "nullable": true},
        {"name": "quoted \"ü\"", "type": "email"},
        {"name": "secret", "type": "password"},
        {"name": "choice", "type": "enum", "values": ["open", "a \"b\"", "größer"]},
        {"name": "free_choice", "type": "enum"},
        {"name": "uuid", "type": "uuid", "nullable": true},
        {"name": "day", "type": "date", "nullable": true},
        {"name": "json", "type": "json"},
        {"name": "texts", "type": "text", "style": "list"},
        {"name": "object", "type": "object", "children": [{"name": "a", "type": "int"}]},
        {"name": "vector", "type": "vector", "vector": {"size": 2}},
    ])
}

/// Values by the place of the column that they fit; those behind need a change, or fit nowhere.
const VALUES: [&[&str]; 16] = [
    &["7", "1", "12"],
    &[
        "0",
        "7",
        "-1",
        "123456789012345",
        "1234567890123456",
        "123456789012345678",
        "-100000000000000000",
    ],
    &[
        "0",
        "-0",
        "0.5",
        "-12.50",
        "3.14159265358979312",
        "12345678901234567890.5",
        "0.00000000000000000001",
        "9",
    ],
    &["1736982000000", "-1", "0", "null"],
    &["true", "false"],
    &[
        "\"plain\"",
        "\"\"",
        "\"ünïcödé and some more\"",
        "\"sixteen bytes ..\"",
        "\"seventeen bytes !\"",
        "null",
    ],
    &["\"someone@example.com\""],
    &["\"hunter2\""],
    &["\"open\"", "\"größer\""],
    &["\"whatever\""],
    &["\"0b3cf5d6-1c2e-4f0a-9d8e-7a6b5c4d3e2f\"", "null"],
    &["\"2024-02-29\"", "\"0001-01-01\"", "null"],
    &["{\"a\":[1,2]}", "[]", "1e5", "\"x\"", "null"],
    &["[\"a\",\"b\"]", "[]"],
    &["{\"a\":1}"],
    &["[1,2.5]"],
];

const ODD: &[&str] = &[
    "5.0",
    "1e3",
    "-0",
    "-0.0",
    "007",
    "-",
    "1.",
    ".5",
    "1.e5",
    "-01",
    "1E+2",
    "9223372036854775807",
    "9223372036854775808",
    "12345678901234567890",
    "nul",
    "nulls",
    "truer",
    "True",
    "NaN",
    "\"tab \\t\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"a \\\"b\\\"\"",
    "\"\\u006fpen\"",
    "\"closed\"",
    "\"bare \u{1} control\"",
    "\"open",
    "\"2024-02-30\"",
    "\"2024-02-29T00:00:00Z\"",
    "\"2024-02-29x\"",
    "\"2024-02-2ö\"",
    "\"now\"",
    "\"2024-02-29T10:00:00Z\"",
    "\"0B3CF5D6-1C2E-4F0A-9D8E-7A6B5C4D3E2F\"",
    "\"0b3cf5d6-1c2e-4f0a-9d8e-7a6b5c4d3e2g\"",
    "\"0b3cf5d6-1c2e-4f0a-9d8e-7a6b5c4d3e2f0\"",
    "\"0b3cf5d6a1c2e-4f0a-9d8e-7a6b5c4d3e2f\"",
    " 1",
    "1 ",
    "\"x\" ",
    "{ \"a\" : 1 }",
    "",
];

/// A column with a value: one that fits, or mostly so.
fn field(places: std::ops::Range<usize>, fits: bool) -> impl Strategy<Value = (usize, String)> {
    places.prop_flat_map(move |place| {
        let odd = u32::from(!fits);
        let value = prop_oneof![
            12 => select(VALUES[place]).prop_map(str::to_owned),
            2 * odd => select(VALUES.concat()).prop_map(str::to_owned),
            2 * odd => select(ODD).prop_map(str::to_owned),
            odd => any::<i64>().prop_map(|number| number.to_string()),
            odd => any::<f64>().prop_map(|number| json!(number).to_string()),
            odd => any::<String>().prop_map(|text| json!(text).to_string()),
            odd => "[-0-9.eE]{1,22}[,} ]?",
        ];
        (Just(place), value)
    })
}

/// A row, and the space that stands between its parts.
#[derive(Clone, Debug)]
struct Given {
    fields: Vec<(usize, String)>,
    space: &'static str,
    escaped_names: bool,
    unknown: bool,
    /// A byte that is put in place of another.
    patch: Option<(Index, u8)>,
}

impl Given {
    fn text(&self) -> Vec<u8> {
        let columns = columns();
        let mut fields: Vec<String> = Vec::new();
        for (place, value) in &self.fields {
            let name = match place.checked_sub(1) {
                None => "id",
                Some(place) => columns[place]["name"].as_str().expect("a name"),
            };
            let mut name = json!(name).to_string();
            if self.escaped_names {
                name = name.replacen('t', "\\u0074", 1);
            }
            fields.push(format!("{name}:{}{value}", self.space));
        }
        if self.unknown {
            fields.push("\"decimel\":1".to_owned());
        }
        let mut text = format!("{{{}}}{}", fields.join(&format!(",{}", self.space)), self.space).into_bytes();
        if let Some((place, byte)) = &self.patch {
            let place = place.index(text.len());
            text[place] = *byte;
        }
        text
    }
}

fn given() -> impl Strategy<Value = Given> {
    let fields = prop_oneof![
        2 => vec(field(1..12, true), 0..14),
        1 => vec(field(0..VALUES.len(), true), 0..14),
        1 => vec(field(0..VALUES.len(), false), 0..14),
    ];
    let fields = (fields, 0..5).prop_map(|(mut fields, order)| {
        // Mostly in their order and each once.
        if order > 0 {
            fields.sort_by_key(|(place, _)| *place);
        }
        if order > 1 {
            fields.dedup_by_key(|(place, _)| *place);
        }
        // What must be given mostly is.
        if order > 2 && fields.iter().all(|(place, _)| *place != 1) {
            fields.insert(
                usize::from(fields.iter().any(|(place, _)| *place == 0)),
                (1, "5".to_owned()),
            );
        }
        fields
    });
    let space = prop_oneof![8 => Just(""), 1 => Just(" "), 1 => Just("\r\n\t")];
    let rarely = || prop_oneof![19 => Just(false), 1 => Just(true)];
    let byte = prop_oneof![select(&b"\x80\xff\xc3\x01\"\\ ,}"[..]), any::<u8>()];
    let patch = prop_oneof![2 => Just(None), 1 => (any::<Index>(), byte).prop_map(Some)];
    (fields, space, rarely(), rarely(), patch).prop_map(|(fields, space, escaped_names, unknown, patch)| Given {
        fields,
        space,
        escaped_names,
        unknown,
        patch,
    })
}

fn outcome(checker: &Checker, row: &[u8]) -> Result<(Vec<u8>, Checked), Trouble> {
    let mut out = b"before ".to_vec();
    checker.check(row, &mut out).map(|checked| (out, checked))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_closer_look_makes_the_same_of_every_row(
        rows in vec(given(), 1..6),
        options in select(vec![
            json!({}),
            json!({"keep_ids": false}),
            json!({"keep_ids": true, "key": "quoted \"ü\""}),
            json!({"action": "upsert"}),
            json!({"action": "update", "key": "uuid", "keep_ids": false}),
            json!({"action": "delete"}),
            json!({"action": "delete", "key": "day"}),
            json!({"max_row_bytes": 60, "keep_ids": false}),
        ]),
    ) {
        let quick = checker(columns(), options.clone());
        let mut slow = checker(columns(), options);
        for rule in &mut slow.names.rules {
            rule.plain = Plain::Never;
        }
        for given in rows {
            // Twice, as the second goes by what the first has taught, and only then with what is wrong.
            let usual = Given { patch: None, ..given.clone() }.text();
            for row in [&usual, &usual, &given.text()] {
                prop_assert_eq!(outcome(&quick, row), outcome(&slow, row), "{}", String::from_utf8_lossy(row));
            }
        }
    }
}

#[test]
fn usual_values_need_no_closer_look() {
    let schema = schema(columns());
    for (column, values) in schema.columns()[..12].iter().zip(VALUES) {
        let rule = Rule::of(column);
        for value in values {
            let behind = format!("{value},\"next\":");
            let expected = if *value == "-0" && rule.plain == Plain::Whole {
                None
            } else {
                Some(value.len())
            };
            assert_eq!(end(&rule, behind.as_bytes()), expected, "{}: {value}", column.name);
        }
    }
}
