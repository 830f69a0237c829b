//! One value at a time: what passes, what is converted, what is refused and how.

use super::*;

/// What becomes of a value in a column.
pub(super) fn value(mut column: Json, value: &str) -> Result<String, String> {
    column["name"] = json!("a");
    let only = checker(json!([column]), json!({}));
    let mut out = Vec::new();
    match only.check(format!("{{\"a\":{value}}}").as_bytes(), &mut out) {
        Ok(_) => {
            let out = String::from_utf8(out).expect("text");
            let inside = out.strip_prefix("{\"a\":").and_then(|rest| rest.strip_suffix('}'));
            Ok(inside.expect("the column").to_owned())
        }
        Err(trouble) => {
            assert_eq!(trouble.column.as_deref(), Some("a"));
            Err(trouble.reason)
        }
    }
}

pub(super) fn of(kind: &str) -> Json {
    json!({"type": kind})
}

#[test]
fn values_that_fit_pass_as_they_are() {
    for (kind, text) in [
        ("bool", "true"),
        ("int", "-17"),
        ("int", "9223372036854775807"),
        ("int", "-9223372036854775808"),
        ("int", "9007199254740993"),
        ("tableref", "3"),
        ("decimal", "1.50"),
        ("decimal", "-0.10e+400"),
        ("decimal", "12345678901234567890.12345678901234567890"),
        ("text", r#""""#),
        ("text", r#""a \" \\ \ud83d\ude00 \u0000 ü 😀""#),
        ("email", r#""a@b.example""#),
        ("password", r#""secret""#),
        ("date", r#""0001-01-01""#),
        ("date", r#""9999-12-31""#),
        ("date", "null"),
        ("timestamp", "-62135596800000"),
        ("timestamp", r#""now""#),
        ("uuid", r#""0b3cf5d6-1c2e-4f0a-9d8e-7a6b5c4d3e2f""#),
        ("json", "null"),
        ("json", r#"[1,{"a":[1e400,"x"]}]"#),
        ("object", r#"{"free":1}"#),
        ("vector", "[1,-2.5,3e2]"),
        ("geo_point", r#"{"type":"point","data":{"lng":1,"lat":2}}"#),
        ("image", r#"{"path":"/vault/x"}"#),
        ("hologram", "[true,null]"),
        ("hologram", "null"),
    ] {
        assert_eq!(value(of(kind), text).as_deref(), Ok(text), "{kind}");
    }
}

#[test]
fn values_are_converted_where_nothing_is_lost() {
    for (kind, text, sent) in [
        ("int", "5.0", "5"),
        ("int", "1e3", "1000"),
        ("int", "-0", "0"),
        ("timestamp", "1681336838000.0", "1681336838000"),
        ("timestamp", r#""2023-04-12 22:00:38+0000""#, "1681336838000"),
        ("timestamp", r#""2023-04-12T22:00:38.120Z""#, "1681336838120"),
        ("timestamp", r#""2023-04-12""#, "1681257600000"),
        ("date", r#""2024-02-29T00:00:00""#, r#""2024-02-29""#),
        (
            "uuid",
            r#""0B3CF5D6-1C2E-4F0A-9D8E-7A6B5C4D3E2F""#,
            r#""0b3cf5d6-1c2e-4f0a-9d8e-7a6b5c4d3e2f""#,
        ),
        ("json", " [ 1 , \" \" , { } ] ", r#"[1," ",{}]"#),
        ("vector", "[ 1 , 2 ]", "[1,2]"),
    ] {
        assert_eq!(value(of(kind), text).as_deref(), Ok(sent), "{kind} {text}");
    }
}

#[test]
fn values_that_do_not_fit_are_refused_and_shown() {
    for (kind, text, reason) in [
        ("bool", "1", "It must be true or false, but is 1."),
        ("bool", r#""true""#, r#"It must be true or false, but is "true"."#),
        ("int", r#""abc""#, r#"It must be a whole number, but is "abc"."#),
        ("int", r#""5""#, r#"It must be a whole number, but is "5"."#),
        ("int", "5.5", "It must be a whole number, but is 5.5."),
        ("int", "true", "It must be a whole number, but is true."),
        ("int", "null", "It must not be null."),
        (
            "int",
            "9223372036854775808",
            "It must be a whole number from -2^63 to 2^63-1, but is 9223372036854775808.",
        ),
        (
            "int",
            "NaN",
            "It is no valid JSON: NaN was found at byte 5, where a value was expected.",
        ),
        ("decimal", r#""1.5""#, r#"It must be a number, but is "1.5"."#),
        (
            "decimal",
            "-Infinity",
            "It is no valid JSON: -Infinity was found at byte 5, where a number was expected.",
        ),
        ("text", "5", "It must be text, but is 5."),
        ("text", "[\"a\"]", "It must be text, but is [\"a\"]."),
        ("text", "null", "It must not be null."),
        (
            "text",
            r#""\ud800""#,
            "It is no valid JSON: half a surrogate pair was found at byte 6, where a character was expected.",
        ),
        ("email", "5", "It must be text, but is 5."),
        ("password", "12345", "It must be text."),
        (
            "date",
            r#""2023-02-29""#,
            r#"It must be a day such as "2023-04-12", but is "2023-02-29"."#,
        ),
        ("date", "5", r#"It must be a day such as "2023-04-12", but is 5."#),
        (
            "timestamp",
            r#""2023-04-12T22:00:38.123456Z""#,
            r#"It must be a moment in milliseconds, as finer digits would be lost (round it first), but is "2023-04-12T22:00:38.123456Z"."#,
        ),
        (
            "uuid",
            r#""0b3cf5d6""#,
            r#"It must be a UUID such as "0b3cf5d6-1c2e-4f0a-9d8e-7a6b5c4d3e2f", but is "0b3cf5d6"."#,
        ),
        ("object", "[]", "It must be an object, but is []."),
        ("vector", "{}", "It must be a list of numbers, but is {}."),
        ("vector", r#"[1,"2"]"#, r#"At a[1]: It must be a number, but is "2"."#),
        ("geo_point", "3", "It must be an object, but is 3."),
        ("video", r#""x""#, r#"It must be an object, but is "x"."#),
        ("json", "[1,]", "It is no valid JSON: a value was expected at byte 8."),
    ] {
        assert_eq!(value(of(kind), text).expect_err(text), reason, "{kind} {text}");
    }
    let reason = value(of("timestamp"), r#""soon""#).expect_err("no moment");
    assert!(reason.ends_with(r#"or "now", but is "soon"."#), "{reason}");
    let long = format!("\"{}\"", "ä".repeat(100));
    let reason = value(of("int"), &long).expect_err("no number");
    assert_eq!(
        reason,
        format!("It must be a whole number, but is \"{}….", "ä".repeat(39))
    );
    let hidden = json!({"type": "int", "sensitive": true});
    assert_eq!(
        value(hidden, "\"4111 1111\"").expect_err("text"),
        "It must be a whole number."
    );
}

#[test]
fn null_passes_where_it_may_be_stored_or_says_nothing() {
    let nullable = json!({"type": "text", "nullable": true});
    assert_eq!(value(nullable, "null").as_deref(), Ok("null"));
    for kind in [
        "date",
        "timestamp",
        "enum",
        "uuid",
        "object",
        "vector",
        "image",
        "password",
        "json",
    ] {
        assert_eq!(value(of(kind), "null").as_deref(), Ok("null"), "{kind}");
        let required = json!({"type": kind, "required": true});
        assert_eq!(value(required, "null").expect_err(kind), "It must not be null.");
        let list = json!({"type": kind, "style": "list"});
        assert_eq!(value(list, "null").expect_err(kind), "It must not be null.");
    }
}

#[test]
fn lists_enums_and_objects_are_checked_inside() {
    let list = json!({"type": "int", "style": "list"});
    assert_eq!(value(list.clone(), "[ 1 , 2.0 ]").as_deref(), Ok("[1,2]"));
    assert_eq!(value(list.clone(), "[]").as_deref(), Ok("[]"));
    assert_eq!(
        value(list.clone(), "1").expect_err("one"),
        "It must be a list, but is 1."
    );
    assert_eq!(
        value(list.clone(), "[1,null]").expect_err("null"),
        "At a[1]: It must not be null."
    );
    assert_eq!(
        value(list, "[1,\"x\"]").expect_err("text"),
        "At a[1]: It must be a whole number, but is \"x\"."
    );
    let choice = json!({"type": "enum", "values": ["a", "ü\""]});
    assert_eq!(value(choice.clone(), r#""\u00fc\"""#).as_deref(), Ok(r#""\u00fc\"""#));
    assert_eq!(
        value(choice, "\"b\"").expect_err("no value"),
        r#"It must be one of "a", "ü\"", but is "b"."#
    );
    let object = json!({"type": "object", "style": "list", "children": [
        {"name": "width", "type": "decimal", "required": true},
        {"name": "day", "type": "date"},
    ]});
    assert_eq!(
        value(
            object.clone(),
            r#"[{"day": "2023-01-01T00:00:00", "width": 1}, {"width":2}]"#
        )
        .as_deref(),
        Ok(r#"[{"day":"2023-01-01","width":1},{"width":2}]"#)
    );
    for (text, reason) in [
        (r#"[{"day":null}]"#, "At a[0].width: It is missing."),
        (
            r#"[{"width":"x"}]"#,
            r#"At a[0].width: It must be a number, but is "x"."#,
        ),
        (r#"[{"width":1,"width":2}]"#, "At a[0].width: It is given twice."),
        (
            r#"[{"widht":1}]"#,
            r#"At a[0].widht: There is no such field; near to it are "width"."#,
        ),
    ] {
        assert_eq!(value(object.clone(), text).expect_err(text), reason);
    }
    let vector = json!({"type": "vector", "vector": {"size": 3}});
    assert_eq!(
        value(vector, "[1,2]").expect_err("two"),
        "It must have 3 numbers, but has 2."
    );
}

#[test]
fn values_are_compared_in_one_spelling() {
    let compare = |mut column: Json, one: &str, other: &str| {
        column["name"] = json!("a");
        let schema = schema(json!([column]));
        let column = schema.column("a").expect("a column");
        let one = canonical(column, one.as_bytes());
        (one.is_some(), one == canonical(column, other.as_bytes()))
    };
    for (kind, one, other) in [
        ("decimal", "1.50", "15e-1"),
        ("int", "5", "5.0"),
        ("text", r#""\u00e4\/""#, r#""ä/""#),
        ("timestamp", "1681336838000", r#""2023-04-12 22:00:38+0000""#),
        (
            "json",
            r#"{"b":[1.0,null],"a":"\u0041"}"#,
            r#"{ "a" : "A", "b" : [1, null] }"#,
        ),
        ("date", "null", "null"),
    ] {
        assert_eq!(compare(of(kind), one, other), (true, true), "{kind}");
    }
    assert_eq!(compare(of("text"), "\"a\"", "\"b\""), (true, false));
    let email = json!({"type": "email", "validators": {"trim": true, "lower": true}});
    assert_eq!(
        compare(email.clone(), "\" A@B.example\"", "\"a@b.example\""),
        (true, true)
    );
    let object =
        json!({"type": "object", "children": [{"name": "w", "type": "decimal"}, {"name": "h", "type": "int"}]});
    assert_eq!(
        compare(object.clone(), r#"{"h":1,"w":2.0}"#, r#"{"w":2,"h":1}"#),
        (true, true)
    );
    for (column, value) in [
        (of("password"), "\"x\""),
        (of("image"), "{}"),
        (of("timestamp"), "\"now\""),
        (of("decimal"), "9007199254740993"),
        (email, "\"Ä\""),
        (object, r#"{"w":2}"#),
        (of("int"), "[[["),
    ] {
        assert!(!compare(column, value, value).0, "{value}");
    }
}
