//! Definitions of columns and indexes: what is refused, where it points, and what changes keep.

use serde_json::{Value, json};

use super::testing::{NOW, database, parsed, table};
use super::{Column, Data, Fields, Index, Kind, LIVE};

fn column(given: &Value, kind: Option<Kind>) -> Result<Column, crate::error::ApiError> {
    Column::from_json(given.as_object().expect("an object"), kind, None)
}

#[test]
fn a_wrong_definition_points_at_its_field() {
    for (given, kind, param) in [
        (json!({}), Kind::Int, "name"),
        (json!({"name": ""}), Kind::Int, "name"),
        (json!({"name": " a"}), Kind::Int, "name"),
        (json!({"name": "a|b"}), Kind::Int, "name"),
        (json!({"name": "a.b"}), Kind::Int, "name"),
        (json!({"name": 5}), Kind::Int, "name"),
        (json!({"name": "a", "nullable": "maybe"}), Kind::Int, "nullable"),
        (json!({"name": "a", "access": "secret"}), Kind::Int, "access"),
        (json!({"name": "a", "style": "set"}), Kind::Int, "style"),
        (json!({"name": "a", "default": "x"}), Kind::Int, "default"),
        (
            json!({"name": "a", "default": "b", "values": ["a"]}),
            Kind::Enum,
            "default",
        ),
        (json!({"name": "a", "default": "2023-02-30"}), Kind::Date, "default"),
        (json!({"name": "a", "values": [1]}), Kind::Enum, "values"),
        (json!({"name": "a", "filters": {"minimum": 1}}), Kind::Int, "filters"),
        (json!({"name": "a", "filters": {"pattern": "("}}), Kind::Text, "filters"),
        (json!({"name": "a"}), Kind::Vector, "vector"),
        (json!({"name": "a", "vector": {"size": 0}}), Kind::Vector, "vector"),
        (json!({"name": "a", "tableref_id": 1}), Kind::Text, "tableref_id"),
        (
            json!({"name": "a", "children": [{"name": "x"}]}),
            Kind::Object,
            "children",
        ),
        (json!({"name": "a", "style": "list"}), Kind::Password, "type"),
        (json!({"name": "a", "format": "pdf"}), Kind::Text, "format"),
    ] {
        let error = column(&given, Some(kind)).expect_err(param);
        assert_eq!(error.payload["param"], param, "{given}: {}", error.message);
    }
    let error = Column::list_from_json(&json!([{"name": "a", "type": "number"}]), "schema").expect_err("no such type");
    assert_eq!(error.payload["param"], "schema");
    assert!(
        error.message.contains("timestamp"),
        "it names the types: {}",
        error.message
    );
}

#[test]
fn forms_and_other_spellings_are_understood() {
    let given = json!({"name": "e", "nullable": "true", "required": "0", "values": "[\"a\",\"b\"]", "default": "a"});
    let read = column(&given, Some(Kind::Enum)).expect("a column");
    assert!(read.nullable && !read.required);
    assert_eq!(read.values, ["a", "b"]);
    let read = column(
        &json!({"name": "e", "values": [{"value": "x"}, {"name": "y"}]}),
        Some(Kind::Enum),
    );
    assert_eq!(read.expect("a column").values, ["x", "y"]);
    let read = column(&json!({"name": "n", "type": "tableref", "tableref_id": "3"}), None).expect("a column");
    assert_eq!((read.kind, read.tableref_id), (Kind::Int, Some(3)));
    let shown = column(&json!({"name": "n", "type": "int", "default": 5}), None)
        .expect("a column")
        .to_json();
    assert_eq!(shown["default"], "5", "defaults are shown as text");
}

