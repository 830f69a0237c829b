//! Whole numbers that `JSON.parse` would round, kept exact.
//!
//! JavaScript's numbers hold whole numbers up to 2^53 - 1. A longer one in an answer is sent on as a text that begins with
//! a marker, of which TypeScript makes a `bigint`. The marker is random and does not occur in the answer, so no text of
//! the data can pass for a number.
//!
//! Nearly every answer has no such number, so finding that out must cost next to nothing: sixteen digits in a row lie
//! across every sixteenth byte, and only those are looked at.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

use bytes::Bytes;

/// `Number.MAX_SAFE_INTEGER`.
const LARGEST: &[u8] = b"9007199254740991";
const DIGITS: usize = LARGEST.len();

/// The JSON text with its big whole numbers as marked texts, and the marker; none when nothing had to be marked.
pub(crate) fn mark(json: &[u8]) -> Option<(Bytes, String)> {
    if !may_hold(json) {
        return None;
    }
    let literals = literals(json);
    // What is no UTF-8 is delivered as bytes, and refused by whoever parses it.
    let text = std::str::from_utf8(json).ok().filter(|_| !literals.is_empty())?;
    let marker = marker(text);
    let mut rewritten = Vec::with_capacity(json.len() + literals.len() * (marker.len() + 2));
    let mut copied = 0;
    for Range { start, end } in literals {
        rewritten.extend_from_slice(&json[copied..start]);
        rewritten.push(b'"');
        rewritten.extend_from_slice(marker.as_bytes());
        rewritten.extend_from_slice(&json[start..end]);
        rewritten.push(b'"');
        copied = end;
    }
    rewritten.extend_from_slice(&json[copied..]);
    Some((rewritten.into(), marker))
}

/// Whether some run of digits looks like a big whole number; what is inside texts may look so as well.
fn may_hold(json: &[u8]) -> bool {
    let digit = |at: usize| json.get(at).is_some_and(u8::is_ascii_digit);
    (DIGITS - 1..json.len())
        .step_by(DIGITS)
        .filter(|at| json[*at].is_ascii_digit())
        // Half of the run or more is on one side.
        .any(|at| (digit(at - DIGITS / 2) || digit(at + DIGITS / 2)) && is_big_run(json, at))
}

/// Whether the run of digits around `at` is one, by its length and by what stands on both sides of it.
fn is_big_run(json: &[u8], at: usize) -> bool {
    let before = json[..at].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let after = json[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (start, end) = (at - before, at + after);
    if !is_beyond(&json[start..end]) {
        return false;
    }
    let previous = start.checked_sub(1).map(|at| json[at]);
    let opens = previous.is_none_or(|byte| matches!(byte, b'[' | b',' | b':' | b'-') || byte.is_ascii_whitespace());
    let closes = json
        .get(end)
        .is_none_or(|byte| matches!(byte, b']' | b'}' | b',') || byte.is_ascii_whitespace());
    opens && closes
}

fn is_beyond(digits: &[u8]) -> bool {
    digits.len() > DIGITS || (digits.len() == DIGITS && digits > LARGEST)
}

/// Where the big whole numbers are, outside texts.
fn literals(json: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => at = end_of_text(json, at + 1),
            b'-' | b'0'..=b'9' => {
                let literal = json[at..]
                    .iter()
                    .take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
                let end = at + literal.count();
                let digits = json[at..end].strip_prefix(b"-").unwrap_or(&json[at..end]);
                if is_beyond(digits) && digits.iter().all(u8::is_ascii_digit) {
                    found.push(at..end);
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    found
}

/// Where a text ends whose first character is at `at`.
fn end_of_text(json: &[u8], mut at: usize) -> usize {
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// A text that does not occur in `text`. Random, so that nobody can write it there in another spelling either.
fn marker(text: &str) -> String {
    loop {
        // Each state has keys of its own; two make 128 bits.
        let [one, two] = [(); 2].map(|()| RandomState::new().build_hasher().finish());
        let marker = format!("{one:016x}{two:016x}");
        if !text.contains(&marker) {
            return marker;
        }
    }
}
