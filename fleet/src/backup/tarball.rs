//! Walking a tar stream member by member to its very end, taking nothing on trust.
//!
//! Nothing is unpacked to disk, so a hostile name can do no harm here; it is refused all the same, because a backup is kept
//! to be unpacked by somebody some day. A walk is bounded: members, the bytes of their names, and the bytes that come out
//! in relation to those that went in.

use std::io::{self, Read};

use super::flaw::{Flaw, Trouble};

const BLOCK: usize = 512;

/// Bytes of a long name, or of the extended headers of one member.
const LONGEST_HEADER: u64 = 1 << 20;

/// What a walk may come to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Members at most.
    pub(crate) members: u64,
    /// Unpacked bytes at most.
    pub(crate) bytes: u64,
}

impl Limits {
    /// For an archive of so many bytes. Records are text and may pack a hundredfold; a bomb packs a thousandfold, so what
    /// unpacks to more than a few gigabytes has to stay below a third of that.
    pub(crate) const fn of(packed: u64) -> Self {
        let bytes = packed.saturating_mul(300);
        let least = 4 << 30;
        Self {
            members: 1_000_000,
            bytes: if bytes > least { bytes } else { least },
        }
    }
}

/// A file or a folder in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) size: u64,
}

/// A tar stream under way. Reading it reads the content of the member that was given out last.
pub(crate) struct Tarball<R> {
    reader: R,
    limits: Limits,
    /// Content of the member that was not read yet.
    left: u64,
    /// Zeros behind it.
    padding: u64,
    /// Bytes that came out so far.
    pub(crate) bytes: u64,
    /// Members given out so far.
    pub(crate) members: u64,
}

impl<R: Read> Tarball<R> {
    pub(crate) const fn new(reader: R, limits: Limits) -> Self {
        Self {
            reader,
            limits,
            left: 0,
            padding: 0,
            bytes: 0,
            members: 0,
        }
    }

    /// The next member; none at the end, which has been seen to be one.
    pub(crate) fn next(&mut self) -> Result<Option<Member>, Flaw> {
        let (mut long_name, mut long_size) = (None, None);
        loop {
            self.skip()?;
            let Some(header) = self.header()? else {
                self.rest_is_empty()?;
                return Ok(None);
            };
            self.members += 1;
            if self.members > self.limits.members {
                return Err(unsafe_("It has more members than any backup."));
            }
            let size = header.entry_size().map_err(Flaw::from)?;
            match header.entry_type().as_byte() {
                b'x' => {
                    let text = self.extension(size)?;
                    for pair in tar::PaxExtensions::new(&text) {
                        let pair = pair.map_err(Flaw::from)?;
                        match pair.key_bytes() {
                            b"path" => long_name = Some(pair.value_bytes().to_vec()),
                            b"size" => long_size = Some(number(pair.value_bytes())?),
                            _ => {}
                        }
                    }
                }
                b'L' => {
                    let mut name = self.extension(size)?;
                    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
                    name.truncate(end);
                    long_name = Some(name);
                }
                b'g' => drop(self.extension(size)?),
                b'0' | 0 | b'7' | b'5' => {
                    let name = long_name.unwrap_or_else(|| header.path_bytes().into_owned());
                    let size = long_size.unwrap_or(size);
                    self.expect(size)?;
                    return Ok(Some(Member {
                        name: sane(&name)?,
                        size,
                    }));
                }
                kind => {
                    let name = shown(&header.path_bytes());
                    return Err(unsafe_(format!(
                        "Its member {name:?} is neither a file nor a folder but of the type {:?}.",
                        char::from(kind)
                    )));
                }
            }
        }
    }

