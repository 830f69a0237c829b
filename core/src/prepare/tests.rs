//! Odd values, and what becomes of them on the wire.

use proptest::prelude::*;

use super::*;
use crate::base_url::BaseUrl;

const NAME: Param = Param {
    name: "canonical",
    kind: ParamKind::String,
    required: true,
    nullable: false,
    choices: &[],
    finder: None,
};

fn path_of(text: &str) -> Result<String, Error> {
    segment(&NAME, &Value::from(text))
}

#[test]
fn odd_labels_become_one_segment() {
    assert_eq!(path_of("feature/ü 1%").unwrap(), "feature%2F%C3%BC%201%25");
    assert_eq!(path_of("a?b#c").unwrap(), "a%3Fb%23c");
    assert_eq!(path_of("...").unwrap(), "...");
    assert_eq!(path_of("%2e%2e").unwrap(), "%252e%252e");
    assert_eq!(path_of("\"'🦀").unwrap(), "%22%27%F0%9F%A6%80");
}

#[test]
fn what_cannot_stand_in_a_path_is_refused_by_name() {
    for text in ["", ".", "..", "a\nb", "\0", "a\u{85}b"] {
        let error = path_of(text).expect_err(text);
        assert!(error.to_string().starts_with("canonical "), "{error}");
        assert_eq!(error.code(), "config_error");
    }
    assert!(segment(&NAME, &Value::Null).is_err());
    assert!(segment(&NAME, &Value::Int(1)).is_err());
}

#[test]
fn header_values_cannot_break_out() {
    for text in ["a\r\nAuthorization: x", "a\nb", "a\0b", "\u{7f}"] {
        assert!(header_value("x-data-source", text).is_err(), "{text:?}");
    }
    assert_eq!(
        header_value("x-data-source", "größe").unwrap().as_bytes(),
        "größe".as_bytes()
    );
}

#[test]
fn headers_of_the_engine_cannot_be_given() {
    for name in ["Authorization", "host", "Content-Length", "bad name"] {
        assert!(
            add_headers(&mut HeaderMap::new(), &[(name.to_owned(), "x".to_owned())]).is_err(),
            "{name}"
        );
    }
}

#[test]
fn raw_paths_stay_below_the_base() {
    assert_eq!(raw_path("workspace/1/x").unwrap(), "/workspace/1/x");
    assert_eq!(raw_path("/a b/ü%20").unwrap(), "/a%20b/%C3%BC%20");
    for path in [
        "//evil.com",
        "https://evil.com",
        "/a/../b",
        "/a/%2E./b",
        "/a?b",
        "/a#b",
        "/a\\b",
        "/a\nb",
    ] {
        assert!(raw_path(path).is_err(), "{path}");
    }
}

#[test]
fn values_are_held_to_their_kind() {
    let choice = Param {
        choices: &["asc", "desc"],
        ..NAME
    };
    assert!(check_value(&choice, &Value::from("asc")).is_ok());
    assert!(
        check_value(&choice, &Value::from("up"))
            .unwrap_err()
            .to_string()
            .contains("asc, desc")
    );
    let number = Param {
        kind: ParamKind::Int,
        ..NAME
    };
    assert!(check_value(&number, &Value::Bool(true)).is_err());
    assert!(check_value(&number, &Value::Null).is_err());
    assert!(
        check_value(
            &Param {
                nullable: true,
                ..number
            },
            &Value::Null
        )
        .is_ok()
    );
    assert!(plain("x", &Value::Float(f64::NAN)).is_err());
}

proptest! {
    #[test]
    fn any_text_is_one_segment_or_refused(text in "\\PC{0,40}") {
        let base = BaseUrl::parse("https://x1.xano.io", "base", false).unwrap();
        if let Ok(segment) = path_of(&text) {
            let url = base.join(&format!("/snippet/{segment}/token")).expect("a path of its own");
            let parts: Vec<&str> = url.path_segments().expect("a path").collect();
            prop_assert_eq!(parts.len(), 4);
            let back = percent_encoding::percent_decode_str(parts[2]).decode_utf8().expect("UTF-8");
            prop_assert_eq!(back, text);
        } else {
            prop_assert!(matches!(text.as_str(), "" | "." | "..") || text.chars().any(char::is_control));
        }
    }

    #[test]
    fn any_bytes_in_a_query_come_back(text in ".{0,40}") {
        let mut target = String::from("/x");
        push_query(&mut target, &[("search".into(), Value::from(text.as_str()))]).unwrap();
        let url = BaseUrl::parse("https://x1.xano.io", "base", false).unwrap().join(&target).expect("a URL");
        prop_assert_eq!(url.query_pairs().next().expect("one").1, text);
    }
}
