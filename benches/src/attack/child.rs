//! The server and the attackers, each this program again, in a process of its own.

use std::env;
use std::process::Command;
use std::time::{Duration, Instant};

use laureola_testkit::Process;

use super::kind::Attack;
use super::{attackers, site};

/// Set in the environment of a bench that is to be the server (`site`) or attackers (`NAME PORT`).
pub const MARKER: &str = "LAUREOLA_BENCH_ATTACK";

const START_DEADLINE: Duration = Duration::from_secs(30);

/// Runs whichever of them `role`, the value of [`MARKER`], names.
///
/// # Errors
/// Why it cannot.
pub fn run(role: &str) -> Result<(), Box<dyn std::error::Error>> {
    match role.split_once(' ') {
        None => site::serve(),
        Some((name, port)) => {
            let attack = Attack::named(name).ok_or("there is no such attack")?;
            attackers::attack(attack, port.parse()?)
        }
    }
}

/// A server of its own for one attack; the port it is on.
///
/// # Errors
/// What it wrote instead of one.
pub fn server() -> Result<(Process, u16), String> {
    let process = start("the server", "site".to_owned(), false)?;
    let mut process = Started(process);
    let line = process.line()?;
    let port = line.parse().map_err(|_| format!("{line:?} is no port"))?;
    Ok((process.0, port))
}

/// Attackers, all of whom have begun.
///
/// # Errors
/// What they wrote, if they have not.
pub fn attackers(attack: Attack, port: u16) -> Result<Process, String> {
    let process = start("the attackers", format!("{} {port}", attack.name()), true)?;
    let mut process = Started(process);
    process.line()?;
    Ok(process.0)
}

/// Attackers sit on machines of their own: here they are to take only what the others leave, and to give way at once. A
/// nice value would not do: whoever runs at 19 still finishes his slice of some milliseconds, and the client's answer waits.
fn start(name: &str, role: String, idle: bool) -> Result<Process, String> {
    let program = env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let mut command = if idle {
        let mut command = Command::new("chrt");
        command.args(["--idle", "0"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    Ok(Process::spawn(name, command.env(MARKER, role)))
}

struct Started(Process);

impl Started {
    /// The first line of its output.
    fn line(&mut self) -> Result<String, String> {
        let end = Instant::now() + START_DEADLINE;
        loop {
            if let Some((line, _)) = self.0.stdout().split_once('\n') {
                return Ok(line.to_owned());
            }
            if self.0.exit_status().is_some() || Instant::now() > end {
                return Err(format!("{} did not begin\n{}", self.0.name(), self.0.output()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
