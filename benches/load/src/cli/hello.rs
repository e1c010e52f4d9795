//! `laureola-load hello`.

use clap::Args;
use serde::Serialize;

use super::common::{Common, at_least_one, seconds};
use crate::target::Target;

/// Arguments of `hello`.
#[derive(Args, Clone, Debug, Serialize)]
pub struct HelloArgs {
    /// Where: http://HOST:PORT/PATH. Given several times, connections go to each in turn.
    #[arg(long, value_name = "URL", required = true)]
    pub url: Vec<Target>,
    /// Connections, each with one request under way.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = at_least_one)]
    pub connections: usize,
    /// Before measuring.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    pub warmup: f64,
    /// While measuring.
    #[arg(long, value_name = "SECONDS", default_value_t = 4.0, value_parser = seconds)]
    pub seconds: f64,
    /// A request that is not answered by then has failed.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    pub message_timeout: f64,
    /// What all scenarios have.
    #[command(flatten)]
    #[serde(flatten)]
    pub common: Common,
}
