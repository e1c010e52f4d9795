//! The run path: layer, plugins, server, and their end in the opposite order.

use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result};
use laureola::Plugins;
use laureola::asgi::{Application, BoxApplication};
use laureola::server::readiness::Stage;
use laureola::server::{Endpoint, ListenAddr, Server};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::args::Args;
use crate::control::{Controls, Up, control};
use crate::hosting::Hosted;
use crate::observing::Observing;
use crate::service;
use crate::signals::Signals;

const CANNOT: &str = "cannot start the runtime";
/// A layer that is to end at once may say goodbye for so long.
const HASTY: Duration = Duration::from_secs(1);

/// Serves in this process until a signal asks to stop.
///
/// # Errors
/// What keeps the server from starting: an address in use, Redis out of reach, a plugin that cannot
/// start; a second signal, or a server that did not end in its time.
pub fn run(args: &Args, plugins: Plugins) -> Result<()> {
    let runtime = runtime(args).context(CANNOT)?;
    let served = run_on(&runtime, args, plugins, None);
    // An application that blocks its thread had its time; nobody waits for it any more.
    runtime.shutdown_background();
    served
}

/// The same on a runtime that is there already. The calling thread has one of its own, for control.
pub(crate) fn run_on(runtime: &Runtime, args: &Args, plugins: Plugins, hosted: Option<Hosted>) -> Result<()> {
    let main = Builder::new_current_thread().enable_all().build();
    main.context(CANNOT)?.block_on(async {
        let are_ours = hosted.as_ref().is_none_or(|hosted| hosted.signals);
        // Before anything is open: a signal that comes while Redis is being reached counts, too.
        let signals = match are_ours {
            true => Signals::listen().context("cannot listen for signals")?,
            false => Signals::left_alone(),
        };
        control(args, runtime.handle(), signals, |controls| {
            serve(args.clone(), plugins, hosted, controls)
        })
        .await
    })
}

pub(crate) fn runtime(args: &Args) -> std::io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    if let Some(threads) = args.serve.processes.threads {
        builder.worker_threads(threads.get());
    }
    builder.event_interval(laureola::server::EVENT_INTERVAL);
    builder.thread_name("laureola").enable_all().build()
}

async fn serve(args: Args, plugins: Plugins, hosted: Option<Hosted>, controls: Controls) -> Result<()> {
    let choice = args.layer.choice()?;
    let mut observing = Observing::start(&args.serve)?;
    let layer_name = choice.name.clone();
    let opened = tokio::select! {
        opened = choice.open_all() => opened?,
        () = controls.stop() => return Ok(()),
    };
    let application = match hosted {
        Some(hosted) => {
            (hosted.opened)(opened.layers.own());
            plugins.in_front_of(&opened.layers, hosted.application)?
        }
        None => plugins.application(&opened.layers)?.boxed(),
    };
    let served = serve_with(
        &args,
        &plugins,
        application,
        &layer_name,
        controls,
        &mut observing,
    )
    .await;
    if served.is_ok() {
        opened.close().await;
    } else {
        let _ = timeout(HASTY, opened.close()).await;
    }
    served
}

async fn serve_with(
    args: &Args,
    plugins: &Plugins,
    application: BoxApplication,
    layer_name: &str,
    controls: Controls,
    observing: &mut Observing,
) -> Result<()> {
    let is_worker = args.serve.processes.worker.is_some();
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
    let served = serve_ready(args, plugins, server, layer_name, controls).await;
    plugins.shutdown().await;
    served
}

/// Serves, and says so once it does.
async fn serve_ready(
    args: &Args,
    plugins: &Plugins,
    server: Server,
    layer_name: &str,
    mut controls: Controls,
) -> Result<()> {
    let endpoints = args.serve.endpoints();
    let places = places(&endpoints, server.local_addrs());
    let names: Vec<_> = plugins.names().collect();
    let application = match &args.serve.application {
        Some(application) => format!("application {application}, "),
        None => String::new(),
    };
    let said = format!(
        "Laureola {} listens on {places} ({application}channel layer {layer_name}, plugins: {})",
        env!("CARGO_PKG_VERSION"),
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    );
    let (readiness, certificates) = (server.readiness(), server.reloader());
    let mut serving = pin!(server.serve(controls.stop()));
    tokio::select! {
        served = &mut serving => return served.map_err(Into::into),
        () = readiness.reached(Stage::Ready) => {}
    }
    if args.serve.processes.worker.is_some() {
        // Its parent says it for all of them.
        tracing::debug!("{said}");
    } else {
        tracing::info!("{said}");
    }
    let status = format!("serving on {places}");
    controls.ready(Up { status, certificates });
    serving.await.map_err(Into::into)
}

/// `https://127.0.0.1:8000/ and unix:/run/site.sock`. Every endpoint has one address.
fn places<'a>(endpoints: &[Endpoint], addresses: impl Iterator<Item = &'a ListenAddr>) -> String {
    let places: Vec<_> = endpoints
        .iter()
        .zip(addresses)
        .map(|(endpoint, address)| match address.tcp() {
            Some(address) if endpoint.is_secure() => format!("https://{address}/"),
            Some(address) => format!("http://{address}/"),
            None => address.to_string(),
        })
        .collect();
    places.join(" and ")
}
