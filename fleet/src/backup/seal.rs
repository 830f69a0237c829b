//! Encryption of logical backups, which no server encrypts for us.
//!
//! Behind the mark and a salt come pieces of 64 KiB, each sealed by itself with ChaCha20-Poly1305 under a key that PBKDF2 makes
//! from the password. The nonce of a piece counts the pieces and says which is the last, so pieces can neither be left out,
//! swapped nor cut off unnoticed, and a file is read without ever being held whole.

use std::io::{self, BufRead, Read, Write};
use std::num::NonZeroU32;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::pbkdf2;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::flaw::{Flaw, Trouble};

/// What a sealed file begins with.
pub(crate) const MARK: &[u8] = b"xano-metadata-sealed-1\n";

const SALT: usize = 16;
const TAG: usize = 16;
const PIECE: usize = 64 << 10;

/// Rounds of PBKDF2 with SHA-512, as OWASP recommends. The tests of this file are about pieces, not about patience.
const ROUNDS: NonZeroU32 = NonZeroU32::new(if cfg!(test) { 10 } else { 210_000 }).expect("more than nothing");

fn key(password: &str, salt: &[u8]) -> io::Result<LessSafeKey> {
    let mut key = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, ROUNDS, salt, password.as_bytes(), &mut key);
    let key = UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|_| io::Error::other("The key cannot be made"))?;
    Ok(LessSafeKey::new(key))
}

/// Every file has a salt and so a key of its own; under it no nonce comes twice.
fn nonce(piece: u64, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&piece.to_le_bytes());
    nonce[11] = u8::from(last);
    Nonce::assume_unique_for_key(nonce)
}

/// Seals what is written to it. Without [`finish`](Self::finish) what was written does not open.
pub(crate) struct Sealer<W> {
    inner: W,
    key: LessSafeKey,
    piece: Vec<u8>,
    count: u64,
}

impl<W: Write> Sealer<W> {
    pub(crate) fn new(mut inner: W, password: &str) -> io::Result<Self> {
        let mut salt = [0; SALT];
        let random = SystemRandom::new().fill(&mut salt);
        random.map_err(|_| io::Error::other("The system has no random numbers"))?;
        inner.write_all(MARK)?;
        inner.write_all(&salt)?;
        Ok(Self {
            inner,
            key: key(password, &salt)?,
            piece: Vec::with_capacity(PIECE + TAG),
            count: 0,
        })
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let nonce = nonce(self.count, last);
        let sealed = self.key.seal_in_place_append_tag(nonce, Aad::empty(), &mut self.piece);
        sealed.map_err(|_| io::Error::other("The backup cannot be encrypted"))?;
        self.inner.write_all(&self.piece)?;
        self.piece.clear();
        self.count += 1;
        Ok(())
    }

    /// Seals the last piece.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Only when more comes is it known that the piece is not the last.
        if self.piece.len() == PIECE && !bytes.is_empty() {
            self.seal(false)?;
        }
        let count = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads what was sealed.
pub(crate) struct Opener<R> {
    inner: R,
    key: LessSafeKey,
    piece: Vec<u8>,
    given: usize,
    count: u64,
    ended: bool,
}

impl<R: BufRead> Opener<R> {
    /// Begins at the mark.
    pub(crate) fn new(mut inner: R, password: &str) -> io::Result<Self> {
        let mut head = [0; MARK.len() + SALT];
        inner.read_exact(&mut head)?;
        Ok(Self {
            key: key(password, &head[MARK.len()..])?,
            inner,
            piece: Vec::new(),
            given: 0,
            count: 0,
            ended: false,
        })
    }

    fn open(&mut self) -> io::Result<()> {
        self.piece.clear();
        self.given = 0;
        let most = (PIECE + TAG) as u64;
        self.inner.by_ref().take(most).read_to_end(&mut self.piece)?;
        self.ended = self.inner.fill_buf()?.is_empty();
        let nonce = nonce(self.count, self.ended);
        let opened = self.key.open_in_place(nonce, Aad::empty(), &mut self.piece);
        let length = opened.map(|content| content.len()).map_err(|_| {
            if self.count == 0 {
                Flaw::new(
                    Trouble::WrongPassword,
                    "It does not open with this password, or it was changed.",
                )
            } else {
                Flaw::new(
                    Trouble::Changed,
                    "A piece of it does not open: it was changed or cut off.",
                )
            }
        })?;
        self.piece.truncate(length);
        self.count += 1;
        Ok(())
    }
}

impl<R: BufRead> Read for Opener<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.piece.len() {
            if self.ended {
                return Ok(0);
            }
            self.open()?;
        }
        let rest = &self.piece[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(content: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), "öpen").expect("a sealer");
        sealer.write_all(content).expect("written");
        sealer.finish().expect("finished")
    }

    fn opened(bytes: &[u8], password: &str) -> Result<Vec<u8>, Flaw> {
        let mut content = Vec::new();
        Opener::new(bytes, password)?.read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn what_is_sealed_opens_with_its_password_only() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let content: Vec<u8> = (0..=250).cycle().take(length).collect();
            let bytes = sealed(&content);
            assert!(!bytes.windows(16).any(|part| content.get(..16) == Some(part)));
            assert_eq!(opened(&bytes, "öpen").expect("opened"), content);
        }
        assert_eq!(
            opened(&sealed(b"x"), "other").expect_err("refused").trouble,
            Trouble::WrongPassword
        );
        assert_ne!(sealed(b"x"), sealed(b"x"), "each has a key of its own");
    }

    #[test]
    fn pieces_cannot_be_cut_off_swapped_or_changed() {
        let bytes = sealed(&vec![7; 2 * PIECE + 100]);
        let head = MARK.len() + SALT;
        let piece = PIECE + TAG;
        for length in [head, head + 1, head + piece, head + 2 * piece, bytes.len() - 1] {
            opened(&bytes[..length], "öpen").expect_err("cut");
        }
        let mut swapped = bytes[..head].to_vec();
        swapped.extend(&bytes[head + piece..head + 2 * piece]);
        swapped.extend(&bytes[head..head + piece]);
        swapped.extend(&bytes[head + 2 * piece..]);
        opened(&swapped, "öpen").expect_err("swapped");
        let mut changed = bytes.clone();
        changed[head + piece + 5] ^= 1;
        assert_eq!(opened(&changed, "öpen").expect_err("changed").trouble, Trouble::Changed);
        opened(&[&bytes[..], b"more"].concat(), "öpen").expect_err("more");
    }
}
