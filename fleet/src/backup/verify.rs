//! Looking at backups that were made before: are they still what they were?

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use xano_metadata::Error;

use super::background;
use super::check::{Contents, Form, examine};
use super::contents::Seen;
use super::flaw::{Flaw, Trouble};
use super::manifest::Manifest;
use super::names::{self, ARCHIVE, MANIFEST, PART};
use super::options::Kind;
use super::telling::Telling;
use crate::disk;
use crate::host::Host;

/// Folders in folders that are looked into.
const DEEPEST: usize = 16;

/// What came of looking.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Verification {
    /// Whether every backup is good, and there is one at least.
    pub ok: bool,
    /// What was looked at.
    pub path: PathBuf,
    /// Every file, by its name.
    pub files: Vec<Verified>,
    /// Backups that are good, those that are encrypted and could be looked at from outside only included.
    pub good: usize,
    /// Backups that are not.
    pub bad: usize,
    /// Files that are no backups.
    pub stray: usize,
    /// Seconds that it took.
    pub seconds: f64,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Verified {
    /// The file; the manifest where there is only that.
    pub path: PathBuf,
    /// How it is.
    pub state: State,
    /// What is wrong, for programs.
    pub trouble: Option<Trouble>,
    /// What is wrong, or what was not looked at, as a sentence.
    pub reason: Option<String>,
    /// Its manifest, where it has one that reads.
    pub manifest: Option<Manifest>,
}

/// How a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is what was stored, and reads to its end.
    Good,
    /// It is what was stored, byte for byte; it is encrypted, so nothing else was looked at.
    Encrypted,
    /// It is no good backup.
    Bad,
    /// It is no backup at all, or one that was never finished.
    Stray,
}

/// Looks at every backup in a folder and in the folders in it, or at a single one: against its manifest (size, hash, members),
/// and inside of it (the gzip stream to its trailer, the archive to its end, every row of a logical backup). Nothing is
/// changed, and nothing is sent. With the password, logical backups that are encrypted are looked into as well.
///
/// # Errors
/// `config_error` when there is nothing at `path`, or the folder cannot be read. What is wrong with a backup is no error but in
/// the report.
pub async fn verify(path: &Path, password: Option<&str>, host: &dyn Host) -> Result<Verification, Error> {
    let began = Instant::now();
    let asked = path.to_owned();
    let mut files = Vec::new();
    let candidates = background(move || candidates(&asked)).await?;
    let total = candidates.len() as u64;
    let mut telling = Telling::new(host, path.display().to_string(), "files");
    for candidate in candidates {
        let password = password.map(str::to_owned);
        files.push(background(move || Ok(candidate.look(password.as_deref()))).await?);
        telling.at(files.len() as u64, Some(total));
    }
    telling.end(total, Some(total));
    let count = |states: &[State]| files.iter().filter(|file| states.contains(&file.state)).count();
    let (good, bad) = (count(&[State::Good, State::Encrypted]), count(&[State::Bad]));
    Ok(Verification {
        ok: bad == 0 && good > 0,
        path: path.to_owned(),
        good,
        bad,
        stray: count(&[State::Stray]),
        files,
        seconds: began.elapsed().as_secs_f64(),
    })
}

/// Looks at one backup, by its file.
pub(crate) fn look(file: &Path, password: Option<&str>) -> Verified {
    Candidate::Backup(file.to_owned()).look(password)
}

/// Something to look at.
enum Candidate {
    /// The file of a backup, which may or may not have a manifest.
    Backup(PathBuf),
    /// JSON without a file beside it.
    Lonely(PathBuf),
    /// Something else, with a sentence.
    Stray(PathBuf, &'static str),
}

fn candidates(path: &Path) -> Result<Vec<Candidate>, Error> {
    let refuse = |cause: std::io::Error| disk::cannot("read", path, &cause);
    if !fs::metadata(path).map_err(refuse)?.is_dir() {
        let file = if names::ends(path, MANIFEST) {
            names::archive_of(path)
        } else {
            path.to_owned()
        };
        return Ok(vec![Candidate::Backup(file)]);
    }
    let mut found = BTreeSet::new();
    let mut strays = Vec::new();
    collect(path, 0, &mut found, &mut strays)?;
    let mut candidates: Vec<Candidate> = Vec::new();
    for file in &found {
        if names::ends(file, ARCHIVE) {
            candidates.push(Candidate::Backup(file.clone()));
        } else if names::ends(file, PART) {
            let why = "It was never finished: what made it was killed, or is still at it.";
            candidates.push(Candidate::Stray(file.clone(), why));
        } else if !names::ends(file, MANIFEST) {
            candidates.push(Candidate::Stray(file.clone(), "It is no backup."));
        } else if !found.contains(&names::archive_of(file)) {
            candidates.push(Candidate::Lonely(file.clone()));
        }
    }
    candidates.extend(strays);
    Ok(candidates)
}

fn collect(
    folder: &Path,
    depth: usize,
    found: &mut BTreeSet<PathBuf>,
    strays: &mut Vec<Candidate>,
) -> Result<(), Error> {
    let refuse = |cause: std::io::Error| disk::cannot("read", folder, &cause);
    for entry in fs::read_dir(folder).map_err(refuse)? {
        let entry = entry.map_err(refuse)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(refuse)?);
        if kind.is_file() {
            found.insert(path);
        } else if kind.is_dir() && names::ends(&path, PART) {
            let why = "It was never finished: what made it was killed, or is still at it.";
            strays.push(Candidate::Stray(path, why));
        } else if kind.is_dir() && depth < DEEPEST {
            collect(&path, depth + 1, found, strays)?;
        } else {
            strays.push(Candidate::Stray(
                path,
                "It is neither a file nor a folder to look into.",
            ));
        }
    }
    Ok(())
}

