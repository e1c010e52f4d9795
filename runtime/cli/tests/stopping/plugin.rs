//! A plugin that counts what its applications saw, and says so in the log at its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use laureola::asgi::{Command, Connection, Event, app_fn};
use laureola::plugin::PluginError;
use laureola::{AppError, Plugin, Registry, path};
use parking_lot::Mutex;

#[derive(Default)]
pub(crate) struct Witness {
    /// How often an application saw this.
    seen: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Plugin for Witness {
    fn name(&self) -> &'static str {
        "witness"
    }

    fn register(&self, registry: &mut Registry<'_>) -> Result<(), PluginError> {
        let seen = Arc::clone(&self.seen);
        registry.websocket(path(
            "witness/",
            app_fn(move |connection: Connection| watch(connection, Arc::clone(&seen))),
        ));
        registry.websocket(path("stuck/", app_fn(stuck)));
        registry.websocket(path("blocking/", app_fn(blocking)));
        Ok(())
    }

    async fn shutdown(&self) {
        eprintln!("witness: {:?}", self.seen.lock());
    }
}

/// One call of the application; what it saw in its whole life is one entry.
async fn watch(
    mut connection: Connection,
    seen: Arc<Mutex<BTreeMap<String, usize>>>,
) -> Result<(), AppError> {
    let mut saw = String::new();
    loop {
        match connection.receive.next().await {
            Event::WebSocketConnect => {
                connection.send.send(Command::accept()).await?;
                saw.push_str("connect ");
            }
            Event::WebSocketDisconnect { code, .. } => {
                saw.push_str(&format!("disconnect {code}"));
                *seen.lock().entry(saw).or_default() += 1;
                return Ok(());
            }
            other => saw.push_str(&format!("{other:?} ")),
        }
    }
}

/// Does not care that its client leaves.
async fn stuck(connection: Connection) -> Result<(), AppError> {
    connection.send.send(Command::accept()).await?;
    std::future::pending::<()>().await;
    drop(connection);
    Ok(())
}

/// Does what nobody should, and what no runtime can end.
async fn blocking(connection: Connection) -> Result<(), AppError> {
    connection.send.send(Command::accept()).await?;
    // Until the 101 is written.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    loop {
        std::thread::park();
    }
}
