//! Passing over JSON text without a space between its parts, as servers write it. Whatever is not as expected is None.

use jiter::Jiter;

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

/// A number as it is written.
pub(super) struct Number<'t> {
    pub(super) text: &'t [u8],
    /// Its value, if it is a whole number of up to 18 digits.
    pub(super) whole: Option<i64>,
    /// Whether it has a fraction or an exponent.
    pub(super) is_float: bool,
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
        let mut whole = 0_i64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            whole = whole.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        let digits = self.at - first;
        let leads_zero = self.text.get(first) == Some(&b'0');
        if digits == 0 || leads_zero && (digits > 1 || negative && !matches!(self.peek(), Some(b'.' | b'e' | b'E'))) {
            return None;
        }
        let mut is_float = false;
        if self.pass(b".").is_some() {
            is_float = true;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            is_float = true;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(Number {
            text: self.since(start),
            whole: (!is_float && digits <= 18).then(|| if negative { -whole } else { whole }),
            is_float,
        })
    }

    fn digits(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let count = rest
            .iter()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(rest.len());
        self.at += count;
        (count > 0).then_some(())
    }
}

/// Where the first quotation mark, backslash or control character is. Eight bytes at a time, because this is where the
/// time goes.
#[inline]
fn special(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let (eights, rest) = text.as_chunks::<8>();
    for (number, eight) in eights.iter().enumerate() {
        let word = u64::from_le_bytes(*eight);
        // A zero byte borrows into its highest bit; the lowest that does is one for sure.
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let quotes = zero(word ^ (ONES * 0x22));
        let slashes = zero(word ^ (ONES * 0x5c));
        let controls = word.wrapping_sub(ONES * 0x20) & !word;
        let found = (quotes | slashes | controls) & HIGH;
        if found != 0 {
            return Some(number * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
    Some(text.len() - rest.len() + at)
}
