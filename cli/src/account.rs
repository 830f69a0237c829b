//! `me` and `instances`.

use clap::ArgMatches;
use serde_json::{Value as Json, json};
use xano_metadata::Error;

use crate::app::App;
use crate::outcome::Outcome;
use crate::table::{Cell, Table, facts};

pub(crate) async fn me(app: &App) -> Result<Outcome, Error> {
    let xano = app.account()?;
    let me = xano.me().await?;
    let account = xano.client().options().account_url.clone().unwrap_or_default();
    let text = facts(
        &app.console,
        &[
            ("name", me.name.clone()),
            ("email", me.email.clone()),
            ("id", plain(&me.id)),
            ("account", account.clone()),
        ],
    );
    Ok(Outcome::success(json!({ "account_url": account, "me": me }), text))
}

pub(crate) async fn instances(app: &App, _given: &ArgMatches) -> Result<Outcome, Error> {
    let instances = app.account()?.instances().list().all().await?;
    let mut table = Table::new(&["name", "display", "address", "rate limit"]);
    for instance in &instances {
        table.row([
            Cell::from(&instance.name),
            Cell::from(&instance.display),
            Cell::from(instance.custom_domain.as_ref().unwrap_or(&instance.xano_domain)),
            Cell::from(if instance.rate_limit { "yes" } else { "no" }),
        ]);
    }
    let text = table.render(&app.console, "The account has no instances.");
    Ok(Outcome::success(json!({ "instances": instances }), text))
}

/// Text as it is, anything else as JSON.
fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
