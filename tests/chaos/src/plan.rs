//! From a seed to cases: nothing is drawn while calls are under way, so a seed repeats whatever the machine's mood.

use fastrand::Rng;

use crate::classes::Class;
use crate::kinds::{Blow, KINDS, Kind};

/// Cases after which a lane takes a new client: the purse for retries of one would not last for all of them.
const CASES_PER_CLIENT: usize = 12;

/// Faces that are driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Face {
    /// The typed Rust face.
    Rust,
    /// Waiting Python, in threads.
    Sync,
    /// Python with asyncio.
    Async,
    /// TypeScript as built for Node.
    Node,
}

impl Face {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rust, Self::Sync, Self::Async, Self::Node];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Sync => "python",
            Self::Async => "python-async",
            Self::Node => "node",
        }
    }
}

/// One call under one kind of fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its place in its lane, which also names the record it works on.
    pub index: usize,
    /// The fault.
    pub kind: Kind,
    /// What that means here.
    pub blow: Blow,
    /// Which of the lane's clients makes the call.
    pub epoch: usize,
}

/// The cases of one class, which run one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct LanePlan {
    /// What they do.
    pub class: Class,
    /// The cases.
    pub cases: Vec<Case>,
}

/// Everything that one face does under one seed; lanes run side by side.
#[must_use]
pub fn plan(seed: u64, face: Face) -> Vec<LanePlan> {
    Class::ALL
        .iter()
        .map(|class| {
            let lane = format!("{seed}/{}/{}", face.name(), class.name());
            let mut rng = Rng::with_seed(lane.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            }));
            let mut kinds = KINDS;
            rng.shuffle(&mut kinds);
            let cases = kinds.into_iter().enumerate().map(|(index, kind)| Case {
                index,
                kind,
                blow: Blow::draw(kind, *class, &mut rng),
                epoch: index / CASES_PER_CLIENT,
            });
            LanePlan {
                class: *class,
                cases: cases.collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_seed_repeats_and_another_differs() {
        for face in Face::ALL {
            assert_eq!(plan(7, face), plan(7, face));
            assert_ne!(plan(7, face), plan(8, face));
        }
        assert_ne!(plan(7, Face::Rust)[0], plan(7, Face::Node)[0]);
    }

    #[test]
    fn every_class_meets_every_kind() {
        for lane in plan(3, Face::Sync) {
            let met: HashSet<_> = lane.cases.iter().map(|case| case.kind.name).collect();
            assert_eq!(met.len(), KINDS.len(), "{}", lane.class.name());
        }
        assert_eq!(plan(3, Face::Sync).len(), Class::ALL.len());
    }
}
