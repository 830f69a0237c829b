//! Objects that have the same keys in the same order, as the records of a page do, and the same bytes between their values.
//!
//! What stands before a value is compared with what stood there last time, and the value is read from the text by what its
//! column holds. A key or value that is not so goes through the parser, alone. Nothing here explains what is wrong: then
//! the whole page is read again by the parser, which does.

use jiter::{Jiter, Peek};

use super::{Fields, Key};
use crate::compact::{Pattern, Scan};

impl Fields {
    /// Takes the object that comes next. None when something is wrong with it; then half of it may have been taken.
    pub(in super::super) fn append_alike(&mut self, scan: &mut Scan<'_>, tape: &mut Vec<u8>) -> Option<()> {
        let start = scan.at;
        self.rows += 1;
        let mut missing = self.slots.len();
        let mut before = None;
        let mut guess = self.keys.first;
        loop {
            let next = scan.peek()?;
            let first = scan.at == start;
            // Or what stood before the first value could pass for what stands before another.
            if first != (next == b'{') {
                return None;
            }
            let at = match self.keys.known.get(guess) {
                Some(Key {
                    before: Some(pattern), ..
                }) if scan.pass_pattern(pattern).is_some() => guess,
                _ if next == b'}' => {
                    scan.at += 1;
                    break;
                }
                _ => match self.key(scan, before, first)? {
                    Some(at) => at,
                    None => break,
                },
            };
            before = Some(at);
            let key = &self.keys.known[at];
            guess = key.next;
            let Some(slot) = key.slot else {
                parsed(scan, tape, |jiter| jiter.next_skip().ok())?;
                continue;
            };
            let slot = &mut self.slots[slot];
            if slot.filled == self.rows || (!slot.nullable && scan.peek() == Some(b'n')) {
                return None;
            }
            if slot.builder.append_plain(scan).is_none() {
                parsed(scan, tape, |jiter| {
                    let peek = jiter.peek().ok()?;
                    if peek == Peek::Null && !slot.nullable {
                        return None;
                    }
                    slot.builder.append(jiter, peek).ok()
                })?;
            }
            slot.filled = self.rows;
            missing -= 1;
        }
        if missing > 0 {
            self.fill().ok()?;
        }
        Some(())
    }

    /// The key that comes next, up to its value, by the parser; `Some(None)` at the end of the object.
    #[cold]
    #[expect(clippy::option_option, reason = "the outer one is whether it could be read")]
    fn key(&mut self, scan: &mut Scan<'_>, before: Option<usize>, first: bool) -> Option<Option<usize>> {
        let start = scan.at;
        let mut jiter = Jiter::new(scan.rest());
        let key = if first { jiter.next_object() } else { jiter.next_key() };
        let at = match key.ok()? {
            Some(name) => Some(self.keys.find(name, before)?),
            None => None,
        };
        if at.is_some() {
            jiter.peek().ok()?;
        }
        scan.at += jiter.current_index();
        if let Some(at) = at {
            self.keys.known[at].before = Some(Pattern::new(scan.since(start)));
        }
        Some(at)
    }
}

/// What the parser makes of what comes next.
fn parsed(scan: &mut Scan<'_>, tape: &mut Vec<u8>, read: impl FnOnce(&mut Jiter<'_>) -> Option<()>) -> Option<()> {
    let mut jiter = Jiter::with_tape(scan.rest(), std::mem::take(tape));
    let done = read(&mut jiter);
    scan.at += jiter.current_index();
    *tape = jiter.into_tape();
    done
}
