//! Where a shop keeps what it knows: a small interface, so that a shop can keep it in a database of its own.
//!
//! A ledger stores rows and decides nothing. All rules stand in the shop; they hold as long as
//! [`Ledger::commit`] is atomic and refuses what was changed in between. [`SqliteLedger`](super::SqliteLedger) is the one that
//! comes along.

use std::fmt;

use xano_metadata::Error;

use super::records::{Entry, Errand, Row, Sale, SaleState, Tier, Token, TokenState};
use super::secret::InstallKey;

/// Which tokens are asked for: those that fit everything that is given.
#[derive(Clone, Debug, Default)]
pub struct TokenFilter {
    /// The one with this text.
    pub key: Option<InstallKey>,
    /// Those of this snippet.
    pub snippet: Option<String>,
    /// Those with this limit.
    pub installs: Option<i64>,
    /// Those in this state.
    pub state: Option<TokenState>,
    /// At most so many, the ones known longest. Default: all.
    pub limit: Option<usize>,
}

/// Which sales are asked for: those that fit everything that is given.
#[derive(Clone, Debug, Default)]
pub struct SaleFilter {
    /// The one with this id.
    pub id: Option<String>,
    /// The one with this order.
    pub order: Option<String>,
    /// Those of this tier.
    pub tier: Option<String>,
    /// Those to this buyer.
    pub buyer: Option<String>,
    /// Those in this state.
    pub state: Option<SaleState>,
}

/// Which errands are asked for: those that fit everything that is given.
#[derive(Clone, Debug, Default)]
pub struct ErrandFilter {
    /// The one with this id.
    pub id: Option<String>,
    /// The one with this order.
    pub order: Option<String>,
    /// Those of this snippet.
    pub snippet: Option<String>,
    /// Those that made or change this token.
    pub token: Option<InstallKey>,
    /// Those that are neither done nor void.
    pub open: bool,
}

/// A place that keeps rows. Its calls may block: the shop makes them on threads that may.
///
/// Answers come in the order in which rows were added.
pub trait Ledger: Send + Sync + fmt::Debug {
    /// All tiers.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn tiers(&self) -> Result<Vec<Tier>, Error>;

    /// Some tokens.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn tokens(&self, which: &TokenFilter) -> Result<Vec<Token>, Error>;

    /// Some sales.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn sales(&self, which: &SaleFilter) -> Result<Vec<Sale>, Error>;

    /// Some errands.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn errands(&self, which: &ErrandFilter) -> Result<Vec<Errand>, Error>;

    /// The journal, or what it says about one sale.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn journal(&self, sale: Option<&str>) -> Result<Vec<Entry>, Error>;

    /// Writes all rows and lines of the journal, durably, or none of them. A row whose version is 0 is new, any other takes the
    /// place of the row with that key and that version; it is kept with the version after it. False when a new row exists
    /// already (by key, or by order), or when another row is not there in that version any more.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    fn commit(&self, rows: &[Row], journal: &[Entry]) -> Result<bool, Error>;
}
