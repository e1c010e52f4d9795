//! A plugin with consumers for the channel `doubles`.

use std::path::PathBuf;
use std::time::Duration;

use laureola::{
    ChannelName, Plugin, PluginError, Registry, Result, Shared, WorkerConsumer, WorkerContext,
    worker_application,
};
use serde::Deserialize;
use serde_json::json;

pub(crate) struct Doubles;

impl Plugin for Doubles {
    fn name(&self) -> &'static str {
        "doubles"
    }

    fn register(&self, registry: &mut Registry<'_>) -> std::result::Result<(), PluginError> {
        registry.worker("doubles", worker_application(|| Ok(Worker)));
        Ok(())
    }
}

struct Worker;

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Job {
    #[serde(rename = "job.double")]
    Double { number: u64, reply_to: String },
    /// Runs until there is a file.
    #[serde(rename = "job.hold")]
    Hold { gate: PathBuf, reply_to: String },
}

impl WorkerConsumer for Worker {
    type Event = Job;

    async fn event(&mut self, ctx: &mut WorkerContext, event: Shared<Job>) -> Result<()> {
        match &*event {
            Job::Double { number, reply_to } => {
                let answer = json!({ "type": "doubled", "number": number * 2 });
                ctx.send(&ChannelName::new(reply_to)?, &answer).await
            }
            Job::Hold { gate, reply_to } => {
                let reply_to = ChannelName::new(reply_to)?;
                ctx.send(&reply_to, &json!({ "type": "holding" })).await?;
                while !gate.exists() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                ctx.send(&reply_to, &json!({ "type": "held" })).await
            }
        }
    }
}
