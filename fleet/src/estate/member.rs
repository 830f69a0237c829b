//! The members of a fleet: instances, with what is known of them without asking each.

use std::collections::HashSet;

use xano_metadata::api::InstanceInfo;
use xano_metadata::{CallOptions, Connection, Error, Xano};

use super::config::InstanceEntry;
use super::environment;
use super::fleet::{Account, Fleet};
use crate::spread::{Failure, spread};

/// One instance of a fleet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Member {
    /// The instance's name; for one that was given by URL, its key in the file.
    pub name: String,
    /// Its display name; the name when it has none.
    pub display: String,
    /// The environment it belongs to, such as `prod`.
    pub environment: Option<String>,
    /// Whether its environment is protected: changes to it are always asked for.
    pub protected: bool,
    /// What the account API says of it; none for one that was given by URL.
    pub info: Option<InstanceInfo>,
    /// The way to it.
    pub connection: Connection,
}

/// Who answered when a fleet was called together.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RollCall {
    /// The instances: those of the accounts in the accounts' order, then those given by URL. Of an account that could not be
    /// asked now, those it listed before.
    pub members: Vec<Member>,
    /// Accounts that could not be asked, and instances that no account lists.
    pub failures: Vec<Failure>,
}

/// The same, with errors that can still be raised.
pub(super) struct Roll {
    pub(super) members: Vec<Member>,
    pub(super) troubles: Vec<(String, Error)>,
}

impl Roll {
    pub(super) fn failures(&self) -> Vec<Failure> {
        self.troubles
            .iter()
            .map(|(at, error)| Failure::new(at, error))
            .collect()
    }
}

impl Fleet {
    /// The instances, asked for once a call.
    ///
    /// Scope: none published; the accounts' lists of instances are read.
    ///
    /// # Errors
    /// Those of a call, when an account cannot be asked; `config_error` when rules disagree, or when the configuration names
    /// an instance that no account lists.
    pub async fn members(&self) -> Result<Vec<Member>, Error> {
        let roll = self.call_roll(CallOptions::default()).await?;
        match roll.troubles.into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok(roll.members),
        }
    }

    /// The instances that can be found now, and what stood in the way of the others.
    ///
    /// # Errors
    /// `config_error` when rules disagree: then it is not known what is protected.
    pub async fn roll_call(&self) -> Result<RollCall, Error> {
        let roll = self.call_roll(CallOptions::default()).await?;
        Ok(RollCall {
            failures: roll.failures(),
            members: roll.members,
        })
    }

    pub(super) async fn call_roll(&self, options: CallOptions) -> Result<Roll, Error> {
        let accounts: Vec<&Account> = self.shared.accounts.iter().collect();
        let at_once = accounts.len();
        let lists = spread(accounts, at_once, |account| {
            let options = options.clone();
            async move { (account, list(account, options).await) }
        })
        .await;
        let mut muster = Muster::new(self);
        for (account, (infos, trouble)) in lists {
            for info in infos {
                muster.add_listed(account, info)?;
            }
            muster.troubles.extend(trouble.map(|error| (account.title(), error)));
        }
        muster.add_placed()?;
        Ok(muster.finish())
    }

    /// The environment that an instance is in, and whether it is protected.
    ///
    /// # Errors
    /// As [`roll_call`](Self::roll_call), and those of a call when the connection's address has to be asked for.
    pub async fn environment_of(&self, connection: &Connection) -> Result<(Option<String>, bool), Error> {
        let base = connection.resolve().await?;
        self.belonging(|member| member.connection.base_url().as_deref() == Some(&base))
            .await
    }

    /// The same for an instance by its name or display name.
    ///
    /// # Errors
    /// As [`roll_call`](Self::roll_call).
    pub async fn environment_of_name(&self, name: &str) -> Result<(Option<String>, bool), Error> {
        self.belonging(|member| member.name == name || member.display == name)
            .await
    }

    async fn belonging(&self, is_meant: impl Fn(&Member) -> bool) -> Result<(Option<String>, bool), Error> {
        let roll = self.whole().call_roll(CallOptions::default()).await?;
        if let Some(member) = roll.members.into_iter().find(is_meant) {
            return Ok((member.environment, member.protected));
        }
        match roll.troubles.into_iter().next() {
            // It may be in what could not be asked, and protected.
            Some((_, error)) => Err(error),
            None => Ok((None, false)),
        }
    }
}

/// What an account lists; what it listed last when it cannot be asked now.
async fn list(account: &Account, options: CallOptions) -> (Vec<InstanceInfo>, Option<Error>) {
    match Xano::of(&account.client)
        .instances()
        .list()
        .options(options)
        .all()
        .await
    {
        Ok(infos) => {
            account.remember(&infos);
            (infos, None)
        }
        Err(error) => (account.remembered(), Some(error)),
    }
}

