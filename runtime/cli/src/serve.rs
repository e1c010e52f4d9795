//! The run path: layer, plugins, server, and their end in the opposite order.

use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use laureola::server::{ListenAddr, Server};
use laureola::{Layer, Plugins};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::args::Args;
use crate::observing::Observing;
use crate::parent::Parent;
use crate::service::{self, Service};
use crate::signals::{Asked, Signals};

/// A layer that is to end at once may say goodbye for so long.
const HASTY: Duration = Duration::from_secs(1);

/// Serves in this process until a signal asks to stop.
///
/// # Errors
/// What keeps the server from starting: an address in use, Redis out of reach, a plugin that cannot
/// start; or a second signal.
pub fn run(args: &Args, plugins: Plugins) -> Result<()> {
    let runtime = runtime(args).context("cannot start the runtime")?;
    let served = runtime.block_on(serve(args, plugins));
    // An application that blocks its thread had its time; nobody waits for it any more.
    runtime.shutdown_background();
    served
}

fn runtime(args: &Args) -> std::io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    if let Some(threads) = args.serve.processes.threads {
        builder.worker_threads(threads.get());
    }
    builder.thread_name("laureola").enable_all().build()
}

async fn serve(args: &Args, plugins: Plugins) -> Result<()> {
    // Before anything is open: a signal that comes while Redis is being reached counts, too.
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let choice = args.layer.choice()?;
    let mut observing = Observing::start(&args.serve)?;
    let layer = tokio::select! {
        layer = choice.backend.open() => layer?,
        _ = signals.stop() => return Ok(()),
    };
    let served = serve_with(args, &plugins, &layer, &choice.name, signals, &mut observing).await;
    if served.is_ok() {
        layer.close().await;
    } else {
        let _ = timeout(HASTY, layer.close()).await;
    }
    served
}

async fn serve_with(
    args: &Args,
    plugins: &Plugins,
    layer: &Layer,
    layer_name: &str,
    signals: Signals,
    observing: &mut Observing,
) -> Result<()> {
    let is_worker = args.serve.processes.worker.is_some();
    let application = plugins.application(layer)?;
    let mut builder = args
        .serve
        .apply(Server::builder(application))
        .activation(service::activation(is_worker));
    builder = observing.apply(builder);
    for endpoint in args.serve.endpoints() {
        builder = builder.listen(endpoint);
    }
    let server = builder.open().await?;
    observing.admit(&args.serve, server.readiness()).await?;
    plugins.startup().await?;
    let places = places(server.local_addrs());
    let names: Vec<_> = plugins.names().collect();
    let said = format!(
        "Laureola {} listens on {places} (channel layer {layer_name}, plugins: {})",
        env!("CARGO_PKG_VERSION"),
        names.join(", ")
    );
    if is_worker {
        // Its parent says it for all of them.
        tracing::debug!("{said}");
    } else {
        tracing::info!("{said}");
    }
    let (mut service, mut parent) = if is_worker {
        let parent = Parent::of_worker().context("a worker's standard input is its parent")?;
        (None, parent)
    } else {
        (Some(Service::from_environment()), Parent::none())
    };
    if let Some(service) = &mut service {
        service.ready(format!("serving on {places}"));
    }
    parent.ready();
    attend(server, signals, service, parent).await?;
    plugins.shutdown().await;
    Ok(())
}

/// Serves, and does what is asked meanwhile.
async fn attend(
    server: Server,
    mut signals: Signals,
    mut service: Option<Service>,
    mut parent: Parent,
) -> Result<()> {
    let (stop, stopped) = oneshot::channel::<()>();
    let mut serving = pin!(server.serve(async move {
        // A dropped sender stops the server as well: nobody is left to stop it otherwise.
        let _ = stopped.await;
    }));
    let mut stop = Some(stop);
    loop {
        tokio::select! {
            served = &mut serving => return served.map_err(Into::into),
            asked = signals.next() => match asked {
                Asked::Reload => reload(service.as_ref()),
                Asked::Stop(name) if stop.is_none() => bail!("ended by a second {name}"),
                Asked::Stop(name) => {
                    tracing::info!("{name}: closing every connection; once more ends at once");
                    stop = None;
                    if let Some(service) = &service {
                        service.stopping("closing every connection");
                    }
                }
            },
            () = parent.gone(), if stop.is_some() => {
                tracing::warn!("the parent process has gone: closing every connection");
                stop = None;
            }
            () = due(service.as_mut()) => service.iter().for_each(Service::alive),
        }
    }
}

async fn due(service: Option<&mut Service>) {
    match service {
        Some(service) => service.due().await,
        None => std::future::pending().await,
    }
}

/// SIGHUP.
fn reload(service: Option<&Service>) {
    if let Some(service) = service {
        service.reloading();
    }
    tracing::info!("SIGHUP: certificates and log files are opened anew");
    if let Some(service) = service {
        service.reloaded();
    }
}

/// `http://127.0.0.1:8000/ and unix:/run/site.sock`.
fn places<'a>(addresses: impl Iterator<Item = &'a ListenAddr>) -> String {
    let places: Vec<_> = addresses
        .map(|address| match address.tcp() {
            Some(address) => format!("http://{address}/"),
            None => address.to_string(),
        })
        .collect();
    places.join(" and ")
}
