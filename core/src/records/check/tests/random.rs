//! Whatever is valid passes unchanged; whatever is not, and noise, is refused without a panic.

use proptest::prelude::*;

use super::values::{of, value};
use super::*;

/// A column's description and JSON values that fit it.
fn kind_and_value() -> impl Strategy<Value = (Json, Json)> {
    let kinds = prop_oneof![
        any::<bool>().prop_map(|value| (json!({"type": "bool"}), json!(value))),
        any::<i64>().prop_map(|value| (json!({"type": "int"}), json!(value))),
        any::<f64>()
            .prop_filter("JSON has no such numbers", |value| value.is_finite())
            .prop_map(|value| (json!({"type": "decimal"}), json!(value))),
        any::<String>().prop_map(|value| (json!({"type": "text"}), json!(value))),
        "[a-c]".prop_map(|value| (json!({"type": "enum", "values": ["a", "b", "c"]}), json!(value))),
        "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}".prop_map(|value| (json!({"type": "uuid"}), json!(value))),
        "[0-9]{3}[1-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
            .prop_map(|value| (json!({"type": "date"}), json!(value))),
        any::<i64>().prop_map(|value| (json!({"type": "timestamp"}), json!(value))),
        any_json().prop_map(|value| (json!({"type": "json"}), value)),
        prop::collection::vec(any::<i32>(), 0..4).prop_map(|value| {
            let size = value.len();
            (json!({"type": "vector", "vector": {"size": size}}), json!(value))
        }),
    ];
    (kinds, 0..4).prop_map(|((mut kind, value), shape)| match shape {
        0 if kind["type"] != "json" && kind["type"] != "vector" => {
            kind["style"] = json!("list");
            (kind, json!([value.clone(), value]))
        }
        1 => (
            json!({"type": "object", "children": [
                {"name": "in side", "type": kind["type"], "values": kind["values"], "vector": kind["vector"],
                 "nullable": true},
            ]}),
            json!({"in side": value}),
        ),
        2 => {
            kind["nullable"] = json!(true);
            (kind, Json::Null)
        }
        _ => {
            kind["nullable"] = json!(true);
            (kind, value)
        }
    })
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from)
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::vec((".{0,5}", inner), 0..5).prop_map(|pairs| pairs.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_fits_passes_and_means_the_same(
        columns in prop::collection::vec(kind_and_value(), 1..8),
        pretty: bool,
        backwards: bool,
    ) {
        let mut described = Vec::new();
        let mut fields = Vec::new();
        for (place, (mut column, value)) in columns.into_iter().enumerate() {
            let name = format!("col \"{place}\" ü");
            column["name"] = json!(name);
            described.push(column);
            fields.push((name, value));
        }
        if backwards {
            fields.reverse();
        }
        let row: Json = Json::Object(fields.into_iter().collect());
        let text = if pretty { serde_json::to_string_pretty(&row).expect("JSON") } else { row.to_string() };
        let checker = checker(Json::Array(described), json!({}));
        // Twice, as the second goes by what the first has taught.
        for _ in 0..2 {
            let (sent, _) = pass(&checker, &text);
            let sent_row: Json = serde_json::from_str(&sent).expect("JSON");
            prop_assert_eq!(&sent_row, &row);
            for (name, value) in row.as_object().expect("an object") {
                let column = checker.schema.column(name).expect("a column");
                let before = canonical(column, value.to_string().as_bytes());
                prop_assert_eq!(before, canonical(column, sent_row[name].to_string().as_bytes()));
            }
        }
        prop_assert!(checker.check(&text.as_bytes()[..text.len() - 1], &mut Vec::new()).is_err());
    }

    #[test]
    fn noise_is_refused_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        text in "[\\[\\]{}\",:abe1.\\-+0tnrulsTZ\\\\d8 ]{0,60}",
        delete: bool,
    ) {
        let action = if delete { "delete" } else { "insert" };
        let checker = checker(
            json!([{"name": "a", "type": "timestamp"}, {"name": "b", "type": "int", "style": "list"}]),
            json!({"action": action, "max_row_bytes": 50}),
        );
        for row in [bytes.as_slice(), text.as_bytes()] {
            let _ = checker.check(row, &mut Vec::new());
            let _ = checker.check(&[b"{\"a\":", row, b"}"].concat(), &mut Vec::new());
            for column in checker.schema.columns() {
                let _ = canonical(column, row);
            }
        }
    }

    #[test]
    fn a_value_of_another_sort_is_refused(given in any_json()) {
        for (kind, fits) in [
            ("bool", given.is_boolean()),
            ("int", given.is_i64()),
            ("decimal", given.is_number()),
            ("text", given.is_string()),
            ("object", given.is_object()),
        ] {
            let passed = value(of(kind), &given.to_string());
            prop_assert_eq!(passed.is_ok(), fits || (kind == "object" && given.is_null()), "{} {}", kind, given);
        }
    }
}
