//! After the sale: usage, revoking, refunding, topping up, and putting things in order.

use std::time::Duration;

use serde_json::json;
use xano_fleet::shop::{ErrandFilter, Ledger as _, SaleFilter, SaleState, Tier, TokenState, Wish};
use xano_metadata::ErrorKind;

use crate::stand::{SNIPPET, Stand, key};

const ONE: &str = "/snippet/*/token/*";

async fn sold(stand: &Stand) -> (String, String) {
    let sold = stand
        .shop()
        .sell(Wish::new("team", "ada").for_order("1"))
        .await
        .expect("a sale");
    (sold.sale.id.clone(), key(&sold.sale))
}

#[tokio::test]
async fn usage_tells_what_is_used_and_left() {
    let (stand, shop) = Stand::with_tier().await;
    let (id, token) = sold(&stand).await;
    for _ in 0..3 {
        assert!(stand.install(&token));
    }
    stand.control(
        "POST",
        "/snippets",
        &json!({"canonical": "other", "name": "Other", "install_access": "token"}),
    );
    shop.tier(Tier::new("other", "other", 2)).await.expect("a tier");
    shop.sell(Wish::new("other", "bob")).await.expect("a sale");
    let usage = shop.usage(SaleFilter::default()).await.expect("usage");
    assert_eq!((usage.ok, usage.installs, usage.used, usage.left), (true, 9, 3, 6));
    assert_eq!(
        (
            usage.sales[0].sale.id.as_str(),
            usage.sales[0].sale.used,
            usage.sales[0].left
        ),
        (id.as_str(), 3, 4)
    );
    // A snippet that cannot be asked does not hide the others.
    stand.control("DELETE", "/snippets/other", &json!(null));
    let usage = shop.usage(SaleFilter::default()).await.expect("usage");
    assert_eq!(
        (usage.ok, usage.failures.len(), usage.failures[0].at.as_str()),
        (false, 1, "other")
    );
    assert_eq!(
        usage.sales.iter().map(|one| one.on_server).collect::<Vec<_>>(),
        [Some(true), None]
    );
    assert_eq!(
        shop.sale(&id).await.expect("the sale").used,
        3,
        "the ledger knows it as well"
    );
}

#[tokio::test]
async fn a_refund_deletes_the_token_and_says_what_was_used() {
    let (stand, shop) = Stand::with_tier().await;
    let (id, token) = sold(&stand).await;
    assert!(stand.install(&token) && stand.install(&token));
    let revoked = shop
        .revoke("1", Some("chargeback"))
        .await
        .expect("revoked by its order");
    assert_eq!(
        (revoked.state, revoked.used, revoked.note.as_deref()),
        (SaleState::Revoked, 2, Some("chargeback"))
    );
    assert!(stand.on_server().await.is_empty() && !stand.install(&token));
    let refunded = shop.refund(&id, None).await.expect("refunded after all");
    assert_eq!((refunded.state, refunded.used), (SaleState::Refunded, 2));
    assert_eq!(
        shop.revoke(&id, None).await.expect("nothing to do").state,
        SaleState::Refunded
    );
    let error = shop.top_up(&id, 1, None).await.expect_err("it is gone");
    assert_eq!(error.kind(), ErrorKind::Refused);
    let again = shop
        .sell(Wish::new("team", "ada").for_order("1"))
        .await
        .expect("the same sale");
    assert_eq!((again.again, again.instructions.as_str()), (true, ""));
    shop.revoke("nothing", None).await.expect_err("no such sale");
}

