//! The emulator, in this process on a thread of its own.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use napi_derive::napi;
use serde::Deserialize;
use serde_json::{Value, json};
use xano_emulator::{Emulator, EmulatorOptions, ExtrasForm, RateLimit, RetryAfter};
use xano_metadata::{Error, runtime};

use crate::delivery::Payload;
use crate::hub::{Outcome, Shared};
use crate::options::read;

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Options {
    host: Option<String>,
    port: Option<u32>,
    file: Option<PathBuf>,
    seed_demo: bool,
    rate_limit: Option<Limit>,
    token: Option<String>,
    extras: Option<String>,
    journal_size: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Limit {
    requests: u32,
    /// Milliseconds.
    per: f64,
    retry_after: Option<String>,
}

/// An emulator, before, while and after it runs.
#[napi]
pub struct NativeEmulator {
    hub: Arc<Shared>,
    running: Arc<Mutex<Option<Arc<Emulator>>>>,
}

impl NativeEmulator {
    pub(crate) fn new(hub: Arc<Shared>) -> Self {
        Self {
            hub,
            running: Arc::default(),
        }
    }

    /// Does something that waits for the emulator's thread.
    fn run(&self, call: f64, work: impl FnOnce() -> Outcome + Send + 'static) {
        self.hub.run(call, async move {
            runtime::blocking(work)
                .await
                .unwrap_or_else(|_| Err(Error::internal("The emulator's thread panicked.")))
        });
    }
}

#[napi]
impl NativeEmulator {
    /// Starts it and delivers its addresses and its token.
    #[napi]
    pub fn start(&self, call: f64, options: String) {
        let slot = Arc::clone(&self.running);
        self.run(call, move || {
            let emulator = Emulator::start(emulator_options(read(&options)?)?)
                .map_err(|cause| Error::config(format!("The emulator did not start: {cause}.")))?;
            let meta = json!({
                "accountUrl": emulator.account_url(),
                "instanceUrl": emulator.instance_url(),
                "controlUrl": emulator.control_url(),
                "token": emulator.token(),
            });
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(emulator));
            Ok((Payload::None, Some(meta.to_string())))
        });
    }

    /// Carries out a control operation and delivers its status and answer.
    #[napi]
    pub fn control(&self, call: f64, method: String, path: String, body: Option<String>) {
        let slot = Arc::clone(&self.running);
        self.run(call, move || {
            let emulator = slot.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let Some(emulator) = emulator else {
                return Err(Error::config(
                    "The emulator is not running: it was stopped, or never started.",
                ));
            };
            let body = body.map_or(Ok(Value::Null), |text| read(&text))?;
            let (status, answer) = emulator.control(&method, &path, &body);
            Ok((
                Payload::Text(answer.to_string().into()),
                Some(json!({ "status": status }).to_string()),
            ))
        });
    }

    /// Stops it; its ports are free when that is delivered.
    #[napi]
    pub fn stop(&self, call: f64) {
        let slot = Arc::clone(&self.running);
        self.run(call, move || {
            let taken = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(emulator) = taken {
                emulator.stop();
            }
            Ok((Payload::None, None))
        });
    }
}

fn emulator_options(given: Options) -> Result<EmulatorOptions, Error> {
    let mut options = EmulatorOptions {
        file: given.file,
        seed_demo: given.seed_demo,
        token: given.token,
        rate_limit: given.rate_limit.map(rate_limit).transpose()?,
        extras: match given.extras.as_deref() {
            None | Some("object") => ExtrasForm::Object,
            Some("text") => ExtrasForm::Text,
            Some(word) => return Err(refused(&format!("extras is {word:?}; give \"object\" or \"text\""))),
        },
        ..EmulatorOptions::default()
    };
    if let Some(host) = given.host {
        options.host = host
            .parse()
            .map_err(|_| refused(&format!("host is {host:?}; give a loopback address such as 127.0.0.1")))?;
    }
    if let Some(port) = given.port {
        options.port = u16::try_from(port)
            .map_err(|_| refused(&format!("port is {port}; give 1 to 65535, or 0 for a free one")))?;
    }
    options.journal_size = given.journal_size.unwrap_or(options.journal_size);
    Ok(options)
}

fn rate_limit(given: Limit) -> Result<RateLimit, Error> {
    let word = given.retry_after.as_deref().unwrap_or("none");
    let retry_after = RetryAfter::parse(word).ok_or_else(|| {
        refused(&format!(
            "retryAfter is {word:?}; give \"none\", \"seconds\" or \"date\""
        ))
    })?;
    Ok(RateLimit {
        retry_after,
        ..RateLimit::new(given.requests, given.per / 1000.0)
    })
}

fn refused(reason: &str) -> Error {
    Error::config(format!("The emulator did not start: {reason}."))
}
