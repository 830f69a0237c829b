//! A rate limit as Xano's: so many requests in any window of time, refusals not counted.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

#[derive(Debug)]
pub struct Window {
    most: usize,
    per: Duration,
    taken: VecDeque<Instant>,
}

impl Window {
    /// From `10/20`: ten requests in any twenty seconds.
    pub fn parse(text: &str) -> Option<Self> {
        let (most, per) = text.split_once('/')?;
        Some(Self {
            most: most.parse().ok()?,
            per: Duration::try_from_secs_f64(per.parse().ok()?).ok()?,
            taken: VecDeque::new(),
        })
    }

    /// Whether a request that came now may pass.
    pub fn pass(&mut self, now: Instant) -> bool {
        while self
            .taken
            .front()
            .is_some_and(|first| now.duration_since(*first) >= self.per)
        {
            self.taken.pop_front();
        }
        let passes = self.taken.len() < self.most;
        if passes {
            self.taken.push_back(now);
        }
        passes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_slides() {
        let mut window = Window::parse("2/1").expect("a window");
        let start = Instant::now();
        let passes: Vec<bool> = [0, 500, 900, 1000, 1400, 1500]
            .iter()
            .map(|at| window.pass(start + Duration::from_millis(*at)))
            .collect();
        assert_eq!(passes, [true, true, false, true, false, true]);
    }
}
