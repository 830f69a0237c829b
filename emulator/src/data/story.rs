//! What records do, told one behaviour at a time.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::testing::{NOW, database, parsed, table};
use super::{Data, Fields, Index, LIVE, NewTable, Paging, Patch, Records, Table};
use crate::error::ApiError;

fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).expect("JSON")
}

fn create(records: &Records<'_>, json: &str) -> Result<Value, ApiError> {
    records
        .create(&Fields::parse(json).expect("fields"))
        .map(|row| parsed(&row))
}

fn names(records: &Records<'_>, search: &Value, sort: &Value) -> Vec<String> {
    let page = records.page(
        Some(&raw(search)),
        Some(&raw(sort)),
        Paging::new(1, 50).expect("paging"),
    );
    let items = parsed(&page.expect("a page").items);
    let rows = items.as_array().expect("a list");
    rows.iter()
        .map(|row| row["name"].as_str().expect("a name").to_owned())
        .collect()
}

fn unique(data: Data<'_>, table: &mut Table, columns: &[&str]) -> String {
    let fields: Vec<_> = columns.iter().map(|name| json!({"name": name, "op": "asc"})).collect();
    let given = json!({"fields": fields});
    let index = Index::from_json(given.as_object().expect("an object"), Some("unique"), None).expect("an index");
    data.add_index(table, index).expect("added")
}

#[test]
fn a_wrong_value_is_refused_with_its_column() {
    let db = database();
    let data = Data::new(&db, NOW);
    let table = table(
        data,
        r#"[{"name": "i", "type": "int", "filters": {"min": 1, "max": 9}}, {"name": "s", "type": "text", "required": true},
            {"name": "d", "type": "date"}, {"name": "at", "type": "timestamp"}, {"name": "e", "type": "enum", "values": ["a"]},
            {"name": "b", "type": "bool"}, {"name": "n", "type": "decimal"}, {"name": "u", "type": "uuid"},
            {"name": "m", "type": "email"}, {"name": "v", "type": "vector", "vector": {"size": 2}},
            {"name": "g", "type": "geo_point"}, {"name": "p", "type": "image"}, {"name": "l", "type": "int", "style": "list"},
            {"name": "o", "type": "object", "children": [{"name": "x", "type": "int", "required": true}]}]"#,
    );
    let records = data.records(&table, LIVE).expect("records");
    for (value, param) in [
        (json!({"i": "x"}), "i"),
        (json!({"i": 1.5}), "i"),
        (json!({"i": 10}), "i"),
        (json!({"i": 9_223_372_036_854_775_808_u64}), "i"),
        (json!({"i": null}), "i"),
        (json!({"s": 5}), "s"),
        (json!({"s": null}), "s"),
        (json!({"d": "2023-02-30"}), "d"),
        (json!({"at": "soon"}), "at"),
        (json!({"e": "b"}), "e"),
        (json!({"b": "yes"}), "b"),
        (json!({"n": "1,5"}), "n"),
        (json!({"u": "1"}), "u"),
        (json!({"m": "nobody"}), "m"),
        (json!({"v": [1]}), "v"),
        (json!({"g": {"type": "polygon", "data": []}}), "g"),
        (json!({"p": "x.png"}), "p"),
        (json!({"l": 1}), "l"),
        (json!({"l": [1, null]}), "l"),
        (json!({"o": {}}), "o"),
        (json!({"o": {"x": 1, "y": 2}}), "o"),
        (json!({"nope": 1}), "nope"),
        (json!({"id": 1}), "id"),
    ] {
        let mut given = json!({"s": "x"});
        given
            .as_object_mut()
            .expect("an object")
            .extend(value.as_object().expect("an object").clone());
        let error = create(&records, &given.to_string()).expect_err(param);
        assert_eq!(
            (error.code, &error.payload["param"]),
            ("ERROR_CODE_INPUT_ERROR", &json!(param)),
            "{value}: {}",
            error.message
        );
    }
    let missing = create(&records, "{}").expect_err("s is required");
    assert_eq!(missing.message, "Missing param: s");
    assert_eq!(
        parsed(
            &records
                .page(None, None, Paging::new(1, 50).expect("paging"))
                .expect("a page")
                .items
        ),
        json!([])
    );
}

