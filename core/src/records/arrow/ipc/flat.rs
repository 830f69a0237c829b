//! FlatBuffers, as far as Arrow's messages need them: tables, vectors, text.
//!
//! Written from the front: a table is laid down with empty references, and each is filled in when what it leads to has
//! been written behind it. That is all a reader asks for, and saves the whole library.

/// A value of a table.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// Not there.
    Absent,
    Byte(u8),
    Short(i16),
    Int(i32),
    Long(i64),
    /// A reference, filled in later by [`Flat::lead`].
    Place,
}

/// A table that was written.
pub(super) struct Table {
    pub(super) start: usize,
    /// Where its values stand.
    pub(super) parts: Vec<usize>,
}

/// A FlatBuffer under way.
pub(super) struct Flat {
    bytes: Vec<u8>,
}

impl Flat {
    /// A buffer whose first four bytes are to lead to the root.
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; 4] }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.align(8, 0);
        self.bytes
    }

    /// Pads so that what is written after `ahead` more bytes stands at a multiple of `to`.
    fn align(&mut self, to: usize, ahead: usize) {
        let length = (self.bytes.len() + ahead).next_multiple_of(to) - ahead;
        self.bytes.resize(length, 0);
    }

    pub(super) fn table(&mut self, parts: &[Part]) -> Table {
        // Where each part stands within the table, behind the reference to the list of these.
        let mut size = 4_usize;
        let places: Vec<usize> = parts
            .iter()
            .map(|part| {
                let width = part.width();
                if width == 0 {
                    return 0;
                }
                let place = size.next_multiple_of(width);
                size = place + width;
                place
            })
            .collect();
        let list = 4 + 2 * parts.len();
        self.align(8, list);
        let list_start = self.bytes.len();
        for number in [list, size].iter().chain(&places) {
            self.bytes.extend_from_slice(&short(*number).to_le_bytes());
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&int(start - list_start).to_le_bytes());
        for (part, place) in parts.iter().zip(&places) {
            if *place > 0 {
                self.bytes.resize(start + place, 0);
                part.write(&mut self.bytes);
            }
        }
        Table {
            start,
            parts: places.iter().map(|place| start + place).collect(),
        }
    }

    /// Fills in the reference at `from`.
    pub(super) fn lead(&mut self, from: usize, to: usize) {
        self.bytes[from..from + 4].copy_from_slice(&int(to - from).to_le_bytes());
    }

    pub(super) fn text(&mut self, from: usize, text: &str) {
        self.begin(from, text.len(), 1);
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
    }

    /// A vector of references, and where they stand.
    pub(super) fn places(&mut self, from: usize, count: usize) -> Vec<usize> {
        self.begin(from, count, 4);
        let start = self.bytes.len();
        self.bytes.resize(start + 4 * count, 0);
        (0..count).map(|at| start + 4 * at).collect()
    }

    /// A vector of structs of two numbers each.
    pub(super) fn pairs(&mut self, from: usize, pairs: &[(i64, i64)]) {
        self.begin(from, pairs.len(), 8);
        for (first, second) in pairs {
            self.bytes.extend_from_slice(&first.to_le_bytes());
            self.bytes.extend_from_slice(&second.to_le_bytes());
        }
    }

    /// The length of a vector whose items stand at multiples of `width`.
    fn begin(&mut self, from: usize, count: usize, width: usize) {
        self.align(width.max(4), 4);
        self.lead(from, self.bytes.len());
        self.bytes.extend_from_slice(&int(count).to_le_bytes());
    }
}

impl Part {
    const fn width(self) -> usize {
        match self {
            Self::Absent => 0,
            Self::Byte(_) => 1,
            Self::Short(_) => 2,
            Self::Int(_) | Self::Place => 4,
            Self::Long(_) => 8,
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Absent => {}
            Self::Byte(number) => out.push(number),
            Self::Short(number) => out.extend_from_slice(&number.to_le_bytes()),
            Self::Int(number) => out.extend_from_slice(&number.to_le_bytes()),
            Self::Long(number) => out.extend_from_slice(&number.to_le_bytes()),
            Self::Place => out.extend_from_slice(&[0; 4]),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a table of ours has at most seven parts")]
const fn short(number: usize) -> u16 {
    number as u16
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a message without its body has kilobytes"
)]
const fn int(number: usize) -> u32 {
    number as u32
}
