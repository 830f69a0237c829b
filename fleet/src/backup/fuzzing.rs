//! Doors to the decoders of backups, for the fuzz targets; only there when the feature `fuzzing` is on.
#![allow(
    missing_docs,
    reason = "nobody but fuzz/ comes in here, and what must hold is said there"
)]

use super::Manifest;
use super::check::{self, Form};

/// Whether it is a good archive, or the sentence that says why not; and the members seen on the way, with their content.
pub type Walked = (Result<u64, String>, Vec<(String, u64, Vec<u8>)>);

/// Walks an archive. `plain` is tar that is not packed.
pub fn archive(bytes: &[u8], plain: bool) -> Walked {
    let (form, seen) = check::in_memory(bytes, plain, "password");
    let outcome = match form {
        Form::Archive(contents) => Ok(contents.members),
        Form::Flawed(flaw) => Err(flaw.reason),
        Form::SealedHere | Form::Opaque => Err("It is not looked into.".to_owned()),
    };
    let seen = seen
        .into_iter()
        .map(|(member, content)| (member.name, member.size, content));
    (outcome, seen.collect())
}

/// The file that a manifest speaks of.
pub fn manifest(text: &[u8]) -> Result<Option<String>, String> {
    let manifest = Manifest::understand(text).map_err(|flaw| flaw.reason)?;
    Ok(manifest.map(|manifest| manifest.file))
}
