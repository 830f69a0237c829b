//! What every command has: options, a client, a console.

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use xano_metadata::{Client, ClientOptions, Connection, Error, Xano};

use crate::console::Console;

/// The options that all commands share.
pub(crate) struct App {
    pub(crate) json: bool,
    pub(crate) yes: bool,
    pub(crate) console: Console,
    /// Where a command names no instance: a name or a URL.
    pub(crate) instance: Option<String>,
    profile: Option<String>,
    retries: Option<u32>,
    timeout: Option<Duration>,
}

impl App {
    pub(crate) fn new(matches: &ArgMatches) -> Self {
        // Options that stand behind the command are found in its matches.
        let (json, yes, progress) = (flag(matches, "json"), flag(matches, "yes"), flag(matches, "progress"));
        Self {
            json,
            yes,
            console: Console::new(progress, yes, json),
            instance: text(matches, "instance"),
            profile: text(matches, "profile"),
            retries: matches.get_one("retries").copied(),
            timeout: matches.get_one("timeout").copied().map(Duration::from_secs),
        }
    }

    /// Says why an access token or a password is not taken from the command line, where everyone on the machine sees it.
    pub(crate) fn refuse_secrets(&self, matches: &ArgMatches) -> Result<(), Error> {
        for (name, instead) in [
            ("token", "Set XANO_TOKEN, or name a profile with --profile."),
            ("password", "Put it into an environment variable and name that with --password-env."),
        ] {
            if matches.contains_id(name) {
                return Err(Error::config(format!(
                    "--{name} is not taken: every program on this machine can read the command line of others."
                ))
                .with_hint(instead));
            }
        }
        Ok(())
    }

    /// A client with the credentials of the environment or the profile.
    pub(crate) fn client(&self) -> Result<Client, Error> {
        let defaults = ClientOptions::default();
        let agent = format!(
            "xano-metadata-cli/{} ({} {})",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH
        );
        Client::new(ClientOptions {
            profile: self.profile.clone(),
            max_retries: self.retries.unwrap_or(defaults.max_retries),
            timeout: self.timeout.or(defaults.timeout),
            user_agent: Some(agent),
            ..defaults
        })
    }

    /// The account's typed face.
    pub(crate) fn account(&self) -> Result<Xano, Error> {
        Ok(Xano::of(&self.client()?))
    }

    /// The instance of this name or URL; none is the one of `--instance`, `XANO_INSTANCE_URL` or the profile.
    pub(crate) fn connection(&self, client: &Client, instance: Option<&str>) -> Result<Connection, Error> {
        match instance.or(self.instance.as_deref()) {
            Some(url) if is_url(url) => client.instance_at(url, None),
            Some(name) => Ok(client.instance(name)),
            None => client.default_instance(),
        }
    }
}

pub(crate) fn is_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

pub(crate) fn flag(matches: &ArgMatches, name: &str) -> bool {
    matches.get_flag(name)
}

pub(crate) fn text(matches: &ArgMatches, name: &str) -> Option<String> {
    matches.get_one::<String>(name).cloned()
}

/// A text that the command line promises.
pub(crate) fn needed(matches: &ArgMatches, name: &str) -> Result<String, Error> {
    text(matches, name).ok_or_else(|| Error::config(format!("{name} is missing.")))
}

pub(crate) fn path(matches: &ArgMatches, name: &str) -> Option<PathBuf> {
    matches.get_one::<PathBuf>(name).cloned()
}
