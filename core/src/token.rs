//! The access token, as a type that does not print.
//!
//! A token reaches every workspace of its instance, so it must not end in a log by accident: [`Token`] has no `Display`,
//! its `Debug` is a constant, and memory is wiped when it is dropped. [`Token::scrub`] removes it from text that came
//! from outside, for servers that echo what they were sent.
//!
//! ```
//! let token = xano_metadata::Token::from("abc.def.ghi");
//! assert_eq!(format!("{token:?}"), "Token(…)");
//! assert_eq!(token.scrub("you sent abc.def.ghi").as_ref(), "you sent [token]");
//! ```

use std::borrow::Cow;
use std::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::error::Error;

/// What stands where a token was.
const MASK: &str = "[token]";

/// Texts shorter than this are no tokens, and taking them out would mangle every message.
const SHORTEST: usize = 4;

/// So many characters of a token's beginning give something away.
const TELLING: usize = 12;

/// A secret access token.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// The value for the `Authorization` header, marked sensitive so that no layer below prints it or puts it into a
    /// compression table.
    pub(crate) fn header(&self) -> Result<HeaderValue, Error> {
        let text = self.text();
        if text.is_empty() {
            return Err(Error::config(
                "The token is empty. Give the one that the token screen showed once.",
            ));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::config(
                "The token contains a space, a line break or another character that no token has. Was it copied whole, \
                 and alone?",
            ));
        }
        let mut value = HeaderValue::from_str(&format!("Bearer {text}"))
            .map_err(|_| Error::config("The token cannot be put into a header."))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The token without the whitespace and the word `Bearer` that come along when it is copied.
    pub(crate) fn text(&self) -> &str {
        let text = self.0.expose_secret().trim();
        match text.get(..7) {
            Some(word) if word.eq_ignore_ascii_case("bearer ") => text[7..].trim_start(),
            _ => text,
        }
    }

    /// `text` without this token in it.
    #[must_use]
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let secret = self.text();
        if secret.len() < SHORTEST {
            return Cow::Borrowed(text);
        }
        let whole = if text.contains(secret) {
            Cow::Owned(text.replace(secret, MASK))
        } else {
            Cow::Borrowed(text)
        };
        // A text that was shortened may end within the token.
        let cut = whole.find('…').unwrap_or(whole.len());
        match beginning_at_end(&whole[..cut], secret) {
            Some(at) => Cow::Owned(format!("{}{MASK}{}", &whole[..at], &whole[cut..])),
            None => whole,
        }
    }
}

/// Where `text` ends with a telling beginning of `secret`.
fn beginning_at_end(text: &str, secret: &str) -> Option<usize> {
    let longest = secret.len().min(text.len());
    (TELLING..=longest)
        .rev()
        .find(|&length| secret.is_char_boundary(length) && text.ends_with(&secret[..length]))
        .map(|length| text.len() - length)
}

impl From<String> for Token {
    fn from(text: String) -> Self {
        Self(SecretString::from(text))
    }
}

impl From<&str> for Token {
    fn from(text: &str) -> Self {
        Self(SecretString::from(text))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn a_token_is_taken_out_also_where_a_text_was_cut_within_it() {
        let token = Token::from("eyJhbGciOiJSUzI1NiJ9.payload.signature");
        let cut = "you sent eyJhbGciOiJSUzI1NiJ9.payl… (900 bytes in all)";
        assert_eq!(token.scrub(cut), "you sent [token]… (900 bytes in all)");
        assert_eq!(token.scrub("eyJhbGciOiJSUzI1Ni"), "[token]");
        assert_eq!(token.scrub("eyJ… is how they all begin"), "eyJ… is how they all begin");
        assert_eq!(Token::from("a").scrub("a cat"), "a cat");
    }

    #[test]
    fn a_pasted_token_loses_what_came_along() {
        for pasted in ["abc", " abc\n", "Bearer abc", "bearer  abc "] {
            let header = Token::from(pasted).header().expect("a usable token");
            assert_eq!(header.as_bytes(), b"Bearer abc");
            assert!(header.is_sensitive());
        }
    }

    #[test]
    fn an_impossible_token_is_refused_without_being_shown() {
        for broken in ["", "  ", "se\ncret", "se cret", "secr\u{e9}t"] {
            let error = Token::from(broken).header().expect_err("not a token");
            assert!(!error.to_string().contains("secr"), "{error}");
        }
    }
}
