//! The terminal: what is told on the way goes to standard error, and colours only where they are wanted.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use xano_fleet::{Answer, Asking, Host, Notice, Progress, Question};

use crate::ask;
use crate::text::{self, tame};

/// How often a line of progress is replaced on a terminal.
const REPLACE_EVERY: Duration = Duration::from_millis(100);
/// How often one is added elsewhere, when `--progress` asks for it.
const ADD_EVERY: Duration = Duration::from_secs(2);

/// What a word means, as a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Bold,
    Good,
    Careful,
    Bad,
}

/// Where words go.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Console {
    colours: bool,
    /// Columns of standard output; none when it is no terminal.
    width: Option<usize>,
    progress: bool,
    replaces: bool,
    yes: bool,
    line: Mutex<Line>,
    /// What decides about checks: a command of the shell.
    check: Option<String>,
}

#[derive(Default)]
struct Line {
    shown: bool,
    last: Option<Instant>,
}

impl Console {
    /// The terminal of this process. `progress` asks for it where standard error is none; `yes` answers what is asked.
    pub(crate) fn new(progress: bool, yes: bool, json: bool) -> Self {
        let (out, error) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self {
            colours: out && !unwanted && !dumb && !json,
            width: out.then(columns),
            progress: progress || (error && !dumb),
            replaces: error && !dumb,
            yes,
            ..Self::plain(None)
        }
    }

    /// No terminal at all.
    pub(crate) fn plain(width: Option<usize>) -> Self {
        Self {
            colours: false,
            width,
            progress: false,
            replaces: false,
            yes: false,
            line: Mutex::default(),
            check: None,
        }
    }

    /// The same terminal, with a command that decides about checks.
    pub(crate) fn checking(&self, check: Option<String>) -> Self {
        Self {
            check,
            line: Mutex::default(),
            ..*self
        }
    }

    pub(crate) const fn width(&self) -> Option<usize> {
        self.width
    }

    pub(crate) fn paint(&self, text: &str, paint: Paint) -> String {
        let code = match paint {
            _ if !self.colours => return text.to_owned(),
            Paint::Plain => return text.to_owned(),
            Paint::Bold => "1",
            Paint::Good => "32",
            Paint::Careful => "33",
            Paint::Bad => "31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// Says what went wrong.
    pub(crate) fn complain(&self, sentence: &str) {
        self.tell_line(&format!("xano-metadata: {}", tame(sentence)));
    }

    /// A line on standard error; what was shown of progress makes room.
    pub(crate) fn tell_line(&self, line: &str) {
        self.end();
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    /// Takes the line of progress away.
    pub(crate) fn end(&self) {
        let mut line = self.line();
        if std::mem::take(&mut line.shown) {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    /// Shows how far something is.
    pub(crate) fn show(&self, progress: &Progress) {
        if !self.progress {
            return;
        }
        let mut line = self.line();
        let every = if self.replaces { REPLACE_EVERY } else { ADD_EVERY };
        if line.last.is_some_and(|last| last.elapsed() < every) {
            return;
        }
        line.last = Some(Instant::now());
        let words = words(progress);
        let mut error = std::io::stderr().lock();
        // Progress that cannot be shown is no reason to stop.
        let _ = if self.replaces {
            line.shown = true;
            let kept: String = words.chars().take(columns().saturating_sub(1)).collect();
            write!(error, "\r\x1b[K{kept}").and_then(|()| error.flush())
        } else {
            writeln!(error, "{words}")
        };
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for Console {
    fn tell(&self, notice: Notice) {
        match notice {
            Notice::Progress(progress) => self.show(&progress),
            Notice::Warning { message } => self.tell_line(&format!("warning: {}", tame(&message))),
            // The result has it.
            _ => {}
        }
    }

    fn ask(&self, question: Question) -> Asking<'_> {
        self.end();
        let yes = self.yes;
        let check = self.check.as_deref().filter(|_| question.kind == "check");
        Box::pin(async move {
            if let Some(command) = check {
                return ask::check(command, &question).await;
            }
            if yes {
                return Ok(Answer {
                    yes: true,
                    reason: Some("--yes".to_owned()),
                });
            }
            ask::decide(&question).await
        })
    }
}

fn words(progress: &Progress) -> String {
    let amount = |number: u64| {
        if progress.unit == "bytes" {
            text::bytes(number)
        } else {
            text::grouped(number)
        }
    };
    let unit = if progress.unit == "bytes" {
        String::new()
    } else {
        format!(" {}", progress.unit)
    };
    let of = progress.total.map(|total| format!(" of {}", amount(total)));
    format!(
        "{}: {}{}{unit}",
        tame(&progress.what),
        amount(progress.done),
        of.unwrap_or_default()
    )
}

/// Columns of the terminal: what it says, else `COLUMNS`, else 80.
fn columns() -> usize {
    let told = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let set = || std::env::var("COLUMNS").ok()?.parse().ok();
    told.filter(|width| *width > 0).or_else(set).unwrap_or(80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_reads_as_a_sentence() {
        assert_eq!(
            words(&Progress::new("shop", 1200, Some(5000), "rows")),
            "shop: 1,200 of 5,000 rows"
        );
        assert_eq!(words(&Progress::new("a\x1bb", 2048, None, "bytes")), "a�b: 2.0 KiB");
    }

    #[test]
    fn colours_stay_out_of_pipes() {
        assert_eq!(Console::plain(None).paint("up", Paint::Good), "up");
        let console = Console {
            colours: true,
            ..Console::plain(None)
        };
        assert_eq!(console.paint("up", Paint::Good), "\x1b[32mup\x1b[0m");
        assert_eq!(console.paint("up", Paint::Plain), "up");
    }

    #[tokio::test]
    async fn what_is_asked_is_refused_where_nobody_can_be_asked() {
        let question = || Question::new("gate", "May it go on?", serde_json::Value::Null);
        let console = Console {
            yes: true,
            ..Console::plain(None)
        };
        assert_eq!(console.ask(question()).await.unwrap().reason.as_deref(), Some("--yes"));
    }
}