impl Candidate {
    fn look(self, password: Option<&str>) -> Verified {
        match self {
            Self::Backup(file) => backup(file, password),
            Self::Stray(path, why) => Verified {
                path,
                state: State::Stray,
                trouble: None,
                reason: Some(why.to_owned()),
                manifest: None,
            },
            Self::Lonely(path) => match Manifest::read(&path) {
                Ok(None) => Self::Stray(path, "It is no backup.").look(password),
                Ok(Some(manifest)) => {
                    let flaw = Flaw::new(
                        Trouble::FileMissing,
                        format!("Its file {} is not there.", manifest.file),
                    );
                    bad(path, flaw, Some(manifest))
                }
                Err(flaw) => bad(path, flaw, None),
            },
        }
    }
}

fn bad(path: PathBuf, flaw: Flaw, manifest: Option<Manifest>) -> Verified {
    Verified {
        path,
        state: State::Bad,
        trouble: Some(flaw.trouble),
        reason: Some(flaw.reason),
        manifest,
    }
}

fn backup(file: PathBuf, password: Option<&str>) -> Verified {
    let place = names::manifest_of(&file);
    let manifest = match Manifest::read(&place) {
        Ok(Some(manifest)) => manifest,
        Ok(None) => {
            let reason = format!("{} beside it is no manifest.", place.display());
            return bad(file, Flaw::new(Trouble::ManifestDamaged, reason), None);
        }
        Err(flaw) if place.exists() => return bad(file, flaw, None),
        Err(_) => {
            let flaw = Flaw::new(Trouble::ManifestMissing, unvouched(&file));
            return bad(file, flaw, None);
        }
    };
    match check(&file, &manifest, password) {
        Ok(state) => Verified {
            path: file,
            state,
            trouble: None,
            reason: (state == State::Encrypted)
                .then(|| "It is encrypted: only its size and its hash were checked.".to_owned()),
            manifest: Some(manifest),
        },
        Err(flaw) => bad(file, flaw, Some(manifest)),
    }
}

/// What a file looks like that has no manifest.
fn unvouched(file: &Path) -> String {
    let seems = match examine(file, None, &mut |_, _| Ok(())).map(|examined| examined.form) {
        Ok(Form::Archive(_)) => {
            "It reads like an archive to its end, but whether it is what was stored nobody knows.".to_owned()
        }
        Ok(Form::SealedHere) => "It is encrypted.".to_owned(),
        Ok(Form::Opaque) => "It is encrypted, or no archive.".to_owned(),
        Ok(Form::Flawed(flaw)) | Err(flaw) => flaw.reason,
    };
    format!("It has no manifest, so it was never finished or is not of this program. {seems}")
}

/// A file against its manifest.
fn check(file: &Path, manifest: &Manifest, password: Option<&str>) -> Result<State, Flaw> {
    if !file.exists() {
        return Err(Flaw::new(
            Trouble::FileMissing,
            "It is not there; only its manifest is.",
        ));
    }
    let mut seen = Seen::default();
    let logical = manifest.kind == Kind::Logical;
    let examined = examine(file, password, &mut |member, content| {
        if logical { seen.visit(member, content) } else { Ok(()) }
    })?;
    if (examined.size, examined.sha256.as_str()) != (manifest.size, manifest.sha256.as_str()) {
        return Err(difference(examined.size, examined.form, manifest));
    }
    match examined.form {
        Form::Archive(contents) => {
            same_members(&contents, manifest)?;
            if logical {
                seen.agree(manifest)?;
            }
            Ok(State::Good)
        }
        Form::SealedHere | Form::Opaque if manifest.encrypted => Ok(State::Encrypted),
        // Encrypted bytes may begin like anything.
        Form::Flawed(_) if manifest.encrypted && !logical => Ok(State::Encrypted),
        Form::Flawed(flaw) => Err(flaw),
        Form::SealedHere | Form::Opaque => Err(encrypted()),
    }
}

fn encrypted() -> Flaw {
    Flaw::new(
        Trouble::Encrypted,
        "It is encrypted, or nothing that can be recognised; its manifest speaks of a plain archive.",
    )
}

/// What happened to a file that is not what was stored.
fn difference(size: u64, form: Form, manifest: &Manifest) -> Flaw {
    let stored = manifest.size;
    match form {
        Form::Flawed(flaw) if flaw.trouble == Trouble::NotAnArchive && size != stored => flaw,
        Form::Opaque | Form::SealedHere if !manifest.encrypted && size != stored => encrypted(),
        _ if size < stored => Flaw::new(
            Trouble::Truncated,
            format!("It was cut: {size} of {stored} bytes are left."),
        ),
        _ if size > stored => Flaw::new(
            Trouble::Changed,
            format!("It has {size} bytes, but {stored} were stored."),
        ),
        _ => Flaw::new(
            Trouble::Changed,
            "It was changed: its bytes are not those that were stored (sha256).",
        ),
    }
}

fn same_members(contents: &Contents, manifest: &Manifest) -> Result<(), Flaw> {
    let same = manifest.members.as_ref().is_some_and(|members| {
        (members.count, members.bytes, &members.sha256) == (contents.members, contents.bytes, &contents.listing)
    });
    if same {
        Ok(())
    } else {
        Err(Flaw::new(
            Trouble::Contents,
            "Its members are not those that its manifest lists.",
        ))
    }
}
