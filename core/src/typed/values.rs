//! Values that Xano spells in more than one way.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;

use crate::request::Value;

/// Reads a value, or its empty form where a server sends null. Together with `#[serde(default)]` this keeps an answer
/// readable that lacks what the documentation promises.
pub(crate) fn tolerant<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// An id: a number, or a text such as a UUID.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Id {
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
}

impl Default for Id {
    fn default() -> Self {
        Self::Int(0)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => number.fmt(formatter),
            Self::Text(text) => text.fmt(formatter),
        }
    }
}

impl From<Id> for Value {
    fn from(id: Id) -> Self {
        match id {
            Id::Int(number) => Self::Int(number),
            Id::Text(text) => Self::String(text),
        }
    }
}

impl From<i64> for Id {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A point in time as the server wrote it: epoch milliseconds, epoch seconds, or text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Time {
    /// A number of milliseconds or seconds since 1970.
    Number(Number),
    /// Text, such as `2023-04-12 22:00:38+0000` or ISO 8601.
    Text(String),
}

impl Default for Time {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Time {
    /// Milliseconds since 1970; none when it cannot be read. Numbers below 100,000,000,000 are taken to be seconds: as
    /// milliseconds they would lie in the years before 1974, when there was no Xano.
    ///
    /// ```
    /// use xano_metadata::Time;
    ///
    /// let text = Time::Text("2023-04-12 22:00:38+0000".into());
    /// assert_eq!(text.epoch_millis(), Some(1_681_336_838_000));
    /// assert_eq!(Time::Number(1_681_336_838.into()).epoch_millis(), Some(1_681_336_838_000));
    /// ```
    #[must_use]
    pub fn epoch_millis(&self) -> Option<i64> {
        match self {
            Self::Number(number) => {
                let number = number.as_i64()?;
                if number.abs() < 100_000_000_000 {
                    number.checked_mul(1000)
                } else {
                    Some(number)
                }
            }
            Self::Text(text) => parse(text.trim()),
        }
    }
}

/// `YYYY-MM-DD`, a `T` or a space, `HH:MM[:SS[.fraction]]`, and `Z`, an offset, or nothing for UTC.
fn parse(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.split('-');
    let mut next = || parts.next()?.parse::<i64>().ok();
    let (year, month, day) = (next()?, next()?, next()?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days_since_epoch(year, month, day);
    let rest = rest.trim_start_matches(['T', ' ']);
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(zone_at);
    let mut parts = clock.trim().split(':');
    let hours: i64 = parts
        .next()
        .filter(|part| !part.is_empty())
        .map_or(Some(0), |part| part.parse().ok())?;
    let minutes: i64 = parts.next().map_or(Some(0), |part| part.parse().ok())?;
    let seconds: f64 = parts.next().map_or(Some(0.0), |part| part.parse().ok())?;
    if !(0..24).contains(&hours) || !(0..60).contains(&minutes) || !(0.0..61.0).contains(&seconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 61,000")]
    let millis = (seconds * 1000.0).round() as i64;
    Some(((days * 24 + hours) * 60 + minutes) * 60_000 + millis - offset(zone)?)
}

/// An offset such as `+02:00`, `+0200` or `Z` in milliseconds.
fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.as_bytes().first() {
        None | Some(b'Z' | b'z') => return Some(0),
        Some(b'-') => -1,
        _ => 1,
    };
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..4).map_or(Some(0), |part| part.parse().ok())?;
    Some(sign * (hours * 60 + minutes) * 60_000)
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, counting years from March so that the leap day is last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// `XanoScript` in an answer, in any of the shapes that servers use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Script {
    /// The source alone.
    Text(String),
    /// The source, or why there is none.
    Outcome {
        /// `ok` or `error`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
        /// The source.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
        /// Why there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
}

impl Default for Script {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Script {
    /// The source, if there is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Outcome { value, .. } => value.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_spelling() {
        let millis = Some(1_681_336_838_000);
        for text in [
            "2023-04-12 22:00:38+0000",
            "2023-04-12T22:00:38Z",
            "2023-04-12T22:00:38.000Z",
            "2023-04-13T00:00:38+02:00",
            "2023-04-12 18:30:38-0330",
            "2023-04-12 22:00:38",
        ] {
            assert_eq!(Time::Text(text.into()).epoch_millis(), millis, "{text}");
        }
        assert_eq!(Time::Text("2000-02-29".into()).epoch_millis(), Some(951_782_400_000));
        assert_eq!(Time::Text("1970-01-01T00:00:00.250Z".into()).epoch_millis(), Some(250));
        assert_eq!(Time::Number(1_681_336_838_000_i64.into()).epoch_millis(), millis);
        for nonsense in [
            "",
            "now",
            "2023-13-01",
            "2023-04-12T25:00",
            "2023-04-12T10:00+x",
            "äöüäöüäöü",
        ] {
            assert_eq!(Time::Text(nonsense.into()).epoch_millis(), None, "{nonsense}");
        }
    }

    #[test]
    fn a_script_is_text_in_any_shape() {
        let read = |text: &str| serde_json::from_str::<Script>(text).expect("a script");
        assert_eq!(read(r#""function a {}""#).text(), Some("function a {}"));
        assert_eq!(
            read(r#"{"status":"ok","value":"function a {}"}"#).text(),
            Some("function a {}")
        );
        assert_eq!(read(r#"{"status":"error","message":"no"}"#).text(), None);
    }
}
