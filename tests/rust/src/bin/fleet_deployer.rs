//! Deploys, resumes or reverts, and tells every step, so that a test can kill it at a place of its choice.
//!
//! One argument: a JSON object with `verb` (`run`, `resume`, `revert`), `url`, `token`, `journal`, `backups`, `source` (a
//! workspace), `stages` (names and workspaces) and `hold`: after telling so many steps it tells no more and does no more. Each
//! line it prints is a step; the last one is the report.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use xano_fleet::deploy::{self, DeployOptions, ResumeOptions, RevertOptions, Rules, Source, Stage};
use xano_fleet::{Answer, Asking, Host, Notice, Place, Question};
use xano_metadata::{Client, ClientOptions};

/// Says yes to everything, and stands still when it was told enough.
struct Teller {
    told: AtomicU64,
    hold: u64,
}

impl Host for Teller {
    fn tell(&self, notice: Notice) {
        let Notice::Found { found } = notice else { return };
        println!("{found}");
        if self.told.fetch_add(1, Ordering::SeqCst) + 1 == self.hold {
            std::thread::sleep(Duration::from_secs(3_600));
        }
    }

    fn ask(&self, _question: Question) -> Asking<'_> {
        Box::pin(async { Ok(Answer::yes()) })
    }
}

#[tokio::main]
async fn main() {
    let argument = std::env::args().nth(1).expect("an argument");
    let order: Value = serde_json::from_str(&argument).expect("JSON");
    let text = |name: &str| order[name].as_str().expect("text").to_owned();
    let client = Client::new(ClientOptions {
        token: Some(text("token").into()),
        ambient_credentials: false,
        backoff: Duration::from_millis(1),
        ..ClientOptions::default()
    });
    let connection = client
        .expect("a client")
        .instance_at(&text("url"), None)
        .expect("a connection");
    let place = |workspace: &Value| Place::new(connection.clone(), workspace.as_i64().expect("a number"));
    let stages: Vec<Stage> = order["stages"]
        .as_object()
        .expect("an object")
        .iter()
        .map(|(name, workspace)| Stage::new(name, place(workspace)))
        .collect();
    let host = Teller {
        told: AtomicU64::new(0),
        hold: order["hold"].as_u64().unwrap_or(u64::MAX),
    };
    let journal = PathBuf::from(text("journal"));
    let settle = 0.05;
    let report = match text("verb").as_str() {
        "run" => {
            let options = DeployOptions {
                dry_run: false,
                journal: Some(journal),
                settle,
                rules: Rules {
                    compare: false,
                    backups: Some(PathBuf::from(text("backups"))),
                    ..Rules::default()
                },
                ..DeployOptions::default()
            };
            let source = Source::Place(place(&order["source"]));
            deploy::run(&source, &stages, &options, &host).await
        }
        "resume" => {
            let options = ResumeOptions {
                settle,
                ..ResumeOptions::default()
            };
            deploy::resume(&journal, &stages, &options, &host).await
        }
        _ => {
            let options = RevertOptions {
                settle,
                ..RevertOptions::default()
            };
            deploy::revert(&journal, &stages, &options, &host).await
        }
    };
    match report {
        Ok(report) => println!("{}", json!(report)),
        Err(error) => println!("{}", error.to_json()),
    }
}
