//! Archives: named members in a `.tar.gz`, encrypted when a password is given.
//!
//! Without a password any program that knows tar opens them. With one, the compressed archive is
//! sealed (ChaCha20-Poly1305 under a key made from the password by PBKDF2), so that a wrong password
//! is noticed and nothing can be read from the file.

use std::io::{Read, Write};
use std::num::NonZeroU32;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::pbkdf2;

use crate::error::ApiError;

/// What a sealed archive starts with.
const MAGIC: &[u8] = b"xano-emulator-sealed-1\n";
const SALT: usize = 16;
const ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).expect("more than nothing");

/// A member: its path in the archive and its content.
pub type Member = (String, Vec<u8>);

fn refuse(reason: impl std::fmt::Display) -> ApiError {
    ApiError::bad_request(format!("The file is no archive of an export: {reason}."))
}

/// Packs members; an empty password is none. `now_ms` is the time that the members bear.
pub fn pack(members: &[Member], password: &str, now_ms: i64) -> Result<Vec<u8>, ApiError> {
    let failed = |error: std::io::Error| ApiError::fatal(format!("The archive cannot be written: {error}."));
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(now_ms / 1000).unwrap_or(0));
        archive
            .append_data(&mut header, path, content.as_slice())
            .map_err(failed)?;
    }
    let mut gzip = archive.into_inner().map_err(failed)?;
    gzip.flush().map_err(failed)?;
    let packed = gzip.finish().map_err(failed)?;
    if password.is_empty() {
        return Ok(packed);
    }
    seal(packed, password)
}

/// Unpacks an archive, sealed or not.
pub fn unpack(bytes: &[u8], password: &str) -> Result<Vec<Member>, ApiError> {
    let opened;
    let bytes = match bytes.strip_prefix(MAGIC) {
        Some(sealed) => {
            opened = open(sealed, password)?;
            &opened
        }
        None => bytes,
    };
    let mut archive = tar::Archive::new(GzDecoder::new(bytes));
    let mut members = Vec::new();
    for entry in archive.entries().map_err(refuse)? {
        let mut entry = entry.map_err(refuse)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(refuse)?;
        members.push((path, content));
    }
    Ok(members)
}

fn key(password: &str, salt: &[u8]) -> Result<LessSafeKey, ApiError> {
    let mut key = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, salt, password.as_bytes(), &mut key);
    let key = UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|_| ApiError::fatal("The key cannot be made."))?;
    Ok(LessSafeKey::new(key))
}

/// Every archive has a salt and so a key of its own; one message under it needs no more than one nonce.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn seal(mut bytes: Vec<u8>, password: &str) -> Result<Vec<u8>, ApiError> {
    let failed = |_| ApiError::fatal("The archive cannot be encrypted.");
    let mut salt = [0; SALT];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut salt).map_err(failed)?;
    key(password, &salt)?
        .seal_in_place_append_tag(nonce(), Aad::empty(), &mut bytes)
        .map_err(failed)?;
    Ok([MAGIC, &salt, &bytes].concat())
}

fn open(sealed: &[u8], password: &str) -> Result<Vec<u8>, ApiError> {
    if password.is_empty() {
        return Err(ApiError::input(
            "password",
            "Missing param: password (the archive is encrypted)",
        ));
    }
    let (salt, content) = sealed.split_at_checked(SALT).ok_or_else(|| refuse("it is cut off"))?;
    let mut content = content.to_vec();
    let length = key(password, salt)?
        .open_in_place(nonce(), Aad::empty(), &mut content)
        .map_err(|_| {
            ApiError::input(
                "password",
                "Invalid value for param: password. The archive does not open with it.",
            )
        })?
        .len();
    content.truncate(length);
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members() -> Vec<Member> {
        let long = format!("records/{}/ü.ndjson", "x".repeat(200));
        vec![
            ("workspace.json".to_owned(), b"{}".to_vec()),
            (long, vec![7; 100_000]),
            ("empty".to_owned(), Vec::new()),
        ]
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        for password in ["", "öpen sesame"] {
            let packed = pack(&members(), password, 1_681_336_838_000).expect("packed");
            assert_eq!(unpack(&packed, password).expect("unpacked"), members());
            assert!(packed.len() < 5000, "{}", packed.len());
        }
    }

    #[test]
    fn a_sealed_archive_opens_with_its_password_only() {
        let packed = pack(&members(), "right", 0).expect("packed");
        assert_ne!(
            packed,
            pack(&members(), "right", 0).expect("packed"),
            "no two are alike"
        );
        for password in ["", "wrong"] {
            assert_eq!(
                unpack(&packed, password).expect_err(password).payload["param"],
                "password"
            );
        }
        let mut broken = packed.clone();
        *broken.last_mut().expect("bytes") ^= 1;
        assert!(unpack(&broken, "right").is_err());
        assert!(unpack(&packed[..30], "right").is_err());
    }

    #[test]
    fn anything_else_is_refused() {
        let packed = pack(&members(), "", 0).expect("packed");
        for bytes in [&b"PK"[..], b"<html>", &packed[..packed.len() / 2]] {
            assert_eq!(unpack(bytes, "").expect_err("refused").code, "ERROR_CODE_BAD_REQUEST");
        }
    }
}
