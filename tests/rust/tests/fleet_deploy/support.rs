//! An emulator with workspaces that run an old version, one that has the new one, and a look at what they run.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use xano_emulator::{Emulator, EmulatorOptions};
use xano_fleet::deploy::{self, DeployOptions, Live, Report, ResumeOptions, RevertOptions, Rules, Source, Stage, Step};
use xano_fleet::{Answer, Asking, Host, Notice, Place, Question};
use xano_metadata::{Client, ClientOptions, Connection, Error, Instance, RateLimiting};

pub const OLD: &str = r#"table customer {
  auth = false

  schema {
    int id
    text name
  }

  index = [
    {type: "primary", field: [{"name":"id"}]}
  ]
}
---
api_group shop {
  description = "the shop"
}
---
query customer verb=GET {
  api_group = "shop"
  response = "old"
}
---
function total {
  response = 1
}
---
task sweep {
  active = false
}
"#;

/// The function and the endpoint do something else, one function is new, the task is gone.
pub fn new_version() -> String {
    OLD.replace("\"old\"", "\"new\"")
        .replace("response = 1", "response = 2")
        .replace(
            "task sweep {\n  active = false\n}",
            "function greet {\n  response = \"hello\"\n}",
        )
}

/// An emulator with the workspaces Dev (the new version, in its branch `next`), Staging and Prod (the old one).
pub struct World {
    pub emulator: Arc<Emulator>,
    pub connection: Connection,
    pub dev: i64,
    pub staging: i64,
    pub prod: i64,
    pub folder: PathBuf,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub async fn with(change: impl FnOnce(&mut ClientOptions)) -> Self {
        let emulator = Emulator::start(EmulatorOptions::default()).expect("an emulator");
        let mut options = ClientOptions {
            token: Some(emulator.token().into()),
            ambient_credentials: false,
            backoff: Duration::from_millis(1),
            rate_limit: RateLimiting::Off,
            ..ClientOptions::default()
        };
        change(&mut options);
        let client = Client::new(options).expect("a client");
        let connection = client.instance_at(emulator.instance_url(), None).expect("a connection");
        let folder = std::env::temp_dir().join(format!("xano-deploy-{}-{:x}", std::process::id(), fastrand::u64(..)));
        std::fs::create_dir(&folder).expect("a folder");
        let mut world = Self {
            emulator: Arc::new(emulator),
            connection,
            dev: 0,
            staging: 0,
            prod: 0,
            folder,
        };
        world.dev = world.workspace("Dev").await;
        world.staging = world.workspace("Staging").await;
        world.prod = world.workspace("Prod").await;
        let dev = world.place(world.dev).workspace();
        dev.branches().create("next").await.expect("a branch");
        dev.multidoc()
            .push(new_version())
            .branch("next")
            .delete(true)
            .await
            .expect("a push");
        world
    }

    async fn workspace(&self, name: &str) -> i64 {
        let instance = Instance::over(self.connection.clone());
        let made = instance.workspaces().create(name).await.expect("a workspace");
        let workspace = instance.workspace(made.id);
        workspace.multidoc().push(OLD).await.expect("a push");
        made.id
    }

    pub fn place(&self, workspace: i64) -> Place {
        Place::new(self.connection.clone(), workspace)
    }

    pub fn source(&self) -> Source {
        Source::Place(self.place(self.dev).on_branch("next"))
    }

    /// Staging, and prod.
    pub fn stages(&self) -> Vec<Stage> {
        vec![
            Stage::new("staging", self.place(self.staging)),
            Stage::new("prod", self.place(self.prod)),
        ]
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.join("deploy.json")
    }

    /// Options of a deployment that writes.
    pub fn options(&self) -> DeployOptions {
        DeployOptions {
            dry_run: false,
            journal: Some(self.journal()),
            settle: 0.05,
            rules: Rules {
                backups: Some(self.folder.join("backups")),
                ..Rules::default()
            },
            ..DeployOptions::default()
        }
    }

    pub async fn deploy(&self, options: &DeployOptions, host: &dyn Host) -> Report {
        let report = deploy::run(&self.source(), &self.stages(), options, host).await;
        report.expect("a report")
    }

    pub async fn resume(&self, host: &dyn Host) -> Result<Report, Error> {
        let options = ResumeOptions {
            settle: 0.05,
            ..ResumeOptions::default()
        };
        deploy::resume(&self.journal(), &self.stages(), &options, host).await
    }

    pub async fn revert(&self, host: &dyn Host) -> Result<Report, Error> {
        let options = RevertOptions {
            settle: 0.05,
            ..RevertOptions::default()
        };
        deploy::revert(&self.journal(), &self.stages(), &options, host).await
    }

    /// Adds fault rules.
    pub fn faults(&self, rules: &Value) {
        let (status, answer) = self.emulator.control("POST", "/faults", rules);
        assert_eq!(status, 200, "{answer}");
    }

    pub fn end_faults(&self) {
        self.emulator.control("DELETE", "/faults", &Value::Null);
    }

    /// How often the rules struck.
    pub fn struck(&self) -> u64 {
        let (_, faults) = self.emulator.control("GET", "/faults", &Value::Null);
        let rules = faults["rules"].as_array().or(faults.as_array()).expect("a list");
        rules.iter().map(|rule| rule["fired"].as_u64().expect("a number")).sum()
    }

    /// Every change of a workspace since it was set up, oldest first: words such as `branch.live`.
    pub async fn audit(&self, workspace: i64) -> Vec<String> {
        let logs = self.place(workspace).workspace().audit_logs().list().all().await;
        let logs = logs.expect("the audit log");
        // The log holds exports too, which change nothing; the first two are the workspace and the push that filled it.
        let words = logs.into_iter().rev().map(|entry| entry.type_).skip(2);
        words.filter(|word| word != "workspace.export").collect()
    }

