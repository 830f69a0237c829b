//! One program for all targets, so that the instrumented engine is linked once. XANO_FUZZ_TARGET says which.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use xano_metadata_fuzz::{TARGETS, Target};

fn target() -> &'static Target {
    static CHOSEN: OnceLock<&'static Target> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let name = std::env::var("XANO_FUZZ_TARGET").unwrap_or_default();
        Target::named(&name).unwrap_or_else(|| {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            panic!("XANO_FUZZ_TARGET has to be one of {}", names.join(", "))
        })
    })
}

fuzz_target!(|bytes: &[u8]| (target().run)(bytes));