#[tokio::test]
async fn a_revocation_is_brought_to_its_end_whatever_becomes_of_its_answer() {
    for fault in ["reset_after", "reset", "cut_body", "html"] {
        for times in [1, 4] {
            let (stand, shop) = Stand::with_tier().await;
            let (id, _) = sold(&stand).await;
            stand.fault(&json!({"kind": fault, "method": "DELETE", "path": ONE, "times": times}));
            let first = shop.revoke(&id, None).await;
            if first.is_err() {
                // All attempts were spoiled: it says so, and goes on when it is asked to.
                assert_eq!(
                    shop.sale(&id).await.expect("the sale").state,
                    SaleState::Sold,
                    "{fault}"
                );
                assert!(first.expect_err("an error").to_string().contains("reconcile"));
                let report = shop.reconcile(true).await.expect("a report");
                assert_eq!((report.ok, report.settled), (true, 1), "{fault} {report:?}");
            }
            assert_eq!(
                shop.sale(&id).await.expect("the sale").state,
                SaleState::Revoked,
                "{fault}"
            );
            assert!(stand.on_server().await.is_empty(), "{fault}");
        }
    }
}

#[tokio::test]
async fn what_is_refused_leaves_the_sale_as_it_was() {
    let (stand, shop) = Stand::with_tier().await;
    let (id, _) = sold(&stand).await;
    let before = shop.sale(&id).await.expect("the sale");
    for method in ["POST", "DELETE"] {
        stand.fault(&json!({"kind": "status", "status": 403, "method": method, "path": ONE, "times": "always"}));
    }
    assert_eq!(
        shop.refund(&id, None).await.expect_err("forbidden").kind(),
        ErrorKind::Permission
    );
    assert_eq!(
        shop.top_up(&id, 5, None).await.expect_err("forbidden").kind(),
        ErrorKind::Permission
    );
    let after = shop.sale(&id).await.expect("the sale");
    assert_eq!(
        (after.state, after.installs, after.errand),
        (before.state, before.installs, None)
    );
    stand.no_faults();
    assert_eq!(shop.top_up(&id, 5, None).await.expect("allowed").installs, 12);
}

