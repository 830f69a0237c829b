//! Looking at the file of a backup as it lies on the disk: its size, its hash, and what it is.
//!
//! One pass reads every byte. A gzip stream is read to its trailer with its checksum, and the tar archive in it to its end; a
//! visitor sees the members on the way. What goes wrong inside does not end the pass: the hash of a broken file tells
//! whether it was broken when it was stored.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use ring::digest::{Context, SHA256};

use super::flaw::{Flaw, Trouble};
use super::seal::{self, Opener};
use super::tarball::{Limits, Member, Tarball};

const BUFFER: usize = 256 << 10;

/// What a pass over a file found.
#[derive(Debug)]
pub(crate) struct Examined {
    /// Bytes.
    pub(crate) size: u64,
    /// In hexadecimal digits.
    pub(crate) sha256: String,
    pub(crate) form: Form,
}

/// What a file is.
#[derive(Debug)]
pub(crate) enum Form {
    /// A good archive.
    Archive(Contents),
    /// Encrypted by this library; the password was not given.
    SealedHere,
    /// No archive, and nothing that gives itself away: what a server encrypted looks like this.
    Opaque,
    /// Broken, or something else.
    Flawed(Flaw),
}

/// What is in a good archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    /// Files and folders in it.
    pub(crate) members: u64,
    /// Bytes that it unpacks to, headers included.
    pub(crate) bytes: u64,
    /// The hash of the names and sizes of its members, in their order.
    pub(crate) listing: String,
    /// Whether it had to be opened with the password.
    pub(crate) sealed: bool,
}

/// Sees a member, and reads what it likes of it.
pub(crate) type Visit<'v> = dyn FnMut(&Member, &mut dyn Read) -> Result<(), Flaw> + 'v;

/// Looks at a whole file.
pub(crate) fn examine(path: &Path, password: Option<&str>, visit: &mut Visit<'_>) -> Result<Examined, Flaw> {
    let mut hashed = Hashed {
        file: File::open(path)?,
        hash: Context::new(&SHA256),
        size: 0,
    };
    let packed = hashed.file.metadata()?.len();
    let form = form(BufReader::with_capacity(BUFFER, &mut hashed), packed, password, visit);
    io::copy(&mut hashed, &mut io::sink())?;
    Ok(Examined {
        size: hashed.size,
        sha256: hex(hashed.hash.finish().as_ref()),
        form,
    })
}

/// The archive in a file that was examined before, for reading its members.
pub(crate) fn open(path: &Path, password: Option<&str>) -> Result<Tarball<Box<dyn Read + Send>>, Flaw> {
    let file = File::open(path)?;
    let packed = file.metadata()?.len();
    let mut reader = BufReader::with_capacity(BUFFER, file);
    let plain: Box<dyn Read + Send> = match password {
        Some(password) if reader.fill_buf()?.starts_with(seal::MARK) => Box::new(MultiGzDecoder::new(
            BufReader::with_capacity(BUFFER, Opener::new(reader, password)?),
        )),
        _ => Box::new(MultiGzDecoder::new(reader)),
    };
    Ok(Tarball::new(plain, Limits::of(packed)))
}

fn form(mut reader: impl BufRead, packed: u64, password: Option<&str>, visit: &mut Visit<'_>) -> Form {
    let start = match reader.fill_buf() {
        Ok(start) => start,
        Err(cause) => return Form::Flawed(cause.into()),
    };
    let limits = Limits::of(packed);
    let walked = match recognised(start) {
        Start::Gzip => walk(MultiGzDecoder::new(reader), limits, false, visit),
        Start::Sealed => match password {
            None => return Form::SealedHere,
            Some(password) => Opener::new(reader, password).map_err(Flaw::from).and_then(|opener| {
                let opener = BufReader::with_capacity(BUFFER, opener);
                walk(MultiGzDecoder::new(opener), limits, true, visit)
            }),
        },
        Start::Other(None) => return Form::Opaque,
        Start::Other(Some(reason)) => Err(Flaw::new(Trouble::NotAnArchive, reason)),
    };
    match walked {
        Ok(contents) => Form::Archive(contents),
        Err(flaw) => Form::Flawed(flaw),
    }
}

enum Start {
    Gzip,
    Sealed,
    /// With a sentence when it can be told what it is.
    Other(Option<String>),
}

fn recognised(start: &[u8]) -> Start {
    if start.starts_with(&[0x1f, 0x8b]) {
        return Start::Gzip;
    }
    if start.starts_with(seal::MARK) {
        return Start::Sealed;
    }
    let text = start.trim_ascii_start();
    let what = match text.first() {
        None => "It is empty.".to_owned(),
        Some(b'{' | b'[') => format!("It is JSON and no archive: {}", shown(text)),
        Some(b'<') => format!("It is a web page and no archive: {}", shown(text)),
        Some(_) => return Start::Other(None),
    };
    Start::Other(Some(what))
}

fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(400)]);
    let mut shown: String = text.chars().filter(|letter| !letter.is_control()).take(120).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn walk(reader: impl Read, limits: Limits, sealed: bool, visit: &mut Visit<'_>) -> Result<Contents, Flaw> {
    let mut tarball = Tarball::new(reader, limits);
    let mut listing = Context::new(&SHA256);
    while let Some(member) = tarball.next()? {
        listing.update(format!("{}\0{}\n", member.name, member.size).as_bytes());
        visit(&member, &mut tarball)?;
    }
    Ok(Contents {
        members: tarball.members,
        bytes: tarball.bytes,
        listing: hex(listing.finish().as_ref()),
        sealed,
    })
}

