//! What the idle connections are connected to.

use laureola_asgi::{AppError, Command, Connection, Event, app_fn};
use laureola_server::Server;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

/// An application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Application {
    /// The chat, as the `laureola` command runs it; everybody is in a group.
    Chat,
    /// The smallest there is, on a server with its defaults.
    Echo,
}

impl Application {
    /// Its name on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Echo => "echo",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Chat, Self::Echo]
            .into_iter()
            .find(|one| one.name() == name)
    }

    /// What a connection may cost, in KiB of resident memory.
    #[must_use]
    pub fn bar_kib(self) -> f64 {
        match self {
            Self::Chat => 10.0,
            Self::Echo => 6.0,
        }
    }
}

/// Serves the echo until SIGTERM, and says where as the `laureola` command does.
///
/// # Errors
/// Why it cannot.
pub fn serve_echo() -> Result<(), Box<dyn std::error::Error>> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let server = Server::builder(app_fn(echo)).bind(("127.0.0.1", 0)).await?;
        let mut terminated = signal(SignalKind::terminate())?;
        eprintln!("listens on http://{}/", server.local_addr());
        let stop = async move {
            terminated.recv().await;
        };
        Ok(server.serve(stop).await?)
    })
}

async fn echo(mut connection: Connection) -> Result<(), AppError> {
    loop {
        match connection.receive.next().await {
            Event::WebSocketConnect => connection.send.send(Command::accept()).await?,
            Event::WebSocketReceive(payload) => {
                connection.send.send(Command::WebSocketSend(payload)).await?;
            }
            _ => return Ok(()),
        }
    }
}
