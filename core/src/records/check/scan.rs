//! JSON text, walked through piece by piece without building anything.
//!
//! Strict, because what passes here is sent as it stands: escapes must be such, a half surrogate is refused, numbers follow
//! the grammar to the letter, and nesting is bounded. Slices come back, so that what needs no change is copied and
//! nothing else.

use std::borrow::Cow;
use std::fmt;

use crate::masks::special;

/// How deep values may be nested; parsers everywhere stop at about this.
pub(crate) const DEEPEST: usize = 128;

/// Where text stops being JSON, and what should have been there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Bytes before it.
    pub(crate) at: usize,
    /// Such as `a comma`.
    expected: &'static str,
    /// What was found, where that says more than the place.
    found: Option<&'static str>,
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found {
            Some(found) => write!(
                formatter,
                "{found} was found at byte {}, where {} was expected",
                self.at, self.expected
            ),
            None => write!(formatter, "{} was expected at byte {}", self.expected, self.at),
        }
    }
}

/// A string as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quoted<'t> {
    /// With the quotation marks.
    pub(crate) json: &'t str,
    escaped: bool,
}

impl<'t> Quoted<'t> {
    /// The text that is meant.
    pub(crate) fn text(&self) -> Cow<'t, str> {
        let inside = &self.json[1..self.json.len() - 1];
        if self.escaped {
            // Checked when it was read; what cannot be is shown as it is written.
            serde_json::from_str(self.json).map_or(Cow::Borrowed(inside), Cow::Owned)
        } else {
            Cow::Borrowed(inside)
        }
    }
}

/// Any value as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw<'t> {
    pub(crate) json: &'t str,
    /// Whether there is space between its parts.
    spaced: bool,
}

impl Raw<'_> {
    /// Appends it without space between its parts; numbers and texts stay as they are written.
    pub(crate) fn write_minified(&self, out: &mut Vec<u8>) {
        if !self.spaced {
            out.extend_from_slice(self.json.as_bytes());
            return;
        }
        let mut cursor = Cursor::new(self.json);
        while let Some(byte) = cursor.peek() {
            match byte {
                b'"' => match cursor.string() {
                    Ok(string) => out.extend_from_slice(string.json.as_bytes()),
                    // Unreachable for what `value` has passed.
                    Err(_) => return,
                },
                b' ' | b'\n' | b'\r' | b'\t' => cursor.at += 1,
                _ => {
                    out.push(byte);
                    cursor.at += 1;
                }
            }
        }
    }
}

