use serde_json::{Value as Json, json};

use super::*;

mod plain;
mod random;
mod rows;
mod values;

fn schema(columns: Json) -> Arc<Schema> {
    let Json::Array(mut columns) = columns else {
        panic!("columns are a list")
    };
    columns.insert(0, json!({"name": "id", "type": "int", "required": true}));
    Arc::new(Schema::of(columns).expect("columns"))
}

fn options(options: Json) -> LoadOptions {
    serde_json::from_value(options).expect("options")
}

fn checker(columns: Json, given: Json) -> Checker {
    Checker::new(schema(columns), &options(given)).expect("a checker")
}

/// What a row becomes, and what is known of it.
fn pass(checker: &Checker, row: &str) -> (String, Checked) {
    let mut out = b"before ".to_vec();
    let known = checker
        .check(row.as_bytes(), &mut out)
        .unwrap_or_else(|trouble| panic!("{row}: {trouble}"));
    let out = String::from_utf8(out).expect("text");
    (out.strip_prefix("before ").expect("kept").to_owned(), known)
}

fn trouble(checker: &Checker, row: impl AsRef<[u8]>) -> String {
    let mut out = b"before ".to_vec();
    let trouble = checker.check(row.as_ref(), &mut out).expect_err("trouble");
    assert_eq!(out, b"before ", "what was written is taken back");
    trouble.to_string()
}