#[test]
fn conversions_lose_nothing() {
    let db = database();
    let data = Data::new(&db, NOW);
    let table = table(
        data,
        r#"[{"name": "i", "type": "int"}, {"name": "n", "type": "decimal"}, {"name": "at", "type": "timestamp"}, {"name": "b", "type": "bool"},
            {"name": "u", "type": "uuid", "default": "uuid"}, {"name": "day", "type": "date", "default": "now"}, {"name": "t", "type": "text", "default": "x\"y"}]"#,
    );
    let records = data.records(&table, LIVE).expect("records");
    let row = create(
        &records,
        r#"{"i": "9007199254740993", "n": "1e2", "at": "2023-04-12T22:00:38Z", "b": 1}"#,
    )
    .expect("created");
    assert_eq!(row["i"], 9_007_199_254_740_993_i64);
    assert_eq!(row["n"], 100);
    assert_eq!(row["at"], NOW);
    assert_eq!(row["b"], true);
    assert_eq!(row["u"].as_str().map(str::len), Some(36));
    assert_eq!(
        (row["day"].as_str(), row["t"].as_str()),
        (Some("2023-04-12"), Some("x\"y"))
    );
    let text = records
        .create(&Fields::parse(r#"{"n": 0.12345678901234567890123}"#).expect("fields"))
        .expect("created");
    assert!(text.contains(r#""n":0.12345678901234567890123"#), "{text}");
}

#[test]
fn passwords_are_never_read_back() {
    let db = database();
    let data = Data::new(&db, NOW);
    let table = table(data, r#"[{"name": "pw", "type": "password", "filters": {"min": 4}}]"#);
    let records = data.records(&table, LIVE).expect("records");
    let row = create(&records, r#"{"pw": "secret"}"#).expect("created");
    assert_eq!(row.get("pw"), None);
    assert!(create(&records, r#"{"pw": "abc"}"#).is_err());
    let search = raw(&json!({"pw": "secret"}));
    assert!(
        records
            .page(Some(&search), None, Paging::new(1, 50).expect("paging"))
            .is_err()
    );
    let stored: String = db
        .query_row("SELECT c2 FROM records_1", [], |row| row.get(0))
        .expect("a hash");
    assert!(!stored.contains("secret"), "{stored}");
}

#[test]
fn an_update_changes_what_it_names() {
    let db = database();
    let data = Data::new(&db, NOW);
    let table = table(
        data,
        r#"[{"name": "a", "type": "text", "nullable": true}, {"name": "b", "type": "int"}]"#,
    );
    let records = data.records(&table, LIVE).expect("records");
    create(&records, r#"{"a": "x", "b": 1}"#).expect("created");
    let update = |json: &str| {
        records
            .update("1", &Fields::parse(json).expect("fields"))
            .map(|row| parsed(&row))
    };
    assert_eq!(update(r#"{"b": 2}"#).expect("updated")["a"], "x");
    assert_eq!(update(r#"{"a": null}"#).expect("updated")["a"], Value::Null);
    assert_eq!(update(r#"{"a": ""}"#).expect("updated")["a"], "");
    assert_eq!(update(r#"{"id": 1}"#).expect("its own id")["b"], 2);
    assert_eq!(update(r#"{"id": 2}"#).expect_err("another id").payload["param"], "id");
    assert_eq!(
        update(r#"{"b": null}"#).expect_err("not nullable").payload["param"],
        "b"
    );
    for id in ["2", "x", "", "99999999999999999999"] {
        assert_eq!(records.get(id).expect_err(id).code, "ERROR_CODE_NOT_FOUND");
        assert_eq!(records.delete(id).expect_err(id).code, "ERROR_CODE_NOT_FOUND");
    }
}

#[test]
fn a_duplicate_is_a_conflict_that_names_the_column() {
    let db = database();
    let data = Data::new(&db, NOW);
    let mut table = table(
        data,
        r#"[{"name": "sku", "type": "text", "nullable": true}, {"name": "n", "type": "decimal"}]"#,
    );
    let id = unique(data, &mut table, &["sku"]);
    let records = data.records(&table, LIVE).expect("records");
    create(&records, r#"{"sku": "a"}"#).expect("created");
    let error = create(&records, r#"{"sku": "a"}"#).expect_err("a duplicate");
    assert_eq!(
        (error.code, &error.payload["param"]),
        ("ERROR_CODE_CONFLICT", &json!("sku"))
    );
    for _ in 0..2 {
        create(&records, r#"{"sku": null}"#).expect("nulls are no duplicates");
    }
    let error = records
        .update("2", &Fields::parse(r#"{"sku": "a"}"#).expect("fields"))
        .expect_err("a duplicate");
    assert_eq!(error.payload["param"], "sku");
    create(&data.records(&table, "dev").expect("records"), r#"{"sku": "a"}"#).expect("another data source");
    let given = json!({"fields": [{"name": "n", "op": "asc"}]});
    let index = Index::from_json(given.as_object().expect("an object"), Some("unique"), None).expect("an index");
    let mut copy = table.clone();
    assert_eq!(
        data.add_index(&mut copy, index).expect_err("duplicates exist").code,
        "ERROR_CODE_CONFLICT"
    );
    data.delete_index(&mut table, &id).expect("deleted");
    let records = data.records(&table, LIVE).expect("records");
    create(&records, r#"{"sku": "a"}"#).expect("no index any more");
}

#[test]
fn searches_take_everything_that_is_documented() {
    let db = database();
    let data = Data::new(&db, NOW);
    let table = table(
        data,
        r#"[{"name": "name", "type": "text"}, {"name": "price", "type": "decimal", "nullable": true}, {"name": "tags", "type": "text", "style": "list"},
            {"name": "extra", "type": "json", "nullable": true}, {"name": "day", "type": "date", "nullable": true}, {"name": "ok", "type": "bool"}]"#,
    );
    let records = data.records(&table, LIVE).expect("records");
    for json in [
        r#"{"name": "ant", "price": 1.5, "tags": ["x", "y"], "extra": {"a": {"b": 1}}, "day": "2023-01-01", "ok": true}"#,
        r#"{"name": "Bee", "price": 70, "tags": ["y"], "extra": [1, 2], "day": "2023-06-01"}"#,
        r#"{"name": "cat", "price": 90071992547409930.5, "extra": "text"}"#,
        r#"{"name": "dög", "tags": ["z"]}"#,
    ] {
        create(&records, json).expect("created");
    }
    let none = json!([]);
    for (search, expected) in [
        (json!({}), "ant Bee cat dög"),
        (json!([]), "ant Bee cat dög"),
        (json!(""), "ant Bee cat dög"),
        (json!({"price|>": 1.5}), "Bee cat"),
        (json!({"price|>=|": "1.50"}), "ant Bee cat"),
        (json!({"price": "90071992547409930.5"}), "cat"),
        (json!({"price": null}), "dög"),
        (json!({"price|!=": null}), "ant Bee cat"),
        (json!({"price|in": [70, null]}), "Bee dög"),
        (json!({"price|not in": []}), "ant Bee cat dög"),
        (json!([{"price|>": 1}, {"name": "Bee"}]), "Bee"),
        (json!([{"name": "ant"}, {"name|=|or": "cat"}]), "ant cat"),
        (json!([{"name": "ant"}, {"name|or": "cat"}, {"price|>": 5}]), "ant cat"),
        (json!({"name|like": "%t"}), "ant cat"),
        (json!({"tags": "y"}), "ant Bee"),
        (json!({"tags": ["y"]}), "Bee"),
        (json!({"tags|not in": ["x", "z"]}), "Bee cat"),
        (json!({"extra.a.b": 1}), "ant"),
        (json!({"extra": [1, 2]}), "Bee"),
        (json!({"extra": "text"}), "cat"),
        (json!({"extra.1": 2}), "Bee"),
        (json!({"day|<": "2023-03-01"}), "ant"),
        (json!({"ok": true}), "ant"),
        (json!({"id|in": ["1", 4]}), "ant dög"),
        (json!({"created_at|<=": "2023-04-12T22:00:38Z"}), "ant Bee cat dög"),
        (json!({"created_at": "now"}), "ant Bee cat dög"),
        (json!({"created_at|<": "now"}), ""),
    ] {
        assert_eq!(names(&records, &search, &none).join(" "), expected, "{search}");
    }
    for search in [
        json!({"nope": 1}),
        json!({"price|~": 1}),
        json!({"price|>|xor": 1}),
        json!({"price|>|or|x": 1}),
        json!({"price|>": null}),
        json!({"price|>": "x"}),
        json!({"price|in": 1}),
        json!({"tags|>": 1}),
        json!({"name.x": 1}),
        json!([1]),
        json!("price"),
        json!({"name' OR 1=1 --": 1}),
    ] {
        let page = records.page(Some(&raw(&search)), None, Paging::new(1, 50).expect("paging"));
        assert_eq!(page.expect_err("refused").payload["param"], "search", "{search}");
    }
    for (sort, expected) in [
        (json!({"name": "asc"}), "Bee ant cat dög"),
        (json!({"price": "desc"}), "dög cat Bee ant"),
        (json!([{"ok": "desc"}, {"name": "desc"}]), "ant dög cat Bee"),
        (json!({"id": "desc"}), "dög cat Bee ant"),
        (json!(null), "ant Bee cat dög"),
    ] {
        assert_eq!(names(&records, &none, &sort).join(" "), expected, "{sort}");
    }
    for sort in [
        json!({"nope": "asc"}),
        json!({"name": "up"}),
        json!("name"),
        json!([["name"]]),
    ] {
        let page = records.page(None, Some(&raw(&sort)), Paging::new(1, 50).expect("paging"));
        assert_eq!(page.expect_err("refused").payload["param"], "sort", "{sort}");
    }
}

#[test]
fn bulk_calls_happen_as_a_whole() {
    let db = database();
    let data = Data::new(&db, NOW);
    let mut table = table(data, r#"[{"name": "n", "type": "int"}]"#);
    unique(data, &mut table, &["n"]);
    let records = data.records(&table, LIVE).expect("records");
    let total = || {
        records
            .page(None, None, Paging::new(1, 1).expect("paging"))
            .expect("a page")
            .total
    };
    let many = |json: &str, allow: bool| {
        let items: Vec<Fields<'_>> = serde_json::from_str(json).expect("items");
        records.create_many(&items, allow).map(|ids| super::ids_to_json(&ids))
    };
    assert_eq!(many(r#"[{"n": 1}, {"n": 2}]"#, false).expect("created"), json!([1, 2]));
    let error = many(r#"[{"n": 3}, {"n": 1}]"#, false).expect_err("a duplicate");
    assert!(error.message.contains("items[1]"), "{}", error.message);
    assert_eq!((total(), &error.payload["param"]), (2, &json!("n")));
    assert_eq!(many(r#"[{"id": 10, "n": 10}]"#, true).expect("created"), json!([10]));
    assert_eq!(
        many(r#"[{"n": 11}]"#, false).expect("created"),
        json!([11]),
        "numbers go on after a given one"
    );
    assert_eq!(
        many(r#"[{"id": 10, "n": 12}]"#, true).expect_err("taken").payload["param"],
        "id"
    );
    assert_eq!(
        many(r#"[{"id": 12, "n": 12}]"#, false)
            .expect_err("not allowed")
            .payload["param"],
        "id"
    );
    assert_eq!(
        many(r#"[{"id": 0, "n": 12}]"#, true).expect_err("no number").payload["param"],
        "id"
    );

    let patches: Vec<Patch<'_>> =
        serde_json::from_str(r#"[{"row_id": 1, "updates": {"n": 21}}, {"row_id": "2", "updates": {"n": 22}}, {"row_id": 99, "updates": {}}]"#).expect("items");
    let done = records.update_many(&patches).expect("patched").to_json();
    assert_eq!(done, json!({"success": ["1", "2"], "success_total": 2}));
    let patches: Vec<Patch<'_>> =
        serde_json::from_str(r#"[{"row_id": 1, "updates": {"n": 5}}, {"row_id": 2, "updates": {"n": 5}}]"#)
            .expect("items");
    assert!(records.update_many(&patches).is_err());
    assert_eq!(
        parsed(&records.get("1").expect("the record"))["n"],
        21,
        "nothing of a refused call stays"
    );

    let one = raw(&json!({"n|<": 22}));
    let done = records.update_where(Some(&one), &Fields::parse(r#"{"n": 30}"#).expect("fields"));
    assert_eq!(done.expect_err("10, 11 and 21 would be equal").payload["param"], "n");
    let ids = [raw(&json!(1)), raw(&json!("2")), raw(&json!(77)), raw(&json!("x"))];
    let ids: Vec<_> = ids.iter().map(|id| &**id).collect();
    let done = records.delete_many(&ids).expect("deleted").to_json();
    assert_eq!(
        done,
        json!({"success": ["1", "2"], "success_total": 2, "error": ["77", "x"]})
    );
    let done = records
        .delete_where(Some(&raw(&json!({"n": 10}))))
        .expect("deleted")
        .to_json();
    assert_eq!((done, total()), (json!({"success": ["10"], "success_total": 1}), 1));
    assert_eq!(
        records.delete_where(Some(&raw(&json!([])))).expect("all").success.len(),
        1
    );
    assert_eq!(total(), 0);
}

#[test]
fn truncate_numbers_from_1_again_only_when_asked() {
    let db = database();
    let data = Data::new(&db, NOW);
    let table = table(data, r#"[{"name": "n", "type": "int"}]"#);
    let (live, dev) = (
        data.records(&table, LIVE).expect("live"),
        data.records(&table, "dev").expect("dev"),
    );
    for records in [&live, &dev] {
        create(records, "{}").expect("created");
    }
    live.truncate(false).expect("empty");
    assert_eq!(create(&live, "{}").expect("created")["id"], 2);
    live.truncate(true).expect("empty");
    assert_eq!(create(&live, "{}").expect("created")["id"], 1);
    assert_eq!(
        dev.page(None, None, Paging::new(1, 50).expect("paging"))
            .expect("a page")
            .total,
        1,
        "another data source"
    );
    data.delete_data_source(1, "dev").expect("gone");
    assert_eq!(data.data_sources(&table).expect("labels"), [LIVE]);
}

#[test]
fn uuids_are_keys_too() {
    let db = database();
    let data = Data::new(&db, NOW);
    let table = data
        .create_table(
            1,
            NewTable {
                uuid_key: true,
                ..NewTable::named("u")
            },
        )
        .expect("a table");
    let records = data.records(&table, LIVE).expect("records");
    let first = create(&records, "{}").expect("created")["id"]
        .as_str()
        .expect("a UUID")
        .to_owned();
    let second = create(&records, "{}").expect("created");
    let page = records
        .page(None, None, Paging::new(2, 1).expect("paging"))
        .expect("a page");
    assert_eq!(parsed(&page.items)[0], second, "in the order of creation");
    assert_eq!(
        parsed(&records.get(&first.to_uppercase()).expect("the record"))["id"],
        json!(first)
    );
    let given = r#"[{"id": "123E4567-e89b-12d3-a456-426614174000"}]"#;
    let items: Vec<Fields<'_>> = serde_json::from_str(given).expect("items");
    let ids = records.create_many(&items, true).expect("created");
    assert_eq!(
        super::ids_to_json(&ids),
        json!(["123e4567-e89b-12d3-a456-426614174000"])
    );
    let error = records.create_many(&items, true).expect_err("taken");
    assert_eq!(error.payload["param"], "id");
}
