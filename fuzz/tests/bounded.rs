//! Every target on its kept corpus, on inputs that are deeper or longer than anything sane, and on seeded mutations.

use std::panic::catch_unwind;

use fastrand::Rng;
use xano_metadata_fuzz::mutate::mutate;
use xano_metadata_fuzz::{TARGETS, Target};

/// As deep as servers that mean harm send it; a parser that calls itself ends here.
const DEPTH: usize = 100_000;

/// A thread of ours has no more, and a program's main thread on some systems has this much.
const STACK: usize = 1 << 20;

/// Runs `input` and tells what to keep when it fails.
fn run(target: &Target, input: &[u8], what: &str) {
    let run = target.run;
    if catch_unwind(|| run(input)).is_err() {
        let hex = input
            .iter()
            .take(2000)
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        panic!(
            "{} fails on {what}. Keep this input as fuzz/corpus/{}/NAME and mend the cause. In hex: {hex}\nAs text: {:?}",
            target.name,
            target.name,
            String::from_utf8_lossy(&input[..input.len().min(2000)])
        );
    }
}

fn deep() -> Vec<(String, Vec<u8>)> {
    let bare = [
        ("lists", "[".repeat(DEPTH)),
        ("closed lists", format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH))),
        ("objects", "{\"a\":".repeat(DEPTH)),
        (
            "closed objects",
            format!("{}1{}", "{\"a\":".repeat(DEPTH), "}".repeat(DEPTH)),
        ),
        (
            "lists in a page",
            format!("{{\"items\":[{}{}]}}", "[".repeat(DEPTH), "]".repeat(DEPTH)),
        ),
        (
            "lists in a record",
            format!("[{{\"id\":1,\"any\":{}{}}}]", "[".repeat(DEPTH), "]".repeat(DEPTH)),
        ),
        (
            "lists in a row",
            format!("{{\"any\":{}{}}}", "[".repeat(DEPTH), "]".repeat(DEPTH)),
        ),
        (
            "objects in a row",
            format!(
                "{{\"box\":{{\"deep\":{}1{}}}}}",
                "{\"a\":".repeat(DEPTH),
                "}".repeat(DEPTH)
            ),
        ),
        (
            "lists in a cell",
            format!("any\n\"{}{}\"\n", "[".repeat(DEPTH), "]".repeat(DEPTH)),
        ),
        ("lists in YAML", "- ".repeat(DEPTH)),
        ("maps in YAML", "{a: ".repeat(DEPTH)),
        ("quotation marks", "\"".repeat(DEPTH)),
        ("backslashes", format!("\"{}", "\\".repeat(DEPTH))),
        ("digits", "9".repeat(DEPTH)),
        ("commas", ",".repeat(DEPTH)),
        ("blanks", " ".repeat(DEPTH)),
        ("line ends", "\n".repeat(DEPTH)),
        ("dots", "../".repeat(DEPTH)),
        ("tags", "<".repeat(DEPTH)),
        (
            "aliases",
            "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: &d [*c,*c]\n".repeat(500),
        ),
    ];
    // Some targets read their first byte as a choice.
    bare.into_iter()
        .flat_map(|(name, text)| {
            let chosen = [&[0xff], text.as_bytes()].concat();
            [
                (format!("{name}, chosen"), chosen),
                (name.to_owned(), text.into_bytes()),
            ]
        })
        .collect()
}

fn bounded(name: &str) {
    let target = Target::named(name).expect("a target");
    let corpus = target.corpus();
    for (name, input) in &corpus {
        run(target, input, name);
    }
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        for (name, input) in deep() {
            run(target, &input, &name);
        }
    });
    assert!(thread.expect("a thread").join().is_ok(), "see above");
    let inputs: Vec<Vec<u8>> = corpus.into_iter().map(|(_, input)| input).collect();
    let mut rng = Rng::with_seed(name.bytes().fold(7, |seed, byte| seed * 31 + u64::from(byte)));
    for number in 0..target.mutations {
        run(target, &mutate(&inputs, &mut rng), &format!("mutation {number}"));
    }
}

/// A test for each target, so that they run side by side and a failure names its own.
macro_rules! bounded {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() { bounded(stringify!($name)); })*

        #[test]
        fn every_target_is_run() {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

bounded!(
    answers,
    archive,
    arrow,
    base_url,
    checkpoint,
    credentials,
    csv,
    export,
    jwt,
    manifest,
    models,
    ndjson,
    page,
    raw_path,
    refusal,
    requests,
    retry_after,
    rows,
    search,
    spelling,
);
