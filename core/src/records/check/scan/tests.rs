use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn passes(text: &str) -> Result<String, Broken> {
    let mut cursor = Cursor::new(text);
    cursor.space();
    let raw = cursor.value()?;
    cursor.end()?;
    let mut out = Vec::new();
    raw.write_minified(&mut out);
    Ok(String::from_utf8(out).expect("text"))
}

#[test]
fn only_the_space_between_parts_goes() {
    let text = "{ \"a b\" : [ 1 , \" \\\" \" ] ,\n\t\"c\": 1e400, \"\":[ ] , \" \":{ }}";
    assert_eq!(
        passes(text).as_deref(),
        Ok(r#"{"a b":[1," \" "],"c":1e400,"":[]," ":{}}"#)
    );
    assert_eq!(passes("{\"a\" :1}").as_deref(), Ok("{\"a\":1}"));
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    for (text, reason) in [
        ("", "a value was expected at byte 0"),
        ("[1,]", "a value was expected at byte 3"),
        ("[1 2]", "a comma or the end of the list was expected at byte 3"),
        ("{\"a\":1,}", "a name in quotation marks was expected at byte 7"),
        ("{\"a\" 1}", "a colon was expected at byte 5"),
        ("{a:1}", "a name in quotation marks was expected at byte 1"),
        ("01", "a number without zeros in front was expected at byte 1"),
        ("1.", "a digit was expected at byte 2"),
        ("-", "a digit was expected at byte 1"),
        ("+1", "a value was expected at byte 0"),
        ("[NaN]", "NaN was found at byte 1, where a value was expected"),
        (
            "-Infinity",
            "-Infinity was found at byte 0, where a number was expected",
        ),
        ("None", "None was found at byte 0, where a value was expected"),
        ("\"a", "the end of a text was expected at byte 2"),
        (
            "\"a\nb\"",
            "an escape instead of a bare control character was expected at byte 2",
        ),
        (r#""\x""#, "an escape that JSON knows was expected at byte 1"),
        (
            r#""\u12g4""#,
            "four hexadecimal digits of an escape was expected at byte 1",
        ),
        (
            r#""\ud800""#,
            "half a surrogate pair was found at byte 1, where a character was expected",
        ),
        (
            r#""\ud800\u0041""#,
            "half a surrogate pair was found at byte 1, where a character was expected",
        ),
        (
            r#""\udc00""#,
            "half a surrogate pair was found at byte 1, where a character was expected",
        ),
        ("1 x", "the end was expected at byte 2"),
    ] {
        assert_eq!(passes(text).expect_err(text).to_string(), reason, "{text}");
    }
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(passes(&deep(DEEPEST)).is_ok());
    assert!(passes(&deep(DEEPEST + 1)).is_err());
}

proptest! {
    /// serde_json is the judge, apart from its own bounds on numbers.
    #[test]
    fn it_takes_what_is_json_and_nothing_else(text in "[\\[\\]{}\",:a1e.\\-+0tnrufls\\\\d8c \u{7}ä]{0,40}") {
        let judged: Result<&serde_json::value::RawValue, _> = serde_json::from_str(&text);
        let passed = passes(&text);
        // A raw value is not looked into as far as surrogates.
        if passed.is_ok() {
            prop_assert!(judged.is_ok());
        } else if judged.is_ok() {
            prop_assert!(passed.expect_err("refused").to_string().contains("surrogate"));
        }
    }

    #[test]
    fn strings_mean_what_serde_reads(text in any::<String>()) {
        let json = Value::from(text.clone()).to_string();
        let mut cursor = Cursor::new(&json);
        let quoted = cursor.string().expect("a string");
        prop_assert_eq!(quoted.text(), text);
        prop_assert!(cursor.end().is_ok());
    }
}
