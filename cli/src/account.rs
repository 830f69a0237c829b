//! `me`.

use serde_json::{Value as Json, json};
use xano_metadata::Error;

use crate::app::App;
use crate::outcome::Outcome;
use crate::table::facts;

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

/// Text as it is, anything else as JSON.
fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
