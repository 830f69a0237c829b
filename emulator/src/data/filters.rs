//! What a column changes in a value before storing it, and which values it refuses.

use serde::{Deserialize, Serialize};

/// The constraints of a column, under their names in the API (`filters`, or `validators` in a whole
/// schema). Absent means unconstrained.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Filters {
    /// Spaces around a text are removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trim: Option<bool>,
    /// A text is put in lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower: Option<bool>,
    /// A text is put in upper case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper: Option<bool>,
    /// Smallest number, or fewest characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// Largest number, or most characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// What a text must begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_with: Option<String>,
    /// Letters are allowed. As soon as this, `digit_ok` or `ok` is set, nothing else is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpha_ok: Option<bool>,
    /// Digits are allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digit_ok: Option<bool>,
    /// Further characters that are allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ok: Option<String>,
    /// A regular expression that must match, with or without slashes around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Text mixed into the hash of a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// Fewest letters in a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_alpha: Option<usize>,
    /// Fewest lower-case letters in a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_lower_alpha: Option<usize>,
    /// Fewest upper-case letters in a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_upper_alpha: Option<usize>,
    /// Fewest digits in a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_digit: Option<usize>,
    /// Fewest other signs in a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_symbol: Option<usize>,
}

impl Filters {
    /// Whether nothing is asked of values.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Compiles the pattern, to find a broken one when the column is defined and not when it is used.
    pub fn check(&self) -> Result<(), String> {
        match self.pattern.as_deref() {
            Some(pattern) => expression(pattern).map(drop),
            None => Ok(()),
        }
    }

    /// A text as it is stored, or why it is refused.
    pub fn text(&self, mut text: String) -> Result<String, String> {
        if self.trim == Some(true) {
            text = text.trim().to_owned();
        }
        if self.lower == Some(true) {
            text = text.to_lowercase();
        }
        if self.upper == Some(true) {
            text = text.to_uppercase();
        }
        self.length(&text)?;
        if let Some(start) = self.starts_with.as_deref().filter(|start| !text.starts_with(start)) {
            return Err(format!("It must start with {start:?}."));
        }
        self.characters(&text)?;
        if let Some(pattern) = self.pattern.as_deref()
            && !expression(pattern)?.is_match(&text)
        {
            return Err(format!("It must match the pattern {pattern}."));
        }
        Ok(text)
    }

    fn length(&self, text: &str) -> Result<(), String> {
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        if let Some(min) = self.min.filter(|min| length < *min) {
            return Err(format!("It must have at least {min} characters."));
        }
        if let Some(max) = self.max.filter(|max| length > *max) {
            return Err(format!("It must have at most {max} characters."));
        }
        Ok(())
    }

    fn characters(&self, text: &str) -> Result<(), String> {
        if self.alpha_ok.is_none() && self.digit_ok.is_none() && self.ok.is_none() {
            return Ok(());
        }
        let extra = self.ok.as_deref().unwrap_or_default();
        let refused = text.chars().find(|c| {
            !(self.alpha_ok == Some(true) && c.is_alphabetic()
                || self.digit_ok == Some(true) && c.is_ascii_digit()
                || extra.contains(*c))
        });
        match refused {
            Some(c) => Err(format!("The character {c:?} is not allowed.")),
            None => Ok(()),
        }
    }

    /// Whether a number is within bounds; given as a double, which is enough to compare with.
    #[allow(clippy::cast_precision_loss)]
    pub fn number(&self, number: f64) -> Result<(), String> {
        if let Some(min) = self.min.filter(|min| number < *min as f64) {
            return Err(format!("It must be at least {min}."));
        }
        if let Some(max) = self.max.filter(|max| number > *max as f64) {
            return Err(format!("It must be at most {max}."));
        }
        Ok(())
    }

    /// Whether a password is strong enough.
    pub fn password(&self, text: &str) -> Result<(), String> {
        self.length(text)?;
        let count = |wanted: fn(char) -> bool| text.chars().filter(|c| wanted(*c)).count();
        let rules: [Rule<'_>; 5] = [
            (self.min_alpha, char::is_alphabetic, "letters"),
            (self.min_lower_alpha, char::is_lowercase, "lower-case letters"),
            (self.min_upper_alpha, char::is_uppercase, "upper-case letters"),
            (self.min_digit, |c| c.is_ascii_digit(), "digits"),
            (self.min_symbol, |c| !c.is_alphanumeric(), "symbols"),
        ];
        for (min, wanted, what) in rules {
            if let Some(min) = min.filter(|min| count(wanted) < *min) {
                return Err(format!("It must contain at least {min} {what}."));
            }
        }
        Ok(())
    }
}

/// Fewest characters of a sort, which they are, and what they are called.
type Rule<'a> = (Option<usize>, fn(char) -> bool, &'a str);

fn expression(pattern: &str) -> Result<regex_lite::Regex, String> {
    let bare = pattern
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix('/'))
        .unwrap_or(pattern);
    regex_lite::Regex::new(bare).map_err(|error| format!("The pattern {pattern} is no regular expression: {error}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(json: &str) -> Filters {
        serde_json::from_str(json).expect("filters")
    }

    #[test]
    fn texts_are_changed_first_and_judged_then() {
        let filters = filters(r#"{"trim": true, "lower": true, "min": 2, "max": 4, "startsWith": "a"}"#);
        assert_eq!(filters.text("  AB ".to_owned()).as_deref(), Ok("ab"));
        for (text, reason) in [("a", "at least 2"), ("aäöüß", "at most 4"), ("bcd", "start with")] {
            let error = filters.text(text.to_owned()).expect_err(text);
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn characters_and_patterns_are_checked() {
        let letters = filters(r#"{"alphaOk": true, "digitOk": false, "ok": "_-"}"#);
        assert!(letters.text("a_b-ä".to_owned()).is_ok());
        assert!(letters.text("a1".to_owned()).expect_err("digit").contains("'1'"));
        let pattern = filters(r#"{"pattern": "/^[A-Z]{2}-\\d+$/"}"#);
        assert!(pattern.check().is_ok());
        assert!(pattern.text("AB-12".to_owned()).is_ok());
        assert!(pattern.text("ab-12".to_owned()).is_err());
        assert!(filters(r#"{"pattern": "("}"#).check().is_err());
    }

    #[test]
    fn passwords_have_their_own_rules() {
        let filters = filters(r#"{"min": 6, "minDigit": 2, "minUpperAlpha": 1, "minSymbol": 1}"#);
        assert_eq!(filters.password("Secret12!"), Ok(()));
        for (text, reason) in [
            ("S12!", "at least 6"),
            ("Secret1!", "2 digits"),
            ("secret12!", "upper"),
            ("Secret12", "symbols"),
        ] {
            assert!(filters.password(text).expect_err(text).contains(reason), "{text}");
        }
    }

    #[test]
    fn an_unknown_filter_is_an_error() {
        assert!(serde_json::from_str::<Filters>(r#"{"minimum": 1}"#).is_err());
    }
}
