//! Passing over JSON text without a space between its parts, as servers write it.
//!
//! Whatever is not as expected is None, and then `at` may be anywhere: who asks goes back to where it was and takes the
//! usual way, which knows all of JSON and how to complain.

use crate::masks::{copy_plain, special};

/// Bytes that are expected often. Up to sixteen of them are compared at once.
#[derive(Clone, Debug)]
pub struct Pattern {
    bytes: Box<[u8]>,
    start: u128,
    mask: u128,
}

impl Pattern {
    /// A pattern of these bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let mut start = [0; 16];
        let mut mask = [0; 16];
        let length = bytes.len().min(16);
        start[..length].copy_from_slice(&bytes[..length]);
        mask[..length].fill(0xff);
        Self {
            bytes: bytes.into(),
            start: u128::from_le_bytes(start),
            mask: u128::from_le_bytes(mask),
        }
    }
}

/// Where one is in a text.
#[derive(Clone, Debug)]
pub struct Scan<'t> {
    text: &'t [u8],
    /// The place of the byte that comes next.
    pub at: usize,
}

/// Powers of ten that a double holds exactly.
const TENS: [f64; 19] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
];

/// What a number is multiplied with before so many digits are appended to it.
const WHOLE_TENS: [i64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// A number as it is written.
#[derive(Clone, Copy, Debug)]
pub struct Number<'t> {
    /// Its text.
    pub text: &'t [u8],
    /// Whether it has a fraction or an exponent.
    pub is_float: bool,
    /// Its digits as a whole number, when it has up to 18 and no exponent.
    digits: Option<i64>,
    /// How many of them are behind the point.
    fraction: usize,
}

impl Number<'_> {
    /// The value of a short decimal such as 62.37. A double holds the digits exactly, and the power of ten, so that their
    /// quotient is rounded once, which is what reading the text would give.
    #[must_use]
    #[inline]
    pub fn decimal(&self) -> Option<f64> {
        const EXACT: i64 = 1 << 53;
        let digits = self
            .digits
            .filter(|digits| (-EXACT..=EXACT).contains(digits) && *digits != 0)?;
        #[expect(clippy::cast_precision_loss, reason = "it is exact up to 2^53")]
        Some(digits as f64 / TENS[self.fraction])
    }

    /// Whether it has up to 18 digits and no exponent.
    #[must_use]
    pub const fn is_short(&self) -> bool {
        self.digits.is_some()
    }
}

