//! The sizes in a JSON object that is too large to be held: read piece by piece, only to say which column is to blame.

/// Bytes of a name that are kept.
const NAME: usize = 256;

/// Reads an object and forgets it.
#[derive(Debug, Default)]
pub(super) struct Measure {
    bytes: usize,
    /// Brackets that are open.
    depth: usize,
    in_text: bool,
    escaped: bool,
    /// Whether what comes is a name and not a value.
    at_name: bool,
    name: Vec<u8>,
    /// Bytes of the value so far.
    value: usize,
    largest: Option<(Vec<u8>, usize)>,
}

impl Measure {
    pub(super) fn feed(&mut self, piece: &[u8]) {
        self.bytes += piece.len();
        for byte in piece {
            self.byte(*byte);
        }
    }

    /// All bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The largest column, and its bytes.
    pub(super) fn largest(&self) -> Option<(String, usize)> {
        let under_way = (self.depth > 0).then_some((&self.name, self.value));
        let known = self.largest.as_ref().map(|(name, value)| (name, *value));
        let (name, value) = known.into_iter().chain(under_way).max_by_key(|(_, value)| *value)?;
        let json = [b"\"", name.as_slice(), b"\""].concat();
        let text = serde_json::from_slice(&json).unwrap_or_else(|_| String::from_utf8_lossy(name).into_owned());
        (value > 0).then_some((text, value))
    }

    fn byte(&mut self, byte: u8) {
        let outside = self.depth == 1 && !self.in_text;
        if outside {
            match byte {
                b',' | b'}' => self.end_value(),
                b':' => {
                    self.at_name = false;
                    return;
                }
                _ => {}
            }
        }
        if self.depth > 0 && !self.at_name {
            self.value += 1;
        }
        if self.in_text {
            let closes = byte == b'"' && !self.escaped;
            if self.at_name && !closes && self.name.len() < NAME {
                self.name.push(byte);
            }
            self.escaped = byte == b'\\' && !self.escaped;
            self.in_text = !closes;
            return;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => {
                self.depth += 1;
                if self.depth == 1 {
                    self.begin_name();
                }
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b',' if outside => self.begin_name(),
            _ => {}
        }
    }

    fn begin_name(&mut self) {
        self.at_name = true;
        self.name.clear();
        self.value = 0;
    }

    fn end_value(&mut self) {
        if self.largest.as_ref().is_none_or(|(_, largest)| *largest < self.value) {
            self.largest = Some((std::mem::take(&mut self.name), self.value));
        }
        self.value = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_column_is_found_in_any_pieces() {
        let text = r#"{"a":"x,}\"y","b\u00e4":[{"c":"}"},[1,2,3]],"d":1}"#;
        for step in [1, 3, 100] {
            let mut measure = Measure::default();
            text.as_bytes().chunks(step).for_each(|piece| measure.feed(piece));
            assert_eq!(measure.bytes(), text.len());
            assert_eq!(
                measure.largest(),
                Some(("bä".to_owned(), r#"[{"c":"}"},[1,2,3]]"#.len()))
            );
        }
    }

    #[test]
    fn what_breaks_off_or_is_no_object_still_has_a_size() {
        let mut measure = Measure::default();
        measure.feed(b"{\"a\":1,\"big\":\"xxxxxxxx");
        assert_eq!(measure.largest(), Some(("big".to_owned(), 9)));
        let mut measure = Measure::default();
        measure.feed(b"no object at all }}}");
        assert_eq!(measure.largest(), None);
    }
}
