//! One sale at a time: what is handed out, what is not, and what an error leaves.

use std::time::Duration;

use serde_json::json;
use xano_fleet::shop::{SaleFilter, SaleState, Tier, TokenState, Wish};
use xano_metadata::ErrorKind;

use crate::stand::{SNIPPET, Stand, key};

fn wish(order: &str) -> Wish {
    Wish::new("team", "ada@example.com").for_order(order)
}

#[tokio::test]
async fn a_sale_is_recorded_and_its_buyer_told() {
    let (stand, shop) = Stand::with_tier().await;
    let mut tier = Tier::new("team", SNIPPET, 7);
    (tier.price, tier.price_minor) = (Some("29 EUR".into()), Some(2900));
    shop.tier(tier).await.expect("a tier");
    shop.issue("team", 1).await.expect("a token");
    let sold = shop.sell(wish("invoice-1")).await.expect("a sale");
    let token = key(&sold.sale);
    assert!(!sold.again);
    assert_eq!(stand.on_server().await.get(&token), Some(&(7, 0)));
    assert_eq!(
        sold.instructions,
        format!(
            "Hello ada@example.com,\nthank you for buying \"Mailer\" (team, installs: 7).\n1. Open https://www.xano.com/snippet/{SNIPPET}\n\
             2. Choose \"Install\" and paste this token: {token}\n\
             Whoever has the token can use up its installs, so keep it to yourself.\n"
        )
    );
    let known = shop.sale("invoice-1").await.expect("the sale");
    assert_eq!(
        (known.state, key(&known), known.price_minor),
        (SaleState::Sold, token, Some(2900))
    );
    assert!(known.checked_at.is_some() && known.sold_at >= known.checked_at);
    assert_eq!(shop.sale(&known.id).await.expect("by its id"), known);
    let states: Vec<String> = shop
        .journal(Some(&known.id))
        .await
        .expect("a journal")
        .iter()
        .map(|e| format!("{} {}", e.about, e.state))
        .collect();
    assert_eq!(
        states,
        [
            "sale pending",
            "token reserved",
            "sale pending",
            "token sold",
            "sale sold"
        ]
    );
}

#[tokio::test]
async fn the_same_order_is_the_same_sale() {
    let (stand, shop) = Stand::with_tier().await;
    let first = shop.sell(wish("invoice-1")).await.expect("a sale");
    let again = shop.sell(wish("invoice-1")).await.expect("the same");
    assert_eq!(
        (again.again, &again.sale, &again.instructions),
        (true, &first.sale, &first.instructions)
    );
    let other = shop.sell(wish("invoice-2")).await.expect("another");
    assert_ne!(key(&other.sale), key(&first.sale));
    let error = shop
        .sell(Wish::new("team", "eve@example.com").for_order("invoice-1"))
        .await
        .expect_err("hers is another");
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("belongs to the sale"), "{error}");
    assert_eq!(stand.on_server().await.len(), 2);
}

/// Two deliveries of one payment, at once: whoever is second waits for the first.
#[tokio::test]
async fn the_same_order_at_the_same_time_is_sold_once() {
    let (stand, _) = Stand::with_tier().await;
    let sales = (0..6).map(|_| {
        let shop = stand.shop();
        tokio::spawn(async move { shop.sell(wish("invoice-1")).await.expect("a sale") })
    });
    let mut fresh = 0;
    let mut keys = std::collections::BTreeSet::new();
    for sale in sales.collect::<Vec<_>>() {
        let sold = sale.await.expect("no panic");
        fresh += usize::from(!sold.again);
        keys.insert(key(&sold.sale));
    }
    assert_eq!((fresh, keys.len(), stand.on_server().await.len()), (1, 1, 1));
}

