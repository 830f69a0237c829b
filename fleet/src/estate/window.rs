//! What the latest probes of an instance took.

use std::collections::VecDeque;
use std::time::Duration;

/// Probes remembered: an hour of them at one a minute, and enough for a 95th percentile to mean something.
const SIZE: usize = 60;

/// Probes that say how it is now. One slow answer is a hiccup, two of three are a state.
const RECENT: usize = 3;

/// The round trips of the latest probes that were answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    latest: VecDeque<Duration>,
}

impl Window {
    pub(super) fn add(&mut self, round_trip: Duration) {
        if self.latest.len() == SIZE {
            self.latest.pop_front();
        }
        self.latest.push_back(round_trip);
    }

    pub(super) fn len(&self) -> usize {
        self.latest.len()
    }

    pub(super) fn last(&self) -> Option<Duration> {
        self.latest.back().copied()
    }

    /// The smallest one that at least `percent` of all do not exceed.
    pub(super) fn percentile(&self, percent: usize) -> Option<Duration> {
        nearest_rank(self.latest.iter().copied().collect(), percent)
    }

    /// The median of the last few.
    pub(super) fn recent(&self) -> Option<Duration> {
        nearest_rank(self.latest.iter().rev().take(RECENT).copied().collect(), 50)
    }
}

fn nearest_rank(mut sorted: Vec<Duration>, percent: usize) -> Option<Duration> {
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(millis: impl IntoIterator<Item = u64>) -> Window {
        let mut window = Window::default();
        millis
            .into_iter()
            .for_each(|millis| window.add(Duration::from_millis(millis)));
        window
    }

    #[test]
    fn percentiles_are_of_the_latest_sixty() {
        let millis = |found: Option<Duration>| found.map(|found| found.as_millis());
        let window = window((1..=100).rev());
        assert_eq!(window.len(), 60);
        assert_eq!(millis(window.percentile(50)), Some(30));
        assert_eq!(millis(window.percentile(95)), Some(57));
        assert_eq!(millis(window.last()), Some(1));
        assert_eq!(Window::default().percentile(50), None);
        assert_eq!(millis(super::tests::window([7]).percentile(95)), Some(7));
    }

    #[test]
    fn one_slow_answer_does_not_make_it_slow() {
        assert_eq!(window([10, 10, 900]).recent(), Some(Duration::from_millis(10)));
        assert_eq!(window([10, 900, 900]).recent(), Some(Duration::from_millis(900)));
        assert_eq!(window([900]).recent(), Some(Duration::from_millis(900)));
    }
}
