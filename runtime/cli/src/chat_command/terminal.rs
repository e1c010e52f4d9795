//! Questions and answers on a terminal.

use std::io::{self, Write as _};

use anyhow::{Context, Result, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

/// Asks on stderr, and reads a line.
pub(super) async fn ask(question: &str) -> Result<String> {
    let answer = answer(question).await?;
    Ok(answer.trim().to_owned())
}

/// The same for what must not be seen.
pub(super) async fn ask_secretly(question: &str) -> Result<Zeroizing<String>> {
    let _hidden = Hidden::new().context("cannot hide what is typed")?;
    answer(question).await
}

/// Does it, unless SIGINT or SIGTERM comes first: dying of one would leave a terminal that shows nothing.
pub(super) async fn until_cancelled<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        done = work => return done,
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    eprintln!();
    bail!("cancelled");
}

async fn answer(question: &str) -> Result<Zeroizing<String>> {
    eprint!("{question}");
    io::stderr().flush()?;
    let line = spawn_blocking(|| {
        let mut line = Zeroizing::new(String::new());
        io::stdin()
            .read_line(&mut line)
            .map(|read| (read > 0).then_some(line))
    });
    let Some(mut line) = line.await?.context("cannot read the answer")? else {
        eprintln!();
        bail!("cancelled: the input has ended");
    };
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

/// While it lives the terminal shows the ends of lines only.
struct Hidden(Termios);

impl Hidden {
    fn new() -> rustix::io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut hiding = before.clone();
        hiding.local_modes.remove(LocalModes::ECHO);
        hiding.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Drain, &hiding)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.0);
    }
}
