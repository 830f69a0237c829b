//! One seed with the Rust face, so that a plain `cargo test` meets every kind of fault; `make chaos` drives all faces.

use std::process::Command;

#[test]
fn the_rust_face_keeps_its_promises_under_every_kind_of_fault() {
    let run = Command::new(env!("CARGO_BIN_EXE_xano-chaos"))
        .args(["--seed", "1", "--face", "rust"])
        .output()
        .expect("it runs");
    let line = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{line}{}", String::from_utf8_lossy(&run.stderr));
    let tally: serde_json::Value = serde_json::from_str(&line).expect("one line of JSON");
    // Not by doing nothing.
    let count = |name: &str| tally[name].as_u64().expect("a number");
    assert!(
        count("faults") > count("cases") && count("recovered") > count("cases") / 2,
        "{line}"
    );
    assert!(count("in_doubt") > 0 && count("surfaced") > count("in_doubt"), "{line}");
}
