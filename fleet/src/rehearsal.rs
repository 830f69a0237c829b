//! A task that does nothing but what its arguments say, for the tests of the faces that drive tasks. It is in every build,
//! so that the one that is published is tested too.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use xano_metadata::Error;

use crate::context::arguments;
use crate::host::{Host, Notice, Progress, Question};

/// What to do, in this order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    #[serde(default)]
    acts: Vec<Act>,
    /// The result, beside the answers.
    #[serde(default)]
    result: Json,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    Progress(u64),
    Found(Json),
    Warn(String),
    Ask(String),
    Fail(String),
    Panic(String),
    /// Waits for ever; the file it made is removed when the work is gone.
    Hold(String),
}

pub(crate) async fn run(given: Json, host: Arc<dyn Host>) -> Result<Json, Error> {
    let script: Script = arguments("rehearsal", given)?;
    let mut answers = Vec::new();
    for act in script.acts {
        match act {
            Act::Progress(done) => host.tell(Notice::Progress(Progress::new("rehearsal", done, Some(10), "acts"))),
            Act::Found(found) => host.tell(Notice::Found { found }),
            Act::Warn(message) => host.tell(Notice::Warning { message }),
            Act::Ask(text) => answers.push(host.ask(Question::new("check", text, json!({ "acts": 1 }))).await?),
            Act::Fail(message) => return Err(Error::config(message)),
            Act::Panic(message) => panic!("{message}"),
            Act::Hold(path) => hold(path).await?,
        }
        tokio::task::yield_now().await;
    }
    Ok(json!({ "answers": answers, "result": script.result }))
}

async fn hold(path: String) -> Result<(), Error> {
    struct Held(String);
    impl Drop for Held {
        fn drop(&mut self) {
            // It is a test's own file; that it is gone already is no trouble.
            let _ = std::fs::remove_file(&self.0);
        }
    }
    std::fs::write(&path, "held").map_err(|cause| Error::config(format!("{path} cannot be written: {cause}.")))?;
    let held = Held(path);
    std::future::pending::<()>().await;
    drop(held);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value as Json, json};
    use xano_metadata::ErrorKind;

    use crate::{Answer, Context, Step, Task};

    fn start(arguments: Json) -> Task {
        Task::start("rehearsal", arguments, Context::default()).unwrap()
    }

    async fn next(task: &Task) -> Json {
        let step = tokio::time::timeout(Duration::from_secs(20), task.next()).await;
        serde_json::to_value(step.expect("no step came").unwrap()).unwrap()
    }

    #[tokio::test]
    async fn steps_come_in_their_order_and_the_result_last() {
        let task = start(json!({
            "acts": [{ "progress": 1 }, { "found": { "id": 7 } }, { "warn": "Careful." }], "result": [1],
        }));
        let progress = json!({ "step": "progress", "what": "rehearsal", "done": 1, "total": 10, "unit": "acts" });
        assert_eq!(next(&task).await, progress);
        assert_eq!(next(&task).await, json!({ "step": "found", "found": { "id": 7 } }));
        assert_eq!(next(&task).await, json!({ "step": "warning", "message": "Careful." }));
        assert_eq!(
            next(&task).await,
            json!({ "step": "done", "result": { "answers": [], "result": [1] } })
        );
        assert_eq!(task.next().await.unwrap_err().kind(), ErrorKind::Config);
    }

    #[tokio::test]
    async fn progress_that_nobody_took_is_replaced_and_the_rest_is_kept() {
        let task = start(json!({
            "acts": [{ "progress": 1 }, { "progress": 2 }, { "found": 1 }, { "progress": 3 }, { "progress": 4 }],
        }));
        task.gone().await;
        let mut seen = Vec::new();
        while let Step::Notice(notice) = task.next().await.unwrap() {
            let told = serde_json::to_value(notice).unwrap();
            seen.push(told.get("done").or(told.get("found")).cloned());
        }
        assert_eq!(seen, [Some(json!(2)), Some(json!(1)), Some(json!(4))]);
    }

    #[tokio::test]
    async fn a_question_waits_for_its_answer() {
        let task = start(json!({ "acts": [{ "ask": "Go on?" }, { "ask": "And now?" }] }));
        let asked = next(&task).await;
        let first = json!({
            "step": "ask", "number": 1, "kind": "check", "text": "Go on?", "about": { "acts": 1 },
        });
        assert_eq!(asked, first);
        assert!(!task.answer(2, Answer::yes()), "that was not asked yet");
        assert!(task.answer(1, Answer::yes()));
        assert!(!task.answer(1, Answer::yes()), "that was answered before");
        assert_eq!(next(&task).await["number"], 2);
        assert!(task.answer(2, Answer::no("It rains.")));
        let answers = json!([{ "yes": true, "reason": null }, { "yes": false, "reason": "It rains." }]);
        assert_eq!(next(&task).await["result"]["answers"], answers);
    }

    #[tokio::test]
    async fn failures_and_panics_end_it_after_what_was_told() {
        let task = start(json!({ "acts": [{ "found": 1 }, { "fail": "It broke." }] }));
        next(&task).await;
        assert_eq!(task.next().await.unwrap_err().message(), "It broke.");
        let task = start(json!({ "acts": [{ "panic": "asked to" }] }));
        assert_eq!(task.next().await.unwrap_err().kind(), ErrorKind::Internal);
        let task = start(json!({ "act": [] }));
        let error = task.next().await.unwrap_err();
        assert!(error.message().starts_with("rehearsal: unknown field `act`"), "{error}");
        let task = Task::start("fleet.nonsense", json!({}), Context::default()).unwrap();
        assert_eq!(task.next().await.unwrap_err().kind(), ErrorKind::Internal);
    }

    #[tokio::test]
    async fn what_is_given_up_lets_go_of_what_it_held() {
        let path = std::env::temp_dir().join(format!("rehearsal-{:016x}", fastrand::u64(..)));
        for by_dropping in [false, true] {
            let task = start(json!({ "acts": [{ "found": 1 }, { "hold": path }] }));
            next(&task).await;
            while !path.exists() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            if by_dropping {
                drop(task);
                while path.exists() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                continue;
            }
            let waiting = task.clone();
            let waiting = tokio::spawn(async move { waiting.next().await });
            task.cancel();
            task.gone().await;
            assert!(!path.exists(), "its work is still there");
            assert_eq!(waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Cancelled);
        }
    }
}
