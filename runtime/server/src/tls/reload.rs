//! Asks for new certificates, and looks for them.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::{Acceptor, TlsError};

/// Has a server read its certificates again; clones do the same. It may outlive the server.
///
/// A server looks for changed files by itself
/// ([`Builder::certificate_interval`](crate::Builder::certificate_interval)); this is for whoever
/// wants it now, such as a handler of SIGHUP.
#[derive(Clone, Debug, Default)]
pub struct Reloader(Arc<[Arc<Acceptor>]>);

impl Reloader {
    pub(crate) fn new(acceptors: impl IntoIterator<Item = Arc<Acceptor>>) -> Self {
        Self(acceptors.into_iter().collect())
    }

    /// Reads the certificates of all TLS listeners. Connections that are open keep theirs.
    ///
    /// # Errors
    /// The first [`TlsError`]. The listener in question keeps its old certificate; the others get
    /// their new ones. The log has both.
    pub async fn reload(&self) -> Result<(), TlsError> {
        let mut result = Ok(());
        for acceptor in self.0.iter() {
            let acceptor = Arc::clone(acceptor);
            // An error here is a panic, or the end of the runtime.
            let read = spawn_blocking(move || acceptor.reload()).await;
            result = result.and(read.unwrap_or(Ok(())));
        }
        result
    }

    /// Looks for changed files once in an `interval`, until it is dropped.
    pub(crate) async fn watch(self, interval: Option<Duration>) {
        let Some(interval) = interval.filter(|_| !self.0.is_empty()) else {
            return std::future::pending().await;
        };
        loop {
            sleep(interval.max(Duration::from_millis(5))).await;
            for acceptor in self.0.iter() {
                let acceptor = Arc::clone(acceptor);
                let _ = spawn_blocking(move || acceptor.reload_if_changed()).await;
            }
        }
    }
}