impl<'t> Scan<'t> {
    /// At the start of a text.
    #[must_use]
    pub const fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The byte that comes next.
    #[must_use]
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Whether there is nothing left.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.at == self.text.len()
    }

    /// The text from `start` to here.
    #[must_use]
    #[inline]
    pub fn since(&self, start: usize) -> &'t [u8] {
        &self.text[start..self.at]
    }

    /// The text from here.
    #[must_use]
    #[inline]
    pub fn rest(&self) -> &'t [u8] {
        &self.text[self.at..]
    }

    /// Passes over these bytes.
    #[inline]
    pub fn pass(&mut self, expected: &[u8]) -> Option<()> {
        self.rest().starts_with(expected).then(|| self.at += expected.len())
    }

    /// The same, for what is expected often.
    #[inline]
    pub fn pass_pattern(&mut self, pattern: &Pattern) -> Option<()> {
        let rest = self.rest();
        let same = match rest.first_chunk() {
            Some(start) => {
                u128::from_le_bytes(*start) & pattern.mask == pattern.start
                    && (pattern.bytes.len() <= 16 || rest.starts_with(&pattern.bytes))
            }
            _ => rest.starts_with(&pattern.bytes),
        };
        same.then(|| self.at += pattern.bytes.len())
    }

    /// Passes over what JSON allows between its parts.
    #[inline]
    pub fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// A string without escapes, without its quotation marks.
    #[inline]
    pub fn plain_string(&mut self) -> Option<&'t [u8]> {
        match self.string()? {
            (text, false) => Some(text),
            _ => None,
        }
    }

    /// A string: without its quotation marks; or, when there are escapes in it, with them and true.
    #[inline]
    pub fn string(&mut self) -> Option<(&'t [u8], bool)> {
        let inner = self.rest().strip_prefix(b"\"")?;
        let length = special(inner)?;
        if inner[length] == b'"' {
            self.at += length + 2;
            return Some((&inner[..length], false));
        }
        self.escaped_string(length + 1)
    }

    /// A string that is plain up to the byte at `plain`.
    #[cold]
    fn escaped_string(&mut self, plain: usize) -> Option<(&'t [u8], bool)> {
        let start = self.at;
        self.at += plain;
        loop {
            match self.peek()? {
                b'"' => break,
                // Which escapes there are is seen when they are read.
                b'\\' => self.at += 2,
                // A control character, which JSON must escape.
                _ => return None,
            }
            self.at += special(self.text.get(self.at..)?)?;
        }
        self.at += 1;
        Some((self.since(start), true))
    }

    /// Appends the bytes that a string stands for. None also where it has characters by number, such as `\u00e4`; then
    /// there may be a part of it behind `out`.
    #[inline]
    pub fn string_into(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let inner = self.rest().strip_prefix(b"\"")?;
        let length = copy_plain(inner, out)?;
        self.at += length + 2;
        if inner[length] == b'"' {
            return Some(());
        }
        self.at -= 1;
        self.escaped_into(out)
    }

    /// The rest of a string, from a byte that is not plain.
    #[cold]
    fn escaped_into(&mut self, out: &mut Vec<u8>) -> Option<()> {
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    out.push(match self.text.get(self.at + 1)? {
                        same @ (b'"' | b'\\' | b'/') => *same,
                        b'n' => b'\n',
                        b't' => b'\t',
                        b'r' => b'\r',
                        b'b' => 8,
                        b'f' => 12,
                        _ => return None,
                    });
                    self.at += 2;
                }
                // A control character, which JSON must escape.
                _ => return None,
            }
            self.at += copy_plain(self.rest(), out)?;
        }
        self.at += 1;
        Some(())
    }

    /// A whole number of up to 18 digits. None also where it has a fraction or an exponent.
    #[inline]
    pub fn whole(&mut self) -> Option<i64> {
        // Most have one to seven digits and no sign.
        if let Some(bytes) = self.rest().first_chunk::<8>() {
            let (number, count) = leading_digits(*bytes);
            if let Some(behind) = bytes.get(count)
                && !matches!(behind, b'.' | b'e' | b'E')
                && (count == 1 || count > 1 && bytes[0] != b'0')
            {
                self.at += count;
                return Some(number);
            }
        }
        self.other_whole()
    }

    #[inline(never)]
    fn other_whole(&mut self) -> Option<i64> {
        let negative = self.peek()? == b'-';
        self.at += usize::from(negative);
        let zero = self.peek()? == b'0';
        let mut value = 0;
        let count = self.digits(&mut value)?;
        if count > 18 || zero && (count > 1 || negative) || matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return None;
        }
        Some(if negative { -value } else { value })
    }

    /// A number.
    #[inline]
    pub fn number(&mut self) -> Option<Number<'t>> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let first = self.at;
        let mut value = 0_i64;
        let count = self.digits(&mut value)?;
        let leads_zero = self.text[first] == b'0';
        if leads_zero && (count > 1 || negative && !matches!(self.peek(), Some(b'.' | b'e' | b'E'))) {
            return None;
        }
        let mut fraction = 0;
        if self.peek() == Some(b'.') {
            self.at += 1;
            fraction = self.digits(&mut value)?;
        }
        let has_exponent = matches!(self.peek(), Some(b'e' | b'E'));
        if has_exponent {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits(&mut 0)?;
        }
        let is_float = fraction > 0 || has_exponent;
        let digits = (!has_exponent && count + fraction <= 18).then(|| if negative { -value } else { value });
        Some(Number {
            text: self.since(start),
            is_float,
            digits,
            fraction,
        })
    }

    /// Passes over digits, appends them to `value`, and says how many there were: at least one.
    #[inline]
    fn digits(&mut self, value: &mut i64) -> Option<usize> {
        let start = self.at;
        while let Some(bytes) = self.rest().first_chunk() {
            let (number, count) = leading_digits(*bytes);
            *value = value.wrapping_mul(WHOLE_TENS[count]).wrapping_add(number);
            self.at += count;
            if count < bytes.len() {
                return (self.at > start).then(|| self.at - start);
            }
        }
        // The end of the text is near.
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            *value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        (self.at > start).then(|| self.at - start)
    }
}