    /// The next block as a header; none where zeros mark the end.
    fn header(&mut self) -> Result<Option<tar::Header>, Flaw> {
        let mut header = tar::Header::new_old();
        let mut filled = 0;
        while filled < BLOCK {
            match self.pull(&mut header.as_mut_bytes()[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        if filled < BLOCK {
            return Err(Flaw::new(
                Trouble::Truncated,
                "The list of its members has no end: something was cut off before it was packed.",
            ));
        }
        let bytes = header.as_bytes();
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let sum: u32 = bytes
            .iter()
            .enumerate()
            .map(|(place, byte)| u32::from(if (148..156).contains(&place) { b' ' } else { *byte }))
            .sum();
        if header.cksum().ok() != Some(sum) {
            return Err(Flaw::new(
                Trouble::Changed,
                format!(
                    "The header of its member {} is damaged, or it is no tar archive.",
                    self.members + 1
                ),
            ));
        }
        Ok(Some(header))
    }

    /// The content of a header that says more about the next member.
    fn extension(&mut self, size: u64) -> Result<Vec<u8>, Flaw> {
        if size > LONGEST_HEADER {
            return Err(unsafe_(
                "One of its members has a name or attributes of more than a megabyte.",
            ));
        }
        self.expect(size)?;
        let mut text = Vec::new();
        self.read_to_end(&mut text)?;
        Ok(text)
    }

    fn expect(&mut self, size: u64) -> Result<(), Flaw> {
        if size > self.limits.bytes {
            return Err(self.too_much());
        }
        self.left = size;
        let block = BLOCK as u64;
        self.padding = size.next_multiple_of(block) - size;
        Ok(())
    }

    /// Passes over what was not read of the last member.
    fn skip(&mut self) -> Result<(), Flaw> {
        let mut buffer = [0; 16 * BLOCK];
        while self.left > 0 {
            // `left` counts what was read.
            let _count = self.read(&mut buffer)?;
        }
        while self.padding > 0 {
            let most = usize::try_from(self.padding).unwrap_or(BLOCK).min(BLOCK);
            match self.pull(&mut buffer[..most])? {
                0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                count => self.padding -= count as u64,
            }
        }
        Ok(())
    }

    /// Behind the mark of the end there is nothing but zeros.
    fn rest_is_empty(&mut self) -> Result<(), Flaw> {
        let mut buffer = [0; 16 * BLOCK];
        loop {
            let count = self.pull(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            if buffer[..count].iter().any(|byte| *byte != 0) {
                return Err(Flaw::new(
                    Trouble::Changed,
                    "Something stands behind the end of the list of its members.",
                ));
            }
        }
    }

    fn pull(&mut self, buffer: &mut [u8]) -> Result<usize, Flaw> {
        let count = self.reader.read(buffer)?;
        self.bytes += count as u64;
        if self.bytes > self.limits.bytes {
            return Err(self.too_much());
        }
        Ok(count)
    }

    fn too_much(&self) -> Flaw {
        unsafe_(format!(
            "It unpacks to more than {} bytes, which is out of proportion to its size.",
            self.limits.bytes
        ))
    }
}

impl<R: Read> Read for Tarball<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let count = self.pull(&mut buffer[..most])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}

fn unsafe_(reason: impl Into<String>) -> Flaw {
    Flaw::new(Trouble::Unsafe, reason)
}

/// The start of a name: it may be a megabyte.
fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(&name[..name.len().min(200)]).into_owned()
}

fn number(text: &[u8]) -> Result<u64, Flaw> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Flaw::new(Trouble::Changed, "The size of one of its members is no number."))
}

