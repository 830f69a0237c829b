//! Install tokens are money: they are in the ledger, for its owner alone, and nowhere else.

use serde_json::json;
use xano_fleet::shop::{SaleFilter, SqliteLedger, Wish};
use xano_metadata::ErrorKind;

use crate::stand::{Stand, key};

#[tokio::test]
async fn nothing_that_is_printed_holds_a_token() {
    let (stand, shop) = Stand::with_tier().await;
    let sold = shop
        .sell(Wish::new("team", "ada").for_order("1"))
        .await
        .expect("a sale");
    let token = key(&sold.sale);
    let id = sold.sale.id.clone();
    let mut printed = vec![format!("{sold:?}"), serde_json::to_string(&sold.sale).expect("JSON")];
    printed.push(format!("{:?}", shop.usage(SaleFilter::default()).await.expect("usage")));
    printed.push(format!("{:?}", stand.tokens(xano_fleet::shop::TokenState::Sold)));
    printed.push(format!("{:?}", shop.journal(None).await.expect("a journal")));
    printed.push(serde_json::to_string(&shop.journal(None).await.expect("a journal")).expect("JSON"));
    // A server that repeats what it was asked for.
    let body =
        json!({"code": "ERROR_CODE_ACCESS_DENIED", "message": format!("No {token}!"), "payload": {"param": token}});
    for method in ["DELETE", "POST"] {
        stand.fault(&json!({"kind": "status", "status": 403, "body": body, "method": method, "path": "/snippet/*/token/*", "times": "always"}));
    }
    for error in [
        shop.revoke(&id, None).await.expect_err("denied"),
        shop.top_up(&id, 1, None).await.expect_err("denied"),
    ] {
        assert!(error.to_string().contains("[token]"), "{error}");
        printed.push(format!("{error} {error:?} {}", error.to_json()));
    }
    for text in printed {
        assert!(!text.contains(&token), "{text}");
    }
    let error = shop.revoke(&token, None).await.expect_err("a token is no id");
    assert_eq!(error.kind(), ErrorKind::Refused);
}

#[cfg(unix)]
#[tokio::test]
async fn the_ledger_is_its_owners_and_opens_with_any_sqlite() {
    use std::os::unix::fs::PermissionsExt as _;
    let (stand, shop) = Stand::with_tier().await;
    let sold = shop.sell(Wish::new("team", "ada")).await.expect("a sale");
    for file in std::fs::read_dir(stand.path().parent().expect("a folder")).expect("files") {
        let file = file.expect("a file");
        let mode = file.metadata().expect("its rights").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.path().display());
    }
    let other = rusqlite::Connection::open(stand.path()).expect("an ordinary database");
    let found: (String, String) = other
        .query_row(
            "SELECT buyer, state FROM sale WHERE token = ?1",
            [key(&sold.sale)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("the sale");
    assert_eq!(found, ("ada".into(), "sold".into()));
    let mode: String = other
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .expect("a mode");
    assert_eq!(mode, "wal");
    // The rules that matter most hold even for a hand in the database.
    for wrong in [
        "UPDATE sale SET token = NULL",
        "INSERT INTO sale SELECT 'x', NULL, tier, snippet, buyer, installs, used, price, price_minor, state, token, begun_at,
             held_by, held_until, checked_at, sold_at, ended_at, note, errand, version FROM sale",
    ] {
        other.execute(wrong, []).expect_err(wrong);
    }
    assert!(!SqliteLedger::open(stand.path()).expect("a ledger").is_open_to_others());
    std::fs::set_permissions(stand.path(), std::fs::Permissions::from_mode(0o644)).expect("open to all");
    assert!(SqliteLedger::open(stand.path()).expect("a ledger").is_open_to_others());
}

#[test]
fn a_file_that_is_something_else_is_left_alone() {
    let stand = Stand::new();
    let folder = stand.path();
    let folder = folder.parent().expect("a folder");
    let text = folder.join("notes.txt");
    std::fs::write(
        &text,
        "my notes, more than a hundred bytes of them, so that SQLite would take a closer look at them: they stay",
    )
    .expect("a file");
    let database = folder.join("other.db");
    rusqlite::Connection::open(&database)
        .expect("a database")
        .execute_batch("CREATE TABLE mine (a)")
        .expect("a table");
    let newer = folder.join("newer.db");
    drop(SqliteLedger::open(&newer).expect("a ledger"));
    rusqlite::Connection::open(&newer)
        .expect("a database")
        .pragma_update(None, "user_version", 2)
        .expect("a version");
    for (path, told) in [
        (&text, "is not a SQLite file"),
        (&database, "not the ledger of a shop"),
        (&newer, "is of version 2"),
        (&folder.join("no/such/folder.db"), "cannot be made"),
        (&folder.to_owned(), "cannot be"),
    ] {
        let error = SqliteLedger::open(path).expect_err(told);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(told), "{error}");
    }
    assert!(
        std::fs::read_to_string(&text)
            .expect("the file")
            .starts_with("my notes")
    );
}
