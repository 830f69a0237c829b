//! Looking at sixteen bytes of JSON at once: what finding a page's end and reading and writing texts share, because this is
//! where the time of all three goes.

use wide::u8x16;

/// Bytes that are compared at once.
const LANE: usize = 16;

/// Where the first quotation mark, backslash or control character is: where the text of a JSON string stops being plain.
#[must_use]
#[inline]
pub fn special(text: &[u8]) -> Option<usize> {
    let (lanes, rest) = text.as_chunks::<LANE>();
    for (number, lane) in lanes.iter().enumerate() {
        let found = specials(*lane);
        if found != 0 {
            return Some(number * LANE + found.trailing_zeros() as usize);
        }
    }
    let mut padded = [b' '; LANE];
    padded[..rest.len()].copy_from_slice(rest);
    let found = specials(padded);
    (found != 0).then(|| text.len() - rest.len() + found.trailing_zeros() as usize)
}

/// The same, and whether all before it is ASCII.
#[inline]
pub(crate) fn special_and_ascii(text: &[u8]) -> Option<(usize, bool)> {
    let (lanes, rest) = text.as_chunks::<LANE>();
    let mut high = 0;
    for (number, lane) in lanes.iter().enumerate() {
        let found = specials(*lane);
        let tops = u8x16::new(*lane).to_bitmask();
        if found != 0 {
            let offset = found.trailing_zeros();
            high |= tops & ((1 << offset) - 1);
            return Some((number * LANE + offset as usize, high == 0));
        }
        high |= tops;
    }
    // What is behind the end are zeros, which are special as well.
    let lane = padded(rest);
    let offset = specials(lane).trailing_zeros();
    high |= u8x16::new(lane).to_bitmask() & ((1 << offset) - 1);
    ((offset as usize) < rest.len()).then_some((text.len() - rest.len() + offset as usize, high == 0))
}

/// Appends the text of a JSON string as it is. Answers false, and appends nothing, where something needs an escape.
#[inline]
pub fn append_plain(text: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(end) = text.last_chunk() else {
        let lane = short(text);
        let is_plain = specials(lane).trailing_zeros() as usize >= text.len();
        if is_plain {
            // A whole lane is copied without a call; what is too much of it is taken back.
            let end = out.len() + text.len();
            out.extend_from_slice(&lane);
            out.truncate(end);
        }
        return is_plain;
    };
    let lanes = text.as_chunks().0;
    let found = lanes.iter().fold(specials(*end), |found, lane| found | specials(*lane));
    if found == 0 {
        out.extend_from_slice(text);
    }
    found == 0
}

/// The first sixteen bytes of a text; zeros where it has fewer.
#[inline]
pub(crate) fn lane(text: &[u8]) -> [u8; LANE] {
    text.first_chunk().copied().unwrap_or_else(|| padded(text))
}

/// Where a row or a page ends, which is rare and need not be quick.
#[cold]
#[inline(never)]
fn padded(text: &[u8]) -> [u8; LANE] {
    short(text)
}

/// Fewer bytes than a lane has, with zeros behind them.
#[inline]
fn short(text: &[u8]) -> [u8; LANE] {
    // Two pieces that may overlap: where both have the same byte, they have it in the same place.
    if let (Some(head), Some(tail)) = (text.first_chunk(), text.last_chunk()) {
        let tail = u128::from(u64::from_le_bytes(*tail)) << (8 * (text.len() - 8));
        return (u128::from(u64::from_le_bytes(*head)) | tail).to_le_bytes();
    }
    if let (Some(head), Some(tail)) = (text.first_chunk(), text.last_chunk()) {
        let tail = u64::from(u32::from_le_bytes(*tail)) << (8 * (text.len() - 4));
        return u128::from(u64::from(u32::from_le_bytes(*head)) | tail).to_le_bytes();
    }
    let few = text.iter().rev();
    u128::from(few.fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))).to_le_bytes()
}

/// How many digits there are in front.
#[inline]
pub(crate) fn digits(text: &[u8]) -> usize {
    let mut count = 0;
    loop {
        let more = (!is_up_to(lane(&text[count..]), b'0', 9)).trailing_zeros() as usize;
        count += more.min(LANE);
        if more < LANE {
            return count;
        }
    }
}

/// Where digits of hexadecimal numbers are, without those in capitals; the lowest bit is the first byte.
#[inline]
pub(crate) fn small_hex(lane: [u8; LANE]) -> u32 {
    is_up_to(lane, b'0', 9) | is_up_to(lane, b'a', 5)
}

/// Where bytes from `first` to the one that is `most` further are.
#[expect(clippy::inline_always, reason = "a few instructions, for each sixteen bytes")]
#[inline(always)]
fn is_up_to(lane: [u8; LANE], first: u8, most: u8) -> u32 {
    let above = u8x16::new(lane) - u8x16::splat(first);
    above.min(u8x16::splat(most)).simd_eq(above).to_bitmask()
}

/// The same as [`special`], appending what stands before it to `out`; when there is none, an unknown part of the text.
#[must_use]
#[inline]
pub fn copy_plain(text: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let (lanes, rest) = text.as_chunks::<LANE>();
    for (number, lane) in lanes.iter().enumerate() {
        // Whole, and cut where it is too much: a copy of known length is two instructions.
        out.extend_from_slice(lane);
        let found = specials(*lane);
        if found != 0 {
            let plain = found.trailing_zeros() as usize;
            out.truncate(out.len() - (LANE - plain));
            return Some(number * LANE + plain);
        }
    }
    let plain = special(rest)?;
    out.extend_from_slice(&rest[..plain]);
    Some(text.len() - rest.len() + plain)
}