#[tokio::test]
async fn a_token_that_is_not_as_it_was_made_is_not_sold() {
    let (stand, shop) = Stand::with_tier().await;
    shop.issue("team", 4).await.expect("tokens");
    let ready = stand.tokens(TokenState::Ready);
    let account = xano_metadata::Xano::of(&stand.client());
    let tokens = account.snippet(SNIPPET);
    assert!(stand.install(ready[0].key.reveal()));
    tokens
        .token(ready[1].key.reveal())
        .update(6, 0)
        .await
        .expect("a lower limit");
    tokens.token(ready[2].key.reveal()).delete().await.expect("deleted");
    let sold = shop.sell(wish("1").from_stock()).await.expect("the one that is left");
    assert_eq!(key(&sold.sale), ready[3].key.reveal());
    let error = shop.sell(wish("2").from_stock()).await.expect_err("nothing is left");
    assert_eq!(error.kind(), ErrorKind::Refused);
    let aside = stand.tokens(TokenState::SetAside);
    let why: Vec<_> = aside
        .iter()
        .chain(&stand.tokens(TokenState::Gone))
        .filter_map(|token| token.note.clone())
        .collect();
    assert_eq!(why.len(), 3);
    assert!(
        why[0].contains("1 installs were made") && why[1].contains("limit to 6") && why[2].contains("deleted"),
        "{why:?}"
    );
}

#[tokio::test]
async fn nothing_ready_and_none_to_be_made_is_a_refusal() {
    let (stand, shop) = Stand::with_tier().await;
    let error = shop.sell(wish("1").from_stock()).await.expect_err("nothing is ready");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Refused, "refused"));
    assert!(error.to_string().contains("Issue some ahead"), "{error}");
    assert_eq!(stand.sent("POST", "/token"), 0);
    assert_eq!(stand.sales(SaleState::Abandoned).len(), 1);
    let sold = shop.sell(wish("1")).await.expect("the order can still be sold");
    assert_eq!(sold.sale.id, stand.sales(SaleState::Sold)[0].id);
}

#[tokio::test]
async fn an_error_sells_nothing_and_holds_nothing() {
    let (stand, shop) = Stand::with_tier().await;
    shop.issue("team", 1).await.expect("a token");
    stand.fault(
        &json!({"kind": "status", "status": 403, "method": "GET", "path": "/snippet/*/token", "times": "always"}),
    );
    let error = shop.sell(wish("1")).await.expect_err("it cannot be checked");
    assert_eq!(error.kind(), ErrorKind::Permission);
    assert_eq!(
        (
            stand.tokens(TokenState::Ready).len(),
            stand.sales(SaleState::Abandoned).len()
        ),
        (1, 1)
    );
    stand.no_faults();
    let sold = shop.sell(wish("1")).await.expect("now it can");
    assert_eq!(key(&sold.sale), stand.tokens(TokenState::Sold)[0].key.reveal());
}

#[tokio::test]
async fn lost_answers_on_the_way_sell_once_and_make_once() {
    for fault in ["reset_after", "cut_body", "reset", "html"] {
        let (stand, shop) = Stand::with_tier().await;
        stand.fault(&json!({"kind": fault, "method": "POST", "path": "/snippet/*/token", "times": 1}));
        stand.fault(&json!({"kind": fault, "method": "GET", "path": "/snippet/*/token", "times": 1}));
        let sold = shop.sell(wish("1")).await.expect("a sale");
        let server = stand.on_server().await;
        assert_eq!(server.keys().collect::<Vec<_>>(), [&key(&sold.sale)], "{fault}");
        assert_eq!(stand.sales(SaleState::Sold).len(), 1);
    }
}

#[tokio::test]
async fn a_token_whose_answer_never_comes_ends_in_an_error_and_is_found_later() {
    let (stand, shop) = Stand::with_tier().await;
    stand.fault(&json!({"kind": "reset_after", "method": "POST", "path": "/snippet/*/token", "times": 1}));
    stand.fault(
        &json!({"kind": "status", "status": 401, "method": "GET", "path": "/snippet/*/token", "times": "always"}),
    );
    let error = shop.sell(wish("1")).await.expect_err("not even the list can be read");
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert_eq!(stand.on_server().await.len(), 1);
    let report = shop.reconcile(false).await.expect("a report");
    assert_eq!((report.ok, report.found), (true, 1));
    let sold = shop.sell(wish("1").from_stock()).await.expect("it is sold");
    assert_eq!(stand.on_server().await.keys().collect::<Vec<_>>(), [&key(&sold.sale)]);
}

