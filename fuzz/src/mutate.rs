//! Seeded mutations of kept inputs: what libFuzzer does, without its eyes, and the same on every run.

use fastrand::Rng;

/// What decoders stumble over: brackets, escapes, the ends of number ranges, path and header tricks, odd characters.
const WORDS: &[&[u8]] = &[
    b"{\"",
    b"\":",
    b"[[[[[[[[",
    b"]]",
    b"}}",
    b"\\u0000",
    b"\\ud800",
    b"\\\"",
    b"\"\"",
    b"null",
    b"true",
    b"-0",
    b"1e999",
    b"9223372036854775807",
    b"9223372036854775808",
    b"18446744073709551615",
    b"18446744073709551616",
    b"0.1e-400",
    b"9007199254740993",
    b"../",
    b"..",
    b"%2e%2e",
    b"%2F",
    b"%00",
    b"//",
    b"\\",
    b"?",
    b"#",
    b"@",
    b":",
    b"/api:meta",
    b"\r\nX-Evil: 1\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\x7f",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\xe2\x80\xae",
    b"\xef\xbf\xbf",
    b"\xff",
    b"\xc0\xaf",
    b"\xf0\x9f\x9a\x80",
    b"\xed\xa0\x80",
    b" ",
    b"\t",
    b"\"",
    b"'",
    b",",
    b";",
    b"|or",
    b"||",
    b"items",
    b"nextPage",
    b"curPage",
    b"id",
    b"exp",
    b"&a ",
    b"*a",
    b"!!",
    b"? ",
    b"- ",
    b"2023-04-12 22:00:38+0000",
    b"Sun, 06 Nov 1994 08:49:37 GMT",
    b"<title>",
    b"payload",
    b"code",
    b"message",
    b"access_token",
];

/// Longer inputs are cut: they find nothing that shorter ones do not, only later.
const LONGEST: usize = 4096;

/// An input near to one of `corpus`, by `rng`.
///
/// # Panics
/// When the corpus is empty.
#[must_use]
pub fn mutate(corpus: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut input = corpus[rng.usize(..corpus.len())].clone();
    for _ in 0..rng.usize(1..=6) {
        let at = rng.usize(..=input.len());
        match rng.u8(..8) {
            0 if at < input.len() => input[at] ^= 1 << rng.u8(..8),
            1 if at < input.len() => input[at] = rng.u8(..),
            2 => {
                let word = WORDS[rng.usize(..WORDS.len())];
                input.splice(at..at, word.iter().copied());
            }
            3 => {
                let word = WORDS[rng.usize(..WORDS.len())];
                let end = (at + word.len()).min(input.len());
                input.splice(at..end, word.iter().copied());
            }
            4 => {
                let end = rng.usize(at..=input.len());
                input.drain(at..end);
            }
            5 => {
                let end = rng.usize(at..=input.len().min(at + 64));
                let piece = input[at..end].repeat(rng.usize(1..=8));
                input.splice(at..at, piece);
            }
            6 => {
                let other = &corpus[rng.usize(..corpus.len())];
                let from = rng.usize(..=other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => input.truncate(at),
        }
        input.truncate(LONGEST);
    }
    input
}
