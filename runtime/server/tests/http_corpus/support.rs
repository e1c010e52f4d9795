//! A server in a thread of its own.

use std::thread;
use std::time::Duration;

use laureola_asgi::Application;
use laureola_server::{Builder, Lifespan, Server};
use tokio::sync::oneshot;

/// Every wait of a test ends here at the latest.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A running server; dropping it shuts it down, and waits for that.
pub(crate) struct Running {
    pub(crate) port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(application: impl Application) -> Self {
        Self::with(application, |builder| builder)
    }

    pub(crate) fn with(application: impl Application, settings: impl FnOnce(Builder) -> Builder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        // What the applications count are requests.
        let builder = Server::builder(application).lifespan(Lifespan::Off);
        let builder = settings(builder);
        let server = runtime
            .block_on(builder.bind(("127.0.0.1", 0)))
            .expect("a free port");
        let port = server.local_addr().port();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let shutdown = async {
                let _ = stopped.await;
            };
            runtime
                .block_on(server.serve(shutdown))
                .expect("the application starts");
        });
        Self {
            port,
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server does not panic");
        }
    }
}
