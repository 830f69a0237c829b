//! Passwords: stored as salted hashes and never read back.

use ring::digest::{Context, SHA256};

use crate::store::random_text;

/// Hashes a password for storing. The salt is random; a column's own text is mixed in besides.
pub fn hash(password: &str, pepper: Option<&str>) -> String {
    hash_with(&random_text(16), password, pepper)
}

fn hash_with(salt: &str, password: &str, pepper: Option<&str>) -> String {
    use std::fmt::Write as _;
    let mut hasher = Context::new(&SHA256);
    for part in [salt, pepper.unwrap_or_default(), password] {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    let mut text = format!("sha256.{salt}.");
    for byte in hasher.finish().as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_passwords_have_different_hashes_that_do_not_show_them() {
        let (one, other) = (hash("secret", None), hash("secret", None));
        assert_ne!(one, other);
        assert!(!one.contains("secret"));
        assert_eq!(one.len(), "sha256.".len() + 16 + 1 + 64);
    }

    #[test]
    fn salt_and_pepper_matter_and_do_not_run_into_each_other() {
        assert_eq!(hash_with("s", "p", None), hash_with("s", "p", None));
        assert_ne!(hash_with("s", "p", Some("x")), hash_with("s", "p", None));
        assert_ne!(hash_with("s", "bc", Some("a")), hash_with("s", "c", Some("ab")));
    }
}
