//! Text of every layout, and JSON that is kept as text.

use arrow_buffer::ArrowNativeType;
use arrow_data::ArrayData;

use super::{Bad, Metadata, Write, buffer, bytes, each, extension, write_json};
use crate::records::arrow::types::ENCODING;
use crate::records::check::scan::Cursor;

/// Text with offsets of a width.
pub(super) fn plain<'a, O: ArrowNativeType>(metadata: &Metadata, data: &'a ArrayData) -> Write<'a> {
    let (ends, text) = (buffer::<O>(data, 0), bytes(data, 1));
    writer(metadata, move |row| {
        &text[ends[row].as_usize()..ends[row + 1].as_usize()]
    })
}

/// Text that is short and lies in its place, or long and lies in some other buffer.
pub(super) fn view<'a>(metadata: &Metadata, data: &'a ArrayData) -> Write<'a> {
    const SHORT: usize = 12;
    let views = bytes(data, 0);
    let offset = data.offset();
    writer(metadata, move |row| {
        let view = &views[16 * (offset + row)..][..16];
        let part = |at: usize| {
            let number = [view[at], view[at + 1], view[at + 2], view[at + 3]];
            u32::from_ne_bytes(number) as usize
        };
        match part(0) {
            length @ ..=SHORT => &view[4..4 + length],
            length => &bytes(data, 1 + part(8))[part(12)..][..length],
        }
    })
}

fn writer<'a>(metadata: &Metadata, value: impl Fn(usize) -> &'a [u8] + 'a) -> Write<'a> {
    let text = move |row| {
        let broken = |_| Bad::new("It is not valid UTF-8.");
        std::str::from_utf8(value(row)).map_err(broken)
    };
    let is_json = metadata.get(ENCODING).is_some_and(|encoding| encoding == "json");
    if !is_json && extension(metadata) != Some("arrow.json") {
        return each(move |row, out| {
            write_json(text(row)?, out);
            Ok(())
        });
    }
    each(move |row, out| {
        let mut cursor = Cursor::new(text(row)?);
        cursor.space();
        let broken = |broken| Bad::new(format!("It should be the text of JSON, but is not: {broken}."));
        cursor.value().map_err(broken)?.write_minified(out);
        cursor.end().map_err(broken)
    })
}

pub(super) fn uuid(data: &ArrayData) -> Write<'_> {
    let (bytes, offset) = (bytes(data, 0), data.offset());
    each(move |row, out| {
        out.push(b'"');
        for (at, byte) in bytes[16 * (offset + row)..][..16].iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                out.push(b'-');
            }
            out.extend_from_slice(format!("{byte:02x}").as_bytes());
        }
        out.push(b'"');
        Ok(())
    })
}
