//! The judge: what a face reported against what the emulator holds.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use xano_metadata::Error;

use crate::classes::{Class, makes_token};
use crate::drive::ROWS;
use crate::house::{House, RECORDS, SNIPPET, SNIPPETS, Table};
use crate::kinds::Strike;
use crate::plan::{Case, LanePlan};
use crate::proxy::Lane;
use crate::tally::Tally;

/// Retries after a first attempt.
const RETRIES: u32 = 3;

/// The mark of what case `index` of a class writes.
#[must_use]
pub fn mark(class: Class, index: usize) -> String {
    format!("{}-{index:03}", class.name())
}

/// What the number of a record becomes by a change in case `index`.
#[must_use]
pub fn number(index: usize) -> i64 {
    1000 + i64::try_from(index).unwrap_or(0)
}

/// How often each thing is there that the cases of a lane write.
struct Found(HashMap<String, i64>);

impl Found {
    fn times(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or(0)
    }
}

/// Judges the cases of one lane. `outcomes` are the lines that the face printed for them, by their place.
///
/// # Errors
/// When the emulator cannot be asked.
pub async fn judge(
    house: &House,
    plan: &LanePlan,
    table: &Table,
    lane: &Lane,
    outcomes: &BTreeMap<usize, Value>,
    folder: &Path,
) -> Result<Tally, Error> {
    let found = look(house, plan.class, table).await?;
    let mut tally = Tally {
        requests: lane.requests(),
        ..Tally::default()
    };
    for case in &plan.cases {
        tally.cases += 1;
        let seen = lane.seen(case.index);
        // Hosts that are not there strike without the proxy's help.
        let out_of_reach = !matches!(case.kind.client, "plain" | "tls");
        let struck = seen.struck > 0 || out_of_reach;
        tally.faults += u64::from(seen.struck) + u64::from(out_of_reach);
        let place = format!("{} under {} (case {})", plan.class.name(), case.kind.name, case.index);
        let Some(outcome) = outcomes.get(&case.index) else {
            tally.hung += 1;
            tally.notes.push(format!("{place}: no end"));
            continue;
        };
        let good = outcome["ok"] == true;
        let in_doubt = outcome["error"]["outcome_unknown"] == true;
        if good {
            tally.recovered += u64::from(struck);
        } else {
            tally.surfaced += 1;
            tally.in_doubt += u64::from(in_doubt);
            let passing = case.blow.strike.is_passing(plan.class.repeats(case.index)) && seen.struck <= RETRIES;
            if !struck || (passing && !is_excused(plan.class, &case.blow.strike, &outcome["error"])) {
                tally.gave_up += 1;
                tally
                    .notes
                    .push(format!("{place}: gave up: {}", outcome["error"]["text"]));
            }
        }
        let code = &outcome["error"]["code"];
        if *code == "internal_error" || *code == "config_error" {
            tally.panics += 1;
            tally.notes.push(format!("{place}: {}", outcome["error"]["text"]));
        }
        if plan.class != Class::Load && !plan.class.repeats(case.index) && seen.resent() {
            tally.resent += 1;
            tally.notes.push(format!("{place}: sent again: {:?}", seen.requests));
        }
        match verdict(plan.class, case, outcome, good, in_doubt, &found, folder) {
            Verdict::Right => {}
            Verdict::Lost(why) => {
                tally.lost += 1;
                tally.notes.push(format!("{place}: {why}: {outcome}"));
            }
            Verdict::Doubled(why) => {
                tally.doubled += 1;
                tally.notes.push(format!("{place}: {why}: {outcome}"));
            }
        }
    }
    Ok(tally)
}

/// What no retry can mend: a delete that was done, and is told again that there is nothing to delete; a file that broke off
/// while it was written down, which is not fetched anew.
fn is_excused(class: Class, strike: &Strike, error: &Value) -> bool {
    match class {
        Class::Delete => error["status"] == 404 && error["outcome_unknown"] == true,
        Class::Download => matches!(strike, Strike::Spoil(_)),
        _ => false,
    }
}

enum Verdict {
    Right,
    Lost(String),
    Doubled(String),
}

