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

/// The bytes that, with the bits of `ignored` set, are `wanted`; the lowest bit is the first byte.
#[inline]
pub(crate) fn places(block: &[u8; 64], ignored: u8, wanted: u8) -> u64 {
    let mut places = 0;
    for (number, lane) in block.as_chunks::<LANE>().0.iter().enumerate() {
        places |= u64::from(equal(*lane, ignored, wanted)) << (number * LANE);
    }
    places
}

#[inline]
fn equal(lane: [u8; LANE], ignored: u8, wanted: u8) -> u32 {
    (u8x16::new(lane) | u8x16::splat(ignored))
        .simd_eq(u8x16::splat(wanted))
        .to_bitmask()
}

#[inline]
fn specials(lane: [u8; LANE]) -> u32 {
    let lane = u8x16::new(lane);
    let is = |byte| lane.simd_eq(u8x16::splat(byte));
    let control = lane.min(u8x16::splat(0x1f)).simd_eq(lane);
    (is(b'"') | is(b'\\') | control).to_bitmask()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_are_those_of_each_byte(bytes in prop::collection::vec(any::<u8>(), 64), ignored: u8, wanted: u8) {
            let block = bytes.as_slice().first_chunk().expect("a block");
            for (ignored, wanted) in [(0x26, 0x7f), (ignored, wanted), (0, wanted), (0, bytes[7])] {
                let found = places(block, ignored, wanted);
                let each = (0..64).filter(|at| bytes[*at] | ignored == wanted);
                prop_assert_eq!(found, each.fold(0, |places, at| places | 1 << at));
            }
        }

        #[test]
        fn the_first_special_byte_is_found(text in "[ -~\n\\\\\"é\u{1f}\u{7f}]{0,70}", plain in "[ !#-\\[\\]-~é]{0,70}") {
            for text in [text.as_bytes(), plain.as_bytes()] {
                let first = text.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
                prop_assert_eq!(special(text), first);
            }
        }
    }
}
