//! Values side by side: builders of numbers and texts with no more to them than a page of JSON needs.

use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{PrimitiveArray, StringArray};
use arrow_buffer::{Buffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};

use super::build::Misfit;
use super::nested::{ROWS, defect};
use crate::compact::Scan;

/// Values for which there is room at once, at most.
const MOST: usize = 1 << 20;

/// The values so far. In their place comes room for as many, because the next page is likely to be like this one.
fn take<T>(values: &mut Vec<T>) -> Vec<T> {
    let room = (values.len() + values.len() / 16).min(MOST);
    std::mem::replace(values, Vec::with_capacity(room))
}

/// Numbers, or what is one in Arrow.
#[derive(Debug)]
pub(super) struct Numbers<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    validity: NullBufferBuilder,
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    pub(super) fn new() -> Self {
        Self {
            values: Vec::new(),
            validity: NullBufferBuilder::new(ROWS),
        }
    }

    #[expect(clippy::inline_always, reason = "it is shorter than a call")]
    #[inline(always)]
    pub(super) fn append(&mut self, value: T::Native) {
        self.values.push(value);
        self.validity.append_non_null();
    }

    pub(super) fn append_null(&mut self) {
        self.values.push(T::Native::default());
        self.validity.append_null();
    }

    pub(super) fn finish(&mut self) -> Result<PrimitiveArray<T>, Misfit> {
        let values = ScalarBuffer::from(take(&mut self.values));
        PrimitiveArray::try_new(values, self.validity.finish()).map_err(|cause| defect(&cause))
    }
}

/// Texts.
#[derive(Debug)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    /// Where each text ends among the bytes, behind a 0.
    ends: Vec<i32>,
    validity: NullBufferBuilder,
}

impl Texts {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            ends: vec![0],
            validity: NullBufferBuilder::new(ROWS),
        }
    }

    pub(super) fn append(&mut self, text: &str) -> Result<(), Misfit> {
        let before = self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        self.end()
            .ok_or_else(|| Misfit::because("is longer than 2 GiB"))
            .inspect_err(|_| self.bytes.truncate(before))
    }

    /// Appends the string that comes next. Whether it is UTF-8 is seen at the end, for all of them at once. None when it is
    /// something else; then nothing was appended.
    #[inline]
    pub(super) fn append_json(&mut self, scan: &mut Scan<'_>) -> Option<()> {
        let before = self.bytes.len();
        let taken = scan.string_into(&mut self.bytes).and_then(|()| self.end());
        if taken.is_none() {
            self.bytes.truncate(before);
        }
        taken
    }

    #[expect(
        clippy::inline_always,
        reason = "every text ends here, and a call costs more than this"
    )]
    #[inline(always)]
    fn end(&mut self) -> Option<()> {
        self.ends.push(i32::try_from(self.bytes.len()).ok()?);
        self.validity.append_non_null();
        Some(())
    }

    pub(super) fn append_null(&mut self) {
        let end = self.ends.last().copied().unwrap_or_default();
        self.ends.push(end);
        self.validity.append_null();
    }

    pub(super) fn finish(&mut self) -> Result<StringArray, Misfit> {
        let ends = take(&mut self.ends);
        self.ends.push(0);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
        let values = Buffer::from_vec(take(&mut self.bytes));
        StringArray::try_new(offsets, values, self.validity.finish()).map_err(|cause| defect(&cause))
    }
}
