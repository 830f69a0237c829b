//! A child process whose lines are waited for with a limit, and which does not outlive us.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinHandle;

/// A running process.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
}

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A line.
    Line(String),
    /// Nothing more will.
    End,
    /// Nothing for too long.
    Silence,
}

impl Process {
    /// Starts it, and writes `input` to it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut command: Command, input: String) -> io::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let pipe = || io::Error::from(io::ErrorKind::BrokenPipe);
        let mut stdin = child.stdin.take().ok_or_else(pipe)?;
        let stdout = child.stdout.take().ok_or_else(pipe)?;
        let mut stderr = child.stderr.take().ok_or_else(pipe)?;
        tokio::task::spawn_blocking(move || stdin.write_all(input.as_bytes()));
        let (told, lines) = channel(1024);
        tokio::task::spawn_blocking(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if told.blocking_send(line).is_err() {
                    break;
                }
            }
        });
        let errors = tokio::task::spawn_blocking(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Self {
            child,
            lines,
            errors: Some(errors),
        })
    }

    /// The next line of its output.
    pub async fn next(&mut self, patience: Duration) -> Next {
        match tokio::time::timeout(patience, self.lines.recv()).await {
            Ok(Some(line)) => Next::Line(line),
            Ok(None) => Next::End,
            Err(_) => Next::Silence,
        }
    }

    /// Kills it: no handler, no last words.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()
    }

    /// Waits for its end; answers how it ended, and its error output.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn end(mut self) -> io::Result<(ExitStatus, String)> {
        let errors = match self.errors.take() {
            Some(errors) => errors.await.unwrap_or_default(),
            None => String::new(),
        };
        Ok((self.child.wait()?, errors))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
