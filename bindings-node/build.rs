//! What a Node addon is linked with, and the folding of `bindings-python/build.rs`.

fn main() {
    napi_build::setup();
    println!("cargo::rerun-if-env-changed=XANO_METADATA_FOLD");
    if std::env::var_os("XANO_METADATA_FOLD").is_some_and(|value| value == "1") {
        println!("cargo::rustc-link-arg-cdylib=-Wl,--icf=all");
    }
}
