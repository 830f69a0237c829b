//! Rows that follow from their numbers, so that two processes agree on them.

use serde_json::{Value, json};
use xano_metadata::records::Rows;

/// What row `number` holds. Every column that a load can compare, with unicode, nulls, decimals and numbers beyond 2^53.
#[must_use]
pub fn row(number: u64) -> Value {
    const NAMES: [&str; 5] = ["Čaj", "ice cream", "", "日本 – \"tea\"", "a\\b\n"];
    let mut random = fastrand::Rng::with_seed(number);
    json!({
        "sku": sku(number),
        "name": NAMES[random.usize(..NAMES.len())],
        "price": f64::from(random.u32(..100_000)) / 100.0,
        "stock": random.i64(..),
        "open": random.bool(),
        "note": if random.bool() { json!(null) } else { json!(random.u8(..)) },
        "sold_at": random.i64(0..4_000_000_000_000),
        "tags": (0..random.usize(..4)).map(|_| random.u8(..).to_string()).collect::<Vec<_>>(),
    })
}

/// The unique column.
#[must_use]
pub fn sku(number: u64) -> String {
    format!("sku-{number:07}")
}

/// Rows as a load takes them, in chunks; `make` says what a row becomes.
pub fn chunks(numbers: impl Iterator<Item = u64>, make: impl Fn(u64) -> Value) -> impl Iterator<Item = Rows> {
    let mut numbers = numbers.peekable();
    std::iter::from_fn(move || {
        numbers.peek()?;
        let mut rows = Rows::new();
        for number in numbers.by_ref().take(300) {
            rows.push(make(number).to_string().as_bytes());
        }
        Some(rows)
    })
}