/// Whether a block of JSON has an odd number of quotation marks; None where it may have brackets or backslashes, as few
/// blocks have.
#[expect(clippy::inline_always, reason = "a few instructions, for each sixteen bytes")]
#[inline(always)]
pub(crate) fn odd_quotes(block: &[u8; 64]) -> Option<bool> {
    let look = |lane: [u8; LANE]| {
        let lane = u8x16::new(lane);
        // Square brackets are braces but for one bit. Between each two there is a backslash or a bar, behind them come two
        // more bytes that are rare in JSON.
        let above = (lane | u8x16::splat(0x20)) - u8x16::splat(b'{');
        (equal(lane, b'"'), above.min(u8x16::splat(0x7f - b'{')).simd_eq(above))
    };
    // Written out, as loops are kept where a package is built for its size.
    let [first, second, third, fourth] = block.as_chunks::<LANE>().0 else {
        return None;
    };
    let (first, second, third, fourth) = (look(*first), look(*second), look(*third), look(*fourth));
    let quotes = first.0 ^ second.0 ^ third.0 ^ fourth.0;
    let others = first.1 | second.1 | third.1 | fourth.1;
    (others.to_bitmask() == 0).then(|| quotes.to_bitmask().count_ones() & 1 == 1)
}

/// Where in a block brackets are, of whatever sort; the lowest bit is the first byte.
pub(crate) fn brackets(block: &[u8; 64]) -> u64 {
    let mut places = [u8x16::ZERO; 64 / LANE];
    for (place, lane) in places.iter_mut().zip(block.as_chunks::<LANE>().0) {
        let lower = u8x16::new(*lane) | u8x16::splat(0x20);
        *place = equal(lower, b'{') | equal(lower, b'}');
    }
    bits(places)
}

/// Where in a block a byte is; the lowest bit is the first byte.
pub(crate) fn places(block: &[u8; 64], wanted: u8) -> u64 {
    let mut places = [u8x16::ZERO; 64 / LANE];
    for (place, lane) in places.iter_mut().zip(block.as_chunks::<LANE>().0) {
        *place = equal(u8x16::new(*lane), wanted);
    }
    bits(places)
}

#[expect(clippy::inline_always, reason = "a few instructions, for each sixteen bytes")]
#[inline(always)]
fn equal(lane: u8x16, wanted: u8) -> u8x16 {
    lane.simd_eq(u8x16::splat(wanted))
}

/// A bit for each byte of four lanes.
#[inline]
fn bits(lanes: [u8x16; 64 / LANE]) -> u64 {
    lanes
        .iter()
        .rev()
        .fold(0, |bits, lane| bits << LANE | u64::from(lane.to_bitmask()))
}

#[expect(clippy::inline_always, reason = "a few instructions, for each sixteen bytes")]
#[inline(always)]
fn specials(lane: [u8; LANE]) -> u32 {
    let lane = u8x16::new(lane);
    let control = lane.min(u8x16::splat(0x1f)).simd_eq(lane);
    (equal(lane, b'"') | equal(lane, b'\\') | control).to_bitmask()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_are_those_of_each_byte(bytes in prop::collection::vec(any::<u8>(), 64), text in "[\\[\\]{}\\\\\"a]{64}", plain in "[ \"a-zé]{64}") {
            for bytes in [bytes.as_slice(), text.as_bytes(), plain.as_bytes()] {
                let block = bytes.first_chunk().expect("a block");
                let each = |wanted: &[u8]| {
                    let found = (0..64).filter(|at| wanted.contains(&bytes[*at]));
                    found.fold(0_u64, |places, at| places | 1 << at)
                };
                prop_assert_eq!(places(block, bytes[7]), each(&bytes[7..8]));
                prop_assert_eq!(brackets(block), each(b"[]{}"));
                if let Some(odd) = odd_quotes(block) {
                    prop_assert_eq!(odd, each(b"\"").count_ones() % 2 == 1);
                    prop_assert_eq!(each(b"[]{}\\"), 0);
                } else {
                    prop_assert_ne!(each(b"[\\]^_{|}~\x7f"), 0);
                }
            }
        }

        #[test]
        fn the_first_special_byte_is_found(text in "[ -~\n\\\\\"é\u{1f}\u{7f}]{0,70}", plain in "[ !#-\\[\\]-~é]{0,70}") {
            for text in [text.as_bytes(), plain.as_bytes()] {
                let first = text.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
                prop_assert_eq!(special(text), first);
                let mut copy = b"before".to_vec();
                prop_assert_eq!(copy_plain(text, &mut copy), first);
                if let Some(first) = first {
                    prop_assert_eq!(&copy[6..], &text[..first]);
                }
                let is_ascii = |end: usize| text[..end].is_ascii();
                prop_assert_eq!(special_and_ascii(text), first.map(|end| (end, is_ascii(end))));
                let mut out = b"before".to_vec();
                prop_assert_eq!(append_plain(text, &mut out), first.is_none());
                let appended = if first.is_none() { text } else { b"" };
                prop_assert_eq!(out, [b"before", appended].concat());
            }
        }

        #[test]
        fn digits_are_those_of_each_byte(text in "[0-9a-fA-F/:`g\\x00é]{0,20}", number in "[0-9]{0,40}") {
            for text in [text.as_bytes(), number.as_bytes()] {
                let lane = lane(text);
                let given = &text[..text.len().min(LANE)];
                prop_assert_eq!(&lane[..given.len()], given);
                prop_assert!(lane[given.len()..].iter().all(|byte| *byte == 0));
                let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
                prop_assert_eq!(digits(text), count);
                let is_small_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                let each = (0..LANE).filter(|at| is_small_hex(lane[*at]));
                prop_assert_eq!(small_hex(lane), each.fold(0, |places, at| places | 1 << at));
            }
        }
    }
}
