//! `snippets` and `tokens`: what you share, and the keys to it.

use std::io::Read as _;

use clap::ArgMatches;
use serde_json::json;
use xano_fleet::Failure;
use xano_metadata::api::{InstallToken, SnippetHandle};
use xano_metadata::{Error, Xano};

use crate::app::{App, needed, text};
use crate::ask;
use crate::console::{Console, Paint};
use crate::outcome::{Exit, Outcome};
use crate::table::{Cell, Table};

pub(crate) async fn list(app: &App, given: &ArgMatches) -> Result<Outcome, Error> {
    let xano = app.account()?;
    let snippets = match text(given, "canonical") {
        Some(canonical) => vec![xano.snippet(canonical).get().await?],
        None => xano.snippets().list().all().await?,
    };
    let mut table = Table::new(&["canonical", "name", "access", "review"]);
    for snippet in &snippets {
        table.row([
            Cell::from(&snippet.canonical),
            Cell::from(&snippet.name),
            Cell::from(&snippet.install_access),
            Cell::from(&snippet.review),
        ]);
    }
    let text = table.render(&app.console, "You own no snippets.");
    Ok(Outcome::success(json!({ "snippets": snippets }), text))
}

pub(crate) async fn tokens(app: &App, given: &ArgMatches) -> Result<Outcome, Error> {
    let xano = app.account()?;
    match given.subcommand() {
        Some(("list", given)) => {
            let tokens = snippet(&xano, given)?.tokens().list().all().await?;
            Ok(shown(&app.console, &tokens))
        }
        Some(("create", given)) => create(app, &snippet(&xano, given)?, given).await,
        Some(("update", given)) => {
            let (snippet, key) = (snippet(&xano, given)?, key(given)?);
            let known = snippet.tokens().list().all().await?;
            let Some(token) = known.iter().find(|token| token.token == key) else {
                return Err(Error::config("The snippet has no such install token."));
            };
            let installs = installs(given)?;
            let token = snippet.token(key).update(installs, token.current_installs).await?;
            Ok(shown(&app.console, &[token]))
        }
        Some(("delete", given)) => {
            let (canonical, key) = (needed(given, "canonical")?, key(given)?);
            ask::confirm(
                app,
                &format!("Revoking an install token of {canonical} cannot be undone"),
                &canonical,
            )
            .await?;
            xano.snippet(canonical).token(key).delete().await?;
            Ok(Outcome::success(json!({ "deleted": 1 }), "Revoked."))
        }
        _ => Err(Error::config("There is no such command.")),
    }
}

/// Makes the tokens one after the other, so that what was made is told when one fails.
async fn create(app: &App, snippet: &SnippetHandle, given: &ArgMatches) -> Result<Outcome, Error> {
    let (installs, wanted) = (installs(given)?, given.get_one("count").copied().unwrap_or(1_u32));
    let mut made: Vec<InstallToken> = Vec::new();
    for _ in 0..wanted {
        match snippet.tokens().create(installs).await {
            Ok(token) => made.push(token),
            Err(error) if made.is_empty() => return Err(error),
            Err(error) => {
                let failures = [Failure::new(format!("token {} of {wanted}", made.len() + 1), &error)];
                let document = json!({ "tokens": made, "failures": failures });
                let outcome = Outcome::new(Exit::Problems, document, table(&app.console, &made));
                return Ok(outcome.complaining(&failures));
            }
        }
    }
    Ok(shown(&app.console, &made))
}

fn shown(console: &Console, tokens: &[InstallToken]) -> Outcome {
    Outcome::success(json!({ "tokens": tokens, "failures": [] }), table(console, tokens))
}

fn table(console: &Console, tokens: &[InstallToken]) -> String {
    let mut table = Table::new(&["install token", "used", "of", "left"]);
    for token in tokens {
        let left = token.max_installs.saturating_sub(token.current_installs);
        let paint = if left > 0 { Paint::Plain } else { Paint::Careful };
        table.row([
            Cell::from(&token.token),
            Cell::from(token.current_installs.to_string()),
            Cell::from(token.max_installs.to_string()),
            Cell::painted(left.to_string(), paint),
        ]);
    }
    table.render(console, "The snippet has no install tokens.")
}

fn snippet(xano: &Xano, given: &ArgMatches) -> Result<SnippetHandle, Error> {
    Ok(xano.snippet(needed(given, "canonical")?))
}

fn installs(given: &ArgMatches) -> Result<i64, Error> {
    given
        .get_one("installs")
        .copied()
        .ok_or_else(|| Error::config("--installs is missing."))
}

/// An install token: from the command line, or from standard input, where nobody else sees it.
fn key(given: &ArgMatches) -> Result<String, Error> {
    let key = needed(given, "install-token")?;
    if key != "-" {
        return Ok(key);
    }
    let mut typed = String::new();
    let read = std::io::stdin().read_to_string(&mut typed);
    read.map_err(|cause| Error::config(format!("Standard input cannot be read: {cause}.")))?;
    Ok(typed.trim().to_owned())
}
