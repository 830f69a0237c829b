//! Random schemas and records: what goes in comes out, and searches agree with plain loops.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::testing::{NOW, database, parsed, table};
use super::{Data, Fields, Kind, LIVE, Paging, Table};

/// A column of each kind that stores what it is given, with values at the edges.
fn column() -> impl Strategy<Value = (Value, BoxedStrategy<Value>)> {
    let text = || "[a-z äöü\"\\\\/\u{0}\u{1F600}]{0,12}".prop_map(Value::from).boxed();
    prop_oneof![
        Just((json!({"type": "text"}), text())),
        Just((
            json!({"type": "int"}),
            prop_oneof![any::<i64>(), Just(i64::MIN), Just(9_007_199_254_740_993)]
                .prop_map(Value::from)
                .boxed()
        )),
        Just((json!({"type": "bool"}), any::<bool>().prop_map(Value::from).boxed())),
        Just((
            json!({"type": "decimal"}),
            any::<f64>()
                .prop_filter("finite", |f| f.is_finite()
                    && f.abs() < 1e300
                    && (f.abs() > 1e-300 || *f == 0.0))
                .prop_map(|f| json!(f + 0.0))
                .boxed()
        )),
        Just((json!({"type": "timestamp"}), any::<i64>().prop_map(Value::from).boxed())),
        Just((
            json!({"type": "date"}),
            (1..=9999u32, 1..=12u32, 1..=28u32)
                .prop_map(|(y, m, d)| json!(format!("{y:04}-{m:02}-{d:02}")))
                .boxed()
        )),
        Just((
            json!({"type": "enum", "values": ["a", "", "é"]}),
            prop_oneof![Just("a"), Just(""), Just("é")]
                .prop_map(Value::from)
                .boxed()
        )),
        Just((
            json!({"type": "uuid"}),
            any::<u128>()
                .prop_map(|bits| {
                    let hex = format!("{bits:032x}");
                    json!(format!(
                        "{}-{}-{}-{}-{}",
                        &hex[..8],
                        &hex[8..12],
                        &hex[12..16],
                        &hex[16..20],
                        &hex[20..]
                    ))
                })
                .boxed()
        )),
        Just((json!({"type": "json"}), anything().boxed())),
        Just((
            json!({"type": "int", "style": "list"}),
            prop::collection::vec(any::<i64>(), 0..4).prop_map(Value::from).boxed()
        )),
        Just((
            json!({"type": "text", "style": "list"}),
            prop::collection::vec("\\PC{0,5}", 0..4).prop_map(Value::from).boxed()
        )),
        Just((
            json!({"type": "vector", "vector": {"size": 2}}),
            (-9i32..9, -9i32..9).prop_map(|(a, b)| json!([a, b])).boxed()
        )),
        Just((
            json!({"type": "object", "children": [{"name": "n", "type": "int"}, {"name": "t", "type": "text"}]}),
            (any::<i64>(), "\\PC{0,5}")
                .prop_map(|(n, t)| json!({"n": n, "t": t}))
                .boxed()
        )),
        Just((
            json!({"type": "image"}),
            Just(json!({"path": "/vault/x.png", "size": 3})).boxed()
        )),
        Just((
            json!({"type": "geo_point"}),
            (-180i32..180)
                .prop_map(|lng| json!({"type": "point", "data": {"lng": lng, "lat": 1}}))
                .boxed()
        )),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Bool(true)),
        any::<i64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("finite", |f| f.is_finite())
            .prop_map(|f| json!(f)),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Some columns, and rows that give a value, null, or nothing for each.
fn world() -> impl Strategy<Value = (Vec<Value>, Vec<Vec<Option<Value>>>)> {
    prop::collection::vec(column(), 1..6).prop_flat_map(|columns| {
        let schema: Vec<Value> = columns
            .iter()
            .enumerate()
            .map(|(at, (column, _))| {
                let mut column = column.clone();
                column["name"] = json!(format!("f{at} ä"));
                column["nullable"] = json!(true);
                column
            })
            .collect();
        let row: Vec<_> = columns
            .into_iter()
            .map(|(_, values)| prop_oneof![4 => values.prop_map(Some), 1 => Just(Some(Value::Null)), 1 => Just(None)])
            .collect();
        (Just(schema), prop::collection::vec(row, 0..8))
    })
}

fn record(schema: &[Value], row: &[Option<Value>]) -> Map<String, Value> {
    let given = schema.iter().zip(row);
    given
        .filter_map(|(column, value)| Some((column["name"].as_str()?.to_owned(), value.clone()?)))
        .collect()
}

fn all(data: Data<'_>, table: &Table, search: Option<&Value>) -> Vec<Value> {
    let raw = search.map(|search| serde_json::value::to_raw_value(search).expect("JSON"));
    let records = data.records(table, LIVE).expect("records");
    let page = records
        .page(raw.as_deref(), None, Paging::new(1, 10_000).expect("a page"))
        .expect("a page");
    parsed(&page.items).as_array().expect("a list").clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_goes_in_comes_out((schema, rows) in world()) {
        let db = database();
        let data = Data::new(&db, NOW);
        let table = table(data, &Value::from(schema.clone()).to_string());
        let texts: Vec<String> = rows.iter().map(|row| Value::Object(record(&schema, row)).to_string()).collect();
        let items: Vec<Fields<'_>> = texts.iter().map(|text| Fields::parse(text).expect("fields")).collect();
        data.records(&table, LIVE).expect("records").create_many(&items, false).expect("created");
        let stored = all(data, &table, None);
        prop_assert_eq!(stored.len(), rows.len());
        for (at, (stored, row)) in stored.iter().zip(&rows).enumerate() {
            prop_assert_eq!(&stored["id"], &json!(at + 1));
            prop_assert_eq!(&stored["created_at"], &json!(NOW));
            let names: Vec<_> = stored.as_object().expect("a record").keys().skip(2).collect();
            let expected: Vec<_> = schema.iter().map(|column| column["name"].as_str().expect("a name")).collect();
            prop_assert_eq!(names, expected, "columns come in the order of the schema");
            for (column, value) in schema.iter().zip(row) {
                let name = column["name"].as_str().expect("a name");
                match value {
                    // A whole number comes back without its point.
                    Some(Value::Number(sent)) if column["type"] == "decimal" => prop_assert_eq!(stored[name].as_f64(), sent.as_f64()),
                    sent => prop_assert_eq!(&stored[name], sent.as_ref().unwrap_or(&Value::Null), "{}", column),
                }
            }
        }
        // Sent back as it was read, a record changes nothing.
        let records = data.records(&table, LIVE).expect("records");
        for stored in &stored {
            let text = stored.to_string();
            let again = records.update(&stored["id"].to_string(), &Fields::parse(&text).expect("fields")).expect("updated");
            prop_assert_eq!(&parsed(&again), stored);
        }
    }

    #[test]
    fn searches_agree_with_a_loop(
        numbers in prop::collection::vec(prop::option::of(-4i64..4), 0..12),
        pivot in -4i64..4,
        others in prop::collection::vec(-4i64..4, 0..4),
    ) {
        let db = database();
        let data = Data::new(&db, NOW);
        let table = table(data, r#"[{"name": "i", "type": "int", "nullable": true}, {"name": "d", "type": "decimal", "nullable": true}]"#);
        let texts: Vec<String> = numbers.iter().map(|n| json!({"i": n, "d": n}).to_string()).collect();
        let items: Vec<Fields<'_>> = texts.iter().map(|text| Fields::parse(text).expect("fields")).collect();
        data.records(&table, LIVE).expect("records").create_many(&items, false).expect("created");
        let count = |wanted: &dyn Fn(i64) -> bool| numbers.iter().filter(|n| n.is_some_and(wanted)).count();
        for column in ["i", "d"] {
            let found = |op: &str, value: Value| all(data, &table, Some(&json!({format!("{column}|{op}"): value}))).len();
            prop_assert_eq!(found("=", json!(pivot)), count(&|n| n == pivot));
            prop_assert_eq!(found("!=", json!(pivot)), count(&|n| n != pivot));
            prop_assert_eq!(found(">", json!(pivot)), count(&|n| n > pivot));
            prop_assert_eq!(found("<", json!(pivot)), count(&|n| n < pivot));
            prop_assert_eq!(found(">=", json!(pivot)), count(&|n| n >= pivot));
            prop_assert_eq!(found("<=|", json!(pivot)), count(&|n| n <= pivot));
            prop_assert_eq!(found("in", json!(others)), count(&|n| others.contains(&n)));
            prop_assert_eq!(found("not in", json!(others)),
                if others.is_empty() { numbers.len() } else { count(&|n| !others.contains(&n)) });
            prop_assert_eq!(found("=", Value::Null), numbers.iter().filter(|n| n.is_none()).count());
        }
    }

    #[test]
    fn pages_cover_everything_once(count in 0usize..40, per_page in 1i64..12, gaps in prop::collection::vec(1i64..40, 0..6)) {
        let db = database();
        let data = Data::new(&db, NOW);
        let table = table(data, "[]");
        let records = data.records(&table, LIVE).expect("records");
        records.create_many(&vec![Fields::default(); count], false).expect("created");
        for id in gaps {
            let _ = records.delete(&id.to_string());
        }
        let expected: Vec<_> = all(data, &table, None).iter().map(|row| row["id"].clone()).collect();
        let (mut seen, mut page) = (Vec::new(), Some(1));
        while let Some(number) = page {
            let answer = parsed(&records.page(None, None, Paging::new(number, per_page).expect("paging")).expect("a page").to_json());
            prop_assert_eq!(&answer["itemsTotal"], &json!(expected.len()));
            prop_assert_eq!(answer["items"].as_array().map(Vec::len), answer["itemsReceived"].as_u64().map(|n| usize::try_from(n).expect("small")));
            seen.extend(answer["items"].as_array().expect("a list").iter().map(|row| row["id"].clone()));
            page = answer["nextPage"].as_i64();
        }
        prop_assert_eq!(seen, expected);
    }
}

#[test]
fn every_kind_is_in_the_schema_it_came_from() {
    let db = database();
    let data = Data::new(&db, NOW);
    let schema: Vec<Value> = Kind::ALL
        .iter()
        .map(|(name, _)| json!({"name": format!("a_{name}"), "type": name, "vector": {"size": 3}, "values": ["x"]}))
        .collect();
    let table = table(data, &Value::from(schema).to_string());
    let shown: Vec<Value> = table.columns().iter().map(super::Column::to_json).collect();
    let again = super::Column::list_from_json(&Value::from(shown.clone()), "schema").expect("columns");
    let shown_again: Vec<Value> = again.iter().map(super::Column::to_json).collect();
    assert_eq!(shown, shown_again, "what is shown can be sent back");
}
