//! Tiers, and tokens made ahead.

use serde_json::json;
use xano_fleet::shop::{ErrandFilter, ErrandState, Ledger as _, Shop, Tier, TokenState};
use xano_metadata::ErrorKind;

use crate::stand::{Listener, SNIPPET, Stand};

#[tokio::test]
async fn a_tier_that_did_not_change_asks_nothing_of_the_server() {
    let (stand, shop) = Stand::with_tier().await;
    stand.forget_requests();
    let tier = shop.tier(Tier::new("team", SNIPPET, 7)).await.expect("the same tier");
    assert_eq!((tier.title.as_str(), stand.sent("GET", SNIPPET)), ("Mailer", 0));
    let mut changed = Tier::new("team", SNIPPET, 9);
    changed.price = Some("29 EUR".into());
    shop.tier(changed).await.expect("another");
    assert_eq!(stand.sent("GET", SNIPPET), 1);
    let stock = shop.stock().await.expect("the stock");
    assert_eq!((stock.len(), stock[0].tier.installs, stock[0].ready), (1, 9, 0));
}

#[tokio::test]
async fn what_cannot_be_sold_is_refused_before_anything_is_sent() {
    let (stand, shop) = Stand::with_tier().await;
    stand.forget_requests();
    let mut priced = Tier::new("a", SNIPPET, 1);
    priced.price_minor = Some(-1);
    let mut told = Tier::new("a", SNIPPET, 1);
    told.instructions = Some("Dear {customer}".into());
    for (tier, why) in [
        (Tier::new("", SNIPPET, 1), "The tier's name is empty"),
        (Tier::new("a\nb", SNIPPET, 1), "line break"),
        (Tier::new("a", " ", 1), "The tier's snippet is empty"),
        (Tier::new("a", SNIPPET, 0), "at least 1"),
        (priced, "below nothing"),
        (told, "{customer}"),
    ] {
        let error = shop.tier(tier).await.expect_err(why);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(why), "{error}");
    }
    assert_eq!(stand.sent("GET", ""), 0);
    let error = shop
        .tier(Tier::new("a", "nobodys", 1))
        .await
        .expect_err("no such snippet");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        shop.issue("gold", 1).await.expect_err("no such tier").to_string(),
        "The shop has no tier \"gold\"; it has team."
    );
    assert!(shop.issue("team", 0).await.is_err());
}

#[tokio::test]
async fn a_snippet_that_needs_no_token_is_warned_of() {
    let stand = Stand::new();
    stand.control("POST", "/snippets", &json!({"canonical": "open", "name": "Open"}));
    let heard = Listener::default();
    let shop = stand.shop().heard_by(std::sync::Arc::new(heard.clone()));
    shop.tier(Tier::new("team", SNIPPET, 7)).await.expect("a tier");
    assert!(heard.0.lock().expect("no panic").is_empty());
    shop.tier(Tier::new("free", "open", 1))
        .await
        .expect("a tier all the same");
    let heard = heard.0.lock().expect("no panic").clone();
    assert!(heard[0].contains("can be installed without a token"), "{heard:?}");
}

#[tokio::test]
async fn tokens_are_made_ahead() {
    let (stand, shop) = Stand::with_tier().await;
    let issued = shop.issue("team", 5).await.expect("tokens");
    assert_eq!((issued.ok, issued.issued, issued.ready), (true, 5, 5));
    assert_eq!(shop.issue("team", 1).await.expect("one more").ready, 6);
    let server = stand.on_server().await;
    assert_eq!(server.len(), 6);
    assert!(server.values().all(|counts| *counts == (7, 0)));
    for token in stand.tokens(TokenState::Ready) {
        assert!(server.contains_key(token.key.reveal()));
    }
}

/// Whatever becomes of an answer, as many tokens are on the server as were asked for, and the ledger knows them all.
#[tokio::test]
async fn a_lost_answer_makes_no_second_token_and_loses_none() {
    for (kind, applied) in [
        ("reset", false),
        ("close", false),
        ("html", false),
        ("reset_after", true),
        ("cut_body", true),
        ("reset_mid_body", true),
    ] {
        for times in [1, 2] {
            let (stand, shop) = Stand::with_tier().await;
            stand.fault(&json!({"kind": kind, "method": "POST", "path": "/snippet/*/token", "times": times}));
            let issued = shop.issue("team", 3).await.expect("tokens");
            assert_eq!(
                (issued.issued, issued.ready, issued.ok),
                (3, 3, true),
                "{kind} {issued:?}"
            );
            let server = stand.on_server().await;
            assert_eq!(server.len(), 3, "{kind}, {times} times");
            let lost = times * usize::from(!applied);
            assert_eq!(
                stand.sent("POST", "/token"),
                3 + lost,
                "{kind}: asked again only when it had not been done"
            );
            let known = stand.tokens(TokenState::Ready);
            assert!(
                known.iter().all(|token| server.contains_key(token.key.reveal())),
                "{kind}"
            );
        }
    }
}

