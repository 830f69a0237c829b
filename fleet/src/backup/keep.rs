//! Which backups may go.
//!
//! The rule is pure; what is done by it is bounded: only files whose manifest is ours, of the same instance, workspace and
//! branch, whose bytes are still those that were stored. What is bad is neither counted nor removed, so it can neither push
//! a good one out nor disappear unseen.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use xano_metadata::Error;

use super::check;
use super::manifest::Manifest;
use super::names::{self, MANIFEST};
use super::options::Keep;
use crate::disk;

const DAY: u64 = 24 * 60 * 60;

/// A backup that may be counted.
#[derive(Debug)]
struct Counted {
    file: PathBuf,
    time: SystemTime,
}

/// What came of a look at old backups.
#[derive(Debug, Default)]
pub(crate) struct Retained {
    pub(crate) removed: Vec<PathBuf>,
    /// Files of the same series that are not what was stored, and those that could not be removed.
    pub(crate) failures: Vec<(PathBuf, Error)>,
}

/// Removes what the rule does not keep beside `newest`, which is good.
pub(crate) fn retain(newest: &Path, manifest: &Manifest, keep: Keep) -> Retained {
    let mut retained = Retained::default();
    let folder = newest.parent().unwrap_or_else(|| Path::new("."));
    let mut counted = match find(folder, manifest, &mut retained) {
        Ok(counted) => counted,
        Err(error) => {
            retained.failures.push((folder.to_owned(), error));
            return retained;
        }
    };
    // Without the new one among them nothing is safe to remove.
    if !counted.iter().any(|backup| backup.file == newest) {
        let error = Error::damaged("The new backup is not found again, so no old one is removed.");
        retained.failures.push((newest.to_owned(), error));
        return retained;
    }
    // The new one is the newest, whatever the clocks of the machines were that made the others.
    counted.sort_by_key(|backup| {
        (
            backup.file != newest,
            std::cmp::Reverse(backup.time),
            backup.file.clone(),
        )
    });
    let times: Vec<SystemTime> = counted.iter().map(|backup| backup.time).collect();
    for (backup, stays) in counted.iter().zip(stay(&times, keep)) {
        if stays || backup.file == newest {
            continue;
        }
        match remove(&backup.file) {
            Ok(()) => retained.removed.push(backup.file.clone()),
            Err(error) => retained.failures.push((backup.file.clone(), error)),
        }
    }
    disk::sync_folder(folder);
    retained
}

/// The file first: a manifest without a file takes no room, and is told by a verification. What is gone already is fine.
fn remove(file: &Path) -> Result<(), Error> {
    for path in [file, &names::manifest_of(file)] {
        match std::fs::remove_file(path) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                return Err(disk::cannot("removed", path, &cause));
            }
            _ => {}
        }
    }
    Ok(())
}

fn find(folder: &Path, of: &Manifest, retained: &mut Retained) -> Result<Vec<Counted>, Error> {
    let refuse = |cause: std::io::Error| disk::cannot("read", folder, &cause);
    let mut counted = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(refuse)? {
        let entry = entry.map_err(refuse)?;
        let path = entry.path();
        if !names::ends(&path, MANIFEST) || !entry.file_type().map_err(refuse)?.is_file() {
            continue;
        }
        // Damaged ones are a matter for a verification: whose they are cannot be told.
        let Ok(Some(manifest)) = Manifest::read(&path) else {
            continue;
        };
        if manifest.series() != of.series() {
            continue;
        }
        let file = names::archive_of(&path);
        let Ok(time) = humantime::parse_rfc3339(&manifest.created_at) else {
            continue;
        };
        match check::hash(&file) {
            Ok(found) if found == (manifest.size, manifest.sha256) => counted.push(Counted { file, time }),
            Ok(_) => {
                let error = Error::damaged(format!("{} is no longer what was stored.", file.display()));
                retained.failures.push((
                    file,
                    error.with_hint("It is not counted among the backups that stay, and it is not removed."),
                ));
            }
            Err(cause) => {
                let error = disk::cannot("read", &file, &cause);
                retained.failures.push((file, error));
            }
        }
    }
    Ok(counted)
}

/// For each of these moments, newest first, whether its backup stays.
fn stay(times: &[SystemTime], keep: Keep) -> Vec<bool> {
    let (mut days, mut weeks) = (BTreeSet::new(), BTreeSet::new());
    let mut stays = Vec::with_capacity(times.len());
    for (place, time) in times.iter().enumerate() {
        let day = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / DAY;
        // 1970 began on a Thursday.
        let week = (day + 3) / 7;
        let is_daily = days.len() < keep.daily && days.insert(day);
        let is_weekly = weeks.len() < keep.weekly && weeks.insert(week);
        stays.push(place == 0 || place < keep.last || is_daily || is_weekly);
    }
    stays
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> SystemTime {
        humantime::parse_rfc3339(text).expect("a moment")
    }

    fn kept(times: &[&str], keep: Keep) -> Vec<String> {
        let moments: Vec<SystemTime> = times.iter().map(|time| at(time)).collect();
        let stays = stay(&moments, keep);
        let kept = times.iter().zip(stays).filter(|(_, stays)| *stays);
        kept.map(|(time, _)| time[5..13].to_owned()).collect()
    }

    #[test]
    fn of_days_and_weeks_the_newest_stay() {
        // A Saturday, and back to the Monday two weeks before.
        let times = [
            "2026-11-28T22:00:00Z",
            "2026-11-28T03:00:00Z",
            "2026-11-27T03:00:00Z",
            "2026-11-25T03:00:00Z",
            "2026-11-23T00:00:00Z",
            "2026-11-22T23:59:59Z",
            "2026-11-16T03:00:00Z",
        ];
        let rule = |last, daily, weekly| Keep { last, daily, weekly };
        assert_eq!(kept(&times, rule(2, 0, 0)), ["11-28T22", "11-28T03"]);
        assert_eq!(kept(&times, rule(0, 3, 0)), ["11-28T22", "11-27T03", "11-25T03"]);
        assert_eq!(
            kept(&times, rule(0, 0, 2)),
            ["11-28T22", "11-22T23"],
            "weeks begin on Monday"
        );
        assert_eq!(
            kept(&times, rule(2, 2, 3)),
            ["11-28T22", "11-28T03", "11-27T03", "11-22T23"]
        );
        assert_eq!(kept(&times, rule(100, 0, 0)).len(), times.len());
    }

    proptest! {
        #[test]
        fn the_newest_stays_and_a_second_look_removes_nothing(
            mut hours in proptest::collection::vec(0_u64..2000, 1..60),
            last in 0_usize..5,
            daily in 0_usize..5,
            weekly in 0_usize..5,
        ) {
            hours.sort_unstable_by(|one, other| other.cmp(one));
            let times: Vec<SystemTime> = hours.iter().map(|hour| UNIX_EPOCH + Duration::from_secs(hour * 3600)).collect();
            let keep = Keep { last, daily, weekly };
            let stays = stay(&times, keep);
            prop_assert!(stays[0]);
            prop_assert!(stays.iter().filter(|stays| **stays).count() <= (last + daily + weekly).max(1));
            let left: Vec<SystemTime> = times.iter().zip(&stays).filter(|(_, stays)| **stays).map(|(time, _)| *time).collect();
            prop_assert!(stay(&left, keep).into_iter().all(|stays| stays));
        }
    }
}
