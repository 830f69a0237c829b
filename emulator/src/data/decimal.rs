//! Decimals that come back as they went in.
//!
//! A decimal column holds a double where the double says exactly what was sent, which is nearly
//! always, and the digits as text where it would not (9007199254740993, or twenty digits after the
//! point). Equal numbers are stored equally, so comparing for equality is exact; comparing for order
//! goes through doubles.

use rusqlite::types::Value as Cell;

/// Digits beyond this, before or after the point, are refused.
const MOST_DIGITS: i64 = 1000;

/// A number as sign, digits without zeros at either end, and the power of ten of the last digit.
#[derive(Debug, PartialEq, Eq)]
struct Canonical {
    negative: bool,
    digits: String,
    exponent: i64,
}

/// Reads a number in JSON's notation (leading zeros, a leading plus and a bare point are tolerated).
fn canonical(text: &str) -> Option<Canonical> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, power) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], rest[at + 1..].parse::<i64>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let mut digits = format!("{whole}{fraction}");
    let mut exponent = power.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let kept = digits.trim_end_matches('0').len();
    exponent = exponent.checked_add(i64::try_from(digits.len() - kept).ok()?)?;
    digits.truncate(kept);
    let digits = digits.trim_start_matches('0').to_owned();
    if digits.is_empty() {
        return Some(Canonical {
            negative: false,
            digits,
            exponent: 0,
        });
    }
    Some(Canonical {
        negative,
        digits,
        exponent,
    })
}

impl Canonical {
    fn plain(&self) -> Option<String> {
        let count = i64::try_from(self.digits.len()).ok()?;
        let point = count.checked_add(self.exponent)?;
        if point > MOST_DIGITS || self.exponent < -MOST_DIGITS {
            return None;
        }
        let sign = if self.negative { "-" } else { "" };
        let zeros = |n: i64| "0".repeat(usize::try_from(n).unwrap_or(0));
        Some(match usize::try_from(point) {
            Ok(0) | Err(_) => format!("{sign}0.{}{}", zeros(-point), self.digits),
            Ok(at) if at >= self.digits.len() => format!("{sign}{}{}", self.digits, zeros(self.exponent)),
            Ok(at) => format!("{sign}{}.{}", &self.digits[..at], &self.digits[at..]),
        })
    }
}

/// How a number is stored; none when the text is no number or has too many digits.
pub fn cell(text: &str) -> Option<Cell> {
    let sent = canonical(text)?;
    if sent.digits.is_empty() {
        return Some(Cell::Real(0.0));
    }
    let plain = sent.plain()?;
    let double: f64 = plain.parse().ok()?;
    let exact = double.is_finite() && canonical(&format!("{double:e}")).as_ref() == Some(&sent);
    Some(if exact { Cell::Real(double) } else { Cell::Text(plain) })
}

/// Writes a stored double as JSON, without the point that a whole number does not need.
pub fn write_double(number: f64, out: &mut String) {
    use std::fmt::Write as _;
    let start = out.len();
    let _ = write!(out, "{number:?}");
    if out[start..].ends_with(".0") {
        out.truncate(out.len() - 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        cell(text).map(|cell| match cell {
            Cell::Text(text) => text,
            Cell::Real(number) => {
                let mut out = String::new();
                write_double(number, &mut out);
                out
            }
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn what_a_double_says_is_a_double() {
        for (sent, back) in [
            ("0.1", "0.1"),
            ("19.90", "19.9"),
            ("-0", "0"),
            ("5", "5"),
            ("1e3", "1000"),
            ("1.5e300", "1.5e300"),
            ("9007199254740992", "9007199254740992"),
        ] {
            assert!(matches!(cell(sent), Some(Cell::Real(_))), "{sent}");
            let back: f64 = back.parse().expect("a number");
            let shown: f64 = shown(sent).expect("a number").parse().expect("a number");
            assert!((back - shown).abs() <= f64::EPSILON * back.abs(), "{sent} {shown}");
        }
        assert_eq!(shown("19.90").as_deref(), Some("19.9"));
    }

    #[test]
    fn what_a_double_would_round_is_kept_as_digits() {
        for text in [
            "9007199254740993",
            "0.12345678901234567890123",
            "-123456789012345678901234567890.5",
            "12345678901234567000000000000001",
        ] {
            assert_eq!(cell(text), Some(Cell::Text(text.to_owned())));
        }
        assert_eq!(
            cell("1e400").map(|c| matches!(c, Cell::Text(t) if t.len() == 401)),
            Some(true)
        );
    }

    #[test]
    fn equal_numbers_are_stored_equally() {
        for (one, other) in [
            ("1.50", "15e-1"),
            ("9007199254740993.0", "9007199254740993"),
            ("0", "-0.000"),
        ] {
            assert_eq!(cell(one), cell(other));
        }
    }

    #[test]
    fn nonsense_and_excess_are_refused() {
        for text in ["", "-", ".", "1.2.3", "0x10", "1e", "NaN", "1e99999", "1e-99999", "١"] {
            assert_eq!(cell(text), None, "{text}");
        }
    }
}
