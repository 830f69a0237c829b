//! Making install tokens, ahead or for a sale.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde::Serialize;
use xano_metadata::Error;

use super::desk::{Shop, discreet, may_be_done, new_id};
use super::ledger::ErrandFilter;
use super::moment::Moment;
use super::records::{Errand, ErrandKind, ErrandState, Row, Sale, Tier, Token, TokenState};
use super::secret::InstallKey;
use crate::host::{Notice, Progress};
use crate::spread::{Failure, spread};

/// So many requests for tokens go out at once.
const AT_ONCE: usize = 4;

/// So often a token is asked for again whose answer was lost and that is not on the server.
pub(super) const ROUNDS: usize = 3;

/// What came of issuing tokens ahead.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Issued {
    /// The tier.
    pub tier: String,
    /// Whether as many were made as were asked for.
    pub ok: bool,
    /// How many were made.
    pub issued: usize,
    /// How many of the tier are ready now, with those that were before.
    pub ready: usize,
    /// What went wrong.
    pub failures: Vec<Failure>,
}

/// What came of asking for one token.
#[derive(Debug)]
pub(super) enum Made {
    /// It was made; for a sale, it is the sale's.
    Token,
    /// It was made, but not for the sale: somebody else holds it, or the sale was changed.
    Elsewhere,
    /// The answer was lost, and the token is not on the server, or not yet.
    Lost(Error),
}

impl Shop {
    /// Makes install tokens ahead, so that a sale need not wait for the server to make one. What was made stays although others
    /// fail; a lost answer is settled by looking at the server. After a refusal no more are asked for.
    ///
    /// # Errors
    /// `config_error` for an unknown tier or a count of 0; when the ledger cannot be used, or the server not be looked at.
    pub async fn issue(&self, tier: &str, count: usize) -> Result<Issued, Error> {
        if count == 0 {
            return Err(Error::config(
                "The number of tokens to issue is 0; it takes at least 1.",
            ));
        }
        let tier = self.tier_named(tier).await?;
        // Whatever is there by now and belongs to no errand is somebody else's: known before, it cannot be mistaken later.
        self.look(&tier.snippet).await?;
        let mut asked = HashSet::new();
        let mut issued = 0;
        let mut failures = Vec::new();
        for _ in 0..ROUNDS {
            failures = self.issue_round(&tier, issued, count, &mut asked).await?;
            issued = self.brought(&tier.snippet, &asked).await?;
            if issued < count {
                // An answer that came late may have shown that its token had been taken for another one's.
                self.look(&tier.snippet).await?;
                issued = self.brought(&tier.snippet, &asked).await?;
            }
            if issued >= count || failures.iter().any(|(_, refused)| *refused) {
                break;
            }
        }
        let stock = self.stock().await?;
        let ready = stock.iter().find(|stock| stock.tier.name == tier.name);
        Ok(Issued {
            ok: issued >= count,
            issued,
            ready: ready.map_or(0, |stock| stock.ready),
            failures: failures.into_iter().map(|(failure, _)| failure).collect(),
            tier: tier.name,
        })
    }

    /// Asks for what is missing. The failures come with whether they are refusals.
    async fn issue_round(
        &self,
        tier: &Tier,
        issued: usize,
        count: usize,
        asked: &mut HashSet<String>,
    ) -> Result<Vec<(Failure, bool)>, Error> {
        let told = AtomicUsize::new(issued);
        let refused = AtomicBool::new(false);
        let one = |()| async {
            if refused.load(Ordering::Relaxed) {
                return None;
            }
            let made = self.make(tier, None).await;
            refused.fetch_or(made.is_err(), Ordering::Relaxed);
            let done = 1 + told.fetch_add(1, Ordering::Relaxed);
            let progress = Progress::new(&tier.name, done as u64, Some(count as u64), "tokens");
            self.host.tell(Notice::Progress(progress));
            Some(made)
        };
        let mut failures = Vec::new();
        for made in spread(vec![(); count - issued], AT_ONCE, one)
            .await
            .into_iter()
            .flatten()
        {
            match made {
                Ok((errand, made)) => {
                    asked.insert(errand);
                    if let Made::Lost(error) = made {
                        failures.push((Failure::new(&tier.name, &error), false));
                    }
                }
                Err(error) => failures.push((Failure::new(&tier.name, &error), true)),
            }
        }
        Ok(failures)
    }

    /// How many of these errands brought a token.
    async fn brought(&self, snippet: &str, asked: &HashSet<String>) -> Result<usize, Error> {
        let which = ErrandFilter {
            snippet: Some(snippet.to_owned()),
            ..ErrandFilter::default()
        };
        let errands = self.on_ledger(move |ledger| ledger.errands(&which)).await?;
        let brought = |errand: &&Errand| errand.state == ErrandState::Done && asked.contains(&errand.id);
        Ok(errands.iter().filter(brought).count())
    }

