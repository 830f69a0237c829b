//! One body for each decoder: given any bytes, it asserts what must hold, not only that nothing panics.
//!
//! A body is a function of bytes, so that the same one serves everybody: `cargo test` replays the kept corpus and
//! thousands of seeded mutations of it, libFuzzer runs it for as long as one likes (`make fuzz`), and an input that once
//! broke something stays in `corpus/NAME/` and is tried again for ever.

mod input;
pub mod mutate;
mod targets;

use std::path::PathBuf;

/// A decoder with what must hold for it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of the folder with its corpus.
    pub name: &'static str,
    /// Runs it on some bytes; panics when something does not hold.
    pub run: fn(&[u8]),
    /// Mutations that `cargo test` tries: a second or two in a debug build.
    pub mutations: u32,
}

/// Every decoder.
pub const TARGETS: &[Target] = &[
    target("answers", targets::answers::answers, 3_000),
    target("archive", targets::archives::archive, 1_500),
    target("arrow", targets::records::arrow, 2_000),
    target("base_url", targets::urls::base_url, 2_000),
    target("checkpoint", targets::records::checkpoint, 2_000),
    target("credentials", targets::secrets::credentials, 1_500),
    target("csv", targets::records::csv, 2_000),
    target("export", targets::records::export, 2_000),
    target("jwt", targets::secrets::jwt, 5_000),
    target("manifest", targets::archives::manifest, 2_000),
    target("models", targets::models::models, 150),
    target("ndjson", targets::records::ndjson, 3_000),
    target("page", targets::answers::page, 3_000),
    target("raw_path", targets::urls::raw_path, 3_000),
    target("refusal", targets::answers::refusal, 2_000),
    target("requests", targets::urls::requests, 3_000),
    target("retry_after", targets::answers::retry_after, 5_000),
    target("rows", targets::records::rows, 2_000),
    target("search", targets::answers::search, 3_000),
    target("spelling", targets::records::spelling, 3_000),
];

const fn target(name: &'static str, run: fn(&[u8]), mutations: u32) -> Target {
    Target { name, run, mutations }
}

impl Target {
    /// The decoder with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// The folder of its kept inputs.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(self.name)
    }

    /// Its kept inputs with their names, in the order of the names.
    ///
    /// # Panics
    /// When there are none, or they cannot be read: a target without a corpus would test next to nothing.
    #[must_use]
    pub fn corpus(&self) -> Vec<(String, Vec<u8>)> {
        let folder = self.folder();
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|cause| panic!("{}: {cause}", folder.display()));
        let mut inputs: Vec<(String, Vec<u8>)> = entries
            .map(|entry| {
                let path = entry.expect("an entry").path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                (name, std::fs::read(&path).expect("a kept input"))
            })
            .collect();
        assert!(!inputs.is_empty(), "{} is empty", folder.display());
        inputs.sort();
        inputs
    }
}