/// Members being gathered.
struct Muster<'f> {
    fleet: &'f Fleet,
    members: Vec<Member>,
    troubles: Vec<(String, Error)>,
    bases: HashSet<String>,
    /// Entries of the file that an account knows, by the member they are about.
    used: Vec<(String, String)>,
}

impl<'f> Muster<'f> {
    fn new(fleet: &'f Fleet) -> Self {
        Self {
            fleet,
            members: Vec::new(),
            troubles: Vec::new(),
            bases: HashSet::new(),
            used: Vec::new(),
        }
    }

    fn add_listed(&mut self, account: &Account, info: InstanceInfo) -> Result<(), Error> {
        let display = if info.display.is_empty() {
            &info.name
        } else {
            &info.display
        }
        .clone();
        if self.fleet.ignores(&info.name, &display) {
            return Ok(());
        }
        let entry = self.entry_of(&info.name, &display)?;
        if let Some(entry) = entry {
            self.use_entry(entry, &info.name)?;
        }
        let connection = match entry.and_then(|entry| self.fleet.placed(&entry.name)) {
            Some(connection) => Ok(connection.clone()),
            None => entry
                .and_then(|entry| account.own(&entry.name))
                .unwrap_or(&account.client)
                .instance_named_by_account(&info.meta_api, info.rate_limit),
        };
        match connection {
            Ok(connection) => self.add(info.name.clone(), display, Some(info), connection),
            Err(error) => {
                self.troubles.push((info.name, error));
                Ok(())
            }
        }
    }

    /// The instances that no account lists.
    fn add_placed(&mut self) -> Result<(), Error> {
        let accounts_answered = self.troubles.is_empty();
        for entry in &self.fleet.shared.config.instances {
            if self.used.iter().any(|(used, _)| *used == entry.name) {
                continue;
            }
            let display = entry.display.as_ref().unwrap_or(&entry.name);
            if self.fleet.ignores(&entry.name, display) {
                continue;
            }
            if let Some(connection) = self.fleet.placed(&entry.name) {
                self.add(entry.name.clone(), display.clone(), None, connection.clone())?;
            } else if accounts_answered && self.fleet.is_meant(self.environment(&entry.name, &entry.name)?) {
                let what = format!(
                    "{}: no account lists an instance of this name or display name. Give its url, or correct the name.",
                    entry.place
                );
                self.troubles.push((entry.name.clone(), Error::config(what)));
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        name: String,
        display: String,
        info: Option<InstanceInfo>,
        connection: Connection,
    ) -> Result<(), Error> {
        let environment = self.environment(&name, &display)?;
        let base = connection.base_url().unwrap_or_default();
        if !self.bases.insert(base) {
            // Two accounts may share an instance, and a file may name one that an account lists.
            return Ok(());
        }
        if self.members.iter().any(|member| member.name == name) {
            return Err(Error::config(format!(
                "Two instances of the fleet are called {name:?}. Give one of them another key in the configuration."
            )));
        }
        if self.fleet.is_meant(environment) {
            let config = &self.fleet.shared.config;
            let protected = environment
                .and_then(|name| config.environment(name))
                .is_some_and(|of| of.protected);
            self.fleet.remember(&name, &connection);
            self.members.push(Member {
                environment: environment.map(str::to_owned),
                protected,
                name,
                display,
                info,
                connection,
            });
        }
        Ok(())
    }

    fn environment(&self, name: &str, display: &str) -> Result<Option<&'f str>, Error> {
        environment::of(&self.fleet.shared.config.rules, name, display)
    }

    fn entry_of(&self, name: &str, display: &str) -> Result<Option<&'f InstanceEntry>, Error> {
        let mut entries = self.fleet.shared.config.instances.iter();
        let mut about = entries
            .by_ref()
            .filter(|entry| entry.name == name || entry.name == display);
        let found = about.next();
        match (found, about.next()) {
            (Some(one), Some(other)) => Err(Error::config(format!(
                "{} and {} are about the same instance, {name:?} ({display:?}). Keep one.",
                one.place, other.place
            ))),
            _ => Ok(found),
        }
    }

    /// An entry with a token or an address is about one instance only.
    fn use_entry(&mut self, entry: &InstanceEntry, name: &str) -> Result<(), Error> {
        let other = self.used.iter().find(|(used, by)| *used == entry.name && by != name);
        if let Some((_, other)) = other.filter(|_| entry.token.is_some() || entry.url.is_some()) {
            return Err(Error::config(format!(
                "{} is the display name of two instances, {other:?} and {name:?}. Use the name of the one that is meant.",
                entry.place
            )));
        }
        self.used.push((entry.name.clone(), name.to_owned()));
        Ok(())
    }

    fn finish(self) -> Roll {
        Roll {
            members: self.members,
            troubles: self.troubles,
        }
    }
}
