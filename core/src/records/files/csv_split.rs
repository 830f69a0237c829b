//! CSV text into records and fields, as RFC 4180 has it, piece by piece as a file is read.
//!
//! Of our own, because a null is an unquoted empty field and an empty text a quoted one, and the libraries that there are do
//! not tell whether a field was quoted. Only one record is ever held, and of one that is too large only its sizes.
//!
//! A malformed record is told with its line, and reading goes on at the next line, so that one slip does not hide the rows
//! behind it. Blank lines are passed over.

/// Fields of a record whose bounds are kept; more are only counted.
const MOST_FIELDS: usize = 16_384;

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slip {
    /// A quotation mark inside of a field that does not begin with one.
    Stray,
    /// Something between a closing quotation mark and the comma.
    Behind,
    /// A quotation mark that is never closed.
    Unclosed,
    /// More bytes than are held.
    TooLarge,
}

/// Where a field ends, and how it was written.
#[derive(Clone, Copy, Debug)]
struct End {
    /// Counted in the text of the whole record, also where that is not held.
    at: usize,
    quoted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    BetweenRecords,
    FieldStart,
    Bare,
    Quoted,
    /// Behind a quotation mark inside of a quoted field: the end of the field, or the first of two.
    Quote,
    /// On the way to the end of a malformed line.
    Lost,
}

/// Splits; holds the record that was read last.
#[derive(Debug)]
pub(super) struct Splitter {
    state: State,
    text: Vec<u8>,
    ends: Vec<End>,
    /// Fields of the record.
    count: usize,
    /// Bytes of all its fields.
    size: usize,
    quoted: bool,
    slip: Option<Slip>,
    /// The line that is being read, from 1.
    line: u64,
    /// The line on which the record begins.
    start: u64,
    /// Whether a line feed still belongs to the line before.
    after_return: bool,
    limit: usize,
}

/// A field of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field<'s> {
    pub(super) bytes: &'s [u8],
    pub(super) quoted: bool,
}

impl Splitter {
    /// Holds records of up to `limit` bytes.
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            state: State::BetweenRecords,
            text: Vec::new(),
            ends: Vec::new(),
            count: 0,
            size: 0,
            quoted: false,
            slip: None,
            line: 1,
            start: 1,
            after_return: false,
            limit,
        }
    }

    /// Reads on to the end of a record, or of the input: bytes that were used, and whether a record is complete.
    pub(super) fn feed(&mut self, input: &[u8]) -> (usize, bool) {
        let mut at = 0;
        while let Some(byte) = input.get(at).copied() {
            let rest = &input[at..];
            at += match self.state {
                State::BetweenRecords => self.between(byte),
                State::FieldStart if byte == b'"' => {
                    self.quoted = true;
                    self.state = State::Quoted;
                    1
                }
                State::FieldStart | State::Quote | State::Bare if matches!(byte, b',' | b'\n' | b'\r') => {
                    self.end_field();
                    if byte != b',' {
                        self.end_line(byte);
                        return (at + 1, true);
                    }
                    1
                }
                State::FieldStart => {
                    self.state = State::Bare;
                    0
                }
                State::Bare if byte == b'"' => self.lose(Slip::Stray),
                State::Bare => self.take(rest, |byte| matches!(byte, b',' | b'\n' | b'\r' | b'"')),
                State::Quoted if byte == b'"' => {
                    self.state = State::Quote;
                    1
                }
                State::Quoted => {
                    let taken = self.take(rest, |byte| byte == b'"');
                    self.line += rest[..taken].split(|byte| *byte == b'\n').skip(1).count() as u64;
                    taken
                }
                State::Quote if byte == b'"' => {
                    self.state = State::Quoted;
                    self.take(b"\"", |_| false)
                }
                State::Quote => self.lose(Slip::Behind),
                State::Lost => {
                    let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
                    let Some(end) = end else {
                        return (input.len(), false);
                    };
                    self.end_line(rest[end]);
                    return (at + end + 1, true);
                }
            };
        }
        (at, false)
    }

    /// Says that there is no more input; whether that completes a record.
    pub(super) fn finish(&mut self) -> bool {
        match self.state {
            State::BetweenRecords => return false,
            State::Quoted => self.slip = Some(Slip::Unclosed),
            State::Lost => {}
            State::FieldStart | State::Bare | State::Quote => self.end_field(),
        }
        self.state = State::BetweenRecords;
        true
    }

    /// What is wrong with the record; its fields are told as far as they were read.
    pub(super) fn slip(&self) -> Option<Slip> {
        self.slip.or((self.size > self.limit).then_some(Slip::TooLarge))
    }

    /// The line on which the record begins, from 1.
    pub(super) const fn first_line(&self) -> u64 {
        self.start
    }

    /// How many fields it has. In a malformed record, how many were read whole.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// Bytes in all of its fields.
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// Its fields; those of a record that is too large are not held.
    pub(super) fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let bytes = self.text.get(start..end.at).unwrap_or_default();
            start = end.at;
            Field {
                bytes,
                quoted: end.quoted,
            }
        })
    }

    /// The place of its largest field, and its bytes.
    pub(super) fn largest(&self) -> Option<(usize, usize)> {
        let mut start = 0;
        let sizes = self
            .ends
            .iter()
            .map(|end| end.at - std::mem::replace(&mut start, end.at));
        // The last counts among equals, and a field under way comes behind them all.
        let under_way = self.size - self.ends.last().map_or(0, |end| end.at);
        sizes
            .chain((self.slip.is_some()).then_some(under_way))
            .enumerate()
            .max_by_key(|(_, size)| *size)
    }

    fn between(&mut self, byte: u8) -> usize {
        if std::mem::take(&mut self.after_return) && byte == b'\n' {
            return 1;
        }
        if matches!(byte, b'\n' | b'\r') {
            self.end_line(byte);
            return 1;
        }
        self.text.clear();
        self.ends.clear();
        (self.count, self.size, self.slip, self.quoted) = (0, 0, None, false);
        self.start = self.line;
        self.state = State::FieldStart;
        0
    }

    fn take(&mut self, rest: &[u8], ends: impl Fn(u8) -> bool) -> usize {
        let taken = rest.iter().position(|byte| ends(*byte)).unwrap_or(rest.len());
        self.size += taken;
        if self.size <= self.limit {
            self.text.extend_from_slice(&rest[..taken]);
        }
        taken
    }

    fn end_field(&mut self) {
        if self.ends.len() < MOST_FIELDS {
            self.ends.push(End {
                at: self.size,
                quoted: self.quoted,
            });
        }
        self.count += 1;
        self.quoted = false;
        self.state = State::FieldStart;
    }

    fn end_line(&mut self, byte: u8) {
        self.line += 1;
        self.after_return = byte == b'\r';
        self.state = State::BetweenRecords;
    }

    fn lose(&mut self, slip: Slip) -> usize {
        self.slip = Some(slip);
        self.state = State::Lost;
        0
    }
}

#[cfg(test)]
mod tests;
