//! Whole rows: what is none, ids and keys, what is missing or too large.

use super::*;

fn shop() -> Json {
    json!([
        {"name": "sku", "type": "text"},
        {"name": "price", "type": "decimal", "required": true},
        {"name": "stock", "type": "int", "required": true, "default": "0"},
    ])
}

#[test]
fn rows_that_are_none_are_refused() {
    let insert = checker(shop(), json!({}));
    for (row, expected) in [
        ("", "The row is no valid JSON object: a value was expected at byte 0."),
        ("[1]", "The row must be a JSON object, but is [1]."),
        ("17", "The row must be a JSON object, but is 17."),
        (
            "{\"price\":1",
            "The row is no valid JSON object: a comma or the end of the object was expected at byte 10.",
        ),
        (
            "{\"price\":1} x",
            "The row is no valid JSON object: the end was expected at byte 12.",
        ),
        (
            "{\"price\":1,}",
            "The row is no valid JSON object: a name in quotation marks was expected at byte 11.",
        ),
        ("{\"price\":1,\"pri\\u0063e\":2}", "column price: It is given twice."),
        (
            "{\"prize\":1}",
            "column prize: There is no such column; near to it are \"price\".",
        ),
        ("{\"zzzzzzzzz\":1}", "column zzzzzzzzz: There is no such column."),
        (
            "{\"sku\":\"a\"}",
            "column price: It is missing, and a new record must have it.",
        ),
    ] {
        assert_eq!(trouble(&insert, row), expected, "{row}");
    }
    assert_eq!(
        trouble(&insert, b"{\"sku\":\"\xff\"}"),
        "The row is no UTF-8 after byte 8."
    );
    let (row, checked) = pass(&insert, " { \"price\" : 1 , \"sku\" : \"a b\" } ");
    assert_eq!(
        (row.as_str(), checked),
        (r#"{"price":1,"sku":"a b"}"#, Checked::default())
    );
}

#[test]
fn ids_are_kept_dropped_or_asked_about() {
    let row = r#"{"id":7,"price":1}"#;
    assert_eq!(
        trouble(&checker(shop(), json!({})), row),
        "column id: The row has an id; say keep_ids true to keep it or false to drop it."
    );
    assert_eq!(
        pass(&checker(shop(), json!({})), r#"{"id":null,"price":1}"#).0,
        r#"{"price":1}"#
    );
    assert_eq!(
        pass(&checker(shop(), json!({"keep_ids": false})), row).0,
        r#"{"price":1}"#
    );
    let keeping = checker(shop(), json!({"keep_ids": true}));
    let (sent, checked) = pass(&keeping, row);
    assert_eq!((sent.as_str(), checked.id.as_deref()), (row, Some("7")));
    assert_eq!(
        trouble(&keeping, "{\"price\":1}"),
        "column id: It is missing, and ids are to be kept."
    );
}

#[test]
fn records_are_named_by_id_or_by_key() {
    let update = checker(shop(), json!({"action": "update"}));
    let (sent, checked) = pass(&update, r#"{"stock":3,"id":7.0}"#);
    assert_eq!((sent.as_str(), checked.id.as_deref()), (r#"{"stock":3}"#, Some("7")));
    assert_eq!(
        trouble(&update, "{\"stock\":3}"),
        "column id: It is missing, and it says which record is meant."
    );

    let upsert = checker(shop(), json!({"action": "upsert", "key": "sku"}));
    let (sent, checked) = pass(&upsert, r#"{"sku":"a","stock":3}"#);
    assert_eq!(sent, r#"{"sku":"a","stock":3}"#);
    assert_eq!(
        (checked.key.as_deref(), checked.missing.as_deref()),
        (Some("\"a\""), Some("price"))
    );
    assert_eq!(
        trouble(&upsert, "{\"price\":3}"),
        "column sku: It is missing, and it says which record is meant."
    );
    assert!(trouble(&upsert, r#"{"id":1,"sku":"a","price":3}"#).contains("keep_ids"));

    let delete = checker(shop(), json!({"action": "delete"}));
    for row in ["17", " 17 ", r#"{"id":17}"#, r#"{"sku":5,"id":17,"price":[]}"#] {
        let (sent, checked) = pass(&delete, row);
        assert_eq!((sent.as_str(), checked.id.as_deref()), ("17", Some("17")), "{row}");
    }
    assert_eq!(
        trouble(&delete, "\"x\""),
        "column id: It must be a whole number, but is \"x\"."
    );
    assert_eq!(
        trouble(&delete, "[17]"),
        "The row must be a JSON object or an id, but is [17]."
    );
    let delete = checker(shop(), json!({"action": "delete", "key": "sku"}));
    for row in ["\"a\"", r#"{"price":1,"sku":"a"}"#] {
        let (sent, checked) = pass(&delete, row);
        assert_eq!(
            (sent.as_str(), checked.key.as_deref()),
            ("\"a\"", Some("\"a\"")),
            "{row}"
        );
    }
}

#[test]
fn keys_are_known_as_they_are_stored() {
    let columns = json!([{"name": "email", "type": "email", "validators": {"trim": true, "lower": true}}]);
    let upsert = checker(columns, json!({"action": "upsert", "key": "email"}));
    let (sent, checked) = pass(&upsert, r#"{"email":" Ada@Example.com"}"#);
    assert_eq!(sent, r#"{"email":" Ada@Example.com"}"#);
    assert_eq!(checked.key.as_deref(), Some(r#""ada@example.com""#));
    assert_eq!(
        pass(&upsert, r#"{"email":"ä@x.example"}"#).1.key.as_deref(),
        Some(r#""ä@x.example""#)
    );
    assert!(trouble(&upsert, r#"{"email":"Ä@x.example"}"#).contains("give it as it is stored"));
}

#[test]
fn keys_that_cannot_be_are_refused_at_once() {
    let columns = json!([
        {"name": "tags", "type": "text", "style": "list"},
        {"name": "secret", "type": "password"},
        {"name": "box", "type": "object"},
    ]);
    for (key, expected) in [
        ("tgas", "There is no such column; near to it are \"tags\"."),
        ("tags", "it holds lists."),
        ("secret", "passwords are not answered."),
        ("box", "values of its type, object, are not unique."),
    ] {
        let error = Checker::new(schema(columns.clone()), &options(json!({"key": key}))).expect_err(key);
        assert_eq!(error.code(), "config_error");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let contradiction = options(json!({"action": "update", "key": "sku", "keep_ids": true}));
    let error = Checker::new(schema(shop()), &contradiction).expect_err("ids cannot change");
    assert!(error.to_string().contains("keep_ids"), "{error}");
}

#[test]
fn a_row_that_is_too_large_names_its_largest_column() {
    let insert = checker(shop(), json!({"max_row_bytes": 1024}));
    let row = format!(r#"{{"price":1,"sku":"{}"}}"#, "x".repeat(5000));
    assert_eq!(
        trouble(&insert, &row),
        "column sku: The row is too large: it has 4.9 KiB, 4.8 KiB of them here, and the limit (max_row_bytes) is 1 KiB."
    );
    let spaced = format!(r#"{{"price":{}1,"sku":"x"}}"#, " ".repeat(5000));
    assert_eq!(pass(&insert, &spaced).0, r#"{"price":1,"sku":"x"}"#);
}