/// A place in JSON text.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    pub(crate) at: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) const fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The bytes from here on.
    pub(crate) fn rest(&self) -> &'t [u8] {
        &self.text.as_bytes()[self.at..]
    }

    pub(crate) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// What stands between an earlier place and this one.
    pub(crate) fn since(&self, start: usize) -> &'t str {
        &self.text[start..self.at]
    }

    pub(crate) const fn broken(&self, expected: &'static str) -> Broken {
        Broken {
            at: self.at,
            expected,
            found: None,
        }
    }

    pub(crate) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Broken> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.broken(expected))
    }

    /// The end of the text, after space.
    pub(crate) fn end(&mut self) -> Result<(), Broken> {
        self.space();
        if self.at == self.text.len() {
            Ok(())
        } else {
            Err(self.broken("the end"))
        }
    }

    /// Goes to the next key of an object, or past its end. `first` is whether the brace was just passed.
    pub(crate) fn key(&mut self, first: bool) -> Result<Option<Quoted<'t>>, Broken> {
        self.space();
        match self.peek() {
            Some(b'}') => {
                self.at += 1;
                return Ok(None);
            }
            Some(b',') if !first => {
                self.at += 1;
                self.space();
            }
            _ if first => {}
            _ => return Err(self.broken("a comma or the end of the object")),
        }
        if self.peek() != Some(b'"') {
            return Err(self.broken("a name in quotation marks"));
        }
        let key = self.string()?;
        self.space();
        self.expect(b':', "a colon")?;
        self.space();
        Ok(Some(key))
    }

    /// Goes to the next value of a list, or past its end. `first` is whether the bracket was just passed.
    pub(crate) fn item(&mut self, first: bool) -> Result<bool, Broken> {
        self.space();
        match self.peek() {
            Some(b']') => {
                self.at += 1;
                return Ok(false);
            }
            Some(b',') if !first => {
                self.at += 1;
                self.space();
                // A comma promises a value.
                if self.peek() == Some(b']') {
                    return Err(self.broken("a value"));
                }
            }
            _ if first => {}
            _ => return Err(self.broken("a comma or the end of the list")),
        }
        Ok(true)
    }

    /// Any value.
    pub(crate) fn value(&mut self) -> Result<Raw<'t>, Broken> {
        let start = self.at;
        let mut spaced = false;
        self.pass(0, &mut spaced)?;
        Ok(Raw {
            json: self.since(start),
            spaced,
        })
    }

    fn pass(&mut self, depth: usize, spaced: &mut bool) -> Result<(), Broken> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(b'{' | b'[') if depth == DEEPEST => Err(self.broken("nesting of at most 128 levels")),
            Some(b'{') => {
                self.at += 1;
                let mut first = true;
                loop {
                    let before = self.at;
                    let key = self.key(first)?;
                    *spaced |= self.has_space(before);
                    if key.is_none() {
                        return Ok(());
                    }
                    self.pass(depth + 1, spaced)?;
                    first = false;
                }
            }
            Some(b'[') => {
                self.at += 1;
                let mut first = true;
                loop {
                    let before = self.at;
                    let more = self.item(first)?;
                    *spaced |= self.has_space(before);
                    if !more {
                        return Ok(());
                    }
                    self.pass(depth + 1, spaced)?;
                    first = false;
                }
            }
            _ => Err(self.no_value()),
        }
    }

    /// Whether space was passed outside of a string on the way to a value.
    fn has_space(&self, start: usize) -> bool {
        let passed = &self.text.as_bytes()[start..self.at];
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let (Some(open), Some(close)) = (
            passed.iter().position(|byte| *byte == b'"'),
            passed.iter().rposition(|byte| *byte == b'"'),
        ) else {
            return passed.iter().any(is_space);
        };
        passed[..open].iter().chain(&passed[close..]).any(is_space)
    }

    fn no_value(&self) -> Broken {
        let rest = &self.text[self.at.min(self.text.len())..];
        let found = ["NaN", "Infinity", "undefined", "None", "True", "False"]
            .into_iter()
            .find(|word| rest.starts_with(word));
        Broken {
            found,
            ..self.broken("a value")
        }
    }

    pub(crate) fn word(&mut self, word: &'static str) -> Result<(), Broken> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        Err(self.broken("a value"))
    }

    /// A number, exactly as it is written.
    pub(crate) fn number(&mut self) -> Result<&'t str, Broken> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
            if self.peek() == Some(b'I') && self.text[self.at..].starts_with("Infinity") {
                self.at = start;
                return Err(Broken {
                    found: Some("-Infinity"),
                    ..self.broken("a number")
                });
            }
        }
        match self.peek() {
            Some(b'0') => {
                self.at += 1;
                if matches!(self.peek(), Some(b'0'..=b'9')) {
                    return Err(self.broken("a number without zeros in front"));
                }
            }
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.since(start))
    }

    fn digits(&mut self) -> Result<(), Broken> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.broken("a digit"));
        }
        Ok(())
    }

    /// A string.
    pub(crate) fn string(&mut self) -> Result<Quoted<'t>, Broken> {
        let start = self.at;
        self.expect(b'"', "a text in quotation marks")?;
        let bytes = self.text.as_bytes();
        let mut escaped = false;
        loop {
            let plain = special(&bytes[self.at..]);
            self.at = plain.map_or(bytes.len(), |offset| self.at + offset);
            if plain.is_none() {
                return Err(self.broken("the end of a text"));
            }
            match bytes[self.at] {
                b'"' => {
                    self.at += 1;
                    return Ok(Quoted {
                        json: self.since(start),
                        escaped,
                    });
                }
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(self.broken("an escape instead of a bare control character")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Broken> {
        match self.text.as_bytes().get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let unit = self.unit()?;
                match unit {
                    0xd800..=0xdbff => {
                        let whole = self.text.as_bytes()[self.at + 6..].starts_with(b"\\u");
                        let low = if whole {
                            Self {
                                text: self.text,
                                at: self.at + 6,
                            }
                            .unit()?
                        } else {
                            0
                        };
                        if !(0xdc00..=0xdfff).contains(&low) {
                            return Err(self.half());
                        }
                        self.at += 12;
                    }
                    0xdc00..=0xdfff => return Err(self.half()),
                    _ => self.at += 6,
                }
            }
            _ => return Err(self.broken("an escape that JSON knows")),
        }
        Ok(())
    }

    const fn half(&self) -> Broken {
        Broken {
            found: Some("half a surrogate pair"),
            ..self.broken("a character")
        }
    }

    /// The four digits of the escape that begins here.
    fn unit(&self) -> Result<u16, Broken> {
        let digits = self.text.as_bytes().get(self.at + 2..self.at + 6);
        digits
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())
            .ok_or_else(|| self.broken("four hexadecimal digits of an escape"))
    }
}

#[cfg(test)]
mod tests;
