//! Looking at sixteen bytes of JSON at once: what finding a page's end and reading and writing texts share, because this is
//! where the time of all three goes.

use wide::{i8x16, u8x16};

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

/// The same, appending what stands before it to `out`; when there is none, an unknown part of the text.
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
#[inline]
pub(crate) fn odd_quotes(block: &[u8; 64]) -> Option<bool> {
    let (mut quotes, mut others) = (u8x16::ZERO, i8x16::ZERO);
    for lane in block.as_chunks::<LANE>().0 {
        quotes ^= equal(u8x16::new(*lane), b'"');
        // Square brackets are braces but for one bit. Between each two there is a backslash or a bar, behind them come
        // four more bytes that are rare in JSON, and then those that are negative here.
        let lower = i8x16::new(lane.map(u8::cast_signed)) | i8x16::splat(0x20);
        others |= lower.simd_gt(i8x16::splat(0x7a));
    }
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

#[inline]
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

#[inline]
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
            }
        }
    }
}
