//! Whole walks over tables that exist in memory only.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

type Ids = BTreeSet<i64>;

/// What a server answers for a span.
fn answer(table: &Ids, span: Span, page: u64) -> (Vec<i64>, Seen) {
    let id = |bound: i128| i64::try_from(bound.clamp(i64::MIN.into(), i64::MAX.into())).expect("an id");
    let inside = || table.range(id(span.after + 1)..=id(span.before - 1)).copied();
    let most = usize::try_from(page).expect("a page");
    let rows: Vec<i64> = inside().take(most).collect();
    let seen = Seen {
        count: rows.len() as u64,
        first: rows.first().copied().map_or(0, i128::from),
        last: rows.last().copied().map_or(0, i128::from),
        total: Some(inside().count() as u64),
        whole: rows.len() < most || rows.last().copied().map(i128::from) == Some(span.before - 1),
    };
    (rows, seen)
}

/// Walks the table as the reader does; the ids in their order, and how many requests it took. `meanwhile` changes the table
/// whenever a request is sent.
fn walk(table: &mut Ids, page: u64, prefetch: usize, mut meanwhile: impl FnMut(&mut Ids)) -> (Vec<i64>, u64) {
    let everything = Span {
        after: i128::from(i64::MIN) - 1,
        before: i128::from(i64::MAX) + 1,
    };
    let (mut ids, first) = answer(table, everything, page);
    if first.whole {
        return (ids, 1);
    }
    meanwhile(table);
    let Some(max) = table.last().copied() else {
        return (ids, 2);
    };
    let mut requests = 2;
    let mut route = Route::new(page);
    let known = Span {
        after: everything.after,
        before: i128::from(max) + 1,
    };
    route.learn(known, first);
    loop {
        route.fill(prefetch, |span| {
            requests += 1;
            meanwhile(table);
            let (mut rows, seen) = answer(table, span, page);
            let Some(rest) = seen.little_left(span, page) else {
                return (rows, seen);
            };
            requests += 1;
            meanwhile(table);
            let (more, also) = answer(table, rest, page);
            rows.extend(more);
            (rows, seen.and(also))
        });
        let Some((span, (rows, seen))) = route.head() else {
            return (ids, requests);
        };
        ids.append(rows);
        let seen = *seen;
        route.pass(span, seen);
    }
}

/// A table without changes: the requests needed.
fn requests(ids: impl IntoIterator<Item = i64>, page: u64) -> u64 {
    let mut table: Ids = ids.into_iter().collect();
    let (seen, requests) = walk(&mut table, page, 12, |_| {});
    assert!(seen.iter().eq(table.iter()), "every id once, in order");
    requests
}

#[test]
fn tables_take_about_a_request_for_each_page() {
    assert_eq!(requests([], 1000), 1);
    assert_eq!(requests([7], 1000), 1);
    assert_eq!(requests(1..=999, 1000), 1);
    // A full page does not say that it is the last one.
    assert_eq!(requests(1..=1000, 1000), 2);
    assert_eq!(requests(1..=1001, 1000), 3);
    assert_eq!(requests(1..=100_000, 1000), 101);
    let regular = requests((1..=100_000).map(|id| id * 7 - 300_000), 1000);
    assert!((101..=110).contains(&regular), "{regular}");
    // One row in ten is gone.
    let mut random = fastrand::Rng::with_seed(1);
    let gaps = requests((1..=100_000).filter(|_| random.u8(..10) > 0), 1000);
    assert!((91..=97).contains(&gaps), "{gaps}");
    // One is left in a hundred.
    let sparse = requests((1..=10_000_000).filter(|_| random.u8(..100) == 0), 1000);
    assert!((101..=115).contains(&sparse), "{sparse}");
}

#[test]
fn ids_at_the_edges_of_their_type_are_walked() {
    let edges = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
    for page in 1..=8 {
        requests(edges, page);
    }
    assert_eq!(requests((0..10).map(|n| n * 1_000_000_000_000), 1000), 1);
}

#[test]
fn a_gap_costs_no_more_than_what_was_under_way() {
    // Dense, a gap of 10^12, dense again: 40 pages.
    let two = requests((1..=20_000).chain(1_000_000_000_001..=1_000_000_020_000), 1000);
    assert!(two <= 41 + 2 * 14, "{two}");
    // Sparse, then dense.
    let after = requests(
        (1..=10_000)
            .map(|n| n * 100_000_000)
            .chain(2_000_000_000_000..2_000_000_050_000),
        1000,
    );
    assert!(after <= 61 + 2 * 14, "{after}");
    // Ten islands of ten pages each.
    let islands = requests(
        (0..10).flat_map(|n| (0..10_000).map(move |id| n * 1_000_000_000 + id)),
        1000,
    );
    assert!(islands <= 101 + 10 * 14, "{islands}");
}

/// Islands of ids with steps between them.
fn tables() -> impl Strategy<Value = Vec<(i64, u16, u32)>> {
    let start = prop_oneof![any::<i64>(), -5_000..5_000_i64, -5_000_000..5_000_000_i64];
    prop::collection::vec((start, 0..300_u16, prop_oneof![Just(1), 1..20_u32, any::<u32>()]), 0..6)
}

fn ids(islands: &[(i64, u16, u32)]) -> Ids {
    islands
        .iter()
        .flat_map(|(start, count, step)| {
            (0..i64::from(*count)).filter_map(move |n| start.checked_add(n * i64::from(*step)))
        })
        .collect()
}

proptest! {
    #[test]
    fn every_id_comes_once_and_requests_are_bounded(
        islands in tables(), page in 1..100_u64, prefetch in 1..16_usize,
    ) {
        let mut table = ids(&islands);
        let (seen, requests) = walk(&mut table, page, prefetch, |_| {});
        prop_assert!(seen.iter().eq(table.iter()));
        let pages = table.len() as u64 / page + 1;
        let gaps = islands.len() as u64 + 1;
        prop_assert!(
            requests <= 2 + 3 * pages + gaps * (prefetch as u64 + 4),
            "{requests} requests for {pages} pages, {gaps} gaps, {prefetch} ahead"
        );
    }

    #[test]
    fn what_stays_comes_once_whatever_changes(
        islands in tables(), page in 1..60_u64, prefetch in 1..16_usize, seed in any::<u64>(),
    ) {
        let mut table = ids(&islands);
        let mut random = fastrand::Rng::with_seed(seed);
        // Every third id is deleted at some time; others come in anywhere.
        let stays: Ids = table.iter().copied().filter(|id| id.rem_euclid(3) > 0).collect();
        let (seen, _) = walk(&mut table, page, prefetch, |table| {
            for _ in 0..5 {
                let near = random.i64(-5_000..5_000) / 3 * 3;
                table.insert(near);
                let from = random.i64(..);
                if let Some(gone) = table.range(from..).find(|id| id.rem_euclid(3) == 0).copied() {
                    table.remove(&gone);
                }
                if let Some(last) = table.last().copied().filter(|id| id.rem_euclid(3) == 0) {
                    table.remove(&last);
                }
            }
        });
        prop_assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "in order, none twice");
        prop_assert!(stays.iter().all(|id| seen.binary_search(id).is_ok()), "none missed");
    }
}
