//! `gc`: remove the members that died.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::duration;
use super::opened::Opened;
use super::output::Output;
use crate::layer::Choice;

const AFTER_HELP: &str = "\
Examples:
  $ laureola layer --channel-layer redis://cache gc
  removed 3 members; 1 dead process, 12 groups looked at

  $ laureola layer --channel-layer redis://cache gc --age 24h

Servers of ours do this for each other all the time; it is for when none is left, or for members of
Python processes that died. Those give no sign of life: with --age, every one of their members that
joined longer ago is removed, and a socket of theirs that is open for longer stops receiving. Choose
it longer than your sockets live.";

/// Remove members of dead processes from all groups
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Gc {
    /// Remove members of Python processes, too, that joined longer ago: 90s, 15m, 24h, 7d
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    age: Option<Duration>,
}

impl Gc {
    pub(super) async fn run(&self, choice: Choice, output: &mut Output) -> Result<()> {
        let layer = Opened::new(choice).await?;
        let report = match layer.core("gc") {
            Ok(core) => core.gc(self.age).await.map_err(Into::into),
            Err(error) => Err(error),
        };
        layer.close().await;
        let report = report?;
        let json = json!({
            "members": report.members,
            "processes": report.processes,
            "groups": report.groups,
        });
        let words = format!(
            "removed {}; {}, {} looked at",
            counted(report.members, "member", "members"),
            counted(report.processes, "dead process", "dead processes"),
            counted(report.groups, "group", "groups"),
        );
        Ok(output.done(&json, &words)?)
    }
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
