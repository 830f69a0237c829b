//! Where an object or a list ends, found 64 bytes at a time.
//!
//! Every page is passed over once before it is decoded, so this is where a fifth of a read's time went when it looked at
//! each byte. Now it makes bit masks of a block (which bytes are quotation marks, which are brackets), finds out by
//! arithmetic which of them are inside of strings, and looks only at the brackets that are left: two for a flat record.

use crate::masks::{brackets, odd_quotes, places};

/// Bytes in a block: a bit for each in one word.
const BLOCK: usize = 64;

/// The length of the object or list that `text` begins with; none where it breaks off. Brackets are counted, whatever
/// their sort: whether it is JSON is for whoever decodes it to say.
pub(super) fn length(text: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut within = 0_u64;
    let mut escaped = false;
    let mut start = 0;
    while start < text.len() {
        let padded;
        let block = if let Some(block) = text[start..].first_chunk() {
            block
        } else {
            padded = last(&text[start..]);
            &padded
        };
        start += BLOCK;
        if !escaped && let Some(odd) = odd_quotes(block) {
            within ^= 0_u64.wrapping_sub(u64::from(odd));
            continue;
        }
        let mut quotes = places(block, b'"');
        let slashes = places(block, b'\\');
        if escaped || slashes != 0 {
            quotes &= !behind_slashes(slashes, &mut escaped);
        }
        // Ones from each opening quotation mark to just before the closing one, also from and to other blocks.
        let inside = parity(quotes) ^ within;
        within = 0_u64.wrapping_sub(inside >> 63);
        let mut brackets = brackets(block) & !inside;
        while brackets != 0 {
            let at = brackets.trailing_zeros() as usize;
            match block[at] {
                b'{' | b'[' => depth += 1,
                _ => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(start - BLOCK + at + 1);
                    }
                }
            }
            brackets &= brackets - 1;
        }
    }
    None
}

/// A block that the text does not fill.
fn last(rest: &[u8]) -> [u8; BLOCK] {
    let mut block = [b' '; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    block
}

/// The bytes that a backslash takes the meaning of. `escaped` is about the first byte of this block, and then of the next.
fn behind_slashes(slashes: u64, escaped: &mut bool) -> u64 {
    let mut behind = u64::from(*escaped);
    let mut left = slashes & !behind;
    *escaped = false;
    while left != 0 {
        let at = left.trailing_zeros();
        if at == 63 {
            *escaped = true;
            break;
        }
        // The byte behind may be a backslash itself, which then means nothing more.
        behind |= 2 << at;
        left &= !(3 << at);
    }
    behind
}

/// Each bit: whether there is an odd number of ones from the lowest bit up to it.
const fn parity(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ bits << 32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let text = "[\\\\\"{}a-z\\[\\]é ]{0,90}";
        let leaf = prop_oneof![text.prop_map(Value::from), any::<i32>().prop_map(Value::from)];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(text, inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_end_where_they_were_written_to(value in value(), behind in "[\\\\\"{}\\[\\] ,]{0,80}") {
            let text = Value::Array(vec![value]).to_string();
            prop_assert_eq!(length(format!("{text}{behind}").as_bytes()), Some(text.len()));
            prop_assert_eq!(length(&text.as_bytes()[..text.len() - 1]), None);
        }
    }

    #[test]
    fn backslashes_count_across_blocks() {
        for before in 55..70 {
            for slashes in 0..5 {
                let mut text = format!("[\"{}{}", "x".repeat(before), "\\".repeat(slashes));
                text.push_str(if slashes % 2 == 0 { "\"]" } else { "\"]\"]" });
                assert_eq!(length(text.as_bytes()), Some(text.len()), "{text}");
            }
        }
    }
}