fn verdict(
    class: Class,
    case: &Case,
    outcome: &Value,
    good: bool,
    in_doubt: bool,
    found: &Found,
    folder: &Path,
) -> Verdict {
    let index = case.index;
    let value = &outcome["value"];
    let mark = mark(class, index);
    let expect = |right: bool, what: &str| {
        if right {
            Verdict::Right
        } else {
            Verdict::Lost(format!("{what} is not what it should be"))
        }
    };
    let everything: Vec<usize> = (0..RECORDS).collect();
    match class {
        Class::Read if good => expect(*value == json!(index), "the record"),
        Class::List | Class::Rows if good => expect(*value == json!(everything), "the list"),
        Class::Account if makes_token(index) => once(found.times(&number(index).to_string()), good, in_doubt),
        Class::Account if good && index.is_multiple_of(3) => {
            expect(*value == json!(SNIPPETS + 1), "the list of snippets")
        }
        Class::Account if good => expect(*value == json!(SNIPPET), "the snippet"),
        Class::Download if good => expect(archive(&folder.join(index.to_string())), "the archive"),
        Class::Download => {
            let left = folder.join(index.to_string()).exists();
            expect(!left, "what is left of an archive that did not come")
        }
        Class::Read | Class::List | Class::Rows | Class::Account => Verdict::Right,
        Class::Update if good && *value != json!(number(index)) => expect(false, "the answer"),
        Class::Create | Class::Upload | Class::Update | Class::Patch => once(found.times(&mark), good, in_doubt),
        // What is counted is what is gone.
        Class::Delete => once(1 - found.times(&mark), good, in_doubt),
        Class::Load => loaded(outcome, good, in_doubt, &mark, found),
    }
}

/// One thing that is done once, or not.
fn once(times: i64, good: bool, in_doubt: bool) -> Verdict {
    match times {
        0 if good => Verdict::Lost("it is not there".into()),
        1 if !good && !in_doubt => Verdict::Doubled("it is there, and was to have failed".into()),
        0 | 1 => Verdict::Right,
        many => Verdict::Doubled(format!("it is there {many} times")),
    }
}

fn loaded(outcome: &Value, good: bool, in_doubt: bool, mark: &str, found: &Found) -> Verdict {
    let times: Vec<i64> = (0..ROWS).map(|row| found.times(&format!("{mark}-{row}"))).collect();
    if let Some(twice) = times.iter().position(|times| *times > 1) {
        return Verdict::Doubled(format!("row {twice} is there {} times", times[twice]));
    }
    let there: i64 = times.iter().sum();
    let told = if good {
        outcome["value"].as_i64()
    } else {
        outcome["error"]["inserted"].as_i64()
    };
    let told = told.unwrap_or(0);
    let all = i64::try_from(ROWS).unwrap_or(0);
    match () {
        () if there < told || (good && there < all) => Verdict::Lost(format!("{there} rows are there of {told}")),
        () if there > told && !in_doubt => Verdict::Doubled(format!("{there} rows are there, {told} were told")),
        () => Verdict::Right,
    }
}

/// Whether an archive can be read to its end and holds the workspace.
fn archive(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    let Ok(entries) = archive.entries() else { return false };
    let mut members = Vec::new();
    for entry in entries {
        let Ok(mut entry) = entry else { return false };
        if std::io::copy(&mut entry, &mut std::io::sink()).is_err() {
            return false;
        }
        members.push(entry.path().map(|path| path.display().to_string()).unwrap_or_default());
    }
    // The end of the archive is followed by the end of the compressed stream, with its checksum.
    let whole = std::io::copy(&mut archive.into_inner(), &mut std::io::sink()).is_ok();
    whole && members.len() > 1 && members.iter().any(|member| member.ends_with("workspace.json"))
}

/// Looks what is there, around the proxy.
async fn look(house: &House, class: Class, table: &Table) -> Result<Found, Error> {
    let mut found = HashMap::new();
    let mut count = |name: String| *found.entry(name).or_insert(0) += 1;
    match class {
        Class::Account => {
            for token in house.xano.snippet(SNIPPET).tokens().list().all().await? {
                count(token.max_installs.to_string());
            }
        }
        Class::Upload => {
            let files = house.instance.workspace(house.workspace).files().list().per_page(1000);
            for file in files.all().await? {
                count(file.name.trim_end_matches(".bin").to_owned());
            }
        }
        Class::Update | Class::Patch => {
            for record in house.records(table.id).await? {
                let changed = record["n"].as_i64().unwrap_or(0) - number(0);
                if let Ok(index) = usize::try_from(changed) {
                    count(mark(class, index));
                }
            }
        }
        Class::Delete => {
            for record in house.records(table.id).await? {
                let index = record["n"].as_u64().and_then(|n| usize::try_from(n).ok());
                count(mark(class, index.unwrap_or(usize::MAX)));
            }
        }
        _ => {
            for record in house.records(table.id).await? {
                count(record["mark"].as_str().unwrap_or_default().to_owned());
            }
        }
    }
    Ok(Found(found))
}
