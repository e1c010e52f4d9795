//! `laureola check`: what would be served, without serving it.

use std::io::{self, Write as _};

use anyhow::{Context, Result};
use clap::Args;
use laureola::server::Endpoint;
use laureola::server::handover::Handover;
use laureola::{Layer, MemoryLayer, Plugins};

use crate::args::ServeArgs;
use crate::layer::LayerArgs;
use crate::open_files;
use crate::places::place;

/// The arguments of `laureola check`: those of serving.
#[derive(Clone, Debug, Args)]
pub struct CheckCommand {
    /// What would be served.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// Reads certificates and configuration, has the plugins declare their routes, and says what would
/// be served where. Opens no socket, and no layer.
///
/// # Errors
/// The first of them that cannot be used.
pub(crate) fn run(command: &CheckCommand, layer: &LayerArgs, plugins: &Plugins) -> Result<()> {
    let choice = layer.choice()?;
    let endpoints = command.serve.endpoints();
    for endpoint in &endpoints {
        check_certificates(endpoint)?;
    }
    // The routes are the same, whatever the layer.
    plugins.application(&Layer::new(MemoryLayer::new()))?;
    let mut said = String::new();
    for endpoint in &endpoints {
        said += &format!("listens on     {}\n", place(endpoint, Handover::Same));
    }
    let names: Vec<_> = plugins.names().collect();
    said += &format!("plugins        {}\n", names.join(", "));
    said += &format!("channel layer  {}\n", choice.name);
    said += &format!("processes      {}\n", command.serve.processes.workers);
    said += &format!("open files     {} at most\n", open_files::limit());
    io::stdout()
        .write_all(said.as_bytes())
        .context("cannot write to stdout")
}

fn check_certificates(endpoint: &Endpoint) -> Result<()> {
    match endpoint {
        Endpoint::Tls { inner, config } => {
            config.check()?;
            check_certificates(inner)
        }
        Endpoint::ProxyProtocol { inner } => check_certificates(inner),
        _ => Ok(()),
    }
}