/// What an archive in memory is, with the members that were seen on the way. `plain` bytes are tar that is not packed.
#[cfg(feature = "fuzzing")]
pub(super) fn in_memory(bytes: &[u8], plain: bool, password: &str) -> (Form, Vec<(Member, Vec<u8>)>) {
    let mut seen = Vec::new();
    let limits = Limits {
        members: 1000,
        bytes: 1 << 22,
    };
    let mut visit = |member: &Member, content: &mut dyn Read| {
        let mut bytes = Vec::new();
        content.take(1 << 22).read_to_end(&mut bytes)?;
        seen.push((member.clone(), bytes));
        Ok(())
    };
    let form = if plain {
        walk(bytes, limits, false, &mut visit).map_or_else(Form::Flawed, Form::Archive)
    } else {
        form(BufReader::new(bytes), bytes.len() as u64, Some(password), &mut visit)
    };
    (form, seen)
}

/// A file that is hashed as it is read.
struct Hashed {
    file: File,
    hash: Context,
    size: u64,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.size += count as u64;
        Ok(count)
    }
}

/// The hash of a whole file and its size.
pub(crate) fn hash(path: &Path) -> io::Result<(u64, String)> {
    let mut hashed = Hashed {
        file: File::open(path)?,
        hash: Context::new(&SHA256),
        size: 0,
    };
    io::copy(&mut hashed, &mut io::sink())?;
    Ok((hashed.size, hex(hashed.hash.finish().as_ref())))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into memory cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn packed() -> Vec<u8> {
        let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        let mut random = fastrand::Rng::with_seed(3);
        for name in ["one", "two"] {
            let content: Vec<u8> = (0..5000).map(|_| random.u8(..)).collect();
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, name, &content[..]).expect("appended");
        }
        builder.into_inner().expect("a tarball").finish().expect("a stream")
    }

    fn examined(bytes: &[u8]) -> Examined {
        let path = std::env::temp_dir().join(format!("xano-check-{:016x}", fastrand::u64(..)));
        std::fs::write(&path, bytes).expect("written");
        let examined = examine(&path, None, &mut |_, _| Ok(())).expect("read");
        std::fs::remove_file(&path).expect("removed");
        examined
    }

    fn trouble(bytes: &[u8]) -> Trouble {
        match examined(bytes).form {
            Form::Flawed(flaw) => flaw.trouble,
            form => panic!("{form:?}"),
        }
    }

    #[test]
    fn a_good_archive_is_listed_and_hashed() {
        let bytes = packed();
        let examined = examined(&bytes);
        assert_eq!(examined.size, bytes.len() as u64);
        assert_eq!(examined.sha256, hex(ring::digest::digest(&SHA256, &bytes).as_ref()));
        let Form::Archive(contents) = examined.form else {
            panic!("{:?}", examined.form)
        };
        assert_eq!((contents.members, contents.sealed), (2, false));
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_seen() {
        let bytes = packed();
        for length in (1..bytes.len()).step_by(97) {
            let shorter = examined(&bytes[..length]);
            match shorter.form {
                Form::Flawed(flaw) => assert_eq!(flaw.trouble, Trouble::Truncated, "{length}: {}", flaw.reason),
                Form::Opaque if length < 2 => {}
                form => panic!("{length}: {form:?}"),
            }
            assert_eq!(shorter.size, length as u64, "the rest is hashed too");
        }
        let good = examined(&bytes).sha256;
        for place in (0..bytes.len()).step_by(89) {
            let mut changed = bytes.clone();
            changed[place] ^= 0x10;
            assert_ne!(examined(&changed).sha256, good);
        }
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 1;
        assert!(matches!(trouble(&changed), Trouble::Changed | Trouble::Truncated));
        let mut more = bytes;
        more.write_all(b"and then some").expect("memory");
        assert_eq!(trouble(&more), Trouble::Changed);
    }

    #[test]
    fn what_is_no_archive_is_called_what_it_is() {
        for bytes in [&b""[..], b"  \n", b" {\"code\":1}", b"[1]", b"<html>"] {
            assert_eq!(trouble(bytes), Trouble::NotAnArchive, "{bytes:?}");
        }
        assert!(matches!(examined(b"\x00\x01secret").form, Form::Opaque));
        assert!(matches!(examined(seal::MARK).form, Form::SealedHere));
    }

    #[test]
    fn a_visitor_reads_what_it_likes() {
        let path = std::env::temp_dir().join(format!("xano-check-{:016x}", fastrand::u64(..)));
        std::fs::write(&path, packed()).expect("written");
        let mut seen = Vec::new();
        let mut visit = |member: &Member, content: &mut dyn Read| {
            let mut few = [0; 10];
            content.read_exact(&mut few)?;
            seen.push(member.name.clone());
            Ok(())
        };
        let examined = examine(&path, None, &mut visit).expect("read");
        assert!(matches!(examined.form, Form::Archive(_)));
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(seen, ["one", "two"]);
    }
}
