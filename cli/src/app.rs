//! What every command has: options, a client, a console.

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use xano_fleet::estate::{Fleet, FleetConfig, Member};
use xano_metadata::{Client, ClientOptions, Connection, Error, Xano};

use crate::console::Console;

/// The options that all commands share.
pub(crate) struct App {
    pub(crate) json: bool,
    pub(crate) yes: bool,
    pub(crate) console: Console,
    /// Where a command names no instance: a name or a URL.
    instance: Option<String>,
    fleet: Option<PathBuf>,
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
            fleet: path(matches, "fleet"),
            profile: text(matches, "profile"),
            retries: matches.get_one("retries").copied(),
            timeout: matches.get_one("timeout").copied().map(Duration::from_secs),
        }
    }

    /// Says why an access token or a password is not taken from the command line, where everyone on the machine sees it.
    pub(crate) fn refuse_secrets(matches: &ArgMatches) -> Result<(), Error> {
        for (name, instead) in [
            ("token", "Set XANO_TOKEN, or name a profile with --profile."),
            (
                "password",
                "Put it into an environment variable and name that with --password-env.",
            ),
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

    /// The instance of `--instance`, when that is a name.
    pub(crate) fn instance_name(&self) -> Option<String> {
        self.instance.clone().filter(|instance| !is_url(instance))
    }

    fn options(&self) -> ClientOptions {
        let defaults = ClientOptions::default();
        let agent = format!(
            "xano-metadata-cli/{} ({} {})",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH
        );
        ClientOptions {
            profile: self.profile.clone(),
            max_retries: self.retries.unwrap_or(defaults.max_retries),
            timeout: self.timeout.or(defaults.timeout),
            user_agent: Some(agent),
            ..defaults
        }
    }

    /// A client with the credentials of the environment or the profile.
    pub(crate) fn client(&self) -> Result<Client, Error> {
        Client::new(self.options())
    }

    /// The account's typed face.
    pub(crate) fn account(&self) -> Result<Xano, Error> {
        Ok(Xano::of(&self.client()?))
    }

    /// The fleet: that of `--fleet`, with the account's instances where there are credentials for one, or the account's.
    /// `only` narrows it to an environment.
    pub(crate) fn fleet(&self, only: Option<&str>) -> Result<Fleet, Error> {
        let fleet = match &self.fleet {
            None => Fleet::of(self.client()?),
            Some(file) => {
                let client = match self.client() {
                    Ok(client) => Some(client),
                    // A file may bring all the tokens there are; a profile that was named has to exist.
                    Err(error) if self.profile.is_some() => return Err(error),
                    Err(_) => None,
                };
                Fleet::assemble(FleetConfig::read(file)?, client, &self.options())?
            }
        };
        only.map_or(Ok(fleet.clone()), |name| fleet.environment(name))
    }

    /// What places are looked up in.
    pub(crate) async fn ground(&self) -> Result<Ground, Error> {
        if self.fleet.is_none() {
            return Ok(Ground {
                client: Some(self.client()?),
                fleet: None,
                members: Vec::new(),
                instance: self.instance.clone(),
            });
        }
        let fleet = self.fleet(None)?;
        Ok(Ground {
            client: self.client().ok(),
            members: fleet.members().await?,
            fleet: Some(fleet),
            instance: self.instance.clone(),
        })
    }
}

/// Where instances are looked up: among the members of the fleet, then in the account.
pub(crate) struct Ground {
    client: Option<Client>,
    pub(crate) fleet: Option<Fleet>,
    members: Vec<Member>,
    instance: Option<String>,
}

impl Ground {
    /// The instance of this name or URL; none is the one of `--instance`, `XANO_INSTANCE_URL` or the profile.
    pub(crate) fn connection(&self, instance: Option<&str>) -> Result<Connection, Error> {
        let meant = instance.or(self.instance.as_deref());
        let member = self.members.iter().find(|member| Some(member.name.as_str()) == meant);
        if let Some(member) = member {
            return Ok(member.connection.clone());
        }
        let Some(client) = &self.client else {
            let name = meant.unwrap_or("that is not named");
            return Err(Error::config(format!(
                "The fleet has no instance {name}, and there is no account to ask for it."
            )));
        };
        match meant {
            Some(url) if is_url(url) => client.instance_at(url, None),
            Some(name) => Ok(client.instance(name)),
            None => client.default_instance(),
        }
    }
}

/// The secret in an environment variable that an option names.
pub(crate) fn secret(matches: &ArgMatches, option: &str) -> Result<Option<String>, Error> {
    let read = |name: String| {
        std::env::var(&name).map_err(|_| {
            Error::config(format!(
                "--{option}: there is no environment variable {name}, or it is no text."
            ))
        })
    };
    text(matches, option).map(read).transpose()
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