#[tokio::test]
async fn an_answer_that_does_not_read_is_a_lost_one_and_is_not_shown() {
    let (stand, shop) = Stand::with_tier().await;
    let body = json!({"token": "0123456789abcdef-secret", "max_installs": 8}).to_string();
    stand.fault(
        &json!({"kind": "reply", "body": body, "method": "POST", "path": "/snippet/*/token", "times": "always"}),
    );
    let issued = shop.issue("team", 1).await.expect("a report");
    assert_eq!((issued.ok, issued.issued, issued.failures.len()), (false, 0, 1));
    let told = format!("{issued:?} {}", serde_json::to_string(&issued).expect("JSON"));
    assert!(
        told.contains("not the token that was asked for") && !told.contains("secret"),
        "{told}"
    );
    stand.no_faults();
    let truncated = "{\"token\": \"0123456789abcdef-secret";
    stand.fault(&json!({"kind": "reply", "body": truncated, "headers": {"content-type": "application/json"}, "times": "always"}));
    let error = shop.issue("team", 1).await.expect_err("not even a list");
    assert!(
        !format!("{error:?} {error} {}", error.to_json()).contains("secret"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_refusal_ends_the_round_and_leaves_nothing_open() {
    let (stand, shop) = Stand::with_tier().await;
    let denied = json!({"kind": "status", "status": 403, "method": "POST", "path": "/snippet/*/token", "after": 3});
    stand.fault(&denied);
    let issued = shop.issue("team", 50).await.expect("a report");
    assert_eq!((issued.ok, issued.issued, issued.ready), (false, 3, 3));
    assert!(stand.sent("POST", "/token") < 10, "it stops asking");
    assert_eq!(issued.failures[0].error["code"], "ERROR_CODE_ACCESS_DENIED");
    assert_eq!(stand.on_server().await.len(), 3);
    let open = stand.ledger().errands(&ErrandFilter {
        open: true,
        ..ErrandFilter::default()
    });
    assert_eq!(open.expect("errands"), []);
}

#[tokio::test]
async fn what_others_made_is_left_alone() {
    let stand = Stand::new();
    let before = stand.by_hand(7).await;
    let shop = stand.shop();
    shop.tier(Tier::new("team", SNIPPET, 7)).await.expect("a tier");
    let after = stand.by_hand(7).await;
    // The answer to the shop's own request is lost; the one made by hand a moment ago fits as well.
    stand.fault(&json!({"kind": "reset_after", "method": "POST", "path": "/snippet/*/token", "times": 1}));
    let issued = shop.issue("team", 1).await.expect("a token");
    assert_eq!((issued.issued, issued.ready), (1, 1));
    let ready = stand.tokens(TokenState::Ready);
    assert!(![&before, &after].contains(&&ready[0].key.reveal().to_owned()));
    assert_eq!(stand.tokens(TokenState::Foreign).len(), 2);
    assert_eq!(shop.reconcile(true).await.expect("a report").foreign, 2);
}

/// A token is taken for the one whose answer was lost, and then its own answer comes.
#[tokio::test]
async fn an_answer_that_comes_late_gets_its_token_back() {
    let (stand, shop) = Stand::with_tier().await;
    // The first request never reaches the server; the second is done at once and answers late.
    stand.fault(&json!([
        {"kind": "reset", "method": "POST", "path": "/snippet/*/token", "times": 1},
        {"kind": "latency", "ms": 400, "method": "POST", "path": "/snippet/*/token", "times": 1},
    ]));
    let (first, second): (Shop, Shop) = (stand.shop(), stand.shop());
    let late = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        second.issue("team", 1).await
    });
    let early = first.issue("team", 1).await.expect("a token");
    let late = late.await.expect("no panic").expect("a token");
    assert!(early.ok && late.ok, "{early:?} {late:?}");
    shop.reconcile(false).await.expect("a report");
    let server = stand.on_server().await;
    assert_eq!(stand.tokens(TokenState::Ready).len(), server.len());
    let done = stand.ledger().errands(&ErrandFilter::default()).expect("errands");
    let done = done.iter().filter(|errand| errand.state == ErrandState::Done).count();
    assert_eq!(done, server.len(), "each token belongs to one errand");
}