/// A seller is stopped in the middle of a sale: while the server makes the token, and while it is asked about it.
#[tokio::test]
async fn a_seller_that_stops_midway_blocks_nothing() {
    for (method, ahead) in [("POST", 0), ("GET", 1)] {
        let (stand, shop) = Stand::with_tier().await;
        if ahead > 0 {
            shop.issue("team", ahead).await.expect("a token");
        }
        stand.fault(&json!({"kind": "hang", "method": method, "path": "/snippet/*/token", "times": 1}));
        let hasty = stand.shop_with(|options| options.hold = Duration::from_millis(300));
        let stopped = tokio::time::timeout(Duration::from_millis(150), hasty.sell(wish("1"))).await;
        assert!(stopped.is_err(), "it hangs");
        assert_eq!(
            (
                stand.sales(SaleState::Pending).len(),
                stand.tokens(TokenState::Reserved).len()
            ),
            (1, ahead)
        );
        // Another seller sells the same order; it waits until the reservation is over, and no longer.
        let sold = hasty.sell(wish("1")).await.expect("a sale");
        let server = stand.on_server().await;
        assert_eq!((server.len(), stand.sales(SaleState::Pending).len()), (1, 0));
        assert!(server.contains_key(&key(&sold.sale)));
    }
}

#[tokio::test]
async fn reservations_of_others_that_are_over_are_sold() {
    let (stand, shop) = Stand::with_tier().await;
    shop.issue("team", 1).await.expect("a token");
    stand.fault(&json!({"kind": "hang", "method": "GET", "path": "/snippet/*/token", "times": 1}));
    let hasty = stand.shop_with(|options| options.hold = Duration::from_millis(200));
    let stopped = tokio::time::timeout(Duration::from_millis(100), hasty.sell(wish("1"))).await;
    assert!(stopped.is_err(), "it hangs");
    shop.sell(wish("2").from_stock()).await.expect_err("it is held");
    tokio::time::sleep(Duration::from_millis(200)).await;
    shop.sell(wish("2").from_stock()).await.expect("it is free again");
    let report = shop.reconcile(true).await.expect("a report");
    assert_eq!((report.released, report.ok), (0, true));
}

/// The check takes longer than the reservation holds: the token may be somebody else's by then.
#[tokio::test]
async fn a_seller_that_comes_back_too_late_finds_another_token() {
    let (stand, shop) = Stand::with_tier().await;
    shop.issue("team", 1).await.expect("a token");
    stand.fault(&json!({"kind": "latency", "ms": 600, "method": "GET", "path": "/snippet/*/token", "times": 1}));
    let slow = stand.shop_with(|options| options.hold = Duration::from_millis(100));
    let late = tokio::spawn(async move { slow.sell(wish("late")).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let early = shop
        .sell(wish("early").from_stock())
        .await
        .expect("the token is free again");
    let late = late.await.expect("no panic").expect("another token");
    assert_ne!(key(&late.sale), key(&early.sale));
    assert_eq!(stand.on_server().await.len(), 2);
}

#[tokio::test]
async fn sales_can_be_asked_for() {
    let (_stand, shop) = Stand::with_tier().await;
    shop.tier(Tier::new("solo", SNIPPET, 1)).await.expect("a tier");
    for (tier, buyer) in [("team", "ada"), ("solo", "ada"), ("solo", "bob")] {
        shop.sell(Wish::new(tier, buyer)).await.expect("a sale");
    }
    let count = |which: SaleFilter| async { shop.sales(which).await.expect("sales").len() };
    assert_eq!(count(SaleFilter::default()).await, 3);
    let which = SaleFilter {
        tier: Some("solo".into()),
        buyer: Some("ada".into()),
        ..SaleFilter::default()
    };
    assert_eq!(count(which).await, 1);
    assert_eq!(
        shop.sale("nothing").await.expect_err("no such sale").kind(),
        ErrorKind::Refused
    );
    let stock = shop.stock().await.expect("the stock");
    assert_eq!(stock.iter().map(|stock| stock.sold).collect::<Vec<_>>(), [1, 2]);
}