    /// Asks the server for one token; for a pending sale it is reserved at once.
    ///
    /// # Errors
    /// Those of a call, when it is certain that no token was made; when the ledger cannot be used.
    pub(super) async fn make(&self, tier: &Tier, sale: Option<&Sale>) -> Result<(String, Made), Error> {
        let mut errand = Errand {
            id: new_id("errand"),
            kind: ErrandKind::Issue,
            state: ErrandState::Asked,
            snippet: tier.snippet.clone(),
            installs: tier.installs,
            before: None,
            sale: sale.map(|sale| sale.id.clone()),
            order: None,
            token: None,
            asked_at: Moment::now(),
            version: 0,
        };
        while !self.commit(vec![Row::Errand(errand.clone())]).await? {
            errand.id = new_id("errand");
        }
        errand.version = 1;
        let tokens = self.account.snippet(tier.snippet.as_str()).tokens();
        let error = match tokens.create(tier.installs).await {
            Ok(token)
                if !token.token.is_empty() && token.max_installs == tier.installs && token.current_installs == 0 =>
            {
                let id = errand.id.clone();
                let made = self.record(errand, &InstallKey::from(token.token), sale).await?;
                return Ok((id, made));
            }
            Ok(_) => Error::damaged("account.snippet.tokens.create: the answer is not the token that was asked for."),
            Err(error) if may_be_done(&error) => discreet(error, &[]),
            Err(error) => {
                self.settle(errand, ErrandState::Void).await?;
                return Err(discreet(error, &[]));
            }
        };
        let id = errand.id.clone();
        self.settle(errand, ErrandState::Lost).await?;
        // A server that cannot be looked at leaves the errand lost; whoever looks next finds its token.
        self.look(&tier.snippet).await?;
        let found = self
            .errand(&id)
            .await?
            .is_some_and(|errand| errand.state == ErrandState::Done);
        Ok((id, if found { Made::Elsewhere } else { Made::Lost(error) }))
    }

    /// Writes down the token that an errand brought.
    async fn record(&self, mut errand: Errand, key: &InstallKey, sale: Option<&Sale>) -> Result<Made, Error> {
        errand.state = ErrandState::Done;
        errand.token = Some(key.clone());
        let mut token = Token {
            key: key.clone(),
            snippet: errand.snippet.clone(),
            installs: errand.installs,
            state: TokenState::Ready,
            sale: None,
            note: None,
            known_at: Moment::now(),
            version: 0,
        };
        if let Some(sale) = sale {
            let reserved = Token {
                state: TokenState::Reserved,
                sale: Some(sale.id.clone()),
                ..token.clone()
            };
            let sale = Sale {
                token: Some(key.clone()),
                checked_at: Some(errand.asked_at),
                ..sale.clone()
            };
            let rows = vec![Row::Errand(errand.clone()), Row::Token(reserved), Row::Sale(sale)];
            if self.commit(rows).await? {
                return Ok(Made::Token);
            }
        }
        loop {
            let mut rows = Vec::new();
            match self.token(key).await? {
                None => rows.push(Row::Token(token.clone())),
                // Somebody took it for the token of a lost errand: that one is lost again.
                Some(known) => {
                    if let Some(other) = self.errand_of(key).await?
                        && other.id != errand.id
                    {
                        rows.push(Row::Errand(Errand {
                            state: ErrandState::Lost,
                            token: None,
                            ..other
                        }));
                    }
                    if known.state == TokenState::Foreign {
                        token.version = known.version;
                        rows.push(Row::Token(token.clone()));
                    }
                }
            }
            if let Some(now) = self.errand(&errand.id).await? {
                errand.version = now.version;
            }
            rows.push(Row::Errand(errand.clone()));
            if self.commit(rows).await? {
                return Ok(if sale.is_some() { Made::Elsewhere } else { Made::Token });
            }
            self.breathe().await;
        }
    }

    async fn errand_of(&self, key: &InstallKey) -> Result<Option<Errand>, Error> {
        let which = ErrandFilter {
            token: Some(key.clone()),
            ..ErrandFilter::default()
        };
        let errands = self.on_ledger(move |ledger| ledger.errands(&which)).await?;
        Ok(errands.into_iter().find(|errand| errand.kind == ErrandKind::Issue))
    }

    /// Writes down what became of an errand; when somebody else did so before, theirs stands.
    pub(super) async fn settle(&self, errand: Errand, state: ErrandState) -> Result<(), Error> {
        self.commit(vec![Row::Errand(Errand { state, ..errand })]).await?;
        Ok(())
    }
}
