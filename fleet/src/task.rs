//! Long work a step at a time: what the language faces drive.
//!
//! A task runs by itself on the runtime. Whoever holds it takes its steps: what it tells, what it asks (and is answered with
//! [`Task::answer`]), and its result. So a callback of a user is called by the face, in the user's language and thread, and
//! the logic knows nothing of languages. Dropping a task gives it up; what it keeps on disk is whole at any moment.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use serde::Serialize;
use serde_json::Value as Json;
use tokio::sync::{Notify, oneshot};
use tokio::task::AbortHandle;
use xano_metadata::{Error, runtime};

use crate::context::Context;
use crate::host::{Answer, Asking, Host, Notice, Question};
use crate::{backup, compare, deploy, estate, rehearsal, shop};

/// One step of a task.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Step {
    /// `{"step": "progress" | "found" | "warning", …}`.
    Notice(Notice),
    /// `{"step": "ask", "number": 1, "kind": …, "text": …, "about": …}`: the task waits for its answer.
    Ask {
        /// Always `ask`.
        step: &'static str,
        /// To be given back with the answer.
        number: u64,
        /// What is asked.
        #[serde(flatten)]
        question: Question,
    },
    /// `{"step": "done", "result": …}`: the last step.
    Done {
        /// Always `done`.
        step: &'static str,
        /// What came of it, in the JSON of its type.
        result: Json,
    },
}

/// Work under way. Clones are of the same task; when the last is dropped it is given up.
#[derive(Clone, Debug)]
pub struct Task {
    running: Arc<Running>,
}

#[derive(Debug)]
struct Running {
    desk: Arc<Desk>,
    task: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Where steps lie until they are taken.
#[derive(Debug, Default)]
struct Desk {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    steps: VecDeque<Step>,
    asked: u64,
    waiting: Vec<(u64, oneshot::Sender<Answer>)>,
    outcome: Option<Result<Json, Error>>,
    /// The work is gone, with everything it held: it ended, or was given up.
    gone: bool,
    /// Nothing more will come.
    over: bool,
}

/// Dropped last of all that a task holds, however it ends.
struct Leaving(Arc<Desk>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.lock().gone = true;
        self.0.news.notify_waiters();
    }
}

impl Task {
    /// Starts the task of this name, such as `fleet.inventory`, on the current runtime or on the engine's own.
    ///
    /// # Errors
    /// `cancelled` after the engine was shut down. What is wrong with a name or an argument is told by [`next`](Self::next).
    pub fn start(name: &str, arguments: Json, context: Context) -> Result<Self, Error> {
        let handle = match tokio::runtime::Handle::try_current() {
            Ok(handle) => handle,
            Err(_) => runtime::handle()?.clone(),
        };
        let desk = Arc::new(Desk::default());
        let leaving = Leaving(Arc::clone(&desk));
        let host = Arc::clone(&desk);
        let name = name.to_owned();
        let work = async move { run(&name, arguments, context, host).await };
        let task = runtime::spawn(&handle, watched(work, leaving));
        Ok(Self {
            running: Arc::new(Running {
                desk,
                task: task.abort_handle(),
            }),
        })
    }

    /// The next step; the last one is [`Step::Done`].
    ///
    /// # Errors
    /// Those of the work, at its end; `cancelled` when it was given up; `config_error` after the end.
    pub async fn next(&self) -> Result<Step, Error> {
        self.await_news(|state| {
            if let Some(step) = state.steps.pop_front() {
                return Some(Ok(step));
            }
            if state.over {
                return Some(Err(Error::config("The task has ended; there are no more steps.")));
            }
            if !state.gone {
                return None;
            }
            state.over = true;
            let outcome = state.outcome.take();
            let outcome = outcome.unwrap_or_else(|| Err(Error::cancelled("The task was given up.")));
            Some(outcome.map(|result| Step::Done { step: "done", result }))
        })
        .await
    }

    /// Waits until the work is gone with everything it held (files, locks, connections), however it ended.
    pub async fn gone(&self) {
        self.await_news(|state| state.gone.then_some(())).await;
    }

    async fn await_news<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        let desk = &self.running.desk;
        loop {
            let news = desk.news.notified();
            tokio::pin!(news);
            // Heard from here on, so that nothing is missed between the look and the wait.
            news.as_mut().enable();
            if let Some(found) = look(&mut desk.lock()) {
                return found;
            }
            news.await;
        }
    }

    /// Answers the question with this number; true when it was waiting for it.
    #[must_use]
    pub fn answer(&self, number: u64, answer: Answer) -> bool {
        let mut state = self.running.desk.lock();
        let place = state.waiting.iter().position(|(asked, _)| *asked == number);
        place.is_some_and(|place| state.waiting.swap_remove(place).1.send(answer).is_ok())
    }

    /// Gives it up: the work ends where it waits next. [`gone`](Self::gone) tells when it has.
    pub fn cancel(&self) {
        self.running.task.abort();
    }
}

/// Runs the work of a task, so that its outcome is known before it is gone.
async fn watched(work: impl Future<Output = Result<Json, Error>>, leaving: Leaving) {
    let outcome = AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Error::internal("The task panicked.")));
    leaving.0.lock().outcome = Some(outcome);
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for Desk {
    fn tell(&self, notice: Notice) {
        let mut state = self.lock();
        // Whoever takes steps slowly need not see every bit of progress: of what lies untaken since the last other step,
        // the latest of one `what` stands for all.
        if let Notice::Progress(now) = &notice {
            let untaken = state.steps.iter_mut().rev().map_while(|step| match step {
                Step::Notice(Notice::Progress(progress)) => Some(progress),
                _ => None,
            });
            if let Some(told) = untaken.into_iter().find(|told| told.what == now.what) {
                *told = now.clone();
                return;
            }
        }
        state.steps.push_back(Step::Notice(notice));
        drop(state);
        self.news.notify_waiters();
    }

    fn ask(&self, question: Question) -> Asking<'_> {
        let (sender, answer) = oneshot::channel();
        let mut state = self.lock();
        state.asked += 1;
        let number = state.asked;
        state.waiting.push((number, sender));
        state.steps.push_back(Step::Ask {
            step: "ask",
            number,
            question,
        });
        drop(state);
        self.news.notify_waiters();
        Box::pin(async move {
            answer
                .await
                .map_err(|_| Error::cancelled("Nobody is left to answer the question."))
        })
    }
}

/// The one place that knows the names of tasks.
async fn run(name: &str, arguments: Json, context: Context, host: Arc<dyn Host>) -> Result<Json, Error> {
    match name.split_once('.') {
        Some(("fleet", verb)) => estate::task::run(verb, arguments, context, host).await,
        Some(("backup", verb)) => backup::task::run(verb, arguments, context, host).await,
        Some(("compare", verb)) => compare::task::run(verb, arguments, context, host).await,
        Some(("deploy", verb)) => deploy::task::run(verb, arguments, context, host).await,
        Some(("shop", verb)) => shop::task::run(verb, arguments, context, host).await,
        _ if name == "rehearsal" => rehearsal::run(arguments, host).await,
        _ => Err(unknown(name)),
    }
}

/// There is no task of this name.
pub(crate) fn unknown(name: &str) -> Error {
    Error::internal(format!("There is no task {name:?}."))
}
