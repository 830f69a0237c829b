//! Asking the user, where there is one: on a terminal, with the name of what is at stake typed in.

use std::io::{IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

use tokio::sync::oneshot;
use xano_fleet::{Answer, Question};
use xano_metadata::{Error, runtime};

use crate::app::App;
use crate::text::tame;

/// Goes on only with `--yes`, or when the user types `name`.
///
/// # Errors
/// `refused` otherwise; nothing was changed.
pub(crate) async fn confirm(app: &App, what: &str, name: &str) -> Result<(), Error> {
    if app.yes {
        return Ok(());
    }
    if !interactive() {
        return Err(
            Error::refused(format!("{what}: this needs a yes.")).with_hint("Give --yes, or run it on a terminal.")
        );
    }
    let typed = line(&format!("{}. Type {} to go on: ", tame(what), tame(name))).await?;
    if typed == name {
        Ok(())
    } else {
        Err(Error::refused(format!(
            "{what}: {name} was not typed, so nothing was changed."
        )))
    }
}

/// What the user decides about a question of long work; no where nobody can be asked.
pub(crate) async fn decide(question: &Question) -> Result<Answer, Error> {
    if !interactive() {
        return Ok(Answer::no(
            "nobody was there to decide; give --yes, or run it on a terminal",
        ));
    }
    let typed = line(&format!("{} Type yes to go on: ", tame(&question.text))).await?;
    Ok(if typed.eq_ignore_ascii_case("yes") {
        Answer {
            yes: true,
            reason: Some("typed on the terminal".to_owned()),
        }
    } else {
        Answer::no("refused on the terminal")
    })
}

/// Lets a command of the shell decide: it succeeds for yes. It finds what it is about as JSON in `XANO_CHECK`; what it
/// prints goes to standard error.
pub(crate) async fn check(command: &str, question: &Question) -> Result<Answer, Error> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut process = Command::new(shell);
    process
        .args([flag, command])
        .env("XANO_CHECK", question.about.to_string());
    process.stdin(Stdio::null()).stdout(std::io::stderr());
    let ended = runtime::blocking(move || process.status()).await;
    Ok(match ended {
        Ok(Ok(status)) if status.success() => Answer::yes(),
        Ok(Ok(status)) => Answer::no(format!("the check command ended with {status}")),
        Ok(Err(cause)) => Answer::no(format!("the check command does not run: {cause}")),
        Err(cause) => Answer::no(format!("the check command broke off: {cause}")),
    })
}

fn interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// A line that is typed. It is read on a thread of its own, which Ctrl-C does not wait for.
async fn line(prompt: &str) -> Result<String, Error> {
    let mut error = std::io::stderr();
    // A terminal that cannot be written to cannot be read from either, which is told next.
    let _ = write!(error, "{prompt}").and_then(|()| error.flush());
    let (sender, typed) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line).map(|_| line);
        // Nobody waits for it after Ctrl-C.
        let _ = sender.send(read);
    });
    match typed.await {
        Ok(Ok(line)) => Ok(line.trim().to_owned()),
        Ok(Err(cause)) => Err(Error::refused(format!("The terminal cannot be read: {cause}."))),
        Err(_) => Err(Error::refused("The terminal cannot be read.")),
    }
}