    pub async fn branches(&self, workspace: i64) -> Vec<(String, bool)> {
        let all = self.place(workspace).workspace().branches().list().all().await;
        let all = all.expect("branches").into_iter();
        all.map(|branch| (branch.label, branch.live == Some(true))).collect()
    }

    pub async fn live(&self, workspace: i64) -> String {
        let branches = self.branches(workspace).await;
        branches.into_iter().find(|(_, live)| *live).expect("a live branch").0
    }

    /// What everybody gets who names no branch.
    pub async fn text(&self, workspace: i64) -> String {
        let text = self
            .place(workspace)
            .workspace()
            .multidoc()
            .pull()
            .await
            .expect("a text");
        let kept = |line: &&str| !line.trim_start().starts_with("guid = ");
        text.lines().filter(kept).collect::<Vec<_>>().join("\n")
    }

    /// Whether the workspace runs the new version; fails when it runs something in between.
    pub async fn runs_new(&self, workspace: i64) -> bool {
        let text = self.text(workspace).await;
        let marks = ["\"new\"", "response = 2", "function greet"].map(|mark| text.contains(mark));
        let old = ["\"old\"", "response = 1", "task sweep"].map(|mark| text.contains(mark));
        match (marks, old) {
            ([true, true, true], [false, false, false]) => true,
            ([false, false, false], [true, true, true]) => false,
            _ => panic!("workspace {workspace} runs something in between:\n{text}"),
        }
    }

    /// Fails unless a report says of every stage exactly what is the case. Answers which stages run the new version.
    pub async fn honest(&self, report: &Report) -> Vec<bool> {
        let mut news = Vec::new();
        for stage in &report.stages {
            let new = self.runs_new(stage.workspace).await;
            let live = self.live(stage.workspace).await;
            let said = match stage.live {
                Live::New => new && live == stage.branch,
                Live::Previous => !new && live == "v1",
                Live::Unknown => true,
                other => panic!("{other:?}"),
            };
            assert!(
                said,
                "{}: {live} is live, and the report says:\n{}",
                stage.name,
                report.text()
            );
            let there = self
                .branches(stage.workspace)
                .await
                .iter()
                .any(|(label, _)| *label == stage.branch);
            let branch_known = !report.unknown.contains(&format!("{}: branch", stage.name));
            assert!(!branch_known || there == stage.branch_left, "{}", report.text());
            news.push(new);
        }
        news
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Something done at a certain moment.
pub type Deed = Box<dyn Fn() + Send + Sync>;

/// A host that answers as it is told, remembers everything, and may end the work in the middle.
#[derive(Default)]
pub struct Hands {
    pub no_gate: Option<&'static str>,
    pub no_check: Option<&'static str>,
    /// Called when a step such as `prod live begun` is told.
    pub when: Option<(&'static str, Deed)>,
    /// Ends the work as if it were killed when so many steps were told.
    pub dies_at: Option<usize>,
    pub told: Mutex<Vec<Value>>,
    pub asked: Mutex<Vec<Question>>,
}

impl Hands {
    pub fn dying_at(step: usize) -> Self {
        Self {
            dies_at: Some(step),
            ..Self::default()
        }
    }

    pub fn steps(&self) -> Vec<String> {
        let told = self.told.lock().expect("no panic");
        let steps = told.iter().map(|found| {
            let word = |name: &str| found[name].as_str().expect("text").to_owned();
            format!("{} {} {}", word("stage"), word("step"), word("state"))
        });
        steps.collect()
    }

    pub fn questions(&self) -> Vec<(String, String, String)> {
        let asked = self.asked.lock().expect("no panic");
        let shown = asked.iter().map(|question| {
            let word = |name: &str| question.about[name].as_str().unwrap_or_default().to_owned();
            (question.kind.to_owned(), word("stage"), word("moment"))
        });
        shown.collect()
    }
}

impl Host for Hands {
    fn tell(&self, notice: Notice) {
        let Notice::Found { found } = notice else { return };
        if found["event"] != "step" {
            return;
        }
        let mut told = self.told.lock().expect("no panic");
        told.push(found);
        let count = told.len();
        drop(told);
        if let (Some((step, act)), Some(last)) = (&self.when, self.steps().last())
            && step == last
        {
            act();
        }
        if Some(count) == self.dies_at {
            // Unwinds without a word on stderr: nothing more of the work happens, as if its process had died here.
            std::panic::resume_unwind(Box::new("killed"));
        }
    }

    fn ask(&self, question: Question) -> Asking<'_> {
        let no = match question.kind {
            "gate" => self.no_gate,
            _ => self.no_check,
        };
        self.asked.lock().expect("no panic").push(question);
        Box::pin(async move { Ok(no.map_or_else(Answer::yes, Answer::no)) })
    }
}

/// How far a step of a stage is, with its note.
pub fn step(report: &Report, stage: &str, step: Step) -> (&'static str, String) {
    let stage = report.stages.iter().find(|one| one.name == stage).expect("the stage");
    let record = stage.steps.iter().find(|record| record.step == step).expect("the step");
    (record.state.name(), record.note.clone().unwrap_or_default())
}

/// JSON of what a workflow test's run answers, as fault rules.
pub fn answers(path: &str, body: &Value) -> Value {
    json!({"kind": "reply", "method": "POST", "path": path, "times": "always",
           "headers": {"content-type": "application/json"}, "body": body.to_string()})
}