#[test]
fn a_wrong_index_is_refused() {
    let db = database();
    let data = Data::new(&db, NOW);
    let mut table = table(
        data,
        r#"[{"name": "t", "type": "text"}, {"name": "g", "type": "geo_point"}]"#,
    );
    for (kind, given, param) in [
        ("btree", json!({}), "fields"),
        ("btree", json!({"fields": []}), "fields"),
        ("btree", json!({"fields": [{"name": "t"}]}), "fields"),
        ("btree", json!({"fields": [{"name": "nope", "op": "asc"}]}), "fields"),
        (
            "spatial",
            json!({"fields": [{"name": "t", "op": "gist_geometry_ops_2d"}]}),
            "fields",
        ),
        (
            "vector",
            json!({"fields": [{"name": "g", "op": "vector_l2_ops"}]}),
            "fields",
        ),
        (
            "search",
            json!({"fields": [{"name": "t", "priority": 1}], "lang": "english"}),
            "name",
        ),
        (
            "search",
            json!({"fields": [{"name": "t", "priority": 1}], "name": "s"}),
            "lang",
        ),
        (
            "search",
            json!({"fields": [{"name": "t", "priority": 1}], "name": "s", "lang": "latin"}),
            "lang",
        ),
        ("primary", json!({"fields": [{"name": "id"}]}), "type"),
    ] {
        let index = Index::from_json(given.as_object().expect("an object"), Some(kind), None);
        let error = index
            .and_then(|index| data.add_index(&mut table, index))
            .expect_err(kind);
        assert_eq!(error.payload["param"], param, "{kind} {given}: {}", error.message);
    }
    assert_eq!(table.indexes().len(), 2);
}

#[test]
fn indexes_follow_a_column_into_its_new_type() {
    let db = database();
    let data = Data::new(&db, NOW);
    let mut table = table(data, r#"[{"name": "n", "type": "text"}, {"name": "m", "type": "int"}]"#);
    for (kind, name) in [("unique", "n"), ("btree", "m")] {
        let given = json!({"fields": [{"name": name, "op": "asc"}]});
        let index = Index::from_json(given.as_object().expect("an object"), Some(kind), None).expect("an index");
        data.add_index(&mut table, index).expect("added");
    }
    let create = |table: &super::Table, json: &str| {
        let records = data.records(table, LIVE).expect("records");
        records.create(&Fields::parse(json).expect("fields"))
    };
    create(&table, r#"{"n": "1", "m": 1}"#).expect("created");
    create(&table, r#"{"n": "2", "m": 2}"#).expect("created");
    let wanted = json!([{"name": "id", "type": "int"}, {"name": "n", "type": "decimal"}, {"name": "m", "type": "text", "style": "list"}]);
    let wanted = Column::list_from_json(&wanted, "schema").expect("columns");
    data.replace_columns(&mut table, wanted).expect("replaced");
    let kinds: Vec<_> = table.indexes().iter().map(|index| index.kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["primary", "btree|unique", "btree"],
        "the one on created_at went with its column"
    );
    assert_eq!(
        create(&table, r#"{"n": 2.0}"#).expect_err("a duplicate").payload["param"],
        "n"
    );
    let row = data
        .records(&table, LIVE)
        .expect("records")
        .get("1")
        .expect("the record");
    assert_eq!(parsed(&row), json!({"id": 1, "n": 1, "m": ["1"]}));
    let same = parsed(&create(&table, r#"{"n": 1e-1}"#).expect("created"));
    assert_eq!(same["n"], json!(0.1));
    let one = json!([{"name": "id", "type": "int"}, {"name": "n", "type": "bool"}]);
    let one = Column::list_from_json(&one, "schema").expect("columns");
    assert!(data.replace_columns(&mut table, one).is_err(), "2 is no truth");
}

#[test]
fn there_can_be_many_columns_but_not_any_number() {
    let db = database();
    let data = Data::new(&db, NOW);
    let many = |count: usize| {
        let columns: Vec<_> = (0..count)
            .map(|n| json!({"name": format!("c{n}"), "type": "int"}))
            .collect();
        Column::list_from_json(&Value::from(columns), "schema")
    };
    let mut wide = table(
        data,
        &json!(
            many(1598)
                .expect("columns")
                .iter()
                .map(Column::to_json)
                .collect::<Vec<_>>()
        )
        .to_string(),
    );
    let more = || column(&json!({"name": "more"}), Some(Kind::Int)).expect("a column");
    assert_eq!(
        data.add_column(&mut wide, more()).expect_err("too many").payload["param"],
        "name"
    );
    assert!(many(1601).is_err());
    let records = data.records(&wide, LIVE).expect("records");
    assert!(
        records
            .create(&Fields::default())
            .expect("created")
            .contains("\"c1597\":0")
    );
}
