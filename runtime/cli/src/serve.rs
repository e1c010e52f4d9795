//! The run path: layer, plugins, server, and their end in the opposite order.

use anyhow::{Context, Result, bail};
use laureola::server::Server;
use laureola::{Layer, Plugins};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::args::Args;
use crate::signals::Signals;

/// Serves until a signal asks to stop.
///
/// # Errors
/// What keeps the server from starting: an address in use, Redis out of reach, a plugin that cannot
/// start; or a second signal.
pub fn run(args: &Args, plugins: Plugins) -> Result<()> {
    let runtime = runtime(args).context("cannot start the runtime")?;
    runtime.block_on(serve(args, plugins))
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
    let layer = tokio::select! {
        layer = choice.backend.open() => layer?,
        _ = signals.next() => return Ok(()),
    };
    let served = serve_with(args, &plugins, &layer, &choice.name, signals).await;
    layer.close().await;
    served
}

async fn serve_with(
    args: &Args,
    plugins: &Plugins,
    layer: &Layer,
    layer_name: &str,
    mut signals: Signals,
) -> Result<()> {
    let application = plugins.application(layer)?;
    let builder = args.serve.apply(Server::builder(application));
    let address = args.serve.listen.tcp().expect("the only listener there is");
    let server = builder.bind(address).await?;
    plugins.startup().await?;
    announce(layer_name, plugins, &server);

    let (stop, stopped) = oneshot::channel::<()>();
    let serving = server.serve(async move {
        // A dropped sender stops the server as well: nobody is left to stop it otherwise.
        let _ = stopped.await;
    });
    tokio::pin!(serving);
    let served = tokio::select! {
        () = &mut serving => Ok(()),
        name = signals.next() => {
            tracing::info!("{name}: closing every connection; once more ends at once");
            drop(stop);
            tokio::select! {
                () = &mut serving => Ok(()),
                name = signals.next() => bail!("ended by a second {name}"),
            }
        }
    };
    plugins.shutdown().await;
    served
}

fn announce(layer_name: &str, plugins: &Plugins, server: &Server) {
    let plugins: Vec<_> = plugins.names().collect();
    tracing::info!(
        "Laureola {} listens on http://{}/ (channel layer {}, plugins: {})",
        env!("CARGO_PKG_VERSION"),
        server.local_addr(),
        layer_name,
        plugins.join(", "),
    );
}
