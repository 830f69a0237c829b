//! Builds for publishing let the linker fold functions whose code is the same, byte for byte, which generic code has many of.
//! Only LLD can, so it has to be asked for: `XANO_METADATA_FOLD=1`, as the Makefile does where LLD is rustc's own linker.

fn main() {
    println!("cargo::rerun-if-env-changed=XANO_METADATA_FOLD");
    if std::env::var_os("XANO_METADATA_FOLD").is_some_and(|value| value == "1") {
        println!("cargo::rustc-link-arg-cdylib=-Wl,--icf=all");
    }
}
