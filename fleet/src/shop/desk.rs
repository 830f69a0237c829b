//! The shop itself: what it works with, and the few things that every other file here needs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use xano_metadata::{Client, Error, ErrorKind, Token as Secret, Xano, runtime};

use super::ledger::{ErrandFilter, Ledger, SaleFilter, TokenFilter};
use super::moment::Moment;
use super::records::{Errand, Row, Sale, SaleState, Tier, Token};
use super::secret::InstallKey;
use crate::host::{Host, Silent};

/// What a shop does differently.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ShopOptions {
    /// How long a pending sale holds its token. When it takes longer, another seller may take the token; the sale then finds
    /// another. Default: 60 s, which is more than a slow answer takes.
    pub hold: Duration,
    /// After this time, an errand without an answer counts as left behind by a seller that ended midway. Default: 10 min, which
    /// is more than all attempts at a request take.
    pub stale: Duration,
}

impl Default for ShopOptions {
    fn default() -> Self {
        Self {
            hold: Duration::from_secs(60),
            stale: Duration::from_secs(600),
        }
    }
}

/// A shop. Cloning is cheap; clones share the ledger. Any number of shops, in any number of processes, may work with one ledger.
#[derive(Clone)]
pub struct Shop {
    pub(super) account: Arc<Xano>,
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) options: ShopOptions,
    pub(super) host: Arc<dyn Host>,
}

impl fmt::Debug for Shop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Shop")
            .field("ledger", &self.ledger)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Shop {
    /// A shop on an account, with what it knows in a ledger. Nothing is sent.
    pub fn new(client: &Client, ledger: impl Ledger + 'static) -> Self {
        Self {
            account: Arc::new(Xano::of(client)),
            ledger: Arc::new(ledger),
            options: ShopOptions::default(),
            host: Arc::new(Silent),
        }
    }

    /// The same shop with other options.
    #[must_use]
    pub fn with_options(mut self, options: ShopOptions) -> Self {
        self.options = options;
        self
    }

    /// The same shop, telling its progress and its warnings to a host.
    #[must_use]
    pub fn heard_by(mut self, host: Arc<dyn Host>) -> Self {
        self.host = host;
        self
    }

    /// Sales, in the order in which they were begun.
    ///
    /// # Errors
    /// `config_error` when the ledger cannot be read.
    pub async fn sales(&self, which: SaleFilter) -> Result<Vec<Sale>, Error> {
        self.on_ledger(move |ledger| ledger.sales(&which)).await
    }

    /// The sale with this id, or this order.
    ///
    /// # Errors
    /// `refused` when there is none; `config_error` when the ledger cannot be read.
    pub async fn sale(&self, id_or_order: &str) -> Result<Sale, Error> {
        let by_id = SaleFilter {
            id: Some(id_or_order.to_owned()),
            ..SaleFilter::default()
        };
        if let Some(sale) = self.sales(by_id).await?.pop() {
            return Ok(sale);
        }
        self.ordered(id_or_order).await?.ok_or_else(|| {
            Error::refused(format!("No sale has the id or the order {id_or_order:?}."))
                .with_hint("The sales of the shop tell what there is.")
        })
    }

    /// What the journal says, of everything or of one sale, in the order in which it happened.
    ///
    /// # Errors
    /// `refused` when there is no such sale; `config_error` when the ledger cannot be read.
    pub async fn journal(&self, sale: Option<&str>) -> Result<Vec<super::Entry>, Error> {
        let id = match sale {
            Some(sale) => Some(self.sale(sale).await?.id),
            None => None,
        };
        self.on_ledger(move |ledger| ledger.journal(id.as_deref())).await
    }

    /// Runs something that may block on a thread that may.
    pub(super) async fn on_ledger<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Ledger) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let ledger = Arc::clone(&self.ledger);
        runtime::blocking(move || work(&*ledger))
            .await
            .map_err(|_| Error::internal("The ledger panicked."))?
    }

    /// Writes rows, each with its line in the journal. False when one of them was changed by somebody else in between.
    pub(super) async fn commit(&self, rows: Vec<Row>) -> Result<bool, Error> {
        let now = Moment::now();
        self.on_ledger(move |ledger| {
            let journal: Vec<_> = rows.iter().map(|row| row.entry(now)).collect();
            ledger.commit(&rows, &journal)
        })
        .await
    }

    pub(super) async fn tier_named(&self, name: &str) -> Result<Tier, Error> {
        let tiers = self.on_ledger(|ledger| ledger.tiers()).await?;
        let known: Vec<String> = tiers.iter().map(|tier| tier.name.clone()).collect();
        tiers.into_iter().find(|tier| tier.name == name).ok_or_else(|| {
            let known = if known.is_empty() {
                "none yet".to_owned()
            } else {
                known.join(", ")
            };
            Error::config(format!("The shop has no tier {name:?}; it has {known}."))
        })
    }

    pub(super) async fn ordered(&self, order: &str) -> Result<Option<Sale>, Error> {
        let which = SaleFilter {
            order: Some(order.to_owned()),
            ..SaleFilter::default()
        };
        Ok(self.sales(which).await?.pop())
    }

    pub(super) async fn pending(&self) -> Result<Vec<Sale>, Error> {
        let which = SaleFilter {
            state: Some(SaleState::Pending),
            ..SaleFilter::default()
        };
        self.sales(which).await
    }

    pub(super) async fn token(&self, key: &InstallKey) -> Result<Option<Token>, Error> {
        let which = TokenFilter {
            key: Some(key.clone()),
            ..TokenFilter::default()
        };
        Ok(self.on_ledger(move |ledger| ledger.tokens(&which)).await?.pop())
    }

    pub(super) async fn errand(&self, id: &str) -> Result<Option<Errand>, Error> {
        let which = ErrandFilter {
            id: Some(id.to_owned()),
            ..ErrandFilter::default()
        };
        Ok(self.on_ledger(move |ledger| ledger.errands(&which)).await?.pop())
    }

    /// Gives others a moment before trying again what they came in between of.
    pub(super) async fn breathe(&self) {
        tokio::time::sleep(Duration::from_millis(fastrand::u64(2..20))).await;
    }
}

