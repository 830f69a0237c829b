//! Tokens and the file they are kept in.

use xano_metadata::fuzzing::{self, TOKEN};

use super::{assert_short, shown};
use crate::input::Input;

/// Every text is a token for once: what is made of it never holds two lines, and nothing shows it.
pub(crate) fn jwt(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some((date, over)) = fuzzing::expiry(&text) {
        let at = httpdate::parse_http_date(&date).expect("a date that others can read");
        assert_eq!(over, at <= std::time::SystemTime::now(), "{date}");
        assert!(text.split('.').count() >= 3, "an expiry out of nowhere");
    }
    match fuzzing::authorization(&text) {
        Ok(header) => {
            assert!(header.is_sensitive());
            let value = header.to_str().expect("plain text");
            let token = value.strip_prefix("Bearer ").expect("a bearer token");
            assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
            assert!(text.contains(token), "another token than was given");
        }
        Err(error) => {
            let long = text.trim().chars().count() >= 12;
            assert!(!long || !error.to_string().contains(text.trim()), "{error}");
        }
    }
}

/// A credentials file: whatever is wrong with it, its content is not told. `$T` stands for the token.
pub(crate) fn credentials(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let named = match input.byte() {
        0..=99 => None,
        100..=199 => Some("main".to_owned()),
        _ => Some(input.text()),
    };
    let text = String::from_utf8_lossy(input.rest()).replace("$T", TOKEN);
    match fuzzing::profile(&text, named.as_deref()) {
        Ok((_, account, instance)) => {
            for origin in [account, instance].into_iter().flatten() {
                assert!(!origin.is_empty() && origin.trim() == origin);
            }
        }
        Err(error) => {
            // The names of profiles are told; everything else is not.
            let told_name = |file: &serde_norway::Value| {
                let profiles = file.get("profiles").and_then(serde_norway::Value::as_mapping);
                let mut keys = profiles
                    .into_iter()
                    .flat_map(|map| map.keys())
                    .filter_map(serde_norway::Value::as_str);
                keys.any(|name| name.contains(TOKEN))
            };
            let asked = |name: &String| name.contains(TOKEN);
            // Only what is not refused for its size: the parser alone would take minutes over the rest.
            let brackets = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
            let file = (brackets < 2000)
                .then(|| serde_norway::from_str::<serde_norway::Value>(&text).ok())
                .flatten();
            let defaulted = file.as_ref().is_some_and(|file| {
                file.get("default")
                    .and_then(serde_norway::Value::as_str)
                    .is_some_and(|name| name.contains(TOKEN))
            });
            if !file.as_ref().is_some_and(told_name) && !named.as_ref().is_some_and(asked) && !defaulted {
                assert!(!shown(&error).contains(TOKEN), "{error}");
                if text.len() < 2000 {
                    assert_short(&error);
                }
            }
        }
    }
}
