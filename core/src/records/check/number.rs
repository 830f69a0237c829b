//! Numbers by their digits, never by what a double makes of them.

/// A number as sign, digits without zeros at either end, and the power of ten of the last digit.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    negative: bool,
    digits: String,
    exponent: i64,
}

/// What a number is, as a whole one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Whole {
    Number(i64),
    /// Whole, but beyond 64 bits.
    Beyond,
    /// It has a fraction.
    Broken,
}

/// Takes a JSON number apart. Exponents beyond reason end at the bounds of `i64`, where they mean the same.
fn parts(json: &str) -> Parts {
    let (negative, rest) = match json.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, json),
    };
    let (mantissa, power) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let power: i64 = power
        .parse()
        .unwrap_or(if power.starts_with('-') { i64::MIN } else { i64::MAX });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = format!("{whole}{fraction}");
    let kept = digits.trim_end_matches('0').len();
    let count = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
    let exponent = power
        .saturating_sub(count(fraction.len()))
        .saturating_add(count(digits.len() - kept));
    digits.truncate(kept);
    let digits = digits.trim_start_matches('0').to_owned();
    if digits.is_empty() {
        return Parts {
            negative: false,
            digits,
            exponent: 0,
        };
    }
    Parts {
        negative,
        digits,
        exponent,
    }
}

/// A JSON number as a whole one: `5`, `5.0` and `1e3` are.
pub(super) fn whole(json: &str) -> Whole {
    if let Ok(number) = json.parse() {
        return Whole::Number(number);
    }
    let Parts {
        negative,
        digits,
        exponent,
    } = parts(json);
    if digits.is_empty() {
        return Whole::Number(0);
    }
    let Ok(zeros) = usize::try_from(exponent) else {
        return Whole::Broken;
    };
    // No number of 64 bits has more than 19 digits.
    if zeros > 19 {
        return Whole::Beyond;
    }
    let sign = if negative { "-" } else { "" };
    let plain = format!("{sign}{digits}{}", "0".repeat(zeros));
    plain.parse().map_or(Whole::Beyond, Whole::Number)
}

/// One spelling for all JSON numbers that are equal; none for what a double does not say exactly, since a server may
/// keep doubles and answer another number.
pub(super) fn canonical(json: &str) -> Option<String> {
    let sent = parts(json);
    let double: f64 = json.parse().ok()?;
    let exact = double.is_finite() && parts(&format!("{double:e}")) == sent;
    exact.then(|| {
        let sign = if sent.negative { "-" } else { "" };
        format!("{sign}{}e{}", sent.digits, sent.exponent)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_numbers_are_known_in_every_dress() {
        for (json, number) in [
            ("0", 0),
            ("-0", 0),
            ("-0.0e5", 0),
            ("0e99999999999999999999", 0),
            ("5.0", 5),
            ("1e3", 1000),
            ("-12.50e1", -125),
            ("100e-2", 1),
            ("9007199254740993", 9_007_199_254_740_993),
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("9223372036854775807", i64::MAX),
            ("9223372036854775807.000", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("-9.223372036854775808e18", i64::MIN),
        ] {
            assert_eq!(whole(json), Whole::Number(number), "{json}");
        }
        for json in [
            "9223372036854775808",
            "-9223372036854775809",
            "9.3e18",
            "1e400",
            "1e99999999999999999999",
        ] {
            assert_eq!(whole(json), Whole::Beyond, "{json}");
        }
        for json in [
            "5.5",
            "1e-1",
            "-0.001",
            "1e-99999999999999999999",
            "9223372036854775807.5",
        ] {
            assert_eq!(whole(json), Whole::Broken, "{json}");
        }
    }

    #[test]
    fn equal_numbers_have_one_spelling() {
        for (one, other) in [
            ("1.50", "15e-1"),
            ("1.5", "0.15E+1"),
            ("0", "-0.000"),
            ("100", "1e2"),
            ("-7.0", "-7"),
        ] {
            assert_eq!(canonical(one), canonical(other), "{one} {other}");
            assert!(canonical(one).is_some(), "{one}");
        }
        assert_ne!(canonical("1.5"), canonical("-1.5"));
        for inexact in ["9007199254740993", "0.12345678901234567890", "1e400"] {
            assert_eq!(canonical(inexact), None);
        }
    }

    proptest! {
        #[test]
        fn every_whole_number_survives_an_exponent(number: i64, power in 0_u32..30) {
            prop_assert_eq!(whole(&number.to_string()), Whole::Number(number));
            let zeros = "0".repeat(power as usize);
            prop_assert_eq!(whole(&format!("{number}{zeros}e-{power}")), Whole::Number(number));
            prop_assert_eq!(whole(&format!("{number}.{zeros}0")), Whole::Number(number));
        }

        #[test]
        fn every_double_has_a_spelling(double: f64) {
            prop_assume!(double.is_finite());
            let spelling = canonical(&format!("{double:e}"));
            prop_assert!(spelling.is_some());
            prop_assert_eq!(canonical(&format!("{double}")), spelling);
        }
    }
}
