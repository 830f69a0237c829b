//! Looking at the server's tokens, and finding those that were made without anybody hearing of it.
//!
//! The server gives a token no name, so a token that is not in the ledger could be one of three things: made for an errand whose
//! answer was lost, made for an errand that is still waiting for its answer, or made by somebody else. It is given to a lost
//! errand with the same limit; should its answer still come to another errand, the two change places (see `issue.rs`). Only when
//! no errand is open is it taken for somebody else's.

use std::collections::{HashMap, HashSet};

use xano_metadata::Error;

use super::desk::{Shop, discreet};
use super::ledger::{ErrandFilter, TokenFilter};
use super::moment::Moment;
use super::records::{Errand, ErrandKind, ErrandState, Row, Token, TokenState};
use super::secret::InstallKey;

/// What the server said of a snippet's tokens.
#[derive(Debug)]
pub(super) struct Seen {
    /// When it was asked.
    pub(super) at: Moment,
    pub(super) tokens: HashMap<InstallKey, Count>,
}

/// What the server said of one token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    pub(super) installs: i64,
    pub(super) used: i64,
    /// Its place by age, the oldest first.
    age: usize,
}

impl Shop {
    /// Asks for all tokens of a snippet, and places those that the ledger does not know.
    pub(super) async fn look(&self, snippet: &str) -> Result<Seen, Error> {
        let at = Moment::now();
        let listed = self.account.snippet(snippet).tokens().list().all().await;
        let mut listed = listed.map_err(|error| discreet(error, &[]))?;
        listed.sort_by_key(|token| token.created_at.epoch_millis());
        let tokens = listed
            .into_iter()
            .enumerate()
            .filter(|(_, token)| !token.token.is_empty());
        let tokens = tokens.map(|(age, token)| {
            let count = Count {
                installs: token.max_installs,
                used: token.current_installs,
                age,
            };
            (InstallKey::from(token.token), count)
        });
        let seen = Seen {
            at,
            tokens: tokens.collect(),
        };
        while !self.place_unknown(snippet, &seen).await? {
            self.breathe().await;
        }
        Ok(seen)
    }

    /// False when somebody else changed something in between.
    async fn place_unknown(&self, snippet: &str, seen: &Seen) -> Result<bool, Error> {
        let of = snippet.to_owned();
        let (known, errands) = self
            .on_ledger(move |ledger| {
                let tokens = TokenFilter {
                    snippet: Some(of.clone()),
                    ..TokenFilter::default()
                };
                let errands = ErrandFilter {
                    snippet: Some(of),
                    open: true,
                    ..ErrandFilter::default()
                };
                // In this order: an errand that is done by now has put its token among the known ones before.
                let errands = ledger.errands(&errands)?;
                Ok((ledger.tokens(&tokens)?, errands))
            })
            .await?;
        let known: HashSet<&InstallKey> = known.iter().map(|token| &token.key).collect();
        let mut unknown: Vec<_> = seen.tokens.iter().filter(|(key, _)| !known.contains(key)).collect();
        if unknown.is_empty() {
            return Ok(true);
        }
        // The youngest first: it is the likeliest to belong to an errand.
        unknown.sort_by_key(|(_, count)| std::cmp::Reverse(count.age));
        let errands: Vec<&Errand> = errands
            .iter()
            .filter(|errand| errand.kind == ErrandKind::Issue)
            .collect();
        let mut lost: Vec<&Errand> = errands.iter().copied().filter(|errand| self.is_lost(errand)).collect();
        let mut rows = Vec::new();
        for (key, count) in unknown {
            let fits = |errand: &&Errand| errand.installs == count.installs;
            let mut token = Token {
                key: key.clone(),
                snippet: snippet.to_owned(),
                installs: count.installs,
                state: TokenState::Foreign,
                sale: None,
                note: None,
                known_at: Moment::now(),
                version: 0,
            };
            if let Some(at) = lost.iter().position(&fits) {
                let mut errand = lost.swap_remove(at).clone();
                errand.state = ErrandState::Done;
                errand.token = Some(key.clone());
                token.state = TokenState::Ready;
                token.note = Some("found on the server after its answer was lost".to_owned());
                rows.extend([Row::Errand(errand), Row::Token(token)]);
            } else if !errands.iter().any(fits) {
                rows.push(Row::Token(token));
            }
        }
        Ok(rows.is_empty() || self.commit(rows).await?)
    }

    /// Whether nobody waits for the errand's answer any more.
    pub(super) fn is_lost(&self, errand: &Errand) -> bool {
        errand.state == ErrandState::Lost
            || errand.state == ErrandState::Asked && errand.asked_at < Moment::now().minus(self.options.stale)
    }
}
