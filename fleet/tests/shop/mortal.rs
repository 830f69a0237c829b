//! A seller that is killed before or after each of its commits, and what the next one makes of it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};

use xano_fleet::shop::{
    Entry, Errand, ErrandFilter, Ledger, Row, Sale, SaleFilter, SaleState, Shop, SqliteLedger, Tier, Token,
    TokenFilter, TokenState, Wish,
};
use xano_metadata::Error;

use crate::stand::{Stand, key};

/// A ledger whose program is killed at one of its commits: from then on nothing works any more.
#[derive(Debug)]
struct Mortal {
    ledger: SqliteLedger,
    /// Commits that are left; below 0 it is dead.
    left: AtomicI64,
    /// Whether the last commit is still done.
    after: bool,
}

impl Mortal {
    fn alive(&self) -> Result<&SqliteLedger, Error> {
        if self.left.load(Ordering::SeqCst) < 0 {
            return Err(Error::config("killed"));
        }
        Ok(&self.ledger)
    }
}

impl Ledger for Mortal {
    fn tiers(&self) -> Result<Vec<Tier>, Error> {
        self.alive()?.tiers()
    }

    fn tokens(&self, which: &TokenFilter) -> Result<Vec<Token>, Error> {
        self.alive()?.tokens(which)
    }

    fn sales(&self, which: &SaleFilter) -> Result<Vec<Sale>, Error> {
        self.alive()?.sales(which)
    }

    fn errands(&self, which: &ErrandFilter) -> Result<Vec<Errand>, Error> {
        self.alive()?.errands(which)
    }

    fn journal(&self, sale: Option<&str>) -> Result<Vec<Entry>, Error> {
        self.alive()?.journal(sale)
    }

    fn commit(&self, rows: &[Row], journal: &[Entry]) -> Result<bool, Error> {
        let ledger = self.alive()?;
        if self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return ledger.commit(rows, journal);
        }
        if self.after {
            ledger.commit(rows, journal)?;
        }
        Err(Error::config("killed"))
    }
}

/// What a seller does when it is killed.
#[derive(Clone, Copy, Debug)]
enum Work {
    Issue,
    SellReady,
    SellNew,
    Refund,
    TopUp,
}

async fn work(shop: &Shop, what: Work) -> Result<(), Error> {
    match what {
        Work::Issue => {
            // It reports what went wrong instead of failing; a dead ledger makes the whole of it fail.
            let issued = shop.issue("team", 2).await?;
            if issued.ok {
                Ok(())
            } else {
                Err(Error::config("not all"))
            }
        }
        Work::SellReady | Work::SellNew => shop.sell(Wish::new("team", "ada").for_order("1")).await.map(drop),
        Work::Refund => shop.refund("1", None).await.map(drop),
        Work::TopUp => shop.top_up("1", 5, Some("2")).await.map(drop),
    }
}

#[tokio::test]
async fn a_seller_that_is_killed_at_any_commit_leaves_nothing_that_is_not_mended() {
    let mut kills = 0;
    for what in [Work::Issue, Work::SellReady, Work::SellNew, Work::Refund, Work::TopUp] {
        for after in [false, true] {
            for left in 0.. {
                let (stand, shop) = Stand::with_tier().await;
                match what {
                    Work::SellReady => drop(shop.issue("team", 1).await.expect("a token")),
                    Work::Refund | Work::TopUp => drop(
                        shop.sell(Wish::new("team", "ada").for_order("1"))
                            .await
                            .expect("a sale"),
                    ),
                    Work::Issue | Work::SellNew => {}
                }
                let mortal = Mortal {
                    ledger: stand.ledger(),
                    left: AtomicI64::new(left),
                    after,
                };
                if work(&Shop::new(&stand.client(), mortal), what).await.is_ok() {
                    assert!(left > 0, "{what:?} commits something");
                    break;
                }
                kills += 1;
                mended(
                    &stand,
                    &shop,
                    what,
                    &format!(
                        "{what:?}, killed {} commit {left}",
                        if after { "after" } else { "before" }
                    ),
                )
                .await;
            }
        }
    }
    assert!(kills > 20, "{kills}");
    println!("{kills} kills");
}

/// The next one puts it in order, and does it again.
async fn mended(stand: &Stand, shop: &Shop, what: Work, case: &str) {
    let report = shop.reconcile(true).await.expect("a report");
    assert!(
        report.ok && report.notes.is_empty() && report.foreign == 0,
        "{case}: {report:?}"
    );
    assert!(
        stand.sales(SaleState::Pending).is_empty() && stand.tokens(TokenState::Reserved).is_empty(),
        "{case}"
    );
    let known = |stand: &Stand| {
        let mut known = BTreeSet::new();
        for state in [TokenState::Ready, TokenState::Sold] {
            known.extend(stand.tokens(state).iter().map(|token| token.key.reveal().to_owned()));
        }
        known
    };
    let server: BTreeSet<String> = stand.on_server().await.into_keys().collect();
    assert_eq!(known(stand), server, "{case}");
    for sale in stand.sales(SaleState::Sold) {
        assert_eq!(sale.errand, None, "{case}");
        assert_eq!(stand.on_server().await[&key(&sale)].0, sale.installs, "{case}");
    }

    work(shop, what).await.unwrap_or_else(|error| panic!("{case}: {error}"));
    let server = stand.on_server().await;
    assert_eq!(known(stand), server.keys().cloned().collect(), "{case}");
    let sold = stand.sales(SaleState::Sold);
    match what {
        Work::Issue => assert!(server.len() >= 2, "{case}"),
        Work::SellReady | Work::SellNew => assert_eq!((sold.len(), server.len()), (1, 1), "{case}"),
        Work::Refund => assert_eq!((stand.sales(SaleState::Refunded).len(), server.len()), (1, 0), "{case}"),
        Work::TopUp => assert_eq!(server[&key(&sold[0])].0, 12, "{case}"),
    }
}