/// An error without any install token in it: a server may repeat the one it was asked for, and an answer that does not read
/// as it should may hold a new one.
pub(super) fn discreet(error: Error, keys: &[&InstallKey]) -> Error {
    if error.kind() == ErrorKind::Decode {
        let what = error.operation().unwrap_or("the account API").to_owned();
        return Error::damaged(format!("{what}: the answer does not read as it should."))
            .with_hint("It is not shown, because it may hold install tokens.");
    }
    keys.iter()
        .fold(error, |error, key| error.scrubbed(&Secret::from(key.reveal())))
}

/// Whether the server may have done what it was asked.
pub(super) fn may_be_done(error: &Error) -> bool {
    error.outcome_unknown() || matches!(error.kind(), ErrorKind::Decode | ErrorKind::Cancelled)
}

/// A new id: 12 letters and digits behind a word.
pub(super) fn new_id(word: &str) -> String {
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstvwxyz23456789";
    let mut id = format!("{word}-");
    id.extend((0..12).map(|_| char::from(LETTERS[fastrand::usize(..LETTERS.len())])));
    id
}

/// A text that people give and that is shown again: not empty, not endless, on one line.
pub(super) fn plain(what: &str, text: &str) -> Result<(), Error> {
    const LONGEST: usize = 500;
    if text.trim().is_empty() {
        return Err(Error::config(format!("{what} is empty.")));
    }
    if text.chars().count() > LONGEST {
        return Err(Error::config(format!("{what} is longer than {LONGEST} characters.")));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::config(format!(
            "{what} has a line break or another control character."
        )));
    }
    Ok(())
}
