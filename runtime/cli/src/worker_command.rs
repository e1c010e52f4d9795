//! `laureola worker CHANNEL…`: the consumers that plugins register for named channels, at work
//! (Channels: `manage.py runworker`).
//!
//! - [`args`]: its flags
//! - `health`: `/healthz` and `/readyz`

pub mod args;
mod health;

use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use laureola::{Layers, Plugins, Worker};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::layer::{Backend, LayerArgs};
use crate::service::Service;
use crate::signals::{Asked, Signals};

pub use args::WorkerCommand;
use health::Health;

/// Closing the layer must not keep a worker that has done its work.
const GOODBYE: Duration = Duration::from_secs(5);

/// Works until a signal asks to stop: then no more events are taken, and what runs is finished.
///
/// # Errors
/// A channel without consumers, a layer that is out of reach or not shared, a plugin that cannot start; consumers that
/// had to be cut off; a second signal.
pub(crate) fn run(command: &WorkerCommand, layer: &LayerArgs, plugins: &Plugins) -> Result<()> {
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let done = runtime.block_on(work(command, layer, plugins));
    // A consumer that blocks its thread had its time.
    runtime.shutdown_background();
    done
}

async fn work(command: &WorkerCommand, layer: &LayerArgs, plugins: &Plugins) -> Result<()> {
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let choice = layer.choice()?;
    if matches!(choice.backend, Backend::Memory(_)) {
        bail!("a worker needs a channel layer that other processes share: give --channel-layer redis://HOST");
    }
    let layer_name = choice.name.clone();
    let opened = tokio::select! {
        opened = choice.open_all() => opened?,
        _ = stop_asked(&mut signals) => return Ok(()),
    };
    let worked = work_on(command, &opened.layers, &layer_name, plugins, &mut signals).await;
    let _ = timeout(GOODBYE, opened.close()).await;
    worked
}

async fn work_on(
    command: &WorkerCommand,
    layers: &Layers,
    layer_name: &str,
    plugins: &Plugins,
    signals: &mut Signals,
) -> Result<()> {
    let router = plugins.workers(layers)?;
    let mut health = Health::bind(command.health).await?;
    let worker = Worker::new(layers, router)
        .concurrency(command.concurrency)
        .stop_timeout(command.shutdown_timeout)
        .listen(&command.channels)
        .await?;
    plugins.startup().await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let mut working = pin!(worker.run(async {
        let _ = stopped.await;
    }));
    let status = format!("working for {}", command.channels.join(", "));
    tracing::info!(
        "Laureola {} is {status} ({} at a time, channel layer {layer_name})",
        env!("CARGO_PKG_VERSION"),
        command.concurrency
    );
    let mut service = Service::from_environment();
    service.ready(status);
    health.set_ready(true);
    let mut stop = Some(stop);
    let ended = loop {
        tokio::select! {
            ended = &mut working => break ended,
            name = stop_asked(signals) => match stop.take() {
                Some(stop) => {
                    tracing::info!("{name}: finishing what runs; once more ends at once");
                    health.set_ready(false);
                    service.stopping("finishing what runs");
                    drop(stop);
                }
                None => bail!("ended by a second {name}"),
            },
            () = service.due() => service.alive(),
            () = health.serve() => {}
        }
    };
    plugins.shutdown().await;
    match ended.abandoned {
        0 => Ok(()),
        1 => bail!("one consumer did not end in its time; it was cut off"),
        many => bail!("{many} consumers did not end in their time; they were cut off"),
    }
}

/// The name of the next signal that asks to stop; a worker has nothing to open anew at SIGHUP.
async fn stop_asked(signals: &mut Signals) -> &'static str {
    loop {
        if let Asked::Stop(name) = signals.next().await {
            return name;
        }
    }
}