#[tokio::test]
async fn a_top_up_raises_the_limit_and_keeps_the_count() {
    let (stand, shop) = Stand::with_tier().await;
    let (id, token) = sold(&stand).await;
    while stand.install(&token) {}
    let sale = shop.top_up(&id, 5, Some("invoice-2")).await.expect("more");
    assert_eq!((sale.installs, sale.used), (12, 7));
    assert_eq!(stand.on_server().await.get(&token), Some(&(12, 7)));
    let again = shop.top_up(&id, 5, Some("invoice-2")).await.expect("the same top up");
    assert_eq!((again.installs, stand.sent("POST", &token)), (12, 1));
    assert_eq!(
        shop.top_up(&id, 6, Some("invoice-2"))
            .await
            .expect_err("another")
            .kind(),
        ErrorKind::Refused
    );
    assert_eq!(shop.top_up(&id, 1, Some("invoice-3")).await.expect("more").installs, 13);
    assert!(shop.top_up(&id, 0, None).await.is_err());
    assert_eq!(
        shop.instructions(&id)
            .await
            .expect("a text")
            .matches("installs: 13")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_top_up_is_done_once_whatever_becomes_of_its_answer() {
    for (fault, applied) in [
        ("reset_after", true),
        ("cut_body", true),
        ("reset", false),
        ("html", false),
    ] {
        let (stand, shop) = Stand::with_tier().await;
        let (id, token) = sold(&stand).await;
        assert!(stand.install(&token));
        stand.fault(&json!({"kind": fault, "method": "POST", "path": ONE, "times": 1}));
        let sale = shop.top_up(&id, 5, None).await.expect("more");
        assert_eq!((sale.installs, sale.used), (12, 1), "{fault}");
        assert_eq!(stand.sent("POST", &token), if applied { 1 } else { 2 }, "{fault}");
        assert_eq!(stand.on_server().await.get(&token), Some(&(12, 1)), "{fault}");
    }
}

#[tokio::test]
async fn top_ups_at_the_same_time_add_up() {
    let (stand, _) = Stand::with_tier().await;
    let (id, token) = sold(&stand).await;
    let top_ups = (0..6).map(|number| {
        let (shop, id) = (stand.shop(), id.clone());
        // Two deliveries of each of three payments.
        tokio::spawn(async move { shop.top_up(&id, 10, Some(&format!("payment-{}", number / 2))).await })
    });
    for top_up in top_ups.collect::<Vec<_>>() {
        top_up.await.expect("no panic").expect("more");
    }
    assert_eq!(stand.on_server().await.get(&token), Some(&(37, 0)));
    assert_eq!(stand.shop().sale(&id).await.expect("the sale").installs, 37);
}

/// A program that tops up ends before it hears the answer.
#[tokio::test]
async fn a_top_up_that_was_left_behind_is_settled_by_reading() {
    for applied in [true, false] {
        let (stand, shop) = Stand::with_tier().await;
        let (id, token) = sold(&stand).await;
        let fault = if applied { "latency" } else { "hang" };
        stand.fault(&json!({"kind": fault, "ms": 1000, "method": "POST", "path": ONE, "times": 1}));
        let stopped = tokio::time::timeout(Duration::from_millis(200), shop.top_up(&id, 5, Some("p"))).await;
        assert!(stopped.is_err());
        let report = shop.reconcile(true).await.expect("a report");
        assert_eq!((report.ok, report.settled), (true, 1));
        let told = shop.sale(&id).await.expect("the sale");
        let server = stand.on_server().await[&token].0;
        assert_eq!((told.errand, told.installs), (None, server));
        assert_eq!(shop.top_up(&id, 5, Some("p")).await.expect("done by now").installs, 12);
        assert_eq!(stand.on_server().await[&token].0, 12);
    }
}

#[tokio::test]
async fn a_revocation_that_was_left_behind_is_brought_to_its_end() {
    let (stand, shop) = Stand::with_tier().await;
    let (id, _) = sold(&stand).await;
    stand.fault(&json!({"kind": "hang", "method": "DELETE", "path": ONE, "times": 1}));
    let stopped = tokio::time::timeout(Duration::from_millis(200), shop.refund(&id, Some("asked for"))).await;
    assert!(stopped.is_err());
    // Not before it is old enough: somebody may still wait for the answer.
    assert_eq!(shop.reconcile(false).await.expect("a report").settled, 0);
    let patient = stand.shop_with(|options| options.stale = Duration::from_millis(1));
    let sale = patient.refund(&id, None).await.expect("it goes on");
    assert_eq!(
        (sale.state, sale.note.as_deref()),
        (SaleState::Refunded, Some("asked for"))
    );
    assert!(stand.on_server().await.is_empty());
}

#[tokio::test]
async fn reconciling_tells_what_others_did_on_the_server() {
    let (stand, shop) = Stand::with_tier().await;
    let (_, first) = sold(&stand).await;
    let second = shop.sell(Wish::new("team", "bob")).await.expect("a sale");
    shop.issue("team", 2).await.expect("tokens");
    let ready = stand.tokens(TokenState::Ready);
    let tokens = xano_metadata::Xano::of(&stand.client()).snippet(SNIPPET);
    tokens.token(first.as_str()).delete().await.expect("deleted");
    tokens.token(key(&second.sale)).update(70, 0).await.expect("changed");
    assert!(stand.install(ready[0].key.reveal()));
    let foreign = stand.by_hand(3).await;
    let report = shop.reconcile(false).await.expect("a report");
    assert_eq!((report.ok, report.set_aside, report.foreign), (true, 1, 1));
    assert!(
        report.notes[0].contains("not on the server") && report.notes[1].contains("allows 70"),
        "{:?}",
        report.notes
    );
    assert!(stand.on_server().await.contains_key(&foreign));
    let error = shop.top_up("1", 1, None).await.expect_err("its token is gone");
    assert!(error.to_string().contains("not on the server any more"), "{error}");
    let open = stand.ledger().errands(&ErrandFilter {
        open: true,
        ..ErrandFilter::default()
    });
    assert_eq!(open.expect("errands"), []);
    let refunded = shop.refund("1", None).await.expect("a token that is gone already");
    assert_eq!(refunded.state, SaleState::Refunded);
}