/// How many digits the bytes begin with, behind the number that they make: by pairs, by fours and all at once.
#[inline]
fn leading_digits(bytes: [u8; 8]) -> (i64, usize) {
    // Digits become 0 to 9.
    let word = u64::from_le_bytes(bytes) ^ 0x3030_3030_3030_3030;
    let raised = (word & 0x7f7f_7f7f_7f7f_7f7f) + 0x7676_7676_7676_7676;
    let others = (raised | word) & 0x8080_8080_8080_8080;
    let count = others.trailing_zeros() / 8;
    // Zeros in front of the digits, instead of the other bytes behind them.
    let ones = word.checked_shl(64 - 8 * count).unwrap_or(0);
    let pairs = (ones.wrapping_mul(10 << 8 | 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_ffff_0000_ffff;
    let number = fours.wrapping_mul(10_000 << 32 | 1) >> 32;
    #[expect(clippy::cast_possible_wrap, reason = "it has up to eight digits")]
    (number as i64, count as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_of_any_length_are_passed() {
        for length in 0..40 {
            let text: Vec<u8> = (b'A'..).take(length).collect();
            let pattern = Pattern::new(&text);
            for behind in 0..20 {
                let whole = [&text[..], &vec![b'x'; behind]].concat();
                let mut scan = Scan::new(&whole);
                assert_eq!(scan.pass_pattern(&pattern), Some(()), "{length} {behind}");
                assert_eq!(scan.at, length);
                for at in 0..length {
                    let mut other = whole.clone();
                    other[at] ^= 1;
                    assert_eq!(Scan::new(&other).pass_pattern(&pattern), None, "{length} {behind} {at}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn leading_digits_are_a_number(text in "[0-9]{8}", at in 0..8_usize, byte: u8) {
            let mut bytes: [u8; 8] = text.as_bytes().try_into().expect("eight");
            prop_assert_eq!(leading_digits(bytes), (text.parse().expect("a number"), 8));
            bytes[at] = byte;
            let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let digits = std::str::from_utf8(&bytes[..count]).expect("digits");
            prop_assert_eq!(leading_digits(bytes), (digits.parse().unwrap_or(0), count));
        }

        #[test]
        fn numbers_are_what_they_read_as(text in "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", behind in "[,} x]{0,9}") {
            let whole = format!("{text}{behind}");
            let number = Scan::new(whole.as_bytes()).number();
            let Some(number) = number else {
                prop_assert_eq!(text, "-0");
                return Ok(());
            };
            prop_assert_eq!(number.text, text.as_bytes());
            prop_assert_eq!(number.is_float, text.contains(['.', 'e', 'E']));
            let short = !number.is_float && text.trim_start_matches('-').len() <= 18;
            let mut scan = Scan::new(whole.as_bytes());
            prop_assert_eq!(scan.whole(), text.parse().ok().filter(|_| short));
            prop_assert!(!short || scan.at == text.len());
            if let Some(decimal) = number.decimal() {
                prop_assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(decimal.to_bits()));
            }
        }

        #[test]
        fn strings_are_what_they_stand_for(text in "[ -~é\n\t\u{8}\u{c}\u{1}]{0,40}", behind in "[\"x,]{0,30}") {
            let quoted = serde_json::to_string(&text).expect("JSON");
            let whole = format!("{quoted}{behind}");
            let mut out = b"before".to_vec();
            let mut scan = Scan::new(whole.as_bytes());
            if scan.string_into(&mut out).is_some() {
                prop_assert_eq!(&out[6..], text.as_bytes());
                prop_assert_eq!(scan.at, quoted.len());
            } else {
                let by_number = text.contains('\u{1}');
                prop_assert!(by_number);
            }
            let (found, escapes) = Scan::new(whole.as_bytes()).string().expect("a string");
            let inner = &quoted[1..quoted.len() - 1];
            prop_assert_eq!(escapes, inner.contains('\\'));
            prop_assert_eq!(found, if escapes { quoted.as_bytes() } else { inner.as_bytes() });
        }
    }
}
