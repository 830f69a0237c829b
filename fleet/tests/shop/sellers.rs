//! Many sellers at once, while buyers install, strangers install with tokens that nobody bought, and answers get lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use xano_fleet::shop::{ErrandFilter, ErrandKind, ErrandState, Ledger as _, Moment, SaleState, TokenState, Wish};

use crate::stand::{Stand, key};

const SELLERS: usize = 8;
const SALES: usize = 500;
/// Payments whose message comes twice, to two sellers.
const TWICE: usize = 100;
const AHEAD: usize = 250;
const INSTALLS: i64 = 7;

/// What goes wrong: answers that never come although the server did it, requests that it never saw, gateways.
fn spoil(stand: &Stand, seed: u64) {
    let token = "/snippet/*/token";
    stand.fault(&json!([
        {"kind": "reset_after", "method": "POST", "path": token, "probability": 0.06, "seed": seed},
        {"kind": "cut_body", "method": "POST", "path": token, "probability": 0.04, "seed": seed + 1},
        {"kind": "reset", "method": "POST", "path": token, "probability": 0.04, "seed": seed + 2},
        {"kind": "html", "method": "POST", "path": token, "probability": 0.03, "seed": seed + 3},
        {"kind": "status", "status": 503, "method": "GET", "path": token, "probability": 0.03, "seed": seed + 4},
        {"kind": "cut_body", "method": "GET", "path": token, "probability": 0.03, "seed": seed + 5},
        {"kind": "reset", "method": "GET", "path": token, "probability": 0.02, "seed": seed + 6},
    ]));
}

/// Sells until it works: what a shop does that is told of a payment again until it says that it heard.
fn seller(stand: &Stand, orders: &[usize], tries: &AtomicU64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let shop = stand.shop();
    for order in orders {
        loop {
            tries.fetch_add(1, Ordering::Relaxed);
            let wish = Wish::new("team", format!("buyer-{order}")).for_order(format!("order-{order}"));
            match runtime.block_on(shop.sell(wish)) {
                Ok(_) => break,
                Err(error) => assert_ne!(error.code(), "refused", "{error}"),
            }
        }
    }
}

/// Buyers use what they bought; strangers use what nobody has bought yet. What strangers did, and when it was done.
fn installers(stand: &Stand, over: &AtomicBool) -> (u64, BTreeMap<String, Moment>) {
    let mut bought = 0;
    let mut stolen = BTreeMap::new();
    while !over.load(Ordering::Relaxed) {
        for sale in stand.sales(SaleState::Sold) {
            if fastrand::u8(..) < 8 {
                bought += u64::from(stand.install(&key(&sale)));
            }
        }
        let ready = stand.tokens(TokenState::Ready);
        if !ready.is_empty() && stolen.len() < 60 {
            let token = ready[fastrand::usize(..ready.len())].key.reveal().to_owned();
            if stand.install(&token) {
                stolen.entry(token).or_insert_with(Moment::now);
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
    (bought, stolen)
}

#[test]
fn eight_sellers_sell_five_hundred_and_no_token_twice() {
    let stand = Stand::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let shop = stand.shop();
    runtime.block_on(async {
        let tier = xano_fleet::shop::Tier::new("team", crate::stand::SNIPPET, INSTALLS);
        shop.tier(tier).await.expect("a tier");
        assert!(shop.issue("team", AHEAD).await.expect("tokens").ok);
    });
    stand.forget_requests();
    let seed = fastrand::u64(..1 << 40);
    spoil(&stand, seed);

    let begun = Instant::now();
    let (over, tries) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut orders: Vec<usize> = (0..SALES).chain(0..TWICE).collect();
    fastrand::shuffle(&mut orders);
    let (bought, stolen) = thread::scope(|scope| {
        let installing = scope.spawn(|| installers(&stand, &over));
        let sellers: Vec<_> = orders
            .chunks(orders.len().div_ceil(SELLERS))
            .map(|orders| scope.spawn(|| seller(&stand, orders, &tries)))
            .collect();
        assert_eq!(sellers.len(), SELLERS);
        let ended: Vec<_> = sellers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        over.store(true, Ordering::Relaxed);
        let installed = installing.join().expect("installers");
        assert!(ended.iter().all(Result::is_ok), "seed {seed}");
        installed
    });
    let took = begun.elapsed();

    stand.no_faults();
    let report = runtime.block_on(shop.reconcile(true)).expect("a report");
    assert!(report.ok && report.notes.is_empty(), "seed {seed}: {report:?}");
    let server = runtime.block_on(stand.on_server());
    let sales = stand.sales(SaleState::Sold);
    let orders: BTreeSet<_> = sales.iter().filter_map(|sale| sale.order.clone()).collect();
    let tokens: BTreeSet<_> = sales.iter().map(key).collect();
    assert_eq!(
        (sales.len(), orders.len()),
        (SALES, SALES),
        "seed {seed}: every order is one sale"
    );
    assert_eq!(tokens.len(), SALES, "seed {seed}: no token is sold twice");
    for sale in &sales {
        let counts = server
            .get(&key(sale))
            .unwrap_or_else(|| panic!("seed {seed}: {} was sold and is not there", sale.id));
        assert_eq!(counts.0, INSTALLS, "seed {seed}");
        assert!(counts.1 <= INSTALLS, "seed {seed}: oversold");
        assert_eq!(
            Some(sale.buyer.as_str()),
            sale.order.as_deref().map(|o| o.replace("order", "buyer")).as_deref()
        );
        let stranger = stolen.get(&key(sale));
        assert!(
            stranger.is_none_or(|at| sale.checked_at.is_some_and(|checked| checked <= *at)),
            "seed {seed}: {} was sold although a stranger had used it",
            sale.id
        );
    }
    let mut known: BTreeSet<String> = BTreeSet::new();
    for state in [TokenState::Ready, TokenState::Sold, TokenState::SetAside] {
        known.extend(stand.tokens(state).iter().map(|token| token.key.reveal().to_owned()));
    }
    assert_eq!(
        known,
        server.into_keys().collect(),
        "seed {seed}: the ledger knows every token, and no other"
    );
    assert!(stand.tokens(TokenState::Reserved).is_empty() && stand.sales(SaleState::Pending).is_empty());
    assert!(
        stand.tokens(TokenState::Foreign).is_empty(),
        "seed {seed}: a token of the shop's was taken for another's"
    );
    let errands = stand.ledger().errands(&ErrandFilter::default()).expect("errands");
    let count = |state| {
        errands
            .iter()
            .filter(|e| e.kind == ErrandKind::Issue && e.state == state)
            .count()
    };
    assert_eq!(
        count(ErrandState::Done),
        known.len(),
        "seed {seed}: each token was made for one errand"
    );
    println!(
        "{SELLERS} sellers, {SALES} sales in {took:.1?}: {} tries, {} tokens made, {} answers lost for good, {} found again at the end; \
         {bought} installs by buyers, {} tokens used by strangers, {} of them set aside",
        tries.load(Ordering::Relaxed),
        known.len(),
        count(ErrandState::Lost),
        report.found,
        stolen.len(),
        stand.tokens(TokenState::SetAside).len(),
    );
}