/// A name that stays below the folder it would be unpacked to, on every system.
fn sane(name: &[u8]) -> Result<String, Flaw> {
    let refuse = |why: &str| Err(unsafe_(format!("The name of its member {:?} {why}.", shown(name))));
    let Ok(text) = std::str::from_utf8(name) else {
        return refuse("is no UTF-8");
    };
    let is_drive = text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic();
    if text.is_empty() || text.chars().any(char::is_control) {
        return refuse("is empty or has control characters");
    }
    if text.starts_with(['/', '\\']) || is_drive {
        return refuse("is an absolute path");
    }
    if text.split(['/', '\\']).any(|part| part == "..") {
        return refuse("leads outside");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        members: 100,
        bytes: 1 << 20,
    };

    fn packed(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, name, *content).expect("appended");
        }
        builder.into_inner().expect("finished")
    }

    /// One member whose header is written as told, by any name and of any type.
    fn odd(name: &[u8], kind: u8) -> Vec<u8> {
        let mut header = tar::Header::new_old();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name);
        header.as_mut_bytes()[156] = kind;
        header.set_size(0);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend([0; 1024]);
        bytes
    }

    fn walk(bytes: &[u8], limits: Limits) -> Result<Vec<(String, Vec<u8>)>, Flaw> {
        let mut tarball = Tarball::new(bytes, limits);
        let mut found = Vec::new();
        while let Some(member) = tarball.next()? {
            let mut content = Vec::new();
            tarball.read_to_end(&mut content)?;
            assert_eq!(content.len() as u64, member.size);
            found.push((member.name, content));
        }
        Ok(found)
    }

    #[test]
    fn members_are_read_whatever_the_length_of_their_names() {
        let long = format!("records/{}/ü.ndjson", "x".repeat(300));
        let members: [(&str, &[u8]); 4] = [
            ("a.json", b"{}"),
            (&long, &[7; 1000]),
            ("empty", b""),
            ("block", &[1; 512]),
        ];
        let found = walk(&packed(&members), LIMITS).expect("a tarball");
        let found: Vec<_> = found
            .iter()
            .map(|(name, content)| (name.as_str(), &content[..]))
            .collect();
        assert_eq!(found, members);
        // What is not read is passed over.
        let bytes = packed(&members);
        let mut tarball = Tarball::new(&bytes[..], LIMITS);
        while tarball.next().expect("a member").is_some() {}
        assert_eq!(
            (tarball.members, tarball.bytes),
            (5, bytes.len() as u64),
            "with the long name"
        );
    }

    #[test]
    fn a_cut_anywhere_is_seen() {
        let bytes = packed(&[("a", b"one"), ("b", &[2; 700])]);
        let end = bytes.len() - 1024;
        for length in 0..end {
            let flaw = walk(&bytes[..length], LIMITS).expect_err("cut");
            assert_eq!(flaw.trouble, Trouble::Truncated, "{length}: {}", flaw.reason);
        }
        let mut more = bytes.clone();
        more.extend(b"more");
        assert_eq!(walk(&more, LIMITS).expect_err("more").trouble, Trouble::Changed);
    }

    #[test]
    fn hostile_members_are_refused() {
        for (name, kind, trouble) in [
            (&b"/etc/passwd"[..], b'0', Trouble::Unsafe),
            (b"a/../../b", b'0', Trouble::Unsafe),
            (b"..", b'5', Trouble::Unsafe),
            (b"C:\\x", b'0', Trouble::Unsafe),
            (b"..\\x", b'0', Trouble::Unsafe),
            (b"a\nb", b'0', Trouble::Unsafe),
            (b"\xff", b'0', Trouble::Unsafe),
            (b"link", b'2', Trouble::Unsafe),
            (b"hard", b'1', Trouble::Unsafe),
            (b"pipe", b'6', Trouble::Unsafe),
        ] {
            let flaw = walk(&odd(name, kind), LIMITS).expect_err("refused");
            assert_eq!(flaw.trouble, trouble, "{name:?}: {}", flaw.reason);
        }
        assert_eq!(walk(&odd(b"fine..name/x", b'0'), LIMITS).expect("fine").len(), 1);
        let mut damaged = odd(b"name", b'0');
        damaged[0] ^= 1;
        assert_eq!(walk(&damaged, LIMITS).expect_err("damaged").trouble, Trouble::Changed);
    }

    #[test]
    fn what_is_out_of_proportion_is_not_read_to_its_end() {
        let bytes = packed(&[("a", &[0; 5000]), ("b", b""), ("c", b"")]);
        for limits in [
            Limits { bytes: 4000, ..LIMITS },
            Limits { bytes: 6000, ..LIMITS },
            Limits { members: 2, ..LIMITS },
        ] {
            assert_eq!(walk(&bytes, limits).expect_err("refused").trouble, Trouble::Unsafe);
        }
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::GNULongName);
        header.set_size(1 << 40);
        header.set_cksum();
        let flaw = walk(header.as_bytes(), LIMITS).expect_err("refused");
        assert_eq!(flaw.trouble, Trouble::Unsafe);
    }
}
