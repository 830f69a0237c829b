//! The emulator's own time: the machine's clock, moved forward on request.
//!
//! Expiry and rate windows read this clock, so a test that needs "eight days later" advances it
//! instead of waiting. Time comes from a monotonic source anchored once to the wall clock: a
//! machine that adjusts its clock while a window is open cannot make the window jump.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A clock that only moves forward, by itself and by [`Clock::advance`].
#[derive(Debug)]
pub struct Clock {
    anchor: Instant,
    anchor_us: i64,
    offset_us: AtomicI64,
}

impl Default for Clock {
    fn default() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            anchor: Instant::now(),
            anchor_us: i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX / 2),
            offset_us: AtomicI64::new(0),
        }
    }
}

impl Clock {
    /// Microseconds since 1970-01-01 UTC.
    pub fn now_us(&self) -> i64 {
        let elapsed = i64::try_from(self.anchor.elapsed().as_micros()).unwrap_or(i64::MAX / 4);
        self.anchor_us + elapsed + self.offset_us.load(Ordering::Relaxed)
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub fn now_ms(&self) -> i64 {
        self.now_us() / 1000
    }

    /// Moves the clock forward and returns by how much it is ahead in total, in seconds.
    pub fn advance(&self, seconds: f64) -> f64 {
        #[allow(clippy::cast_possible_truncation)] // a control call: saturating is good enough
        let us = (seconds.max(0.0) * 1e6) as i64;
        self.offset_us.fetch_add(us, Ordering::Relaxed);
        self.ahead()
    }

    /// How far the clock is ahead of the machine's, in seconds.
    pub fn ahead(&self) -> f64 {
        #[allow(clippy::cast_precision_loss)]
        let seconds = self.offset_us.load(Ordering::Relaxed) as f64 / 1e6;
        seconds
    }

    /// Back to the machine's time.
    pub fn reset(&self) {
        self.offset_us.store(0, Ordering::Relaxed);
    }
}

/// Calendar parts of a moment in UTC.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    weekday: i64,
}

/// Howard Hinnant's days-to-civil algorithm; written out because a date crate would be our only use of one.
fn civil(ms: i64) -> Civil {
    let seconds = ms.div_euclid(1000);
    let days = seconds.div_euclid(86_400);
    let rest = seconds.rem_euclid(86_400);
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    Civil {
        year: yoe + era * 400 + i64::from(month <= 2),
        month,
        day: doy - (153 * mp + 2) / 5 + 1,
        hour: rest / 3600,
        minute: rest % 3600 / 60,
        second: rest % 60,
        weekday: (days + 4).rem_euclid(7),
    }
}

/// `2023-04-12 22:00:38+0000`, the way the Metadata API writes most times.
pub fn timestamptz(ms: i64) -> String {
    let c = civil(ms);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}+0000",
        c.year, c.month, c.day, c.hour, c.minute, c.second
    )
}

/// `Wed, 12 Apr 2023 22:00:38 GMT`, the date form of `Retry-After`.
pub fn http_date(ms: i64) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let c = civil(ms);
    let day = DAYS[usize::try_from(c.weekday).unwrap_or(0)];
    let month = MONTHS[usize::try_from(c.month - 1).unwrap_or(0)];
    format!(
        "{day}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT",
        c.day, c.year, c.hour, c.minute, c.second
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_times_in_both_forms() {
        let ms = 1_681_336_838_000;
        assert_eq!(timestamptz(ms), "2023-04-12 22:00:38+0000");
        assert_eq!(http_date(ms), "Wed, 12 Apr 2023 22:00:38 GMT");
    }

    #[test]
    fn knows_leap_days_and_the_time_before_1970() {
        assert_eq!(timestamptz(1_709_208_000_000), "2024-02-29 12:00:00+0000");
        assert_eq!(timestamptz(-1000), "1969-12-31 23:59:59+0000");
    }

    #[test]
    fn advances_and_resets() {
        let clock = Clock::default();
        let before = clock.now_ms();
        assert!((clock.advance(60.0) - 60.0).abs() < 1e-9);
        assert!(clock.now_ms() - before >= 60_000);
        clock.reset();
        assert!(clock.now_ms() - before < 60_000);
    }
}
