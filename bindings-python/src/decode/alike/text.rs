//! Passing over JSON text without a space between its parts, as servers write it. Whatever is not as expected is None.

use jiter::Jiter;

use xano_metadata::masks::special;

/// Bytes that are expected often. Up to sixteen of them are compared at once.
pub(super) struct Pattern<'t> {
    bytes: &'t [u8],
    start: u128,
    mask: u128,
}

impl<'t> Pattern<'t> {
    pub(super) fn new(bytes: &'t [u8]) -> Self {
        let mut start = [0; 16];
        let mut mask = [0; 16];
        let length = bytes.len().min(16);
        start[..length].copy_from_slice(&bytes[..length]);
        mask[..length].fill(0xff);
        Self {
            bytes,
            start: u128::from_le_bytes(start),
            mask: u128::from_le_bytes(mask),
        }
    }
}

/// Where one is in a text.
#[derive(Clone)]
pub(super) struct Scan<'t> {
    text: &'t [u8],
    pub(super) at: usize,
}

/// Powers of ten that a double holds exactly.
const TENS: [f64; 19] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
];

/// A number as it is written.
pub(super) struct Number<'t> {
    pub(super) text: &'t [u8],
    /// Its value, if it is a whole number of up to 18 digits.
    pub(super) whole: Option<i64>,
    /// Whether it has a fraction or an exponent.
    pub(super) is_float: bool,
    /// Its digits as a whole number, when it has up to 18 and no exponent.
    digits: Option<i64>,
    /// How many of them are behind the point.
    fraction: usize,
}

impl Number<'_> {
    /// The value of a short decimal such as 62.37. A double holds the digits exactly, and the power of ten, so that their
    /// quotient is rounded once, which is what reading the text would give.
    pub(super) fn decimal(&self) -> Option<f64> {
        const EXACT: i64 = 1 << 53;
        let digits = self
            .digits
            .filter(|digits| (-EXACT..=EXACT).contains(digits) && *digits != 0)?;
        #[expect(clippy::cast_precision_loss, reason = "it is exact up to 2^53")]
        Some(digits as f64 / TENS[self.fraction])
    }
}

impl<'t> Scan<'t> {
    pub(super) const fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Whether there is nothing left.
    pub(super) const fn is_over(&self) -> bool {
        self.at == self.text.len()
    }

    pub(super) fn since(&self, start: usize) -> &'t [u8] {
        &self.text[start..self.at]
    }

    /// Passes over these bytes.
    #[inline]
    pub(super) fn pass(&mut self, expected: &[u8]) -> Option<()> {
        self.text[self.at..]
            .starts_with(expected)
            .then(|| self.at += expected.len())
    }

    /// The same, for what is expected often.
    #[inline]
    pub(super) fn pass_pattern(&mut self, pattern: &Pattern<'_>) -> Option<()> {
        let rest = &self.text[self.at..];
        let same = match rest.first_chunk() {
            Some(start) if pattern.bytes.len() <= 16 => u128::from_le_bytes(*start) & pattern.mask == pattern.start,
            _ => rest.starts_with(pattern.bytes),
        };
        same.then(|| self.at += pattern.bytes.len())
    }

    /// Passes over any value, whose text it answers.
    pub(super) fn value(&mut self) -> Option<&'t [u8]> {
        let start = self.at;
        let mut jiter = Jiter::new(&self.text[start..]);
        jiter.next_skip().ok()?;
        self.at += jiter.current_index();
        Some(self.since(start))
    }

    /// A string without escapes, without its quotation marks.
    pub(super) fn plain_string(&mut self) -> Option<&'t [u8]> {
        match self.string()? {
            (text, false) => Some(text),
            _ => None,
        }
    }

    /// A string: without its quotation marks; or, when there are escapes in it, with them and true.
    pub(super) fn string(&mut self) -> Option<(&'t [u8], bool)> {
        let start = self.at;
        self.pass(b"\"")?;
        let mut escapes = false;
        loop {
            self.at += special(&self.text[self.at..])?;
            match self.text[self.at] {
                b'"' => break,
                b'\\' => {
                    // Which escapes there are is seen when they are read.
                    escapes = true;
                    self.at += 2;
                    self.text.get(self.at)?;
                }
                // A control character, which JSON must escape.
                _ => return None,
            }
        }
        self.at += 1;
        let quoted = self.since(start);
        Some(if escapes {
            (quoted, true)
        } else {
            (&quoted[1..quoted.len() - 1], false)
        })
    }

    pub(super) fn number(&mut self) -> Option<Number<'t>> {
        let start = self.at;
        let negative = self.pass(b"-").is_some();
        let first = self.at;
        let mut value = 0_i64;
        let count = self.digits(&mut value)?;
        let leads_zero = self.text[first] == b'0';
        if leads_zero && (count > 1 || negative && !matches!(self.peek(), Some(b'.' | b'e' | b'E'))) {
            return None;
        }
        let mut fraction = 0;
        if self.pass(b".").is_some() {
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
            whole: digits.filter(|_| !is_float),
            is_float,
            digits,
            fraction,
        })
    }

    /// Passes over digits, appends them to `value`, and says how many there were: at least one.
    fn digits(&mut self, value: &mut i64) -> Option<usize> {
        let start = self.at;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            *value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        (self.at > start).then(|| self.at - start)
    }
}
