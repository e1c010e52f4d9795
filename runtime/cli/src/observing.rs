//! What observes the server while it runs: the access log, metrics, the admin address.

use std::io;

use anyhow::{Context, Result};
use laureola::server::observe::access_log::AccessLog;
use laureola::server::{Builder, Readiness};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::admin;
use crate::args::ServeArgs;

/// Dropped after the server has ended, it ends its tasks and writes out the access log.
#[derive(Debug)]
pub(crate) struct Observing {
    access_log: Option<AccessLog>,
    metrics: Option<PrometheusHandle>,
    tasks: JoinSet<()>,
}

impl Observing {
    /// Opens what the flags ask for. Before everything that counts: who asks for a counter earlier
    /// gets one that nobody reads.
    pub(crate) fn start(args: &ServeArgs) -> Result<Self> {
        let access_log = args.observe.open_access_log(args.logging.verbosity)?;
        let mut tasks = JoinSet::new();
        if let Some(log) = &access_log {
            tasks.spawn(reopen(log.clone()).context("cannot listen for signals")?);
        }
        let metrics = args.observe.admin.map(|_| admin::recorder()).transpose()?;
        Ok(Self {
            access_log,
            metrics,
            tasks,
        })
    }

    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        builder
            .access_log(self.access_log.clone())
            .metrics(self.metrics.is_some())
    }

    /// Serves the admin address, if there is one, until this is dropped.
    pub(crate) async fn admit(&mut self, args: &ServeArgs, readiness: Readiness) -> Result<()> {
        let (Some(mut address), Some(metrics)) = (args.observe.admin, &self.metrics) else {
            return Ok(());
        };
        if let Some(worker) = args.processes.worker
            && address.port() != 0
        {
            let above = u16::try_from(worker.get() - 1).ok();
            let port = above.and_then(|above| address.port().checked_add(above));
            address.set_port(port.context("--admin has no port for so many workers")?);
        }
        let server = admin::bind(address, metrics.clone(), readiness).await?;
        tracing::info!("admin pages on http://{}/", server.local_addr());
        self.tasks.spawn(async move {
            // It has no lifespan that could fail, and nothing to end for.
            let _ = server.serve(std::future::pending()).await;
        });
        self.tasks.spawn(admin::upkeep(metrics.clone()));
        Ok(())
    }
}

/// Opens the log anew at every SIGHUP, which log rotation sends.
fn reopen(log: AccessLog) -> io::Result<impl Future<Output = ()>> {
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        while hangup.recv().await.is_some() {
            log.reopen();
        }
    })
}
