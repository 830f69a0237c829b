//! Long work across instances (`xano_fleet`), a step at a time, as `tasks.ts` drives it: what it tells, what it asks and is
//! answered, its result. Callbacks of the user are called there, in JavaScript.

use std::sync::Arc;

use napi_derive::napi;
use xano_fleet::{Answer, Context, Task};
use xano_metadata::Error;

use crate::client::{NativeClient, NativeConnection};
use crate::delivery::Payload;
use crate::fleet::NativeFleet;
use crate::guarded;
use crate::hub::Shared;
use crate::options::read;

/// A task that is not started yet, while the live handles that it needs are handed over.
#[napi]
pub struct NativeTask {
    hub: Arc<Shared>,
    context: Context,
    task: Option<Task>,
}

impl NativeTask {
    pub(crate) fn new(hub: Arc<Shared>) -> Self {
        Self {
            hub,
            context: Context::default(),
            task: None,
        }
    }

    fn task(&self) -> Result<&Task, Error> {
        self.task
            .as_ref()
            .ok_or_else(|| Error::internal("The task was not started."))
    }
}

#[napi]
impl NativeTask {
    /// The account that it works on.
    #[napi]
    pub fn with_client(&mut self, client: &NativeClient) {
        self.context.client = Some(client.engine().clone());
    }

    /// The fleet that it works on.
    #[napi]
    pub fn with_fleet(&mut self, fleet: &NativeFleet) {
        self.context.fleet = Some(fleet.engine().clone());
    }

    /// An instance that the arguments refer to by its place among these.
    #[napi]
    pub fn with_connection(&mut self, connection: &NativeConnection) {
        self.context.connections.push(connection.engine().clone());
    }

    /// Starts the task of this name; `arguments` is JSON.
    #[napi]
    pub fn start(&mut self, name: String, arguments: String) -> napi::Result<()> {
        guarded(|| {
            let context = std::mem::take(&mut self.context);
            self.task = Some(Task::start(&name, read(&arguments)?, context)?);
            Ok(())
        })
    }

    /// Delivers the next step as JSON; the last one is `done`.
    #[napi]
    pub fn next(&self, call: f64) -> napi::Result<()> {
        guarded(|| {
            let task = self.task()?.clone();
            self.hub.run(call, async move {
                let step = serde_json::to_vec(&task.next().await?)
                    .map_err(|cause| Error::internal(format!("A step cannot be written: {cause}.")))?;
                Ok((Payload::json(step.into()), None))
            });
            Ok(())
        })
    }

    /// Answers the question with this number; true when it was waiting for it.
    #[napi]
    pub fn answer(&self, number: f64, yes: bool, reason: Option<String>) -> napi::Result<bool> {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small counter that comes back"
        )]
        let number = number as u64;
        guarded(|| Ok(self.task()?.answer(number, Answer { yes, reason })))
    }

    /// Gives it up, and delivers when its work is gone.
    #[napi]
    pub fn cancel(&self, call: f64) -> napi::Result<()> {
        guarded(|| {
            let task = self.task()?.clone();
            task.cancel();
            self.hub.run(call, async move {
                task.gone().await;
                Ok((Payload::None, None))
            });
            Ok(())
        })
    }
}
